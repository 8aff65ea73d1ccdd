"""Canvas recipes as files: exports that carry them, copies of their pictures, and the way back to a request.

The recipe is the document of `Session.recipe`, plain JSON::

    {"kind": "dream" | "transfer", "version": 1, "studio": "0.3", "steps": 80,
     "config": {knob: value}, "changes": {"12": {knob: value}},
     "backbone": {"id": "compact", "fingerprint": "…"},
     "sources": {ROLE: {"path": "…", "sha256": "…", "height": 480, "width": 640}},
     "styles": [{"role": "style 1", "weight": 1.0}],            (transfer)
     "masks": {ROLE: base64 PNG}, "policy": {…}}

Roles of sources: "picture", "guide" (dream); "content", "style 1", "style 2", … (transfer). Roles of masks: "mask"
(where the dream grows, where content counts), "style 1" (where that style acts), "region 1" (what of it counts).

Recipes come from files of unknown origin: `request_of` checks every value, opens no file but pictures whose SHA-256
the recipe names, never a network path, and names no weights that were not chosen here before.
"""

from __future__ import annotations

import base64
import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from studio.canvas.masks import mask_of, mask_text
from studio.canvas.recipe import RECIPE_VERSION
from studio.core.errors import BadInput
from studio.core.knobs import make, to_json
from studio.data.pictures import size_of
from studio.runs import pictures
from studio.runs.canvas_sources import find_source, keep_source, malformed
from studio.runs.canvases import DreamRequest, StyleRequest, TransferRequest

__all__ = ["ending", "export", "find_source", "keep_source", "kind_of", "read_recipe", "request_of", "settings_in"]

KINDS = ("dream", "transfer")
ENDINGS = (".png", ".jpg", ".jpeg", ".tif", ".tiff", ".webp")
MOST_STYLES, MOST_CHANGES, MOST_STEPS = 64, 10_000, 10_000_000
LARGEST_MASK = 2048
"""Pixels a side; the studio writes at most 512."""
_OLD = "Choose a picture that Dream or Transfer exported."


# ---- exports


def export(path: Path, pixels: NDArray[np.uint8], recipe: Mapping[str, Any]) -> Path:
    """Write a result with its recipe inside, in the format of the path's ending.

    Args:
        path: ends in .png, .jpg, .jpeg, .tif, .tiff or .webp.
        pixels: uint8 (H, W, 3).
        recipe: `Session.recipe()`.

    Raises:
        BadInput: another ending, or a picture larger than the format can hold.
        StoreError: the disk is full or the folder cannot be written; an older file of that name is untouched.
    """
    suffix, document = ending(path), _fitting(recipe)
    if suffix == ".png":
        return pictures.save_png(path, pixels, document)
    if suffix in (".jpg", ".jpeg"):
        return pictures.save_jpeg(path, pixels, document)
    if suffix in (".tif", ".tiff"):
        return pictures.save_tiff(path, pixels, document)
    return pictures.save_webp(path, pixels[None], recipe_json=document)


def _fitting(recipe: Mapping[str, Any]) -> dict[str, Any]:
    """Return a recipe that fits into a picture: many detailed masks are made coarser."""
    document = dict(recipe)
    for side in (256, 128, 64):
        if len(json.dumps(document)) < pictures.MAX_RECIPE - 1024:
            break
        document["masks"] = {role: mask_text(mask_of(text), side) for role, text in recipe["masks"].items()}
    return document


def ending(path: Path) -> str:
    """Return the ending of a file to export, in small letters: asked before the work begins.

    Raises:
        BadInput: another ending than those of `export`.
    """
    if path.suffix.lower() not in ENDINGS:
        raise BadInput(f"{path} does not say in which format.", "End it in .png, .jpg, .tif or .webp.")
    return path.suffix.lower()


def read_recipe(path: Path) -> dict[str, Any]:
    """Return the recipe inside an exported picture, its kind and version checked.

    Raises:
        BadInput: there is none, or not one of a dream or a transfer, or of a newer studio.
    """
    recipe = pictures.read_recipe(path)
    if recipe is None or recipe.get("kind") not in KINDS:
        why = "does not exist" if not path.exists() else "carries no recipe of a dream or a transfer"
        raise BadInput(f"{path} {why}.", _OLD)
    kind_of(recipe)
    return recipe


# ---- back to a request


def kind_of(recipe: Mapping[str, Any]) -> str:
    """Return "dream" or "transfer".

    Raises:
        BadInput: another kind, or a version that this studio does not know.
    """
    kind, version = recipe.get("kind"), recipe.get("version")
    if kind not in KINDS:
        raise malformed("it is of neither a dream nor a transfer")
    if type(version) is not int or not 1 <= version <= RECIPE_VERSION:
        shown = repr(version)[:40]
        raise BadInput(
            f"The recipe has version {shown}; this studio knows up to {RECIPE_VERSION}.",
            "Update the studio, or choose another.",
        )
    return str(kind)


def settings_in(recipe: Mapping[str, Any]) -> dict[str, Any]:
    """Return the checked settings of a recipe: what is left when its pictures cannot be found.

    Raises:
        BadInput: kind, version or shape of the document.
        BadConfig: a setting that is unknown, of a wrong type or out of range.
    """
    return to_json(make(_config_type(kind_of(recipe)), _mapping(recipe, "config")))


def request_of(recipe: Mapping[str, Any], workspace: Path) -> DreamRequest | TransferRequest:
    """Return the request that makes a recipe's picture again; reads and hashes files, decodes masks.

    Raises:
        BadInput: kind, version or shape of the document; a picture that cannot be found.
        BadConfig: a setting that is unknown, of a wrong type or out of range.
    """
    kind, settings = kind_of(recipe), settings_in(recipe)
    changes = _changes(recipe, settings)
    for name in {settings["backbone"], *(c["backbone"] for c in changes.values() if "backbone" in c)}:
        _check_network(name, workspace)
    sources, masks = _mapping(recipe, "sources"), _masks(recipe)
    shared: dict[str, Any] = {
        "mask": masks.get("mask"),
        "settings": settings,
        "changes": changes,
        "steps": _whole(recipe.get("steps", 0), 0, MOST_STEPS, "steps"),
        "fingerprint": _fingerprint(recipe),
    }
    if len(sources) > MOST_STYLES + 2:
        raise malformed("it names too many pictures")
    found = {role: find_source(workspace, entry, role) for role, entry in sources.items()}
    if kind == "dream":
        return DreamRequest(picture=found.get("picture"), guide=found.get("guide"), **shared)
    if "content" not in found:
        raise malformed("it names no content picture")
    return TransferRequest(content=found["content"], styles=_styles(recipe, found, masks), **shared)


def _check_network(name: str, workspace: Path) -> None:
    """Refuse a file of weights that this person never chose: a recipe must not make the studio open files."""
    from studio.canvas.backbones import is_known

    if not is_known(name, workspace):
        raise BadInput(
            f"The recipe looks through the weights in {name[:200]}, which were never opened here.",
            "If you trust that file, add it first: generative-studio backbones add FILE.",
        )


def _styles(
    recipe: Mapping[str, Any], found: Mapping[str, Path], masks: Mapping[str, NDArray[np.float32]]
) -> tuple[StyleRequest, ...]:
    entries = recipe.get("styles")
    if not isinstance(entries, list) or not 1 <= len(entries) <= MOST_STYLES:
        raise malformed("its styles are not a list")
    styles = []
    for entry in entries:
        role = entry.get("role") if isinstance(entry, Mapping) else None
        weight = entry.get("weight", 1.0) if isinstance(entry, Mapping) else None
        if not isinstance(role, str) or role not in found:
            raise malformed("a style has no picture")
        if isinstance(weight, bool) or not isinstance(weight, int | float) or not 0 <= weight <= 1e9:
            raise malformed(f"the weight of {role} is not a number from 0")
        region = masks.get(role.replace("style", "region"))
        styles.append(StyleRequest(picture=found[role], weight=float(weight), mask=masks.get(role), region=region))
    return tuple(styles)


def _changes(recipe: Mapping[str, Any], settings: Mapping[str, Any]) -> dict[int, dict[str, Any]]:
    """Return the settings changed on the way by step, each checked as `Session.change` will."""
    document = _mapping(recipe, "changes")
    if len(document) > MOST_CHANGES:
        raise malformed("it changes too often")
    config_type, current, changes = _config_type(kind_of(recipe)), dict(settings), {}
    steps = {
        _whole(int(k) if k.isascii() and k.isdigit() and len(k) < 9 else k, 0, MOST_STEPS, "step"): k for k in document
    }
    for step in sorted(steps):
        values = _mapping(document, steps[step])
        checked = to_json(make(config_type, {**current, **values}))
        changes[step] = {name: checked[name] for name in values}
        current = checked
    return changes


def _masks(recipe: Mapping[str, Any]) -> dict[str, NDArray[np.float32]]:
    masks = {}
    for role, text in _mapping(recipe, "masks").items():
        if not isinstance(text, str) or max(size_of(_bytes(text), name="The mask in the recipe")) > LARGEST_MASK:
            raise malformed("a mask is not a small picture")
        masks[role] = mask_of(text)
    return masks


def _bytes(text: str) -> bytes:
    try:
        return base64.b64decode(text, validate=True)
    except ValueError:
        return b""


def _fingerprint(recipe: Mapping[str, Any]) -> str:
    value = _mapping(recipe, "backbone").get("fingerprint", "")
    return value if isinstance(value, str) else ""


def _config_type(kind: str) -> Any:
    if kind == "dream":
        from studio.canvas.dream_config import DreamConfig

        return DreamConfig
    from studio.canvas.transfer_config import TransferConfig

    return TransferConfig


def _mapping(document: Mapping[str, Any], name: str) -> dict[str, Any]:
    value = document.get(name, {})
    if not isinstance(value, dict):
        raise malformed(f"{name!r} is not an object")
    return value


def _whole(value: Any, low: int, high: int, name: str) -> int:
    if type(value) is not int or not low <= value <= high:
        raise malformed(f"{name} is {repr(value)[:40]}")
    return value
