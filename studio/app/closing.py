"""What happens when the window is closed while something trains, dreams, or makes a film."""

from __future__ import annotations

from typing import TYPE_CHECKING

from PySide6.QtCore import QObject, QTimer
from PySide6.QtWidgets import QApplication, QSystemTrayIcon

from studio.core.errors import StudioError
from studio.ui.widgets.closing import CloseQuestion, Unfinished

if TYPE_CHECKING:
    from studio.app.window import MainWindow
    from studio.ui.activity import Activity


class Closing(QObject):
    """Asks, carries the answer out, and closes the window once the last work has ended.

    It asks about everything that Esc may not cancel: runs, dreams, films, batches. Closing again while the question is
    open means the safe answer: save a checkpoint and stop.
    """

    def __init__(self, window: MainWindow) -> None:
        super().__init__(window)
        self._window = window
        self._question: CloseQuestion | None = None
        self._close_when_idle = False
        self._discarded: list[str] = []
        self._tray: QSystemTrayIcon | None = None
        window.context.tasks.ended.connect(lambda _: self.work_ended())

    @property
    def _going(self) -> tuple[Activity, ...]:
        return tuple(activity for activity in self._window.context.tasks.active if not activity.escapes)

    def may_close(self) -> bool:
        """Whether nothing runs; otherwise the person is asked (or, asked already, the safe answer is taken)."""
        if not self._going:
            return True
        if self._question is None:
            self._ask()
        elif not self._close_when_idle:
            self.answer("stop")
        return False

    def answer(self, choice: str) -> None:
        """Carry out "hide", "stop" or "discard"."""
        self._close_when_idle = True
        if choice == "hide":
            self._hide()
            return
        if self._question is not None:
            self._question.wait()
        if choice == "discard":
            jobs = [job for job in self._window.active_jobs if job.stored]
            self._discarded = [job.run.id for job in jobs if job.run is not None]
        for activity in self._going:
            activity.cancel()

    def work_ended(self) -> None:
        """Close once the last work has ended."""
        if self._close_when_idle and not self._going:
            # Later: what just ended still delivers its last events.
            QTimer.singleShot(0, self._window, self._finish)

    def _ask(self) -> None:
        window = self._window
        window.showNormal() if window.isMinimized() else window.show()
        self._question = CloseQuestion(window.covered, window.context.theme, self._unfinished())
        self._question.answered.connect(self.answer)
        self._question.closed.connect(self._forget)
        window.open_sheet(self._question, self._question.buttons["stop"])

    def _unfinished(self) -> Unfinished:
        jobs = self._window.active_jobs
        pictures = [job.doing for job in jobs if not job.stored]
        works = [a.title for a in self._going if not any(job.activity is a for job in jobs)]
        return Unfinished(sum(job.stored for job in jobs), pictures, works)

    def _forget(self) -> None:
        self._question = None
        if not self._window.isHidden() and self._tray is None and not self._window.isMinimized():
            self._close_when_idle = False

    def _hide(self) -> None:
        window = self._window
        if self._question is not None:
            self._question.close_sheet()
        self._close_when_idle = True
        QApplication.setQuitOnLastWindowClosed(False)
        if not QSystemTrayIcon.isSystemTrayAvailable():
            window.showMinimized()  # without a tray a hidden window could never be found again
            return
        self._tray = QSystemTrayIcon(window.windowIcon(), window)
        self._tray.setToolTip("Generative Studio is still working. Click to show the window.")
        self._tray.activated.connect(lambda *_: self._show_again())
        self._tray.show()
        window.hide()

    def _show_again(self) -> None:
        self._close_when_idle = False
        if self._tray is not None:
            self._tray.hide()
            self._tray.deleteLater()
            self._tray = None
        QApplication.setQuitOnLastWindowClosed(True)
        self._window.showNormal()
        self._window.activateWindow()

    def _finish(self) -> None:
        for run_id in self._discarded:
            try:
                self._window.context.store.delete(run_id)
            except StudioError as error:
                self._window.context.notify.exception(error)
        was_hidden = self._window.isHidden()
        QApplication.setQuitOnLastWindowClosed(True)
        self._window.close()
        if was_hidden:  # Qt does not notice that a hidden window closes
            QApplication.quit()
