"""Stand-ins for trained models and data sets: quick, exact and without torch."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from types import SimpleNamespace

import numpy as np

from studio.core.records import RunRecord
from studio.core.spec import DataSpec

SIDE = 16
CLASSES = ("zero", "one", "two", "three")


def blob(z: np.ndarray) -> np.ndarray:
    """Return the picture uint8 (N, 16, 16, 1) of latent points (N, D): a spot whose place is the first two values."""
    z = np.atleast_2d(z)
    rows, columns = np.mgrid[0:SIDE, 0:SIDE]
    x = (z[:, 0, None, None] + 3) / 6 * (SIDE - 1)
    y = (3 - z[:, min(1, z.shape[1] - 1), None, None]) / 6 * (SIDE - 1)
    spot = np.exp(-((columns - x) ** 2 + (rows - y) ** 2) / 8)
    return np.round(255 * spot).astype(np.uint8)[..., None]


class FakeModel:
    """Has the methods of `studio.runs.trained.TrainedModel` that `can` names."""

    def __init__(self, record: RunRecord, can: tuple[str, ...], size: int = 2, count: int = 400) -> None:
        self.record, self.capabilities, self.latent_size, self.step = record, can, size, record.steps
        self.spec = DataSpec(name="spots", kind="image", shape=(1, SIDE, SIDE), classes=CLASSES)
        rng = np.random.default_rng(0)
        self.labels = rng.integers(0, len(CLASSES), count)
        self.z = (rng.normal(size=(count, size)) * 0.5).astype(np.float32)
        self.z[:, 0] += self.labels - 1.5

    def decode(self, z):
        return blob(z)

    def prior(self, n, seed):
        return np.random.default_rng(seed).normal(size=(n, self.latent_size)).astype(np.float32)

    def sample(self, n, seed=0):
        return blob(self.prior(n, seed))

    def encoded(self, split="val", limit=5000, progress=None):
        n = min(limit, len(self.z))
        return SimpleNamespace(
            points=self.z[:n], labels=self.labels[:n], index=np.arange(n), pixels=np.asarray(blob(self.z[:n]))
        )

    def reconstruct(self, pixels):
        return (pixels * 0.9).astype(np.uint8)

    def classify(self, pixels):
        wanted = self.labels[: len(pixels)].copy()
        wanted[::7] = (wanted[::7] + 1) % len(CLASSES)
        return (np.eye(len(CLASSES))[wanted] * 0.9 + 0.025).astype(np.float32)

    def data(self, progress=None):
        return FakeData(self.z, self.labels)

    def write(self, prompt: str, n: int, temperature: float, seed: int) -> Iterator[str]:
        for i in range(n):
            yield f" w{i}@{temperature:g}"


class FakeData:
    """A data set of spots."""

    def __init__(self, z: np.ndarray, labels: np.ndarray) -> None:
        self.train = self.val = self
        self._z, self._labels = z, labels
        self.augment = None
        self.spec = DataSpec(name="spots", kind="image", shape=(1, SIDE, SIDE), classes=CLASSES)

    def __len__(self) -> int:
        return len(self._z)

    def gather(self, index):
        return np.moveaxis(blob(self._z[index]), -1, 1), self._labels[index]


VAE = ("Samples", "Decodes", "Encodes", "Reconstructs")
GAN = ("Samples", "Decodes")


def add_run(store, recipe: str = "vae", kind: str = "image", **more) -> RunRecord:
    """Put a finished run into a store and return its record."""
    record = store.runs_folder / f"{recipe}-0001"
    record.mkdir(parents=True)
    for step in (10, 20):
        (record / "checkpoints" / f"step_{step:010d}").mkdir(parents=True)
    made = RunRecord(
        id=record.name,
        path=record,
        recipe=recipe,
        title=recipe.upper(),
        status="done",
        steps=20,
        created="2026-01-02T03:04:05+00:00",
        data={"source": "digits", "options": {}, "spec": {"kind": kind, "fingerprint": "f00d"}},
        config={"latent_dim": 2},
        checkpoint=str(record / "checkpoints" / "step_0000000020"),
        best={"name": "loss", "value": 1.0, "step": 10},
    )
    made = replace(made, **more)
    made.save()
    store._follow_folders()
    return made
