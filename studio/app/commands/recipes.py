"""`recipes`: what can be trained."""

from __future__ import annotations

import itertools
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from studio.app.commands.base import Command, say

if TYPE_CHECKING:
    from studio.core.recipe import Preset, Recipe

HINT = """Columns: preset, data, parameters (all its networks), what it is.
Train one:  generative-studio train RECIPE --preset PRESET      Data sets:  generative-studio data list"""


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
        """Write a paragraph per recipe, its presets below it, under the name of its family."""
        presets = [preset for recipe in document for preset in recipe["presets"]]
        widths = [max((len(preset[key]) for preset in presets), default=0) for key in ("name", "data")]
        lines: list[str] = []
        for family, recipes in itertools.groupby(document, lambda recipe: recipe["family"]):
            lines += ["", family.upper()]
            for recipe in recipes:
                lines += ["", f"{recipe['id']}: {recipe['title']}", f"  {recipe['about']}"]
                lines += [_line(preset, *widths) for preset in recipe["presets"]]
        return "\n".join([*lines, "", HINT]).strip()


def _line(preset: dict[str, Any], name: int, data: int) -> str:
    """Return a preset's name, data, parameters and title in columns."""
    total = f"{preset['parameters']['total']:,}"
    return f"    {preset['name']:<{name}}  {preset['data']:<{data}}  {total:>11}  {preset['title']}"


def _describe(cls: type[Recipe]) -> dict[str, Any]:
    return {
        "id": cls.id,
        "title": cls.title,
        "family": cls.family,
        "about": cls.about(),
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
        "expects": preset.expects,
        "settings": {**preset.config, **preset.training, **preset.data_options},
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
