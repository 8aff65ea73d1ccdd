"""What a GAN needs in the Train panel: charts by kind of metric, and one network that learns alone."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Annotated

import numpy as np
import pytest
from PySide6.QtCore import Qt

from studio.core import events as ev
from studio.core.knobs import Knob
from studio.ui.panels.train_only import TrainOnly, learners
from studio.ui.widgets.curves import CurveArea
from studio.ui.widgets.pane import KINDS, kind_of
from tests.ui.fakes import FakeRun
from tests.ui.test_train import WAIT, panel, runs, started  # noqa: F401

LOSSES, SHARES, GRADIENTS = KINDS


@dataclass(frozen=True, kw_only=True)
class Rates:
    """Knobs of a recipe with two optimisers."""

    lr_d: Annotated[float, Knob("D: learning rate", 0.0, 1.0, live=True)] = 0.1
    lr_g: Annotated[float, Knob("G: learning rate", 0.0, 1.0, live=True)] = 0.1
    lr_scale: Annotated[float, Knob("Scale", 0.0, 1.0)] = 0.1


@dataclass(frozen=True, kw_only=True)
class Rate:
    """Knobs of a recipe with one."""

    lr: Annotated[float, Knob("Learning rate", 0.0, 1.0, live=True)] = 0.1


@pytest.fixture
def area(context, qtbot):
    made = CurveArea(context)
    qtbot.addWidget(made)
    made.resize(820, 320)
    made.show()
    steps = [10, 20, 30]
    values = {"loss_d": [0.7, 0.6, 0.5], "loss_g": [0.8, 1.0, 1.2], "acc_real": [0.5, 0.7, 0.8]}
    made.append("train", steps, {**values, "acc_fake": [0.4, 0.6, 0.9], "grad_norm_d": [40.0, 30.0, 20.0]})
    made.plot.redraw()
    return made


def kinds(area):
    return [pane.kind for pane in area.plot.shown_panes]


@pytest.mark.parametrize(
    ("metric", "kind"),
    [
        ("loss", LOSSES),
        ("wasserstein", LOSSES),
        ("kl", LOSSES),
        ("acc_real", SHARES),
        ("accuracy", SHARES),
        ("label_accuracy", SHARES),
        ("clipped", SHARES),
        ("grad_norm_g", GRADIENTS),
    ],
)
def test_metrics_are_sorted_into_charts(metric, kind):
    assert kind_of(metric) == kind


def test_losses_and_accuracies_have_a_chart_each_and_gradients_wait(area, qtbot):
    assert kinds(area) == [LOSSES, SHARES]
    panes = area.plot.panes
    assert not panes[GRADIENTS].plot.isVisible()
    qtbot.waitUntil(lambda: panes[SHARES].plot.geometry().width() > 300, timeout=WAIT)
    assert panes[LOSSES].plot.geometry().right() <= panes[SHARES].plot.geometry().left() + 1
    low, high = panes[SHARES].box.viewRange()[1]
    assert (low, high) == pytest.approx((0.4, 0.9), abs=0.1)  # the losses do not stretch it


def test_a_chart_comes_and_goes_with_its_curves(area, qtbot):
    qtbot.mouseClick(area.chips["grad_norm_d"], Qt.MouseButton.LeftButton)
    assert kinds(area) == [LOSSES, SHARES, GRADIENTS]
    for name in ("acc_real", "acc_fake"):
        qtbot.mouseClick(area.chips[name], Qt.MouseButton.LeftButton)
    assert kinds(area) == [LOSSES, GRADIENTS]
    assert [pane.plot.titleLabel.text for pane in area.plot.shown_panes] == [LOSSES, GRADIENTS]
    area.clear()
    assert kinds(area) == [LOSSES]


def test_every_chart_shows_the_same_steps(area):
    plot = area.plot
    plot.panes[SHARES].box.setXRange(12, 18, padding=0)
    plot.panes[SHARES].box.sigRangeChangedManually.emit([True, True])
    assert plot.panes[LOSSES].box.viewRange()[0] == pytest.approx([12, 18])
    assert not plot.following
    plot.follow()
    assert plot.following
    plot.mark(20)
    assert all(plot.panes[kind].marker.value() == 20 for kind in KINDS)


def test_the_mouse_over_one_chart_reads_all_of_them(area):
    box = area.plot.panes[SHARES].box
    area.plot.view.scene().sigMouseMoved.emit(box.sceneBoundingRect().center())
    assert all(name in area.plot.readout.text() for name in ("loss_d", "loss_g", "acc_real", "acc_fake"))
    assert all(area.plot.panes[kind].hover_line.isVisible() for kind in (LOSSES, SHARES))


def test_networks_that_learn_are_named_after_their_rates():
    assert learners(Rates) == (("_d", "D"), ("_g", "G"))
    assert learners(Rate) == ()


def test_one_button_is_down(qtbot):
    only = TrainOnly()
    qtbot.addWidget(only)
    only.offer(learners(Rates))
    assert [made.text() for made in only.buttons.values()] == ["Train both", "Only D", "Only G"]
    assert only.chosen == ""
    with qtbot.waitSignal(only.wanted, timeout=WAIT) as asked:
        only.buttons["_g"].click()
    assert asked.args == ["_g"]
    assert only.chosen == "_g"
    only.offer(())
    assert only.chosen == ""


def test_only_runs_with_several_networks_offer_to_train_one_alone(panel, qtbot, runs):  # noqa: F811
    started(panel, qtbot, FakeRun(100_000, 0.001), runs)
    assert not panel.controls.only.isVisible()
    with qtbot.waitSignal(panel.run_finished, timeout=WAIT):
        panel.runner.do("stop")
    panel.choose("dcgan", "")
    assert not panel.controls.only.isVisible()
    run = started(panel, qtbot, FakeRun(100_000, 0.001), runs, "dcgan")
    only = panel.controls.only
    assert only.isVisible()
    for suffix in ("_d", "_g", ""):
        qtbot.mouseClick(only.buttons[suffix], Qt.MouseButton.LeftButton)
        qtbot.waitUntil(lambda wanted=suffix: run.knobs.get("train_only") == wanted, timeout=WAIT)
    qtbot.keyClick(only.buttons[""], Qt.Key.Key_Tab)
    qtbot.keyClick(only.buttons["_d"], Qt.Key.Key_Space)
    qtbot.waitUntil(lambda: run.knobs.get("train_only") == "_d", timeout=WAIT)
    with qtbot.waitSignal(panel.run_finished, timeout=WAIT):
        panel.runner.do("stop")
    assert not only.isVisible()


def test_both_rates_can_be_turned_while_it_trains(panel, qtbot, runs):  # noqa: F811
    run = started(panel, qtbot, FakeRun(100_000, 0.001), runs, "dcgan")
    for name, value in (("lr_d", "0.003"), ("lr_g", "0.002")):
        row = panel.setup.form.rows[name]
        assert row.editor.isEnabled()
        row.editor.line.selectAll()
        qtbot.keyClicks(row.editor.line, value)
        qtbot.waitUntil(lambda name=name, value=value: run.knobs.get(name) == float(value), timeout=WAIT)
    with qtbot.waitSignal(panel.run_finished, timeout=WAIT):
        panel.runner.do("stop")


class SteeredRun(FakeRun):
    """Tells what it goes on with, and every knob that is turned, as the engine does."""

    def __init__(self, live):
        super().__init__(100_000, 0.001)
        self.live = live

    def events(self, control):
        for event in super().events(control):
            is_start = isinstance(event, ev.Started)
            yield replace(event, recipe="dcgan", step=self.done, live=self.live) if is_start else event
            told, self.knobs = dict(self.knobs), {}
            yield from (ev.Turned(self.done, name, value) for name, value in told.items())


def test_form_and_buttons_show_what_a_run_goes_on_with(panel, qtbot, runs):  # noqa: F811
    started(panel, qtbot, SteeredRun({"lr_d": 0.0007, "train_only": "_g"}), runs, "dcgan")
    only, row = panel.controls.only, panel.setup.form.rows["lr_d"]
    qtbot.waitUntil(lambda: only.chosen == "_g", timeout=WAIT)
    assert row.value == 0.0007
    assert panel.runner.job.control.take_knobs() == {}  # what the run says is not sent back to it


def test_a_knob_turned_elsewhere_is_shown_and_one_being_typed_is_left_alone(panel, qtbot, runs):  # noqa: F811
    started(panel, qtbot, SteeredRun({"lr_d": 0.0002, "train_only": ""}), runs, "dcgan")
    only, row = panel.controls.only, panel.setup.form.rows["lr_d"]
    qtbot.waitUntil(lambda: "train/loss" in panel.curves.plot.curves, timeout=WAIT)
    control = panel.runner.job.control
    control.set_knob("train_only", "_d")  # as a remedy of Judge does
    control.set_knob("lr_d", 0.0001)
    qtbot.waitUntil(lambda: only.chosen == "_d" and row.value == 0.0001, timeout=WAIT)
    row.editor.line.selectAll()
    qtbot.keyClicks(row.editor.line, "0.0030")  # on the way 0.003 is valid as well
    qtbot.waitUntil(lambda: not panel.runner._follower.turned, timeout=WAIT)
    assert row.editor.line.text() == "0.0030"


def test_the_preview_follows_into_the_next_phase(panel):  # noqa: F811
    def show(step, name):
        panel.preview.add(ev.Images(step, name, np.zeros((4, 8, 8, 1), np.uint8)))

    for step in (0, 10):
        show(step, "predictions")
    for step in (20, 30):
        show(step, "samples")
    assert panel.preview.shown.name == "samples"
    panel.preview.name.setCurrentText("predictions")
    panel.preview.name.activated.emit(0)
    show(40, "samples")
    assert panel.preview.shown.name == "predictions"  # it was asked for


def test_many_curves_differ_within_their_chart(area):
    names = ("loss_d1", "loss_e", "loss_g1", "acc_real_1", "acc_fake_1", "accuracy", "error_z0")
    area.append("train", [10, 20], {name: [0.5, 0.6] for name in names})
    for kind in (LOSSES, SHARES):
        colours = [c.colour.name() for n, c in area.plot.curves.items() if kind_of(n.partition("/")[2]) == kind]
        assert len(set(colours)) == len(colours) >= 5


def test_smoothing_begins_where_the_recipe_needs_it_and_is_remembered(area):
    area.remember_for("dcgan", 85)
    assert area.plot.smoothing == area.weight > 0.9
    area.smoothing.setValue(20)
    area.remember_for("vae")
    assert area.plot.smoothing == 0
    area.remember_for("dcgan", 85)
    assert area.smoothing.value() == 20
