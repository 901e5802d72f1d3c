"""Exercises of the chapter `generative/cyclegan`."""

from __future__ import annotations

from typing import Any

import numpy as np

from utils.exercises import function


@function(
    "cyclegan-2",
    cases=lambda rng: [
        (
            rng.normal(size=(n, 2)),
            rng.normal(size=(4, 2)),
            lambda x: 2 * x + 1,
            lambda x, shift=shift: 0.25 * x - shift,
        )
        for n, shift in ((6, 1), (3, 2))
    ],
    returns=("the loss",),
)
def cycle_loss(a: np.ndarray, b: np.ndarray, f: Any, g: Any) -> Any:
    """Return a cycle loss for two functions."""
    from_a, from_b = g(f(a)) - a, f(g(b)) - b
    half_a, half_b = np.abs(from_a).mean(), np.abs(from_b).mean()
    return half_a + half_b, {
        "only_a": half_a,
        "only_b": half_b,
        "average": (half_a + half_b) / 2,
        "signed": from_a.mean() + from_b.mean(),
        "squares": (from_a**2).mean() + (from_b**2).mean(),
        "sums": np.abs(from_a).sum() + np.abs(from_b).sum(),
        "order": np.abs(f(g(a)) - a).mean() + np.abs(g(f(b)) - b).mean(),
        "one_way": np.abs(f(a) - a).mean() + np.abs(g(b) - b).mean(),
    }


@function(
    "cyclegan-3",
    cases=lambda rng: [tuple(rng.normal(size=(3, n, n))) for n in (3, 2)],
    returns=("the matrix of F'", "the matrix of G'"),
)
def other_solution(w: np.ndarray, u: np.ndarray, s: np.ndarray) -> Any:
    """Return the second solution that a symmetry makes of a first one."""
    undo = np.linalg.inv(s)
    for_g = {"undone_after": u @ undo, "done_again": s @ u, "transpose": s.T @ u}
    return {
        "the matrix of F'": (w @ s, {"s_first": s @ w}),
        "the matrix of G'": (undo @ u, for_g),
    }
