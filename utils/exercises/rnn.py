"""Checkers for the exercises of the chapter `sequences/rnn`."""

from __future__ import annotations

from typing import Any

import numpy as np

from utils.exercises import Hint, exercise, expect_array, expect_result


@exercise("rnn-1", takes="three numbers: dL/dw, dL/dx₁ and the truncated dL/dw")
def three_steps(answer: Any) -> None:
    """Check backpropagation through three linear steps."""
    given = expect_array(answer, "the answer").ravel()
    if given.shape != (3,):
        raise Hint(f"Give three numbers; you gave {given.size}.")
    mistakes: tuple[tuple[str, float, dict[float, str]], ...] = (
        (
            "dL/dw",
            4,
            {
                1: "that is the effect on h₃ in its last step alone, h₂ · 1.",
                3: "that is the gradient of h₃ alone. The loss has three terms.",
                2: "that leaves out all paths longer than one step: each δ also "
                "carries what comes from the step after it.",
                15: "you paired δ with the state of its own step. A weight multiplies "
                "the state of the step before.",
                7: "you paired δ with the inputs; w multiplies the old state.",
            },
        ),
        (
            "dL/dx₁",
            7,
            {
                1: "that counts only the path into h₁. It goes on to h₂ and h₃.",
                4: "that counts only the path to h₃. x₁ also moves h₁ and h₂.",
                3: "that is δ₂; one more step back to δ₁.",
                6: "you forgot what the loss sees of h₁ itself.",
            },
        ),
        (
            "the truncated dL/dw",
            2,
            {
                4: "that is the full gradient. With chunks of one step the error term "
                "of each step is only what the loss sees of that step.",
                7: "those are the states of the same step; w multiplies the old one.",
                1: "all three steps have a loss, not only the last.",
                0: "the state is carried across the border; only the gradient stops.",
            },
        ),
    )
    for value, (name, wanted, known) in zip(given, mistakes, strict=True):
        if not np.isclose(value, wanted):
            hint = known.get(
                float(value), "write down h₁, h₂, h₃ and then δ₃, δ₂, δ₁ once more."
            )
            raise Hint(f"{name} is not {value:g}: {hint}")


@exercise(
    "rnn-2",
    takes="a function of kind, features and hidden that returns a parameter count",
)
def parameter_count(answer: Any) -> None:
    """Check the parameter counts of Keras's recurrent layers."""
    sizes = ((3, 4), (100, 64), (8, 1))
    for kind, parts, biases in (("rnn", 1, 1), ("lstm", 4, 1), ("gru", 3, 2)):
        for features, hidden in sizes:
            given = expect_result(answer, kind, features, hidden)
            count = float(expect_array(given, "the count", ()))
            products = parts * (features + hidden) * hidden
            right = products + parts * biases * hidden
            if count == right:
                continue
            case = f"For {kind!r}, {features} features and {hidden} hidden units"
            mistakes = [
                (products, "the biases are missing."),
                (
                    products + parts * hidden,
                    "Keras's GRU has two biases, one for the inputs and one for the "
                    "state, since its reset gate stands between them.",
                ),
                (
                    products + 2 * parts * hidden,
                    "two biases are PyTorch's way; Keras has one for this kind.",
                ),
                (
                    (features + hidden) * hidden + biases * hidden,
                    f"an {kind} computes {parts} sums for each unit, not one.",
                ),
                (
                    parts * features * hidden + parts * biases * hidden,
                    "the recurrent weights are missing.",
                ),
                (
                    3 * ((features + hidden) * hidden + hidden),
                    "three gates and a proposal make four sums.",
                ),
                (
                    parts * (features * hidden + features * features + hidden),
                    "the recurrent matrix goes from state to state.",
                ),
            ]
            for wrong, hint in mistakes:
                if count == wrong:
                    raise Hint(f"{case}: {hint}")
            raise Hint(
                f"{case} you count {count:,.0f}, which is not right. Count the input "
                "weights, the recurrent weights and the biases of one sum, and ask how "
                "many sums there are."
            )


@exercise(
    "rnn-3", takes="a function of a list of arrays and a limit that returns a list"
)
def clipping(answer: Any) -> None:
    """Check clipping by the global norm."""
    cases = (
        ([np.array([6.0, 8.0]), np.array([[24.0]])], 6.5),
        ([np.array([3.0, 4.0]), np.array([[12.0]])], 20.0),
        ([np.array([0.3, -0.4])], 1.0),
        ([np.zeros(3), np.zeros((2, 2))], 1.0),
    )
    for arrays, limit in cases:
        given = [array.copy() for array in arrays]
        result = expect_result(answer, given, limit)
        if any(not np.array_equal(g, a) for g, a in zip(given, arrays, strict=True)):
            raise Hint("Your function changes the arrays it was given. Make new ones.")
        if not isinstance(result, (list, tuple)) or len(result) != len(arrays):
            raise Hint(f"It should return a list of {len(arrays)} arrays.")
        length = float(np.sqrt(sum(np.sum(a**2) for a in arrays)))
        if length == 0 and not all(np.isfinite(r).all() for r in result):
            raise Hint("For gradients that are all zero you divide by zero.")
        factor = min(1.0, limit / length) if length else 1.0
        clipped = [
            expect_array(r, f"array {k}", a.shape)
            for k, (r, a) in enumerate(zip(result, arrays, strict=True))
        ]
        if _same(clipped, [factor * a for a in arrays]):
            continue
        if length <= limit:
            raise Hint(
                f"These gradients are {length:g} long and the limit is {limit:g}: "
                "nothing should change. Clipping only shortens."
            )
        each = [min(1.0, limit / float(np.linalg.norm(a))) * a for a in arrays]
        if _same(clipped, each):
            raise Hint(
                "You clipped each array by its own length. The length meant is that of "
                "all arrays together, so that the direction stays."
            )
        if _same(clipped, [np.clip(a, -limit, limit) for a in arrays]):
            raise Hint(
                "You clipped each number by itself, which changes the direction. Scale "
                "all of them by one factor."
            )
        summed = sum(np.linalg.norm(a) for a in arrays)
        if _same(clipped, [min(1, limit / summed) * a for a in arrays]):
            raise Hint(
                "Lengths do not add. Squares do: add all squares, then the root."
            )
        if _same(clipped, [min(1, limit / length**2) * a for a in arrays]):
            raise Hint("The root is missing: you divided by the squared length.")
        after = float(np.sqrt(sum(np.sum(c**2) for c in clipped)))
        raise Hint(
            f"Gradients {length:g} long come out {after:.4g} long with a limit of "
            f"{limit:g}. One factor for all of them brings the length to the limit."
        )


@exercise("rnn-4", takes="the bias, a number")
def remembering_bias(answer: Any) -> None:
    """Check the forget bias with a half-life of 100 steps."""
    bias = float(expect_array(answer, "the bias", ()))
    forget = 0.5 ** (1 / 100)
    right = float(np.log(forget / (1 - forget)))  # 4.968
    if abs(bias - right) < 0.02:
        return
    if abs(bias - forget) < 1e-3:
        raise Hint("That is the gate. Which bias gives the sigmoid this value?")
    if abs(bias + right) < 0.02:
        raise Hint("The sign is wrong: with this bias the gate is nearly closed.")
    if abs(bias - right / np.log(10)) < 0.02:
        raise Hint("The sigmoid is inverted by the natural logarithm, not that to 10.")
    if abs(bias) < 1e-9:
        raise Hint("With a bias of 0 half is left after one step.")
    if abs(bias - np.log(99)) < 0.02:
        raise Hint("0.99 to the power of 100 is about 0.37, not a half.")
    if bias > 30:
        raise Hint("With so large a bias nothing is ever forgotten.")
    left = (1 / (1 + np.exp(-bias))) ** 100
    raise Hint(
        f"With this bias {left:.2g} of the content is left after 100 steps. First find "
        "the gate f with f¹⁰⁰ = 1/2, then the bias."
    )


@exercise(
    "rnn-5", takes="a function of losses (N, T) and lengths (N,) that returns a number"
)
def mean_over_real_steps(answer: Any) -> None:
    """Check a mean over the steps that are not padding."""
    losses = np.array([[1.0, 2, 4, 9], [3, 5, 50, 60], [7, 70, 80, 90]])
    lengths = np.array([4, 2, 1])
    given = float(expect_array(expect_result(answer, losses, lengths), "the mean", ()))
    there = np.arange(4) < lengths[:, None]
    right = losses[there].mean()
    if np.isclose(given, right):
        return
    per_sentence = (losses * there).sum(axis=1) / lengths
    shifted = np.arange(4) <= lengths[:, None]
    shorter = np.arange(4) < lengths[:, None] - 1
    mistakes = [
        (losses.mean(), "That is the mean over all steps, padding included."),
        (
            (losses * there).mean(),
            "The losses on padding are gone, but you still divide by all steps.",
        ),
        (
            (losses * there).sum() / len(losses),
            "You divide by the number of sequences, not by that of the real steps.",
        ),
        (
            per_sentence.mean(),
            "That is a mean of each sequence's mean, in which a step of a short "
            "sequence counts for more. Add up all real steps first.",
        ),
        (
            (losses * there).sum(),
            "That is the sum. Divide by the number of real steps.",
        ),
        (
            losses[shifted].mean(),
            "You count one step too many: with length 2 the steps are 0 and 1.",
        ),
        (losses[shorter].mean(), "You count one step too few of each sequence."),
        (losses[~there].mean(), "Your mask is turned around: that is the padding."),
    ]
    for wrong, hint in mistakes:
        if np.isclose(given, wrong):
            raise Hint(hint)
    raise Hint(
        f"For lengths 4, 2 and 1 the mean should be that of seven numbers; yours is "
        f"{given:g}. Make the mask (N, T) first and look at it."
    )


@exercise(
    "rnn-6",
    takes="a function that turns PyTorch's weight (3M, D) into Keras's kernel (D, 3M)",
)
def gru_kernel(answer: Any) -> None:
    """Check the reordering of a GRU's input weights."""
    hidden, features = 3, 2
    weight = np.arange(3.0 * hidden * features).reshape(3 * hidden, features)
    r, z, n = np.split(weight, 3)
    kernel = expect_array(expect_result(answer, weight.copy()), "the kernel")
    right = np.concatenate([z, r, n]).T
    if kernel.shape == right.shape[::-1]:
        raise Hint(
            f"The kernel should be of shape {right.shape}, inputs first; yours is "
            f"{kernel.shape}. Transpose it."
        )
    kernel = expect_array(kernel, "the kernel", right.shape)
    mistakes = [
        (weight.T, "The gates are still in PyTorch's order r, z, n."),
        (weight.reshape(right.shape), "`reshape` does not transpose."),
        (
            np.concatenate([z, r, n]).reshape(right.shape),
            "`reshape` does not transpose.",
        ),
        (np.concatenate([z, n, r]).T, "z stands first, but r and n are exchanged."),
        (np.concatenate([n, z, r]).T, "The proposal n comes last in both."),
        (np.concatenate([n, r, z]).T, "The proposal n comes last in both."),
    ]
    if np.array_equal(kernel, right):
        return
    for wrong, hint in mistakes:
        if np.array_equal(kernel, wrong):
            raise Hint(hint)
    if np.array_equal(np.sort(kernel, axis=None), np.sort(right, axis=None)):
        raise Hint(
            "The numbers are right, their places are not. Split the rows into three "
            "blocks first, then put the blocks into Keras's order z, r, h, then "
            "transpose."
        )
    raise Hint("Some numbers are not those of the weight. Only their places change.")


def _same(ours: list[np.ndarray], theirs: list[np.ndarray]) -> bool:
    return all(np.allclose(a, b) for a, b in zip(ours, theirs, strict=True))
