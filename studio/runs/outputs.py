"""What a trained model makes, as files that carry their recipe: sheets, films, latent points, text.

Every function returns a document in plain JSON types that says what was written.
"""

from __future__ import annotations

import csv
import io
from collections.abc import Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

from studio import __version__
from studio.core.errors import BadInput
from studio.core.files import explained, write_atomic
from studio.data.progress import Progress
from studio.latent import grid as planes
from studio.latent import walks
from studio.runs import pictures
from studio.runs.generate import Request, Sheet, many, sheet
from studio.runs.trained import Pixels, Points, TrainedModel

SMALLEST = 64
"""Pixels: a picture smaller than this is enlarged in sheets and films, so that it can be seen."""
MAX_PICTURES = 10_000


def provenance(model: TrainedModel, made: str, **how: Any) -> dict[str, Any]:
    """Return what an artefact carries: enough to make it again."""
    record = model.record
    return {
        "run": record.id,
        "recipe": record.recipe,
        "config": record.config,
        "data": {"source": record.data.get("source"), "fingerprint": model.spec.fingerprint},
        "step": model.step,
        "version": __version__,
        "made": made,
        **how,
    }


def default_path(model: TrainedModel, name: str) -> Path:
    """Return where an artefact goes when the person names no file: the run's exports."""
    return model.record.path / "exports" / name


def _told(model: TrainedModel, out: Path, count: int, **more: Any) -> dict[str, Any]:
    return {"run": model.record.id, "out": str(out), "count": count, "step": model.step, **more}


def _count(n: int, at_least: int = 1) -> int:
    if not at_least <= n <= MAX_PICTURES:
        raise BadInput(f"{n} is not a sensible number.", f"Use {at_least} to {MAX_PICTURES}.")
    return n


def _save_sheet(model: TrainedModel, out: Path, pixels: Pixels, columns: int, recipe: dict[str, Any]) -> dict[str, Any]:
    _ending(out, (".png",))
    out.parent.mkdir(parents=True, exist_ok=True)
    pictures.save_png(out, pictures.sheet(pixels, columns, smallest=SMALLEST), recipe)
    return _told(model, out, len(pixels))


def _ending(out: Path, allowed: Sequence[str]) -> str:
    ending = out.suffix.lower()
    if ending not in allowed:
        raise BadInput(f"{out} has an ending that cannot be written here.", f"End it in {' or '.join(allowed)}.")
    return ending


def sample(model: TrainedModel, out: Path, n: int = 64, seed: int = 0, columns: int = 0) -> dict[str, Any]:
    """Write a sheet of new pictures (PNG)."""
    pixels = model.sample(_count(n), seed)
    return _save_sheet(model, out, pixels, columns, provenance(model, "sample", n=n, seed=seed))


def generated(model: TrainedModel, out: Path, request: Request) -> dict[str, Any]:
    """Write a sheet of what a person asked of a model's inputs (PNG).

    Raises:
        BadInput: the request names something that the model does not have.
    """
    model.need("Conditioned")
    return save(model, out, sheet(model, request), "generate")


def save(model: TrainedModel, out: Path, made: Sheet, kind: str) -> dict[str, Any]:
    """Write a sheet with what it was made from (PNG); `kind` says what it is."""
    return _save_sheet(model, out, made.pixels, made.columns, provenance(model, kind, **made.recipe))


def chosen(model: TrainedModel, out: Path, request: Request, n: int = 64, columns: int = 0) -> dict[str, Any]:
    """Write a sheet of `n` pictures of what is chosen, the rest drawn afresh for each (PNG)."""
    model.need("Conditioned")
    recipe = provenance(model, "sample", n=n, **asdict(request))
    return _save_sheet(model, out, many(model, request, _count(n)), columns, recipe)


def text(model: TrainedModel, prompt: str, n: int, temperature: float, seed: int, out: Path | None) -> dict[str, Any]:
    """Write a continuation of the prompt; into a file when there is one."""
    if not 0 <= temperature <= 10:
        raise BadInput(f"A temperature of {temperature:g} is out of range.", "Use 0 to 10; 1 is the model's own.")
    written = "".join(model.write(prompt, _count(n), temperature, seed))
    if out is not None:
        write_atomic(out, (written + "\n").encode())
    return _told(model, out or Path(), n, text=written)


# ---- through the latent space


def span_of(model: TrainedModel) -> float:
    """Return the half-width that holds 99 % of the prior's coordinates."""
    return float(np.quantile(np.abs(model.prior(1024, 0)), 0.99))


def grid(
    model: TrainedModel,
    out: Path,
    n: int = 15,
    span: float | None = None,
    quantiles: bool = False,
    axes: tuple[int, int] | None = None,
    seed: int = 0,
) -> dict[str, Any]:
    """Write the decoded pictures of a plane (PNG).

    Args:
        model: decodes.
        out: file to write.
        n: pictures along each side.
        span: half-width of the plane; None covers 99 % of the prior.
        quantiles: equal steps of the normal's probability instead of its value.
        axes: dimensions that vary. None: the two there are, or, with more, a patch between four drawn points.
        seed: of the points a plane in more than two dimensions goes through.
    """
    points = _plane(model, _count(n, 2), span, quantiles, axes, seed)
    recipe = provenance(model, "grid", n=n, span=span, quantiles=quantiles, axes=axes, seed=seed)
    return _save_sheet(model, out, model.decode(points), n if len(points) > n else 0, recipe)


def _plane(
    model: TrainedModel, n: int, span: float | None, quantiles: bool, axes: tuple[int, int] | None, seed: int
) -> Points:
    size = model.latent_size
    if axes is not None and not (min(axes) >= 0 and max(axes) < size and axes[0] != axes[1]):
        raise BadInput(f"The axes {axes[0]} and {axes[1]} do not exist.", f"This model has 0 to {size - 1}.")
    width = span if span is not None else span_of(model)
    if size == 1:
        return planes.line(n, width, quantiles=quantiles)
    if size == 2 or axes is not None:
        centre = np.zeros(2, np.float32) if size == 2 else model.prior(1, seed)[0]
        where: Any = None if quantiles else width
        return planes.plane(n, where or 4.0, quantiles=quantiles, axes=axes or (0, 1), centre=centre)
    corners, steps = model.prior(4, seed), np.linspace(0, 1, n)
    left, right = walks.slerp(corners[0], corners[1], steps), walks.slerp(corners[2], corners[3], steps)
    return np.concatenate([walks.slerp(a, b, steps) for a, b in zip(left, right, strict=True)])


def walk(
    model: TrainedModel,
    out: Path,
    stops: int = 6,
    frames: int = 96,
    fps: float = 24.0,
    how: Literal["slerp", "lerp"] = "slerp",
    seed: int = 0,
) -> dict[str, Any]:
    """Write a looping film of a way through drawn points (GIF or WebP)."""
    ending = _ending(out, (".gif", ".webp"))
    if not 1 <= fps <= 60:
        raise BadInput(f"{fps:g} frames a second is out of range.", "Use 1 to 60.")
    keys = model.prior(_count(stops, 2), seed)
    pixels = model.decode(walks.path(keys, _count(frames, 2), loop=True, how=how, constant_speed=True))
    recipe = provenance(model, "walk", stops=stops, frames=frames, how=how, seed=seed)
    out.parent.mkdir(parents=True, exist_ok=True)
    save = pictures.save_gif if ending == ".gif" else pictures.save_webp
    save(out, pictures.enlarge(pixels, 2 * SMALLEST), fps, recipe)
    return _told(model, out, len(pixels))


# ---- points in files


def encode(
    model: TrainedModel, out: Path, split: str = "val", limit: int = 5000, progress: Progress | None = None
) -> dict[str, Any]:
    """Write the latent points of the run's examples (npz: points, labels, index; or csv)."""
    _ending(out, (".npz", ".csv"))
    found = model.encoded(split, _count(limit), progress)
    _save_points(out, found.points, found.labels, found.index)
    return _told(model, out, len(found.points), dimensions=int(found.points.shape[1]))


def encode_pictures(model: TrainedModel, files: Sequence[Path], out: Path) -> dict[str, Any]:
    """Write the latent points of picture files, cropped and resized to what the model takes."""
    from studio.data.pictures import decode as read

    _ending(out, (".npz", ".csv"))
    channels, height, _ = model.spec.shape
    pixels = np.stack([read(file, height, "crop", "grey" if channels == 1 else "colour") for file in files])
    points = model.encode(np.ascontiguousarray(np.moveaxis(pixels, 1, -1)))
    _save_points(out, points, None, np.arange(len(files)))
    return _told(model, out, len(points), dimensions=int(points.shape[1]))


def _save_points(out: Path, points: Points, labels: NDArray[np.int64] | None, index: NDArray[np.int64]) -> None:
    if out.suffix.lower() == ".npz":
        content = io.BytesIO()
        arrays = {"points": points, "index": index, **({} if labels is None else {"labels": labels})}
        np.savez_compressed(content, **arrays)  # type: ignore[arg-type]  # its stub takes the names for options
        data = content.getvalue()
    else:
        table = io.StringIO()
        writer = csv.writer(table, lineterminator="\n")
        writer.writerow(["index", "label", *(f"z{i}" for i in range(points.shape[1]))])
        for i, place in enumerate(index.tolist()):
            writer.writerow([place, "" if labels is None else int(labels[i]), *points[i].tolist()])
        data = table.getvalue().encode()
    with explained(out):
        out.parent.mkdir(parents=True, exist_ok=True)
    write_atomic(out, data)


def read_points(path: Path) -> Points:
    """Read latent points from an npz (its `points`), an npy or a csv written by `encode`.

    Raises:
        BadInput: the file holds no table of numbers.
    """
    if path.suffix.lower() == ".csv":
        return _read_csv(path)
    from studio.data.arrays import read_numpy

    arrays = read_numpy(path)
    points = arrays.get("points", next(iter(arrays.values())) if len(arrays) == 1 else None)
    if points is None or points.ndim != 2 or points.dtype.kind not in "fiu" or not np.isfinite(points).all():
        raise BadInput(f"{path} holds no latent points.", "It needs an array `points` of numbers, (N, D).")
    return points.astype(np.float32)


def _read_csv(path: Path) -> Points:
    with explained(path, "read"):
        lines = list(csv.reader(path.read_text(encoding="utf-8", errors="replace").splitlines()))
    columns = [i for i, name in enumerate(lines[0]) if name.startswith("z")] if lines else []
    try:
        points = np.array([[float(row[i]) for i in columns] for row in lines[1:]], np.float32)
    except (ValueError, IndexError):
        points = np.empty((0, 0), np.float32)
    if not points.size or not np.isfinite(points).all():
        raise BadInput(f"{path} holds no latent points.", "It needs columns z0, z1, … of numbers, as `encode` writes.")
    return points


def decode(model: TrainedModel, points: Points, out: Path, columns: int = 0) -> dict[str, Any]:
    """Write the pictures of latent points as a sheet (PNG)."""
    _count(len(points))
    recipe = provenance(model, "decode", points=points[:64].tolist())
    return _save_sheet(model, out, model.decode(points), columns, recipe)
