"""The layers of torchvision's networks: in which order they compute, which can be asked for, and by which names.

Names are those of the papers, of Keras (VGG) or of torchvision, whichever people use; other common names are aliases.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass, field


@dataclass(frozen=True)
class Tap:
    """A layer that can be asked for: its name, the step after which it is read, a few words, other names of it."""

    name: str
    step: str
    about: str = ""
    aliases: tuple[str, ...] = ()


@dataclass(frozen=True)
class Plan:
    """How a torchvision network becomes a chain.

    Attributes:
        steps: names of submodules in the order of computation, dots for nesting ("features.0").
        taps: the layers offered, in the same order.
        head: what follows on the last step's output to give logits: names of submodules, "relu", "flatten".
    """

    steps: tuple[str, ...]
    taps: tuple[Tap, ...]
    head: tuple[str, ...] = field(default=())


def _line(names: str) -> tuple[str, ...]:
    return tuple(names.split())


def _vgg(counts: tuple[int, ...]) -> Plan:
    """VGG: convolutions named as in Keras and read after their ReLU; the paper's names are aliases."""
    taps, at = [], 0
    about = ("edges and colours", "simple textures", "textures", "patterns and parts", "things")
    for b, count in enumerate(counts, 1):
        for c in range(1, count + 1):
            names = (f"conv{b}_{c}", f"relu{b}_{c}")
            taps.append(Tap(f"block{b}_conv{c}", f"features.{at + 1}", about[b - 1], names))
            at += 2
        at += 1  # pooling
    steps = tuple(f"features.{i}" for i in range(at))
    return Plan(steps, tuple(taps), ("avgpool", "flatten", "classifier"))


def _inception() -> Plan:
    steps = _line(
        "Conv2d_1a_3x3 Conv2d_2a_3x3 Conv2d_2b_3x3 maxpool1 Conv2d_3b_1x1 Conv2d_4a_3x3 maxpool2 Mixed_5b Mixed_5c "
        "Mixed_5d Mixed_6a Mixed_6b Mixed_6c Mixed_6d Mixed_6e Mixed_7a Mixed_7b Mixed_7c"
    )
    mixed = [name for name in steps if name.startswith("Mixed")]
    keras = {name: f"mixed{i}" for i, name in enumerate(mixed)}
    taps = tuple(
        Tap(name, name, f"{keras[name]} in Keras" if name in keras else "", (keras[name],) if name in keras else ())
        for name in steps
        if not name.startswith("maxpool")
    )
    return Plan(steps, taps, ("avgpool", "flatten", "fc"))


def _googlenet() -> Plan:
    steps = _line(
        "conv1 maxpool1 conv2 conv3 maxpool2 inception3a inception3b maxpool3 inception4a inception4b inception4c "
        "inception4d inception4e maxpool4 inception5a inception5b"
    )
    about = {"inception4c": "the dream of 2015", "inception3b": "textures", "inception5a": "whole things"}
    taps = tuple(
        Tap(s, s, about.get(s, ""), (s.replace("inception", "mixed"), s.replace("inception", "inception_")))
        if s.startswith("inception")
        else Tap(s, s)
        for s in steps
        if not s.startswith("maxpool")
    )
    return Plan(steps, taps, ("avgpool", "flatten", "fc"))


def _resnet(counts: tuple[int, ...]) -> Plan:
    blocks = tuple(f"layer{i}.{j}" for i, count in enumerate(counts, 1) for j in range(count))
    taps = (Tap("conv1", "relu", "edges and colours"), *(Tap(name, name) for name in blocks))
    return Plan(("conv1", "bn1", "relu", "maxpool", *blocks), taps, ("avgpool", "flatten", "fc"))


def _features(count: int, taps: Iterable[Tap], head: str = "avgpool flatten classifier") -> Plan:
    """A network whose `features` are a line of numbered modules."""
    return Plan(tuple(f"features.{i}" for i in range(count)), tuple(taps), _line(head))


def _squeezenet() -> Plan:
    fires = {3: 2, 4: 3, 6: 4, 7: 5, 9: 6, 10: 7, 11: 8, 12: 9}
    taps = [Tap("conv1", "features.1", "edges and colours")]
    taps += [Tap(f"fire{n}", f"features.{i}") for i, n in fires.items()]
    return _features(13, taps, "classifier flatten")


def _densenet() -> Plan:
    steps = ["conv0", "norm0", "relu0", "pool0"]
    for b in range(1, 5):
        steps += [f"denseblock{b}", f"transition{b}"] if b < 4 else [f"denseblock{b}", "norm5"]
    offered = [Tap("conv0", "features.relu0", "edges and colours")]
    offered += [Tap(s, f"features.{s}") for s in steps if s.startswith(("dense", "trans"))]
    return Plan(tuple(f"features.{s}" for s in steps), tuple(offered), _line("relu pool flatten classifier"))


PLANS: dict[str, Callable[[], Plan]] = {
    "vgg16": lambda: _vgg((2, 2, 3, 3, 3)),
    "vgg19": lambda: _vgg((2, 2, 4, 4, 4)),
    "inception_v3": _inception,
    "googlenet": _googlenet,
    "resnet18": lambda: _resnet((2, 2, 2, 2)),
    "resnet50": lambda: _resnet((3, 4, 6, 3)),
    "squeezenet1_1": _squeezenet,
    "alexnet": lambda: _features(13, [Tap(f"conv{n}", f"features.{i}") for n, i in enumerate((1, 4, 7, 9, 11), 1)]),
    "densenet121": _densenet,
    "mobilenet_v3_large": lambda: _features(
        17, [Tap("stem", "features.0"), *(Tap(f"block{i}", f"features.{i}") for i in range(1, 16))]
    ),
    "efficientnet_b0": lambda: _features(
        9, [Tap("stem", "features.0"), *(Tap(f"stage{i}", f"features.{i}") for i in range(1, 8))]
    ),
}
