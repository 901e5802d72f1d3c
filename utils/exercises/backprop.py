"""Exercises of the chapter `foundations/backprop`."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any

import numpy as np

from utils.exercises import exercise, expect_array, function


@exercise("backprop-2")
def shapes(answer: Any, tell: Any) -> None:
    """Check the shapes in a 20-30-7 network with 50 examples, and its cost."""
    expected: dict[str, tuple[int, ...]] = {
        "delta2": (50, 7),
        "delta1": (50, 30),
        "dw1": (20, 30),
        "dw2": (30, 7),
        "db1": (30,),
    }
    if not isinstance(answer, Mapping):
        raise tell("dict", kind=type(answer).__name__)
    missing = [name for name in (*expected, "multiply_adds") if name not in answer]
    if missing:
        raise tell("lacks", names=", ".join(map(repr, missing)))
    for name, shape in expected.items():
        found = tuple(expect_array(answer[name], name).ravel())
        if found == shape:
            continue
        if name == "db1" and found == (1, 30):
            raise tell("one_axis")
        if found == shape[::-1]:
            raise tell("weights" if "dw" in name else "rows", name=name)
        raise tell("delta" if "delta" in name else "parameter", name=name)
    total = expect_array(answer["multiply_adds"], "multiply_adds", ())
    for known in (81000, 40500, 1020):
        if total == known:
            raise tell(str(known))
    if total != 51000:
        raise tell("count")


@function(
    "backprop-3",
    cases=lambda rng: [
        (rng.normal(0, 2, size=(n, k)), rng.uniform(0, 1, size=(n, k)), tau)
        for n, k, tau in ((6, 4, 2.0), (3, 5, 0.5))
    ],
    returns=("the gradient",),
)
def soft_targets(z: np.ndarray, t: np.ndarray, tau: float) -> Any:
    """Return the gradient of -mean Σ t log softmax(z / τ) for the logits."""
    p, cold = _softmax(z / tau), _softmax(z)
    rows, n = t.sum(axis=1, keepdims=True), len(z)
    right = (rows * p - t) / (n * tau)
    return right, {
        "sign": -right,
        "no_mean": right * n,
        "no_tau": right * tau,
        "times_tau": right * tau**2,
        "no_rows": (p - t) / (n * tau),
        "cold": (rows * cold - t) / (n * tau),
    }


def _softmax(z: np.ndarray) -> np.ndarray:
    e = np.exp(z - z.max(axis=1, keepdims=True))
    return e / e.sum(axis=1, keepdims=True)


@function(
    "backprop-4",
    cases=[(a,) for a in (0.7, -1.3, 0.0, 2.5, 30.0, -30.0, 800.0, -800.0)],
    returns=("the value", "the gradient"),
    rtol=1e-6,
    atol=1e-12,
)
def softplus(a: float) -> Any:
    """Return value and slope of softplus squared, also far from 0."""
    value = max(a, 0.0) + math.log1p(math.exp(-abs(a)))
    slope = math.exp(min(a, 0.0)) / (1 + math.exp(-abs(a)))
    wrongs = {"no_square": slope, "no_slope": 2 * value, "half": value * slope}
    return {"the value": (value**2, {}), "the gradient": (2 * value * slope, wrongs)}


@function(
    "backprop-5",
    cases=lambda rng: [
        tuple(rng.normal(size=s) for s in ((n, m), (m, m), (m,), (n, m)))
        for n, m in ((6, 4), (3, 2))
    ],
    returns=("dx", "dw", "db"),
)
def residual_layer(x: np.ndarray, w: np.ndarray, b: np.ndarray, dh: np.ndarray) -> Any:
    """Return the gradients of H = X + tanh(XW + b)."""
    h = np.tanh(x @ w + b)
    delta = dh * (1 - h**2)
    dx, dw, db = dh + delta @ w.T, x.T @ delta, delta.sum(axis=0)
    for_db = {
        "no_slope": dh.sum(axis=0),
        "mean": db / len(x),
        "outer": (dh * (1 - (x + h) ** 2)).sum(axis=0),
        "twice": (dh * (1 - np.tanh(h) ** 2)).sum(axis=0),
    }
    for_dx = {
        "layer_only": dx - dh,
        "direct_only": dh,
        "w_as_is": dh + delta @ w,
        "delta_direct": delta + delta @ w.T,
    }
    for_dw = {"dw_transposed": dw.T, "dw_direct": dw + x.T @ dh}
    return {"db": (db, for_db), "dw": (dw, for_dw), "dx": (dx, for_dx)}


@exercise("backprop-6")
def find_mistakes(answer: Any, tell: Any) -> None:
    """Check which two of the five gradients were named."""
    if not isinstance(answer, set | frozenset | list | tuple):
        raise tell("set")
    given = {name if isinstance(name, str) else "" for name in answer}
    if not given <= {"dx", "dw1", "db1", "dw2", "db2"}:
        raise tell("names")
    if innocent := given - {"dw1", "db2"}:
        raise tell("innocent", n=len(innocent))
    if missed := {"dw1", "db2"} - given:
        raise tell("missed", n=len(missed))


@function(
    "backprop-7",
    cases=[(0.01, 64), (0.3, 100), (0.0, 10), (1.0, 7)],
    returns=("the variance",),
    rtol=1e-6,
)
def leaky_he(a: float, fan_in: int) -> Any:
    """Return the variance that keeps the mean square under leaky ReLU."""
    right = 2 / ((1 + a**2) * fan_in)
    return right, {
        "root": math.sqrt(right),
        "relu": 2 / fan_in,
        "no_square": 2 / ((1 + a) * fan_in),
        "half": right / 2,
        "inverse": (1 + a**2) / (2 * fan_in),
    }
