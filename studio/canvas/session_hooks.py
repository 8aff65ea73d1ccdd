"""What a dream and a transfer say about themselves to the loop that works them."""

from __future__ import annotations

from abc import ABC, abstractmethod
from typing import ClassVar

import numpy as np
from numpy.typing import NDArray
from torch import Tensor

from studio.canvas.picture import Source
from studio.canvas.stages import Stage


class SessionHooks(ABC):
    """The hooks of `studio.canvas.session.Session`.

    Attributes:
        kind: "dream" or "transfer".
    """

    kind: ClassVar[str] = ""

    @abstractmethod
    def plan(self) -> tuple[Stage, ...]:
        """Return the stages for the settings in force, smallest first."""

    @abstractmethod
    def enter(self, stage: int) -> None:
        """Prepare a stage: bring the picture to its size, compute targets. Also called after changes."""

    @abstractmethod
    def advance(self) -> dict[str, Tensor]:
        """Do one step and return its losses as detached 0-d tensors; "loss" is the whole."""

    @abstractmethod
    def picture(self) -> Tensor:
        """Return the present picture float32 (1, 3, H, W), 0..1 (perhaps beyond)."""

    @abstractmethod
    def place(self, picture: Tensor) -> None:
        """Replace the present picture; its size may be that of another stage."""

    @abstractmethod
    def sources(self) -> dict[str, Source]:
        """Return the pictures that went in, by role ("picture", "guide", "style 1", …)."""

    def masks(self) -> dict[str, NDArray[np.float32]]:
        """Return the masks in force, by role, float32 (H, W) in 0..1."""
        return {}

    def leave(self, stage: int) -> None:
        """Finish a stage (a dream puts the lost detail back)."""
        del stage

    def restyle(self, names: frozenset[str]) -> None:
        """Take changed settings; `enter` is called again before the next step."""
        del names

    def finishing(self, picture: Tensor) -> Tensor:
        """Return what is shown and exported of a picture (colour modes work here)."""
        return picture
