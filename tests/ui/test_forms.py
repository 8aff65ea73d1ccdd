"""Forms: Config -> form -> Config is the identity, nothing is changed silently, every edit can be undone."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated, Literal

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from PySide6.QtCore import Qt
from PySide6.QtGui import QUndoStack

from studio.core.errors import BadConfig
from studio.core.knobs import Knob, check, fields_of, make
from studio.core.registry import recipes
from studio.core.training import Training
from studio.data.options import DataOptions
from studio.ui.forms import Form
from studio.ui.theme import Theme
from studio.ui.widgets.fields import raw_of, stepped
from studio.ui.widgets.knob_row import tooltip_of


@dataclass(frozen=True, kw_only=True)
class Sample:
    """One knob of each type."""

    lr: Annotated[float, Knob("Learning rate", 1e-8, 1.0, log=True, live=True, group="Optimiser")] = 1e-6
    units: Annotated[int, Knob("Units", 1, 1024, unit="px", help="How many.")] = 16
    layers: Annotated[tuple[int, ...], Knob("Layers", 1, 512)] = (32, 64)
    norm: Annotated[bool, Knob("Normalise")] = False
    loss: Annotated[Literal["bce", "mse"], Knob("Loss")] = "bce"
    note: Annotated[str, Knob("Note", group="Advanced")] = ""


@pytest.fixture
def theme(qapp):
    return Theme("dark", reduced_motion=True)


@pytest.fixture
def form(theme, qtbot):
    made = Form([Sample], theme=theme, undo=QUndoStack())
    qtbot.addWidget(made)
    made.show()
    return made


STEP_TABLES = st.sampled_from(["", "80: 0.1", "80: 0.1, 120: 0.01, 160: 0.001"])


def values_for(field):
    if field.name == "milestones":  # the one text with a form of its own
        return STEP_TABLES
    low = field.knob.low if field.knob.low is not None else -1e9
    high = field.knob.high if field.knob.high is not None else 1e9
    if field.choices:
        return st.sampled_from(field.choices)
    return {
        bool: st.booleans(),
        int: st.integers(int(low), int(high)),
        float: st.floats(low, high, allow_nan=False),
        tuple: st.lists(st.integers(int(low), int(min(high, 1e6))), max_size=5).map(tuple),
        str: st.text(max_size=20),
    }[field.kind]


def all_configs():
    return [cls.Config for cls in recipes().values()] + [Training, DataOptions, Sample]


@pytest.mark.parametrize("config_type", all_configs(), ids=lambda c: c.__qualname__)
def test_config_to_form_to_config_is_the_identity(config_type, theme, qtbot):
    made = Form([config_type], theme=theme)
    qtbot.addWidget(made)
    assert made.config(config_type) == config_type()
    everything = st.fixed_dictionaries({f.name: values_for(f) for f in fields_of(config_type)})

    @settings(max_examples=12, deadline=None, suppress_health_check=list(HealthCheck))
    @given(everything)
    def round_trip(values):
        wanted = make(config_type, values)
        made.load(values)
        assert made.problems() == {}
        assert made.config(config_type) == wanted

    round_trip()


def test_every_preset_fits_its_form(theme, qtbot):
    for cls in recipes().values():
        made = Form([cls.Config, Training, DataOptions], theme=theme)
        qtbot.addWidget(made)
        for preset in cls.presets:
            made.load({**preset.config, **preset.training, **preset.data_options})
            assert made.problems() == {}
            assert made.config(cls.Config) == make(cls.Config, preset.config)


@given(st.floats(allow_nan=False, allow_infinity=False))
def test_a_number_is_shown_exactly(value):
    field = next(f for f in fields_of(Sample) if f.name == "lr")
    assert float(raw_of(field, value)) == value


def test_a_small_rate_is_never_shown_as_zero(form):
    assert form.rows["lr"].editor.line.text() == "1e-06"


def test_typing_is_checked_marked_and_kept(form, qtbot):
    line = form.rows["units"].editor.line
    line.selectAll()
    qtbot.keyClicks(line, "5000")
    assert line.text() == "5000"
    assert "out of range" in form.rows["units"].message.text()
    assert form.rows["units"].message.isVisible()
    assert form.values()["units"] == 500  # the last valid value; the text says what was typed
    with pytest.raises(BadConfig, match="units"):
        form.config(Sample)
    qtbot.keyClick(line, Qt.Key.Key_Backspace)
    assert form.problems() == {}
    assert form.config(Sample).units == 500


def test_undo_takes_back_a_whole_word_then_the_edit_before(form, qtbot):
    line, undo = form.rows["units"].editor.line, form.undo
    line.selectAll()
    qtbot.keyClicks(line, "12")
    form.rows["norm"].editor.box.click()
    assert undo.count() == 2
    undo.undo()
    assert form.values()["norm"] is False
    undo.undo()
    assert form.values()["units"] == 16
    assert line.text() == "16"
    undo.redo()
    assert form.values()["units"] == 12


def test_typing_back_to_the_start_leaves_nothing_to_undo(form, qtbot):
    line = form.rows["units"].editor.line
    line.setFocus()
    line.setCursorPosition(2)
    qtbot.keyClicks(line, "0")
    qtbot.keyClick(line, Qt.Key.Key_Backspace)
    assert form.undo.count() == 0 or not form.undo.canUndo()
    assert form.values()["units"] == 16


def test_changed_values_are_marked_and_reset(form, qtbot):
    row = form.rows["layers"]
    row.editor.line.selectAll()
    qtbot.keyClicks(row.editor.line, "8, 8")
    assert row.dot.marked
    assert form.changed_values() == {"layers": (8, 8)}
    assert "1 changed" in form.sections["Model"].header.text()
    qtbot.mouseClick(row.reset, Qt.MouseButton.LeftButton)
    assert form.changed_values() == {}
    assert not row.dot.marked
    form.undo.undo()
    assert form.values()["layers"] == (8, 8)


def test_only_live_knobs_are_usable_while_training(form, qtbot):
    form.set_training(True)
    assert form.rows["lr"].editor.isEnabled()
    assert not form.rows["units"].editor.isEnabled()
    line = form.rows["lr"].editor.line
    with qtbot.waitSignal(form.live_changed) as told:
        line.selectAll()
        qtbot.keyClicks(line, "1")
    assert told.args == ["lr", 1.0]
    form.set_training(False)
    assert form.rows["units"].editor.isEnabled()


def test_invalid_text_of_a_live_knob_is_not_sent(form, qtbot):
    form.set_training(True)
    sent = []
    form.live_changed.connect(lambda *args: sent.append(args))
    line = form.rows["lr"].editor.line
    line.selectAll()
    qtbot.keyClicks(line, "x")
    assert sent == []


@pytest.mark.parametrize(("start", "up", "down"), [(1e-6, 2e-6, 5e-7), (2e-4, 5e-4, 1e-4), (0.3, 0.5, 0.2)])
def test_logarithmic_knobs_step_in_1_2_5(start, up, down):
    field = next(f for f in fields_of(Sample) if f.name == "lr")
    assert stepped(field, start, True) == pytest.approx(up)
    assert stepped(field, start, False) == pytest.approx(down)


@given(st.data())
def test_a_step_stays_in_range_and_moves(data):
    field = data.draw(
        st.sampled_from([f for f in (*fields_of(Sample), *fields_of(Training)) if f.kind in (int, float)])
    )
    value = data.draw(values_for(field))
    for up in (True, False):
        made = stepped(field, value, up)
        assert check(field, made) == made
        assert made >= value if up else made <= value


def test_arrow_keys_step_numbers(form, qtbot):
    line = form.rows["units"].editor.line
    qtbot.keyClick(line, Qt.Key.Key_Up)
    assert form.values()["units"] == 17
    qtbot.keyClick(line, Qt.Key.Key_Down)
    qtbot.keyClick(line, Qt.Key.Key_Down)
    assert form.values()["units"] == 15


def test_sections_fold_and_advanced_begins_folded(form, qtbot):
    assert not form.sections["Advanced"].is_open
    assert not form.rows["note"].isVisible()
    qtbot.mouseClick(form.sections["Advanced"].header, Qt.MouseButton.LeftButton)
    assert form.rows["note"].isVisible()


def test_the_tooltip_explains(form):
    tip = tooltip_of(form.rows["units"].field)
    assert "How many." in tip
    assert "1 to 1024 px" in tip
    assert "16" in tip


def test_knobs_without_effect_are_hidden_unless_they_were_changed(theme, qtbot):
    form = Form([Training], {"schedule": "step"}, theme=theme, undo=QUndoStack())
    qtbot.addWidget(form)
    form.show()

    def shown():
        return {name for name in ("milestones", "decay", "decay_epochs") if form.rows[name].isVisibleTo(form)}

    assert shown() == {"decay", "decay_epochs"}
    form.rows["decay"].editor.edited.emit("0.5")
    form.edit({"schedule": "milestones"}, "Change")
    assert shown() == {"milestones", "decay"}
    form.undo.undo()
    assert shown() == {"decay", "decay_epochs"}
    form.load({})
    assert shown() == set()
    assert form.reveal("milestones").isVisibleTo(form)
    assert form.values() == {field.name: field.default for field in fields_of(Training)}
