"""Explore: opening runs, walking by mouse and keyboard, sheets, pins, exports."""

from __future__ import annotations

import numpy as np
import pytest
from PIL import Image, ImageSequence
from PySide6.QtCore import QPoint, QPointF, Qt
from PySide6.QtGui import QGuiApplication, QUndoCommand
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QFileDialog

from studio.core.errors import BadCheckpoint, BadInput
from studio.ui.panels.explore import ExplorePanel
from studio.ui.panels.explore_fields import names
from studio.ui.panels.explore_model import Session
from studio.ui.panels.run_picker import checkpoints
from tests.ui.fakes_explore import GAN, VAE, FakeModel, add_run, blob
from tests.ui.panel_tests import PanelTests


class TestExplorePanel(PanelTests):
    panel = ExplorePanel


def opened(context, qtbot, can=VAE, size=2, recipe="vae"):
    """Return a panel that shows a run of a stand-in model."""
    record = add_run(context.store, recipe)
    panel = ExplorePanel(context, opener=lambda *_: Session(FakeModel(record, can, size)))
    qtbot.addWidget(panel, before_close_func=lambda p: p.closing())
    panel.resize(1200, 740)
    panel.show()
    panel.entered()
    with qtbot.waitSignal(panel.ready, timeout=10_000):
        panel.open_run(record)
    return panel


@pytest.fixture
def vae(context, qtbot):
    return opened(context, qtbot)


@pytest.fixture
def deep(context, qtbot):
    return opened(context, qtbot, size=8)


def tab(panel, title, qtbot):
    """Go to a tab by its title with the mouse."""
    bar = panel.tabs.tabBar()
    index = next(i for i in range(bar.count()) if bar.tabText(i) == title)
    qtbot.mouseClick(bar, Qt.MouseButton.LeftButton, pos=bar.tabRect(index).center())
    assert panel.tabs.currentIndex() == index
    return panel.tabs.currentWidget()


def titles(panel):
    return [panel.tabs.tabText(i) for i in range(panel.tabs.count()) if panel.tabs.isTabVisible(i)]


def test_without_runs_it_says_what_to_do(context, qtbot):
    panel = ExplorePanel(context)
    qtbot.addWidget(panel, before_close_func=lambda p: p.closing())
    panel.show()
    assert "Train" in panel.empty_state.text.text()
    with qtbot.waitSignal(context.show_panel) as asked:
        qtbot.mouseClick(panel.empty_state.buttons[0], Qt.MouseButton.LeftButton)
    assert asked.args == ["train"]


def test_capabilities_decide_the_pages(context, qtbot):
    assert titles(opened(context, qtbot)) == [
        "Scatter",
        "Grid",
        "Samples",
        "Reconstructions",
        "Attributes",
        "Morph",
    ]
    gan = opened(context, qtbot, GAN, 8, "gan")
    assert titles(gan) == ["Grid", "Samples", "Morph"]
    assert gan.tabs.currentWidget() is gan.tabs.samples


def test_a_click_decodes_the_place(vae, qtbot):
    pixel = vae.scatter.pixel_of(1.0, 0.5)
    with qtbot.waitSignal(vae.walker.decoded):
        qtbot.mouseClick(vae.scatter.viewport(), Qt.MouseButton.LeftButton, pos=pixel)
    assert vae.walker.z == pytest.approx([1.0, 0.5], abs=0.02)
    np.testing.assert_array_equal(vae.picture.pixels, blob(vae.walker.z)[0])


def test_a_drag_decodes_on_the_way_and_ends_under_the_mouse(vae, qtbot):
    seen = []
    vae.walker.decoded.connect(lambda pixels: seen.append(pixels.copy()))
    view = vae.scatter.viewport()
    start, end = vae.scatter.pixel_of(-1.0, 0.0), vae.scatter.pixel_of(1.0, 0.0)
    QTest.mousePress(view, Qt.MouseButton.LeftButton, pos=start)
    for i in range(1, 21):
        at = QPointF(start) + (QPointF(end) - QPointF(start)) * i / 20
        from PySide6.QtGui import QMouseEvent

        event = QMouseEvent(
            QMouseEvent.Type.MouseMove,
            at,
            view.mapToGlobal(at),
            Qt.MouseButton.NoButton,
            Qt.MouseButton.LeftButton,
            Qt.KeyboardModifier.NoModifier,
        )
        QGuiApplication.sendEvent(view, event)
        qtbot.wait(5)
    QTest.mouseRelease(view, Qt.MouseButton.LeftButton, pos=end)
    qtbot.waitUntil(lambda: np.array_equal(vae.picture.pixels, blob(vae.walker.z)[0]))
    assert vae.walker.z == pytest.approx([1.0, 0.0], abs=0.03)
    assert len(seen) > 5


def test_arrow_keys_move_the_cursor(vae, qtbot):
    vae.scatter.setFocus()
    before = np.array(vae.walker.z)
    qtbot.keyClick(vae.scatter, Qt.Key.Key_Right)
    qtbot.keyClick(vae.scatter, Qt.Key.Key_Up, Qt.KeyboardModifier.ShiftModifier)
    assert vae.walker.z[0] > before[0]
    assert vae.walker.z[1] > before[1]


def test_the_mouse_shows_the_nearest_example(vae, qtbot):
    x, y = map(float, vae.map.plane.xy[7])
    with qtbot.waitSignal(vae.scatter.hovered) as hovered:
        QTest.mouseMove(vae.scatter.viewport(), vae.scatter.pixel_of(x, y))
        QTest.mouseMove(vae.scatter.viewport(), vae.scatter.pixel_of(x, y) + QPoint(1, 0))
    nearest = vae.map.plane.xy[hovered.args[0]]
    assert np.hypot(*(nearest - (x, y))) < 0.1
    assert vae.scatter._bubble.isVisible()


def test_the_legend_hides_a_label(vae, qtbot):
    assert vae.scatter.shown == {0, 1, 2, 3}
    box = vae.map.legend[2]
    qtbot.mouseClick(box, Qt.MouseButton.LeftButton, pos=QPoint(8, box.height() // 2))
    assert vae.scatter.shown == {0, 1, 3}
    hidden = vae.map.plane.xy[vae.map.encoded.labels == 2][0]
    near = vae.scatter.nearest(*map(float, hidden))
    assert near < 0 or vae.map.encoded.labels[near] != 2


def test_above_two_dimensions_clicks_go_through_pca(deep, qtbot):
    assert deep.map.plane.method == "pca"
    x, y = map(float, deep.map.plane.xy[3])
    qtbot.mouseClick(deep.scatter.viewport(), Qt.MouseButton.LeftButton, pos=deep.scatter.pixel_of(x, y))
    assert deep.map.plane.to_plane(deep.walker.z) == pytest.approx((x, y), abs=0.05)


def test_tsne_takes_the_nearest_example(deep, qtbot):
    with qtbot.waitSignal(deep.map.drawn, timeout=60_000):
        deep.map.method_box.setCurrentIndex(deep.map.method_box.findData("tsne"))
    x, y = map(float, deep.map.plane.xy[11])
    qtbot.mouseClick(deep.scatter.viewport(), Qt.MouseButton.LeftButton, pos=deep.scatter.pixel_of(x, y))
    assert any(np.array_equal(deep.walker.z, z) for z in deep.map.encoded.points)


def test_two_axes_keep_the_other_coordinates(deep, qtbot):
    with qtbot.waitSignal(deep.map.drawn):
        deep.map.method_box.setCurrentIndex(deep.map.method_box.findData("axes"))
    before = np.array(deep.walker.z)
    qtbot.mouseClick(deep.scatter.viewport(), Qt.MouseButton.LeftButton, pos=deep.scatter.pixel_of(0.3, 0.2))
    assert deep.walker.z[:2] == pytest.approx([0.3, 0.2], abs=0.05)
    np.testing.assert_array_equal(deep.walker.z[2:], before[2:])


def test_a_slider_turns_one_dimension(deep, qtbot):
    slider, before = deep.side.sliders[4], np.array(deep.walker.z)
    with qtbot.waitSignal(deep.walker.decoded):
        slider.setFocus()
        qtbot.keyClick(slider, Qt.Key.Key_End)
    assert deep.walker.z[4] == pytest.approx(4.0)
    np.testing.assert_array_equal(np.delete(deep.walker.z, 4), np.delete(before, 4))


def test_the_grid_decodes_a_plane_and_a_click_goes_there(vae, qtbot):
    page = tab(vae, "Grid", qtbot)
    page.count_box.setValue(5)
    qtbot.waitUntil(lambda: page.picture.pictures is not None and len(page.picture.pictures) == 25)
    corner = page.picture.cell(0).center()
    qtbot.mouseClick(page.picture, Qt.MouseButton.LeftButton, pos=corner)
    assert vae.walker.z == pytest.approx([-2.0, 2.0])  # left and up
    qtbot.keyClick(page.picture, Qt.Key.Key_Right)
    assert vae.walker.z == pytest.approx([-1.0, 2.0])


def test_equal_seeds_give_equal_samples(vae, qtbot):
    page = tab(vae, "Samples", qtbot)
    qtbot.waitUntil(lambda: page.picture.pictures is not None)
    first = page.picture.pictures.copy()
    qtbot.mouseClick(page.again_button, Qt.MouseButton.LeftButton)
    qtbot.waitUntil(lambda: not np.array_equal(page.picture.pictures, first))
    page.seed_box.setValue(0)
    qtbot.waitUntil(lambda: np.array_equal(page.picture.pictures, first))


def test_reconstructions_state_their_error(vae, qtbot):
    page = tab(vae, "Reconstructions", qtbot)
    qtbot.waitUntil(lambda: page.picture.pictures is not None)
    shown = page.picture.pictures.astype(float) / 255
    error = ((shown[:8] - shown[8:16]) ** 2).mean(axis=(1, 2, 3))
    assert f"{error[0]:.4f}" in page.picture._captions
    assert "mean squared error" in page.note.text()


@pytest.mark.parametrize(("capability", "page"), [("Classifies", "classify"), ("Translates", "translate")])
def test_what_has_nothing_to_explore_opens_where_it_has_something_to_show(context, qtbot, capability, page):
    record = add_run(context.store, "elsewhere")
    panel = ExplorePanel(context, opener=lambda *_: Session(FakeModel(record, (capability,))))
    qtbot.addWidget(panel, before_close_func=lambda p: p.closing())
    panel.show()
    with qtbot.waitSignal(context.open_run, timeout=10_000) as asked:
        panel.open_run(record)
    assert asked.args == [record.id, page]
    assert page.capitalize() in panel.stack.currentWidget().title.text()


def test_pins_can_be_made_ordered_removed_and_undone(vae, qtbot, context):
    points = [(-1.0, 0.0), (0.0, 0.5), (1.0, 0.0)]
    for x, y in points:
        with qtbot.waitSignal(vae.walker.decoded):
            qtbot.mouseClick(vae.scatter.viewport(), Qt.MouseButton.LeftButton, pos=vae.scatter.pixel_of(x, y))
        qtbot.mouseClick(vae.side.pin_button, Qt.MouseButton.LeftButton)

    def places():
        return [round(float(p.z[0])) for p in vae.strip.pins]

    assert places() == [-1, 0, 1]
    vae.strip.setFocus()
    vae.strip.setCurrentRow(2)
    qtbot.keyClick(vae.strip, Qt.Key.Key_Left, Qt.KeyboardModifier.AltModifier)
    assert places() == [-1, 1, 0]
    vae.strip.setCurrentRow(0)
    qtbot.keyClick(vae.strip, Qt.Key.Key_Delete)
    assert places() == [1, 0]
    context.undo.undo()
    context.undo.undo()
    assert places() == [-1, 0, 1]


def test_undo_never_brings_pins_of_another_model(vae, qtbot, context):
    vae.pin()
    with qtbot.waitSignal(vae.ready):
        vae.open_run(add_run(context.store, "other"))
    context.undo.undo()
    context.undo.redo()
    assert vae.strip.pins == ()


def test_undo_passes_over_pins_of_another_model_to_what_came_before(vae, qtbot, context):
    class Edit(QUndoCommand):
        def undo(self):
            undone.append("a form's edit")

    undone: list[str] = []
    context.undo.push(Edit())
    vae.pin()
    vae.pin()
    with qtbot.waitSignal(vae.ready):
        vae.open_run(add_run(context.store, "other"))
    context.undo.undo()
    qtbot.waitUntil(lambda: undone == ["a form's edit"])


def test_a_morph_plays_and_is_saved_with_its_recipe(vae, qtbot, context):
    page = tab(vae, "Morph", qtbot)
    assert not page.export_gif_button.isEnabled()
    page.frames_box.setValue(12)
    qtbot.mouseClick(page.random_button, Qt.MouseButton.LeftButton)
    qtbot.waitUntil(lambda: page.frames is not None, timeout=5000)
    assert len(vae.strip.pins) == 4
    np.testing.assert_array_equal(page.frames[0], vae.strip.pins[0].pixels)
    assert not page.playing  # reduced motion is asked for in the tests
    qtbot.mouseClick(page.play_button, Qt.MouseButton.LeftButton)
    qtbot.waitUntil(lambda: page.slider.value() > 2)
    page.picture.setFocus()
    qtbot.keyClick(page, Qt.Key.Key_Space)
    assert not page.playing
    with qtbot.waitSignal(vae.exported, timeout=10_000) as saved:
        qtbot.mouseClick(page.export_gif_button, Qt.MouseButton.LeftButton)
    from studio.runs.pictures import read_recipe

    with Image.open(saved.args[0]) as film:  # equal neighbours become one frame that is shown for longer
        assert sum(frame.info["duration"] for frame in ImageSequence.Iterator(film)) == 12 * 1000 / page.fps_box.value()
    assert saved.args[0].parent == context.workspace / "exports"
    assert len(read_recipe(saved.args[0])["keypoints"]) == 4


def test_the_picture_is_exported_with_what_made_it(vae, qtbot, context):
    from studio.runs.pictures import read_recipe

    with qtbot.waitSignal(vae.exported, timeout=10_000) as saved:
        qtbot.mouseClick(vae.export_button, Qt.MouseButton.LeftButton)
    recipe = read_recipe(saved.args[0])
    assert recipe["z"] == pytest.approx(list(map(float, vae.walker.z)))
    assert recipe["data"]["fingerprint"] == "f00d"
    with Image.open(saved.args[0]) as image:
        assert np.array_equal(np.asarray(image)[::16, ::16], vae.picture.pixels[..., 0])
    assert context.notify.history[-1].severity == "success"


@pytest.mark.parametrize("title", ["Scatter", "Grid", "Samples"])
def test_every_view_can_be_exported(vae, qtbot, tmp_path, title):
    page = tab(vae, title, qtbot)
    qtbot.waitUntil(lambda: title == "Scatter" or page.picture.pictures is not None)
    with qtbot.waitSignal(vae.exported, timeout=10_000):
        vae.export_view(tmp_path / "view.png")
    with Image.open(tmp_path / "view.png") as image:
        assert min(image.size) >= 16
        assert len(image.convert("RGB").getcolors(1 << 20)) > 2


def test_save_as_asks_for_a_name(vae, qtbot, tmp_path, monkeypatch):
    monkeypatch.setattr(QFileDialog, "getSaveFileName", lambda *_: (str(tmp_path / "mine"), ""))
    with qtbot.waitSignal(vae.exported, timeout=10_000):
        vae.side.export_wanted.emit("as")
    assert (tmp_path / "mine.png").is_file()


def test_a_full_exports_folder_is_told(vae, qtbot, context):
    (context.workspace / "exports").write_text("a file where a folder should be")
    vae.export()
    qtbot.waitUntil(lambda: any(n.severity == "error" for n in context.notify.history))


def test_copying_puts_the_picture_on_the_clipboard(vae, qtbot):
    qtbot.mouseClick(vae.side.copy_button, Qt.MouseButton.LeftButton)
    assert QGuiApplication.clipboard().image().width() == 16


def test_a_run_of_text_goes_to_write(vae, qtbot, context):
    record = add_run(context.store, "lstm-text", "text")
    with qtbot.waitSignal(context.open_run) as asked:
        vae.open_run(record)
    assert asked.args == [record.id, "write"]


def test_a_damaged_checkpoint_is_explained(context, qtbot):
    def broken(*_):
        raise BadCheckpoint("The weights are damaged.", "Choose another checkpoint.")

    record = add_run(context.store)
    panel = ExplorePanel(context, opener=broken)
    qtbot.addWidget(panel, before_close_func=lambda p: p.closing())
    panel.show()
    panel.open_run(record)
    qtbot.waitUntil(lambda: "damaged" in panel.failed_state.text.text())
    assert "another checkpoint" in panel.failed_state.text.text()


def test_without_its_data_a_model_is_still_walked_through(vae, qtbot, context):
    record = add_run(context.store, "moved")
    model = FakeModel(record, VAE)

    def gone(*_, **__):
        raise BadInput("Its data is not there any more.", "Move it back.")

    model.encoded = gone
    vae._opener = lambda *_: Session(model)
    with qtbot.waitSignal(vae.map.failed, timeout=10_000):
        vae.open_run(record)
    assert vae.map.trouble.isVisible()
    assert vae.map.trouble.text.text() == "Its data is not there any more. Move it back."
    assert len(vae.scatter.points) == 0  # not those of the run before
    qtbot.waitUntil(lambda: vae.walker.picture is not None, timeout=10_000)


def test_long_names_in_the_legend_are_shortened_and_named_in_full(vae, qtbot):
    name = "a photograph of the cat that lives next door and never comes in"
    vae.walker.session.classes = (name, *vae.walker.session.classes[1:])
    vae.map._list_labels()
    box = vae.map.legend[0]
    assert box.text() != name
    assert box.accessibleName() == name
    assert box.sizeHint().width() <= vae.map._scroll.width()


def test_checkpoints_are_offered(context):
    record = add_run(context.store)
    assert [value for _, value in checkpoints(record)] == ["best", "last", "20", "10"]


def test_the_checkpoint_box_opens_another_one(context, qtbot):
    asked = []
    record = add_run(context.store)

    def opener(workspace, run_id, checkpoint, progress):
        asked.append(checkpoint)
        return Session(FakeModel(record, VAE))

    panel = ExplorePanel(context, opener=opener)
    qtbot.addWidget(panel, before_close_func=lambda p: p.closing())
    panel.show()
    with qtbot.waitSignal(panel.ready):
        panel.open_run(record)
    panel.runs.checkpoint_box.setFocus()
    with qtbot.waitSignal(panel.ready):
        qtbot.keyClick(panel.runs.checkpoint_box, Qt.Key.Key_Down)
        panel.runs.checkpoint_box.activated.emit(panel.runs.checkpoint_box.currentIndex())
    assert asked[0] == "best"
    assert asked[-1] == "last"


def test_a_box_of_long_names_takes_no_more_room_than_there_is(context, qtbot):
    box = names("Class", lambda: None)
    qtbot.addWidget(box)
    before = box.minimumSizeHint().width()
    box.addItem("a photograph of the cat that lives next door and never comes in")
    box.show()
    assert box.minimumSizeHint().width() == before
