"""Right and wrong answers to the exercises of chapter transformer."""

from __future__ import annotations

import numpy as np


def halves(x, places, sign=1, base=10000.0):
    half = x.shape[-1] // 2
    angle = sign * np.asarray(places)[:, None] * base ** (-np.arange(half) / half)
    turned = (x[:, :half] + 1j * x[:, half:]) * np.exp(1j * angle)
    return np.concatenate([turned.real, turned.imag], axis=1)


def neighbours(x, places):
    omega = 10000.0 ** (-np.arange(0, x.shape[1], 2) / x.shape[1])
    turned = (x[:, 0::2] + 1j * x[:, 1::2]) * np.exp(1j * places[:, None] * omega)
    return np.stack([turned.real, turned.imag], axis=-1).reshape(x.shape)


def rms(dy, x, gamma, eps, share=None, scale=True, root_at_end=True, mean=False):
    root = np.sqrt((x**2).mean(-1, keepdims=True) + eps)
    g = dy * gamma if scale else dy
    share = 1 / x.shape[1] if share is None else share
    dx = g - x / root * (g * x / root).sum(-1, keepdims=True) * share
    dx = dx - g.mean(-1, keepdims=True) if mean else dx
    return dx / root if root_at_end else dx


def prepare(ids):
    return ids[:, :-1], ids[:, 1:], (ids[:, 1:] > 0).astype(int)


def cache(layers, width, heads, shared, steps, size):
    return 2 * layers * width // heads * shared * steps * size


RIGHT = [
    (1, [600, 560, 2520]),
    (2, halves),
    (3, rms),
    (4, prepare),
    (5, cache),
    (6, ("b", "c")),
    (7, (0.1, "a")),
]

WRONG = [
    (1, [560, 560, 2520], "of its own"),
    (1, [592, 560, 2520], "last block"),
    (1, [584, 560, 2520], "two norms"),
    (1, [568, 560, 2520], "two norms"),
    (1, [600, 520, 2520], "one array remains"),
    (1, [600, 560, 2120], "and values"),
    (1, [600, 560, 5040], "multiply"),
    (1, [1, 2, 3], "formula"),
    (1, [576, 560, 2520], "the table of"),
    (1, [610, 560, 2520], "logits has"),
    (1, [356, 560, 2520], "two blocks, not one"),
    (1, [496, 560, 2520], "biases and"),
    (1, [600, 600, 2520], "two arrays"),
    (1, [600, 560, 440], "one token"),
    (1, [600, 560, 2320], "blocks. Or"),
    (1, [600, 560, 2360], "one alone"),
    (2, lambda x, p: halves(x, p, -1), "wrong way"),
    (2, neighbours, "neighbours"),
    (2, lambda x, p: halves(x, p, base=1.0), "same speed"),
    (2, lambda x, p: halves(x, p, base=100.0), "The angles"),
    (2, lambda x, p: halves(x, p + 1), "place 0"),
    (2, lambda x, p: 2 * halves(x, p), "length"),
    (3, lambda dy, x, g, e: rms(dy, x, g, e, share=0), "It depends"),
    (3, lambda *a: rms(*a, root_at_end=False), "division"),
    (3, lambda *a: rms(*a, scale=False), "gamma"),
    (3, lambda *a: rms(*a, mean=True), "no mean"),
    (3, lambda *a: rms(*a, share=1), "divided by D"),
    (3, lambda *a: -rms(*a), "values are off"),
    (4, lambda i: (i[:, :-1], i[:, :-1], i[:, 1:] > 0), "the same"),
    (4, lambda i: (i[:, 1:], i[:, :-1], i[:, 1:] > 0), "exchanged"),
    (4, lambda i: (i[:, :-1], i[:, 1:], i[:, :-1] > 0), "follow"),
    (4, lambda i: (i, i, i > 0), "nothing to"),
    (4, lambda i: (0 * i[:, 1:], i[:, 1:], i[:, 1:] > 0), "without the last place"),
    (4, lambda i: (i[:, :-1], 0 * i[:, 1:], i[:, 1:] > 0), "the token after <start>"),
    (4, lambda i: (i[:, :-1], i[:, 1:], i[:, 1:]), "target is a real token"),
    (5, lambda *a: cache(*a) / 2, "keys and values"),
    (5, lambda *a: cache(*a) / a[0], "every block"),
    (5, lambda *a: cache(*a) * a[2], "D/A"),
    (5, lambda *a: cache(*a) / a[5], "bytes"),
    (5, lambda *a: cache(*a[:3], a[2], *a[4:]), "queries' heads"),
    (5, lambda *a: 7, "one place"),
    (5, lambda *a: cache(*a) * a[4], "not T² pairs"),
    (6, ("a", "c"), "that product is the"),
    (6, ("c", "c"), "the score is more than"),
    (6, ("b", "a"), "the cosine is the same"),
    (6, ("b", "b"), "a rotation leaves the"),
    (7, (10, "a"), "that way round it would"),
    (7, (1, "a"), "the loss stays. Does a"),
    (7, (0.01, "a"), "that is how the turn of"),
    (7, (0.47, "a"), "write the loss of cW,"),
    (7, (0.1, "b"), "a longer W has a"),
    (7, (0.1, "c"), "a step is orthogonal to"),
    (7, (0.1, "d"), "to first order. What"),
]
