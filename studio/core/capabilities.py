"""What a trained model can do: small protocols that panels and commands ask for, instead of names.

A recipe declares a capability by inheriting the protocol. Images are float32 (N, C, H, W) in 0..1
on the recipe's device; latent points are float32 (N, D).
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal, Protocol, runtime_checkable

if TYPE_CHECKING:
    from torch import Generator, Tensor


@dataclass(frozen=True, kw_only=True)
class Input:
    """One thing a model makes its pictures from; panels and commands build their controls from it.

    Attributes:
        name: key in the mapping that `Conditioned.generate` takes.
        title: what a control shows.
        kind: "noise": a random vector, float32 (N, size); "label": a class, int64 (N,); "code": numbers with a
            meaning of their own, float32 (N, size), worth a slider each; "amount": one number that turns something
            up or down (truncation, strength of noise, where styles cross), float32 (N,).
        size: numbers of a noise or a code; for labels the number of classes.
        low, high: range of a slider and of a sweep (codes and amounts).
        default: where an amount or a code rests.
        step: smallest change of a slider; 0 is continuous, 1 whole numbers.
        choices: names of the classes, for labels.
        help: what turning it does.
    """

    name: str
    title: str
    kind: Literal["noise", "label", "code", "amount"]
    size: int = 1
    low: float = -2.0
    high: float = 2.0
    default: float = 0.0
    step: float = 0.0
    choices: tuple[str, ...] = ()
    help: str = ""

    @classmethod
    def label(cls, classes: Sequence[str], title: str = "Class") -> Input:
        """Return the input "label": one of these classes."""
        return cls(name="label", title=title, kind="label", size=len(classes), choices=tuple(classes))

    @classmethod
    def noise(cls, size: int, name: str = "noise", title: str = "Noise", what: str = "") -> Input:
        """Return an input of `size` random numbers without a meaning of their own."""
        return cls(name=name, title=title, kind="noise", size=size, help=what)


@dataclass(frozen=True, kw_only=True)
class Domain:
    """One side of a translation.

    Attributes:
        name: what people call it ("grey", "horses", "noisy").
        channels: 1 or 3.
    """

    name: str
    channels: int


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


@runtime_checkable
class Conditioned(Protocol):
    """Makes pictures from inputs that can be chosen one by one: labels, codes, noise, truncation, styles."""

    @property
    def inputs(self) -> tuple[Input, ...]:
        """What `generate` takes, in the order of the controls."""
        ...

    def draw(self, n: int, generator: Generator) -> dict[str, Tensor]:
        """Return random inputs for `n` pictures by name, as in training; amounts rest at their default.

        They lie on the CPU, so that a person's choices can replace rows before `generate`.
        """
        ...

    def generate(self, inputs: Mapping[str, Tensor]) -> Tensor:
        """Return the pictures (N, C, H, W) of a full set of inputs."""
        ...


@runtime_checkable
class Translates(Protocol):
    """Turns a picture of one domain into one of another."""

    @property
    def domains(self) -> tuple[Domain, Domain]:
        """The domain it translates from and the one it translates to."""
        ...

    @property
    def both_ways(self) -> bool:
        """Whether `translate(..., backwards=True)` works."""
        ...

    @property
    def amount(self) -> Input | None:
        """How much a source picture is changed beforehand (noise of a denoiser); None when there is nothing to set."""
        ...

    def sources(self, x: Tensor, backwards: bool = False, amount: float | None = None) -> Tensor:
        """Return ordinary pictures of the data set (N, C, H, W) as members of the domain it translates from.

        A colouriser takes the colour away, a denoiser adds noise, pix2pix takes edges or the left half of a pair;
        models that learn from two folders return their pictures as they are.
        """
        ...

    def targets(self, x: Tensor) -> Tensor | None:
        """Return what `sources(x)` should become, where the data knows it; None for unpaired domains."""
        ...

    def translate(self, x: Tensor, backwards: bool = False) -> Tensor:
        """Return members of the other domain for `sources`, float32 in 0..1 with that domain's channels."""
        ...


CAPABILITIES: dict[str, type] = {
    c.__name__: c
    for c in (
        Samples,
        Decodes,
        Encodes,
        Reconstructs,
        Classifies,
        WritesText,
        PredictsTokens,
        Stylises,
        Conditioned,
        Translates,
    )
}
