"""The one place that knows devices, precision and memory formats.

Recipes call `prepare` on their modules and `minimise` on their losses; the rest is decided by a `Policy`.
bf16 needs no loss scaling, so there is no gradient scaler anywhere.
"""

from __future__ import annotations

from contextlib import AbstractContextManager, nullcontext
from dataclasses import asdict, dataclass, field
from typing import TYPE_CHECKING, Any, TypeVar

import torch
from torch import Tensor, nn

if TYPE_CHECKING:
    from lightning_fabric import Fabric
    from torch.optim import Optimizer

M = TypeVar("M", bound=nn.Module)


@dataclass(frozen=True, kw_only=True)
class Policy:
    """How a run computes; stored with it, so that a resumed run computes the same way.

    Attributes:
        device: torch device name ("cpu", "cuda", "mps"; "meta" counts parameters without memory).
        precision: "fp32" or "bf16" (autocast; weights stay fp32).
        channels_last: images and convolution weights are stored NHWC.
        compiled: modules run through torch.compile.
        threads: CPU threads inside one operation; 0 leaves torch's own choice.
        devices, nodes: processes per machine, machines.
        reason: one sentence that explains the choice.
        timings: milliseconds per step of the combinations that were tried.
    """

    device: str = "cpu"
    precision: str = "fp32"
    channels_last: bool = False
    compiled: bool = False
    threads: int = 0
    devices: int = 1
    nodes: int = 1
    reason: str = ""
    timings: dict[str, float] = field(default_factory=dict)

    def to_json(self) -> dict[str, Any]:
        """Return plain JSON types; `Policy(**document)` is the inverse."""
        return asdict(self)


class Compute:
    """Applies a `Policy` to modules, batches and optimisation steps.

    Args:
        policy: the decision.
        fabric: Lightning Fabric of this process when several processes train together.
    """

    def __init__(self, policy: Policy, fabric: Fabric | None = None) -> None:
        self.policy = policy
        self.fabric = fabric
        self.device = fabric.device if fabric else torch.device(policy.device)
        self.rank = fabric.global_rank if fabric else 0
        self.world = fabric.world_size if fabric else 1
        self.watch_gradients = False
        """When set, `minimise` records gradient norms in `gradient_norms`."""
        self.gradient_norms: dict[str, Tensor] = {}
        self.clip_norm = 0.0
        self.resting: set[int] = set()
        """Ids of optimisers that must not step: a person trains only one of a GAN's networks."""
        self._names: dict[int, str] = {}
        self._fused = self.device.type in ("cpu", "cuda")

    @property
    def memory_format(self) -> torch.memory_format:
        """The memory format of image batches and convolution weights."""
        return torch.channels_last if self.policy.channels_last else torch.contiguous_format

    def prepare(self, module: M) -> M:
        """Move a module to the device in the policy's memory format (and compile it if asked)."""
        module.to(self.device)
        if self.policy.channels_last:
            module.to(memory_format=torch.channels_last)
        if self.policy.compiled:
            module.compile()
        return module

    def adam(
        self, parameters: Any, lr: float, betas: tuple[float, float] = (0.9, 0.999), eps: float = 1e-7
    ) -> Optimizer:
        """Return Adam with Keras' epsilon, fused where the device has it."""
        return torch.optim.Adam(parameters, lr=lr, betas=betas, eps=eps, fused=self._fused)

    def rmsprop(self, parameters: Any, lr: float, alpha: float = 0.9, eps: float = 1e-7) -> Optimizer:
        """Return RMSprop with Keras' rho 0.9 and epsilon."""
        return torch.optim.RMSprop(parameters, lr=lr, alpha=alpha, eps=eps, foreach=True)

    def sgd(self, parameters: Any, lr: float, momentum: float = 0.0) -> Optimizer:
        """Return plain or momentum SGD, fused where the device has it."""
        return torch.optim.SGD(parameters, lr=lr, momentum=momentum, fused=self._fused)

    def autocast(self) -> AbstractContextManager[Any]:
        """Return the context in which steps, validation and previews run."""
        if self.policy.precision == "bf16":
            return torch.autocast(self.device.type, dtype=torch.bfloat16)
        return nullcontext()

    def full_precision(self) -> AbstractContextManager[Any]:
        """Return the context for sums that bf16 would spoil (Gram matrices), inside a step."""
        if self.policy.precision == "bf16":
            return torch.autocast(self.device.type, enabled=False)
        return nullcontext()

    def minimise(self, loss: Tensor, optimizer: Optimizer) -> None:
        """Do one optimisation step: only the optimiser's own parameters get gradients.

        Naming the inputs of the backward pass is what lets a GAN's generator step pass through the
        discriminator without computing the discriminator's weight gradients, and keeps them clean.
        """
        if id(optimizer) in self.resting:
            return
        parameters = [p for group in optimizer.param_groups for p in group["params"] if p.requires_grad]
        optimizer.zero_grad(set_to_none=True)
        loss.backward(inputs=parameters)  # type: ignore[no-untyped-call]
        if self.world > 1:
            self._average_gradients(parameters)
        if self.watch_gradients or self.clip_norm:
            self._look_at(parameters, self._names.get(id(optimizer), "opt"))
        optimizer.step()

    def name_optimizers(self, optimizers: dict[str, Optimizer]) -> None:
        """Tell which attribute each optimiser is, for the names of its gradient norms."""
        self._names = {id(o): name for name, o in optimizers.items()}

    def _look_at(self, parameters: list[nn.Parameter], name: str) -> None:
        gradients = [p.grad for p in parameters if p.grad is not None]
        norm = torch.nn.utils.get_total_norm(gradients)
        if self.clip_norm:
            torch.nn.utils.clip_grads_with_norm_(parameters, self.clip_norm, norm)
        if self.watch_gradients:
            self.gradient_norms[f"grad_norm{name.removeprefix('opt')}"] = norm.detach()

    def _average_gradients(self, parameters: list[nn.Parameter]) -> None:
        """Replace gradients by their mean over all processes, in one flat buffer."""
        assert self.fabric is not None
        gradients = [p.grad for p in parameters if p.grad is not None]
        flat = torch.cat([g.reshape(-1) for g in gradients])
        mean = self.fabric.all_reduce(flat, reduce_op="mean")
        assert isinstance(mean, Tensor)
        for gradient, part in zip(gradients, torch.split(mean, [g.numel() for g in gradients]), strict=True):
            gradient.copy_(part.view_as(gradient))

    def average(self, value: Tensor) -> Tensor:
        """Return the mean of a metric over all processes."""
        if self.fabric is None or self.world == 1:
            return value
        mean = self.fabric.all_reduce(value, reduce_op="mean")
        assert isinstance(mean, Tensor)
        return mean


def generator(seed: int) -> torch.Generator:
    """Return a CPU generator; draws made on the CPU are the same on every device."""
    return torch.Generator().manual_seed(seed)
