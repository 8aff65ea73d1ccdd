"""The widgets of Dream and Transfer under real mouse, key and drop events."""

from __future__ import annotations

import numpy as np
import pytest
from PySide6.QtCore import QEvent, QMimeData, QPoint, QPointF, Qt
from PySide6.QtGui import QImage, QKeyEvent, QMouseEvent, QWheelEvent
from PySide6.QtWidgets import QApplication, QWidget

from studio.core.errors import BadInput
from studio.ui.theme import Theme
from studio.ui.widgets.brush import coverage, mask_shape
from studio.ui.widgets.canvas_paint import ScreenPicture
from studio.ui.widgets.canvas_view import CanvasView
from studio.ui.widgets.channel_grid import ChannelGrid
from studio.ui.widgets.layer_editor import LayerEditor, LayerRow
from studio.ui.widgets.picture_well import PictureWell
from studio.ui.widgets.results_strip import ResultRow, ResultsStrip
from studio.ui.widgets.style_list import StyleList, StyleRow
from tests.hands import drop

LEFT, RIGHT, MIDDLE, NONE = (
    Qt.MouseButton.LeftButton,
    Qt.MouseButton.RightButton,
    Qt.MouseButton.MiddleButton,
    Qt.MouseButton.NoButton,
)
PLAIN, ALT, SHIFT, CONTROL = (
    Qt.KeyboardModifier.NoModifier,
    Qt.KeyboardModifier.AltModifier,
    Qt.KeyboardModifier.ShiftModifier,
    Qt.KeyboardModifier.ControlModifier,
)
WEB = "https://example.org/picture.jpg"


@pytest.fixture
def theme(qapp):
    qapp.setStyle("Fusion")
    made = Theme("dark", reduced_motion=True)
    made.apply()
    yield made
    made.deleteLater()


def shown(qtbot, widget: QWidget, width: int = 640, height: int = 504) -> QWidget:
    qtbot.addWidget(widget)
    widget.resize(width, height)
    widget.show()
    qtbot.waitUntil(widget.isVisible)
    return widget


def plain(width: int, height: int, colour=(40, 90, 160)) -> np.ndarray:
    return np.full((height, width, 3), colour, np.uint8)


def mouse(widget, kind, at, button=LEFT, buttons=None, modifiers=PLAIN):
    at = QPointF(*at) if isinstance(at, tuple) else QPointF(at)
    event = QMouseEvent(kind, at, widget.mapToGlobal(at), button, button if buttons is None else buttons, modifiers)
    QApplication.sendEvent(widget, event)


def drag(widget, *path, button=LEFT, modifiers=PLAIN):
    mouse(widget, QEvent.Type.MouseButtonPress, path[0], button, None, modifiers)
    for at in path[1:]:
        mouse(widget, QEvent.Type.MouseMove, at, NONE, button, modifiers)
    mouse(widget, QEvent.Type.MouseButtonRelease, path[-1], button, NONE, modifiers)


def key(widget, code, modifiers=PLAIN, text="", release=True):
    QApplication.sendEvent(widget, QKeyEvent(QEvent.Type.KeyPress, code, modifiers, text))
    if release:
        QApplication.sendEvent(widget, QKeyEvent(QEvent.Type.KeyRelease, code, modifiers, text))


def wheel(widget, at: QPointF, steps: float):
    event = QWheelEvent(
        at,
        widget.mapToGlobal(at),
        QPoint(),
        QPoint(0, round(120 * steps)),
        NONE,
        PLAIN,
        Qt.ScrollPhase.NoScrollPhase,
        False,
    )
    QApplication.sendEvent(widget, event)


def raw_picture() -> QMimeData:
    image = QImage(20, 10, QImage.Format.Format_RGB32)
    image.fill(Qt.GlobalColor.red)
    mime = QMimeData()
    mime.setImageData(image)
    return mime


def sent(signal) -> list:
    found: list = []
    signal.connect(lambda *values: found.append(values))
    return found


@pytest.fixture
def canvas(qtbot, theme):
    """A canvas with a 400 x 300 picture before and after."""
    made = shown(qtbot, CanvasView(theme, "Canvas", "Drop a picture"))
    made.show_before(plain(400, 300))
    made.show_after(plain(400, 300, (200, 60, 40)))
    return made


def at(canvas, u: float, v: float) -> QPointF:
    rect = canvas.picture_rect
    return QPointF(rect.x() + u * rect.width(), rect.y() + v * rect.height())


def colour(canvas, u: float, v: float) -> tuple[int, int, int]:
    image = canvas.grab().toImage()
    where, ratio = at(canvas, u, v), image.devicePixelRatio()
    found = image.pixelColor(round(where.x() * ratio), round(where.y() * ratio))
    return found.red(), found.green(), found.blue()


def share_under(canvas, position: QPointF) -> tuple[float, float]:
    rect = canvas.picture_rect
    return (position.x() - rect.x()) / rect.width(), (position.y() - rect.y()) / rect.height()


class TestCanvasLooks:
    def test_a_picture_fits_and_keeps_fitting(self, canvas):
        assert abs(canvas.picture_rect.width() / canvas.picture_rect.height() - 4 / 3) < 1e-6
        before = canvas.picture_rect.width()
        canvas.resize(400, 300)
        assert canvas.picture_rect.width() < before
        assert canvas.rect().contains(canvas.picture_rect.toAlignedRect().adjusted(1, 1, -1, -1))

    def test_the_result_covers_the_original_whatever_its_size(self, canvas):
        rect = canvas.picture_rect
        canvas.show_after(plain(50, 38, (0, 255, 0)))
        assert canvas.picture_rect == rect
        assert colour(canvas, 0.02, 0.02) == colour(canvas, 0.98, 0.98) == (0, 255, 0)

    @pytest.mark.parametrize("steps", [3, -2, 0.5])
    def test_the_wheel_keeps_the_point_under_the_cursor(self, canvas, steps):
        canvas.zoom_to(3.0 * canvas.devicePixelRatioF())
        position = at(canvas, 0.4, 0.55)
        before, zoom = share_under(canvas, position), canvas.zoom
        wheel(canvas, position, steps)
        assert (canvas.zoom > zoom) == (steps > 0)
        np.testing.assert_allclose(share_under(canvas, position), before, atol=1e-6)

    def test_zoom_from_the_keyboard(self, canvas):
        fitted = canvas.zoom
        key(canvas, Qt.Key.Key_Plus)
        assert canvas.zoom > fitted
        key(canvas, Qt.Key.Key_Minus)
        assert canvas.zoom == pytest.approx(fitted)
        key(canvas, Qt.Key.Key_1)
        assert canvas.zoom == pytest.approx(1.0)
        assert canvas.picture_rect.width() * canvas.devicePixelRatioF() == pytest.approx(400)
        key(canvas, Qt.Key.Key_0)
        assert canvas.zoom == pytest.approx(fitted)

    @pytest.mark.parametrize("how", ["middle", "space"])
    def test_panning_follows_the_hand(self, canvas, how):
        canvas.zoom_to(4.0)
        canvas.set_brush(True)
        before = canvas.picture_rect.topLeft()
        if how == "space":
            key(canvas, Qt.Key.Key_Space, release=False)
        drag(canvas, (300, 200), (330, 190), button=MIDDLE if how == "middle" else LEFT)
        key(canvas, Qt.Key.Key_Space)
        assert canvas.picture_rect.topLeft() - before == QPointF(30, -10)
        assert canvas.mask is None

    def test_pixels_stay_squares_when_enlarged_by_hand(self, qtbot, theme):
        view = shown(qtbot, CanvasView(theme, "Canvas"))
        stripes = plain(200, 150, (0, 0, 0))
        stripes[:, ::2] = 255
        view.show_after(stripes)
        view.zoom_to(8.0)
        row = view.grab().toImage()
        greys = {row.pixelColor(x, 200).red() for x in range(100, 500)}
        assert greys == {0, 255}

    def test_the_same_picture_at_another_size_stays_where_it_was(self, qtbot, theme):
        view = shown(qtbot, CanvasView(theme, "Canvas"))
        view.show_after(plain(100, 75))
        view.zoom_to(20.0, QPointF(200, 200))
        rect = view.picture_rect
        view.show_after(plain(200, 150))
        np.testing.assert_allclose(view.picture_rect.getRect(), rect.getRect(), atol=1e-6)

    def test_double_click_changes_between_whole_and_full_size(self, canvas):
        fitted = canvas.zoom
        mouse(canvas, QEvent.Type.MouseButtonDblClick, (300, 200))
        assert canvas.zoom == pytest.approx(1.0)
        mouse(canvas, QEvent.Type.MouseButtonDblClick, (300, 200))
        assert canvas.zoom == fitted

    def test_empty_ignores_everything(self, qtbot, theme):
        view = shown(qtbot, CanvasView(theme, "Canvas", "Drop a picture"))
        strokes = sent(view.stroke_finished)
        view.set_brush(True)
        drag(view, (100, 100), (200, 200))
        wheel(view, QPointF(50, 50), 2)
        for code in (Qt.Key.Key_Plus, Qt.Key.Key_1, Qt.Key.Key_C, Qt.Key.Key_Left):
            key(view, code)
        view.mask_fill()
        assert strokes == []
        assert view.mask is None
        assert view.grab().width() > 0

    @pytest.mark.parametrize("size", [(1, 1), (1, 5000), (5000, 1), (3, 2000)])
    def test_odd_sizes_are_drawn_and_painted(self, qtbot, theme, size):
        view = shown(qtbot, CanvasView(theme, "Canvas"))
        view.show_before(plain(*size))
        view.set_brush(True, radius=0.3)
        drag(view, at(view, 0.5, 0.5), at(view, 0.5, 0.6))
        assert view.mask is not None
        assert max(view.mask.shape) == 512
        view.actual_size()
        assert not view.grab().isNull()

    def test_halved_copies_keep_the_mean(self):
        noise = np.random.default_rng(0).integers(0, 256, (301, 403, 3)).astype(np.uint8)
        picture = ScreenPicture(noise)
        small = picture._level(60).convertToFormat(QImage.Format.Format_RGB888)
        read = np.frombuffer(small.constBits(), np.uint8).reshape(small.height(), small.bytesPerLine())
        assert small.width() == 100
        assert abs(read[:, : small.width() * 3].mean() - noise.mean()) < 2


class TestSplit:
    def test_before_is_left_and_after_is_right(self, canvas):
        canvas.set_comparing(True)
        canvas.set_split(0.6)
        assert colour(canvas, 0.5, 0.2) == (40, 90, 160)
        assert colour(canvas, 0.7, 0.2) == (200, 60, 40)
        canvas.set_comparing(False)
        assert colour(canvas, 0.3, 0.2) == (200, 60, 40)

    def test_the_handle_follows_the_mouse(self, canvas):
        moved = sent(canvas.split_moved)
        canvas.set_comparing(True)
        drag(canvas, at(canvas, 0.5, 0.9), at(canvas, 0.6, 0.9), at(canvas, 0.75, 0.2))
        assert canvas.split == pytest.approx(0.75)
        assert moved[-1] == (canvas.split,)
        drag(canvas, at(canvas, 0.75, 0.5), (5000, 200))
        assert canvas.split == 1.0

    def test_a_split_outside_the_view_can_be_fetched_from_the_edge(self, canvas):
        canvas.set_comparing(True)
        canvas.set_split(0.0)
        canvas.zoom_to(6.0)
        left = canvas._port.view.left()
        drag(canvas, (left + 2, 200), (300, 200))
        assert canvas.split == pytest.approx(share_under(canvas, QPointF(300, 200))[0])

    def test_keys(self, canvas):
        key(canvas, Qt.Key.Key_C)
        assert canvas.comparing
        key(canvas, Qt.Key.Key_Right)
        assert canvas.split == pytest.approx(0.51)
        key(canvas, Qt.Key.Key_Left, SHIFT)
        assert canvas.split == pytest.approx(0.41)
        canvas.zoom_to(5.0)
        rect = canvas.picture_rect
        key(canvas, Qt.Key.Key_Left, CONTROL)
        assert canvas.picture_rect.x() > rect.x()
        assert canvas.split == pytest.approx(0.41)

    def test_the_window_does_not_get_our_keys(self, canvas):
        event = QKeyEvent(QEvent.Type.ShortcutOverride, Qt.Key.Key_C, PLAIN)
        event.ignore()
        QApplication.sendEvent(canvas, event)
        assert event.isAccepted()
        event = QKeyEvent(QEvent.Type.ShortcutOverride, Qt.Key.Key_C, CONTROL)
        event.ignore()
        QApplication.sendEvent(canvas, event)
        assert not event.isAccepted()


class TestBrush:
    def test_coverage_is_the_smoothstep_of_the_distance(self):
        (rows, columns), covered = coverage((60, 80), (20.0, 30.0), (50.0, 30.0), 10.0, 0.5)
        full = np.zeros((60, 80))
        full[rows, columns] = covered
        for y in range(60):
            for x in range(80):
                px, py = x + 0.5, y + 0.5
                d = np.hypot(px - min(max(px, 20.0), 50.0), py - 30.0)
                t = min(max((10 - d) / 5, 0.0), 1.0)
                assert full[y, x] == pytest.approx(t * t * (3 - 2 * t), abs=1e-5)

    @pytest.mark.parametrize(("width", "height"), [(4000, 3000), (300, 900), (512, 512), (1, 5000)])
    def test_masks_have_the_proportions_of_the_picture(self, width, height):
        rows, columns = mask_shape(width, height)
        assert max(rows, columns) == 512
        assert min(rows, columns) == max(1, round(512 * min(width, height) / max(width, height)))

    def test_a_quick_stroke_has_no_gaps_and_stays_near_its_path(self, canvas):
        strokes = sent(canvas.stroke_finished)
        canvas.set_brush(True, radius=0.03, softness=0.4)
        drag(canvas, at(canvas, 0.1, 0.2), at(canvas, 0.9, 0.8))  # one move event for the whole way
        ((before, after),) = strokes
        assert before is None
        assert after.dtype == np.float32
        assert after.shape == (384, 512)
        assert canvas.mask is after
        along = np.linspace(0, 1, 400)
        x, y = (0.1 + 0.8 * along) * 512, (0.2 + 0.6 * along) * 384
        assert after[y.astype(int), x.astype(int)].min() > 0.98
        yy, xx = np.mgrid[0:384, 0:512] + 0.5
        a, b = np.array([51.2, 76.8]), np.array([460.8, 307.2])
        t = np.clip(((xx - a[0]) * (b - a)[0] + (yy - a[1]) * (b - a)[1]) / ((b - a) ** 2).sum(), 0, 1)
        far = np.hypot(xx - a[0] - t * (b - a)[0], yy - a[1] - t * (b - a)[1])
        assert after[far > 0.03 * 512 + 1.5].max() == 0
        assert after[far < 0.03 * 512 * 0.6 - 1].min() == 1

    def test_every_stroke_makes_a_new_mask(self, canvas):
        strokes = sent(canvas.stroke_finished)
        canvas.set_brush(True)
        drag(canvas, at(canvas, 0.2, 0.5), at(canvas, 0.3, 0.5))
        first = strokes[0][1].copy()
        drag(canvas, at(canvas, 0.6, 0.5), at(canvas, 0.7, 0.5))
        assert strokes[1][0] is strokes[0][1]
        np.testing.assert_array_equal(strokes[0][1], first)
        assert np.all(strokes[1][1] >= first)

    @pytest.mark.parametrize("how", ["alt", "right", "tool"])
    def test_erasing(self, canvas, how):
        canvas.mask_fill()
        strokes = sent(canvas.stroke_finished)
        canvas.set_brush(True, radius=0.1, erase=how == "tool")
        drag(
            canvas,
            at(canvas, 0.3, 0.5),
            at(canvas, 0.6, 0.5),
            button=RIGHT if how == "right" else LEFT,
            modifiers=ALT if how == "alt" else PLAIN,
        )
        ((before, after),) = strokes
        assert before.min() == 1
        assert after[192, 230] == 0
        assert after[20, 20] == 1

    def test_erasing_everything_leaves_no_mask(self, canvas):
        canvas.set_brush(True, radius=0.05)
        drag(canvas, at(canvas, 0.5, 0.5), at(canvas, 0.5, 0.5))
        canvas.set_brush(True, radius=0.5, softness=0.0, erase=True)
        drag(canvas, at(canvas, 0.4, 0.5), at(canvas, 0.6, 0.5))
        assert canvas.mask is None

    def test_the_brush_can_be_used_without_a_mouse(self, canvas):
        strokes = sent(canvas.stroke_finished)
        canvas.set_brush(True, radius=0.05, softness=0.0)
        key(canvas, Qt.Key.Key_Right)  # comes to the middle, and moves
        key(canvas, Qt.Key.Key_Return)
        (before, mask), middle = strokes[0], canvas.mask.shape[1] // 2
        assert before is None
        assert mask[mask.shape[0] // 2, middle + 5] == 1
        assert 0 < mask.mean() < 0.02
        for _ in range(40):
            key(canvas, Qt.Key.Key_Left, SHIFT)  # never leaves the picture
        key(canvas, Qt.Key.Key_Enter)
        assert strokes[1][1][mask.shape[0] // 2, 0] == 1
        canvas.set_brush(True, radius=0.5, softness=0.0, erase=True)
        key(canvas, Qt.Key.Key_Return)
        assert strokes[2][1].mean() < strokes[1][1].mean()

    def test_arrow_keys_do_not_carry_a_brush_that_is_off(self, canvas):
        strokes = sent(canvas.stroke_finished)
        key(canvas, Qt.Key.Key_Right)
        key(canvas, Qt.Key.Key_Return)
        assert strokes == []

    def test_brush_size_from_the_keyboard(self, canvas):
        sizes = sent(canvas.brush_resized)
        canvas.set_brush(True, radius=0.1)
        key(canvas, Qt.Key.Key_BracketRight)
        assert canvas.brush.radius > 0.1
        for _ in range(80):
            key(canvas, Qt.Key.Key_BracketLeft)
        assert canvas.brush.radius == pytest.approx(0.004)
        assert len(sizes) == 81

    def test_escape_takes_a_stroke_back(self, canvas):
        strokes = sent(canvas.stroke_finished)
        canvas.set_brush(True)
        mouse(canvas, QEvent.Type.MouseButtonPress, at(canvas, 0.2, 0.2))
        key(canvas, Qt.Key.Key_Escape)
        mouse(canvas, QEvent.Type.MouseMove, at(canvas, 0.5, 0.5), NONE, LEFT)
        mouse(canvas, QEvent.Type.MouseButtonRelease, at(canvas, 0.5, 0.5), LEFT, NONE)
        assert strokes == []
        assert canvas.mask is None

    def test_fill_clear_invert_send_what_undo_needs(self, canvas):
        strokes = sent(canvas.stroke_finished)
        canvas.mask_clear()
        assert strokes == []
        canvas.mask_fill()
        canvas.mask_invert()
        canvas.mask_invert()
        canvas.mask_clear()
        befores, afters = zip(*strokes, strict=True)
        assert [m is None for m in befores] == [True, False, True, False]
        assert [m is None for m in afters] == [False, True, False, True]
        half = np.zeros((384, 512), np.float32)
        half[:, :256] = 0.25
        canvas.set_mask(half)
        assert len(strokes) == 4
        canvas.mask_invert()
        np.testing.assert_allclose(canvas.mask, 1 - half)

    def test_the_overlay_is_the_accent_at_45_percent(self, canvas, theme):
        mask = np.zeros((384, 512), np.float32)
        mask[:, :256] = 1
        canvas.set_mask(mask)
        accent = [int(theme.tokens.accent[i : i + 2], 16) for i in (1, 3, 5)]
        wanted = 0.55 * np.array([200, 60, 40]) + 0.45 * np.array(accent)
        np.testing.assert_allclose(colour(canvas, 0.2, 0.3), wanted, atol=2)
        assert colour(canvas, 0.8, 0.3) == (200, 60, 40)
        canvas.set_mask(mask, shown=False)
        assert colour(canvas, 0.2, 0.3) == (200, 60, 40)
        theme.set_mode("light")
        canvas.set_mask(mask)
        assert colour(canvas, 0.2, 0.3) != (200, 60, 40)

    def test_large_masks_are_made_smaller(self, canvas):
        mask = np.zeros((900, 1200), np.float32)
        mask[:, 600:] = 1
        canvas.set_mask(mask)
        assert canvas.mask.shape == (384, 512)
        np.testing.assert_allclose(canvas.mask[100, [100, 400]], [0, 1], atol=0.01)


@pytest.fixture
def well(qtbot, theme, tmp_path):
    return shown(qtbot, PictureWell(theme, "Picture", "Drop a picture", tmp_path / "raw"), 200, 200)


class TestPictureWell:
    def test_takes_a_file(self, well, picture):
        given = sent(well.given)
        assert drop(well, picture)
        assert given == [(picture,)]

    def test_takes_raw_pictures(self, well):
        given = sent(well.given)
        assert drop(well, raw_picture())
        image = QImage(str(given[0][0]))
        assert (image.width(), image.height()) == (20, 10)

    def test_explains_the_web(self, well):
        given, refused = sent(well.given), sent(well.refused)
        assert drop(well, WEB)
        assert given == []
        assert isinstance(refused[0][0], BadInput)
        assert "example.org" in str(refused[0][0])

    def test_leaves_text_alone(self, well):
        mime = QMimeData()
        mime.setText("hello")
        assert not drop(well, mime)

    def test_pastes_with_the_keyboard(self, well):
        given, refused = sent(well.given), sent(well.refused)
        QApplication.clipboard().setMimeData(raw_picture())
        key(well, Qt.Key.Key_V, CONTROL)
        assert given[0][0].is_file()
        QApplication.clipboard().setText("only words")
        key(well, Qt.Key.Key_V, CONTROL)
        assert "no picture on the clipboard" in str(refused[0][0])

    def test_delete_clears_what_is_there(self, well):
        cleared = sent(well.cleared)
        key(well, Qt.Key.Key_Delete)
        assert cleared == []
        well.show_picture(plain(300, 200), "harbour.jpg", "300 × 200")
        assert well.clear_button.isVisible()
        key(well, Qt.Key.Key_Delete)
        assert cleared == [()]
        assert well.is_empty

    def test_long_names_are_shortened_and_told(self, qtbot, well):
        name = "a-very-long-name-of-a-picture-from-a-camera-and-a-holiday-2026.jpg"
        well.show_picture(plain(300, 200), name)
        well.grab()
        assert well._name.toolTip() == name
        assert name in well.accessibleName()

    def test_click_and_enter_open(self, well, picture, monkeypatch):
        monkeypatch.setattr(
            "studio.ui.widgets.picture_well.QFileDialog.getOpenFileName", lambda *_, **__: (str(picture), "")
        )
        given = sent(well.given)
        drag(well, (100, 100), (100, 100))
        key(well, Qt.Key.Key_Return)
        assert given == [(picture,), (picture,)]


@pytest.fixture
def styles(qtbot, theme, tmp_path):
    made = shown(qtbot, StyleList(theme, tmp_path / "raw"), 200, 400)
    made.show_styles([StyleRow(plain(60, 40), "one.jpg", 1.0), StyleRow(plain(40, 60), "two.jpg", 0.5, True)])
    return made


class TestStyleList:
    def test_takes_several_files_and_raw_pictures(self, styles, picture, tmp_path):
        given, refused = sent(styles.given), sent(styles.refused)
        assert drop(styles, picture, tmp_path / "other.png")
        assert given == [([picture, tmp_path / "other.png"],)]
        assert drop(styles, raw_picture())
        assert given[1][0][0].is_file()
        assert drop(styles, WEB)
        assert len(refused) == 1

    def test_pastes(self, styles):
        given = sent(styles.given)
        QApplication.clipboard().setMimeData(raw_picture())
        key(styles.rows[0], Qt.Key.Key_V, CONTROL)
        assert given[0][0][0].is_file()

    def test_weights_masks_and_removal_name_their_row(self, styles):
        weights, settled = sent(styles.weight_changed), sent(styles.weight_settled)
        masks, removed = sent(styles.mask_wanted), sent(styles.removed)
        card = styles.rows[1]
        slider = card.weight.slider
        drag(
            slider, (slider.position_of(slider.value()), 12), (slider.position_of(40), 12), (slider.position_of(30), 12)
        )
        assert weights[-1] == (1, 1.5)
        assert len(settled) == 1
        card.mask_button.click()
        assert masks == [(1, True)]
        key(card, Qt.Key.Key_Delete)
        styles.rows[0].remove_button.click()
        assert removed == [(1,), (0,)]

    def test_weights_are_not_negative(self, styles):
        weights = sent(styles.weight_changed)
        field = styles.rows[0].weight.field
        field.setFocus()
        field.selectAll()
        for letter in "-2":
            key(field, 0, text=letter)
        assert weights == []
        assert field.property("invalid") == "true"

    def test_showing_again_keeps_widgets_and_drops_the_rest(self, styles):
        first = styles.rows[0]
        styles.show_styles([StyleRow(plain(60, 40), "three.jpg", 2.0)])
        assert styles.rows == [first]
        assert first.weight.value == 2.0


LAYERS = [LayerRow("conv1_1", 8, "edges"), LayerRow("conv4_2", 32, "parts"), LayerRow("logit", 3, "classes")]


@pytest.fixture
def editor(qtbot, theme):
    made = shown(qtbot, LayerEditor(theme), 320, 400)
    made.set_backbone(LAYERS, ["ship", "deer", "truck"])
    made.set_line("conv4_2:1, conv4_2/17:-0.5, logit/ship:2")
    return made


class TestLayerEditor:
    def test_line_to_rows_to_line(self, editor):
        assert [(r.term.layer, r.term.channel, r.weight.value) for r in editor.rows] == [
            ("conv4_2", None, 1.0),
            ("conv4_2", 17, -0.5),
            ("logit", 0, 2.0),
        ]
        editor._edit(editor.terms)
        assert editor.line() == "conv4_2:1, conv4_2/17:-0.5, logit/ship:2"

    def test_setting_a_line_sends_nothing(self, editor):
        changed = sent(editor.changed)
        editor.set_line("conv1_1:3")
        assert changed == []
        assert [r.term.layer for r in editor.rows] == ["conv1_1"]

    def test_a_slider_writes_the_line_and_settles_once(self, editor):
        changed, finished = sent(editor.changed), sent(editor.edit_finished)
        slider = editor.rows[1].weight.slider
        drag(slider, (slider.position_of(-10), 12), (slider.position_of(20), 12), (slider.position_of(50), 12))
        assert editor.line() == "conv4_2:1, conv4_2/17:2.5, logit/ship:2"
        assert changed[-1] == (editor.line(),)
        assert len(changed) == len(set(changed)) == 2
        assert len(finished) == 1

    def test_typed_numbers_may_lie_beyond_the_slider(self, editor):
        field = editor.rows[0].weight.field
        field.setFocus()
        field.selectAll()
        for letter in "25":
            key(field, 0, text=letter)
        assert editor.line().startswith("conv4_2:25,")
        assert editor.rows[0].weight.slider.value() == 80

    def test_invalid_text_is_marked_and_kept(self, editor):
        changed = sent(editor.changed)
        rows = list(editor.rows)
        editor.text.setFocus()
        editor.text.setCursorPosition(0)
        key(editor.text, 0, text="x")
        assert editor.line() == "xconv4_2:1, conv4_2/17:-0.5, logit/ship:2"
        assert changed == []
        assert not editor.is_valid
        assert "conv4_2" in editor.message.text()
        assert editor.message.isVisible()
        assert editor.rows == rows
        assert not any(row.isEnabled() for row in rows)
        key(editor.text, Qt.Key.Key_Backspace)
        assert editor.is_valid
        assert all(row.isEnabled() for row in rows)

    def test_typing_moves_the_rows(self, editor):
        changed = sent(editor.changed)
        editor.text.setFocus()
        editor.text.selectAll()
        for letter in "conv1_1/3:2":
            key(editor.text, 0, text=letter)
        assert changed[-1] == ("conv1_1/3:2",)
        assert [(r.term.layer, r.term.channel, r.weight.value) for r in editor.rows] == [("conv1_1", 3, 2.0)]

    def test_the_menu_is_grouped_by_layer(self, editor):
        wanted, changed = sent(editor.channels_wanted), sent(editor.changed)
        groups = {a.data(): a.menu() for a in editor.add_button.menu().actions()}
        assert list(groups) == ["conv1_1", "conv4_2", "logit"]
        groups["conv1_1"].actions()[0].trigger()
        assert editor.line().endswith("conv1_1:1")
        groups["conv4_2"].actions()[1].trigger()
        assert wanted == [("conv4_2",)]
        by_name = {a.text(): a for a in groups["logit"].actions()}
        by_name["truck"].trigger()
        assert editor.line().endswith("logit/truck:1")
        assert len(changed) == 2
        editor.add_term("logit", 2)  # it is there
        assert len(changed) == 2

    def test_thousand_classes_are_grouped(self, qtbot, theme):
        made = shown(qtbot, LayerEditor(theme))
        names = [f"{chr(97 + i % 26)}{i}" for i in range(1000)]
        made.set_backbone([LayerRow("logit", 1000)], names)
        (classes,) = made.add_button.menu().actions()
        letters = classes.menu().actions()
        assert len(letters) == 26
        assert sum(len(a.menu().actions()) for a in letters) == 1000

    def test_removing_but_never_the_last(self, editor):
        changed = sent(editor.changed)
        editor.rows[1].remove_button.click()
        assert changed == [("conv4_2:1, logit/ship:2",)]
        editor.rows[0].remove_button.click()
        assert editor.line() == "logit/ship:2"
        assert not editor.rows[0].remove_button.isEnabled()

    def test_another_network_checks_the_line_anew(self, editor):
        editor.set_backbone([LayerRow("mixed4", 12)], [], "Inception")
        assert not editor.is_valid
        assert editor.line() == "conv4_2:1, conv4_2/17:-0.5, logit/ship:2"
        assert "Inception" in editor.message.text()
        editor.set_backbone(LAYERS, ["ship", "deer", "truck"])
        assert editor.is_valid
        assert len(editor.rows) == 3

    def test_a_line_before_its_network(self, qtbot, theme):
        made = shown(qtbot, LayerEditor(theme))
        made.set_line("conv1_1:2")
        assert made.line() == "conv1_1:2"
        assert made.problem is None
        made.set_backbone(LAYERS, [])
        assert len(made.rows) == 1


@pytest.fixture
def grid(qtbot, theme):
    made = shown(qtbot, ChannelGrid(theme), 320, 400)
    made.begin("conv4_2", 32)
    return made


def listed(grid) -> list[int]:
    return [grid.model.channel(grid.model.index(i)) for i in range(grid.model.rowCount())]


class TestChannelGrid:
    def test_pictures_arrive_one_after_another(self, grid):
        assert grid.bar.isVisible()
        for i in range(32):
            assert grid.progress.text() == f"{i} of 32"
            grid.add(i, plain(64, 64, (i, 0, 0)))
        assert not grid.bar.isVisible()
        assert not grid.grab().isNull()

    def test_filter_and_enter(self, grid):
        chosen = sent(grid.chosen)
        for letter in "17":
            key(grid.list if letter == "1" else grid.filter, getattr(Qt.Key, f"Key_{letter}"), text=letter)
        assert grid.filter.text() == "17"
        assert listed(grid) == [17]
        key(grid.filter, Qt.Key.Key_Return)
        assert chosen == [(17,)]

    def test_strongest_first(self, grid):
        assert not grid.sorted.isVisible()
        strengths = np.random.default_rng(1).random(32).astype(np.float32)
        grid.set_strengths(strengths)
        assert listed(grid) == list(range(32))
        grid.sorted.click()
        assert listed(grid) == np.argsort(-strengths).tolist()
        grid.set_strengths(None)
        assert listed(grid) == list(range(32))

    def test_click_and_arrow_keys_choose(self, grid):
        chosen = sent(grid.chosen)
        where = grid.list.visualRect(grid.model.index(5)).center()
        drag(grid.list.viewport(), QPointF(where), QPointF(where))
        assert chosen == [(5,)]
        key(grid.list, Qt.Key.Key_Right)
        key(grid.list, Qt.Key.Key_Return)
        assert chosen == [(5,), (6,)]

    def test_the_mark_stays_on_its_channel(self, grid):
        grid.list.setCurrentIndex(grid.model.index(9))
        grid.set_strengths(np.arange(32, dtype=np.float32))
        grid.sorted.click()
        assert grid.model.channel(grid.list.currentIndex()) == 9

    def test_begin_starts_over(self, grid):
        grid.filter.setText("3")
        grid.begin("conv1_1", 8)
        assert listed(grid) == list(range(8))
        grid.add(400, plain(8, 8))  # late, from the layer before
        assert grid.model.rowCount() == 8


@pytest.fixture
def results(qtbot, theme):
    made = shown(qtbot, ResultsStrip(theme), 500, 130)
    made.show_results([ResultRow(plain(80, 60), f"dream {i}", f"settings {i}") for i in range(3)])
    return made


class TestResultsStrip:
    def test_keys(self, results):
        shows, restores, removes = sent(results.shown), sent(results.restored), sent(results.removed)
        results.list.setCurrentRow(1)
        for code in (Qt.Key.Key_Return, Qt.Key.Key_R, Qt.Key.Key_Delete):
            key(results.list, code)
        assert (shows, restores, removes) == ([(1,)], [(1,)], [(1,)])

    def test_click_shows_and_buttons_do_the_same(self, results):
        shows, removes = sent(results.shown), sent(results.removed)
        where = results.list.visualItemRect(results.list.item(2)).center()
        drag(results.list.viewport(), QPointF(where), QPointF(where))
        results.remove_button.click()
        assert (shows, removes) == ([(2,)], [(2,)])

    def test_the_menu(self, results):
        restores = sent(results.restored)
        results.list.setCurrentRow(0)
        menu = results.menu()
        assert [a.text() for a in menu.actions()] == ["Show", "Put settings back", "Remove"]
        menu.actions()[1].trigger()
        menu.deleteLater()
        assert restores == [(0,)]

    def test_the_mark_follows_its_picture(self, results):
        rows = [ResultRow(plain(20, 20), "old"), ResultRow(plain(20, 20), "older")]
        results.show_results(rows)
        results.list.setCurrentRow(0)
        results.show_results([ResultRow(plain(20, 20), "new"), *rows])
        assert results.current == 1

    def test_empty(self, results):
        results.show_results([])
        assert not results.show_button.isEnabled()
        assert not results.grab().isNull()


def test_everything_has_a_name(canvas, well, styles, editor, grid, results):
    for widget in (canvas, well, styles, editor, grid, results):
        for child in (widget, *widget.findChildren(QWidget)):
            if (
                child.focusPolicy() & Qt.FocusPolicy.TabFocus
                and child.isVisibleTo(widget)
                and child.focusProxy() is None
            ):
                words = child.accessibleName() or getattr(child, "text", str)() or child.toolTip()
                assert words, f"{child} in {widget}"


@pytest.mark.parametrize("scale", [0.8, 1.5, 2.0])
def test_everything_is_drawn_at_any_scale(canvas, well, styles, editor, grid, results, theme, scale):
    theme.set_scale(scale)
    for widget in (canvas, well, styles, editor, grid, results):
        assert not widget.grab().isNull()
