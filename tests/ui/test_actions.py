"""The table of actions, the palette, the shortcut sheet."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st
from PySide6.QtCore import Qt
from PySide6.QtGui import QKeySequence
from PySide6.QtWidgets import QMainWindow

from studio.core.errors import StudioError
from studio.ui.actions import Action, ActionTable, score
from studio.ui.palette import CommandPalette, ranked
from studio.ui.settings import Settings
from studio.ui.widgets.shortcuts import ShortcutSheet


@pytest.fixture
def host(qtbot):
    window = QMainWindow()
    qtbot.addWidget(window)
    window.resize(1000, 700)
    window.show()
    return window


@pytest.fixture
def done():
    return []


@pytest.fixture
def table(qapp, tmp_path, done):
    made = ActionTable(Settings(tmp_path / "s.ini"))
    made.add(Action("train.run", "Run", lambda: done.append("run"), "Ctrl+R", "Train", "play"))
    made.add(Action("train.stop", "Stop", lambda: done.append("stop"), "Ctrl+T", "Train", enabled=lambda: False))
    made.add(Action("view.data", "Go to Data", lambda: done.append("data"), "Ctrl+2; Alt+D", "View"))
    return made


def test_shortcuts_work_in_the_window(host, table, done, qtbot):
    table.attach(host)
    qtbot.keyClick(host, Qt.Key.Key_R, Qt.KeyboardModifier.ControlModifier)
    qtbot.keyClick(host, Qt.Key.Key_D, Qt.KeyboardModifier.AltModifier)
    assert done == ["run", "data"]


def test_actions_that_are_not_enabled_are_not_done(table, done):
    assert not table.trigger("train.stop")
    assert done == []
    table.refresh()
    assert not table.qaction("train.stop").isEnabled()
    assert table.qaction("train.run").isEnabled()


def test_rebound_shortcuts_are_stored_and_replace_the_old_ones(host, table, done, tmp_path, qtbot):
    table.attach(host)
    table.rebind("train.run", "F5")
    qtbot.keyClick(host, Qt.Key.Key_R, Qt.KeyboardModifier.ControlModifier)
    assert done == []
    qtbot.keyClick(host, Qt.Key.Key_F5)
    assert done == ["run"]
    again = ActionTable(Settings(tmp_path / "s.ini"))
    again.add(Action("train.run", "Run", lambda: None, "Ctrl+R"))
    assert again.shortcut("train.run") == "F5"
    again.reset("train.run")
    assert again.shortcut("train.run") == "Ctrl+R"


def test_two_actions_never_share_a_shortcut(table):
    with pytest.raises(StudioError, match="Go to Data"):
        table.rebind("train.run", "Alt+D")
    assert table.shortcut("train.run") == "Ctrl+R"


def test_a_replaced_action_acts_once(host, table, done, qtbot):
    table.attach(host)
    table.add(Action("train.run", "Run again", lambda: done.append("again"), "Ctrl+R"))
    qtbot.keyClick(host, Qt.Key.Key_R, Qt.KeyboardModifier.ControlModifier)
    assert done == ["again"]


@pytest.mark.parametrize(("query", "best"), [("gd", "view.data"), ("run", "train.run"), ("data", "view.data")])
def test_a_few_letters_find_the_action(table, query, best):
    assert ranked(table, query)[0].id == best


def test_the_palette_offers_only_what_can_be_done(table):
    assert [a.id for a in ranked(table, "")] == ["train.run", "view.data"]
    assert ranked(table, "stop") == []
    assert ranked(table, "zzzz") == []


@given(title=st.text(alphabet=st.characters(codec="ascii", categories=["L"]), min_size=1, max_size=30))
def test_a_title_always_finds_itself(title):
    assert score(title, title) > 0
    assert score(title + "#", title) == 0


def test_palette_by_keyboard(host, table, done, context, qtbot):
    palette = CommandPalette(host, context.theme, table)
    palette.open_sheet(palette.search)
    qtbot.keyClicks(palette.search, "go")
    qtbot.keyClick(palette.search, Qt.Key.Key_Return)
    assert done == ["data"]
    assert not palette.isVisible()


def test_palette_goes_away_on_escape(host, table, done, context, qtbot):
    palette = CommandPalette(host, context.theme, table)
    palette.open_sheet(palette.search)
    with qtbot.waitSignal(palette.closed):
        qtbot.keyClick(palette.search, Qt.Key.Key_Escape)
    assert done == []


def test_tab_stays_inside_a_sheet(host, table, context, qtbot):
    sheet = ShortcutSheet(host, context.theme, table)
    sheet.open_sheet()
    for _ in range(12):
        qtbot.keyClick(host.focusWidget(), Qt.Key.Key_Tab)
        assert sheet.isAncestorOf(host.focusWidget())
    sheet.close_sheet()


def test_shortcut_sheet_rebinds_and_refuses(host, table, context, qtbot):
    sheet = ShortcutSheet(host, context.theme, table)
    sheet.open_sheet()
    field = sheet.field("train.run")
    field.setKeySequence(QKeySequence("F6"))
    field.editingFinished.emit()
    assert table.shortcut("train.run") == "F6"
    field.setKeySequence(QKeySequence("Ctrl+2"))
    field.editingFinished.emit()
    assert "Go to Data" in sheet.message.text()
    assert field.keySequence().toString() == "F6"
    sheet.close_sheet()


def test_a_key_that_two_pages_share_goes_to_the_page_that_can_use_it(host, table, done, qtbot):
    """Qt calls nothing for a key that two actions hold, so the table gives it to one and finds the other."""
    table.attach(host)
    front = {"page": "train"}
    for page in ("train", "dream"):
        table.add(
            Action(
                f"{page}.start", "Start", lambda page=page: done.append(page), "Ctrl+Return",
                enabled=lambda page=page: front["page"] == page,
            )
        )  # fmt: skip
    for page in ("dream", "train"):
        front["page"] = page
        qtbot.keyClick(host, Qt.Key.Key_Return, Qt.KeyboardModifier.ControlModifier)
    assert done == ["dream", "train"]
    assert table.qaction("dream.start").text().endswith("Return")  # menus show the key all the same
    table.remove("train.start")
    front["page"] = "dream"
    qtbot.keyClick(host, Qt.Key.Key_Return, Qt.KeyboardModifier.ControlModifier)
    assert done[-1] == "dream"
