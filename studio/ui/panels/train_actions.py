"""What the Train page offers to keys, menus and the palette."""

from __future__ import annotations

from collections.abc import Iterator
from functools import partial
from typing import TYPE_CHECKING

from studio.ui.actions import Action

if TYPE_CHECKING:
    from studio.ui.panels.train import TrainPanel

BUTTONS = (
    ("run", "Run", "Ctrl+Return; Ctrl+Enter", "play", ("idle", "finished")),
    ("pause", "Pause or go on", "Ctrl+Space", "pause", ("running", "paused")),
    ("step", "Do one step", "Ctrl+.", "step", ("running", "paused")),
    ("stop", "Stop the run", "Ctrl+Alt+Return; Ctrl+Alt+Enter", "stop", ("running", "paused")),
    ("checkpoint", "Write a checkpoint now", "Ctrl+Alt+S", "save", ("running", "paused")),
    ("preview", "Show a preview now", "Ctrl+Alt+P", "picture", ("running", "paused")),
    ("resume", "Go on with this run", "", "play", ("finished",)),
    ("branch", "Branch this run", "Ctrl+Alt+B", "branch", ("finished",)),
)
"""What `Runner.do` takes, its title, keys and icon, and the states in which it is possible."""


def actions(panel: TrainPanel) -> Iterator[Action]:
    """Yield the actions of a Train page; they can be used while it is in front."""
    for what, title, keys, icon, states in BUTTONS:
        possible = partial(_in_state, panel, states)
        yield Action(f"train.{what}", title, partial(panel.runner.do, what), keys, "Train", icon, possible)
    title, judge, possible = "Judge what this run draws", partial(panel.runner.do, "judge"), partial(_may_judge, panel)
    yield Action("train.judge", title, judge, "", "Train", "judge", possible)
    yield Action("train.gallery", "Choose a recipe", panel.show_gallery, "", "Train", "train", panel.isVisible)


def _in_state(panel: TrainPanel, states: tuple[str, ...]) -> bool:
    return panel.isVisible() and panel.controls.state in states


def _may_judge(panel: TrainPanel) -> bool:
    return panel.isVisible() and panel.controls.judge_button.isEnabled()
