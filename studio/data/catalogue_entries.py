"""The table of the catalogue: what the data sets that have a name look like, and what their makers say of them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from studio.core.spec import Column, Kind
from studio.data import world, wrodl


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


def _made(name: str, title: str, note: str, **about: Any) -> Entry:
    """Return what the studio draws or writes itself: bundled, under its own licence."""
    return Entry(name=name, title=title, note=note, bundled=True, licence="MIT", **about)


def _characters(name: str, title: str, note: str, **about: Any) -> Entry:
    """Return a set of written characters in MNIST's format."""
    return Entry(name=name, title=title, note=note, shape=(1, 28, 28), **about)


def _photographs(name: str, title: str, note: str, **about: Any) -> Entry:
    """Return a set of coloured photographs."""
    return Entry(name=name, title=title, note=note, **{"shape": (3, 32, 32), **about})


ENTRIES = (
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
    _made(
        "shapes",
        "Coloured shapes",
        "Drawn on demand from known factors: shape, colour, size, place, rotation.",
        shape=(3, 32, 32),
        classes=6,
        count=20_000,
    ),
    _made(
        "planet-pixel",
        "Planet Pixel: the faces of Wrodl",
        "Fifty faces of 32 x 32 pixels in 256 colours, with the fashions they show.",
        shape=(3, 32, 32),
        count=50,
    ),
    _made(
        "tins",
        "Biscuit tins",
        "Drawn on demand: grey tins that differ in height and width alone.",
        shape=(1, 64, 64),
        count=5_000,
    ),
    _made(
        "wrodl",
        "Wrodl: fifty fashions",
        "Five categories a row, with the frequencies that Foster's book prints.",
        kind="table",
        shape=(5,),
        columns=wrodl.COLUMNS,
        count=50,
    ),
    _made(
        "world-map",
        "World map: points on land",
        "Latitude and longitude, drawn uniformly over a coarse map.",
        kind="table",
        shape=(2,),
        columns=world.COLUMNS,
        count=world.COUNT,
    ),
    _made(
        "street-digits",
        "Plain digits and street numbers",
        "Two domains to translate between: handwritten digits (MNIST's where it is), and drawn house numbers.",
        shape=(3, 32, 32),
        classes=2,
        count=20_000,
    ),
    _made(
        "fruit",
        "Apples and oranges",
        "Two domains to translate between: drawn fruit on trays, in any size up to 256 px.",
        shape=(3, 64, 64),
        classes=2,
        count=1_200,
    ),
    _characters(
        "mnist",
        "MNIST handwritten digits",
        "The data set most of the books begin with.",
        classes=10,
        count=70_000,
        megabytes=11,
        licence="CC BY-SA 3.0",
    ),
    _characters(
        "fashion-mnist",
        "Fashion-MNIST clothing",
        "Zalando's articles in MNIST's format.",
        classes=10,
        count=70_000,
        megabytes=31,
        licence="MIT",
    ),
    _characters(
        "kmnist",
        "Kuzushiji-MNIST characters",
        "Cursive Japanese characters.",
        classes=10,
        count=70_000,
        megabytes=21,
        licence="CC BY-SA 4.0",
    ),
    _characters(
        "emnist",
        "EMNIST letters and digits (balanced)",
        "Letters and digits, equally many of each.",
        classes=47,
        count=131_600,
        megabytes=562,
        licence="public domain",
    ),
    _characters(
        "qmnist",
        "QMNIST: MNIST with its full test set",
        "MNIST rebuilt, with 60,000 test digits.",
        classes=10,
        count=120_000,
        megabytes=21,
        licence="BSD",
    ),
    _photographs(
        "cifar10",
        "CIFAR-10 photographs",
        "Tiny photographs of animals and vehicles.",
        classes=10,
        count=60_000,
        megabytes=170,
        licence="not stated",
    ),
    _photographs(
        "cifar100",
        "CIFAR-100 photographs",
        "As CIFAR-10 with a hundred classes.",
        classes=100,
        count=60_000,
        megabytes=169,
        licence="not stated",
    ),
    _photographs(
        "svhn",
        "Street View House Numbers",
        "Digits on houses, in colour.",
        classes=10,
        count=99_289,
        megabytes=246,
        licence="non-commercial",
    ),
    _photographs(
        "celeba",
        "CelebA faces with attributes",
        "Faces with 40 yes-or-no attributes.",
        shape=(3, 218, 178),
        count=202_599,
        megabytes=1480,
        licence="non-commercial research",
    ),
    _made(
        "fables",
        "Small fables",
        "Told by a small grammar; for Aesop's fables choose their text file.",
        kind="text",
        count=400,
    ),
    Entry(
        name="plays",
        title="Tiny Shakespeare",
        note="Forty thousand lines from plays, the usual text for character models.",
        kind="text",
        count=1,
        megabytes=1.1,
        licence="public domain",
    ),
)
