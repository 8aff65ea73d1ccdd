"""Builds the wheel and looks inside: resources are in, tests and caches are not, the version is right.

python packaging/check_wheel.py [--out FOLDER]
"""

from __future__ import annotations

import argparse
import subprocess
import sys
import tempfile
import zipfile
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
UNWANTED = ("tests/", "__pycache__", "packaging/", ".git")


def build(out: Path) -> Path:
    """Build the wheel with the build back end of this environment; returns its path."""
    command = [sys.executable, "-m", "build", "--wheel", "--no-isolation", "--outdir", str(out), str(ROOT)]
    subprocess.run(command, check=True, stdout=subprocess.DEVNULL)
    (wheel,) = out.glob("*.whl")
    return wheel


def problems(wheel: Path) -> list[str]:
    """Return what is missing from a wheel or should not be in it."""
    with zipfile.ZipFile(wheel) as archive:
        names = archive.namelist()
    resources = [p.relative_to(ROOT / "resources") for p in (ROOT / "resources").rglob("*") if p.is_file()]
    expected = [f"studio/_resources/{p.as_posix()}" for p in resources]
    sources = [p.relative_to(ROOT).as_posix() for p in (ROOT / "studio").rglob("*.py")]
    missing = [f"missing: {name}" for name in [*expected, *sources, "studio/py.typed"] if name not in set(names)]
    return missing + [f"unwanted: {name}" for name in names if any(part in name for part in UNWANTED)]


def main() -> int:
    """Build and check."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--out", type=Path, help="keep the wheel in this folder")
    wish = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="wheel-") as folder:
        wheel = build(wish.out or Path(folder))
        found = problems(wheel)
        print(wheel.name, "\n".join(found) or "is complete")
    return 1 if found else 0


if __name__ == "__main__":
    sys.exit(main())
