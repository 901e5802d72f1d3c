"""Right and wrong answers to the exercises of chapter regularization."""

from __future__ import annotations

import numpy as np
from scipy.optimize import brentq

L2 = [1.5, -2 / 3, 0.16]


L1 = [2, -0.5, 0]


def spatial(x, p, rng, shape=2, keep=None, factor=None):
    wanted = (*x.shape[:2], 1, 1) if shape == 2 else shape
    mask = rng.random(wanted) >= (p if keep is None else 1 - p)
    return mask * x * (1 / (1 - p) if factor is None else factor)


def cleaned(labels, rho, k, each=None, scale=None):
    each = rho / (k - 1) if each is None else each
    rows = np.eye(k)[labels] - each
    return rows * (1 / (1 - k * each) if scale is None else scale)


def noisy(labels, rho, k):
    one_hot = np.eye(k)[labels]
    return (1 - rho) * one_hot + rho / (k - 1) * (1 - one_hot)


def strength(values, lr, steps, power=1, keep=None):
    kept = 1 - (1 - lr * values) ** steps
    kept = np.sum((kept if keep is None else keep) ** power)

    def excess(log_alpha):
        left = values / (values + np.exp(log_alpha))
        return np.sum(left**power) - kept

    return np.exp(brentq(excess, -30, 30, xtol=1e-12))


def limited(w, c):
    return np.stack([v * min(1, c / (np.linalg.norm(v) or 1)) for v in w.T], axis=1)


def in_place(x, p, rng):
    x *= 0
    return x


RIGHT = [
    (1, [1, 0.8, 0.8, 0.16]),
    (2, [L2, L1]),
    (2, [[1.5, -0.667, 0.16], L1]),
    (3, spatial),
    (4, cleaned),
    (5, strength),
    (6, limited),
    (7, ("d", "b")),
    (8, 1.6225),
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
    (4, lambda y, rho, k: np.eye(k)[y], "as they are"),
    (4, noisy, "a second time"),
    (4, lambda y, rho, k: cleaned(y, rho, k, each=rho / k), "never the true one"),
    (4, lambda y, rho, k: cleaned(y, rho, k, scale=1), "add up to 1"),
    (4, lambda y, rho, k: np.maximum(cleaned(y, rho, k), 0), "cut off"),
    (4, lambda y, rho, k: np.ones((len(y), k)), "one-hot + b"),
    (5, lambda v, lr, k: 1 / (lr * k), "rule of thumb"),
    (5, lambda v, lr, k: strength(v, lr, k, power=2), "squared"),
    (5, lambda v, lr, k: strength(v[v == v.max()], lr, k), "steepest"),
    (5, lambda v, lr, k: strength(v[:1] * 0 + v.mean(), lr, k), "mean eigenvalue"),
    (5, lambda v, lr, k: 1 / strength(v, lr, k), "one over"),
    (5, lambda v, lr, k: 1.01 * strength(v, lr, k), "six digits"),
    (5, lambda v, lr, k: 77.0, "in which direction"),
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
    (7, ("a", "b"), "the loss is a mean, so"),
    (7, ("b", "b"), "is the penalty stronger"),
    (7, ("c", "b"), "do more data make the"),
    (7, ("d", "a"), "its logarithm still has"),
    (7, ("d", "c"), "its logarithm is"),
    (7, ("d", "d"), "it allows positive"),
    (8, 2.15, "That is the sum of the"),
    (8, 3, "That is D itself. Which"),
    (8, 0.3225, "Those are the squares"),
    (8, 1.9925, "square each factor by"),
]
