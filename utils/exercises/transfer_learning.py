"""Exercises of the chapter `vision/transfer_learning`."""

from __future__ import annotations

from typing import Any

import numpy as np

from utils.exercises import function


def _features(rng: np.random.Generator) -> list[tuple[np.ndarray, np.ndarray]]:
    """Features and labels: classes of different sizes, in no order."""
    labels = [np.repeat(np.arange(k), sizes) for k, sizes in ((3, [2, 4, 3]), (2, 3))]
    return [
        (rng.normal(1, 1, size=(len(y), m)), rng.permutation(y))
        for y, m in zip(labels, (4, 3), strict=True)
    ]


@function("transfer_learning-3", cases=_features, returns=("the weights", "the bias"))
def nearest_mean(z: np.ndarray, y: np.ndarray) -> Any:
    """Return the head whose logits are -½ distance² to the means, up to a constant."""
    groups = [z[y == k] for k in range(y.max() + 1)]
    means = np.array([rows.mean(axis=0) for rows in groups])
    squares = (means**2).sum(axis=1)
    sums = np.array([rows.sum(axis=0) for rows in groups])
    for_w = {
        "sums": sums,
        "all_rows": (sums / len(z), sums * len(groups) / len(z)),
        "signs": -means,
        "doubled": 2 * means,
        "centred": means - z.mean(axis=0),
        "unit": means / np.sqrt(squares)[:, None],
        "medians": np.array([np.median(rows, axis=0) for rows in groups]),
    }
    for_b = {
        "no_bias": 0 * squares,
        "no_half": -squares,
        "plus": (squares / 2, squares),
        "root": (-np.sqrt(squares) / 2, -np.sqrt(squares)),
    }
    return {
        "the weights": (
            means.T,
            {
                key: tuple(w.T for w in wrong) if isinstance(wrong, tuple) else wrong.T
                for key, wrong in for_w.items()
            },
        ),
        "the bias": (-squares / 2, for_b),
    }


@function(
    "transfer_learning-4",
    cases=lambda rng: [
        (rng.normal(size=(n, 4)), rng.normal(size=n), rng.normal(size=4), strength)
        for n, strength in ((6, 0.7), (9, 2.0))
    ],
    returns=("w",),
)
def pulled(x: np.ndarray, y: np.ndarray, w0: np.ndarray, strength: float) -> Any:
    """Return ridge regression that is pulled towards a start instead of zero."""

    def ridge(target: np.ndarray, scale: float = strength) -> np.ndarray:
        return np.linalg.solve(x.T @ x + scale * np.eye(4), x.T @ target)

    rest = y - x @ w0
    return w0 + ridge(rest), {
        "zero": ridge(y),
        "not_fit": w0 + ridge(y),
        "no_start": ridge(rest),
        "after": ridge(y) + strength * w0,
        "no_penalty": w0 + ridge(rest, 0.0),
        "start": w0,
        "mean": w0 + ridge(rest, len(x) * strength),
    }
