"""A person's own runs as backbones: classifiers, encoders, discriminators, whatever has convolutions over pictures."""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from studio.canvas import backbones
from studio.core.errors import NotAvailable
from studio.core.store import Store

if TYPE_CHECKING:
    from torch import nn

    from studio.canvas.backbone import Backbone, Layer, Preprocessing
    from studio.core.records import RunRecord
    from studio.runs.trained import TrainedModel

MAKERS = ("decoder", "generator")
"""Networks that make pictures instead of looking at them."""
MOST_HEADER = 10_000_000


def from_run(run_id: str, workspace: Path) -> Backbone:
    """Return the network of a run as a backbone: the best checkpoint, averaged weights if there are any.

    Its layers are its convolutions, "conv1", "conv2", …, read after their activation; a classifier's classes are
    "logit", for which the picture is resized to what the run was trained on.

    Args:
        run_id: id, unique beginning, or "last".
        workspace: where the run is.

    Raises:
        NotAvailable: nothing in it looks at pictures through convolutions.
        StudioError: no such run, or its checkpoint is damaged.
    """
    from studio.canvas.backbone import LOGIT, Backbone, Layer
    from studio.canvas.backbones.files import fingerprint
    from studio.canvas.backbones.watched import Watched, smallest_side
    from studio.runs.trained import TrainedModel

    store = Store(workspace)
    try:
        model = TrainedModel.open(store, run_id)
    finally:
        store.close()
    record, channels = model.record, model.spec.shape[0]
    chosen = _chosen(model)
    names, layers = chosen.classes, chosen.layers
    if names:
        layers = (*layers, Layer(LOGIT, len(names), layers[-1].stride, 1.0, "the classes it was trained on"))
    last = chosen.layers[-1].name
    return Backbone(
        id=f"run:{record.id}",
        title=_title(record),
        module=Watched(chosen.net, chosen.taps, model.spec.shape[1] if names else 0),
        layers=layers,
        preprocessing=_preprocessing(model, channels),
        classes=names,
        fingerprint=fingerprint(chosen.net.state_dict()),
        dream=f"{last}:1",
        content=f"{last}:1",
        style=", ".join(f"{layer.name}:1" for layer in chosen.layers[:5]),
        smallest=smallest_side(chosen.net, channels, chosen.taps[last]),
        licence="your own",
    )


@dataclass(frozen=True)
class _Choice:
    net: nn.Module
    layers: tuple[Layer, ...]
    taps: dict[str, str]
    classes: tuple[str, ...]


def _chosen(model: TrainedModel) -> _Choice:
    """Return the network with the most convolutions over pictures; of a classifier, the one that gives its classes."""
    from studio.canvas.backbones.watched import layers_of

    channels, kinds = model.spec.shape[0] if len(model.spec.shape) == 3 else 0, model.capabilities
    if channels not in (1, 3):
        raise _unusable(model, "it was not trained on grey or colour pictures")
    choices = []
    for net in model.recipe.modules().values():
        layers, taps = layers_of(net, channels)
        classes = model.spec.classes if "Classifies" in kinds and _gives(net, model) else ()
        choices.append(_Choice(net, layers, taps, tuple(classes)))
    best = max(choices, key=lambda choice: (bool(choice.classes), len(choice.layers)), default=None)
    if best is None or not best.layers:
        raise _unusable(model, "no part of it looks at pictures through convolutions")
    return best


def _gives(net: nn.Module, model: TrainedModel) -> bool:
    """Return whether a network gives one number per class of the run's pictures."""
    import torch

    from studio.canvas.backbones.watched import watch

    seen = watch(net, torch.zeros(1, *model.spec.shape))
    return bool(seen) and tuple(seen[-1].shape) == (1, len(model.spec.classes))


def _unusable(model: TrainedModel, why: str) -> NotAvailable:
    return NotAvailable(
        f"{model.record.id} ({model.recipe.title}) cannot be looked through: {why}.",
        "Take a run of a convolutional classifier, autoencoder, VAE or GAN.",
    )


def _preprocessing(model: TrainedModel, channels: int) -> Preprocessing:
    """Return what the run's networks saw: 0..1, or -1..1."""
    from studio.canvas.backbone import Preprocessing

    middle, deviation = (0.5, 0.5) if model.recipe.signed else (0.0, 1.0)
    return Preprocessing((middle,) * channels, (deviation,) * channels, channels=channels)


# ---- lists; quick, without torch


def candidates(store: Store) -> list[tuple[str, str]]:
    """Return ("run:ID", title) of the runs that can probably be looked through, newest first.

    Only the table of contents of each newest checkpoint is read.
    """
    return [(f"run:{record.id}", _title(record)) for record in store.runs() if _promising(record)]


def titles(workspace: Path, store: Store | None = None) -> list[tuple[str, str, bool]]:
    """Return (id, title, installed) of every network that can be chosen: registry, remembered files, own runs."""
    own = candidates(store) if store is not None else []
    return [*backbones.titles(workspace), *((run, title, True) for run, title in own)]


def _title(record: RunRecord) -> str:
    return f"{record.title or record.recipe} ({record.id})"


def _promising(record: RunRecord) -> bool:
    """Return whether a checkpoint holds convolutions from pictures to something."""
    shape = record.data.get("spec", {}).get("shape", ())
    if len(shape) != 3 or shape[0] not in (1, 3):
        return False
    found = sorted(record.path.glob("checkpoints/step_*/model.safetensors"))
    contents = _contents(found[-1]) if found else {}
    return any(
        name.partition("/")[0] not in MAKERS and len(tensor["shape"]) == 4 and tensor["shape"][1] == shape[0]
        for name, tensor in contents.items()
    )


def _contents(path: Path) -> dict[str, Any]:
    """Return name -> {"shape": …} of a safetensors file from its header; {} for a damaged one."""
    try:
        with path.open("rb") as file:
            length = int.from_bytes(file.read(8), "little")
            header = json.loads(file.read(length)) if length < MOST_HEADER else {}
        return {name: tensor for name, tensor in header.items() if name != "__metadata__"}
    except (OSError, ValueError, AttributeError):  # opening it will say what is wrong; a list need not
        return {}
