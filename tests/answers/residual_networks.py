"""Right and wrong answers to the exercises of chapter residual_networks."""

from __future__ import annotations

import math

import numpy as np
import torch
from torch.nn import functional as F

PENCIL = 2 / math.sqrt(5) * np.array([0.3, -0.4, -0.1, 0.2])


def count(inputs, channels, stride, norms=2, way=True):
    outputs = 4 * channels
    total = inputs * channels + 9 * channels**2 + channels * outputs
    total += norms * (2 * channels + outputs)
    if way and (inputs != outputs or stride != 1):
        total += inputs * outputs + norms * outputs
    return total


def fold(w, gamma, beta, mean, var, eps):
    factor = gamma / np.sqrt(var + eps)
    return w * factor[:, None, None, None], beta - mean * factor


def shares(n, rho):
    terms = np.array([math.comb(n, k) * rho**k for k in range(n + 1)])
    return terms / terms.sum()


def group_norm(x, groups, gamma, beta, eps):
    arrays = [torch.tensor(a) for a in (x, gamma, beta)]
    return F.group_norm(arrays[0], groups, *arrays[1:], eps=eps)


def other_norm(axes, reshape=None, outside=False, ddof=0):
    def norm(x, groups, gamma, beta, eps):
        parts = x if reshape is None else x.reshape(reshape(x, groups))
        centred = parts - parts.mean(axis=axes, keepdims=True)
        var = parts.var(axis=axes, keepdims=True, ddof=ddof)
        x_hat = centred / (np.sqrt(var) + eps if outside else np.sqrt(var + eps))
        return gamma[:, None, None] * x_hat.reshape(x.shape) + beta[:, None, None]

    return norm


def changed_fold(weights=None, bias=None):
    def changed(w, gamma, beta, mean, var, eps):
        right = fold(w, gamma, beta, mean, var, eps)
        return (
            right[0] if weights is None else weights(w, gamma, var, eps),
            right[1] if bias is None else bias(beta, mean),
        )

    return changed


def grouped(x, groups):
    return len(x), groups, -1, *x.shape[2:]


def by(w, factor):
    return w * factor[:, None, None, None]


RIGHT = [
    (1, PENCIL),
    (1, [0.268, -0.358, -0.089, 0.179]),
    (2, count),
    (3, fold),
    (4, shares),
    (4, lambda n, rho: list(shares(n, rho))),
    (5, group_norm),
    (10, 200),
    (10, 200.0),
    (6, "c"),
    (7, [0, 0]),
]

WRONG = [
    (10, 100, "leaves out the mirror"),
    (10, 50, "leaves out the turns"),
    (10, 648, "belongs to a border of 4"),
    (10, 400, "counted already"),
    (10, 128, "five places in each direction, not four"),
    (10, 32, "25 crops, not 4"),
    (10, 10, "multiply, do not add"),
    (10, 25, "and multiply"),
    (1, PENCIL / 2, "scale γ is missing"),
    (1, [2 / math.sqrt(5), 0, 0, 0], "for constants"),
    (
        1,
        2 / math.sqrt(5) * np.array([0.75, -0.25, -0.25, -0.25]),
        "part along x̂ is missing",
    ),
    (1, 2 / math.sqrt(5) * np.array([0.55, -0.15, 0.15, 0.45]), "mean of δ is missing"),
    (1, PENCIL / math.sqrt(5), "not by the variance"),
    (1, PENCIL * math.sqrt(3 / 4) * 1.01, "sum is right"),
    (1, -PENCIL, "signs"),
    (1, [1, 2, 3, 4], "Adding the"),
    (1, [0.3195, -0.2808, -0.1065, 0.0678], "Divide the"),
    (2, lambda *a: count(*a, norms=0), "normalisations are mis"),
    (2, lambda *a: count(*a, way=False), "way round is missing"),
    (2, lambda c, n, s: count(c, n, 1), "even if the channels"),
    (
        2,
        lambda c, n, s: count(c, n, s) - (c != 4 * n or s > 1) * 8 * n,
        "followed by a normalisation too",
    ),
    (2, lambda c, n, s: 2 * count(c, n, s), "by kernel"),
    (2, lambda c, n, s: count(c, n, s, way=s != 1), "not the only reason"),
    (
        2,
        lambda c, n, s: count(c, n, s, way=False) + 4 * n * (c + 2),
        "only where input and output",
    ),
    (
        2,
        lambda c, n, s: count(c, n, s) + 6 * n + (c != 4 * n or s > 1) * 4 * n,
        "have no biases",
    ),
    (
        3,
        changed_fold(
            lambda w, g, v, e: w * g[:, None, None, None] / (v + e)[:, None, None, None]
        ),
        "take the root",
    ),
    (
        3,
        changed_fold(lambda w, g, v, e: w * (g / np.sqrt(v))[:, None, None, None]),
        "eps is missing",
    ),
    (3, changed_fold(lambda w, g, v, e: w), "weights must change"),
    (3, changed_fold(bias=lambda b, m: b), "mean is missing"),
    (3, changed_fold(bias=lambda b, m: b - m), "scale it too"),
    (3, changed_fold(bias=lambda b, m: b * 3), "where x = 0"),
    (3, lambda w, *a: (w[0], w), "one factor, factor[:"),
    (3, changed_fold(lambda w, g, v, e: 2 * w), "collect what multiplies x"),
    (3, changed_fold(lambda w, g, v, e: by(w, g / (v**0.5 + e))), "eps belongs under"),
    (
        3,
        changed_fold(lambda w, g, v, e: by(w, (v + e) ** -0.5)),
        "missing in the weights",
    ),
    (3, changed_fold(lambda w, g, v, e: w * (g / (v + e) ** 0.5)[0]), "its own factor"),
    (
        3,
        lambda w, g, b, m, v, e: (
            fold(w, g, b, m, v, e)[0],
            b + m * g / (v + e) ** 0.5,
        ),
        "subtracted, not added",
    ),
    (3, lambda w, g, b, m, v, e: fold(w, g, 0 * b, m, v, e), "shift β is missing"),
    (4, lambda n, r: shares(n, r)[1:], "of blocks"),
    (4, lambda n, r: shares(n, 1.0), "share of the paths"),
    (4, lambda n, r: shares(n, r) * (1 + r) ** n, "Divide by"),
    (4, lambda n, r: r ** np.arange(n + 1), "How many"),
    (4, lambda n, r: shares(n, r**0.5), "take its root"),
    (4, lambda n, r: shares(n, r)[::-1], "are off"),
    (
        4,
        lambda n, r: (
            np.array([math.comb(n, k) ** 2 * r**k for k in range(n + 1)])
            / sum(math.comb(n, k) ** 2 * r**k for k in range(n + 1))
        ),
        "squares add",
    ),
    (4, lambda n, r: 2 * shares(n, r), "must add up to 1"),
    (5, other_norm((0, 2, 3)), "batch normalisation"),
    (5, other_norm((2, 3)), "own statistics"),
    (5, other_norm((1, 2, 3)), "in one group"),
    (
        5,
        other_norm((1, 3, 4), lambda x, g: (len(x), -1, g, *x.shape[2:])),
        "neighbours",
    ),
    (5, lambda x, *a: x, "are off"),
    (5, other_norm((0, 2, 3, 4), grouped), "over the examples too"),
    (5, other_norm((2,), grouped), "run over the pixels"),
    (
        5,
        lambda x, g, gamma, beta, eps: group_norm(x, g, 1 + 0 * gamma, 0 * beta, eps),
        "Scale and shift are missing",
    ),
    (5, other_norm((2, 3, 4), grouped, outside=True), "with the variance"),
    (5, other_norm((2, 3, 4), grouped, ddof=1), "biased variance"),
    (4, lambda n, r: (p := r ** np.arange(n + 1)) / p.sum(), "How many"),
    (6, "a", "the gradient depends on"),
    (6, "b", "that is the length of"),
    (6, "d", "longer weights are"),
    (7, [1, -3], "That is δ itself, as if"),
    (7, [2, -2], "The mean of δ is taken"),
    (7, [-1, -1], "The last term is there."),
    (7, [0.37, 0.74], "Put x̂ = (1, −1) into"),
]
