"""Checkers of the chapter foundations/training."""

from __future__ import annotations

import copy
import math
from typing import Any

import numpy as np

from utils.exercises import Hint, exercise, expect_array, expect_result


@exercise("training-1", takes="three numbers: θ after two steps of (a), (b) and (c)")
def two_steps(answer: Any) -> None:
    """Check two steps of momentum, Nesterov's momentum and Adam on g = 4θ."""
    found = expect_array(answer, "the answer").ravel()
    if found.shape != (3,):
        raise Hint(f"Give three numbers, for a, b and c; you gave {found.size}.")
    right = (0.16, 0.06, _adam_by_hand())
    mistakes: list[dict[float, str]] = [
        {
            0.36: "that is plain descent. In the second step half of v is still there.",
            0.6: "that is after one step.",
            0.28: "v is the sum βv + g here, without a factor 1 - β before g.",
            0.54: "v is the sum βv + g here, without a factor 1 - β before g.",
        },
        {
            0.16: "that is ordinary momentum. The step is along g + βv with the new v.",
            0.4: "that is after one step.",
            0.24: "the step is along g + βv, and v on the right is the new one.",
        },
        {
            0.9: "that is after one step.",
            round(_adam_by_hand(corrected=False), 4): "the bias corrections are missing"
            "; even the first step should be exactly 0.1.",
            round(_adam_by_hand(root=False), 4): "the root of v̂ is missing.",
            0.8: "the second step is not quite as long as the first: m̂ and v̂ average "
            "two different gradients.",
        },
    ]
    for name, given, wanted, known in zip("abc", found, right, mistakes, strict=True):
        if np.isclose(given, wanted, atol=6e-4):
            continue
        for wrong, hint in known.items():
            if np.isclose(given, wrong, atol=2e-4):
                raise Hint(f"({name}) is not {given:g}: {hint}")
        raise Hint(
            f"({name}) is not {given:g}. Write down g, v (and m) and θ after "
            "each step; the second gradient is 4 times the θ of the first step."
        )


@exercise("training-2", takes="a function of z and y that returns the mean loss and dz")
def poisson_loss(answer: Any) -> None:
    """Check the Poisson negative log-likelihood and its gradient."""
    z, y = np.array([0.3, -1.0, 2.0, 0.0]), np.array([1.0, 0.0, 9.0, 3.0])
    result = expect_result(answer, z.copy(), y.copy())
    if not isinstance(result, (tuple, list)) or len(result) != 2:
        raise Hint("Your function should return two things, the mean loss and dz.")
    loss = float(expect_array(result[0], "the mean loss", ()))
    dz = expect_array(result[1], "dz", z.shape)
    right, d_right = np.mean(np.exp(z) - y * z), (np.exp(z) - y) / len(z)
    constant = np.mean([math.lgamma(count + 1) for count in y])
    for wrong, hint in (
        (right + constant, "It contains log y!, which does not depend on z."),
        (-right, "Its sign is flipped: it is the *negative* log-likelihood."),
        (right * len(z), "That is the sum over the examples, not the mean."),
        (
            np.mean(z - y * np.log(np.abs(z) + 1e-300)),
            "You use z as the rate. The rate is μ = e^z, so log μ = z.",
        ),
    ):
        if np.isclose(loss, wrong):
            raise Hint(f"The loss is off. {hint}")
    if not np.isclose(loss, right):
        raise Hint(
            "The loss is off. Take -log of μ^y e^(-μ)/y! and put in μ = e^z, log μ = z."
        )
    for wrong, hint in (
        (d_right * len(z), "The mean has a factor 1/N, and so has its gradient."),
        (-d_right, "Its sign is flipped: what the model expects comes first."),
        ((z - y) / len(z), "The model expects e^z, not z."),
        (np.exp(z) / len(z), "The term y z depends on z too."),
    ):
        if np.allclose(dz, wrong):
            raise Hint(f"The loss is right, dz is off. {hint}")
    if not np.allclose(dz, d_right):
        raise Hint("The loss is right, dz is off. Compare with the table's pattern.")


@exercise("training-3", takes="a function of curvature and beta that returns a number")
def nesterov_bound(answer: Any) -> None:
    """Check the largest learning rate of Nesterov's momentum."""
    for curvature, beta in ((1.0, 0.0), (50.0, 0.9), (3.0, 0.5)):
        given = float(
            expect_array(
                expect_result(answer, curvature, beta), "the learning rate", ()
            )
        )
        right = (2 + 2 * beta) / (1 + 2 * beta) / curvature
        if np.isclose(given, right):
            continue
        case = f"For curvature {curvature:g} and beta {beta:g}"
        if np.isclose(given, right * curvature):
            raise Hint(f"{case} that is ηλ. Divide by the curvature.")
        if np.isclose(given, 2 * (1 + beta) / curvature):
            raise Hint(
                f"{case} that is the bound of ordinary momentum. Nesterov's recursion "
                "has 1 - ηλ before both terms."
            )
        if np.isclose(given, 2 / curvature):
            raise Hint(f"{case} that is the bound without momentum.")
        raise Hint(
            f"{case} it should be another number than {given:.4g}. Put e = r^t into "
            "the recursion, set r = -1 and solve for ηλ."
        )


@exercise(
    "training-4", takes="a step function adagrad(w, g, state, lr, eps) that returns w"
)
def adagrad(answer: Any) -> None:
    """Check AdaGrad over several steps."""
    rng = np.random.default_rng(4)
    gradients = rng.normal(size=(5, 3)) + 0.5
    state: dict[str, Any] = {}
    given = np.zeros(3)
    right, total = np.zeros(3), np.zeros(3)
    for t, g in enumerate(gradients, start=1):
        result = expect_result(answer, given.copy(), g.copy(), state, 0.1)
        given = expect_array(result, "the new w", (3,))
        total += g**2
        right = right - 0.1 * g / (np.sqrt(total) + 1e-10)
        if np.allclose(given, right, rtol=1e-5):
            continue
        if not state:
            raise Hint("Nothing is kept in `state`, so the sum starts anew each time.")
        if t == 1 and np.allclose(given, -right):
            raise Hint("The step goes up the gradient. It is subtracted.")
        if t == 1 and np.allclose(given, -0.1 / g, rtol=1e-5):
            raise Hint("The square root of v is missing.")
        if t == 1 and np.allclose(given, 10 * right, rtol=1e-3):
            raise Hint("That is RMSProp's average, with its first step ten times long.")
        if t == 1:
            raise Hint(
                "The first step is off. With v = g² its length should be the learning "
                "rate, for every parameter."
            )
        if t == 2 and np.allclose(
            given, -0.1 * np.sign(gradients[:2]).sum(axis=0), rtol=1e-5
        ):
            raise Hint("v holds the last square alone. Add it to what was there.")
        raise Hint(
            f"The first step is right, step {t} is not. v is the sum of all squares so "
            "far; nothing is forgotten and nothing is divided by t."
        )


@exercise("training-5", takes="a function of grads (a dictionary) and limit")
def clip_by_norm(answer: Any) -> None:
    """Check gradient clipping by the norm of all arrays together."""
    grads = {"w": np.array([[3.0, 0.0], [4.0, 0.0]]), "b": np.array([7.2, 9.6])}
    before = copy.deepcopy(grads)
    given = _clipped(answer, grads, 6.5)
    if any(not np.array_equal(grads[k], before[k]) for k in grads):
        raise Hint("Your function changes its argument. Make new arrays.")
    wrongs = (
        (
            {k: np.clip(g, -6.5, 6.5) for k, g in grads.items()},
            "Each entry is clipped by itself, which turns the gradient. Multiply all "
            "entries by one factor.",
        ),
        (
            {k: g * min(1, 6.5 / np.linalg.norm(g)) for k, g in grads.items()},
            "Each array is clipped by its own norm. The norm is that of all arrays "
            "together.",
        ),
        (
            {k: g / 13 for k, g in grads.items()},
            "The result has length 1. It should have length `limit`.",
        ),
        (
            {k: g * 6.5 / 169 for k, g in grads.items()},
            "You divide by the squared norm: take the root of the sum of squares.",
        ),
        (
            {k: g * 6.5 / 17 for k, g in grads.items()},
            "You added up the arrays' norms. Add up their squares, then take the root.",
        ),
        (grads, "Gradients longer than the limit are returned as they are."),
    )
    if not _same(given, {k: g / 2 for k, g in grads.items()}):
        for wrong, hint in wrongs:
            if _same(given, wrong):
                raise Hint(hint)
        raise Hint(
            "For gradients of length 13 and a limit of 6.5, everything should be "
            "halved; yours is something else."
        )
    if not _same(_clipped(answer, grads, 20.0), grads):
        raise Hint("Gradients shorter than the limit should stay as they are.")
    zeros = {"w": np.zeros(3)}
    if not _same(_clipped(answer, zeros, 1.0), zeros):
        raise Hint("Gradients that are all zero should stay zero.")


@exercise(
    "training-6", takes="a function of share and confidence that returns a whole number"
)
def trials_needed(answer: Any) -> None:
    """Check the number of random trials that hit the good share."""
    for share, confidence in ((0.05, 0.95), (0.1, 0.9), (0.01, 0.99)):
        given = float(
            expect_array(expect_result(answer, share, confidence), "the number", ())
        )
        exact = math.log(1 - confidence) / math.log(1 - share)
        right = math.ceil(exact)
        if given == right:
            continue
        case = f"For a share of {share:g} and a confidence of {confidence:g}"
        if given == right - 1:
            raise Hint(f"{case}, {given:g} are one too few: round up.")
        if np.isclose(given, exact):
            raise Hint(f"{case} your number is not whole. Round it up.")
        if given in (round(1 / share), round(confidence / share)):
            raise Hint(
                f"{case} you took the *mean* number of good ones to be about one. With "
                "that many trials you still miss with a probability of about a third."
            )
        if math.isclose(given, math.ceil(math.log(confidence) / math.log(1 - share))):
            raise Hint(f"{case}: the probability of missing is 1 - confidence.")
        if np.isclose(
            abs(given), math.ceil(math.log(1 - confidence) / math.log(share))
        ):
            raise Hint(f"{case}: a single trial misses with probability 1 - share.")
        raise Hint(
            f"{case}, {given:g} is not it. With which probability do n trials all miss?"
        )


def _adam_by_hand(corrected: bool = True, root: bool = True) -> float:
    theta, m, v = 1.0, 0.0, 0.0
    for t in (1, 2):
        g = 4 * theta
        m, v = 0.5 * m + 0.5 * g, 0.75 * v + 0.25 * g * g
        m_hat = m / (1 - 0.5**t) if corrected else m
        v_hat = v / (1 - 0.75**t) if corrected else v
        theta -= 0.1 * m_hat / (math.sqrt(v_hat) if root else v_hat)
    return theta


def _clipped(
    answer: Any, grads: dict[str, np.ndarray], limit: float
) -> dict[str, np.ndarray]:
    result = expect_result(answer, grads, limit)
    if not isinstance(result, dict) or set(result) != set(grads):
        raise Hint("Return a dictionary with the same names as `grads`.")
    return {
        k: expect_array(v, f"grads[{k!r}]", grads[k].shape) for k, v in result.items()
    }


def _same(one: dict[str, np.ndarray], other: dict[str, np.ndarray]) -> bool:
    return all(np.allclose(one[k], other[k], rtol=1e-4, atol=1e-9) for k in one)
