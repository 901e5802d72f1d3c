"""Exercises of the chapter `foundations/regularization`."""

from __future__ import annotations

from typing import Any

import numpy as np

from utils import scratch
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
        (rng.normal(size=(n, k)), rng.integers(0, k, n), eps)
        for n, k, eps in ((5, 4, 0.1), (3, 7, 0.3))
    ],
    returns=("the gradient",),
)
def smoothed_gradient(logits: np.ndarray, labels: np.ndarray, eps: float) -> Any:
    """Return the gradient of the smoothed cross-entropy."""
    n, k = logits.shape
    p, one_hot = scratch.softmax(logits), np.eye(k)[labels]
    right = (p - (1 - eps) * one_hot - eps / k) / n
    return right, {
        "no_mean": right * n,
        "sign": -right,
        "plain": (p - one_hot) / n,
        "others": (p - (1 - eps) * one_hot - eps / (k - 1) * (1 - one_hot)) / n,
        "lost": (p - (1 - eps) * one_hot) / n,
    }


@function(
    "regularization-5",
    cases=[(0.5, 0.1, 2.0), (0.1, 0.05, 8.0), (2.0, 0.2, 0.3)],
    returns=("the number of steps",),
    rtol=1e-6,
)
def matching_steps(alpha: float, lr: float, curvature: float) -> Any:
    """Return the number of gradient steps that matches an L2 penalty."""
    right = -np.log(1 + curvature / alpha) / np.log(1 - lr * curvature)
    return right, {
        "negative": -right,
        "small": 1 / (lr * alpha),
        "rounded": (np.floor(right), np.ceil(right)),
        "approximate": np.log(1 + curvature / alpha) / (lr * curvature),
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
