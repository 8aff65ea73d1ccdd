"""Which device, precision and memory format: measured on the model at hand, remembered, explained."""

from __future__ import annotations

import hashlib
import json
import logging
import platform
import time
from collections.abc import Callable
from dataclasses import asdict, replace
from pathlib import Path
from typing import Literal

import torch

from studio.core import seeds
from studio.core.compute import Compute, Policy
from studio.core.errors import NotAvailable, StoreError
from studio.core.feed import Feed
from studio.core.files import read_json, write_json
from studio.core.recipe import Recipe
from studio.core.spec import DataSet
from studio.core.training import Training

log = logging.getLogger(__name__)

Precision = Literal["auto", "fp32", "bf16"]
Compiling = Literal["auto", "on", "off"]
Build = Callable[[Compute], Recipe]
MIN_GAIN = 0.03  # a combination that is not clearly quicker than the plain one is not worth its difference
WARMUP, MAX_STEPS, MAX_SECONDS = 2, 12, 1.5
COMPILE_STEPS = 5_000


def device_name(wish: str = "auto") -> str:
    """Return the device to use: the wish, or the best there is (cuda, mps, cpu).

    Raises:
        NotAvailable: the wished device does not exist here.
    """
    if wish == "auto":
        if torch.cuda.is_available():
            return "cuda"
        return "mps" if torch.backends.mps.is_available() else "cpu"
    kind = wish.partition(":")[0]
    there = {"cpu": True, "cuda": torch.cuda.is_available(), "mps": torch.backends.mps.is_available(), "meta": True}
    if not there.get(kind, False):
        have = ", ".join(k for k, v in there.items() if v and k != "meta")
        raise NotAvailable(f"There is no {wish} device on this machine.", f"Use one of: {have}.")
    return wish


def has_bf16_units(device: str) -> bool:
    """Whether bf16 matrix products are quick on the device; emulation is a hundred times slower than fp32."""
    if device.startswith("cuda"):
        return bool(torch.cuda.is_bf16_supported(including_emulation=False))
    if device != "cpu":
        return False
    flags = _cpu_flags()
    return bool({"amx_bf16", "avx512_bf16", "bf16"} & flags)


def _cpu_flags() -> set[str]:
    """Return the instruction-set flags of the CPU (Linux; elsewhere what torch can tell)."""
    info = Path("/proc/cpuinfo")
    if info.exists():
        lines = info.read_text(errors="replace").splitlines()
        return set(next((line for line in lines if line.lower().startswith(("flags", "features"))), "").split())
    amx = getattr(torch.cpu, "_is_amx_tile_supported", lambda: False)
    return {"amx_bf16"} if amx() else set()


def choose(
    build: Build,
    data: DataSet,
    training: Training,
    *,
    device: str = "auto",
    precision: Precision = "auto",
    compiling: Compiling = "auto",
    recipe: str = "",
    config: object = None,
    memory: Path | None = None,
    timed: bool = True,
) -> Policy:
    """Choose how to compute a run.

    A few steps of each sensible combination are timed (a second or two each); the answer is remembered in the
    file `memory` for the same recipe, config, data shape, batch size and machine. Recipes that count or fit trees
    have nothing to choose (`timed` is False): their steps are no matrix products.

    Raises:
        NotAvailable: the wished device or precision is not there.
    """
    name = device_name(device)
    base = Policy(device=name, threads=torch.get_num_threads())
    if not timed:
        return replace(base, reason=f"{name}, fp32: there is nothing to choose without matrix products.")
    compiled = compiling == "on" or (compiling == "auto" and _pays_to_compile(name, data, training))
    candidates = _candidates(base, data.spec.kind, precision, compiled=compiled, plain=compiling != "on")
    if len(candidates) == 1:
        return replace(candidates[0], reason=f"{name}, {_label(candidates[0])}: the only combination for this model.")
    key = _key(recipe, config, data, training, base, f"{precision} {compiling}")
    if remembered := _recall(memory, key):
        return remembered
    timings = {_label(p): _time(build, p, data, training) for p in candidates}
    policy = _best(candidates, timings)
    _remember(memory, key, policy)
    return policy


def _pays_to_compile(device: str, data: DataSet, training: Training) -> bool:
    """Whether compiling (tens of seconds) can pay: on a GPU, in a run of many steps."""
    steps = training.steps or training.epochs * max(1, len(data.train) // training.batch_size)
    return device.startswith("cuda") and steps >= COMPILE_STEPS


def _candidates(
    base: Policy, kind: str, precision: Precision, *, compiled: bool = False, plain: bool = True
) -> list[Policy]:
    """Return the combinations worth timing, the plainest first."""
    precisions = [precision] if precision != "auto" else ["fp32"]
    if precision == "auto" and has_bf16_units(base.device):
        precisions.append("bf16")
    formats = (False, True) if kind == "image" and base.device != "mps" else (False,)
    modes = [False] * plain + [True] * compiled
    return [replace(base, precision=p, channels_last=f, compiled=c) for c in modes for p in precisions for f in formats]


def _label(policy: Policy) -> str:
    name = f"{policy.precision} {'channels_last' if policy.channels_last else 'contiguous'}"
    return f"{name} compiled" if policy.compiled else name


def _time(build: Build, policy: Policy, data: DataSet, training: Training) -> float:
    """Return the median milliseconds of one training step; infinity when the combination fails."""
    compute = Compute(policy)
    feed = Feed(data.train, training.batch_size, training.seed, compute, data.augment)
    times: list[float] = []
    try:
        recipe = build(compute)
        begun = time.perf_counter()
        for number in range(WARMUP + MAX_STEPS):
            begun = time.perf_counter() if number == WARMUP else begun
            seeds.seed_everything(number, compute.device)
            started = time.perf_counter()
            with compute.autocast():
                recipe.step(feed.batch(number))
            _wait(compute.device)
            times.append(1000 * (time.perf_counter() - started))
            if number >= WARMUP + 2 and time.perf_counter() - begun > MAX_SECONDS:
                break
    except RuntimeError as error:
        log.info("%s does not work for this model: %s", _label(policy), error)
        return float("inf")
    steady = sorted(times[WARMUP:])  # the first steps pay for compilation and caches
    return steady[len(steady) // 2]


def _wait(device: torch.device) -> None:
    if device.type == "cuda":
        torch.cuda.synchronize(device)
    elif device.type == "mps":
        torch.mps.synchronize()


def _best(candidates: list[Policy], timings: dict[str, float]) -> Policy:
    plain = candidates[0]
    quickest = min(candidates, key=lambda p: timings[_label(p)])
    if timings[_label(quickest)] > (1 - MIN_GAIN) * timings[_label(plain)]:
        quickest = plain
    table = ", ".join(f"{k} {v:.1f} ms" for k, v in timings.items())
    bf16 = "" if has_bf16_units(plain.device) else f"; bf16 not tried: this {plain.device} has no bf16 units"
    reason = f"{plain.device}, {_label(quickest)}: quickest of {table} per step{bf16}."
    return replace(quickest, reason=reason, timings={k: round(v, 3) for k, v in timings.items()})


def _key(recipe: str, config: object, data: DataSet, training: Training, base: Policy, precision: str) -> str:
    shape = [*data.spec.shape, len(data.spec.classes), len(data.spec.vocabulary)]
    knobs = asdict(config) if config is not None else {}  # type: ignore[call-overload]
    machine = [
        platform.machine(),
        platform.processor(),
        torch.__version__,
        base.device,
        base.threads,
        sorted(_cpu_flags()),
    ]
    document = [recipe, knobs, shape, training.batch_size, precision, machine]
    return hashlib.sha256(json.dumps(document, default=list).encode()).hexdigest()[:24]


def _recall(memory: Path | None, key: str) -> Policy | None:
    if memory is None or not memory.exists():
        return None
    try:
        return Policy(**read_json(memory)[key])
    except (StoreError, KeyError, TypeError):
        return None  # a damaged or older memory is measured anew


def _remember(memory: Path | None, key: str, policy: Policy) -> None:
    if memory is None:
        return
    try:
        known = read_json(memory) if memory.exists() else {}
        memory.parent.mkdir(parents=True, exist_ok=True)
        write_json(memory, {**known, key: policy.to_json()})
    except (StoreError, OSError, TypeError) as error:
        log.info("The measured policy could not be remembered: %s", error)
