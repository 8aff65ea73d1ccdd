"""What Translate's workers do: translate held-out examples, a picture, a folder. Nothing here runs on the GUI thread.

torch and the translations are imported inside the functions: the window paints before they load.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from studio.core.capabilities import Input
    from studio.runs.canvas_batch import Report
    from studio.runs.translate import How, Translation
    from studio.ui.panels.explore_model import Session

Progress = Callable[[int, int, str], None]
EXAMPLES = 12
"""Held-out examples in the gallery."""


@dataclass(frozen=True)
class Facts:
    """What a translator is, for the controls.

    Attributes:
        domains: names of the first and the second domain.
        both_ways: whether it translates back.
        amount: what can be set of a source, or None.
        prepares: whether ordinary pictures are made into members of the source domain (edges, grey, noise), so that
            a person may have some that are members already.
    """

    domains: tuple[str, str]
    both_ways: bool
    amount: Input | None
    prepares: bool


@dataclass(frozen=True)
class Asked:
    """What the controls say; see `studio.runs.translate.How`."""

    backwards: bool = False
    amount: float | None = None
    ready: bool = False

    def how(self) -> How:
        """Return it for the translations (imports torch: in a worker only)."""
        from studio.runs.translate import How

        return How(backwards=self.backwards, amount=self.amount, ready=self.ready)


@dataclass(frozen=True, eq=False)
class Shown:
    """One picture of a translation, as it is on the screen.

    Attributes:
        found: the translation; index: which of its pictures.
        asked: how it was made.
        title: what people call it; source: its path, "" for a held-out example.
    """

    found: Translation
    index: int
    asked: Asked
    title: str
    source: str = ""


def _facts(model: Any) -> Facts:
    import numpy as np

    recipe = model.need("Translates")
    first, second = (domain.name for domain in recipe.domains)
    channels, height, width = model.spec.shape
    plain = np.random.default_rng(0).integers(0, 256, (1, height, width, channels), np.uint8)
    source = model.sources(plain)
    prepares = source.shape[1:3] == (height, width) and not np.array_equal(source, plain)
    return Facts((first, second), recipe.both_ways, recipe.amount, prepares)


def examples(session: Session, asked: Asked) -> Translation:
    """Translate held-out examples."""
    from studio.runs import translate

    return session.use(translate.held_out, EXAMPLES, asked.how())


def picture(session: Session, path: Path, asked: Asked) -> Translation:
    """Translate a picture file."""
    from studio.runs import translate

    return session.use(translate.of_file, path, asked.how())


def open_translator(workspace: Path, run_id: str, checkpoint: str, progress: Progress) -> tuple[Session, Facts]:
    """Open a run and ask it what it is.

    Raises:
        StudioError: no such run or checkpoint, it is damaged, or it does not translate.
    """
    from studio.ui.panels.explore_model import open_model

    session = open_model(workspace, run_id, checkpoint, progress)
    return session, session.use(_facts)


def folder(workspace: Path, session: Session, paths: list[Path], out: Path, asked: Asked, progress: Progress) -> Report:
    """Translate files and the pictures of folders, one by one; cancelled, it goes on next time where it was.

    The run is opened once more, so that the page stays usable meanwhile.
    """
    from studio.runs import translate
    from studio.runs.canvas_items import pictures_in
    from studio.ui.panels.explore_model import open_model

    found = pictures_in(paths)
    own = open_model(workspace, session.record.id, str(session.step), progress)
    return own.use(translate.folder, found, out, asked.how(), progress)


def save(session: Session, path: Path, shown: Shown) -> Path:
    """Write one translation with its recipe, tiny ones enlarged."""
    from studio.runs import pictures, translate
    from studio.ui.panels.explore_export import SMALLEST

    def write(model: Any) -> Path:
        made = pictures.enlarge(shown.found.made[shown.index : shown.index + 1], SMALLEST)[0]
        return translate.save(model, path, made, shown.asked.how(), source=shown.source)

    return session.use(write)


def save_sheet(session: Session, path: Path, found: Translation, asked: Asked) -> Path:
    """Write the gallery with its recipe."""
    from studio.runs import translate

    return session.use(translate.save_sheet, path, found, asked.how())
