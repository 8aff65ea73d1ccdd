"""The main job, as a person does it: drop a folder, train a VAE, pause, step, stop, explore, export."""

from __future__ import annotations

import gzip
import struct

import numpy as np
import pytest
from PIL import Image
from PySide6.QtCore import QPoint, Qt

from studio.core import checkpoint as ckpt
from studio.runs.pictures import read_recipe
from tests.hands import WAIT, drop, fill


def write_idx(path, array):
    """Write an idx.gz file of unsigned bytes."""
    head = struct.pack(">HBB", 0, 8, array.ndim) + struct.pack(f">{array.ndim}I", *array.shape)
    path.write_bytes(gzip.compress(head + array.tobytes(), 1))


@pytest.fixture
def mnist(tmp_path):
    """MNIST's four files: the real ones beside the project if they are there, else small digits in their form."""
    from tests.conftest import SHARED_DATA

    if (SHARED_DATA / "mnist").is_dir():
        return SHARED_DATA / "mnist"
    from sklearn.datasets import load_digits

    digits = load_digits()
    x = np.kron(digits.images, np.ones((3, 3))).clip(0, 16) * 15
    x = np.pad(x, ((0, 0), (2, 2), (2, 2))).astype(np.uint8)
    y = digits.target.astype(np.uint8)
    folder = tmp_path / "mnist"
    folder.mkdir()
    for name, part in (("train", slice(0, 1500)), ("t10k", slice(1500, None))):
        write_idx(folder / f"{name}-images-idx3-ubyte.gz", x[part])
        write_idx(folder / f"{name}-labels-idx1-ubyte.gz", y[part])
    return folder


def test_from_a_dropped_folder_to_an_exported_digit(window, mnist, qtbot):
    # Drop the folder anywhere on the window: the Data page opens it and says so.
    assert drop(window, mnist)
    qtbot.waitUntil(lambda: window.current == "data", timeout=WAIT)
    data = window.panels["data"]
    qtbot.waitUntil(lambda: data.view.view is not None, timeout=WAIT)
    assert any("opened in Data" in n.text for n in window.context.notify.history)

    # Train on it.
    qtbot.mouseClick(data.train_button, Qt.MouseButton.LeftButton)
    assert window.current == "train"
    train = window.panels["train"]
    qtbot.waitUntil(lambda: train.ready, timeout=WAIT)
    card = next(c for c in train.gallery.cards if c.info.id == "vae")
    qtbot.mouseClick(card, Qt.MouseButton.LeftButton)
    assert train.setup.source == str(mnist)
    fill(qtbot, train.setup.form, "filters", "8,8")
    fill(qtbot, train.setup.form, "limit", "1000")
    fill(qtbot, train.setup.form, "epochs", "1000")
    fill(qtbot, train.setup.form, "preview_seconds", "0")
    with qtbot.waitSignal(train.run_started, timeout=WAIT):
        qtbot.mouseClick(train.run_button, Qt.MouseButton.LeftButton)

    # Curves and previews move.
    def points():
        curve = train.curves.plot.curves.get("train/loss") if train.curves.plot is not None else None
        return len(curve.series) if curve else 0

    qtbot.waitUntil(lambda: points() > 10, timeout=WAIT)
    qtbot.waitUntil(lambda: train.preview.scrubber.maximum() >= 2, timeout=WAIT)

    # Pause, one step, stop.
    qtbot.mouseClick(train.controls.pause_button, Qt.MouseButton.LeftButton)
    qtbot.waitUntil(lambda: train.controls.state == "paused", timeout=WAIT)
    qtbot.waitUntil(lambda: train.runner.waiting, timeout=WAIT)
    before = points()
    qtbot.mouseClick(train.controls.step_button, Qt.MouseButton.LeftButton)
    qtbot.waitUntil(lambda: points() == before + 1, timeout=WAIT)
    with qtbot.waitSignal(train.run_finished, timeout=WAIT) as ended:
        qtbot.mouseClick(train.controls.stop_button, Qt.MouseButton.LeftButton)
    run_id, status = ended.args
    assert status == "stopped"
    record = window.context.store.run(run_id)
    assert record.steps == before + 1
    assert ckpt.newest(record.path / "checkpoints")[0].step == record.steps

    # Open in Explore, click a point, see a digit, export it.
    explore = window.panel("explore")
    with qtbot.waitSignal(explore.ready, timeout=WAIT):
        qtbot.mouseClick(train.controls.open_button, Qt.MouseButton.LeftButton)
    assert window.current == "explore"
    shown = None if explore.picture.pixels is None else explore.picture.pixels.copy()
    area = explore.scatter.viewport().rect()
    where = QPoint(area.width() // 3, area.height() // 3)
    qtbot.mouseClick(explore.scatter.viewport(), Qt.MouseButton.LeftButton, pos=where)
    qtbot.waitUntil(
        lambda: (
            explore.picture.pixels is not None and (shown is None or not np.array_equal(explore.picture.pixels, shown))
        ),
        timeout=WAIT,
    )
    with qtbot.waitSignal(explore.exported, timeout=WAIT) as told:
        qtbot.mouseClick(explore.export_button, Qt.MouseButton.LeftButton)
    picture = Image.open(told.args[0])
    assert np.asarray(picture).std() > 0
    assert read_recipe(told.args[0])["run"] == run_id


def test_text_is_learned_and_written(window, tmp_path, qtbot):
    story = tmp_path / "story.txt"
    story.write_text("the fox ran to the hill and the crow sat on the hill .\n\n\n\n" * 120)
    assert drop(window, story)
    qtbot.waitUntil(lambda: window.current == "data", timeout=WAIT)
    data = window.panels["data"]
    qtbot.waitUntil(lambda: data.train_button.isEnabled(), timeout=WAIT)
    qtbot.mouseClick(data.train_button, Qt.MouseButton.LeftButton)
    train = window.panels["train"]
    qtbot.waitUntil(lambda: train.ready, timeout=WAIT)
    card = next(c for c in train.gallery.cards if c.info.id == "lstm-text")
    qtbot.mouseClick(card, Qt.MouseButton.LeftButton)
    for name, text in (("units", "32"), ("embedding", "16"), ("steps", "60"), ("window", "8"), ("lr", "0.01")):
        fill(qtbot, train.setup.form, name, text)
    with qtbot.waitSignal(train.run_finished, timeout=WAIT) as ended:
        qtbot.mouseClick(train.run_button, Qt.MouseButton.LeftButton)
    assert ended.args[1] == "done", train.controls.what.text()
    qtbot.mouseClick(train.controls.open_button, Qt.MouseButton.LeftButton)
    assert window.current == "write"
    write = window.panels["write"]
    qtbot.waitUntil(lambda: write.controls.write_button.isEnabled(), timeout=WAIT)
    with qtbot.waitSignal(write.written, timeout=WAIT):
        qtbot.mouseClick(write.controls.write_button, Qt.MouseButton.LeftButton)
    assert set(write.text().split()) & {"fox", "crow", "hill", "the"}
