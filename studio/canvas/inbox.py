"""What another thread hands over to a working session, to be taken between two steps."""

from __future__ import annotations

import threading
from typing import Any


class Inbox:
    """Values by name; the newest of each name wins, and values put together are taken together."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._values: dict[str, Any] = {}

    def put(self, **values: Any) -> None:
        """Hand values over; from any thread."""
        with self._lock:
            self._values.update(values)

    def take(self) -> dict[str, Any]:
        """Return what came since the last time."""
        with self._lock:
            values, self._values = self._values, {}
        return values
