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
    ("conditional_gan-1", [0.5, -LOG4, 0]),
    ("conditional_gan-1", np.array([0.5, -1.386, 0])),
    ("conditional_gan-2", value),
    ("conditional_gan-2", by_optimal),
    ("conditional_gan-3", [10240, 51700, 1280]),
    ("conditional_gan-4", logits),
    ("conditional_gan-4", lambda h, w, b, e: h @ (w + e.T) + b),
]

WRONG = [
    ("conditional_gan-1", [1, -LOG4, 0], "seen among"),
    ("conditional_gan-1", [0.5, -np.log(2), 0], "two terms"),
    ("conditional_gan-1", [0.5, LOG4, 0], "mind the sign"),
    ("conditional_gan-1", [0.5, -2, 0], "natural"),
    ("conditional_gan-1", [0.5, 1, 0], "into both of its means"),
    ("conditional_gan-1", [0.5, -LOG4, -LOG4], "ever made"),
    ("conditional_gan-1", [0.5, -LOG4, np.log(2)], "log 2 is the divergence"),
    ("conditional_gan-1", [0.5, -LOG4, 1], "wrong at all"),
    ("conditional_gan-2", lambda s, p, q: -LOG4 + 2 * js(p, q).mean(), "by share"),
    ("conditional_gan-2", lambda s, p, q: -LOG4 + 2 * js(s @ p, s @ q), "mixtures"),
    ("conditional_gan-2", lambda s, p, q: -LOG4 + 2 * js(p, q).sum(), "no sum"),
    ("conditional_gan-2", lambda s, p, q: s @ js(p, q), "that is the divergence"),
    ("conditional_gan-2", lambda s, p, q: -LOG4 + s @ js(p, q), "enters twice"),
    ("conditional_gan-2", lambda s, p, q: 2 * s @ js(p, q), "-log 4, is missing"),
    ("conditional_gan-2", lambda s, p, q: js(p, q), "the classes"),
    ("conditional_gan-2", lambda s, p, q: 0.123, "in each row first"),
    ("conditional_gan-3", [11264, 51700, 1280], "bias is there"),
    ("conditional_gan-3", [1024, 51700, 1280], "one row of weights"),
    ("conditional_gan-3", [10240, 51200, 1280], "the table has parameters"),
    ("conditional_gan-3", [10240, 500, 1280], "the dense layer grows"),
    ("conditional_gan-3", [10240, 51700, 128], "a row of its own"),
    ("conditional_gan-3", [10240, 51700, 5], "which arrays exist"),
    ("conditional_gan-3", [10, 51700, 1280], "each entry"),
    ("conditional_gan-3", [10240, 512500, 1280], "numbers, not 500"),
    ("conditional_gan-3", [10240, 10740, 1280], "numbers, not 10"),
    ("conditional_gan-3", [10240, 51700, 1290], "the projection"),
    ("conditional_gan-3", [10240, 51700, 1408], "weights of"),
    ("conditional_gan-4", lambda h, w, b, e: h @ e.T, "without label"),
    ("conditional_gan-4", lambda h, w, b, e: h @ w + h @ e.T, "bias is missing"),
    ("conditional_gan-4", lambda h, w, b, e: h @ w + b, "per label"),
    ("conditional_gan-4", lambda h, w, b, e: logits(h, w, b, e).T, "and columns"),
    (
        "conditional_gan-4",
        lambda h, w, b, e: 1 / (1 + np.exp(-logits(h, w, b, e))),
        "no sigmoid",
    ),
    ("conditional_gan-4", lambda h, w, b, e: h @ w - h @ e.T, "values are off"),
    (
        "conditional_gan-4",
        lambda h, w, b, e: h @ w + b + 0 * h @ e.T,
        "product with the label's row",
    ),
]
