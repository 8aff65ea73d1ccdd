"""What Judge's worker does: open a run, let the doctor look, lay out the evidence. Nothing here touches a widget."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    from studio.quality.doctor import Finding
    from studio.quality.remedies import Prepared

Progress = Callable[[int, int, str], None]
COUNT = 1_000
COLUMNS, PAIRS = 12, 8
"""Samples beside their neighbours; equal pairs that are shown."""
CURVES = ("loss_d", "loss_g", "acc_real", "acc_fake", "wasserstein", "clipped")


@dataclass(frozen=True)
class Examination:
    """What the page shows about one run.

    Attributes:
        run, recipe: ids.
        source, options: its data.
        step: of the checkpoint.
        findings: the worst first, each with the remedies that this run can take.
        samples, by_pixels, by_features: uint8 (N, H, W, C), N at most `COLUMNS`.
        pairs: equal pictures, uint8 (2 P, H, W, C), one beside the other.
        repeats: what the birthday test says, one sentence.
        document: as the command line prints it.
        series: metric -> steps, values; those of `CURVES` that the run has.
        live: names of knobs that can be turned while it trains.
    """

    run: str
    recipe: str
    source: str
    options: Mapping[str, Any]
    step: int
    findings: tuple[tuple[Finding, tuple[Prepared, ...]], ...]
    samples: NDArray[np.uint8]
    by_pixels: NDArray[np.uint8]
    by_features: NDArray[np.uint8]
    pairs: NDArray[np.uint8]
    repeats: str
    document: Mapping[str, Any]
    series: Mapping[str, tuple[Sequence[float], Sequence[float]]]
    live: frozenset[str]


def samplers(progress: Progress) -> frozenset[str]:
    """Return the ids of recipes that draw pictures (loads the recipes)."""
    progress(0, 0, "Loading the recipes")
    from studio.core import registry

    return frozenset(name for name, cls in registry.recipes().items() if "Samples" in cls.capabilities())


def examine(workspace: Path, run_id: str, checkpoint: str, progress: Progress) -> Examination:
    """Examine a run.

    Raises:
        StudioError: no such run or checkpoint, it draws no pictures, or its data is gone.
    """
    progress(0, 0, "Loading the weights")
    from studio.core.control import TRAIN_ONLY
    from studio.core.recipe import live_knobs
    from studio.core.store import Store
    from studio.runs.quality_doctor import diagnose
    from studio.runs.trained import TrainedModel

    store = Store(workspace)
    try:
        model = TrainedModel.open(store, run_id, checkpoint)
        found = diagnose(model, store, COUNT, progress=progress)
    finally:
        store.close()
    chosen = _chosen(found)
    repeats = found.evidence.repeats
    data = model.record.data
    return Examination(
        run=model.record.id,
        recipe=model.record.recipe,
        source=str(data["source"]),
        options=dict(data.get("options") or {}),
        step=model.step,
        findings=tuple(zip(found.findings, found.prepared, strict=True)),
        samples=found.samples[chosen],
        by_pixels=found.lookalikes.pixels[chosen],
        by_features=found.lookalikes.features[chosen],
        pairs=found.samples[repeats.pairs[:PAIRS].flatten()] if repeats is not None else found.samples[:0],
        repeats=_repeats(found),
        document=found.document,
        series={name: _thinned(*found.series[name]) for name in CURVES if name in found.series},
        live=frozenset({*live_knobs(type(model.recipe)), TRAIN_ONLY}),
    )


def measure(workspace: Path, run_id: str, step: int, progress: Progress) -> tuple[list[dict[str, Any]], str]:
    """Measure a checkpoint with as many samples as the command line takes.

    Returns:
        The figures, and a remark: how FID becomes available, or "".

    Raises:
        StudioError: no such run or checkpoint, it draws no pictures, or its data is gone.
    """
    from studio.core.store import Store
    from studio.quality import inception
    from studio.runs import quality
    from studio.runs.trained import TrainedModel

    store = Store(workspace)
    try:
        model = TrainedModel.open(store, run_id, step)
    finally:
        store.close()
    figures: list[dict[str, Any]] = quality.measure(model, progress=progress)["figures"]
    return figures, "" if inception.found(workspace) else str(inception.missing(workspace))


def _chosen(found: Any) -> list[int]:
    """Return the samples that are shown: those the findings point at first."""
    there = len(found.lookalikes.pixels)
    pointed = [i for finding in found.findings for i in finding.pictures if i < there]
    return list(dict.fromkeys([*pointed, *range(there)]))[:COLUMNS]


def _repeats(found: Any) -> str:
    repeats = found.evidence.repeats
    if repeats is None:
        return ""
    if repeats.bound:
        least = f"{repeats.support:,.0f}"
        return f"None among {repeats.count} samples: it knows at least {least} different pictures (birthday test)."
    pairs = f"{len(repeats.pairs):,} equal pair{'s' if len(repeats.pairs) > 1 else ''} among {repeats.count} samples"
    return f"{pairs}: it knows about {max(repeats.support, 1):,.0f} different pictures (birthday test)."


def _thinned(steps: Any, values: Any, most: int = 20_000) -> tuple[Sequence[float], Sequence[float]]:
    stride = max(1, len(steps) // most)
    return steps[::stride], values[::stride]
