"""The side of the Train panel: which recipe, which preset, which data, which settings."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from PySide6.QtCore import QSize, Qt, QTimer, Signal
from PySide6.QtWidgets import QGridLayout, QPushButton, QScrollArea, QStackedWidget, QVBoxLayout, QWidget

from studio.core.errors import BadConfig
from studio.core.knobs import fields_of
from studio.core.training import Computing, Training
from studio.data.options import DataOptions
from studio.ui.forms import Form
from studio.ui.panels.train_data import DataPicker
from studio.ui.panels.train_work import DataChoice, Loaded, RecipeInfo
from studio.ui.theme import SPACE_M
from studio.ui.widgets.combo import NarrowCombo
from studio.ui.widgets.labels import keep_icon, label

if TYPE_CHECKING:
    from studio.core.recipe import Preset
    from studio.runs.request import Request
    from studio.ui.context import Context

TEXT_ONLY = ("tokens", "window", "min_count")
IMAGE_ONLY = ("size", "fit", "colour", "only", "pairs", "flip", "shift", "rotate")
GRADIENT_ONLY = (
    "schedule",
    "milestones",
    "decay",
    "decay_epochs",
    "warmup_steps",
    "clip_norm",
    "ema",
    "on_nonfinite",
    "precision",
    "compile",
)


class FormStack(QStackedWidget):
    """Forms of which one is in front; it is as tall as that one, not as the tallest."""

    def sizeHint(self) -> QSize:
        """Return the size of the form in front."""
        front = self.currentWidget()
        return super().sizeHint() if front is None else front.sizeHint()

    def minimumSizeHint(self) -> QSize:
        """Return the least size of the form in front."""
        front = self.currentWidget()
        return super().minimumSizeHint() if front is None else front.minimumSizeHint()


class Setup(QWidget):
    """Chip, preset, data and the generated form of one recipe.

    Signals:
        gallery_wanted: the person wants another recipe.
        changed: anything a run depends on changed.
        live_changed: (name, value) of a live knob while training.
    """

    gallery_wanted = Signal()
    changed = Signal()
    live_changed = Signal(str, object)

    def __init__(self, context: Context) -> None:
        super().__init__()
        self._context, self._theme = context, context.theme
        self.loaded = Loaded((), ())
        self.info: RecipeInfo | None = None
        self.forms: dict[str, Form] = {}
        self._presets: dict[str, str] = {}
        self._source_is_own = False
        self._data_options: dict[str, Any] = {}
        self.source = ""
        self.chip = QPushButton("Choose a recipe")
        self.preset = NarrowCombo("Preset")
        self.sources = DataPicker(context)
        self.stack = FormStack()
        self._build()

    def _build(self) -> None:
        keep_icon(self._theme, self.chip, "train")
        self.chip.setToolTip("Choose another recipe")
        self.chip.setStyleSheet("text-align: left;")
        self.chip.clicked.connect(self.gallery_wanted)
        self.preset.activated.connect(lambda *_: self._preset_chosen())
        self.sources.wanted.connect(self.set_data)
        top = QGridLayout()
        top.setSpacing(SPACE_M)
        top.addWidget(self.chip, 0, 0, 1, 2)
        for row, (name, chooser) in enumerate((("Preset", self.preset), ("Data", self.sources)), 1):
            top.addWidget(label(name, "muted"), row, 0)
            top.addWidget(chooser, row, 1)
        top.setColumnStretch(1, 1)
        self.area = QScrollArea()
        self.area.setWidgetResizable(True)
        self.area.setFocusPolicy(Qt.FocusPolicy.NoFocus)
        self.area.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        self.area.setWidget(self.stack)
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(SPACE_M)
        column.addLayout(top)
        column.addWidget(self.area, 1)

    # ---- what is chosen

    @property
    def form(self) -> Form | None:
        """The form of the chosen recipe."""
        return self.forms.get(self.info.id) if self.info is not None else None

    @property
    def chosen_preset(self) -> Preset | None:
        """The chosen preset; None for plain defaults."""
        name = self.preset.currentData()
        presets = self.info.presets if self.info is not None else ()
        return next((p for p in presets if p.name == name), None)

    @property
    def choice(self) -> DataChoice | None:
        """The catalogue's line about the chosen data; None for a path."""
        return next((c for c in self.loaded.choices if c.name == self.source), None)

    def show_loaded(self, loaded: Loaded) -> None:
        """Take the lists of recipes and data."""
        self.loaded = loaded
        self._list_data()

    def info_of(self, recipe_id: str) -> RecipeInfo:
        """Return a recipe's description.

        Raises:
            BadConfig: there is no such recipe.
        """
        for info in self.loaded.recipes:
            if info.id == recipe_id:
                return info
        raise BadConfig(f"There is no recipe called {recipe_id!r}.", "Choose one from the gallery.")

    def choose(self, recipe_id: str, preset: str | None = None) -> None:
        """Show a recipe; its form keeps what was typed unless a preset is given ("" is plain defaults)."""
        info = self.info_of(recipe_id)
        known = {p.name for p in info.presets} | {""}
        if preset is not None and preset not in known:
            raise BadConfig(f"{info.title} has no preset called {preset!r}.", "Choose one from the list.")
        self.info = info
        form = self.forms.get(recipe_id) or self._make(info)
        self.stack.setCurrentWidget(form)
        self.stack.updateGeometry()
        self.chip.setText(info.title)
        self._list_presets(info, self._presets.get(recipe_id, "") if preset is None else preset)
        if preset is not None:
            self._presets[recipe_id] = preset
            form.load({**self._preset_values(), **(self._data_options if self._source_is_own else {})})
        if not self._source_is_own or (self.choice is not None and not self.choice.fits(info)):
            self._source_is_own = False
            self._default_source()
        self._list_data()
        self.changed.emit()

    def set_data(self, source: str, options: Mapping[str, Any] | None = None) -> None:
        """Choose data: a catalogue name or a path; it stays when another recipe or preset is chosen.

        Args:
            source: what `--data` takes.
            options: values of `DataOptions` that go with it, whatever recipe is chosen.
        """
        self.source, self._source_is_own = source, True
        self._data_options = dict(options or {})
        if self.form is not None:
            self.form.overlay(self._data_options)
        self.sources.remember(source)
        self._list_data()
        self.changed.emit()

    def set_training(self, training: bool) -> None:
        """Lock everything but the live knobs."""
        for widget in (self.chip, self.preset, self.sources):
            widget.setEnabled(not training)
        for form in self.forms.values():
            form.set_training(training and form is self.form)

    def request(self) -> Request:
        """Return what a run would be made from.

        Raises:
            BadConfig: nothing is chosen, or a field is not valid; the first such field is shown.
        """
        from studio.runs.request import Request

        form = self.form
        if self.info is None or form is None:
            raise BadConfig("No recipe is chosen.", "Choose one from the gallery.")
        self.check()
        base = {row.field.name: row.field.default for row in form.rows.values()} | self._preset_values()
        changed = {name: value for name, value in form.values().items() if value != base[name]}
        wishes = {field.name: changed.pop(field.name) for field in fields_of(Computing) if field.name in changed}
        preset = self.preset.currentData() or ""
        return Request(recipe=self.info.id, data=self.source, preset=preset, settings=changed, **wishes)

    def check(self) -> None:
        """Raise the first problem of the form after scrolling to it."""
        problems = self.form.problems() if self.form is not None else {}
        if problems and self.form is not None:
            message = self.form.first_problem()
            if message is not None:
                self.area.ensureWidgetVisible(message)
            raise next(iter(problems.values()))

    # ---- inside

    def _make(self, info: RecipeInfo) -> Form:
        hidden = {"text": IMAGE_ONLY, "image": TEXT_ONLY}.get(info.accepts, IMAGE_ONLY + TEXT_ONLY)
        hidden += GRADIENT_ONLY if info.learns_by != "gradient" else ()
        types = (info.config_type, Training, DataOptions, Computing)
        made = Form(types, theme=self._theme, undo=self._context.undo, hidden=hidden)
        made.changed.connect(self.changed)
        made.live_changed.connect(self.live_changed)
        made.recalled.connect(lambda: self._recall(info.id))
        self.forms[info.id] = made
        self.stack.addWidget(made)
        return made

    def _recall(self, recipe_id: str) -> None:
        if (self.info is None or self.info.id != recipe_id) and self.chip.isEnabled():
            self.choose(recipe_id)

    def _list_presets(self, info: RecipeInfo, chosen: str) -> None:
        self.preset.clear()
        self.preset.addItem("Defaults", "")
        for preset in info.presets:
            self.preset.addItem(preset.title, preset.name)
            tip = "\n".join(p for p in (preset.title, preset.source, preset.expects) if p)
            self.preset.setItemData(self.preset.count() - 1, tip, Qt.ItemDataRole.ToolTipRole)
        self.preset.setCurrentIndex(max(0, self.preset.findData(chosen)))
        self._tell_preset()

    def _tell_preset(self) -> None:
        preset = self.chosen_preset
        self.preset.setToolTip(
            "\n".join(p for p in (preset.title, preset.source, preset.expects) if p)
            if preset is not None
            else "The recipe's own defaults."
        )

    def _preset_values(self) -> dict[str, Any]:
        preset = self.chosen_preset
        if preset is None or self.info is None:
            return {}
        values: Mapping[str, Any] = {**preset.config, **preset.training, **preset.data_options}
        return {k: tuple(v) if isinstance(v, list) else v for k, v in values.items()}

    def _preset_chosen(self) -> None:
        if self.info is None or self.form is None:
            return
        self._presets[self.info.id] = self.preset.currentData()
        self._tell_preset()
        if not self._source_is_own:
            self._default_source()
        self._list_data()
        self.form.set_values(self._preset_values(), f"Preset {self.preset.currentText()}")
        self.changed.emit()

    def _default_source(self) -> None:
        preset = self.chosen_preset
        if self.info is not None:
            self.source = preset.data if preset is not None else self.info.offline

    def _list_data(self) -> None:
        info = self.info
        self.sources.offer([c for c in self.loaded.choices if info is None or c.fits(info)], self.source)

    def show_values(self, values: Mapping[str, Any], preset: str = "") -> None:
        """Show the settings of a stored run (no undo step) and the name of the preset it began from."""
        if self.form is None or self.info is None:
            return
        self.form.load(values)
        self._presets[self.info.id] = preset
        self._list_presets(self.info, preset)

    def reflect(self, values: Mapping[str, Any]) -> None:
        """Show the live knobs of the run that trains (no undo step, and nothing is sent back to it)."""
        if self.form is not None:
            self.form.reflect(values)

    def show_changed(self, values: Mapping[str, Any]) -> None:
        """Put values over those present, as one step that can be undone, and scroll to the first of them."""
        form = self.form
        if form is None or not values:
            return
        form.edit(values, "Change settings")
        row = form.reveal(next(iter(values)))
        if row is not None:
            QTimer.singleShot(0, row, lambda: self.area.ensureWidgetVisible(row))  # once the section has its height

    def names(self) -> frozenset[str]:
        """Return the names of every knob of the chosen recipe."""
        types = (self.info.config_type, Training, DataOptions) if self.info is not None else ()
        return frozenset(field.name for t in types for field in fields_of(t))

    def minimumSizeHint(self) -> QSize:
        """Return the width below which the form is cut off."""
        return QSize(self._theme.px(300), self._theme.px(200))
