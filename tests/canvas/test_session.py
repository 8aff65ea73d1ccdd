"""The loop that every canvas shares, on the smallest dream: steering, going back, replaying, retreating."""

from __future__ import annotations

import threading

import numpy as np
import pytest
import torch

from studio.canvas.dream import DreamSession
from studio.canvas.dream_config import DreamConfig
from studio.canvas.masks import mask_of, mask_text
from studio.canvas.session import MOST_RETREATS
from studio.canvas.shortage import FIRST_TILE, SMALLEST_TILE, OutOfMemory
from studio.canvas.timeline import Moment, Timeline
from studio.core.control import Control
from studio.core.errors import BadConfig, BadInput, StudioError
from studio.core.events import Finished, Images, Message, Paused, Progress, Scalars, Started
from studio.core.knobs import make
from tests.canvas.fakes import compute, picture, tiny_backbone

QUICK = {"size": 48, "octaves": 3, "iterations": 4, "step": 0.02, "jitter": 4}
TOTAL = 12


def session(**settings) -> DreamSession:
    return DreamSession(make(DreamConfig, {**QUICK, **settings}), tiny_backbone(), compute(), picture())


def steps(events) -> list[int]:
    return [event.step for event in events if isinstance(event, Scalars)]


def until(dream: DreamSession, step: int) -> DreamSession:
    """Work up to a step, then stop."""
    control = Control()
    for event in dream.events(control):
        if isinstance(event, Scalars) and event.step >= step:
            control.stop()
    return dream


def test_events_come_in_order() -> None:
    events = list(session().events())
    assert isinstance(events[0], Started)
    assert events[0].total_steps == TOTAL
    assert steps(events) == list(range(1, TOTAL + 1))
    first = next(i for i, event in enumerate(events) if isinstance(event, Images))
    assert events[first].name == "live"
    assert events[first].step == 1
    assert any(isinstance(event, Progress) and event.total_steps == TOTAL for event in events)
    result, finished = events[-2:]
    assert isinstance(result, Images)
    assert result.name == "result"
    assert result.pixels.shape == (1, 36, 48, 3)
    assert isinstance(finished, Finished)
    assert finished.status == "done"


def test_every_octave_shows_a_preview() -> None:
    shapes = {e.pixels.shape for e in session().events() if isinstance(e, Images) and e.name == "live"}
    assert len(shapes) == 3


def test_stop_ends_after_the_step_and_can_be_gone_on_from() -> None:
    dream, control = session(), Control()
    for event in dream.events(control):
        if isinstance(event, Scalars) and event.step == 5:
            control.stop()
    assert isinstance(event, Finished)
    assert event.status == "stopped"
    assert dream.step == 5
    assert steps(dream.events()) == list(range(6, TOTAL + 1))
    whole = session()
    list(whole.events())
    assert torch.equal(dream.picture(), whole.picture())


def test_pause_step_and_resume_from_another_thread() -> None:
    dream, control, seen, paused = session(), Control(), [], threading.Event()
    control.pause()

    def work() -> None:
        for event in dream.events(control):
            seen.append(event)
            if isinstance(event, Paused):
                paused.set()

    thread = threading.Thread(target=work)
    thread.start()
    try:
        assert paused.wait(20)
        assert steps(seen) == []
        for done in (1, 2):
            paused.clear()
            control.single_step()
            assert paused.wait(20)
            assert steps(seen) == list(range(1, done + 1))
        control.resume()
    finally:
        control.resume()
        thread.join(20)
    assert not thread.is_alive()
    assert steps(seen) == list(range(1, TOTAL + 1))


class Clock:
    """Time that passes only as a test lets it."""

    def __init__(self) -> None:
        self.now = 0.0

    def monotonic(self) -> float:
        return self.now


@pytest.fixture
def clock(monkeypatch) -> Clock:
    made = Clock()
    monkeypatch.setattr("studio.canvas.live.time", made)
    return made


def ticking(dream: DreamSession, clock: Clock) -> DreamSession:
    """Let every step take a second, however large it is."""
    advance = dream.advance

    def slow():
        clock.now += 1.0
        return advance()

    dream.advance = slow
    return dream


def test_the_time_left_after_going_on_is_judged_by_the_present_work(clock) -> None:
    dream = ticking(session(octaves=1, iterations=10), clock)
    until(dream, 8)
    left = [event.seconds_left for event in dream.events() if isinstance(event, Progress)]
    assert left == pytest.approx([1.0, 0.0])


def test_a_pause_is_no_work(clock) -> None:
    dream, control = ticking(session(octaves=1, iterations=2), clock), Control()
    wait = control.wait

    def waiting(seconds: float) -> None:
        clock.now += 100.0
        control.resume()
        wait(0.0)

    control.wait = waiting
    control.pause()
    finished = list(dream.events(control))[-1]
    assert isinstance(finished, Finished)
    assert finished.seconds == pytest.approx(2.0)


def test_stop_does_not_wait_for_the_other_tiles() -> None:
    dream, control = session(octaves=1, tile=16), Control()
    features, seen = dream._network.features, []

    def counted(*args):
        seen.append(1)
        if len(seen) == 4:  # some of a dozen tiles
            control.stop()
        return features(*args)

    dream._network.features = counted
    events = list(dream.events(control))
    assert len(seen) == 4
    assert steps(events) == []
    assert events[-1].status == "stopped"
    dream._network.features = features
    whole = session(octaves=1, tile=16)
    list(dream.events())
    list(whole.events())
    assert torch.equal(dream.picture(), whole.picture())  # nothing of the step that was broken off is in it


def test_a_preview_can_be_asked_for_while_paused() -> None:
    dream, control = session(), Control()
    control.pause()
    events = dream.events(control)
    while not isinstance(next(events), Paused):
        pass
    control.preview_now()
    assert isinstance(next(events), Images)
    control.stop()
    assert isinstance(list(events)[-1], Finished)


def test_a_knob_turned_on_the_way_counts_from_the_next_step() -> None:
    dream, control = session(), Control()
    for event in dream.events(control):
        if isinstance(event, Scalars) and event.step == 5:
            control.set_knob("layers", "conv1:2")
        if isinstance(event, Scalars):
            assert ("conv1" in event.values) == (event.step > 5)
    assert dream.changes == {5: {"layers": "conv1:2"}}
    assert dream.config.layers == "conv1:2"
    assert dream.first_config.layers == ""


def test_a_knob_that_cannot_be_is_said_and_nothing_else_happens() -> None:
    dream, control = session(crop=0), Control()
    control.set_knob("step", -1)
    control.set_knob("layers", "nothing:1")
    messages = [e for e in dream.events(control) if isinstance(e, Message) and e.level == "warning"]
    assert len(messages) == 2
    assert not dream.changes
    assert dream.step == TOTAL


@pytest.mark.parametrize("values", [{"iterations": 2}, {"iterations": 9}, {"octaves": 1}, {"octaves": 5}])
def test_steps_are_counted_on_when_the_plan_changes(values) -> None:
    """A step is never counted twice: curves, changes and the timeline are in order of steps."""
    dream = session()
    seen = []
    for event in dream.events():
        if isinstance(event, Scalars):
            seen.append(event.step)
            if event.step == 7:
                dream.change(values)
    assert seen == list(range(1, len(seen) + 1))
    assert dream.finished
    assert dream.total_steps == dream.step == seen[-1]
    kept = [moment.step for moment in dream.timeline.moments()]
    assert kept == sorted(set(kept))


def test_more_steps_can_be_asked_for_after_the_end() -> None:
    dream = session()
    list(dream.events())
    dream.change({"iterations": 6})
    assert steps(dream.events()) == [TOTAL + 1, TOTAL + 2]


# ---- the timeline


def test_every_step_is_kept_and_can_be_gone_back_to() -> None:
    dream = session()
    pictures = {e.step: dream.pixels() for e in dream.events() if isinstance(e, Scalars)}
    moments = dream.timeline.moments()
    assert [m.step for m in moments] == list(range(1, TOTAL + 1))
    assert moments[5].losses["loss"] > 0
    dream.rewind(6)
    assert dream.step == 6
    assert not dream.finished
    assert np.abs(dream.pixels().astype(int) - pictures[6]).max() <= 1
    assert steps(dream.events()) == list(range(7, TOTAL + 1))


@pytest.mark.parametrize("step", [3, 4, 8])
def test_going_back_and_on_gives_the_same_picture_up_to_half_precision(step: int) -> None:
    """Also at the end of an octave (4, 8): detail is put back once."""
    dream = session(octaves=3)
    list(dream.events())
    before = dream.picture().clone()
    dream.rewind(step)
    assert len(dream.timeline) == step
    list(dream.events())
    assert float((dream.picture() - before).abs().mean()) < 0.02
    assert dream.step == TOTAL


def test_rewinding_to_the_last_moment_is_the_end() -> None:
    dream = session()
    list(dream.events())
    dream.rewind(TOTAL)
    assert dream.finished
    assert steps(dream.events()) == []


def test_there_must_be_a_moment_to_go_back_to() -> None:
    with pytest.raises(BadConfig, match="no moment"):
        session().rewind(3)


def test_rewinding_keeps_the_settings_and_the_recipe_knows_it() -> None:
    dream = session()
    for event in dream.events():
        if isinstance(event, Scalars) and event.step in (3, 6):
            dream.change({"step": 0.01 * event.step})
    dream.rewind(4)
    assert dream.config.step == 0.06
    assert dream.recipe()["changes"] == {"3": {"step": 0.03}, "4": {"step": 0.06}}


def moment(step: int, size: int = 16) -> Moment:
    return Moment(step, 0, np.zeros((3, size, size), np.float16), {"loss": 1.0}, step)


def test_the_timeline_is_thinned_evenly_within_its_budget() -> None:
    one = moment(0).state.nbytes
    timeline = Timeline(budget=10 * one)
    for step in range(1, 101):
        if timeline.wants(step):
            timeline.keep(moment(step))
    kept = [m.step for m in timeline.moments()]
    assert len(kept) * one <= 10 * one
    assert len(kept) >= 4
    gaps = np.diff([0, *kept])
    assert gaps.max() <= 2 * gaps[1:].min()
    assert timeline.at(kept[2]).step == kept[2]
    assert timeline.at(kept[2] + 1).step == kept[2]


def test_cutting_forgets_what_came_after() -> None:
    timeline = Timeline()
    for step in range(1, 6):
        timeline.keep(moment(step))
    timeline.cut(3)
    assert [m.step for m in timeline.moments()] == [1, 2, 3]
    assert timeline.at(0) is None


def test_a_moment_s_pixels_are_the_picture() -> None:
    dream = session()
    list(dream.events())
    last = dream.timeline.moments()[-1]
    assert np.abs(last.pixels.astype(int) - dream.pixels()).max() <= 1


# ---- replay


def test_recorded_changes_are_made_again_at_their_steps() -> None:
    first = session()
    for event in first.events():
        if isinstance(event, Scalars) and event.step in (2, 5, 9):
            first.change({2: {"step": 0.04}, 5: {"octaves": 4}, 9: {"iterations": 6, "layers": "conv1:1"}}[event.step])
    again = session()
    again.replay = {step: dict(values) for step, values in first.changes.items()}
    list(again.events())
    assert again.changes == first.changes
    assert again.step == first.step
    assert torch.equal(again.picture(), first.picture())


# ---- trouble


def failing(dream: DreamSession, times: int, message: str) -> DreamSession:
    """Let the first steps fail as an allocator does."""
    done, left = dream.advance, [times]

    def advance():
        if left[0]:
            left[0] -= 1
            raise RuntimeError(message)
        return done()

    dream.advance = advance
    return dream


FULL = "[enforce fail] DefaultCPUAllocator: can't allocate memory: you tried to allocate 99999999999 bytes."


def test_running_out_of_memory_goes_on_in_tiles_and_says_so() -> None:
    dream = failing(session(), 2, FULL)
    events = list(dream.events())
    said = [e.text for e in events if isinstance(e, Message) and "tiles" in e.text]
    assert [str(FIRST_TILE) in said[0], str(FIRST_TILE // 2) in said[1]] == [True, True]
    assert dream.tile == FIRST_TILE // 2
    assert steps(events) == list(range(1, TOTAL + 1))
    plain = session()
    list(plain.events())
    assert torch.allclose(dream.picture(), plain.picture(), atol=1e-5)


def test_no_memory_at_all_is_explained() -> None:
    dream = failing(session(), 99, FULL)
    with pytest.raises(OutOfMemory, match="not even in small tiles"):
        list(dream.events())
    assert dream.tile >= SMALLEST_TILE


def test_other_errors_are_not_taken_for_a_lack_of_memory() -> None:
    with pytest.raises(RuntimeError, match="shapes"):
        list(failing(session(), 1, "shapes do not match").events())


def not_finite(dream: DreamSession, at: int, times: int) -> DreamSession:
    """Let the loss be no number at a step, some times."""
    done, left = dream.advance, [times]

    def advance():
        losses = done()
        if dream.step == at and left[0]:
            left[0] -= 1
            dream._hold(dream.picture() * float("nan"))
            return {**losses, "loss": torch.tensor(float("nan"))}
        return losses

    dream.advance = advance
    return dream


def test_a_loss_that_is_no_number_goes_back_one_step() -> None:
    dream = not_finite(session(), 5, 1)
    events = list(dream.events())
    assert any(isinstance(e, Message) and "went back" in e.text for e in events)
    assert steps(events) == list(range(1, TOTAL + 1))
    assert bool(torch.isfinite(dream.picture()).all())


@pytest.mark.parametrize("at", [0, 5])
def test_a_loss_that_stays_no_number_is_explained(at: int) -> None:
    dream = not_finite(session(), at, MOST_RETREATS + 2)
    with pytest.raises(StudioError, match="not a finite number"):
        list(dream.events())


# ---- masks in recipes


def test_masks_in_recipes_come_back() -> None:
    mask = np.linspace(0, 1, 40 * 60, dtype=np.float32).reshape(40, 60)
    assert np.abs(mask_of(mask_text(mask)) - mask).max() <= 0.5 / 255 + 1e-6
    assert max(mask_of(mask_text(np.ones((900, 1200), np.float32))).shape) == 512


def test_a_damaged_mask_in_a_recipe_is_refused() -> None:
    for text in ("not base64!", "aGVsbG8="):
        with pytest.raises(BadInput):
            mask_of(text)
