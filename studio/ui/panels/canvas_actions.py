"""What can be done on Dream and Transfer by key or palette."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING

from studio.ui.actions import Action

if TYPE_CHECKING:
    from studio.ui.panels.canvas_base import CanvasPanel


def canvas_actions(panel: CanvasPanel) -> Iterator[Action]:
    """Yield the actions that both pages share; each is enabled only while its page is in front."""

    def action(
        what: str, title: str, shortcut: str, icon: str, run: Callable[[], object], can: Callable[[], bool]
    ) -> Action:
        there = lambda: panel.isVisible() and can()  # noqa: E731
        return Action(f"{panel.kind}.{what}", title, run, shortcut, panel.title, icon, there)

    def does(button: str, what: str) -> tuple[Callable[[], object], Callable[[], bool]]:
        return lambda: panel.do(what), lambda: bool(getattr(panel.controls, button).isEnabled())

    shown = lambda: panel.follower.shown is not None  # noqa: E731
    canvas = lambda: panel.stage.canvas_shown  # noqa: E731
    start = (panel.controls.start_button.click, panel.controls.start_button.isEnabled)
    yield action("start", f"{panel.verb}, or go on", "Ctrl+Return; Ctrl+Enter", "play", *start)
    yield action("restart", "Start over", "", "refresh", *does("restart_button", "restart"))
    yield action("pause", "Pause or go on", "Ctrl+Space", "pause", *does("pause_button", "pause"))
    yield action("step", "Do one step", "Ctrl+.", "step", *does("step_button", "step"))
    yield action("stop", "Stop", "Ctrl+Alt+Return; Ctrl+Alt+Enter", "stop", *does("stop_button", "stop"))
    yield action("compare", "Compare before and after", "Ctrl+D", "compare", panel.stage.toggle_compare, canvas)
    yield action("brush", "Paint where it acts", "Ctrl+B", "brush", panel.stage.toggle_brush, canvas)
    yield action("export", "Export the picture (PNG)", "Ctrl+E", "save", *does("export_button", "export"))
    yield action("export_as", "Export the picture as…", "Ctrl+Shift+E", "save", *does("export_button", "export_as"))
    yield action("copy", "Copy the picture", "Ctrl+Shift+C", "copy", panel.copy, shown)
