"""`recipes`: what can be trained."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from studio.app.commands.base import Command, say, table

if TYPE_CHECKING:
    from studio.core.recipe import Preset, Recipe


@dataclass(frozen=True, kw_only=True)
class Recipes(Command):
    """List the recipes with their presets, parameters at each preset, capabilities and sources."""

    def run(self) -> Any:
        """Return a list of recipes."""
        from studio.core import registry

        documents = [_describe(cls) for cls in registry.recipes().values()]
        for package, why in registry.broken.items():
            say(f"The recipes of {package} could not be loaded: {why}")
        return documents

    def text(self, document: Any) -> str:
        """Write one line per preset."""
        rows = []
        for recipe in document:
            for preset in recipe["presets"] or [{"name": "–", "data": "–", "parameters": {"total": 0}}]:
                total = preset["parameters"]["total"]
                rows.append(
                    [recipe["id"], recipe["family"], preset["name"], preset["data"], f"{total:,}", recipe["title"]]
                )
        return table(rows, ["RECIPE", "FAMILY", "PRESET", "DATA", "PARAMETERS", "TITLE"])


def _describe(cls: type[Recipe]) -> dict[str, Any]:
    return {
        "id": cls.id,
        "title": cls.title,
        "family": cls.family,
        "sources": cls.literature,
        "capabilities": list(cls.capabilities()),
        "presets": [_preset(cls, preset) for preset in cls.presets],
    }


def _preset(cls: type[Recipe], preset: Preset) -> dict[str, Any]:
    return {
        "name": preset.name,
        "title": preset.title,
        "source": preset.source,
        "data": preset.data,
        "parameters": parameters(cls, preset),
    }


def parameters(cls: type[Recipe], preset: Preset) -> dict[str, Any]:
    """Count the parameters of a preset's model without its data: total, trainable, by_network."""
    from studio.core import knobs
    from studio.nn import summary

    config = knobs.make(cls.Config, preset.config)
    spec = summary.preset_spec(preset, cls)
    try:
        return summary.count(summary.outline(cls, config, spec))
    except NotImplementedError:  # a layer without a shape rule needs real memory
        return summary.count(summary.outline(cls, config, spec, "cpu"))


def parser(name: str, words: Sequence[str]) -> Any:
    """Return the type that tyro parses."""
    del name, words
    return Recipes
