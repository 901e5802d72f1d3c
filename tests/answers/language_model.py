"""Right and wrong answers to the exercises of chapter language_model."""

from __future__ import annotations

import numpy as np


def to_halves(w, heads):
    size = w.shape[1] // heads
    order = [
        h * size + i
        for h in range(heads)
        for odd in (0, 1)
        for i in range(odd, size, 2)
    ]
    return w[:, order]


def to_neighbours(w, heads):
    size = w.shape[1] // heads
    order = [
        h * size + i // 2 + (i % 2) * size // 2
        for h in range(heads)
        for i in range(size)
    ]
    return w[:, order]


def hidden_for(width, heads, kv_heads):
    attention = 2 * width**2 + 2 * width * width * kv_heads // heads
    return round((12 * width**2 - attention) / 3 / width)


RIGHT = [
    (1, [45440, 260032, 280512]),
    (2, to_halves),
    (3, [2 * np.pi * 10000 ** (62 / 64), 15.65, 5.66]),
    (4, hidden_for),
]

WRONG = [
    (1, [49536, 260032, 280512], "as many heads"),
    (1, [34432, 260032, 280512], "three matrices"),
    (1, [45312, 260032, 280512], "two norms"),
    (1, [45440, 292800, 280512], "there once"),
    (1, [45440, 259968, 280512], "one more norm"),
    (1, [45440, 260032, 270272], "so do values"),
    (1, [45440, 260032, 264128], "there are five"),
    (1, [1, 260032, 280512], "three terms"),
    (2, lambda w, heads: w, "Nothing has moved"),
    (2, lambda w, heads: to_halves(w, 1), "left their head"),
    (2, to_neighbours, "way back"),
    (2, lambda w, heads: 2 * w, "even columns first"),
    (2, lambda w, heads: w[0], "of the shape of w"),
    (3, [10000 ** (62 / 64), 15.65, 5.66], "one radian"),
    (3, [2 * np.pi * 10000, 15.65, 5.66], "counts from 0"),
    (3, [47117, 0.2731, 5.66], "in radians"),
    (3, [47117, 11.734, 5.66], "from zero"),
    (3, [47117, 15.65, 250.37], "base has changed"),
    (3, [47117, 15.65, 0.3536], "short text"),
    (3, [47117, 15.65, 0.09875], "again"),
    (3, [1, 15.65, 5.66], "exponent is 62/64"),
    (4, lambda d, a, b: round(8 * d / 3), "parameters over"),
    (4, lambda d, a, b: round(d * (9 - b / a) / 3), "both become smaller"),
    (4, lambda d, a, b: round(d * (10 - 2 * b / a) / 2), "three matrices"),
    (4, lambda d, a, b: 4 * d, "both counts equal"),
    (4, lambda d, a, b: np.ones(2), "A whole number"),
]
