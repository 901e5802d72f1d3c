"""Exercises of the chapter `foundations/first_network`."""

from __future__ import annotations

from typing import Any

import numpy as np

from utils.exercises import exercise, expect_array, expect_several, function


@function(
    "first-network-3",
    cases=lambda rng: [
        (rng.normal(1, 1, size=size),) for size in ((2, 2), (5, 3), (9, 2), (3, 6))
    ],
    returns=("the learning rate",),
)
def largest_rate(x: np.ndarray) -> Any:
    """Return 2 / λmax of a linear regression with bias."""
    n = len(x)
    lengths = np.linalg.svd(np.hstack([x, np.ones((n, 1))]), compute_uv=False)
    right = n / lengths[0] ** 2  # 2 / (2/N · largest eigenvalue)
    return right, {
        "no_bias": n / np.linalg.norm(x, 2) ** 2,
        "no_mean": right * 2 / n,
        "one_over": right / 2,
        "no_two": 2 * right,
        "smallest": n / lengths[-1] ** 2,
        "inverse": 1 / right,
    }


@function(
    "first-network-4",
    cases=[
        tuple(np.array(row, dtype=np.float32) for row in (z, y))
        for z, y in (
            ([-2.0, -0.5, 0.0, 3.0, 1.0], [0, 1, 1, 1, 0]),
            ([-30, 30, -30, 30], [1, 0, 0, 1]),
            ([-1e3, 1e3, -1e3, 1e3], [1, 0, 0, 1]),
        )
    ],
    returns=("the loss",),
    rtol=1e-4,
)
def stable_loss(z: np.ndarray, y: np.ndarray) -> Any:
    """Return a binary cross-entropy that survives large logits."""
    each = np.logaddexp(0, z.astype(float)) - y * z
    if abs(z).max() >= 30:
        return each.mean(), {"large": lambda _: True}
    return each.mean(), {
        "each": each,
        "sum": each.sum(),
        "sign": -each.mean(),
        "classes": np.mean(np.logaddexp(0, z) - (1 - y) * z),
    }


@function(
    "first-network-5",
    cases=lambda rng: [
        (rng.normal(size=(6, 1)), np.array([[1.0], [0], [1], [1], [0], [0]]), c)
        for c in (1.0, 4.0, 0.5)
    ],
    returns=("dz",),
)
def weighted_gradient(z: np.ndarray, y: np.ndarray, c: float) -> Any:
    """Return the gradient of the cross-entropy whose positives count c times."""
    p, n = 1 / (1 + np.exp(-z)), len(z)
    ones, zeros = y * (p - 1), (1 - y) * p
    right = (c * ones + zeros) / n
    return right, {
        "no_mean": right * n,
        "sign": -right,
        "on_all": c * (p - y) / n,
        "on_zeros": (ones + c * zeros) / n,
        "in_target": (p - c * y) / n,
        "no_weight": (p - y) / n,
        "zeros_right": lambda dz: np.allclose(dz[y == 0], right[y == 0]),
        "ones_right": lambda dz: np.allclose(dz[y == 1], right[y == 1]),
    }


@exercise("first-network-6")
def exclusive_or(answer: Any, tell: Any) -> None:
    """Check a network with two hidden ReLU units that computes exclusive or."""
    shapes = {"w1": (2, 2), "b1": (2,), "w2": (2, 1), "b2": (1,)}
    w1, b1, w2, b2 = (
        expect_array(array, name, shapes[name])
        for name, array in zip(
            shapes, expect_several(answer, list(shapes)), strict=True
        )
    )
    x = np.array([[0.0, 0.0], [1.0, 1.0], [1.0, 0.0], [0.0, 1.0]])
    logits = (np.maximum(x @ w1 + b1, 0) @ w2 + b2).ravel()
    wrong = np.flatnonzero(~(np.array([-1, -1, 1, 1]) * logits > 1e-9))
    if len(wrong):
        (u, v), logit = x[wrong[0]], f"{logits[wrong[0]]:+.3g}"
        line = np.allclose(((x @ w1 + b1) @ w2 + b2).ravel(), logits)
        key = "line" if line else "wrong"
        raise tell(key, point=f"({u:g}, {v:g})", logit=logit)
