"""A corpus of damaged and hostile sources, the same on every machine: small valid seeds, mutated, and special cases.

`corpus(folder)` writes them below `folder` and yields each path, ready to be checked, opened or dropped on a window.
Nothing here is dangerous unless a reader is careless: then `canary(folder)` exists, memory grows, or a read hangs.
"""

from collections.abc import Iterator
from pathlib import Path

from tests.data.hostile.archives import archives
from tests.data.hostile.arrays import arrays
from tests.data.hostile.folders import folders, texts
from tests.data.hostile.mutations import mutations, pictures_in_folders
from tests.data.hostile.pictures import pictures, with_orientation
from tests.data.hostile.sources import canary, idx, npy, npz, picture, tarred, zipped

__all__ = ["canary", "corpus", "idx", "npy", "npz", "picture", "tarred", "with_orientation", "zipped"]


def corpus(folder: Path) -> Iterator[Path]:
    """Write every hostile source below `folder`, one sub-folder each, and yield its path."""
    folder.mkdir(parents=True, exist_ok=True)
    cases = [*mutations(), *pictures_in_folders(), *pictures(), *arrays(), *archives(), *texts(), *folders()]
    for index, (name, make) in enumerate(cases):
        home = folder / f"{index:04d}"
        home.mkdir()
        path = home / name
        made = make(path) if callable(make) else path.write_bytes(make)
        yield made if isinstance(made, Path) else path
