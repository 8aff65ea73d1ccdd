"""The workspace: an SQLite catalogue of runs and metric points over the run folders.

The database can be thrown away at any time: it is rebuilt from the folders when it is missing or damaged.
Each `Store` keeps one connection and belongs to one thread; write-ahead logging lets others read meanwhile.
"""

from __future__ import annotations

import json
import logging
import os
import re
import shutil
import sqlite3
import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

from studio.core import records
from studio.core.errors import StoreError
from studio.core.files import explained
from studio.core.records import Points, Preview, RunRecord

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

log = logging.getLogger(__name__)
QUICK_CHECK_BYTES = 50_000_000  # checking a larger database would delay the start

MIGRATIONS = (
    # 1: runs and their metric points
    """
    CREATE TABLE runs (number INTEGER PRIMARY KEY, id TEXT NOT NULL UNIQUE, created TEXT NOT NULL,
                       record TEXT NOT NULL);
    CREATE TABLE series (number INTEGER PRIMARY KEY, run INTEGER NOT NULL REFERENCES runs ON DELETE CASCADE,
                         name TEXT NOT NULL, UNIQUE (run, name));
    CREATE TABLE points (series INTEGER NOT NULL REFERENCES series ON DELETE CASCADE, step INTEGER NOT NULL,
                         value REAL, PRIMARY KEY (series, step)) WITHOUT ROWID;
    """,
    # 2: newest runs first without a sort
    "CREATE INDEX runs_created ON runs (created);",
)


def default_workspace() -> Path:
    """Return the workspace of the environment variable GENERATIVE_STUDIO_WORKSPACE, or the person's own."""
    if chosen := os.environ.get("GENERATIVE_STUDIO_WORKSPACE"):
        return Path(chosen).expanduser()
    import platformdirs

    return Path(platformdirs.user_data_dir("generative-studio", appauthor=False)) / "workspace"


class Store:
    """Runs of one workspace.

    Args:
        workspace: folder; created when missing.

    Raises:
        StoreError: the folder cannot be used, or its database is of a newer version.
    """

    def __init__(self, workspace: Path) -> None:
        self.workspace = Path(workspace).expanduser().absolute()
        self.runs_folder = self.workspace / "runs"
        with explained(self.workspace):
            self.runs_folder.mkdir(parents=True, exist_ok=True)
        self._path = self.workspace / "studio.db"
        self._db = self._open()
        self._follow_folders()

    def close(self) -> None:
        """Close the connection."""
        self._db.close()

    # ---- opening

    def _open(self) -> sqlite3.Connection:
        try:
            return self._connect()
        except sqlite3.DatabaseError as error:
            if isinstance(error, sqlite3.OperationalError) and not self._path.is_file():
                raise StoreError(f"{self._path} cannot be opened.", "Check the folder.", details=repr(error)) from error
            if isinstance(error, sqlite3.OperationalError) and "readonly" in str(error):
                raise StoreError(
                    f"{self.workspace} is read-only.", "Choose a workspace that you may write to."
                ) from error
        aside = self._path.with_name(f"studio.damaged-{uuid.uuid4().hex[:8]}.db")
        log.warning("%s was damaged; it is kept as %s and rebuilt from the run folders.", self._path, aside.name)
        with explained(self._path):
            self._path.rename(aside)
            for suffix in ("-wal", "-shm"):
                self._path.with_name(self._path.name + suffix).unlink(missing_ok=True)
        return self._connect()

    def _connect(self) -> sqlite3.Connection:
        db = sqlite3.connect(self._path, timeout=30, isolation_level=None, check_same_thread=False)
        try:
            db.execute("PRAGMA journal_mode = WAL")
            db.execute("PRAGMA synchronous = NORMAL")
            db.execute("PRAGMA foreign_keys = ON")
            _migrate(db)
            if self._path.stat().st_size < QUICK_CHECK_BYTES and db.execute("PRAGMA quick_check").fetchone() != ("ok",):
                raise sqlite3.DatabaseError("quick_check failed")
        except BaseException:
            db.close()
            raise
        return db

    def _follow_folders(self) -> None:
        """Make the table agree with the folders: a copied run appears, a removed one goes."""
        on_disk = {p.name for p in self.runs_folder.iterdir() if (p / "run.json").is_file()}
        known = {row[0] for row in self._query("SELECT id FROM runs")}
        for run_id in sorted(on_disk - known):
            self._adopt(run_id)
        for run_id in known - on_disk:
            self._execute("DELETE FROM runs WHERE id = ?", run_id)

    def _adopt(self, run_id: str) -> None:
        try:
            record = records.read(self.runs_folder / run_id)
        except StoreError as error:
            log.warning("%s", error)
            return
        with self._transaction():
            self._put(record)
            for points in records.read_points(record.path):
                self._insert(run_id, points)

    # ---- reading

    def runs(self) -> list[RunRecord]:
        """Return every run, newest first."""
        rows = self._query("SELECT id, record FROM runs ORDER BY created DESC, number DESC")
        return [self._record(run_id, text) for run_id, text in rows]

    def run(self, run_id: str) -> RunRecord:
        """Return one run by its id or a unique beginning of it ("last" is the newest).

        Raises:
            StoreError: there is no such run, or more than one.
        """
        if run_id == "last" and (found := self.runs()):
            return found[0]
        pattern = re.sub(r"([%_\\])", r"\\\1", run_id) + "%"
        rows = self._query("SELECT id, record FROM runs WHERE id LIKE ? ESCAPE '\\' ORDER BY id", pattern)
        exact = [row for row in rows if row[0] == run_id] or rows
        if len(exact) != 1:
            what = (
                f"{len(rows)} runs begin with {run_id!r}."
                if rows
                else f"There is no run {run_id!r} in {self.workspace}."
            )
            raise StoreError(what, "List them with: generative-studio runs list")
        return self._record(*exact[0])

    def _record(self, run_id: str, text: str) -> RunRecord:
        document: dict[str, Any] = json.loads(text)
        document.pop("version", None)
        document["tags"] = tuple(document.get("tags", ()))
        record = RunRecord(**{**document, "id": run_id, "path": self.runs_folder / run_id})
        if record.status == "running" and not records.alive(record.pid):
            return replace(record, status="interrupted")
        return record

    def metrics(self, run_id: str) -> dict[str, tuple[NDArray[np.int64], NDArray[np.float64]]]:
        """Return all metric points by "split/name": steps int64 (n,), values float64 (n,)."""
        import numpy as np  # here, because the window opens the store before its first paint

        run_id = self.run(run_id).id
        sql = "SELECT s.number, s.name FROM series s JOIN runs r ON r.number = s.run WHERE r.id = ?"
        result = {}
        for number, name in self._query(sql, run_id):
            rows = self._query("SELECT step, value FROM points WHERE series = ? ORDER BY step", number)
            table = np.array(rows, dtype=np.float64).reshape(-1, 2)
            result[name] = (table[:, 0].astype(np.int64), table[:, 1])
        return result

    def previews(self, run_id: str) -> list[Preview]:
        """Return the stored previews of a run in step order."""
        return records.previews(self.run(run_id).path)

    # ---- writing

    def create(self, record: RunRecord) -> RunRecord:
        """Make the folder of a new run; the record's id is chosen here.

        Raises:
            StoreError: the folder cannot be written.
        """
        now = datetime.now(UTC)
        run_id = f"{now:%Y%m%d-%H%M%S}-{record.recipe}-{uuid.uuid4().hex[:4]}"
        path = self.runs_folder / run_id
        with explained(path):
            for name in ("checkpoints", "previews", "exports"):
                (path / name).mkdir(parents=True)
        created = replace(record, id=run_id, path=path, created=now.isoformat(), pid=os.getpid())
        self.update(created)
        return created

    def update(self, record: RunRecord) -> None:
        """Save a changed record in the folder and in the table."""
        record.save()
        self._put(record)

    def _put(self, record: RunRecord) -> None:
        sql = """INSERT INTO runs (id, created, record) VALUES (?, ?, ?)
                 ON CONFLICT (id) DO UPDATE SET record = excluded.record"""
        self._execute(sql, record.id, record.created, json.dumps(record.to_json()))

    def add_points(self, record: RunRecord, points: Points) -> None:
        """Append metric points to the folder and to the table, in one transaction."""
        records.append_points(record.path, points)
        with self._transaction():
            self._insert(record.id, points)

    def _insert(self, run_id: str, points: Points) -> None:
        for name, values in points.items():
            run = "(SELECT number FROM runs WHERE id = ?)"
            self._execute(f"INSERT OR IGNORE INTO series (run, name) VALUES ({run}, ?)", run_id, name)  # noqa: S608
            [(number,)] = self._query(f"SELECT number FROM series WHERE run = {run} AND name = ?", run_id, name)  # noqa: S608
            self._db.executemany("INSERT OR REPLACE INTO points VALUES (?, ?, ?)", [(number, s, v) for s, v in values])

    def rewind(self, record: RunRecord, step: int) -> None:
        """Forget metric points and previews after a step."""
        records.rewind_points(record.path, step)
        sql = """DELETE FROM points WHERE step > ? AND series IN
                 (SELECT s.number FROM series s JOIN runs r ON r.number = s.run WHERE r.id = ?)"""
        self._execute(sql, step, record.id)

    def delete(self, run_id: str) -> Path:
        """Move a run to the workspace's trash; `restore` brings it back."""
        record = self.run(run_id)
        if record.status == "running":
            raise StoreError(f"{record.id} is running.", "Stop it first.")
        trash = self.workspace / "trash"
        with explained(trash):
            trash.mkdir(exist_ok=True)
            target = trash / record.id
            shutil.move(str(record.path), str(target))
        self._execute("DELETE FROM runs WHERE id = ?", record.id)
        return target

    def restore(self, trashed: Path) -> RunRecord:
        """Bring a deleted run back."""
        with explained(trashed):
            shutil.move(str(trashed), str(self.runs_folder / trashed.name))
        self._adopt(trashed.name)
        return self.run(trashed.name)

    # ---- SQLite, with its errors explained

    @contextmanager
    def _transaction(self) -> Iterator[None]:
        self._execute("BEGIN IMMEDIATE")
        try:
            yield
        except BaseException:
            self._db.rollback()
            raise
        self._execute("COMMIT")

    def _execute(self, sql: str, *values: Any) -> None:
        try:
            self._db.execute(sql, values)
        except sqlite3.Error as error:
            raise _explain(error, self._path) from error

    def _query(self, sql: str, *values: Any) -> list[tuple[Any, ...]]:
        try:
            return self._db.execute(sql, values).fetchall()
        except sqlite3.Error as error:
            raise _explain(error, self._path) from error


def _explain(error: sqlite3.Error, path: Path) -> StoreError:
    text = str(error)
    if "full" in text or "I/O" in text:
        return StoreError(f"The disk that holds {path} is full.", "Free some space and resume.", details=text)
    if "readonly" in text:
        return StoreError(f"{path} is read-only.", "Choose a workspace that you may write to.", details=text)
    return StoreError(f"{path} cannot be used: {text}.", "Close other programs that use it, or restart.", details=text)


def _migrate(db: sqlite3.Connection) -> None:
    """Bring the schema to the newest version, each migration in its own transaction."""
    [version] = db.execute("PRAGMA user_version").fetchone()
    if version > len(MIGRATIONS):
        raise StoreError("The workspace was made by a newer version.", "Update Generative Studio to open it.")
    for number in range(version, len(MIGRATIONS)):
        db.executescript(f"BEGIN; {MIGRATIONS[number]} PRAGMA user_version = {number + 1}; COMMIT;")
