"""What can be turned while a recipe trains: its live knobs, and which of its networks learn."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from studio.core.compute import Compute
from studio.core.control import TRAIN_ONLY
from studio.core.errors import BadConfig
from studio.core.recipe import Recipe, live_knobs


class Steering:
    """Turns a recipe's live knobs and lets optimisers rest; what was turned is part of a checkpoint.

    Args:
        recipe: built.
        compute: does the optimisation steps.
    """

    def __init__(self, recipe: Recipe, compute: Compute) -> None:
        self._recipe, self._compute = recipe, compute
        self._resting: set[str] = set()

    def turn(self, name: str, value: Any) -> str:
        """Give a knob another value; returns the sentence that says so.

        Args:
            name: of a live knob, or `TRAIN_ONLY`.
            value: for `TRAIN_ONLY` the suffix of the optimiser that alone shall step ("_d", "_g"); "" lets all step.

        Raises:
            BadConfig: no such knob or optimiser, or a value out of range.
        """
        if name == TRAIN_ONLY:
            return self._train_only(str(value))
        checked = self._recipe.change(name, value)
        return f"{name} is now {checked:g}." if isinstance(checked, float) else f"{name} is now {checked}."

    def values(self) -> dict[str, Any]:
        """Return the present values by the names that `turn` takes."""
        return {**self._live(), TRAIN_ONLY: self._alone}

    def state(self) -> dict[str, Any]:
        """Return what a checkpoint keeps."""
        return {"live": self._live(), "resting": sorted(self._resting)}

    def restore(self, state: Mapping[str, Any]) -> None:
        """Go on from a checkpoint's state."""
        for name, value in state.get("live", {}).items():
            self._recipe.change(name, value)
        self._rest(set(state.get("resting", ())))

    def _live(self) -> dict[str, Any]:
        return {name: getattr(self._recipe.config, name) for name in live_knobs(type(self._recipe))}

    def _train_only(self, suffix: str) -> str:
        names = {name.removeprefix("opt") for name in self._recipe.optimizers()}
        if suffix and suffix not in names:
            raise BadConfig(f"There is no optimiser {suffix!r} to train alone.", f"There are: {', '.join(names)}.")
        self._rest({f"opt{name}" for name in names if suffix and name != suffix})
        return f"Only {suffix.removeprefix('_').upper()} learns now." if suffix else "Everything learns again."

    def _rest(self, names: set[str]) -> None:
        """Let these optimisers rest; see `Compute.resting`."""
        self._resting = names
        self._compute.resting = {id(o) for name, o in self._recipe.optimizers().items() if name in names}

    @property
    def _alone(self) -> str:
        """Suffix of the optimiser that alone learns; "" while all of them do."""
        learning = [name.removeprefix("opt") for name in self._recipe.optimizers() if name not in self._resting]
        return learning[0] if self._resting and learning else ""
