"""What Explore's workers do: open a run, encode, decode, project. Nothing here runs on the GUI thread except `Plane`.

torch, the store and the latent tools are imported inside the functions: the window paints before they load.
"""

from __future__ import annotations

import threading
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal, TypeVar

from studio.core.errors import NotAvailable, StudioError

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    from studio.core.capabilities import Input
    from studio.core.records import RunRecord

T = TypeVar("T")
Progress = Callable[[int, int, str], None]
Method = Literal["axes", "pca", "tsne", "umap"]
METHODS: dict[Method, str] = {"axes": "Two axes", "pca": "PCA", "tsne": "t-SNE", "umap": "UMAP"}
ENCODED_LIMIT = 5000
CHUNK = 32
"""Pictures decoded between two looks at Cancel; a drag waits for one chunk at most."""


class Session:
    """One trained model that several workers ask, one at a time (a `TrainedModel` serves one thread).

    Args:
        model: a `studio.runs.trained.TrainedModel`, or anything with its methods.

    Attributes:
        can: names of its capabilities.
        size: number of latent dimensions, 0 without a latent space.
        inputs: what can be chosen of a picture (`core.capabilities.Input`), () when nothing can.
    """

    def __init__(self, model: Any) -> None:
        self._model = model
        self._lock = threading.Lock()
        self.record: RunRecord = model.record
        self.can = frozenset(model.capabilities)
        self.size = int(model.latent_size) if self.can & {"Decodes", "Encodes"} else 0
        self.classes: tuple[str, ...] = tuple(model.spec.classes)
        self.step = int(getattr(model, "step", self.record.steps))
        self.inputs: tuple[Input, ...] = tuple(model.inputs) if "Conditioned" in self.can else ()
        self._held_out: tuple[Any, Any] | None = None

    def use(self, fn: Callable[..., T], *args: Any) -> T:
        """Return `fn(model, *args)`, computed while no other worker asks the model."""
        with self._lock:
            return fn(self._model, *args)

    def decode(self, z: NDArray[np.float32]) -> NDArray[np.uint8]:
        """Return the pictures uint8 (N, H, W, C) of latent points (N, D)."""
        with self._lock:
            pixels: NDArray[np.uint8] = self._model.decode(z)
            return pixels

    def decode_all(self, z: NDArray[np.float32], progress: Progress) -> NDArray[np.uint8]:
        """Decode many points in chunks with progress."""
        import numpy as np

        parts = []
        for start in range(0, len(z), CHUNK):
            progress(start, len(z), "decoding")
            parts.append(self.decode(z[start : start + CHUNK]))
        return np.concatenate(parts)

    def prior(self, n: int, seed: int) -> NDArray[np.float32]:
        """Return latent points (n, D) the decoder was trained to understand."""
        with self._lock:
            points: NDArray[np.float32] = self._model.prior(n, seed)
            return points

    def samples(self, n: int, seed: int) -> tuple[NDArray[np.uint8], NDArray[np.float32] | None]:
        """Return new pictures, and their latent points when the model decodes."""
        if "Decodes" in self.can:
            z = self.prior(n, seed)
            return self.decode(z), z
        with self._lock:
            return self._model.sample(n, seed), None

    def encoded(self, progress: Progress) -> Any:
        """Return the held-out examples with their points, a `studio.runs.trained.Encoded`."""
        progress(0, 0, "opening the data")
        with self._lock:
            found = self._model.encoded("val", ENCODED_LIMIT)
        self._held_out = found.pixels, found.labels
        return found

    def held_out(self, n: int) -> tuple[NDArray[np.uint8], NDArray[np.int64] | None]:
        """Return the first `n` held-out pictures uint8 (n, H, W, C) and their labels."""
        import numpy as np

        if self._held_out is None or len(self._held_out[0]) < n:
            with self._lock:
                data = self._model.data()
                split = data.val if len(data.val) else data.train
                x, labels = split.gather(np.arange(min(n, len(split)), dtype=np.int64))
            self._held_out = np.ascontiguousarray(np.moveaxis(x, 1, -1)), labels
        pixels, labels = self._held_out
        return pixels[:n], None if labels is None else labels[:n]

    def reconstructions(self, n: int) -> tuple[NDArray[np.uint8], NDArray[np.uint8], NDArray[np.float64]]:
        """Return originals, reconstructions and the mean squared error (0..1 scale) of each, float64 (n,)."""
        import numpy as np

        originals, _ = self.held_out(n)
        with self._lock:
            made: NDArray[np.uint8] = self._model.reconstruct(originals)
        error = ((originals.astype(np.float64) - made) / 255) ** 2
        return originals, made, error.mean(axis=(1, 2, 3))


def open_model(workspace: Path, run_id: str, checkpoint: str, progress: Progress) -> Session:
    """Open a run's weights; the slow part is importing torch.

    Raises:
        StudioError: no such run or checkpoint, or it is damaged.
    """
    progress(0, 0, "loading the weights")
    from studio.core.store import Store
    from studio.runs.trained import TrainedModel

    store = Store(workspace)
    try:
        return Session(TrainedModel.open(store, run_id, checkpoint))
    finally:
        store.close()


@dataclass(frozen=True)
class Plane:
    """Latent points seen in two dimensions, and the way back.

    Attributes:
        method: how the plane was found.
        xy: float32 (N, 2).
        points: the same points in latent space, float32 (N, D).
        axes: names of the two axes.
        chosen: for "axes", the two latent dimensions.
        projection: for "pca", the `studio.latent.projection.Projection` with its inverse.
        note: something the person should know, or "".
    """

    method: Method
    xy: NDArray[np.float32]
    points: NDArray[np.float32]
    axes: tuple[str, str]
    chosen: tuple[int, int] = (0, 1)
    projection: Any = None
    note: str = ""

    def to_latent(self, x: float, y: float, current: NDArray[np.float32]) -> NDArray[np.float32]:
        """Return the latent point (D,) of a place in the plane.

        Two axes: the other coordinates stay as they are in `current`. PCA: the point in the plane through the
        mean. t-SNE and UMAP have no way back: the nearest encoded example is taken.
        """
        import numpy as np

        if self.method == "axes":
            z = np.array(current, np.float32)
            z[self.chosen[0]] = x
            if len(z) > 1:
                z[self.chosen[1]] = y
            return z
        if self.method == "pca":
            return np.asarray(self.projection.inverse(np.array([[x, y]], np.float32))[0], np.float32)
        return np.array(self.points[((self.xy - (x, y)) ** 2).sum(axis=1).argmin()])

    def to_plane(self, z: NDArray[np.float32]) -> tuple[float, float] | None:
        """Return where a latent point (D,) lies in the plane, or None when nobody can tell."""
        if self.method == "axes":
            return float(z[self.chosen[0]]), float(z[self.chosen[1]]) if len(z) > 1 else 0.0
        if self.method == "pca":
            x, y = self.projection.place(z[None])[0]
            return float(x), float(y)
        return None


def make_plane(points: NDArray[np.float32], method: Method, chosen: tuple[int, int], progress: Progress) -> Plane:
    """Project latent points (N, D) into a plane.

    Raises:
        NotAvailable: UMAP is asked for and not installed.
    """
    import numpy as np

    if method == "axes" or points.shape[1] < 3:
        one = points.shape[1] == 1
        xy = np.column_stack([points[:, 0], np.zeros(len(points))]) if one else points[:, list(chosen)]
        names = (f"z{chosen[0] + 1}", "" if one else f"z{chosen[1] + 1}")
        return Plane("axes", xy.astype(np.float32), points, names, chosen)
    from studio.latent import projection

    progress(0, 0, METHODS[method])
    found = projection.fit(points, method, seed=0, progress=progress)
    done: Method = "pca" if found.method == "pca" else method
    title = METHODS[done]
    return Plane(done, found.xy, points, (f"{title} 1", f"{title} 2"), chosen, found, found.note)


def umap_installed() -> bool:
    """Whether the extra `umap` is there (looked up, not imported)."""
    from importlib.util import find_spec

    return find_spec("umap") is not None


def recipe_of(session: Session, kind: str, **more: Any) -> dict[str, Any]:
    """Return what an exported picture carries: enough to make it again (JSON types)."""
    import studio

    record = session.record
    spec = record.data.get("spec") or {}
    return {
        "software": f"Generative Studio {getattr(studio, '__version__', '')}".strip(),
        "kind": kind,
        "run": record.id,
        "recipe": record.recipe,
        "preset": record.preset,
        "config": record.config,
        "step": session.step,
        "data": {"source": record.data.get("source", ""), "fingerprint": spec.get("fingerprint", "")},
        **more,
    }


def need_latent(session: Session | None) -> Session:
    """Return the session if it has a latent space to walk in.

    Raises:
        StudioError: nothing is open.
        NotAvailable: the model has no decoder.
    """
    if session is None:
        raise StudioError("No run is open.", "Choose a run at the top of Explore.")
    if "Decodes" not in session.can:
        raise NotAvailable("This model has no decoder.", "Choose an autoencoder, a VAE or a GAN.")
    return session
