"""The middle of the Data panel: what a source looks like."""

from __future__ import annotations

from typing import TYPE_CHECKING

from PySide6.QtCore import Qt
from PySide6.QtWidgets import QComboBox, QHBoxLayout, QPlainTextEdit, QScrollArea, QStackedWidget, QVBoxLayout, QWidget

from studio.ui.panels.data_table import TablePage
from studio.ui.panels.data_work import View, facts, fetcher
from studio.ui.theme import SPACE_M, SPACE_S, Theme
from studio.ui.widgets.histogram import Bars
from studio.ui.widgets.labels import ElidedLabel, label
from studio.ui.widgets.thumbnails import ThumbnailView

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray


class SourceView(QWidget):
    """Title, facts, then thumbnails with class counts, an excerpt with token counts, or the rows of a table."""

    def __init__(self, theme: Theme) -> None:
        super().__init__()
        self._theme = theme
        self.view: View | None = None
        self.title = ElidedLabel("", "title")
        self.facts = ElidedLabel("", "muted")
        self.message = label("", "muted", wrap=True)
        self.fingerprint = ElidedLabel("", "small")
        self.thumbnails = ThumbnailView(theme)
        self.split_box = QComboBox()
        self.split_box.setAccessibleName("Split")
        self.class_box = QComboBox()
        self.class_box.setAccessibleName("Show class")
        self.class_box.setSizeAdjustPolicy(QComboBox.SizeAdjustPolicy.AdjustToMinimumContentsLengthWithIcon)
        self.class_box.setMinimumContentsLength(12)
        self.bars = Bars(theme, "Examples of each class; choose one to see only that", pickable=True)
        self.excerpt = QPlainTextEdit()
        self.excerpt.setReadOnly(True)
        self.excerpt.setTabChangesFocus(True)
        self.excerpt.setAccessibleName("Beginning of the text")
        self.token_bars = Bars(theme, "Most frequent tokens")
        self._build()
        self.split_box.currentIndexChanged.connect(lambda *_: self._split_changed())
        self.class_box.currentIndexChanged.connect(self._class_chosen)
        self.bars.picked.connect(lambda index: self.class_box.setCurrentIndex(index + 1))

    def _build(self) -> None:
        column = QVBoxLayout(self)
        column.setContentsMargins(SPACE_M, SPACE_M, SPACE_M, SPACE_M)
        column.setSpacing(SPACE_S)
        head = QHBoxLayout()
        head.setSpacing(SPACE_M)
        head.addWidget(self.title, 1)
        head.addWidget(self.split_box)
        head.addWidget(self.class_box)
        column.addLayout(head)
        for widget in (self.facts, self.message, self.fingerprint):
            column.addWidget(widget)
        self.stack = QStackedWidget()
        self.stack.addWidget(self._pictures())
        self.stack.addWidget(self._text())
        self.table = TablePage(self._theme)
        self.stack.addWidget(self.table)
        column.addWidget(self.stack, 1)

    def _pictures(self) -> QWidget:
        page = QWidget()
        column = QVBoxLayout(page)
        column.setContentsMargins(0, SPACE_S, 0, 0)
        column.setSpacing(SPACE_M)
        column.addWidget(self.thumbnails, 1)
        self._counts = scrolled(self.bars)
        column.addWidget(self._counts)
        return page

    def _text(self) -> QWidget:
        page = QWidget()
        row = QHBoxLayout(page)
        row.setContentsMargins(0, SPACE_S, 0, 0)
        row.setSpacing(SPACE_M)
        row.addWidget(self.excerpt, 3)
        side = QVBoxLayout()
        side.setSpacing(SPACE_S)
        side.addWidget(label("Most frequent tokens", "muted"))
        side.addWidget(scrolled(self.token_bars), 1)
        row.addLayout(side, 2)
        return page

    def show_view(self, view: View, title: str) -> None:
        """Show an opened source."""
        self.view = view
        self.title.setText(title)
        self.facts.setText(facts(view))
        self.message.setText("\n".join(view.messages[:3]))
        self.message.setVisible(bool(view.messages))
        self.fingerprint.setText(f"Fingerprint {view.data.spec.fingerprint[:16]}")
        kind = view.data.spec.kind
        self.split_box.setVisible(kind != "text")
        self.class_box.setVisible(kind == "image")
        self.stack.setCurrentIndex(("image", "text", "table").index(kind))
        if kind == "text":
            self.excerpt.setPlainText(view.excerpt)
            names, counts = [n for n, _ in view.tokens], [c for _, c in view.tokens]
            self.token_bars.show_values(names, counts)
            return
        self._fill_splits(view)

    def _fill_splits(self, view: View) -> None:
        spec = view.data.spec
        self.split_box.blockSignals(True)
        self.split_box.clear()
        for title, name, count in (("Training", "train", spec.train_count), ("Held out", "val", spec.val_count)):
            if count:
                self.split_box.addItem(f"{title} ({count:,})", name)
        self.split_box.blockSignals(False)
        self._split_changed()

    def _split_changed(self) -> None:
        """Count the classes of the chosen split and show its examples."""
        import numpy as np

        view = self.view
        if view is None or view.data.spec.kind == "text":
            return
        if view.data.spec.kind == "table":
            self.table.show_view(view, str(self.split_box.currentData() or "train"))
            return
        classes, labels = view.data.spec.classes, self._labels()
        self.class_box.blockSignals(True)
        self.class_box.clear()
        self.class_box.addItem("All classes", -1)
        if labels is not None and classes:
            counts = np.bincount(labels, minlength=len(classes))[: len(classes)]
            for number, (name, count) in enumerate(zip(classes, counts.tolist(), strict=True)):
                self.class_box.addItem(f"{name} ({count:,})", number)
            self.bars.show_values(classes, counts.tolist())
        labelled = labels is not None and bool(classes)
        self._counts.setVisible(labelled)
        self._counts.setFixedHeight(min(self.bars.sizeHint().height(), self._theme.px(204)) + 4)
        self.class_box.setVisible(labelled)
        self.class_box.blockSignals(False)
        self._show_examples()

    def _class_chosen(self) -> None:
        index = self.class_box.currentIndex() - 1
        if self.bars.current != index:
            self.bars.blockSignals(True)
            self.bars.choose(index)
            self.bars.blockSignals(False)
        self._show_examples()

    def _show_examples(self) -> None:
        import numpy as np

        view, split = self.view, str(self.split_box.currentData() or "train")
        if view is None:
            return
        count = view.data.spec.train_count if split == "train" else view.data.spec.val_count
        labels, wanted = self._labels(), self.class_box.currentData()
        positions = np.arange(count)
        if labels is not None and wanted is not None and wanted >= 0:
            positions = np.flatnonzero(labels == wanted)
        self.thumbnails.examples.show_examples(fetcher(view.data, split), positions, view.data.spec.classes)
        self.thumbnails.scrollToTop()

    def _labels(self) -> NDArray[np.int64] | None:
        return None if self.view is None else self.view.labels.get(str(self.split_box.currentData() or "train"))

    def close_worker(self) -> None:
        """End the worker that fetches thumbnails."""
        self.thumbnails.examples.close()


def scrolled(widget: QWidget) -> QScrollArea:
    """Return a widget at the top of a vertical scroll area that fits its width."""
    page = QWidget()
    column = QVBoxLayout(page)
    column.setContentsMargins(0, 0, 0, 0)
    column.addWidget(widget)
    column.addStretch(1)
    area = QScrollArea()
    area.setWidget(page)
    area.setWidgetResizable(True)
    area.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
    area.setFocusPolicy(Qt.FocusPolicy.NoFocus)
    return area
