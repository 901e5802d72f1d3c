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
    ("transfer_learning-1", TOTAL),
    ("transfer_learning-1", 1_054_218.0),
    ("transfer_learning-2", [44, 459]),
    ("transfer_learning-2", np.array([[44.0], [459.0]])),
    ("transfer_learning-3", fold),
    ("transfer_learning-3", fold_by_filter),
    ("transfer_learning-4", towards),
    ("transfer_learning-4", towards_stacked),
    ("transfer_learning-5", [[-1, 0, 0.5], [0, 1, 0]]),
    ("transfer_learning-6", 3745),
]

WRONG = [
    ("transfer_learning-1", TOTAL - 522, "biases are"),
    ("transfer_learning-1", TOTAL - 512, "of the first"),
    ("transfer_learning-1", TOTAL - 10, "last layer"),
    ("transfer_learning-1", 2048 * 512 + 512, "ten classes"),
    ("transfer_learning-1", 20_490, "512 units"),
    ("transfer_learning-1", 49 * 2048 * 512 + 512 + 5130, "The number"),
    ("transfer_learning-1", TOTAL + 23_508_032, "frozen"),
    ("transfer_learning-1", 25_000_000, "The number"),
    ("transfer_learning-1", 12, "A · B"),
    ("transfer_learning-1", 51386378, "sees them"),
    ("transfer_learning-2", [459, 44], "other way round"),
    ("transfer_learning-2", [43, 459], "left after it"),
    ("transfer_learning-2", [43.7, 459], "of batches"),
    ("transfer_learning-2", [2, 459], "exchanged: each"),
    ("transfer_learning-2", [44, 44], "0.99"),
    ("transfer_learning-2", [44, 100], "with logarithms"),
    ("transfer_learning-2", [44, 458.211], "batches come"),
    ("transfer_learning-2", [44, 458], "short: after"),
    ("transfer_learning-2", [44, 2], "was; α and"),
    ("transfer_learning-3", scaled(0.5, add=False), "missing under the root"),
    ("transfer_learning-3", scaled(0.5, inside=False), "belongs under the root"),
    ("transfer_learning-3", scaled(1), "standard deviation"),
    (
        "transfer_learning-3",
        lambda w, g, b, m, v, e: (w / np.sqrt(v + e)[:, None, None, None], b),
        "the weights",
    ),
    ("transfer_learning-3", lambda w, g, b, m, v, e: (w, b), "the old ones"),
    ("transfer_learning-3", lambda w, g, b, m, v, e: (2 * w, b), "each of its weights"),
    ("transfer_learning-3", biased(lambda a, beta, mean: beta), "take off the mean"),
    ("transfer_learning-3", biased(lambda a, beta, mean: beta - mean), "scale it, too"),
    ("transfer_learning-3", biased(lambda a, beta, mean: beta + a * mean), "sign"),
    ("transfer_learning-3", biased(lambda a, beta, mean: 7 * beta), "z = 0"),
    ("transfer_learning-4", lambda x, y, w0, s: ridge(x, y, s), "towards zero"),
    ("transfer_learning-4", lambda x, y, w0, s: w0 + ridge(x, y, s), "must explain"),
    ("transfer_learning-4", lambda x, y, w0, s: ridge(x, y - x @ w0, s), "Add w0"),
    ("transfer_learning-4", lambda x, y, w0, s: towards(x, y, w0, 0), "no effect"),
    ("transfer_learning-4", lambda x, y, w0, s: towards(x, y, w0, 6 * s), "not a mean"),
    (
        "transfer_learning-4",
        lambda x, y, w0, s: ridge(x, y, s) + s * w0,
        "before the system",
    ),
    ("transfer_learning-4", lambda x, y, w0, s: w0, "start itself"),
    ("transfer_learning-4", lambda x, y, w0, s: 2 * w0, "gradient"),
    ("transfer_learning-5", [[-1, 0, -0.5], [0, 1, 0]], "Undo the move"),
    ("transfer_learning-5", [[-1, 0, 0.25], [0, 1, 0]], "quarter is"),
    ("transfer_learning-5", [[-1, 0, -0.25], [0, 1, 0]], "order"),
    ("transfer_learning-5", [[-1, 0, 0], [0, 1, 0]], "does not move"),
    ("transfer_learning-5", [[1, 0, -0.5], [0, 1, 0]], "does not mirror"),
    ("transfer_learning-5", [[1, 0, 0], [0, -1, 0.5]], "upside down"),
    ("transfer_learning-5", [[1, 0, 0.5], [0, -1, 0]], "left and right"),
    ("transfer_learning-5", [[-1, 0, 0.5], [0, 2, 0]], "row should"),
    ("transfer_learning-5", [[-1, 0, 0.7], [0, 1, 0]], "one point"),
    ("transfer_learning-6", 3744, "round up"),
    ("transfer_learning-6", 7490, "2 under the root"),
    ("transfer_learning-6", 75, "squared"),
    ("transfer_learning-6", 1626, "natural"),
    ("transfer_learning-6", 25_000, "logarithm of the number"),
    ("transfer_learning-6", 100, "solve for n"),
    ("transfer_learning-3", lambda w, *a: (w[0], w), "one factor and one bias"),
    (
        "transfer_learning-3",
        lambda w, g, b, m, v, e: (w * (g / (v + e) ** 0.5)[0], b),
        "the factor of the first",
    ),
    ("transfer_learning-3", biased(lambda a, beta, mean: -a * mean), "β is missing"),
    ("transfer_learning-5", [[-1, 0, 0.5], [1, 1, 0]], "u has no part"),
    ("transfer_learning-5", [[-1, 0, 0.5], [0, 1, 0.5]], "end of the second row"),
]
