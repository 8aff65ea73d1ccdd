"""What Write's workers do: open a model of text and let it write, one or several texts at a time."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

Progress = Callable[[int, int, str], None]
Piece = tuple[int, str]
LIKELY = 16
SIGNS = {" ": "␣ space", "\n": "⏎ new line", "\t": "⇥ tab", "|": "| new story"}


def open_writer(workspace: Path, run_id: str, checkpoint: str, progress: Progress) -> Any:
    """Open a run's weights as a `studio.runs.trained.TrainedModel`.

    Raises:
        StudioError: no such run or checkpoint, it is damaged, or it does not write.
    """
    progress(0, 0, "loading the weights")
    from studio.core.store import Store
    from studio.runs.trained import TrainedModel

    store = Store(workspace)
    try:
        model = TrainedModel.open(store, run_id, checkpoint)
    finally:
        store.close()
    model.need("WritesText")
    return model


def write_texts(
    model: Any,
    prompt: str,
    length: int,
    temperatures: Sequence[float],
    seed: int,
    pieces: deque[Piece],
    progress: Progress,
) -> int:
    """Write one text for each temperature, a token of each in turn, appending (column, text) to `pieces`.

    Returns the number of tokens written; `progress` raises Cancelled when the person presses Stop.
    """
    writers = {column: model.write(prompt, length, t, seed) for column, t in enumerate(temperatures)}
    total, done = length * len(temperatures), 0
    while writers:
        for column in list(writers):
            progress(done, total, f"{done:,} tokens")
            text = next(writers[column], None)
            if text is None:
                del writers[column]
                continue
            pieces.append((column, text))
            done += 1
    return done


def likely_next(model: Any, prompt: str, temperature: float) -> list[tuple[str, float]] | None:
    """Return (token, probability) of what may follow, likeliest first; None when the model does not tell."""
    if "PredictsTokens" not in model.capabilities:
        return None
    return [(shown(token), share) for token, share in model.next_tokens(prompt, temperature, LIKELY)]


def shown(token: str) -> str:
    """Return a token as it can be read: white space has signs."""
    return SIGNS.get(token, token)
