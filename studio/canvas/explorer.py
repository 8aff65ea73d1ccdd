"""Random recipes for dreams: press a button, look at a sheet of small ones, keep what pleases."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import numpy as np

from studio.canvas import policy
from studio.canvas.backbone import LOGIT, Backbone, Layer
from studio.canvas.dream import DreamSession
from studio.canvas.dream_config import DreamConfig
from studio.canvas.objective import Term, written
from studio.canvas.picture import Pixels, Source
from studio.core import seeds
from studio.core.compute import Compute
from studio.core.errors import BadConfig
from studio.core.knobs import make

PREVIEW_OCTAVES, PREVIEW_STEPS = 3, 24
"""At most that many octaves, and steps in all, of a preview."""
ATTEMPTS = 50
"""Draws per recipe before a network is taken to have no more different ones."""


def random_recipes(backbone: Backbone, n: int, seed: int = 0) -> list[dict[str, Any]]:
    """Return `n` different settings of a dream (`DreamConfig` fields; pass them as `DreamRequest.settings`).

    Drawn: one to three layers with weights (sometimes one pushes away), single channels, classes where the network
    has them, octaves and their scale, step, steps per octave, jitter, smoothing. The same seed gives the same list,
    and a longer list begins with the shorter one.

    Args:
        backbone: whose layers are used; its id is in every recipe.
        n: how many.
        seed: of the draw.
    """
    rng = np.random.default_rng(seeds.derive(seed, "explorer"))
    recipes: list[dict[str, Any]] = []
    seen: set[str] = set()
    for _ in range(n * ATTEMPTS):
        if len(recipes) == n:
            break
        recipe = _recipe(backbone, rng)
        if recipe["layers"] not in seen:
            seen.add(recipe["layers"])
            recipes.append(recipe)
    return recipes


def _recipe(backbone: Backbone, rng: np.random.Generator) -> dict[str, Any]:
    return {
        "backbone": backbone.id,
        "layers": written(_terms(backbone, rng), backbone),
        "octaves": int(rng.integers(2, 7)),
        "octave_scale": round(float(rng.uniform(1.25, 1.8)), 2),
        "iterations": int(rng.integers(8, 33)),
        "step": round(float(np.exp(rng.uniform(np.log(0.005), np.log(0.03)))), 4),
        "jitter": int(rng.choice([4, 8, 16, 32])),
        "smoothing": float(rng.choice([0.0, 0.0, 0.0, 0.5, 1.0])),
        "laplacian": int(rng.choice([0, 0, 0, 3, 4])),
        "seed": int(rng.integers(2**31)),
    }


def _terms(backbone: Backbone, rng: np.random.Generator) -> list[Term]:
    """Draw what to look for: whole layers, a few channels of one layer, or a class; deeper layers more often."""
    layers = [layer for layer in backbone.layers if layer.name != LOGIT]
    chances = np.array([0.2 + layer.depth for layer in layers])
    kind = rng.choice(["layers", "channels", "class"], p=[0.45, 0.4, 0.15] if backbone.classes else [0.55, 0.45, 0])
    count = int(rng.integers(1, 4))
    if kind == "class":
        helper = layers[int(rng.choice(len(layers), p=chances / chances.sum()))]
        share = Term(helper.name, None, _weight(rng, 0.2))
        return [Term(LOGIT, int(rng.integers(len(backbone.classes))), _weight(rng)), *([share] if count > 1 else [])]
    chosen = rng.choice(len(layers), size=min(count, len(layers)), replace=False, p=chances / chances.sum())
    signed = [_weight(rng) * (-0.5 if i > 0 and rng.random() < 0.25 else 1.0) for i in range(3)]
    if kind == "channels":
        return _channels(layers[int(chosen[0])], count, signed, rng)
    return [Term(layers[int(i)].name, None, weight) for i, weight in zip(sorted(chosen), signed, strict=False)]


def _channels(layer: Layer, count: int, weights: Sequence[float], rng: np.random.Generator) -> list[Term]:
    chosen = rng.choice(layer.channels, size=min(count, layer.channels), replace=False)
    return [Term(layer.name, int(c), weight) for c, weight in zip(chosen, weights, strict=False)]


def _weight(rng: np.random.Generator, scale: float = 1.0) -> float:
    return round(float(scale * np.exp(rng.uniform(-0.7, 0.7))), 2)


def previews(
    backbone: Backbone,
    picture: Source | None,
    recipes: Sequence[Mapping[str, Any]],
    size: int = 160,
    compute: Compute | None = None,
) -> Iterator[tuple[int, Pixels]]:
    """Dream each recipe small and quick, for a contact sheet; closing the iterator ends it.

    Args:
        backbone: the network.
        picture: what to dream on; None begins from noise.
        recipes: settings as `random_recipes` makes them.
        size: longer side in pixels.
        compute: device and precision; None chooses.

    Yields:
        (index of the recipe, uint8 (H, W, 3)). A recipe that the network refuses at this size is left out.
    """
    compute = compute or policy.choose()
    for index, recipe in enumerate(recipes):
        try:
            pixels = _preview(backbone, picture, recipe, size, compute)
        except BadConfig:
            continue
        yield index, pixels


def _preview(
    backbone: Backbone, picture: Source | None, recipe: Mapping[str, Any], size: int, compute: Compute
) -> Pixels:
    """Dream in few octaves and steps, with the step made longer so that as much happens."""
    config = make(DreamConfig, {**recipe, "size": size})
    octaves = min(config.octaves, PREVIEW_OCTAVES)
    iterations = max(1, min(config.iterations, PREVIEW_STEPS // octaves))
    step = min(0.05, config.step * (config.iterations / iterations) ** 0.5)
    quick = {"octaves": octaves, "iterations": iterations, "step": step, "jitter": min(config.jitter, size // 16)}
    start = {"start": "noise"} if picture is None else {}
    session = DreamSession(make(DreamConfig, {**recipe, "size": size, **quick, **start}), backbone, compute, picture)
    for _ in session.events():
        pass
    return session.pixels()
