"""Right and wrong answers to the exercises of chapter recommender."""

from __future__ import annotations

import numpy as np


def fold_in(shelf, q, c, alpha):
    weights = np.ones(len(q))
    weights[shelf] += c
    a = (q.T * weights) @ q + alpha * np.eye(q.shape[1])
    return np.linalg.solve(a, (1 + c) * q[shelf].sum(axis=0))


def fold_with(shared=1.0, own=0.0, side=1.0, penalty=1.0):
    """Return a wrong way: weights of the parts of the normal equations."""

    def wrong(shelf, q, c, alpha):
        mine = q[shelf]
        a = shared * q.T @ q + (c + own) * mine.T @ mine
        a = a + penalty * alpha * np.eye(q.shape[1])
        return np.linalg.solve(a, (side * (1 + c)) * mine.sum(axis=0))

    return wrong


def ndcg(scores, target, k):
    own = scores[target]
    places = 1 + (scores > own).sum() + np.arange((scores == own).sum())
    return np.mean([1 / np.log2(1 + r) if r <= k else 0 for r in places])


def ndcg_at(which):
    def wrong(scores, target, k):
        own = scores[target]
        places = 1.0 + (scores > own).sum() + np.arange((scores == own).sum())
        place = {"best": places[0], "worst": places[-1], "mean": places.mean()}[which]
        return 1 / np.log2(1 + place) if place <= k else 0.0

    return wrong


def loss_of(logits):
    top = logits.max(axis=1, keepdims=True)
    return np.mean(np.log(np.exp(logits - top).sum(1)) - np.diag(logits - top))


def naive(users, items, log_q):
    logits = users @ items.T - log_q
    return np.mean(np.log(np.exp(logits).sum(axis=1)) - np.diag(logits))


def in_batch(users, items, log_q):
    return loss_of(users @ items.T - log_q)


def gini(counts):
    x = np.sort(np.asarray(counts, dtype=float))
    n = len(x)
    return 1 + 1 / n - 2 * np.cumsum(x).sum() / (n * x.sum())


def last_of_each(reader, item, time):
    order = np.lexsort((time, reader))
    ends = np.append(np.diff(np.asarray(reader)[order]) != 0, True)
    last = np.zeros(len(reader), bool)
    last[order[ends]] = True
    return last


RIGHT = [
    (1, [8 / 7, 24 / 7, 0]),
    (1, np.array([1.1429, 3.4286, 0])),
    (2, fold_in),
    (4, [2 / 3, 17 / 36, 1 / 2]),
    (5, ndcg),
    (6, [1 / 4, 0, 11]),
    (7, in_batch),
    (8, [np.log(4), np.log(3), 2]),
    (9, [1, 1 / 2, 5 / 4]),
    (10, last_of_each),
    (11, [3 / 4, 1 / 2, 1 / 2]),
    (12, gini),
]

WRONG = [
    (1, [4 / 3, 4, 0], "penalty is missing in"),
    (1, [8 / 5, 24 / 5, 0], "third item"),
    (1, [2, 24 / 7, 0], "Write down"),
    (1, [8 / 7, 4, 0], "has no penalty"),
    (1, [8 / 7, 8 / 7, 0], "product of p and q"),
    (1, [8 / 7, 24 / 7, 1], "sums are empty"),
    (2, fold_with(shared=0, own=1), "over the shelf only"),
    (2, lambda s, q, c, a: fold_in(s, q, c, a) / (1 + c), "right side"),
    (2, lambda s, q, c, a: fold_in(s, q, c, a) * c / (1 + c), "weight of an item"),
    (2, fold_with(own=1), "counted with 1"),
    (2, fold_with(penalty=0), "the penalty is missing."),
    (2, fold_with(side=2), "Set the derivative"),
    (4, [1, 17 / 36, 1 / 2], "is not among"),
    (4, [1 / 3, 17 / 36, 1 / 2], "How many"),
    (4, [2 / 3, 3 / 16, 1 / 2], "Invert first"),
    (4, [2 / 3, 4 / 9, 1 / 2], "without a cut"),
    (4, [2 / 3, 0.3, 1 / 2], "one over each place"),
    (4, [2 / 3, 17 / 36, 0.59], "beyond the cut"),
    (4, [2 / 3, 17 / 36, 0.7], "gives 1 / log"),
    (5, ndcg_at("best"), "the best of"),
    (5, ndcg_at("worst"), "the worst of"),
    (5, ndcg_at("mean"), "the mean place"),
    (5, lambda s, t, k: ndcg(s, t, 99), "beyond k"),
    (5, lambda s, t, k: 0.123, "Which places"),
    (6, [0.5, 0, 11], "one drawn item. There"),
    (6, [0.75, 0, 11], "spoil"),
    (6, [0.1, 0, 11], "Both drawn"),
    (6, [0.25, 1, 11], "at place 1?"),
    (6, [0.25, 0, 10], "one more"),
    (6, [0.25, 0, 20], "square root"),
    (6, [0.25, 0, 30], "Solve"),
    (7, lambda u, v, q: loss_of(u @ v.T), "correction is missing"),
    (7, lambda u, v, q: loss_of(u @ v.T + q), "is added"),
    (7, lambda u, v, q: loss_of(u @ v.T - np.diag(q)), "own logit is corrected"),
    (7, lambda u, v, q: loss_of((u @ v.T - q).T), "users of an item"),
    (7, lambda u, v, q: len(u) * in_batch(u, v, q), "sum over the batch"),
    (7, lambda u, v, q: 7.0, "Write down the logits"),
    (7, naive, "largest logit"),
    (8, [np.log(0.5), np.log(3), 2], "would have given"),
    (8, [-np.log(4), np.log(3), 2], "A minus B"),
    (8, [0.1, np.log(3), 2], "At the minimum"),
    (8, [np.log(4), -np.log(3), 2], "C minus B"),
    (8, [np.log(4), 0.1, 2], "equally often"),
    (8, [np.log(4), np.log(3), 1], "picked most"),
    (8, [np.log(4), np.log(3), 3], "p/q of the three"),
    (11, [2 / 3, 1 / 2, 1 / 2], "are two picks"),
    (11, [1, 1 / 2, 1 / 2], "Count the hits"),
    (11, [3 / 4, 10 / 11, 1 / 2], "by the exposure. Weigh"),
    (11, [3 / 4, 1 / 4, 1 / 2], "sum of the weights"),
    (11, [3 / 4, 3 / 7, 1 / 2], "picks of the first"),
    (11, [3 / 4, 0.6, 1 / 2], "Each pick weighs"),
    (11, [3 / 4, 1 / 2, 1 / 4], "not of the weight"),
    (11, [3 / 4, 1 / 2, 0.9], "sum of all four"),
    (12, lambda x: 2 * gini(x), "twice the mean"),
    (12, lambda x: gini(x) * len(x) / (len(x) - 1), "with replacement"),
    (
        12,
        lambda x: np.mean(np.subtract.outer(x, x) ** 2) / (2 * np.mean(x)),
        "not squares",
    ),
    (12, lambda x: 0.77, "all pairs"),
    (9, [2, 1 / 2, 5 / 4], "has C before A"),
    (9, [3, 1 / 2, 5 / 4], "neighbours of each"),
    (9, [1, 1 / 3, 5 / 4], "A at the end"),
    (9, [1, 0.9, 5 / 4], "directly followed an A, and"),
    (9, [1, 1 / 2, 1], "there is a pair"),
    (9, [1, 1 / 2, 3 / 2], "square of two"),
    (9, [1, 1 / 2, 2], "Sum over all pairs"),
    (10, lambda u, i, t: last_of_each(u, i, np.arange(len(u))), "in the arrays"),
    (10, lambda u, i, t: last_of_each(u, i, -t), "the earliest"),
    (10, lambda u, i, t: t == t.max(), "latest pick of all"),
    (10, lambda u, i, t: last_of_each(i, u, t), "of each item"),
    (10, lambda u, i, t: ~last_of_each(u, i, t), "opposite"),
    (10, lambda u, i, t: t > 0, "exactly one"),
]
