"""Without Qt everything but the window works; and nothing heavy is imported before it is needed."""

from __future__ import annotations

import json
import os
import subprocess
import sys

BLOCK = """
import sys

class NoQt:
    def find_spec(self, name, path=None, target=None):
        if name.partition(".")[0] in ("PySide6", "shiboken6", "pyqtgraph", "superqt", "qtpy"):
            raise ModuleNotFoundError(f"No module named {name!r}", name=name)

sys.meta_path.insert(0, NoQt())
from studio.app.main import main
sys.exit(main(sys.argv[1:]))
"""


def without_qt(*words):
    return subprocess.run(
        [sys.executable, "-c", BLOCK, *words],
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
        env=dict(os.environ),
    )


def test_training_needs_no_qt(workspace):
    done = without_qt("train", "vae", "--data", "digits", "--steps", "3", "--set", "limit=64", "filters=8,8", "--json")
    assert done.returncode == 0, done.stderr
    assert json.loads(done.stdout)["steps"] == 3


def test_the_window_says_what_is_missing(workspace):
    done = without_qt("gui")
    assert done.returncode == 1
    assert "needs Qt" in done.stderr
    assert "Traceback" not in done.stderr


def test_the_command_line_is_quick_to_import():
    code = "import studio.app.main, sys; print([m for m in ('torch', 'PySide6', 'numpy', 'tyro') if m in sys.modules])"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"


def test_the_window_is_imported_without_torch():
    code = "import studio.app.gui, sys; print('torch' in sys.modules)"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "False"
