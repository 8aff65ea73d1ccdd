"""What a dream looks for and a transfer compares, in one line: `conv4_2:1, conv4_3/17:0.5, logit/ship:2`."""

from __future__ import annotations

import difflib
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Protocol

from studio.canvas.backbone import LOGIT
from studio.core.errors import BadConfig

_TERM = re.compile(r"^\s*([^\s:/,]+)\s*(?:/\s*([^:,]+?)\s*)?(?::\s*([-+]?\d*\.?\d+(?:[eE][-+]?\d+)?)\s*)?$")
_GRAMMAR = "Write layers like conv4_2:1.5, single channels like conv4_2/17:1, classes like logit/ship:1."


class NamedLayer(Protocol):
    """What an objective needs to know of a layer."""

    @property
    def name(self) -> str:
        """What an objective calls it."""
        ...

    @property
    def channels(self) -> int:
        """Number of feature maps, or of classes."""
        ...


class Layered(Protocol):
    """What an objective needs to know of a backbone: a `Backbone`, or the names alone in an editor."""

    @property
    def title(self) -> str:
        """Name for people."""
        ...

    @property
    def classes(self) -> Sequence[str]:
        """Names of the logits."""
        ...

    @property
    def layers(self) -> Sequence[NamedLayer]:
        """In the order of the network."""
        ...

    @property
    def aliases(self) -> Mapping[str, str]:
        """Other names of layers -> their names here."""
        ...


@dataclass(frozen=True)
class Term:
    """One layer, or one channel of it, with its weight (negative weights push away).

    Attributes:
        layer: name of a layer of the backbone, or "logit".
        channel: index into the layer's channels (or classes); None is the whole layer.
        weight: factor of its loss.
    """

    layer: str
    channel: int | None = None
    weight: float = 1.0


def parse(text: str, backbone: Layered) -> tuple[Term, ...]:
    """Read an objective and check it against a backbone.

    Raises:
        BadConfig: empty, not of that form, or naming a layer, channel or class that the backbone does not have.
    """
    terms = tuple(_term(part, backbone) for part in text.split(",") if part.strip())
    if not terms:
        raise BadConfig("No layer is chosen.", _GRAMMAR)
    return terms


def _term(text: str, backbone: Layered) -> Term:
    match = _TERM.match(text)
    if match is None:
        raise BadConfig(f"{text.strip()!r} is not a layer with a weight.", _GRAMMAR)
    name, channel, weight = match.groups()
    name = backbone.aliases.get(name, name)
    known = [layer.name for layer in backbone.layers]
    if name not in known:
        near = difflib.get_close_matches(name, known, n=1)
        hint = f"Did you mean {near[0]}?" if near else f"It has: {', '.join(known)}."
        raise BadConfig(f"{backbone.title} has no layer called {name!r}.", hint)
    index = None if channel is None else _channel(name, channel, backbone)
    if name == LOGIT and index is None:
        raise BadConfig("Which class?", f"Write logit/NAME: {', '.join(backbone.classes[:20])}.")
    return Term(name, index, 1.0 if weight is None else float(weight))


def _channel(layer: str, text: str, backbone: Layered) -> int:
    """Return the index of a channel given as a number or, for the logits, as a class name."""
    count = next(known.channels for known in backbone.layers if known.name == layer)
    if layer == LOGIT and text.lower() in (low := [name.lower() for name in backbone.classes]):
        return low.index(text.lower())
    if not text.isdigit() or int(text) >= count:
        what = f"a class of {backbone.title}" if layer == LOGIT else f"a channel of {layer}"
        names = ", ".join(backbone.classes[:20]) if layer == LOGIT else f"0 to {count - 1}"
        raise BadConfig(f"{text!r} is not {what}.", f"Choose: {names}.")
    return int(text)


def written(terms: Sequence[Term], backbone: Layered | None = None) -> str:
    """Return the line that `parse` reads; classes by name where the backbone is given."""
    return ", ".join(_written(term, backbone) for term in terms)


def _written(term: Term, backbone: Layered | None) -> str:
    if term.channel is None:
        return f"{term.layer}:{term.weight:g}"
    named = backbone is not None and term.layer == LOGIT
    channel = backbone.classes[term.channel] if named and backbone is not None else str(term.channel)
    return f"{term.layer}/{channel}:{term.weight:g}"
