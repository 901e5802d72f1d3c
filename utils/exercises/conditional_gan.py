"""Exercises of the chapter `generative/conditional_gan`."""

from __future__ import annotations

from typing import Any

import numpy as np

from utils.exercises import function


def _js(p: np.ndarray, q: np.ndarray) -> np.ndarray:
    m = (p + q) / 2
    return 0.5 * (p * np.log(p / m) + q * np.log(q / m)).sum(axis=-1)


@function(
    "conditional_gan-2",
    cases=lambda rng: [
        (rng.dirichlet(np.ones(n)), *rng.dirichlet(np.ones(places), size=(2, n)))
        for n, places in ((1, 4), (3, 5))
    ],
    returns=("the value",),
    atol=1e-9,
)
def best_value(share: np.ndarray, real: np.ndarray, fake: np.ndarray) -> Any:
    """Return the value of the game at the best discriminator with labels."""
    divergence, constant = _js(real, fake), -np.log(4)
    mean = share @ divergence
    return constant + 2 * mean, {
        "mixtures": constant + 2 * _js(share @ real, share @ fake),
        "equal": constant + 2 * divergence.mean(),
        "sum": constant + 2 * divergence.sum(),
        "divergence": mean,
        "once": constant + mean,
        "constant": 2 * mean,
    }


@function(
    "conditional_gan-4",
    cases=lambda rng: [
        (rng.normal(size=(n, 4)), rng.normal(size=(4, 1)), b, rng.normal(size=(k, 4)))
        for n, k, b in ((5, 3, 0.7), (3, 3, -1.0))
    ],
    returns=("the table of logits",),
)
def all_logits(h: np.ndarray, w: np.ndarray, b: float, e: np.ndarray) -> Any:
    """Return the projection logits of each example with each label."""
    right = h @ w + b + h @ e.T
    return right, {
        "no_plain": h @ e.T,
        "no_bias": right - b,
        "turned": right.T,
        "no_label": h @ w + b + np.zeros_like(right),
        "sigmoid": 1 / (1 + np.exp(-right)),
    }
