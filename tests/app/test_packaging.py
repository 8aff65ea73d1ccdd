"""The wheel is complete, the README's example works, and no version or name disagrees."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
import tomllib
import zipfile
from pathlib import Path

import pytest

from studio import __version__
from studio.app.main import COMMANDS
from studio.core.errors import NotAvailable
from studio.core.resources import resource

ROOT = Path(__file__).resolve().parents[2]
README = (ROOT / "README.md").read_text(encoding="utf-8")


def block(begin: str, end: str) -> str:
    """Return the code between two markers of the README."""
    found = re.search(rf"<!-- {begin} -->\n```\w+\n(.*?)```\n<!-- {end} -->", README, re.DOTALL)
    assert found, f"README.md has no block {begin}"
    return found[1]


@pytest.mark.slow
def test_an_installed_wheel_finds_its_resources(tmp_path):
    pytest.importorskip("build", reason="the package `build` is not installed")
    command = [sys.executable, "-m", "build", "--wheel", "--no-isolation", "--outdir", str(tmp_path), str(ROOT)]
    subprocess.run(command, check=True, capture_output=True)
    (wheel,) = tmp_path.glob("*.whl")
    installed = tmp_path / "site"
    with zipfile.ZipFile(wheel) as archive:
        names = set(archive.namelist())
        archive.extractall(installed)
    for path in (ROOT / "resources").rglob("*"):
        if path.is_file():
            assert f"studio/_resources/{path.relative_to(ROOT / 'resources').as_posix()}" in names
    assert not [name for name in names if name.startswith(("tests/", "packaging/"))]
    code = (
        "from studio.core.resources import resource; import studio; from studio.data.digits import *;"
        "print(resource('icons/app.svg')); print(studio.__file__)"
    )
    done = subprocess.run(
        [sys.executable, "-c", code],
        cwd=tmp_path,
        env={**os.environ, "PYTHONPATH": str(installed)},
        capture_output=True,
        text=True,
        check=True,
    )
    icon, package = map(Path, done.stdout.split())
    assert icon.is_file()
    assert installed in icon.parents
    assert installed in package.parents


def test_resources_are_found_in_a_checkout():
    assert resource("icons/app.svg").is_file()
    with pytest.raises(NotAvailable, match="no-such-file"):
        resource("no-such-file.bin")


def test_the_readmes_example_is_a_recipe(tmp_path, workspace):
    """An outsider puts the file and its entry point into an environment, and trains."""
    site = tmp_path / "site"
    metadata = site / "linear_autoencoder-0.1.dist-info"
    metadata.mkdir(parents=True)
    (site / "linear_autoencoder.py").write_text(block("recipe:begin", "recipe:end"))
    (metadata / "METADATA").write_text("Metadata-Version: 2.1\nName: linear-autoencoder\nVersion: 0.1\n")
    (metadata / "entry_points.txt").write_text("[generative_studio.recipes]\nlinear = linear_autoencoder\n")
    command = [sys.executable, "-m", "studio.app.main", "train", "linear-autoencoder", "--steps", "40", "--json"]
    done = subprocess.run(
        command, env={**os.environ, "PYTHONPATH": str(site)}, capture_output=True, text=True, timeout=120, check=False
    )
    assert done.returncode == 0, done.stderr
    document = json.loads(done.stdout)
    assert document["metrics"]["val"]["loss"] < 0.2  # a constant grey picture reaches about 0.14
    listed = subprocess.run(
        [sys.executable, "-m", "studio.app.main", "grid", "last", "--n", "3"],
        env={**os.environ, "PYTHONPATH": str(site)},
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )
    assert listed.returncode == 0, listed.stderr


@pytest.mark.parametrize("marker", ["ci:demo", "ci:test"])
def test_the_two_commands_are_one_line_each(marker):
    (command,) = block(marker, "ci:end").strip().splitlines()
    assert command.startswith("python3.11 -m venv .venv && .venv/bin/python -m pip install ")


def test_the_readme_names_every_command():
    section = README[README.index("## The command line") : README.index("## Adding a recipe")]
    assert [name for name in COMMANDS if name not in section] == []


def test_the_readmes_links_lead_somewhere():
    links = re.findall(r"\]\(([^)#:]+)\)", README)
    pictures = [link for link in links if link.startswith("resources/screenshots/")]
    assert [link for link in links if link not in pictures and not (ROOT / link).exists()] == []


def test_version_stands_in_one_place():
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    assert "version" in project["dynamic"]
    assert re.fullmatch(r"\d+\.\d+\.\d+", __version__)
    assert project["scripts"]["generative-studio"] == "studio.app.main:main"
