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
    ("regularization-1", [1, 0.8, 0.8, 0.16]),
    ("regularization-2", [L2, L1]),
    ("regularization-2", [[1.5, -0.667, 0.16], L1]),
    ("regularization-3", spatial),
    ("regularization-4", smoothed),
    ("regularization-5", steps),
    ("regularization-6", limited),
]

WRONG = [
    ("regularization-1", [4, 0.8, 0.8, 0.16], "measurement. The"),
    ("regularization-1", [1, 0.5, 0.8, 0.16], "of the mean"),
    ("regularization-1", [1, 0.8, 0.64, 0.16], "variance alone"),
    ("regularization-1", [1, 0.8, 0.8, 0.4], "square it"),
    ("regularization-1", [1, 0.8, 0.7, 0.16], "function of s"),
    ("regularization-1", [0.5, 0.8, 0.8, 0.16], "the standard"),
    ("regularization-1", [2, 0.8, 0.8, 0.16], "dividing by"),
    ("regularization-1", [1, 0.2, 0.8, 0.16], "taken away"),
    ("regularization-1", [1, 1, 0.8, 0.16], "the least"),
    ("regularization-1", [1, 0.8, 1, 0.16], "error without"),
    ("regularization-1", [1, 0.8, 0.16, 0.16], "bias² alone"),
    ("regularization-1", [1, 0.8, 0.8, 0.64], "times (a)"),
    ("regularization-1", [1, 0.8, 0.8, 0.04], "true value"),
    ("regularization-2", [L1, L2], "exchanged"),
    ("regularization-2", [[1.5, -1 / 3, 0.04], L1], "stays"),
    ("regularization-2", [[1.5, -0.5, 0.1], L1], "of its own"),
    ("regularization-2", [[1.0, -0.5, 0.2 * 2 / 3], L1], "slope"),
    ("regularization-2", [[3, -1, 0.2], L1], "multiply"),
    ("regularization-2", [L2, [2, -0.5, -0.05]], "sign"),
    ("regularization-2", [L2, [2, 0, 0]], "steep"),
    ("regularization-2", [L2, [2, -1.5, -0.05]], "upwards"),
    ("regularization-2", [L2, [3, -1, 0]], "stop at zero"),
    ("regularization-3", lambda x, p, rng: x, "nothing is zero"),
    (
        "regularization-3",
        lambda x, p, rng: spatial(x, p, rng, shape=x.shape),
        "in part",
    ),
    (
        "regularization-3",
        lambda x, p, rng: spatial(x, p, rng, shape=(1, 50, 1, 1)),
        "share their draws",
    ),
    ("regularization-3", lambda x, p, rng: spatial(x, p, rng, keep=True), "share that"),
    ("regularization-3", lambda x, p, rng: spatial(x, p, rng, factor=1), "scaled"),
    (
        "regularization-3",
        lambda x, p, rng: spatial(x, p, rng, factor=1 / p),
        "divide by p",
    ),
    ("regularization-3", lambda x, p, rng: spatial(x, p, rng, factor=3), "factor"),
    ("regularization-3", in_place, "x itself"),
    ("regularization-4", lambda z, y, e: smoothed(z, y, e) * len(z), "1/N"),
    ("regularization-4", lambda z, y, e: -smoothed(z, y, e), "sign"),
    ("regularization-4", lambda z, y, e: smoothed(z, y, 0.0), "without smoothing"),
    ("regularization-4", others_only, "all K"),
    ("regularization-4", lambda z, y, e: smoothed(z, y, e, 0.0), "add up to 1"),
    ("regularization-4", lambda z, y, e: np.ones_like(z), "targets of one row"),
    ("regularization-5", lambda a, lr, c: -steps(a, lr, c), "negative"),
    ("regularization-5", lambda a, lr, c: 1 / (lr * a), "approximation"),
    ("regularization-5", lambda a, lr, c: round(steps(a, lr, c)), "rounded"),
    ("regularization-5", lambda a, lr, c: np.log(1 + c / a) / (lr * c), "approximate"),
    ("regularization-5", lambda a, lr, c: 3.7, "solve for k"),
    ("regularization-6", lambda w, c: limited(w.T, c).T, "rows"),
    ("regularization-6", lambda w, c: np.clip(w, -c, c), "single weights"),
    (
        "regularization-6",
        lambda w, c: w * min(1, c / np.linalg.norm(w)),
        "whole matrix",
    ),
    ("regularization-6", lambda w, c: c * w / np.linalg.norm(w, axis=0), "Leave them"),
    (
        "regularization-6",
        lambda w, c: w * np.minimum(1, c / np.linalg.norm(w, axis=0) * 0.5),
        "columns are off",
    ),
    ("regularization-3", lambda x, p, rng: spatial(x, p / 2, rng), "a share of"),
    (
        "regularization-6",
        lambda w, c: w / (n := np.linalg.norm(w, axis=0)) * np.minimum(n, c),
        "no length to divide by",
    ),
]
