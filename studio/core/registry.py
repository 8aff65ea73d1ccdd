"""The list of recipes: a decorator at the definition, and entry points for other packages.

A package adds recipes by declaring an entry point in the group `generative_studio.recipes` whose value is
a module or a package; importing it runs the decorators. Our own recipes arrive the same way.
"""

from __future__ import annotations

import difflib
import importlib
import logging
import pkgutil
from collections.abc import Callable
from importlib.metadata import entry_points
from typing import TypeVar

from studio.core.errors import BadConfig
from studio.core.knobs import fields_of
from studio.core.recipe import Preset, Recipe

GROUP = "generative_studio.recipes"
OWN = "studio.recipes"

log = logging.getLogger(__name__)
R = TypeVar("R", bound=type[Recipe])
_recipes: dict[str, type[Recipe]] = {}
_imported: set[str] = set()
broken: dict[str, str] = {}
"""Packages whose recipes could not be imported, with the reason; shown to the person, never fatal."""


def register(recipe_id: str, *, title: str, family: str, sources: str) -> Callable[[R], R]:
    """Class decorator that adds a recipe to the studio.

    Args:
        recipe_id: lower-case name with hyphens; what `train` takes.
        title: what the gallery shows.
        family: gallery section ("classifier", "autoencoder", "gan", "text").
        sources: papers and book sections.

    Raises:
        ValueError: the id is taken, or a preset does not fit the Config.
    """

    def add(cls: R) -> R:
        known = _recipes.get(recipe_id)
        if known is not None and known.__module__ != cls.__module__:
            raise ValueError(f"recipe {recipe_id!r} is defined in {known.__module__} and {cls.__module__}")
        cls.id, cls.title, cls.family, cls.literature = recipe_id, title, family, sources
        fields_of(cls.Config)  # a malformed Config fails at import, not at first use
        _recipes[recipe_id] = cls
        return cls

    return add


def recipes() -> dict[str, type[Recipe]]:
    """Return every recipe by id, importing the packages that provide them on the first call."""
    if not _imported:
        values = [OWN, *(e.value for e in entry_points(group=GROUP))]
        for name in dict.fromkeys(v.partition(":")[0] for v in values):
            _import_all(name)
            _imported.add(name)
    return dict(sorted(_recipes.items(), key=lambda item: (item[1].family, item[0])))


def _import_all(name: str) -> None:
    """Import a module and, for a package, everything below it; remember what fails."""
    try:
        module = importlib.import_module(name)
        for found in pkgutil.walk_packages(getattr(module, "__path__", ()), prefix=f"{name}."):
            importlib.import_module(found.name)
    except Exception as error:  # a broken add-on must not take the studio down
        if name == OWN:
            raise
        broken[name] = f"{type(error).__name__}: {error}"
        log.warning("The recipes of %s could not be loaded: %s", name, broken[name])


def recipe(recipe_id: str) -> type[Recipe]:
    """Return one recipe class.

    Raises:
        BadConfig: there is no such recipe.
    """
    known = recipes()
    if recipe_id not in known:
        near = difflib.get_close_matches(recipe_id, known, n=1)
        hint = f"Did you mean {near[0]}?" if near else f"Known: {', '.join(known)}."
        raise BadConfig(f"There is no recipe called {recipe_id!r}.", hint)
    return known[recipe_id]


def preset(cls: type[Recipe], name: str) -> Preset:
    """Return one preset of a recipe.

    Raises:
        BadConfig: there is no such preset.
    """
    for found in cls.presets:
        if found.name == name:
            return found
    names = ", ".join(p.name for p in cls.presets) or "none"
    raise BadConfig(f"{cls.id} has no preset called {name!r}.", f"Known: {names}.")
