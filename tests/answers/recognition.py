"""Right and wrong answers to the exercises of chapter recognition."""

from __future__ import annotations

from itertools import groupby

import numpy as np


def alias(f, rate):
    return abs(f - rate * round(f / rate))


def alias_by_hand(f, rate):
    rest = f % rate
    return min(rest, rate - rest)


def warp(cost, steps=((1, 0), (0, 1), (1, 1))):
    total = np.full(cost.shape, np.inf)
    for i in range(cost.shape[0]):
        for j in range(cost.shape[1]):
            ways = [total[i - a, j - b] for a, b in steps if i >= a and j >= b]
            total[i, j] = cost[i, j] + (min(ways) if i or j else 0)
    return total[-1, -1]


def collapse(path):
    return [k for k, _ in groupby(path) if k]


def blanks_first(path):
    return [k for k, _ in groupby(k for k in path if k)]


def changes(a, b):
    if not a or not b:
        return len(a) + len(b)
    straight = changes(a[1:], b[1:]) + (a[0] != b[0])
    return min(changes(a[1:], b) + 1, changes(a, b[1:]) + 1, straight)


def errors(true, found):
    return np.array([changes(a, b) for a, b in zip(true, found, strict=True)])


def rate(true, found):
    return errors(true, found).sum() / sum(map(len, true))


RIGHT = [
    (1, [25, 40, 98]),
    (1, np.array([25.0, 40.0, 98.0])),
    (2, alias),
    (2, alias_by_hand),
    (3, warp),
    (4, [13.979, 5]),
    (5, [5, 1, 5]),
    (6, collapse),
    (7, (0.64, "b")),
    (8, rate),
]

WRONG = [
    (1, [50, 40, 98], "at 8 kHz"),
    (1, [10, 40, 98], "starts after the other"),
    (1, [0.025, 40, 98], "milliseconds were asked"),
    (1, [25, 100, 98], "pieces a second"),
    (1, [25, 80, 98], "half as many places"),
    (1, [25, 40, 100], "over the end"),
    (1, [25, 40, 40], "without overlap"),
    (1, [25, 40, 97], "starts at 0"),
    (1, [7, 40, 98], "count in samples"),
    (2, lambda f, r: f % r, "falls again"),
    (2, lambda f, r: f, "too high to be heard"),
    (2, lambda f, r: f - r * round(f / r), "no sign"),
    (2, lambda f, r: abs(r - f) if f > r / 2 else f, "folds once"),
    (2, lambda f, r: 123.0, "nearest to zero"),
    (3, lambda c: warp(c, ((1, 0), (0, 1))), "both sequences at once"),
    (3, lambda c: np.trace(c), "wait in one"),
    (3, lambda c: float(len(c)), "number of places"),
    (3, lambda c: warp(c) - c[0, 0], "first place costs"),
    (3, lambda c: -1.0, "cheapest way to each place"),
    (4, [6.99, 5], "enter squared"),
    (4, [-13.98, 5], "other way round"),
    (4, [32.19, 5], "base ten"),
    (4, [13.98, 25], "samples are amplitudes"),
    (4, [13.98, 0.2], "become stronger"),
    (4, [1, 5], "square of the amplitude"),
    (5, [3, 1, 5], "no blank at all"),
    (5, [6, 1, 5], "repeats collapse"),
    (5, [27, 1, 5], "all paths"),
    (5, [5, 5, 5], "without a blank"),
    (5, [5, 0, 5], "long enough"),
    (5, [5, 1, 4], "something between"),
    (5, [5, 1, 6], "only neighbours"),
    (5, [5, 1, 9], "left out"),
    (5, [2, 1, 5], "write all the paths"),
    (6, blanks_first, "before you collapsed"),
    (6, lambda p: [k for k, _ in groupby(p)], "still in it"),
    (6, lambda p: [k for k in p if k], "neighbouring frames"),
    (6, lambda p: [9, 9, 9], "Walk along"),
    (7, (0.16, "b"), "one of three"),
    (7, (0.48, "b"), "one path is missing"),
    (7, (0.36, "b"), "probability of the empty"),
    (7, (1, "b"), "one path gives"),
    (7, (0.1, "b"), "three paths give"),
    (7, (0.64, "a"), "which single path"),
    (8, lambda t, f: np.mean(errors(t, f) / [len(a) for a in t]), "mean of the rates"),
    (8, lambda t, f: errors(t, f).sum() / sum(map(len, f)), "true words"),
    (8, lambda t, f: (errors(t, f) > 0).mean(), "share of strings"),
    (8, lambda t, f: errors(t, f).sum(), "number of errors"),
    (8, lambda t, f: -1.0, "least number of changes"),
]
