"""Checkers for the exercises: ``check("backprop-2", answer)`` says what is off.

The words of a chapter's exercises, and all numbers of those answered with a pencil,
are data in ``<chapter>.toml``; what takes code is in ``<chapter>.py``. An exercise is

- numbers (``right`` and ``mistakes`` in the data): no code at all;
- or one of a few ``options``, named by its letter, alone or beside numbers: likewise;
- or a :func:`function` that is called with several arguments and compared;
- or anything else: an :func:`exercise`, a checker that raises :class:`Hint`.

A hint says which quantity is off and how to think about it, without giving the answer
away. The tables in ``tests/answers`` demand every one of them.
"""

from __future__ import annotations

import copy
import difflib
import functools
import importlib
import tomllib
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from importlib import resources
from typing import Any

import numpy as np

from utils.exercises.expecting import (
    Hint,
    expect_array,
    expect_close,
    expect_numbers,
    expect_result,
    expect_several,
    filled,
    short,
)

__all__ = [
    "Exercise",
    "Hint",
    "Part",
    "check",
    "choices",
    "exercise",
    "exercises",
    "expect_array",
    "expect_close",
    "expect_numbers",
    "expect_result",
    "expect_several",
    "function",
    "has_choices",
    "is_pencil",
    "parts_of",
    "words",
]


@dataclass(frozen=True)
class Part:
    """Numbers of a pencil answer that are judged together, or one choice.

    Attributes:
        right: The right number or numbers, or the letter of the right option.
        mistakes: Rows of one or more wrong answers and, last, the hint for them; of a
            choice, every wrong letter is in one of them.
        otherwise: The hint for all others.
        name: Of a single number, such as ``"(a)"``; the hint then begins with it.
        asks: What is asked, where a form has a field for each part.
        options: What there is to choose from; their letters are a, b, c, …
        laws: Rows of factors, a value and a hint for when the sum of factors times
            numbers is not this value. They come before ``otherwise``.
        atol: By how much a number may be off; a mistake is known within five times it.
    """

    right: Any
    otherwise: str = ""
    mistakes: list[list[Any]] = field(default_factory=list)
    name: str = ""
    asks: str = ""
    options: list[str] = field(default_factory=list)
    laws: list[list[Any]] = field(default_factory=list)
    atol: float = 1e-6

    @property
    def letters(self) -> str:
        """The letters of the options, in order."""
        return "abcdefgh"[: len(self.options)]


@dataclass(frozen=True)
class Exercise:
    """One registered exercise.

    Attributes:
        id: Chapter and number, such as ``"backprop-2"``.
        takes: What the answer must be, as the end of "It takes …".
        checker: Function of the answer; returns or raises :class:`Hint`.
        cases: How often the reader's function is called, if the answer is one.
        options: What there is to choose from, a line each.
    """

    id: str
    takes: str
    checker: Callable[[Any], None]
    cases: int = 0
    options: tuple[str, ...] = ()


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
        print(*entry.options, sep="\n", end="\n" if entry.options else "")
        return
    try:
        with np.errstate(all="ignore"):  # a checker judges what comes out
            entry.checker(answer)
    except Hint as hint:
        print(f"{id}: not yet. {hint}")
    else:
        print(f"{id}: right.")


def exercises() -> dict[str, Exercise]:
    """Return every exercise of the book by id."""
    for chapter, entries in words().items():
        importlib.import_module(f"{__name__}.{chapter}")
        for id, entry in entries.items():
            if id not in _registry:  # no code of its own: numbers
                checker = _chosen(entry) if has_choices(entry) else _pencil(entry)
                options = tuple(choices(entry))
                _registry[id] = Exercise(id, entry["takes"], checker, 0, options)
    return dict(_registry)


@functools.cache
def words() -> dict[str, dict[str, dict[str, Any]]]:
    """Return the data of all exercises by chapter and id, as the files have them."""
    found: dict[str, dict[str, dict[str, Any]]] = {}
    for file in sorted(resources.files(__name__).iterdir(), key=lambda file: file.name):
        if file.name.endswith(".toml"):
            found[file.name[:-5]] = tomllib.loads(file.read_text(encoding="utf-8"))
    ids = [id for entries in found.values() for id in entries]
    if twice := {id for id in ids if ids.count(id) > 1}:
        raise ValueError(f"two exercises share the id {min(twice)!r}")
    return found


def is_pencil(entry: Mapping[str, Any]) -> bool:
    """Return whether an exercise is answered by data, with no code of its own."""
    return "right" in entry or "part" in entry


def has_choices(entry: Mapping[str, Any]) -> bool:
    """Return whether an exercise asks for one of a few options, in one part at least.

    Its answer then has one entry for each part, or is that of the only part.
    """
    return is_pencil(entry) and any(part.options for part in parts_of(entry))


def choices(entry: Mapping[str, Any]) -> Iterator[str]:
    """Yield the questions and options of an exercise that has some, a line each."""
    for part in parts_of(entry) if has_choices(entry) else []:
        yield f"{part.name} {part.asks}".strip()
        for letter, option in zip(part.letters, part.options, strict=True):
            yield f"  {letter}  {option}"


def parts_of(entry: Mapping[str, Any]) -> list[Part]:
    """Return the parts of an exercise that is answered by data, in order.

    ``check`` judges by them, and so does the page (``_ext/answer_forms.py``).
    """
    shared = {key: entry[key] for key in Part.__dataclass_fields__ if key in entry}
    return [Part(**{**shared, **part}) for part in entry.get("part", [{}])]


# --- exercises with code ------------------------------------------------------------


def exercise(id: str) -> Callable[[Callable[..., None]], Any]:
    """Register any checker under an id (a decorator).

    The checker takes the answer and a function that makes a :class:`Hint` of a key of
    the exercise's ``hints`` and of values for the names in braces.

    Args:
        id: Chapter and number, such as ``"backprop-2"``.
    """
    entry, tell = _entry(id), functools.partial(_tell, id)

    def register(checker: Callable[..., None]) -> Callable[..., None]:
        _registry[id] = Exercise(id, entry["takes"], lambda a: checker(a, tell))
        return checker

    return register


def function(
    id: str,
    *,
    cases: Sequence[tuple[Any, ...]] | Callable[[np.random.Generator], Any],
    returns: Sequence[str] = ("the result",),
    keeps: bool = False,
    convert: Callable[..., Any] | None = None,
    also: Callable[[Any, Any], None] | None = None,
    rtol: float = 1e-5,
    atol: float = 1e-8,
) -> Callable[[Callable[..., Any]], Any]:
    """Register an exercise that is answered by a function (a decorator).

    The decorated function takes the same arguments and returns the right result and a
    table from keys of the exercise's ``hints`` to wrong ones, as in
    :func:`expect_close`; for several results, a dictionary of such pairs.

    Args:
        id: Chapter and number.
        cases: Tuples of arguments, or a function of a generator that returns them.
        returns: Names of the results, in order.
        keeps: Whether the function must leave its arguments as they are.
        convert: Makes an array of the result; takes it, a function that makes hints as
            for :func:`exercise`, and the arguments.
        also: A checker, as for :func:`exercise`, that comes after all cases.
        rtol: Relative tolerance.
        atol: Absolute tolerance.
    """
    entry, tell = _entry(id), functools.partial(_tell, id)
    listed = cases(np.random.default_rng(0)) if callable(cases) else cases
    spoken = {key: entry.get(key, "") for key in ("fails", "shape")}

    def judge(answer: Any, arguments: tuple[Any, ...], wanted: Any) -> None:
        case = entry.get("case", "").format(*arguments)
        given = copy.deepcopy(arguments)
        result = expect_result(answer, *given, case=case, fails=spoken["fails"])
        if keeps and not _same(given, arguments):
            raise Hint("Your function changes its argument; make a new array.")
        if convert:
            result = convert(result, tell, *arguments)
        parts = wanted(*copy.deepcopy(arguments))
        single = not isinstance(parts, dict)
        results = [result] if single else expect_several(result, returns)
        found = dict(zip(returns, results, strict=True))
        for name, (right, wrongs) in ({returns[0]: parts} if single else parts).items():
            table = {entry["hints"][key]: wrong for key, wrong in wrongs.items()}
            last = entry["otherwise"] if single else entry["otherwise"][name]
            options = {"name": name, "case": case, "rtol": rtol, "atol": atol}
            expect_close(found[name], right, table, last, **options, **spoken)

    def register(wanted: Callable[..., Any]) -> Callable[..., Any]:
        def checker(answer: Any) -> None:
            for arguments in listed:
                judge(answer, arguments, wanted)
            if also:
                also(answer, tell)

        _registry[id] = Exercise(id, entry["takes"], checker, len(listed))
        return wanted

    return register


# --- inside -------------------------------------------------------------------------


def _pencil(entry: Mapping[str, Any]) -> Callable[[Any], None]:
    """Return the checker of an exercise whose answer is numbers."""
    parts = parts_of(entry)
    right = np.concatenate([np.ravel(part.right) for part in parts])
    atol = np.concatenate([np.full(np.size(part.right), part.atol) for part in parts])
    shape = tuple(entry.get("shape", ()))

    def checker(answer: Any) -> None:
        for other, hint in entry.get("shapes", []):
            if np.shape(expect_array(answer, "the answer")) == tuple(other):
                raise Hint(hint)
        if shape:
            expect_array(answer, "the answer", shape)
        given = expect_numbers(answer, right.size)
        if (abs(given - right) <= atol).all():
            return
        for *wrongs, hint in entry.get("first", []):
            if any(np.allclose(given, np.ravel(w), 0, 5 * max(atol)) for w in wrongs):
                raise Hint(hint)
        start = 0
        for part in parts:
            numbers = given[start : start + np.size(part.right)]
            start += np.size(part.right)
            _expect_part(numbers, part)

    return checker


def _chosen(entry: Mapping[str, Any]) -> Callable[[Any], None]:
    """Return the checker of an exercise that has options, with numbers or without."""
    parts = parts_of(entry)
    names = [part.name for part in parts]

    def checker(answer: Any) -> None:
        answers = expect_several(answer, names) if len(parts) > 1 else [answer]
        for given, part in zip(answers, parts, strict=True):
            if part.options:
                _expect_choice(given, part)
            else:
                _expect_part(expect_numbers(given, np.size(part.right)), part)

    return checker


def _expect_choice(given: Any, part: Part) -> None:
    about = part.name or "The answer"
    letter = given.strip().lower() if isinstance(given, str) else ""
    if len(letter) != 1 or letter not in part.letters:
        listed = f"{', '.join(part.letters[:-1])} or {part.letters[-1]}"
        raise Hint(f"{about} should be one of the letters {listed}, in quotes.")
    if letter == part.right:
        return
    hint = next(row[-1] for row in part.mistakes if letter in row[:-1])
    raise Hint(f"{about} is not {letter}: {hint}")


def _expect_part(given: np.ndarray, part: Part) -> None:
    if (abs(given - np.ravel(part.right)) <= part.atol).all():
        return
    say = f"{part.name} is not {short(given)}: " if part.name else ""
    for *wrongs, hint in part.mistakes:
        if any(np.allclose(given, np.ravel(w), 0, 5 * part.atol) for w in wrongs):
            raise Hint(say + hint)
    for factors, value, hint in part.laws:
        found = np.dot(factors, given)
        if abs(found - value) > 5 * part.atol:
            raise Hint(say + filled(hint, given=short(found)))
    raise Hint(say + filled(part.otherwise, given=short(given)))


def _entry(id: str) -> dict[str, Any]:
    return next(entries[id] for entries in words().values() if id in entries)


def _tell(id: str, key: str, **values: Any) -> Hint:
    entry = _entry(id)
    return Hint(filled(entry[key] if key in entry else entry["hints"][key], **values))


def _same(one: Any, other: Any) -> bool:
    if isinstance(one, Mapping):
        return one.keys() == other.keys() and all(_same(one[k], other[k]) for k in one)
    if isinstance(one, tuple | list):
        return len(one) == len(other) and all(map(_same, one, other))
    return isinstance(one, np.random.Generator) or np.array_equal(one, other)
