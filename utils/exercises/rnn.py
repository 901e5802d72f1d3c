"""Exercises of the chapter `sequences/rnn`."""

from __future__ import annotations

from typing import Any

import numpy as np

from utils.exercises import function
from utils.exercises.training import clipped, joined


@function(
    "rnn-2",
    cases=[
        (kind, features, hidden)
        for kind in ("rnn", "lstm", "gru")
        for features, hidden in ((3, 4), (100, 64), (8, 1))
    ],
    returns=("the count",),
)
def parameter_count(kind: str, features: int, hidden: int) -> Any:
    """Return the parameter counts of Keras's recurrent layers."""
    sums, biases = {"rnn": (1, 1), "lstm": (4, 1), "gru": (3, 2)}[kind]
    each = (features + hidden) * hidden
    wrongs = {
        "no_biases": sums * each,
        "gru_biases" if kind == "gru" else "two_biases": (
            sums * (each + (3 - biases) * hidden)
        ),
        "no_recurrent": sums * (features * hidden + biases * hidden),
        "features": sums * (features * hidden + features**2 + biases * hidden),
    }
    if kind != "rnn":
        wrongs["one_sum"] = each + biases * hidden
    if kind == "lstm":
        wrongs["three"] = 3 * (each + hidden)
    return sums * (each + biases * hidden), wrongs


def _joined(result: Any, tell: Any, arrays: Any, limit: float) -> np.ndarray:
    if not isinstance(result, list | tuple) or len(result) != len(arrays):
        raise tell("list")
    return joined(result, arrays, tell)


@function(
    "rnn-3",
    cases=[
        ([np.array([6.0, 8.0]), np.array([[24.0]])], 6.5),
        ([np.array([3.0, 4.0]), np.array([[12.0]])], 20.0),
        ([np.array([0.3, -0.4])], 0.4),
        ([np.zeros(3), np.zeros((2, 2))], 1.0),
    ],
    keeps=True,
    convert=_joined,
)
def clipping(arrays: list[np.ndarray], limit: float) -> Any:
    """Return a list of arrays clipped by the norm of all of them."""
    return clipped(arrays, limit)


@function(
    "rnn-5",
    cases=lambda rng: [
        (
            np.array([[1.0, 2, 4, 9], [3, 5, 50, 60], [7, 70, 80, 90]]),
            np.array([4, 2, 1]),
        ),
        (rng.uniform(1, 9, size=(4, 6)), np.array([3, 6, 1, 2])),
        (rng.uniform(1, 9, size=(2, 3)), np.array([3, 2])),
    ],
    returns=("the mean",),
)
def mean_over_real_steps(losses: np.ndarray, lengths: np.ndarray) -> Any:
    """Return the mean over the steps that are not padding."""
    steps = np.arange(losses.shape[1])
    there = steps < lengths[:, None]
    kept = losses * there
    return losses[there].mean(), {
        "all": losses.mean(),
        "over_all": kept.mean(),
        "over_n": kept.sum() / len(losses),
        "means": (kept.sum(axis=1) / lengths).mean(),
        "sum": kept.sum(),
        "too_many": losses[steps <= lengths[:, None]].mean(),
        "too_few": losses[steps < lengths[:, None] - 1].mean(),
        "padding": losses[~there].mean(),
    }


@function(
    "rnn-6",
    cases=lambda rng: [
        (np.arange(18.0).reshape(9, 2),),
        (rng.normal(size=(6, 5)),),
        (rng.normal(size=(12, 12)),),
    ],
    returns=("the kernel",),
)
def gru_kernel(weight: np.ndarray) -> Any:
    """Return a GRU's input weights in the order of Keras."""
    r, z, n = np.split(weight, 3)
    right = np.concatenate([z, r, n])

    def places(kernel: np.ndarray) -> bool:
        return np.array_equal(np.sort(kernel, axis=None), np.sort(right, axis=None))

    return right.T, {
        "order": weight.T,
        "reshape": (weight.reshape(right.T.shape), right.reshape(right.T.shape)),
        "znr": np.concatenate([z, n, r]).T,
        "n_first": (np.concatenate([n, z, r]).T, np.concatenate([n, r, z]).T),
        "places": places,
    }
