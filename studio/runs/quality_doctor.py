"""The GAN doctor at a run: samples, figures, evidence, findings, and remedies with their values for this run."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from types import MappingProxyType
from typing import Any

import numpy as np

from studio.core import registry
from studio.core.checkpoint import name_of
from studio.core.files import explained, read_json, write_json
from studio.core.records import RunRecord
from studio.core.store import Store
from studio.data.progress import Progress, silent
from studio.quality.balance import Series, balance
from studio.quality.doctor import Finding, examine
from studio.quality.evidence import Evidence, Lookalikes, collect
from studio.quality.features import feature_net
from studio.quality.measures import compare
from studio.quality.remedies import Prepared, fitting
from studio.runs import pictures
from studio.runs.outputs import provenance
from studio.runs.quality import agreement_of, classes_of, head, samples
from studio.runs.trained import Pixels, TrainedModel

COUNT = 1_000
"""Samples that are looked at: enough to miss a class of one in ten by chance once in 10^45."""


@dataclass(frozen=True)
class Diagnosis:
    """Everything the doctor saw at one run, and what follows.

    Attributes:
        document: plain JSON types; what `doctor --json` prints.
        findings: the worst first.
        prepared: for each finding, the remedies that this run can take.
        samples: generated pictures, uint8 (N, H, W, C).
        lookalikes: nearest training pictures of the first of them.
        evidence: what the findings rest on.
        series: the run's training metrics.
    """

    document: dict[str, Any]
    findings: tuple[Finding, ...]
    prepared: tuple[tuple[Prepared, ...], ...]
    samples: Pixels
    lookalikes: Lookalikes
    evidence: Evidence
    series: Series


def diagnose(
    model: TrainedModel, store: Store, count: int = COUNT, seed: int = 0, progress: Progress = silent
) -> Diagnosis:
    """Examine a trained generator.

    Args:
        model: draws pictures (capability Samples).
        store: holds the run's metrics.
        count: pictures to draw.
        seed: of the samples.
        progress: told often; may raise `Cancelled`.

    Raises:
        StudioError: it draws no pictures, or its data is not there any more.
        Cancelled: `progress` raised it.
    """
    record = store.run(model.record.id)
    fakes = samples(model, count, seed, progress)
    data = model.data(progress)
    net = feature_net(data, model.workspace, progress)
    compared = compare(fakes, data, net, seed, progress)
    series = training_series(store, record.id)
    evidence, lookalikes = collect(
        fakes, data, net, compared, balance(series), error=record.error, seed=seed, progress=progress
    )
    findings = tuple(examine(evidence))
    turned = turned_at(model) if record.status == "running" else {}
    prepared = tuple(tuple(prepare(finding, record, turned)) for finding in findings)
    document = {
        **head(model, net, count, seed),
        "findings": [_told(*pair) for pair in zip(findings, prepared, strict=True)],
        "evidence": _numbers(evidence),
        "figures": [figure.to_json() for figure in compared.figures],
        **classes_of(compared, net),
        **agreement_of(model, net, count, seed, progress),
    }
    _keep(model, document)
    return Diagnosis(document, findings, prepared, fakes, lookalikes, evidence, series)


def training_series(store: Store, run_id: str) -> Series:
    """Return a run's training metrics by their plain names."""
    return {name.removeprefix("train/"): s for name, s in store.metrics(run_id).items() if name.startswith("train/")}


def settings_of(record: RunRecord) -> Mapping[str, Any]:
    """Return every setting of a run by name: its recipe's, the loop's, the data's."""
    return {**record.config, **record.training, **(record.data.get("options") or {})}


def turned_at(model: TrainedModel) -> Mapping[str, Any]:
    """Return the live knobs of a checkpoint: a person may have turned them since the run began."""
    state = read_json(model.record.path / "checkpoints" / name_of(model.step) / "state.json")
    found: Mapping[str, Any] = state.get("live", {})
    return found


def prepare(finding: Finding, record: RunRecord, turned: Mapping[str, Any] = MappingProxyType({})) -> list[Prepared]:
    """Return the remedies of a finding that a run can take, with their values.

    Args:
        finding: of the doctor.
        record: of the run.
        turned: live knobs of a run that trains, where they are not those of the record.
    """
    others = [name for name in registry.recipes() if name != record.recipe]
    present = {**settings_of(record), **turned}
    return fitting(finding.remedies, present, others, training=record.status == "running")


def _told(finding: Finding, prepared: tuple[Prepared, ...]) -> dict[str, Any]:
    remedies = [
        {
            "title": p.remedy.title,
            "why": p.remedy.why,
            "how": p.remedy.how,
            "recipe": p.remedy.recipe,
            "settings": dict(p.settings),
            "before": dict(p.before),
        }
        for p in prepared
    ]
    return {
        "kind": finding.kind,
        "severity": round(finding.severity, 3),
        "sentence": finding.sentence,
        "numbers": dict(finding.numbers),
        "pictures": list(finding.pictures),
        "remedies": remedies,
    }


def _numbers(e: Evidence) -> dict[str, Any]:
    """Return the numbers behind the findings."""
    found: dict[str, Any] = {"looked_at": e.count, "alike": e.alike, "alike_pixels": e.alike_pixels}
    if e.nearest is not None:
        found["copies"] = len(e.nearest.copies)
        found["nearest_pixels"] = float(np.median(e.nearest.distance[:, 0]))
    if e.real_nearest is not None:
        found["copies_of_held_out"] = len(e.real_nearest.copies)
        found["nearest_pixels_of_held_out"] = float(np.median(e.real_nearest.distance[:, 0]))
    if e.repeats is not None:
        found["equal_pairs"] = len(e.repeats.pairs)
        found["different_pictures"] = e.repeats.support
        found["different_pictures_at_least"] = e.repeats.bound
    if (b := e.balance) is not None:
        found |= {"acc_real": b.acc_real, "acc_fake": b.acc_fake, "certain": b.certain}
        found |= {"grad_norm_d": b.grad_d, "grad_norm_g": b.grad_g, "grad_norm_g_kept": b.grad_g_kept}
        if b.critic is not None:
            found |= {"distance": b.critic.distance, "distance_grown": b.critic.grown, "clipped": b.critic.clipped}
        found["swings"] = {n: {"share": s.share, "period": s.period, "size": s.size} for n, s in b.swings.items()}
    return found


def _keep(model: TrainedModel, document: dict[str, Any]) -> None:
    folder = model.record.path / "exports"
    with explained(folder):
        folder.mkdir(exist_ok=True)
    write_json(folder / f"diagnosed-{model.step}.json", document)


def evidence_sheet(diagnosis: Diagnosis, rows: int = 12) -> Pixels:
    """Return samples with their nearest training pictures, uint8 (3 rows, H, W, C) in reading order.

    The samples that a finding points at come first; each is followed by its nearest by pixels and by features.
    """
    shown = [i for finding in diagnosis.findings for i in finding.pictures]
    looked_at = len(diagnosis.lookalikes.pixels)
    chosen = list(dict.fromkeys([i for i in shown if i < looked_at] + list(range(looked_at))))[:rows]
    columns = (diagnosis.samples, diagnosis.lookalikes.pixels, diagnosis.lookalikes.features)
    return np.stack([column[i] for i in chosen for column in columns])


def save_sheet(model: TrainedModel, diagnosis: Diagnosis, out: Path) -> None:
    """Write the evidence sheet as a PNG that carries its recipe: sample, nearest by pixels, nearest by features."""
    sheet = pictures.sheet(evidence_sheet(diagnosis, 20), 12, smallest=64)
    out.parent.mkdir(parents=True, exist_ok=True)
    pictures.save_png(out, sheet, provenance(model, "doctor", count=diagnosis.document["count"]))
