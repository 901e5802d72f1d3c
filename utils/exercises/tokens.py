"""Exercises of the chapter `language/tokens`."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from utils.exercises import function


def _merged(ids: list[int], pair: tuple[int, int], new: int) -> list[int]:
    merged: list[int] = []
    for token in ids:
        merged.append(token)
        if tuple(merged[-2:]) == pair:
            merged[-2:] = [new]
    return merged


@function(
    "tokens-3",
    cases=[([1, 1, 1, 2, 1, 1], (1, 1), 9), ([5, 6, 7, 5, 6], (5, 6), 8)],
)
def merge_pair(ids: list[int], pair: tuple[int, int], new: int) -> Any:
    """Return the list with each occurrence of the pair replaced."""
    at = next(i for i in range(len(ids)) if tuple(ids[i : i + 2]) == pair)
    kept: list[int] = []
    for i, token in enumerate(ids):
        kept += [token, new] if tuple(ids[i - 1 : i + 1]) == pair else [token]
    return _merged(ids, pair, new), {
        "kept": kept,
        "first": [*ids[:at], new, *ids[at + 2 :]],
        "right_to_left": _merged(ids[::-1], (pair[1], pair[0]), new)[::-1],
    }


def _forward(word: str, p: dict[str, float], add: Callable[..., float]) -> float:
    alpha = [1.0]
    for i in range(1, len(word) + 1):
        alpha.append(add([alpha[j] * p.get(word[j:i], 0.0) for j in range(i)]))
    return alpha[-1]


@function(
    "tokens-6",
    cases=[
        ("low", {"l": 0.1, "o": 0.2, "w": 0.1, "lo": 0.25, "ow": 0.15, "low": 0.02}),
        ("anna", {"a": 0.3, "n": 0.2, "an": 0.25, "na": 0.15, "anna": 0.01}),
    ],
)
def word_probability(word: str, p: dict[str, float]) -> Any:
    """Return the sum over all ways to cut the word into pieces."""
    return _forward(word, p, sum), {
        "best": _forward(word, p, max),
        "letters": float(np.prod([p[letter] for letter in word])),
        "whole": p[word],
    }


@function(
    "tokens-9",
    cases=lambda rng: [(rng.poisson(0.8, size=(n, n)),) for n in (5, 7)],
)
def continuation(counts: np.ndarray) -> Any:
    """Return each word's share of the different pairs that it ends."""
    kinds = (counts > 0).sum(axis=0)
    return kinds / kinds.sum(), {
        "counts": counts.sum(axis=0) / counts.sum(),
        "successors": (counts > 0).sum(axis=1) / kinds.sum(),
        "raw": kinds,
    }


@function(
    "tokens-12",
    cases=lambda rng: [
        (rng.normal(size=d), rng.normal(size=d), rng.normal(size=(k, d)))
        for d, k in ((4, 3), (3, 5))
    ],
)
def pair_gradient(v: np.ndarray, u: np.ndarray, negatives: np.ndarray) -> Any:
    """Return the gradient of the loss of a pair and its negatives for v."""
    certain = 1 / (1 + np.exp(-u @ v))
    away = (1 / (1 + np.exp(-negatives @ v))) @ negatives
    towards = (certain - 1) * u
    return towards + away, {
        "turned": -towards - away,
        "positive": towards,
        "negatives": away,
        "sigmoid": certain * u + away,
    }
