"""idx, npy and npz: counts that do not fit, shapes that are no pictures, values that are no pixels, pickles.

What opening would refuse is asked of the same functions that open; what they only say once (such as how many
examples hold NaN) is counted here.
"""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from studio.core.errors import BadInput, StudioError
from studio.data.arrays import read_idx, read_numpy
from studio.data.detect import IdxFiles, idx_files, labels_beside
from studio.data.doctor.report import Findings
from studio.data.numbers import as_labels, flat_labels, layout_of, pick
from studio.data.progress import Progress

_BLOCK_BYTES = 16 << 20
"""Looked at between two chances to cancel."""


@dataclass(frozen=True)
class _Part:
    """Pictures with their labels, and what messages call them."""

    images: NDArray[Any]
    images_at: str
    labels: NDArray[Any] | None
    labels_at: str


def examine_idx(path: Path, findings: Findings, progress: Progress) -> None:
    """Look at one idx file, or at a folder of them, with the labels that lie beside."""
    files = idx_files(path) if path.is_dir() else None
    files = files or IdxFiles(path, labels_beside(path), None, None)
    parts = []
    for images_path, labels_path in ((files.images, files.labels), (files.test_images, files.test_labels)):
        images = _read_idx(images_path, findings)
        labels = _read_idx(labels_path, findings)
        if labels is not None and labels.ndim == 2 and labels.shape[1] == 8:
            labels = labels[:, 0]  # QMNIST's rows of eight numbers; the first is the digit
        if images is not None:
            parts.append(_Part(images, str(images_path), labels, str(labels_path)))
    _examine(parts, findings, progress)


def examine_numpy(path: Path, findings: Findings, progress: Progress) -> None:
    """Look at the arrays of an npy or npz file that would be taken for pictures and labels."""
    arrays = read_numpy(path)
    try:
        found = pick(arrays, str(path))
    except BadInput as error:
        findings.add("shape", error.what)
        return

    def called(array: NDArray[Any] | None) -> str:
        return next((f"{name} in {path}" for name, other in arrays.items() if other is array), str(path))

    parts = [_Part(found.images, called(found.images), found.labels, called(found.labels))]
    if found.test_images is not None:
        parts.append(_Part(found.test_images, called(found.test_images), found.test_labels, called(found.test_labels)))
    _examine(parts, findings, progress)


def kind_of(error: StudioError) -> str:
    """Sort a reader's refusal into a kind of problem."""
    text = f"{error.what} {error.what_to_do} {error.details}".lower()
    for words, kind in (
        (("pickle", "object arrays"), "pickle"),
        (("holds values of type", "nan", "has values from"), "values"),
        (("bomb", "overlap"), "bomb"),
        (("lead outside",), "escape"),
        (("link or a device",), "link"),
        (("permission",), "unreadable"),
        (("neither a file nor a folder",), "special"),
        (("labels of shape",), "count"),
        (("labels",), "labels"),
        (("of shape", "impossible shape", "not pictures"), "shape"),
        (("cut off", "truncated"), "truncated"),
        ((" gb", "more than", "larger than"), "enormous"),
        (("is empty", "holds no "), "empty"),
        (("utf-8",), "encoding"),
    ):
        if any(word in text for word in words):
            return kind
    return "damaged"


def _read_idx(path: Path | None, findings: Findings) -> NDArray[Any] | None:
    """Read one file, reporting a refusal."""
    if path is None:
        return None
    try:
        return read_idx(path)
    except BadInput as error:
        findings.add(kind_of(error), error.what, str(path))
        return None


def _examine(parts: list[_Part], findings: Findings, progress: Progress) -> None:
    """Look at a training set and, when there is one, its test set."""
    shapes: dict[tuple[int, ...], str] = {}
    for part in parts:
        shape = _pictures(part, findings, progress)
        if shape is not None:
            shapes.setdefault(shape, part.images_at)
            _labels(part, findings)
    if len(shapes) > 1:
        listed = " and ".join(f"{h} x {w} with {c} channels in {where}" for (c, h, w), where in shapes.items())
        findings.add("shape", f"Training and test pictures differ: {listed}.")


def _pictures(part: _Part, findings: Findings, progress: Progress) -> tuple[int, int, int] | None:
    """Report an array that opening would refuse; return (C, H, W) when it can be read as pictures."""
    array, where = part.images, part.images_at
    if not array.size:
        findings.add("empty", f"{where} is empty: {' x '.join(map(str, array.shape))}.", where)
        return None
    before = findings.counts.total()
    if array.dtype.kind in "biuf":
        _values(array, where, findings, progress)
    try:
        shape = layout_of(array, where).shape
    except BadInput as error:
        if findings.counts.total() == before:
            kind = kind_of(error)
            findings.add(kind, error.what, where)
        return None
    findings.count += len(array)
    findings.facts.setdefault("sizes", Counter())[f"{shape[2]} x {shape[1]}"] += len(array)
    return shape


def _values(array: NDArray[Any], where: str, findings: Findings, progress: Progress) -> None:
    """Count examples with NaN or infinity, and report arrays without any contrast."""
    rows = len(array) if array.ndim else 1
    step = max(1, _BLOCK_BYTES * rows // max(1, array.nbytes))
    odd, first, low, high = 0, -1, np.inf, -np.inf
    for start in range(0, rows, step):
        progress(start, rows, "Looking at values")
        block = np.asarray(array[start : start + step] if array.ndim else array)
        finite = np.isfinite(block)
        if not finite.all():
            bad = np.flatnonzero(~finite.reshape(min(step, rows - start), -1).all(axis=1))
            odd, first = odd + len(bad), first if first >= 0 else start + int(bad[0])
            block = block[finite]
        if block.size:
            low, high = min(low, float(block.min())), max(high, float(block.max()))
    if odd:
        what = f"{where} holds NaN or infinity in {odd:,} of {rows:,} examples, the first is number {first}."
        findings.add("values", what, where)
    elif low == high:
        findings.add("values", f"{where} holds nothing but the value {low:g}.", where)


def _labels(part: _Part, findings: Findings) -> None:
    """Report labels that do not belong to the pictures; count the classes of those that do."""
    if part.labels is None:
        return
    try:
        flat = flat_labels(part.labels, len(part.images), part.labels_at)
        labels, names = as_labels(flat, part.labels_at)
    except BadInput as error:
        findings.add(kind_of(error), error.what, part.labels_at)
        return
    counts = findings.facts.setdefault("classes", Counter())
    for name, number in zip(names, np.bincount(labels, minlength=len(names)).tolist(), strict=True):
        counts[name] += number
