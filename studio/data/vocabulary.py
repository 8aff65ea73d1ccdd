"""Tokens and their numbers: text to ids and back to something a person can read.

Index 0 is padding (the empty string); "|" is the bar, of which a whole window stands before every story and one
marks its end; "[unk]", when there is one, stands for every rarer word.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Literal

from studio.core.spec import DataSpec

Tokens = Literal["word", "char"]

PADDING = ""
BAR = "|"
UNKNOWN = "[unk]"
MAX_VOCABULARY = 30_000
"""Commoner tokens are kept, the rest becomes unknown: the output layer has one row for each."""

_WORD = re.compile(r"[^\W_]+(?:['’][^\W_]+)*|[^\w\s|]")
_NO_SPACE_BEFORE = frozenset(",.;:!?)]}%…”-")
_NO_SPACE_AFTER = frozenset("([{$£“-")


def tokenise(text: str, tokens: Tokens) -> Sequence[str]:
    """Cut a text into tokens.

    Words are lower case, with their inner apostrophes; every punctuation mark is a token of its own. Characters
    keep their case and the line ends. The bar and underscores of the source are dropped: the bar is ours.
    """
    if tokens == "char":
        return text.replace(BAR, "")  # a string is a sequence of characters, at an eighth of a list's memory
    return _WORD.findall(text.lower())


@dataclass(frozen=True)
class Vocabulary:
    """The tokens a text model knows; a token's index is its id.

    Args:
        tokens: token strings by id; index 0 is padding.
        level: whether tokens are words or characters.
    """

    tokens: tuple[str, ...]
    level: Tokens = "word"
    _ids: Mapping[str, int] = field(init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        ids = {token: number for number, token in enumerate(self.tokens) if number}
        object.__setattr__(self, "_ids", ids)

    def __len__(self) -> int:
        return len(self.tokens)

    @classmethod
    def from_spec(cls, spec: DataSpec) -> Vocabulary:
        """Return the vocabulary that travels with a data set or a run."""
        return cls(spec.vocabulary, "char" if spec.tokens == "char" else "word")

    @classmethod
    def count(cls, counts: Mapping[str, int], level: Tokens, min_count: int = 1) -> Vocabulary:
        """Number tokens by falling frequency; equals keep the order of first appearance.

        Args:
            counts: how often each token occurs.
            level: words or characters.
            min_count: rarer tokens become the unknown token, which exists only when something needs it.
        """
        ranked = sorted(counts, key=lambda token: -counts[token])
        kept = [token for token in ranked[: MAX_VOCABULARY - 3] if counts[token] >= min_count]
        unknown = [UNKNOWN] if min_count > 1 or len(kept) < len(ranked) else []
        return cls((PADDING, BAR, *unknown, *kept), level)

    @property
    def bar(self) -> int | None:
        """Id of the bar: the start block before a story and the mark of its end."""
        return self._ids.get(BAR)

    @property
    def unknown(self) -> int | None:
        """Id of the unknown token, if there is one."""
        return self._ids.get(UNKNOWN)

    @property
    def silent(self) -> tuple[int, ...]:
        """Ids that must never be written: padding and the unknown token."""
        return (0,) if self.unknown is None else (0, self.unknown)

    def encode(self, text: str) -> list[int]:
        """Return the ids of a text; tokens outside the vocabulary become unknown, or are skipped without one."""
        return self.numbers(tokenise(text, self.level))

    def numbers(self, tokens: Iterable[str]) -> list[int]:
        """Return the ids of tokens; see `encode`."""
        known, unknown = self._ids.get, self.unknown
        return [number for token in tokens if (number := known(token, unknown)) is not None]

    def decode(self, ids: Iterable[int]) -> str:
        """Return readable text: bars and padding hidden, no space before punctuation."""
        speller = Speller(self)
        return "".join(speller.spell(number) for number in ids)


class Speller:
    """Turns ids into text one at a time, so that a model can be read while it writes.

    Words get a space in front, except after an opening and before a closing mark; straight quotes alternate. Bars are
    hidden; stories that follow each other are separated by an empty line.
    """

    def __init__(self, vocabulary: Vocabulary) -> None:
        self._vocabulary = vocabulary
        self._written = False
        self._between = False
        self._glued = True
        self._quoting = False

    def spell(self, number: int) -> str:
        """Return the text of one more token with what belongs in front of it; "" for bars and padding."""
        token = self._vocabulary.tokens[number]
        if token == BAR:
            self._between, self._glued, self._quoting = self._written, True, False
        if token in (PADDING, BAR):
            return ""
        gap, self._written, self._between = "\n\n" if self._between else "", True, False
        if self._vocabulary.level == "char":
            return gap + token
        return gap + self._space_before(token) + token

    def _space_before(self, word: str) -> str:
        glued, self._glued = self._glued, word in _NO_SPACE_AFTER
        if word == '"':
            self._quoting = not self._quoting
            self._glued = self._quoting
            return " " if self._quoting and not glued else ""
        return "" if glued or word in _NO_SPACE_BEFORE else " "
