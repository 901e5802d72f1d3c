"""The checkers of chapter residual_networks: right answers pass, wrong are helped."""

from __future__ import annotations

import math
import re

import numpy as np
import pytest
import torch
from torch.nn import functional as F

from utils.exercises import check

ALL = [f"residual_networks-{number}" for number in range(1, 6)]
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


@pytest.mark.parametrize(
    ("id", "answer"),
    [
        ("residual_networks-1", PENCIL),
        ("residual_networks-1", [0.268, -0.358, -0.089, 0.179]),
        ("residual_networks-2", count),
        ("residual_networks-3", fold),
        ("residual_networks-4", shares),
        ("residual_networks-4", lambda n, rho: list(shares(n, rho))),
        ("residual_networks-5", group_norm),
    ],
)
def test_right_answers_pass(id, answer, capsys):
    check(id, answer)
    assert capsys.readouterr().out == f"{id}: right.\n"


def other_norm(axes, reshape=None):
    def norm(x, groups, gamma, beta, eps):
        parts = x if reshape is None else x.reshape(reshape(x, groups))
        centred = parts - parts.mean(axis=axes, keepdims=True)
        x_hat = centred / np.sqrt(parts.var(axis=axes, keepdims=True) + eps)
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


@pytest.mark.parametrize(
    ("id", "answer", "hint"),
    [
        ("residual_networks-1", PENCIL[:3], "four numbers"),
        ("residual_networks-1", PENCIL / 2, "scale γ is missing"),
        ("residual_networks-1", [2 / math.sqrt(5), 0, 0, 0], "for constants"),
        (
            "residual_networks-1",
            2 / math.sqrt(5) * np.array([0.75, -0.25, -0.25, -0.25]),
            "part along x̂ is missing",
        ),
        (
            "residual_networks-1",
            2 / math.sqrt(5) * np.array([0.55, -0.15, 0.15, 0.45]),
            "mean of δ is missing",
        ),
        ("residual_networks-1", PENCIL / math.sqrt(5), "not by the variance"),
        ("residual_networks-1", PENCIL * math.sqrt(3 / 4) * 1.01, "sum is right"),
        ("residual_networks-1", -PENCIL, "signs"),
        ("residual_networks-1", [1, 2, 3, 4], "add up to 10"),
        ("residual_networks-2", 70_000, "without calling it"),
        (
            "residual_networks-2",
            lambda *a: count(*a, norms=0),
            "normalisations are mis",
        ),
        (
            "residual_networks-2",
            lambda *a: count(*a, way=False),
            "way round is missing",
        ),
        ("residual_networks-2", lambda c, n, s: count(c, n, 1), "even if the channels"),
        (
            "residual_networks-2",
            lambda c, n, s: count(c, n, s) - (c != 4 * n or s > 1) * 8 * n,
            "followed by a normalisation too",
        ),
        ("residual_networks-2", lambda c, n, s: 2 * count(c, n, s), "more than there"),
        ("residual_networks-2", lambda c, n: count(c, n, 1), "raised TypeError"),
        ("residual_networks-3", lambda w, *a: w, "two arrays"),
        (
            "residual_networks-3",
            changed_fold(
                lambda w, g, v, e: (
                    w * g[:, None, None, None] / (v + e)[:, None, None, None]
                )
            ),
            "take the root",
        ),
        (
            "residual_networks-3",
            changed_fold(lambda w, g, v, e: w * (g / np.sqrt(v))[:, None, None, None]),
            "eps is missing",
        ),
        (
            "residual_networks-3",
            changed_fold(lambda w, g, v, e: w),
            "weights must change",
        ),
        ("residual_networks-3", changed_fold(bias=lambda b, m: b), "mean is missing"),
        ("residual_networks-3", changed_fold(bias=lambda b, m: b - m), "scale it too"),
        ("residual_networks-3", changed_fold(bias=lambda b, m: b * 3), "where x = 0"),
        ("residual_networks-4", [1, 2], "without calling it"),
        ("residual_networks-4", lambda n, r: shares(n, r)[1:], "4 lengths"),
        ("residual_networks-4", lambda n, r: shares(n, 1.0), "share of the paths"),
        ("residual_networks-4", lambda n, r: shares(n, r) * (1 + r) ** n, "Divide by"),
        ("residual_networks-4", lambda n, r: r ** np.arange(n + 1), "How many"),
        ("residual_networks-4", lambda n, r: shares(n, r**0.5), "take its root"),
        ("residual_networks-4", lambda n, r: shares(n, r)[::-1], "are off"),
        ("residual_networks-5", other_norm((0, 2, 3)), "batch normalisation"),
        ("residual_networks-5", other_norm((2, 3)), "own statistics"),
        ("residual_networks-5", other_norm((1, 2, 3)), "in one group"),
        (
            "residual_networks-5",
            other_norm((1, 3, 4), lambda x, g: (len(x), -1, g, *x.shape[2:])),
            "neighbours",
        ),
        ("residual_networks-5", lambda x, g, *a: x.reshape(len(x), -1), "it must have"),
        ("residual_networks-5", lambda x, *a: x, "are off"),
    ],
)
def test_wrong_answers_get_a_hint(id, answer, hint, capsys):
    check(id, answer)
    out = capsys.readouterr().out
    assert out.startswith(f"{id}: not yet. ")
    assert re.search(re.escape(hint), out), out


@pytest.mark.parametrize("id", ALL)
def test_an_unanswered_exercise_says_what_it_takes(id, capsys):
    check(id, ...)
    assert "It takes" in capsys.readouterr().out
