"""What every test shares: no display, no network, few threads, a workspace of its own."""

from __future__ import annotations

import os

# Before Qt, torch or numpy are imported by anything.
os.environ.setdefault("QT_QPA_PLATFORM", "offscreen")
os.environ.setdefault("OMP_NUM_THREADS", "1")
os.environ.setdefault("MKL_NUM_THREADS", "1")

import functools
import socket
from pathlib import Path
from typing import Any

import pytest
from hypothesis import settings

# The same examples in every run, so that a check of a change says something about the change.
# HYPOTHESIS_PROFILE=search looks for new ones.
settings.register_profile("steady", derandomize=True)
settings.register_profile("search", derandomize=False)
settings.load_profile(os.environ.get("HYPOTHESIS_PROFILE", "steady"))

SHARED_DATA = Path(__file__).resolve().parents[2] / "shared" / "data"
LOCAL = ("127.0.0.1", "::1", "localhost")


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Skip what needs the data folder when it is not there, or quick bf16; mark what asks for the folder."""
    for item in items:
        if item.get_closest_marker("bf16") and not _has_bf16():
            item.add_marker(pytest.mark.skip(reason="no bf16 units: emulation is a thousand times slower"))
        if "shared_data" in getattr(item, "fixturenames", ()):
            item.add_marker("shared_data")
        if item.get_closest_marker("shared_data") and not SHARED_DATA.is_dir():
            item.add_marker(pytest.mark.skip(reason="the data folder ../shared/data is not there"))


@functools.cache
def _has_bf16() -> bool:
    from studio.core.policy import has_bf16_units

    return has_bf16_units("cpu")


@pytest.fixture(scope="session")
def shared_data() -> Path:
    """The data folder beside the project; tests that ask for it are skipped without it."""
    if not SHARED_DATA.is_dir():
        pytest.skip("the data folder ../shared/data is not there")
    return SHARED_DATA


@pytest.fixture
def workspace(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An empty workspace; also what commands and the window use by default."""
    folder = tmp_path / "workspace"
    monkeypatch.setenv("GENERATIVE_STUDIO_WORKSPACE", str(folder))
    return folder


@pytest.fixture(autouse=True)
def _own_workspace(tmp_path_factory: pytest.TempPathFactory, monkeypatch: pytest.MonkeyPatch) -> None:
    """No test ever touches the workspace of the person who runs it."""
    monkeypatch.setenv("GENERATIVE_STUDIO_WORKSPACE", str(tmp_path_factory.getbasetemp() / "default-workspace"))


@pytest.fixture(autouse=True)
def no_network(monkeypatch: pytest.MonkeyPatch) -> None:
    """Refuse every connection that leaves this machine."""
    connect, look_up = socket.socket.connect, socket.getaddrinfo

    def guarded_connect(self: socket.socket, address: Any) -> None:
        if isinstance(address, tuple) and address[0] not in LOCAL:
            raise OSError(f"the network is blocked in tests: {address}")
        connect(self, address)

    def guarded_look_up(host: Any, *args: Any, **options: Any) -> Any:
        if host not in (*LOCAL, None, "", socket.gethostname()):
            raise socket.gaierror(f"the network is blocked in tests: {host}")
        return look_up(host, *args, **options)

    monkeypatch.setattr(socket.socket, "connect", guarded_connect)
    monkeypatch.setattr(socket, "getaddrinfo", guarded_look_up)


PATIENCE = 60_000
"""Milliseconds that a test waits for what must happen; a machine that does five other things is no failure."""


@pytest.fixture
def qtbot(qtbot: Any) -> Any:
    """pytest-qt's, with more patience than its five seconds: only tests that would fail notice."""
    for name in ("waitUntil", "waitSignal", "waitSignals"):
        setattr(qtbot, name, _patient(getattr(qtbot, name)))
    return qtbot


def _patient(wait: Any) -> Any:
    @functools.wraps(wait)
    def waiting(*args: Any, timeout: int = 0, **options: Any) -> Any:
        patience = timeout if options.get("raising") is False else max(timeout, PATIENCE)
        return wait(*args, timeout=patience, **options)

    return waiting
