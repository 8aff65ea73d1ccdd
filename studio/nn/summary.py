"""What a model is made of: layers, shapes, parameters and multiplications, without allocating its weights.

A recipe offers nothing special for this. It is built once more on torch's "meta" device (shapes without memory),
one training step of each phase is run dry on a batch of two examples, and hooks note what every layer returned.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping
from contextlib import ExitStack
from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor, nn
from torch.optim import Optimizer

from studio.core.compute import Compute, Policy
from studio.core.recipe import Batch, Preset, Recipe, learned
from studio.core.spec import DataSpec

Hook = Any
DRY_DEVICES = ("meta", "cpu")
"""Tried in this order: a few layers (some recurrent ones) have no shape rule and need real memory."""


@dataclass(frozen=True)
class LayerRow:
    """One layer of a network's summary.

    Attributes:
        network: the recipe's attribute ("encoder").
        name: path inside the network ("body.0").
        kind: class of the layer ("Conv").
        output_shape: shape for one example, without the batch axis; empty when the layer did not run.
        parameters: weights, and the running mean and variance of batch normalisation, as Keras counts them.
        macs: multiply-accumulate operations of one forward pass of one example.
    """

    network: str
    name: str
    kind: str
    output_shape: tuple[int, ...]
    parameters: int
    macs: int


class DryCompute(Compute):
    """A `Compute` whose optimisation steps do nothing: for looking at shapes."""

    def minimise(self, loss: Tensor, optimizer: Optimizer) -> None:
        """Do nothing: a dry step must not need gradients."""


def preset_spec(preset: Preset, recipe: type[Recipe]) -> DataSpec:
    """Return a stand-in for the preset's data set, so that its model can be built without the data."""
    return DataSpec(
        name=preset.data,
        kind=recipe.accepts,
        shape=preset.shape,
        classes=tuple(str(i) for i in range(preset.classes)),
        vocabulary=tuple(f"token{i}" for i in range(preset.vocabulary_size)),
        tokens="word" if recipe.accepts == "text" else "",
        columns=preset.columns,
    )


def outline(recipe: type[Recipe], config: Any, spec: DataSpec, device: str = "meta") -> Recipe:
    """Build a recipe without weights: shapes and counts are right, numbers do not exist.

    Args:
        recipe: the class.
        config: an instance of its Config.
        spec: shapes of the data.
        device: "meta", or "cpu" for layers that cannot be built without memory.
    """
    with torch.device(device):
        return recipe(config, spec, DryCompute(Policy(device=device)))


def count(recipe: Recipe) -> dict[str, Any]:
    """Count parameters as Keras' summary does.

    Returns:
        total: all weights plus the running means and variances of batch normalisation, and what is learned by counting.
        trainable: weights that an optimiser may change, and what is learned by counting.
        by_network: total by the recipe's attribute name; networks without weights are left out.
    """
    networks = {name: _total(module) for name, module in recipe.modules().items()}
    fixed = sum(p.numel() for p in recipe.parameters() if not p.requires_grad)
    trainable = sum(map(learned, recipe.modules().values())) - fixed
    by_network = {name: total for name, total in networks.items() if total}
    return {"total": sum(by_network.values()), "trainable": trainable, "by_network": by_network}


def layers(recipe: Recipe, spec: DataSpec) -> list[LayerRow]:
    """List the layers of every network in the order of their first use.

    The recipe itself is not run: its weights, statistics and random state stay as they are.

    Args:
        recipe: any instance; a copy of its shape is built from its config.
        spec: shapes of the data.
    """
    for device in DRY_DEVICES:
        try:
            with torch.random.fork_rng(devices=[]):
                return _dry_run(outline(type(recipe), recipe.config, spec, device), spec, device)
        except (NotImplementedError, RuntimeError):
            if device == DRY_DEVICES[-1]:
                raise
    raise AssertionError("unreachable: the last device returns or raises")


def _dry_run(recipe: Recipe, spec: DataSpec, device: str) -> list[LayerRow]:
    rows: dict[str, LayerRow] = {}
    leaves = {f"{network} {name}": module for network, name, module in _leaves(recipe)}
    with ExitStack() as stack:
        for key, module in leaves.items():
            handle = module.register_forward_hook(_note(rows, key))
            stack.callback(handle.remove)
        stack.enter_context(torch.device(device))
        for phase in recipe.phases:
            recipe.phase = phase
            recipe.start_phase(phase)
            recipe.step(_fake_batch(spec, device))
    unused = [_row(key, module, (), 0) for key, module in leaves.items() if key not in rows and _total(module)]
    order = {name: i for i, name in enumerate(recipe.modules())}
    return sorted([*rows.values(), *unused], key=lambda row: order[row.network])


def _leaves(recipe: Recipe) -> Iterator[tuple[str, str, nn.Module]]:
    for network, root in recipe.modules().items():
        for name, module in root.named_modules():
            if not any(module.children()):
                yield network, name, module


def _note(rows: dict[str, LayerRow], key: str) -> Hook:
    def hook(module: nn.Module, inputs: tuple[Any, ...], output: Any) -> None:
        first = output[0] if isinstance(output, tuple) else output
        if key not in rows and isinstance(first, Tensor):
            rows[key] = _row(key, module, tuple(first.shape[1:]), _macs(module, inputs[0], first))

    return hook


def _row(key: str, module: nn.Module, shape: tuple[int, ...], macs: int) -> LayerRow:
    network, _, name = key.partition(" ")
    return LayerRow(network, name, type(module).__name__, shape, _total(module), macs)


def _macs(module: nn.Module, x: Tensor, y: Tensor) -> int:
    """Count the multiplications of one example, the batch axis being the first."""
    outputs, inputs = math.prod(y.shape[1:]), math.prod(x.shape[1:])
    if isinstance(module, nn.Linear):
        return outputs * module.in_features
    if isinstance(module, nn.Conv2d):
        return outputs * math.prod(module.weight.shape[1:])
    if isinstance(module, nn.ConvTranspose2d):
        return inputs * math.prod(module.weight.shape[1:])
    if isinstance(module, nn.RNNBase):
        return x.shape[1] * sum(p.numel() for name, p in module.named_parameters() if name.startswith("weight"))
    return 0


def _total(module: nn.Module) -> int:
    """Count weights and, like Keras, the running statistics of batch normalisation."""
    statistics = (
        buffer.numel()
        for name, buffer in module.named_buffers()
        if name.rpartition(".")[2] in ("running_mean", "running_var")
    )
    return learned(module) + sum(statistics)


def _fake_batch(spec: DataSpec, device: str) -> Batch:
    """Return two empty examples: batch normalisation refuses to learn from one."""
    n, text = 2, spec.kind == "text"
    whole = text or spec.table_of == "categories"
    x = torch.zeros(n, *spec.shape, dtype=torch.int64 if whole else torch.float32, device=device)
    labelled = text or bool(spec.classes)
    return Batch(x, torch.zeros(n, dtype=torch.int64, device=device) if labelled else None)


def to_json(rows: list[LayerRow]) -> list[Mapping[str, Any]]:
    """Return the rows as plain JSON types."""
    return [{**vars(row), "output_shape": list(row.output_shape)} for row in rows]
