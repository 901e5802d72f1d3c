"""Exercises of the chapter `vision/transfer_learning`."""

from __future__ import annotations

from typing import Any

import numpy as np

from utils.exercises import function
from utils.exercises.residual_networks import folding

function(
    "transfer_learning-3",
    cases=lambda rng: [
        (
            rng.normal(size=(n, *size)),
            *rng.normal(size=(3, n)),
            rng.uniform(0.5, 2, n),
            e,
        )
        for n, size, e in ((3, (2, 3, 3), 0.1), (4, (1, 2, 2), 0.3))
    ],
    returns=("the new weights", "the bias"),
)(folding)


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
