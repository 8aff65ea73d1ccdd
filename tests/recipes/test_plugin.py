"""A recipe in a package of its own appears everywhere without a change to the studio."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

EXAMPLE = Path(__file__).parents[1] / "example_package"
ROOT = Path(__file__).parents[2]
LIST = """
import json
from studio.core import registry
found = registry.recipe("pixel-gaussian")
print(json.dumps([found.title, found.family, found.capabilities(), found.__module__, registry.broken]))
"""


@pytest.fixture(scope="module")
def installed(tmp_path_factory: pytest.TempPathFactory) -> dict[str, str]:
    """Install the example package into a folder; returns the environment that sees it."""
    pytest.importorskip("hatchling", reason="building the example package offline needs hatchling")
    target = tmp_path_factory.mktemp("site")
    pip = [sys.executable, "-m", "pip", "install", "--quiet", "--no-deps", "--no-build-isolation", "--no-index"]
    subprocess.run([*pip, "--target", str(target), str(EXAMPLE)], check=True, timeout=120)
    return {**os.environ, "PYTHONPATH": str(target)}


@pytest.mark.slow
def test_an_installed_package_adds_its_recipe(installed: dict[str, str]) -> None:
    command = [sys.executable, "-c", LIST]
    output = subprocess.run(command, env=installed, cwd=ROOT, check=True, capture_output=True, text=True, timeout=120)
    title, family, capabilities, module, broken = json.loads(output.stdout)
    assert (title, family, module) == ("Independent pixels", "basics", "pixel_gaussian")
    assert set(capabilities) == {"Samples"}
    assert broken == {}


@pytest.mark.slow
def test_an_installed_recipe_enters_the_contract_tests_and_passes(installed: dict[str, str]) -> None:
    tests = [sys.executable, "-m", "pytest", "tests/recipes/test_contract.py", "-k", "pixel-gaussian", "-q"]
    result = subprocess.run(tests, env=installed, cwd=ROOT, check=False, capture_output=True, text=True, timeout=240)
    assert result.returncode == 0, result.stdout[-3000:]  # 5 would mean: no test was selected


def test_a_recipe_fits_on_a_page() -> None:
    assert len((EXAMPLE / "pixel_gaussian.py").read_text("utf-8").splitlines()) < 150
