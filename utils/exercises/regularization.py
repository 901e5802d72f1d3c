"""Exercises of the chapter `foundations/regularization`."""

from __future__ import annotations

from typing import Any

import numpy as np

from utils.exercises import exercise, expect_array, expect_result, function


@exercise("regularization-3")
def spatial_dropout(answer: Any, tell: Any) -> None:
    """Check dropout of whole feature maps."""
    x = np.random.default_rng(3).uniform(1, 2, size=(60, 50, 3, 2))
    before = x.copy()
    for p in (0.25, 0.6):
        result = expect_result(answer, x, p, np.random.default_rng(1))
        if not np.array_equal(x, before):
            raise tell("changes")
        factor = expect_array(result, "the result", x.shape) / x
        zero = np.asarray(np.abs(factor) < 1e-8)
        maps = np.asarray(zero.all(axis=(2, 3)))  # (N, C)
        if not zero.any():
            raise tell("nothing", p=p)
        if not np.array_equal(maps, zero.any(axis=(2, 3))):
            raise tell("in_part")
        if np.all(maps == maps[:1]) or np.all(maps == maps[:, :1]):
            raise tell("shared")
        if abs(1 - maps.mean() - p) < 0.05:
            raise tell("keep", p=p)
        if abs(maps.mean() - p) > 0.05:
            raise tell("share", p=p, share=f"{maps.mean():.2f}")
        for key, scale in (("unscaled", 1), ("by_p", 1 / p)):
            if np.allclose(factor[~zero], scale):
                raise tell(key)
        if not np.allclose(factor[~zero], 1 / (1 - p)):
            raise tell("factor")


@function(
    "regularization-4",
    cases=lambda rng: [
        (rng.permutation(k).repeat(2), rho, k) for rho, k in ((0.2, 10), (0.3, 4))
    ],
    returns=("the targets",),
)
def clean_targets(labels: np.ndarray, rho: float, n_classes: int) -> Any:
    """Return targets whose mean over the noise is the true one-hot row."""
    one_hot, each = np.eye(n_classes)[labels], rho / (n_classes - 1)
    right = (one_hot - each) / (1 - rho - each)
    return right, {
        "plain": one_hot,
        "smoothed": (1 - rho - each) * one_hot + each,
        "drawn_from_all": (one_hot - rho / n_classes) / (1 - rho),
        "unscaled": one_hot - each,
        "negative": np.clip(right, 0, None),
    }


@function(
    "regularization-5",
    cases=[
        (np.array([5.0, 1.0, 0.2, 0.01]), 0.1, 10),
        (np.array([2.0, 0.7, 0.7]), 0.3, 3),
        (np.geomspace(1e-3, 8.0, 30), 0.12, 200),
    ],
    returns=("the strength",),
    rtol=1e-5,
)
def matching_strength(eigenvalues: np.ndarray, lr: float, steps: int) -> Any:
    """Return the L2 strength that leaves as many effective parameters as steps do."""

    def search(kept: np.ndarray, power: int = 1, values: Any = eigenvalues) -> float:
        low, high = 1e-12, 1e12
        for _ in range(100):
            middle = np.sqrt(low * high)
            too_many = np.sum((values / (values + middle)) ** power) > np.sum(kept)
            low, high = (middle, high) if too_many else (low, middle)
        return float(middle)

    kept = 1 - (1 - lr * eigenvalues) ** steps
    right = search(kept)
    largest, mean = eigenvalues.max(), eigenvalues.mean()
    return right, {
        "rule": 1 / (lr * steps),
        "squares": search(kept**2, power=2),
        "steepest": search(kept.max(), values=largest),
        "mean": search(1 - (1 - lr * mean) ** steps, values=mean),
        "upside_down": 1 / right,
        "coarse": lambda given: abs(float(given) / right - 1) < 0.02,
    }


@function(
    "regularization-6",
    cases=lambda rng: [
        (w := rng.normal(size=(4, 5)) * [0.2, 1, 3, 0.5, 2], 1.5),
        (np.hstack([w, np.zeros((4, 1))]), 0.7),
    ],
    returns=("the matrix",),
)
def max_norm(w: np.ndarray, c: float) -> Any:
    """Return w with each column shortened to a largest length."""

    def clipped(axis: int | None) -> np.ndarray:
        lengths = np.linalg.norm(w, axis=axis, keepdims=True)
        return w * np.minimum(1, c / np.maximum(lengths, 1e-12))

    def stretched(given: np.ndarray) -> bool:
        lengths = np.linalg.norm(given, axis=0)
        return np.allclose(lengths[lengths > 0], c)

    return clipped(0), {
        "rows": clipped(1),
        "whole": clipped(None),
        "single": np.clip(w, -c, c),
        "stretched": stretched,
    }
