"""What the Data panel's workers do: list the catalogue, open a source, preview options, ask the doctor.

Everything heavy is imported inside the functions: the window paints before torch and scikit-learn load.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Callable
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path
from typing import TYPE_CHECKING, Any

from studio.data.options import DataOptions

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    from studio.core.spec import DataSet

Progress = Callable[[int, int, str], None]
PREVIEWED = 8
EXCERPT = 1500
"""Tokens of a text that are shown."""
FREQUENT = 200
LABELS_READ = 200_000
"""Labels are read one batch of examples at a time up to this many, when a split does not list them."""


@dataclass(frozen=True)
class Listed:
    """One line of the source list.

    Attributes:
        source: what `open_data` takes.
        title, facts: two lines about it.
        section: "Bundled", "On this computer", "To download" or "Recent".
        megabytes: size of a download that is needed first, else 0.
        licence, note: as the catalogue states them.
    """

    source: str
    title: str
    facts: str
    section: str
    megabytes: float = 0.0
    licence: str = ""
    note: str = ""


@dataclass(frozen=True)
class View:
    """An opened source, ready to be shown.

    Attributes:
        source, options: how it was opened.
        data: the data set.
        labels: split name -> labels int64 (N,) or None.
        excerpt, tokens: text only: its beginning, and (token, count) of the most frequent tokens.
        messages: what the person should know.
    """

    source: str
    options: DataOptions
    data: DataSet
    labels: dict[str, NDArray[np.int64] | None]
    excerpt: str = ""
    tokens: tuple[tuple[str, int], ...] = ()
    messages: tuple[str, ...] = ()


def list_catalogue(workspace: Path) -> list[Listed]:
    """Return the catalogue, bundled entries first, then what is on disk, then what can be downloaded."""
    from studio.data.catalogue import entries, present

    found = [_listed(entry, present(entry.name, workspace)) for entry in entries()]
    order = ["Bundled", "On this computer", "To download"]
    return sorted(found, key=lambda item: order.index(item.section))


def _listed(entry: Any, present: bool) -> Listed:
    shape = " × ".join(str(n) for n in reversed(entry.shape)) if entry.shape else "text"
    shape = f"{len(entry.columns)} columns" if entry.columns else shape
    parts = [] if present else [f"{entry.megabytes:,.0f} MB"]  # first: what a narrow list cuts off is the rest
    parts += [f"{entry.count:,} examples", shape] if entry.kind != "text" else ["text"]
    section = "Bundled" if entry.bundled else "On this computer" if present else "To download"
    size = 0.0 if present else float(entry.megabytes)
    return Listed(entry.name, entry.title, " · ".join(parts), section, size, entry.licence, entry.note)


def download(name: str, workspace: Path, progress: Progress) -> str:
    """Fetch a data set of the catalogue and return its name; see `studio.data.catalogue.download`."""
    from studio.data import catalogue

    catalogue.download(name, workspace, progress)
    return name


def open_source(source: str, options: DataOptions, workspace: Path, progress: Progress) -> View:
    """Open a source and gather what the panel shows of it.

    Raises:
        StudioError: what `studio.data.open.open_data` raises.
    """
    from studio.data.open import open_data

    data = open_data(source, options, workspace=workspace, progress=progress)
    messages = tuple(getattr(data, "messages", ()))
    if data.spec.kind == "text":
        return View(source, options, data, {}, _excerpt(data), _frequent(data), messages)
    if data.spec.kind == "table":
        return View(source, options, data, {}, messages=messages)
    labels = {"train": _labels(data.train, progress), "val": _labels(data.val, progress)}
    return View(source, options, data, labels, messages=messages)


def _labels(split: Any, progress: Progress) -> NDArray[np.int64] | None:
    """Return all labels of a split, int64 (N,), or None."""
    import numpy as np

    listed = getattr(split, "labels", None)
    if listed is not None or not len(split):
        return None if listed is None else np.asarray(listed, np.int64)
    if split.gather(np.zeros(1, np.int64))[1] is None:
        return None
    parts, total = [], min(len(split), LABELS_READ)
    for start in range(0, total, 2048):
        progress(start, total, "reading the labels")
        parts.append(split.gather(np.arange(start, min(start + 2048, total)))[1])
    return np.concatenate([p for p in parts if p is not None])


def _tokens(data: Any) -> NDArray[np.int64]:
    """Return the training tokens in order, int64 (L,)."""
    import numpy as np

    listed = getattr(data.train, "tokens", None)
    if listed is not None:
        return np.asarray(listed, np.int64)
    window = data.spec.shape[0]
    starts = np.arange(0, min(len(data.train), LABELS_READ), window)
    return np.asarray(data.train.gather(starts)[0], np.int64).reshape(-1)


def _excerpt(data: Any) -> str:
    from studio.data.vocabulary import Vocabulary

    return Vocabulary.from_spec(data.spec).decode(_tokens(data)[: EXCERPT + data.spec.shape[0]].tolist()).strip()


def _frequent(data: Any) -> tuple[tuple[str, int], ...]:
    import numpy as np

    words = data.spec.vocabulary
    counts = np.bincount(_tokens(data), minlength=len(words))
    order = np.argsort(-counts, kind="stable")[: FREQUENT + 2]
    shown = [(_visible(words[i]), int(counts[i])) for i in order if counts[i] and words[i] not in ("", "|")]
    return tuple(shown[:FREQUENT])


def _visible(token: str) -> str:
    return {" ": "␣ space", "\n": "↵ new line", "\t": "⇥ tab"}.get(token, token)


def rows_of(data: DataSet, split: str, limit: int = 1000) -> list[list[str]]:
    """Return the first rows of a table as texts."""
    import numpy as np

    chosen = data.train if split == "train" else data.val
    values = chosen.gather(np.arange(min(limit, len(chosen)), dtype=np.int64))[0].tolist()
    names = [column.options for column in data.spec.columns]
    return [[o[v] if o else f"{v:g}" for o, v in zip(names, row, strict=True)] for row in values]


def spread_of(data: DataSet, split: str, column: int) -> tuple[list[str], list[int]]:
    """Return the names of a column's categories, or of ten intervals of its numbers, and how many rows have each."""
    import numpy as np

    chosen = data.train if split == "train" else data.val
    values = chosen.gather(np.arange(len(chosen), dtype=np.int64))[0][:, column]
    options = data.spec.columns[column].options
    if options:
        return list(options), np.bincount(values, minlength=len(options)).tolist()
    counts, edges = np.histogram(values, bins=10)
    return [f"{low:.4g} to {high:.4g}" for low, high in pairwise(edges)], counts.tolist()


def fetcher(data: DataSet, split: str) -> Callable[..., Any]:
    """Return a function for `ThumbnailModel`: positions -> pictures uint8 (n, H, W, C) and labels."""
    chosen = data.train if split == "train" else data.val

    def fetch(positions: NDArray[np.int64]) -> tuple[NDArray[np.uint8], NDArray[np.int64] | None]:
        import numpy as np

        x, labels = chosen.gather(positions)
        return np.ascontiguousarray(np.moveaxis(x, 1, -1)), labels

    return fetch


def preview(view: View, options: DataOptions, workspace: Path, turn: int) -> NDArray[np.uint8] | None:
    """Return a few examples as training sees them, augmentation included, uint8 (n, H, W, C); None for text.

    Args:
        view: the source as it is open; its examples serve again when only the augmentation differs.
        options: how it becomes examples; only a few are decoded.
        workspace: holds the cache.
        turn: another number gives other random augmentations.
    """
    import numpy as np

    from studio.data.augment import augmentation
    from studio.data.open import open_data

    data = view.data
    if _stored(options) != _stored(view.options):
        data = open_data(view.source, dataclasses.replace(options, limit=PREVIEWED), workspace=workspace)
    if data.spec.kind != "image":
        return None
    split = data.train if len(data.train) else data.val
    x, _ = split.gather(np.arange(min(PREVIEWED, len(split)), dtype=np.int64))
    augment = augmentation(options)
    if augment is not None:
        import torch

        made = augment(torch.from_numpy(x.astype(np.float32) / 255), torch.Generator().manual_seed(turn))
        x = (made.clamp(0, 1) * 255).round().to(torch.uint8).numpy()
    return np.ascontiguousarray(np.moveaxis(x, 1, -1))


def _stored(options: DataOptions) -> DataOptions:
    """Return the options without those that leave the stored pictures alone."""
    return dataclasses.replace(options, flip=False, shift=0.0, rotate=0.0, limit=0, val_fraction=0.0)


def examine(source: str, workspace: Path, progress: Progress) -> Any:
    """Return the doctor's report on a path, a `studio.data.doctor.Report`."""
    from studio.data import doctor

    return doctor.check(source, workspace, progress)


def apply_fixes(source: str, fixes: tuple[str, ...], workspace: Path, report: Any) -> tuple[str, ...]:
    """Remember fixes for a source; returns their ids."""
    from studio.data import doctor

    doctor.apply(source, fixes, workspace, report)
    return fixes


def forget_fixes(source: str, workspace: Path) -> None:
    """Drop every fix remembered for a source."""
    from studio.data import doctor

    doctor.forget(source, workspace)


def facts(view: View) -> str:
    """Return one line about an opened source, with units."""
    spec = view.data.spec
    parts = [f"{spec.train_count:,} training", f"{spec.val_count:,} held out"]
    if spec.kind == "image":
        channels, height, width = spec.shape
        colour = "grey" if channels == 1 else "colour" if channels == 3 else f"{channels} channels"
        parts += [f"{width} × {height} px", colour]
        parts.append(f"{len(spec.classes)} classes" if spec.classes else "no labels")
    elif spec.kind == "table":
        parts += [f"{len(spec.columns)} columns of {spec.table_of}"]
    else:
        unit = "characters" if spec.tokens == "char" else "words"
        parts += [f"windows of {spec.shape[0]} {unit}", f"{len(spec.vocabulary):,} different {unit}"]
    return " · ".join(parts)
