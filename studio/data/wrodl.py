"""Wrodl: the fashions of fifty people on an invented planet, five categories each; the table to count by hand.

Foster's book (2019, chapter 1) prints ten of the fifty rows, how often every category occurs in all of them, that one
combination is there exactly twice and that another is never. The other forty rows are not printed: they are
made here by shuffling what is left of each column until those facts hold, so every worked number of the book comes
out of this table. The names of the categories are those of getavataaars.com, which drew the book's faces.
"""

from __future__ import annotations

import random
from collections.abc import Sequence
from functools import cache

import numpy as np
from numpy.typing import NDArray

from studio.core.spec import Column

COLUMNS = (
    Column("accessories", ("Blank", "Round", "Sunglasses")),
    Column("clothing colour", ("Black", "Blue01", "Gray01", "PastelGreen", "PastelOrange", "Pink", "Red", "White")),
    Column("clothing", ("Hoodie", "Overall", "ShirtScoopNeck", "ShirtVNeck")),
    Column("hair colour", ("Black", "Blonde", "Brown", "PastelPink", "Red", "SilverGray")),
    Column(
        "hair style",
        (
            *("NoHair", "LongHairBun", "LongHairCurly", "LongHairStraight"),
            *("ShortHairShortWaved", "ShortHairShortFlat", "ShortHairFrizzle"),
        ),
    ),
)
COUNTS = ((11, 22, 17), (0, 4, 10, 5, 2, 4, 3, 22), (7, 18, 19, 6), (7, 6, 2, 3, 8, 24), (7, 0, 1, 23, 1, 11, 7))
"""How often each category occurs in the fifty rows (table 1-2), in the order of `COLUMNS`."""
PRINTED = (
    ("Round", "White", "ShirtScoopNeck", "Red", "ShortHairShortFlat"),
    ("Round", "White", "Overall", "SilverGray", "ShortHairFrizzle"),
    ("Sunglasses", "White", "ShirtScoopNeck", "Blonde", "ShortHairShortFlat"),
    ("Round", "White", "ShirtScoopNeck", "Red", "LongHairStraight"),
    ("Round", "White", "Overall", "SilverGray", "NoHair"),
    ("Blank", "White", "Overall", "Black", "LongHairStraight"),
    ("Sunglasses", "White", "Overall", "SilverGray", "LongHairStraight"),
    ("Round", "White", "ShirtScoopNeck", "SilverGray", "ShortHairShortFlat"),
    ("Round", "Pink", "Hoodie", "SilverGray", "LongHairStraight"),
    ("Round", "PastelOrange", "ShirtScoopNeck", "Blonde", "LongHairStraight"),
)
"""The first ten rows (table 1-1)."""
TWICE = ("Round", "White", "ShirtScoopNeck", "Red", "LongHairStraight")
"""Occurs exactly twice."""
NEVER = ("Round", "Blue01", "ShirtScoopNeck", "Red", "LongHairStraight")
"""Does not occur."""
_SEED = 1


def codes_of(names: Sequence[str]) -> tuple[int, ...]:
    """Return the codes of one row of category names.

    Raises:
        ValueError: a name is no category of its column.
    """
    return tuple(column.options.index(name) for column, name in zip(COLUMNS, names, strict=True))


@cache
def rows() -> NDArray[np.int64]:
    """Return the table: codes int64 (50, 5); the printed rows first. Read-only: it is made once."""
    printed = [codes_of(names) for names in PRINTED]
    left = [_left(column, [row[column] for row in printed]) for column in range(len(COLUMNS))]
    dice = random.Random(_SEED)  # Python's shuffle is the same on every machine and in every version
    while True:
        for column in left:
            dice.shuffle(column)
        table = [*printed, *zip(*left, strict=True)]
        if table.count(codes_of(TWICE)) == 2 and table.count(codes_of(NEVER)) == 0:
            found = np.array(table, np.int64)
            found.setflags(write=False)
            return found


def _left(column: int, printed: Sequence[int]) -> list[int]:
    """Return the categories of a column that the printed rows leave for the other forty."""
    return [code for code, count in enumerate(COUNTS[column]) for _ in range(count - printed.count(code))]
