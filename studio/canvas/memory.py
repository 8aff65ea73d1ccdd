"""How much memory there is, and how much a picture of some size will need."""

from __future__ import annotations

import copy
import ctypes
import subprocess
import sys
from collections.abc import Collection
from pathlib import Path

import torch

from studio.canvas.backbone import LOGIT, Backbone

SHARE = 0.5
"""Of the free memory, for the features of one step."""
CPU_BUDGET = 2**30
"""Features of one step on a CPU at most: larger ones leave every cache and gain nothing over tiles."""
SMALL = 256 * 256
"""Pixels: pictures below are never cut."""
CHOICES = (2048, 1536, 1024, 768, 512, 384, 256)
UNKNOWN = 4 * 2**30
"""Taken where the system does not tell."""


def free_bytes(device: torch.device) -> int:
    """Return the bytes of memory that can be taken on a device without pushing others out."""
    if device.type == "cuda":
        return int(torch.cuda.mem_get_info(device)[0])
    return {"linux": _linux, "win32": _windows}.get(sys.platform, _darwin)()


def _linux() -> int:
    for line in Path("/proc/meminfo").read_text().splitlines():
        if line.startswith("MemAvailable:"):
            return int(line.split()[1]) * 1024
    return UNKNOWN


def _darwin() -> int:
    """Return free and inactive pages as `vm_stat` lists them."""
    try:
        text = subprocess.run(["vm_stat"], capture_output=True, text=True, timeout=5, check=True).stdout
    except (OSError, subprocess.SubprocessError):
        return UNKNOWN
    lines = dict(line.split(":", 1) for line in text.splitlines() if line.startswith("Pages "))
    pages = sum(int(lines.get(name, "0.").strip(" .")) for name in ("Pages free", "Pages inactive"))
    page_size = int(text.partition("page size of ")[2].split()[0]) if "page size of " in text else 4096
    return pages * page_size or UNKNOWN


class _MemoryStatus(ctypes.Structure):
    """MEMORYSTATUSEX of the Windows API."""

    _fields_ = (
        ("length", ctypes.c_uint32),
        ("load", ctypes.c_uint32),
        ("total", ctypes.c_uint64),
        ("available", ctypes.c_uint64),
        ("rest", ctypes.c_uint64 * 5),
    )


def _windows() -> int:
    status = _MemoryStatus(length=ctypes.sizeof(_MemoryStatus))
    known = getattr(ctypes, "windll").kernel32.GlobalMemoryStatusEx(ctypes.byref(status))  # noqa: B009  # not typed
    return int(status.available) if known else UNKNOWN


def feature_bytes(backbone: Backbone, layers: Collection[str], size: tuple[int, int]) -> int:
    """Return the bytes that a forward pass keeps for its backward pass at a size, measured on a small picture.

    Args:
        backbone: prepared: its precision counts.
        layers: names of the layers that are looked at.
        size: (height, width) in pixels.
    """
    side = max(128, backbone.smallest)
    weights = {p.untyped_storage().data_ptr() for p in backbone.module.parameters()}
    kept: dict[int, int] = {}

    def note(tensor: torch.Tensor) -> torch.Tensor:
        storage = tensor.untyped_storage()
        if storage.data_ptr() not in weights:
            kept[storage.data_ptr()] = storage.nbytes()
        return tensor

    probe = copy.copy(backbone)
    device = next(backbone.module.parameters()).device
    picture = torch.rand(1, 3, side, side, device=device, requires_grad=True)
    with torch.autograd.graph.saved_tensors_hooks(note, lambda tensor: tensor):
        features = probe.features(picture, tuple(layers) or (LOGIT,))
        loss = torch.stack([value.float().square().mean() for value in features.values()]).sum()
    del loss
    return sum(kept.values()) * size[0] * size[1] // (side * side)


def chosen_tile(backbone: Backbone, layers: Collection[str], size: tuple[int, int], margin: int = 64) -> int:
    """Return the side of the tiles with which the features of one step fit, 0 when the whole picture does.

    Args:
        backbone: prepared.
        layers: names of the layers that are looked at.
        size: (height, width) of the picture in pixels.
        margin: pixels of context around each tile.
    """
    if size[0] * size[1] < SMALL:
        return 0
    device = next(backbone.module.parameters()).device
    return fitting_tile(feature_bytes(backbone, layers, (1024, 1024)) / 2**20, size, device, margin)


def fitting_tile(per_pixel: float, size: tuple[int, int], device: torch.device, margin: int = 0) -> int:
    """Return what `chosen_tile` does, given the bytes of features per pixel of the picture."""
    budget = free_bytes(device) * SHARE
    if device.type == "cpu":
        budget = min(budget, CPU_BUDGET)
    if size[0] * size[1] < SMALL or per_pixel * size[0] * size[1] <= budget:
        return 0
    fitting = (tile for tile in CHOICES if per_pixel * (tile + 2 * margin) ** 2 <= budget and tile < max(size))
    return next(fitting, CHOICES[-1])
