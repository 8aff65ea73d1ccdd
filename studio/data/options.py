"""How a source becomes examples: the knobs of every data set, stored with each run."""

from dataclasses import dataclass
from typing import Annotated, Literal

from studio.core.knobs import Knob


@dataclass(frozen=True, kw_only=True)
class DataOptions:
    """Options that turn a source into a `DataSet`; the fingerprint covers all that change the stored examples."""

    size: Annotated[int, Knob("Size", 0, 1024, unit="px", group="Data", help="0 keeps the pictures' own size.")] = 0
    fit: Annotated[
        Literal["crop", "pad", "stretch"],
        Knob("Fit", group="Data", help="How a picture becomes square: cut the middle out, add borders, or distort."),
    ] = "crop"
    colour: Annotated[Literal["auto", "grey", "colour"], Knob("Colour", group="Data")] = "auto"
    pairs: Annotated[
        bool,
        Knob("Pairs", group="Data", help="Two folders with equal names, or files with two pictures side by side."),
    ] = False
    val_fraction: Annotated[
        float,
        Knob("Held-out share", 0.0, 0.9, group="Data", help="Used when the source brings no test set of its own."),
    ] = 0.1
    limit: Annotated[
        int, Knob("Limit", 0, 10_000_000, group="Data", help="Use at most N training examples; 0 is all.")
    ] = 0
    only: Annotated[str, Knob("Only classes", group="Data", help="Comma-separated class names; empty is all.")] = ""
    flip: Annotated[
        bool, Knob("Random mirror", group="Data", help="Augmentation: left and right swapped at random.")
    ] = False
    shift: Annotated[float, Knob("Random shift", 0.0, 0.5, group="Data", help="Augmentation: share of the size.")] = 0.0
    rotate: Annotated[float, Knob("Random rotation", 0.0, 180.0, unit="°", group="Data")] = 0.0
    tokens: Annotated[Literal["word", "char"], Knob("Tokens", group="Data", help="Text: words or characters.")] = "word"
    window: Annotated[int, Knob("Window", 2, 4096, unit="tokens", group="Data", help="Text: length of an example.")] = (
        20
    )
    min_count: Annotated[
        int, Knob("Rarest word kept", 1, 1000, group="Data", help="Text: rarer words become the unknown token.")
    ] = 1
