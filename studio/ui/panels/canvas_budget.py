"""The budget line: how long and how much memory, said before the start and learnt from what was done."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal, cast

from PySide6.QtCore import QObject, QTimer, Signal

from studio.ui.jobs import Task

if TYPE_CHECKING:
    from studio.canvas.budget import Forecast
    from studio.canvas.session import Session
    from studio.ui.panel import Panel

PAUSE_MS = 400
"""Rest after the last edit before it is asked: a forecast may time a few steps."""


class BudgetLine(QObject):
    """Asks for a forecast in a worker whenever settings or pictures changed; the newest question wins.

    Signals:
        told: words such as "about 40 s · 1.2 GB", "" while nothing is known.

    Args:
        panel: whose tasks ask.
        kind: "dream" or "transfer".
        question: returns (settings, (height, width), number of styles), or None when there is nothing to begin with.
    """

    told = Signal(str)

    def __init__(
        self, panel: Panel, kind: str, question: Callable[[], tuple[dict[str, Any], tuple[int, int], int] | None]
    ) -> None:
        super().__init__(panel)
        self.on = True
        self._panel, self._kind, self._question = panel, kind, question
        self._task: Task | None = None
        self._asked: Any = None
        self._timer = QTimer(self)
        self._timer.setSingleShot(True)
        self._timer.setInterval(PAUSE_MS)
        self._timer.timeout.connect(self._ask)

    def later(self) -> None:
        """Ask soon, if there is something new to ask."""
        if self.on:
            self._timer.start()

    def _ask(self) -> None:
        question = self._question()
        if question is None or question == self._asked:
            if question is None:
                self.told.emit("")
            return
        if self._task is not None:
            self._task.cancel()
        self._asked = question
        self._task = self._panel.run_task(
            forecast,
            self._kind,
            *question,
            self._panel.context.workspace,
            title="",
            on_done=lambda found: self.told.emit(words(found)),
            on_error=lambda _: self.told.emit(""),  # the start will say what is wrong with the settings
        )

    def learn(self, session: Session[Any], seconds: float, styles: int) -> None:
        """Tell what a whole run took, so that the next forecast is better."""
        if self.on:
            self._asked = None
            self._panel.run_task(learn, session, seconds, styles, self._panel.context.workspace, title="")

    def close(self) -> None:
        """Ask no more."""
        self._timer.stop()


def forecast(kind: str, settings: dict[str, Any], size: tuple[int, int], styles: int, workspace: Path) -> Forecast:
    """Return what a start with these settings would need; see `studio.canvas.budget.forecast`.

    Raises:
        StudioError: settings that do not fit together.
    """
    from studio.canvas import budget, policy
    from studio.canvas.dream_config import DreamConfig
    from studio.canvas.transfer_config import TransferConfig
    from studio.core.knobs import make
    from studio.runs import canvases

    config_type: Any = DreamConfig if kind == "dream" else TransferConfig
    config, which = make(config_type, settings), cast("Literal['dream', 'transfer']", kind)
    backbone = canvases.open_backbone(config.backbone, workspace)
    compute = policy.choose(config.device, config.precision)
    return budget.forecast(which, config, backbone, size, compute, workspace, styles=styles)


def learn(session: Session[Any], seconds: float, styles: int, workspace: Path) -> None:
    """Tell the budget what a whole run took."""
    from studio.canvas import budget

    kind: Any = session.kind
    first = next(iter(session.sources().values()), None)
    size = first.size if first is not None else session.stages[-1].size
    budget.learn(
        kind, session.config, session.backbone, size, session.compute, seconds, workspace, styles=max(1, styles)
    )


def words(found: Forecast) -> str:
    """Return a forecast as people say it: "about 40 s · 1.2 GB · in tiles of 512 px"."""
    return " · ".join(
        filter(
            None,
            (
                f"{'about' if found.measured else 'roughly'} {duration(found.seconds)}",
                size_in_words(found.bytes),
                f"{found.steps} steps",
                f"in tiles of {found.tiles} px" if found.tiles else "",
            ),
        )
    )


def duration(seconds: float) -> str:
    """Return a rounded duration: "8 s", "40 s", "3 min", "1.5 h"."""
    if seconds < 10:
        return f"{max(1, round(seconds))} s"
    if seconds < 90:
        return f"{round(seconds / 5) * 5} s"
    return f"{round(seconds / 60)} min" if seconds < 5400 else f"{seconds / 3600:.1f} h"


def size_in_words(count: int) -> str:
    """Return bytes as "640 MB" or "1.2 GB"."""
    return f"{count / 1e9:.1f} GB" if count >= 1e9 else f"{max(1, round(count / 1e6))} MB"
