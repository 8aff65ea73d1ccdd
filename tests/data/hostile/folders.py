"""Texts that are no UTF-8 or too short; folders with loops, special files and odd names."""

from __future__ import annotations

import gzip
import os
import pickle
import random
from collections.abc import Callable, Iterator
from pathlib import Path

from tests.data.hostile.pictures import leave_socket
from tests.data.hostile.sources import (
    Case,
    classes,
    idx,
    members_of_two_classes,
    npz,
    picture,
    pixels,
    trap,
    write,
)


def texts() -> Iterator[Case]:
    """Bytes that are no UTF-8, and texts too short to learn from."""
    story = "Der Löwe und die Maus: «klein, aber fein», sagte der Bär. "
    for encoding in ("utf-16", "utf-32", "latin-1", "cp1252", "utf-8-sig"):
        yield f"{encoding}.txt", (story * 50).encode(encoding)
    yield "empty.txt", b""
    yield "one.txt", b"a"
    yield "two.txt", b"hello world"
    yield "blank.txt", b" \n\t" * 300
    yield "nul.txt", b"fox and grapes \0" * 60
    yield "binary.txt", random.Random(3).randbytes(5000)
    yield "unbroken.txt", b"a" * 300_000
    yield "surrogate.txt", b"fox \xed\xa0\x80 grapes " * 50
    yield "late.txt", story.encode() * 2000 + b"\xff\xfe"
    yield "ansi.txt", b"\x1b[2J\x1b]0;title\x07 fox and grapes " * 50
    yield "right.txt", ("‮" + story * 30).encode()


def folders() -> Iterator[Case]:
    """Folders with loops, special files, odd names, and nothing."""

    def loop(path: Path) -> None:
        write(path, members_of_two_classes())
        (path / "cats" / "again").symlink_to(path)
        (path / "a").symlink_to(path / "b")
        (path / "b").symlink_to(path / "a")

    def only_loop(path: Path) -> None:
        path.mkdir()
        (path / "again").symlink_to(path)

    def special(path: Path) -> None:
        write(path, members_of_two_classes())
        os.mkfifo(path / "cats" / "pipe.png")
        leave_socket(path / "cats" / "socket.png")
        (path / "cats" / "zero.png").symlink_to("/dev/zero")
        (path / "cats" / "dangling.png").symlink_to("/nowhere/at/all")
        (path / "cats" / "outside.png").symlink_to("/etc/passwd")
        (path / "cats" / "folder.png").mkdir()

    def closed(path: Path) -> None:
        write(path, members_of_two_classes())
        (path / "cats" / "1.png").chmod(0)
        (path / "dogs").chmod(0)

    def deep(path: Path) -> None:
        write(path, {"/".join(["d"] * 150) + "/a.png": picture()})

    def digits(**files: bytes) -> Callable[[Path], None]:
        return lambda path: write(path, {k.replace("_", "-"): v for k, v in files.items()})

    names = {f"cats/{n}.png": picture() for n in ("line\nbreak", "😀", "{0} %s", "-rf", "a" * 200)}
    yield "loop", loop
    yield "only-loop", only_loop
    yield "special", special
    yield "closed", closed
    yield "deep", deep
    yield "empty", lambda path: path.mkdir()
    yield "empty-classes", lambda path: [(path / n).mkdir(parents=True) for n in ("cats", "dogs")]
    yield "names", lambda path: write(path, names)
    yield "line\nbreak 😀", lambda path: write(path, members_of_two_classes())
    yield "empty-files", lambda path: write(path, {f"cats/{i}.png": b"" for i in range(5)})
    yield "no-pictures", lambda path: write(path, {"cats/a.txt": b"x", "b.pdf": b"y", "c": b"z"})
    yield "mixed", lambda path: write(path, {"a.png": picture(), "data.npz": npz(x=pixels()), "t.txt": b"hello"})
    yield "traps", lambda path: write(path, {"cats/a.png": pickle.dumps(trap(path)), "cats/b.png": picture()})
    yield "itself", lambda path: path.symlink_to(path)
    good, labels = idx(pixels()), idx(classes())
    yield "counts", digits(train_images_idx3_ubyte=good, train_labels_idx1_ubyte=idx(classes(5)))
    yield "no-labels", digits(train_images_idx3_ubyte=good)
    yield "no-images", digits(train_labels_idx1_ubyte=labels)
    yield "swapped", digits(train_images_idx3_ubyte=labels, train_labels_idx1_ubyte=good)
    yield "half", digits(train_images_idx3_ubyte=good[:-100], train_labels_idx1_ubyte=labels)
    yield (
        "shapes",
        digits(
            train_images_idx3_ubyte=good, train_labels_idx1_ubyte=labels, t10k_images_idx3_ubyte=idx(pixels()[:, :5])
        ),
    )
    yield "bad-gz", lambda path: write(path, {"train-images-idx3-ubyte.gz": gzip.compress(good)[:-12]})
