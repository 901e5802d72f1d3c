"""Right and wrong answers to the exercises of chapter attention."""

from __future__ import annotations

import numpy as np

from utils import scratch


def make_mask(lengths, steps):
    real = np.arange(steps) < np.asarray(lengths)[:, None]
    return np.tri(steps, dtype=bool) & real[:, None, :]


def mask_by_loops(lengths, steps):
    return np.array(
        [
            [[u <= t and u < length for u in range(steps)] for t in range(steps)]
            for length in lengths
        ]
    )


def in_blocks(q, k, v, size):
    largest = np.full((len(q), 1), -np.inf)
    total, weighted = np.zeros((len(q), 1)), np.zeros((len(q), v.shape[1]))
    for start in range(0, len(k), size):
        s = q @ k[start : start + size].T / np.sqrt(q.shape[1])
        new = np.maximum(largest, s.max(axis=1, keepdims=True))
        e, shrink = np.exp(s - new), np.exp(largest - new)
        total = shrink * total + e.sum(axis=1, keepdims=True)
        weighted = shrink * weighted + e @ v[start : start + size]
        largest = new
    return weighted / total


def count(width, n_heads):
    return 4 * (width + 1) * width


def additive_backward(ds, q, k, w):
    a = np.tanh(q[:, None] + k[None])
    dz = ds[..., None] * w * (1 - a**2)
    return dz.sum(axis=1), dz.sum(axis=0), (ds[..., None] * a).sum(axis=(0, 1))


def no_rescaling(q, k, v, size):
    total, weighted = 0, 0
    for start in range(0, len(k), size):
        s = q @ k[start : start + size].T / np.sqrt(q.shape[1])
        e = np.exp(s - s.max(axis=1, keepdims=True))
        total, weighted = (
            total + e.sum(1, keepdims=True),
            weighted + e @ v[start : start + size],
        )
    return weighted / total


def no_maximum(q, k, v, size):
    e = np.exp(q @ k.T / np.sqrt(q.shape[1]))
    return e @ v / e.sum(axis=1, keepdims=True)


def mean_of_blocks(q, k, v, size):
    starts = range(0, len(k), size)
    parts = [scratch.attention(q, k[s : s + size], v[s : s + size])[0] for s in starts]
    return np.mean(parts, axis=0)


def last_block_lost(q, k, v, size):
    whole = len(k) // size * size
    return scratch.attention(q, k[:whole], v[:whole])[0]


def without_slope(ds, q, k, w):
    _, _, dw = additive_backward(ds, q, k, w)
    dz = ds[..., None] * w * np.ones(q.shape[1])
    return dz.sum(axis=1), dz.sum(axis=0), dw


def dw_with_slope(ds, q, k, w):
    a = np.tanh(q[:, None] + k[None])
    dq, dk, _ = additive_backward(ds, q, k, w)
    return dq, dk, (ds[..., None] * (1 - a**2)).sum(axis=(0, 1))


def sum_of_blocks(q, k, v, size):
    return mean_of_blocks(q, k, v, size) * -(-len(k) // size)


def additive_with(**changed):
    def wrong(ds, q, k, w):
        names = dict(
            zip(("dq", "dk", "dw"), additive_backward(ds, q, k, w), strict=True)
        )
        a = np.tanh(q[:, None] + k[None])
        for name, change in changed.items():
            names[name] = change(ds[..., None], w, a)
        return tuple(names.values())

    return wrong


RIGHT = [
    (1, [1, 6, 7 / 8, -1 / 4, -5 / 8]),
    (1, np.array([1, 6, 0.875, -0.25, -0.625])),
    (2, 8),
    (2, np.sqrt(64.0)),
    (3, make_mask),
    (3, mask_by_loops),
    (4, in_blocks),
    (5, count),
    (5, lambda d, a: 3 * (d * (d // a) + d // a) * a + d * d + d),
    (6, additive_backward),
    (6, lambda *given: list(additive_backward(*given))),
    (7, "b"),
    (8, "d"),
    (10, ("c", "b")),
]

WRONG = [
    (1, [8 / 30, 7.2, 0, 0, 0], "not divided"),
    (1, [8 / 3, 4, 0, 0, 0], "plain mean"),
    (1, [8, 48, 0, 0, 0], "sum to one"),
    (1, [1.03, 6, 0, 0, 0], "exponentials"),
    (1, [1, 6, 8, 0, 0], "through the softmax"),
    (1, [1, 6, 1, 0, 0], "average"),
    (1, [1, 6, 7, -1, -1], "multiply each by its weight"),
    (1, [1, 6, 1, 1, 1], "sum to zero"),
    (1, [1, 6, 0.5, 0.5, -1], "Which value helped"),
    (2, 64, "Dividing a"),
    (2, 4, "is larger"),
    (2, 48**0.5, "mean counts"),
    (2, 2, "sum has 16"),
    (2, 8.02, "root"),
    (2, 5.6569, "their variance"),
    (2, 16, "the number"),
    (3, lambda n, t: ~make_mask(n, t), "opposite"),
    (3, lambda n, t: make_mask([t] * len(n), t), "is causal"),
    (3, lambda n, t: make_mask(n, t)[:, -1:].repeat(t, axis=1), "padding, but"),
    (3, lambda n, t: make_mask(n, t) & np.tri(t, k=-1, dtype=bool), "see itself"),
    (
        3,
        lambda n, t: make_mask(n, t)[:, -1:] & np.tri(t, dtype=bool).T,
        "hides the past",
    ),
    (3, lambda n, t: make_mask(n, t)[:, -1:] | np.tri(t, dtype=bool), "with and"),
    (
        3,
        lambda n, t: make_mask(n, t)[:, -1, :, None] & np.tri(t, dtype=bool),
        "of padding",
    ),
    (3, lambda n, t: make_mask(n, t).astype(int), "boolean"),
    (3, lambda n, t: np.zeros((len(n), t, t), bool), "Go through"),
    (4, no_rescaling, "must become"),
    (4, no_maximum, "far before"),
    (4, mean_of_blocks, "sum of its exponentials"),
    (4, last_block_lost, "left out"),
    (
        4,
        lambda q, k, v, size: scratch.attention(q * 8**0.5, k, v)[0],
        "root of the width",
    ),
    (4, sum_of_blocks, "normalised already"),
    (4, lambda q, k, v, size: scratch.attention(q, k, v)[0], "at one time"),
    (5, lambda d, a: 4 * d * d, "biases"),
    (5, lambda d, a: 3 * d * d + 3 * d, "output projection"),
    (5, lambda d, a: a * count(d, a), "columns"),
    (5, lambda d, a: 7, "four linear layers"),
    (5, lambda d, a: 3 * (d * d + d) // a + d * d + d, "count one head"),
    (6, without_slope, "dq is off: the slope of tanh, 1"),
    (6, dw_with_slope, "not through its slope"),
    (6, lambda ds, q, k, w: (ds, q, k), "takes part"),
    (6, lambda ds, q, k, w: (q, k, w), "query touch"),
    (6, additive_with(dq=lambda up, w, a: (up * (1 - a**2)).sum(1)), "dq is off: w"),
    (6, additive_with(dq=lambda up, w, a: (up * w * (1 - a)).sum(1)), "with a square"),
    (6, additive_with(dk=lambda up, w, a: 0 * (up * a).sum(0)), "does a key touch"),
    (
        6,
        additive_with(dk=lambda up, w, a: (up * w + 0 * a).sum(0)),
        "dk is off: the slope",
    ),
    (6, additive_with(dk=lambda up, w, a: (up * (1 - a**2)).sum(0)), "dk is off: w"),
    (6, additive_with(dw=lambda up, w, a: a.sum((0, 1))), "ds is missing"),
    (6, additive_with(dw=lambda up, w, a: 2 * w), "scores does w touch"),
    (5, lambda d, a: (3 * a + 1) * (d * d + d), "columns"),
    (7, "a", "they are needed, block"),
    (7, "c", "it has an index t. On"),
    (7, "d", "those are needed as"),
    (8, "a", "the weights must still"),
    (8, "b", "that is how many weights have"),
    (8, "c", "that is how many equations"),
    (10, ("a", "b"), "softmax of a row does"),
    (10, ("b", "b"), "the scores are computed"),
    (10, ("d", "b"), "they do: softmax is"),
    (10, ("c", "a"), "how many tokens does"),
]
