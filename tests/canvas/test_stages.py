"""The way from coarse to fine: the plans of dreams and transfers, and where the work stands on them."""

from __future__ import annotations

import pytest

from studio.canvas.stages import Course, Stage, octaves, scales


def course(*sides: int, steps: int = 4) -> Course:
    return Course([Stage((side, side), steps) for side in sides])


def walked(made: Course, steps: int) -> Course:
    for _ in range(steps):
        made.done += 1
        made.pass_on()
    return made


def test_octaves_are_the_book_s_sizes() -> None:
    shape = (350, 350)  # Chollet 12.2: 178, 250 and 350 pixels for three octaves of scale 1.4
    assert [stage.size for stage in octaves(shape, 3, 1.4, 10, 1)] == [(178, 178), (250, 250), shape]


@pytest.mark.parametrize(
    "make", [lambda least: octaves((64, 96), 4, 2.0, 3, least), lambda least: scales((64, 96), 12, 2.0, 3, least)]
)
def test_stages_in_which_a_network_sees_nothing_are_left_out(make) -> None:
    assert len(make(20)) < len(make(1))
    assert all(min(stage.size) >= 20 for stage in make(20))
    assert make(20)[-1].size == (64, 96)


def test_steps_are_counted_over_all_stages() -> None:
    made = walked(course(10, 20, 40), 6)
    assert (made.stage, made.done, made.step, made.total_steps) == (1, 2, 6, 12)
    assert not made.finished
    assert walked(made, 6).finished
    assert made.step == made.total_steps == 12


def test_work_left_is_in_pixels() -> None:
    assert walked(course(10, 20), 5).work_left == 3 * 20 * 20


def test_a_stage_that_ends_early_counts_as_done() -> None:
    made = course(10, 20)
    made.done = 1
    made.end_stage()
    made.pass_on()
    assert (made.stage, made.step) == (1, 4)


def test_another_plan_is_gone_on_with_at_the_nearest_size() -> None:
    made = walked(course(10, 20, 40), 6)
    made.replan([Stage((side, side), 3) for side in (5, 11, 22, 44)])
    assert made.present.size == (22, 22)
    assert made.step == 6


def test_a_shorter_plan_lets_the_present_stage_end_with_a_step() -> None:
    made = walked(course(10, 20), 7)  # three steps at 20
    made.replan([Stage((10, 10), 2), Stage((20, 20), 2)])
    assert not made.finished
    assert walked(made, 1).finished


def test_what_was_finished_stays_finished() -> None:
    made = walked(course(10, 20), 8)
    made.replan([Stage((20, 20), 1)])
    assert made.finished


def test_standing_at_the_end_of_a_stage_is_the_beginning_of_the_next() -> None:
    made = course(10, 20)
    made.stand((10, 10), step=4, done=4)
    assert (made.stage, made.done, made.step) == (1, 0, 4)


def test_beginning_at_a_later_stage_counts_the_steps_before_it() -> None:
    made = walked(course(10, 20), 8)
    made.begin(1)
    assert (made.step, made.total_steps) == (4, 8)
    made.begin()
    assert (made.step, made.total_steps) == (0, 8)
