"""Reading an answer: it is what it should be, or a :class:`Hint` says what is off.

Checkers read the reader's answer with these functions alone. Whatever may be wrong with
it, a wrong type, a wrong shape, an error in a function, ends as a hint.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import numpy as np

_COUNT = ("no", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine")


class Hint(Exception):
    """What a checker raises for a wrong answer: feedback that teaches."""


def expect_array(
    answer: Any, name: str, shape: tuple[int, ...] | None = None, fails: str = ""
) -> np.ndarray:
    """Turn an answer into a float array, or hint at what it should have been.

    Args:
        answer: A number, nested list, NumPy array or tensor.
        name: What the quantity is called in the exercise.
        shape: The shape it must have; ``()`` for a number, ``None`` for any.
        fails: What to add if a value is not finite.

    Returns:
        The answer as a float64 array.

    Raises:
        Hint: If it is not numeric, has another shape or is not finite.
    """
    try:
        if hasattr(answer, "detach"):
            answer = answer.detach().cpu()
        if answer is None or np.asarray(answer).dtype.kind in "cUSmM":
            raise TypeError
        array = np.asarray(answer, dtype=float)
    except OverflowError:
        raise Hint(f"{name} contains a number that is far too large.") from None
    except Exception:  # whatever an object of the reader's raises when it is read
        kind = type(answer).__name__
        raise Hint(f"{name} should be numeric, but you gave a {kind}.") from None
    if shape is not None and array.shape != shape:
        want = "a single number" if shape == () else f"of shape {shape}"
        raise Hint(f"{name} should be {want}; yours has shape {array.shape}.")
    if not np.isfinite(array).all():
        hint = f"{name} contains a value that is not finite (inf or nan). {fails}"
        raise Hint(hint.strip())
    return array


def expect_numbers(answer: Any, n: int) -> np.ndarray:
    """Turn an answer into a row of n numbers, whatever its shape, or hint.

    Raises:
        Hint: If it is not numeric or does not have n finite numbers.
    """
    if n == 1:
        return expect_array(answer, "the answer", ()).ravel()
    given = expect_array(answer, "the answer").ravel()
    if given.size != n:
        raise Hint(f"Give {_COUNT[n]} numbers; you gave {given.size}.")
    return given


def expect_several(answer: Any, names: Sequence[str]) -> list[Any]:
    """Check that an answer is a tuple or list with one entry for each name.

    Raises:
        Hint: If it is something else.
    """
    if not isinstance(answer, tuple | list) or len(answer) != len(names):
        listed = f"{', '.join(names[:-1])} and {names[-1]}"
        raise Hint(f"It should be {_COUNT[len(names)]} things in this order: {listed}.")
    return list(answer)


def expect_result(answer: Any, *arguments: Any, case: str = "", fails: str = "") -> Any:
    """Call the reader's function; turn an error in it into a hint.

    Args:
        answer: What the reader gave.
        arguments: What to call it with.
        case: What a hint begins with.
        fails: What to add if it divides by zero or overflows.

    Returns:
        What it returns. NumPy's warnings stay silent: a checker judges the result.

    Raises:
        Hint: If it is not a function, raises, or returns nothing.
    """
    if not callable(answer):
        kind = type(answer).__name__
        raise Hint(f"Give the function itself, without calling it, not a {kind}.")
    try:
        with np.errstate(all="ignore"):
            result = answer(*arguments)
    except Exception as error:
        start = f"{case}: your" if case else "Your"
        said = (str(error).splitlines() or ["it does not say why"])[0][:160]
        more = f". {fails}" if isinstance(error, ArithmeticError) and fails else ""
        kind = type(error).__name__
        raise Hint(f"{start} function raised {kind}: {said}{more}") from error
    if result is None or result is ...:
        raise Hint("Your function returns nothing. Does it end with `return`?")
    return result


def expect_close(
    given: Any,
    right: Any,
    mistakes: Mapping[str, Any],
    otherwise: str,
    *,
    name: str = "the result",
    case: str = "",
    fails: str = "",
    shape: str = "",
    rtol: float = 1e-5,
    atol: float = 1e-8,
) -> None:
    """Return if an array is right; say which mistake explains it if it is not.

    Args:
        given: The reader's number or array.
        right: What it should be. Whole numbers must be met, other within tolerances.
        mistakes: From hint to wrong array (a tuple holds several), or to a function
            that says whether an array of the right shape makes this mistake.
        otherwise: The hint for all others; ``{given}`` in it is the reader's number.
        name: What the quantity is called.
        case: What the hint begins with.
        fails: What to add if a value is not finite.
        shape: What to add if the shape is wrong.
        rtol: Relative tolerance.
        atol: Absolute tolerance.

    Raises:
        Hint: If it is not right.
    """
    say = f"{case}: " if case else ""
    array = expect_array(given, f"{say}{name}", fails=fails)
    right = np.asarray(right)
    if right.dtype.kind in "biu":
        rtol, atol = 0, 1e-6
    fits = array.shape == right.shape
    if fits and np.allclose(array, right, rtol, atol):
        return
    for hint, wrong in _each(mistakes):
        if callable(wrong):
            made = fits and wrong(array)
        else:
            made = np.shape(wrong) == array.shape and np.allclose(
                array, wrong, rtol, atol
            )
        if made:
            raise Hint(say + hint)
    if fits:
        raise Hint(say + filled(otherwise, given=short(array)))
    want = "be a single number" if right.shape == () else f"have shape {right.shape}"
    raise Hint(f"{say}{name} should {want}; yours has {array.shape}. {shape}".strip())


def _each(mistakes: Mapping[str, Any]) -> Iterator[tuple[str, Any]]:
    for hint, wrong in mistakes.items():
        for one in wrong if isinstance(wrong, tuple) else (wrong,):
            yield hint, one


def filled(text: str, **values: Any) -> str:
    """Put values in place of their names in braces."""
    for key, value in values.items():
        text = text.replace("{" + key + "}", str(value))
    return text


def short(given: Any) -> str:
    """Return a single number as a hint names it; anything larger is "that"."""
    return f"{np.asarray(given).item():.6g}" if np.size(given) == 1 else "that"
