"""Exercises of the chapter `vision/faces`."""

from __future__ import annotations

from typing import Any

import numpy as np

from utils.exercises import function


def _scores(rng: np.random.Generator) -> list[tuple[np.ndarray, np.ndarray, float]]:
    """Scores of pairs in no order, and rates that do and do not come out even."""
    return [
        (rng.normal(1, 1, 40).round(3), rng.normal(0, 1, n).round(3), rate)
        for n, rate in ((50, 0.1), (37, 0.2), (120, 0.05))
    ]


@function("faces-2", cases=_scores, returns=("the share",))
def accepted(genuine: np.ndarray, impostor: np.ndarray, rate: float) -> Any:
    """Return the share of genuine scores above the threshold for a rate."""
    allowed = int(np.floor(rate * len(impostor) + 1e-9))
    falling, own = np.sort(impostor)[::-1], np.sort(genuine)[::-1]
    share = (genuine > falling[allowed]).mean()
    return share, {
        "below": 1 - share,
        "strict": (genuine > falling[allowed - 1]).mean(),
        "ascending": (genuine > np.sort(impostor)[allowed]).mean(),
        "genuine_rate": (genuine > own[int(rate * len(genuine))]).mean(),
    }


def _rows(rng: np.random.Generator) -> list[tuple[np.ndarray, np.ndarray]]:
    """Gradients, and rows of lengths other than 1."""
    return [(rng.normal(size=(n, 4)), 3 * rng.normal(size=(n, 4))) for n in (1, 5)]


@function("faces-6", cases=_rows, returns=("the gradient",))
def along(g: np.ndarray, x: np.ndarray) -> Any:
    """Return the gradient with respect to rows that are normalised afterwards."""
    length = np.linalg.norm(x, axis=1, keepdims=True)
    y = x / length
    tangent = g - (g * y).sum(axis=1, keepdims=True) * y
    return tangent / length, {
        "no_length": tangent,
        "no_projection": g / length,
        "not_unit": (g - (g * x).sum(axis=1, keepdims=True) * x) / length,
        "squared": tangent / length**2,
    }


def _eyes(rng: np.random.Generator) -> list[tuple[np.ndarray, ...]]:
    """Two pairs of eyes and some points."""
    return [
        (
            rng.uniform(0, 32, (2, 2)),
            rng.uniform(0, 32, (2, 2)),
            rng.normal(size=(n, 2)),
        )
        for n in (1, 4)
    ]


@function("faces-9", cases=_eyes, returns=("the points",))
def carried(eyes: np.ndarray, wanted: np.ndarray, points: np.ndarray) -> Any:
    """Return where the similarity that takes `wanted` to `eyes` takes the points."""

    def pairs(z: np.ndarray) -> np.ndarray:
        return np.stack([z.real, z.imag], axis=1)

    e, c, z = (v[:, 0] + 1j * v[:, 1] for v in (eyes, wanted, points))
    alpha = (e[1] - e[0]) / (c[1] - c[0])
    return pairs(e[0] + alpha * (z - c[0])), {
        "inverse": pairs(c[0] + (z - e[0]) / alpha),
        "shift_only": pairs(e[0] + z - c[0]),
        "conjugate": pairs(e[0] + alpha.conjugate() * (z - c[0])),
        "origin": pairs(e[0] + alpha * z),
    }
