"""Complete snapshots of a run: weights in safetensors, optimisers weights-only, the rest in JSON.

A checkpoint is a folder `step_0000001000` with `model.safetensors` (tensor names `<attribute>/<state key>`),
`ema.safetensors` when weights are averaged, `optimizers.pt`, and `state.json`, which also holds the hash of
each file. It appears on disk whole or not at all.
"""

from __future__ import annotations

import hashlib
import io
import json
import shutil
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch
from safetensors.torch import load as load_safetensors
from safetensors.torch import save as to_safetensors
from torch import Tensor

from studio.core.errors import BadCheckpoint
from studio.core.files import new_folder, read_json, write_json
from studio.core.recipe import Recipe

VERSION = 1
BEST = "best.json"


@dataclass(frozen=True)
class Checkpoint:
    """A checkpoint read into memory (on the CPU), verified."""

    path: Path
    step: int
    state: dict[str, Any]
    weights: dict[str, Tensor]
    average: dict[str, Tensor] | None
    optimizers: dict[str, Any]


def name_of(step: int) -> str:
    """Return the folder name of a step's checkpoint."""
    return f"step_{step:010d}"


def save(
    folder: Path, step: int, recipe: Recipe, state: Mapping[str, Any], average: Mapping[str, Tensor] | None = None
) -> Path:
    """Write a checkpoint below `folder` and return its path.

    Raises:
        StoreError: the disk is full or read-only; nothing half-written remains.
    """
    files = {"model.safetensors": to_safetensors(_plain(weights_of(recipe)))}
    if average is not None:
        files["ema.safetensors"] = to_safetensors(_plain(average))
    # Serialised in memory first: the libraries' own writers hide a full disk behind other errors.
    buffer = io.BytesIO()
    torch.save({name: o.state_dict() for name, o in recipe.optimizers().items()}, buffer)
    files["optimizers.pt"] = buffer.getvalue()
    hashes = {name: hashlib.sha256(content).hexdigest() for name, content in files.items()}
    document = {"version": VERSION, "step": step, "hashes": hashes, **state}
    files["state.json"] = json.dumps(document, indent=1).encode()
    path = folder / name_of(step)
    with new_folder(path) as temporary:
        for name, content in files.items():
            (temporary / name).write_bytes(content)
    return path


def weights_of(recipe: Recipe) -> dict[str, Tensor]:
    """Return every parameter and buffer of the recipe's networks by `<attribute>/<state key>`."""
    return {f"{name}/{key}": tensor for name, m in recipe.modules().items() for key, tensor in m.state_dict().items()}


def _plain(tensors: Mapping[str, Tensor]) -> dict[str, Tensor]:
    """Detached contiguous copies on the CPU: what safetensors stores."""
    return {k: v.detach().to("cpu", copy=True).contiguous() for k, v in tensors.items()}


def load(path: Path) -> Checkpoint:
    """Read and verify a checkpoint.

    Raises:
        BadCheckpoint: a file is missing, damaged, or not what `state.json` promised.
    """
    try:
        state = read_json(path / "state.json")
        contents = {name: (path / name).read_bytes() for name in state["hashes"]}
        for name, content in contents.items():
            if hashlib.sha256(content).hexdigest() != state["hashes"][name]:
                raise BadCheckpoint(f"{path / name} is damaged: its content has changed.", _ELSEWHERE)
        average = contents.get("ema.safetensors")
        return Checkpoint(
            path=path,
            step=int(state["step"]),
            state=state,
            weights=load_safetensors(contents["model.safetensors"]),
            average=load_safetensors(average) if average is not None else None,
            optimizers=torch.load(path / "optimizers.pt", map_location="cpu", weights_only=True),
        )
    except BadCheckpoint:
        raise
    except Exception as error:  # every reader has its own ways to fail on a damaged file
        raise BadCheckpoint(f"{path} is not a complete checkpoint.", _ELSEWHERE, details=repr(error)) from error


_ELSEWHERE = "Use another checkpoint of the run."


def restore(recipe: Recipe, checkpoint: Checkpoint, *, averaged: bool = False, optimizers: bool = True) -> None:
    """Put a checkpoint's weights (and optimiser states) into a built recipe.

    Args:
        recipe: built with the same config.
        checkpoint: what `load` returned.
        averaged: take the averaged weights when there are any.
        optimizers: also restore the optimisers.

    Raises:
        BadCheckpoint: the networks or shapes are not those of the checkpoint.
    """
    weights = dict(checkpoint.weights)
    if averaged and checkpoint.average is not None:
        weights.update(checkpoint.average)
    own = weights_of(recipe)
    wrong = [k for k in own.keys() | weights.keys() if own.get(k, _NONE).shape != weights.get(k, _NONE).shape]
    if wrong:
        raise BadCheckpoint(
            f"{checkpoint.path} belongs to another model: {sorted(wrong)[0]} differs.",
            "Open it with the recipe and settings it was trained with.",
        )
    with torch.no_grad():
        for key, tensor in own.items():
            tensor.copy_(weights[key])
    if optimizers:
        for name, optimizer in recipe.optimizers().items():
            optimizer.load_state_dict(checkpoint.optimizers[name])


_NONE = torch.empty(0, 0, 0, 0, 0, 0, 0)


def steps(folder: Path) -> list[int]:
    """List the steps that have a checkpoint, in ascending order."""
    found = (p.name.removeprefix("step_") for p in folder.glob("step_*") if (p / "state.json").is_file())
    return sorted(int(name) for name in found if name.isdigit())


def newest(folder: Path) -> tuple[Checkpoint, list[str]]:
    """Return the newest checkpoint that verifies, and what was wrong with newer ones.

    Raises:
        BadCheckpoint: none verifies.
    """
    complaints: list[str] = []
    for step in reversed(steps(folder)):
        try:
            return load(folder / name_of(step)), complaints
        except BadCheckpoint as error:
            complaints.append(error.what)
    raise BadCheckpoint(f"{folder} holds no usable checkpoint.", "Start a new run.", details="\n".join(complaints))


def mark_best(folder: Path, step: int, name: str, value: float) -> None:
    """Remember which checkpoint is the best; `prune` keeps it."""
    write_json(folder / BEST, {"step": step, "name": name, "value": value})


def best_step(folder: Path) -> int | None:
    """Return the step of the best checkpoint, or None when none was marked or it is gone."""
    try:
        step = json.loads((folder / BEST).read_bytes())["step"]
    except (OSError, ValueError, KeyError, TypeError):
        return None
    return step if step in steps(folder) else None


def pick(folder: Path, wish: str | int) -> Checkpoint:
    """Load the checkpoint that somebody asks for.

    Args:
        folder: a run's checkpoints.
        wish: "best" (the newest when none is marked), "last", or a step.

    Raises:
        BadCheckpoint: there is none at that step, or it is damaged.
    """
    if wish == "best" and (best := best_step(folder)) is not None:
        wish = best
    have = steps(folder)
    if not have:
        raise BadCheckpoint(f"{folder.parent.name} has written no checkpoint yet.", "Wait for its first, or resume it.")
    if wish in ("best", "last"):
        return newest(folder)[0]
    if not str(wish).isdigit() or int(wish) not in have:
        raise BadCheckpoint(f"There is no checkpoint at step {wish}.", f"There are: {', '.join(map(str, have))}.")
    return load(folder / name_of(int(wish)))


def prune(folder: Path, keep_last: int) -> None:
    """Delete all but the newest `keep_last` checkpoints and the best one."""
    found = steps(folder)
    keep = {*found[-keep_last:], best_step(folder)}
    for step in found:
        if step not in keep:
            shutil.rmtree(folder / name_of(step), ignore_errors=True)
