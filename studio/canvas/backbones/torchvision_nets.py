"""torchvision's networks as chains of named steps: nothing deeper than asked for is computed.

All of them are a line of modules once their in-built branches are taken as one step, so no graph is traced and every
copy, precision and pooling works as with any other module.

Networks are made on the "meta" device and then get their weights, so that nothing is initialised for nothing.
"""

from __future__ import annotations

import math
from collections import OrderedDict
from collections.abc import Callable, Iterable, Mapping
from functools import lru_cache

import torch
from torch import Tensor, nn
from torch.nn.utils.fusion import fuse_conv_bn_eval

from studio.canvas.backbone import CAFFE, IMAGENET, LOGIT, SYMMETRIC, Backbone, Chain, Layer, Preprocessing
from studio.canvas.backbones.entries import Entry, entry
from studio.canvas.backbones.plans import PLANS
from studio.canvas.backbones.watched import nothing_in_place

PREPROCESSING = {
    "imagenet": IMAGENET,
    # Inception and GoogLeNet were trained on -1..1; torchvision re-maps standardised pictures inside the network
    # (`transform_input`), which the chain passes by (spec C-13.9).
    "symmetric": SYMMETRIC,
    "caffe": CAFFE,
    "original": Preprocessing((0.48235, 0.45882, 0.40784), (1 / 255, 1 / 255, 1 / 255)),
}
MEASURED = 1024
"""Side of the imagined picture on which strides are measured."""


@lru_cache(maxsize=1)
def classes() -> tuple[str, ...]:
    """Return the 1,000 names of ImageNet's classes, in the order of the logits."""
    from torchvision.models import SqueezeNet1_1_Weights

    return tuple(SqueezeNet1_1_Weights.DEFAULT.meta["categories"])


def blank(network: str) -> nn.Module:
    """Return torchvision's module without memory for its weights (on the "meta" device), in evaluation mode."""
    from torchvision import models

    options = {"init_weights": False} if network in ("inception_v3", "googlenet") else {}
    with torch.device("meta"):
        net: nn.Module = models.get_model(network, weights=None, **options)
    nothing_in_place(net)
    return net.eval().requires_grad_(False)


@lru_cache(maxsize=32)
def expected(network: str, *, classifier: bool = True) -> dict[str, torch.Size]:
    """Return name -> shape of every weight that the chain needs, in torchvision's names. Do not change it."""
    plan, state = PLANS[network](), blank(network).state_dict()
    used = (*plan.steps, *(plan.head if classifier else ()))
    return {
        name: tensor.shape
        for name, tensor in state.items()
        if _within(name, used) and not name.endswith("num_batches_tracked")  # only training counts
    }


def _within(name: str, parts: Iterable[str]) -> bool:
    return any(name.startswith(f"{part}.") for part in parts)


def chain(network: str, state: Mapping[str, Tensor]) -> Chain:
    """Return a network with weights; with a head if the classifier's are among them.

    Args:
        network: torchvision's name.
        state: weights by torchvision's names, of the shapes of `expected` and nothing else. Not copied.
    """
    plan, net = PLANS[network](), blank(network)
    net.load_state_dict(dict(state), strict=False, assign=True)
    _fold_batch_norm(net)
    # The steps of a Chain are direct children, so dots have to go.
    steps = nn.Sequential(OrderedDict((_flat(name), net.get_submodule(name)) for name in plan.steps))
    complete = expected(network).keys() <= state.keys()
    head = nn.Sequential(*(_head_part(net, name) for name in plan.head)) if complete else None
    made = Chain(steps, {tap.name: _flat(tap.step) for tap in plan.taps}, head)
    return made.eval().requires_grad_(False)


def _fold_batch_norm(module: nn.Module) -> None:
    """Fold batch normalisation into the convolution before it: the same function, computed quicker, exact in bf16.

    In these networks a normalisation that follows a convolution in the list of children follows it in the computation
    (a test compares with torchvision's own forward pass). One that does not stays.
    """
    before = ""
    for name, child in list(module.named_children()):
        conv = module.get_submodule(before) if before else None
        if isinstance(child, nn.BatchNorm2d):
            child.num_batches_tracked = None  # needs no memory, and files may lack it
            loaded = child.running_mean is not None and not child.running_mean.is_meta
            if isinstance(conv, nn.Conv2d) and loaded:
                setattr(module, before, fuse_conv_bn_eval(conv, child))
                setattr(module, name, nn.Identity())
        else:
            _fold_batch_norm(child)
        before = name


def _flat(step: str) -> str:
    return step.replace(".", "_")


def _head_part(net: nn.Module, name: str) -> nn.Module:
    made: dict[str, Callable[[], nn.Module]] = {
        "flatten": nn.Flatten,
        "relu": nn.ReLU,
        "pool": lambda: nn.AdaptiveAvgPool2d(1),
    }
    return made[name]() if name in made else net.get_submodule(name)


@lru_cache(maxsize=16)
def layers(network: str) -> tuple[Layer, ...]:
    """Return the layers of a network, measured without weights; the logits are not among them."""
    plan, net = PLANS[network](), blank(network)
    x, shapes = torch.empty(1, 3, MEASURED, MEASURED, device="meta"), {}
    for step in plan.steps:
        x = net.get_submodule(step)(x)
        shapes[step] = x.shape
    at = {step: i for i, step in enumerate(plan.steps)}
    return tuple(
        Layer(
            tap.name,
            shapes[tap.step][1],
            # unpadded convolutions cost a few cells: 62 instead of 64
            2 ** round(math.log2(MEASURED / shapes[tap.step][2])),
            at[tap.step] / len(plan.steps),
            tap.about,
        )
        for tap in plan.taps
    )


def aliases(network: str) -> dict[str, str]:
    """Return other name -> name of the layers."""
    return {alias: tap.name for tap in PLANS[network]().taps for alias in tap.aliases}


def backbone(about: Entry, state: Mapping[str, Tensor], fingerprint: str, identity: str = "") -> Backbone:
    """Return an entry of the registry with weights.

    Args:
        about: the entry.
        state: weights by torchvision's names, checked (see `expected`).
        fingerprint: digest of the weights.
        identity: id of the result; the entry's own by default.
    """
    module = chain(about.network, state)
    made = _around(about, module, classifier=module.head is not None)
    made.id, made.fingerprint = identity or about.id, fingerprint
    return made


def described(about: Entry) -> Backbone:
    """Return an entry with its layers but without weights: to be looked at, not to be used."""
    return _around(about, nn.Identity(), classifier=about.classifier)


def _around(about: Entry, module: nn.Module, *, classifier: bool) -> Backbone:
    found = layers(about.network)
    names = classes() if classifier else ()
    if classifier:
        found = (*found, Layer(LOGIT, len(names), found[-1].stride, 1.0, "the classes it was trained on"))
    return Backbone(
        id=about.id,
        title=about.title,
        module=module,
        layers=found,
        preprocessing=PREPROCESSING[about.inputs],
        classes=names,
        dream=about.dream,
        content=about.content,
        style=about.style,
        smallest=about.smallest,
        licence=about.licence,
        aliases=aliases(about.network),
    )


def random_weights(name: str, seed: int = 0, *, classifier: bool = False) -> Backbone:
    """Return a network of the registry with random weights: for measuring, and for textures without learning.

    Kernels are N(0, 2 / fan_in) (He 2015, arXiv:1502.01852), so that activations keep their size; batch
    normalisation does nothing.
    """
    about, generator = entry(name), torch.Generator().manual_seed(seed)
    state = {}
    for key, shape in expected(about.network, classifier=classifier).items():
        if len(shape) > 1:
            deviation = math.sqrt(2 / math.prod(shape[1:]))
            state[key] = torch.randn(shape, generator=generator) * deviation
        else:
            state[key] = torch.ones(shape) if key.endswith(("weight", "running_var")) else torch.zeros(shape)
    return backbone(about, state, f"random-{seed}", f"random:{name}")
