"""Right and wrong answers to the exercises of chapter workflow."""

from __future__ import annotations

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


RIGHT = [
    (1, [1 - 0.5**9, 8]),
    (1, (0.998, 8)),
    (2, group_split),
    (2, group_split_by_loop),
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
    (2, lambda g, w: 3, "Two arrays"),
]
