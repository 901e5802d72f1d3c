"""Right and wrong answers to the exercises of chapter style_transfer."""

from __future__ import annotations

import numpy as np


def centred(f, target, times=4, mean=False, last=False, divide=True):
    n = f.shape[1]
    away = f if mean else f - f.mean(axis=1, keepdims=True)
    gap = away @ away.T / n - target
    return times * gap @ (f if last else away) / (n if divide else 1)


def centred_by_chain(f, target):
    n = f.shape[1]
    middle = np.eye(n) - np.ones((n, n)) / n
    away = f @ middle
    return 4 / n * (away @ away.T / n - target) @ away @ middle


RIGHT = [
    (1, (2 / 3, 10 / 9, 8 / 9)),
    (1, [0.6667, 1.1111, 0.8889]),
    (2, centred),
    (2, centred_by_chain),
    (3, (2 + 2**0.5, 9)),
    (3, [3.414, 9.0]),
]

WRONG = [
    (1, (2, 10 / 9, 8 / 9), "sum over places. The"),
    (1, (5 / 3, 10 / 9, 8 / 9), "with itself"),
    (1, (2 / 3, 1, 8 / 9), "off the diagonal"),
    (1, (2 / 3, 2 / 3, 8 / 9), "squared before"),
    (1, (2 / 3, 26, 8 / 9), "sums over places. Divide"),
    (1, (2 / 3, 10 / 9, 8 / 3), "divide by the number"),
    (1, (2 / 3, 10 / 9, 4 / 9), "both halves"),
    (1, (2 / 3, 10 / 9, -4 / 9), "other feature"),
    (1, (7, 10 / 9, 8 / 9), "mean products"),
    (2, lambda f, t: centred(f, t, mean=True), "Gram matrix itself"),
    (2, lambda f, t: centred(f, t, times=2), "both factors"),
    (2, lambda f, t: centred(f, t, last=True), "still in them"),
    (2, lambda f, t: centred(f, t, divide=False), "number of places"),
    (2, lambda f, t: f, "what the centring does"),
    (3, (4, 9), "not each by itself"),
    (3, (2 * 2**0.5, 9), "one difference each"),
    (3, (2**0.5, 9), "own term"),
    (3, (2 + 2**0.5, 10), "lowest row"),
    (3, (2 + 2**0.5, 18), "crosses the step once"),
    (3, (2 + 2**0.5, 9 * 2**0.5), "same grey"),
    (3, (7, 9), "take the root"),
]
