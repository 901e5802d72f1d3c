"""The checkers of chapter training: right answers pass, wrong ones are helped."""

from __future__ import annotations

import math
import re

import numpy as np
import pytest

from utils.exercises import check

ALL = [f"training-{number}" for number in range(1, 7)]


def poisson(z, y):
    return np.mean(np.exp(z) - y * z), (np.exp(z) - y) / len(z)


def bound(curvature, beta):
    return (2 + 2 * beta) / (1 + 2 * beta) / curvature


def adagrad(w, g, state, lr, eps=1e-10):
    state["v"] = state.get("v", 0) + g**2
    return w - lr * g / (state["v"] ** 0.5 + eps)


def clip(grads, limit):
    norm = math.sqrt(sum((g**2).sum() for g in grads.values()))
    return {k: g * min(1, limit / (norm + 1e-6)) for k, g in grads.items()}


def trials(share, confidence):
    return math.ceil(math.log(1 - confidence) / math.log(1 - share))


@pytest.mark.parametrize(
    ("id", "answer"),
    [
        ("training-1", [0.16, 0.06, 0.8011]),
        ("training-1", np.array([[0.16], [0.06], [0.80115]])),
        ("training-2", poisson),
        ("training-3", bound),
        ("training-3", lambda curvature, beta: (1 + 1 / (1 + 2 * beta)) / curvature),
        ("training-4", adagrad),
        ("training-5", clip),
        ("training-6", trials),
    ],
)
def test_right_answers_pass(id, answer, capsys):
    check(id, answer)
    assert capsys.readouterr().out == f"{id}: right.\n"


# --- answers that are wrong, and what the hint must mention ------------------------


def forgetful(w, g, state, lr, eps=1e-10):
    state["v"] = 0.99 * state.get("v", 0) + 0.01 * g**2
    return w - lr * g / (state["v"] ** 0.5 + eps)


def last_only(w, g, state, lr, eps=1e-10):
    state["v"] = g**2
    return w - lr * g / (state["v"] ** 0.5 + eps)


def averaging(w, g, state, lr, eps=1e-10):
    state["t"] = state.get("t", 0) + 1
    state["v"] = state.get("v", 0) + g**2
    return w - lr * g / ((state["v"] / state["t"]) ** 0.5 + eps)


def rootless(w, g, state, lr, eps=1e-10):
    state["v"] = state.get("v", 0) + g**2
    return w - lr * g / (state["v"] + eps)


def in_place(grads, limit):
    result = clip(grads, limit)
    for k in grads:
        grads[k][...] = result[k]
    return grads


def dividing(grads, limit):
    norm = math.sqrt(sum((g**2).sum() for g in grads.values()))
    return {k: g * min(1, limit / norm) for k, g in grads.items()}


def broken(*arguments):
    raise RuntimeError("my own mistake")


def each_entry(grads, limit):
    return {k: np.clip(g, -limit, limit) for k, g in grads.items()}


def each_array(grads, limit):
    return {k: g * min(1, limit / np.linalg.norm(g)) for k, g in grads.items()}


def sum_of_norms(grads, limit):
    norm = sum(np.linalg.norm(g) for g in grads.values())
    return {k: g * min(1, limit / norm) for k, g in grads.items()}


@pytest.mark.parametrize(
    ("id", "answer", "mentions"),
    [
        ("training-1", [0.36, 0.06, 0.8011], r"\(a\).*plain descent"),
        ("training-1", [0.54, 0.06, 0.8011], "sum"),
        ("training-1", [0.16, 0.16, 0.8011], r"\(b\).*ordinary momentum"),
        ("training-1", [0.16, 0.06, 0.8], r"\(c\).*not quite"),
        ("training-1", [0.16, 0.06, 0.9], "after one step"),
        ("training-1", [0.16, 0.06, 0.5], "second gradient"),
        ("training-1", [0.16, 0.06], "three numbers"),
        ("training-1", "far", "numeric"),
        ("training-2", lambda z, y: (poisson(z, y)[0], 4 * poisson(z, y)[1]), "1/N"),
        ("training-2", lambda z, y: (-poisson(z, y)[0], z), "sign is flipped"),
        ("training-2", lambda z, y: (4 * poisson(z, y)[0], z), "not the mean"),
        ("training-2", lambda z, y: (poisson(z, y)[0], (z - y) / 4), "expects e"),
        ("training-2", lambda z, y: (poisson(z, y)[0], -poisson(z, y)[1]), "first"),
        ("training-2", lambda z, y: (poisson(z, y)[0], z), "pattern"),
        ("training-2", lambda z, y: (0.0, z), "Take -log"),
        ("training-2", lambda z, y: poisson(z, y)[0], "two things"),
        ("training-3", lambda c, b: 2 * (1 + b) / c, "ordinary momentum"),
        ("training-3", lambda c, b: 2 / c, "without momentum"),
        ("training-3", lambda c, b: bound(c, b) * c, "Divide"),
        ("training-3", lambda c, b: 1.0, "r = -1"),
        ("training-3", 0.03, "function itself"),
        ("training-4", forgetful, "RMSProp"),
        ("training-4", last_only, "last square"),
        ("training-4", averaging, "divided by t"),
        ("training-4", rootless, "root"),
        ("training-4", lambda w, g, state, lr: w - lr * g, "state"),
        ("training-4", broken, "my own mistake"),
        ("training-5", each_entry, "turns"),
        ("training-5", each_array, "together"),
        ("training-5", sum_of_norms, "squares"),
        ("training-5", in_place, "changes its argument"),
        ("training-5", lambda g, limit: g, "as they are"),
        ("training-5", lambda g, limit: {k: v / 2 for k, v in g.items()}, "shorter"),
        ("training-5", dividing, "ZeroDivisionError"),
        ("training-5", lambda g, limit: list(g), "dictionary"),
        ("training-6", lambda f, q: trials(f, q) - 1, "round up"),
        ("training-6", lambda f, q: math.log(1 - q) / math.log(1 - f), "whole"),
        ("training-6", lambda f, q: 1 / f, "mean"),
        ("training-6", lambda f, q: 1000, "all miss"),
        ("training-6", lambda f, q: None, "return"),
    ],
)
def test_wrong_answers_get_a_hint(id, answer, mentions, capsys):
    check(id, answer)
    out = capsys.readouterr().out
    assert out.startswith(f"{id}: not yet. ")
    assert re.search(mentions, out), out


@pytest.mark.parametrize("id", ALL)
def test_an_unanswered_exercise_says_what_it_takes(id, capsys):
    check(id, ...)
    assert "It takes" in capsys.readouterr().out
