"""Right and wrong answers to the exercises of chapter transfer_learning."""

from __future__ import annotations

import numpy as np

TOTAL = 2048 * 512 + 512 + 512 * 10 + 10


def fold(weight, gamma, beta, mean, var, eps):
    a = gamma / np.sqrt(var + eps)
    return weight * a[:, None, None, None], beta - a * mean


def fold_by_filter(weight, gamma, beta, mean, var, eps):
    sd = (var + eps) ** 0.5
    filters = [w * g / s for w, g, s in zip(weight, gamma, sd, strict=True)]
    return [np.stack(filters), (0 - mean) / sd * gamma + beta]


def towards(x, y, w0, strength):
    a = x.T @ x + strength * np.eye(x.shape[1])
    return w0 + np.linalg.solve(a, x.T @ (y - x @ w0))


def towards_stacked(x, y, w0, strength):
    root = np.sqrt(strength)
    rows = np.vstack([x, root * np.eye(len(w0))])
    return np.linalg.lstsq(rows, np.concatenate([y, root * w0]))[0]


def scaled(power, inside=True, add=True):
    def wrong(weight, gamma, beta, mean, var, eps):
        a = gamma / ((var + eps * add * inside) ** power + eps * add * (not inside))
        return weight * a[:, None, None, None], beta - a * mean

    return wrong


def biased(bias):
    def wrong(weight, gamma, beta, mean, var, eps):
        a = gamma / np.sqrt(var + eps)
        return weight * a[:, None, None, None], bias(a, beta, mean)

    return wrong


def ridge(x, y, strength):
    return np.linalg.solve(x.T @ x + strength * np.eye(x.shape[1]), x.T @ y)


RIGHT = [
    (1, TOTAL),
    (1, 1_054_218.0),
    (2, [44, 459]),
    (2, np.array([[44.0], [459.0]])),
    (3, fold),
    (3, fold_by_filter),
    (4, towards),
    (4, towards_stacked),
    (5, [[-1, 0, 0.5], [0, 1, 0]]),
    (6, 3745),
]

WRONG = [
    (1, TOTAL - 522, "biases are"),
    (1, TOTAL - 512, "of the first"),
    (1, TOTAL - 10, "last layer"),
    (1, 2048 * 512 + 512, "ten classes"),
    (1, 20_490, "512 units"),
    (1, TOTAL + 23_508_032, "frozen"),
    (1, 12, "A · B"),
    (1, 49 * 2048 * 512 + 512 + 5130, "sees them"),
    (2, [459, 44], "other way round"),
    (2, [43, 459], "left after it"),
    (2, [43.7, 459], "of batches"),
    (2, [2, 459], "exchanged: each"),
    (2, [44, 44], "0.99"),
    (2, [44, 100], "with logarithms"),
    (2, [44, 458.211], "batches come"),
    (2, [44, 458], "short: after"),
    (2, [44, 1], "was; α and"),
    (3, scaled(0.5, add=False), "missing under the root"),
    (3, scaled(0.5, inside=False), "belongs under the root"),
    (3, scaled(1), "standard deviation"),
    (
        3,
        lambda w, g, b, m, v, e: (w / np.sqrt(v + e)[:, None, None, None], b),
        "the weights",
    ),
    (3, lambda w, g, b, m, v, e: (w, b), "the old ones"),
    (3, lambda w, g, b, m, v, e: (2 * w, b), "each of its weights"),
    (3, biased(lambda a, beta, mean: beta), "take off the mean"),
    (3, biased(lambda a, beta, mean: beta - mean), "scale it, too"),
    (3, biased(lambda a, beta, mean: beta + a * mean), "sign"),
    (3, biased(lambda a, beta, mean: 7 * beta), "z = 0"),
    (3, lambda w, *a: (w[0], w), "one factor and one bias"),
    (
        3,
        lambda w, g, b, m, v, e: (w * (g / (v + e) ** 0.5)[0], b),
        "the factor of the first",
    ),
    (3, biased(lambda a, beta, mean: -a * mean), "β is missing"),
    (4, lambda x, y, w0, s: ridge(x, y, s), "towards zero"),
    (4, lambda x, y, w0, s: w0 + ridge(x, y, s), "must explain"),
    (4, lambda x, y, w0, s: ridge(x, y - x @ w0, s), "Add w0"),
    (4, lambda x, y, w0, s: towards(x, y, w0, 0), "no effect"),
    (4, lambda x, y, w0, s: towards(x, y, w0, 6 * s), "not a mean"),
    (4, lambda x, y, w0, s: ridge(x, y, s) + s * w0, "before the system"),
    (4, lambda x, y, w0, s: w0, "start itself"),
    (4, lambda x, y, w0, s: 2 * w0, "gradient"),
    (5, [[-1, 0, -0.5], [0, 1, 0]], "Undo the move"),
    (5, [[-1, 0, 0.25], [0, 1, 0]], "quarter is"),
    (5, [[-1, 0, -0.25], [0, 1, 0]], "order"),
    (5, [[-1, 0, 0], [0, 1, 0]], "does not move"),
    (5, [[1, 0, -0.5], [0, 1, 0]], "does not mirror"),
    (5, [[1, 0, 0], [0, -1, 0.5]], "upside down"),
    (5, [[1, 0, 0.5], [0, -1, 0]], "left and right"),
    (5, [[-2, 1, 0.7], [0, 2, 3]], "row should"),
    (5, [[-2, 1, 0.7], [0, 1, 0]], "one point"),
    (5, [[-1, 0, 0.5], [1, 1, 0]], "u has no part"),
    (5, [[-2, 1, 0.5], [0, 1, 0.5]], "end of the second row"),
    (6, 3744, "round up"),
    (6, 7490, "2 under the root"),
    (6, 75, "squared"),
    (6, 1627, "natural"),
    (6, 25_000, "logarithm of the number"),
    (6, 100, "solve for n"),
]
