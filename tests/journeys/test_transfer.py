"""A transfer as a person makes it: drop, paste, watch, steer, paint, go back, export, drop the export again."""

from __future__ import annotations

import numpy as np
import pytest
from PIL import Image
from PySide6.QtCore import QPoint, Qt
from PySide6.QtGui import QGuiApplication

from studio.runs.canvas_files import read_recipe
from studio.ui.widgets.picture import to_image
from tests.canvas import fakes
from tests.hands import WAIT, click, drop, fill


@pytest.fixture
def window(window, qtbot):
    """The window with Transfer in front and its form there."""
    window.show_panel("transfer")
    qtbot.waitUntil(lambda: window.panels["transfer"].form is not None, timeout=WAIT)
    return window


@pytest.fixture
def photos(tmp_path):
    """A content of 96 x 72 and two styles."""
    paths = [tmp_path / f"{name}.png" for name in ("harbour", "waves", "stars")]
    for seed, path in enumerate(paths):
        Image.fromarray(fakes.picture(72, 96, seed).pixels).save(path)
    return paths


def paint(qtbot, view):
    """Paint a stroke down the left part of the picture with the mouse."""
    start = view.rect().center() - QPoint(120, 60)
    qtbot.mousePress(view, Qt.MouseButton.LeftButton, pos=start)
    for number in range(12):
        qtbot.mouseMove(view, start + QPoint(0, 10 * number))
    qtbot.mouseRelease(view, Qt.MouseButton.LeftButton, pos=start + QPoint(0, 120))


def styles_are(panel, *names):
    return [item.picture.path.name for item in panel.pictures.styles.items] == list(names)


def test_from_dropped_pictures_to_a_transfer_that_can_be_made_again(window, photos, tmp_path, qtbot):
    # Drop the content and two styles where they belong, paste a third style, think better of the second.
    panel = window.panels["transfer"]
    content, waves, stars = photos
    assert drop(panel.pictures.content.well, content)
    qtbot.waitUntil(lambda: panel.stage.canvas_shown, timeout=WAIT)
    assert drop(panel.pictures.styles.list, waves, stars)
    qtbot.waitUntil(lambda: styles_are(panel, "waves.png", "stars.png"), timeout=WAIT)
    pasted = fakes.picture(64, 64, seed=9).pixels
    QGuiApplication.clipboard().setImage(to_image(pasted))
    click(qtbot, panel.pictures.styles.list.zone.paste_button)
    qtbot.waitUntil(lambda: len(panel.pictures.styles.items) == 3, timeout=WAIT)
    assert np.array_equal(panel.pictures.styles.items[2].picture.source.pixels, pasted)
    click(qtbot, panel.pictures.styles.list.rows[1].remove_button)

    # Start: the small scale is seen first, then the next.
    for name, text in (("size", "96"), ("smallest", "64"), ("iterations", "60")):
        fill(qtbot, panel.form, name, text)
    sizes = []
    panel.picture_shown.connect(lambda: sizes.append(panel.follower.shown.shape[:2]))
    click(qtbot, panel.controls.start_button)
    qtbot.waitUntil(lambda: sizes != [], timeout=WAIT)
    session = panel.runner.session
    assert sizes[0] == session.stages[0].size == (48, 64)

    # Pause, turn knobs, go on.
    click(qtbot, panel.controls.pause_button)
    qtbot.waitUntil(lambda: panel.runner.waiting, timeout=WAIT)
    fill(qtbot, panel.form, "iterations", "8")
    panel.look.balance.sliders["style"].setValue(20)
    panel.pictures.styles.list.rows[0].weight.slider.setValue(40)
    click(qtbot, panel.controls.pause_button)
    qtbot.waitUntil(lambda: session.config.style == 10.0 and session.styles[0].weight == 2.0, timeout=WAIT)

    # Paint where the second style acts, with the mouse, while it works or waits.
    if panel.runner.state == "running":
        click(qtbot, panel.controls.pause_button)
    click(qtbot, panel.pictures.styles.list.rows[1].mask_button)
    paint(qtbot, panel.stage.view)
    mask = panel.pictures.styles.items[1].mask
    assert 0 < mask.mean() < 0.9
    if panel.runner.state == "paused":
        click(qtbot, panel.controls.step_button)
        qtbot.waitUntil(lambda: session.styles[1].mask is mask, timeout=WAIT)

    # Stop; what there is stays in the history with its settings.
    if panel.runner.busy:
        with qtbot.waitSignal(panel.finished, timeout=WAIT):
            click(qtbot, panel.controls.stop_button)
    qtbot.waitUntil(lambda: len(panel.history.results) == 1, timeout=WAIT)

    # Scrub back, go on from there to the end.
    stopped_at, early = session.step, session.timeline.moments()[0].step
    panel.stage.timeline.slider.setValue(early)
    with qtbot.waitSignal(panel.runner.travelled, timeout=WAIT):
        click(qtbot, panel.stage.timeline.button)
    assert session.step == early < stopped_at
    with qtbot.waitSignal(panel.finished, timeout=WAIT) as ended:
        click(qtbot, panel.controls.start_button)
    assert ended.args == ["done"]
    assert session.styles[1].mask is mask
    assert panel.follower.shown.shape == (72, 96, 3)
    assert sizes[-1] == (72, 96)

    # Compare, export.
    click(qtbot, panel.stage.compare_button)
    assert panel.stage.view.comparing
    path = tmp_path / "styled.png"
    with qtbot.waitSignal(panel.exported, timeout=WAIT):
        panel.export(path)
    made = panel.follower.shown
    assert read_recipe(path)["kind"] == "transfer"
    assert np.array_equal(np.asarray(Image.open(path)), made)
    assert np.abs(made.astype(int) - fakes.picture(72, 96).pixels).mean() > 2

    # Another day: the originals are gone; drop the export on the window, wherever one is, and everything is back.
    for photo in photos:
        photo.unlink()
    panel.form.set_values({})
    panel.pictures.styles.edit("Take all away", ())
    panel.pictures.content.replace(None)
    window.show_panel("home")
    with qtbot.waitSignal(panel.restored, timeout=WAIT):
        assert drop(window, path)
    assert window.current == "transfer"
    values = panel.form.values()
    assert (values["size"], values["smallest"]) == (96, 64)
    assert np.array_equal(panel.original, fakes.picture(72, 96).pixels)
    first, second = panel.pictures.styles.items
    assert (first.weight, second.weight) == (2.0, 1.0)
    assert np.array_equal(first.picture.source.pixels, fakes.picture(72, 96, seed=1).pixels)
    assert np.array_equal(second.picture.source.pixels, pasted)
    assert first.mask is None
    assert np.abs(second.mask - mask).mean() < 0.02
    assert np.array_equal(panel.follower.shown, made)
    assert any("style" in values for values in panel.restorer.more["changes"].values())
