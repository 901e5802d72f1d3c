"""Scenes hold what they say; overlap, suppression and precision keep their laws."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from utils import detection
from utils.data.scenes import PARTS, scenes


def random_boxes(rng, n):
    low = rng.uniform(0, 40, (n, 2))
    return np.concatenate([low, low + rng.uniform(1, 20, (n, 2))], axis=1)


@pytest.mark.parametrize("part", PARTS)
def test_a_box_is_the_frame_of_its_ink_and_no_two_digits_touch(part):
    drawn = scenes(40, seed=1, part=part)
    assert drawn.images.shape == drawn.masks.shape == (40, 64, 64)
    assert drawn.images.dtype == np.float32
    assert 0 <= drawn.images.min() < drawn.images.max() <= 1
    for mask, boxes, labels in zip(drawn.masks, drawn.boxes, drawn.labels, strict=True):
        assert 1 <= len(boxes) == len(labels) == mask.max() <= 4
        assert boxes.shape == (len(boxes), 4)
        for k, (x0, y0, x1, y1) in enumerate(boxes.astype(int), start=1):
            rows, columns = np.nonzero(mask == k)
            assert x0 <= columns.min() <= columns.max() < x1
            assert y0 <= rows.min() <= rows.max() < y1
            assert x1 - x0 <= 28
            assert 12 - 3 <= y1 - y0 <= 28
    assert {int(v) for labels in drawn.labels for v in labels} == set(range(10))


def test_a_seed_fixes_the_scenes_and_the_options_do_what_they_say():
    one, same, other = scenes(3, 5), scenes(3, 5), scenes(3, 6)
    assert (one.images == same.images).all()
    assert (one.images != other.images).any()
    large = scenes(3, 5, sizes=(40, 44), backgrounds=("coffee",), side=128, most=9)
    assert large.images.shape == (3, 128, 128)
    assert all(len(boxes) <= 9 for boxes in large.boxes)
    assert min((b[:, 3] - b[:, 1]).min() for b in large.boxes) > 28


def test_ink_edges_and_crowds_are_drawn_as_asked():
    dark = scenes(8, 5, inks=((0, 0.01),), sharp=9)
    assert dark.images[dark.masks > 0].mean() < scenes(8, 5).images.mean() / 2
    plain, sharp = scenes(8, 5), scenes(8, 5, sharp=4)
    assert (plain.masks == sharp.masks).all()
    bright = [drawn.images[plain.masks > 0].mean() for drawn in (plain, sharp)]
    assert bright[1] > bright[0]
    nearest = []
    for crowd in (0, 0.5):
        boxes = scenes(30, 5, most=6, sizes=(24, 28), crowd=crowd).boxes
        nearest.append(max((detection.iou(b, b) - np.eye(len(b))).max() for b in boxes))
    assert nearest[1] > nearest[0]


def test_precision_takes_another_overlap():
    masks = np.eye(3, dtype=bool)[:, None]

    def same(a, b):
        return (a[:, None] == b).all(axis=(2, 3)) * 1.0

    found = [(masks[[0, 2]], np.array([0.9, 0.8]))]
    ap = detection.average_precision(found, [masks[:2]], overlap=same)
    assert np.isclose(ap, 51 / 101)


def test_parts_share_no_digit_and_no_column_of_a_texture():
    for a, b in (("train", "valid"), ("valid", "test")):
        assert PARTS[a][1] <= PARTS[b][0]
        assert PARTS[a][3] <= PARTS[b][2]


@given(st.integers(0, 2**32 - 1))
def test_overlap_is_symmetric_bounded_and_free_of_units(seed):
    rng = np.random.default_rng(seed)
    a, b = random_boxes(rng, 4), random_boxes(rng, 3)
    found = detection.iou(a, b)
    assert found.shape == (4, 3)
    assert ((found >= 0) & (found <= 1)).all()
    assert np.allclose(found, detection.iou(b, a).T)
    assert np.allclose(found, detection.iou(3 * a + 7, 3 * b + 7))
    assert np.allclose(np.diag(detection.iou(a, a)), 1)


def test_overlap_by_hand_and_of_nothing():
    a, b = np.array([[0, 0, 4, 4]]), np.array([[2, 2, 6, 6], [6, 0, 10, 4]])
    assert np.allclose(detection.iou(a, b), [[4 / 28, 0]])
    assert detection.iou(np.zeros((0, 4)), b).shape == (0, 2)
    with pytest.raises(ValueError, match=r"b must have shape \(N, 4\), got \(4,\)"):
        detection.iou(a, np.zeros(4))


@given(st.integers(0, 2**32 - 1), st.floats(0, 1))
def test_what_is_suppressed_overlaps_a_better_box_that_is_kept(seed, limit):
    rng = np.random.default_rng(seed)
    boxes, scores = random_boxes(rng, 9), rng.integers(0, 4, 9) / 4
    kept = detection.nms(boxes, scores, limit)
    overlaps = detection.iou(boxes, boxes)
    assert (np.diff(scores[kept]) <= 0).all()
    for k in range(9):
        better = [j for j in kept if j != k and scores[j] >= scores[k]]
        assert (k in kept) == (not any(overlaps[j, k] > limit for j in better)) or (
            k in kept and all(overlaps[j, k] <= limit for j in kept if j != k)
        )
    assert len(detection.nms(np.zeros((0, 4)), np.zeros(0), limit)) == 0


def test_average_precision_by_hand():
    one, two = np.array([[0.0, 0, 9, 9]]), np.array([[20.0, 0, 29, 9]])
    both = np.concatenate([one, two])
    found = [(one, np.array([0.9])), (np.concatenate([one, one]), np.array([0.8, 0.7]))]
    value = detection.average_precision(found, [both, one])
    assert value == pytest.approx(67 / 101)  # two of three, both before the double
    assert detection.average_precision(found, [both, two]) == pytest.approx(34 / 101)
    nothing = [(np.zeros((0, 4)), np.zeros(0))]
    assert detection.average_precision(nothing, [one]) == 0
    assert np.isnan(detection.average_precision(nothing, [np.zeros((0, 4))]))
