"""Checkers for the exercises of the chapter `vision/transfer_learning`."""

from __future__ import annotations

from typing import Any

import numpy as np

from utils import scratch
from utils.exercises import Hint, exercise, expect_array, expect_result


@exercise("transfer_learning-1", takes="the number of trained parameters")
def trained_parameters(answer: Any) -> None:
    """Check what a new head on a frozen ResNet-50 has to learn."""
    given = float(expect_array(answer, "the number of parameters", ()))
    first, last = 2048 * 512 + 512, 512 * 10 + 10
    mistakes: dict[float, str] = {
        first + last - 522: "The biases are missing: one for each unit of a layer.",
        first + last - 512: "The biases of the first dense layer are missing.",
        first + last - 10: "The biases of the last layer are missing.",
        first: "That is the first dense layer. The ten classes need one, too.",
        2048 * 10 + 10: "The dense layer of 512 units is missing.",
        49 * 2048 * 512 + 512 + last: (
            "The maps of 7 × 7 are averaged before the dense layer sees them, so each "
            "map is one feature."
        ),
        first + last + 23_508_032: (
            "That includes the base. It is frozen, so it is not trained."
        ),
    }
    if given == first + last:
        return
    if given in mistakes:
        raise Hint(mistakes[given])
    if given > 20_000_000:
        raise Hint("So many can only be with the base, and the base is frozen.")
    raise Hint(
        "The number is off. A dense layer from A to B has A · B weights and B biases; "
        "what are A and B for each of the two layers?"
    )


@exercise("transfer_learning-2", takes="two whole numbers of batches, for a and b")
def forgotten(answer: Any) -> None:
    """Check after how many batches a running mean has lost 99 % of its start."""
    given = expect_array(answer, "the answer").ravel()
    if given.shape != (2,):
        raise Hint(f"Give two numbers, for PyTorch and for Keras, not {given.size}.")
    right = (44, 459)
    if tuple(given) == right[::-1]:
        raise Hint(
            "The other way round: α is 0.1 in PyTorch and 0.01 in Keras, so PyTorch "
            "forgets faster."
        )
    for name, value, wanted, alpha in zip("ab", given, right, (0.1, 0.01), strict=True):
        if value == wanted:
            continue
        if value != round(value):
            raise Hint(f"({name}) should be a whole number of batches: round up.")
        if value == wanted - 1:
            raise Hint(
                f"({name}) is one short: after {value:g} a little over 1 % left."
            )
        if abs(value - np.log(0.01) / np.log(alpha)) < 1.5:
            raise Hint(
                f"({name}) has α and 1 - α exchanged: each batch leaves the share "
                "1 - α of what there was."
            )
        if name == "b" and value == right[0]:
            raise Hint(
                "(b) Keras's default momentum is 0.99, and that is what is left after "
                "one batch."
            )
        raise Hint(f"({name}) is off. Solve (1 - α)^T < 0.01 for T, with logarithms.")


@exercise("transfer_learning-3", takes="your function `fold`")
def folded(answer: Any) -> None:
    """Check a function that folds a batch normalisation into a convolution."""
    rng = np.random.default_rng(3)
    weight = rng.normal(size=(3, 2, 3, 3))
    gamma, beta, mean = rng.normal(size=(3, 3))
    var, eps = rng.uniform(0.5, 2, size=3), 0.1
    result = expect_result(answer, weight.copy(), gamma, beta, mean, var, eps)
    if not isinstance(result, tuple | list) or len(result) != 2:
        raise Hint("Your function should return two arrays: the weights and the bias.")
    new_weight = expect_array(result[0], "the weights", weight.shape)
    new_bias = expect_array(result[1], "the bias", (3,))

    def scaled(a: np.ndarray) -> np.ndarray:
        return weight * a[:, None, None, None]

    a = gamma / np.sqrt(var + eps)
    if not np.allclose(new_weight, scaled(a)):
        mistakes = [
            (gamma / np.sqrt(var), "ε is missing under the root."),
            (gamma / (np.sqrt(var) + eps), "ε belongs under the root, beside var."),
            (
                gamma / (var + eps),
                "Divide by the standard deviation, not the variance.",
            ),
            (1 / np.sqrt(var + eps), "γ is missing from the weights."),
            (np.ones(3), "Your weights are the old ones: the scale belongs in them."),
        ]
        for wrong, hint in mistakes:
            if np.allclose(new_weight, scaled(wrong)):
                raise Hint(hint)
        raise Hint(
            "The weights are off. A filter's output is multiplied by "
            "γ / √(var + ε) of that filter, so each of its weights is."
        )
    if not np.allclose(new_bias, beta - a * mean):
        if np.allclose(new_bias, beta):
            raise Hint("The bias must also take off the mean.")
        if np.allclose(new_bias, beta - mean):
            raise Hint("The mean is subtracted before the scaling: scale it, too.")
        if np.allclose(new_bias, beta + a * mean):
            raise Hint("The mean is subtracted; look at the sign in your bias.")
        raise Hint("The weights are right. For the bias, put in z = 0: what comes out?")
    x = rng.normal(size=(1, 2, 5, 5))  # and indeed:
    z, _ = scratch.conv2d(x, weight, np.zeros(3))
    running = {"mean": mean, "var": var}
    wanted, _ = scratch.batch_norm(z, gamma, beta, running, training=False, eps=eps)
    found, _ = scratch.conv2d(x, new_weight, new_bias)
    assert np.allclose(found, wanted)


@exercise("transfer_learning-4", takes="your function `towards`")
def pulled(answer: Any) -> None:
    """Check ridge regression that is pulled towards a start instead of zero."""
    rng = np.random.default_rng(4)
    x, y, w0 = rng.normal(size=(6, 4)), rng.normal(size=6), rng.normal(size=4)
    strength = 0.7
    w = expect_array(expect_result(answer, x, y, w0, strength), "w", (4,))

    def ridge(target: np.ndarray, scale: float = strength) -> np.ndarray:
        return np.linalg.solve(x.T @ x + scale * np.eye(4), x.T @ target)

    if np.allclose(w, w0 + ridge(y - x @ w0)):
        return
    mistakes = [
        (ridge(y), "That is pulled towards zero: w0 does not appear in it."),
        (w0 + ridge(y), "Put w = w0 + v into the fit, too: v must explain y - x w0."),
        (ridge(y - x @ w0), "That is how far w is from w0. Add w0 at the end."),
        (ridge(y) + w0 * strength, "w0 enters before the system is solved."),
        (w0 + ridge(y - x @ w0, 0.0), "The penalty is missing: λ has no effect."),
        (w0, "That is the start itself. The examples must have a say."),
        (
            w0 + ridge(y - x @ w0, len(x) * strength),
            "Here the squared error is a sum, not a mean: λ is not multiplied by N.",
        ),
    ]
    for wrong, hint in mistakes:
        if np.allclose(w, wrong):
            raise Hint(hint)
    raise Hint(
        "The gradient of the whole is not zero there. Set "
        "xᵀ(x w - y) + λ (w - w0) to zero and solve for w."
    )


@exercise("transfer_learning-5", takes="a matrix, an array of shape (2, 3)")
def mirrored_and_moved(answer: Any) -> None:
    """Check the matrix that takes new places to old ones."""
    matrix = expect_array(answer, "the matrix", (2, 3))
    mistakes: list[tuple[Any, str]] = [
        (
            [[-1, 0, -0.5], [0, 1, 0]],
            "That moves to the left (or moves first and mirrors then). Undo the move "
            "first, then the mirror.",
        ),
        (
            [[-1, 0, 0.25], [0, 1, 0]],
            "Coordinates run from -1 to 1, so the whole width is 2 and a quarter 0.5.",
        ),
        (
            [[-1, 0, -0.25], [0, 1, 0]],
            "Coordinates run from -1 to 1, so a quarter of the width is 0.5; and look "
            "at the order once more.",
        ),
        ([[-1, 0, 0], [0, 1, 0]], "That mirrors and does not move."),
        ([[1, 0, -0.5], [0, 1, 0]], "That moves and does not mirror."),
        (
            [[1, 0, 0], [0, -1, 0.5]],
            "That turns it upside down. Left and right is u, the first row.",
        ),
        ([[1, 0, 0.5], [0, -1, 0]], "That mirrors up and down; left and right is u."),
    ]
    if np.allclose(matrix, [[-1.0, 0.0, 0.5], [0.0, 1.0, 0.0]]):
        return
    for wrong, hint in mistakes:
        if np.allclose(matrix, wrong):
            raise Hint(hint)
    if not np.allclose(matrix[1], [0, 1, 0]):
        raise Hint("Nothing happens up and down: the second row should give v back.")
    raise Hint(
        "Follow one point: what is in the middle of the old picture, (0, 0), must "
        "appear at (0.5, 0) of the new one."
    )


@exercise("transfer_learning-6", takes="a whole number of examples")
def enough_examples(answer: Any) -> None:
    """Check how many validation examples bound the luck of the best of twenty."""
    n = float(expect_array(answer, "the number", ()))
    if n == 3745:
        return
    if n in (3744, np.log(20) / 0.0008):
        raise Hint("Nearly: the bound must be 0.02 or less, so round up.")
    if abs(n - np.log(20) / 0.02**2) < 2:
        raise Hint("The 2 under the root is missing.")
    if abs(n - np.log(20) / 0.04) < 2:
        raise Hint("Square both sides: 0.02 must be squared, too.")
    if abs(n - np.log10(20) / 0.0008) < 2:
        raise Hint("The logarithm is the natural one.")
    if abs(n - 20 / 0.0008) < 2:
        raise Hint("It is the logarithm of the number of settings that counts.")
    raise Hint("Set √(log k / 2n) to 0.02, square, and solve for n.")
