"""Checkers for the exercises of the chapter `generative/conditional_gan`."""

from __future__ import annotations

from typing import Any

import numpy as np

from utils.exercises import Hint, exercise, expect_array, expect_result


@exercise(
    "conditional_gan-1",
    takes="three numbers: D at A without labels, V without labels, V with labels",
)
def wrong_way_round(answer: Any) -> None:
    """Check what can be seen of swapped orders without and with the label."""
    given = expect_array(answer, "the answer").ravel()
    if given.shape != (3,):
        raise Hint(f"Give three numbers; you gave {given.size}.")
    at_a, hidden, shown = given
    if not np.isclose(at_a, 0.5, atol=2e-3):
        raise Hint(
            f"Without labels D at A is not {at_a:g}. How often is A seen among real "
            "pictures of both classes, and how often among made ones?"
        )
    if not np.isclose(hidden, -np.log(4), atol=2e-3):
        if np.isclose(hidden, -np.log(2), atol=2e-3):
            raise Hint("V without labels has two terms, the real and the made half.")
        if np.isclose(hidden, np.log(4), atol=2e-3):
            raise Hint("V without labels: mind the sign, logarithms of D are negative.")
        if np.isclose(hidden, -2, atol=2e-3):
            raise Hint("V without labels: the book's logarithm is the natural one.")
        raise Hint("V without labels is off. Put D = 1/2 into both of its means.")
    if not np.isclose(shown, 0, atol=2e-3):
        if np.isclose(shown, -np.log(4), atol=2e-3):
            raise Hint("With labels D sees pairs. Is a pair such as (A, 1) ever made?")
        if np.isclose(shown, np.log(2), atol=2e-3):
            raise Hint(
                "V with labels: log 2 is the divergence. V is -log 4 plus twice that."
            )
        raise Hint("V with labels is off. For which pairs can D be wrong at all?")


@exercise(
    "conditional_gan-2",
    takes="a function of share, real and fake that returns a number",
)
def best_value(answer: Any) -> None:
    """Check the value of the game at the best discriminator with labels."""
    rng = np.random.default_rng(0)
    for classes, places, case in ((1, 4, "one class"), (3, 5, "three classes")):
        share = rng.dirichlet(np.ones(classes))
        real, fake = rng.dirichlet(np.ones(places), size=(2, classes))
        result = expect_result(answer, share.copy(), real.copy(), fake.copy())
        given = expect_array(result, "the value")
        if given.shape != ():
            raise Hint(
                "The value is one number: sum over the pictures, then take the mean "
                f"over the classes. Yours has shape {given.shape}."
            )
        divergence = _js(real, fake)
        right = -np.log(4) + 2 * share @ divergence
        if np.isclose(given, right, atol=1e-9):
            continue
        mixtures = -np.log(4) + 2 * _js(share @ real, share @ fake)
        mistakes = [
            (mixtures, "that is the game of the mixtures, without labels."),
            (
                -np.log(4) + 2 * divergence.mean(),
                "classes are not equally frequent: weight them by share.",
            ),
            (-np.log(4) + 2 * divergence.sum(), "take a mean over classes, no sum."),
            (share @ divergence, "that is the divergence; V is -log 4 plus twice it."),
            (-np.log(4) + share @ divergence, "the divergence enters twice."),
            (2 * share @ divergence, "the constant, -log 4, is missing."),
        ]
        for wrong, hint in mistakes:
            if np.isclose(given, wrong, atol=1e-9):
                raise Hint(f"For {case}: {hint}")
        raise Hint(
            f"For {case} you get {float(given):.4f}, which is off. Compute the "
            "divergence in each row first, then weight the rows."
        )


@exercise("conditional_gan-3", takes="three whole numbers, in the order a, b, c")
def label_costs(answer: Any) -> None:
    """Check the number of parameters that a label needs in three places."""
    given = expect_array(answer, "the answer").ravel()
    if given.shape != (3,):
        raise Hint(f"Give three numbers; you gave {given.size}.")
    mistakes: dict[str, dict[float, str]] = {
        "a": {
            1024: "one row of weights for each of the ten entries of the label.",
            11264: "the layer's bias is there without the label too.",
            10: "each entry of the label is connected to all outputs.",
        },
        "b": {
            500: "that is the table; the dense layer grows too.",
            51200: "that is the dense layer; the table has parameters too.",
            512500: "the appended row has 50 numbers, not 500.",
            10740: "the appended row has 50 numbers, not 10.",
        },
        "c": {
            128: "each class has a row of its own.",
            1290: "the projection has no bias for each class.",
            1408: "the weights of the logit without label are there anyway.",
            1409: "the weights of the logit without label are there anyway.",
        },
    }
    for name, value, right in zip("abc", given, (10240, 51700, 1280), strict=True):
        if value != right:
            hint = mistakes[name].get(
                float(value), "which arrays exist, or are larger, because of the label?"
            )
            raise Hint(f"({name}) is not {value:g}: {hint}")


@exercise(
    "conditional_gan-4",
    takes="a function of h, w, b and e that returns an array (N, K)",
)
def all_logits(answer: Any) -> None:
    """Check the projection logits of each example with each label."""
    rng = np.random.default_rng(1)
    for n, k in ((5, 3), (3, 3)):
        h, w = rng.normal(size=(n, 4)), rng.normal(size=(4, 1))
        e, b = rng.normal(size=(k, 4)), 0.7
        result = expect_result(answer, h.copy(), w.copy(), b, e.copy())
        given = expect_array(result, "the table of logits")
        right = h @ w + b + h @ e.T
        if given.shape != right.shape:
            raise Hint(
                f"For {n} pictures and {k} labels the shape should be {right.shape}, "
                f"not {given.shape}: a row per picture, a column per label."
            )
        if np.allclose(given, right):
            continue
        mistakes = [
            (h @ e.T, "the logit without label, h @ w + b, is missing."),
            (h @ w + h @ e.T, "the bias is missing."),
            (right.T, "rows and columns are exchanged."),
            (
                h @ w + b + np.zeros((n, k)),
                "the product with the label's row is missing.",
            ),
            (1 / (1 + np.exp(-right)), "logits are asked for, no sigmoid."),
        ]
        for wrong, hint in mistakes:
            if wrong.shape == given.shape and np.allclose(given, wrong):
                raise Hint(f"For {n} pictures and {k} labels: {hint}")
        raise Hint(
            f"For {n} pictures and {k} labels the values are off. Entry (n, k) is "
            "h[n] @ w + b plus the product of h[n] with e[k]."
        )


def _js(p: np.ndarray, q: np.ndarray) -> np.ndarray:
    m = (p + q) / 2
    return 0.5 * (p * np.log(p / m) + q * np.log(q / m)).sum(axis=-1)
