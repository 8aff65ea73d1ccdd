"""A disk that fills up or becomes read-only in training: the run stops, says so, and its last checkpoint is good."""

from __future__ import annotations

import errno
import subprocess
from pathlib import Path

import pytest

from studio.core import checkpoint as ckpt
from studio.core import events as ev
from studio.core.store import Store
from studio.runs.request import Request
from studio.runs.training import resume, start

SETTINGS = {"filters": "8,8", "hidden": 8, "limit": 256, "batch_size": 32, "preview_seconds": 100.0}


def request(**settings):
    return Request(recipe="vae", data="digits", settings={**SETTINGS, "checkpoint_seconds": 0.0, **settings})


@pytest.fixture
def disk(tmp_path):
    """A file system of 6 MB; skipped where this user may not mount one."""
    folder = tmp_path / "disk"
    folder.mkdir()
    done = subprocess.run(["mount", "-t", "tmpfs", "-o", "size=6m", "tmpfs", folder], capture_output=True, text=True)
    if done.returncode:
        pytest.skip(f"cannot mount a small disk here: {done.stderr.strip()}")
    yield folder
    subprocess.run(["umount", "-l", folder], check=True)


def test_full_disk_stops_with_a_message(disk):
    store = Store(disk / "work")
    run = start(store, request(steps=2000, keep_last=1000))
    events = list(run.events())
    assert events[-1].status == "failed"
    assert "full" in events[-1].error
    assert events[-1].what_to_do
    folder = run.path / "checkpoints"
    good, complaints = ckpt.newest(folder)
    assert good.step > 0
    assert not complaints
    assert not list(folder.glob(".*tmp*"))
    for step in ckpt.steps(folder)[1:-1]:  # the person makes room
        for file in (folder / ckpt.name_of(step)).iterdir():
            file.unlink()
    store.close()
    events = list(resume(Store(disk / "work"), run.id, steps=good.step + 3, keep_last=2).events())
    assert events[-1].status == "done", events[-1]


def test_workspace_that_becomes_read_only_stops_with_a_message(disk):
    store = Store(disk / "work")
    run = start(store, request(steps=2000, keep_last=2))
    last = None
    for event in run.events():
        last = event
        if isinstance(event, ev.Checkpointed) and event.step == 5:
            subprocess.run(["mount", "--bind", run.path, run.path], check=True)
            subprocess.run(["mount", "-o", "remount,ro,bind", run.path], check=True)
    subprocess.run(["umount", "-l", run.path], check=True)
    assert isinstance(last, ev.Finished)
    assert last.status == "failed"
    assert "read-only" in last.error or "cannot be written" in last.error
    good, complaints = ckpt.newest(run.path / "checkpoints")
    assert good.step >= 5
    assert not complaints


def test_disk_that_fails_while_a_checkpoint_is_written(tmp_path, monkeypatch):
    store = Store(tmp_path / "work")
    run = start(store, request(steps=100))
    real, calls = Path.write_bytes, []

    def write_bytes(path, content):
        if path.name == "model.safetensors":
            calls.append(path)
            if len(calls) == 4:
                real(path, content[:100])
                raise OSError(errno.ENOSPC, "No space left on device")
        return real(path, content)

    monkeypatch.setattr(Path, "write_bytes", write_bytes)
    last = list(run.events())[-1]
    assert last.status == "failed"
    assert "full" in last.error
    assert store.run(run.id).status == "failed"
    good, complaints = ckpt.newest(run.path / "checkpoints")
    assert good.step == 2  # 0, 1, 2 were written; the one of step 3 failed
    assert not complaints
