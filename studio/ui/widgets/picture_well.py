"""A slot for one picture: thumbnail, name, drop, click to open, paste, clear."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

from PySide6.QtCore import QEvent, QMimeData, QRectF, QSize, Qt, Signal
from PySide6.QtGui import (
    QColor,
    QDragEnterEvent,
    QDragLeaveEvent,
    QDropEvent,
    QImage,
    QKeyEvent,
    QKeySequence,
    QMouseEvent,
    QPainter,
    QPainterPath,
    QPaintEvent,
)
from PySide6.QtWidgets import QApplication, QFileDialog, QFrame, QHBoxLayout, QSizePolicy, QVBoxLayout, QWidget

from studio.core.errors import BadInput
from studio.ui.icons import tinted_pixmap
from studio.ui.theme import FONT_SMALL, RADIUS, SPACE_M, SPACE_S, Theme
from studio.ui.widgets.drop import accepts, dropped_paths, take_drop
from studio.ui.widgets.labels import ElidedLabel, icon_button, label
from studio.ui.widgets.picture import to_image

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

THUMBNAIL, ICON, TOOL = 104, 28, 24
PICTURES = "Pictures (*.png *.jpg *.jpeg *.webp *.tif *.tiff *.bmp *.gif);;All files (*)"
KEPT = 480
"""Pixels of a thumbnail's longer side: sharp on dense screens, and the large picture is not held twice."""


def thumbnail(pixels: NDArray[np.uint8], side: int = KEPT) -> QImage:
    """Return a picture uint8 (H, W, 3) that is at most `side` pixels wide and high."""
    step = max(1, max(pixels.shape[:2]) // (2 * side))
    image = to_image(pixels[::step, ::step])
    if max(image.width(), image.height()) <= side:
        return image
    smooth = Qt.TransformationMode.SmoothTransformation
    return image.scaled(QSize(side, side), Qt.AspectRatioMode.KeepAspectRatio, smooth)


def pasted_paths(mime: QMimeData | None, folder: Path) -> list[Path]:
    """Return the paths of what is on the clipboard; a raw picture is first saved in `folder`.

    Raises:
        BadInput: there is no picture, or it cannot be saved.
    """
    if mime is None or not accepts(mime):
        raise BadInput(
            "There is no picture on the clipboard.", "Copy a picture in a browser or a file manager, then paste."
        )
    return dropped_paths(mime, folder)


def take_pasted(folder: Path, taken: Callable[[list[Path]], object], refused: Callable[[BadInput], object]) -> None:
    """Hand the paths on the clipboard, or the reason against it, to one of two callables (as `take_drop` does)."""
    try:
        paths = pasted_paths(QApplication.clipboard().mimeData(), folder)
    except BadInput as error:
        refused(error)
    else:
        taken(paths)


class PictureWell(QFrame):
    """A slot for one picture; Enter opens, Ctrl+V pastes, Delete clears.

    Signals:
        given: the Path of a picture that was dropped, opened or pasted.
        cleared: the person took the picture away.
        refused: the StudioError that explains why something was not taken.

    Args:
        theme: for colours and sizes.
        title: what the picture is for ("Picture", "Guide").
        hint: what belongs here, shown while it is empty.
        folder: where pasted and dragged raw pictures are saved.
        optional: whether it may stay empty; said beside the title.
    """

    given = Signal(object)
    cleared = Signal()
    refused = Signal(object)

    def __init__(self, theme: Theme, title: str, hint: str, folder: Path, *, optional: bool = False) -> None:
        super().__init__()
        self._theme, self._title, self._hint, self._folder = theme, title, hint, folder
        self.setAcceptDrops(True)
        self.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
        self.setCursor(Qt.CursorShape.PointingHandCursor)
        self.setSizePolicy(QSizePolicy.Policy.Preferred, QSizePolicy.Policy.Maximum)
        self._thumbnail = _Thumbnail(theme, hint)
        self._name = ElidedLabel(where=Qt.TextElideMode.ElideMiddle)
        self._note = ElidedLabel(role="small")
        self.open_button = icon_button(theme, "open", f"Open {title.lower()}…", self.choose)
        self.paste_button = icon_button(theme, "paste", f"Paste {title.lower()}", self.paste)
        self.clear_button = icon_button(theme, "close", f"Clear {title.lower()}", self.clear)
        self._build(title, optional)
        theme.changed.connect(self._resize)
        self._resize()
        self.show_picture(None)

    def _build(self, title: str, optional: bool) -> None:
        head = QHBoxLayout()
        head.setSpacing(0)
        head.addWidget(label(title))
        if optional:
            head.addSpacing(SPACE_S)
            head.addWidget(label("optional", "small"))
        head.addStretch()
        for tool in (self.open_button, self.paste_button, self.clear_button):
            tool.setCursor(Qt.CursorShape.ArrowCursor)
            tool.setStyleSheet("padding: 0; min-height: 0;")
            head.addWidget(tool)
        column = QVBoxLayout(self)
        column.setContentsMargins(SPACE_M, SPACE_S, SPACE_M, SPACE_M)
        column.setSpacing(SPACE_S)
        column.addLayout(head)
        for widget in (self._thumbnail, self._name, self._note):
            column.addWidget(widget)

    @property
    def is_empty(self) -> bool:
        """Whether no picture is shown."""
        return self._thumbnail.image is None

    @property
    def name(self) -> str:
        """Name of the picture, in full."""
        return self._name.text()

    def show_picture(self, pixels: NDArray[np.uint8] | None, name: str = "", note: str = "") -> None:
        """Show a picture uint8 (H, W, 3) with its name and a note such as its size; None empties the well."""
        self._thumbnail.show_image(None if pixels is None else thumbnail(pixels))
        for line, text in ((self._name, name), (self._note, note)):
            line.setText(text)
            line.setVisible(bool(text))
        self.clear_button.setVisible(pixels is not None)
        self.setProperty("role", "drop" if pixels is None else "card")
        self.style().polish(self)
        what = self._hint if pixels is None else f"{name}. {note}"
        self.setAccessibleName(f"{self._title}: {what}")
        self.setAccessibleDescription("Enter opens a file, Ctrl+V pastes, Delete clears; pictures can be dropped here.")

    def choose(self) -> None:
        """Ask for a file."""
        name, _ = QFileDialog.getOpenFileName(self, f"Open {self._title.lower()}", "", PICTURES)
        if name:
            self.given.emit(Path(name))

    def paste(self) -> None:
        """Take the picture on the clipboard, or say why not."""
        take_pasted(self._folder, lambda paths: self.given.emit(paths[0]), self.refused.emit)

    def clear(self) -> None:
        """Take the picture away."""
        if not self.is_empty:
            self.show_picture(None)
            self.cleared.emit()

    # ---- events

    def keyPressEvent(self, event: QKeyEvent) -> None:
        """Open, paste, clear."""
        if event.matches(QKeySequence.StandardKey.Paste):
            self.paste()
        elif event.key() in (Qt.Key.Key_Delete, Qt.Key.Key_Backspace):
            self.clear()
        elif event.key() in (Qt.Key.Key_Return, Qt.Key.Key_Enter, Qt.Key.Key_Space):
            self.choose()
        else:
            super().keyPressEvent(event)

    def event(self, event: QEvent) -> bool:
        """Keep Ctrl+V and Delete from the window's shortcuts while the well has the focus."""
        if isinstance(event, QKeyEvent) and event.type() == QEvent.Type.ShortcutOverride:
            ours = event.matches(QKeySequence.StandardKey.Paste) or event.key() == Qt.Key.Key_Delete
            if ours:
                event.accept()
                return True
        return super().event(event)

    def mouseReleaseEvent(self, event: QMouseEvent) -> None:
        """Open."""
        if event.button() == Qt.MouseButton.LeftButton and self.rect().contains(event.position().toPoint()):
            self.choose()

    def dragEnterEvent(self, event: QDragEnterEvent) -> None:
        """Light up for what can be opened."""
        if accepts(event.mimeData()):
            self._light(True)
            event.acceptProposedAction()

    def dragLeaveEvent(self, event: QDragLeaveEvent) -> None:
        """Go dark again."""
        self._light(False)

    def dropEvent(self, event: QDropEvent) -> None:
        """Take the first picture, or say why not."""
        self._light(False)
        take_drop(event, self._folder, lambda paths: self.given.emit(paths[0]), self.refused.emit)

    def _light(self, over: bool) -> None:
        self.setProperty("over", "true" if over else "false")
        self.style().polish(self)

    def _resize(self) -> None:
        for tool in (self.open_button, self.paste_button, self.clear_button):
            tool.setFixedSize(self._theme.px(TOOL), self._theme.px(TOOL))


class _Thumbnail(QWidget):
    """The picture as large as the well allows, or the hint."""

    def __init__(self, theme: Theme, hint: str) -> None:
        super().__init__()
        self._theme, self._hint = theme, hint
        self.image: QImage | None = None
        self.setAttribute(Qt.WidgetAttribute.WA_TransparentForMouseEvents)
        theme.changed.connect(self._resize)
        self._resize()

    def show_image(self, image: QImage | None) -> None:
        """Show a picture or the hint."""
        self.image = image
        self.update()

    def _resize(self) -> None:
        self.setFixedHeight(self._theme.px(THUMBNAIL))
        self.update()

    def paintEvent(self, event: QPaintEvent) -> None:
        """Draw it."""
        painter = QPainter(self)
        painter.setRenderHints(QPainter.RenderHint.Antialiasing | QPainter.RenderHint.SmoothPixmapTransform)
        if self.image is None:
            self._paint_hint(painter)
            return
        size = self.image.size().scaled(self.size(), Qt.AspectRatioMode.KeepAspectRatio)
        place = QRectF((self.width() - size.width()) / 2, (self.height() - size.height()) / 2, 0, 0)
        place.setSize(size.toSizeF())
        path = QPainterPath()
        path.addRoundedRect(place, self._theme.px(RADIUS) / 2, self._theme.px(RADIUS) / 2)
        painter.setClipPath(path)
        painter.drawImage(place, self.image)

    def _paint_hint(self, painter: QPainter) -> None:
        muted, icon = self._theme.tokens.muted, self._theme.px(ICON)
        painter.drawPixmap((self.width() - icon) // 2, self._theme.px(SPACE_M), tinted_pixmap("picture", muted, icon))
        font = painter.font()
        font.setPixelSize(self._theme.px(FONT_SMALL))
        painter.setFont(font)
        painter.setPen(QColor(muted))
        below = self.rect().adjusted(0, icon + 2 * self._theme.px(SPACE_M), 0, 0)
        painter.drawText(below, int(Qt.AlignmentFlag.AlignHCenter | Qt.TextFlag.TextWordWrap), self._hint)
