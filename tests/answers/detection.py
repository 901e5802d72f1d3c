"""Right and wrong answers to the exercises of chapter detection."""

from __future__ import annotations

import numpy as np


def boxes(codes, anchors):
    unit = anchors[:, 2:] - anchors[:, :2]
    centre = anchors[:, :2] + unit / 2 + codes[:, :2] * unit
    size = unit * np.exp(codes[:, 2:])
    return np.concatenate([centre - size / 2, centre + size / 2], axis=1)


def boxes_one_by_one(codes, anchors):
    rows = []
    for (tx, ty, tw, th), (x0, y0, x1, y1) in zip(codes, anchors, strict=True):
        w, h = x1 - x0, y1 - y0
        x, y = x0 + w / 2 + tx * w, y0 + h / 2 + ty * h
        w, h = w * np.exp(tw), h * np.exp(th)
        rows.append([x - w / 2, y - h / 2, x + w / 2, y + h / 2])
    return np.array(rows)


def sides(codes, anchors):
    made = boxes(codes, anchors)
    centre = (made[:, :2] + made[:, 2:]) / 2
    return np.concatenate([centre, made[:, 2:] - made[:, :2]], axis=1)


def no_exponential(codes, anchors):
    return boxes(np.c_[codes[:, :2], np.log(np.abs(codes[:, 2:]))], anchors) * 1.0


def in_pixels(codes, anchors):
    unit = anchors[:, 2:] - anchors[:, :2]
    return boxes(np.c_[codes[:, :2] / unit, codes[:, 2:]], anchors)


def twice_as_large(codes, anchors):
    return boxes(np.c_[codes[:, :2], codes[:, 2:] + np.log(2)], anchors)


def marks(overlaps, limit):
    overlaps, found = overlaps.copy(), np.zeros(len(overlaps))
    for row in range(len(overlaps)):
        best = overlaps[row].argmax()
        if overlaps[row, best] >= limit:
            found[row] = 1
            overlaps[:, best] = -1
    return found


def marks_with_a_set(overlaps, limit):
    taken, found = set(), []
    for row in overlaps:
        free = [(v, k) for k, v in enumerate(row) if k not in taken and v >= limit]
        found.append(bool(free))
        if free:
            taken.add(max(free)[1])
    return np.array(found, int)


def first_choice_only(overlaps, limit):
    taken, found = set(), []
    for row in overlaps:
        best = int(row.argmax())
        found.append(float(row[best] >= limit and best not in taken))
        taken |= {best} if found[-1] else set()
    return np.array(found)


def leftmost(overlaps, limit):
    free, found = set(range(overlaps.shape[1])), []
    for row in overlaps:
        good = [k for k in sorted(free) if row[k] >= limit]
        found.append(bool(good))
        free -= set(good[:1])
    return np.array(found, int)


def poor_ones_take(overlaps, limit):
    left, found = overlaps.copy(), []
    for row in range(len(left)):
        best = left[row].argmax()
        found.append(left[row, best] >= limit)
        left[:, best] = -1
    return np.array(found, int)


def sampled(values, place):
    (y, x), (v, u) = (int(p) for p in place), (p % 1 for p in place)
    above = (1 - u) * values[y, x] + u * values[y, x + 1]
    below = (1 - u) * values[y + 1, x] + u * values[y + 1, x + 1]
    return (1 - v) * above + v * below


def sampled_by_weights(values, place):
    rows, columns = (
        np.maximum(0, 1 - np.abs(np.arange(n) - p))
        for n, p in zip(values.shape, place, strict=True)
    )
    return rows @ values @ columns


RIGHT = [
    (1, [4 / 28, 4 / 28 - 8 / 36, -0.2]),
    (1, (0.1429, -0.0794, -0.2)),
    (2, boxes),
    (2, boxes_one_by_one),
    (3, [3, 2, 0.8 * np.exp(-2 * (9 / 11) ** 2)]),
    (3, (3, 2, 0.2097)),
    (4, [3 / 4, 4 / 5, 19 / 30]),
    (4, (0.75, 0.8, 0.6333)),
    (5, marks),
    (5, marks_with_a_set),
    (6, [0.8, 0.04, -np.log(99)]),
    (6, (0.8, 0.04, -4.5951)),
    (8, sampled),
    (8, sampled_by_weights),
    (9, [3.5, 9 / 16, 0]),
    (9, (3.5, 0.5625, 0.0)),
]

WRONG = [
    (1, [0.125, -0.0794, -0.2], "counted twice"),
    (1, [0.25, -0.0794, -0.2], "share of one box"),
    (1, [0.1429, 0.36508, -0.2], "do not add"),
    (1, [0.1429, -0.22222, -0.2], "belongs to it"),
    (1, [0.1429, -0.0794, 0], "that is the IoU"),
    (1, [0.1429, -0.0794, 0.2], "mind the sign"),
    (1, [0.5, 0.5, 0.5], "squared paper"),
    (2, sides, "Edges were asked for"),
    (2, no_exponential, "is a logarithm"),
    (2, in_pixels, "not in pixels"),
    (2, twice_as_large, "half a side"),
    (2, lambda codes, anchors: anchors, "Find the centre first"),
    (3, [2, 2, 0.2097], "six of fourteen"),
    (3, [4, 2, 0.2097], "seven of thirteen"),
    (3, [3, 3, 0.2097], "one more"),
    (3, [3, 1, 0.2097], "no longer delete"),
    (3, [3, 2, 0.1557494], "enters squared"),
    (3, [3, 2, 0.4096038], "divide by sigma"),
    (3, [5, 5, 0.5], "covered length"),
    (4, [0.6, 0.8, 0.6333], "not by the truths"),
    (4, [1, 0.8, 0.6333], "one of the four"),
    (4, [0.75, 1, 0.6333], "never found"),
    (4, [0.75, 2 / 3, 0.6333], "Divide by the truths"),
    (4, [0.75, 0.8, 0.6166667], "fill the saw first"),
    (4, [0.75, 0.8, 0.7916667], "counts with 0"),
    (4, [0.1, 0.1, 0.1], "from the right"),
    (5, lambda o, t: (o >= t).any(axis=1), "once only"),
    (5, first_choice_only, "another free one"),
    (5, lambda o, t: marks(o, t + 1e-9), "equal to the limit"),
    (5, leftmost, "it overlaps most"),
    (5, poor_ones_take, "no truth away"),
    (5, lambda o, t: np.zeros(len(o)), "Go down the rows"),
    (6, [np.log(4), 0.04, -4.5951], "through the sigmoid"),
    (6, [0.2, 0.04, -4.5951], "probability of no"),
    (6, [0.8, 0.64, -4.5951], "of the error"),
    (6, [0.8, 0.2, -4.5951], "for γ = 1"),
    (6, [0.8, 0.04, 4.59512], "begin with yes"),
    (6, [0.8, 0.04, np.log(0.01)], "of the odds"),
    (6, [0.5, 0.5, 0.5], "four to one"),
    (8, lambda m, p: sampled(m.T, p), "exchanged"),
    (8, lambda m, p: m[round(p[0]), round(p[1])], "nearest cell"),
    (8, lambda m, p: m[int(p[0]), int(p[1])], "above and to the left"),
    (8, lambda m, p: sampled(m, 2 * np.floor(p) + 1 - p), "turned around"),
    (8, lambda m, p: m.mean(), "Weight the four"),
    (9, [3, 0.5625, 0], "Mix the four"),
    (9, [4, 0.5625, 0], "only in the middle"),
    (9, [3.5, 0.0625, 0], "opposite cell"),
    (9, [3.5, 0.25, 0], "not equal"),
    (9, [3.5, 0.75, 0], "Multiply both"),
    (9, [3.5, 0.5625, 1], "no part in it"),
    (9, [9, 9, 9], "four cells around"),
]
