"""Right and wrong answers to the exercises of chapter segmentation."""

from __future__ import annotations

import numpy as np


def stamp(y, w, s):
    z = np.zeros(s * (len(y) - 1) + len(w))
    for i, value in enumerate(y):
        z[s * i : s * i + len(w)] += value * w
    return z


def stamp_by_zeros(y, w, s):
    wide = np.zeros(s * (len(y) - 1) + 1)
    wide[::s] = y
    return np.convolve(wide, w)


def overwritten(y, w, s):
    z = np.zeros(s * (len(y) - 1) + len(w))
    for i, value in enumerate(y):
        z[s * i : s * i + len(w)] = value * w
    return z


def from_table(table):
    right = np.diag(table)
    return (right / (table.sum(axis=0) + table.sum(axis=1) - right)).mean()


def class_by_class(table):
    values = []
    for c in range(len(table)):
        off = table[c].sum() + table[:, c].sum() - table[c, c]
        values.append(float(table[c, c] / off))
    return sum(values) / len(values)


def overlaps(a, b):
    both = (a[:, None] & b[None]).sum(axis=(2, 3))
    return both / (a[:, None] | b[None]).sum(axis=(2, 3))


def overlaps_one_by_one(a, b):
    return np.array([[(p & q).sum() / (p | q).sum() for q in b] for p in a])


RIGHT = [
    (1, [23, 23, 2]),
    (1, (23.0, 23, 2)),
    (2, stamp),
    (2, stamp_by_zeros),
    (4, [30 / 70, 60 / 100, (30 / 70 + 130 / 170) / 2]),
    (4, (0.4286, 0.6, 0.5966)),
    (5, from_table),
    (5, class_by_class),
    (7, [12, 24, 48 * 24 * 4]),
    (7, (12.0, 24, 4608)),
    (9, [80 / 120, 1 / 2, 1 / 3]),
    (9, (0.6667, 0.5, 0.3333)),
    (10, overlaps),
    (10, overlaps_one_by_one),
]

WRONG = [
    (1, [13, 23, 2], "two pixels of the picture"),
    (1, [11, 23, 2], "spreads the kernel"),
    (1, [22, 23, 2], "itself counts"),
    (1, [23, 21, 2], "reaches further"),
    (1, [23, 26, 2], "six steps"),
    (1, [23, 23, 1], "one step before"),
    (1, [23, 23, 3], "no pixel so often"),
    (1, [5, 5, 5], "layer by layer"),
    (2, lambda y, w, s: stamp(y, w[::-1], s), "turned around"),
    (2, overwritten, "do not overwrite"),
    (2, lambda y, w, s: stamp(y, w, 1), "a stride apart"),
    (2, lambda y, w, s: np.zeros(s * (len(y) - 1) + len(w)), "Let each number"),
    (4, [0.3, 0.6, 0.5966], "counted twice"),
    (4, [0.75, 0.6, 0.5966], "that was found"),
    (4, [0.5, 0.6, 0.5966], "share of the answer"),
    (4, [0.4286, 0.3, 0.5966], "over both sizes"),
    (4, [0.4286, 0.4, 0.5966], "Dice loss"),
    (4, [0.4286, 0.6, 0.4286], "a class, too"),
    (4, [0.4286, 0.6, 0.6142857], "divide the right pixels"),
    (4, [0.4286, 0.6, 0.8], "pixel accuracy"),
    (4, [0.1, 0.1, 0.1], "in neither"),
    (5, lambda t: np.trace(t) / t.sum(), "that are right"),
    (5, lambda t: (np.diag(t) / t.sum(axis=0)).mean(), "truth alone"),
    (5, lambda t: (np.diag(t) / t.sum(axis=1)).mean(), "answers alone"),
    (5, lambda t: (np.diag(t) / (t.sum(0) + t.sum(1))).mean(), "count it once"),
    (5, lambda t: 0.5, "Of each class"),
    (7, [6, 24, 4608], "of this section"),
    (7, [24, 24, 4608], "three halvings"),
    (7, [8, 24, 4608], "of columns"),
    (7, [12, 12, 4608], "as well as"),
    (7, [12, 48, 4608], "one level deeper"),
    (7, [12, 24, 1152], "four places"),
    (7, [12, 24, 10368], "three by three"),
    (7, [1, 1, 1], "down the U"),
    (9, [0.8, 0.5, 0.3333], "share of the truth"),
    (9, [0.4, 0.5, 0.3333], "counted twice"),
    (9, [0.6667, 1, 0.3333], "never touched"),
    (9, [0.6667, 0.5, 0.6667], "nothing new"),
    (9, [0.6667, 0.5, 0.5], "lies elsewhere"),
    (9, [9, 9, 9], "go down by score"),
    (10, lambda a, b: 2 * overlaps(a, b) / (1 + overlaps(a, b)), "that is Dice"),
    (
        10,
        lambda a, b: (a[:, None] & b).sum(axis=(2, 3)) / a.sum(axis=(1, 2))[:, None],
        "first mask alone",
    ),
    (10, lambda a, b: overlaps(a, b).T, "turned around"),
    (10, lambda a, b: 0 * overlaps(a, b), "pixel by pixel"),
]
