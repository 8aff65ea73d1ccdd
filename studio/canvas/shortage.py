"""When memory runs out on the way: known for what it is, and answered with smaller tiles."""

from __future__ import annotations

import torch

from studio.core.errors import StudioError

FIRST_TILE, SMALLEST_TILE = 1024, 256


class OutOfMemory(StudioError):
    """There is not enough memory even for the smallest tiles."""


def out_of_memory(error: BaseException) -> bool:
    """Whether an exception says that memory ran out, on whatever device."""
    text = str(error).lower()
    known = ("out of memory", "not enough memory", "can't allocate memory", "defaultcpuallocator")
    return isinstance(error, MemoryError | torch.OutOfMemoryError) or any(words in text for words in known)


def smaller_tile(tile: int, error: BaseException, *, last: bool = False) -> int:
    """Return the side of the tiles to try after an error of memory.

    Args:
        tile: side in force, 0 for none.
        error: what was raised.
        last: nothing smaller is to be tried any more.

    Raises:
        OutOfMemory: there are no smaller tiles.
    """
    smaller = tile // 2 if tile else FIRST_TILE
    if last or smaller < SMALLEST_TILE:
        raise OutOfMemory(
            "There is not enough memory for this size, not even in small tiles.",
            "Choose a smaller size or a smaller network, or close other programs.",
            details=repr(error),
        ) from error
    return smaller
