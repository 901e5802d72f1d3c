"""Right and wrong answers to the exercises of chapter backprop."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

import numpy as np


def sigmoid(z: Any) -> Any:
    return 1 / (1 + np.exp(-z))


def softplus(a: float) -> tuple[float, float]:
    value = max(a, 0.0) + math.log1p(math.exp(-abs(a)))
    slope = math.exp(min(a, 0.0)) / (1 + math.exp(-abs(a)))
    return value, slope


def skip(x: Any, w: Any, b: Any, dh: Any) -> tuple[Any, Any, Any]:
    delta = dh * (1 - np.tanh(x @ w + b) ** 2)
    return dh + delta @ w.T, x.T @ delta, delta.sum(axis=0)


def skip_with(
    change: Callable[..., tuple[Any, Any, Any]],
) -> Callable[..., tuple[Any, Any, Any]]:
    """Return the right answer with something changed in its results."""

    def answer(x: Any, w: Any, b: Any, dh: Any) -> tuple[Any, Any, Any]:
        delta = dh * (1 - np.tanh(x @ w + b) ** 2)
        return change(x, w, b, dh, delta, *skip(x, w, b, dh))

    return answer


SHAPES: dict[str, Any] = {
    "delta2": (50, 7),
    "delta1": (50, 30),
    "dw1": (20, 30),
    "dw2": (30, 7),
    "db1": (30,),
    "multiply_adds": 51000,
}


RIGHT = [
    ("backprop-1", (18, 12, 6)),
    ("backprop-1", np.array([18.0, 12.0, 6.0])),
    ("backprop-2", SHAPES),
    ("backprop-2", {**SHAPES, "delta2": [50, 7]}),
    ("backprop-3", lambda z, y: (sigmoid(z) - y) / len(z)),
    ("backprop-4", lambda a: (softplus(a)[0] ** 2, 2 * math.prod(softplus(a)))),
    ("backprop-5", skip),
    ("backprop-6", {"dw1", "db2"}),
    ("backprop-6", ["db2", "dw1"]),
    ("backprop-7", lambda a, fan_in: 2 / ((1 + a**2) * fan_in)),
]

WRONG = [
    ("backprop-1", (12, 18, 6), "swapped"),
    ("backprop-1", (30, 20, 10), "y h: add that path"),
    ("backprop-1", (-12, -8, -4), "g = h²: add that path"),
    ("backprop-1", (-18, -12, -6), "signs are flipped"),
    ("backprop-1", (18, 12, 0), "with slope"),
    ("backprop-1", (6, 12, 6), "other factor"),
    ("backprop-1", (18, 6, 6), "other factor"),
    ("backprop-2", [(50, 7)], "should be a dict"),
    ("backprop-2", {"delta2": (50, 7)}, "dict lacks"),
    ("backprop-2", {**SHAPES, "delta2": (7, 50)}, "examples are rows"),
    ("backprop-2", {**SHAPES, "dw1": (30, 20)}, "weights are (inputs, outputs)"),
    ("backprop-2", {**SHAPES, "delta1": (50, 20)}, "the shape of its layer's Z"),
    ("backprop-2", {**SHAPES, "dw2": (50, 7)}, "the shape of the parameter itself"),
    ("backprop-2", {**SHAPES, "db1": (1, 30)}, "one axis"),
    ("backprop-2", {**SHAPES, "multiply_adds": 81000}, "gradient for the input"),
    ("backprop-2", {**SHAPES, "multiply_adds": 40500}, "hidden error costs"),
    ("backprop-2", {**SHAPES, "multiply_adds": 1020}, "batch has 50"),
    ("backprop-2", {**SHAPES, "multiply_adds": 51000.5}, "multiply_adds is off"),
    ("backprop-3", lambda z, y: (y - sigmoid(z)) / len(z), "sign is wrong"),
    ("backprop-3", lambda z, y: sigmoid(z) - y, "mean over the batch"),
    (
        "backprop-3",
        lambda z, y: (sigmoid(z) - y) * sigmoid(z) * (1 - sigmoid(z)) / len(z),
        "once too often",
    ),
    (
        "backprop-3",
        lambda z, y: (sigmoid(z) - y) / (sigmoid(z) * (1 - sigmoid(z))) / len(z),
        "derivative for p, not for z",
    ),
    ("backprop-3", lambda z, y: z - y, "mind the sign and the mean"),
    ("backprop-4", lambda a: (math.log(1 + math.exp(a)) ** 2, 0.0), "gradient is off"),
    ("backprop-4", lambda a: (softplus(a)[0], 0.0), "the value is off"),
    (
        "backprop-4",
        lambda a: (softplus(a)[0] ** 2, softplus(a)[1]),
        "without the square",
    ),
    (
        "backprop-4",
        lambda a: (softplus(a)[0] ** 2, 2 * softplus(a)[0]),
        "lacks the slope of softplus",
    ),
    (
        "backprop-4",
        lambda a: (softplus(a)[0] ** 2, math.prod(softplus(a))),
        "half of what it should be",
    ),
    (
        "backprop-4",
        lambda a: (
            math.log(1 + math.exp(a)) ** 2,
            2 * math.log(1 + math.exp(a)) * sigmoid(a),
        ),
        "only taken",
    ),
    (
        "backprop-4",
        lambda a: (
            (math.inf, math.nan)
            if a > 700
            else (softplus(a)[0] ** 2, 2 * math.prod(softplus(a)))
        ),
        "only taken",
    ),
    (
        "backprop-5",
        skip_with(lambda x, w, b, dh, delta, dx, dw, db: (delta @ w.T, dw, db)),
        "only the path through the layer",
    ),
    (
        "backprop-5",
        skip_with(lambda x, w, b, dh, delta, dx, dw, db: (dh, dw, db)),
        "only the direct path",
    ),
    (
        "backprop-5",
        skip_with(lambda x, w, b, dh, delta, dx, dw, db: (dh + delta @ w, dw, db)),
        "not transposed",
    ),
    (
        "backprop-5",
        skip_with(lambda x, w, b, dh, delta, dx, dw, db: (delta + delta @ w.T, dw, db)),
        "does not pass tanh",
    ),
    (
        "backprop-5",
        skip_with(lambda x, w, b, dh, delta, dx, dw, db: (2 * dx, dw, db)),
        "dx is off, dw and db are right",
    ),
    (
        "backprop-5",
        skip_with(lambda x, w, b, dh, delta, dx, dw, db: (dx, dw.T, db)),
        "Xᵀ δ, not δᵀ X",
    ),
    (
        "backprop-5",
        skip_with(lambda x, w, b, dh, delta, dx, dw, db: (dx, dw + x.T @ dh, db)),
        "W is not on it",
    ),
    (
        "backprop-5",
        skip_with(lambda x, w, b, dh, delta, dx, dw, db: (dx, x.T @ dh, dh.sum(0))),
        "lacks the slope of tanh",
    ),
    (
        "backprop-5",
        skip_with(lambda x, w, b, dh, delta, dx, dw, db: (dx, dw, db / len(x))),
        "mean over the examples",
    ),
    (
        "backprop-5",
        lambda x, w, b, dh: (
            dh,
            w,
            (dh * (1 - (x + np.tanh(x @ w + b)) ** 2)).sum(axis=0),
        ),
        "which contains X",
    ),
    (
        "backprop-5",
        lambda x, w, b, dh: (
            dh,
            w,
            (dh * (1 - np.tanh(np.tanh(x @ w + b)) ** 2)).sum(axis=0),
        ),
        "applied twice",
    ),
    ("backprop-6", "dw1", "should be a set"),
    ("backprop-6", {"w1", "db2"}, "other names"),
    ("backprop-6", {"dw1"}, "five arrays"),
    ("backprop-6", {"dw1", "db1"}, "agree with"),
    ("backprop-6", {"dx", "dw1", "db1", "dw2", "db2"}, "agree with"),
    ("backprop-6", set(), "five arrays"),
    ("backprop-7", lambda a, m: 2 / m, "The answer for ReLU"),
    ("backprop-7", lambda a, m: 2 / ((1 + a) * m), "scaled by a²"),
    ("backprop-7", lambda a, m: 1 / ((1 + a**2) * m), "Twice too small"),
    ("backprop-7", lambda a, m: math.sqrt(2 / ((1 + a**2) * m)), "standard deviation"),
    ("backprop-7", lambda a, m: (1 + a**2) / (2 * m), "must be the inverse"),
    ("backprop-7", lambda a, m: a / m, "For a = 1 it must give 1/M"),
    (
        "backprop-4",
        lambda a: (softplus(a)[0] + 1, 0.0),
        "it should be softplus(a) squared",
    ),
    (
        "backprop-5",
        lambda *given: (*skip(*given)[:2], 2 * skip(*given)[2]),
        "the column sums",
    ),
    (
        "backprop-5",
        lambda *given: (skip(*given)[0], given[1], skip(*given)[2]),
        "with the same δ",
    ),
]
