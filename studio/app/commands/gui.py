"""`gui`: open the window."""

from __future__ import annotations

import os
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import tyro

from studio.app.commands.base import Command
from studio.core.errors import BadInput, NotAvailable


@dataclass(frozen=True, kw_only=True)
class Gui(Command):
    """Open the window; paths (data, runs, pictures) are opened as if they were dropped on it."""

    paths: tyro.conf.Positional[tuple[Path, ...]] = ()
    """Files or folders to open."""
    demo: bool = False
    """Train the VAE on the bundled digits, then show Explore."""
    quit_when_done: bool = False
    """With --demo: write a screenshot of Explore and end."""
    screenshot: Path | None = None
    """With --quit-when-done: where to write the screenshot."""

    def run(self) -> Any:
        """Open the window and wait until it is closed."""
        for path in self.paths:
            if not path.exists():
                raise BadInput(f"{path} does not exist.", "Check the path.")
        try:
            from studio.app.gui import open_window
        except ImportError as error:
            if (error.name or "").partition(".")[0] == "studio":
                raise
            raise NotAvailable(
                f"The window needs Qt, which cannot be loaded here: {error}.",
                "Install PySide6-Essentials, pyqtgraph and superqt, and on Linux the system libraries that the README "
                "lists. Every command but gui and bench ui works without them.",
            ) from error
        code = open_window(
            paths=self.paths,
            demo=self.demo,
            quit_when_done=self.quit_when_done,
            screenshot=self.screenshot,
            workspace=self.workspace or os.environ.get("GENERATIVE_STUDIO_WORKSPACE") or None,
        )
        return {"exit": code}

    def text(self, document: Any) -> str:
        """Say nothing: the window has spoken."""
        del document
        return ""


def parser(name: str, words: Sequence[str]) -> Any:
    """Return the type that tyro parses."""
    del name, words
    return Gui
