"""What the Train panel does in workers: nothing here touches a widget, and heavy imports happen inside calls."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

from studio.core.spec import Column, DataSpec, Kind, TableOf
from studio.ui.widgets.summary import Summary

if TYPE_CHECKING:
    from studio.core.recipe import Preset
    from studio.core.records import Preview, RunRecord
    from studio.runs.request import Request
    from studio.runs.run import Run


@dataclass(frozen=True)
class RecipeInfo:
    """What the window needs to know about a recipe, without its networks."""

    id: str
    title: str
    family: str
    sources: str
    description: str
    accepts: Kind
    needs_labels: bool
    capabilities: tuple[str, ...]
    presets: tuple[Preset, ...]
    config_type: Any
    best_metric: str
    best_mode: Literal["min", "max"]
    table_of: TableOf = ""
    learns_by: str = "gradient"
    offline: str = ""
    """The bundled data set it trains on when none is chosen."""


@dataclass(frozen=True)
class DataChoice:
    """One data set of the catalogue; `present` tells whether it can be used without a download."""

    name: str
    title: str
    kind: Kind
    shape: tuple[int, ...]
    classes: int
    megabytes: float
    present: bool
    columns: tuple[Column, ...] = ()

    def fits(self, info: RecipeInfo) -> bool:
        """Tell whether a recipe trains on data of this kind."""
        table_of = DataSpec(name=self.name, kind=self.kind, shape=self.shape, columns=self.columns).table_of
        return (self.kind, table_of) == (info.accepts, info.table_of)


@dataclass(frozen=True)
class Loaded:
    """Everything there is to choose from; `broken` are add-on packages that could not be imported."""

    recipes: tuple[RecipeInfo, ...]
    choices: tuple[DataChoice, ...]
    broken: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True)
class Stored:
    """What a run left behind: curves, previews, log lines as (step, level, text)."""

    metrics: Mapping[str, tuple[Any, Any]]
    previews: tuple[Preview, ...]
    log: tuple[tuple[int, str, str], ...]


def load(workspace: Path) -> Loaded:
    """List the recipes (this imports torch) and the catalogue."""
    from studio.core import registry
    from studio.data import catalogue

    recipes = tuple(_info(cls) for cls in registry.recipes().values())
    choices = tuple(
        DataChoice(
            e.name, e.title, e.kind, e.shape, e.classes, e.megabytes, catalogue.present(e.name, workspace), e.columns
        )
        for e in catalogue.entries()
    )
    return Loaded(recipes, choices, dict(registry.broken))


def _info(cls: Any) -> RecipeInfo:
    from studio.runs.request import offline_data

    return RecipeInfo(
        cls.id,
        cls.title,
        cls.family,
        cls.literature,
        cls.about(),
        cls.accepts,
        cls.needs_labels,
        cls.capabilities(),
        cls.presets,
        cls.Config,
        cls.best_metric,
        cls.best_mode,
        cls.table_of,
        cls.learns_by,
        offline_data(cls),
    )


def prepare(workspace: Path, request: Request) -> Run:
    """Check a request and create its run.

    Raises:
        StudioError: a setting does not fit, or the workspace cannot be written.
    """
    from studio.core.store import Store
    from studio.runs.training import start

    store = Store(workspace)
    try:
        return start(store, request)
    finally:
        store.close()


def prepare_resume(workspace: Path, run_id: str, settings: Mapping[str, Any]) -> Run:
    """Prepare to go on with a run; see `studio.runs.training.resume`."""
    from studio.core.store import Store
    from studio.runs.training import resume

    store = Store(workspace)
    try:
        return resume(store, run_id, **settings)
    finally:
        store.close()


def prepare_branch(workspace: Path, run_id: str, step: int | None, settings: Mapping[str, Any]) -> Run:
    """Prepare a run that begins at an older moment of another; see `studio.runs.training.branch`."""
    from studio.core.store import Store
    from studio.runs.training import branch

    store = Store(workspace)
    try:
        return branch(store, run_id, step, settings)
    finally:
        store.close()


def stored(workspace: Path, run_id: str) -> tuple[RunRecord, Stored]:
    """Read a run's curves, previews and log."""
    from studio.core.store import Store

    store = Store(workspace)
    try:
        record = store.run(run_id)
        return record, Stored(store.metrics(run_id), _previews(record.path), _log(record.path / "log.jsonl"))
    finally:
        store.close()


def _previews(folder: Path) -> tuple[Preview, ...]:
    """List a run's previews under the names that were shown: in a file's name some letters are replaced."""
    from studio.core.records import previews
    from studio.runs.previews import title

    titles: dict[str, str] = {}
    found = previews(folder)
    for preview in found:
        if preview.name not in titles:
            titles[preview.name] = title(preview.path) or preview.name
    return tuple(replace(preview, name=titles[preview.name]) for preview in found)


def _log(path: Path) -> tuple[tuple[int, str, str], ...]:
    lines = []
    if path.exists():
        for line in path.read_text(encoding="utf-8", errors="replace").splitlines():
            try:
                document = json.loads(line)
                text = f"{document['text']} {document.get('what_to_do', '')}".strip()
                level = document["level"] if document["level"] in ("info", "warning", "error") else "info"
                lines.append((int(document["step"]), level, text))
            except (ValueError, KeyError, TypeError):
                continue  # a torn last line
    return tuple(lines)


def expected_spec(
    info: RecipeInfo, preset: Preset | None, source: str, choice: DataChoice | None, options: Mapping[str, Any]
) -> tuple[DataSpec, str]:
    """Return what a data set probably looks like before it is opened, and a remark when that is a guess."""
    if info.accepts == "text":
        size = preset.vocabulary_size if preset is not None and preset.vocabulary_size else 5000
        window = (int(options["window"]),)
        note = f"Counted for a vocabulary of {size} tokens; the text decides."
        names = tuple(f"token{i}" for i in range(size))
        return DataSpec(name=source, kind="text", shape=window, vocabulary=names, tokens=options["tokens"]), note
    if info.accepts == "table":
        return _expected_table(info, preset, source, choice)
    shape, classes, note = (3, 64, 64), 10, "Counted for 3 × 64 × 64 pictures; the data decides."
    if choice is not None and choice.shape:
        shape, classes, note = choice.shape, choice.classes, ""  # type: ignore[assignment]
    elif preset is not None and preset.data == source:
        shape, classes, note = preset.shape, preset.classes, ""  # type: ignore[assignment]
    size, channels = int(options["size"]), {"grey": 1, "colour": 3}.get(options["colour"], shape[0])
    shape = (channels, size or shape[1], size or shape[2])
    names = tuple(name.strip() for name in str(options["only"]).split(",") if name.strip())
    return DataSpec(name=source, kind="image", shape=shape, classes=names or tuple(map(str, range(classes)))), note


def _expected_table(
    info: RecipeInfo, preset: Preset | None, source: str, choice: DataChoice | None
) -> tuple[DataSpec, str]:
    """Return the columns of a table of the catalogue, or two that stand for the person's own."""
    known = choice.columns if choice is not None else preset.columns if preset is not None else ()
    options = ("a", "b") if info.table_of == "categories" else ()
    note = "" if known else "Counted for two columns; the table decides."
    columns = known or (Column("first", options), Column("second", options))
    return DataSpec(name=source, kind="table", shape=(len(columns),), columns=columns), note


def summarise(recipe_id: str, config: Any, spec: DataSpec, note: str) -> Summary:
    """Count a model's layers, parameters and multiplications without allocating its weights.

    Raises:
        StudioError: the settings do not fit together.
    """
    from studio.core import registry
    from studio.nn import summary

    outlined = summary.outline(registry.recipe(recipe_id), config, spec)
    rows = tuple(
        (row.network, row.name, row.kind, row.output_shape, row.parameters, row.macs)
        for row in summary.layers(outlined, spec)
    )
    totals = summary.count(outlined)
    return Summary(rows, totals["total"], totals["trainable"], note)


def spec_of(record: RunRecord) -> DataSpec | None:
    """Return what a run's data looked like, if it was ever opened."""
    document = record.data.get("spec")
    return DataSpec.from_json(document) if document else None


def values_of(record: RunRecord) -> dict[str, Any]:
    """Return every knob of a run, lists as tuples."""
    merged = {**record.config, **record.training, **(record.data.get("options") or {})}
    return {k: tuple(v) if isinstance(v, list) else v for k, v in merged.items()}
