"""The right column of Dream and Transfer: presets, what belongs to the page, every other knob, the buttons."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from PySide6.QtCore import Qt, Signal
from PySide6.QtWidgets import QFrame, QScrollArea, QVBoxLayout, QWidget

from studio.ui.forms import EditCommand, Form
from studio.ui.theme import SPACE_L, SPACE_M, SPACE_S
from studio.ui.widgets.combo import NarrowCombo
from studio.ui.widgets.fields import raw_of
from studio.ui.widgets.labels import label

if TYPE_CHECKING:
    from studio.ui.context import Context
    from studio.ui.panels.canvas_controls import CanvasControls
    from studio.ui.panels.canvas_work import Loaded

WIDTH = 332


class CanvasSide(QFrame):
    """Presets over the editor of the page over the form over the buttons.

    Signals:
        preset_chosen: its name; "" for the defaults.
        form_made: the form is there.

    Args:
        context: for the theme and the undo stack.
        controls: the buttons at the bottom.
        editor: what the page edits beyond the form (its layers), or None.
    """

    preset_chosen = Signal(str)
    form_made = Signal()

    def __init__(self, context: Context, controls: CanvasControls, editor: QWidget | None) -> None:
        super().__init__()
        self._context = context
        self.form: Form | None = None
        self._presets: Mapping[str, Mapping[str, Any]] = {}
        self.setProperty("role", "surface")
        self.setMinimumWidth(context.theme.px(WIDTH))
        self.presets = NarrowCombo("Preset")
        self.presets.setToolTip("Settings to begin with")
        self.presets.activated.connect(lambda *_: self._chosen())
        self.about = label("", "small", wrap=True)
        self.about.setAlignment(Qt.AlignmentFlag.AlignTop)
        self.about.setMinimumHeight(context.theme.px(30))
        self._build(controls, editor)

    def _build(self, controls: CanvasControls, editor: QWidget | None) -> None:
        inside = QWidget()
        self._inside = QVBoxLayout(inside)
        self._inside.setContentsMargins(SPACE_L, 0, SPACE_M, 0)
        self._inside.setSpacing(SPACE_M)
        if editor is not None:
            self._inside.addWidget(editor)
        self._loading = label("Getting the settings…", "muted")
        self._inside.addWidget(self._loading)
        self._inside.addStretch(1)
        self.knobs = QScrollArea()
        self.knobs.setWidgetResizable(True)
        self.knobs.setFocusPolicy(Qt.FocusPolicy.NoFocus)
        self.knobs.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        self.knobs.setWidget(inside)
        head, foot = QVBoxLayout(), QVBoxLayout()
        head.setContentsMargins(SPACE_L, SPACE_M, SPACE_L, 0)
        head.setSpacing(SPACE_S)
        head.addWidget(self.presets)
        head.addWidget(self.about)
        foot.setContentsMargins(SPACE_L, 0, SPACE_L, SPACE_M)
        foot.addWidget(controls)
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(SPACE_M)
        column.addLayout(head)
        column.addWidget(self.knobs, 1)
        column.addLayout(foot)

    def show_loaded(self, loaded: Loaded, hidden: tuple[str, ...]) -> Form:
        """Build the form and list the presets."""
        self._loading.hide()
        self._presets = loaded.presets
        self.presets.clear()
        self.presets.addItem("Default settings", "")
        for name, preset in loaded.presets.items():
            self.presets.addItem(str(preset["title"]), name)
        self.form = Form([loaded.config_type], theme=self._context.theme, undo=self._context.undo, hidden=hidden)
        self._inside.insertWidget(self._inside.count() - 1, self.form)
        self._describe()
        self.form_made.emit()
        return self.form

    def set_knob(self, name: str, value: Any, title: str, session: int) -> None:
        """Set a knob that has no field of its own (undoable); edits of one `session` number are one undo step."""
        if self.form is not None:
            raw = raw_of(self.form.rows[name].field, value)
            if raw != self.form.rows[name].raw:
                self.form.undo.push(EditCommand(self.form, title, {name: raw}, (name, session)))

    @property
    def preset(self) -> str:
        """Name of the preset that is chosen, "" for none."""
        return str(self.presets.currentData() or "")

    def settings_of(self, preset: str) -> dict[str, Any]:
        """Return what a preset sets."""
        return dict(self._presets[preset]["settings"]) if preset in self._presets else {}

    def show_preset(self, name: str) -> None:
        """Show a preset as chosen."""
        self.presets.setCurrentIndex(max(0, self.presets.findData(name)))
        self._describe()

    def _chosen(self) -> None:
        self._describe()
        self.preset_chosen.emit(self.preset)

    def _describe(self) -> None:
        about = self._presets.get(self.preset, {}).get("about", "Every knob at its default.")
        self.about.setText(str(about))
        self.presets.setToolTip(str(about))
