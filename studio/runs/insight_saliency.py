"""Which pixels an answer hangs on: saliency maps of a classifier, by gradients or by covering parts of the picture."""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal

import numpy as np
import torch
import torch.nn.functional as F
from torch import Tensor, nn

from studio.core.errors import BadInput, NotAvailable
from studio.runs.insight import Floats

if TYPE_CHECKING:
    from studio.runs.trained import Pixels, TrainedModel

Method = Literal["gradient", "smooth", "grad-cam", "occlusion"]
METHODS: dict[Method, str] = {
    "gradient": "Gradient",
    "smooth": "Smoothed gradient",
    "grad-cam": "Grad-CAM",
    "occlusion": "Occlusion",
}
DRAWS = 24
"""Noisy copies whose gradients are averaged."""
NOISE = 0.15
"""Standard deviation of the noise, in pixels of 0..1."""
PATCHES = 14
"""About so many positions of the covering patch along each side."""


def saliency(model: TrainedModel, picture: Pixels, target: int, method: Method = "smooth") -> Floats:
    """Return how much each pixel matters to the logit (or probability) of a class.

    Args:
        model: the classifier.
        picture: uint8 (H, W, C).
        target: the class.
        method: "gradient": |∂ logit / ∂ pixel|, its largest channel (Simonyan 2014, arXiv:1312.6034); "smooth": the
            mean of that over noisy copies (Smilkov 2017, arXiv:1706.03825); "grad-cam": maps of the last convolution
            weighted by their mean gradient (Selvaraju 2017, arXiv:1610.02391, eq. 1 and 2); "occlusion": how far the
            probability falls when a patch is covered (Zeiler 2014, arXiv:1311.2901), which every classifier can.

    Returns:
        float32 (H, W) in 0..1, the largest value being 1 (all zero where nothing matters).

    Raises:
        BadInput: no such class or method, or the picture has another size.
        NotAvailable: gradients are asked for and no network of the model maps pictures to its classes, or there is no
            convolution for Grad-CAM.
    """
    if not 0 <= target < len(model.spec.classes):
        raise BadInput(f"There is no class {target}.", f"There are {len(model.spec.classes)}.")
    x = model._batch(picture[None])
    match method:
        case "gradient":
            found = _gradient(model, x, target)
        case "smooth":
            noise = torch.randn(DRAWS, *x.shape[1:], generator=torch.Generator().manual_seed(0)).to(x.device)
            found = _gradient(model, x + NOISE * noise, target)
        case "grad-cam":
            found = _grad_cam(model, x, target)
        case "occlusion":
            found = _occlusion(model, x, target)
        case _:
            raise BadInput(f"There is no method {method!r}.", f"There are: {', '.join(METHODS)}.")
    peak = found.max().clamp(min=1e-12)
    scaled: Floats = (found.clamp(min=0) / peak).float().cpu().numpy()
    return scaled


def overlay(picture: Pixels, heat: Floats) -> Pixels:
    """Return a picture, uint8 (H, W, 3), darkened where nothing matters and glowing amber where much does.

    Args:
        picture: uint8 (H, W, 1 or 3).
        heat: float32 (H, W) in 0..1.
    """
    grey = np.repeat(picture.mean(axis=2, keepdims=True), 3, axis=2) / 255
    warm = heat[..., None]
    made = grey * 0.55 * (1 - warm) + warm * np.array([1.0, 0.69, 0.13])  # amber
    pixels: Pixels = np.round(made.clip(0, 1) * 255).astype(np.uint8)
    return pixels


def _network(model: TrainedModel) -> nn.Module:
    """Return the network that maps pictures to one number per class."""
    model.need("Classifies")
    x = torch.zeros(1, *model.spec.shape, device=model.recipe.compute.device)
    for network in model.recipe.modules().values():
        try:
            with torch.no_grad():
                out = network(x)
        except (RuntimeError, TypeError, ValueError, AttributeError):  # wants something else than a picture
            continue
        if isinstance(out, Tensor) and out.shape == (1, len(model.spec.classes)):
            return network
    raise NotAvailable(f"{model.recipe.title} gives no gradient of its answers.", "Use the occlusion method.")


def _gradient(model: TrainedModel, x: Tensor, target: int) -> Tensor:
    network, x = _network(model), x.clone().requires_grad_()
    with torch.enable_grad():
        (slope,) = torch.autograd.grad(network(x)[:, target].float().sum(), x)
    return slope.abs().amax(dim=1).mean(dim=0)  # (H, W)


def _grad_cam(model: TrainedModel, x: Tensor, target: int) -> Tensor:
    network, seen = _network(model), list[Tensor]()
    convolutions = [m for m in network.modules() if isinstance(m, nn.Conv2d)]
    handles = [m.register_forward_hook(lambda _m, _i, out: seen.append(out)) for m in convolutions]
    try:
        with torch.enable_grad():
            logit = network(x.clone().requires_grad_())[0, target].float()
    finally:
        for handle in handles:
            handle.remove()
    if not seen:
        raise NotAvailable("Grad-CAM looks at the last convolution, and there is none.", "Use another method.")
    (slope,) = torch.autograd.grad(logit, seen[-1])
    weights = slope.mean(dim=(2, 3), keepdim=True)  # (1, F, 1, 1)
    cam = (weights * seen[-1].detach()).sum(dim=1, keepdim=True).relu()
    return F.interpolate(cam.float(), x.shape[-2:], mode="bilinear", align_corners=False)[0, 0]


@torch.no_grad()
def _occlusion(model: TrainedModel, x: Tensor, target: int) -> Tensor:
    classify = model.need("Classifies").classify
    height, width = x.shape[-2:]
    step = max(1, round(max(height, width) / PATCHES))
    side, background = 3 * step, x.amin()
    places = [(top, left) for top in range(0, height, step) for left in range(0, width, step)]
    covered = x.repeat(len(places), 1, 1, 1)
    for i, (top, left) in enumerate(places):
        covered[i, :, max(0, top - step) : top - step + side, max(0, left - step) : left - step + side] = background
    whole = classify(x)[0, target]
    fall = torch.cat([whole - classify(part)[:, target] for part in torch.split(covered, 256)])
    rows = -(-height // step)
    coarse = fall.reshape(1, 1, rows, -1)
    return F.interpolate(coarse, (height, width), mode="bilinear", align_corners=False)[0, 0]
