"""The eyes of the measurements: a small classifier trained on the run's own data, or the bundled backbone.

A generator is judged in the features of a network that did not train it. FID uses Inception v3 for that, which looks at
299-pixel photographs; on 28-pixel digits a small network trained on the digits themselves sees more, and it is also an
independent judge of which class a picture shows. Its name says everything that a figure depends on: "CNN-64 trained
on mnist, 99.1 % held out". Figures of different feature networks must not be compared.

Sources: Heusel 2017, arXiv:1706.08500 (distances in feature space); Borji 2018, arXiv:1802.03446, on judging with a
classifier of the data itself; Ioffe 2015, arXiv:1502.03167; Smith 2018, arXiv:1708.07120 (one cycle of the rate).
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch
import torch.nn.functional as F
from numpy.typing import NDArray
from safetensors import SafetensorError
from safetensors.torch import load, save
from torch import Tensor, nn

from studio.canvas.backbone import Backbone
from studio.core.errors import StoreError
from studio.core.files import explained, read_json, write_atomic, write_json
from studio.core.spec import DataSet, DataSpec, Split
from studio.data.progress import Progress, silent
from studio.quality.pictures import CHUNK, Pixels, Points, to_tensor

FEATURES = 64
BATCH, EPOCHS, RATE = 128, 3, 4e-3
FEWEST_STEPS, MOST_STEPS = 300, 1_500
"""A small data set is seen more often, a large one is not seen through: about a minute on two cores."""
VERSION = 1


@dataclass(frozen=True)
class Seen:
    """What a feature network says about pictures.

    Attributes:
        features: float32 (N, D).
        probabilities: float32 (N, K), or None without a classifier.
    """

    features: Points
    probabilities: Points | None

    @property
    def labels(self) -> NDArray[np.int64]:
        """The likeliest class of each picture, int64 (N,)."""
        assert self.probabilities is not None
        likeliest: NDArray[np.int64] = self.probabilities.argmax(axis=1)
        return likeliest


class SmallNet(nn.Module):
    """Input (N, C, H, W) in 0..1; output features (N, 64) and logits (N, K).

    Convolutions halve the picture until it is at most eight pixels wide, one more follows, and a dense layer of 64.
    """

    def __init__(self, shape: tuple[int, ...], classes: int) -> None:
        super().__init__()
        channels, height, width = shape
        halvings = max(0, int(np.ceil(np.log2(max(height, width) / 8))))
        body: list[nn.Module] = []
        for stride, filters in [(2, 32), *[(2, 64)] * (halvings - 1), (1, 64)] if halvings else [(1, 32), (1, 64)]:
            body += [nn.Conv2d(channels, filters, 3, stride, 1, bias=False), nn.BatchNorm2d(filters), nn.ReLU()]
            channels = filters
        self.body = nn.Sequential(*body, nn.AdaptiveAvgPool2d(4), nn.Flatten())
        self.dense = nn.Linear(channels * 16, FEATURES)
        self.head = nn.Linear(FEATURES, classes)

    def forward(self, x: Tensor) -> tuple[Tensor, Tensor]:
        """Return the penultimate layer after its ReLU, and the logits."""
        features = self.dense(self.body(x - 0.5)).relu()
        return features, self.head(features)


@dataclass(frozen=True)
class FeatureNet:
    """A frozen network that turns pictures into features, with the name that figures carry.

    Attributes:
        name: network, what it was trained on, how well it does.
        resize: what happens to a picture before it ("none", "to at least 32 px").
        classes: names of the classes it tells apart; () without a classifier.
        accuracy: share of held-out examples it names rightly, 0..1; None without a classifier.
        network: a trained `SmallNet`, or a backbone.
    """

    name: str
    resize: str
    classes: tuple[str, ...]
    accuracy: float | None
    network: SmallNet | Backbone

    def look(self, pixels: Pixels, progress: Progress = silent, what: str = "Looking") -> Seen:
        """Return features and class probabilities of pictures uint8 (N, H, W, C)."""
        features, probabilities = [], []
        with torch.no_grad():
            for i in range(0, len(pixels), CHUNK):
                progress(i, len(pixels), what)
                x = to_tensor(pixels[i : i + CHUNK])
                if isinstance(self.network, SmallNet):
                    seen, logits = self.network(x)
                    probabilities.append(logits.softmax(dim=1).numpy())
                else:
                    seen = _pooled(self.network, x)
                features.append(seen.numpy())
        return Seen(np.concatenate(features), np.concatenate(probabilities) if probabilities else None)


SMALLEST_SEEN = 32
"""The bundled backbone saw pictures of this size; smaller ones are enlarged to it."""


def _pooled(backbone: Backbone, x: Tensor) -> Tensor:
    """Return the spatial mean (N, D) of the backbone's last layer before the classes."""
    if x.shape[1] == 1:
        x = x.expand(-1, 3, -1, -1)
    if (side := min(x.shape[-2:])) < SMALLEST_SEEN:
        x = F.interpolate(x, scale_factor=SMALLEST_SEEN / side, mode="bilinear", align_corners=False)
    layer = [layer.name for layer in backbone.layers if layer.name != "logit"][-1]
    return backbone.features(x, [layer])[layer].mean(dim=(2, 3)).float()


def feature_net(data: DataSet, workspace: Path, progress: Progress = silent) -> FeatureNet:
    """Return the feature network of a data set: from the cache, or trained now (about a minute on MNIST).

    Unlabelled data is seen through the bundled backbone.

    Raises:
        StoreError: the workspace cannot be written.
        Cancelled: `progress` raised it; nothing is left behind.
    """
    if len(data.spec.classes) < 2:
        from studio.canvas.backbones.bundled import compact

        net = compact()
        net.module.eval()
        return FeatureNet(f"{net.title}, trained on CIFAR-10", f"to at least {SMALLEST_SEEN} px", (), None, net)
    folder = workspace / "cache" / "features"
    path = folder / f"{_key(data.spec)}.safetensors"
    if (known := _cached(path, data.spec)) is not None:
        return known
    network, accuracy = train(data, progress)
    with explained(folder):
        folder.mkdir(parents=True, exist_ok=True)
    write_atomic(path, save({name: tensor.contiguous() for name, tensor in network.state_dict().items()}))
    write_json(path.with_suffix(".json"), {"data": data.spec.name, "accuracy": accuracy, "version": VERSION})
    return _named(network, data.spec, accuracy)


def _key(spec: DataSpec) -> str:
    text = f"{VERSION} {spec.fingerprint} {spec.shape} {spec.classes} {spec.train_count}"
    return hashlib.sha256(text.encode()).hexdigest()[:16]


def _named(network: SmallNet, spec: DataSpec, accuracy: float) -> FeatureNet:
    name = f"CNN-{FEATURES} trained on {spec.name}, {accuracy:.1%} held out".replace("%", " %")
    return FeatureNet(name, "none", spec.classes, accuracy, network.eval().requires_grad_(False))


def _cached(path: Path, spec: DataSpec) -> FeatureNet | None:
    """Return the stored network; None when there is none, or it is damaged and must be trained again."""
    with torch.device("meta"):  # draws nothing from the random generator
        network = SmallNet(spec.shape, len(spec.classes))
    try:
        network.load_state_dict(load(path.read_bytes()), assign=True)
        return _named(network, spec, float(read_json(path.with_suffix(".json"))["accuracy"]))
    except (OSError, StoreError, SafetensorError, RuntimeError, KeyError, TypeError, ValueError):
        return None


def train(data: DataSet, progress: Progress = silent, seed: int = 0) -> tuple[SmallNet, float]:
    """Train the classifier on the training split; return it with its held-out accuracy (0..1).

    Adam with one cycle of the rate. Equal seeds give equal networks; torch's global generator is left as it was.
    """
    count = len(data.train)
    steps = min(max(EPOCHS * count // BATCH, FEWEST_STEPS), MOST_STEPS)
    random = torch.Generator().manual_seed(seed)
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(seed)
        network = SmallNet(data.spec.shape, len(data.spec.classes)).to(memory_format=torch.channels_last)
    optimizer = torch.optim.Adam(network.parameters(), lr=RATE)
    schedule = torch.optim.lr_scheduler.OneCycleLR(optimizer, RATE, total_steps=steps)
    order = torch.empty(0, dtype=torch.int64)
    for step in range(steps):
        progress(step, steps, "Training the feature network")
        if len(order) < min(BATCH, count):
            order = torch.randperm(count, generator=random)
        index, order = order[:BATCH], order[BATCH:]
        x, y = _batch(data.train, index.numpy())
        loss = F.cross_entropy(network(x)[1], y)
        optimizer.zero_grad(set_to_none=True)
        loss.backward()  # type: ignore[no-untyped-call]
        optimizer.step()
        schedule.step()
    return network.eval(), _accuracy(network, data)


def _accuracy(network: SmallNet, data: DataSet) -> float:
    """Return the share of held-out examples (training examples where nothing is held out) named rightly."""
    split = data.val if len(data.val) else data.train
    right = 0
    with torch.no_grad():
        for i in range(0, len(split), CHUNK):
            x, y = _batch(split, np.arange(i, min(i + CHUNK, len(split))))
            right += int((network(x)[1].argmax(dim=1) == y).sum())
    return right / len(split)


def _batch(split: Split, index: NDArray[np.int64]) -> tuple[Tensor, Tensor]:
    """Return pictures float32 (n, C, H, W) in 0..1, channels last, and labels int64 (n,)."""
    x, y = split.gather(index)
    assert y is not None  # only labelled data comes here
    return torch.from_numpy(x).to(torch.float32, memory_format=torch.channels_last).div_(255), torch.from_numpy(y)
