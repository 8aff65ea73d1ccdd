"""The base of every page of the window."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, ClassVar

from PySide6.QtWidgets import QWidget

from studio.ui.jobs import Task, run_task

if TYPE_CHECKING:
    from studio.core.records import RunRecord
    from studio.ui.actions import Action
    from studio.ui.context import Context


class Panel(QWidget):
    """A page: it gets the Context and nothing else, and talks to other pages through the Context's signals.

    Class attributes `id`, `title` and `icon` name it on the rail. Splitters with an object name return to
    where the person left them (the window stores them). Nothing heavy is imported when a panel is built.
    """

    id: ClassVar[str] = ""
    title: ClassVar[str] = ""
    icon: ClassVar[str] = ""

    def __init__(self, context: Context, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.context = context
        self.setObjectName("page")
        self.setAccessibleName(self.title)

    def opened_with(self, paths: Sequence[Path]) -> bool:
        """Take dropped or opened paths; return whether this page could use them."""
        del paths
        return False

    def open_run(self, record: RunRecord) -> None:
        """Show a run; pages that cannot do anything with runs ignore it."""
        del record

    def panel_actions(self) -> Iterable[Action]:
        """Return the page's actions; the window adds them to the table when the page is first built."""
        return ()

    def entered(self) -> None:
        """Called each time the page comes to the front."""

    def closing(self) -> None:
        """Called once when the window closes: end timers and workers; do not ask anything."""

    def run_task(
        self,
        fn: Callable[..., Any],
        *args: Any,
        title: str,
        on_done: Callable[[Any], object] | None = None,
        on_error: Callable[[BaseException], object] | None = None,
        on_progress: Callable[[int, int, str], object] | None = None,
        cancellable: bool = True,
    ) -> Task:
        """Run `fn(*args)` on a pool thread for this page; see `studio.ui.jobs.run_task`."""
        return run_task(
            fn,
            *args,
            context=self.context,
            owner=self,
            title=title,
            on_done=on_done,
            on_error=on_error,
            on_progress=on_progress,
            cancellable=cancellable,
        )
