"""Time and memory are forecast from a few timed steps, corrected by runs, and remembered."""

from __future__ import annotations

import json
import time
from dataclasses import replace
from itertools import pairwise

import numpy as np
import pytest
import torch

from studio.canvas import budget, memory, trials
from studio.canvas.budget import forecast, learn, stages_of
from studio.canvas.dream import DreamSession
from studio.canvas.dream_config import DreamConfig
from studio.canvas.picture import Source
from studio.canvas.transfer import TransferSession
from studio.canvas.transfer_config import Style, TransferConfig
from studio.canvas.trials import Trial, fitted
from studio.core.errors import BadConfig
from tests.canvas.fakes import compute, picture, tiny_backbone

DREAM = DreamConfig(size=0, octaves=3, octave_scale=1.4, iterations=5, jitter=0)
TRANSFER = TransferConfig(size=160, smallest=64, iterations=4)


@pytest.fixture(autouse=True)
def _forget(monkeypatch):
    monkeypatch.setattr(trials, "_here", {})
    monkeypatch.setattr(trials, "SECONDS", 0.02)


def known(step=(0.01, 1e-6), enter=(0.1, 0.0), ratios=()) -> Trial:
    return Trial(step, enter, ratios)


def remember(kind, config, trial, workspace=None):
    backbone = tiny_backbone()
    names = budget.layers_of(kind, config, backbone)
    trials.keep(workspace, trials.key(kind, config, backbone, compute(), names), trial)


# ---- arithmetic


def test_the_line_goes_through_two_points():
    a, b = fitted([100, 400], [1.0, 2.5])
    assert (a, b) == pytest.approx((0.5, 0.005))


@pytest.mark.parametrize(("times", "flat"), [((1.0, 5.0), False), ((2.0, 1.0), True)])
def test_neither_part_of_the_line_is_negative(times, flat):
    a, b = fitted([100, 200], times)
    assert (a > 0, b > 0) == (flat, not flat)
    middle = a + 150 * b
    assert min(times) <= middle <= max(times)


@pytest.mark.parametrize(
    "config",
    [
        DREAM,
        replace(DREAM, size=200, octaves=6, octave_scale=1.8),
        replace(DREAM, octaves=16, octave_scale=2.0),
        TRANSFER,
        replace(TRANSFER, smallest=32, growth=2.0),
        replace(TRANSFER, colours="only"),
        replace(TRANSFER, size=60, smallest=128),
    ],
)
def test_the_stages_are_those_of_the_session(config):
    source, backbone = picture(120, 160), tiny_backbone()
    if isinstance(config, DreamConfig):
        session = DreamSession(config, backbone, compute(), source)
    else:
        session = TransferSession(config, backbone, compute(), source, [Style(picture(seed=1))])
    assert stages_of(session.kind, config, source.size, backbone.smallest) == session.plan()


def test_seconds_are_the_sum_over_steps_and_stages():
    remember("dream", DREAM, known())
    found = forecast("dream", DREAM, tiny_backbone(), (196, 196), compute())
    areas = [side * side for side in (196, 140, 100)]
    assert found.seconds == pytest.approx(sum(5 * (0.01 + 1e-6 * area) + 0.1 for area in areas))
    assert found.steps == 15
    assert found.measured


def test_a_second_style_costs_preparation_only():
    remember("transfer", TRANSFER, known())
    one, three = (
        forecast("transfer", TRANSFER, tiny_backbone(), (120, 160), compute(), styles=n).seconds for n in (1, 3)
    )
    stages = len(stages_of("transfer", TRANSFER, (120, 160), 4))
    assert three - one == pytest.approx(0.1 * stages)


def test_more_pixels_never_take_less_time_or_memory():
    backbone = tiny_backbone()
    found = [forecast("dream", DREAM, backbone, (side, side + 7), compute()) for side in range(64, 640, 64)]
    assert all(a.seconds <= b.seconds for a, b in pairwise(found))
    assert all(a.bytes < b.bytes for a, b in pairwise(found))


def test_little_memory_means_tiles_and_less_of_it(monkeypatch):
    remember("dream", DREAM, known())
    whole = forecast("dream", DREAM, tiny_backbone(), (3000, 4000), compute())
    monkeypatch.setattr(memory, "free_bytes", lambda device: 200 * 2**20)
    tiled = forecast("dream", DREAM, tiny_backbone(), (3000, 4000), compute())
    assert whole.tiles == 0 or whole.tiles > tiled.tiles
    assert 0 < tiled.tiles < 3000
    assert tiled.bytes < whole.bytes
    assert tiled.seconds > whole.seconds


def test_a_wish_for_tiles_is_kept():
    assert forecast("dream", replace(DREAM, tile=128), tiny_backbone(), (300, 300), compute()).tiles == 128
    assert forecast("dream", replace(DREAM, tile=512), tiny_backbone(), (300, 300), compute()).tiles == 0


def test_memory_counts_the_features_of_the_whole_picture():
    """Twelve channels at a quarter, eight at a half and six at full size, before and after ReLU, in fp32."""
    remember("dream", DREAM, known())
    found = forecast("dream", DREAM, tiny_backbone(), (512, 512), compute())
    least = 4 * 512 * 512 * (6 + 8 / 4)
    assert least < found.bytes < 40 * least


# ---- against the clock


@pytest.mark.parametrize("kind", ["dream", "transfer"])
def test_the_forecast_is_within_a_factor_of_two_of_the_real_time(kind, monkeypatch):
    """Both in processor time, which a busy machine hardly changes; repeated one after the other, medians compared."""
    monkeypatch.setattr(trials, "SECONDS", 0.1)
    monkeypatch.setattr(trials.time, "perf_counter", time.process_time)
    backbone, source = tiny_backbone(), picture(160, 160)
    expected, real = [], []
    config = replace(DREAM, iterations=8) if kind == "dream" else replace(TRANSFER, iterations=8, growth=2.0)
    for _ in range(3):
        trials._here.clear()
        expected.append(forecast(kind, config, backbone, source.size, compute()).seconds)
        real.append(took(kind, config, backbone, source))
    ratio = float(np.median(expected) / np.median(real))
    assert 0.5 < ratio < 2


def took(kind, config, backbone, source) -> float:
    if kind == "dream":
        session = DreamSession(config, backbone, compute(), source)
    else:
        session = TransferSession(config, backbone, compute(), source, [Style(picture(seed=1))])
    began = time.process_time()
    for _ in session.events():
        pass
    return time.process_time() - began


# ---- guesses and learning


def test_without_timing_it_is_a_guess_and_says_so(monkeypatch):
    monkeypatch.setattr(trials, "timed", lambda *_: pytest.fail("steps were timed"))
    found = forecast("dream", DREAM, tiny_backbone(), (200, 200), compute(), measure=False)
    assert not found.measured
    assert found.seconds > 0
    assert found.error_band == budget.GUESSED


def test_the_operations_of_a_pass_are_those_of_the_formula():
    """3x3 convolutions: 3 -> 6 at full size, 6 -> 8 at half, 8 -> 12 at a quarter; nothing deeper."""
    backbone = tiny_backbone()
    first, second, third = 2 * 9 * 3 * 6, 2 * 9 * 6 * 8 / 4, 2 * 9 * 8 * 12 / 16
    assert budget._operations(backbone, ("conv3",)) == pytest.approx(first + second + third)
    assert budget._operations(backbone, ("conv2",)) == pytest.approx(first + second)


def test_runs_correct_the_forecast_and_narrow_the_band(tmp_path):
    remember("dream", DREAM, known(), tmp_path)
    arguments = ("dream", DREAM, tiny_backbone(), (196, 196), compute())
    before = forecast(*arguments, tmp_path)
    for _ in range(3):
        learn(*arguments, 2 * before.seconds, tmp_path)
    after = forecast(*arguments, tmp_path)
    assert after.seconds == pytest.approx(2 * before.seconds)
    assert after.error_band < before.error_band


def test_a_run_that_was_disturbed_counts_only_so_much():
    remember("dream", DREAM, known())
    arguments = ("dream", DREAM, tiny_backbone(), (196, 196), compute())
    before = forecast(*arguments)
    learn(*arguments, 1e6)
    assert forecast(*arguments).seconds <= trials.FURTHEST * before.seconds * 1.001


def test_a_first_run_teaches_without_timed_steps():
    arguments = ("dream", DREAM, tiny_backbone(), (196, 196), compute())
    learn(*arguments, 12.0)
    found = forecast(*arguments, measure=False)
    assert found.measured
    assert found.seconds == pytest.approx(12.0)


def test_times_are_remembered_on_disk_by_what_matters(tmp_path, monkeypatch):
    backbone = tiny_backbone()
    first = forecast("dream", DREAM, backbone, (96, 96), compute(), tmp_path)
    monkeypatch.setattr(trials, "timed", lambda *_: pytest.fail("timed again"))
    assert forecast("dream", DREAM, backbone, (96, 96), compute(), tmp_path) == first
    bigger = forecast("dream", replace(DREAM, iterations=50, octaves=1), backbone, (192, 192), compute(), tmp_path)
    assert bigger.seconds > first.seconds
    for other in (replace(DREAM, layers="conv1:1"), replace(DREAM, laplacian=3)):
        assert not forecast("dream", other, backbone, (96, 96), compute(), tmp_path, measure=False).measured


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"{",
        b"[]",
        b'{"version": 1}',
        b'{"version": 1, "trials": {"a": {"step": [1], "enter": [0, 0], "ratios": []}}}',
        b'{"version": 1, "trials": {"a": {"step": [1, -1], "enter": [0, 0], "ratios": []}}}',
        b'{"version": 1, "trials": {"a": {"step": [1, NaN], "enter": [0, 0], "ratios": [0]}}}',
        b'{"version": 1, "trials": {"a": 3}}',
        b"\xff\xfe",
        b"[" * 100_000,
    ],
)
def test_a_damaged_file_is_left_aside_and_replaced(tmp_path, content):
    path = tmp_path / "cache" / "canvas-budget.json"
    path.parent.mkdir()
    path.write_bytes(content)
    assert forecast("dream", DREAM, tiny_backbone(), (96, 96), compute(), tmp_path).measured
    assert json.loads(path.read_bytes())["version"] == trials.VERSION


def test_a_folder_that_cannot_be_written_stops_nothing(tmp_path):
    (tmp_path / "cache").write_text("a file where the folder should be")
    assert forecast("dream", DREAM, tiny_backbone(), (96, 96), compute(), tmp_path).measured


def test_only_so_many_are_remembered(tmp_path, monkeypatch):
    monkeypatch.setattr(trials, "REMEMBERED_KEYS", 3)
    for number in range(5):
        trials.keep(tmp_path, f"key {number}", known())
    assert trials.recall(tmp_path, "key 1") is None
    assert trials.recall(tmp_path, "key 4") == known()


def test_settings_that_do_not_fit_the_network_are_refused():
    with pytest.raises(BadConfig, match="conv9"):
        forecast("dream", replace(DREAM, layers="conv9:1"), tiny_backbone(), (96, 96), compute())


def test_threads_are_part_of_the_key():
    backbone, names = tiny_backbone(), ("conv2",)
    before, threads = trials.key("dream", DREAM, backbone, compute(), names), torch.get_num_threads()
    try:
        torch.set_num_threads(threads + 1)
        assert trials.key("dream", DREAM, backbone, compute(), names) != before
    finally:
        torch.set_num_threads(threads)


def test_it_works_on_the_picture_of_a_person(tmp_path):
    """From a source's own size to the working size: `config.size` is applied."""
    remember("transfer", TRANSFER, known())
    source = Source.of(np.zeros((300, 400, 3), np.uint8))
    small = forecast("transfer", TRANSFER, tiny_backbone(), source.size, compute())
    assert small.steps == 4 * len(stages_of("transfer", TRANSFER, (120, 160), 4))
