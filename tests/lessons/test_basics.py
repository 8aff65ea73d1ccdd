"""Numbers of the lessons on counting, against the books and against the recipes that learn the same."""

from __future__ import annotations

import math

import numpy as np
import pytest

from studio.data import world, wrodl
from studio.lessons import basics
from studio.lessons.basics import Box

TWICE, NEVER = (wrodl.codes_of(names) for names in (wrodl.TWICE, wrodl.NEVER))


def test_a_point_outside_makes_a_box_impossible():
    points = np.array([[0, 0], [10, 10]], np.float32)
    assert Box(-1, -1, 5, 20).log_likelihood(points) == -math.inf
    assert Box(0, 0, 10, 10).log_likelihood(points) == pytest.approx(-2 * math.log(100))
    assert Box(5, 5, 5, 5).log_likelihood(points) == -math.inf


def test_no_box_beats_the_smallest_one():
    points = world.draw(100)
    best = basics.smallest_box(points)
    highest = best.log_likelihood(points)
    for edge in vars(best):
        for change in (-1.0, 1.0):
            other = Box(**{**vars(best), edge: getattr(best, edge) + change})
            assert other.log_likelihood(points) < highest


@pytest.mark.parametrize("edges", [("east", "north"), ("west", "south"), ("west", "east"), ("south", "north")])
def test_the_likelihood_plane_is_that_of_every_single_box(edges):
    points = np.array([[-5, -20], [10, 30], [2, 4]], np.float32)
    box = Box(-10, -30, 20, 40)
    x, y = np.linspace(-60, 60, 13), np.linspace(-40, 40, 9)
    plane = basics.likelihood_plane(points, box, edges, x, y)
    assert plane.shape == (9, 13)
    for row, column in np.ndindex(plane.shape):
        one = Box(**{**vars(box), edges[0]: x[column], edges[1]: y[row]})
        # a box turned inside out has no area and holds nothing
        assert plane[row, column] == pytest.approx(one.log_likelihood(points) / len(points))


def test_the_maximum_of_the_plane_is_the_smallest_box():
    points = np.array([[-5, -20], [10, 30], [2, 4]], np.float32)
    best = basics.smallest_box(points)
    x, y = np.arange(-60.0, 61.0), np.arange(-40.0, 41.0)
    plane = basics.likelihood_plane(points, best, ("east", "north"), x, y)
    row, column = np.unravel_index(plane.argmax(), plane.shape)
    assert (x[column], y[row]) == (30.0, 10.0)
    assert plane.max() == pytest.approx(-math.log(15 * 50))


def test_samples_are_judged_by_the_two_rules():
    data = np.array([[48.9, 2.3]], np.float32)
    samples = np.array([[11.3493, 142.1996], [48.9, 2.4], [-25.0, 134.0]], np.float32)
    assert basics.judged(samples, data) == ["A", "B", "C"]


def test_worked_probabilities_of_wrodl():
    assert basics.probability("multinomial", TWICE, 0) == pytest.approx(0.04)
    assert basics.probability("multinomial", NEVER, 0) == 0
    assert basics.probability("multinomial", NEVER, 1) == pytest.approx(1 / 4082)
    assert basics.probability("naive-bayes", TWICE, 0) == pytest.approx(0.0054146, abs=1e-7)
    assert basics.probability("naive-bayes", NEVER, 0) == pytest.approx(0.00098, abs=5e-6)
    assert (basics.occurrences(TWICE), basics.occurrences(NEVER)) == (2, 0)


@pytest.mark.parametrize("model", ["multinomial", "naive-bayes"])
@pytest.mark.parametrize("pseudocount", [0.0, 0.5, 1.0, 5.0])
def test_probabilities_sum_to_one(model, pseudocount):
    assert basics.probabilities(model, pseudocount).sum() == pytest.approx(1.0)


def test_unseen_mass_and_copies():
    assert basics.unseen_mass("multinomial", 0) == 0
    assert basics.unseen_mass("multinomial", 1) == pytest.approx(0.98, abs=0.01)
    codes, copies = basics.draw("multinomial", 0, 100, 1)
    assert copies.all()
    table = {tuple(row) for row in wrodl.rows().tolist()}
    codes, copies = basics.draw("naive-bayes", 0, 200, 1)
    assert copies.tolist() == [tuple(row) in table for row in codes.tolist()]


def test_pixels_are_taken_from_the_same_place_of_some_face():
    faces, drawn = basics.planet_pixel(), basics.pixel_samples(20, 0)
    assert drawn.shape == (20, 32, 32, 3)
    same = (drawn[:, None] == faces[None]).all(-1)  # (20, 50, 32, 32)
    assert same.any(1).all()
    assert not same.all((2, 3)).any()  # no sample is a face of the data
