"""Checkers for the exercises of the chapter `sequences/attention`."""

from __future__ import annotations

from typing import Any

import numpy as np

from utils import scratch
from utils.exercises import Hint, exercise, expect_array, expect_result


@exercise(
    "attention-1", takes="five numbers: the two of c, then the three of the scores"
)
def by_hand(answer: Any) -> None:
    """Check the output and the score gradients of one query over three keys."""
    given = expect_array(answer, "the answer").ravel()
    if given.shape != (5,):
        raise Hint(
            f"Give five numbers, two of the output and three gradients; you gave "
            f"{given.size}."
        )
    output, gradient = given[:2], given[2:]
    if not np.allclose(output, [1, 6], atol=1e-3):
        if np.allclose(output, [8 / 30, 216 / 30], atol=1e-2):
            raise Hint("The output is off: the scores are not divided by √d_k = 2.")
        if np.allclose(output, [8 / 3, 4], atol=1e-2):
            raise Hint(
                "The output is the plain mean of the values. Weight them: what is "
                "e to the power of log 5?"
            )
        if np.allclose(output, [8, 48], atol=1e-2):
            raise Hint("The weights must sum to one; divide by the sum of all three.")
        raise Hint(
            "The output is off. Find the three scores first, then what their "
            "exponentials are to one another."
        )
    if np.allclose(gradient, [7 / 8, -1 / 4, -5 / 8], atol=1e-3):
        return
    if np.allclose(gradient, [8, 0, 0], atol=1e-3):
        raise Hint("That is the gradient of the weights. Go on through the softmax.")
    if np.allclose(gradient, [1, 0, 0], atol=1e-3):
        raise Hint(
            "The gradient of the scores is off: from each weight's gradient the "
            "average of all three has to be subtracted first."
        )
    if np.allclose(gradient, [7, -1, -1], atol=1e-3):
        raise Hint("The gradient of the scores is off: multiply each by its weight.")
    if abs(gradient.sum()) > 1e-3:
        raise Hint("The gradients of the scores should sum to zero; yours do not.")
    raise Hint("The gradients of the scores are off. Which value helped, and how much?")


@exercise("attention-2", takes="a number, by which the product is divided")
def scale(answer: Any) -> None:
    """Check the divisor when the keys have a mean."""
    given = float(expect_array(answer, "the divisor", ()))
    if np.isclose(given, 8, atol=1e-3):
        return
    hints = {
        64: "64 is the variance. Dividing a number by c divides its variance by c².",
        4: "√d_k would do for entries of variance 1 and mean 0; here E[k²] is larger.",
        np.sqrt(48): "You took the keys' variance for E[k²]. Their mean counts too.",
        np.sqrt(32): "You took the mean of the keys, not their variance.",
        2: "That is right for one term. The sum has 16 of them.",
        16: "16 is the number of terms. How large is the variance of each?",
    }
    for wrong, hint in hints.items():
        if np.isclose(given, wrong, atol=1e-2):
            raise Hint(hint)
    raise Hint(
        "Not this number. Find E[q²k²] for one term, add up the variances of 16 terms, "
        "and take the root."
    )


@exercise(
    "attention-3",
    takes="a function of lengths and steps that returns a boolean array (N, T, T)",
)
def batch_mask(answer: Any) -> None:
    """Check a causal mask for padded sentences."""
    for lengths, steps in (([4, 2, 1], 4), ([3, 5], 5)):
        given = expect_result(answer, list(lengths), steps)
        if hasattr(given, "detach"):
            given = given.detach().cpu().numpy()
        given = np.asarray(given)
        shape = (len(lengths), steps, steps)
        if given.shape != shape:
            raise Hint(
                f"For lengths {lengths} and {steps} steps the mask should have shape "
                f"{shape}, yours has {given.shape}."
            )
        if given.dtype != bool:
            raise Hint(f"The mask should be boolean; yours is {given.dtype}.")
        causal = np.tri(steps, dtype=bool)
        real = (np.arange(steps) < np.array(lengths)[:, None])[:, None, :]
        right = causal & real
        if np.array_equal(given, right):
            continue
        full = np.ones(shape, dtype=bool)
        mistakes = [
            (~right, "It says the opposite: here True means may be seen."),
            (full & causal, "It is causal, but shows the padding of short sentences."),
            (full & real, "It hides the padding, but shows the future."),
            (
                np.tri(steps, k=-1, dtype=bool) & real,
                "A position should see itself, too: u = t is not later than t.",
            ),
            (
                causal.T & real,
                "It shows the future and hides the past: rows are queries, columns "
                "are keys.",
            ),
            (causal | real, "Both conditions must hold: combine them with and."),
            (
                causal & real.swapaxes(1, 2),
                "You hide the rows of padding. It is the keys, the columns, that must "
                "not be seen.",
            ),
        ]
        for wrong, hint in mistakes:
            if np.array_equal(given, wrong):
                raise Hint(hint)
        n, t, u = np.argwhere(given != right)[0]
        raise Hint(
            f"For lengths {lengths}, sentence {n}, query {t} and key {u} (from 0) you "
            f"say {bool(given[n, t, u])}."
        )


@exercise(
    "attention-4",
    takes="a function of q (Tq, d), k (Tk, d), v (Tk, dv) and size that returns C",
)
def attention_in_blocks(answer: Any) -> None:
    """Check attention that goes through the keys in blocks."""
    rng = np.random.default_rng(4)
    for n_keys, size, factor in ((6, 3, 1.0), (6, 6, 1.0), (7, 3, 1.0), (6, 2, 400.0)):
        q, k, v = (
            rng.normal(size=shape) for shape in ((4, 8), (n_keys, 8), (n_keys, 3))
        )
        k = k * factor
        right, _ = scratch.attention(q, k, v)
        given = expect_result(answer, q.copy(), k.copy(), v.copy(), size)
        case = f"With {n_keys} keys in blocks of {size}"
        given = np.asarray(given, dtype=float)
        if given.shape != right.shape:
            raise Hint(
                f"{case} C should have shape {right.shape}, yours has {given.shape}."
            )
        if not np.isfinite(given).all():
            raise Hint(
                f"{case} and scores in the hundreds there are values that are not "
                "finite. Subtract the largest score so far before you take exp."
            )
        if np.allclose(given, right):
            continue
        starts = range(0, n_keys, size)
        blocks = [(k[s : s + size], v[s : s + size]) for s in starts]
        means = [scratch.attention(q, kb, vb)[0] for kb, vb in blocks]
        if np.allclose(given, np.mean(means, axis=0)):
            raise Hint(
                f"{case} you average the blocks' outputs. A block counts by the sum of "
                "its exponentials."
            )
        if np.allclose(given, np.sum(means, axis=0)):
            raise Hint(f"{case} you add outputs that are normalised already.")
        whole = n_keys // size * size
        if np.allclose(given, scratch.attention(q, k[:whole], v[:whole])[0]):
            raise Hint(f"{case} the last, shorter block is left out.")
        if np.allclose(given, scratch.attention(q * np.sqrt(8), k, v)[0]):
            raise Hint("The scores are not divided by the root of the width.")
        raise Hint(
            f"{case} the values are off. When the largest score grows from a to b, "
            "what you carry was computed with exp(s - a) and must become exp(s - b)."
        )


@exercise(
    "attention-5", takes="a function of width and n_heads that returns a whole number"
)
def head_parameters(answer: Any) -> None:
    """Check the parameter count of multi-head self-attention."""
    for width, heads in ((12, 3), (64, 8), (10, 1)):
        given = float(
            expect_array(expect_result(answer, width, heads), "the count", ())
        )
        right = 4 * width * width + 4 * width
        if given == right:
            continue
        case = f"For width {width} and {heads} heads"
        hints = [
            (4 * width * width, "the biases are missing."),
            (3 * width * width + 3 * width, "the output projection is missing."),
            (heads * right, "each head has only width / n_heads columns."),
            (
                heads * 3 * (width * width + width) + width * width + width,
                "each head has only width / n_heads columns.",
            ),
            (
                3 * width * width // heads + 3 * width // heads + width * width + width,
                "you count one head. There are n_heads of them, side by side.",
            ),
        ]
        for wrong, hint in hints:
            if given == wrong:
                raise Hint(f"{case}: {hint}")
        raise Hint(
            f"{case} there are {right:,} parameters; you count {given:,.0f}. There are "
            "four linear layers. What does each turn into what?"
        )


@exercise(
    "attention-6",
    takes="a function of ds, q, k and w that returns the three arrays dq, dk, dw",
)
def additive_backward(answer: Any) -> None:
    """Check the backward of the additive score."""
    rng = np.random.default_rng(6)
    q, k, w = rng.normal(size=(3, 5)), rng.normal(size=(4, 5)), rng.normal(size=5)
    ds = rng.normal(size=(3, 4))
    result = expect_result(answer, ds.copy(), q.copy(), k.copy(), w.copy())
    if not isinstance(result, (tuple, list)) or len(result) != 3:
        raise Hint("Return three arrays, dq, dk, dw, in this order.")
    a = np.tanh(q[:, None] + k[None])
    dz = ds[..., None] * w * (1 - a**2)
    right = {
        "dq": dz.sum(axis=1),
        "dk": dz.sum(axis=0),
        "dw": (ds[..., None] * a).sum(axis=(0, 1)),
    }
    no_slope = ds[..., None] * w * np.ones_like(a)
    slips = {
        "dq": [
            (no_slope.sum(axis=1), "the slope of tanh, 1 - tanh², is missing."),
            ((ds[..., None] * (1 - a**2)).sum(axis=1), "w is missing."),
            ((no_slope * (1 - a)).sum(axis=1), "the slope of tanh is 1 - tanh²."),
        ],
        "dk": [
            (no_slope.sum(axis=0), "the slope of tanh, 1 - tanh², is missing."),
            ((ds[..., None] * (1 - a**2)).sum(axis=0), "w is missing."),
        ],
        "dw": [
            (
                (ds[..., None] * (1 - a**2)).sum(axis=(0, 1)),
                "S depends on w through tanh itself, not through its slope.",
            ),
            (a.sum(axis=(0, 1)), "ds is missing."),
        ],
    }
    for (name, wanted), array in zip(right.items(), result, strict=True):
        given = expect_array(array, name)
        if given.shape != wanted.shape:
            raise Hint(
                f"{name} should have shape {wanted.shape}, yours has {given.shape}. "
                "Sum over the pairs in which it takes part."
            )
        if np.allclose(given, wanted):
            continue
        for wrong, hint in slips[name]:
            if np.allclose(given, wrong):
                raise Hint(f"{name} is off: {hint}")
        raise Hint(f"{name} is off. Which scores does it touch, and by what factor?")
