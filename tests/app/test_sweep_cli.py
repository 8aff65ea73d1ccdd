"""Sweeps on the command line: the table, the JSON document, going on, the CSV file, wrong input."""

from __future__ import annotations

import csv
import json

import pytest

from studio.app.main import main

SMALL = [
    "--steps",
    "4",
    "--precision",
    "fp32",
    "--set",
    "limit=128",
    "batch_size=32",
    "filters=4,4",
    "hidden=8",
    "checkpoint_seconds=0",
]
SWEEP = ["train", "vae", "--data", "digits", *SMALL, "--sweep", "lr=1e-3..1e-2x2", "--sweep", "seed=1,2"]


@pytest.fixture(scope="module")
def swept(tmp_path_factory):
    """A workspace with one finished sweep of four runs."""
    workspace = tmp_path_factory.mktemp("sweep") / "workspace"
    assert main([*SWEEP, "--workspace", str(workspace)]) == 0
    return workspace


@pytest.fixture
def here(swept, monkeypatch):
    monkeypatch.setenv("GENERATIVE_STUDIO_WORKSPACE", str(swept))
    return swept


def document(capfd, *words):
    code = main([*words, "--json"])
    out, err = capfd.readouterr()
    assert code == 0, err
    return json.loads(out)


def test_the_document_of_a_sweep(here, capfd):
    found = document(capfd, "runs", "sweep", "last")
    assert found["recipe"] == "vae"
    assert found["axes"] == {"lr": [0.001, 0.01], "seed": [1, 2]}
    assert found["status"] == "done"
    assert found["failed"] == 0
    assert [r["status"] for r in found["rows"]] == ["done"] * 4
    values = [r["val_best"] for r in found["rows"]]
    assert values == sorted(values)
    assert {r["run"] for r in found["rows"]} == {r["run"] for r in document(capfd, "runs", "list")}


def test_the_table_names_what_varies_and_what_was_reached(here, capfd):
    assert main(["runs", "sweep"]) == 0
    lines = capfd.readouterr().out.splitlines()
    assert lines[0].split()[:2] == ["lr", "seed"]
    assert len([line for line in lines if "done" in line]) == 4
    assert main(["runs", "sweeps"]) == 0
    assert "vae" in capfd.readouterr().out


def test_a_kept_sweep_is_written_as_csv(here, capfd, tmp_path):
    out = tmp_path / "table.csv"
    document(capfd, "runs", "sweep", "last", "--out", str(out))
    with out.open() as file:
        rows = list(csv.DictReader(file))
    assert len(rows) == 4
    assert {row["lr"] for row in rows} == {"0.001", "0.01"}


def test_going_on_trains_only_what_is_missing(here, capfd):
    before = document(capfd, "runs", "sweep", "last")
    gone = before["rows"][-1]
    document(capfd, "runs", "delete", gone["run"])
    lacking = document(capfd, "runs", "sweep", "last")
    assert lacking["status"] == "stopped"
    assert lacking["rows"][-1]["status"] == "missing"
    after = document(capfd, "resume", before["sweep"])
    assert after["status"] == "done"
    kept = {r["run"] for r in before["rows"]} - {gone["run"]}
    made = {r["run"] for r in after["rows"]}
    assert kept < made
    assert gone["run"] not in made
    again = next(r for r in after["rows"] if r["settings"] == gone["settings"])
    assert again["val_best"] == gone["val_best"]


@pytest.mark.parametrize(
    ("words", "told"),
    [
        (["train", "vae", "--data", "digits", "--sweep", "latent=2,3"], "latent_dim"),
        (["train", "vae", "--data", "digits", "--sweep", "seed"], "NAME=VALUES"),
        (["train", "vae", "--data", "digits", "--sweep", "latent_dim=0,2"], "out of range"),
        (["runs", "sweep", "sweep-1"], "0 sweeps"),
        (["resume", "sweep-2", "--steps", "9"], "keep their budget"),
    ],
)
def test_wrong_sweeps_are_explained(words, told, here, capfd):
    assert main([*words, "--json"]) == 1
    out, _ = capfd.readouterr()
    assert told in " ".join(json.loads(out).values())
