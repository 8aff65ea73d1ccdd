"""What a benchmark found, on which machine, and whether it keeps the promise."""

from __future__ import annotations

import os
import platform
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from studio import __version__

Say = Callable[[str], None]
"""Told what is being measured; a benchmark takes a minute or two."""


def machine() -> dict[str, Any]:
    """Describe this machine: processor, cores, load before the measurement, versions."""
    load = os.getloadavg()[0] if hasattr(os, "getloadavg") else 0.0
    return {
        "processor": _processor(),
        "cores": os.cpu_count() or 1,
        "load": round(load, 2),
        "system": platform.platform(),
        "python": platform.python_version(),
        "studio": __version__,
    }


def _processor() -> str:
    info = Path("/proc/cpuinfo")
    if info.is_file():
        for line in info.read_text(errors="replace").splitlines():
            if line.startswith("model name"):
                return line.partition(":")[2].strip()
    return platform.processor() or platform.machine()


@dataclass(frozen=True)
class Report:
    """Result of one benchmark.

    Attributes:
        name: of the benchmark.
        figures: name -> number; the unit is the end of the name.
        holds: name of a promise -> whether it is kept.
        notes: what a reader must know to judge the figures.
        series: name -> points of a curve, [x, y] each.
    """

    name: str
    figures: dict[str, float]
    holds: dict[str, bool]
    notes: tuple[str, ...] = ()
    machine: dict[str, Any] = field(default_factory=machine)
    series: dict[str, list[list[float]]] = field(default_factory=dict)

    def to_json(self) -> dict[str, Any]:
        """Return the document that `--json` prints."""
        figures = {name: float(f"{value:.4g}") for name, value in self.figures.items()}
        document = {
            "name": self.name,
            "figures": figures,
            "machine": self.machine,
            "holds": self.holds,
            "notes": list(self.notes),
        }
        return {**document, "series": self.series} if self.series else document


def median(values: list[float]) -> float:
    """Return the median of a non-empty list."""
    ordered, middle = sorted(values), len(values) // 2
    return ordered[middle] if len(values) % 2 else (ordered[middle - 1] + ordered[middle]) / 2
