"""Explore's morph page: a film through the pinned points, played here and saved as GIF."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from PySide6.QtCore import Qt, QTimer, Signal
from PySide6.QtGui import QHideEvent, QKeyEvent, QShowEvent
from PySide6.QtWidgets import QSlider, QVBoxLayout, QWidget

from studio.ui.panels.explore_fields import bar, check, choice, named, whole
from studio.ui.theme import SPACE_M
from studio.ui.widgets.labels import button, icon_button, keep_icon, label
from studio.ui.widgets.picture import PictureView

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    from studio.ui.jobs import Task
    from studio.ui.panels.explore_model import Progress, Session
    from studio.ui.panels.explore_state import Walker
    from studio.ui.widgets.strip import PinStrip

HINT = "Pin two or more points (Ctrl+D) to morph between them, or start from random ones."


class MorphPage(QWidget):
    """The film: key points are the pins, in their order.

    Signals:
        random_wanted: the person asked for random key points.
        export_wanted: save the film.
    """

    random_wanted = Signal()
    export_wanted = Signal()

    def __init__(self, walker: Walker, strip: PinStrip) -> None:
        super().__init__()
        self._walker, self._strip = walker, strip
        self._task: Task | None = None
        self._stale = True
        self.frames: NDArray[np.uint8] | None = None
        theme = walker.panel.context.theme
        self.picture = PictureView(theme, "Morph", HINT)
        self.how_box = choice("Path", [("Along the sphere", "slerp"), ("Straight", "lerp")], self.refresh)
        self.how_box.setToolTip("Along the sphere (slerp) stays where a normal prior has its mass; straight is lerp")
        self.frames_box = whole("Frames", 2, 600, 60, self.refresh)
        self.fps_box = whole("Speed", 1, 50, 20, self._pace, "fps")
        self.loop_box = check("Loop", True, self.refresh, "Return to the first point")
        self.play_button = icon_button(theme, "play", "Play or pause (Space)", self.toggle)
        self.random_button = button("Random points", self.random_wanted.emit)
        self.random_button.setToolTip("Pin four points of the prior")
        self.export_gif_button = button("Export GIF", self.export_wanted.emit, "primary")
        self.slider = QSlider(Qt.Orientation.Horizontal)
        self.slider.setAccessibleName("Frame")
        self.slider.valueChanged.connect(self._show_frame)
        self.note = label("", "muted")
        self._timer = QTimer(self)
        self._timer.timeout.connect(self._next)
        self._soon = QTimer(self, singleShot=True, interval=120)
        self._soon.timeout.connect(self._compute)
        self._theme = theme
        self._build()
        walker.opened.connect(self._opened)
        self._pace()
        self._enable()

    def _build(self) -> None:
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(0)
        column.addWidget(
            bar(
                named("Path", self.how_box),
                named("Frames", self.frames_box),
                named("Speed", self.fps_box),
                self.loop_box,
                None,
                self.random_button,
                self.export_gif_button,
            )
        )
        column.addWidget(self.picture, 1)
        column.addWidget(bar(self.play_button, self.slider, self.note))
        column.setContentsMargins(0, 0, 0, SPACE_M)

    # ---- what a person does

    def toggle(self) -> None:
        """Play or pause."""
        if self._timer.isActive():
            self._timer.stop()
        elif self.frames is not None:
            self._timer.start()
        self._enable()

    @property
    def playing(self) -> bool:
        """Whether the film runs."""
        return self._timer.isActive()

    def keyPressEvent(self, event: QKeyEvent) -> None:
        """Play or pause with Space."""
        if event.key() == Qt.Key.Key_Space:
            self.toggle()
        else:
            super().keyPressEvent(event)

    def refresh(self) -> None:
        """Compute the film again, at once when visible."""
        self._stale = True
        if self.isVisible():
            self._soon.start()

    def showEvent(self, event: QShowEvent) -> None:
        """Compute what changed while the page was hidden."""
        super().showEvent(event)
        if self._stale:
            self._soon.start()

    def hideEvent(self, event: QHideEvent) -> None:
        """Stop playing out of sight."""
        self._timer.stop()
        self._enable()
        super().hideEvent(event)

    # ---- the film

    def settings(self) -> dict[str, Any]:
        """Return what the film is made of, JSON types."""
        return {
            "how": self.how_box.currentData(),
            "frames": self.frames_box.value(),
            "loop": self.loop_box.isChecked(),
            "fps": self.fps_box.value(),
            "keypoints": [[round(float(v), 6) for v in p.z] for p in self._strip.pins],
        }

    def _opened(self) -> None:
        self._drop_film(HINT)
        self.refresh()

    def _drop_film(self, hint: str) -> None:
        if self._task is not None:
            self._task.cancel()
        self._timer.stop()
        self.frames = None
        self.picture.clear(hint)
        self.note.setText("")
        self._enable()

    def _compute(self) -> None:
        session, pins = self._walker.session, self._strip.pins
        if session is None or "Decodes" not in session.can:
            return
        self._stale = False
        if len(pins) < 2:
            self._drop_film(HINT)
            return
        if self._task is not None:
            self._task.cancel()
        self._task = self._walker.panel.run_task(
            film,
            session,
            [p.z for p in pins],
            self.settings(),
            title="Decoding the morph",
            on_done=self._show_film,
            on_error=lambda error: self._drop_film(getattr(error, "what", str(error))),
        )

    def _show_film(self, frames: NDArray[np.uint8]) -> None:
        fresh = self.frames is None
        self.frames = frames
        self.slider.setRange(0, len(frames) - 1)
        self._show_frame(self.slider.value())
        if fresh and self.isVisible() and not self._theme.reduced_motion:
            self._timer.start()
        self._enable()

    def _show_frame(self, number: int) -> None:
        if self.frames is not None and number < len(self.frames):
            self.picture.show_pixels(self.frames[number])
            self.note.setText(f"frame {number + 1} of {len(self.frames)}")

    def _next(self) -> None:
        if self.frames is not None:
            self.slider.setValue((self.slider.value() + 1) % len(self.frames))

    def _pace(self) -> None:
        self._timer.setInterval(round(1000 / self.fps_box.value()))

    def _enable(self) -> None:
        there = self.frames is not None
        for widget in (self.play_button, self.slider, self.export_gif_button):
            widget.setEnabled(there)
        icon = "pause" if self._timer.isActive() else "play"
        if getattr(self, "_icon", "") != icon:
            self._icon = icon
            keep_icon(self._theme, self.play_button, icon)


def film(
    session: Session, keypoints: list[NDArray[np.float32]], settings: dict[str, Any], progress: Progress
) -> NDArray[np.uint8]:
    """Return the frames uint8 (F, H, W, C) of a walk through key points."""
    import numpy as np

    from studio.latent import walks

    z = walks.path(np.stack(keypoints), settings["frames"], loop=settings["loop"], how=settings["how"])
    return session.decode_all(z, progress)
