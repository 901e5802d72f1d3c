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


def moved(x, y, spread="std", mean=True):
    ratio = {"std": y.std() / x.std(), "var": y.var() / x.var(), "none": 1}[spread]
    return (x - x.mean()) * ratio + (y.mean() if mean else 0)


def moved_by_line(x, y):
    slope = np.sqrt(y.var() / x.var())
    return slope * x + (y.mean() - slope * x.mean())


def between(f, s, share, axis=1):
    kind = {"axis": axis, "keepdims": axis is not None}
    own = (f - f.mean(**kind)) / f.std(**kind) * s.std(**kind) + s.mean(**kind)
    return f + share * (own - f)


def between_by_rows(f, s, share):
    rows = []
    for one, other in zip(f, s, strict=True):
        slope = np.sqrt(other.var() / one.var())
        own = slope * one + other.mean() - slope * one.mean()
        rows.append((1 - share) * one + share * own)
    return np.array(rows)


def between_with_floor(f, s, share):
    spread = f.std(axis=1, keepdims=True) + 1e-5
    unit = (f - f.mean(axis=1, keepdims=True)) / spread
    own = s.std(axis=1, keepdims=True) * unit + s.mean(axis=1, keepdims=True)
    return f + share * (own - f)


def instance_norm(f, gamma, beta, axes=(2, 3), ddof=0):
    spread = f.std(axis=axes, keepdims=True, ddof=ddof)
    return gamma * (f - f.mean(axis=axes, keepdims=True)) / spread + beta


def instance_norm_by_loops(f, gamma, beta):
    out = np.empty_like(f)
    for n, picture in enumerate(f):
        for c, map_ in enumerate(picture):
            root = np.sqrt(map_.var() + 1e-5)
            out[n, c] = gamma * (map_ - map_.mean()) / root + beta
    return out


RIGHT = [
    (1, (2 / 3, 10 / 9, 8 / 9)),
    (1, [0.6667, 1.1111, 0.8889]),
    (2, centred),
    (2, centred_by_chain),
    (3, (2 + 2**0.5, 9)),
    (3, [3.414, 9.0]),
    (5, (0.9, 0.02, -0.01)),
    (5, [0.9, 0.92 - 0.9, 0.64 - 0.65]),
    (6, moved),
    (6, moved_by_line),
    (8, (12 + 2 * 2**0.5, 12, 0)),
    (8, [14.828, 12.0, 0.0]),
    (9, between),
    (9, between_by_rows),
    (9, between_with_floor),
    (11, (2654208, 16, 100)),
    (11, [32 * 32 * 9 * 12 * 24, 16.0, 60000 / 600]),
    (12, instance_norm),
    (12, instance_norm_by_loops),
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
    (5, (0.825, 0.02, -0.01), "outermost"),
    (5, (0.65, 0.02, -0.01), "keep the most"),
    (5, (0.9, -0.02, -0.01), "it is above"),
    (5, (0.9, 0.42, -0.01), "guessing, not"),
    (5, (0.9, 0.12, -0.01), "share of a half"),
    (5, (0.9, 0.02, 0.01), "below the line"),
    (5, (0.9, 0.02, 0.14), "with guessing, too"),
    (5, (0.1, 0.02, -0.01), "keep more and less"),
    (6, lambda x, y: moved(x, y, "none"), "still that of x"),
    (6, lambda x, y: moved(x, y, "var"), "take their roots"),
    (6, lambda x, y: moved(y, x), "the moments of x"),
    (6, lambda x, y: moved(x, y, mean=False), "Which mean"),
    (6, lambda x, y: x, "add the other mean"),
    (8, (14.9211, 12, 0), "one less than"),
    (8, (2 * 2**0.5, 12, 0), "style is missing"),
    (8, (14, 12, 0), "stretch before"),
    (8, (16, 12, 0), "by the variance"),
    (8, (12 + 2 * 2**0.5, 3, 0), "becomes that"),
    (8, (12 + 2 * 2**0.5, 0, 0), "added at the end"),
    (8, (12 + 2 * 2**0.5, 12, 2**0.5), "move with the input"),
    (8, (12 + 2 * 2**0.5, 12, 1), "what arrives"),
    (8, (7, 12, 0), "both means and both"),
    (9, lambda f, s, t: between(f, s, 1), "whatever the share"),
    (9, lambda f, s, t: between(f, s, 1 - t), "must stay"),
    (9, lambda f, s, t: between(f, s, t, None), "each has its own"),
    (9, lambda f, s, t: f, "then mix it"),
    (11, (10616832, 16, 100), "quarter of the places"),
    (11, (294912, 16, 100), "three by three"),
    (11, (221184, 16, 100), "sums over all"),
    (11, (2654208, 8, 100), "backwards as well"),
    (11, (2654208, 24, 100), "they stay"),
    (11, (2654208, 1 / 16, 100), "other way round"),
    (11, (2654208, 16, 93.75), "one pass through"),
    (11, (7, 16, 100), "one place of the output"),
    (12, lambda f, g, b: instance_norm(f, g, b, (0, 2, 3)), "of the batch together"),
    (12, lambda f, g, b: instance_norm(f, g, b, (1, 2, 3)), "channels of a picture"),
    (12, lambda f, g, b: instance_norm(f, g, b, ddof=1), "not by one less"),
    (12, lambda f, g, b: instance_norm(f, 1, 0), "still to come"),
    (12, lambda f, g, b: f, "of one channel"),
]
