"""`bench start`: from the start of the process to the first paint, and the memory of the idle window.

Each start is a new Python process, without a display (offscreen); the first one fills the disk cache and is left
out. Torch must not be loaded by then.
"""

from __future__ import annotations

import time

from studio.app.bench import child
from studio.app.bench.report import Report, Say, median

SECONDS, MEGABYTES = 1.0, 300.0


def run(say: Say, *, quick: bool = False) -> Report:
    """Measure a few cold starts."""
    found = []
    for number in range(2 if quick else 8):
        found.append(child.window("start", time.time()))
        say(f"start {number}: {found[-1]['seconds']:.2f} s, {found[-1]['idle_mb']:.0f} MB")
    seconds, memory = [f["seconds"] for f in found[1:]], [f["idle_mb"] for f in found[1:]]
    figures = {
        "first_paint_s": median(seconds),
        "first_paint_best_s": min(seconds),
        "first_paint_worst_s": max(seconds),
        "idle_mb": max(memory),
    }
    holds = {
        f"first_paint_at_most_{SECONDS:g}_s": median(seconds) <= SECONDS,
        f"idle_at_most_{MEGABYTES:g}_mb": max(memory) <= MEGABYTES,
        "torch_not_loaded": not any(f["torch"] for f in found),
    }
    return Report("start", figures, holds, ("Median of starts after the first one; offscreen.",))
