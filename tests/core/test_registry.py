"""Recipes come from our own package and from others that declare an entry point."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from studio.core import registry
from studio.core.errors import BadConfig
from studio.core.recipe import Recipe

EXAMPLE = Path(__file__).parents[1] / "example_package"


@pytest.fixture(scope="module")
def installed(tmp_path_factory):
    """Install the example package into a folder of its own."""
    target = tmp_path_factory.mktemp("site")
    pip = [
        sys.executable,
        "-m",
        "pip",
        "install",
        "--quiet",
        "--no-deps",
        "--no-build-isolation",
        "--target",
        target,
        EXAMPLE,
    ]
    done = subprocess.run(pip, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    return target


def run(installed, code, **environment):
    env = {**os.environ, "PYTHONPATH": str(installed), "OMP_NUM_THREADS": "1", **environment}
    return subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, env=env)


def test_another_packages_recipe_appears_and_trains(installed, tmp_path):
    code = """
import json
from studio.core.registry import recipes
from studio.core.store import Store
from studio.runs.request import Request
from studio.runs.training import start
from studio.runs.trained import TrainedModel
store = Store(__import__("pathlib").Path("WORK"))
run = start(store, Request(recipe="pixel-gaussian", settings={"steps": 40}))
last = list(run.events())[-1]
model = TrainedModel.open(store, run.id)
print(json.dumps({"ids": list(recipes()), "status": last.status, "error": last.error,
                  "losses": store.metrics(run.id)["train/loss"][1].tolist(), "shape": model.sample(3).shape}))
""".replace("WORK", str(tmp_path))
    done = run(installed, code)
    assert done.returncode == 0, done.stderr
    told = json.loads(done.stdout.splitlines()[-1])
    assert "pixel-gaussian" in told["ids"]
    assert told["status"] == "done", told["error"]
    assert told["losses"][-1] < told["losses"][0]
    assert told["shape"] == [3, 8, 8, 1]


def test_a_broken_package_is_told_and_harms_nobody(tmp_path):
    (tmp_path / "broken_recipes.py").write_text("raise RuntimeError('on purpose')")
    info = tmp_path / "broken_recipes-1.0.dist-info"
    info.mkdir()
    (info / "METADATA").write_text("Metadata-Version: 2.1\nName: broken-recipes\nVersion: 1.0\n")
    (info / "entry_points.txt").write_text("[generative_studio.recipes]\nbroken = broken_recipes\n")
    code = "from studio.core import registry; print(sorted(registry.recipes())); print(registry.broken)"
    done = run(tmp_path, code)
    assert done.returncode == 0, done.stderr
    assert "'vae'" in done.stdout
    assert "on purpose" in done.stdout


def test_an_id_is_taken_once():
    existing = next(iter(registry.recipes()))
    with pytest.raises(ValueError, match="defined in"):
        registry.register(existing, title="", family="", sources="")(type("Other", (Recipe,), {}))


def test_unknown_names_are_explained():
    with pytest.raises(BadConfig) as caught:
        registry.recipe("vea")
    assert "vae" in caught.value.what_to_do
