"""The data sets that have a name: some are bundled, the others are found on disk or downloaded when asked."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from studio.core.errors import BadInput, NotAvailable
from studio.core.spec import Column, Kind
from studio.data import world, wrodl
from studio.data.detect import idx_files
from studio.data.progress import Progress

_PLAYS_URL = "https://raw.githubusercontent.com/karpathy/char-rnn/master/data/tinyshakespeare/input.txt"
_PLAYS_SHA256 = "86c4e6aa9db7c042ec79f339dcb96d42b0075e16b8fc2e86bf0ca57e2dc565ed"


@dataclass(frozen=True, kw_only=True)
class Entry:
    """One line of the catalogue.

    Attributes:
        name: what `--data` takes; title: its full name.
        kind: "image", "text" or "table".
        shape: (C, H, W) of a picture in its own size; (columns,) of a table; () for text.
        columns: tables only.
        classes: number of label classes, 0 without labels.
        count: number of examples, training and test together.
        megabytes: size of the download; 0 when bundled.
        bundled: usable offline without a download.
        licence: as its makers state it; note: one sentence about it.
    """

    name: str
    title: str
    kind: Kind = "image"
    shape: tuple[int, ...] = ()
    columns: tuple[Column, ...] = ()
    classes: int = 0
    count: int = 0
    megabytes: float = 0
    bundled: bool = False
    licence: str = ""
    note: str = ""

    def present(self, workspace: Path) -> bool:
        """Tell whether it can be opened without a download."""
        return self.bundled or place_of(self.name, workspace) is not None


_ENTRIES = (
    Entry(
        name="digits",
        title="Handwritten digits, 8 x 8",
        shape=(1, 8, 8),
        classes=10,
        count=1797,
        bundled=True,
        licence="CC BY 4.0",
        note="scikit-learn's small digits: trains in seconds.",
    ),
    Entry(
        name="shapes",
        title="Coloured shapes",
        shape=(3, 32, 32),
        classes=6,
        count=20_000,
        bundled=True,
        licence="MIT",
        note="Drawn on demand from known factors: shape, colour, size, place, rotation.",
    ),
    Entry(
        name="planet-pixel",
        title="Planet Pixel: the faces of Wrodl",
        shape=(3, 32, 32),
        count=50,
        bundled=True,
        licence="MIT",
        note="Fifty faces of 32 x 32 pixels in 256 colours, with the fashions they show.",
    ),
    Entry(
        name="tins",
        title="Biscuit tins",
        shape=(1, 64, 64),
        count=5_000,
        bundled=True,
        licence="MIT",
        note="Drawn on demand: grey tins that differ in height and width alone.",
    ),
    Entry(
        name="wrodl",
        title="Wrodl: fifty fashions",
        kind="table",
        shape=(5,),
        columns=wrodl.COLUMNS,
        count=50,
        bundled=True,
        licence="MIT",
        note="Five categories a row, with the frequencies that Foster's book prints.",
    ),
    Entry(
        name="world-map",
        title="World map: points on land",
        kind="table",
        shape=(2,),
        columns=world.COLUMNS,
        count=world.COUNT,
        bundled=True,
        licence="MIT",
        note="Latitude and longitude, drawn uniformly over a coarse map.",
    ),
    Entry(
        name="street-digits",
        title="Plain digits and street numbers",
        shape=(3, 32, 32),
        classes=2,
        count=20_000,
        bundled=True,
        licence="MIT",
        note="Two domains to translate between: handwritten digits (MNIST's where it is), and drawn house numbers.",
    ),
    Entry(
        name="fruit",
        title="Apples and oranges",
        shape=(3, 64, 64),
        classes=2,
        count=1_200,
        bundled=True,
        licence="MIT",
        note="Two domains to translate between: drawn fruit on trays, in any size up to 256 px.",
    ),
    Entry(
        name="mnist",
        title="MNIST handwritten digits",
        shape=(1, 28, 28),
        classes=10,
        count=70_000,
        megabytes=11,
        licence="CC BY-SA 3.0",
        note="The data set most of the books begin with.",
    ),
    Entry(
        name="fashion-mnist",
        title="Fashion-MNIST clothing",
        shape=(1, 28, 28),
        classes=10,
        count=70_000,
        megabytes=31,
        licence="MIT",
        note="Zalando's articles in MNIST's format.",
    ),
    Entry(
        name="kmnist",
        title="Kuzushiji-MNIST characters",
        shape=(1, 28, 28),
        classes=10,
        count=70_000,
        megabytes=21,
        licence="CC BY-SA 4.0",
        note="Cursive Japanese characters.",
    ),
    Entry(
        name="emnist",
        title="EMNIST letters and digits (balanced)",
        shape=(1, 28, 28),
        classes=47,
        count=131_600,
        megabytes=562,
        licence="public domain",
        note="Letters and digits, equally many of each.",
    ),
    Entry(
        name="qmnist",
        title="QMNIST: MNIST with its full test set",
        shape=(1, 28, 28),
        classes=10,
        count=120_000,
        megabytes=21,
        licence="BSD",
        note="MNIST rebuilt, with 60,000 test digits.",
    ),
    Entry(
        name="cifar10",
        title="CIFAR-10 photographs",
        shape=(3, 32, 32),
        classes=10,
        count=60_000,
        megabytes=170,
        licence="not stated",
        note="Tiny photographs of animals and vehicles.",
    ),
    Entry(
        name="cifar100",
        title="CIFAR-100 photographs",
        shape=(3, 32, 32),
        classes=100,
        count=60_000,
        megabytes=169,
        licence="not stated",
        note="As CIFAR-10 with a hundred classes.",
    ),
    Entry(
        name="svhn",
        title="Street View House Numbers",
        shape=(3, 32, 32),
        classes=10,
        count=99_289,
        megabytes=246,
        licence="non-commercial",
        note="Digits on houses, in colour.",
    ),
    Entry(
        name="celeba",
        title="CelebA faces with attributes",
        shape=(3, 218, 178),
        count=202_599,
        megabytes=1480,
        licence="non-commercial research",
        note="Faces with 40 yes-or-no attributes.",
    ),
    Entry(
        name="fables",
        title="Small fables",
        kind="text",
        count=400,
        bundled=True,
        licence="MIT",
        note="Told by a small grammar; for Aesop's fables choose their text file.",
    ),
    Entry(
        name="plays",
        title="Tiny Shakespeare",
        kind="text",
        count=1,
        megabytes=1.1,
        licence="public domain",
        note="Forty thousand lines from plays, the usual text for character models.",
    ),
)


def entries() -> tuple[Entry, ...]:
    """Return the catalogue in the order it is shown."""
    return _ENTRIES


def names() -> tuple[str, ...]:
    """Return the catalogue's names."""
    return tuple(entry.name for entry in _ENTRIES)


def entry(name: str) -> Entry:
    """Return one entry.

    Raises:
        BadInput: there is no such name.
    """
    for found in _ENTRIES:
        if found.name == name:
            return found
    raise BadInput(f"There is no data set called {name!r}.", f"Known: {', '.join(names())}.")


def place_of(name: str, workspace: Path) -> Path | None:
    """Return where a data set that is not bundled lies: the root that `vision.load` takes, an idx folder, or a text.

    Looked at are `<workspace>/datasets/<name>` (where downloads go), `<workspace>/datasets` and `./data`, the
    folder that torchvision's examples use.
    """
    own = workspace / "datasets" / name
    if entry(name).kind == "text":
        return next((p for p in (own / f"{name}.txt", own.with_suffix(".txt")) if p.is_file()), None)
    from studio.data import vision

    for root in (own, workspace / "datasets", Path("data")):
        if vision.present(name, root):
            return root
    return own if own.is_dir() and idx_files(own) else None


def download(name: str, workspace: Path, progress: Progress | None) -> None:
    """Fetch a data set into `<workspace>/datasets/<name>`; what is bundled or there already is left as it is.

    Args:
        name: a catalogue name.
        workspace: the folder that holds `datasets`.
        progress: reports bytes; may raise `Cancelled`, a later call goes on.

    Raises:
        BadInput: no such name, or a server sent something else.
        NotAvailable: no connection.
        StoreError: the disk is full or read-only.
    """
    if entry(name).present(workspace):
        return
    folder = workspace / "datasets" / name
    if entry(name).kind == "text":
        from studio.data.download import fetch

        fetch(_PLAYS_URL, folder / f"{name}.txt", sha256=_PLAYS_SHA256, progress=progress)
        return
    from studio.data import vision

    vision.fetch(name, folder, progress)


def required(name: str, workspace: Path) -> Path:
    """Return where a data set lies.

    Raises:
        NotAvailable: it must be downloaded first; the message says how.
    """
    place = place_of(name, workspace)
    if place is None:
        about = entry(name)
        raise NotAvailable(
            f"{about.title} is not on this computer ({about.megabytes:g} MB to download).",
            f"Get it with: generative-studio data get {name}. Or use digits, which is bundled."
            if about.kind == "image"
            else f"Get it with: generative-studio data get {name}. Or use fables, which is bundled.",
        )
    return place
