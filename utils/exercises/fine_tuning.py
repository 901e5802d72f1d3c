"""Exercises of the chapter `language/fine_tuning`."""

from __future__ import annotations

from collections import Counter
from typing import Any

import numpy as np

from utils.exercises import function


@function(
    "fine-tuning-2",
    cases=lambda rng: [
        (*(rng.normal(size=n) for n in ((7, 6), (7, 5), (6, r), (r, 5))), s)
        for r, s in ((2, 1.5), (3, 0.5))
    ],
    returns=("A", "B"),
)
def lora_gradients(
    x: np.ndarray, g: np.ndarray, a: np.ndarray, b: np.ndarray, s: float
) -> Any:
    """Return the gradients of A and B of a low-rank adaptation."""
    whole = x.T @ g
    return {
        "A": (s * whole @ b.T, {"a_scale": whole @ b.T, "a_whole": (whole, s * whole)}),
        "B": (s * a.T @ whole, {"b_scale": a.T @ whole, "b_whole": (whole, s * whole)}),
    }


def _sign(t: float, limit: float) -> int:
    return int(np.sign(t)) if abs(t) > limit else 0


@function(
    "fine-tuning-5",
    cases=[
        ([0.70, 0.66, 0.71, 0.67], [0.60, 0.62, 0.58, 0.64], 2.5),
        ([0.61, 0.72, 0.55, 0.66], [0.58, 0.70, 0.53, 0.62], 3.18),
        ([0.60, 0.70, 0.50, 0.64], [0.66, 0.79, 0.55, 0.71], 3.18),
        ([0.60, 0.70, 0.50, 0.64], [0.62, 0.66, 0.53, 0.60], 3.18),
    ],
    returns=("the verdict",),
)
def verdict(one: list[float], other: list[float], limit: float) -> Any:
    """Return 1 if the first is better, -1 if worse, 0 if no difference is seen."""
    a, b = np.array(one), np.array(other)
    d, root = a - b, np.sqrt(len(a))
    t = d.mean() / (d.std(ddof=1) / root)
    apart = d.mean() / (np.sqrt(a.var(ddof=1) + b.var(ddof=1)) / root)
    right = _sign(t, limit)
    wrongs = {
        "unpaired": _sign(apart, limit),
        "backwards": -right,
        "no_root": _sign(t / root, limit),
    }
    return right, {key: wrong for key, wrong in wrongs.items() if wrong != right}


@function(
    "fine-tuning-7",
    cases=[(4, 3, 10), (6, 2, 9)],
    returns=("the mask",),
)
def answer_mask(question: int, answer: int, length: int) -> Any:
    """Return ones where the answer and its end stand."""
    t = np.arange(length)
    end = question + answer
    inside = ((t >= question) & (t < end)).astype(int)
    return inside, {
        "question": (t < end).astype(int),
        "padding": (t >= question).astype(int),
        "no_end": ((t >= question) & (t < end - 1)).astype(int),
        "opposite": 1 - inside,
    }


@function(
    "fine-tuning-9",
    cases=[
        (["the", "last", "axis", "last"], ["last", "last", "one"]),
        (["minus", "one", "one"], ["one", "one"]),
        (["none"], ["one"]),
    ],
    returns=("F1",),
)
def f1(given: list[str], wanted: list[str]) -> Any:
    """Return the harmonic mean of precision and recall of words."""
    common = sum((Counter(given) & Counter(wanted)).values())
    alike = len(set(given) & set(wanted))
    if not common:
        return 0.0, {}
    precision, recall = common / len(given), common / len(wanted)
    return 2 * precision * recall / (precision + recall), {
        "precision": precision,
        "recall": recall,
        "mean": (precision + recall) / 2,
        "set": 2 * alike / (len(set(given)) + len(set(wanted))),
    }


def _bleu(counts: np.ndarray) -> float:
    common, said, right = counts.T
    brevity = min(1.0, float(np.exp(1 - right[0] / said[0])))
    return float(100 * brevity * np.prod(common / said) ** 0.25)


def _counts(rng: np.random.Generator, longer: int) -> np.ndarray:
    """Counts of six sentences whose translations are longer by some tokens."""
    right = rng.integers(6, 12, size=(6, 1)) - np.arange(4)
    said = right + longer
    common = rng.integers(1, np.minimum(said, right) + 1)
    return np.stack([common, said, right], axis=2)


@function(
    "fine-tuning-12",
    cases=lambda rng: [(_counts(rng, -2),), (_counts(rng, 3),)],
    returns=("BLEU",),
)
def corpus_bleu(counts: np.ndarray) -> Any:
    """Return the BLEU of a corpus from the counts of its sentences."""
    whole = counts.sum(axis=0)
    common, said, right = whole.T
    unbounded = float(np.exp(1 - right[0] / said[0]))
    geometric = 100 * float(np.prod(common / said)) ** 0.25
    brevity = min(1.0, unbounded)
    found = _bleu(whole)
    wrongs = {
        "mean": float(np.mean([_bleu(each) for each in counts])),
        "long": geometric,
        "arithmetic": 100 * brevity * float((common / said).mean()),
        "rewarded": geometric * unbounded,
    }
    return found, {key: wrong for key, wrong in wrongs.items() if wrong != found}
