"""What a canvas page shows of a session: live pictures, losses, progress, messages; looking back along its way."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from PySide6.QtCore import QObject

from studio.core import events as ev
from studio.core.errors import StudioError
from studio.ui.jobs import Latest
from studio.ui.panels import canvas_work as work
from studio.ui.panels.train_controls import clock

if TYPE_CHECKING:
    from studio.ui.panels.canvas_controls import CanvasControls
    from studio.ui.panels.canvas_parts import CanvasParts
    from studio.ui.panels.canvas_runner import CanvasRunner
    from studio.ui.panels.canvas_stage import CanvasStage


class CanvasFollower(QObject):
    """Turns events into pictures, curves and words.

    Attributes:
        shown: the result on the canvas, uint8 (H, W, 3) as it is shown; None for none.
        exhibit: what an export writes.
    """

    def __init__(self, panel: CanvasParts, runner: CanvasRunner, stage: CanvasStage, controls: CanvasControls) -> None:
        super().__init__(panel)
        self._panel, self._runner, self._stage, self._controls = panel, runner, stage, controls
        self.shown: work.Pixels | None = None
        self.exhibit: work.Exhibit | None = None
        self._live: work.Pixels | None = None
        self._caption = ""
        self._seeker = Latest(self)
        self._seeker.arrived.connect(self._sought)
        runner.opened.connect(self._opened)
        runner.arrived.connect(self.take)
        runner.travelled.connect(self._travelled)
        runner.refused.connect(self._refused)
        stage.timeline.sought.connect(self._seek)

    # ---- pictures

    def show(self, pixels: work.Pixels | None, caption: str = "") -> None:
        """Show a result, or only the original."""
        self.shown = pixels
        self._stage.view.show_after(pixels)
        self._stage.view.set_caption(caption)
        self._panel.refresh()
        if pixels is not None:
            self._panel.picture_shown.emit()

    def show_kept(self, pixels: work.Pixels, recipe: dict[str, Any]) -> None:
        """Show a result of the history, or of a file; it can be exported again."""
        self.exhibit = work.Exhibit(pixels=pixels, recipe=recipe)
        self.show(pixels, f"{recipe.get('steps', 0)} steps")

    def clear(self) -> None:
        """Show no result."""
        self._seeker.drop()
        self._live, self.exhibit = None, None
        self._stage.timeline.clear()
        self._stage.show_losses(())
        self.show(None)

    # ---- what happens

    def _opened(self) -> None:
        self.clear()

    def take(self, events: Sequence[ev.Event]) -> None:
        """Show a list of events: every loss, the newest picture, the newest progress."""
        picture, progress = None, None
        for event in events:
            match event:
                case ev.Images():
                    picture = event
                case ev.Progress():
                    progress = event
                case ev.Scalars():
                    self._stage.add_losses(event)
                case ev.Message():
                    self._tell(event)
                case ev.Finished():
                    self._finished(event)
                    progress = None
        self._reach()
        if progress is not None:
            self._controls.show_progress(progress, self._caption)
        if picture is not None:
            self._take_picture(picture)
        if self._runner.waiting and not isinstance(events[-1], ev.Finished):
            self._controls.left.setText(f"Paused · {self._caption}")

    def _take_picture(self, event: ev.Images) -> None:
        if self._panel.sources_changed:  # the last words of a session that is being stopped
            return
        self._caption = event.captions[0] if event.captions else ""
        self._live = event.pixels[0]
        if not self._stage.timeline.looks_back:
            self._show_newest()

    def _show_newest(self) -> None:
        session = self._runner.session
        self.exhibit = work.Exhibit(session=session, pixels=self._runner.result)
        self.show(self._live, self._caption)

    def _reach(self) -> None:
        session = self._runner.session
        moments = session.timeline.moments() if session is not None else ()
        if session is not None and moments:
            self._stage.timeline.reach(moments[0].step, moments[-1].step, session.total_steps)

    def _tell(self, event: ev.Message) -> None:
        if event.level == "info":
            self._controls.left.setText(event.text)
            return
        self._controls.show_note(f"{event.text} {event.what_to_do}".strip())
        self._panel.context.notify.warning(event.text, what_to_do=event.what_to_do)

    def _finished(self, event: ev.Finished) -> None:
        name = {"done": "Done", "stopped": "Stopped", "failed": "Failed"}[event.status]
        self._controls.end(f"{name} after {event.step} steps", f"{clock(event.seconds)} of work", done=name == "Done")
        if event.status == "failed":
            self._controls.show_problem(event.error or "It failed.", event.what_to_do)

    def _refused(self, error: BaseException) -> None:
        what, advice = (error.what, error.what_to_do) if isinstance(error, StudioError) else (repr(error), "")
        self._controls.end("It could not begin.")
        self._controls.show_problem(what, advice)
        self._panel.context.notify.exception(error, doing=self._panel.doing)

    # ---- looking and going back

    def _seek(self, step: int) -> None:
        session = self._runner.session
        if session is None:
            return
        moment = session.timeline.at(step) if step >= 0 else None
        self._stage.curves.mark(moment.step if moment is not None else None)
        if moment is None:
            self._seeker.drop()
            self._show_newest()
        else:
            self._seeker.submit(work.seen, session, moment)

    def _sought(self, seen: tuple[Any, work.Pixels]) -> None:
        moment, pixels = seen
        self.exhibit = work.Exhibit(session=self._runner.session, moment=moment)
        self.show(pixels, f"step {moment.step}")

    def _travelled(self) -> None:
        session = self._runner.session
        assert session is not None
        self.show_session()
        self._controls.end(f"At step {session.step} of {session.total_steps}", "Go on, or turn knobs first")

    def show_session(self) -> None:
        """Show where the session stands: picture, curves, slider."""
        session = self._runner.session
        if session is None:
            return
        moments = session.timeline.moments()
        self._stage.show_losses([scalars(m.step, m.losses) for m in moments])
        self._stage.curves.mark(None)
        self._stage.timeline.clear()
        self._reach()
        self._live, self._caption = self._runner.result, session.caption()
        self._show_newest()

    def close(self) -> None:
        """End the worker."""
        self._seeker.close()


def scalars(step: int, losses: dict[str, float]) -> ev.Scalars:
    """Return a moment's losses as the event that told them."""
    return ev.Scalars(step, "canvas", (step,), {name: (value,) for name, value in losses.items()})
