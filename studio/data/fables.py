"""A bundled text to learn from offline: short fables told by a small grammar, always the same ones.

The stories are ours, made from parts, so no corpus has to be shipped or downloaded; a model can learn their
grammar, their people and their morals within minutes.
"""

from __future__ import annotations

import random
import re

ANIMALS = (
    "fox",
    "crow",
    "lion",
    "mouse",
    "wolf",
    "lamb",
    "hare",
    "tortoise",
    "ant",
    "frog",
    "heron",
    "donkey",
    "cat",
    "bear",
)
TRAITS = ("proud", "hungry", "clever", "lazy", "kind", "greedy", "patient", "foolish", "old", "young", "quick", "quiet")
PLACES = ("forest", "meadow", "river", "hill", "well", "village", "vineyard", "field", "mountain", "pond")
THINGS = (
    "grapes",
    "a piece of cheese",
    "a golden egg",
    "the warm sun",
    "fresh water",
    "a heap of corn",
    "a bell",
    "honey",
)
TIMES = (
    "one summer day",
    "one winter night",
    "early in the morning",
    "long ago",
    "after the harvest",
    "when the rain had stopped",
)
WORDS = {
    "greedy": (
        "if I take all of it , nobody can take it from me",
        "whoever wants everything often goes home with nothing",
    ),
    "proud": ("look how fine I am", "pride sees the mirror and not the ditch"),
    "lazy": ("there is time enough tomorrow", "tomorrow is a poor place to store corn"),
    "hungry": ("I have not eaten since the day before yesterday", "hunger is a hasty adviser"),
    "clever": ("whoever thinks twice walks only once", "a good thought saves many steps"),
    "foolish": ("surely nothing can go wrong", "it is easy to be brave before one has looked"),
    "kind": ("take half of what I have", "a small kindness finds its way home"),
    "patient": ("let us wait and see", "slow water also reaches the sea"),
    "quick": ("catch me if you can", "it is not enough to run ; one must run the right way"),
    "quiet": ("listen first", "who listens hears what the loud ones miss"),
    "old": ("I have seen many winters", "years are a good teacher and a dear one"),
    "young": ("I will find out for myself", "he who will not be told must feel"),
}


def fables(count: int = 400, seed: int = 6) -> str:
    """Return `count` fables, each with a title, a story and a moral, separated by blank lines.

    Args:
        count: number of stories; 400 are about 250,000 characters.
        seed: which stories.
    """
    dice = random.Random(seed)
    return "\n\n\n\n".join(_fable(dice) for _ in range(count)) + "\n"


def _fable(dice: random.Random) -> str:
    hero, other = dice.sample(ANIMALS, 2)
    trait, contrast = dice.sample(TRAITS, 2)
    place, elsewhere = dice.sample(PLACES, 2)
    thing, when = dice.choice(THINGS), dice.choice(TIMES)
    said, moral = WORDS[trait]
    story = [
        f"{when} a {trait} {hero} came to the {place} and found {thing}.",
        dice.choice(
            (
                f"A {contrast} {other} was sitting there and looked at it too.",
                f"Behind a stone a {contrast} {other} had been watching for a long time.",
                f"But the {other} , who was {contrast} , had come there first.",
            )
        ),
        f'"{said}," said the {hero}.',
        dice.choice(
            (
                f'"{WORDS[contrast][0]}," answered the {other}.',
                f"The {other} said nothing and went on looking.",
                f'"That is what my neighbour said before he fell into the {elsewhere}," answered the {other}.',
            )
        ),
        dice.choice(
            (
                f"The {hero} laughed and took {thing} , and carried it towards the {elsewhere}.",
                f"So the {hero} turned away from {thing} and walked to the {elsewhere}.",
                f"Then both of them reached for {thing} at the same moment.",
            )
        ),
        dice.choice(
            (
                f"But on the way it fell into the water , and the {hero} stood there with nothing.",
                f"In the evening the {other} shared it with everyone who came to the {place}.",
                f"When the moon rose , the {hero} understood what the {other} had meant.",
                f"Since that day the {hero} and the {other} go to the {place} together.",
            )
        ),
        f"{moral}.",
    ]
    title = f"THE {hero.upper()} AND THE {other.upper()}"
    return f"{title}\n\n" + _tidy(" ".join(_sentence(s) for s in story))


def _sentence(text: str) -> str:
    start = 1 if text.startswith('"') else 0
    return text[:start] + text[start].upper() + text[start + 1 :]


def _tidy(text: str) -> str:
    """Close the gaps before punctuation that the parts were written with."""
    return re.sub(r" ([,;])", r"\1", text)
