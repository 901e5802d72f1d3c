"""Right and wrong answers to the exercises of chapter tokens."""

from __future__ import annotations

import math

import numpy as np


def merge_pair(ids, pair, new):
    out, i = [], 0
    while i < len(ids):
        both = tuple(ids[i : i + 2]) == tuple(pair)
        out.append(new if both else ids[i])
        i += 2 if both else 1
    return out


def merge_from_the_right(ids, pair, new):
    return merge_pair(ids[::-1], pair[::-1], new)[::-1]


def merge_first(ids, pair, new):
    at = [tuple(ids[i : i + 2]) for i in range(len(ids))].index(tuple(pair))
    return [*ids[:at], new, *ids[at + 2 :]]


def merge_keeping(ids, pair, new):
    out = []
    for i, token in enumerate(ids):
        out.append(token)
        if i and (ids[i - 1], token) == tuple(pair):
            out.append(new)
    return out


def word_probability(word, p):
    if not word:
        return 1.0
    cuts = range(1, len(word) + 1)
    return sum(p.get(word[:k], 0) * word_probability(word[k:], p) for k in cuts)


def best_probability(word, p):
    if not word:
        return 1.0
    cuts = range(1, len(word) + 1)
    return max(p.get(word[:k], 0) * best_probability(word[k:], p) for k in cuts)


def continuation(counts):
    kinds = np.count_nonzero(counts, axis=0)
    return kinds / kinds.sum()


def sigmoid(z):
    return 1 / (1 + np.exp(-z))


def pair_gradient(v, u, negatives):
    return (sigmoid(u @ v) - 1) * u + sigmoid(negatives @ v) @ negatives


def pair_gradient_by_loop(v, u, negatives):
    gradient = -sigmoid(-u @ v) * u
    for row in negatives:
        gradient = gradient + sigmoid(row @ v) * row
    return gradient


RIGHT = [
    (1, [6, 12, 3]),
    (2, [7, 5, 3]),
    (3, merge_pair),
    (5, [500, 589 / 500, 13]),
    (6, word_probability),
    (8, [math.log2(40) / 4, math.log2(2.6), 2.6**4]),
    (9, continuation),
    (11, [math.log(4), math.log(4 / 5), 4]),
    (12, pair_gradient),
    (12, pair_gradient_by_loop),
]

WRONG = [
    (1, [5, 12, 3], "number of characters; one"),
    (1, [10, 12, 3], "plain letters"),
    (1, [7, 12, 3], "code point: below 128"),
    (1, [6, 4, 3], "counts the characters"),
    (1, [6, 8, 3], "above 2048"),
    (1, [6, 12, 2], "no plain digit"),
    (2, [4, 5, 3], "how often the pair"),
    (2, [9, 5, 3], "count each pair"),
    (2, [7, 6, 3], "more than once"),
    (2, [7, 5, 4], "twice in what is left"),
    (3, merge_keeping, "still there"),
    (3, merge_first, "Only the first"),
    (3, merge_from_the_right, "from the right"),
    (3, lambda ids, pair, new: ids[:-1], "A list of whole"),
    (3, lambda ids, pair, new: [0] * len(merge_pair(ids, pair, new)), "left to right"),
    (5, [8820, 1.178, 13], "divide."),
    (5, [1, 1.178, 13], "bytes a token"),
    (5, [500, 500 / 589, 13], "other way round"),
    (5, [500, 620 / 500, 13], "not tokens yet"),
    (5, [500, 589 / 2100, 13], "tokens with tokens"),
    (5, [500, 1.178, 16], "English ones fit"),
    (5, [500, 1.178, 14], "does not fit whole"),
    (5, [500, 1.178, 8000 / 589], "round down"),
    (6, best_probability, "most probable way"),
    (6, lambda word, p: math.prod(p[c] for c in word), "single characters"),
    (6, lambda word, p: p[word], "as one piece"),
    (6, lambda word, p: 0.5, "last piece may begin"),
    (8, [math.log2(40), 1.3785, 45.698], "four bytes."),
    (8, [math.log(40) / 4, 1.3785, 45.698], "are nats"),
    (8, [10, 1.3785, 45.698], "logarithm first"),
    (8, [2, 1.3785, 45.698], "carries"),
    (8, [1.3305, math.log(2.6), 45.698], "natural logarithm"),
    (8, [1.3305, 1.3785, 10.4], "multiplied"),
    (8, [1.3305, 1.3785, 2.6], "four of them"),
    (9, lambda counts: counts.sum(0) / counts.sum(), "all occurrences"),
    (9, lambda counts: (counts > 0).sum(1) / (counts > 0).sum(), "Which axis"),
    (9, lambda counts: (counts > 0).sum(0), "sum to one"),
    (9, lambda counts: np.full(len(counts), 0.2), "different words stood"),
    (11, [2, -0.2231, 4], "base 2"),
    (11, [4, -0.2231, 4], "take the logarithm"),
    (11, [-math.log(4), -0.2231, 4], "its sign"),
    (11, [0, -0.2231, 4], "chance would give"),
    (11, [1.3863, 1.3863, 4], "shift the optimum"),
    (11, [1.3863, math.log(20), 4], "subtracted"),
    (11, [1.3863, math.log(4) - 5, 4], "not k"),
    (11, [1.3863, -0.2231, 1.3863], "logarithm of it"),
    (12, lambda v, u, n: -pair_gradient(v, u, n), "uphill"),
    (12, lambda v, u, n: (sigmoid(u @ v) - 1) * u, "negatives are missing"),
    (12, lambda v, u, n: sigmoid(n @ v) @ n, "pair itself"),
    (12, lambda v, u, n: sigmoid(u @ v) * u + sigmoid(n @ v) @ n, "vanishes"),
    (12, lambda v, u, n: np.zeros(len(v)), "each row of negatives"),
    (12, lambda v, u, n: np.zeros(len(v) + 1), "An array as long"),
]
