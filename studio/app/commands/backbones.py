"""`backbones list|show|get|add`: the networks that dreams and transfers look through."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING, Annotated, Any

import tyro

from studio.app.commands.base import Command, say, table
from studio.app.commands.progress import Bar

if TYPE_CHECKING:
    from studio.canvas.backbone import Backbone


@dataclass(frozen=True, kw_only=True)
class List(Command):
    """List the networks: bundled, to download, your own files and runs."""

    def run(self) -> Any:
        """Return one document per network."""
        from studio.canvas.backbones import ENTRIES
        from studio.runs.backbones import titles

        known = {about.id: about for about in ENTRIES}
        document = []
        for name, title, here in titles(self.workspace_folder(), self.store()):
            about = known.get(name)
            document.append(
                {
                    "name": name,
                    "title": title,
                    "installed": here,
                    "source": about.source if about else name.partition(":")[0],
                    "megabytes": about.megabytes if about else 0.0,
                    "licence": about.licence if about else "your own",
                    "about": about.about if about else "",
                }
            )
        return document

    def text(self, document: Any) -> str:
        """Write one line per network."""
        rows = [[e["name"], _where(e), e["title"], e["licence"]] for e in document]
        return table(rows, ["NAME", "WHERE", "TITLE", "LICENCE"])


def _where(row: dict[str, Any]) -> str:
    if row["source"] == "bundled":
        return "bundled"
    if row["installed"]:
        return "here"
    return f"get, {row['megabytes']:,.0f} MB" if row["source"] == "download" else "add a file"


@dataclass(frozen=True, kw_only=True)
class Show(Command):
    """Show a network's layers, with their place, size and default use."""

    name: tyro.conf.Positional[str]
    """Name in the list, a file of weights, or run:ID."""

    def run(self) -> Any:
        """Return the network's description; its weights need not be here."""
        from studio.canvas.backbones import ENTRIES
        from studio.runs.canvases import open_backbone

        about = next((e for e in ENTRIES if e.id == self.name and e.network), None)
        if about is not None:
            from studio.canvas.backbones.torchvision_nets import described

            return _document(described(about))
        return _document(open_backbone(self.name, self.workspace_folder()))

    def text(self, document: Any) -> str:
        """Write the layers as a table."""
        others: dict[str, list[str]] = {}
        for alias, name in document["aliases"].items():
            others.setdefault(name, []).append(alias)
        rows = [
            [
                e["name"],
                e["channels"],
                e["stride"],
                f"{e['depth']:.0%}",
                ", ".join(others.get(e["name"], ())),
                e["about"],
            ]
            for e in document["layers"]
        ]
        lines = [f"{document['title']} ({document['id']})", f"  licence  {document['licence']}"]
        lines += [f"  {use:8} {document[use]}" for use in ("dream", "content", "style")]
        lines += [f"  smallest {document['smallest']} px"]
        return "\n".join([*lines, table(rows, ["LAYER", "CHANNELS", "STRIDE", "DEPTH", "ALSO", "WHAT"])])


def _document(opened: Backbone) -> dict[str, Any]:
    names = ("id", "title", "licence", "dream", "content", "style", "smallest", "fingerprint", "classes")
    return {
        **{name: getattr(opened, name) for name in names},
        "aliases": dict(opened.aliases),
        "layers": [asdict(layer) for layer in opened.layers],
    }


@dataclass(frozen=True, kw_only=True)
class Get(Command):
    """Download a network's weights into the workspace; a broken download goes on where it stopped."""

    name: tyro.conf.Positional[str]
    """Name in the list."""

    def run(self) -> Any:
        """Download and return where the file is."""
        from studio.canvas import backbones

        with Bar() as bar:
            path = backbones.download(self.name, self.workspace_folder(), bar.update)
        return {"name": self.name, "path": path, "installed": True}

    def text(self, document: Any) -> str:
        """Say that it is there."""
        say(f"Try: generative-studio dream PICTURE --set backbone={document['name']}")
        return f"{document['name']} is ready: {document['path']}"


@dataclass(frozen=True, kw_only=True)
class Add(Command):
    """Check a file of weights (.pth, .safetensors) of your own and list it from now on."""

    path: tyro.conf.Positional[str]
    """The file, or NAME=FILE to say which network it is: vgg19-caffe=weights.pth."""

    def run(self) -> Any:
        """Open and remember it."""
        from studio.canvas.backbones import register_file

        opened = register_file(self.workspace_folder(), self.path)
        return {"name": opened.id, "title": opened.title, "layers": len(opened.layers), "classes": len(opened.classes)}

    def text(self, document: Any) -> str:
        """Say what it is."""
        classes = f"{document['classes']} classes" if document["classes"] else "no classes"
        return f"{document['name']} is {document['title']}: {document['layers']} layers, {classes}."


def parser(name: str, words: Sequence[str]) -> Any:
    """Return the union of types that tyro parses."""
    del name, words
    return (
        Annotated[List, tyro.conf.subcommand("list")]
        | Annotated[Show, tyro.conf.subcommand("show")]
        | Annotated[Get, tyro.conf.subcommand("get")]
        | Annotated[Add, tyro.conf.subcommand("add")]
    )
