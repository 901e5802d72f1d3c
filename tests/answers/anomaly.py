"""Right and wrong answers to the exercises of chapter anomaly."""

from __future__ import annotations

import numpy as np


def area(scores, labels, tied=0.5):
    gaps = scores[labels == 1][:, None] - scores[labels == 0][None]
    return (gaps > 0).mean() + tied * (gaps == 0).mean()


def area_by_loops(scores, labels):
    won = [
        1 if high > low else 0.5 * (high == low)
        for high in scores[labels == 1]
        for low in scores[labels == 0]
    ]
    return sum(won) / len(won)


def pairs_won(scores, labels):
    return area(scores, labels) * labels.sum() * (1 - labels).sum()


def rank_of(scores, alpha):
    return int(np.ceil(round((len(scores) + 1) * (1 - alpha), 9)))


def threshold(scores, alpha, shift=0):
    return np.sort(scores)[min(rank_of(scores, alpha) - 1 + shift, len(scores) - 1)]


def threshold_by_count(scores, alpha):
    n = len(scores)
    return min(s for s in scores if (scores > s).sum() + 1 <= alpha * (n + 1) + 1e-9)


RIGHT = [
    (1, [1, 4, 2]),
    (1, np.array([1.0, 4.0, 2.0])),
    (3, [9.5 / 12, 3.4 / 4.5]),
    (3, (0.7917, 0.7556)),
    (4, area),
    (4, area_by_loops),
    (5, [0.0009 / 0.01089, 0.0009 / 0.999]),
    (7, [0.5 * (0.25 + np.log(4)), 2]),
    (8, threshold),
    (8, threshold_by_count),
]

WRONG = [
    (1, [8, 4, 2], "goes between"),
    (1, [4, 1, 2], "other point"),
    (1, [3, 4, 2], "determinant"),
    (1, [1, 8, 2], "lies across"),
    (1, [1, 2, 2], "squared distance was asked"),
    (1, [1, 16, 2], "in the place of"),
    (1, [1, 1, 2], "opposite signs"),
    (1, [1, 4, 1], "there are several"),
    (1, [1, 4, 10], "trace of C"),
    (1, [1, 4, 4], "variance of its law"),
    (3, [0.75, 0.7556], "not nothing"),
    (3, [10 / 12, 0.7556], "not one"),
    (3, [2.5 / 12, 0.7556], "wrong order"),
    (3, [0.3, 0.7556], "from the top"),
    (3, [0.7917, 2.6 / 3], "pass the threshold together"),
    (3, [0.7917, 3 / 7], "random score"),
    (4, lambda s, y: area(s, y, tied=0), "as lost"),
    (4, lambda s, y: area(s, y, tied=1), "as won"),
    (4, lambda s, y: 1 - area(s, y), "turned around"),
    (4, pairs_won, "number of pairs"),
    (4, lambda s, y: 0.123, "right order"),
    (5, [0.9, 0.0009 / 0.999], "is the recall"),
    (5, [0.9 / 0.91, 0.0009 / 0.999], "999 times"),
    (5, [0.0009 / 0.00999, 0.0009 / 0.999], "both together"),
    (5, [0.5, 0.0009 / 0.999], "a million beats"),
    (5, [0.0826, 0.5], "may ring"),
    (7, [2 * 0.8181471806, 2], "one half is missing"),
    (7, [0.5 * (0.25 + np.log(2)), 2], "not of the deviation"),
    (7, [0.5 * (0.25 - np.log(4)), 2], "minus sign"),
    (7, [0.3, 2], "natural one"),
    (7, [0.8181, 4], "halve it"),
    (7, [0.8181, 1], "squared"),
    (8, lambda s, a: threshold(s, a, shift=1), "too high"),
    (8, lambda s, a: threshold(s, a, shift=-1), "too low"),
    (8, lambda s, a: np.quantile(s, 1 - a), "interpolates"),
    (8, lambda s, a: s[rank_of(s, a) - 1], "sort the scores"),
    (8, lambda s, a: np.sort(s)[len(s) - rank_of(s, a)], "other end"),
    (8, rank_of, "that is the rank"),
    (8, lambda s, a: 0.5, "which rank"),
]
