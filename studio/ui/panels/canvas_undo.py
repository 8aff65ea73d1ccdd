"""Undoing on a canvas: strokes of the mask, pictures replaced, going back in time."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import shiboken6
from PySide6.QtGui import QUndoCommand

if TYPE_CHECKING:
    from PySide6.QtCore import QObject

    from studio.canvas.session import Session
    from studio.canvas.timeline import Moment


class Change(QUndoCommand):
    """A value that was replaced by another.

    Args:
        title: what is undone ("Paint the mask").
        owner: nothing happens once this object is destroyed.
        apply: takes the value.
        before, after: the values.
        done: the value has been applied already.
    """

    def __init__(
        self, title: str, owner: QObject, apply: Callable[[Any], object], before: Any, after: Any, *, done: bool = False
    ) -> None:
        super().__init__(title)
        self._owner, self._apply, self._before, self._after = owner, apply, before, after
        self._done = done

    def redo(self) -> None:
        """Put the new value in place."""
        if not self._done:
            self._put(self._after)
        self._done = False

    def undo(self) -> None:
        """Put the old value back."""
        self._put(self._before)

    def _put(self, value: Any) -> None:
        if shiboken6.isValid(self._owner):
            self._apply(value)


@dataclass(frozen=True, eq=False)
class Way:
    """The way a session took: what is needed to stand at its end again."""

    moments: tuple[Moment, ...]
    changes: dict[int, dict[str, Any]]
    config: Any

    @classmethod
    def of(cls, session: Session[Any]) -> Way:
        """Remember the way a session has taken."""
        changes = {step: dict(values) for step, values in session.changes.items()}
        return cls(session.timeline.moments(), changes, session.config)

    def lead(self, session: Session[Any]) -> None:
        """Bring a session to the end of this way; it must not run."""
        from studio.core.knobs import to_json

        session.change(to_json(self.config))
        session.timeline.cut(-1)
        for moment in self.moments:
            session.timeline.keep(moment)
        session.rewind(self.moments[-1].step)
        session.changes = {step: dict(values) for step, values in self.changes.items()}


class WentBack(QUndoCommand):
    """Went back to an earlier step; undone, the way that was left is taken again, as far as it went.

    Args:
        step: where to.
        session: whose way it is; nothing happens once another one is on the canvas.
        travel: moves the present session: `CanvasRunner.travel`.
        present: returns the session on the canvas.
    """

    def __init__(
        self,
        step: int,
        session: Session[Any],
        travel: Callable[[Callable[[Session[Any]], object]], object],
        present: Callable[[], Session[Any] | None],
    ) -> None:
        super().__init__(f"Go back to step {step}")
        self._step, self._session, self._travel, self._present = step, session, travel, present
        self._left: Way | None = None
        self._taken: Way | None = None

    def redo(self) -> None:
        """Go back; a second time, take the way that was undone."""
        if self._present() is self._session:
            self._travel(self._go)

    def undo(self) -> None:
        """Take the way that was left."""
        if self._present() is self._session:
            self._travel(self._return)

    def _go(self, session: Session[Any]) -> None:
        self._left = Way.of(session)
        if self._taken is not None:
            self._taken.lead(session)
        else:
            session.rewind(self._step)

    def _return(self, session: Session[Any]) -> None:
        self._taken = Way.of(session)
        if self._left is not None:
            self._left.lead(session)
