"""Exercises of the chapter `vision/style_transfer`."""

from __future__ import annotations

from typing import Any

import numpy as np

from utils.exercises import function


def _features(rng: np.random.Generator) -> list[tuple[np.ndarray, np.ndarray]]:
    """Features with means that are not zero, and symmetric targets."""
    cases = []
    for channels, places in ((3, 7), (4, 12)):
        table = rng.normal(size=(channels, channels))
        f = rng.normal(1, 1, (channels, places))
        cases.append((f, table + table.T))
    return cases


@function("style-transfer-2", cases=_features, returns=("the gradient",))
def centred(f: np.ndarray, target: np.ndarray) -> Any:
    """Return the gradient of the squared distance of the centred second moments."""
    places = f.shape[1]
    away = f - f.mean(axis=1, keepdims=True)
    gap = away @ away.T / places - target
    right = 4 / places * gap @ away
    return right, {
        "raw": 4 / places * (f @ f.T / places - target) @ f,
        "half": right / 2,
        "mixed": 4 / places * gap @ f,
        "sum": right * places,
    }


def _numbers(rng: np.random.Generator) -> list[tuple[np.ndarray, np.ndarray]]:
    """Two sets of numbers with other means and spreads, of other shapes."""
    return [
        (rng.normal(0.3, 0.2, (5, 4)), rng.normal(0.6, 0.5, (3, 3))),
        (rng.normal(2, 3, 12), rng.normal(-1, 0.5, 30)),
    ]


@function("style-transfer-6", cases=_numbers, returns=("the numbers",))
def moved(x: np.ndarray, y: np.ndarray) -> Any:
    """Return x with the mean and the standard deviation of y."""
    unit = (x - x.mean()) / x.std()
    return unit * y.std() + y.mean(), {
        "mean_only": x - x.mean() + y.mean(),
        "variance": (x - x.mean()) / x.var() * y.var() + y.mean(),
        "turned": (y - y.mean()) / y.std() * x.std() + x.mean(),
        "forgot_mean": unit * y.std(),
    }


def _maps(rng: np.random.Generator) -> list[tuple[np.ndarray, np.ndarray, float]]:
    """Features whose channels have other means and spreads, and shares."""
    scale = np.array([[1.0], [3.0], [0.5]])
    return [
        (rng.normal(size=(3, 9)) * scale + scale, 2 + rng.normal(size=(3, n)), share)
        for n, share in ((9, 0.3), (14, 0.8))
    ]


@function(
    "style-transfer-9", cases=_maps, returns=("the features",), rtol=1e-3, atol=1e-4
)
def between(f: np.ndarray, s: np.ndarray, share: float) -> Any:
    """Return features on the way from f to AdaIN of f by s."""

    def adain(a: np.ndarray, b: np.ndarray) -> Any:
        spread, mean = a.std(axis=-1, keepdims=True), a.mean(axis=-1, keepdims=True)
        unit = (a - mean) / spread
        return unit * b.std(axis=-1, keepdims=True) + b.mean(axis=-1, keepdims=True)

    together = adain(f.reshape(1, -1), s.reshape(1, -1)).reshape(f.shape)
    own = adain(f, s)
    return (1 - share) * f + share * own, {
        "all": own,
        "turned": share * f + (1 - share) * own,
        "together": (1 - share) * f + share * together,
    }


def _batch(rng: np.random.Generator) -> list[tuple[np.ndarray, float, float]]:
    """Maps whose pictures and channels have other means and spreads."""
    scale = rng.uniform(1, 4, (3, 2, 1, 1))
    maps = scale * rng.normal(size=(3, 2, 4, 5)) + scale
    return [(maps, 1.0, 0.0), (maps[:2], 1.7, -0.4)]


@function(
    "style-transfer-12",
    cases=_batch,
    returns=("the maps",),
    rtol=1e-3,
    atol=1e-4,
)
def instance_norm(f: np.ndarray, gamma: float, beta: float) -> Any:
    """Return maps (N, C, H, W), each channel of each picture normalised by itself."""

    def normal(axes: tuple[int, ...], divide: int = 0) -> Any:
        spread = f.std(axis=axes, keepdims=True, ddof=divide)
        return (f - f.mean(axis=axes, keepdims=True)) / spread

    return gamma * normal((2, 3)) + beta, {
        "batch": gamma * normal((0, 2, 3)) + beta,
        "layer": gamma * normal((1, 2, 3)) + beta,
        "sample": gamma * normal((2, 3), 1) + beta,
        "plain": normal((2, 3)),
    }
