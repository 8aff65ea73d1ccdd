"""Narrow combo boxes: long entries end in an ellipsis instead of being cut, and are whole in the open list."""

from __future__ import annotations

import pytest

from studio.ui.widgets.combo import NarrowCombo

LONG = "MNIST handwritten digits · download 12 MB, and a name that goes on and on"


@pytest.fixture
def combo(qtbot):
    made = NarrowCombo("Data")
    made.addItems(["short", LONG])
    qtbot.addWidget(made)
    made.resize(120, 28)
    made.show()
    return made


def test_a_long_entry_makes_it_no_wider_and_ends_in_an_ellipsis(combo):
    before = combo.sizeHint().width()
    combo.setCurrentIndex(1)
    assert combo.sizeHint().width() == before
    shown = combo.shown_text(100)
    assert shown.endswith("…")
    assert LONG.startswith(shown[:-1])
    assert combo.fontMetrics().horizontalAdvance(shown) <= 100
    assert combo.shown_text(10_000) == LONG


def test_what_fits_is_drawn_as_it_is_and_long_ones_differ_from_a_cut(combo):
    combo.setCurrentIndex(0)
    short = combo.grab().toImage()
    combo.setCurrentIndex(1)
    assert combo.grab().toImage() != short
    assert combo.shown_text(100) != LONG


def test_nothing_chosen_invites(combo):
    combo.setPlaceholderText("Choose a run…")
    combo.setCurrentIndex(-1)
    assert combo.shown_text(10_000) == "Choose a run…"
    assert not combo.grab().isNull()


def test_the_open_list_shows_entries_whole(combo):
    combo.showPopup()
    assert combo.view().width() >= min(
        combo.view().sizeHintForColumn(0), combo.screen().availableGeometry().width() // 2
    )
    combo.hidePopup()
