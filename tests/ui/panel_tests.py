"""What every panel must do. Inherit `PanelTests` and set `panel`:

class TestHome(PanelTests):
    panel = HomePanel
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import ClassVar

import pytest
import shiboken6
from PySide6.QtCore import Qt, QThread, QTimer
from PySide6.QtGui import QAccessible
from PySide6.QtWidgets import (
    QAbstractButton,
    QAbstractItemView,
    QAbstractSlider,
    QAbstractSpinBox,
    QComboBox,
    QHeaderView,
    QLineEdit,
    QPlainTextEdit,
    QScrollBar,
    QTextEdit,
    QWidget,
)

from studio.ui.panel import Panel
from tests.ui.conftest import alive, flush

INTERACTIVE = (
    QAbstractButton,
    QAbstractItemView,
    QAbstractSlider,
    QAbstractSpinBox,
    QComboBox,
    QLineEdit,
    QPlainTextEdit,
    QTextEdit,
)
INNER = (QAbstractSpinBox, QComboBox, QAbstractItemView, QHeaderView)


def interactive(root: QWidget) -> Iterator[QWidget]:
    """Yield the visible, enabled controls a person can use; not the inner parts of a spin box, combo box or view."""
    for widget in root.findChildren(QWidget):
        if not isinstance(widget, INTERACTIVE) or isinstance(widget, QScrollBar | QHeaderView):
            continue
        if not widget.isVisibleTo(root) or not widget.isEnabled() or widget.objectName().startswith("qt_"):
            continue
        parent = widget.parentWidget()
        while parent is not None and parent is not root and not isinstance(parent, INNER):
            parent = parent.parentWidget()
        if parent is root:
            yield widget


def accessible_name(widget: QWidget) -> str:
    """Return what a screen reader would say."""
    interface = QAccessible.queryAccessibleInterface(widget)
    return interface.text(QAccessible.Text.Name) if interface is not None else widget.accessibleName()


class PanelTests:
    """Builds, shrinks, is grabbed, closes, leaks nothing, is usable by keyboard and screen reader."""

    panel: ClassVar[type[Panel]]

    @pytest.fixture
    def shown(self, context, qtbot):
        made = self.panel(context)
        qtbot.addWidget(made, before_close_func=lambda widget: widget.closing())
        made.resize(1200, 740)
        made.show()
        made.entered()
        qtbot.wait(80)
        return made

    def test_has_identity(self, shown):
        assert shown.id
        assert shown.title
        assert not shown.context.theme.icon(shown.icon).isNull()
        assert shown.accessibleName() == shown.title

    def test_fits_within_a_small_window(self, shown, qtbot):
        hint = shown.minimumSizeHint().expandedTo(shown.minimumSize())
        # 1280x800 less rail, menu bar and status strip.
        assert hint.width() <= 1200, hint
        assert hint.height() <= 736, hint
        shown.resize(hint)
        qtbot.wait(20)
        assert not shown.grab().isNull()

    @pytest.mark.parametrize("mode", ["dark", "light"])
    def test_is_drawn_in_both_looks(self, shown, mode, qtbot):
        shown.context.theme.set_mode(mode)
        qtbot.wait(50)
        image = shown.grab().toImage()
        colours = {
            image.pixelColor(x, y).name() for x in range(0, image.width(), 7) for y in range(0, image.height(), 7)
        }
        assert len(colours) > 2
        assert image.pixelColor(image.width() - 3, image.height() - 3).lightness() < 128 or mode == "light"

    def test_every_control_has_a_name(self, shown):
        nameless = [repr(w) for w in interactive(shown) if not accessible_name(w).strip()]
        assert nameless == []

    def test_every_control_is_reached_by_tab(self, shown):
        chain, widget = set(), shown.nextInFocusChain()
        while widget is not shown:
            chain.add(widget)
            widget = widget.nextInFocusChain()
        lost = [
            f"{w!r} {accessible_name(w)}"
            for w in interactive(shown)
            if w not in chain or not (w.focusPolicy() & Qt.FocusPolicy.TabFocus)
        ]
        assert lost == []

    def test_closes_without_leaks(self, context, qtbot):
        made = self.panel(context)
        made.show()
        made.entered()
        qtbot.wait(80)
        timers = made.findChildren(QTimer)
        made.closing()
        made.close()
        made.deleteLater()
        flush()
        assert not shiboken6.isValid(made)
        assert [t for t in timers if shiboken6.isValid(t) and t.isActive()] == []
        assert [t for t in alive(QThread) if t.isRunning() and t is not QThread.currentThread()] == []
