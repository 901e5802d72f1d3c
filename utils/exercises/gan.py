"""Exercises of the chapter `generative/gan`."""

from __future__ import annotations

from typing import Any

import numpy as np

from utils.exercises import function


def _kl(p: np.ndarray, q: np.ndarray) -> float:
    some = p > 0
    return float(np.sum(p[some] * np.log(p[some] / q[some])))


@function(
    "gan-2",
    cases=[
        (np.array([0.2, 0.3, 0.5]), np.array([0.2, 0.3, 0.5])),
        (np.array([0.2, 0.3, 0.5]), np.array([0.6, 0.3, 0.1])),
        (np.array([0.5, 0.5, 0.0, 0.0]), np.array([0.0, 0.5, 0.5, 0.0])),
        (np.array([1.0, 0.0]), np.array([0.0, 1.0])),
    ],
    returns=("the divergence",),
    rtol=1e-5,
    atol=1e-9,
)
def divergence(p: np.ndarray, q: np.ndarray) -> Any:
    """Return a Jensen–Shannon divergence that copes with zeros."""
    m = (p + q) / 2
    right = (_kl(p, m) + _kl(q, m)) / 2
    return right, {
        "sum": 2 * right,
        "bits": right / np.log(2),
        "root": np.sqrt(right),
        "kl": _kl(p, q),
        "both_kl": (_kl(p, q) + _kl(q, p)) / 2,
        "only_p": _kl(p, m),
    }


@function(
    "gan-4",
    cases=[(4, 3, 2), (3, 4, 2), (3, 2, 3), (1, 3, 2)],
    returns=("the row",),
)
def stamp_counts(size: int, kernel: int, stride: int) -> Any:
    """Return how many stamps lie on each output pixel of a row."""
    starts = np.zeros(stride * (size - 1) + kernel, dtype=int)
    starts[: stride * size : stride] = 1
    right = np.convolve(starts, np.ones(kernel, dtype=int))[: len(starts)]
    return right, {"starts": starts, "marked": np.minimum(right, 1)}


_M, _S = np.array([0.0, 1.0, -2.0]), np.array([1.0, 2.0, 0.5])
_N, _T = np.array([1.0, 1.0, 1.0]), np.array([3.0, 2.0, 1.0])


@function(
    "gan-5",
    cases=[(_M, _S, _N, _T), (_M, _S, _N, _S), (_M, _S, _M, _T)],
    returns=("the distance",),
)
def diagonal_frechet(m: np.ndarray, s: np.ndarray, n: np.ndarray, t: np.ndarray) -> Any:
    """Return the Fréchet distance of two Gaussians with diagonal covariances."""
    shift, spread = np.sum((m - n) ** 2), np.sum((s - t) ** 2)
    return shift + spread, {
        "root": np.sqrt(shift + spread),
        "length": np.sqrt(shift) + spread,
        "no_std": shift,
        "no_mean": spread,
        "variances": shift + np.sum((s**2 - t**2) ** 2),
        "no_square": shift + np.sum(s + t - 2 * np.sqrt(s * t)),
        "average": (shift + spread) / len(m),
    }
