"""Right and wrong answers to the exercises of chapter workflow."""

from __future__ import annotations

import itertools

import numpy as np


def group_split(groups, wanted):
    testing = np.isin(groups, wanted)
    return np.flatnonzero(~testing), np.flatnonzero(testing)


def group_split_by_loop(groups, wanted):
    rows = range(len(groups))
    return (
        [n for n in rows if groups[n] not in wanted],
        [n for n in rows if groups[n] in wanted],
    )


def cool(z, t):
    e = np.exp(z / t - (z / t).max(axis=1, keepdims=True))
    return e / e.sum(axis=1, keepdims=True)


def cool_by_row(z, t):
    return [np.exp(row / t) / np.exp(row / t).sum() for row in z]


def bins(p, r, edges):
    for low, high in itertools.pairwise(edges):
        inside = (p > low) & (p <= high)
        if inside.any():
            yield inside.mean(), p[inside].mean() - r[inside].mean()


def expected_error(p, r, edges):
    return sum(share * abs(gap) for share, gap in bins(p, r, edges))


def expected_error_by_loop(p, r, edges):
    where = np.digitize(p, edges, right=True)
    return sum(abs((p - r)[where == k].sum()) for k in set(where)) / len(p)


def unweighted_error(p, r, edges):
    return np.mean([abs(gap) for _, gap in bins(p, r, edges)])


def signed_error(p, r, edges):
    return sum(share * gap for share, gap in bins(p, r, edges))


def largest_error(p, r, edges):
    return max(abs(gap) for _, gap in bins(p, r, edges))


def from_below(p, r, edges, last=0.0):
    total = 0.0
    for low, high in itertools.pairwise(edges):
        inside = (p >= low) & (p < high + last * (high == edges[-1]))
        if inside.any():
            total += inside.mean() * abs(p[inside].mean() - r[inside].mean())
    return total


def stability(p, q):
    return np.sum((p - q) * np.log(p / q))


RIGHT = [
    (1, [1 - 0.5**9, 8]),
    (1, (0.998, 8)),
    (2, group_split),
    (2, group_split_by_loop),
    (3, [2.4, 3]),
    (4, 5),
    (5, [120, 5.76]),
    (6, cool),
    (6, cool_by_row),
    (7, expected_error),
    (7, expected_error_by_loop),
    (8, [0.005, -60, 2]),
    (9, stability),
    (9, lambda p, q: p @ np.log(p / q) + q @ np.log(q / p)),
]

WRONG = [
    (1, [1 - 0.5**10, 8], "its own sibling"),
    (1, [0.5**9, 8], "probability of none"),
    (1, [0.5, 8], "a single sibling"),
    (1, [0.9, 8], "opposite"),
    (1, [1 - 0.5**9, 7], "the picture itself"),
    (1, [1 - 0.5**9, 7.6439], "round up"),
    (1, [1 - 0.5**9, 6], "five siblings"),
    (2, lambda g, w: group_split(g, w)[::-1], "exchanged"),
    (2, lambda g, w: (g[~np.isin(g, w)], group_split(g, w)[1]), "groups themselves"),
    (2, lambda g, w: (np.arange(len(g)), group_split(g, w)[1]), "must not train"),
    (2, lambda g, w: (group_split(g, w)[0] + 1, group_split(g, w)[1]), "in none of"),
    (2, lambda g, w: (group_split(g, w)[0], g[np.isin(g, w)]), "second array"),
    (2, lambda g, w: (group_split(g, w)[0], np.flatnonzero(g == w[0])), "Only the"),
    (2, lambda g, w: (group_split(g, w)[0], group_split(g, w)[1][::-1]), "ascending"),
    (2, lambda g, w: (group_split(g, w)[0][:-1], group_split(g, w)[1]), "Two arrays"),
    (3, [3, 3], "counts for less"),
    (3, [24, 3], "size of the batch."),
    (3, [9, 3], "its share"),
    (3, [1, 3], "counts each example"),
    (3, [2.4, 2.4], "whatever its size"),
    (3, [2.4, 9], "one third"),
    (4, 4.8, "round up"),
    (4, 4, "a little longer"),
    (4, 6, "for a picture"),
    (4, 7, "over what one picture"),
    (4, 192, "one worker needs for a batch."),
    (4, 50, "How long"),
    (5, [40, 5.76], "keep besides"),
    (5, [80, 5.76], "two averages and"),
    (5, [30, 5.76], "has four bytes."),
    (5, [240, 5.76], "not eight"),
    (5, [1, 5.76], "count the numbers"),
    (5, [120, 2.88], "48 hours"),
    (5, [120, 5760], "is megabytes"),
    (5, [120, 0.12], "single one"),
    (6, lambda z, t: np.exp(z * t) / np.exp(z * t).sum(1, keepdims=True), "multiplied"),
    (6, lambda z, t: cool(z, 1.0), "has no effect"),
    (6, lambda z, t: cool(z, 1.0) / t, "before the softmax"),
    (6, lambda z, t: z / t, "Those are logits"),
    (6, lambda z, t: np.exp(z / t), "sum of each row"),
    (6, lambda z, t: cool(z.T, t).T, "along the classes"),
    (6, lambda z, t: np.full(z.shape, 0.3), "Divide the logits"),
    (7, lambda p, r, e: expected_error(p, r, e) * 2, "weighted mean"),
    (7, lambda p, r, e: unweighted_error(p, r, e), "same weight"),
    (7, lambda p, r, e: signed_error(p, r, e), "cancel"),
    (7, lambda p, r, e: largest_error(p, r, e), "largest gap"),
    (7, from_below, "and one of the last edge"),
    (7, lambda p, r, e: from_below(p, r, e, last=1.0), "below that edge"),
    (8, [0.00508, -60, 2], "not to 125"),
    (8, [0.00249, -60, 2], "over 255"),
    (8, [0.635, -60, 2], "shall become"),
    (8, [200, -60, 2], "other way round"),
    (8, [1, -60, 2], "nearest whole"),
    (8, [0.005, 60, 2], "sign"),
    (8, [0.005, -0.0015, 2], "do not multiply"),
    (8, [0.005, -60, 2.48], "a whole number is"),
    (8, [0.005, -60, 3], "not up"),
    (8, [0.005, -60, 0], "half a scale"),
    (9, lambda p, q: np.sum(p * np.log(p / q)), "in one direction"),
    (9, lambda p, q: np.sum(q * np.log(q / p)), "direction alone"),
    (9, lambda p, q: -stability(p, q), "same sign"),
    (9, lambda p, q: stability(p, q) / len(p), "is a sum"),
    (9, lambda p, q: stability(p, q) / np.log(2), "natural"),
    (9, lambda p, q: 0.1, "Two factors"),
]
