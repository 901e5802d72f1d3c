"""Exercises of the chapter `language/fine_tuning`."""

from __future__ import annotations

from typing import Any

import numpy as np

from utils.exercises import function


@function(
    "fine-tuning-2",
    cases=lambda rng: [
        tuple(rng.normal(size=shape) for shape in ((7, 6), (7, 5), (6, r), (r, 5)))
        + (s,)
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
