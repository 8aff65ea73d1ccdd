"""What a trained model can do: small protocols that panels and commands ask for, instead of names.

A recipe declares a capability by inheriting the protocol. Images are float32 (N, C, H, W) in 0..1
on the recipe's device; latent points are float32 (N, D).
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, Protocol, runtime_checkable

if TYPE_CHECKING:
    from torch import Generator, Tensor


@runtime_checkable
class Samples(Protocol):
    """Draws new examples."""

    def sample(self, n: int, generator: Generator) -> Tensor:
        """Return `n` new images; the same CPU generator state gives the same images."""
        ...


@runtime_checkable
class Decodes(Protocol):
    """Turns latent points into examples."""

    @property
    def latent_size(self) -> int:
        """Number of latent dimensions D."""
        ...

    def prior(self, n: int, generator: Generator) -> Tensor:
        """Draw `n` latent points the decoder was trained to understand."""
        ...

    def decode(self, z: Tensor) -> Tensor:
        """Return the images of latent points (N, D)."""
        ...


@runtime_checkable
class Encodes(Protocol):
    """Turns examples into latent points."""

    @property
    def latent_size(self) -> int:
        """Number of latent dimensions D."""
        ...

    def encode(self, x: Tensor) -> Tensor:
        """Return the latent points (N, D) of images; deterministic (a VAE returns the mean)."""
        ...


@runtime_checkable
class Reconstructs(Protocol):
    """Encodes and decodes again."""

    def reconstruct(self, x: Tensor) -> Tensor:
        """Return the model's version of each image."""
        ...


@runtime_checkable
class Classifies(Protocol):
    """Names what it sees."""

    def classify(self, x: Tensor) -> Tensor:
        """Return class probabilities (N, K)."""
        ...


@runtime_checkable
class WritesText(Protocol):
    """Continues a text."""

    def write(self, prompt: str, n: int, temperature: float, generator: Generator) -> Iterator[str]:
        """Yield up to `n` pieces of text that follow the prompt; joined they are the text.

        Args:
            prompt: start of the text; unknown words are skipped.
            n: number of tokens.
            temperature: 0 takes the likeliest token; 1 is the model's own distribution.
            generator: CPU generator; equal states give equal texts.
        """
        ...


@runtime_checkable
class PredictsTokens(Protocol):
    """Tells what it would write next."""

    def next_tokens(self, prompt: str, temperature: float, k: int) -> list[tuple[str, float]]:
        """Return the `k` likeliest next tokens with their probabilities, likeliest first.

        Args:
            prompt: start of the text; unknown words are skipped.
            temperature: 0 gives everything to the likeliest token; 1 is the model's own distribution.
            k: length of the list at most.
        """
        ...


@runtime_checkable
class Stylises(Protocol):
    """Repaints pictures of any size in a style, in one pass."""

    @property
    def takes_style(self) -> bool:
        """Whether any style picture can be given; otherwise the style is the one it was trained on."""
        ...

    def stylise(self, x: Tensor, style: Tensor | None = None, strength: float = 1.0) -> Tensor:
        """Return repainted pictures.

        Args:
            x: (N, C, H, W), H and W at least 16.
            style: (1, C, h, w) for models that take one; None is the model's own.
            strength: 0 leaves the picture as it is, 1 is the full style.
        """
        ...


CAPABILITIES: dict[str, type] = {
    c.__name__: c for c in (Samples, Decodes, Encodes, Reconstructs, Classifies, WritesText, PredictsTokens, Stylises)
}
