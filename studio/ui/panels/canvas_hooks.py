"""What a page says about itself to the base of Dream and Transfer."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any, ClassVar

from PySide6.QtWidgets import QWidget

from studio.ui.panel import Panel
from studio.ui.panels import canvas_work as work

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    from studio.runs.canvases import DreamRequest, TransferRequest


class CanvasHooks(Panel):
    """The hooks of `CanvasPanel`, all of them called after its `context` is there.

    Attributes:
        kind: "dream" or "transfer".
        verb: what the first button says.
        doing: for the activity area and messages ("Dreaming").
        hidden: knobs that the page edits otherwise than in the form.
    """

    kind: ClassVar[str] = ""
    verb: ClassVar[str] = "Start"
    doing: ClassVar[str] = ""
    hidden: ClassVar[tuple[str, ...]] = ()

    def make_sources(self) -> QWidget:
        """Return the left column."""
        raise NotImplementedError

    def make_editor(self) -> QWidget | None:
        """Return what stands above the form, or None."""
        return None

    def make_empty(self) -> QWidget:
        """Return what is shown instead of the canvas while there is nothing to show."""
        raise NotImplementedError

    def settings_loaded(self, loaded: work.Loaded) -> None:
        """Take what became known with the form (names of networks)."""

    @property
    def ready(self) -> bool:
        """Whether there is something to begin with."""
        raise NotImplementedError

    @property
    def original(self) -> work.Pixels | None:
        """The picture before, uint8 (H, W, 3)."""
        raise NotImplementedError

    def request(self) -> DreamRequest | TransferRequest:
        """Return what is asked for: pictures, masks, settings (`self.settings()`, `self.restorer.more`).

        Raises:
            StudioError: something is missing or not valid.
        """
        raise NotImplementedError

    def apply_request(self, request: Any, pictures: Mapping[str, work.Picture]) -> None:
        """Show a request that came from a recipe, as undoable edits; settings are applied by the caller.

        Args:
            request: DreamRequest or TransferRequest.
            pictures: its pictures that were read, by the roles of the recipe ("picture", "content", "style 1").
        """
        raise NotImplementedError

    def put_mask(self, role: str, mask: NDArray[np.float32] | None) -> None:
        """Take a mask (from a stroke, or from undo) and show it; a running session gets it at once."""
        raise NotImplementedError

    @property
    def mask_role(self) -> str:
        """Which mask the brush paints."""
        return "mask"

    def used(self) -> tuple[object, ...]:
        """Return the pictures a session is made of (`Source` objects or None, compared by identity)."""
        raise NotImplementedError

    def take_picture(self, path: Path) -> None:
        """Take a picture that was dropped on the page and carries no recipe of it."""
        raise NotImplementedError

    def do(self, what: str) -> None:
        """Carry out a button or an action (see `CanvasControls`)."""
        raise NotImplementedError
