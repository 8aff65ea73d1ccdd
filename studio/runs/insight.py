"""What a classifier sees: its answers on held-out pictures, where it errs, its layers, feature maps and filters.

Everything takes a `TrainedModel` with the capability `Classifies` and returns numpy; the slow parts report progress.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from studio.core.errors import BadInput, NotAvailable

if TYPE_CHECKING:
    from studio.runs.trained import Pixels, TrainedModel

Progress = Callable[[int, int, str], None]
Floats = NDArray[np.float32]
CHUNK = 256


@dataclass(frozen=True, eq=False)
class Judged:
    """A model's answers on held-out pictures.

    Attributes:
        pixels: uint8 (N, H, W, C).
        labels: the truth, int64 (N,).
        probabilities: float32 (N, K).
        classes: K names.
    """

    pixels: Pixels
    labels: NDArray[np.int64]
    probabilities: Floats
    classes: tuple[str, ...]

    @cached_property
    def answers(self) -> NDArray[np.int64]:
        """The likeliest class of each picture, int64 (N,)."""
        return np.asarray(self.probabilities.argmax(axis=1), np.int64)

    @cached_property
    def sureness(self) -> Floats:
        """Probability of each answer, float32 (N,)."""
        best: Floats = self.probabilities.max(axis=1)
        return best

    @cached_property
    def right(self) -> NDArray[np.bool_]:
        """Whether each answer is the truth, bool (N,)."""
        return np.asarray(self.answers == self.labels)

    @cached_property
    def confusion(self) -> NDArray[np.int64]:
        """Number of pictures by truth (rows) and answer (columns), int64 (K, K)."""
        return confusion(self.labels, self.answers, len(self.classes))

    @property
    def accuracy(self) -> float:
        """Share of right answers, 0..1."""
        return float(self.right.mean())

    @cached_property
    def by_class(self) -> NDArray[np.float64]:
        """Share of right answers among the pictures of each class, float64 (K,); NaN for a class without pictures."""
        counts = self.confusion.sum(axis=1)
        with np.errstate(invalid="ignore"):
            return np.asarray(self.confusion.diagonal() / counts, np.float64)

    def chosen(self, which: str = "all", cell: tuple[int, int] | None = None) -> NDArray[np.int64]:
        """Return the positions of pictures, surest answers first.

        Args:
            which: "all", "right" or "wrong".
            cell: only those of this truth and answer.
        """
        keep = {"all": np.ones(len(self.labels), bool), "right": self.right, "wrong": ~self.right}[which]
        if cell is not None:
            keep = keep & (self.labels == cell[0]) & (self.answers == cell[1])
        found = np.flatnonzero(keep)
        return found[np.argsort(-self.sureness[found], kind="stable")]


def confusion(labels: NDArray[np.int64], answers: NDArray[np.int64], classes: int) -> NDArray[np.int64]:
    """Count the pictures of each truth (rows) that got each answer (columns): int64 (K, K)."""
    counts = np.bincount(labels * classes + answers, minlength=classes * classes)
    return counts.reshape(classes, classes).astype(np.int64)


def judge(model: TrainedModel, limit: int = 0, progress: Progress | None = None) -> Judged:
    """Classify held-out pictures (training pictures when nothing was held out).

    Args:
        model: the classifier.
        limit: at most that many, spread evenly; 0 is all.
        progress: called with (done, total, what).

    Raises:
        StudioError: the model does not classify, or its data cannot be opened.
        BadInput: the data has no labels.
    """
    model.need("Classifies")
    data = model.data()
    split = data.val if len(data.val) else data.train
    index = np.unique(np.linspace(0, len(split) - 1, min(limit or len(split), len(split))).astype(np.int64))
    pixels, labels, answers = [], [], []
    for start in range(0, len(index), CHUNK):
        if progress is not None:
            progress(start, len(index), "classifying")
        x, y = split.gather(index[start : start + CHUNK])
        if y is None:
            raise BadInput(f"{model.spec.name} has no labels to compare with.", "Use a data set with classes.")
        pixels.append(np.ascontiguousarray(np.moveaxis(x, 1, -1)))
        labels.append(y)
        answers.append(model.classify(pixels[-1]))
    return Judged(np.concatenate(pixels), np.concatenate(labels), np.concatenate(answers), model.spec.classes)


# ---- inside the network


@dataclass(frozen=True)
class LayerInfo:
    """A layer, in the order of computation.

    Attributes:
        name: where it is ("network.3"); what the other functions take.
        kind: its class ("Conv").
        shape: what it returns for one picture, (channels, h, w), (steps, units) or (units,).
        filters: whether its weights can be shown as pictures.
    """

    name: str
    kind: str
    shape: tuple[int, ...]
    filters: bool

    @property
    def title(self) -> str:
        """A line for a list: name, kind, shape."""
        return f"{self.name} · {self.kind} · {' x '.join(map(str, self.shape))}"


def layers(model: TrainedModel) -> tuple[LayerInfo, ...]:
    """List the layers that a picture goes through, in order.

    Raises:
        StudioError: the model does not classify.
    """
    modules = _leaves(model)
    with _watched(modules) as found:
        _classify(model, torch.zeros(1, *model.spec.shape))
    return tuple(
        LayerInfo(name, type(modules[name]).__name__, tuple(out.shape[1:]), _kernels(modules[name], model) is not None)
        for name, out in found.items()
    )


def feature_maps(model: TrainedModel, picture: Pixels, layer: str) -> Floats:
    """Return what a layer makes of a picture.

    Args:
        model: the classifier.
        picture: uint8 (H, W, C).
        layer: a name of `layers`.

    Returns:
        float32 (channels, h, w); a layer without places gives (1, 1, units), one with time steps (1, steps, units).

    Raises:
        BadInput: there is no such layer, or the picture has another size.
    """
    modules = _leaves(model)
    if layer not in modules:
        raise BadInput(f"There is no layer called {layer!r}.", f"There are: {', '.join(modules)}.")
    with _watched({layer: modules[layer]}) as found:
        _classify(model, model._batch(picture[None]))
    if layer not in found:
        raise BadInput(f"The layer {layer!r} is not used when a picture is classified.", "Take another layer.")
    maps = found[layer][0].float().cpu().numpy()
    return maps if maps.ndim == 3 else maps.reshape(1, 1, -1) if maps.ndim == 1 else maps[None]


def filters(model: TrainedModel, layer: str) -> Floats:
    """Return a layer's kernels as pictures.

    Returns:
        float32 (filters, channels, h, w); of a Dense layer on the pixels themselves one picture per unit.

    Raises:
        BadInput: there is no such layer.
        NotAvailable: its weights have no places.
    """
    modules = _leaves(model)
    if layer not in modules:
        raise BadInput(f"There is no layer called {layer!r}.", f"There are: {', '.join(modules)}.")
    kernels = _kernels(modules[layer], model)
    if kernels is None:
        raise NotAvailable(f"{layer} has no filters to look at.", "Take a convolution, or a Dense layer on pixels.")
    weights: Floats = kernels.detach().float().cpu().numpy()
    return weights


def _kernels(module: nn.Module, model: TrainedModel) -> Tensor | None:
    if isinstance(module, nn.Conv2d):
        return module.weight
    if isinstance(module, nn.Linear) and module.in_features == int(np.prod(model.spec.shape)):
        return module.weight.reshape(-1, *model.spec.shape)
    return None


def _leaves(model: TrainedModel) -> dict[str, nn.Module]:
    """Return every module without children by its name; the recipe's only network needs no prefix."""
    model.need("Classifies")
    networks = model.recipe.modules()
    found = {}
    for prefix, network in networks.items():
        for name, module in network.named_modules():
            if not any(module.children()):
                found[f"{prefix}.{name}" if name else prefix] = module
    return found


@contextmanager
def _watched(modules: dict[str, nn.Module]) -> Iterator[dict[str, Tensor]]:
    """Note the first output of each module, in the order of computation."""
    found: dict[str, Tensor] = {}

    def note(name: str, output: Any) -> None:
        first = output[0] if isinstance(output, tuple) else output
        if isinstance(first, Tensor):
            found.setdefault(name, first)

    handles = [m.register_forward_hook(lambda _m, _i, out, n=name: note(n, out)) for name, m in modules.items()]
    try:
        yield found
    finally:
        for handle in handles:
            handle.remove()


def _classify(model: TrainedModel, x: Tensor) -> None:
    with torch.no_grad():
        model.need("Classifies").classify(x.to(model.recipe.compute.device))
