"""Right and wrong answers to the exercises of chapter rnn."""

from __future__ import annotations

import numpy as np


def count(kind, features, hidden, biases=None):
    parts = {"rnn": 1, "lstm": 4, "gru": 3}[kind]
    biases = biases or (2 if kind == "gru" else 1)
    return parts * (features * hidden + hidden**2 + biases * hidden)


def length(arrays):
    return np.sqrt(sum(np.sum(a**2) for a in arrays))


def clip(gradients, limit):
    factor = min(1, limit / max(length(gradients), 1e-12))
    return [factor * g for g in gradients]


def mask_of(losses, lengths, shift=0):
    return np.arange(losses.shape[1]) < np.asarray(lengths)[:, None] + shift


def masked_mean(losses, lengths):
    return losses[mask_of(losses, lengths)].mean()


def loop_mean(losses, lengths):
    parts = [row[:k] for row, k in zip(losses, lengths, strict=True)]
    return np.concatenate(parts).mean()


def ordered(order):
    def to_keras(weight):
        return np.concatenate([np.split(weight, 3)["rzn".index(g)] for g in order]).T

    return to_keras


def always(gradients, limit):
    return [limit / max(length(gradients), 1e-12) * g for g in gradients]


def by_zero(gradients, limit):
    total = length(gradients)
    return [min(total, limit) * (g / total) for g in gradients]


def each_array(gradients, limit):
    return [min(1, limit / max(np.linalg.norm(g), 1e-12)) * g for g in gradients]


def squared(gradients, limit):
    return [min(1, limit / max(length(gradients) ** 2, 1e-12)) * g for g in gradients]


def added(gradients, limit):
    total = sum(np.linalg.norm(g) for g in gradients)
    return [min(1, limit / max(total, 1e-12)) * g for g in gradients]


def halves(gradients, limit):
    return [0.9 * g for g in clip(gradients, limit)]


RIGHT = [
    (1, [4, 7, 2]),
    (1, np.array([[4.0], [7.0], [2.0]])),
    (2, count),
    (3, clip),
    (3, lambda gradients, limit: tuple(clip(gradients, limit))),
    (4, 4.97),
    (4, -np.log(2 ** (1 / 100) - 1)),
    (5, masked_mean),
    (5, loop_mean),
    (6, ordered("zrn")),
    (7, "d"),
    (8, ("b", "c")),
]

WRONG = [
    (1, [3, 7, 2], "three terms"),
    (1, [15, 7, 2], "state of its own step"),
    (1, [7, 7, 2], "inputs"),
    (1, [4, 1, 2], "goes on"),
    (1, [4, 4, 2], "h₁ and h₂"),
    (1, [4, 7, 4], "full gradient"),
    (1, [4, 7, 0], "only the gradient stops"),
    (1, [4, 7, 5], "once more"),
    (1, [1, 7, 2], "the effect"),
    (1, [2, 7, 2], "leaves out"),
    (1, [4, 3, 2], "that is δ₂"),
    (1, [4, 6, 2], "h₁ itself"),
    (1, [4, 7, 7], "same step"),
    (1, [4, 7, 1], "steps have"),
    (2, lambda k, d, m: count(k, d, m) - count(k, 0, m) + 0, "right"),
    (2, lambda k, d, m: count(k, d, m, 1), "the state"),
    (2, lambda k, d, m: count(k, d, m, 2), "PyTorch"),
    (2, lambda k, d, m: count("rnn", d, m), "each unit"),
    (2, lambda k, d, m: (d + m) * m, "the biases are"),
    (2, lambda k, d, m: d * m + m, "weights are"),
    (2, lambda k, d, m: d * m + d * d + m, "state to state"),
    (
        2,
        lambda k, d, m: count(k, d, m) if k == "rnn" else 3 * (d * m + m * m + m),
        "a proposal make four",
    ),
    (3, always, "only shortens"),
    (3, each_array, "each array"),
    (3, squared, "is missing"),
    (3, added, "Squares"),
    (3, lambda gs, c: [np.clip(g, -c, c) for g in gs], "each number"),
    (3, halves, "One factor"),
    (3, lambda gs, c: gs[0], "was given"),
    (3, by_zero, "no length to divide by"),
    (3, lambda gs, c: [g / max(length(gs), 1e-12) for g in gs], "has length 1"),
    (3, lambda gs, c: [1 * g for g in gs], "comes out as it was"),
    (4, 0.9931, "Which bias"),
    (4, -4.97, "sign"),
    (4, 4.97 / np.log(10), "natural"),
    (4, 0, "one step"),
    (4, np.log(99), "0.37"),
    (4, 100, "First find"),
    (4, 3.0, "First find"),
    (5, lambda x, k: x.mean(), "padding included"),
    (5, lambda x, k: (x * mask_of(x, k)).mean(), "divide by all"),
    (5, lambda x, k: (x * mask_of(x, k)).sum(), "sum"),
    (5, lambda x, k: (x * mask_of(x, k)).sum() / len(x), "sequences"),
    (
        5,
        lambda x, k: np.mean((x * mask_of(x, k)).sum(axis=1) / k),
        "each sequence's mean",
    ),
    (5, lambda x, k: x[mask_of(x, k, 1)].mean(), "too many"),
    (5, lambda x, k: x[mask_of(x, k, -1)].mean(), "too few"),
    (5, lambda x, k: x[~mask_of(x, k)].mean(), "turned around"),
    (5, lambda x, k: 1.0, "mean should"),
    (6, ordered("rzn"), "PyTorch's order"),
    (6, ordered("znr"), "r and n"),
    (6, ordered("nzr"), "comes last"),
    (6, lambda w: ordered("zrn")(w).T, "The kernel"),
    (6, lambda w: w.reshape(w.shape[::-1]), "reshape"),
    (6, lambda w: ordered("zrn")(w)[:, ::-1], "places are not"),
    (6, lambda w: 0 * w.T, "not those"),
    (7, "a", "the cell then forgets"),
    (7, "b", "then nothing gets in."),
    (7, "c", "tanh of that proposal"),
    (8, ("a", "c"), "does a turn make a vector shorter?"),
    (8, ("c", "c"), "does a turn make a vector longer?"),
    (8, ("b", "a"), "what do the factors 1 −"),
    (8, ("b", "b"), "are the factors 1 − h²"),
]
