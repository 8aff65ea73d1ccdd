"""Write: prompt, temperature, streaming, comparison, keeping."""

from __future__ import annotations

import threading

import pytest
from PySide6.QtCore import QPoint, Qt
from PySide6.QtGui import QGuiApplication

from studio.core.errors import BadCheckpoint
from studio.ui.panels.write import WritePanel
from tests.ui.fakes_explore import FakeModel, add_run
from tests.ui.panel_tests import PanelTests


class TestWritePanel(PanelTests):
    panel = WritePanel


class Writer(FakeModel):
    """Writes w0, w1, … and tells what may come next; `gate` holds it up after ten tokens."""

    def __init__(self, record) -> None:
        super().__init__(record, ("WritesText", "PredictsTokens"))
        self.gate = threading.Event()
        self.gate.set()
        self.asked: list[tuple] = []

    def write(self, prompt, n, temperature, seed):
        self.asked.append((prompt, n, temperature, seed))
        for i in range(n):
            if i == 10:
                self.gate.wait(5)
            yield f" w{i}@{temperature:g}"

    def next_tokens(self, prompt, temperature, k):
        return [("fox", 0.75), ("crow", 0.25)]


@pytest.fixture
def panel(context, qtbot):
    record = add_run(context.store, "lstm-text", "text")
    made = WritePanel(context, opener=lambda *_: Writer(record))
    qtbot.addWidget(made, before_close_func=lambda p: p.closing())
    made.resize(1200, 740)
    made.show()
    made.entered()
    with qtbot.waitSignal(made.ready, timeout=5000):
        made.open_run(record)
    return made


def test_without_runs_it_says_what_to_do(context, qtbot):
    panel = WritePanel(context)
    qtbot.addWidget(panel, before_close_func=lambda p: p.closing())
    panel.show()
    assert panel.stack.currentWidget() is panel.empty_state
    assert "Train" in panel.empty_state.text.text()


def test_it_continues_the_prompt(panel, qtbot):
    panel.controls.length_box.setValue(20)
    qtbot.keyClicks(panel.controls.prompt, "Once upon")
    with qtbot.waitSignal(panel.written, timeout=5000):
        qtbot.mouseClick(panel.controls.write_button, Qt.MouseButton.LeftButton)
    assert panel.text() == "Once upon" + "".join(f" w{i}@0.5" for i in range(20))
    assert "20 tokens" in panel.controls.note.text()


def test_the_slider_sets_the_temperature(panel, qtbot):
    panel.controls.slider.setFocus()
    qtbot.keyClick(panel.controls.slider, Qt.Key.Key_Right)
    assert panel.controls.temperature == pytest.approx(0.55)
    qtbot.keyClick(panel.controls.slider, Qt.Key.Key_End)
    assert panel.controls.temperature == pytest.approx(2.0)
    with qtbot.waitSignal(panel.written, timeout=5000):
        panel.write()
    assert panel.model.asked[-1][2] == pytest.approx(2.0)


def test_text_appears_while_it_is_written_and_stop_ends_it(panel, qtbot):
    panel.model.gate.clear()
    panel.write()
    qtbot.waitUntil(lambda: panel.text().endswith("w9@0.5"))
    assert not panel.controls.write_button.isEnabled()
    qtbot.mouseClick(panel.controls.stop_button, Qt.MouseButton.LeftButton)
    panel.model.gate.set()
    qtbot.waitUntil(lambda: panel.controls.note.text() == "stopped")
    assert panel.text().endswith("w9@0.5")
    assert panel.controls.write_button.isEnabled()


def test_temperatures_are_compared_side_by_side(panel, qtbot):
    panel.controls.length_box.setValue(3)
    box = panel.controls.compare_box
    qtbot.mouseClick(box, Qt.MouseButton.LeftButton, pos=QPoint(8, box.height() // 2))
    assert [o.isVisible() for o in panel.columns.outputs] == [True, True, True]
    with qtbot.waitSignal(panel.written, timeout=5000):
        panel.write()
    assert [o.toPlainText() for o in panel.columns.outputs] == [
        "".join(f" w{i}@{t}" for i in range(3)) for t in (0.2, 0.5, 1)
    ]
    assert "[temperature 0.2]" in panel.text()


def test_likely_tokens_are_listed_with_their_share(panel, qtbot):
    qtbot.waitUntil(lambda: panel.columns.likely.names == ("fox", "crow"))
    assert panel.columns.likely.texts == ("75.0 %", "25.0 %")


def test_text_is_copied_and_saved(panel, qtbot, context):
    panel.controls.length_box.setValue(2)
    with qtbot.waitSignal(panel.written, timeout=5000):
        panel.write()
    qtbot.mouseClick(panel.controls.copy_button, Qt.MouseButton.LeftButton)
    assert QGuiApplication.clipboard().text() == panel.text()
    with qtbot.waitSignal(panel.exported, timeout=5000) as saved:
        qtbot.mouseClick(panel.controls.save_button, Qt.MouseButton.LeftButton)
    assert saved.args[0].parent == context.workspace / "exports"
    assert saved.args[0].read_text() == panel.text()


def test_a_failure_is_explained(context, qtbot):
    def broken(*_):
        raise BadCheckpoint("The weights are damaged.", "Choose another checkpoint.")

    record = add_run(context.store, "lstm-text", "text")
    panel = WritePanel(context, opener=broken)
    qtbot.addWidget(panel, before_close_func=lambda p: p.closing())
    panel.show()
    panel.open_run(record)
    qtbot.waitUntil(lambda: "damaged" in panel.failed_state.text.text())
    assert context.notify.history[-1].severity == "error"
