"""The command line: exit codes, JSON keys, messages, and every command on one small run."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
import zipfile
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from studio.app.main import COMMANDS, main
from studio.core.control import Control
from studio.runs.pictures import read_recipe

SMALL = ["limit=128", "batch_size=32", "filters=8,8", "hidden=8", "checkpoint_seconds=0"]
TRAINED = ["run", "path", "recipe", "preset", "steps", "epochs", "seconds", "examples_per_second"]
TRAINED += ["policy", "metrics", "best", "checkpoint"]


def studio(capfd, *words):
    """Run a command that must succeed; return its JSON document."""
    code = main([*words, "--json"])
    out, err = capfd.readouterr()
    assert code == 0, err
    assert out.count("\n") == 1
    return json.loads(out)


@pytest.fixture(scope="module")
def trained(tmp_path_factory):
    """A workspace with one small VAE; the environment points to it."""
    workspace = tmp_path_factory.mktemp("cli") / "workspace"
    words = ["train", "vae", "--data", "digits", "--steps", "8", "--seed", "1", "--set", *SMALL]
    assert main([*words, "--workspace", str(workspace)]) == 0
    return workspace


@pytest.fixture
def here(trained, monkeypatch):
    monkeypatch.setenv("GENERATIVE_STUDIO_WORKSPACE", str(trained))
    return trained


def test_overview_names_every_command(capfd):
    assert main(["--help"]) == 0
    out = capfd.readouterr().out
    assert all(name in out for name in COMMANDS)


@pytest.mark.parametrize("name", COMMANDS)
def test_every_command_explains_itself(name, capfd):
    assert main([name, "--help"]) == 0
    assert "usage: generative-studio" in capfd.readouterr().out


def test_train_help_lists_the_recipes_knobs(capfd):
    assert main(["train", "vae", "--help"]) == 0
    out = capfd.readouterr().out
    assert "--latent-dim INT" in out
    assert "1 to 4096" in out
    assert "--batch-size" in out
    assert "--val-fraction" in out


@pytest.mark.parametrize(
    ("words", "says"),
    [
        (["trian"], "Did you mean train?"),
        (["train"], "required"),
        (["train", "vae", "--latent-dimm", "3"], "--latent-dim"),
        (["data", "lst"], "lst"),
        (["runs"], "list"),
        (["bench", "everything"], "everything"),
        (["resume", "last", "--steps"], "--steps"),
    ],
)
def test_wrong_usage_is_2(words, says, capfd):
    assert main(words) == 2
    out, err = capfd.readouterr()
    assert says in err
    assert not out


@pytest.mark.parametrize("words", [["trian"], ["train"], ["runs", "show"], ["bench", "everything"]])
def test_wrong_usage_is_json_too_when_asked_for(words, capfd):
    assert main([*words, "--json"]) == 2
    out, err = capfd.readouterr()
    assert set(json.loads(out)) == {"error", "what_to_do"}
    assert err.strip()


@pytest.mark.parametrize(
    ("words", "near"),
    [(["train", "vea"], "vae"), (["train", "box-densty"], "box-density"), (["data", "get", "minst"], "mnist")],
)
def test_a_slip_of_the_pen_is_answered_with_the_nearest_name(words, near, workspace, capfd):
    assert main([*words, "--json"]) == 1
    assert json.loads(capfd.readouterr().out)["what_to_do"] == f"Did you mean {near}?"


@pytest.mark.parametrize(
    ("words", "says"),
    [
        (["train", "nope"], "nope"),
        (["train", "vae", "--data", "no/such/place"], "no/such/place"),
        (["train", "vae", "--steps", "many"], "steps"),
        (["train", "vae", "--latent-dim", "0"], "out of range"),
        (["train", "vae", "--preset", "nope"], "chollet"),
        (["train", "vae", "--set", "latentdim=2"], "latent_dim"),
        (["train", "vae", "--set", "latent_dim"], "NAME=VALUE"),
        (["train", "vae", "--device", "quantum"], "cpu"),
        (["train", "vae", "--devices", "0"], "at least 1"),
        (["resume", "nope"], "nope"),
        (["branch", "nope"], "nope"),
        (["sample", "nope"], "nope"),
        (["runs", "show", "nope"], "nope"),
        (["runs", "restore", "nope"], "nope"),
        (["runs", "delete"], "Name one run"),
        (["train", "vae", "--set"], "stands alone"),
        (["data", "check", "digits", "--fix", "nope"], "is not offered for digits"),
        (["data", "check", "no/such/place"], "no/such/place"),
        (["data", "get", "nope"], "nope"),
    ],
)
def test_failures_are_1_with_a_message_and_no_traceback(words, says, workspace, capfd):
    assert main([*words, "--json"]) == 1
    out, err = capfd.readouterr()
    document = json.loads(out)
    assert set(document) == {"error", "what_to_do"}
    assert says in f"{document['error']} {document['what_to_do']}"
    assert "Traceback" not in err


def test_debug_shows_the_traceback(workspace, capfd):
    assert main(["runs", "show", "nope", "--debug"]) == 1
    assert "Traceback" in capfd.readouterr().err


def test_recipes_have_stable_keys(capfd):
    for recipe in studio(capfd, "recipes"):
        assert {"id", "title", "family", "sources", "capabilities", "presets"} <= set(recipe)
        assert recipe["about"]
        for preset in recipe["presets"]:
            assert preset["expects"]
            assert isinstance(preset["settings"], dict)
            assert set(preset["parameters"]) == {"total", "trainable", "by_network"}
            assert preset["parameters"]["total"] >= preset["parameters"]["trainable"] > 0
            assert sum(preset["parameters"]["by_network"].values()) == preset["parameters"]["total"]


def test_recipes_read_as_a_list_by_family(capfd):
    assert main(["recipes"]) == 0
    lines = capfd.readouterr().out.splitlines()
    assert [line for line in lines if line.isupper()] == sorted({line for line in lines if line.isupper()})
    at = lines.index("cgan: Conditional GAN")
    assert lines.index("GAN") < at < lines.index("STYLE")
    assert lines[at + 1] == "  Both networks are told the class, so that a digit can be asked for."
    assert lines[at + 2].split() == ["atienza", "mnist", "2,454,226", "MNIST", "digits", "by", "class"]
    assert "generative-studio train RECIPE" in lines[-1]


def test_data_list_and_check(workspace, capfd):
    names = {entry["name"] for entry in studio(capfd, "data", "list") if entry["bundled"]}
    assert {"digits", "shapes"} <= names
    report = studio(capfd, "data", "check", "digits")
    assert {"ok", "kind", "count", "problems", "fixes"} <= set(report)
    assert report["ok"]


def test_check_reports_a_damaged_picture_and_remembers_the_fix(workspace, tmp_path, capfd):
    folder = tmp_path / "pictures"
    folder.mkdir()
    for number in range(3):
        pixels = np.random.default_rng(number).integers(0, 255, (8, 8), np.uint8)
        Image.fromarray(pixels).save(folder / f"{number}.png")
    (folder / "broken.png").write_bytes((folder / "0.png").read_bytes()[:40])
    report = studio(capfd, "data", "check", str(folder))
    assert any("broken.png" in problem["path"] for problem in report["problems"])
    assert all(set(problem) == {"kind", "path", "message"} for problem in report["problems"])
    fixes = [fix["id"] for fix in report["fixes"]]
    assert fixes
    assert studio(capfd, "data", "check", str(folder), "--fix", *fixes)["applied"] == fixes


def test_train_documents_have_stable_keys(here, capfd):
    document = studio(capfd, "train", "vae", "--data", "digits", "--steps", "4", "--latent-dim", "3", "--set", *SMALL)
    assert set(TRAINED) <= set(document)
    assert document["steps"] == 4
    assert set(document["metrics"]) == {"train", "val"}
    assert document["policy"]["device"] == "cpu"
    assert Path(document["checkpoint"], "model.safetensors").is_file()
    shown = studio(capfd, "runs", "show", document["run"])
    assert shown["config"]["latent_dim"] == 3
    again = studio(capfd, "resume", document["run"], "--steps", "6")
    assert (again["run"], again["steps"]) == (document["run"], 6)
    child = studio(capfd, "branch", document["run"], "--at", "4", "--set", "beta=2", "steps=5")
    assert child["run"] != document["run"]
    assert studio(capfd, "runs", "show", child["run"])["parent"] == document["run"]
    differ = studio(capfd, "runs", "compare", document["run"], child["run"])["differ"]
    assert differ["beta"] == [1.0, 2.0]


def test_flags_and_set_mean_the_same(here, capfd):
    base = ["train", "vae", "--data", "digits", "--steps", "2"]
    with_flags = studio(capfd, *base, "--limit", "64", "--batch-size", "32", "--filters", "8,8", "--lr", "2e-3")
    with_set = studio(capfd, *base, "--set", "limit=64", "batch-size=32", "--set", "filters=8,8", "lr=2e-3")
    assert with_flags["metrics"] == with_set["metrics"]


def test_outputs_are_files_that_carry_their_recipe(here, tmp_path, capfd):
    run = studio(capfd, "runs", "list")[-1]["run"]
    for command, name, pictures in (("sample", "s.png", 16), ("grid", "g.png", 16), ("walk", "w.gif", 8)):
        more = {"sample": ["--n", "16"], "grid": ["--n", "4"], "walk": ["--frames", "8", "--stops", "3"]}[command]
        document = studio(capfd, command, run, "--out", str(tmp_path / name), *more)
        assert document["count"] == pictures
        assert read_recipe(tmp_path / name)["run"] == run
        with Image.open(tmp_path / name) as image:
            assert getattr(image, "n_frames", 1) == (pictures if command == "walk" else 1)
            assert len(image.convert("L").getcolors(2**16)) > 1


@pytest.mark.parametrize("suffix", [".npz", ".csv"])
def test_encoded_points_decode(suffix, here, tmp_path, capfd):
    points = tmp_path / f"points{suffix}"
    document = studio(capfd, "encode", "last", "--out", str(points), "--limit", "5")
    assert document["count"] == 5
    decoded = studio(capfd, "decode", "last", "--points", str(points), "--out", str(tmp_path / "d.png"))
    assert decoded["count"] == 5


def test_decode_says_what_fits(here, tmp_path, capfd):
    assert main(["decode", "last", "--at", *["0"] * 7, "--out", str(tmp_path / "d.png")]) == 1
    assert "not 7" in capfd.readouterr().err
    (tmp_path / "bad.csv").write_text("a,b\n1,2\n")
    assert main(["decode", "last", "--points", str(tmp_path / "bad.csv")]) == 1
    assert "no latent points" in capfd.readouterr().err


def test_encode_takes_pictures(here, tmp_path, capfd):
    Image.new("RGB", (30, 20), "white").save(tmp_path / "white.png")
    document = studio(capfd, "encode", "last", str(tmp_path / "white.png"), "--out", str(tmp_path / "z.npz"))
    assert document["count"] == 1
    with np.load(tmp_path / "z.npz", allow_pickle=False) as arrays:
        assert arrays["points"].shape == (1, document["dimensions"])


@pytest.mark.parametrize("suffix", [".csv", ".json", ".safetensors", ".zip"])
def test_export_writes_what_the_ending_says(suffix, here, tmp_path, capfd):
    out = tmp_path / f"run{suffix}"
    document = studio(capfd, "runs", "export", "last", "--out", str(out))
    assert out.stat().st_size == document["bytes"] > 0
    if suffix == ".zip":
        with zipfile.ZipFile(out) as archive:
            assert {"run.json", "metrics.csv", "model.safetensors"} <= set(archive.namelist())
    assert main(["runs", "export", "last", "--out", str(tmp_path / "run.exe")]) == 1


def test_delete_and_restore(here, capfd):
    run = studio(capfd, "train", "vae", "--data", "digits", "--steps", "2", "--set", *SMALL)["run"]
    studio(capfd, "runs", "delete", run)
    assert run not in [r["run"] for r in studio(capfd, "runs", "list")]
    studio(capfd, "runs", "restore", run)
    assert run in [r["run"] for r in studio(capfd, "runs", "list")]


def test_people_get_text(here, capfd):
    for words in (["runs", "list"], ["runs", "show", "last"], ["data", "list"], ["recipes"]):
        assert main(words) == 0
        out = capfd.readouterr().out
        assert out.strip()
        assert not out.lstrip().startswith(("{", "["))


def test_text_models_write(workspace, capfd):
    words = ["--set", "window=8", "limit=64", "--steps", "2", "--batch-size", "16"]
    run = studio(capfd, "train", "lstm-text", "--data", "fables", *words)["run"]
    assert studio(capfd, "sample", run, "--prompt", "the fox", "--n", "5")["text"]


def test_control_c_stops_with_a_checkpoint(workspace):
    command = [
        sys.executable,
        "-m",
        "studio.app.main",
        "train",
        "vae",
        "--data",
        "digits",
        "--epochs",
        "10000",
        "--json",
    ]
    process = subprocess.Popen(
        [*command, "--set", *SMALL], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, env=dict(os.environ)
    )
    try:
        for line in process.stderr:
            if line.startswith("Training"):
                break
        time.sleep(0.5)
        process.send_signal(signal.SIGINT)
        out, _ = process.communicate(timeout=60)
    finally:
        process.kill()
    document = json.loads(out)
    assert process.returncode == 0
    assert document["status"] == "stopped"
    assert document["steps"] > 0
    assert Path(document["checkpoint"]).is_dir()


def test_second_control_c_aborts():
    from studio.app.commands.train import stopped_by_interrupt

    control = Control()
    with stopped_by_interrupt(control):
        signal.raise_signal(signal.SIGINT)
        assert control.stopped
        with pytest.raises(KeyboardInterrupt):
            signal.raise_signal(signal.SIGINT)


def test_a_full_disk_is_no_programming_error(workspace, capfd, monkeypatch):
    def full(self):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("studio.core.store.Store.runs", full)
    assert main(["runs", "list"]) == 1
    err = capfd.readouterr().err
    assert "No space left on device" in err
    assert "Something went wrong" not in err


def test_a_programming_error_is_one_line(workspace, capfd, monkeypatch):
    monkeypatch.setattr("studio.app.commands.runs.document_of", lambda record: 1 / 0)
    monkeypatch.setattr("studio.core.store.Store.runs", lambda self: [None])
    assert main(["runs", "list"]) == 1
    err = capfd.readouterr().err
    assert "ZeroDivisionError" in err
    assert "Traceback" not in err
