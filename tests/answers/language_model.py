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


def probabilities(logits):
    shifted = np.exp(logits - np.max(logits))
    return shifted / shifted.sum()


def min_p(logits, share):
    p = probabilities(logits)
    kept = p * (p >= share * p.max())
    return kept / kept.sum()


def min_p_unscaled(logits, share):
    p = probabilities(logits)
    return p * (p >= share * p.max())


def min_p_absolute(logits, share):
    p = probabilities(logits)
    return p * (p >= share) / p[p >= share].sum()


def min_p_of_logits(logits, share):
    p, kept = probabilities(logits), logits >= share * logits.max()
    return p * kept / p[kept].sum()


def top_p(logits, share):
    p = probabilities(logits)
    order = np.argsort(-p)
    kept, total = np.zeros_like(p), 0.0
    for i in order:
        kept[i], total = p[i], total + p[i]
        if total >= share:
            return kept / kept.sum()
    return kept


def gpt2_size(vocabulary, width, depth, context):
    block = 12 * width**2 + 13 * width
    return (vocabulary + context + 2) * width + depth * block


RIGHT = [
    (1, [45440, 260032, 280512]),
    (2, to_halves),
    (3, [2 * np.pi * 10000 ** (62 / 64), 15.65, 5.66]),
    (4, hidden_for),
    (5, [4, 1, 27]),
    (6, min_p),
    (7, lambda alpha, n: sum(alpha**k for k in range(n + 1))),
    (8, lambda losses, counts: np.average(losses, weights=counts)),
    (9, gpt2_size),
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
    (5, [2, 1, 27], "so are values"),
    (5, [8, 1, 27], "two bytes"),
    (5, [128, 1, 27], "more than 32 heads"),
    (5, [4, 4, 27], "now there are fewer"),
    (5, [4, 0.5, 27], "goes with each key"),
    (5, [4, 1, 40], "weights have to lie"),
    (5, [4, 1, 6], "take (b)"),
    (5, [3, 1, 27], "multiply blocks"),
    (6, min_p_unscaled, "sum to one again"),
    (6, min_p_absolute, "not a probability"),
    (6, min_p_of_logits, "not logits"),
    (6, top_p, "adds up probabilities"),
    (6, lambda logits, share: np.full(len(logits), 0.25), "best one's"),
    (6, lambda logits, share: np.ones(2), "An array of prob"),
    (7, lambda alpha, n: sum(alpha**k for k in range(1, n + 1)), "in any case"),
    (7, lambda alpha, n: sum(alpha**k for k in range(n)), "one token more"),
    (7, lambda alpha, n: 1 + n * alpha, "all before it"),
    (7, lambda alpha, n: 0.5, "Add the chances"),
    (7, lambda alpha, n: np.ones(2), "A number."),
    (8, lambda losses, counts: losses.mean(), "whether it has ten"),
    (8, lambda losses, counts: losses @ counts, "grows with"),
    (8, lambda losses, counts: losses @ counts / len(counts), "not of parts"),
    (8, lambda losses, counts: 0.0, "in one batch"),
    (8, lambda losses, counts: losses, "A number."),
    (9, lambda v, d, n, t: gpt2_size(v, d, n, t) + v * d, "counts once"),
    (9, lambda v, d, n, t: gpt2_size(v, d, n, t) - t * d, "learned row"),
    (9, lambda v, d, n, t: (v + t) * d + 12 * n * d**2, "two rows"),
    (9, lambda v, d, n, t: gpt2_size(v, d, n, t) - 2 * d, "behind the last"),
    (9, lambda v, d, n, t: 7, "last norm"),
    (9, lambda v, d, n, t: np.ones(3), "A whole number."),
]
