"""Films: coherence calms what stands still and lets what moves go."""

from __future__ import annotations

import numpy as np
import pytest

from studio.canvas.frames import flicker, stillness, stylised
from studio.canvas.picture import Source
from studio.canvas.transfer import TransferSession
from studio.canvas.transfer_config import Style, TransferConfig
from studio.core.control import Control
from studio.core.errors import BadInput
from studio.core.knobs import make
from tests.canvas.fakes import compute, picture, tiny_backbone


def film(count=3):
    """A white square moves over a still picture with camera noise."""
    rng = np.random.default_rng(0)
    frames = []
    for number in range(count):
        frame = picture().pixels.astype(np.int16) + rng.integers(-4, 5, (48, 64, 3))
        frame[10:20, 8 + 12 * number : 18 + 12 * number] = 255
        frames.append(frame.clip(0, 255).astype(np.uint8))
    return frames


def run(coherence, frames, control=None):
    settings = {"size": 64, "smallest": 64, "iterations": 6, "coherence": coherence, "rate": 0.05}
    config = make(TransferConfig, settings)
    style = Style(picture(40, 40, seed=3))
    session = TransferSession(config, tiny_backbone(), compute(), Source.of(frames[0]), [style])
    return list(stylised(session, frames, control))


def test_stillness_sees_the_moving_square_and_not_the_noise():
    first, second = film(2)
    still = stillness(first, second)
    assert still[35:, :].min() > 0.9
    assert still[14:16, 12:14].max() < 0.1
    assert still[14:16, 24:26].max() < 0.1


def test_flicker_falls_with_coherence():
    frames = film()
    values = [flicker(run(c, frames), frames) for c in (0.0, 0.5, 1.0)]
    assert values[0] > values[1] > values[2]
    assert values[2] < 0.5 * values[0]


def test_without_coherence_frames_are_independent():
    frames = film(2)
    alone = run(0.0, frames[1:])
    np.testing.assert_array_equal(run(0.0, frames)[1], alone[0])


def test_what_moves_is_shown():
    frames = film(2)
    calm = run(1.0, frames)
    moved = np.abs(calm[1][12:18, 22:28].astype(int) - calm[0][12:18, 22:28]).mean()
    assert moved > 10 * np.abs(calm[1][38:, :].astype(int) - calm[0][38:, :]).mean()


def test_flicker_of_a_still_film_is_its_mean_change():
    frame = picture().pixels // 2
    results = [frame, frame + 3, frame + 1]
    assert flicker(results, [frame] * 3) == pytest.approx(2.5)
    assert flicker([frame], [frame]) == 0.0


def test_a_stopped_film_ends():
    control = Control()
    control.stop()
    assert run(0.5, film(2), control) == []


def test_frames_of_another_size_are_refused():
    with pytest.raises(BadInput, match="Frame 2"):
        run(0.5, [film(1)[0], picture(30, 64).pixels])
