"""Exercises of the chapter `vision/segmentation`."""

from __future__ import annotations

from typing import Any

import numpy as np

from utils.exercises import function


@function(
    "segmentation-2",
    cases=lambda rng: [
        (rng.normal(size=n), rng.normal(size=k), s)
        for n, k, s in ((4, 3, 2), (6, 5, 3))
    ],
    returns=("the row",),
)
def stamp(y: np.ndarray, w: np.ndarray, s: int) -> Any:
    """Return the transposed convolution of a row."""

    def stamped(kernel: np.ndarray, step: int, add: float = 1) -> np.ndarray:
        z = np.zeros(step * (len(y) - 1) + len(kernel))
        for i, value in enumerate(y):
            place = slice(step * i, step * i + len(kernel))
            z[place] = add * z[place] + value * kernel
        return z

    return stamped(w, s), {
        "flipped": stamped(w[::-1], s),
        "last": stamped(w, s, add=0),
        "dense": stamped(w, 1),
    }


@function(
    "segmentation-5",
    cases=lambda rng: [(rng.integers(1, 50, (n, n)),) for n in (2, 4)],
    returns=("the mean IoU",),
)
def from_table(table: np.ndarray) -> Any:
    """Return the mean IoU of a table of counts."""
    right = np.diag(table)
    said, true = table.sum(axis=1), table.sum(axis=0)
    return (right / (said + true - right)).mean(), {
        "accuracy": right.sum() / table.sum(),
        "recall": (right / true).mean(),
        "precision": (right / said).mean(),
        "twice": (right / (said + true)).mean(),
    }


def _stacks(rng: np.random.Generator) -> list[tuple[np.ndarray, np.ndarray]]:
    """Masks of several densities, none empty."""
    return [
        (rng.random((n, 7, 8)) < 0.5, rng.random((m, 7, 8)) < 0.3)
        for n, m in ((3, 3), (4, 4))
    ]


@function("segmentation-10", cases=_stacks, returns=("the table",))
def overlaps(a: np.ndarray, b: np.ndarray) -> Any:
    """Return the IoU of each mask of a with each of b."""
    both = (a[:, None] & b).sum(axis=(2, 3))
    sizes = a.sum(axis=(1, 2))[:, None], b.sum(axis=(1, 2))
    value = both / (sizes[0] + sizes[1] - both)
    return value, {
        "dice": 2 * both / (sizes[0] + sizes[1]),
        "first": both / sizes[0],
        "turned": value.T,
    }
