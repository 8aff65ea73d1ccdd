"""What a GAN needs in the Train panel: charts by kind of metric, and one network that learns alone."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated

import pytest
from PySide6.QtCore import Qt

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
