"""Tiny data and shrunken recipes for the tests that every recipe passes."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import torch

from studio.core.compute import Compute, Policy
from studio.core.knobs import fields_of, make
from studio.core.recipe import Batch, Recipe
from studio.core.spec import Column, DataSpec

CLASSES = ("circle", "square", "star", "stripe")
IMAGE = DataSpec(name="tiny", kind="image", shape=(1, 16, 16), train_count=64, val_count=16, classes=CLASSES)
TEXT = DataSpec(
    name="tiny",
    kind="text",
    shape=(8,),
    train_count=64,
    val_count=16,
    vocabulary=("", *(f"w{i}" for i in range(1, 20))),
    tokens="word",
)
CATEGORIES = DataSpec(
    name="tiny",
    kind="table",
    shape=(3,),
    train_count=64,
    val_count=16,
    columns=(
        Column("hat", ("none", "cap", "crown", "wig")),
        Column("coat", ("red", "blue", "green")),
        Column("shoe", ("a", "b")),
    ),
)
NUMBERS = DataSpec(
    name="tiny", kind="table", shape=(2,), train_count=64, val_count=16, columns=(Column("age"), Column("income"))
)
WIDE = 16
"""Widths above this are divided by eight: the tests look at behaviour, not at capacity."""


def spec_for(cls: type[Recipe]) -> DataSpec:
    """Return the tiny data set's description that suits a recipe: domains are two classes."""
    if cls.family == "translation":
        return replace(IMAGE, classes=CLASSES[:2])
    if cls.accepts == "table":
        return CATEGORIES if cls.table_of == "categories" else NUMBERS
    return TEXT if cls.accepts == "text" else IMAGE


def small(cls: type[Recipe]) -> Any:
    """Return the recipe's default Config with narrow layers, small kernels and the shortest schedule of growth."""
    values: dict[str, Any] = {}
    for field in fields_of(cls.Config):
        if field.kind is tuple and field.default and max(field.default) > WIDE:
            values[field.name] = tuple(max(8, v // 8) for v in field.default)
        if field.kind is int and field.default > 4 * WIDE and field.knob.group == "Model":
            values[field.name] = max(int(field.knob.low or 1), field.default // 8)
        if field.kind is int and field.knob.group == "Growth":
            values[field.name] = int(field.knob.low or 0)
    return make(cls.Config, values)


def build(
    cls: type[Recipe], seed: int = 7, config: Any = None, spec: DataSpec | None = None, phase: str = ""
) -> Recipe:
    """Build a small recipe on the CPU from a seed, in training mode; in its first phase unless another is named."""
    torch.manual_seed(seed)
    recipe = cls(config or small(cls), spec or spec_for(cls), Compute(Policy()))
    return enter(recipe, phase or cls.phases[0])


def enter(recipe: Recipe, phase: str) -> Recipe:
    """Put a recipe into a training phase, as the engine does."""
    recipe.phase = phase
    recipe.start_phase(phase)
    return recipe


def batch_for(cls: type[Recipe], n: int = 12, seed: int = 0, spec: DataSpec | None = None) -> Batch:
    """Return a batch with something to learn: patterns by class, a text that counts upwards, or rows of a table."""
    spec = spec or spec_for(cls)
    random = torch.Generator().manual_seed(seed)
    if spec.kind == "text":
        starts = torch.randint(1, 20, (n, 1), generator=random)
        tokens = (starts + torch.arange(spec.shape[0] + 1) - 1) % 19 + 1
        return Batch(tokens[:, :-1], tokens[:, -1])
    if spec.kind == "table" and spec.table_of == "numbers":
        return Batch(torch.rand(n, *spec.shape, generator=random))
    if spec.kind == "table":
        return Batch(torch.stack([torch.arange(n) % (len(column.options) - 1) for column in spec.columns], dim=1))
    labels = torch.arange(n) % len(spec.classes)
    ramp = torch.linspace(0, 3.0, spec.shape[-1])
    waves = ((ramp[None, :] * (labels[:, None] + 1)).sin() > 0).float()  # (N, W)
    x = (waves[:, None, None, :] * waves[:, None, :, None]).expand(n, *spec.shape)
    return Batch((x + 0.05 * torch.rand(x.shape, generator=random)).clamp(0, 1).contiguous(), labels)


def train(recipe: Recipe, batch: Batch, steps: int, first: int = 0) -> list[dict[str, float]]:
    """Do seeded steps on one batch; return the metrics of each."""
    losses = []
    for step in range(first, first + steps):
        torch.manual_seed(1_000 + step)
        losses.append({name: float(value) for name, value in recipe.step(batch).items()})
    return losses


def rest(recipe: Recipe) -> Recipe:
    """Put every network into evaluation mode, as previews and panels find them."""
    for module in recipe.modules().values():
        module.eval()
    return recipe
