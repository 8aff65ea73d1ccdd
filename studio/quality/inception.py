"""FID, KID and IS proper: torchmetrics' formulas on the Inception v3 that Heusel used, when its weights are at hand.

The network is TensorFlow's of 2015-12-05, ported by M. Seitzer: torchvision's Inception v3 with 1008 outputs, average
pooling that does not count the padding, and max-pooling in the last block. Nothing else gives figures that compare with
published ones. The weights (95 MB) are never downloaded by the studio; `missing` says where they belong.

Sources: Szegedy 2016, arXiv:1512.00567; Heusel 2017, arXiv:1706.08500; Bińkowski 2018, arXiv:1801.01401; Salimans 2016,
arXiv:1606.03498; weights: https://github.com/mseitzer/pytorch-fid, release "fid_weights".
"""

from __future__ import annotations

import pickle
from collections.abc import Sequence
from pathlib import Path
from typing import Literal

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from studio.core.errors import BadInput, NotAvailable
from studio.data.progress import Progress, silent
from studio.quality.pictures import Pixels

FILES = ("pt_inception-2015-12-05-6726825d.pth", "weights-inception-2015-12-05-6726825d.pth")
SIDE, FEATURES, CLASSES = 299, 2048, 1008
NAME = "Inception v3 (2015-12-05)"
RESIZE = "to 299 px, bilinear with antialiasing"
CHUNK = 32
Pool = Literal["average", "max"]
Shape = tuple[int, int | tuple[int, int]]
"""Output channels and kernel of a convolution that keeps the size."""


class Conv(nn.Module):
    """Convolution, batch normalisation, ReLU."""

    def __init__(self, channels: int, filters: int, kernel: int | tuple[int, int], stride: int = 1, pad: bool = True):
        super().__init__()
        height, width = (kernel, kernel) if isinstance(kernel, int) else kernel
        padding = (height // 2, width // 2) if pad else (0, 0)
        self.conv = nn.Conv2d(channels, filters, (height, width), stride, padding, bias=False)
        self.bn = nn.BatchNorm2d(filters, eps=1e-3)

    def forward(self, x: Tensor) -> Tensor:
        """Return (N, filters, h, w)."""
        return F.relu(self.bn(self.conv(x)))


class Mixed(nn.Module):
    """Parallel chains of convolutions whose outputs are joined, with a pooled branch last.

    Args:
        channels: of the input.
        branches: name -> convolutions; a chain of one is called `name`, of several `name_1`, `name_2`, …
        pool: filters after the pooling; 0 pools without a convolution at stride 2, and halves the picture.
        kind: how it pools.
    """

    def __init__(self, channels: int, branches: dict[str, Sequence[Shape]], pool: int, kind: Pool = "average") -> None:
        super().__init__()
        self.kind, self.halves = kind, not pool
        self.chains: list[list[str]] = []
        for name, shapes in branches.items():
            names = [name] if len(shapes) == 1 else [f"{name}_{i + 1}" for i in range(len(shapes))]
            width = channels
            for i, (key, (filters, kernel)) in enumerate(zip(names, shapes, strict=True)):
                last = self.halves and i == len(shapes) - 1
                self.add_module(key, Conv(width, filters, kernel, 2 if last else 1, not last))
                width = filters
            self.chains.append(names)
        if pool:
            self.branch_pool = Conv(channels, pool, 1)

    def forward(self, x: Tensor) -> Tensor:
        """Return the branches side by side, (N, C, h, w)."""
        return torch.cat([*(self._chain(x, names) for names in self.chains), self._pooled(x)], dim=1)

    def _chain(self, x: Tensor, names: Sequence[str]) -> Tensor:
        for name in names:
            x = self.get_submodule(name)(x)
        return x

    def _pooled(self, x: Tensor) -> Tensor:
        if self.halves:
            return F.max_pool2d(x, 3, 2)
        largest = self.kind == "max"
        pooled = F.max_pool2d(x, 3, 1, 1) if largest else F.avg_pool2d(x, 3, 1, 1, count_include_pad=False)
        branch: Tensor = self.branch_pool(pooled)
        return branch


class Split(Mixed):
    """The last two blocks: two of the chains end in a 1x3 and a 3x1 convolution side by side."""

    def __init__(self, channels: int, kind: Pool) -> None:
        chains: dict[str, Sequence[Shape]] = {"branch1x1": [(320, 1)]}
        super().__init__(channels, chains, 192, kind)
        self.branch3x3_1 = Conv(channels, 384, 1)
        self.branch3x3dbl_1, self.branch3x3dbl_2 = Conv(channels, 448, 1), Conv(448, 384, 3)
        for name in ("branch3x3_2", "branch3x3dbl_3"):
            self.add_module(f"{name}a", Conv(384, 384, (1, 3)))
            self.add_module(f"{name}b", Conv(384, 384, (3, 1)))

    def forward(self, x: Tensor) -> Tensor:
        """Return the branches side by side, (N, 2048, h, w)."""
        ends = []
        for names, end in ((["branch3x3_1"], "branch3x3_2"), (["branch3x3dbl_1", "branch3x3dbl_2"], "branch3x3dbl_3")):
            y = self._chain(x, names)
            ends += [self.get_submodule(f"{end}{side}")(y) for side in "ab"]
        return torch.cat([self._chain(x, ["branch1x1"]), *ends, self._pooled(x)], dim=1)


def _sevens(width: int) -> dict[str, Sequence[Shape]]:
    flat, tall = (width, (1, 7)), (width, (7, 1))
    return {
        "branch1x1": [(192, 1)],
        "branch7x7": [(width, 1), flat, (192, (7, 1))],
        "branch7x7dbl": [(width, 1), tall, flat, tall, (192, (1, 7))],
    }


class Inception(nn.Module):
    """Input float32 (N, 3, 299, 299) in -1..1; output features (N, 2048) and logits without bias (N, 1008)."""

    def __init__(self) -> None:
        super().__init__()
        self.Conv2d_1a_3x3 = Conv(3, 32, 3, 2, pad=False)
        self.Conv2d_2a_3x3 = Conv(32, 32, 3, pad=False)
        self.Conv2d_2b_3x3 = Conv(32, 64, 3)
        self.Conv2d_3b_1x1 = Conv(64, 80, 1)
        self.Conv2d_4a_3x3 = Conv(80, 192, 3, pad=False)
        fives: dict[str, Sequence[Shape]] = {
            "branch1x1": [(64, 1)],
            "branch5x5": [(48, 1), (64, 5)],
            "branch3x3dbl": [(64, 1), (96, 3), (96, 3)],
        }
        self.Mixed_5b, self.Mixed_5c, self.Mixed_5d = (
            Mixed(192, fives, 32),
            Mixed(256, fives, 64),
            Mixed(288, fives, 64),
        )
        self.Mixed_6a = Mixed(288, {"branch3x3": [(384, 3)], "branch3x3dbl": [(64, 1), (96, 3), (96, 3)]}, 0)
        self.Mixed_6b, self.Mixed_6c = Mixed(768, _sevens(128), 192), Mixed(768, _sevens(160), 192)
        self.Mixed_6d, self.Mixed_6e = Mixed(768, _sevens(160), 192), Mixed(768, _sevens(192), 192)
        long: Sequence[Shape] = [(192, 1), (192, (1, 7)), (192, (7, 1)), (192, 3)]
        self.Mixed_7a = Mixed(768, {"branch3x3": [(192, 1), (320, 3)], "branch7x7x3": long}, 0)
        self.Mixed_7b, self.Mixed_7c = Split(1280, "average"), Split(2048, "max")
        self.fc = nn.Linear(FEATURES, CLASSES)

    def forward(self, x: Tensor) -> tuple[Tensor, Tensor]:
        """Return features and unbiased logits, as FID and IS take them."""
        pools = {"Conv2d_2b_3x3", "Conv2d_4a_3x3"}
        for name, block in self.named_children():
            if name == "fc":
                break
            x = block(x)
            if name in pools:
                x = F.max_pool2d(x, 3, 2)
        features = x.mean(dim=(2, 3))
        return features, features @ self.fc.weight.T


def found(workspace: Path) -> Path | None:
    """Return the file of the weights, from the workspace or torch.hub's cache; None when it is nowhere."""
    folders = (workspace / "backbones", Path(torch.hub.get_dir()) / "checkpoints")
    return next((folder / name for folder in folders for name in FILES if (folder / name).is_file()), None)


def missing(workspace: Path) -> NotAvailable:
    """Return the error that says how FID becomes available."""
    return NotAvailable(
        "FID, KID and IS need the Inception v3 weights of 2015-12-05, which are not here.",
        f"Download {FILES[0]} (95 MB) from github.com/mseitzer/pytorch-fid and put it into {workspace / 'backbones'}.",
    )


def load(path: Path) -> Inception:
    """Return the frozen network.

    Raises:
        BadInput: the file is damaged, hostile, or another network.
    """
    with torch.device("meta"):
        network = Inception()
    try:
        state = torch.load(path, map_location="cpu", weights_only=True)
        network.load_state_dict(state, assign=True)
    except (OSError, RuntimeError, pickle.UnpicklingError, EOFError, TypeError, AttributeError, ValueError) as error:
        raise BadInput(
            f"{path} is not the Inception of FID.", f"Fetch {FILES[0]} again.", details=str(error)
        ) from error
    return network.float().eval().requires_grad_(False)


def look(network: nn.Module, pixels: Pixels, progress: Progress = silent, what: str = "") -> tuple[Tensor, Tensor]:
    """Return features (N, 2048) and logits (N, 1008) of pictures uint8 (N, H, W, C), resized as torchmetrics does."""
    features, logits = [], []
    with torch.no_grad():
        for i in range(0, len(pixels), CHUNK):
            progress(i, len(pixels), what)
            x = torch.from_numpy(pixels[i : i + CHUNK]).permute(0, 3, 1, 2).float().expand(-1, 3, -1, -1)
            x = F.interpolate(x, (SIDE, SIDE), mode="bilinear", align_corners=False, antialias=True)
            seen = network((x - 128) / 128)
            features.append(seen[0])
            logits.append(seen[1])
    return torch.cat(features), torch.cat(logits)
