"""Trains the bundled backbone and writes `resources/backbones/compact.safetensors` (folded, half precision).

    python packaging/backbone/train.py --data cifar10.zip [--epochs 12] [--robust 0.5] [--seed 7] [--out FILE]

Data: CIFAR-10 plus twelve classes of generated textures (`textures.py`), 22 classes in all, with random crops of random
scale and mirroring. With `--robust E` each batch is first moved by one normalised gradient step of L2 length E against
the network (Goodfellow 2015, arXiv:1412.6572; one random start as in Wong 2020, arXiv:2001.03994): a robust network's
gradients look like the things it knows (Engstrom 2019, arXiv:1906.00945), which is what a dream and a transfer show.
Weights are ours, under the project's licence. `README.md` beside this file says what was tried and what came of it.
"""

from __future__ import annotations

import argparse
import json
import sys
import tempfile
import time
from concurrent.futures import ProcessPoolExecutor
from pathlib import Path

import numpy as np
import torch
from safetensors.torch import save_file
from torch import Tensor, nn
from torch.nn import functional as F

sys.path.insert(0, str(Path(__file__).parent))
from textures import CLASSES as TEXTURES
from textures import texture

from studio.canvas.compact import BLOCKS, CompactNet

ROOT = Path(__file__).resolve().parents[2]
MEAN, STD = (0.48, 0.47, 0.44), (0.25, 0.25, 0.26)
SIDE = 32


def arguments() -> argparse.Namespace:
    """Read the command line."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--data", required=True, help="cifar10.zip or a folder of class folders")
    parser.add_argument("--out", type=Path, default=ROOT / "resources" / "backbones" / "compact.safetensors")
    parser.add_argument("--epochs", type=float, default=12)
    parser.add_argument("--batch", type=int, default=128)
    parser.add_argument("--lr", type=float, default=0.2)
    parser.add_argument("--robust", type=float, default=0.5, help="L2 length of the attack in 0..1 pixels; 0 is none")
    parser.add_argument("--textures", type=int, default=1500, help="pictures per texture class")
    parser.add_argument("--seed", type=int, default=7)
    return parser.parse_args()


def _textures_of(job: tuple[int, int, int]) -> np.ndarray:
    kind, count, seed = job
    rng = np.random.default_rng((seed, kind))
    return np.stack([texture(TEXTURES[kind], SIDE + 8, rng) for _ in range(count)])


def load(args: argparse.Namespace) -> tuple[Tensor, Tensor, Tensor, Tensor, list[str]]:
    """Return training and test pictures uint8 (N, 3, 40, 40) with labels, and the class names."""
    from studio.data.open import open_data
    from studio.data.options import DataOptions

    data = open_data(args.data, DataOptions(), workspace=Path(tempfile.mkdtemp()))
    x, y = (torch.from_numpy(a) for a in data.train.gather(np.arange(len(data.train))))
    vx, vy = (torch.from_numpy(a) for a in data.val.gather(np.arange(len(data.val))))
    names = list(data.spec.classes)
    with ProcessPoolExecutor(2) as pool:
        made = list(pool.map(_textures_of, [(k, args.textures + 100, args.seed) for k in range(len(TEXTURES))]))
    drawn = torch.from_numpy(np.stack(made))
    kinds = torch.arange(len(TEXTURES)) + len(names)
    x = torch.cat([F.pad(x, (4, 4, 4, 4), mode="reflect"), drawn[:, 100:].flatten(0, 1)])
    y = torch.cat([y, kinds.repeat_interleave(args.textures)])
    vx = torch.cat([F.pad(vx, (4, 4, 4, 4), mode="reflect"), drawn[:, :100].flatten(0, 1)])
    vy = torch.cat([vy, kinds.repeat_interleave(100)])
    return x, y, vx, vy, names + list(TEXTURES)


def standardised(x: Tensor) -> Tensor:
    """Return 0..1 pictures as the network takes them."""
    mean, std = (torch.tensor(v).view(1, 3, 1, 1) for v in (MEAN, STD))
    return (x - mean) / std


def augmented(x: Tensor, rng: torch.Generator) -> Tensor:
    """Return random crops 32x32 of uint8 (N, 3, 40, 40) at a random scale, mirrored, as 0..1."""
    n = len(x)
    scale = 0.8 * torch.empty(n).uniform_(0.75, 1.15, generator=rng)  # 0.8 is 32 of 40 pixels
    mirror = torch.where(torch.rand(n, generator=rng) < 0.5, -1.0, 1.0)
    place = torch.empty(n, 2).uniform_(-1, 1, generator=rng) * (1 - scale)[:, None].clamp(min=0)
    theta = torch.zeros(n, 2, 3)
    theta[:, 0, 0], theta[:, 1, 1], theta[:, :, 2] = scale * mirror, scale, place
    grid = F.affine_grid(theta, [n, 3, SIDE, SIDE], align_corners=False)
    return F.grid_sample(x.float().div(255), grid, mode="bilinear", padding_mode="reflection", align_corners=False)


def attacked(net: nn.Module, x: Tensor, y: Tensor, length: float, rng: torch.Generator) -> Tensor:
    """Return pictures moved by at most `length` (L2, in 0..1 pixels) towards a higher loss, in one step."""
    noise = torch.randn(x.shape, generator=rng)
    start = (x + 0.5 * length * noise / noise.flatten(1).norm(dim=1).view(-1, 1, 1, 1)).requires_grad_()
    with torch.autocast("cpu", dtype=torch.bfloat16):
        loss = F.cross_entropy(net(standardised(start).contiguous(memory_format=torch.channels_last)), y)
    (gradient,) = torch.autograd.grad(loss, start)
    move = start.detach() + length * gradient / gradient.flatten(1).norm(dim=1).clamp(min=1e-9).view(-1, 1, 1, 1) - x
    shrink = (length / move.flatten(1).norm(dim=1).clamp(min=1e-9)).clamp(max=1).view(-1, 1, 1, 1)
    return (x + move * shrink).clamp(0, 1)


def train(args: argparse.Namespace) -> tuple[CompactNet, dict[str, str]]:
    """Train with SGD (Nesterov) over one cycle of the learning rate; return the network and its record."""
    torch.manual_seed(args.seed)
    rng = torch.Generator().manual_seed(args.seed)
    x, y, vx, vy, names = load(args)
    net = CompactNet(len(names), normalised=True).to(memory_format=torch.channels_last)
    steps = int(args.epochs * (len(x) // args.batch))
    optimizer = torch.optim.SGD(net.parameters(), 0.1, momentum=0.9, nesterov=True, weight_decay=5e-4)
    schedule = torch.optim.lr_scheduler.OneCycleLR(optimizer, args.lr, total_steps=steps, pct_start=0.25)
    began, step, order = time.monotonic(), 0, torch.empty(0, dtype=torch.long)
    weights = sum(p.numel() for p in net.parameters())
    say(f"{len(x)} pictures, {len(names)} classes, {weights:,} parameters, {steps} steps")
    while step < steps:
        if len(order) < args.batch:
            order = torch.randperm(len(x), generator=rng)
        index, order = order[: args.batch], order[args.batch :]
        batch, labels = augmented(x[index], rng), y[index]
        if args.robust and step > 0.1 * steps:
            batch = attacked(net, batch, labels, args.robust * min(1, 2 * step / steps), rng)
        with torch.autocast("cpu", dtype=torch.bfloat16):
            logits = net(standardised(batch).contiguous(memory_format=torch.channels_last))
            loss = F.cross_entropy(logits, labels, label_smoothing=0.05)
        optimizer.zero_grad(set_to_none=True)
        loss.backward()
        optimizer.step()
        schedule.step()
        step += 1
        if step % 100 == 0:
            say(f"{step} {loss.item():.3f} {time.monotonic() - began:.0f}s")
        if step % 1000 == 0 or step == steps:
            found = accuracy(net, vx, vy)
            say(f"   held out: {found}")
            write(net, names, record(args, found, time.monotonic() - began), args.out)
    return net, record(args, accuracy(net, vx, vy), time.monotonic() - began)


def accuracy(net: nn.Module, x: Tensor, y: Tensor) -> dict[str, float]:
    """Return held-out accuracy on CIFAR-10's ten classes and on the textures."""
    net.eval()
    with torch.no_grad(), torch.autocast("cpu", dtype=torch.bfloat16):
        middle = x[..., 4:-4, 4:-4].float() / 255
        answers = torch.cat(
            [
                net(standardised(part).contiguous(memory_format=torch.channels_last)).argmax(1)
                for part in middle.split(500)
            ]
        )
    net.train()
    right = (answers == y).float()
    return {"cifar10": round(right[y < 10].mean().item(), 4), "textures": round(right[y >= 10].mean().item(), 4)}


def record(args: argparse.Namespace, found: dict[str, float], seconds: float) -> dict[str, str]:
    """Return what the file says about itself."""
    settings = {k: v for k, v in vars(args).items() if k not in ("data", "out")}
    return {
        "made_by": "packaging/backbone/train.py",
        "licence": "MIT (Generative Studio); trained on CIFAR-10 (Krizhevsky 2009) and generated textures",
        "settings": json.dumps(settings),
        "held_out_accuracy": json.dumps(found),
        "seconds": f"{seconds:.0f}",
        "mean": json.dumps(MEAN),
        "std": json.dumps(STD),
    }


def folded(net: CompactNet) -> dict[str, Tensor]:
    """Return the state of the same network without batch normalisation: w' = w g / s, b' = beta - m g / s."""
    state: dict[str, Tensor] = {}
    layers = dict(net.features.named_children())
    for name, layer in layers.items():
        if isinstance(layer, nn.Conv2d):
            norm = layers[name.replace("conv", "norm")]
            assert isinstance(norm, nn.BatchNorm2d)
            assert norm.running_var is not None
            assert norm.running_mean is not None
            gain = norm.weight / (norm.running_var + norm.eps).sqrt()
            state[f"features.{name}.weight"] = layer.weight * gain.view(-1, 1, 1, 1)
            state[f"features.{name}.bias"] = norm.bias - norm.running_mean * gain
    state["classifier.weight"], state["classifier.bias"] = net.classifier.weight, net.classifier.bias
    return {name: tensor.detach().half().contiguous() for name, tensor in state.items()}


def write(net: CompactNet, names: list[str], about: dict[str, str], path: Path) -> None:
    """Write the folded network with its classes, blocks and record as metadata."""
    path.parent.mkdir(parents=True, exist_ok=True)
    about = {**about, "classes": json.dumps(names), "blocks": json.dumps(BLOCKS)}
    save_file(folded(net), path, metadata=about)


def say(text: str) -> None:
    """Print at once."""
    print(text, flush=True)


if __name__ == "__main__":
    args = arguments()
    net, about = train(args)
    say(json.dumps(about))
