"""Right and wrong answers to the exercises of chapter first_network."""

from __future__ import annotations

import numpy as np


def sigmoid(z):
    with np.errstate(over="ignore"):
        return 1 / (1 + np.exp(-z))


def rate_bound(x):
    x_tilde = np.hstack([x, np.ones((len(x), 1))])
    return 2 / np.linalg.eigvalsh(2 / len(x) * x_tilde.T @ x_tilde)[-1]


def rate_bound_by_singular_value(x):
    largest = np.linalg.norm(np.c_[x, np.ones(len(x))], ord=2)
    return np.array(len(x) / largest**2)


def stable(z, y):
    return np.mean(np.maximum(z, 0) - z * y + np.log1p(np.exp(-np.abs(z))))


def stable_by_logaddexp(z, y):
    return float(np.logaddexp(0, z).mean() - (y * z).mean())


def weighted(z, y, c):
    p = sigmoid(z)
    return (c * y * (p - 1) + (1 - y) * p) / z.size


XOR = (
    np.array([[1.0, 1.0], [1.0, 1.0]]),
    np.array([0.0, -1.0]),
    np.array([[1.0], [-2.0]]),
    np.array([-0.5]),
)


OTHER_XOR = ([[1, -1], [-1, 1]], [0, 0], [[1], [1]], [-0.5])


def no_bias(x):
    return len(x) / np.linalg.eigvalsh(x.T @ x)[-1]


def no_mean(x):
    x_tilde = np.c_[x, np.ones(len(x))]
    return 2 / np.linalg.eigvalsh(x_tilde.T @ x_tilde)[-1]


def one_over(x):
    return rate_bound(x) / 2


def without_the_two(x):
    return 2 * rate_bound(x)


def smallest_eigenvalue(x):
    x_tilde = np.c_[x, np.ones(len(x))]
    gram = 2 / len(x) * x_tilde @ x_tilde.T
    values = np.linalg.eigvalsh(gram)
    return 2 / values[values > 1e-9][0]


def naive(z, y):
    p = sigmoid(z)
    return -np.mean(y * np.log(p) + (1 - y) * np.log(1 - p))


def clipped(z, y):
    p = np.clip(sigmoid(z), np.float32(1e-7), np.float32(1 - 1e-7))
    return -np.mean(y * np.log(p) + (1 - y) * np.log(1 - p))


def log_of_exp(z, y):
    return np.mean(np.log(1 + np.exp(z)) - y * z)


def weight_on_all(z, y, c):
    return c * (sigmoid(z) - y) / z.size


def weight_in_target(z, y, c):
    return (sigmoid(z) - c * y) / z.size


def weight_on_zeros(z, y, c):
    return (y * (sigmoid(z) - 1) + c * (1 - y) * sigmoid(z)) / z.size


LINEAR_XOR = (np.eye(2), np.array([5.0, 5.0]), np.ones((2, 1)), np.array([-10.5]))


OR = (np.eye(2), np.zeros(2), np.ones((2, 1)), np.array([-0.5]))


SWAPPED = (XOR[0], XOR[1], -XOR[2], -XOR[3])


RIGHT = [
    (1, (1.39, 1.58, 0.99)),
    (1, np.array([[1.39], [1.58], [0.99]])),
    (2, [0, 1, 4]),
    (2, np.array([[0.0], [1.0], [4.0]])),
    (3, rate_bound),
    (3, rate_bound_by_singular_value),
    (4, stable),
    (4, stable_by_logaddexp),
    (5, weighted),
    (6, XOR),
    (6, OTHER_XOR),
    (7, ("b", "c")),
    (8, [8449, 8385, 64]),
    (10, ("c", "b")),
]

WRONG = [
    (1, (1.81, 1.82, 1.21), "uphill"),
    (1, (-0.5, 0.5, 0.0), "learning rate"),
    (1, (3.2, 3.4, 2.2), "first step again"),
    (1, (1.495, 1.64, 1.045), "half as long"),
    (1, (1.18, 1.46, 0.88), "twice as long"),
    (1, (-0.21, -0.12, -0.11), "step itself"),
    (1, (1.39, 1.58, 1.1), "each entry"),
    (1, (1.4, 1.5, 0.99), "each entry"),
    (2, (1, 2, 1), "start at zero"),
    (2, (-1, -1, 3), "minimum-norm solution"),
    (2, (2, 3, -2), "wrong sign"),
    (2, (0.01, 1.01, 3.97), "-3). Steps"),
    (2, (-3, 1, 3), "first example"),
    (2, [0, 3, 0], "for the second example"),
    (3, no_bias, "the column"),
    (3, no_mean, "factor 2/N"),
    (3, one_over, "not 1/λmax"),
    (3, without_the_two, "not 1/N"),
    (3, smallest_eigenvalue, "bound, not"),
    (3, lambda x: 0.1, "times X̃ᵀX̃"),
    (3, lambda x: 1 / rate_bound(x), "the inverse of the bound"),
    (4, naive, "overflowed"),
    (4, clipped, "Clipping"),
    (4, log_of_exp, "overflowed"),
    (4, lambda z, y: -stable(z, y), "sign"),
    (4, lambda z, y: stable(z, y) * len(z), "sum"),
    (4, lambda z, y: stable(z, 1 - y), "exchanged"),
    (4, lambda z, y: np.logaddexp(0, z) - y * z, "you return"),
    (4, lambda z, y: np.mean((sigmoid(z) - y) ** 2), "off. Compare"),
    (5, weight_on_all, "Only those with y = 1"),
    (5, weight_in_target, "Differentiate again"),
    (5, weight_on_zeros, "you weight"),
    (5, lambda z, y, c: sigmoid(z) - y, "mean over the examples"),
    (5, lambda z, y, c: (sigmoid(z) - y) / len(z), "does not appear"),
    (5, lambda z, y, c: -weighted(z, y, c), "sign"),
    (5, lambda z, y, c: 0 * z, "separately, then let y choose"),
    (5, lambda z, y, c: (1 - y) * weighted(z, y, c), "off where y = 1"),
    (5, lambda z, y, c: y * weighted(z, y, c), "off where y = 0"),
    (6, LINEAR_XOR, "still a line"),
    (6, OR, "points, so"),
    (6, SWAPPED, "positive logit"),
    (7, ("a", "c"), "is the gradient zero"),
    (7, ("c", "c"), "what does a greater"),
    (7, ("d", "c"), "the direction may"),
    (7, ("b", "a"), "a model that knows"),
    (7, ("b", "b"), "the answers stay. What"),
    (7, ("b", "d"), "that is a logit of"),
    (8, [8320, 8385, 64], "the biases are missing."),
    (8, [8448, 8385, 64], "the last unit has a"),
    (8, [8449.37, 8385, 64], "a layer from D to M"),
    (8, [8449, 8256, 64], "its biases are missing."),
    (8, [8449, 4225, 64], "that has one hidden"),
    (8, [8449, 8385.37, 64], "there are three layers:"),
    (8, [8449, 8385, 65], "count it: that network"),
    (8, [8449, 8385, 63], "one more unit still"),
    (8, [8449, 8385, 64.37], "write the count as a"),
    (10, ("a", "b"), "would you pick the best"),
    (10, ("b", "b"), "each single one of the"),
    (10, ("c", "a"), "the best of more"),
    (10, ("c", "c"), "if the test set may"),
    (10, ("c", "d"), "then the test set is a"),
]
