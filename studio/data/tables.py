"""Tables: rows of categories or of numbers, from CSV files and from the two that are bundled.

A table whose filled cells are all numbers is one of numbers, and an empty cell in it is refused with its place;
otherwise every column is one of categories, and different texts (an empty cell is one) are its categories in
alphabetical order. Nothing is guessed beyond that, and nothing is skipped in silence.
"""

from __future__ import annotations

import csv
import io
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from studio.core.errors import BadInput
from studio.core.spec import Column, DataSpec
from studio.data.cache import key_of
from studio.data.options import DataOptions
from studio.data.progress import Progress, silent
from studio.data.splits import Listing, choose, keys_of

MAX_BYTES = 64 * 2**20
MAX_ROWS, MAX_COLUMNS, MAX_OPTIONS, MAX_CELL = 1_000_000, 256, 256, 200
EMPTY = "(empty)"
"""What an empty cell of a category is called."""
_ADVICE = "A table has one line of headings, then rows of as many cells, separated by commas, semicolons or tabs."
_REPORT_EVERY = 10_000


@dataclass(frozen=True, eq=False)
class Table:
    """A table in memory: `values` (N, K) are int64 codes where the columns have options, else float32."""

    columns: tuple[Column, ...]
    values: NDArray[Any]


@dataclass(frozen=True, eq=False)
class TableSplit:
    """A `Split` of rows: `values` (M, K) is shared by the splits, `rows` int64 (N,) are this one's."""

    values: NDArray[Any]
    rows: NDArray[np.int64]

    def __len__(self) -> int:
        return len(self.rows)

    def gather(self, index: NDArray[np.int64]) -> tuple[NDArray[Any], None]:
        """Fetch rows (n, K) as copies: int64 codes or float32 numbers; tables have no labels."""
        return self.values[self.rows[index]], None


@dataclass(frozen=True, eq=False)
class TableData:
    """A table as a `DataSet`."""

    spec: DataSpec
    train: TableSplit
    val: TableSplit
    augment: Any | None = None


def table_data(table: Table, name: str, options: DataOptions) -> TableData:
    """Split a table into training and held-out rows (`val_fraction` and `limit` apply)."""
    chosen = choose(Listing(keys_of(len(table.values)), None, None, ()), options)
    headings = [[column.name, *column.options] for column in table.columns]
    spec = DataSpec(
        name=name,
        kind="table",
        shape=(len(table.columns),),
        train_count=len(chosen.train),
        val_count=len(chosen.val),
        columns=table.columns,
        fingerprint=key_of(headings, table.values, chosen.train, chosen.val),
    )
    return TableData(spec, TableSplit(table.values, chosen.train), TableSplit(table.values, chosen.val))


def bundled(name: str) -> Table:
    """Return a table of the catalogue: "wrodl" or "world-map"."""
    from studio.data import world, wrodl

    if name == "wrodl":
        return Table(wrodl.COLUMNS, wrodl.rows())
    return Table(world.COLUMNS, world.draw(world.COUNT))


def read_csv(path: Path, progress: Progress | None = None) -> Table:
    """Read a CSV file with a line of headings.

    Args:
        path: UTF-8 (a byte-order mark is fine), at most 64 MiB, a million rows and 256 columns.
        progress: called as (done, 0, what) while rows are read; may raise Cancelled.

    Raises:
        BadInput: not such a table; the message names the line.
    """
    heading, rows = _cells(path, progress or silent)
    if not rows:
        raise BadInput(f"{path} has headings but no rows.", _ADVICE)
    numbers = _numbers(rows)
    if numbers is not None:
        return Table(tuple(map(Column, heading)), _finite(numbers, heading, path))
    _refuse_gap(rows, heading, path)
    return _categories(rows, heading, path)


def _cells(path: Path, progress: Progress) -> tuple[list[str], list[list[str]]]:
    """Return the headings and the rows of texts."""
    text = _text(path)
    lines = csv.reader(io.StringIO(text, newline=""), delimiter=_separator(text), strict=True)
    rows: list[list[str]] = []
    try:
        heading = _heading(next(lines, []), path)
        for row in filter(None, lines):  # a blank line is no row
            rows.append(_checked(row, len(heading), path, lines.line_num))
            if len(rows) > MAX_ROWS:
                raise BadInput(f"{path} has more than {MAX_ROWS:,} rows.", "Cut the table into smaller files.")
            if len(rows) % _REPORT_EVERY == 0:
                progress(len(rows), 0, f"Reading {path.name}")
    except csv.Error as error:
        raise BadInput(f"{path}, line {lines.line_num}: {error}.", _ADVICE) from error
    return heading, rows


def _text(path: Path) -> str:
    try:
        if path.stat().st_size > MAX_BYTES:
            raise BadInput(f"{path} is larger than {MAX_BYTES >> 20} MiB.", "Cut the table into smaller files.")
        text = path.read_bytes().decode("utf-8-sig")
    except OSError as error:
        raise BadInput(f"{path} cannot be read: {error.strerror or error}.", "Check the disk.") from error
    except UnicodeDecodeError as error:
        raise BadInput(f"{path} is not UTF-8: byte {error.start:,}.", "Save it as UTF-8.") from error
    if "\0" in text:
        raise BadInput(f"{path} is no text: it holds zero bytes.", _ADVICE)
    return text


def _separator(text: str) -> str:
    """Return what separates cells: whichever of comma, semicolon and tab is most frequent in the headings."""
    first = text.partition("\n")[0]
    return max(",;\t", key=first.count)


def _heading(cells: Sequence[str], path: Path) -> list[str]:
    names = [cell.strip() for cell in cells]
    if not names or not all(names):
        raise BadInput(f"{path} has no line of headings, or one of them is empty.", _ADVICE)
    if len(names) > MAX_COLUMNS:
        raise BadInput(f"{path} has {len(names):,} columns; {MAX_COLUMNS} are the most.", "Leave some out.")
    twice = next((name for name in names if names.count(name) > 1), None)
    if twice is not None:
        raise BadInput(f"{path} has two columns called {twice!r}.", "Give each column a name of its own.")
    if _numbers([names]) is not None:
        raise BadInput(f"{path} begins with numbers instead of headings.", _ADVICE)
    if max(map(len, names)) > MAX_CELL:
        raise BadInput(f"{path} has a heading of more than {MAX_CELL} characters.", _ADVICE)
    return names


def _checked(row: list[str], width: int, path: Path, line: int) -> list[str]:
    if len(row) != width:
        raise BadInput(f"{path}, line {line}: {_many(len(row), 'cell')} under {_many(width, 'heading')}.", _ADVICE)
    if max(map(len, row)) > MAX_CELL:
        raise BadInput(f"{path}, line {line}: a cell of more than {MAX_CELL} characters.", "A table is not a text.")
    return [cell.strip() for cell in row]


def _many(count: int, thing: str) -> str:
    return f"{count} {thing}{'s' * (count != 1)}"


def _numbers(rows: Sequence[Sequence[str]]) -> NDArray[np.float32] | None:
    """Return the cells as float32, or None when one of them is no number."""
    try:
        values = np.array([[float(cell) for cell in row] for row in rows], np.float64)
    except ValueError:
        return None
    with np.errstate(over="ignore"):  # too large for float32 is infinite, which is refused with its place
        return values.astype(np.float32)


def _refuse_gap(rows: Sequence[Sequence[str]], heading: Sequence[str], path: Path) -> None:
    """Raise when one empty cell is all that keeps a table from being one of numbers."""
    gap = next(((row, cells.index("")) for row, cells in enumerate(rows) if "" in cells), None)
    filled = [cell for cells in rows for cell in cells if cell]
    if gap is None or not filled or _numbers([filled]) is None:
        return
    row, column = gap
    raise BadInput(
        f"{path}: row {row + 1} has no number under {heading[column]!r}.", "Fill the cell in, or leave the row out."
    )


def _finite(values: NDArray[np.float32], heading: Sequence[str], path: Path) -> NDArray[np.float32]:
    bad = np.argwhere(~np.isfinite(values))
    if len(bad):
        row, column = bad[0]
        raise BadInput(f"{path}: row {row + 1} has no finite number under {heading[column]!r}.", "Mend the row.")
    return values


def _categories(rows: Sequence[Sequence[str]], heading: Sequence[str], path: Path) -> Table:
    columns, codes = [], np.empty((len(rows), len(heading)), np.int64)
    for number, name in enumerate(heading):
        cells = np.array([row[number] or EMPTY for row in rows])
        options, codes[:, number] = np.unique(cells, return_inverse=True)
        if len(options) > MAX_OPTIONS:
            raise BadInput(
                f"{path}: {name!r} has {len(options):,} different entries, too many for categories.",
                f"Leave the column out, or round it to at most {MAX_OPTIONS}; a table of numbers holds nothing else.",
            )
        columns.append(Column(name, tuple(options.tolist())))
    return Table(tuple(columns), codes)
