"""`data list|check|get`: the catalogue, the data-set doctor, downloads."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Annotated, Any

import tyro

from studio.app.commands.base import Command, say, table
from studio.app.commands.progress import Bar


@dataclass(frozen=True, kw_only=True)
class List(Command):
    """List the catalogue of data sets."""

    def run(self) -> Any:
        """Return one document per data set."""
        from studio.data.catalogue import entries, present

        folder = self.workspace_folder()
        names = ("name", "title", "kind", "shape", "classes", "count", "megabytes", "bundled", "licence", "note")
        return [{**{n: getattr(e, n) for n in names}, "present": present(e.name, folder)} for e in entries()]

    def text(self, document: Any) -> str:
        """Write one line per data set."""
        rows = [
            [e["name"], e["kind"], "x".join(map(str, e["shape"])), e["count"], _where(e), e["title"]] for e in document
        ]
        return table(rows, ["NAME", "KIND", "SHAPE", "EXAMPLES", "WHERE", "TITLE"])


def _where(entry: dict[str, Any]) -> str:
    if entry["bundled"]:
        return "bundled"
    return "here" if entry["present"] else f"download, {entry['megabytes']:g} MB"


@dataclass(frozen=True, kw_only=True)
class Check(Command):
    """Ask the data-set doctor: what is wrong with a folder, archive or file, and what would mend it."""

    source: tyro.conf.Positional[str]
    """Catalogue name or path."""
    fix: tuple[str, ...] = ()
    """Ids of fixes to apply; they are remembered and used whenever the source is opened."""

    def run(self) -> Any:
        """Return the report."""
        from studio.data import doctor

        folder = self.workspace_folder()
        with Bar() as bar:
            report = doctor.check(self.source, folder, bar.update)
        document: dict[str, Any] = report.to_json()
        if self.fix:
            doctor.apply(self.source, self.fix, folder)
            document["applied"] = list(self.fix)
        return document

    def text(self, document: Any) -> str:
        """Write the problems, then the fixes."""
        verdict = (
            "nothing wrong" if document["ok"] and not document["problems"] else f"{len(document['problems'])} problems"
        )
        lines = [f"{self.source}: {document['kind']}, {document['count']:,} examples, {verdict}."]
        lines += [f"  {p['kind']}: {p['path']}: {p['message']}" for p in document["problems"]]
        lines += [f"  fix {f['id']}: {f['title']} ({f['count']})" for f in document["fixes"]]
        lines += [f"  applied: {', '.join(document['applied'])}"] if document.get("applied") else []
        return "\n".join(lines)


@dataclass(frozen=True, kw_only=True)
class Get(Command):
    """Download a data set of the catalogue into the workspace."""

    name: tyro.conf.Positional[str]
    """Name in the catalogue."""

    def run(self) -> Any:
        """Download and return where it stands."""
        from studio.data import catalogue

        folder = self.workspace_folder()
        with Bar() as bar:
            catalogue.download(self.name, folder, bar.update)
        return {"name": self.name, "present": True, "workspace": folder}

    def text(self, document: Any) -> str:
        """Say that it is there."""
        say(f"Try: generative-studio train vae --data {document['name']}")
        return f"{document['name']} is ready in {document['workspace']}."


def parser(name: str, words: Sequence[str]) -> Any:
    """Return the union of types that tyro parses."""
    del name, words
    return (
        Annotated[List, tyro.conf.subcommand("list")]
        | Annotated[Check, tyro.conf.subcommand("check")]
        | Annotated[Get, tyro.conf.subcommand("get")]
    )
