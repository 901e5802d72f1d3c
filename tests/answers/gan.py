"""Right and wrong answers to the exercises of chapter gan."""

from __future__ import annotations

import numpy as np

LOG2 = np.log(2)


def kl(p, q):
    some = p > 0
    return np.sum(p[some] * np.log(p[some] / q[some]))


def js(p, q, half=0.5):
    m = (p + q) / 2
    return half * (kl(p, m) + kl(q, m))


def js_naive(p, q):
    m = (p + q) / 2
    return (np.sum(p * np.log(p / m)) + np.sum(q * np.log(q / m))) / 2


def counts(size, kernel, stride):
    out = np.zeros(stride * (size - 1) + kernel, int)
    for i in range(size):
        out[stride * i : stride * i + kernel] += 1
    return out


def ones_at_starts(size, kernel, stride):
    out = np.zeros(stride * (size - 1) + kernel, int)
    out[: stride * size : stride] += 1
    return out


def frechet(m, s, n, t):
    return np.sum((m - n) ** 2) + np.sum((s - t) ** 2)


RIGHT = [
    (1, [1, 0.5, 0, LOG2 / 2]),
    (1, np.array([1, 0.5, 0, 0.347])),
    (2, js),
    (3, [14, 28, 4, 7]),
    (4, counts),
    (4, lambda size, k, s: counts(size, k, s).tolist()),
    (5, frechet),
    (5, lambda m, s, n, t: sum(m**2 + n**2 - 2 * m * n + (s - t) ** 2)),
    (6, ("d", -8)),
    (7, "c"),
    (9, (1.7777777777777777, 0.17777777777777778, "b")),
]

WRONG = [
    (1, [0, 0.5, 1, LOG2 / 2], "probability of being made"),
    (1, [0.5, 0.5, 0.5, 0], "seen there"),
    (1, [1, 0.5, 0, LOG2], "never overlap"),
    (1, [1, 0.5, 0, -LOG2], "solve for JSD"),
    (1, [1, 0.5, 0, 0.5], "in bits"),
    (1, [1, 0.5, 0, 0.1], "right. Put"),
    (2, js_naive, "Leave out the places"),
    (2, lambda p, q: js(p, q, half=1), "the mean of both"),
    (2, kl, "without the mixture"),
    (2, lambda p, q: (kl(p, q) + kl(q, p)) / 2, "compare each with the mix"),
    (2, lambda p, q: kl(p, (p + q) / 2), "only p is compared"),
    (2, lambda p, q: js(p, q) / LOG2, "base 2"),
    (2, lambda p, q: js(p, q) ** 0.5, "the root"),
    (2, lambda p, q: js(p, q) + 1, "of KL(p‖m)"),
    (3, [16, 28, 4, 7], "cuts off one row on each side"),
    (3, [14, 27, 4, 7], "the output padding adds a row"),
    (3, [14, 28, 1, 7], "stamps the whole kernel"),
    (3, [14, 28, 4, 8], "does not quite double"),
    (3, [14, 28, 4, 70], "where does the last stamp begin"),
    (3, [14, 29, 4, 7], "one too many"),
    (3, [15, 28, 4, 7], "1 cuts off"),
    (3, [3, 28, 4, 7], "which makes"),
    (3, [13, 28, 4, 7], "stamp is 4"),
    (3, [14, 32, 4, 7], "missing: 2"),
    (3, [14, 30, 4, 7], "2 cuts off"),
    (3, [14, 28, 3, 7], "the stamp is"),
    (3, [14, 28, 5, 7], "single stamp"),
    (3, [14, 28, 4, 9], "missing at"),
    (3, [14, 28, 4, 6], "3 rows high"),
    (4, lambda size, k, s: np.minimum(counts(size, k, s), 1), "not marked"),
    (4, ones_at_starts, "each stamp"),
    (4, lambda size, k, s: counts(size, k, s)[:-1], "last stamp"),
    (4, lambda size, k, s: counts(size, k, s) + 1, "off. Stamp"),
    (5, lambda m, s, n, t: np.sqrt(frechet(m, s, n, t)), "in squares"),
    (5, lambda m, s, n, t: np.linalg.norm(m - n) + np.sum((s - t) ** 2), "as a square"),
    (5, lambda m, s, n, t: np.sum((m - n) ** 2), "deviations are missing"),
    (5, lambda m, s, n, t: np.sum((s - t) ** 2), "The means are"),
    (5, lambda m, s, n, t: frechet(m, s**2, n, t**2), "root turns"),
    (5, lambda m, s, n, t: frechet(m, s, n, t) / 3, "their mean"),
    (5, lambda m, s, n, t: (m - n) ** 2, "Sum over the"),
    (5, lambda m, s, n, t: frechet(m, s**0.5, n, t**0.5), "S has std² on its"),
    (5, lambda m, s, n, t: 100.0, "each term is a square"),
    (6, ("a", -8), "what would it be where"),
    (6, ("b", -8), "only D is squared, not"),
    (6, ("c", -8), "that is the best logit"),
    (6, ("d", 16), "that is the loss there,"),
    (6, ("d", 8), "the sign is off: the"),
    (6, ("d", -4), "the 2 of the square is"),
    (6, ("d", -6), "that is the slope of D²."),
    (6, ("d", -7.63), "differentiate (D − 1)²"),
    (7, "a", "it is a mean over"),
    (7, "b", "that costs log 2 for"),
    (7, "A", "it is a mean over"),
    (9, (0.8888888888888888, 0.17777777777777778, "b"), "both samples have a"),
    (9, (0.05555555555555555, 0.17777777777777778, "b"), "that is one entry of D."),
    (9, (64, 0.17777777777777778, "b"), "each mean is over N"),
    (9, (2.1478, 0.17777777777777778, "b"), "each of the two means"),
    (9, (1.7777777777777777, 0.08888888888888889, "b"), "the other sample's mean"),
    (9, (1.7777777777777777, 0.005555555555555556, "b"), "one entry alone gives"),
    (9, (1.7777777777777777, 0.5621827, "b"), "the square of the"),
    (9, (1.7777777777777777, 0.9, "b"), "ten times as many"),
    (9, (1.7777777777777777, 0.17777777777777778, "a"), "compare (a) and (b)"),
]
