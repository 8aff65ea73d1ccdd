"""Where stories begin and end in a text, and what of a file belongs to none of them."""

from __future__ import annotations

import re
from collections.abc import Sequence

from studio.data.options import DataOptions
from studio.data.vocabulary import Tokens, tokenise

SECTIONS = 200

_START = re.compile(r"^\*\*\* ?START OF TH(?:E|IS) PROJECT GUTENBERG[^\n]*$", re.MULTILINE | re.IGNORECASE)
_END = re.compile(r"^(?:\*\*\* ?END OF TH|End of (?:the )?Project Gutenberg)[^\n]*$", re.MULTILINE | re.IGNORECASE)
_BETWEEN_STORIES = re.compile(r"\n(?:[ \t]*+\n){3,}+")
_FRONT_MATTER = re.compile(
    r"\s*(?:contents|(?:list of )?illustrations|introduction|preface|foreword|produced by|transcriber)\b", re.IGNORECASE
)
_PICTURE = re.compile(r"\[Illustration[^\[\]]{0,500}\]")  # bounded: never quadratic
_ENDINGS = frozenset(".!?:;,…\"'”’)]-")


def clean(text: str, tokens: Tokens = "word") -> str:
    """Return what is left of a text before it is cut into tokens; stories are separated by a line with a bar."""
    stories = stories_of(text)
    return "\n|\n".join(" ".join(tokenise(sentences(s), "word")) if tokens == "word" else s for s in stories)


def stories_of(text: str) -> list[str]:
    """Return the stories of a text, one when it has none; empty texts give none."""
    start, end = _START.search(text), _END.search(text)
    gutenberg = start is not None
    if start is not None:
        after = end.start() if end is not None and end.start() > start.end() else len(text)
        text = _PICTURE.sub("", text[start.end() : after]).replace("_", "")
    found = [story.strip("\n") for story in _BETWEEN_STORIES.split(text)]
    found = [story for story in found if story.strip()]
    told = [story for story in found if not (gutenberg and _front_matter(story))]
    return told or found


def _front_matter(story: str) -> bool:
    """Whether a block is a title page, a table of contents (capitals only) or an introduction."""
    return _FRONT_MATTER.match(story) is not None or story.isupper()


def sections(stories: Sequence[str], options: DataOptions) -> list[str]:
    """Cut a text without stories (or with a few long ones) into about `SECTIONS` parts.

    A section is at least 20 windows long, so that start blocks stay below 5 % of the tokens.
    """
    letters = 5 if options.tokens == "word" else 1
    length = max(sum(map(len, stories)) // SECTIONS, 20 * options.window * letters)
    return [section for story in stories for section in _cut(story, length)]


def _cut(text: str, length: int) -> list[str]:
    """Cut a text into parts of about `length` characters where paragraphs, lines or sentences end."""
    ends: list[int] = []
    for pattern in (r"\n[ \t]*\n", r"\n", r"[.!?] "):
        ends = [found.end() for found in re.finditer(pattern, text)]
        if len(ends) * length >= len(text):
            break
    cuts = [0]
    for end in ends:
        if end - cuts[-1] >= length and len(text) - end >= length // 2:
            cuts.append(end)
    return [text[a:b] for a, b in zip(cuts, [*cuts[1:], len(text)], strict=True)]


def sentences(story: str) -> str:
    """Give every paragraph a full stop when it has no mark at its end: titles are sentences too."""
    paragraphs = [p for p in re.split(r"\n\s*\n", story) if p.strip()]
    return "\n".join(p if p.rstrip()[-1] in _ENDINGS else f"{p.rstrip()} ." for p in paragraphs)
