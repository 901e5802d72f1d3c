"""Checkers for the exercises of the chapter `foundations/first_network`."""

from __future__ import annotations

from typing import Any

import numpy as np

from utils.exercises import Hint, exercise, expect_array, expect_result

# The two examples of the chapter with a column of ones for the bias, and their targets.
_X = np.array([[1.0, 2.0, 1.0], [2.0, 1.0, 1.0]])
_Y = np.array([6.0, 5.0])
_NULL = np.array([1.0, 1.0, -3.0])  # the direction that neither example can see


@exercise("first-network-1", takes="w1, w2 and b after the second step, three numbers")
def second_step(answer: Any) -> None:
    """Check the second step of gradient descent on the two points."""
    theta = expect_array(answer, "the answer (w1, w2, b)").ravel()
    _three_numbers(theta)
    start, rate = np.array([1.6, 1.7, 1.1]), 0.1
    gradient = _X.T @ (_X @ start - _Y)
    first_gradient = _X.T @ -_Y
    mistakes = [
        (start + rate * gradient, "That walks uphill: the gradient is subtracted."),
        (start - gradient, "The learning rate 0.1 is missing from your step."),
        (
            start - rate * first_gradient,
            "You used the gradient of the first step again. The residuals are now 0.1 "
            "and 1.0, so the gradient is a new one.",
        ),
        (
            start - rate * gradient / 2,
            "Your step is half as long as it should be. The gradient carries the "
            "factor 2/N, and here N = 2.",
        ),
        (
            start - rate * gradient * 2,
            "Your step is twice as long as it should be. The gradient carries the "
            "factor 2/N, and here N = 2.",
        ),
        (
            -rate * gradient,
            "That is the step itself. Add it to the parameters you had.",
        ),
    ]
    if _close(theta, start - rate * gradient):
        return
    for wrong, hint in mistakes:
        if _close(theta, wrong):
            raise Hint(hint)
    off = ~np.isclose(theta, start - rate * gradient, atol=1e-3)
    names = _listed(
        [name for name, bad in zip(("w1", "w2", "b"), off, strict=True) if bad]
    )
    raise Hint(
        f"{names} {'is' if off.sum() == 1 else 'are'} off. Each entry of the gradient "
        "is a sum over both examples of feature times residual; for b the feature is 1."
    )


@exercise("first-network-2", takes="w1, w2 and b at the end, three numbers")
def another_start(answer: Any) -> None:
    """Check where gradient descent ends from (-3, 1, 3)."""
    theta = expect_array(answer, "the answer (w1, w2, b)").ravel()
    _three_numbers(theta)
    minimum_norm = np.linalg.pinv(_X) @ _Y
    share = _NULL @ np.array([-3.0, 1.0, 3.0]) / (_NULL @ _NULL)
    if _close(theta, minimum_norm + share * _NULL):
        return
    if _close(theta, minimum_norm):
        raise Hint(
            "That is where a start at zero leads. This start has a part along the null "
            "direction (1, 1, -3), and no step can change that part."
        )
    if _close(theta, share * _NULL):
        raise Hint(
            "That is the part of the start that is kept. Add the minimum-norm solution."
        )
    if _close(theta, minimum_norm - share * _NULL):
        raise Hint("The kept part has the wrong sign: compute n·θ0 once more.")
    if not np.allclose(_X @ theta, _Y, atol=1e-3):
        first, second = (_X @ theta).round(3)
        raise Hint(
            f"This model predicts {first:g} and {second:g}, but at the end of the walk "
            "both examples are fitted exactly: 6 and 5."
        )
    raise Hint(
        f"This does fit both examples, but n·θ is {_NULL @ theta:g} there and "
        "was something else at the start, with n = (1, 1, -3). Steps cannot change n·θ."
    )


@exercise(
    "first-network-3",
    takes="a function of x, shape (N, D), that returns one learning rate",
)
def largest_rate(answer: Any) -> None:
    """Check a function that computes 2 / λmax of a linear regression with bias."""
    rng = np.random.default_rng(3)
    for n, d in ((2, 2), (5, 3), (9, 2), (3, 6)):
        x = rng.normal(1.0, 1.0, size=(n, d))
        given = float(expect_array(expect_result(answer, x), "the learning rate", ()))
        tilde = np.hstack([x, np.ones((n, 1))])
        largest = np.linalg.eigvalsh(tilde.T @ tilde)[-1]
        right = n / largest  # 2 / (2/N · largest)
        if np.isclose(given, right, rtol=1e-5):
            continue
        without_bias = n / np.linalg.eigvalsh(x.T @ x)[-1]
        smallest = np.linalg.eigvalsh(
            2 / n * (tilde.T @ tilde if d < n else tilde @ tilde.T)
        )[0]
        mistakes = [
            (without_bias, "it looks as if the column of ones for the bias is missing"),
            (2 / largest, "it looks as if the factor 2/N of the gradient is missing"),
            (right / 2, "the bound is 2/λmax, not 1/λmax"),
            (2 * right, "the gradient has a factor of 2/N, not 1/N"),
            (2 / smallest, "the largest eigenvalue sets the bound, not the smallest"),
            (1 / right, "that is the inverse of the bound"),
        ]
        for wrong, hint in mistakes:
            if np.isclose(given, wrong, rtol=1e-5):
                raise Hint(f"For features of shape {(n, d)} {hint}.")
        side = "too large: descent would diverge" if given > right else "too small"
        raise Hint(
            f"For features of shape {(n, d)} your rate is {side}. It is 2/λmax, with "
            "the largest eigenvalue of 2/N times X̃ᵀX̃, where X̃ has a column of ones."
        )


@exercise(
    "first-network-4",
    takes="a function of logits z and targets y (one shape) that returns the mean loss",
)
def stable_loss(answer: Any) -> None:
    """Check a binary cross-entropy that must survive large logits."""
    z = np.array([-2.0, -0.5, 0.0, 1.0, 3.0], dtype=np.float32)
    y = np.array([0.0, 1.0, 1.0, 0.0, 1.0], dtype=np.float32)
    each = np.logaddexp(0, z.astype(float)) - y * z
    given = np.asarray(expect_result(answer, z, y), dtype=float)
    if given.shape == z.shape:
        raise Hint("You return the loss of every example. Return their mean.")
    value = float(expect_array(given, "the loss", ()))
    if not np.isclose(value, each.mean(), rtol=1e-4):
        if np.isclose(value, each.sum(), rtol=1e-4):
            raise Hint("That is the sum over the examples. Return the mean.")
        if np.isclose(value, -each.mean(), rtol=1e-4):
            raise Hint("The sign is off: a loss is the *negative* log-likelihood.")
        if np.isclose(value, np.mean(np.logaddexp(0, z) - (1 - y) * z), rtol=1e-4):
            raise Hint("Your loss has the two classes exchanged: y = 1 goes with p.")
        raise Hint(
            "Already for moderate logits the value is off. Compare with "
            "-[y log p + (1 - y) log(1 - p)], p = σ(z), for a single example."
        )
    for size in (30.0, 100.0, 1000.0):
        big = np.array([-size, size, -size, size], dtype=np.float32)
        target = np.array([1.0, 0.0, 0.0, 1.0], dtype=np.float32)
        value = float(np.asarray(expect_result(answer, big, target), dtype=float))
        if not np.isfinite(value):
            raise Hint(
                f"For logits of ±{size:g} the result is {value}. An exponential "
                "overflowed, or a logarithm was taken of 0: do not form p on the way."
            )
        if not np.isclose(value, size / 2, rtol=1e-3):
            raise Hint(
                f"For logits of ±{size:g}, half of them wrong, the mean loss should be "
                f"{size / 2:g}; yours is {value:.4g}. Clipping p hides the infinity "
                "but gives a wrong number: work with the logit itself."
            )


@exercise(
    "first-network-5",
    takes="a function dz(z, y, c) that returns an array of the shape of z",
)
def weighted_gradient(answer: Any) -> None:
    """Check the gradient of the cross-entropy whose positives count c times."""
    rng = np.random.default_rng(5)
    for c in (1.0, 4.0, 0.5):
        z = rng.normal(size=(6, 1))
        y = np.array([[1.0], [0.0], [1.0], [1.0], [0.0], [0.0]])
        p = 1 / (1 + np.exp(-z))
        right = (c * y * (p - 1) + (1 - y) * p) / len(z)
        given = expect_array(expect_result(answer, z.copy(), y, c), "dz", z.shape)
        if np.allclose(given, right, rtol=1e-5, atol=1e-8):
            continue
        mistakes = [
            (right * len(z), "The mean over the examples is missing: divide by N."),
            (-right, "The sign is off: your gradient points downhill."),
            (
                c * (p - y) / len(z),
                "You let every example count c times. Only those with y = 1 do.",
            ),
            (
                (y * (p - 1) + c * (1 - y) * p) / len(z),
                "You weight the examples with y = 0. It is those with y = 1 that count "
                "c times.",
            ),
            (
                (p - c * y) / len(z),
                "You replaced y by c y in p - y. Differentiate again: where y = 1, the "
                "whole term c (p - 1) carries the weight.",
            ),
            ((p - y) / len(z), "The weight c does not appear in your gradient."),
        ]
        for wrong, hint in mistakes:
            if np.allclose(given, wrong, rtol=1e-5, atol=1e-8):
                raise Hint(hint)
        good = np.isclose(given, right, rtol=1e-5, atol=1e-8)
        if good[y == 0].all():
            raise Hint("It is right where y = 0 and off where y = 1.")
        if good[y == 1].all():
            raise Hint("It is right where y = 1 and off where y = 0.")
        raise Hint(
            f"It is off for c = {c:g}. Differentiate c·(-log p) and -log(1 - p) with "
            "respect to z separately, then let y choose between them."
        )


@exercise(
    "first-network-6",
    takes="the tuple (w1, b1, w2, b2), of shapes (2, 2), (2,), (2, 1) and (1,)",
)
def exclusive_or(answer: Any) -> None:
    """Check a network with two hidden ReLU units that computes exclusive or."""
    if not isinstance(answer, (tuple, list)) or len(answer) != 4:
        raise Hint("Give four arrays in a tuple: (w1, b1, w2, b2).")
    shapes = {"w1": (2, 2), "b1": (2,), "w2": (2, 1), "b2": (1,)}
    w1, b1, w2, b2 = (
        expect_array(part, name, shape)
        for part, (name, shape) in zip(answer, shapes.items(), strict=True)
    )
    x = np.array([[0.0, 0.0], [1.0, 1.0], [1.0, 0.0], [0.0, 1.0]])
    want = np.array([False, False, True, True])
    hidden = np.maximum(x @ w1 + b1, 0)
    logits = (hidden @ w2 + b2).ravel()
    if np.array_equal(np.where(want, logits > 1e-9, logits < -1e-9), [True] * 4):
        return
    linear = ((x @ w1 + b1) @ w2 + b2).ravel()
    wrong = [
        f"({a:g}, {b:g}) gets {z:+.3g}"
        for (a, b), z, yes in zip(x, logits, want, strict=True)
        if not (z > 1e-9 if yes else z < -1e-9)
    ]
    advice = (
        "No unit is ever cut off at these points, so the network is still a line: give "
        "one unit a bias that keeps it at zero for some of them."
        if np.allclose(linear, logits)
        else "(1, 0) and (0, 1) need a positive logit, the other two a negative one."
    )
    raise Hint(f"The point {_listed(wrong)}. {advice}")


def _three_numbers(theta: np.ndarray) -> None:
    if theta.shape != (3,):
        raise Hint(f"Give three numbers, w1, w2 and b; you gave {theta.size}.")


def _close(a: np.ndarray, b: np.ndarray) -> bool:
    return bool(np.allclose(a, b, atol=1e-3))


def _listed(parts: list[str]) -> str:
    return parts[0] if len(parts) == 1 else f"{', '.join(parts[:-1])} and {parts[-1]}"
