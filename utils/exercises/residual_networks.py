"""Exercises of the chapter `vision/residual_networks`."""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from utils.exercises import function


@function(
    "residual_networks-2",
    cases=[(256, 128, 2), (64, 64, 1), (32, 8, 2), (64, 16, 1)],
    returns=("the count",),
)
def bottleneck_count(inputs: int, channels: int, stride: int) -> Any:
    """Return the number of parameters of a bottleneck block."""
    outputs = 4 * channels
    kernels = channels * (inputs + 9 * channels + outputs)
    norms, convolution = 2 * (2 * channels + outputs), inputs * outputs
    way, shrinks, grows = convolution + 2 * outputs, stride != 1, inputs != outputs
    needed = shrinks or grows
    right = kernels + norms + needed * way
    return right, {
        "no_norms": kernels + needed * convolution,
        "by_stride": kernels + norms + shrinks * way,
        "by_channels": kernels + norms + grows * way,
        "never": kernels + norms,
        "always": kernels + norms + way,
        "way_norm": kernels + norms + needed * convolution,
        "biases": right + 2 * channels + outputs + needed * outputs,
    }


def _scaled(w: np.ndarray, factor: np.ndarray) -> np.ndarray:
    return w * factor[:, None, None, None]


@function(
    "residual_networks-3",
    cases=lambda rng: [
        (
            rng.normal(size=(n, *size)),
            *rng.normal(size=(3, n)),
            rng.uniform(0.5, 2, n),
            e,
        )
        for n, size, e in ((4, (3, 2, 2), 0.1), (3, (2, 3, 3), 0.3))
    ],
    returns=("the new weights", "the bias"),
)
def folding(
    w: np.ndarray,
    gamma: np.ndarray,
    beta: np.ndarray,
    mean: np.ndarray,
    var: np.ndarray,
    eps: float,
) -> Any:
    """Return a normalisation folded into the convolution before it."""
    factor = gamma / np.sqrt(var + eps)
    for_w = {
        "no_eps": _scaled(w, gamma / np.sqrt(var)),
        "outside": _scaled(w, gamma / (np.sqrt(var) + eps)),
        "variance": _scaled(w, gamma / (var + eps)),
        "no_gamma": _scaled(w, 1 / np.sqrt(var + eps)),
        "unscaled": w,
        "one_factor": w * factor[0],
    }
    for_b = {
        "no_mean": beta,
        "mean_as_is": beta - mean,
        "added": beta + mean * factor,
        "no_beta": -mean * factor,
    }
    return {
        "the new weights": (_scaled(w, factor), for_w),
        "the bias": (beta - mean * factor, for_b),
    }


@function(
    "residual_networks-4",
    cases=[(3, 0.5), (16, 0.25), (10, 1.0), (6, 2.0)],
    returns=("the list of shares",),
)
def paths(n: int, rho: float) -> Any:
    """Return the shares of the gradient by length of path."""
    k = np.arange(n + 1)
    ways = np.array([math.comb(n, j) for j in k], dtype=float)

    def shares(parts: np.ndarray) -> np.ndarray:
        return parts / parts.sum()

    return shares(ways * rho**k), {
        "no_sum": ways * rho**k,
        "paths": shares(ways),
        "one_path": (shares(rho**k), rho**k),
        "root": shares(ways * rho ** (k / 2)),
        "squared": shares(ways**2 * rho**k),
        "not_one": lambda given: not np.isclose(given.sum(), 1),
    }


def _standardised(
    parts: np.ndarray, *axes: int, eps: float, outside: float = 0, ddof: int = 0
) -> np.ndarray:
    var = parts.var(axis=axes, keepdims=True, ddof=ddof)
    return (parts - parts.mean(axis=axes, keepdims=True)) / (
        np.sqrt(var + eps) + outside
    )


@function(
    "residual_networks-5",
    cases=lambda rng: [
        (
            rng.normal(size=(n, c, 4, 5)) * rng.uniform(0.5, 3, size=(n, c, 1, 1)) + 2,
            groups,
            *rng.normal(size=(2, c)),
            0.05,
        )
        for n, c, groups in ((3, 6, 2), (2, 6, 3))
    ],
    returns=("the output",),
    keeps=True,
)
def group_normalisation(
    x: np.ndarray, groups: int, gamma: np.ndarray, beta: np.ndarray, eps: float
) -> Any:
    """Return x after group normalisation."""
    n, c, *size = x.shape
    parts = x.reshape(n, groups, c // groups, *size)
    strided = x.reshape(n, c // groups, groups, *size)

    def scale(x_hat: np.ndarray) -> np.ndarray:
        return gamma[:, None, None] * x_hat.reshape(x.shape) + beta[:, None, None]

    right = _standardised(parts, 2, 3, 4, eps=eps)
    return scale(right), {
        "batch": scale(_standardised(x, 0, 2, 3, eps=eps)),
        "examples": scale(_standardised(parts, 0, 2, 3, 4, eps=eps)),
        "channels": scale(_standardised(x, 2, 3, eps=eps)),
        "one_group": scale(_standardised(x, 1, 2, 3, eps=eps)),
        "strided": scale(_standardised(strided, 1, 3, 4, eps=eps)),
        "no_pixels": scale(_standardised(parts, 2, eps=eps)),
        "no_scale": right.reshape(x.shape),
        "outside": scale(_standardised(parts, 2, 3, 4, eps=0, outside=eps)),
        "unbiased": scale(_standardised(parts, 2, 3, 4, eps=eps, ddof=1)),
    }
