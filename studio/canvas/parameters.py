"""What the optimiser holds instead of pixels: decorrelated colours, Fourier terms (Olah 2017, "Feature Visualization").

A parameterisation does not change which pictures exist, only which way is steep: coarse structure and natural colours
first. Values are a real tensor; `decode` makes the picture of them.
"""

from __future__ import annotations

from abc import ABC, abstractmethod

import torch
from torch import Tensor

COLOURS = ((0.557, 0.190, 0.054), (0.577, 0.012, -0.102), (0.597, -0.189, 0.048))
"""RGB of three uncorrelated colour directions (columns: light, warm to cold, magenta to green), scaled by deviation.

Eigenvectors of the covariance of RGB in 5,000 pictures of CIFAR-10, times the roots of the eigenvalues, the first of
unit length.
"""


class Parameterisation(ABC):
    """A picture (1, 3, H, W), 0..1, held as values in which an optimiser moves.

    Args:
        picture: float32; the start.
    """

    def __init__(self, picture: Tensor) -> None:
        self.size = (int(picture.shape[-2]), int(picture.shape[-1]))
        self.values = self.encode(picture)

    @abstractmethod
    def encode(self, picture: Tensor) -> Tensor:
        """Return the values whose picture this is."""

    @abstractmethod
    def decode(self, values: Tensor) -> Tensor:
        """Return the picture of values; differentiable."""

    def picture(self) -> Tensor:
        """Return the present picture, detached."""
        with torch.no_grad():
            return self.decode(self.values)

    def pulled(self, gradient: Tensor) -> Tensor:
        """Return the gradient in values of a gradient in pixels: J^T g."""
        values = self.values.detach().requires_grad_(True)
        (found,) = torch.autograd.grad(self.decode(values), values, gradient)
        return found

    @abstractmethod
    def pushed(self, direction: Tensor) -> Tensor:
        """Return the change of pixels per unit of a change of values: J d."""

    def gain(self) -> float:
        """Return the root-mean-square change of pixels for independent unit changes of all values."""
        noise = torch.randn(self.values.shape, generator=torch.Generator().manual_seed(0)).to(self.values)
        return float(self.pushed(noise).square().mean().sqrt())

    def climb(self, change: Tensor) -> None:
        """Move uphill so that pixels change by the root-mean-square of `change`, a multiple of the gradient."""
        direction = self.pulled(change)
        wanted, got = (x.square().mean().sqrt() for x in (change, self.pushed(direction)))
        self.values = self.values + direction * (wanted / got.clamp_min(1e-12))

    def clip(self) -> None:
        """Bring the picture into 0..1."""
        self.values = self.encode(self.picture().clamp(0, 1))


class Pixels(Parameterisation):
    """The picture itself."""

    def encode(self, picture: Tensor) -> Tensor:
        """Return the picture."""
        return picture

    def decode(self, values: Tensor) -> Tensor:
        """Return the picture."""
        return values

    def climb(self, change: Tensor) -> None:
        """Add the change."""
        self.values = self.values + change

    def pulled(self, gradient: Tensor) -> Tensor:
        """Return the gradient: values are pixels."""
        return gradient

    def pushed(self, direction: Tensor) -> Tensor:
        """Return the direction: values are pixels."""
        return direction

    def gain(self) -> float:
        """Return 1."""
        return 1.0


class Decorrelated(Parameterisation):
    """Each pixel in colour directions that are uncorrelated in photographs, scaled by their deviation."""

    def encode(self, picture: Tensor) -> Tensor:
        """Return (1, 3, H, W) in decorrelated colours."""
        return _mixed(picture - 0.5, torch.linalg.inv(picture.new_tensor(COLOURS)))

    def decode(self, values: Tensor) -> Tensor:
        """Return RGB."""
        return self.pushed(values) + 0.5

    def pushed(self, direction: Tensor) -> Tensor:
        """Return RGB without the offset: colours are mixed linearly."""
        return _mixed(direction, direction.new_tensor(COLOURS))


class Fourier(Parameterisation):
    """Real and imaginary parts of the spectrum, amplitudes as in photographs (1 / frequency), colours decorrelated.

    The picture is the sigmoid of it, so that it stays within 0..1; a start is first brought into 0.01..0.99.
    """

    RANGE = 0.01

    def encode(self, picture: Tensor) -> Tensor:
        """Return (1, 3, H, W // 2 + 1, 2)."""
        logits = torch.logit(picture.clamp(self.RANGE, 1 - self.RANGE)) / 4
        plane = _mixed(logits, torch.linalg.inv(picture.new_tensor(COLOURS)))
        return torch.view_as_real(torch.fft.rfft2(plane, norm="ortho") / self._amplitudes(picture))

    def decode(self, values: Tensor) -> Tensor:
        """Return the picture."""
        return torch.sigmoid(self._plane(values))

    def pushed(self, direction: Tensor) -> Tensor:
        """Return the linear part times the slope of the sigmoid, p (1 - p)."""
        picture = self.picture()
        return picture * (1 - picture) * self._plane(direction)

    def _plane(self, values: Tensor) -> Tensor:
        """Return (1, 3, H, W) before the sigmoid, which has slope 1 at grey: 4 / 4."""
        spectrum = torch.complex(values[..., 0], values[..., 1]) * self._amplitudes(values)
        plane = torch.fft.irfft2(spectrum, s=self.size, norm="ortho")
        return 4 * _mixed(plane, values.new_tensor(COLOURS))

    def clip(self) -> None:
        """Do nothing: a sigmoid stays in range."""

    def _amplitudes(self, like: Tensor) -> Tensor:
        """Return (H, W // 2 + 1): 1 / frequency, at most that of one wave across the picture; 1 on average."""
        height, width = self.size
        down = torch.fft.fftfreq(height, device=like.device)[:, None]
        right = torch.fft.rfftfreq(width, device=like.device)
        amplitudes: Tensor = 1 / (down.square() + right.square()).sqrt().clamp_min(1 / max(height, width))
        return amplitudes / amplitudes.square().mean().sqrt()


def _mixed(x: Tensor, matrix: Tensor) -> Tensor:
    mixed: Tensor = torch.einsum("oc,nchw->nohw", matrix, x)
    return mixed


KINDS: dict[str, type[Parameterisation]] = {"pixels": Pixels, "decorrelated": Decorrelated, "fourier": Fourier}
