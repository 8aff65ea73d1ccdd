"""The look: one token table, one stylesheet generated from it, one object that says when it changes.

Colours are `#rrggbb`; sizes are CSS pixels at 100 % and are multiplied by the UI scale (80 to 200 %).
Contrast follows WCAG 2.1 (relative luminance, section 1.4.3); series colours are Okabe and Ito (2008).
"""

from __future__ import annotations

from dataclasses import dataclass, fields
from pathlib import Path
from typing import TYPE_CHECKING, Literal

from PySide6.QtCore import QObject, Qt, QTemporaryDir, Signal
from PySide6.QtGui import QColor, QFont, QFontDatabase, QGuiApplication, QPalette
from PySide6.QtWidgets import QApplication

from studio.ui.icons import tinted_icon, tinted_svg
from studio.ui.stylesheet import stylesheet

if TYPE_CHECKING:
    from PySide6.QtGui import QIcon

Mode = Literal["system", "dark", "light"]
MODES: tuple[Mode, ...] = ("system", "dark", "light")
SCALE_MIN, SCALE_MAX = 0.8, 2.0
RADIUS = 6
SPACE_S, SPACE_M, SPACE_L, SPACE_XL = 4, 8, 16, 24
CONTROL_HEIGHT = 28
FONT_SMALL, FONT_BODY, FONT_TITLE, FONT_PAGE = 11, 13, 16, 20

SERIES = ("#0072b2", "#e69f00", "#009e73", "#cc79a7", "#56b4e9", "#d55e00", "#f0e442", "#999999")
"""Okabe-Ito, told apart by people with any common colour blindness."""


@dataclass(frozen=True)
class Tokens:
    """The colours of one look."""

    window: str
    surface: str
    control: str
    hover: str
    border: str
    text: str
    muted: str
    accent: str
    on_accent: str
    green: str
    amber: str
    red: str

    def to_json(self) -> dict[str, str]:
        """Return name -> colour."""
        return {f.name: str(getattr(self, f.name)) for f in fields(self)}


DARK = Tokens(
    window="#15171c",
    surface="#1c1f26",
    control="#252933",
    hover="#2f3440",
    border="#363c49",
    text="#e7e9ee",
    muted="#a0a7b5",
    accent="#7c9cff",
    on_accent="#10131a",
    green="#5fc98a",
    amber="#e8b04a",
    red="#f27d7d",
)
LIGHT = Tokens(
    window="#f6f7f9",
    surface="#ffffff",
    control="#eceff3",
    hover="#dfe4ea",
    border="#cbd2db",
    text="#1b1e24",
    muted="#555d6b",
    accent="#3457d5",
    on_accent="#ffffff",
    green="#19703f",
    amber="#855800",
    red="#b3261e",
)


def luminance(colour: str) -> float:
    """Return the relative luminance 0..1 of `#rrggbb` (WCAG 2.1)."""
    parts = [int(colour[i : i + 2], 16) / 255 for i in (1, 3, 5)]
    red, green, blue = (p / 12.92 if p <= 0.04045 else ((p + 0.055) / 1.055) ** 2.4 for p in parts)
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue


def contrast(first: str, second: str) -> float:
    """Return the contrast ratio 1..21 of two colours (WCAG 2.1)."""
    low, high = sorted((luminance(first), luminance(second)))
    return (high + 0.05) / (low + 0.05)


def palette(tokens: Tokens) -> QPalette:
    """Return the Qt palette of a look, for what no stylesheet reaches."""
    roles = {
        QPalette.ColorRole.Window: tokens.window,
        QPalette.ColorRole.WindowText: tokens.text,
        QPalette.ColorRole.Base: tokens.surface,
        QPalette.ColorRole.AlternateBase: tokens.control,
        QPalette.ColorRole.Text: tokens.text,
        QPalette.ColorRole.PlaceholderText: tokens.muted,
        QPalette.ColorRole.Button: tokens.control,
        QPalette.ColorRole.ButtonText: tokens.text,
        QPalette.ColorRole.Highlight: tokens.accent,
        QPalette.ColorRole.HighlightedText: tokens.on_accent,
        QPalette.ColorRole.ToolTipBase: tokens.control,
        QPalette.ColorRole.ToolTipText: tokens.text,
        QPalette.ColorRole.Link: tokens.accent,
    }
    made = QPalette()
    for role, colour in roles.items():
        made.setColor(role, QColor(colour))
    return made


class Theme(QObject):
    """The look in force: mode, scale, reduced motion.

    Panels read `tokens`, ask `px(…)` for sizes and `icon(…)` for pictures, and listen to `changed`.
    """

    changed = Signal()

    def __init__(self, mode: Mode = "system", scale: float = 1.0, reduced_motion: bool = False) -> None:
        super().__init__()
        self._mode: Mode = mode if mode in MODES else "system"
        self._scale = min(max(scale, SCALE_MIN), SCALE_MAX)
        self._reduced_motion = reduced_motion
        # A stylesheet can show files only: the few tinted pictures it needs live as long as this object.
        self._folder = QTemporaryDir()
        hints = QGuiApplication.styleHints()
        hints.colorSchemeChanged.connect(self._system_changed)

    @property
    def mode(self) -> Mode:
        """What the person chose: "system", "dark" or "light"."""
        return self._mode

    @property
    def scale(self) -> float:
        """Size of everything, 0.8 to 2.0."""
        return self._scale

    @property
    def reduced_motion(self) -> bool:
        """Whether nothing may move by itself."""
        return self._reduced_motion

    @property
    def is_dark(self) -> bool:
        """Whether the dark look is in force."""
        if self._mode != "system":
            return self._mode == "dark"
        return QGuiApplication.styleHints().colorScheme() != Qt.ColorScheme.Light

    @property
    def tokens(self) -> Tokens:
        """The colours in force."""
        return DARK if self.is_dark else LIGHT

    def px(self, size: float) -> int:
        """Return a size given at 100 % in pixels at the present scale."""
        return max(1, round(size * self._scale))

    def duration(self, milliseconds: int) -> int:
        """Return how long a motion lasts: 0 when reduced motion is asked, never above 150 ms."""
        return 0 if self._reduced_motion else min(milliseconds, 150)

    def icon(self, name: str, colour: str = "") -> QIcon:
        """Return a line icon of `resources/icons`, tinted; the text colour without `colour`."""
        return tinted_icon(name, colour or self.tokens.text, self.tokens.muted)

    def mono(self, size: int = FONT_BODY) -> QFont:
        """Return the monospace font for logs and numbers."""
        font = QFontDatabase.systemFont(QFontDatabase.SystemFont.FixedFont)
        font.setPixelSize(self.px(size))
        return font

    def set_mode(self, mode: Mode) -> None:
        """Choose "system", "dark" or "light"."""
        if mode in MODES and mode != self._mode:
            self._mode = mode
            self.apply()

    def set_scale(self, scale: float) -> None:
        """Choose the size of everything, 0.8 to 2.0 (clipped)."""
        scale = min(max(scale, SCALE_MIN), SCALE_MAX)
        if scale != self._scale:
            self._scale = scale
            self.apply()

    def set_reduced_motion(self, reduced: bool) -> None:
        """Choose whether things may move by themselves."""
        if reduced != self._reduced_motion:
            self._reduced_motion = reduced
            self.changed.emit()

    def apply(self) -> None:
        """Give the application this look and tell everybody."""
        app = QApplication.instance()
        if isinstance(app, QApplication):
            app.setPalette(palette(self.tokens))
            app.setStyleSheet(stylesheet(self.tokens.to_json(), self._scale, self._pictures()))
        self.changed.emit()

    def _pictures(self) -> dict[str, str]:
        tokens = self.tokens
        wanted = {
            "down": ("chevron-down", tokens.muted),
            "up": ("chevron-up", tokens.muted),
            "check": ("check", tokens.on_accent),
        }
        found = {}
        for name, (icon, colour) in wanted.items():
            path = Path(self._folder.filePath(f"{icon}-{colour[1:]}.svg"))
            if not path.exists():
                path.write_text(tinted_svg(icon, colour), encoding="utf-8")
            found[name] = path.as_posix()
        return found

    def _system_changed(self) -> None:
        if self._mode == "system":
            self.apply()
