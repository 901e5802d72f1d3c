"""Right and wrong answers to the exercises of chapter anomaly."""

from __future__ import annotations

import numpy as np


def neighbour(x, train, k):
    squared = ((x[:, None] - train[None]) ** 2).sum(axis=2)
    return np.sqrt(np.sort(squared, axis=1)[:, k - 1])


def neighbour_by_row(x, train, k):
    return [sorted(np.linalg.norm(train - row, axis=1))[k - 1] for row in x]


def sorted_distances(x, train):
    return np.sort(np.linalg.norm(x[:, None] - train[None], axis=2), axis=1)


def manhattan(x, train, k):
    return np.sort(np.abs(x[:, None] - train[None]).sum(axis=2), axis=1)[:, k - 1]


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


def error(x, mu, v):
    z = x - mu
    return ((z - z @ v.T @ v) ** 2).sum(axis=1)


def error_by_pythagoras(x, mu, v):
    z = x - mu
    return (z**2).sum(axis=1) - ((z @ v.T) ** 2).sum(axis=1)


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
    (2, neighbour),
    (2, neighbour_by_row),
    (3, [9.5 / 12, 3.4 / 4.5]),
    (3, (0.7917, 0.7556)),
    (4, area),
    (4, area_by_loops),
    (5, [0.0009 / 0.01089, 0.0009 / 0.999]),
    (6, error),
    (6, error_by_pythagoras),
    (7, [0.5 * (0.25 + np.log(4)), 2]),
    (8, threshold),
    (8, threshold_by_count),
    (9, [0.005, 9999]),
]

WRONG = [
    (1, [8, 4, 2], "goes between"),
    (1, [64, 4, 2], "not with its inverse"),
    (1, [4, 1, 2], "across the cloud"),
    (1, [np.sqrt(8), 4, 2], "usual distance."),
    (1, [3, 4, 2], "determinant"),
    (1, [1, 8, 2], "lies across"),
    (1, [1, 2, 2], "squared distance was asked"),
    (1, [1, 16, 2], "with C itself"),
    (1, [1, 1, 2], "opposite signs"),
    (1, [1, 4, 1], "there are several"),
    (1, [1, 4, 10], "trace of C"),
    (1, [1, 4, 4], "variance of its law"),
    (2, lambda x, t, k: sorted_distances(x, t)[:, k], "too far"),
    (2, lambda x, t, k: neighbour(x, t, k) ** 2, "squared distances"),
    (2, lambda x, t, k: sorted_distances(x, t)[:, -k], "from the farthest"),
    (2, lambda x, t, k: sorted_distances(x, t)[:, :k].mean(1), "k nearest"),
    (2, lambda x, t, k: sorted_distances(x, t)[:, :k].sum(1), "k nearest"),
    (2, manhattan, "absolute differences"),
    (2, lambda x, t, k: np.full(len(x), 0.3), "then one column"),
    (3, [0.75, 0.7556], "not nothing"),
    (3, [10 / 12, 0.7556], "not one"),
    (3, [9.5, 0.7556], "three times four"),
    (3, [2.5 / 12, 0.7556], "wrong order"),
    (3, [0.3, 0.7556], "from the top"),
    (3, [0.7917, 2.6 / 3], "pass the threshold together"),
    (3, [0.7917, 3.4 / 1.5], "one third"),
    (3, [0.7917, 3 / 7], "random score"),
    (4, lambda s, y: area(s, y, tied=0), "as lost"),
    (4, lambda s, y: area(s, y, tied=1), "as won"),
    (4, lambda s, y: 1 - area(s, y), "turned around"),
    (4, pairs_won, "number of pairs"),
    (4, lambda s, y: 0.123, "right order"),
    (5, [0.9, 0.0009 / 0.999], "is the recall"),
    (5, [0.9 / 0.91, 0.0009 / 0.999], "999 times"),
    (5, [0.99, 0.0009 / 0.999], "one minus"),
    (5, [0.0009 / 0.00999, 0.0009 / 0.999], "all alarms"),
    (5, [0.5, 0.0009 / 0.999], "a million beats"),
    (5, [0.0826, 0.0009], "nearly"),
    (5, [0.0826, 0.5], "may ring"),
    (5, [0.0826, 0.01], "of before"),
    (6, lambda x, mu, v: (((x - mu) @ v.T) ** 2).sum(1), "components keep"),
    (6, lambda x, mu, v: error(x, 0, v), "mean is still in"),
    (6, lambda x, mu, v: ((x - (x - mu) @ v.T @ v) ** 2).sum(1), "lacks its mean"),
    (6, lambda x, mu, v: np.sqrt(error(x, mu, v)), "without a root"),
    (6, lambda x, mu, v: error(x, mu, v) / x.shape[1], "you took the mean"),
    (6, lambda x, mu, v: (x - mu) - (x - mu) @ v.T @ v, "Square them"),
    (6, lambda x, mu, v: error(x, mu, v) + 1, "project on"),
    (6, lambda x, mu, v: error(x, mu, v)[:-1], "One number for each row"),
    (7, [2 * 0.8181471806, 2], "one half is missing"),
    (7, [0.5 * (0.25 + np.log(2)), 2], "not of the deviation"),
    (7, [0.125, 2], "logarithm is missing"),
    (7, [0.5 * (0.25 - np.log(4)), 2], "minus sign"),
    (7, [0.3, 2], "natural one"),
    (7, [0.8181, 4], "one half is missing"),
    (7, [0.8181, 1], "squared"),
    (7, [0.8181, 2.5], "cancel"),
    (8, lambda s, a: threshold(s, a, shift=1), "too high"),
    (8, lambda s, a: threshold(s, a, shift=-1), "too low"),
    (8, lambda s, a: np.quantile(s, 1 - a), "interpolates"),
    (8, lambda s, a: s[rank_of(s, a) - 1], "sort the scores"),
    (8, lambda s, a: np.sort(s)[len(s) - rank_of(s, a)], "other end"),
    (8, rank_of, "that is the rank"),
    (8, lambda s, a: 0.5, "which rank"),
    (9, [1 / 199, 9999], "one of 200"),
    (9, [0, 9999], "upper bound"),
    (9, [0.995, 9999], "does not ring"),
    (9, [0.3, 9999], "equally likely"),
    (9, [0.005, 10000], "itself is one"),
    (9, [0.005, 9998], "one more"),
    (9, [0.005, 200], "one in two hundred"),
]
