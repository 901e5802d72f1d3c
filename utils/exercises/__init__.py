"""Checkers for the exercises: ``check("backprop-2", answer)`` says what is off.

Each chapter's checkers live in the module of the chapter's name. A checker looks at
one answer and either returns (right) or raises :class:`Hint` with a sentence that
says which quantity is off and how to think about it, without giving the answer away.
"""

from __future__ import annotations

import difflib
import importlib
import pkgutil
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np

__all__ = [
    "Exercise",
    "Hint",
    "check",
    "exercise",
    "exercises",
    "expect_array",
    "expect_result",
]


class Hint(Exception):
    """What a checker raises for a wrong answer: feedback that teaches."""


@dataclass(frozen=True)
class Exercise:
    """One registered exercise.

    Attributes:
        id: Chapter and number, such as ``"backprop-2"``.
        takes: What the answer must be, as the end of "It takes …".
        checker: Function of the answer; returns or raises :class:`Hint`.
    """

    id: str
    takes: str
    checker: Callable[[Any], None]


_registry: dict[str, Exercise] = {}


def check(id: str, answer: Any = ...) -> None:
    """Print feedback on an answer to one exercise.

    Args:
        id: The exercise's id as printed beside it, such as ``"backprop-2"``.
        answer: The reader's answer. ``...`` (not answered yet) prints what the
            exercise takes.

    Raises:
        KeyError: If there is no such exercise; the message lists the nearest ids.
    """
    known = exercises()
    if id not in known:
        near = difflib.get_close_matches(str(id), known, n=4, cutoff=0.4)
        listed = ", ".join(near or sorted(known)[:8])
        raise KeyError(f"there is no exercise {id!r}; near ones: {listed}")
    entry = known[id]
    if answer is ...:
        print(f"{id}: put your answer in place of `...`. It takes {entry.takes}.")
        return
    try:
        entry.checker(answer)
    except Hint as hint:
        print(f"{id}: not yet. {hint}")
    else:
        print(f"{id}: right.")


def exercise(
    id: str, *, takes: str
) -> Callable[[Callable[[Any], None]], Callable[[Any], None]]:
    """Register a checker under an id (a decorator).

    Args:
        id: Chapter and number, such as ``"backprop-2"``.
        takes: What the answer must be, as the end of "It takes …".
    """

    def register(checker: Callable[[Any], None]) -> Callable[[Any], None]:
        known = _registry.get(id)
        if known and known.checker.__qualname__ != checker.__qualname__:
            raise ValueError(f"two exercises share the id {id!r}")
        _registry[id] = Exercise(id, takes, checker)
        return checker

    return register


def exercises() -> dict[str, Exercise]:
    """Return every exercise of the book by id."""
    for module in pkgutil.iter_modules(__path__):
        importlib.import_module(f"{__name__}.{module.name}")
    return dict(_registry)


def expect_array(
    answer: Any, name: str, shape: tuple[int, ...] | None = None
) -> np.ndarray:
    """Turn an answer into a float array, or hint at what it should have been.

    Args:
        answer: A number, nested list, NumPy array or tensor.
        name: What the quantity is called in the exercise.
        shape: The shape it must have; ``()`` for a number, ``None`` for any.

    Returns:
        The answer as a float64 array.

    Raises:
        Hint: If it is not numeric, has another shape or is not finite.
    """
    if hasattr(answer, "detach"):
        answer = answer.detach().cpu()
    try:
        array = np.asarray(answer, dtype=float)
    except (TypeError, ValueError):
        raise Hint(
            f"{name} should be numeric, but you gave a {type(answer).__name__}."
        ) from None
    if shape is not None and array.shape != shape:
        want = "a single number" if shape == () else f"of shape {shape}"
        raise Hint(f"{name} should be {want}; yours has shape {array.shape}.")
    if not np.isfinite(array).all():
        raise Hint(f"{name} contains a value that is not finite (inf or nan).")
    return array


def expect_result(answer: Any, *arguments: Any) -> Any:
    """Call the reader's function; turn an error in it into a hint.

    Args:
        answer: What the reader gave.
        arguments: What to call it with.

    Returns:
        What it returns. NumPy's warnings stay silent: a checker judges the result.

    Raises:
        Hint: If it is not a function, raises, or returns nothing.
    """
    if not callable(answer):
        raise Hint(
            "Give the function itself, without calling it, not a "
            f"{type(answer).__name__}."
        )
    try:
        with np.errstate(all="ignore"):
            result = answer(*arguments)
    except Exception as error:
        raise Hint(f"Your function raised {type(error).__name__}: {error}") from error
    if result is None or result is ...:
        raise Hint("Your function returns nothing. Does it end with `return`?")
    return result
