"""A dream as a person makes it: drop, dream, watch, steer, paint, go back, export, drop the export again."""

from __future__ import annotations

import numpy as np
import pytest
from PIL import Image
from PySide6.QtCore import QPoint, Qt

from studio.canvas.picture import fitted_mask
from studio.runs.canvas_files import read_recipe
from tests.canvas import fakes
from tests.hands import WAIT, click, drop, fill


@pytest.fixture
def window(window, qtbot):
    """The window with Dream in front and its form there."""
    window.show_panel("dream")
    qtbot.waitUntil(lambda: window.panels["dream"].form is not None, timeout=WAIT)
    return window


@pytest.fixture
def photo(tmp_path):
    path = tmp_path / "photo.png"
    Image.fromarray(fakes.picture(72, 96).pixels).save(path)
    return path


def paint(qtbot, view):
    """Paint a stroke over the left part of the picture with the mouse."""
    middle = view.rect().center()
    start = middle - QPoint(120, 60)
    qtbot.mousePress(view, Qt.MouseButton.LeftButton, pos=start)
    for number in range(12):
        qtbot.mouseMove(view, start + QPoint(0, 10 * number))
    qtbot.mouseRelease(view, Qt.MouseButton.LeftButton, pos=start + QPoint(0, 120))


def test_from_a_dropped_photo_to_a_dream_that_can_be_made_again(window, photo, tmp_path, qtbot):
    # Drop a picture on the window while Dream is in front: it is seen at once.
    panel = window.panels["dream"]
    assert drop(window, photo)
    qtbot.waitUntil(lambda: panel.picture.picture is not None, timeout=WAIT)
    assert window.current == "dream"
    assert panel.stage.canvas_shown

    # Dream: the coarse octave is seen first.
    for name, text in (("size", "96"), ("octaves", "3"), ("octave_scale", "1.5"), ("iterations", "40")):
        fill(qtbot, panel.form, name, text)
    with qtbot.waitSignal(panel.picture_shown, timeout=WAIT):
        click(qtbot, panel.controls.start_button)

    # Turn a knob while it works.
    fill(qtbot, panel.form, "step", "0.03")
    qtbot.waitUntil(lambda: panel.runner.session.config.step == 0.03, timeout=WAIT)

    # Pause, paint where it may go on, do one step: only there does it change.
    click(qtbot, panel.controls.pause_button)
    qtbot.waitUntil(lambda: panel.runner.waiting, timeout=WAIT)
    session = panel.runner.session
    click(qtbot, panel.stage.brush_button)
    paint(qtbot, panel.stage.view)
    assert panel.painted is not None
    assert 0.0 < panel.painted.mean() < 0.9
    before, step = session.picture().clone(), session.step
    click(qtbot, panel.controls.step_button)
    qtbot.waitUntil(lambda: session.step == step + 1 and panel.runner.waiting, timeout=WAIT)
    if session.picture().shape == before.shape:
        moved = (session.picture() - before).abs().amax(dim=(0, 1)).numpy()
        assert moved[:, : moved.shape[1] // 2].max() > 0
        assert moved[:, -2:].max() == pytest.approx(0, abs=1e-6)

    # Stop; what there is stays in the history.
    with qtbot.waitSignal(panel.finished, timeout=WAIT) as ended:
        click(qtbot, panel.controls.stop_button)
    assert ended.args == ["stopped"]
    qtbot.waitUntil(lambda: len(panel.history.results) == 1, timeout=WAIT)

    # Look back, go on from there, undo.
    stopped_at, early = session.step, max(1, session.step // 2)
    panel.stage.timeline.slider.setValue(early)
    with qtbot.waitSignal(panel.runner.travelled, timeout=WAIT):
        click(qtbot, panel.stage.timeline.button)
    assert session.step == early
    with qtbot.waitSignal(panel.runner.travelled, timeout=WAIT):
        window.context.actions.trigger("edit.undo")
    assert session.step == stopped_at

    # Go on to the end and export.
    fill(qtbot, panel.form, "iterations", "6")
    with qtbot.waitSignal(panel.finished, timeout=WAIT) as ended:
        click(qtbot, panel.controls.start_button)
    assert ended.args == ["done"]
    path = tmp_path / "dream.png"
    with qtbot.waitSignal(panel.exported, timeout=WAIT):
        panel.export(path)
    recipe, made = read_recipe(path), panel.follower.shown
    assert recipe["kind"] == "dream"
    assert np.array_equal(np.asarray(Image.open(path)), made)

    # Another day: drop the export on the window, wherever one is, and everything is back.
    painted = panel.painted
    photo.unlink()  # its copy in the workspace is found
    panel.form.set_values({})
    panel.picture.replace(None)
    window.show_panel("home")
    with qtbot.waitSignal(panel.restored, timeout=WAIT):
        assert drop(window, path)
    assert window.current == "dream"
    assert panel.form.values()["octave_scale"] == 1.5
    assert panel.original.shape == (72, 96, 3)
    assert np.abs(panel.painted - fitted_mask(painted, (72, 96))).mean() < 0.02
    assert np.array_equal(panel.follower.shown, made)
    assert panel.restorer.more["changes"]
