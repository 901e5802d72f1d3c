"""Exercises of the chapter `tables/forecasting`."""

from __future__ import annotations

from typing import Any

import numpy as np

from utils.exercises import function


@function(
    "forecasting-2",
    cases=lambda rng: [
        (
            np.array([1.0, 4, 2, 6, 3, 9]),
            np.array([5.0, 2, 8]),
            np.array([3.0, 4, 8]),
            2,
        ),
        (rng.normal(size=30).cumsum(), rng.normal(size=7), rng.normal(size=7), 3),
    ],
    returns=("the scaled error",),
)
def scaled_error(
    train: np.ndarray, y: np.ndarray, pred: np.ndarray, season: int
) -> Any:
    """Return the mean absolute scaled error."""

    def naive(values: np.ndarray, lag: int) -> Any:
        return np.abs(values[lag:] - values[:-lag]).mean()

    error, scale = np.abs(y - pred).mean(), naive(train, season)
    squares = np.mean((y - pred) ** 2)
    return error / scale, {
        "test_scale": error / naive(y, season),
        "lag_one": error / naive(train, 1),
        "unscaled": error,
        "squared": (squares / scale, squares / scale**2),
        "turned": scale / error,
        "signed": ((y - pred).mean() / scale, abs((y - pred).mean()) / scale),
    }


@function(
    "forecasting-4",
    cases=lambda rng: [
        (np.arange(10.0), 4, 2, 1),
        (np.arange(12.0), 3, 2, 3),
        (rng.normal(size=20), 5, 3, 4),
    ],
    returns=("the windows", "the targets"),
)
def strided_windows(y: np.ndarray, length: int, horizon: int, step: int) -> Any:
    """Return windows and their targets, a step apart."""
    first = np.arange(0, len(y) - length - horizon + 1, step)[:, None]
    every = np.arange(len(y) - length - horizon + 1)[:, None]
    inside, after = np.arange(length), length + np.arange(horizon)
    return {
        "the windows": (
            y[first + inside],
            {"lost": y[first[:-1] + inside]}
            | ({"no_step": y[every + inside]} if step > 1 else {}),
        ),
        "the targets": (
            y[first + after],
            {"overlap": y[first + after - 1], "gap": y[(first + after + 1) % len(y)]},
        ),
    }


@function(
    "forecasting-6",
    cases=lambda rng: [
        (rng.exponential(size=19), 0.1),
        (rng.exponential(size=33), 0.3),
        (rng.exponential(size=200), 0.05),
        (rng.exponential(size=50), 0.05),  # tells `method="higher"` from it
    ],
    returns=("the bound",),
)
def conformal_bound(scores: np.ndarray, alpha: float) -> Any:
    """Return the bound of a split conformal interval."""
    n, ranked = len(scores), np.sort(scores)
    exact = (1 - alpha) * (n + 1)
    k = int(np.ceil(exact - 1e-9))
    return ranked[k - 1], {
        "no_new": ranked[int(np.ceil((1 - alpha) * n - 1e-9)) - 1],
        "quantile": np.quantile(scores, 1 - alpha),
        "off": ranked[min(k, n - 1)],
        "alpha": ranked[int(np.ceil(alpha * (n + 1) - 1e-9)) - 1],
    } | ({"down": ranked[int(exact) - 1]} if int(exact) < k else {})


def _holes(rng: np.random.Generator) -> list[tuple[np.ndarray]]:
    long = rng.normal(size=20).round(2)
    long[[3, 4, 5, 9, 15, 16]] = np.nan
    return [(np.array([2.0, np.nan, np.nan, 5.0, np.nan, 1.0]),), (long,)]


@function(
    "forecasting-8",
    cases=_holes,
    returns=("the filled values", "the steps"),
)
def fill_forward(values: np.ndarray) -> Any:
    """Return values filled by the last one, and the steps since it."""
    places, there = np.arange(len(values)), ~np.isnan(values)
    last = np.maximum.accumulate(np.where(there, places, 0))
    after = np.minimum.accumulate(np.where(there, places, places[-1])[::-1])[::-1]
    steps = places - last
    return {
        "the filled values": (
            values[last],
            {
                "zeros": np.where(there, values, 0),
                "mean": np.where(there, values, values[there].mean()),
                "back": values[after],
                "between": np.interp(places, places[there], values[there]),
            },
        ),
        "the steps": (steps, {"flags": (1.0 * ~there, 1.0 * there), "one": steps + 1}),
    }
