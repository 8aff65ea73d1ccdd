"""Device and precision for a canvas: a frozen network and one picture need no timing of alternatives."""

from __future__ import annotations

from studio.core.compute import Compute, Policy
from studio.core.policy import Precision, device_name, has_bf16_units


def choose(device: str = "auto", precision: Precision = "auto", *, exact: bool = False) -> Compute:
    """Return how a canvas computes.

    The network runs in bf16 and channels_last where the device has units for it (on a CPU with AMX about five times
    quicker than fp32 for VGG19, measured); the picture, the losses and the optimiser stay in fp32.

    Args:
        device: "auto" or a torch device name.
        precision: "auto", "fp32" or "bf16".
        exact: a book's algorithm is being reproduced: "auto" then means fp32.

    Raises:
        NotAvailable: there is no such device.
    """
    name = device_name(device)
    quick = has_bf16_units(name)
    chosen = precision if precision != "auto" else "bf16" if quick and not exact else "fp32"
    why = "as asked" if precision != "auto" else _reason(quick, exact)
    policy = Policy(
        device=name,
        precision=chosen,
        channels_last=name != "mps" and (chosen == "bf16" or name.startswith("cuda")),
        reason=f"{name}, {chosen}: {why}.",
    )
    return Compute(policy)


def _reason(quick: bool, exact: bool) -> str:
    if exact:
        return "a book's algorithm is followed to the letter"
    return "the network runs in bf16, the picture stays fp32" if quick else "no bf16 units on this device"
