"""Decoded pictures on disk: found again, made anew when the source changes, never half there."""

import os
import subprocess
import sys
import time

import numpy as np
import pytest
from PIL import Image

from studio.core.errors import BadInput, Cancelled, StoreError
from studio.data import cache
from studio.data.cache import decoded_or_built, find, key_of
from studio.data.open import open_data
from studio.data.options import DataOptions

SHAPE = (1, 2, 2)


def block(*values):
    pixels = np.stack([np.full(SHAPE, v, np.uint8) for v in values])
    return pixels, np.array(values, np.int64)


def entries(workspace):
    folder = workspace / "cache" / "decoded"
    return sorted(p.name for p in folder.iterdir()) if folder.exists() else []


def build(workspace, blocks, key="k", told=lambda: ("said",)):
    return decoded_or_built(workspace, key, lambda: (SHAPE, iter(blocks)), told)


def test_what_was_written_is_found_again_without_decoding(tmp_path):
    first = build(tmp_path, [block(3, 5), block(9)])
    again = build(tmp_path, [block(1)])
    for found in (first, again):
        assert found.pixels[:, 0, 0, 0].tolist() == [3, 5, 9]
        assert found.kept.tolist() == [3, 5, 9]
        assert found.messages == ("said",)
    assert first.digest == again.digest


def test_large_entries_are_mapped_not_read(tmp_path, monkeypatch):
    monkeypatch.setattr(cache, "IN_MEMORY", 4)
    found = build(tmp_path, [block(3, 5)])
    assert isinstance(found.pixels.base, np.memmap)
    assert found.pixels[1, 0, 1, 1] == 5


@pytest.mark.parametrize("error", [Cancelled, BadInput("no"), KeyboardInterrupt])
def test_interrupted_work_leaves_nothing(tmp_path, error):
    def blocks():
        yield block(1)
        raise error

    with pytest.raises((Cancelled, BadInput, KeyboardInterrupt)):
        decoded_or_built(tmp_path, "k", lambda: (SHAPE, blocks()), tuple)
    assert entries(tmp_path) == []


def test_killed_work_is_not_taken_for_complete(tmp_path):
    program = (
        "import sys, time, numpy as np\n"
        "from pathlib import Path\n"
        "from studio.data.cache import decoded_or_built\n"
        "def blocks():\n"
        "    yield np.zeros((1, 1, 2, 2), np.uint8), np.zeros(1, np.int64)\n"
        "    print('working', flush=True)\n"
        "    time.sleep(60)\n"
        "decoded_or_built(Path(sys.argv[1]), 'k', lambda: ((1, 2, 2), blocks()), tuple)\n"
    )
    process = subprocess.Popen([sys.executable, "-c", program, str(tmp_path)], stdout=subprocess.PIPE)
    assert process.stdout.readline() == b"working\n"
    process.kill()
    process.communicate()
    (leftover,) = entries(tmp_path)
    assert leftover.endswith(".tmp")
    assert find(tmp_path / "cache" / "decoded" / "k") is None
    assert build(tmp_path, [block(7)]).kept.tolist() == [7]
    long_ago = time.time() - 2 * 24 * 3600
    os.utime(tmp_path / "cache" / "decoded" / leftover, (long_ago, long_ago))
    build(tmp_path, [block(8)], key="other")
    assert entries(tmp_path) == ["k", "other"]


def test_an_entry_finished_by_another_process_meanwhile_is_kept(tmp_path):
    def blocks():
        build(tmp_path, [block(1)])
        yield block(2)

    assert decoded_or_built(tmp_path, "k", lambda: (SHAPE, blocks()), tuple).kept.tolist() == [1]
    assert entries(tmp_path) == ["k"]


@pytest.mark.parametrize("file", ["pixels.npy", "kept.npy", "facts.json"])
@pytest.mark.parametrize("harm", ["cut", "gone", "noise"])
def test_a_damaged_entry_is_made_again(tmp_path, file, harm):
    build(tmp_path, [block(1)])
    path = tmp_path / "cache" / "decoded" / "k" / file
    if harm == "gone":
        path.unlink()
    else:
        path.write_bytes(path.read_bytes()[:-3] if harm == "cut" else b"noise")
    assert build(tmp_path, [block(4)]).kept.tolist() == [4]


def test_nothing_decoded_is_an_error(tmp_path):
    with pytest.raises(BadInput, match="No picture"):
        build(tmp_path, [])
    assert entries(tmp_path) == []


@pytest.mark.skipif(not hasattr(os, "geteuid") or os.geteuid() == 0, reason="the superuser may write anywhere")
def test_a_read_only_workspace_is_explained(tmp_path):
    tmp_path.chmod(0o500)
    with pytest.raises(StoreError, match="permission"):
        build(tmp_path, [block(1)])


def test_a_workspace_that_is_a_file_is_explained(tmp_path):
    (tmp_path / "workspace").write_text("not a folder")
    with pytest.raises(StoreError):
        build(tmp_path / "workspace", [block(1)])


def test_keys_tell_values_and_their_borders_apart():
    assert key_of("ab", "c") != key_of("a", "bc")
    assert key_of([1], 2) != key_of([1, 2])
    assert key_of(np.arange(3)) == key_of(np.arange(3))


def folder_of(tmp_path, count=70):
    folder = tmp_path / "pictures"
    folder.mkdir()
    for i in range(count):
        Image.new("L", (6, 6), i).save(folder / f"{i:03}.png")
    return folder


def test_cancelling_while_decoding_leaves_nothing_and_the_next_call_succeeds(tmp_path):
    folder = folder_of(tmp_path)

    def progress(done, total, what):
        if total and done > 0:
            raise Cancelled

    with pytest.raises(Cancelled):
        open_data(str(folder), DataOptions(), workspace=tmp_path / "w", progress=progress)
    assert entries(tmp_path / "w") == []
    assert open_data(str(folder), DataOptions(), workspace=tmp_path / "w").spec.train_count == 63


def decoding_reports(folder, workspace, **options):
    told = []
    open_data(str(folder), DataOptions(**options), workspace=workspace, progress=lambda *a: told.append(a[2]))
    return "Decoding pictures" in told


def test_decoding_happens_again_exactly_when_something_changed(tmp_path):
    folder, workspace = folder_of(tmp_path, 5), tmp_path / "w"
    assert decoding_reports(folder, workspace)
    assert not decoding_reports(folder, workspace)
    assert not decoding_reports(folder, workspace, val_fraction=0.5, flip=True)
    assert decoding_reports(folder, workspace, size=4)
    assert decoding_reports(folder, workspace, colour="colour")
    os.utime(folder / "003.png", (1, 1))
    assert decoding_reports(folder, workspace)
    Image.new("L", (6, 6), 9).save(folder / "new.png")
    assert decoding_reports(folder, workspace)
    folder.rename(tmp_path / "moved")
    assert decoding_reports(tmp_path / "moved", workspace)
