"""Weights from a file of unknown origin: read without running anything in it, recognised, checked number by number.

Read: torchvision's `.pth` (PyTorch's restricted reader: numbers only) and safetensors; state dictionaries inside
`{"state_dict": …}`; names with `module.` before them; the names Keras and Caffe give to VGG's layers.
"""

from __future__ import annotations

import hashlib
import pickle
import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import torch
from safetensors import SafetensorError, safe_open
from torch import Tensor

from studio.canvas.backbone import Backbone
from studio.canvas.backbones import bundled
from studio.canvas.backbones import torchvision_nets as nets
from studio.canvas.backbones.entries import ENTRIES, Entry, entry
from studio.canvas.backbones.plans import PLANS
from studio.core.errors import BadCheckpoint, BadInput

State = dict[str, Tensor]

_WANTED = "Choose a .pth of torchvision or a .safetensors file."
_AGAIN = "Download it again."
_WRAPPERS = ("state_dict", "model_state_dict", "model")
_VGG_NAME = re.compile(r"(?:.*[./])?(block\d_conv\d|conv\d_\d)[./](weight|kernel|bias)(?::0)?")
_DENSE_NAME = re.compile(r"(.*denselayer\d+\.(?:norm|conv))\.([12]\..*)")
"""DenseNet's file has `norm.1.weight` where today's torchvision says `norm1.weight`."""
MOST_HEADER = 100_000_000


def open_file(path: Path, name: str = "", identity: str = "") -> Backbone:
    """Open a file of weights.

    Args:
        path: `.pth` or `.safetensors`.
        name: id of the registry entry it is; "" recognises it from names and shapes.
        identity: id of the result; "file:PATH" (or "NAME=PATH" when a name is given) by default.

    Raises:
        BadConfig: there is no such entry.
        BadInput: there is no file, or it is not one of weights.
        BadCheckpoint: damaged, hostile, of another network, or not finite.
    """
    path = path.expanduser().resolve()
    about = entry(name) if name else None
    state, metadata = read(path)
    if "blocks" in metadata:
        return _own(path, about, identity)
    style, state = _renamed(state)
    about = about or recognised(state, path, style)
    if not about.network:
        raise BadCheckpoint(f"{path} is not {about.title}.", "Leave the name out: it is recognised.")
    state = fitting(state, about, path)
    identity = identity or (f"{name}={path}" if name else f"file:{path}")
    return nets.backbone(about, state, fingerprint(state), identity)


def _own(path: Path, about: Entry | None, identity: str) -> Backbone:
    """Open a file of the kind that `packaging/backbone/train.py` writes."""
    if about is not None and about.network:
        raise BadCheckpoint(f"{path} is not {about.title}, but the studio's own kind.", "Leave the name out.")
    made = bundled.compact(path)
    made.id, made.title = identity or f"file:{path}", f"{made.title}: {path.stem}"
    return made


# ---- reading


def read(path: Path) -> tuple[State, dict[str, str]]:
    """Return a file's tensors and its metadata ({} for `.pth`).

    Raises:
        BadInput: there is no file, or it is not one of weights.
        BadCheckpoint: damaged, or it holds more than numbers.
    """
    if not path.is_file():
        what = "is a folder" if path.is_dir() else "does not exist"
        raise BadInput(f"{path} {what}.", _WANTED)
    try:
        with path.open("rb") as file:
            start = file.read(9)
    except OSError as error:
        raise BadInput(f"{path} cannot be read: {error.strerror or error}.", "Check its permissions.") from error
    if len(start) == 9 and start[8:] == b"{" and int.from_bytes(start[:8], "little") < MOST_HEADER:
        return _read_safetensors(path)
    if start.startswith((b"PK\x03\x04", b"\x80")):
        return _unwrapped(_read_pth(path, archive=start.startswith(b"PK")), path), {}
    raise BadInput(f"{path} is not a file of weights.", _WANTED)


def _read_safetensors(path: Path) -> tuple[State, dict[str, str]]:
    try:
        with safe_open(path, framework="pt") as file:
            state = {name: file.get_tensor(name) for name in file.keys()}  # noqa: SIM118  # not a dictionary
            return state, dict(file.metadata() or {})
    except (SafetensorError, OSError, ValueError) as error:
        raise BadCheckpoint(f"{path} is damaged or incomplete.", _AGAIN, details=repr(error)) from error


def _read_pth(path: Path, *, archive: bool) -> Any:
    """Read with PyTorch's reader that builds tensors and plain containers and calls nothing else."""
    try:
        return torch.load(path, map_location="cpu", weights_only=True, mmap=archive)
    except pickle.UnpicklingError as error:
        if "Unsupported" in str(error) or "GLOBAL" in str(error):
            raise BadCheckpoint(
                f"{path} holds more than numbers and was not opened: what is in it could run as a program.",
                "Ask its author for a .safetensors file.",
                details=str(error),
            ) from error
        raise BadCheckpoint(f"{path} is damaged or not a file of weights.", _AGAIN, details=str(error)) from error
    except Exception as error:  # every damage has its own exception in there
        raise BadCheckpoint(f"{path} is damaged or incomplete.", _AGAIN, details=repr(error)) from error


def _unwrapped(found: Any, path: Path) -> State:
    for key in _WRAPPERS:
        if isinstance(found, Mapping) and isinstance(found.get(key), Mapping):
            found = found[key]
    tensors = (
        {k: v for k, v in found.items() if isinstance(k, str) and isinstance(v, Tensor)}
        if isinstance(found, Mapping)
        else {}
    )
    if not tensors:
        raise BadInput(f"{path} holds no weights by name.", "Save the network's state_dict().")
    return tensors


def _renamed(state: State) -> tuple[bool, State]:
    """Return whether the names are VGG's of Keras or Caffe, and the weights by torchvision's names."""
    state = {name.removeprefix("module."): tensor for name, tensor in state.items()}
    matches = {name: _VGG_NAME.fullmatch(name) for name in state}
    if not any(matches.values()):
        return False, {_DENSE_NAME.sub(r"\1\2", name): tensor for name, tensor in state.items()}
    deep = any(m and m[1].endswith(("block5_conv4", "conv5_4")) for m in matches.values())
    network = "vgg19" if deep else "vgg16"
    index = {other: tap for tap, other in _indices(network)}
    renamed = {}
    for name, match in matches.items():
        if match is not None and match[1] in index:
            tensor = state[name]
            if match[2] == "kernel":  # Keras: (height, width, in, out)
                tensor = tensor.permute(3, 2, 0, 1).contiguous() if tensor.ndim == 4 else tensor
            renamed[f"{index[match[1]]}.{'bias' if match[2] == 'bias' else 'weight'}"] = tensor
    return True, renamed


def _indices(network: str) -> list[tuple[str, str]]:
    """Return (step of the convolution, name) for every name of VGG's convolutions."""
    pairs = []
    for tap in PLANS[network]().taps:
        number = int(tap.step.rpartition(".")[2]) - 1  # the tap is the ReLU
        pairs += [(f"features.{number}", name) for name in (tap.name, *tap.aliases)]
    return pairs


# ---- recognising and checking


def recognised(state: State, path: Path, book_names: bool = False) -> Entry:
    """Return the registry entry whose layers these weights are.

    Shapes cannot tell torchvision's VGG from Caffe's: the latter is taken when the file has its names, or is called
    as the entry; else say so with "vgg19-caffe=FILE".

    Raises:
        BadCheckpoint: it is no network of the registry; says which it resembles.
    """
    fits = [about for about in ENTRIES if about.network and not _wrong(state, about)]
    if book_names:
        fits = [about for about in fits if about.inputs == "caffe"]
    called = [about for about in fits if about.file == path.name or path.stem == about.id]
    if called or fits:
        return (called or fits)[0]
    near = max((about for about in ENTRIES if about.network), key=lambda about: _common(state, about))
    if _common(state, near) < 0.5:
        raise BadCheckpoint(
            f"{path} holds weights of a network that the studio does not know.",
            f"Known are: {', '.join(about.id for about in ENTRIES if about.network)}.",
        )
    raise BadCheckpoint(f"{path} is almost {near.title}: {_wrong(state, near)}.", "Choose another file.")


def _common(state: State, about: Entry) -> float:
    """Return the share of the layers' names that are there."""
    wanted = nets.expected(about.network, classifier=False)
    return len(wanted.keys() & state.keys()) / len(wanted)


def _wrong(state: State, about: Entry) -> str:
    """Return what differs from an entry's layers, "" if nothing does. A missing classifier is not wrong."""
    for name, shape in nets.expected(about.network, classifier=False).items():
        if name not in state:
            return f"{name} is missing"
        if state[name].shape != shape:
            return f"{name} has the shape {_written(state[name].shape)} instead of {_written(shape)}"
        if not state[name].is_floating_point():
            return f"{name} holds {state[name].dtype} instead of decimal numbers"
    return ""


def _written(shape: torch.Size) -> str:
    return "x".join(map(str, shape)) or "one number"


def fitting(state: State, about: Entry, path: Path) -> State:
    """Return what the network needs of the weights, in fp32; the classifier's only if they are all there.

    Raises:
        BadCheckpoint: weights are missing, of other shapes, or not finite.
    """
    if wrong := _wrong(state, about):
        raise BadCheckpoint(f"{path} is not {about.title}: {wrong}.", "Leave the network's name out to recognise it.")
    layers, everything = (nets.expected(about.network, classifier=c) for c in (False, True))
    complete = all(name in state and state[name].shape == shape for name, shape in everything.items())
    used = {name: state[name].float() for name in (everything if complete and about.classifier else layers)}
    for name, tensor in used.items():
        if not torch.isfinite(tensor).all():
            raise BadCheckpoint(f"{path} is spoilt: {name} holds numbers that are not finite.", _AGAIN)
    return used


def fingerprint(state: Mapping[str, Tensor]) -> str:
    """Return 16 hex digits of the SHA-256 of weights: names, shapes, values; the container does not matter."""
    digest = hashlib.sha256()
    for name in sorted(state):
        digest.update(f"{name} {tuple(state[name].shape)}".encode())
        digest.update(state[name].detach().contiguous().numpy().data)
    return digest.hexdigest()[:16]
