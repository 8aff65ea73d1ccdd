"""The catalogue survives what happens to files."""

from __future__ import annotations

import dataclasses
import shutil
import sqlite3

import numpy as np
import pytest

from studio.core import records, store
from studio.core.errors import StoreError
from studio.core.records import RunRecord
from studio.core.store import Store


@pytest.fixture
def workspace(tmp_path):
    return tmp_path / "work"


def add_run(s: Store, **values) -> RunRecord:
    from pathlib import Path

    record = s.create(RunRecord(id="", path=Path(), recipe="tiny", **values))
    s.add_points(record, {"train/loss": [(1, 0.5), (2, 0.25)], "val/loss": [(2, 0.3)]})
    return record


def test_records_and_points_come_back(workspace):
    s = Store(workspace)
    record = add_run(s, title="A title – with ünïcode")
    assert s.run(record.id) == record
    steps, values = s.metrics(record.id)["train/loss"]
    assert steps.tolist() == [1, 2]
    np.testing.assert_array_equal(values, [0.5, 0.25])


def test_runs_are_newest_first_and_found_by_a_beginning(workspace):
    s = Store(workspace)
    first, second = add_run(s), add_run(s)
    assert [r.id for r in s.runs()] == [second.id, first.id]
    assert s.run("last").id == second.id
    assert s.run(first.id[:-1]).id == first.id or first.id[:-1] == second.id[:-1]
    with pytest.raises(StoreError, match="no run"):
        s.run("nothing")
    with pytest.raises(StoreError, match="2 runs begin"):
        s.run("20")


@pytest.mark.parametrize("damage", ["missing", "garbage", "truncated", "flipped"])
def test_database_is_rebuilt_from_the_folders(workspace, damage):
    s = Store(workspace)
    record = add_run(s)
    for number in range(300):
        s.add_points(record, {"train/loss": [(number + 3, float(number))]})
    s.close()
    path = workspace / "studio.db"
    for suffix in ("-wal", "-shm"):
        (workspace / f"studio.db{suffix}").unlink(missing_ok=True)
    content = path.read_bytes()
    match damage:
        case "missing":
            path.unlink()
        case "garbage":
            path.write_bytes(b"not a database at all" * 100)
        case "truncated":
            path.write_bytes(content[: len(content) // 2])
        case "flipped":
            path.write_bytes(content[:4096] + bytes(255 - b for b in content[4096:8192]) + content[8192:])
    again = Store(workspace)
    assert again.run(record.id) == record
    assert len(again.metrics(record.id)["train/loss"][0]) == 302


def test_damaged_run_folder_hides_only_that_run(workspace):
    s = Store(workspace)
    good, bad = add_run(s), add_run(s)
    s.close()
    (bad.path / "run.json").write_text("{")
    (workspace / "studio.db").unlink()
    again = Store(workspace)
    assert [r.id for r in again.runs()] == [good.id]


def test_torn_metrics_line_is_left_out(workspace):
    s = Store(workspace)
    record = add_run(s)
    with (record.path / "metrics.jsonl").open("a") as file:
        file.write('{"train/loss": [[3], [0.')
    s.close()
    (workspace / "studio.db").unlink()
    assert Store(workspace).metrics(record.id)["train/loss"][0].tolist() == [1, 2]


def test_rewind_forgets_what_came_after(workspace):
    s = Store(workspace)
    record = add_run(s)
    (record.path / "previews" / "step_0000000002_a.png").write_bytes(b"")
    s.rewind(record, 1)
    assert s.metrics(record.id)["train/loss"][0].tolist() == [1]
    assert len(s.metrics(record.id)["val/loss"][0]) == 0
    assert s.previews(record.id) == []
    s.close()
    (workspace / "studio.db").unlink()
    assert Store(workspace).metrics(record.id)["train/loss"][0].tolist() == [1]


def test_schema_one_is_migrated(workspace):
    workspace.mkdir()
    (workspace / "runs").mkdir()
    db = sqlite3.connect(workspace / "studio.db")
    db.executescript(store.MIGRATIONS[0])
    db.execute("PRAGMA user_version = 1")
    db.close()
    s = Store(workspace)
    add_run(s)
    [version] = sqlite3.connect(workspace / "studio.db").execute("PRAGMA user_version").fetchone()
    assert version == len(store.MIGRATIONS)


def test_newer_schema_is_refused(workspace):
    Store(workspace).close()
    db = sqlite3.connect(workspace / "studio.db")
    db.execute("PRAGMA user_version = 99")
    db.commit()
    db.close()
    with pytest.raises(StoreError, match="newer version"):
        Store(workspace)


def test_deleting_is_undoable(workspace):
    s = Store(workspace)
    record = add_run(s)
    s.update(dataclasses.replace(record, status="done", pid=0))
    trashed = s.delete(record.id)
    assert s.runs() == []
    assert s.restore(trashed).id == record.id
    assert s.metrics(record.id)["train/loss"][0].tolist() == [1, 2]


def test_copied_run_folder_appears_and_removed_one_goes(workspace, tmp_path):
    a = Store(workspace)
    record = add_run(a)
    b = Store(tmp_path / "other")
    shutil.copytree(record.path, b.runs_folder / record.id)
    again = Store(tmp_path / "other")
    assert [r.id for r in again.runs()] == [record.id]
    shutil.rmtree(again.runs_folder / record.id)
    assert Store(tmp_path / "other").runs() == []


def test_run_of_a_dead_process_is_interrupted(workspace):
    import subprocess
    import sys

    s = Store(workspace)
    record = add_run(s)
    gone = subprocess.Popen([sys.executable, "-c", ""])
    gone.wait()
    s.update(dataclasses.replace(record, pid=gone.pid))
    assert s.run(record.id).status == "interrupted"
    assert records.read(record.path).status == "interrupted"


def test_workspace_that_is_a_file_is_explained(tmp_path):
    (tmp_path / "file").write_text("")
    with pytest.raises(StoreError) as caught:
        Store(tmp_path / "file")
    assert caught.value.what_to_do


def test_two_stores_read_while_one_writes(workspace):
    writer, reader = Store(workspace), Store(workspace)
    record = add_run(writer)
    assert reader.run(record.id).id == record.id
    writer.add_points(record, {"train/loss": [(3, 0.1)]})
    assert reader.metrics(record.id)["train/loss"][0].tolist() == [1, 2, 3]
