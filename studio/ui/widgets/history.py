"""What a run showed so far: previews by name and step, within a budget of memory."""

from __future__ import annotations

import bisect
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from studio.core.events import Embedding, Event, Images, Text

BUDGET = 192 * 1024 * 1024
"""Bytes; beyond it every second of the older previews of a name goes (the stored ones stay on disk)."""


@dataclass(frozen=True)
class Shown:
    """One preview: an event, or the path of a stored PNG or text."""

    step: int
    name: str
    content: Event | Path

    @property
    def size(self) -> int:
        """Bytes in memory, roughly."""
        content: Any = self.content
        if isinstance(content, Images):
            return int(content.pixels.nbytes)
        if isinstance(content, Embedding):
            return int(content.points.nbytes)
        return len(content.text) if isinstance(content, Text) else 200


class History:
    """Previews in step order, by name; the same step and name are kept once (the latest)."""

    def __init__(self, budget: int = BUDGET) -> None:
        self._budget = budget
        self._by_name: dict[str, list[Shown]] = {}
        self._size = 0

    @property
    def names(self) -> tuple[str, ...]:
        """Names in the order they first came."""
        return tuple(self._by_name)

    def __getitem__(self, name: str) -> list[Shown]:
        return self._by_name.get(name, [])

    def clear(self) -> None:
        """Forget everything."""
        self._by_name.clear()
        self._size = 0

    def add(self, shown: Shown) -> None:
        """Add a preview at its place."""
        kept = self._by_name.setdefault(shown.name, [])
        at = bisect.bisect_left(kept, shown.step, key=lambda s: s.step)
        if at < len(kept) and kept[at].step == shown.step:
            self._size -= kept[at].size
            kept[at] = shown
        else:
            kept.insert(at, shown)
        self._size += shown.size
        if self._size > self._budget:
            self._thin()

    def rewind(self, step: int) -> None:
        """Drop what came after a step."""
        for name in list(self._by_name):
            self._by_name[name] = [s for s in self._by_name[name] if s.step <= step]
        self._weigh()

    def _thin(self) -> None:
        for name, kept in self._by_name.items():
            if len(kept) > 4:
                self._by_name[name] = [*kept[:-2:2], *kept[-2:]]
        self._weigh()

    def _weigh(self) -> None:
        self._size = sum(s.size for kept in self._by_name.values() for s in kept)
