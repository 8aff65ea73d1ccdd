"""The lessons of the page, in the order of its list. The contract stands in `lessons.py`."""

from __future__ import annotations

import importlib
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from PySide6.QtWidgets import QWidget

    from studio.ui.context import Context


@dataclass(frozen=True)
class Lesson:
    """An entry of the list.

    Attributes:
        id: stable name, also the key under which the page remembers it.
        title: two or three words; the list is 200 px wide.
        topic: heading of its group; lessons of one topic stand together in the table.
        about: two to four plain sentences: what is seen, what to try.
        where: "module:class" of a QWidget that takes the Context; imported when the lesson is first chosen.
    """

    id: str
    title: str
    topic: str
    about: str
    where: str

    def load(self, context: Context) -> QWidget:
        """Import the lesson's class and build it."""
        module, _, name = self.where.partition(":")
        made: QWidget = getattr(importlib.import_module(module), name)(context)
        return made


LESSONS: tuple[Lesson, ...] = (
    Lesson(
        "activations",
        "Activations",
        "Neurons",
        "A neuron bends the sum of its inputs with an activation. The solid curve is the function, the dashed one its "
        "slope: where the slope is near zero, almost nothing flows back and the neuron hardly learns. Move the input "
        "and watch both; then compare sigmoid with ReLU at x = 6.",
        "studio.ui.panels.lesson_activations:ActivationLesson",
    ),
)
"""Helper BASICS and later families: add entries here, grouped by topic."""
