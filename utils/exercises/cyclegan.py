"""Checkers for the exercises of the chapter `generative/cyclegan`."""

from __future__ import annotations

from typing import Any

import numpy as np

from utils.exercises import Hint, exercise, expect_array, expect_result


@exercise("cyclegan-1", takes="two numbers, the cycle errors of a = 3 and of b = 5")
def there_and_back(answer: Any) -> None:
    """Check two cycle errors of linear maps on the line."""
    first, second = expect_array(answer, "the answer", shape=(2,))
    if np.isclose(first, 3.5) or np.isclose(second, 6):
        raise Hint("That is where the way ends. The error is its distance from home.")
    if first < 0 or second < 0:
        raise Hint("An error has no sign: take the absolute value.")
    if np.isclose(first, 1) and np.isclose(second, 0.5):
        raise Hint("Those are the two errors, in the other order.")
    if not np.isclose(first, 0.5):
        raise Hint("The error of a is off. First F, then G: what is G(F(3))?")
    if not np.isclose(second, 1):
        raise Hint("The error of b is off. First G, then F: what is F(G(5))?")


@exercise("cyclegan-2", takes="a function of a, b, f and g that returns a number")
def cycle_loss(answer: Any) -> None:
    """Check a cycle loss for two functions."""
    rng = np.random.default_rng(0)
    a, b = rng.normal(size=(6, 2)), rng.normal(size=(4, 2))

    def f(x: Any) -> Any:
        return 2 * x + 1

    def g(x: Any) -> Any:
        return 0.25 * x - 1

    given = expect_array(
        expect_result(answer, a.copy(), b.copy(), f, g), "the loss", shape=()
    )
    from_a, from_b = g(f(a)) - a, f(g(b)) - b
    half_a, half_b = np.abs(from_a).mean(), np.abs(from_b).mean()
    if np.isclose(given, half_a + half_b):
        return
    mistakes = [
        (half_a, "the way from B and back is missing."),
        (half_b, "the way from A and back is missing."),
        ((half_a + half_b) / 2, "add the halves, do not average them."),
        (from_a.mean() + from_b.mean(), "errors of opposite sign cancel."),
        (
            (from_a**2).mean() + (from_b**2).mean(),
            "those are squares; the loss has absolute values.",
        ),
        (
            np.abs(from_a).sum() + np.abs(from_b).sum(),
            "take the mean of each half, not the sum.",
        ),
        (
            np.abs(f(g(a)) - a).mean() + np.abs(g(f(b)) - b).mean(),
            "a point of A goes through f first, one of B through g.",
        ),
        (
            np.abs(f(a) - a).mean() + np.abs(g(b) - b).mean(),
            "that is one way only: the error is measured back home.",
        ),
    ]
    for wrong, hint in mistakes:
        if np.isclose(given, wrong):
            raise Hint(f"The loss is off: {hint}")
    raise Hint("The loss is off. Write one half, test it with f and g that do nothing.")


@exercise(
    "cyclegan-3", takes="a function of w, u and s that returns two matrices, F' and G'"
)
def other_solution(answer: Any) -> None:
    """Check the second solution that a symmetry makes of a first one."""
    rng = np.random.default_rng(1)
    w, u, s = (rng.normal(size=(3, 3)) for _ in range(3))
    result = expect_result(answer, w.copy(), u.copy(), s.copy())
    if not isinstance(result, tuple | list) or len(result) != 2:
        raise Hint("Return two matrices, that of F' and that of G'.")
    first = expect_array(result[0], "the matrix of F'", shape=(3, 3))
    second = expect_array(result[1], "the matrix of G'", shape=(3, 3))
    if np.allclose(first, s @ w):
        raise Hint(
            "F' is off: this does S first, then F. With rows, the first is on the left."
        )
    if not np.allclose(first, w @ s):
        raise Hint("F' is off. A row passes through F, and what comes out through S.")
    if np.allclose(second, u @ np.linalg.inv(s)):
        raise Hint("G' is off: S has to be undone before G, not after it.")
    if np.allclose(second, s @ u):
        raise Hint("G' is off: it has to undo S, not to do it again.")
    if np.allclose(second, s.T @ u):
        raise Hint("G' is off: the transpose undoes a rotation only. S is any matrix.")
    if not np.allclose(second, np.linalg.inv(s) @ u):
        raise Hint("G' is off. A row of B has S undone first, and then goes through G.")


@exercise("cyclegan-4", takes="four numbers: k, c of the one map, k, c of the other")
def on_the_line(answer: Any) -> None:
    """Check both linear maps between two normal distributions."""
    k, c, other_k, other_c = expect_array(answer, "the answer", shape=(4,))
    if np.allclose([k, other_k], [4, -4]):
        raise Hint("k multiplies the standard deviation; its square the variance.")
    if np.allclose([k, other_k], [-2, 2]):
        raise Hint("The increasing map comes first.")
    if not np.isclose(k, 2):
        raise Hint("k of the increasing map is off. What is the deviation of k a + c?")
    if not np.isclose(other_k, -2):
        raise Hint("k of the decreasing map is off. It has the same size.")
    if np.isclose(other_c, -3):
        raise Hint("c of the decreasing map is off: its mean has to be that of B too.")
    if not np.allclose([c, other_c], 3):
        raise Hint("c is off. The mean of a is 0. What is that of k a + c?")
