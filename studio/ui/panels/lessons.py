"""Lessons: the building blocks that the books draw, to be moved by hand; list left, lesson middle, controls right.

How to add a lesson:

1. Its mathematics: functions of numpy arrays in `studio/lessons/`, with known answers in `tests/lessons/`.
2. Its view: `studio/ui/panels/lesson_<name>.py` with a class that inherits `LessonView` (`lesson_view.py`) and takes
   the Context. It puts pictures and plots into `self.stage`, controls into `self.controls` (`add_slider`, `add_choice`,
   `add_switch`, `add_button`, `add_player`, `add_text`), and says results in words through `self.say`. Plots come from
   `widgets/function_plot.py` (pyqtgraph), tables of numbers from `widgets/matrix_view.py`. Any QWidget works.
3. Its entry in `lesson_table.LESSONS`. The page builds it on the first visit; the tests visit every entry.

A lesson ends what moves when it is hidden (`LessonView` does so for players), needs no network, and leaves no timer.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from PySide6.QtCore import Qt, Signal
from PySide6.QtGui import QFont
from PySide6.QtWidgets import (
    QHBoxLayout,
    QListWidget,
    QListWidgetItem,
    QSplitter,
    QStackedWidget,
    QVBoxLayout,
    QWidget,
)

from studio.ui.actions import Action
from studio.ui.context import Context
from studio.ui.panel import Panel
from studio.ui.panels.lesson_table import LESSONS, Lesson
from studio.ui.theme import FONT_SMALL, SPACE_L, SPACE_M, SPACE_S
from studio.ui.widgets.empty import EmptyState
from studio.ui.widgets.labels import label

LAST_KEY = "lessons/last"
LIST_WIDTH = 200
ID = Qt.ItemDataRole.UserRole


class LessonsPanel(Panel):
    """The page.

    Signals:
        chosen: id of the lesson that came to the front.
    """

    id, title, icon = "lessons", "Lessons", "lessons"
    chosen = Signal(str)

    def __init__(self, context: Context, parent: QWidget | None = None, lessons: Sequence[Lesson] = LESSONS) -> None:
        super().__init__(context, parent)
        self.lessons = {lesson.id: lesson for lesson in lessons}
        self.views: dict[str, QWidget] = {}
        self.current = ""
        self._build()
        context.theme.changed.connect(self._resize_list)
        self._resize_list()

    def _build(self) -> None:
        self.list = QListWidget()
        self.list.setAccessibleName("Lessons")
        self.list.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        self._fill()
        self.heading, self.about = label("", "page"), label("", "muted", wrap=True)
        self.stack = QStackedWidget()
        middle = QWidget()
        column = QVBoxLayout(middle)
        column.setContentsMargins(SPACE_L, SPACE_M, SPACE_M, SPACE_M)
        column.setSpacing(SPACE_S)
        for widget in (self.heading, self.about):
            column.addWidget(widget)
        column.addSpacing(SPACE_M)
        column.addWidget(self.stack, 1)
        split = QSplitter(Qt.Orientation.Horizontal)
        split.setObjectName("lessons")
        split.setChildrenCollapsible(False)
        split.addWidget(self.list)
        split.addWidget(middle)
        split.setStretchFactor(1, 1)
        split.setSizes([LIST_WIDTH, 1000])
        row = QHBoxLayout(self)
        row.setContentsMargins(SPACE_M, SPACE_M, 0, 0)
        row.addWidget(split)
        self.list.currentItemChanged.connect(self._picked)

    def _fill(self) -> None:
        topic = ""
        for lesson in self.lessons.values():
            if lesson.topic != topic:
                topic = lesson.topic
                self.list.addItem(self._heading(topic))
            item = QListWidgetItem(lesson.title)
            item.setData(ID, lesson.id)
            self.list.addItem(item)

    def _heading(self, topic: str) -> QListWidgetItem:
        item = QListWidgetItem(topic)
        item.setFlags(Qt.ItemFlag.NoItemFlags)  # arrow keys pass it by
        font = QFont(self.list.font())
        font.setPixelSize(self.context.theme.px(FONT_SMALL))
        font.setBold(True)
        item.setFont(font)
        return item

    # ---- choosing

    def entered(self) -> None:
        """Show the lesson of the last visit on the first one."""
        if not self.current and self.lessons:
            last = self.context.settings.get(LAST_KEY, "")
            self.choose(last if last in self.lessons else next(iter(self.lessons)))

    def choose(self, lesson_id: str) -> None:
        """Bring a lesson to the front; one that cannot be built says why, and the others go on."""
        lesson = self.lessons[lesson_id]
        self.current = lesson_id
        self.heading.setText(lesson.title)
        self.about.setText(lesson.about)
        self.stack.setCurrentWidget(self._view(lesson))
        self.list.setCurrentItem(next(i for i in self._items() if i.data(ID) == lesson_id))
        self.context.settings.set(LAST_KEY, lesson_id)
        self.chosen.emit(lesson_id)

    def _view(self, lesson: Lesson) -> QWidget:
        if lesson.id not in self.views:
            try:
                made = lesson.load(self.context)
            except Exception as error:  # a missing library must not take the page along
                self.context.notify.exception(error, doing=f"Opening the lesson {lesson.title}")
                made = self._broken()
            self.views[lesson.id] = made
            self.stack.addWidget(made)
        return self.views[lesson.id]

    def _broken(self) -> QWidget:
        text = "The message at the bottom right says why. The other lessons go on."
        return EmptyState(self.context.theme, "warning", "This lesson could not be opened", text)

    def _items(self) -> list[QListWidgetItem]:
        return [self.list.item(row) for row in range(self.list.count())]

    def _picked(self, item: QListWidgetItem | None) -> None:
        wanted = item.data(ID) if item is not None else None
        if wanted and wanted != self.current:
            self.choose(wanted)

    def step(self, by: int) -> None:
        """Go to the next (1) or the previous (-1) lesson."""
        ids = list(self.lessons)
        if self.current:
            self.choose(ids[(ids.index(self.current) + by) % len(ids)])

    def panel_actions(self) -> Iterable[Action]:
        """Return the page's actions."""
        return (
            Action("lessons.next", "Next lesson", lambda: self.step(1), menu="View", enabled=self.isVisible),
            Action("lessons.previous", "Previous lesson", lambda: self.step(-1), menu="View", enabled=self.isVisible),
        )

    def _resize_list(self) -> None:
        self.list.setMinimumWidth(self.context.theme.px(LIST_WIDTH))
        self.list.setMaximumWidth(self.context.theme.px(LIST_WIDTH + 120))
