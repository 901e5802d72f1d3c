"""The measures of generated examples: laws, known cases, and what is refused."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import linalg
from scratch_helpers import drawn, seeds

from utils.generative import frechet_distance, precision_recall_coverage

dimensions = st.integers(1, 5)


def cloud(seed, rows, columns):
    rng = np.random.default_rng(seed)
    return rng.normal(size=(rows, columns)) @ rng.normal(size=(columns, columns))


@drawn
@given(seeds, dimensions)
def test_frechet_is_zero_for_the_same_and_symmetric(seed, d):
    x, y = cloud(seed, 40, d), cloud(seed + 1, 30, d) + 1
    assert frechet_distance(x, x[::-1]) == pytest.approx(0, abs=1e-6)
    assert frechet_distance(x, y) == pytest.approx(frechet_distance(y, x))


@drawn
@given(seeds, dimensions)
def test_frechet_agrees_with_the_formula(seed, d):
    x, y = cloud(seed, 40, d), cloud(seed + 1, 30, d) + 1
    s, t = (np.atleast_2d(np.cov(a, rowvar=False)) for a in (x, y))
    root = np.real(linalg.sqrtm(s @ t))
    expected = np.sum((x.mean(0) - y.mean(0)) ** 2) + np.trace(s + t - 2 * root)
    assert frechet_distance(x, y) == pytest.approx(expected, rel=1e-5, abs=1e-6)


@drawn
@given(seeds, dimensions)
def test_frechet_of_a_shift_is_its_squared_length_and_turns_do_not_matter(seed, d):
    x, y = cloud(seed, 40, d), cloud(seed + 1, 30, d)
    shift = np.arange(1.0, d + 1)
    assert frechet_distance(x, x + shift) == pytest.approx(shift @ shift)
    turn, _ = np.linalg.qr(np.random.default_rng(seed).normal(size=(d, d)))
    turned = frechet_distance(x @ turn, y @ turn)
    assert turned == pytest.approx(frechet_distance(x, y), abs=1e-6)


def test_frechet_in_one_dimension():
    x = np.array([[-1.0], [1.0]]) * np.sqrt(0.5)  # variance 1
    assert frechet_distance(x, 3 * x + 2) == pytest.approx(4 + (3 - 1) ** 2)


@drawn
@given(seeds, dimensions, st.integers(1, 4))
def test_a_cloud_covers_itself_and_nothing_far_away(seed, d, k):
    x = cloud(seed, 30, d)
    assert precision_recall_coverage(x, x, k) == (1, 1, 1)
    assert precision_recall_coverage(x, x + 1e4, k) == (0, 0, 0)


@drawn
@given(seeds, dimensions)
def test_precision_and_recall_change_places(seed, d):
    x, y = cloud(seed, 30, d), cloud(seed + 1, 20, d)
    one, other = precision_recall_coverage(x, y), precision_recall_coverage(y, x)
    assert (one.precision, one.recall) == (other.recall, other.precision)


@drawn
@given(seeds)
def test_against_the_loops(seed):
    x, y, k = cloud(seed, 12, 2), cloud(seed + 1, 9, 2), 3

    def reach(points, i):
        return sorted(np.linalg.norm(points - points[i], axis=1))[k]

    def inside(point, points):
        return [
            np.linalg.norm(point - centre) <= reach(points, i)
            for i, centre in enumerate(points)
        ]

    found = precision_recall_coverage(x, y, k)
    assert found.precision == np.mean([any(inside(point, x)) for point in y])
    assert found.recall == np.mean([any(inside(point, y)) for point in x])
    balls = np.array([inside(point, x) for point in y])
    assert found.coverage == np.mean(balls.any(axis=0))


def test_collapse_keeps_precision_and_loses_recall_and_coverage():
    rng = np.random.default_rng(0)
    x = rng.normal(size=(200, 2)) + 20 * rng.integers(0, 4, size=(200, 1))
    y = rng.normal(size=(200, 2))  # one of four clusters
    found = precision_recall_coverage(x, y)
    assert found.precision > 0.9
    assert found.recall < 0.4
    assert found.coverage < 0.4


x = np.zeros((6, 2))


@pytest.mark.parametrize("measure", [frechet_distance, precision_recall_coverage])
@pytest.mark.parametrize(
    ("real", "fake", "message"),
    [
        (x[0], x, r"real must have shape \(N, D\), got \(2,\)"),
        (x, x[:1], r"fake needs at least \d rows, got 1"),
        (x, x[:, :1], "equally many features, got 2 and 1"),
        (x, x + np.nan, "fake holds values that are not finite"),
    ],
)
def test_what_is_wrong_is_said(measure, real, fake, message):
    with pytest.raises(ValueError, match=message):
        measure(real, fake)


@pytest.mark.parametrize("k", [0, 2.5])
def test_neighbours_are_counted_from_one(k):
    with pytest.raises(ValueError, match=r"neighbours is .*; give a whole"):
        precision_recall_coverage(x, x, k)
