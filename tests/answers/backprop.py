"""Right and wrong answers to the exercises of chapter backprop."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

import numpy as np


def sigmoid(z: Any) -> Any:
    return 1 / (1 + np.exp(-z))


def softmax(z: Any) -> Any:
    e = np.exp(z - z.max(axis=1, keepdims=True))
    return e / e.sum(axis=1, keepdims=True)


def soft_targets(z: Any, t: Any, tau: float) -> Any:
    return (t.sum(1, keepdims=True) * softmax(z / tau) - t) / (len(z) * tau)


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
    (1, (18, 12, 6)),
    (1, np.array([18.0, 12.0, 6.0])),
    (2, SHAPES),
    (2, {**SHAPES, "delta2": [50, 7]}),
    (3, soft_targets),
    (4, lambda a: (softplus(a)[0] ** 2, 2 * math.prod(softplus(a)))),
    (5, skip),
    (6, {"dw1", "db2"}),
    (6, ["db2", "dw1"]),
    (7, lambda a, fan_in: 2 / ((1 + a**2) * fan_in)),
    (8, "a"),
    (10, ("a", 3, "a", "b", "c")),
]

WRONG = [
    (1, (12, 18, 6), "swapped"),
    (1, (30, 20, 10), "y h: add that path"),
    (1, (-12, -8, -4), "g = h²: add that path"),
    (1, (-18, -12, -6), "signs are flipped"),
    (1, (18, 12, 0), "with slope"),
    (1, (6, 12, 6), "other factor"),
    (1, (18, 6, 6), "other factor"),
    (2, [(50, 7)], "should be a dict"),
    (2, {"delta2": (50, 7)}, "dict lacks"),
    (2, {**SHAPES, "delta2": (7, 50)}, "examples are rows"),
    (2, {**SHAPES, "dw1": (30, 20)}, "weights are (inputs, outputs)"),
    (2, {**SHAPES, "delta1": (50, 20)}, "the shape of its layer's Z"),
    (2, {**SHAPES, "dw2": (50, 7)}, "the shape of the parameter itself"),
    (2, {**SHAPES, "db1": (1, 30)}, "one axis"),
    (2, {**SHAPES, "multiply_adds": 81000}, "gradient for the input"),
    (2, {**SHAPES, "multiply_adds": 40500}, "hidden error costs"),
    (2, {**SHAPES, "multiply_adds": 1020}, "batch has 50"),
    (2, {**SHAPES, "multiply_adds": 51000.5}, "multiply_adds is off"),
    (3, lambda z, t, tau: -soft_targets(z, t, tau), "sign is wrong"),
    (3, lambda z, t, tau: len(z) * soft_targets(z, t, tau), "times too large"),
    (3, lambda z, t, tau: tau * soft_targets(z, t, tau), "temperature is missing"),
    (3, lambda z, t, tau: tau**2 * soft_targets(z, t, tau), "rule divides"),
    (3, lambda z, t, tau: (softmax(z / tau) - t) / len(z) / tau, "add up to anything"),
    (
        3,
        lambda z, t, tau: (t.sum(1, keepdims=True) * softmax(z) - t) / len(z) / tau,
        "without the temperature",
    ),
    (3, lambda z, t, tau: 0 * z, "every t_k"),
    (4, lambda a: (math.log(1 + math.exp(a)) ** 2, 0.0), "gradient is off"),
    (4, lambda a: (softplus(a)[0], 0.0), "the value is off"),
    (4, lambda a: (softplus(a)[0] ** 2, softplus(a)[1]), "without the square"),
    (
        4,
        lambda a: (softplus(a)[0] ** 2, 2 * softplus(a)[0]),
        "lacks the slope of softplus",
    ),
    (
        4,
        lambda a: (softplus(a)[0] ** 2, math.prod(softplus(a))),
        "half of what it should be",
    ),
    (
        4,
        lambda a: (
            math.log(1 + math.exp(a)) ** 2,
            2 * math.log(1 + math.exp(a)) * sigmoid(a),
        ),
        "only taken",
    ),
    (
        4,
        lambda a: (
            (math.inf, math.nan)
            if a > 700
            else (softplus(a)[0] ** 2, 2 * math.prod(softplus(a)))
        ),
        "only taken",
    ),
    (4, lambda a: (softplus(a)[0] + 1, 0.0), "it should be softplus(a) squared"),
    (
        5,
        skip_with(lambda x, w, b, dh, delta, dx, dw, db: (delta @ w.T, dw, db)),
        "only the path through the layer",
    ),
    (
        5,
        skip_with(lambda x, w, b, dh, delta, dx, dw, db: (dh, dw, db)),
        "only the direct path",
    ),
    (
        5,
        skip_with(lambda x, w, b, dh, delta, dx, dw, db: (dh + delta @ w, dw, db)),
        "not transposed",
    ),
    (
        5,
        skip_with(lambda x, w, b, dh, delta, dx, dw, db: (delta + delta @ w.T, dw, db)),
        "does not pass tanh",
    ),
    (
        5,
        skip_with(lambda x, w, b, dh, delta, dx, dw, db: (2 * dx, dw, db)),
        "dx is off, dw and db are right",
    ),
    (
        5,
        skip_with(lambda x, w, b, dh, delta, dx, dw, db: (dx, dw.T, db)),
        "Xᵀ δ, not δᵀ X",
    ),
    (
        5,
        skip_with(lambda x, w, b, dh, delta, dx, dw, db: (dx, dw + x.T @ dh, db)),
        "W is not on it",
    ),
    (
        5,
        skip_with(lambda x, w, b, dh, delta, dx, dw, db: (dx, x.T @ dh, dh.sum(0))),
        "lacks the slope of tanh",
    ),
    (
        5,
        skip_with(lambda x, w, b, dh, delta, dx, dw, db: (dx, dw, db / len(x))),
        "mean over the examples",
    ),
    (
        5,
        lambda x, w, b, dh: (
            dh,
            w,
            (dh * (1 - (x + np.tanh(x @ w + b)) ** 2)).sum(axis=0),
        ),
        "which contains X",
    ),
    (
        5,
        lambda x, w, b, dh: (
            dh,
            w,
            (dh * (1 - np.tanh(np.tanh(x @ w + b)) ** 2)).sum(axis=0),
        ),
        "applied twice",
    ),
    (5, lambda *given: (*skip(*given)[:2], 2 * skip(*given)[2]), "the column sums"),
    (5, lambda *given: (skip(*given)[0], given[1], skip(*given)[2]), "with the same δ"),
    (6, "dw1", "should be a set"),
    (6, {"w1", "db2"}, "other names"),
    (6, {"dw1"}, "five arrays"),
    (6, {"dw1", "db1"}, "agree with"),
    (6, {"dx", "dw1", "db1", "dw2", "db2"}, "agree with"),
    (6, set(), "five arrays"),
    (7, lambda a, m: 2 / m, "The answer for ReLU"),
    (7, lambda a, m: 2 / ((1 + a) * m), "scaled by a²"),
    (7, lambda a, m: 1 / ((1 + a**2) * m), "Twice too small"),
    (7, lambda a, m: math.sqrt(2 / ((1 + a**2) * m)), "standard deviation"),
    (7, lambda a, m: (1 + a**2) / (2 * m), "must be the inverse"),
    (7, lambda a, m: a / m, "For a = 1 it must give 1/M"),
    (2, {**SHAPES, "db1": (31,)}, "of the parameter itself"),
    (2, {**SHAPES, "dw1": (1, 30)}, "of the parameter itself"),
    (8, "b", "what pulls it there?"),
    (8, "c", "the probabilities add"),
    (8, "d", "the gradient of one"),
    (10, ("b", 3, "a", "b", "c"), "forward mode gives a"),
    (10, ("c", 3, "a", "b", "c"), "there is no second"),
    (10, ("a", 6, "a", "b", "c"), "that many it takes with"),
    (10, ("a", 18, "a", "b", "c"), "a run gives a whole row"),
    (10, ("a", 3.37, "a", "b", "c"), "one run of the mode you"),
    (10, ("a", 3, "b", "b", "c"), "one run for each"),
    (10, ("a", 3, "c", "b", "c"), "a gradient is one row."),
    (10, ("a", 3, "a", "a", "c"), "it would take a run for"),
    (10, ("a", 3, "a", "c", "c"), "nothing is"),
    (10, ("a", 3, "a", "b", "a"), "it gives a gradient."),
    (10, ("a", 3, "a", "b", "b"), "along a given"),
]
