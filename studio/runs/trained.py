"""A finished (or running) run as something to use: sample, decode, encode, write; numpy in, numpy out."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, TypeVar

import numpy as np
import torch
from numpy.typing import NDArray

from studio.core import checkpoint as ckpt
from studio.core import registry
from studio.core.capabilities import Conditioned, Input
from studio.core.compute import Compute, Policy, generator
from studio.core.errors import BadCheckpoint, BadInput, StudioError
from studio.core.feed import to_batch
from studio.core.knobs import make
from studio.core.recipe import Recipe
from studio.core.records import RunRecord
from studio.core.spec import DataSet, DataSpec
from studio.core.store import Store
from studio.data.options import DataOptions
from studio.nn.pictures import grey, to_pixels
from studio.runs.inputs import Inputs, checked

CHUNK = 256
SMALLEST_STYLISED = 16

T = TypeVar("T", np.uint8, np.float32)
Pixels = NDArray[np.uint8]
Points = NDArray[np.float32]


@dataclass(frozen=True)
class Encoded:
    """Held-out examples with their latent points.

    Attributes:
        points: float32 (N, D).
        labels: int64 (N,) or None.
        index: int64 (N,), positions in the split.
        pixels: uint8 (N, H, W, C).
    """

    points: Points
    labels: NDArray[np.int64] | None
    index: NDArray[np.int64]
    pixels: Pixels


class TrainedModel:
    """A recipe with trained weights in evaluation mode.

    Pictures are uint8 (N, H, W, C); latent points float32 (N, D). Not safe to use from two threads at once.
    """

    def __init__(self, record: RunRecord, recipe: Recipe, step: int, workspace: Path) -> None:
        self.record, self.recipe, self.step, self.workspace = record, recipe, step, workspace
        self.spec = recipe.spec
        self._data: DataSet | None = None

    @classmethod
    def open(cls, store: Store, run_id: str, checkpoint: str | int = "best", device: str = "cpu") -> TrainedModel:
        """Load a run's weights (averaged ones when it has them).

        Args:
            store: the workspace.
            run_id: id, unique beginning, or "last".
            checkpoint: "best" (else the newest), "last", or a step that has a checkpoint.
            device: where to compute.

        Raises:
            StudioError: no such run or checkpoint, or it does not fit the recipe.
        """
        record = store.run(run_id)
        if not record.data.get("spec"):
            raise BadCheckpoint(f"{record.id} has not begun to train.", "Resume it first.")
        spec = DataSpec.from_json(record.data["spec"])
        recipe_type = registry.recipe(record.recipe)
        policy = replace(Policy(**record.policy), device=device, precision="fp32", compiled=False, devices=1, nodes=1)
        recipe = recipe_type(make(recipe_type.Config, recipe_type.current(record.config)), spec, Compute(policy))
        loaded = ckpt.pick(record.path / "checkpoints", checkpoint)
        ckpt.restore(recipe, loaded, averaged=True, optimizers=False)
        for module in recipe.modules().values():
            module.eval()
        return cls(record, recipe, loaded.step, store.workspace)

    @property
    def capabilities(self) -> tuple[str, ...]:
        """Names of what the model can do."""
        return self.recipe.capabilities()

    def need(self, capability: str) -> Any:
        """Return the recipe if it has a capability.

        Raises:
            StudioError: it does not; says what it can do.
        """
        if capability not in self.capabilities:
            can = ", ".join(self.capabilities) or "nothing of that kind"
            raise StudioError(f"{self.recipe.title} cannot do that ({capability}).", f"It can: {can}.")
        return self.recipe

    def data(self, progress: Callable[[int, int, str], None] | None = None) -> DataSet:
        """Open the run's data set (once); a StudioError says when it was moved away or cannot be read."""
        if self._data is None:
            from studio.data.open import open_data

            options = make(DataOptions, self.record.data["options"])
            source, kind = self.record.data["source"], self.recipe.accepts
            if Path(source).is_absolute() and not Path(source).exists():
                raise BadInput(f"The data of {self.record.id} is not at {source} any more.", "Move it back there.")
            self._data = open_data(source, options, workspace=self.workspace, kind=kind, progress=progress)
        return self._data

    @property
    def latent_size(self) -> int:
        """Number of latent dimensions."""
        return int(self.need("Decodes" if "Decodes" in self.capabilities else "Encodes").latent_size)

    def sample(self, n: int, seed: int = 0) -> Pixels:
        """Draw `n` new pictures; equal seeds give equal pictures."""
        recipe = self.need("Samples")
        with torch.no_grad():
            return to_pixels(recipe.sample(n, generator(seed)))

    def prior(self, n: int, seed: int = 0) -> Points:
        """Draw `n` latent points."""
        recipe = self.need("Decodes")
        with torch.no_grad():
            return _numpy(recipe.prior(n, generator(seed)))

    def decode(self, z: Points) -> Pixels:
        """Return the pictures of latent points (N, D).

        Raises:
            BadInput: the points have another number of dimensions.
        """
        recipe = self.need("Decodes")
        points = np.atleast_2d(np.asarray(z, dtype=np.float32))
        if points.shape[1] != self.latent_size:
            raise BadInput(
                f"A latent point here has {self.latent_size} numbers, not {points.shape[1]}.", "Give that many values."
            )
        return self._in_chunks(lambda part: to_pixels(recipe.decode(self._tensor(part))), points)

    def encode(self, pixels: Pixels) -> Points:
        """Return the latent points of pictures."""
        recipe = self.need("Encodes")
        return self._in_chunks(lambda part: _numpy(recipe.encode(self._batch(part))), pixels)

    def reconstruct(self, pixels: Pixels) -> Pixels:
        """Return the model's version of each picture."""
        recipe = self.need("Reconstructs")
        return self._in_chunks(lambda part: to_pixels(recipe.reconstruct(self._batch(part))), pixels)

    def classify(self, pixels: Pixels) -> Points:
        """Return class probabilities float32 (N, K)."""
        recipe = self.need("Classifies")
        return self._in_chunks(lambda part: _numpy(recipe.classify(self._batch(part))), pixels)

    @property
    def inputs(self) -> tuple[Input, ...]:
        """What `generate` takes; empty when nothing can be chosen."""
        return tuple(self.recipe.inputs) if isinstance(self.recipe, Conditioned) else ()

    def draw(self, n: int, seed: int = 0) -> Inputs:
        """Draw random inputs for `n` pictures by name: float32 (N, size) or (N,), labels int64 (N,)."""
        recipe = self.need("Conditioned")
        with torch.no_grad():
            return {name: value.cpu().numpy() for name, value in recipe.draw(n, generator(seed)).items()}

    def generate(self, inputs: Inputs) -> Pixels:
        """Return the pictures of a full set of inputs, as `draw` gives them.

        Raises:
            BadInput: an input is missing, has another shape, or a label does not exist.
        """
        recipe = self.need("Conditioned")
        given = checked(recipe.inputs, inputs)
        count = len(next(iter(given.values())))
        made = []
        with torch.no_grad():
            for i in range(0, count, CHUNK):
                part = {name: self._tensor(value[i : i + CHUNK]) for name, value in given.items()}
                made.append(to_pixels(recipe.generate(part)))
        return np.concatenate(made)

    def sources(self, pixels: Pixels, backwards: bool = False, amount: float | None = None) -> Pixels:
        """Return pictures as members of the domain the model translates from, uint8 (N, H, W, 1 or 3)."""
        recipe = self.need("Translates")
        self._direction(backwards)
        return self._in_chunks(lambda part: to_pixels(recipe.sources(self._batch(part), backwards, amount)), pixels)

    def targets(self, pixels: Pixels) -> Pixels | None:
        """Return what `sources(pixels)` should become, or None where nobody knows."""
        recipe = self.need("Translates")
        if recipe.targets(self._batch(pixels[:1])) is None:
            return None
        return self._in_chunks(lambda part: to_pixels(recipe.targets(self._batch(part))), pixels)

    def translate(self, sources: Pixels, backwards: bool = False) -> Pixels:
        """Return members of the other domain, uint8 (N, H, W, C).

        Raises:
            BadInput: the pictures have other channels than the domain, or the model only translates one way.
        """
        recipe = self.need("Translates")
        self._direction(backwards)
        domain = recipe.domains[1 if backwards else 0]
        if sources.ndim != 4 or sources.shape[-1] != domain.channels:
            raise BadInput(
                f"Pictures of the domain {domain.name!r} have {domain.channels} channels.", "Make them with `sources`."
            )
        return self._in_chunks(lambda part: to_pixels(recipe.translate(self._pictures(part), backwards)), sources)

    def _direction(self, backwards: bool) -> None:
        if backwards and not self.recipe.both_ways:  # type: ignore[attr-defined]
            raise BadInput(f"{self.recipe.title} only translates one way.", "Leave the direction as it is.")

    def stylise(self, pixels: Pixels, style: Pixels | None = None, strength: float = 1.0) -> Pixels:
        """Repaint one picture of any size in the model's style, or in that of `style`.

        Args:
            pixels: uint8 (H, W, 3).
            style: uint8 (h, w, 3) for models that take any style.
            strength: 0 leaves the picture as it is, 1 is the full style.

        Returns:
            uint8 (H, W, 3).

        Raises:
            BadInput: the picture is smaller than 16 pixels on a side.
        """
        recipe = self.need("Stylises")
        if min(pixels.shape[:2]) < SMALLEST_STYLISED:
            size = f"{pixels.shape[1]} x {pixels.shape[0]}"
            raise BadInput(f"A picture of {size} is too small to be repainted.", "Use one of at least 16 pixels.")
        with torch.no_grad():
            made = recipe.stylise(self._any_size(pixels), None if style is None else self._any_size(style), strength)
        repainted: Pixels = to_pixels(made.expand(-1, 3, -1, -1))[0]
        return repainted

    def _any_size(self, pixels: Pixels) -> torch.Tensor:
        """Return float32 (1, C, H, W) in 0..1 with the model's number of channels."""
        x = self._pictures(pixels[None])
        return x if self.spec.shape[0] == 3 else grey(x)

    def write(self, prompt: str, n: int, temperature: float = 1.0, seed: int = 0) -> Iterator[str]:
        """Yield up to `n` pieces of text that follow the prompt."""
        recipe = self.need("WritesText")
        with torch.no_grad():
            yield from recipe.write(prompt, n, temperature, generator(seed))

    def next_tokens(self, prompt: str, temperature: float = 1.0, k: int = 10) -> list[tuple[str, float]]:
        """Return the `k` likeliest tokens after a prompt with their probabilities, likeliest first."""
        recipe = self.need("PredictsTokens")
        with torch.no_grad():
            found: list[tuple[str, float]] = recipe.next_tokens(prompt, temperature, k)
        return found

    def encoded(
        self, split: str = "val", limit: int = 5000, progress: Callable[[int, int, str], None] | None = None
    ) -> Encoded:
        """Encode examples of the run's data, evenly spread over the split."""
        data = self.data(progress)
        source = data.val if split == "val" and len(data.val) else data.train
        index = np.unique(np.linspace(0, len(source) - 1, min(limit, len(source))).astype(np.int64))
        x, labels = source.gather(index)
        pixels = np.ascontiguousarray(np.moveaxis(x, 1, -1))
        return Encoded(self.encode(pixels), labels, index, pixels)

    def _tensor(self, values: Points) -> torch.Tensor:
        return torch.from_numpy(np.ascontiguousarray(values)).to(self.recipe.compute.device)

    def _pictures(self, pixels: Pixels) -> torch.Tensor:
        """Return float32 (N, C, H, W) in 0..1 on the recipe's device, whatever the size."""
        x = torch.from_numpy(np.ascontiguousarray(np.moveaxis(pixels, -1, 1)))
        return to_batch(x.to(self.recipe.compute.device), None, self.recipe.compute).x

    def _batch(self, pixels: Pixels) -> torch.Tensor:
        """Turn pictures into what the recipe takes: float32 (N, C, H, W) in 0..1."""
        channels, height, width = self.spec.shape
        if pixels.shape[1:] != (height, width, channels):
            want, have = f"{width}x{height}x{channels}", "x".join(map(str, pixels.shape[1:]))
            raise BadInput(f"This model takes pictures of {want}, not {have}.", "Resize them first.")
        return self._pictures(pixels)

    def _in_chunks(self, work: Callable[[NDArray[Any]], NDArray[T]], values: NDArray[Any]) -> NDArray[T]:
        with torch.no_grad():
            return np.concatenate([work(values[i : i + CHUNK]) for i in range(0, max(len(values), 1), CHUNK)])


def _numpy(tensor: torch.Tensor) -> Points:
    return tensor.float().cpu().numpy()
