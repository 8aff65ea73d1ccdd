"""Downloads against a real local server: whole, resumed, refused, broken, cancelled, and a full disk."""

import contextlib
import errno
import hashlib
import threading
import time
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest

from studio.core.errors import BadInput, Cancelled, NotAvailable, StoreError
from studio.data import download
from studio.data.download import fetch

BODY = bytes(range(256)) * 4096  # 1 MiB
SHA = hashlib.sha256(BODY).hexdigest()
MD5 = hashlib.md5(BODY).hexdigest()


class Server:
    """Serves BODY at every path; the behaviour is chosen by attributes, requests are noted."""

    def __init__(self):
        self.ranges, self.drop_after, self.drops, self.delay, self.status, self.body = True, 0, 0, 0.0, 200, BODY
        self.requests: list[str | None] = []
        owner = self

        class Handler(BaseHTTPRequestHandler):
            def do_GET(self):
                owner.answer(self)

            def log_message(self, *args):
                pass

        self._http = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self._thread = threading.Thread(target=self._http.serve_forever, kwargs={"poll_interval": 0.02})
        self._thread.start()
        self.url = f"http://127.0.0.1:{self._http.server_port}/file.bin"

    def answer(self, request):
        asked = request.headers.get("Range")
        self.requests.append(asked)
        start = int(asked.removeprefix("bytes=").rstrip("-")) if asked and self.ranges else 0
        if self.status != 200:
            request.send_error(self.status)
            return
        if start and start >= len(self.body):
            request.send_error(416)
            return
        request.send_response(206 if start else 200)
        request.send_header("Content-Length", str(len(self.body) - start))
        request.end_headers()
        stop = len(self.body)
        if self.drops:
            self.drops, stop = self.drops - 1, start + self.drop_after
        with contextlib.suppress(OSError):
            for at in range(start, stop, 1 << 15):
                request.wfile.write(self.body[at : min(at + (1 << 15), stop)])
                time.sleep(self.delay)

    def close(self):
        self._http.shutdown()
        self._thread.join()
        self._http.server_close()


@pytest.fixture
def server():
    server = Server()
    yield server
    server.close()


def part_of(target):
    return target.with_name(target.name + ".part")


def test_a_file_arrives_whole_with_progress_and_is_not_fetched_twice(server, tmp_path):
    target, seen = tmp_path / "deep" / "file.bin", []
    assert fetch(server.url, target, sha256=SHA, progress=lambda *a: seen.append(a)) == target
    assert target.read_bytes() == BODY
    assert not part_of(target).exists()
    assert [d for d, _, what in seen if what == "file.bin"][-1] == len(BODY)
    assert {t for _, t, _ in seen} == {len(BODY)}
    fetch(server.url, target, md5=MD5, size=len(BODY))
    assert len(server.requests) == 1


def test_a_file_of_that_name_with_another_hash_is_replaced(server, tmp_path):
    target = tmp_path / "file.bin"
    target.write_bytes(b"older")
    assert fetch(server.url, target, sha256=SHA).read_bytes() == BODY


def test_a_part_is_continued_by_range(server, tmp_path):
    target = tmp_path / "file.bin"
    part_of(target).write_bytes(BODY[:300_000])
    assert fetch(server.url, target, sha256=SHA).read_bytes() == BODY
    assert server.requests == ["bytes=300000-"]


def test_a_server_without_range_starts_over(server, tmp_path):
    server.ranges = False
    target = tmp_path / "file.bin"
    part_of(target).write_bytes(BODY[:300_000])
    assert fetch(server.url, target, sha256=SHA).read_bytes() == BODY


def test_a_whole_part_needs_no_byte_more(server, tmp_path):
    target = tmp_path / "file.bin"
    part_of(target).write_bytes(BODY)
    assert fetch(server.url, target, sha256=SHA).read_bytes() == BODY
    assert len(server.requests) == 1


def test_a_stale_part_is_thrown_away_once(server, tmp_path):
    target = tmp_path / "file.bin"
    part_of(target).write_bytes(b"x" * 300_000)
    assert fetch(server.url, target, sha256=SHA).read_bytes() == BODY
    assert server.requests == ["bytes=300000-", None]


def test_without_a_hash_an_old_part_is_not_trusted(server, tmp_path):
    target = tmp_path / "file.bin"
    part_of(target).write_bytes(b"x" * 300_000)
    assert fetch(server.url, target).read_bytes() == BODY
    assert server.requests == [None]


def test_dropped_connections_are_continued(server, tmp_path):
    server.drops, server.drop_after = 5, 200_000
    target = tmp_path / "file.bin"
    assert fetch(server.url, target, sha256=SHA).read_bytes() == BODY
    assert server.requests[1] is not None


def test_a_connection_that_never_brings_anything_gives_up_and_says_so(server, tmp_path):
    server.drops, server.drop_after = 99, 0
    with pytest.raises(NotAvailable, match=r"connection ended after 0 of 1,048,576") as caught:
        fetch(server.url, tmp_path / "file.bin", sha256=SHA)
    assert str(tmp_path / "file.bin") in caught.value.what_to_do


@pytest.mark.parametrize("hashes", [{"sha256": "0" * 64}, {"md5": "0" * 32}, {"size": 17}])
def test_a_wrong_file_is_removed_and_said(server, tmp_path, hashes):
    target = tmp_path / "file.bin"
    with pytest.raises(BadInput, match="removed"):
        fetch(server.url, target, **hashes)
    assert list(tmp_path.iterdir()) == []


def test_a_missing_file_is_named(server, tmp_path):
    server.status = 404
    with pytest.raises(NotAvailable, match="404"):
        fetch(server.url, tmp_path / "file.bin")


def test_offline_names_the_local_file_route(tmp_path):
    closed = Server()
    closed.close()
    with pytest.raises(NotAvailable, match="no connection") as caught:
        fetch(closed.url, tmp_path / "file.bin", sha256=SHA)
    assert "put the file at" in caught.value.what_to_do


def test_a_dead_mirror_is_passed_over(server, tmp_path):
    closed = Server()
    closed.close()
    assert fetch([closed.url, server.url], tmp_path / "file.bin", sha256=SHA).read_bytes() == BODY


def test_only_web_addresses_are_fetched(tmp_path):
    (tmp_path / "secret").write_text("x")
    with pytest.raises(NotAvailable, match="not a web address"):
        fetch((tmp_path / "secret").as_uri(), tmp_path / "copy")


def test_cancel_is_quick_and_keeps_the_part_for_the_next_call(server, tmp_path):
    server.delay = 0.05
    target = tmp_path / "file.bin"

    def cancel(done, total, what):
        if done > 100_000:
            raise Cancelled

    began = time.monotonic()
    with pytest.raises(Cancelled):
        fetch(server.url, target, sha256=SHA, progress=cancel)
    assert time.monotonic() - began < 1.0
    kept = part_of(target).stat().st_size
    assert 100_000 < kept < len(BODY)
    server.delay = 0.0
    assert fetch(server.url, target, sha256=SHA).read_bytes() == BODY
    assert server.requests[1] == f"bytes={kept}-"


def test_a_full_disk_is_said_before_the_first_byte(server, tmp_path, monkeypatch):
    monkeypatch.setattr(download.shutil, "disk_usage", lambda _: type("Usage", (), {"free": 1000})())
    with pytest.raises(StoreError, match="disk is full"):
        fetch(server.url, tmp_path / "file.bin")


def test_a_disk_that_fills_up_meanwhile_keeps_the_part(server, tmp_path, monkeypatch):
    def full(_fd):
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(download.os, "fsync", full)
    with pytest.raises(StoreError, match="goes on where it stopped"):
        fetch(server.url, tmp_path / "file.bin")
    assert part_of(tmp_path / "file.bin").exists()


def test_a_folder_that_cannot_be_made_is_a_store_error(server, tmp_path):
    (tmp_path / "file").write_text("x")
    with pytest.raises(StoreError, match="could not be written"):
        fetch(server.url, tmp_path / "file" / "below" / "file.bin")
