"""Where a person is in a latent space: the open model, the current point, and its picture as it is decoded."""

from __future__ import annotations

import time
from collections import deque
from typing import TYPE_CHECKING, Any

from PySide6.QtCore import QObject, Signal

from studio.ui.jobs import Latest

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    from studio.ui.panel import Panel
    from studio.ui.panels.explore_model import Session


class Walker(QObject):
    """The current point; moving it decodes it, newest request first.

    Signals:
        opened: another model is open (`session`), or none.
        moved: the new point float32 (D,).
        decoded: its picture uint8 (H, W, C).

    Args:
        panel: whose tasks and notifications are used.
    """

    opened = Signal()
    moved = Signal(object)
    decoded = Signal(object)

    def __init__(self, panel: Panel) -> None:
        super().__init__(panel)
        self.panel = panel
        self.session: Session | None = None
        self.z: NDArray[np.float32] | None = None
        self.picture: NDArray[np.uint8] | None = None
        self.latencies: deque[float] = deque(maxlen=500)
        """Seconds from a move to its picture, newest last."""
        self._decoder = Latest(self)
        self._decoder.arrived.connect(self._arrived)
        self._decoder.failed.connect(self._failed)

    def open_session(self, session: Session | None) -> None:
        """Walk in another model."""
        self._decoder.drop()
        self.session, self.z, self.picture = session, None, None
        self.opened.emit()

    def move_to(self, z: NDArray[np.float32]) -> None:
        """Go to a latent point float32 (D,) and decode it."""
        session = self.session
        if session is None:
            return
        self.z = z
        self.moved.emit(z)
        if "Decodes" in session.can:
            self._decoder.submit(_decode_one, session, z, time.perf_counter())

    def show_example(self, z: NDArray[np.float32], pixels: NDArray[np.uint8]) -> None:
        """Go to a point whose picture is known already."""
        self.z, self.picture = z, pixels
        self._decoder.drop()
        self.moved.emit(z)
        self.decoded.emit(pixels)

    def close(self) -> None:
        """End the worker."""
        self._decoder.close()

    def _arrived(self, answer: tuple[Session, Any, float]) -> None:
        session, pixels, asked = answer
        if session is not self.session:
            return
        self.latencies.append(time.perf_counter() - asked)
        self.picture = pixels
        self.decoded.emit(pixels)

    def _failed(self, error: BaseException) -> None:
        self.panel.context.notify.exception(error, doing="Decoding")


def _decode_one(session: Session, z: NDArray[np.float32], asked: float) -> tuple[Session, Any, float]:
    return session, session.decode(z[None])[0], asked
