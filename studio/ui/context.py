"""What every panel gets: the store, the settings and the window's services. There is no global window."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from PySide6.QtCore import QObject, Signal
from PySide6.QtGui import QUndoStack

from studio.ui.actions import ActionTable
from studio.ui.activity import Tasks
from studio.ui.jobs import Task, end_pool, run_task
from studio.ui.notify import Notifier
from studio.ui.theme import Theme

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from studio.core.store import Store
    from studio.ui.jobs import TrainingJob
    from studio.ui.settings import Settings


class Context(QObject):
    """The services of one window.

    Attributes:
        store: runs and their metrics in the workspace.
        settings: what the person chose (`get`, `set`).
        theme: colours, sizes, icons; `theme.changed` when they change.
        notify: says things at the bottom right.
        tasks: long work shown in the status bar.
        actions: the table of actions.
        undo: the one undo stack (Ctrl+Z, Ctrl+Shift+Z).
        jobs: training jobs that run now; a `TrainingJob` adds and removes itself.
    """

    open_run = Signal(str, str)
    """(run id, panel id): show a run in a panel ("explore", "write", "train")."""
    open_data = Signal(str)
    """(source): show a data set in the Data panel."""
    train_on = Signal(str, dict)
    """(source, data options): prepare the Train panel with this data set."""
    prepare_run = Signal(str, str, dict)
    """(run id, recipe id, settings): fill Train in with a run's settings, changed, ready to branch or to go on; with a
    recipe id instead as a new run of that recipe on the run's data."""
    show_panel = Signal(str)
    """(panel id): bring a panel to the front."""
    runs_changed = Signal()
    """A run began, ended, was deleted or restored."""

    def __init__(self, store: Store, settings: Settings, theme: Theme | None = None) -> None:
        super().__init__()
        self.store = store
        self.settings = settings
        self.theme = theme or Theme()
        self.notify = Notifier(self)
        self.tasks = Tasks(self)
        self.actions = ActionTable(settings, self)
        self.undo = QUndoStack(self)
        self.jobs: list[TrainingJob] = []

    @property
    def workspace(self) -> Path:
        """The folder of runs, data and exports."""
        return self.store.workspace

    def run_task(self, fn: Callable[..., Any], *args: Any, **options: Any) -> Task:
        """Run `fn(*args)` on a pool thread; `options` are those of `studio.ui.jobs.run_task`."""
        return run_task(fn, *args, context=self, **options)

    def close(self) -> None:
        """Cancel what goes on and wait for the pool; the window calls this last."""
        self.tasks.cancel_all()
        end_pool()
        self.settings.sync()
