"""Judging a trained generator: its figures with their protocols, its classes, whether it draws what it is asked for.

`measure` gives figures, `diagnose` what the GAN doctor finds, both as documents in plain JSON types that are left in
the run's exports; the calculations are in `studio.quality`.
"""

from __future__ import annotations

import time
from typing import Any

import numpy as np

from studio import __version__
from studio.core import seeds
from studio.core.capabilities import Input
from studio.core.errors import BadInput
from studio.core.files import explained, write_json
from studio.data.progress import Progress, silent
from studio.quality import coverage as modes
from studio.quality import inception
from studio.quality.features import FeatureNet, feature_net
from studio.quality.measures import Compared, Figure, compare, inception_figures
from studio.quality.pictures import picked
from studio.runs.trained import Pixels, TrainedModel

FEWEST, MOST = 16, 50_000
CHUNK = 250
"""Pictures drawn at once."""


def samples(model: TrainedModel, count: int, seed: int = 0, progress: Progress = silent) -> Pixels:
    """Draw many pictures, uint8 (count, H, W, C); equal seeds give equal pictures.

    Raises:
        BadInput: too few or too many, or the model's pictures are unlike its data's.
        StudioError: the model draws no pictures.
    """
    if not FEWEST <= count <= MOST:
        raise BadInput(f"{count:,} samples cannot be judged.", f"Use {FEWEST} to {MOST:,}.")
    parts = []
    for number, start in enumerate(range(0, count, CHUNK)):
        progress(start, count, "Drawing samples")
        parts.append(model.sample(min(CHUNK, count - start), seeds.derive(seed, "judge", number)))
    made = np.concatenate(parts)
    channels, height, width = model.spec.shape
    if made.shape[1:] != (height, width, channels):
        raise BadInput("The model's pictures have another shape than its data.", "They cannot be compared.")
    return made


def label_input(model: TrainedModel) -> Input | None:
    """Return the input by which a class can be asked for; None where there is none."""
    found = (given for given in model.inputs if given.kind == "label" and given.size == len(model.spec.classes))
    return next(found, None)


def asked(
    model: TrainedModel, label: Input, count: int, seed: int = 0, progress: Progress = silent
) -> tuple[Pixels, modes.Labels]:
    """Draw pictures of every class in turn; return uint8 (count, H, W, C) and the asked labels int64 (count,)."""
    labels = np.arange(count, dtype=np.int64) % label.size
    parts = []
    for number, start in enumerate(range(0, count, CHUNK)):
        progress(start, count, "Asking for each class")
        part = labels[start : start + CHUNK]
        inputs = model.draw(len(part), seeds.derive(seed, "asked", number))
        parts.append(model.generate({**inputs, label.name: part}))
    return np.concatenate(parts), labels


def measure(
    model: TrainedModel, count: int = 5_000, seed: int = 0, progress: Progress = silent, *, keep: bool = True
) -> dict[str, Any]:
    """Measure a trained generator against its training data.

    Args:
        model: draws pictures (capability Samples) of the data's shape.
        count: pictures to draw; as many training pictures are compared with them.
        seed: of the samples and of the real pictures drawn.
        progress: told often; may raise `Cancelled`.
        keep: write the document to the run's exports.

    Returns:
        `run`, `recipe`, `step`, `count`, `seed`, `network` (`name`, `accuracy`, `resize`), `figures` (a list, see
        `studio.quality.measures.Figure`), and where there are classes `classes`: `names`, `counts`, `expected`,
        `covered`, `missing`, `entropy`; for models that can be asked for a class `agreement`: `share`, `low`, `high`,
        `by_class`.

    Raises:
        StudioError: it draws no pictures, or its data is not there any more.
        Cancelled: `progress` raised it.
    """
    begun = time.perf_counter()
    fakes = samples(model, count, seed, progress)
    data = model.data(progress)
    net = feature_net(data, model.workspace, progress)
    found = compare(fakes, data, net, seed, progress)
    figures = [*found.figures, *published(model, fakes, seed, progress)]
    document = {
        **head(model, net, count, seed),
        "figures": [figure.to_json() for figure in figures],
        **classes_of(found, net),
        **agreement_of(model, net, count, seed, progress),
        "seconds": round(time.perf_counter() - begun, 1),
    }
    if keep:
        folder = model.record.path / "exports"
        with explained(folder):
            folder.mkdir(exist_ok=True)
        write_json(folder / f"measured-{model.step}.json", document)
    return document


def published(model: TrainedModel, fakes: Pixels, seed: int = 0, progress: Progress = silent) -> list[Figure]:
    """Return FID, KID and IS when the weights of their network are at hand, else nothing."""
    if (path := inception.found(model.workspace)) is None:
        return []
    real = picked(model.data(progress).train, len(fakes), seed)[0]
    return inception_figures(real, fakes, inception.load(path), seed, progress)


def head(model: TrainedModel, net: FeatureNet, count: int, seed: int) -> dict[str, Any]:
    """Return the part of a document that says what was judged, with what."""
    return {
        "run": model.record.id,
        "recipe": model.record.recipe,
        "preset": model.record.preset,
        "data": model.spec.name,
        "step": model.step,
        "count": count,
        "seed": seed,
        "version": __version__,
        "network": {"name": net.name, "accuracy": net.accuracy, "resize": net.resize},
    }


def classes_of(found: Compared, net: FeatureNet) -> dict[str, Any]:
    """Return the part of a document about the classes among the generated pictures."""
    if (spread := found.coverage) is None:
        return {}
    return {
        "classes": {
            "names": list(net.classes),
            "counts": spread.counts.tolist(),
            "expected": [round(float(share), 4) for share in spread.expected],
            "covered": spread.covered,
            "missing": [net.classes[i] for i in spread.missing],
            "entropy": spread.entropy,
        }
    }


def agreement_of(
    model: TrainedModel, net: FeatureNet, count: int, seed: int, progress: Progress = silent
) -> dict[str, Any]:
    """Return the part of a document about pictures that were asked for by label; empty where none can be."""
    label = label_input(model)
    if label is None or not net.classes:
        return {}
    pictures, labels = asked(model, label, count, seed, progress)
    found = modes.agreement(labels, net.look(pictures, progress, "Reading the labels").labels, label.size)
    by_class = [round(float(share), 4) for share in found.by_class]
    return {"agreement": {"share": found.share, "low": found.low, "high": found.high, "by_class": by_class}}
