"""Right and wrong answers to the exercises of chapter regularization."""

from __future__ import annotations

import numpy as np

from utils import scratch

L2 = [1.5, -2 / 3, 0.16]


L1 = [2, -0.5, 0]


def spatial(x, p, rng, shape=2, keep=None, factor=None):
    wanted = (*x.shape[:2], 1, 1) if shape == 2 else shape
    mask = rng.random(wanted) >= (p if keep is None else 1 - p)
    return mask * x * (1 / (1 - p) if factor is None else factor)


def smoothed(logits, labels, eps, spread=None):
    n, k = logits.shape
    one_hot = np.eye(k)[labels]
    targets = (1 - eps) * one_hot + (eps / k if spread is None else spread)
    return (scratch.softmax(logits) - targets) / n


def steps(alpha, lr, curvature):
    return np.log(alpha / (curvature + alpha)) / np.log(1 - lr * curvature)


def limited(w, c):
    return np.stack([v * min(1, c / (np.linalg.norm(v) or 1)) for v in w.T], axis=1)


def in_place(x, p, rng):
    x *= 0
    return x


def others_only(logits, labels, eps):
    n, k = logits.shape
    one_hot = np.eye(k)[labels]
    targets = (1 - eps) * one_hot + eps / (k - 1) * (1 - one_hot)
    return (scratch.softmax(logits) - targets) / n


RIGHT = [
    (1, [1, 0.8, 0.8, 0.16]),
    (2, [L2, L1]),
    (2, [[1.5, -0.667, 0.16], L1]),
    (3, spatial),
    (4, smoothed),
    (5, steps),
    (6, limited),
]

WRONG = [
    (1, [4, 0.8, 0.8, 0.16], "measurement. The"),
    (1, [1, 0.5, 0.8, 0.16], "of the mean"),
    (1, [1, 0.8, 0.64, 0.16], "variance alone"),
    (1, [1, 0.8, 0.8, 0.4], "square it"),
    (1, [1, 0.8, 0.8, -0.4], "square it"),
    (1, [1, 0.8, 0.7, 0.16], "function of s"),
    (1, [0.5, 0.8, 0.8, 0.16], "the standard"),
    (1, [2, 0.8, 0.8, 0.16], "dividing by"),
    (1, [1, 0.2, 0.8, 0.16], "taken away"),
    (1, [1, 1, 0.8, 0.16], "the least"),
    (1, [1, 0.8, 1, 0.16], "error without"),
    (1, [1, 0.8, 0.16, 0.16], "bias² alone"),
    (1, [1, 0.8, 0.8, 0.64], "times (a)"),
    (1, [1, 0.8, 0.8, 0.04], "true value"),
    (2, [L1, L2], "exchanged"),
    (2, [[1.5, -1 / 3, 0.04], L1], "stays"),
    (2, [[1.5, -0.5, 0.1], L1], "of its own"),
    (2, [[1.0, -0.5, 0.2 * 2 / 3], L1], "slope"),
    (2, [[3, -1, 0.2], L1], "multiply"),
    (2, [L2, [2, -0.5, -0.05]], "sign"),
    (2, [L2, [2, 0, 0]], "steep"),
    (2, [L2, [2, -1.5, -0.05]], "upwards"),
    (2, [L2, [3, -1, 0]], "stop at zero"),
    (3, lambda x, p, rng: x, "nothing is zero"),
    (3, lambda x, p, rng: spatial(x, p, rng, shape=x.shape), "in part"),
    (3, lambda x, p, rng: spatial(x, p, rng, shape=(1, 50, 1, 1)), "share their draws"),
    (3, lambda x, p, rng: spatial(x, p, rng, keep=True), "share that"),
    (3, lambda x, p, rng: spatial(x, p, rng, factor=1), "scaled"),
    (3, lambda x, p, rng: spatial(x, p, rng, factor=1 / p), "divide by p"),
    (3, lambda x, p, rng: spatial(x, p, rng, factor=3), "factor"),
    (3, in_place, "x itself"),
    (3, lambda x, p, rng: spatial(x, p / 2, rng), "a share of"),
    (4, lambda z, y, e: smoothed(z, y, e) * len(z), "1/N"),
    (4, lambda z, y, e: -smoothed(z, y, e), "sign"),
    (4, lambda z, y, e: smoothed(z, y, 0.0), "without smoothing"),
    (4, others_only, "all K"),
    (4, lambda z, y, e: smoothed(z, y, e, 0.0), "add up to 1"),
    (4, lambda z, y, e: np.ones_like(z), "targets of one row"),
    (5, lambda a, lr, c: -steps(a, lr, c), "negative"),
    (5, lambda a, lr, c: 1 / (lr * a), "approximation"),
    (5, lambda a, lr, c: round(steps(a, lr, c)), "rounded"),
    (5, lambda a, lr, c: np.log(1 + c / a) / (lr * c), "approximate"),
    (5, lambda a, lr, c: 3.7, "solve for k"),
    (6, lambda w, c: limited(w.T, c).T, "rows"),
    (6, lambda w, c: np.clip(w, -c, c), "single weights"),
    (6, lambda w, c: w * min(1, c / np.linalg.norm(w)), "whole matrix"),
    (6, lambda w, c: c * w / np.linalg.norm(w, axis=0), "Leave them"),
    (
        6,
        lambda w, c: w * np.minimum(1, c / np.linalg.norm(w, axis=0) * 0.5),
        "columns are off",
    ),
    (
        6,
        lambda w, c: w / (n := np.linalg.norm(w, axis=0)) * np.minimum(n, c),
        "no length to divide by",
    ),
    (3, lambda x, p, rng: spatial(x, p, rng, shape=(60, 1, 1, 1)), "share their draws"),
]
