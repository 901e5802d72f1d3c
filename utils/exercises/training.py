"""Exercises of the chapter `foundations/training`."""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from utils.exercises import (
    exercise,
    expect_array,
    expect_close,
    expect_result,
    function,
)


@function(
    "training-2",
    cases=[
        (np.array([0.3, -1.0, 2.0, 0.0]), np.array([1.0, 0.0, 9.0, 3.0])),
        (np.array([1.0, 0.5]), np.array([2.0, 0.0])),
    ],
    returns=("the mean loss", "dz"),
)
def poisson_loss(z: np.ndarray, y: np.ndarray) -> Any:
    """Return the Poisson negative log-likelihood and its gradient."""
    n, rate = len(z), np.exp(z)
    loss, dz = np.mean(rate - y * z), (rate - y) / n
    for_loss = {
        "constant": loss + np.mean([math.lgamma(count + 1) for count in y]),
        "sign": -loss,
        "sum": loss * n,
        "rate": np.mean(z - y * np.log(np.abs(z) + 1e-300)),
    }
    for_dz = {
        "dz_sum": dz * n,
        "dz_sign": -dz,
        "dz_rate": (z - y) / n,
        "dz_no_y": rate / n,
    }
    return {"the mean loss": (loss, for_loss), "dz": (dz, for_dz)}


@function(
    "training-3",
    cases=[(1.0, 0.0), (50.0, 0.9), (3.0, 0.5)],
    returns=("the learning rate",),
)
def nesterov_bound(curvature: float, beta: float) -> Any:
    """Return the largest learning rate of Nesterov's momentum."""
    bound = (2 + 2 * beta) / (1 + 2 * beta)
    return bound / curvature, {
        "product": bound,
        "ordinary": 2 * (1 + beta) / curvature,
        "plain": 2 / curvature,
    }


@exercise("training-4")
def adagrad(answer: Any, tell: Any) -> None:
    """Check AdaGrad over several steps."""
    g = np.random.default_rng(4).normal(size=(5, 3)) + 0.5
    t = np.arange(1, 6)[:, None]
    state: dict[str, Any] = {}
    path = [np.zeros(3)]
    for gradient in g:
        result = expect_result(answer, path[-1].copy(), gradient.copy(), state, 0.1)
        path.append(expect_array(result, "the new w", (3,)))

    def walk(v: np.ndarray, power: float = 0.5) -> np.ndarray:
        return -0.1 * np.cumsum(g / (v**power + 1e-10), axis=0)

    def average(decay: float) -> np.ndarray:
        return walk((1 - decay) * np.tril(decay ** (t - t.T)) @ g**2)

    total = np.cumsum(g**2, axis=0)
    mistakes = {
        "state": lambda _: not state,
        "uphill": -walk(total),
        "rootless": walk(total, power=1),
        "rmsprop": (average(0.9), average(0.99)),
        "last": walk(g**2),
        "mean": walk(total / t),
        "first": lambda w: not np.allclose(w[0], walk(total)[0]),
    }
    table = {str(tell(key)): wrong for key, wrong in mistakes.items()}
    expect_close(path[1:], walk(total), table, str(tell("otherwise")))


def clipped(arrays: list[np.ndarray], limit: float) -> Any:
    """Return all entries clipped by the norm of all arrays, and the wrong ways."""
    norms = [float(np.linalg.norm(a)) for a in arrays]
    length = math.hypot(*norms)
    flat = np.concatenate([a.ravel() for a in arrays])
    if length <= limit:
        return flat, {"short": lambda _: True}
    each = [a.ravel() * min(1, limit / n) for a, n in zip(arrays, norms, strict=True)]
    return flat * limit / length, {
        "entries": np.clip(flat, -limit, limit),
        "arrays": np.concatenate(each),
        "unit": flat / length,
        "squared": flat * limit / length**2,
        "added": flat * limit / sum(norms),
        "unchanged": flat,
    }


def joined(arrays: Any, like: Any, tell: Any) -> np.ndarray:
    """Return the entries of all arrays in a row, if the shapes are those of `like`."""
    fails = str(tell("fails"))
    pairs = zip(arrays, like, strict=True)
    rows = [expect_array(a, "an array", b.shape, fails).ravel() for a, b in pairs]
    return np.concatenate(rows)


def _joined(result: Any, tell: Any, grads: Any, limit: float) -> np.ndarray:
    if not isinstance(result, dict) or set(result) != set(grads):
        raise tell("dictionary")
    return joined([result[key] for key in grads], grads.values(), tell)


@function(
    "training-5",
    cases=[
        ({"w": np.array([[3.0, 0], [4, 0]]), "b": np.array([7.2, 9.6])}, 6.5),
        ({"one": np.array([6.0]), "two": np.array([[2.0], [3]])}, 5.0),
        ({"w": np.array([[3.0, 0], [4, 0]]), "b": np.array([7.2, 9.6])}, 20.0),
        ({"w": np.array([0.3, -0.4])}, 0.4),
        ({"w": np.zeros(3)}, 1.0),
    ],
    keeps=True,
    convert=_joined,
    rtol=1e-4,
)
def clip_by_norm(grads: dict[str, np.ndarray], limit: float) -> Any:
    """Return a dictionary of arrays clipped by the norm of all of them."""
    return clipped(list(grads.values()), limit)


@function(
    "training-6",
    cases=[(0.05, 0.6), (0.1, 0.95), (0.01, 0.99)],
    returns=("the number",),
)
def trials_needed(share: float, confidence: float) -> Any:
    """Return the number of random trials that hit the good share."""
    exact = math.log(1 - confidence) / math.log(1 - share)
    return math.ceil(exact), {
        "too_few": math.floor(exact),
        "exact": exact,
        "mean": (round(1 / share), round(confidence / share)),
        "confidence": math.ceil(math.log(confidence) / math.log(1 - share)),
        "share": math.ceil(math.log(1 - confidence) / math.log(share)),
    }
