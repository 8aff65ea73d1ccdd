"""Sessions that make no art: the real loop of `studio.canvas.session` around arithmetic that takes no time."""

from __future__ import annotations

import threading
from pathlib import Path
from typing import Any

import numpy as np
import torch

from studio.canvas.dream_config import DreamConfig
from studio.canvas.picture import Source, resized, to_tensor, working_size
from studio.canvas.session import Session
from studio.canvas.stages import Stage, growing
from studio.canvas.transfer_config import Style, TransferConfig
from studio.core.errors import StudioError
from studio.core.knobs import make
from tests.canvas import fakes


class FakeSession(Session[Any]):
    """Every step makes the picture a little redder; it obeys, goes back and fails as a real one would.

    Attributes:
        gate: cleared, the next step waits for it: a test decides when a step happens.
        calls: what was asked of it, in order.
        fail_at, memory_ends_at: steps at which it raises, or at which memory runs out once; 0 is never.
    """

    fail_at = 0
    memory_ends_at = 0

    def __init__(self, config: Any, source: Source | None) -> None:
        super().__init__(config, fakes.tiny_backbone(), fakes.compute())
        self.source = source
        self.gate = threading.Event()
        self.gate.set()
        self.calls: list[Any] = []
        self._picture = torch.zeros(1, 3, 8, 8)
        self.mask_seen: Any = None

    def plan(self) -> tuple[Stage, ...]:
        size = (48, 48) if self.source is None else working_size(self.source.size, min(self.config.size, 64))
        octaves = getattr(self.config, "octaves", 2)
        return tuple(Stage(s, self.config.iterations) for s in growing(size, octaves, 1.4))

    def enter(self, stage: int) -> None:
        size = self.stages[stage].size
        if self.step == 0 and self.source is not None:
            self._picture = to_tensor(self.source.pixels)
        self._picture = resized(self._picture, size)

    def advance(self) -> dict[str, torch.Tensor]:
        assert self.gate.wait(30)
        if self.step + 1 == self.fail_at:
            raise StudioError("The network is gone.", "Choose another.")
        if self.step + 1 == self.memory_ends_at:
            self.memory_ends_at = 0
            raise MemoryError
        self._picture = self._picture.clone()
        self._picture[:, 0] += getattr(self.config, "step", 0.01)
        loss = self._picture[:, 0].mean()
        return {"loss": loss, "conv1_1": loss / 2, "conv1_2/1": loss / 3}

    def picture(self) -> torch.Tensor:
        return self._picture

    def place(self, picture: torch.Tensor) -> None:
        self._picture = picture

    def masks(self) -> dict[str, Any]:
        return {} if self.mask_seen is None else {"mask": self.mask_seen}

    def change(self, values: Any) -> None:
        self.calls.append(("change", dict(values)))
        super().change(values)

    def rewind(self, step: int) -> None:
        self.calls.append(("rewind", step))
        super().rewind(step)


class FakeDream(FakeSession):
    """A dream in name."""

    kind = "dream"

    def __init__(self, config: DreamConfig, source: Source | None, guide: Source | None = None) -> None:
        super().__init__(config, source)
        self.guide = guide

    def sources(self) -> dict[str, Source]:
        found = {"picture": self.source, "guide": self.guide}
        return {role: source for role, source in found.items() if source is not None}

    def set_mask(self, mask: Any) -> None:
        self.mask_seen = mask


class FakeTransfer(FakeSession):
    """A transfer in name."""

    kind = "transfer"

    def __init__(self, config: TransferConfig, content: Source, styles: tuple[Style, ...]) -> None:
        super().__init__(config, content)
        self.styles = styles

    def sources(self) -> dict[str, Source]:
        assert self.source is not None
        return {"content": self.source, **{f"style {i}": s.source for i, s in enumerate(self.styles, 1)}}

    def set_styles(self, styles: Any) -> None:
        self.styles = tuple(styles)

    def set_mask(self, mask: Any) -> None:
        self.mask_seen = mask

    def recipe(self) -> dict[str, Any]:
        styles = [{"role": f"style {i}", "weight": s.weight} for i, s in enumerate(self.styles, 1)]
        return {**super().recipe(), "styles": styles}


class FakeOpener:
    """Opens fake sessions and remembers them; `prepare(session)` may change each before it starts."""

    def __init__(self, prepare: Any = None) -> None:
        self.sessions: list[Any] = []
        self.requests: list[Any] = []
        self.prepare = prepare
        self.error: Exception | None = None

    def __call__(self, request: Any, workspace: Path, progress: Any = None) -> Any:
        self.requests.append(request)
        if self.error is not None:
            raise self.error
        made = self._dream(request) if hasattr(request, "guide") else self._transfer(request)
        made.replay = {int(k): dict(v) for k, v in request.changes.items()}
        self.sessions.append(made)
        if self.prepare is not None:
            self.prepare(made)
        return made

    def _dream(self, request: Any) -> FakeDream:
        made = FakeDream(make(DreamConfig, dict(request.settings)), request.picture, request.guide)
        made.mask_seen = request.mask
        return made

    def _transfer(self, request: Any) -> FakeTransfer:
        styles = tuple(Style(s.picture, s.weight, s.mask, s.region) for s in request.styles)
        return FakeTransfer(make(TransferConfig, dict(request.settings)), request.content, styles)


def noise(height: int = 48, width: int = 64, seed: int = 0) -> np.ndarray:
    """Return a picture uint8 (H, W, 3) of soft noise."""
    return fakes.picture(height, width, seed).pixels
