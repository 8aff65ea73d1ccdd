"""Translations with a trained model: held-out examples and their way back, one picture, a folder, a sheet."""

from __future__ import annotations

import hashlib
import json
import time
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from studio.core.capabilities import Domain
from studio.core.control import Control
from studio.core.errors import BadInput, StudioError
from studio.core.files import explained
from studio.data.pairs import decode_pair
from studio.data.pictures import Colour, Fit, decode, size_of
from studio.runs import pictures
from studio.runs.canvas_batch import Failure, Report
from studio.runs.canvas_items import unique_names
from studio.runs.outputs import provenance
from studio.runs.trained import Pixels, TrainedModel

Progress = Callable[[int, int, str], None]
Errors = NDArray[np.float32]
SHOWN = 24
"""Held-out examples in a gallery and on a sheet."""
SMALLEST = 64
"""Pixels: tiny pictures are enlarged on sheets, so that they can be seen."""
_LOOKED_THROUGH = 8
"""For each example wanted, so many are looked at to find members of the domain."""


@dataclass(frozen=True, kw_only=True)
class How:
    """What is asked of a translator.

    Attributes:
        backwards: from the second domain to the first.
        amount: what the model's `amount` says, such as the spread of noise; None rests at its default.
        ready: the pictures are members of the source domain already (a drawing, a grey or noisy photograph);
            otherwise they are made into members first.
    """

    backwards: bool = False
    amount: float | None = None
    ready: bool = False


@dataclass(frozen=True, eq=False)
class Translation:
    """Pictures and what became of them, uint8 (N, H, W, C); errors are mean absolute differences in 0..1, (N,).

    Attributes:
        source: members of the domain it translates from.
        made: their translations.
        back: the translations translated back, where the model knows both ways; `cycle_error` from the source.
        target: what they should have become, where that is known; `target_error` of the translations.
    """

    source: Pixels
    made: Pixels
    back: Pixels | None = None
    target: Pixels | None = None

    def __len__(self) -> int:
        return len(self.source)

    @property
    def cycle_error(self) -> Errors | None:
        """How far the way back ends from the source."""
        return None if self.back is None else difference(self.back, self.source)

    @property
    def target_error(self) -> Errors | None:
        """How far the translation is from the truth."""
        return None if self.target is None else difference(self.made, self.target)


def difference(a: Pixels, b: Pixels) -> Errors:
    """Return mean |a - b| of each pair of pictures, in 0..1."""
    gap = np.abs(a.astype(np.float32) - b.astype(np.float32)) / 255
    means: Errors = gap.mean(axis=(1, 2, 3), dtype=np.float32)
    return means


def domains(model: TrainedModel, backwards: bool = False) -> tuple[Domain, Domain]:
    """Return where a translation starts and where it ends."""
    first, second = model.need("Translates").domains
    return (second, first) if backwards else (first, second)


# ---- translating


def of_sources(
    model: TrainedModel, sources: Pixels, how: How, target: Pixels | None = None, *, return_too: bool = True
) -> Translation:
    """Translate members of the source domain, there and, where the model can and `return_too` asks for it, back."""
    made = model.translate(sources, how.backwards)
    both = return_too and model.need("Translates").both_ways
    return Translation(sources, made, model.translate(made, not how.backwards) if both else None, target)


def of_examples(model: TrainedModel, pixels: Pixels, how: How, *, return_too: bool = True) -> Translation:
    """Translate ordinary pictures of the data set, uint8 (N, H, W, C) in the model's own shape."""
    sources = model.sources(pixels, how.backwards, how.amount)
    target = None if how.backwards else model.targets(pixels)
    return of_sources(model, sources, how, target, return_too=return_too)


def held_out(model: TrainedModel, count: int = SHOWN, how: How | None = None) -> Translation:
    """Translate held-out examples of the run's data, evenly spread; members of the source domain only.

    Raises:
        StudioError: the data is not there, or holds no member of that domain.
    """
    how = how or How()
    data = model.data()
    split = data.val if len(data.val) else data.train
    names = tuple(domain.name for domain in model.need("Translates").domains)
    asked = count * _LOOKED_THROUGH if names == model.spec.classes else count
    x, labels = split.gather(np.unique(np.linspace(0, len(split) - 1, min(asked, len(split))).astype(np.int64)))
    if names == model.spec.classes and labels is not None:  # the domains are classes of the data
        x = x[labels == int(how.backwards)]
    if not len(x):
        raise BadInput(f"The data holds no example of {names[int(how.backwards)]}.", "Translate pictures of your own.")
    return of_examples(model, np.ascontiguousarray(np.moveaxis(x[:count], 1, -1)), how)


def of_file(model: TrainedModel, path: Path, how: How, *, return_too: bool = True) -> Translation:
    """Translate one picture file, fitted to the model's size as its data was.

    A model of pairs takes the half that it translates from, or a picture that is no pair as it is.

    Raises:
        BadInput: the picture cannot be read; the message names it.
    """
    channels, height, width = model.spec.shape
    fit: Fit = (model.record.data.get("options") or {}).get("fit", "crop")
    source = model.sources(np.zeros((1, height, width, channels), np.uint8), how.backwards, how.amount)
    paired = source.shape[2] != width
    if how.ready or (paired and not _is_pair(path)):
        ready = decode(path, source.shape[1:3], fit, _colour(source.shape[3]))
        return of_sources(model, np.array(ready.transpose(1, 2, 0)[None]), how, return_too=return_too)
    if paired:
        with explained(path, "read"):
            content = path.read_bytes()
        pixels = decode_pair(content, height, fit, _colour(channels), name=str(path))
    else:
        pixels = decode(path, (height, width), fit, _colour(channels))
    return of_examples(model, pixels.transpose(1, 2, 0)[None], how, return_too=return_too)


def _colour(channels: int) -> Colour:
    return "grey" if channels == 1 else "colour"


def _is_pair(path: Path) -> bool:
    """Tell whether a picture is about twice as wide as high."""
    height, width = size_of(path)
    return bool(1.8 * height <= width <= 2.2 * height)


# ---- keeping


def sheet(found: Translation) -> tuple[Pixels, int]:
    """Lay out a translation: source, result, and what else is known (way back, truth), example after example.

    Returns:
        uint8 (N * parts, H, W, C), and the number of columns.
    """
    parts = [p for p in (found.source, found.made, found.back, found.target) if p is not None]
    channels = max(part.shape[3] for part in parts)
    rows = np.stack([np.broadcast_to(p, (*p.shape[:3], channels)) for p in parts], axis=1)
    columns = len(parts) * (3 if len(found) > 3 else 1)
    return rows.reshape(-1, *rows.shape[2:]), columns


def told(model: TrainedModel, found: Translation, how: How) -> dict[str, Any]:
    """Return facts about a translation in plain JSON types: domains, errors averaged over its pictures."""
    means = {"cycle_error": found.cycle_error, "target_error": found.target_error}
    errors = {name: None if e is None else round(float(e.mean()), 5) for name, e in means.items()}
    return {"from": domains(model, how.backwards)[0].name, "to": domains(model, how.backwards)[1].name, **errors}


def save(model: TrainedModel, path: Path, made: Pixels, how: How, **more: Any) -> Path:
    """Write one translation uint8 (H, W, C) as PNG with its recipe; folders are made.

    Raises:
        BadInput: another ending than .png.
        StoreError: the disk is full or the folder cannot be written.
    """
    if path.suffix.lower() != ".png":
        raise BadInput(f"{path} has an ending that cannot be written here.", "End it in .png.")
    with explained(path):
        path.parent.mkdir(parents=True, exist_ok=True)
    return pictures.save_png(path, made, provenance(model, "translation", **asdict(how), **more))


def save_sheet(model: TrainedModel, path: Path, found: Translation, how: How) -> Path:
    """Write a sheet of a translation."""
    pixels, columns = sheet(found)
    return save(model, path, pictures.sheet(pixels, columns, smallest=SMALLEST), how, **told(model, found, how))


def folder(
    model: TrainedModel,
    paths: Sequence[Path],
    out: Path,
    how: How,
    progress: Progress | None = None,
    control: Control | None = None,
) -> Report:
    """Translate many files into a folder; results that are there already are left alone, so it can be resumed.

    Args:
        model: with the capability Translates.
        paths: picture files; one that cannot be used is reported and does not stop the rest.
        out: folder of results, PNG files named after their sources; made if need be.
        how: direction and amount.
        progress: called with (done, of how many, name); what it raises ends the batch between two pictures.
        control: `stop` ends it after the picture in work.

    Raises:
        BadInput: the results would lie among their sources.
    """
    began, done, skipped, failed = time.monotonic(), [], [], []
    if any(path.parent.resolve() == out.resolve() for path in paths):
        raise BadInput(f"{out} is the folder of the sources.", "Choose another folder for the results.")
    for number, (name, path) in enumerate(zip(unique_names(paths), paths, strict=True)):
        if control is not None and control.stopped:
            break
        if progress is not None:
            progress(number, len(paths), path.name)
        target = out / f"{name}.png"
        try:
            key = _key(model, path, how)
            if _is_there(target, key):
                skipped.append(target.name)
                continue
            made = of_file(model, path, how, return_too=False).made[0]
            save(model, target, made, how, source=str(path), key=key)
            done.append(target.name)
        except StudioError as error:
            failed.append(Failure(path.name, error))
    if progress is not None:
        progress(len(paths), len(paths), f"{len(done)} translated")
    stopped = control is not None and control.stopped
    return Report(out, tuple(done), tuple(skipped), tuple(failed), stopped, time.monotonic() - began)


def _key(model: TrainedModel, path: Path, how: How) -> str:
    """Return a hash of everything that decides how a picture comes out."""
    with explained(path, "read"):
        content = hashlib.sha256(path.read_bytes()).hexdigest()
    parts = [model.record.id, model.step, model.spec.fingerprint, asdict(how), content]
    return hashlib.sha256(json.dumps(parts, sort_keys=True).encode()).hexdigest()


def _is_there(path: Path, key: str) -> bool:
    """Tell whether a result is complete: files appear whole, with their recipe inside.

    Raises:
        BadInput: a file of that name was not made here.
    """
    if not path.exists():
        return False
    recipe = pictures.read_recipe(path) or {}
    if recipe.get("made") != "translation" or "key" not in recipe:
        raise BadInput(f"{path} is there already and was not made by a batch.", "Move it, or choose another folder.")
    return bool(recipe["key"] == key)
