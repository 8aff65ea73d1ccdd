"""The window: pages, drops, activity area, notifications, sheets, session, closing, faults, start-up.

Long because one set of stand-in pages serves every part of the window.
"""

from __future__ import annotations

import json
import subprocess
import sys
import threading
from pathlib import Path
from typing import ClassVar

import numpy as np
import pytest
from PySide6.QtCore import QMimeData, Qt, Signal
from PySide6.QtGui import QImage, QUndoCommand
from PySide6.QtWidgets import QApplication, QLabel, QSplitter, QVBoxLayout, QWidget

from studio.app import gui
from studio.app.demo import Demo
from studio.app.faults import Faults
from studio.app.pages import PAGES, Page
from studio.app.routing import route
from studio.app.warmup import WarmUp
from studio.app.window import MainWindow
from studio.core.errors import BadInput
from studio.core.events import Finished, Progress
from studio.core.records import RunRecord
from studio.runs.canvas_files import export
from studio.runs.pictures import save_png, sheet
from studio.ui.jobs import TrainingJob
from studio.ui.notify import Button
from studio.ui.panel import Panel
from studio.ui.panels.canvas_long_work import LongWork
from studio.ui.panels.home import HomePanel
from studio.ui.settings import Settings
from studio.ui.widgets.closing import CloseQuestion
from studio.ui.widgets.preferences import Preferences
from studio.ui.widgets.rail import Rail
from studio.ui.widgets.run_card import last_previews
from tests.hands import drop, files
from tests.ui.panel_tests import PanelTests


class Recorder(Panel):
    """A page that notes what it is given."""

    id = "data"
    title = "Data"
    icon = "data"
    taken: ClassVar[bool] = True

    def __init__(self, context, parent=None):
        super().__init__(context, parent)
        self.opened, self.runs, self.closed = [], [], False
        self.splitter = QSplitter()
        self.splitter.setObjectName("main")
        for _ in range(2):
            self.splitter.addWidget(QLabel("x"))
        QVBoxLayout(self).addWidget(self.splitter)

    def opened_with(self, paths):
        self.opened.append([p.name for p in paths])
        return self.taken

    def open_run(self, record):
        self.runs.append(record.id)

    def closing(self):
        self.closed = True


class Refusing(Recorder):
    taken = False


class Canvas(Recorder):
    """A page that puts recipes back, as Dream and Transfer do."""

    def __init__(self, context, parent=None):
        super().__init__(context, parent)
        self.restored = []

    def restore(self, recipe, path=None):
        self.restored.append(recipe)


class Unwilling(Canvas):
    taken = False


class Broken(Panel):
    def __init__(self, context, parent=None):
        raise ImportError("no such library")


HERE = "tests.ui.test_shell"
FAKES = (
    Page("home", "Home", "home", "studio.ui.panels.home:HomePanel"),
    Page("data", "Data", "data", f"{HERE}:Recorder"),
    Page("train", "Train", "train", f"{HERE}:Broken"),
    Page("explore", "Explore", "explore", f"{HERE}:Recorder"),
    Page("dream", "Dream", "dream", f"{HERE}:Canvas"),
    Page("transfer", "Transfer", "transfer", f"{HERE}:Unwilling"),
    Page("write", "Write", "write", f"{HERE}:Refusing"),
)


@pytest.fixture
def window(context, qtbot):
    made = MainWindow(context, FAKES)
    qtbot.addWidget(made)
    made.show()
    made.activateWindow()
    qtbot.waitExposed(made)
    return made


def stored(context, status="done", **changes) -> RunRecord:
    return context.store.create(RunRecord(id="", path=Path(), recipe="vae", status=status, **changes))


def texts(context) -> list[str]:
    return [n.text for n in context.notify.history]


class TestHome(PanelTests):
    panel = HomePanel


class TestHomeWithRuns(PanelTests):
    panel = HomePanel

    @pytest.fixture
    def shown(self, context, qtbot):
        for status in ("done", "failed", "stopped", "interrupted"):
            stored(context, status, title=f"A {status} run", data={"source": "digits"}, steps=1234)
        made = HomePanel(context)
        qtbot.addWidget(made, before_close_func=lambda widget: widget.closing())
        made.resize(1200, 740)
        made.show()
        made.entered()
        qtbot.waitUntil(lambda: len(made.cards) == 4)
        return made


def test_home_shows_the_last_preview_and_deletes_with_undo(context, qtbot):
    record = stored(context, title="VAE")
    image = QImage(64, 64, QImage.Format.Format_RGB32)
    image.fill(Qt.GlobalColor.red)
    assert image.save(str(record.path / "previews" / "step_0000000010_samples.png"))
    home = HomePanel(context)
    qtbot.addWidget(home, before_close_func=lambda widget: widget.closing())
    home.show()
    home.entered()
    qtbot.waitUntil(lambda: record.id in home.cards)
    thumb = home.cards[record.id]._thumb
    qtbot.waitUntil(lambda: thumb.pixmap().toImage().pixelColor(20, 20).red() > 200)
    home.cards[record.id].deleted.emit(record)
    assert context.store.runs() == []
    [told] = context.notify.history
    told.buttons[0].callback()
    assert [r.id for r in context.store.runs()] == [record.id]


def test_home_shows_the_first_words_of_a_text_model(context, qtbot):
    record = stored(context, title="LSTM", data={"source": "fables", "spec": {"kind": "text", "shape": [20]}})
    for name, text in (("temperature-0.5", "the fox saw\nthe grapes"), ("temperature-1", "")):
        (record.path / "previews" / f"step_0000000010_{name}.txt").write_text(text)
    home = HomePanel(context)
    qtbot.addWidget(home, before_close_func=lambda widget: widget.closing())
    home.show()
    home.entered()
    qtbot.waitUntil(lambda: record.id in home.cards)
    qtbot.waitUntil(lambda: home.cards[record.id]._thumb.text() == "the fox saw the grapes")


def test_a_card_shows_whole_cells_of_the_middle_of_a_sheet(context):
    record = stored(context, data={"source": "digits", "spec": {"kind": "image", "shape": [1, 8, 8]}})
    cells = np.arange(16, dtype=np.uint8)[:, None, None, None] * np.ones((1, 8, 8, 1), np.uint8)
    save_png(record.path / "previews" / "step_0000000010_samples.png", sheet(cells, 4))
    piece = last_previews([record])[record.id]
    assert (piece.width(), piece.height()) == (18, 18)
    assert [piece.pixelColor(x, y).red() for y in (0, 17) for x in (0, 17)] == [5, 6, 9, 10]


def test_pages_are_built_on_their_first_visit(window):
    assert list(window.panels) == ["home"]
    window.context.show_panel.emit("data")
    first = window.panels["data"]
    window.show_panel("home")
    window.show_panel("data")
    assert window.panels["data"] is first
    assert window.rail.buttons["data"].isChecked()


def test_digits_with_ctrl_and_the_rail_choose_pages(window, qtbot):
    qtbot.keyClick(window, Qt.Key.Key_4, Qt.KeyboardModifier.ControlModifier)
    assert window.current == "explore"
    qtbot.mouseClick(window.rail.buttons["data"], Qt.MouseButton.LeftButton)
    assert window.current == "data"


def test_a_broken_page_says_so_and_the_others_go_on(window):
    window.show_panel("train")
    assert "no such library" in texts(window.context)[0]
    window.show_panel("data")
    assert window.current == "data"
    assert window.stack.count() == 2


def test_a_dropped_folder_goes_to_data_and_a_notification_says_so(window, tmp_path, qtbot):
    folder = tmp_path / "pictures"
    folder.mkdir()
    assert drop(window, folder)
    qtbot.waitUntil(lambda: "data" in window.panels and window.panels["data"].opened == [["pictures"]])
    assert window.current == "data"
    assert "pictures: opened in Data." in texts(window.context)


def test_raw_picture_data_is_saved_and_opened(window, qtbot):
    image = QImage(12, 10, QImage.Format.Format_RGB32)
    image.fill(Qt.GlobalColor.green)
    mime = QMimeData()
    mime.setImageData(image)
    assert drop(window, mime)
    qtbot.waitUntil(lambda: "data" in window.panels and bool(window.panels["data"].opened))
    [[name]] = window.panels["data"].opened
    kept = QImage(str(window.context.workspace / "dropped" / name))
    assert (kept.width(), kept.height()) == (12, 10)


def test_a_web_address_is_explained(window):
    assert drop(window, "https://example.org/cat.png")
    assert "on the web" in texts(window.context)[0]


def test_plain_text_is_no_drop(window):
    mime = QMimeData()
    mime.setText("hello")
    assert not drop(window, mime)


@pytest.mark.parametrize("inside", [".", "checkpoints", "run.json"])
def test_whatever_belongs_to_a_run_opens_it_in_explore(window, inside, qtbot):
    record = stored(window.context)
    assert drop(window, record.path / inside)
    qtbot.waitUntil(lambda: window.current == "explore")
    assert window.panels["explore"].runs == [record.id]


def test_a_picture_that_carries_a_run_opens_it(window, tmp_path, qtbot):
    pictures = pytest.importorskip("studio.runs.pictures", reason="pictures with recipes are not there")
    import numpy as np

    record = stored(window.context)
    path = tmp_path / "sheet.png"
    pictures.save_png(path, np.zeros((8, 8, 3), np.uint8), {"run": record.id, "recipe": "vae"})
    assert route([path]).run == record.id
    assert drop(window, path)
    qtbot.waitUntil(lambda: window.current == "explore")
    assert window.panels["explore"].runs == [record.id]


def exported(path, kind):
    recipe = {"kind": kind, "version": 1, "config": {"size": 64}, "sources": {}}
    return export(path, np.zeros((16, 16, 3), np.uint8), recipe), recipe


@pytest.mark.parametrize("kind", ["dream", "transfer"])
@pytest.mark.parametrize("suffix", [".png", ".jpg", ".tif", ".webp"])
def test_an_exported_picture_goes_to_its_page_and_is_put_back(window, tmp_path, kind, suffix, qtbot):
    path, recipe = exported(tmp_path / f"made{suffix}", kind)
    window.show_panel("data")
    assert drop(window, path)
    qtbot.waitUntil(lambda: window.current == kind)
    assert window.panels[kind].restored == [recipe]
    assert window.panels[kind].opened == []
    assert texts(window.context) == [
        f"{path.name} was made in {kind.capitalize()}: its pictures and settings are put back."
    ]


def test_an_export_is_put_back_even_while_the_other_page_is_in_front(window, tmp_path, qtbot):
    path, recipe = exported(tmp_path / "made.png", "transfer")
    window.show_panel("dream")
    assert drop(window, path)
    qtbot.waitUntil(lambda: window.current == "transfer")
    assert window.panels["transfer"].restored == [recipe]
    assert window.panels["dream"].opened == []


def test_pictures_go_to_the_page_in_front_if_it_works_on_pictures(window, tmp_path, picture, qtbot):
    window.show_panel("dream")
    assert drop(window, picture)
    qtbot.waitUntil(lambda: window.panels["dream"].opened == [[picture.name]])
    other = tmp_path / "other.jpg"
    export(other, np.zeros((16, 16, 3), np.uint8), {})
    assert drop(window, picture, other)
    qtbot.waitUntil(lambda: window.panels["dream"].opened[1:] == [[picture.name, other.name]])
    assert window.current == "dream"
    assert texts(window.context) == [f"{picture.name}: opened in Dream.", "2 files: opened in Dream."]


def test_raw_picture_data_goes_to_the_page_in_front(window, qtbot):
    window.show_panel("dream")
    image = QImage(12, 10, QImage.Format.Format_RGB32)
    image.fill(Qt.GlobalColor.green)
    mime = QMimeData()
    mime.setImageData(image)
    assert drop(window, mime)
    qtbot.waitUntil(lambda: len(window.panels["dream"].opened) == 1)


def test_the_clipboard_goes_to_the_page_in_front(window, picture, qtbot):
    window.show_panel("dream")
    QApplication.clipboard().setMimeData(files(picture))
    window.opening.open_clipboard()
    qtbot.waitUntil(lambda: window.panels["dream"].opened == [[picture.name]])


@pytest.mark.parametrize("page", ["home", "explore"])
def test_pictures_go_to_data_from_other_pages(window, picture, page, qtbot):
    window.show_panel(page)
    assert drop(window, picture)
    qtbot.waitUntil(lambda: window.current == "data")
    assert window.panels["data"].opened == [[picture.name]]


def test_folders_and_data_files_go_to_data_even_from_a_canvas(window, tmp_path, picture, qtbot):
    archive = tmp_path / "pictures.zip"
    archive.write_bytes(b"PK")
    for number, paths in enumerate(([tmp_path], [archive], [picture, archive]), 1):
        window.show_panel("dream")
        assert drop(window, *paths)
        qtbot.waitUntil(lambda count=number: "data" in window.panels and len(window.panels["data"].opened) == count)
    assert window.panels["dream"].opened == []


def test_what_a_canvas_refuses_goes_to_data(window, picture, qtbot):
    window.show_panel("transfer")
    assert drop(window, picture)
    qtbot.waitUntil(lambda: window.current == "data")
    assert window.panels["transfer"].opened == window.panels["data"].opened == [[picture.name]]
    assert texts(window.context) == [f"{picture.name}: opened in Data."]


def test_without_its_page_an_export_is_opened_as_a_picture(context, tmp_path, qtbot):
    made = MainWindow(context, FAKES[:2])
    qtbot.addWidget(made)
    path, _ = exported(tmp_path / "made.png", "dream")
    made.open_paths([path])
    qtbot.waitUntil(lambda: made.current == "data")
    assert made.panels["data"].opened == [["made.png"]]


@pytest.mark.parametrize("recipe", [{"kind": ["dream"]}, {"kind": "poem"}, {"run": 3}, {"run": ""}, {}])
def test_strange_recipes_lead_nowhere(recipe, tmp_path):
    path = save_png(tmp_path / "a.png", np.zeros((8, 8, 3), np.uint8), recipe)
    found = route([path])
    assert (found.run, found.page, found.recipe) == ("", "", None)


def test_a_run_of_another_workspace_is_shown_as_data_with_a_hint(window, tmp_path, qtbot):
    folder = tmp_path / "20200101-foreign"
    folder.mkdir()
    (folder / "run.json").write_text(json.dumps({"version": 1, "recipe": "vae"}))
    assert drop(window, folder)
    qtbot.waitUntil(lambda: window.current == "data")
    assert any("not in this workspace" in text for text in texts(window.context))


def test_a_path_that_does_not_exist_is_told(window, tmp_path):
    window.open_paths([tmp_path / "nothing"])
    assert "does not exist" in texts(window.context)[0]


def test_a_text_run_opens_in_write(window):
    record = stored(window.context, data={"source": "fables", "spec": {"kind": "text"}})
    window.context.open_run.emit(record.id, "")
    assert window.current == "write"


def test_the_activity_area_shows_several_tasks_and_cancels(window, qtbot):
    area, tasks, asked = window.status.activity, window.context.tasks, []
    first = tasks.begin("training vae", lambda: asked.append("vae"))
    second = tasks.begin("reading pictures", lambda: asked.append("pictures"))
    second.progress(30, 120, "cat.png", seconds_left=130)
    assert area.text == "reading pictures · cat.png"
    assert area.more.isVisible()
    area.toggle_list()
    assert area.popup.isVisible()
    qtbot.mouseClick(area._row.cancel_button, Qt.MouseButton.LeftButton)
    assert asked == ["pictures"]
    assert "Cancelling…" in area.text
    tasks.end(second)
    tasks.end(first)
    assert not area.popup.isVisible()
    third = tasks.begin("copying", lambda: asked.append("copy"))
    qtbot.keyClick(window, Qt.Key.Key_Escape)
    assert asked[-1] == "copy"
    tasks.end(third)
    assert area.text == "copying · Cancelled"


def test_notifications_pass_unless_they_matter(window, qtbot, monkeypatch):
    monkeypatch.setattr("studio.ui.widgets.toasts.SHOWN_MS", 40)
    pressed, notify = [], window.context.notify
    notify.info("A short word.")
    notify.exception(BadInput("cat.zip is damaged.", "Make it anew."))
    qtbot.waitUntil(lambda: [t.notification.severity for t in window.toasts.shown] == ["error"])
    [toast] = window.toasts.shown
    toast.expand()
    toast.show_details()
    assert toast.expanded
    assert toast._details.isVisible()
    assert "BadInput" in toast._details.toPlainText()
    notify.warning("The run is in the trash.", buttons=(Button("Undo", lambda: pressed.append("undo")),))
    undo = next(b for b in window.toasts.shown[-1].findChildren(QWidget) if getattr(b, "text", str)() == "Undo")
    undo.click()
    assert pressed == ["undo"]
    assert len(window.toasts.shown) == 1


def test_notifications_lie_inside_the_window_and_do_not_overlap(window):
    for i in range(8):
        window.context.notify.error(f"Error {i} " + "with a very long explanation " * 20)
    boxes = [t.geometry() for t in window.toasts.shown]
    assert len(boxes) == 5
    assert all(window.stack.rect().contains(box) for box in boxes)
    assert not any(a.intersects(b) for i, a in enumerate(boxes) for b in boxes[i + 1 :])


def test_undo_and_redo_by_key(window, qtbot):
    state = []

    class Add(QUndoCommand):
        def redo(self):
            state.append(1)

        def undo(self):
            state.pop()

    window.context.undo.push(Add("add"))
    qtbot.keyClick(window, Qt.Key.Key_Z, Qt.KeyboardModifier.ControlModifier)
    assert state == []
    both = Qt.KeyboardModifier.ControlModifier | Qt.KeyboardModifier.ShiftModifier
    qtbot.keyClick(window, Qt.Key.Key_Z, both)
    assert state == [1]


def test_sheets_open_by_key_one_at_a_time_and_close_on_escape(window, qtbot):
    ctrl, shift = Qt.KeyboardModifier.ControlModifier, Qt.KeyboardModifier.ShiftModifier
    names = []
    for key, modifier in [
        (Qt.Key.Key_P, ctrl | shift),
        (Qt.Key.Key_Comma, ctrl),
        (Qt.Key.Key_F1, Qt.KeyboardModifier(0)),
    ]:
        qtbot.keyClick(window, key, modifier)
        names.append(type(window.sheet).__name__)
    assert names == ["CommandPalette", "Preferences", "ShortcutSheet"]
    qtbot.keyClick(window.sheet, Qt.Key.Key_Escape)
    assert window.sheet is None


def test_preferences_act_at_once_and_are_kept(window, tmp_path, qtbot):
    window.show_preferences()
    sheet = window.sheet
    assert isinstance(sheet, Preferences)
    sheet.look.setCurrentIndex(2)
    sheet.size_slider.setValue(30)
    sheet.motion.setChecked(False)
    sheet.workspace.setText(str(tmp_path / "other"))
    sheet.workspace.editingFinished.emit()
    theme = window.context.theme
    assert (theme.mode, theme.scale, theme.reduced_motion) == ("light", 1.5, False)
    assert window.context.settings.sync()
    kept = Settings()
    assert (kept.get("look/mode"), kept.get("look/scale")) == ("light", 1.5)
    assert kept.get("workspace") == str(tmp_path / "other")
    sheet.close_sheet()


def test_full_screen_by_f11_and_back_by_escape(window, qtbot):
    qtbot.keyClick(window, Qt.Key.Key_F11)
    assert window.isFullScreen()
    qtbot.keyClick(window, Qt.Key.Key_Escape)
    assert not window.isFullScreen()


@pytest.mark.parametrize("scale", [0.8, 1.0, 2.0])
def test_the_shell_fits_at_every_scale(window, scale):
    window.context.theme.set_scale(scale)
    hint = window.minimumSizeHint()
    assert hint.width() <= 1280
    assert hint.height() <= 800


def test_geometry_page_and_splitters_return(context, qtbot):
    first = MainWindow(context, FAKES)
    qtbot.addWidget(first)
    first.resize(700, 560)  # the offscreen screen is 800x800
    first.show()
    first.show_panel("data")
    first.panels["data"].splitter.setSizes([400, 100])
    sizes = first.panels["data"].splitter.sizes()
    first.close()
    assert first.panels["data"].closed
    second = MainWindow(context, FAKES)
    qtbot.addWidget(second)
    second.show()
    assert second.current == "data"
    assert (second.width(), second.height()) == (700, 560)
    assert second.panels["data"].splitter.sizes() == pytest.approx(sizes, abs=3)


def test_a_workspace_that_cannot_be_used_is_replaced_and_told(qapp, config, tmp_path, qtbot):
    blocker = tmp_path / "file"
    blocker.write_text("not a folder")
    context = gui.make_context(blocker / "workspace", Settings())
    qtbot.waitUntil(lambda: bool(context.notify.history))
    assert "works in" in context.notify.history[0].text
    assert context.workspace.is_dir()
    context.close()
    context.store.close()


def test_damaged_settings_are_told_not_fatal(qapp, config, tmp_path, qtbot):
    config.mkdir()
    (config / "settings.ini").write_bytes(b"\x00garbage")
    context = gui.make_context(tmp_path / "workspace")
    qtbot.waitUntil(lambda: bool(context.notify.history))
    assert "set aside" in context.notify.history[0].text
    context.close()
    context.store.close()


class Endless:
    """A run that goes on until it is stopped."""

    def __init__(self, run_id: str) -> None:
        self.id = run_id

    def events(self, control):
        step = 0
        while not control.stopped:
            control.wait(0.01)
            threading.Event().wait(0.005)
            step += 1
            yield Progress(step, 0, 10**6, 1.0, 1.0, 60.0)
        yield Finished(step, "stopped", 0.0)


@pytest.fixture
def training(window, qtbot):
    record = stored(window.context, "stopped")
    job = TrainingJob(window.context)
    job.start(Endless(record.id))
    qtbot.waitUntil(lambda: window.context.tasks.active[0].done > 1)
    yield job
    job.stop()
    assert job.wait(5000)


def test_closing_while_training_asks_and_escape_goes_back(window, training, qtbot):
    window.close()
    assert window.isVisible()
    assert isinstance(window.sheet, CloseQuestion)
    qtbot.keyClick(window.sheet, Qt.Key.Key_Escape)
    assert window.isVisible()
    assert training.running
    assert window.active_jobs == (training,)


def test_checkpoint_and_stop_closes_after_the_job_has_ended(window, training, qtbot):
    window.close()
    window.sheet.buttons["stop"].click()
    qtbot.waitUntil(lambda: not window.isVisible())
    assert not training.running
    assert training.status == "stopped"
    assert len(window.context.store.runs()) == 1


def test_closing_twice_takes_the_safe_answer(window, training, qtbot):
    window.close()
    window.close()
    qtbot.waitUntil(lambda: not window.isVisible())
    assert len(window.context.store.runs()) == 1


def test_discard_moves_the_run_to_the_trash(window, training, qtbot):
    window.close()
    window.sheet.buttons["discard"].click()
    qtbot.waitUntil(lambda: not window.isVisible())
    assert window.context.store.runs() == []
    assert list((window.context.workspace / "trash").iterdir())


def test_kept_running_hidden_the_window_closes_by_itself_at_the_end(window, training, qtbot):
    window.close()
    window.sheet.buttons["hide"].click()
    assert training.running
    training.stop()
    qtbot.waitUntil(lambda: not window.isVisible())
    assert QApplication.quitOnLastWindowClosed()


@pytest.fixture
def dreaming(window, qtbot):
    job = TrainingJob(window.context, doing="Dreaming", stored=False)
    job.start(Endless("dream-1"), "Dreaming")
    qtbot.waitUntil(lambda: window.context.tasks.active[0].done > 1)
    yield job
    job.stop()
    assert job.wait(5000)


def test_closing_while_dreaming_speaks_of_the_dream_not_of_training(window, dreaming, qtbot):
    window.close()
    assert window.sheet.accessibleName() == "Dreaming is going on"
    assert "training" not in window.sheet.text.text()
    assert "checkpoint" not in window.sheet.buttons["stop"].text()
    assert "discard" not in window.sheet.buttons  # there is no run to move to the trash
    window.sheet.buttons["stop"].click()
    qtbot.waitUntil(lambda: not window.isVisible())
    assert dreaming.status == "stopped"


def test_closing_speaks_of_everything_that_goes_on(window, training, dreaming):
    window.close()
    assert window.sheet.accessibleName() == "Work is going on"
    assert "A run is still training." in window.sheet.text.text()
    assert "Dreaming is not finished" in window.sheet.text.text()
    assert window.sheet.buttons["stop"].text() == "Save a checkpoint and stop everything"


def test_closing_while_a_film_is_made_asks_and_cancels_it(window, qtbot):
    panel = window.panels[window.current]
    page = LongWork(panel, "Make the film", lambda: None)
    page.setParent(panel)

    def film(progress):
        while True:
            progress(0, 10, "frame 1 of 10")
            threading.Event().wait(0.005)

    page.run("Making the film", film, (), lambda _: None)
    window.close()
    assert window.sheet.accessibleName() == "Making the film is going on"
    window.sheet.buttons["stop"].click()
    qtbot.waitUntil(lambda: not window.isVisible())
    assert not page.going


def test_short_work_is_not_asked_about(window, qtbot):
    window.context.run_task(lambda progress: progress(0, 1), title="Reading a picture")
    window.close()
    assert not window.isVisible()


def test_stray_exceptions_of_any_thread_reach_the_notifications(context, qtbot, capsys):
    faults = Faults(context.notify)
    faults.install()
    try:
        try:
            raise RuntimeError("lost in the main thread")
        except RuntimeError as error:
            sys.excepthook(type(error), error, error.__traceback__)
        thread = threading.Thread(target=lambda: {}["lost in a worker"], name="worker")
        thread.start()
        thread.join()
        qtbot.waitUntil(lambda: len(context.notify.history) == 2)
    finally:
        faults.uninstall()
    assert "lost in the main thread" in texts(context)[0]
    assert "Thread worker" in texts(context)[1]
    assert all("Traceback" in n.details for n in context.notify.history)
    assert "lost in a worker" in capsys.readouterr().err


def test_nothing_heavy_is_imported_before_the_first_paint(tmp_path):
    code = (
        "import sys; from pathlib import Path; from studio.app import gui\n"
        "seconds = gui.time_to_first_paint(Path(sys.argv[1]))\n"
        "names = ('torch', 'torchvision', 'pyqtgraph', 'sklearn', 'scipy', 'superqt')\n"
        "print(seconds > 0, [m for m in names if m in sys.modules])"
    )
    env = {"QT_QPA_PLATFORM": "offscreen", "GENERATIVE_STUDIO_CONFIG": str(tmp_path), "PATH": ""}
    done = subprocess.run(
        [sys.executable, "-c", code, str(tmp_path / "w")],
        capture_output=True, text=True, timeout=60, env=env, check=False, cwd=Path(__file__).parents[2],
    )  # fmt: skip
    assert done.stdout.strip() == "True []", done.stderr


def test_every_page_of_the_rail_has_an_icon_and_the_demanded_order():
    makers = ["Dream", "Transfer", "Write", "Lessons"]
    lookers = ["Explore", "Classify", "Translate", "Judge"]
    assert [p.title for p in PAGES] == ["Home", "Data", "Train", *lookers, *makers]


def test_a_low_rail_keeps_every_page_in_reach(context, qtbot):
    rail = Rail(context.theme, [(p.id, p.title, p.icon) for p in PAGES])
    qtbot.addWidget(rail)
    rail.resize(rail.width(), 900)
    rail.show()
    qtbot.waitExposed(rail)
    buttons = list(rail.buttons.values())
    assert not rail.compact
    assert buttons[0].toolButtonStyle() == Qt.ToolButtonStyle.ToolButtonTextUnderIcon
    rail.resize(rail.width(), 240)
    qtbot.waitUntil(lambda: rail.compact)
    assert buttons[0].toolButtonStyle() == Qt.ToolButtonStyle.ToolButtonIconOnly
    assert buttons[0].toolTip() == PAGES[0].title
    last = buttons[-1]
    last.setFocus(Qt.FocusReason.TabFocusReason)
    qtbot.waitUntil(lambda: rail.rect().contains(last.mapTo(rail, last.rect().center())))


class Training(Panel):
    """A Train page whose runs end at once."""

    id = "train"
    title = "Train"
    icon = "train"
    status: ClassVar[str] = "done"
    run_finished = Signal(str, str)

    def train(self, request):
        record = stored(self.context, self.status, preset=request.preset, data={"source": request.data})
        self.run_finished.emit(record.id, self.status)


class Failing(Training):
    status = "failed"


class Exploring(Recorder):
    """An Explore page that is ready as soon as a run is opened."""

    id = "explore"
    ready = Signal()

    def open_run(self, record):
        super().open_run(record)
        self.ready.emit()


@pytest.mark.parametrize(("page", "status"), [("Training", 0), ("Failing", 1)])
def test_the_demo_trains_shows_explore_writes_a_picture_and_ends(context, tmp_path, page, status, qtbot, capsys):
    pages = (
        Page("train", "Train", "train", f"{HERE}:{page}"),
        Page("explore", "Explore", "explore", f"{HERE}:Exploring"),
    )
    window = MainWindow(context, pages)
    qtbot.addWidget(window)
    warm_up = WarmUp(window)
    demo = Demo(window, warm_up, quit_when_done=True, screenshot=tmp_path / "out" / "explore.png")
    window.first_painted.connect(demo.start)
    window.show()
    qtbot.waitUntil(lambda: not window.isVisible(), timeout=60_000)  # torch is imported meanwhile
    assert demo.exit_status == status
    [record] = context.store.runs()
    assert (record.preset, record.data["source"]) == ("demo", "digits")
    out, err = capsys.readouterr()
    if status == 0:
        assert out.strip() == str(tmp_path / "out" / "explore.png")
        assert QImage(out.strip()).width() == window.width()
    else:
        assert "ended as failed" in err
    assert warm_up.done
    assert window.status.chip.text().partition(" · ")[0] in ("cpu", "cuda", "mps")


def test_menus_follow_the_rail_and_help_is_last(window, qtbot):
    qtbot.waitUntil(lambda: bool(window.menuBar().actions()))
    names = [a.text().replace("&", "") for a in window.menuBar().actions()]
    assert names[:3] == ["File", "Edit", "View"]
    assert names[-1] == "Help"


def test_no_page_has_a_shortcut_of_two_digits(context, qtbot):
    made = MainWindow(context)
    qtbot.addWidget(made)
    keys = [context.actions.shortcut(f"view.{page.id}") for page in PAGES]
    assert keys[0] == "Ctrl+1"
    assert keys[8] == "Ctrl+9"
    assert keys[9] == "Ctrl+0"
    assert not any("10" in k or "11" in k for k in keys)
