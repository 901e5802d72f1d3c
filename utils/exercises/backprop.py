"""Checkers of the chapter foundations/backprop."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

from utils.exercises import Hint, exercise, expect_array, expect_result

Array = NDArray[np.float64]


@exercise("backprop-1", takes="the tuple (dL/dw, dL/dx, dL/db) of three numbers")
def by_hand(answer: Any) -> None:
    """Check the gradients of L = h² - y h with h = w x + b."""
    found = expect_array(answer, "the tuple of gradients", (3,))
    dw, _, db = found
    if np.allclose(found, [18, 12, 6]):
        return
    if np.allclose(found, [12, 18, 6]):
        raise Hint(
            "dL/dw and dL/dx are swapped. A product passes on the upstream gradient "
            "times the *other* factor."
        )
    if np.allclose(found, [30, 20, 10]):
        raise Hint(
            "You followed the path from h through g. h also enters the product y h: "
            "add that path."
        )
    if np.allclose(found, [-12, -8, -4]):
        raise Hint(
            "You followed the path from h into y h. h also goes through g = h²: add "
            "that path."
        )
    if np.allclose(found, [-18, -12, -6]):
        raise Hint("All signs are flipped: these are descent directions.")
    if not np.isclose(db, 6):
        raise Hint(
            "dL/db is off. b enters h with slope 1, so dL/db equals dL/dh: the sum "
            "over the two paths that leave h."
        )
    wrong = "dL/dw" if not np.isclose(dw, 18) else "dL/dx"
    raise Hint(f"{wrong} is off, dL/db is right. Multiply dL/db by the other factor.")


@exercise(
    "backprop-2",
    takes=(
        "a dict with the shapes (tuples) 'delta2', 'delta1', 'dw1', 'dw2', 'db1' and "
        "the whole number 'multiply_adds'"
    ),
)
def shapes(answer: Any) -> None:
    """Check the shapes in a 20-30-7 network with 50 examples, and its cost."""
    expected: dict[str, tuple[int, ...]] = {
        "delta2": (50, 7),
        "delta1": (50, 30),
        "dw1": (20, 30),
        "dw2": (30, 7),
        "db1": (30,),
    }
    if not isinstance(answer, Mapping):
        raise Hint(f"The answer should be a dict, but is a {type(answer).__name__}.")
    missing = [name for name in (*expected, "multiply_adds") if name not in answer]
    if missing:
        raise Hint(f"The dict lacks {', '.join(map(repr, missing))}.")
    for name, shape in expected.items():
        try:
            found = tuple(int(size) for size in answer[name])
        except (TypeError, ValueError):
            raise Hint(f"{name} should be a tuple of whole numbers.") from None
        if found == shape:
            continue
        if name == "db1" and found == (1, 30):
            raise Hint("db1 has one axis in NumPy, as the sum over axis 0 gives it.")
        if found == shape[::-1]:
            row = (
                "weights are (inputs, outputs)" if "dw" in name else "examples are rows"
            )
            raise Hint(f"{name} is transposed: in this book {row}.")
        like = "its layer's Z" if "delta" in name else "the parameter itself"
        raise Hint(f"The shape of {name} is off. A gradient has the shape of {like}.")
    hints = {
        81000: (
            "2F counts the gradient for the input as well. Nobody needs it: leave out "
            "one product."
        ),
        40500: (
            "That is the forward pass, or the weights' equations alone. The hidden "
            "error costs a product, too."
        ),
        1020: "That is the count for one example; the batch has 50.",
    }
    total = expect_array(answer["multiply_adds"], "multiply_adds", ())
    if total != 51000:
        raise Hint(
            hints.get(
                int(total),
                "multiply_adds is off. Add A·B·C for each product (A×B)(B×C): one for "
                "each layer's weights, one for the hidden error.",
            )
        )


@exercise("backprop-3", takes="a function of the arrays z and y, both of shape (N,)")
def sigmoid_cross_entropy(answer: Any) -> None:
    """Check the gradient of the mean binary cross-entropy for the logits."""
    rng = np.random.default_rng(3)
    z = rng.normal(scale=2, size=8)
    y = rng.integers(2, size=8).astype(float)
    p = 1 / (1 + np.exp(-z))
    right = (p - y) / 8
    found = expect_array(
        expect_result(answer, z.copy(), y.copy()), "the gradient", (8,)
    )
    _compare(
        found,
        right,
        {
            "The sign is wrong: the loss falls when the logit of a positive example "
            "(y = 1) grows, so its gradient is negative.": -right,
            "It is N times too large. The loss is a mean over the batch.": p - y,
            "You multiplied by σ' = p(1 − p) once too often: it cancels against the "
            "denominator p(1 − p) from the logarithms.": right * p * (1 - p),
            "That is the derivative for p, not for z. Multiply by dp/dz = p(1 − p).": (
                right / (p * (1 - p))
            ),
        },
        "Differentiate y log p + (1 − y) log(1 − p) for p, multiply by dp/dz, then "
        "mind the sign and the mean.",
    )


@exercise(
    "backprop-4",
    takes="a function of a number a that returns (value, gradient) of softplus(a)²",
)
def softplus(answer: Any) -> None:
    """Check value and slope of softplus squared, also far from 0."""
    for a in (0.7, -1.3, 0.0, 2.5, 30.0, -30.0, 800.0, -800.0):
        value = max(a, 0.0) + math.log1p(math.exp(-abs(a)))
        slope = 1 / (1 + math.exp(-a)) if a >= 0 else math.exp(a) / (1 + math.exp(a))
        far = abs(a) > 100
        try:
            result = expect_result(answer, a)
        except Hint as hint:
            if far:
                raise Hint(
                    f"At a = {a:g} it fails ({hint}) Write log(1 + eᵃ) so that exp is "
                    "only taken of numbers that are not positive."
                ) from None
            raise
        if far and not np.isfinite(np.asarray(result, dtype=float)).all():
            raise Hint(
                f"At a = {a:g} the result is not finite. Write log(1 + eᵃ) so that exp "
                "is only taken of numbers that are not positive."
            )
        found = expect_array(result, "the pair (value, gradient)", (2,))
        if not np.isclose(found[0], value**2, rtol=1e-8, atol=1e-15):
            raise Hint(
                f"At a = {a:g} the value is off: it should be softplus(a) squared."
            )
        _compare(
            found[1:],
            np.array([2 * value * slope]),
            {
                f"At a = {a:g} the gradient is that of softplus(a), without the "
                "square.": np.array([slope]),
                f"At a = {a:g} the gradient lacks the slope of softplus itself: only "
                "the square was differentiated.": np.array([2 * value]),
                f"At a = {a:g} the gradient is half of what it should be: the slope of "
                "a square is 2 times the base.": np.array([value * slope]),
            },
            f"At a = {a:g} the gradient is off, the value is right. The slope of "
            "log(1 + eᵃ) is eᵃ / (1 + eᵃ).",
        )


@exercise(
    "backprop-5",
    takes="a function of the arrays x, w, b and dh that returns the tuple (dx, dw, db)",
)
def residual_layer(answer: Any) -> None:
    """Check the gradients of H = X + tanh(XW + b)."""
    rng = np.random.default_rng(5)
    x, dh = rng.normal(size=(6, 4)), rng.normal(size=(6, 4))
    w, b = rng.normal(size=(4, 4)), rng.normal(size=4)
    h = np.tanh(x @ w + b)
    delta = dh * (1 - h**2)
    right = {"dx": dh + delta @ w.T, "dw": x.T @ delta, "db": delta.sum(axis=0)}
    found = expect_result(answer, x.copy(), w.copy(), b.copy(), dh.copy())
    if not isinstance(found, tuple | list) or len(found) != 3:
        raise Hint("The function should return the tuple (dx, dw, db).")
    got = {
        name: expect_array(value, name, right[name].shape)
        for name, value in zip(right, found, strict=True)
    }
    with_outer_slope = dh * (1 - (x + h) ** 2)
    with_double_tanh = dh * (1 - np.tanh(h) ** 2)
    _compare(
        got["db"],
        right["db"],
        {
            "db lacks the slope of tanh: multiply dh by 1 − tanh² first.": dh.sum(
                axis=0
            ),
            "db takes the mean over the examples. Add them: a mean in the loss is in "
            "dh already.": right["db"] / 6,
            "The slope 1 − tanh² was taken with H, which contains X. Use tanh(XW + b) "
            "alone.": with_outer_slope.sum(axis=0),
            "tanh was applied twice in the slope: 1 − h², where h is tanh(XW + b) "
            "already.": with_double_tanh.sum(axis=0),
        },
        "db is off: the column sums of δ = dh ⊙ tanh'(XW + b).",
    )
    _compare(
        got["dw"],
        right["dw"],
        {
            "dw is transposed: Xᵀ δ, not δᵀ X.": right["dw"].T,
            "dw has a term from the direct path, but W is not on it.": (
                right["dw"] + x.T @ dh
            ),
        },
        "dw is off, db is right: dw = Xᵀ δ with the same δ.",
    )
    _compare(
        got["dx"],
        right["dx"],
        {
            "dx follows only the path through the layer. X also reaches H directly, "
            "with slope 1: add over paths.": right["dx"] - dh,
            "dx follows only the direct path. X also goes through the layer: add over "
            "paths.": dh,
            "In dx, W is not transposed: the way back is δ Wᵀ.": dh + delta @ w,
            "In dx, δ was added for the direct path. That path does not pass tanh: add "
            "dh itself.": delta + delta @ w.T,
        },
        "dx is off, dw and db are right. Two paths lead from X to H: add them.",
    )


@exercise("backprop-6", takes="a set of names out of 'dx', 'dw1', 'db1', 'dw2', 'db2'")
def find_mistakes(answer: Any) -> None:
    """Check which two of the five gradients were named."""
    names = {"dx", "dw1", "db1", "dw2", "db2"}
    if isinstance(answer, str) or not hasattr(answer, "__iter__"):
        raise Hint("The answer should be a set of names, such as {'dx', 'db1'}.")
    given = set(answer)
    if given - names:
        unknown = ", ".join(sorted(map(repr, given - names)))
        raise Hint(f"There is no {unknown}; the names are {', '.join(sorted(names))}.")
    innocent, missed = given - {"dw1", "db2"}, {"dw1", "db2"} - given
    if innocent:
        raise Hint(
            f"{len(innocent)} of the gradients you named agree with central "
            "differences. Check each array on its own, with the others fixed."
        )
    if missed:
        raise Hint(
            f"What you named is wrong indeed, but {len(missed)} more must be. Run the "
            "check for all five arrays."
        )


@exercise("backprop-7", takes="a function of a and fan_in that returns a variance")
def leaky_he(answer: Any) -> None:
    """Check the variance that keeps the mean square under leaky ReLU."""
    slopes, fans = np.array([0.0, 0.01, 0.3, 1.0]), np.array([10, 64, 100, 7])
    found = expect_array(
        [
            expect_result(answer, a, m)
            for a, m in zip(slopes.tolist(), fans.tolist(), strict=True)
        ],
        "the variance for four pairs of a and fan_in",
        (4,),
    )
    right = 2 / ((1 + slopes**2) * fans)
    _compare(
        found,
        right,
        {
            "That is the standard deviation; the variance is its square.": np.sqrt(
                right
            ),
            "The answer for ReLU, a = 0. Here the negative half is not lost: it keeps "
            "a part of the mean square that depends on a.": 2 / fans,
            "The negative half is scaled by a, so its *square* is scaled by a².": (
                2 / ((1 + slopes) * fans)
            ),
            "Twice too small: each half of z carries only half of the mean square.": (
                right / 2
            ),
            "That is what is kept, not what makes up for it: the variance must be the "
            "inverse.": (1 + slopes**2) / (2 * fans),
        },
        "Split E[φ(z)²] into z > 0 and z < 0, each with half of E[z²], and solve "
        "M s² E[φ(z)²]/E[z²] = 1. For a = 1 it must give 1/M.",
    )


def _compare(
    found: Array, right: Array, known: Mapping[str, Array], otherwise: str
) -> None:
    """Hint at the known mistake that explains the answer, or at the way to it."""
    if np.allclose(found, right, rtol=1e-6, atol=1e-12):
        return
    for hint, wrong in known.items():
        if wrong.shape == found.shape and np.allclose(found, wrong, rtol=1e-6):
            raise Hint(hint)
    raise Hint(otherwise)
