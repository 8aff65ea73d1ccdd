"""Values that a worker makes one after another, handed to the page as they come."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from studio.ui.jobs import Task
    from studio.ui.panel import Panel
    from studio.ui.panels.canvas_work import Progress


def run_stream(
    panel: Panel,
    make: Callable[[], Iterator[Any]],
    on_value: Callable[[Any], object],
    *,
    title: str,
    total: int,
    on_done: Callable[[], object] | None = None,
    on_error: Callable[[BaseException], object] | None = None,
) -> Task:
    """Iterate `make()` in a worker; `on_value` gets every value in order on the GUI thread, a few times a second.

    Args:
        panel: whose task it is.
        make: returns a generator; called in the worker, closed when it ends or is cancelled.
        on_value: takes a value.
        title: for the activity area; "" keeps it out.
        total: how many values are expected.
        on_done: called after the last value.
        on_error: takes the exception that ended it.
    """
    values: deque[Any] = deque()

    def work(progress: Progress) -> None:
        made = make()
        try:
            for number, value in enumerate(made, 1):
                values.append(value)
                progress(number, total)
        finally:
            close = getattr(made, "close", None)
            if close is not None:
                close()

    def drain(*_: object) -> None:
        while values:
            on_value(values.popleft())

    def done(_: object) -> None:
        drain()
        if on_done is not None:
            on_done()

    return panel.run_task(work, title=title, on_done=done, on_error=on_error, on_progress=drain)
