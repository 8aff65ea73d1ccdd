"""How long work reports and is cancelled: one call signature for every reader."""

from __future__ import annotations

from collections.abc import Callable

Progress = Callable[[int, int, str], None]
"""`(done, total, what)`; total 0 is unknown; may raise `Cancelled`, which ends the work without leftovers."""


def silent(_done: int, _total: int, _what: str) -> None:
    """Report to nobody."""
