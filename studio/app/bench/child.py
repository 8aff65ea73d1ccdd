"""Starts the window in a process of its own and reads the JSON document it prints."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tempfile
from collections.abc import Mapping
from typing import Any

from studio.core.errors import NotAvailable

LIMIT_SECONDS = 180


def window(what: str, number: float, environment: Mapping[str, str] | None = None) -> dict[str, Any]:
    """Run `studio.app.bench.window` and return what it printed.

    Args:
        what: "start", "ui" or "canvas".
        number: its argument.
        environment: variables to add.

    Raises:
        NotAvailable: there is no Qt, or the window could not be measured.
    """
    variables = {"QT_QPA_PLATFORM": "offscreen", **os.environ, **(environment or {})}
    with tempfile.TemporaryDirectory(prefix="bench-") as folder:
        command = [sys.executable, "-m", "studio.app.bench.window", what, repr(number), folder]
        try:
            done = subprocess.run(
                command, env=variables, capture_output=True, text=True, timeout=LIMIT_SECONDS, check=False
            )
        except subprocess.TimeoutExpired as error:
            raise NotAvailable("The window did not answer.", "Close other programs and try again.") from error
    lines = done.stdout.strip().splitlines()
    if not lines:
        why = (done.stderr.strip().splitlines() or ["it said nothing"])[-1]
        raise NotAvailable(
            f"The window could not be measured: {why}", "Try generative-studio gui.", details=done.stderr
        )
    document: dict[str, Any] = json.loads(lines[-1])
    return document
