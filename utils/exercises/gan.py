"""Checkers for the exercises of the chapter `generative/gan`."""

from __future__ import annotations

from typing import Any

import numpy as np

from utils.exercises import Hint, exercise, expect_array, expect_result


@exercise(
    "gan-1",
    takes="four numbers: D at the three places, and the Jensen–Shannon divergence",
)
def three_places(answer: Any) -> None:
    """Check the best discriminator and the divergence for two discrete laws."""
    given = expect_array(answer, "the answer").ravel()
    if given.shape != (4,):
        raise Hint(
            f"Give four numbers, three for D and one more; you gave {given.size}."
        )
    for place, value, right in zip(
        ("first", "second", "third"), given, (1, 0.5, 0), strict=False
    ):
        if np.isclose(value, right, atol=2e-3):
            continue
        if np.allclose(given[:3], [0, 0.5, 1], atol=2e-3):
            raise Hint(
                "You gave the probability of being made. D is that of being real."
            )
        raise Hint(
            f"D at the {place} place is not {value:g}. Of all examples seen there, "
            "half from the data and half from the generator, what share is real?"
        )
    divergence, right = given[3], np.log(2) / 2
    if np.isclose(divergence, right, atol=2e-3):
        return
    if np.isclose(divergence, np.log(2), atol=2e-3):
        raise Hint(
            "log 2 would be two laws that never overlap. These two share a place. "
            "(Or did you forget a half: the divergence is the mean of two.)"
        )
    if np.isclose(divergence, -np.log(2), atol=2e-3):
        raise Hint("That is V. It equals -log 4 + 2 JSD; solve for JSD.")
    if np.isclose(divergence, 0.5, atol=2e-3):
        raise Hint("That is in bits. The book's logarithm is the natural one.")
    raise Hint(
        "D is right, the divergence is not. Put D into V, place by place, with "
        "0 log 0 = 0, and use V = -log 4 + 2 JSD."
    )


@exercise("gan-2", takes="a function of p and q, arrays of probabilities")
def divergence(answer: Any) -> None:
    """Check a Jensen–Shannon divergence that copes with zeros."""
    for p, q, case in (
        ([0.2, 0.3, 0.5], [0.2, 0.3, 0.5], "two equal laws"),
        ([0.2, 0.3, 0.5], [0.6, 0.3, 0.1], "two laws without zeros"),
        ([0.5, 0.5, 0.0, 0.0], [0.0, 0.5, 0.5, 0.0], "laws with zeros"),
        ([1.0, 0.0], [0.0, 1.0], "two laws that do not overlap"),
    ):
        a, b = np.array(p), np.array(q)
        result = expect_result(answer, a.copy(), b.copy())
        try:
            given = float(np.asarray(result, dtype=float))
        except (TypeError, ValueError):
            raise Hint(f"For {case} the result should be one number.") from None
        if np.isnan(given) or np.isinf(given):
            raise Hint(
                f"For {case} the result is {given}. Leave out the places where the law "
                "in front of the logarithm is zero."
            )
        right = _js(a, b)
        if np.isclose(given, right, atol=1e-9):
            continue
        mistakes = [
            (2 * right, "it is twice too large: take the mean of both, not the sum."),
            (right / np.log(2), "you use the logarithm to base 2."),
            (np.sqrt(right), "that is the root, called the Jensen–Shannon distance."),
            (_kl(a, b), "that is KL(p‖q), without the mixture of both."),
            ((_kl(a, b) + _kl(b, a)) / 2, "compare each with the mixture m."),
            (_kl(a, (a + b) / 2), "only p is compared with the mixture; q is too."),
        ]
        for wrong, hint in mistakes:
            if np.isclose(given, wrong, atol=1e-9):
                raise Hint(f"For {case}: {hint}")
        raise Hint(
            f"For {case} you get {given:.4f}, which is off. It should be the mean of "
            "KL(p‖m) and KL(q‖m)."
        )


@exercise("gan-3", takes="four whole numbers, the heights in the order a, b, c, d")
def growing_sizes(answer: Any) -> None:
    """Check four output sizes of transposed convolutions."""
    sizes = expect_array(answer, "the answer").ravel()
    if sizes.shape != (4,):
        raise Hint(f"Give four numbers, one for each layer; you gave {sizes.size}.")
    mistakes: dict[str, dict[float, str]] = {
        "a": {
            16: "the padding cuts off one row on each side.",
            15: "padding 1 cuts off two rows: one on each side.",
            3: "that is the convolution, which makes things smaller.",
            13: "you lost one: the last stamp is 4 rows high.",
        },
        "b": {
            27: "the output padding adds a row.",
            29: "one too many: the last stamp begins at row 2 · 13 and is 5 high.",
            32: "the padding is missing: 2 rows on each side are cut off.",
            30: "padding 2 cuts off 4 rows in all.",
        },
        "c": {
            1: "one number stamps the whole kernel.",
            3: "you lost one: the stamp is as high as the kernel.",
            5: "a single stamp is as high as the kernel.",
        },
        "d": {
            8: "without output padding the layer does not quite double.",
            9: "the padding is missing.",
            6: "you lost one: the last stamp begins at row 6 and is 3 rows high.",
        },
    }
    for name, given, right in zip("abcd", sizes, (14, 28, 4, 7), strict=True):
        if given != right:
            hint = mistakes[name].get(
                float(given), "where does the last stamp begin, and where does it end?"
            )
            raise Hint(f"({name}) is not {given:g}: {hint}")


@exercise(
    "gan-4",
    takes="a function of size, kernel and stride that returns an array of counts",
)
def stamp_counts(answer: Any) -> None:
    """Check how many stamps lie on each output pixel of a row."""
    for size, kernel, stride in ((4, 3, 2), (3, 4, 2), (3, 2, 3), (1, 3, 2)):
        given = expect_array(
            expect_result(answer, size, kernel, stride), "the counts"
        ).ravel()
        right = _counts(size, kernel, stride)
        case = f"For size {size}, kernel {kernel} and stride {stride}"
        if given.shape != right.shape:
            raise Hint(
                f"{case} the row has {len(right)} pixels, yours has {len(given)}. The "
                "last stamp begins at stride · (size - 1)."
            )
        if np.array_equal(given, right):
            continue
        if np.array_equal(given, np.minimum(right, 1)):
            raise Hint(
                f"{case} overlapping stamps should be counted, not marked: add 1."
            )
        if np.isclose(given.sum() * kernel, right.sum()):
            raise Hint(f"{case} each stamp covers {kernel} pixels, not one.")
        wrong = int(np.flatnonzero(given != right)[0])
        raise Hint(
            f"{case} the count of pixel {wrong} is off. Stamp i covers the pixels from "
            "stride · i to stride · i + kernel - 1."
        )


@exercise(
    "gan-5",
    takes="a function of mean, std, other_mean and other_std that returns a number",
)
def diagonal_frechet(answer: Any) -> None:
    """Check the Fréchet distance of two Gaussians with diagonal covariances."""
    m, s = np.array([0.0, 1.0, -2.0]), np.array([1.0, 2.0, 0.5])
    n, t = np.array([1.0, 1.0, 1.0]), np.array([3.0, 2.0, 1.0])
    for mean, std, other, other_std, case in (
        (m, s, n, t, "means and deviations that differ"),
        (m, s, n, s, "equal deviations"),
        (m, s, m, t, "equal means"),
    ):
        result = expect_result(
            answer, mean.copy(), std.copy(), other.copy(), other_std.copy()
        )
        given = np.asarray(expect_array(result, "the distance"))
        if given.shape != ():
            raise Hint("The distance is one number: sum over the features.")
        shift, spread = np.sum((mean - other) ** 2), np.sum((std - other_std) ** 2)
        if np.isclose(given, shift + spread):
            continue
        mistakes = [
            (np.sqrt(shift + spread), "that is its root; the distance is in squares."),
            (
                np.sqrt(shift) + spread,
                "the difference of the means enters as a square, not as a length.",
            ),
            (shift, "the deviations are missing."),
            (spread, "the means are missing."),
            (
                shift + np.sum((std**2 - other_std**2) ** 2),
                "you compare variances; the root turns them into deviations.",
            ),
            (
                shift + np.sum(std + other_std - 2 * np.sqrt(std * other_std)),
                "the covariances hold squares: S has std² on its diagonal.",
            ),
            ((shift + spread) / len(mean), "sum over the features, no mean."),
        ]
        for wrong, hint in mistakes:
            if np.isclose(given, wrong):
                raise Hint(f"For {case}: {hint}")
        raise Hint(
            f"For {case} you get {given:.4g}, which is off. With diagonal matrices the "
            "trace is a sum over features; each term is a square."
        )


def _kl(p: np.ndarray, q: np.ndarray) -> float:
    some = p > 0
    with np.errstate(divide="ignore"):
        return float(np.sum(p[some] * np.log(p[some] / q[some])))


def _js(p: np.ndarray, q: np.ndarray) -> float:
    m = (p + q) / 2
    return (_kl(p, m) + _kl(q, m)) / 2


def _counts(size: int, kernel: int, stride: int) -> np.ndarray:
    counts = np.zeros(stride * (size - 1) + kernel)
    for i in range(size):
        counts[stride * i : stride * i + kernel] += 1
    return counts
