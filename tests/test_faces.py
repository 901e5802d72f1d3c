"""Drawn faces are who and where they say; scores and rates keep their laws."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from sklearn.metrics import roc_curve

from utils import verification
from utils.data import faces


def test_a_seed_fixes_people_and_pictures():
    who = faces.people(3, 0)
    assert who.shape == (3, len(faces.TRAITS))
    one, same, other = (faces.pictures(who, 2, seed) for seed in (1, 1, 2))
    assert one.images.shape == (6, 32, 32)
    assert one.images.dtype == np.float32
    assert 0 <= one.images.min() < one.images.max() <= 1
    assert one.person.tolist() == [0, 0, 1, 1, 2, 2]
    assert np.array_equal(one.images, same.images)
    assert not np.array_equal(one.images, other.images)


def test_circumstances_do_not_depend_on_who_it_is():
    calm = {"noise": 0.0, "side": 24}
    first = faces.pictures(faces.people(2, 0), 3, 5, **calm)
    again = faces.pictures(faces.people(2, 0)[::-1], 3, 5, **calm)
    assert first.images.shape == (6, 24, 24)
    assert not np.allclose(first.images, again.images)
    still = {**calm, "shift": 0, "turn": 0, "size": 0, "yaw": 0, "light": 0, "mood": 0}
    fixed = faces.pictures(faces.people(2, 0), 3, 5, **still)
    assert np.allclose(fixed.images[0], fixed.images[2], atol=1e-6)
    assert not np.allclose(fixed.images[0], fixed.images[3], atol=0.05)


def test_the_eyes_are_the_darkest_places_near_where_they_are_said_to_be():
    quiet = {"noise": 0.0, "light": 0.0, "side": 64, "turn": 12.0, "shift": 0.08}
    drawn = faces.pictures(faces.people(20, 3), 1, 4, **quiet)
    for image, eyes in zip(drawn.images, drawn.eyes, strict=True):
        assert eyes[0, 0] < eyes[1, 0]
        for x, y in eyes:
            row, column = int(y), int(x)
            near = image[row - 1 : row + 2, column - 1 : column + 2]
            around = image[row - 5 : row + 6, column - 5 : column + 6]
            assert near.min() < around.mean() - 0.1


def test_a_hood_hides_hair_and_outline():
    who = faces.people(2, 0)
    other = who.copy()
    hidden = [list(faces.TRAITS).index(name) for name in faces.HIDDEN]
    other[:, hidden] += 2
    same = [faces.pictures(w, 2, 1, hood=True).images for w in (who, other)]
    seen = [faces.pictures(w, 2, 1).images for w in (who, other)]
    assert np.array_equal(*same)
    assert np.abs(seen[0] - seen[1]).max() > 0.1


@given(st.integers(0, 2**32 - 1), st.integers(0, 3))
def test_rates_are_those_of_the_curve_and_free_of_units(seed, digits):
    rng = np.random.default_rng(seed)
    good, bad = rng.normal(1, 1, 40).round(digits), rng.normal(0, 1, 70).round(digits)
    rate = verification.equal_error_rate(good, bad)
    assert 0 <= rate <= 1
    assert rate == verification.equal_error_rate(3 * good + 7, 3 * bad + 7)
    labels = np.repeat([1, 0], [40, 70])
    far, tar, _ = roc_curve(
        labels, np.concatenate([good, bad]), drop_intermediate=False
    )
    nearest = np.abs(far + tar - 1).min()
    k = np.flatnonzero(np.abs(np.abs(far + tar - 1) - nearest) < 1e-12)
    assert any(abs(rate - (far[i] + 1 - tar[i]) / 2) < 1e-12 for i in k)
    limit = verification.threshold_at(bad, 0.1)
    assert (bad > limit).mean() <= 0.1
    lower = bad[bad < limit]
    assert not len(lower) or (bad > lower.max()).mean() > 0.1
    assert verification.true_accept(good, bad, 0.1) == (good > limit).mean()


def test_perfect_and_useless_scores():
    low, high = np.array([0.0, 0.1]), np.array([0.8, 0.9, 1.0])
    assert verification.equal_error_rate(high, low) == 0
    assert verification.true_accept(high, low, 0) == 1
    assert verification.equal_error_rate(low, high) == 1


def test_pairs_are_all_pairs_and_cosines():
    e = np.array([[1.0, 0], [2, 0], [0, 3]])
    genuine, impostor = verification.pair_scores(e, np.array([4, 4, 7]))
    assert genuine.tolist() == [1]
    assert impostor.tolist() == [0, 0]


def test_rows_are_standardised():
    rows = verification.standardise(np.random.default_rng(0).random((3, 4, 4)))
    assert np.allclose(rows.mean(axis=1), 0)
    assert np.allclose(rows.std(axis=1), 1, atol=1e-4)
    assert np.allclose(verification.standardise(5 * rows - 2), rows, atol=1e-4)


def test_fisher_finds_the_direction_in_which_people_differ():
    rng = np.random.default_rng(0)
    person = np.repeat(np.arange(30), 10)
    x = rng.normal(size=(300, 6)) * [9, 1, 1, 1, 1, 1]
    x[:, 3] += 4 * rng.normal(size=30)[person]
    along = verification.fisherfaces(x, person, k=1, first=6)
    steps = along(np.eye(6)) - along(np.zeros((1, 6)))
    assert np.abs(steps).argmax() == 3
    within = along(x)[:, 0] - np.bincount(person, along(x)[:, 0])[person] / 10
    assert 0.9 < within.std() < 1.1
    largest = verification.eigenfaces(x, 1)
    assert np.abs(largest(np.eye(6)) - largest(np.zeros((1, 6)))).argmax() == 0
    dropped = verification.eigenfaces(x, 3, drop=1)(x)
    assert np.allclose(dropped, verification.eigenfaces(x, 3)(x)[:, 1:])


@pytest.mark.parametrize(
    ("call", "says"),
    [
        (lambda: verification.standardise(np.zeros(3)), "images must have shape"),
        (lambda: verification.pair_scores(np.ones((3, 2)), np.zeros(2)), "N persons"),
        (lambda: verification.threshold_at(np.zeros(3), 1.5), "a rate from 0"),
        (lambda: verification.threshold_at(np.zeros(0), 0.1), "0 scores"),
        (lambda: verification.equal_error_rate(np.zeros(0), np.ones(2)), "of two"),
    ],
)
def test_what_cannot_be_is_said(call, says):
    with pytest.raises(ValueError, match=says):
        call()
