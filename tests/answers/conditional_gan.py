"""Right and wrong answers to the exercises of chapter conditional_gan."""

from __future__ import annotations

import numpy as np

LOG4 = np.log(4)


def js(p, q):
    m = (p + q) / 2
    return 0.5 * (p * np.log(p / m) + q * np.log(q / m)).sum(axis=-1)


def value(share, real, fake):
    return -LOG4 + 2 * share @ js(real, fake)


def by_optimal(share, real, fake):
    d = real / (real + fake)
    return share @ (real * np.log(d) + fake * np.log(1 - d)).sum(axis=1)


def logits(h, w, b, e):
    return h @ w + b + h @ e.T


RIGHT = [
    (1, [0.5, -LOG4, 0]),
    (1, np.array([0.5, -1.386, 0])),
    (2, value),
    (2, by_optimal),
    (3, [10240, 51700, 1280]),
    (4, logits),
    (4, lambda h, w, b, e: h @ (w + e.T) + b),
    (5, (-1.6094379, "b")),
]

WRONG = [
    (1, [1, -LOG4, 0], "seen among"),
    (1, [0.5, -np.log(2), 0], "two terms"),
    (1, [0.5, LOG4, 0], "mind the sign"),
    (1, [0.5, -2, 0], "natural"),
    (1, [0.5, 1, 0], "into both of its means"),
    (1, [0.5, -LOG4, -LOG4], "ever made"),
    (1, [0.5, -LOG4, np.log(2)], "log 2 is the divergence"),
    (1, [0.5, -LOG4, 1], "wrong at all"),
    (2, lambda s, p, q: -LOG4 + 2 * js(p, q).mean(), "by share"),
    (2, lambda s, p, q: -LOG4 + 2 * js(s @ p, s @ q), "mixtures"),
    (2, lambda s, p, q: -LOG4 + 2 * js(p, q).sum(), "no sum"),
    (2, lambda s, p, q: s @ js(p, q), "that is the divergence"),
    (2, lambda s, p, q: -LOG4 + s @ js(p, q), "enters twice"),
    (2, lambda s, p, q: 2 * s @ js(p, q), "-log 4, is missing"),
    (2, lambda s, p, q: js(p, q), "the classes"),
    (2, lambda s, p, q: 0.123, "in each row first"),
    (3, [11264, 51700, 1280], "bias is there"),
    (3, [1024, 51700, 1280], "one row of weights"),
    (3, [10240, 51200, 1280], "the table has parameters"),
    (3, [10240, 500, 1280], "the dense layer grows"),
    (3, [10240, 51700, 128], "a row of its own"),
    (3, [10240, 51700, 5], "which arrays exist"),
    (3, [10, 51700, 1280], "each entry"),
    (3, [10240, 512500, 1280], "numbers, not 500"),
    (3, [10240, 10740, 1280], "numbers, not 10"),
    (3, [10240, 51700, 1290], "the projection"),
    (3, [10240, 51700, 1408], "weights of"),
    (3, [10240, 51700, 1409], "weights of"),
    (4, lambda h, w, b, e: h @ e.T, "without label"),
    (4, lambda h, w, b, e: h @ w + h @ e.T, "bias is missing"),
    (4, lambda h, w, b, e: h @ w + b, "per label"),
    (4, lambda h, w, b, e: logits(h, w, b, e).T, "and columns"),
    (4, lambda h, w, b, e: 1 / (1 + np.exp(-logits(h, w, b, e))), "no sigmoid"),
    (4, lambda h, w, b, e: h @ w - h @ e.T, "values are off"),
    (4, lambda h, w, b, e: h @ w + b + 0 * h @ e.T, "product with the label's row"),
    (5, (1.6094379, "b"), "the ratio is the wrong"),
    (5, (-3.912023, "b"), "that is the logarithm"),
    (5, (-0.69897, "b"), "use the natural"),
    (5, (0, "b"), "it would be that if"),
    (5, (-1.2394, "b"), "for a perfect generator"),
    (5, (-1.6094379, "a"), "can any other picture"),
    (5, (-1.6094379, "c"), "without labels, are the"),
    (5, (-1.6094379, "d"), "look at one class: with"),
]
