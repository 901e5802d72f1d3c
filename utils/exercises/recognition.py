"""Exercises of the chapter `sound/recognition`."""

from __future__ import annotations

from itertools import groupby
from typing import Any

import numpy as np

from utils.exercises import function


@function(
    "recognition-2",
    cases=[(20500.0, 8000.0), (5000.0, 8000.0), (300.0, 8000.0)],
    returns=("the frequency",),
)
def alias(f: float, rate: float) -> Any:
    """Return the frequency below half the rate that has the same samples."""
    return abs(f - rate * round(f / rate)), {
        "wrapped": f % rate,
        "unchanged": f,
        "signed": f - rate * round(f / rate),
        "once": abs(rate - f) if f > rate / 2 else f,
    }


def _table(cost: np.ndarray, steps: tuple[tuple[int, int], ...]) -> np.ndarray:
    total = np.full(cost.shape, np.inf)
    for i, j in np.ndindex(*cost.shape):
        before = [total[i - a, j - b] for a, b in steps if i >= a and j >= b]
        total[i, j] = cost[i, j] + min(before, default=np.inf if i or j else 0.0)
    return total


@function(
    "recognition-3",
    cases=lambda rng: [
        (rng.integers(1, 9, size=shape).astype(float),) for shape in ((4, 4), (5, 5))
    ],
    returns=("the cost",),
)
def warp(cost: np.ndarray) -> Any:
    """Return the cost of the cheapest path from corner to corner."""
    total = _table(cost, ((1, 0), (0, 1), (1, 1)))[-1, -1]
    return total, {
        "straight": _table(cost, ((1, 0), (0, 1)))[-1, -1],
        "diagonal": np.trace(cost),
        "path": float(len(cost)),
        "first": total - cost[0, 0],
    }


@function(
    "recognition-6",
    cases=[([0, 3, 3, 0, 3, 1, 1, 0],), ([2, 2, 0, 0, 2, 5, 0, 5, 5],)],
    returns=("the labels",),
)
def collapse(path: list[int]) -> Any:
    """Return the labels of a path: repeats collapsed, then blanks, 0, removed."""
    once = [label for label, _ in groupby(path)]
    return [label for label in once if label], {
        "blanks_first": [label for label, _ in groupby(filter(None, path))],
        "with_blanks": once,
        "no_collapse": [label for label in path if label],
    }


def _changes(true: list[str], found: list[str]) -> int:
    row = list(range(len(found) + 1))
    for i, word in enumerate(true, 1):
        above, row[0] = row[:], i
        for j, other in enumerate(found, 1):
            row[j] = min(above[j] + 1, row[j - 1] + 1, above[j - 1] + (word != other))
    return row[-1]


_TRUE = [["two", "two"], ["one"], ["six", "nine", "four", "four"]]
_FOUND = [["two"], ["nine", "one"], ["six", "five", "four", "four", "one"]]


@function(
    "recognition-8",
    cases=[(_TRUE, _FOUND), (_TRUE[::-1], [*_FOUND[1:], ["six"]])],
    returns=("the rate",),
)
def word_error_rate(true: list[list[str]], found: list[list[str]]) -> Any:
    """Return errors over true words, both added up over all strings."""
    errors = [_changes(a, b) for a, b in zip(true, found, strict=True)]
    pairs = zip(errors, true, strict=True)
    return sum(errors) / sum(map(len, true)), {
        "mean": np.mean([e / len(a) for e, a in pairs]),
        "found_length": sum(errors) / sum(map(len, found)),
        "sentences": np.mean(np.array(errors) > 0),
        "count": sum(errors),
    }
