"""What the doctor says: problems with their place, counts, and fixes that can be chosen."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field
from typing import Any

LISTED = 20
"""Problems listed for each kind; the rest are counted in one line."""
EXAMPLES = 5

KINDS = {
    "damaged": "cannot be read",
    "truncated": "cut off",
    "not-a-picture": "not pictures",
    "unreadable": "without permission",
    "special": "not regular files",
    "loop": "links that lead in a circle",
    "link": "links that lead nowhere",
    "escape": "names that lead outside",
    "bomb": "decompression bombs",
    "enormous": "too large to decode",
    "empty": "empty",
    "duplicate": "identical files",
    "look-alike": "the same picture in another file",
    "tiny-class": "classes with very few examples",
    "count": "counts that do not fit",
    "shape": "shapes that are no pictures",
    "values": "values that are no pixels",
    "labels": "labels that are no classes",
    "pickle": "pickled objects",
    "encoding": "not UTF-8",
    "short": "too short",
    "mixed-sizes": "mix of sizes",
    "mixed-modes": "mix of colour modes",
    "exif": "turned by their camera's note",
    "animated": "animated",
    "other": "files that are no pictures by their name",
    "outside": "links that lead out of the folder",
}
"""Every kind of problem with the words that count it."""
NOTES = frozenset({"mixed-sizes", "mixed-modes", "exif", "animated", "other", "outside"})
"""Kinds that the studio deals with by itself: worth knowing, but the source is still in order."""


@dataclass(frozen=True)
class Problem:
    """One finding: `kind` is a key of `KINDS`, `path` names the file (inside the source) or is the source itself."""

    kind: str
    path: str
    message: str


@dataclass(frozen=True)
class Fix:
    """Something that can be done about problems; `apply` remembers it and the source files stay as they are.

    Attributes:
        id: stable name, such as "skip-damaged".
        title: what it does, with the number of files.
        count: how many files it concerns.
        files: their names, as `pictures.scan` names them; for "skip-tiny-classes" the names of classes.
    """

    id: str
    title: str
    count: int
    files: tuple[str, ...] = field(default=(), repr=False)


@dataclass(frozen=True)
class Report:
    """What `check` found.

    Attributes:
        ok: nothing is damaged, lost or skewed (`NOTES` alone leave a source in order).
        kind: "folder", "archive", "idx", "idx-folder", "numpy", "picture", "table", "text", "catalogue" or
            "unknown".
        count: examples that can be used (pictures, rows, characters).
        problems: at most `LISTED` of each kind, then one line with the count of the rest.
        fixes: what can be chosen.
        summary: a few sentences for a person.
        examples: a few file names for each kind of problem.
        counts: how many problems of each kind there are in all.
        facts: sizes, modes and classes with their counts.
    """

    ok: bool
    kind: str
    count: int
    problems: tuple[Problem, ...]
    fixes: tuple[Fix, ...]
    summary: str
    examples: dict[str, tuple[str, ...]]
    counts: dict[str, int]
    facts: dict[str, dict[str, int]]

    def to_json(self) -> dict[str, Any]:
        """Return the document that `data check --json` prints, in plain JSON types."""
        return {
            "ok": self.ok,
            "kind": self.kind,
            "count": self.count,
            "problems": [{"kind": p.kind, "path": p.path, "message": p.message} for p in self.problems],
            "fixes": [{"id": f.id, "title": f.title, "count": f.count} for f in self.fixes],
            "summary": self.summary,
            "examples": {kind: list(paths) for kind, paths in self.examples.items()},
            "counts": self.counts,
            "facts": self.facts,
        }


class Findings:
    """Collects while the doctor looks; memory stays small however many problems there are.

    Args:
        source: the path that is checked; a problem without a place of its own is reported there.
    """

    def __init__(self, source: str) -> None:
        self.source = source
        self.kind = "unknown"
        self.count = 0
        self.unit = "picture"
        self.counts: Counter[str] = Counter()
        self.facts: dict[str, Counter[str]] = {}
        self.fixes: list[Fix] = []
        self.remarks: list[str] = []
        self._listed: dict[str, list[Problem]] = {}

    def add(self, kind: str, message: str, path: str = "") -> None:
        """Note one problem; beyond `LISTED` of a kind it is only counted."""
        self.counts[kind] += 1
        listed = self._listed.setdefault(kind, [])
        if len(listed) < LISTED:
            listed.append(Problem(kind, printable(path or self.source), printable(message)))

    def fact(self, group: str, value: str) -> None:
        """Count one value of a group, such as ("sizes", "32 x 32")."""
        self.facts.setdefault(group, Counter())[printable(value)] += 1

    def offer(self, fix_id: str, title: str, files: list[str]) -> None:
        """Offer a fix when it concerns anything."""
        if files:
            self.fixes.append(Fix(fix_id, title.format(n=f"{len(files):,}"), len(files), tuple(files)))

    def report(self) -> Report:
        """Close the examination."""
        problems: list[Problem] = []
        for kind, listed in self._listed.items():
            problems += listed
            if rest := self.counts[kind] - len(listed):
                problems.append(Problem(kind, printable(self.source), f"… and {rest:,} more: {KINDS[kind]}."))
        return Report(
            ok=set(self.counts) <= NOTES,
            kind=self.kind,
            count=self.count,
            problems=tuple(problems),
            fixes=tuple(self.fixes),
            summary=self._summary(),
            examples={k: tuple(p.path for p in listed[:EXAMPLES]) for k, listed in self._listed.items()},
            counts=dict(self.counts),
            facts={group: dict(counter.most_common(LISTED)) for group, counter in self.facts.items()},
        )

    def _summary(self) -> str:
        """Say in a few words what is there and what is wrong."""
        words = [f"{self.count:,} usable {self.unit}{'s' * (self.count != 1)}."]
        if self.counts:
            found = ", ".join(f"{n:,} {KINDS[kind]}" for kind, n in self.counts.most_common())
            words.append(f"Found: {found}.")
        else:
            words.append("No problem found.")
        return " ".join(words + self.remarks)


def printable(text: str) -> str:
    """Escape line breaks, control and direction characters and undecodable bytes: one line that shows what is there."""
    return "".join(c if c.isprintable() else c.encode("unicode_escape", "surrogatepass").decode() for c in text)
