"""Measuring and diagnosing runs: the documents, conditional models, the command line."""

from __future__ import annotations

import json

import numpy as np
import pytest

from studio.app.main import main
from studio.core.errors import BadInput, Cancelled, StudioError
from studio.core.store import Store
from studio.quality import features
from studio.runs import quality
from studio.runs.quality import measure, samples
from studio.runs.quality_doctor import diagnose, evidence_sheet
from studio.runs.request import Request
from studio.runs.trained import TrainedModel
from studio.runs.training import branch, start

TINY = {"batch_size": 16, "limit": 200, "steps": 80, "g_filters": "8,8,8", "g_base": 8, "d_filters": "8,8,8,8"}


@pytest.fixture(autouse=True)
def _hasty_network(monkeypatch):
    monkeypatch.setattr(features, "FEWEST_STEPS", 40)
    monkeypatch.setattr(features, "MOST_STEPS", 40)


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    folder = tmp_path_factory.mktemp("work")
    run = start(Store(folder), Request(recipe="dcgan", data="digits", precision="fp32", settings=TINY))
    assert list(run.events())[-1].status == "done"
    (folder / "gan.txt").write_text(run.id)
    return folder


@pytest.fixture
def model(folder):
    return TrainedModel.open(Store(folder), (folder / "gan.txt").read_text())


def test_a_document_says_what_was_measured_with_what(model):
    document = measure(model, count=64)
    assert document["count"] == 64
    assert document["step"] == 80
    assert document["network"]["name"].startswith("CNN-64 trained on digits, ")
    keys = [figure["key"] for figure in document["figures"]]
    assert keys == ["frechet", "kernel", "precision", "recall", "class_score"]
    for figure in document["figures"]:
        assert np.isfinite(figure["value"])
        assert "64 real (training split) and 64 generated" in figure["protocol"]
        assert "FID" not in figure["title"]
        assert figure["reference"] is not None
    kernel = document["figures"][1]
    assert kernel["low"] < kernel["value"] < kernel["high"]
    assert sum(document["classes"]["counts"]) == 64
    assert "agreement" not in document  # it cannot be asked for a class
    kept = json.loads((model.record.path / "exports" / "measured-80.json").read_text())
    assert kept["figures"] == document["figures"]


def test_equal_seeds_give_equal_figures(model):
    first, again = (measure(model, count=40, seed=3, keep=False)["figures"] for _ in range(2))
    assert first == again
    assert first != measure(model, count=40, seed=4, keep=False)["figures"]


def test_samples_do_not_depend_on_how_many_are_drawn_at_once(model, monkeypatch):
    whole = samples(model, 60, seed=1)
    assert whole.shape == (60, 8, 8, 1)
    monkeypatch.setattr(quality, "CHUNK", 30)
    assert (samples(model, 60, seed=1)[:30] == whole[:30]).mean() > 0.99
    with pytest.raises(BadInput, match="cannot be judged"):
        samples(model, 3)


def test_a_diagnosis_has_a_sentence_evidence_and_remedies_with_values(model, folder):
    told = []
    found = diagnose(model, Store(folder), count=64, progress=lambda *what: told.append(what[2]))
    first = found.document["findings"][0]
    assert first["sentence"].endswith(".")
    assert first["kind"] in ("unlike", "collapsed")  # eighty steps
    assert any(remedy["settings"] for f in found.document["findings"] for remedy in f["remedies"])
    assert found.document["evidence"]["looked_at"] == 64
    assert found.evidence.balance is not None
    assert found.lookalikes.pixels.shape == (64, 8, 8, 1)
    assert evidence_sheet(found, 4).shape == (12, 8, 8, 1)
    assert "Drawing samples" in told
    json.dumps(found.document)


def test_a_remedy_is_a_branch_that_can_be_made(model, folder):
    found = diagnose(model, Store(folder), count=64)
    settings = next(p.settings for prepared in found.prepared for p in prepared if "lr_d" in p.settings)
    made = branch(Store(folder), model.record.id, None, settings)
    assert made.record.config["lr_d"] == settings["lr_d"]


def test_it_can_be_cancelled(model):
    def cancel(*_):
        raise Cancelled

    with pytest.raises(Cancelled):
        measure(model, count=64, progress=cancel)


def test_what_draws_nothing_is_refused(folder):
    settings = {"batch_size": 32, "limit": 64, "steps": 3}
    run = start(Store(folder), Request(recipe="mlp-classifier", data="digits", settings=settings))
    list(run.events())
    with pytest.raises(StudioError, match="cannot do that"):
        measure(TrainedModel.open(Store(folder), run.id), count=64)


def test_a_conditional_model_is_asked_for_every_class(folder):
    settings = {"batch_size": 16, "limit": 200, "steps": 3}
    run = start(Store(folder), Request(recipe="cgan", data="digits", precision="fp32", settings=settings))
    assert list(run.events())[-1].status == "done"
    agreement = measure(TrainedModel.open(Store(folder), run.id), count=50)["agreement"]
    assert 0 <= agreement["low"] <= agreement["share"] <= agreement["high"] <= 1
    assert len(agreement["by_class"]) == 10


def test_the_command_line_measures_and_examines(folder, model, capsys, tmp_path):
    words = [model.record.id, "--samples", "40", "--workspace", str(folder)]
    assert main(["measure", *words, "--json"]) == 0
    assert json.loads(capsys.readouterr().out)["count"] == 40
    assert main(["measure", *words]) == 0
    shown = capsys.readouterr().out
    assert "Fréchet distance" in shown
    assert "held-out pictures" in shown
    out = tmp_path / "sheet.png"
    assert main(["doctor", *words, "--out", str(out)]) == 0
    assert "step 80" in capsys.readouterr().out
    assert out.read_bytes().startswith(b"\x89PNG")
