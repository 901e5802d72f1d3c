"""Checkers for the exercises of the chapter `foundations/regularization`."""

from __future__ import annotations

from typing import Any

import numpy as np

from utils import scratch
from utils.exercises import Hint, exercise, expect_array, expect_result


@exercise("regularization-1", takes="four numbers in the order a, b, c, d")
def shrunk_mean(answer: Any) -> None:
    """Check the variance, best factor, error and squared bias of a shrunk mean."""
    given = expect_array(answer, "the answer").ravel()
    if given.shape != (4,):
        raise Hint(f"Give four numbers, a to d; you gave {given.size}.")
    right = np.array([1.0, 0.8, 0.8, 0.16])
    mistakes: dict[str, dict[float, str]] = {
        "a": {
            4: "that is the variance of one measurement. The mean of four has less.",
            0.5: "that is the standard deviation of something; the variance is asked.",
            2: "dividing by the root of N gives deviations. Variances divide by N.",
        },
        "b": {
            0.5: "use the variance of the mean, not that of one measurement.",
            0.2: "that is how much is taken away, 1 - s.",
            1: "without shrinking there is no bias, but the error is not the least.",
        },
        "c": {
            1: "that is the error without shrinking.",
            0.64: "that is the variance alone; the bias² is missing.",
            0.16: "that is the bias² alone; the variance is missing.",
        },
        "d": {
            0.4: "that is the size of the bias; square it.",
            -0.4: "that is the bias; square it.",
            0.64: "that is the variance, s² times (a).",
            0.04: "the bias is (s - 1) times the true value, 2.",
        },
    }
    for name, value, wanted in zip("abcd", given, right, strict=True):
        if np.isclose(value, wanted, atol=1e-6):
            continue
        hint = "go back to the error as a function of s, bias² plus variance."
        for wrong, words in mistakes[name].items():
            if np.isclose(value, wrong):
                hint = words
        raise Hint(f"({name}) is not {value:g}: {hint}")


@exercise("regularization-2", takes="an array of shape (2, 3): L2, then L1")
def multiply_or_subtract(answer: Any) -> None:
    """Check the minima of a diagonal quadratic loss with L2 and with L1."""
    given = expect_array(answer, "the answer", (2, 3))
    best, curvature = np.array([3.0, -1.0, 0.2]), np.array([1.0, 2.0, 4.0])
    l2 = curvature / (curvature + 1) * best
    l1 = np.sign(best) * np.maximum(np.abs(best) - 1 / curvature, 0)
    if np.allclose(given, [l2, l1], atol=2e-3):
        return
    if np.allclose(given, [l1, l2], atol=2e-3):
        raise Hint("The two rows are exchanged: L2 comes first.")
    if not np.allclose(given[0], l2, atol=2e-3):
        if np.allclose(given[0], best / (curvature + 1), atol=2e-3):
            raise Hint("L2: 1 / (λ + α) is what is lost for α = 1; λ / (λ + α) stays.")
        if np.allclose(given[0], best / 2, atol=2e-3):
            raise Hint("L2: each entry has a factor of its own, from its own λ.")
        if np.allclose(given[0], curvature / (curvature + 2) * best, atol=2e-3):
            raise Hint("L2: the penalty is α/2 times the square; its slope is α w.")
        raise Hint("L2: multiply each entry of w* by λ / (λ + α), with its own λ.")
    if np.allclose(given[1], np.sign(best) * (np.abs(best) - 1 / curvature)):
        raise Hint("L1: the third entry has changed its sign. Can that be the minimum?")
    if np.allclose(given[1], np.sign(best) * np.maximum(np.abs(best) - 1, 0)):
        raise Hint("L1: you subtract α from each. A steep direction gives way less.")
    if np.allclose(given[1], best - 1 / curvature):
        raise Hint("L1: move towards zero, which for the second entry means upwards.")
    raise Hint("L1: move each entry towards zero by α / λ, and stop at zero.")


@exercise(
    "regularization-3",
    takes="a function of x (N, C, H, W), p and rng that returns an array like x",
)
def spatial_dropout(answer: Any) -> None:
    """Check dropout of whole feature maps."""
    x = np.random.default_rng(3).uniform(1, 2, size=(60, 50, 3, 2))
    before = x.copy()
    for p in (0.25, 0.6):
        result = expect_result(answer, x, p, np.random.default_rng(1))
        if not np.array_equal(x, before):
            raise Hint("Your function changes x itself. Return a new array.")
        given = expect_array(result, "the result", x.shape)
        factor = given / x
        zero = np.asarray(np.isclose(factor, 0))
        if not zero.any():
            raise Hint(f"With p = {p} nothing is zero. Which maps are dropped?")
        whole = zero.all(axis=(2, 3)) == zero.any(axis=(2, 3))
        if not whole.all():
            raise Hint(
                "Some maps are dropped in part. Draw one random number for each map, "
                "in an array that broadcasts over H and W."
            )
        maps = np.asarray(zero.all(axis=(2, 3)))  # (N, C)
        if np.all(maps == maps[:1]) or np.all(maps == maps[:, :1]):
            raise Hint(
                "All examples, or all channels, share their draws. Each map of each "
                "example needs its own."
            )
        share = maps.mean()
        if abs(share - p) > 0.05:
            kept = " You keep with probability p." if abs(1 - share - p) < 0.05 else ""
            raise Hint(f"With p = {p} a share of {share:.2f} is dropped.{kept}")
        scale = factor[~zero]
        if np.allclose(scale, 1):
            raise Hint("What is kept is not scaled, so the mean is not kept.")
        if np.allclose(scale, 1 / p):
            raise Hint("You divide by p. Which share is left, p or 1 - p?")
        if not np.allclose(scale, 1 / (1 - p)):
            raise Hint("The factor of the kept maps is off. It must keep the mean.")


@exercise(
    "regularization-4",
    takes="a function of logits (N, K), labels (N,) and eps that returns (N, K)",
)
def smoothed_gradient(answer: Any) -> None:
    """Check the gradient of the smoothed cross-entropy."""
    rng = np.random.default_rng(4)
    for n, k, eps in ((5, 4, 0.1), (3, 7, 0.3)):
        logits, labels = rng.normal(size=(n, k)), rng.integers(0, k, n)
        result = expect_result(answer, logits.copy(), labels.copy(), eps)
        given = expect_array(result, "the gradient", (n, k))
        p, one_hot = scratch.softmax(logits), np.eye(k)[labels]
        right = (p - (1 - eps) * one_hot - eps / k) / n
        if np.allclose(given, right):
            continue
        if np.allclose(given, right * n):
            raise Hint("The loss is a mean over the batch: a factor 1/N is missing.")
        if np.allclose(given, -right):
            raise Hint("The sign is off: prediction minus target.")
        if np.allclose(given, (p - one_hot) / n):
            raise Hint("That is the gradient without smoothing.")
        others = (1 - eps) * one_hot + eps / (k - 1) * (1 - one_hot)
        if np.allclose(given, (p - others) / n):
            raise Hint(
                "You spread eps over the other classes only. Here it is spread over "
                "all K, the right one included."
            )
        if np.allclose(given, (p - (1 - eps) * one_hot) / n):
            raise Hint("Your targets do not add up to 1: where did eps go?")
        raise Hint("The values are off. Write down the targets of one row first.")


@exercise(
    "regularization-5",
    takes="a function of alpha, lr and curvature that returns a number of steps",
)
def matching_steps(answer: Any) -> None:
    """Check the number of gradient steps that matches an L2 penalty."""
    for alpha, lr, curvature in ((0.5, 0.1, 2.0), (0.1, 0.05, 8.0), (2.0, 0.2, 0.3)):
        result = expect_result(answer, alpha, lr, curvature)
        given = float(expect_array(result, "the number of steps", ()))
        right = -np.log(1 + curvature / alpha) / np.log(1 - lr * curvature)
        if np.isclose(given, right, rtol=1e-6):
            continue
        case = f"For alpha {alpha}, lr {lr} and curvature {curvature}"
        if np.isclose(given, -right):
            raise Hint(f"{case} the number is negative. The logarithm below 1 is, too.")
        if np.isclose(given, 1 / (lr * alpha)):
            raise Hint(f"{case}: 1 / (lr · alpha) is the approximation, not the match.")
        if np.isclose(given, np.round(right)) or np.isclose(given, np.ceil(right)):
            raise Hint(f"{case} you rounded. Return the number as it is.")
        if np.isclose(given, np.log(1 + curvature / alpha) / (lr * curvature)):
            raise Hint(f"{case} you approximate log(1 - lr · curvature).")
        raise Hint(
            f"{case} the steps are off. Set both factors equal and solve for k with a "
            "logarithm."
        )


@exercise("regularization-6", takes="a function of w (D, M) and c that returns (D, M)")
def max_norm(answer: Any) -> None:
    """Check the projection of each column to a largest length."""
    w = np.random.default_rng(6).normal(size=(4, 5)) * [0.2, 1, 3, 0.5, 2]
    for matrix, c in ((w, 1.5), (np.hstack([w, np.zeros((4, 1))]), 0.7)):
        argument = matrix.copy()
        result = expect_result(answer, argument, c)
        shown = np.asarray(result)
        if shown.shape == matrix.shape and np.isnan(shown.astype(float)).any():
            raise Hint("A column of zeros gives nan. Do not divide by its length.")
        given = expect_array(result, "the matrix", matrix.shape)
        right = _clipped(matrix, c, axis=0)
        if np.allclose(given, right):
            continue
        if np.allclose(given, _clipped(matrix, c, axis=1)):
            raise Hint("You limit the rows. A unit's weights are a column of W.")
        if np.allclose(given, _clipped(matrix, c, axis=None)):
            raise Hint(
                "You limit the whole matrix; each column has a limit of its own."
            )
        if np.allclose(given, np.clip(matrix, -c, c)):
            raise Hint("You limit single weights, which changes a column's direction.")
        lengths = np.linalg.norm(given, axis=0)
        if np.allclose(lengths[lengths > 0], c):
            raise Hint("Short columns are stretched to length c. Leave them alone.")
        raise Hint("The columns are off: scale those longer than c, to length c.")


def _clipped(w: np.ndarray, c: float, axis: int | None) -> np.ndarray:
    lengths = np.linalg.norm(w, axis=axis, keepdims=True)
    return w * np.minimum(1, c / np.maximum(lengths, 1e-12))
