"""From a record and opened data to an engine: the part that every process of a run does."""

from __future__ import annotations

from studio.core import checkpoint as ckpt
from studio.core import seeds
from studio.core.compute import Compute, Policy
from studio.core.control import Control
from studio.core.engine import Engine
from studio.core.records import RunRecord
from studio.core.spec import DataSet
from studio.runs.request import Resolved
from studio.runs.run import threads_of


def engine_of(
    record: RunRecord,
    resolved: Resolved,
    data: DataSet,
    policy: Policy,
    control: Control,
    compute: Compute | None = None,
) -> tuple[Engine, list[str]]:
    """Build the recipe with the run's seed, at its newest usable checkpoint if it has any.

    Returns:
        the engine, and what was wrong with newer checkpoints.
    """
    threads_of(policy)
    compute = compute or Compute(policy)
    seeds.seed_everything(seeds.derive(resolved.training.seed, "weights"), compute.device)
    recipe = resolved.recipe(resolved.config, data.spec, compute)
    folder = record.path / "checkpoints"
    start, complaints = ckpt.newest(folder) if ckpt.steps(folder) else (None, [])
    engine = Engine(recipe, data, resolved.training, compute, record.path, run=record.id, control=control, start=start)
    return engine, complaints
