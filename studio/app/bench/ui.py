"""`bench ui`: how long the window is deaf while the demo trains with two torch threads.

A timer of 5 ms ticks in the window's thread; the gap between two ticks is what a person would wait for a click.
"""

from __future__ import annotations

from studio.app.bench import child
from studio.app.bench.report import Report, Say

P99_MS, THREADS = 33.0, 2


def run(say: Say, *, quick: bool = False) -> Report:
    """Measure the gaps between timer ticks while the demo trains."""
    say("The window opens offscreen and trains the demo.")
    threads = {name: str(THREADS) for name in ("OMP_NUM_THREADS", "MKL_NUM_THREADS")}
    found = child.window("ui", 5.0 if quick else 30.0, threads)
    figures = {f"gap_{name}": found[name] for name in ("p50_ms", "p99_ms", "max_ms")}
    figures.update(ticks=found["ticks"], torch_threads=found["threads"], seconds=found["seconds"])
    holds = {f"gap_p99_at_most_{P99_MS:g}_ms": found["p99_ms"] <= P99_MS}
    return Report("ui", figures, holds, ("The real window at 1280x800, offscreen, on the demo's Train page.",))
