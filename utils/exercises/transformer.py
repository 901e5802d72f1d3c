"""Checkers for the exercises of the chapter `sequences/transformer`."""

from __future__ import annotations

from typing import Any

import numpy as np

from utils.exercises import Hint, exercise, expect_array, expect_result


@exercise("transformer-1", takes="three whole numbers, in the order a, b, c")
def tiny_gpt(answer: Any) -> None:
    """Check the parameters and the work of a GPT that fits on paper."""
    given = expect_array(answer, "the answer").ravel()
    if given.shape != (3,):
        raise Hint(f"Give three numbers, a, b and c; you gave {given.size}.")
    right = (600, 560, 2520)
    mistakes: dict[str, dict[float, str]] = {
        "a": {
            560: "the matrix of the logits is an array of its own until b.",
            592: "the norm after the last block is missing.",
            576: "the table of places is missing.",
            568: "each block has two norms, with a scale and a shift each.",
            584: "each block has two norms, with a scale and a shift each.",
            610: "the matrix of the logits has no bias in this chapter.",
            356: "there are two blocks.",
            496: "the blocks' biases and norms are missing, 13 D for each block.",
        },
        "b": {
            600: "one of the two arrays of K · D numbers is gone.",
            520: "one array remains; both token table and logits are gone in yours.",
        },
        "c": {
            440: "that is one token; there are five.",
            2120: "scores and averages are missing: products with keys and values.",
            2320: "scores and averages are two products, and there are two blocks. "
            "Or the logits are missing.",
            2360: "every place gets logits, not the last one alone.",
            5040: "count multiply–adds; each is two floating-point operations.",
        },
    }
    for name, value, wanted in zip("abc", given, right, strict=True):
        if value == wanted:
            continue
        hint = mistakes[name].get(
            float(value), "put the numbers into the formula once more, part by part."
        )
        raise Hint(f"({name}) is not {value:,g}: {hint}")


@exercise("transformer-2", takes="a function of x (T, D) and places (T,)")
def rotary_halves(answer: Any) -> None:
    """Check a rotary encoding that pairs the two halves of a row."""
    rng = np.random.default_rng(2)
    x, places = rng.normal(size=(5, 6)), np.array([0, 1, 2, 7, 30])
    given = expect_array(expect_result(answer, x.copy(), places), "the result", x.shape)
    if np.allclose(given, _rotated_halves(x, places)):
        return
    if np.allclose(given, _rotated_halves(x, -places)):
        raise Hint("It turns the wrong way. Compare the signs with those of R(θ).")
    if np.allclose(given, _rotated_neighbours(x, places)):
        raise Hint(
            "That is the chapter's rotate, with neighbours as pairs. Here x[i] goes "
            "with x[i + D/2]."
        )
    if np.allclose(given[0], x[0]) and np.allclose(
        given[:2], _one_speed(x, places)[:2]
    ):
        raise Hint("All pairs turn at the same speed; each has an ω of its own.")
    if not np.allclose(np.linalg.norm(given, axis=1), np.linalg.norm(x, axis=1)):
        raise Hint("The rows do not keep their length, and a rotation does.")
    if not np.allclose(given[0], x[0]):
        raise Hint("The row at place 0 should stay as it is: its angles are all zero.")
    raise Hint("The angles are off. Is ω the same as in the chapter, 10000^(-2i/D)?")


@exercise("transformer-3", takes="a function of dy, x (T, D), gamma (D,) and eps")
def rms_norm_backward(answer: Any) -> None:
    """Check the backward of RMSNorm."""
    rng = np.random.default_rng(3)
    dy, x = rng.normal(size=(2, 4, 5))
    x = 2 * x + 1
    gamma, eps = rng.uniform(0.5, 2, size=5), 0.3
    result = expect_result(answer, dy.copy(), x.copy(), gamma.copy(), eps)
    given = expect_array(result, "dx", x.shape)

    root = np.sqrt((x**2).mean(axis=-1, keepdims=True) + eps)
    x_hat, g = x / root, dy * gamma
    along = (g * x_hat).mean(axis=-1, keepdims=True)
    right = (g - x_hat * along) / root
    if np.allclose(given, right):
        return
    if np.allclose(given, g / root):
        raise Hint(
            "You treat the root as a constant. It depends on every x of the row."
        )
    if np.allclose(given, right * root):
        raise Hint("The division by the root is missing at the end.")
    if np.allclose(given, (dy - x_hat * (dy * x_hat).mean(-1, keepdims=True)) / root):
        raise Hint("The scale gamma is missing: what arrives at x_hat is dy · gamma.")
    if np.allclose(given, (g - g.mean(-1, keepdims=True) - x_hat * along) / root):
        raise Hint(
            "You take the mean away, as for layer norm. RMSNorm subtracts no mean, so "
            "adding a constant to x does change its output."
        )
    if np.allclose(given, (g - x_hat * along * x.shape[-1]) / root):
        raise Hint("The sum over the row must be divided by D; m is a mean.")
    raise Hint(
        "The values are off. Write dm for a small dx first, then the change of x_hat, "
        "and collect what multiplies each dx."
    )


@exercise("transformer-4", takes="a function of ids (N, T) that returns three arrays")
def decoder_batch(answer: Any) -> None:
    """Check inputs, targets and weights for a decoder."""
    ids = np.array([[1, 5, 6, 2, 0, 0], [1, 7, 2, 0, 0, 0], [1, 4, 5, 6, 7, 2]])
    result = expect_result(answer, ids.copy())
    if not isinstance(result, (tuple, list)) or len(result) != 3:
        raise Hint("Return three arrays: inputs, targets and weights.")
    inputs, targets, weights = (
        expect_array(part, name)
        for part, name in zip(result, ("inputs", "targets", "weights"), strict=True)
    )
    for part, name in ((inputs, "inputs"), (targets, "targets"), (weights, "weights")):
        if part.shape != (3, 5):
            raise Hint(
                f"{name} should have shape (3, 5) for ids of shape (3, 6), yours has "
                f"{part.shape}: one place has nothing to predict."
            )
    if np.array_equal(inputs, targets):
        raise Hint(
            "Inputs and targets are the same. Each place would be asked for the token "
            "it has just read."
        )
    if np.array_equal(inputs, ids[:, 1:]) and np.array_equal(targets, ids[:, :-1]):
        raise Hint("Inputs and targets are exchanged: yours predicts the past.")
    if not np.array_equal(inputs, ids[:, :-1]):
        raise Hint(
            "The inputs are off: they begin with <start>, without the last place."
        )
    if not np.array_equal(targets, ids[:, 1:]):
        raise Hint("The targets are off. The first is the token after <start>.")
    if np.array_equal(weights, inputs != 0):
        raise Hint(
            "The weights follow the inputs. At <end> the input is real, but what would "
            "be asked for there is padding."
        )
    if not np.array_equal(weights, targets != 0):
        raise Hint("The weights are off. They are 1 where the target is a real token.")


@exercise(
    "transformer-5",
    takes="a function of n_layers, width, n_heads, n_shared, steps and n_bytes",
)
def cache_size(answer: Any) -> None:
    """Check the bytes of a key-value cache with shared heads."""
    for layers, width, heads, shared, steps, size in (
        (3, 12, 3, 3, 5, 4),
        (6, 64, 8, 2, 100, 2),
        (3, 48, 4, 1, 7, 1),
    ):
        result = expect_result(answer, layers, width, heads, shared, steps, size)
        given = float(expect_array(result, "the number of bytes", ()))
        right = 2 * layers * steps * shared * (width // heads) * size
        if given == right:
            continue
        case = f"For {layers} blocks, D = {width}, A = {heads}, G = {shared}"
        mistakes = [
            (right / 2, "both keys and values are kept."),
            (right / layers, "every block has a cache of its own."),
            (right / size, "bytes are asked for, not numbers."),
            (right * heads / shared, "the queries' heads are counted, not the shared."),
            (right * heads, "each head is D/A wide, not D."),
            (right * steps, "the cache holds T places, not T² pairs."),
        ]
        for wrong, hint in mistakes:
            if np.isclose(given, wrong):
                raise Hint(f"{case}: {hint}")
        raise Hint(
            f"{case} it is {right:,} bytes; you get {given:,.0f}. Count the numbers "
            "that one place leaves behind in one block."
        )


def _rotated_halves(x: np.ndarray, places: np.ndarray) -> np.ndarray:
    half = x.shape[1] // 2
    angle = places[:, None] * 10000.0 ** (-np.arange(half) / half)
    c, s = np.cos(angle), np.sin(angle)
    one, two = x[:, :half], x[:, half:]
    return np.concatenate([one * c - two * s, one * s + two * c], axis=1)


def _rotated_neighbours(x: np.ndarray, places: np.ndarray) -> np.ndarray:
    order = np.r_[0 : x.shape[1] : 2, 1 : x.shape[1] : 2]
    y = np.empty_like(x)
    y[:, order] = _rotated_halves(x[:, order], places)
    return y


def _one_speed(x: np.ndarray, places: np.ndarray) -> np.ndarray:
    half = x.shape[1] // 2
    c, s = np.cos(places)[:, None], np.sin(places)[:, None]
    one, two = x[:, :half], x[:, half:]
    return np.concatenate([one * c - two * s, one * s + two * c], axis=1)
