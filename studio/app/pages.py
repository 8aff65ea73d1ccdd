"""The pages of the rail, in its order; each is imported when it is first visited."""

from __future__ import annotations

import importlib
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from studio.ui.panel import Panel


@dataclass(frozen=True)
class Page:
    """An entry of the rail; `where` is "module:class", imported on the first visit."""

    id: str
    title: str
    icon: str
    where: str

    def load(self) -> type[Panel]:
        """Import the page's class."""
        module, _, name = self.where.partition(":")
        loaded: type[Panel] = getattr(importlib.import_module(module), name)
        return loaded


PAGES = (
    Page("home", "Home", "home", "studio.ui.panels.home:HomePanel"),
    Page("data", "Data", "data", "studio.ui.panels.data:DataPanel"),
    Page("train", "Train", "train", "studio.ui.panels.train:TrainPanel"),
    Page("explore", "Explore", "explore", "studio.ui.panels.explore:ExplorePanel"),
    Page("classify", "Classify", "classify", "studio.ui.panels.classify:ClassifyPanel"),
    Page("translate", "Translate", "translate", "studio.ui.panels.translate:TranslatePanel"),
    Page("judge", "Judge", "judge", "studio.ui.panels.judge:JudgePanel"),
    Page("dream", "Dream", "dream", "studio.ui.panels.dream:DreamPanel"),
    Page("transfer", "Transfer", "transfer", "studio.ui.panels.transfer:TransferPanel"),
    Page("write", "Write", "write", "studio.ui.panels.write:WritePanel"),
    Page("lessons", "Lessons", "lessons", "studio.ui.panels.lessons:LessonsPanel"),
)
