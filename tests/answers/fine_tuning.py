"""Right and wrong answers to the exercises of chapter fine_tuning."""

from __future__ import annotations

from collections import Counter

import numpy as np


def gradients(x, g, a, b, s):
    return s * x.T @ (g @ b.T), s * (x @ a).T @ g


def gradients_by_whole(x, g, a, b, s):
    whole = x.T @ g
    return [s * whole @ b.T, s * a.T @ whole]


def verdict(one, other, limit):
    d = np.array(one) - np.array(other)
    t = d.mean() / (d.std(ddof=1) / len(d) ** 0.5)
    return int(np.sign(t)) if abs(t) > limit else 0


def unpaired(one, other, limit):
    a, b = np.array(one), np.array(other)
    t = (a - b).mean() / ((a.var(ddof=1) + b.var(ddof=1)) / len(a)) ** 0.5
    return int(np.sign(t)) if abs(t) > limit else 0


def mask(question, answer, length):
    return [int(question <= t < question + answer) for t in range(length)]


def common(given, wanted):
    return sum((Counter(given) & Counter(wanted)).values())


def f1(given, wanted):
    return 2 * common(given, wanted) / (len(given) + len(wanted))


def short(counts):
    _, said, right = counts.sum(axis=0).T
    return np.exp(1 - right[0] / said[0])


def shares(counts):
    common, said, _ = counts.sum(axis=0).T
    return common / said


def corpus_bleu(counts):
    geometric = np.exp(np.log(shares(counts)).mean())
    return 100 * min(1, short(counts)) * geometric


RIGHT = [
    (1, [65536, 0.390625, 68157440, 2048]),
    (1, (65536, 0.391, 68157440, 2048)),
    (2, gradients),
    (2, gradients_by_whole),
    (4, [1200, 150, 150, 6.6667]),
    (5, verdict),
    (5, lambda a, b, limit: float(verdict(a, b, limit))),
    (6, (0.6931, 0.5348, "b")),
    (7, mask),
    (7, lambda q, a, n: np.array(mask(q, a, n), dtype=float)),
    (9, f1),
    (10, 0.4),
    (11, [48.89, 84.648, 0.25]),
    (11, (48.9, 84.6, 1 / 4)),
    (12, corpus_bleu),
]

WRONG = [
    (1, [32768, 0.390625, 68157440, 2048], "that is one of the two"),
    (1, [16777216, 0.390625, 68157440, 2048], "the whole matrix"),
    (1, [131072, 0.390625, 68157440, 2048], "counts once"),
    (1, [65536, 0.00390625, 68157440, 2048], "percent were asked"),
    (1, [65536, 0.1953125, 68157440, 2048], "the share of one"),
    (1, [65536, 0.390625, 67371008, 2048], "two means besides"),
    (1, [65536, 0.390625, 268435456, 2048], "all weights learn"),
    (1, [65536, 0.390625, 1048576, 2048], "is kept, too"),
    (1, [65536, 0.390625, 17039360, 2048], "four bytes"),
    (1, [65536, 0.390625, 68157440, 4096], "two matrices are trained"),
    (1, [65536, 0.390625, 68157440, 1024], "set r (D + M)"),
    (1, [1, 0.390625, 68157440, 2048], "B has r times M"),
    (2, lambda x, g, a, b, s: (x.T @ g @ b.T, s * a.T @ x.T @ g), "A lacks"),
    (2, lambda x, g, a, b, s: (x.T @ g, s * a.T @ x.T @ g), "before it meets B"),
    (2, lambda x, g, a, b, s: (s * x.T @ g @ b.T, a.T @ x.T @ g), "B lacks"),
    (2, lambda x, g, a, b, s: (s * x.T @ g @ b.T, x.T @ g), "before it meets A"),
    (2, lambda x, g, a, b, s: (0 * a, 0 * b), "Send g back"),
    (2, lambda x, g, a, b, s: (s * x.T @ g @ b.T, 0 * b), "comes out of A"),
    (4, [1500, 150, 150, 6.6667], "all of the chosen"),
    (4, [8000, 150, 150, 6.6667], "80 in 100 of the chosen"),
    (4, [1200, 1000, 150, 6.6667], "10 in 100 of the chosen"),
    (4, [1200, 150, 8500, 6.6667], "were not chosen"),
    (4, [1200, 150, 150, 8.3333], "guessed, too"),
    (4, [1200, 150, 150, 0.15], "share of one batch"),
    (4, [7, 150, 150, 6.6667], "15 in 100 of the words first"),
    (5, unpaired, "come in pairs"),
    (5, lambda a, b, limit: -verdict(a, b, limit), "first is larger"),
    (5, lambda a, b, limit: verdict(a, b, limit * 2), "root of n"),
    (5, lambda a, b, limit: 7, "Take the differences"),
    (6, (2, 0.5348, "b"), "logarithm of the ratio"),
    (6, (0.3466, 0.5348, "b"), "beta comes later"),
    (6, (-0.6931, 0.5348, "b"), "comes first"),
    (6, (0.6931, 0.4055, "b"), "beta multiplies"),
    (6, (0.6931, 0.8814, "b"), "look at the sign"),
    (6, (0.6931, 0.5858, "b"), "that is a probability"),
    (6, (0.6931, 9, "b"), "into the loss"),
    (6, (0.6931, 0.5348, "a"), "which quantity does the loss see?"),
    (6, (0.6931, 0.5348, "c"), "has it changed"),
    (6, (9, 0.5348, "b"), "ratios to the start"),
    (7, lambda q, a, n: [int(t < q + a) for t in range(n)], "question is not"),
    (7, lambda q, a, n: [int(t >= q) for t in range(n)], "padding is asked"),
    (7, lambda q, a, n: mask(q, a - 1, n), "end belongs"),
    (7, lambda q, a, n: [1 - m for m in mask(q, a, n)], "the opposite"),
    (7, lambda q, a, n: [7] * n, "Count the places"),
    (9, lambda g, w: common(g, w) / len(g), "precision alone"),
    (9, lambda g, w: common(g, w) / len(w), "recall alone"),
    (
        9,
        lambda g, w: (common(g, w) / len(g) + common(g, w) / len(w)) / 2,
        "not the plain mean",
    ),
    (9, lambda g, w: f1(set(g), set(w)), "counts twice"),
    (9, lambda g, w: 7.0, "words in common"),
    (10, 0.16, "would have been wrong"),
    (10, 0.2105, "share of the public"),
    (10, 0.2667, "not by what it had"),
    (10, 0.9, "solve it for q"),
    (11, [5.714, 84.648, 0.25], "Take the fourth root"),
    (11, [54.345, 84.648, 0.25], "geometric mean"),
    (11, [0.4889, 84.648, 0.25], "out of"),
    (11, [60, 84.648, 0.25], "multiply the four shares"),
    (11, [48.89, 100, 0.25], "shorter than the reference"),
    (11, [48.89, 85.714, 0.25], "not the ratio"),
    (11, [48.89, 86.688, 0.25], "what was written"),
    (11, [48.89, 50, 0.25], "lose for being short"),
    (11, [48.89, 84.648, 1], "how many times"),
    (11, [48.89, 84.648, 0.1429], "number of words written"),
    (11, [48.89, 84.648, 0.5], "each word counts"),
    (12, lambda c: np.mean([corpus_bleu(row[None]) for row in c]), "Add up the counts"),
    (12, lambda c: 100 * np.prod(shares(c)) ** 0.25, "pays a penalty"),
    (12, lambda c: 100 * min(1, short(c)) * shares(c).mean(), "geometric mean"),
    (12, lambda c: 100 * short(c) * np.prod(shares(c)) ** 0.25, "for being long"),
    (12, lambda c: 7.0, "use the formula once"),
]
