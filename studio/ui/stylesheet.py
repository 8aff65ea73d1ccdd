"""The application's one stylesheet, generated from the token table of `theme.py`.

`setProperty("role", …)` chooses a variant: labels "page", "title", "muted", "small", "mono", "error";
buttons "primary", "flat", "danger"; frames "card", "surface", "toast".
"""

from __future__ import annotations

import re
from collections.abc import Mapping

TEMPLATE = """
* { font-size: [13]; color: $text; outline: none; }
QMainWindow, QDialog, QWidget#page { background: $window; }
QToolTip { background: $control; color: $text; border: 1px solid $border; padding: [4]; }

QLabel { background: transparent; }
QLabel[role="page"] { font-size: [20]; font-weight: 600; }
QLabel[role="title"] { font-size: [16]; font-weight: 600; }
QLabel[role="muted"] { color: $muted; }
QLabel[role="small"] { color: $muted; font-size: [11]; }
QLabel[role="excerpt"] {
  color: $muted; background: $control; border-radius: [4]; padding: [4]; font-size: [10]; font-style: italic;
}
QLabel[role="error"] { color: $red; }
QLabel[role="mono"] { font-family: monospace; }
QLabel:disabled { color: $muted; }

QFrame[role="card"] { background: $surface; border: 1px solid $border; border-radius: [6]; }
QFrame[role="card"]:hover { border-color: $muted; }
QFrame[role="surface"] { background: $surface; border: none; }
QFrame[role="toast"] { background: $control; border: 1px solid $border; border-radius: [6]; }
QFrame[role="drop"] { background: transparent; border: 2px dashed $border; border-radius: [6]; }
QFrame[role="card"]:focus, QFrame[role="drop"]:focus, QFrame[role="card"][over="true"] { border-color: $accent; }
QFrame[role="drop"][over="true"] { border-color: $accent; background: $surface; }

QPushButton, QToolButton {
  background: $control; border: 1px solid $border; border-radius: [6]; padding: 0 [12]; min-height: [26];
}
QToolButton { padding: 0 [6]; }
QPushButton:hover, QToolButton:hover { background: $hover; }
QPushButton:pressed, QToolButton:pressed { background: $border; }
QPushButton:focus, QToolButton:focus { border-color: $accent; }
QPushButton:disabled, QToolButton:disabled { color: $muted; background: $surface; }
QPushButton:checked, QToolButton:checked { background: $hover; border-color: $accent; }
QPushButton[role="primary"] { background: $accent; color: $on_accent; border-color: $accent; font-weight: 600; }
QPushButton[role="primary"]:focus { border-color: $text; }
QPushButton[role="primary"]:disabled { background: $control; color: $muted; border-color: $border; }
QPushButton[role="flat"], QToolButton[role="flat"] { background: transparent; border-color: transparent; }
QPushButton[role="flat"]:hover, QToolButton[role="flat"]:hover { background: $hover; }
QPushButton[role="flat"]:focus, QToolButton[role="flat"]:focus { border-color: $accent; }
QToolButton[role="flat"]:checked { background: $hover; border-color: $accent; }
QPushButton[role="danger"] { color: $red; }

QLineEdit, QPlainTextEdit, QTextEdit, QSpinBox, QDoubleSpinBox, QComboBox, QKeySequenceEdit QLineEdit {
  background: $surface; border: 1px solid $border; border-radius: [6]; padding: 0 [6]; min-height: [26];
  selection-background-color: $accent; selection-color: $on_accent;
}
QPlainTextEdit, QTextEdit { padding: [4]; }
QLineEdit:focus, QPlainTextEdit:focus, QTextEdit:focus, QSpinBox:focus, QDoubleSpinBox:focus, QComboBox:focus {
  border-color: $accent;
}
QLineEdit:disabled, QSpinBox:disabled, QDoubleSpinBox:disabled, QComboBox:disabled {
  color: $muted; background: $window;
}
QLineEdit[invalid="true"], QSpinBox[invalid="true"], QDoubleSpinBox[invalid="true"] { border-color: $red; }
QAbstractSpinBox QLineEdit { background: transparent; border: none; padding: 0 [4]; min-height: 0; }
QComboBox::drop-down { border: none; width: [20]; }
QComboBox::down-arrow { image: url("@down"); width: [12]; height: [12]; }
QSpinBox, QDoubleSpinBox { padding-left: [8]; padding-right: [18]; }
QSpinBox::up-button, QDoubleSpinBox::up-button {
  subcontrol-position: top right; width: [18]; height: [13]; border: none; background: transparent;
}
QSpinBox::down-button, QDoubleSpinBox::down-button {
  subcontrol-position: bottom right; width: [18]; height: [13]; border: none; background: transparent;
}
QSpinBox::up-arrow, QDoubleSpinBox::up-arrow { image: url("@up"); width: [10]; height: [10]; }
QSpinBox::down-arrow, QDoubleSpinBox::down-arrow { image: url("@down"); width: [10]; height: [10]; }
QComboBox QAbstractItemView { background: $surface; border: 1px solid $border; padding: [4]; }

QAbstractItemView {
  background: $surface; border: 1px solid $border; border-radius: [6]; alternate-background-color: $window;
  selection-background-color: $hover; selection-color: $text;
}
QAbstractItemView:focus { border-color: $accent; }
QAbstractItemView::item { padding: [4]; border-radius: [4]; }
QAbstractItemView::item:hover, QAbstractItemView::item:selected { background: $hover; color: $text; }
QHeaderView::section {
  background: $surface; color: $muted; border: none; border-bottom: 1px solid $border; padding: [4] [8];
}
QMenuBar { background: $window; }
QMenuBar::item { padding: [4] [8]; border-radius: [4]; background: transparent; }
QMenuBar::item:selected { background: $hover; }
QMenu { background: $surface; border: 1px solid $border; padding: [4]; }
QMenu::item { padding: [4] [24]; border-radius: [4]; }
QMenu::item:selected { background: $hover; }
QMenu::item:disabled { color: $muted; }
QMenu::separator { height: 1px; background: $border; margin: [4] [8]; }

QProgressBar {
  background: $control; border: none; border-radius: [3]; min-height: [6]; max-height: [6]; text-align: center;
}
QProgressBar::chunk { background: $accent; border-radius: [3]; }
QSlider { min-height: [24]; }
QSlider::groove:horizontal { height: [4]; background: $border; border-radius: [2]; }
QSlider::sub-page:horizontal { background: $accent; border-radius: [2]; }
QSlider::handle:horizontal {
  background: $accent; border: 2px solid $surface; width: [14]; height: [14]; margin: -[7] 0; border-radius: [8];
}
QSlider::handle:horizontal:focus { border-color: $text; }
QSlider::groove:horizontal:disabled, QSlider::sub-page:horizontal:disabled { background: $control; }
QSlider::handle:horizontal:disabled { background: $muted; }
QCheckBox, QRadioButton { spacing: [8]; min-height: [24]; background: transparent; }
QCheckBox::indicator, QRadioButton::indicator {
  width: [14]; height: [14]; border: 1px solid $muted; border-radius: [4]; background: $surface;
}
QRadioButton::indicator { border-radius: [8]; }
QCheckBox::indicator:checked, QRadioButton::indicator:checked { background: $accent; border-color: $accent; }
QCheckBox::indicator:checked { image: url("@check"); }
QCheckBox::indicator:focus, QRadioButton::indicator:focus { border-color: $accent; }

QScrollArea { border: none; background: transparent; }
QScrollArea > QWidget > QWidget { background: transparent; }
QScrollBar { background: transparent; border: none; margin: 0; }
QScrollBar:vertical { width: [10]; }
QScrollBar:horizontal { height: [10]; }
QScrollBar::handle { background: $border; border-radius: [4]; margin: [2]; min-height: [24]; min-width: [24]; }
QScrollBar::handle:hover { background: $muted; }
QScrollBar::add-line, QScrollBar::sub-line { width: 0; height: 0; }
QScrollBar::add-page, QScrollBar::sub-page { background: transparent; }
QSplitter::handle { background: $border; }
QSplitter::handle:horizontal { width: 1px; }
QSplitter::handle:vertical { height: 1px; }
QSplitter::handle:hover { background: $accent; }
QTabWidget::pane { border: none; border-top: 1px solid $border; }
QTabBar::tab { padding: [6] [12]; background: transparent; color: $muted; border-bottom: 2px solid transparent; }
QTabBar::tab:selected { color: $text; border-bottom-color: $accent; }
QTabBar::tab:focus { color: $accent; }
QGroupBox { border: none; margin-top: [24]; font-weight: 600; }
QGroupBox::title { subcontrol-origin: margin; left: 0; }

QFrame#rail { background: $surface; border: none; border-right: 1px solid $border; }
QFrame#rail QToolButton {
  background: transparent; border: none; border-radius: [6]; color: $muted; font-size: [11]; padding: [6] 0;
}
QFrame#rail QToolButton:hover { background: $control; color: $text; }
QFrame#rail QToolButton:checked { background: $control; color: $text; }
QFrame#rail QToolButton:focus { border: 1px solid $accent; }
QFrame#status { background: $surface; border: none; border-top: 1px solid $border; }
QLabel#chip { background: $control; border-radius: [4]; padding: [2] [8]; font-size: [11]; color: $muted; }
"""


def stylesheet(tokens: Mapping[str, str], scale: float, pictures: Mapping[str, str]) -> str:
    """Return the stylesheet: `$name` becomes a colour, `[n]` n pixels at `scale`, `@name` a picture's path."""
    sized = re.sub(r"\[(\d+)\]", lambda m: f"{max(1, round(int(m[1]) * scale))}px", TEMPLATE)
    coloured = re.sub(r"\$(\w+)", lambda m: tokens[m[1]], sized)
    return re.sub(r"@(\w+)", lambda m: pictures[m[1]], coloured)
