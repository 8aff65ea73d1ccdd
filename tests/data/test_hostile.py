"""Hundreds of damaged and hostile sources through the doctor and the opener: explained, quick, nothing executed.

Permission bits do not stop an administrator, so as root the unreadable files of the corpus are merely readable;
`test_doctor.py` simulates the refusal, and other users meet the real one here.
"""

import pickle
import resource
import sys
import time
import warnings
from dataclasses import dataclass, field

import numpy as np
import pytest

from studio.core.errors import StudioError
from studio.data.doctor import KINDS, check, printable
from studio.data.open import open_data
from studio.data.options import DataOptions
from tests.data import hostile
from tests.data.hostile.sources import trap

pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="the corpus needs pipes, sockets and links")

OPTIONS = DataOptions(size=16, window=4, val_fraction=0.2)
LIMIT = 10.0
MEMORY = 1_000_000_000
KINDS_OF_SOURCE = {"folder", "archive", "idx", "idx-folder", "numpy", "picture", "text", "unknown"}


@dataclass
class Outcome:
    """What became of one source."""

    name: str
    report: object = None
    refusal: StudioError | None = None
    opened: object = None
    crashes: list[str] = field(default_factory=list)
    seconds: float = 0.0


def memory():
    """Return the most memory this process ever held, in bytes."""
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * (1 if sys.platform == "darwin" else 1024)


def outcome_of(path, workspace):
    """Check and open one source; anything but an explained refusal is noted as a crash."""
    outcome, began = Outcome(str(path)), time.perf_counter()
    try:
        outcome.report = check(path, workspace)
    except Exception as error:
        outcome.crashes.append(f"check: {error!r}")
    outcome.seconds, began = time.perf_counter() - began, time.perf_counter()
    try:
        data = open_data(str(path), OPTIONS, workspace=workspace)
        first = data.train.gather(np.arange(min(4, len(data.train))))[0]
        outcome.opened = (data.spec, first.dtype, np.isfinite(first).all())
    except StudioError as error:
        outcome.refusal = error
    except Exception as error:
        outcome.crashes.append(f"open: {error!r}")
    outcome.seconds = max(outcome.seconds, time.perf_counter() - began)
    return outcome


@pytest.fixture(scope="module")
def results(tmp_path_factory):
    """Run the whole corpus once: outcomes, whether the canary is there, and how much memory was added."""
    folder = tmp_path_factory.mktemp("hostile")
    before = memory()
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # Pillow remarks on damaged metadata
        outcomes = [outcome_of(path, folder / "workspace") for path in hostile.corpus(folder / "corpus")]
    for path in (folder / "corpus").rglob("*"):
        if path.is_dir() and not path.is_symlink():
            path.chmod(0o700)  # so that it can be removed
    return outcomes, hostile.canary(folder / "corpus").exists(), memory() - before


def test_there_are_enough_of_them(results):
    assert len(results[0]) >= 500


def test_the_corpus_is_the_same_each_time(tmp_path):
    def size(path):
        # pickles name the folder of their canary, so their compressed size may differ by a byte
        return path.stat().st_size if path.is_file() and "pickle" not in path.name else None

    first, second = ([(p.name, size(p)) for p in hostile.corpus(tmp_path / n)] for n in ("a", "b"))
    assert first == second
    assert sum(size is not None for _, size in first) > 400


def test_nothing_crashes(results):
    assert {o.name: o.crashes for o in results[0] if o.crashes} == {}


def test_nothing_takes_long(results):
    assert [(o.name, o.seconds) for o in results[0] if o.seconds > LIMIT] == []


def test_nothing_is_executed(results):
    assert not results[1]


def test_the_canary_does_appear_when_a_trap_is_unpickled(tmp_path):
    pickle.loads(pickle.dumps(trap(tmp_path / "0000" / "raw.npy"))).close()
    assert hostile.canary(tmp_path).exists()


def test_memory_stays_bounded(results):
    assert results[2] < MEMORY


def test_every_report_says_what_and_where(results):
    for outcome in results[0]:
        report = outcome.report
        assert report.kind in KINDS_OF_SOURCE
        assert report.problems or report.ok, outcome.name
        for problem in report.problems:
            assert problem.kind in KINDS
            assert problem.path
            assert problem.path == printable(problem.path)
            assert len(problem.message) > 10
            assert problem.message == printable(problem.message)


def test_every_refusal_names_the_source(results):
    unnamed = []
    for outcome in results[0]:
        if outcome.refusal:
            said = f"{outcome.refusal} {outcome.refusal.details}"
            name = outcome.name.rsplit("/", 1)[1]
            if not any(n in said for n in (name, repr(name)[1:-1], printable(name), name.split(".")[0])):
                unnamed.append((name, said))
    assert unnamed == []


def test_every_refusal_was_foreseen_by_the_doctor(results):
    """What cannot be opened is never called in order."""
    assert [(o.name, o.refusal.what) for o in results[0] if o.refusal and o.report.ok] == []


def test_what_opens_is_whole(results):
    for outcome in results[0]:
        if outcome.opened:
            spec, dtype, finite = outcome.opened
            assert spec.train_count > 0
            assert dtype in (np.uint8, np.int64)
            assert finite
