"""The checkers of chapter rnn: right answers pass, wrong ones are helped."""

from __future__ import annotations

import re

import numpy as np
import pytest

from utils.exercises import check

ALL = [f"rnn-{number}" for number in range(1, 7)]


# --- answers that are right ---------------------------------------------------------


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


@pytest.mark.parametrize(
    ("id", "answer"),
    [
        ("rnn-1", [4, 7, 2]),
        ("rnn-1", np.array([[4.0], [7.0], [2.0]])),
        ("rnn-2", count),
        ("rnn-3", clip),
        ("rnn-3", lambda gradients, limit: tuple(clip(gradients, limit))),
        ("rnn-4", 4.97),
        ("rnn-4", -np.log(2 ** (1 / 100) - 1)),
        ("rnn-5", masked_mean),
        ("rnn-5", loop_mean),
        ("rnn-6", ordered("zrn")),
    ],
)
def test_right_answers_pass(id, answer, capsys):
    check(id, answer)
    assert capsys.readouterr().out == f"{id}: right.\n"


# --- answers that are wrong, and what the hint must mention ------------------------


def in_place(gradients, limit):
    factor = min(1, limit / max(length(gradients), 1e-12))
    for gradient in gradients:
        gradient *= factor
    return gradients


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


def broken(*arguments):
    raise RuntimeError("my own mistake")


@pytest.mark.parametrize(
    ("id", "answer", "mentions"),
    [
        ("rnn-1", [3, 7, 2], "three terms"),
        ("rnn-1", [15, 7, 2], "state of its own step"),
        ("rnn-1", [7, 7, 2], "inputs"),
        ("rnn-1", [4, 1, 2], "goes on"),
        ("rnn-1", [4, 4, 2], "h₁ and h₂"),
        ("rnn-1", [4, 7, 4], "full gradient"),
        ("rnn-1", [4, 7, 0], "only the gradient stops"),
        ("rnn-1", [4, 7, 5], "once more"),
        ("rnn-1", [4, 7], "three numbers"),
        ("rnn-1", "four", "numeric"),
        ("rnn-2", lambda k, d, m: count(k, d, m) - count(k, 0, m) + 0, "right"),
        ("rnn-2", lambda k, d, m: count(k, d, m, 1), "two biases"),
        ("rnn-2", lambda k, d, m: count(k, d, m, 2), "PyTorch"),
        ("rnn-2", lambda k, d, m: count("rnn", d, m), "4? ?sums"),
        ("rnn-2", lambda k, d, m: (d + m) * m, "biases"),
        ("rnn-2", lambda k, d, m: d * m + m, "recurrent weights"),
        ("rnn-2", lambda k, d, m: d * m + d * d + m, "state to state"),
        ("rnn-2", 12, "function"),
        ("rnn-2", broken, "my own mistake"),
        ("rnn-3", in_place, "changes the arrays"),
        ("rnn-3", always, "only shortens"),
        ("rnn-3", by_zero, "divide by zero"),
        ("rnn-3", each_array, "each array"),
        ("rnn-3", squared, "root"),
        ("rnn-3", added, "Squares"),
        ("rnn-3", lambda gs, c: [np.clip(g, -c, c) for g in gs], "each number"),
        ("rnn-3", halves, "One factor"),
        ("rnn-3", lambda gs, c: gs[0], "list of 2"),
        ("rnn-3", lambda gs, c: None, "returns nothing"),
        ("rnn-4", 0.9931, "the gate"),
        ("rnn-4", -4.97, "sign"),
        ("rnn-4", 4.97 / np.log(10), "natural"),
        ("rnn-4", 0, "one step"),
        ("rnn-4", np.log(99), "0.37"),
        ("rnn-4", 100, "ever forgotten"),
        ("rnn-4", 3.0, "first find|First find"),
        ("rnn-4", [1, 2], "single number"),
        ("rnn-5", lambda x, k: x.mean(), "padding included"),
        ("rnn-5", lambda x, k: (x * mask_of(x, k)).mean(), "divide by all"),
        ("rnn-5", lambda x, k: (x * mask_of(x, k)).sum(), "sum"),
        ("rnn-5", lambda x, k: (x * mask_of(x, k)).sum() / len(x), "sequences"),
        (
            "rnn-5",
            lambda x, k: np.mean((x * mask_of(x, k)).sum(axis=1) / k),
            "each sequence's mean",
        ),
        ("rnn-5", lambda x, k: x[mask_of(x, k, 1)].mean(), "too many"),
        ("rnn-5", lambda x, k: x[mask_of(x, k, -1)].mean(), "too few"),
        ("rnn-5", lambda x, k: x[~mask_of(x, k)].mean(), "turned around"),
        ("rnn-5", lambda x, k: 1.0, "seven numbers"),
        ("rnn-6", ordered("rzn"), "PyTorch's order"),
        ("rnn-6", ordered("znr"), "r and n"),
        ("rnn-6", ordered("nzr"), "comes last"),
        ("rnn-6", lambda w: ordered("zrn")(w).T, "Transpose"),
        ("rnn-6", lambda w: w.reshape(w.shape[::-1]), "reshape"),
        ("rnn-6", lambda w: ordered("zrn")(w)[:, ::-1], "places are not"),
        ("rnn-6", lambda w: 0 * w.T, "not those"),
    ],
)
def test_wrong_answers_get_a_helpful_hint(id, answer, mentions, capsys):
    check(id, answer)
    said = capsys.readouterr().out
    assert said.startswith(f"{id}: not yet. ")
    assert re.search(mentions, said), said


@pytest.mark.parametrize("id", ALL)
def test_no_answer_says_what_is_wanted(id, capsys):
    check(id)
    assert "It takes" in capsys.readouterr().out
