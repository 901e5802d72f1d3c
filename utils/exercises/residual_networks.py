"""Checkers for the exercises of the chapter `vision/residual_networks`."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

import numpy as np

from utils.exercises import Hint, exercise, expect_array, expect_result


@exercise(
    "residual_networks-1", takes="the gradient with respect to the values, four numbers"
)
def pencil(answer: Any) -> None:
    """Check the input gradient of batch normalisation on four values."""
    given = expect_array(answer, "the gradient").ravel()
    if given.shape != (4,):
        raise Hint(f"Give four numbers, one for each value; you gave {given.size}.")
    x, delta = np.array([1.0, 3, 5, 7]), np.array([1.0, 0, 0, 0])

    def gradient(
        gamma: float = 2.0, mean: bool = True, along: bool = True, ddof: int = 0
    ) -> np.ndarray:
        s = x.std(ddof=ddof)
        x_hat = (x - x.mean()) / s
        rest = delta - mean * delta.mean() - along * x_hat * (delta * x_hat).mean()
        return gamma / s * rest

    if np.allclose(given, gradient(), atol=2e-3):
        return
    mistakes = [
        (gradient(gamma=1.0), "The scale γ is missing: it multiplies everything."),
        (
            gradient(mean=False),
            "The mean of δ is missing. Adding a number to all four values changes no "
            "output, so the four entries must add up to zero.",
        ),
        (
            gradient(along=False),
            "The part along x̂ is missing: the variance depends on the values too.",
        ),
        (
            gradient(mean=False, along=False),
            "That takes mean and variance for constants, as in inference. In training "
            "both depend on all four values.",
        ),
        (
            gradient(ddof=1),
            "Divide the sum of squares by 4, not by 3: normalisation uses the biased "
            "variance.",
        ),
        (
            gradient() * x.std() / x.var(),
            "Divide by the standard deviation s = √v, not by the variance.",
        ),
        (-gradient(), "All signs are turned."),
    ]
    for wrong, hint in mistakes:
        if np.allclose(given, wrong, atol=2e-3):
            raise Hint(hint)
    if abs(given.sum()) > 1e-2:
        raise Hint(
            f"The four numbers add up to {given.sum():.3g}. Adding the same number to "
            "all values changes no output: what must the sum be?"
        )
    raise Hint(
        "The sum is right. Compute x̂ first, then the mean of δ and the mean of δ·x̂, "
        "and put them into the formula."
    )


@exercise(
    "residual_networks-2",
    takes="a function of inputs, channels and stride that returns a number",
)
def bottleneck_count(answer: Any) -> None:
    """Check the number of parameters of a bottleneck block."""

    def right(
        c: int, n: int, stride: int, norms: bool = True, way: str = "as needed"
    ) -> int:
        outputs = 4 * n
        total = c * n + 9 * n * n + n * outputs + norms * 2 * (2 * n + outputs)
        needed = {
            "as needed": c != outputs or stride != 1,
            "never": False,
            "always": True,
            "by stride": stride != 1,
            "by channels": c != outputs,
        }[way]
        return total + needed * (c * outputs + norms * 2 * outputs)

    cases = [(64, 16, 1), (256, 64, 1), (64, 64, 1), (256, 128, 2), (32, 8, 2)]
    given = [_number(expect_result(answer, *case), "the count") for case in cases]

    def is_like(f: Callable[..., float]) -> bool:
        return all(a == f(*case) for a, case in zip(given, cases, strict=True))

    if is_like(right):
        return
    mistakes: list[tuple[Callable[..., float], str]] = [
        (
            lambda c, n, s: right(c, n, s, norms=False),
            "The normalisations are missing: each has two numbers for each channel.",
        ),
        (
            lambda c, n, s: right(c, n, s, way="never"),
            "The way round is missing. Where the shapes differ it has a 1 × 1 "
            "convolution and a normalisation.",
        ),
        (
            lambda c, n, s: right(c, n, s, way="always"),
            "The way round has parameters only where input and output differ in shape.",
        ),
        (
            lambda c, n, s: right(c, n, s, way="by stride"),
            "A stride is not the only reason for a convolution on the way round: in "
            "the first stage of ResNet-50 it is the channels.",
        ),
        (
            lambda c, n, s: right(c, n, s, way="by channels"),
            "With a stride the picture shrinks, so the way round needs its "
            "convolution even if the channels agree.",
        ),
        (
            lambda c, n, stride: (
                right(c, n, stride) - (c != 4 * n or stride != 1) * 8 * n
            ),
            "The convolution on the way round is followed by a normalisation too.",
        ),
        (
            lambda c, n, stride: (
                right(c, n, stride) + 6 * n + (c != 4 * n or stride != 1) * 4 * n
            ),
            "These convolutions have no biases: a normalisation follows each of them.",
        ),
    ]
    for wrong, hint in mistakes:
        if is_like(wrong):
            raise Hint(hint)
    for case, a in zip(cases, given, strict=True):
        if a != right(*case):
            inputs, channels, stride = case
            raise Hint(
                f"With inputs={inputs}, channels={channels}, stride={stride} you get "
                f"{a:,.0f}, which is {'more' if a > right(*case) else 'fewer'} than "
                "there are. Add up kernel by kernel: inputs → channels → channels → "
                "4 · channels."
            )


@exercise(
    "residual_networks-3",
    takes="a function of w, gamma, beta, mean, var and eps that returns w and b",
)
def folding(answer: Any) -> None:
    """Check a normalisation folded into the convolution before it."""
    rng = np.random.default_rng(3)
    w = rng.normal(size=(4, 3, 2, 2))
    gamma, beta, mean = rng.normal(size=(3, 4))
    var, eps = rng.uniform(0.5, 2, size=4), 0.1
    result = expect_result(answer, w, gamma, beta, mean, var, eps)
    if not isinstance(result, (tuple, list)) or len(result) != 2:
        raise Hint("Return two arrays: the new weights, and the bias.")
    given_w = expect_array(result[0], "the new weights")
    given_b = expect_array(result[1], "the bias")
    if given_w.shape != w.shape:
        raise Hint(
            f"The new weights have shape {given_w.shape}, the old ones {w.shape}. One "
            "factor for each filter: factor[:, None, None, None]."
        )
    if given_b.shape != (4,):
        raise Hint(f"The bias has shape {given_b.shape}; it needs a number a filter.")
    factor = gamma / np.sqrt(var + eps)

    def scaled(f: np.ndarray) -> np.ndarray:
        return w * f[:, None, None, None]

    if not np.allclose(given_w, scaled(factor)):
        for wrong, hint in (
            (gamma / np.sqrt(var), "eps is missing: the root is of var + eps."),
            (gamma / (np.sqrt(var) + eps), "eps belongs under the root."),
            (gamma / (var + eps), "Divide by the standard deviation: take the root."),
            (1 / np.sqrt(var + eps), "The scale γ is missing in the weights."),
            (np.ones(4), "The weights must change too, not only the bias."),
        ):
            if np.allclose(given_w, scaled(wrong)):
                raise Hint(hint)
        if np.allclose(given_w, w * factor[None, :1, None, None]):
            raise Hint("Each filter has its own factor.")
        raise Hint(
            "The weights are off. Write γ(w⋆x - mean)/√(var + eps) + β, and collect "
            "what multiplies x."
        )
    for wrong_b, hint in (
        (beta, "The mean is missing from the bias: it is scaled along with the rest."),
        (beta - mean, "The mean is subtracted before the scaling, so scale it too."),
        (beta + mean * factor, "The mean is subtracted, not added."),
        (-mean * factor, "The shift β is missing from the bias."),
    ):
        if np.allclose(given_b, wrong_b) and not np.allclose(
            given_b, beta - mean * factor
        ):
            raise Hint(hint)
    if not np.allclose(given_b, beta - mean * factor):
        raise Hint("The weights are right. The bias is what is left where x = 0.")


@exercise(
    "residual_networks-4",
    takes="a function of n_blocks and rho that returns n_blocks + 1 shares",
)
def paths(answer: Any) -> None:
    """Check the shares of the gradient by length of path."""
    for n, rho in ((3, 0.5), (16, 0.25), (10, 1.0), (6, 2.0)):
        given = expect_array(expect_result(answer, n, rho), "the shares")
        if given.shape != (n + 1,):
            raise Hint(
                f"For {n} blocks there are {n + 1} lengths, 0 to {n}; your result has "
                f"shape {given.shape}."
            )
        k = np.arange(n + 1)
        ways = np.array([math.comb(n, j) for j in k], dtype=float)
        if np.allclose(given, ways * rho**k / (1 + rho) ** n):
            continue
        if np.allclose(given, ways * rho**k):
            raise Hint(
                "These are the squared gradients by length. Divide by their sum to "
                "get shares."
            )
        if np.allclose(given, ways / 2**n) and rho != 1:
            raise Hint(
                "That is the share of the paths. A path of length k counts with ρᵏ."
            )
        if np.allclose(given, rho**k / np.sum(rho**k)) or np.allclose(given, rho**k):
            raise Hint("There are many paths of the same length. How many?")
        root = ways * rho ** (k / 2)
        squared = ways**2 * rho**k
        if np.allclose(given, root / root.sum()):
            raise Hint("ρ is the factor of the squared length; do not take its root.")
        if np.allclose(given, squared / squared.sum()):
            raise Hint(
                "You squared the number of paths. The mixed terms of different paths "
                "are zero on average, so the squares add."
            )
        if not np.isclose(given.sum(), 1):
            raise Hint(
                f"The shares must add up to 1; yours add up to {given.sum():.4g}."
            )
        raise Hint(
            f"For {n} blocks and ρ = {rho} the shares are off. Count the paths of "
            "length k, and multiply by what one of them brings."
        )


@exercise(
    "residual_networks-5",
    takes="a function of x, groups, gamma, beta and eps that returns x's shape",
)
def group_normalisation(answer: Any) -> None:
    """Check group normalisation."""
    rng = np.random.default_rng(5)
    n, c, groups, eps = 3, 6, 2, 0.05
    x = rng.normal(size=(n, c, 4, 5)) * rng.uniform(0.5, 3, size=(n, c, 1, 1)) + 2
    gamma, beta = rng.normal(size=(2, c))
    before = x.copy()
    given = expect_array(
        expect_result(answer, x, groups, gamma, beta, eps), "the output"
    )
    if not np.array_equal(x, before):
        raise Hint("Your function changes x. Make a new array.")
    if given.shape != x.shape:
        raise Hint(f"The output has shape {given.shape}; it must have x's, {x.shape}.")

    def scale(x_hat: np.ndarray) -> np.ndarray:
        return gamma[:, None, None] * x_hat.reshape(x.shape) + beta[:, None, None]

    def standardised(
        parts: np.ndarray, axes: tuple[int, ...], outside: bool = False, ddof: int = 0
    ) -> np.ndarray:
        centred = parts - parts.mean(axis=axes, keepdims=True)
        var = parts.var(axis=axes, keepdims=True, ddof=ddof)
        return centred / (np.sqrt(var) + eps if outside else np.sqrt(var + eps))

    parts = x.reshape(n, groups, c // groups, 4, 5)
    right = standardised(parts, (2, 3, 4))
    if np.allclose(given, scale(right)):
        return
    strided = x.reshape(n, c // groups, groups, 4, 5)
    mistakes = [
        (
            scale(standardised(x, (0, 2, 3))),
            "That is batch normalisation: the mean "
            "still runs over the examples. Each example is standardised by itself.",
        ),
        (
            scale(standardised(parts, (0, 2, 3, 4))),
            "The mean still runs over the "
            "examples. Each example is standardised by itself.",
        ),
        (
            scale(standardised(x, (2, 3))),
            "Each channel has its own statistics in "
            "yours; the channels of a group share theirs.",
        ),
        (scale(standardised(x, (1, 2, 3))), "All channels are in one group in yours."),
        (
            scale(standardised(strided, (1, 3, 4))),
            "The channels of a group are "
            "neighbours: 0, 1, 2 and 3, 4, 5 here, not every second one.",
        ),
        (
            scale(standardised(parts, (2,))),
            "Mean and variance run over the pixels "
            "too, not only over the channels of a group.",
        ),
        (
            right.reshape(x.shape),
            "Scale and shift are missing: γ and β, for each channel.",
        ),
        (
            scale(standardised(parts, (2, 3, 4), outside=True)),
            "eps belongs under the root, with the variance.",
        ),
        (
            scale(standardised(parts, (2, 3, 4), ddof=1)),
            "Use the biased variance, the plain mean of the squares.",
        ),
    ]
    for wrong, hint in mistakes:
        if np.allclose(given, wrong):
            raise Hint(hint)
    raise Hint(
        "The numbers are off. Reshape to (N, groups, C/groups·H·W), standardise over "
        "the last axis, go back to x's shape, then scale and shift each channel."
    )


def _number(value: Any, name: str) -> float:
    return float(expect_array(value, name, ()))
