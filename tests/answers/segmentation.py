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


RIGHT = [
    (1, [23, 23, 2]),
    (1, (23.0, 23, 2)),
    (2, stamp),
    (2, stamp_by_zeros),
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
]
