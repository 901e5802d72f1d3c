"""Every exercise: right answers pass, each wrong one gets its own hint, junk gets one.

The answers are in ``tests/answers/<chapter>.py``: ``RIGHT`` has rows of an exercise's
number and an answer, ``WRONG`` of a number, an answer and words of the hint that it
must get. Every hint in ``utils/exercises/<chapter>.toml`` must be demanded by a row.
"""

from __future__ import annotations

import ast
import importlib
import json
import math
import re
import tomllib
import tracemalloc
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch

from utils import exercises as book
from utils.exercises import Hint, check, expect_array, expect_close, expect_result

BOOK = book.exercises()
WORDS = {
    id: entry for entries in book.words().values() for id, entry in entries.items()
}
NO_HINT = ("takes", "name", "case", "asks", "options", "right")
RIGHT: list[tuple[str, Any]] = []
WRONG: list[tuple[str, Any, str]] = []
for chapter, entries in book.words().items():
    answers = importlib.import_module(f"answers.{chapter}")
    prefix = min(entries).rpartition("-")[0]
    RIGHT += [(f"{prefix}-{number}", *row) for number, *row in answers.RIGHT]
    WRONG += [(f"{prefix}-{number}", *row) for number, *row in answers.WRONG]


def hints(id: str) -> list[str]:
    """Return all sentences that the data of an exercise can say."""

    def texts(data: Any) -> Iterator[str]:
        if isinstance(data, dict):
            for key, value in data.items():
                if key not in NO_HINT:
                    yield from texts(value)
        elif isinstance(data, list):
            for value in data:
                yield from texts(value)
        elif isinstance(data, str) and len(data) > 1:  # no letter of an option
            yield data

    return list(texts(WORDS[id]))


def demanded(id: str, words: str) -> list[str]:
    return [hint for hint in hints(id) if words in hint]


def pencil_mistakes(id: str) -> list[Any]:
    parts = [WORDS[id], *WORDS[id].get("part", [])]
    rows = [part.get(key, []) for part in parts for key in ("first", "mistakes")]
    return [row for table in rows for row in table]


def name(row: tuple[Any, ...]) -> str:
    return "-".join(part for part in row if isinstance(part, str))


@pytest.mark.parametrize(("id", "answer"), RIGHT, ids=map(name, RIGHT))
def test_a_right_answer_passes(id, answer, capsys):
    check(id, answer)
    assert capsys.readouterr().out == f"{id}: right.\n"


@pytest.mark.parametrize(("id", "answer", "words"), WRONG, ids=map(name, WRONG))
def test_a_wrong_answer_gets_its_own_hint(id, answer, words, capsys, recwarn):
    check(id, answer)
    said = capsys.readouterr().out
    assert said.startswith(f"{id}: not yet. ")
    assert said.count("\n") == 1
    assert words in said, said
    assert not [w for w in recwarn if issubclass(w.category, RuntimeWarning)]
    own = demanded(id, words)
    assert len(own) == 1, f"{words!r} is in {len(own)} of the hints: {own}"
    pattern = ".*".join(map(re.escape, re.split(r"\{\w+\}", own[0])))
    assert re.search(pattern, said), f"another hint has these words: {said}"


@pytest.mark.parametrize("id", BOOK)
def test_no_hint_goes_untested(id):
    rows = [row for row in WRONG if row[0] == id]
    assert len(rows) >= 3, "an exercise has at least three wrong answers"
    assert any(row[0] == id for row in RIGHT), "an exercise has a right answer"
    tested = {hint for row in rows for hint in demanded(id, row[2])}
    assert set(hints(id)) == tested, "no wrong answer demands these hints"
    for *wrongs, hint in pencil_mistakes(id):
        demanding = [row for row in rows if row[2] in hint]
        assert len(demanding) >= len(wrongs), f"numbers without a row: {hint}"
    assert len(set(hints(id))) == len(hints(id)), "two hints are the same"


@pytest.mark.parametrize("id", BOOK)
def test_dots_say_what_the_exercise_takes(id, capsys):
    check(id)
    first, *options = capsys.readouterr().out.splitlines()
    assert first.endswith(f"It takes {BOOK[id].takes}.")
    assert options == list(BOOK[id].options)


@pytest.mark.parametrize("id", BOOK)
def test_a_hint_does_not_give_the_answer_away(id):
    parts = [part for part in WORDS[id].get("part", [WORDS[id]]) if "right" in part]
    for part in parts:
        if "options" in part:
            right = part["options"]["abcdefgh".index(part["right"])]
            said = " ".join(hint for *_, hint in part["mistakes"])
            assert not re.search(rf"\b{re.escape(right)}(?!\w)", said)
    numbers = [part["right"] for part in parts if "options" not in part]
    for right in np.hstack([np.ravel(row) for row in [[], *numbers]]):
        if abs(right) >= 100 or right % 1:
            number = rf"(?<![\d.]){re.escape(f'{abs(right):g}')}(?![\d.]*\d)"
            assert not re.search(number, " ".join(hints(id)))


def test_numbers_of_pencil_exercises_are_plain_data():
    pencil = {id for id, entry in WORDS.items() if "right" in entry or "part" in entry}
    assert len(pencil) >= 20
    for id in pencil:
        assert json.loads(json.dumps(WORDS[id])) == WORDS[id]


CHOICES = {
    f"{id}-{k}": part
    for id, entry in WORDS.items()
    if book.is_pencil(entry)
    for k, part in enumerate(book.parts_of(entry))
    if part.options
}


@pytest.mark.parametrize("part", CHOICES.values(), ids=CHOICES)
def test_each_wrong_option_has_one_hint_of_its_own(part):
    assert 2 <= len(part.options) <= 8
    assert len(set(part.options)) == len(part.options)
    wrong = [letter for *letters, _ in part.mistakes for letter in letters]
    assert sorted([*wrong, part.right]) == list(part.letters)
    assert part.asks, "a choice says what is asked"
    assert not part.otherwise, "no answer would get this hint"


def test_the_right_letters_are_spread():
    """Who guesses the same letter everywhere must not get far."""
    rights = [part.right for part in CHOICES.values()]
    assert len(rights) >= 30
    assert max(map(rights.count, "abcd")) <= len(rights) / 2


def test_a_choice_is_a_letter_in_quotes(capsys):
    for answer, said in (
        ("b", "right."),
        (" B ", "right."),
        ("e", "not yet. The answer should be one of the letters a, b, c or d"),
        ("", "not yet. The answer should be one of the letters"),
        (2, "not yet. The answer should be one of the letters"),
        (["b"], "not yet. The answer should be one of the letters"),
        ("a", "not yet. The answer is not a: they are needed"),
    ):
        check("attention-7", answer)
        assert capsys.readouterr().out.startswith(f"attention-7: {said}")
    check("cyclegan-8", "d")
    assert "two things in this order: (a) and (b)" in capsys.readouterr().out


# --- junk ---------------------------------------------------------------------------


class Unreadable:
    def __array__(self, *args, **options):
        raise RuntimeError("no array\nat all")

    def __iter__(self):
        raise KeyError

    def __len__(self):
        raise OSError


def junk() -> list[Any]:
    """Return answers that are no answer."""
    loop: list[Any] = []
    loop.append(loop)
    weights = torch.ones(2, 3, requires_grad=True)
    return [
        None,
        "",
        "a lot",
        b"7",
        "7",
        True,
        math.nan,
        -math.inf,
        1e308,
        10**400,
        [10**400] * 3,
        1j,
        [],
        [[1, 2], [3]],
        [None] * 4,
        ["a", "b", "c"],
        [math.nan] * 4,
        np.zeros((0, 3)),
        np.full(3, 1e300),
        np.ones((2, 3, 4)),
        np.array(["x"], dtype=object),
        np.array(["2020-01-01"] * 3, dtype="datetime64[D]"),
        (1, 2, Unreadable()),
        {},
        {"delta2": Unreadable()},
        {1: 2, "a": None},
        {Unreadable, "dw1"},
        ["dw1", []],
        frozenset("ab"),
        loop,
        object(),
        Unreadable(),
        Hint,
        weights,
        (weights, weights),
        [weights] * 3,
        torch.tensor(float("nan")),
        iter([1, 2]),
        range(10**9, 10**9 + 5),
        *[
            dict.fromkeys(["delta2", "delta1", "dw1", "dw2", "db1", "multiply_adds"], v)
            for v in (None, 10**400, Unreadable(), [[]])
        ],
    ]


def functions() -> list[Any]:
    """Return functions that return junk, raise, or take too few arguments."""

    def silent(*_):
        raise ValueError

    def talkative(*_):
        raise KeyError("one\ntwo\n" + 1000 * "three")

    def generator(*_):
        yield 1

    def changing(*arguments):
        for argument in arguments:
            if isinstance(argument, np.ndarray):
                argument[...] = 0
            elif isinstance(argument, dict | list):
                argument.clear()
        return 1.0

    returning = [lambda *_, value=value: value for value in junk()]
    return [*returning, silent, talkative, generator, changing, lambda: 1, len, print]


@pytest.mark.parametrize("id", BOOK)
@pytest.mark.filterwarnings("ignore:Implicitly cleaning up")
def test_junk_gets_a_hint_and_never_an_error(id):
    for answer in [*junk(), *functions()]:
        with pytest.raises(Hint) as caught, np.errstate(all="ignore"):
            BOOK[id].checker(answer)
        said = str(caught.value)
        assert said.strip() == said != ""
        assert "\n" not in said
        assert len(said) < 400, said


@pytest.mark.parametrize("id", [id for id, entry in BOOK.items() if entry.cases])
def test_a_constant_is_not_the_answer_of_a_function(id):
    """The right result of the first case must not do for the others."""
    assert BOOK[id].cases >= 2
    right = next(row[1] for row in RIGHT if row[0] == id)
    first: list[Any] = []

    def constant(*arguments):
        if not first:
            first.append(right(*arguments))
        return first[0]

    with pytest.raises(Hint):
        BOOK[id].checker(constant)


def test_memory_is_no_longer_watched_when_a_function_has_been():
    for running in (False, True):
        if running:
            tracemalloc.start()
        check("attention-4", next(row[1] for row in RIGHT if row[0] == "attention-4"))
        assert tracemalloc.is_tracing() == running
    tracemalloc.stop()


# --- the machinery ------------------------------------------------------------------


def test_an_unknown_id_lists_near_ones():
    with pytest.raises(KeyError, match="rnn-1"):
        check("rnm-1", 8)
    with pytest.raises(KeyError, match="near ones"):
        check("zzz", 8)


@pytest.mark.parametrize(
    ("answer", "says"),
    [
        ("eight", "the number of legs should be numeric, but you gave a str"),
        ("8", "numeric"),
        (None, "numeric, but you gave a NoneType"),
        (8j, "numeric"),
        ([1, 2], r"a single number; yours has shape \(2,\)"),
        (float("nan"), "not finite"),
        (10**400, "far too large"),
    ],
)
def test_an_answer_of_the_wrong_kind_gets_a_hint(answer: object, says: str):
    with pytest.raises(Hint, match=says):
        expect_array(answer, "the number of legs", ())


def test_tensors_and_lists_are_accepted():
    parameter = torch.nn.Parameter(torch.ones(2, 3))
    assert expect_array(parameter, "the weights", (2, 3)).dtype == np.float64
    assert expect_array([[1, 2]], "the row", (1, 2)).tolist() == [[1.0, 2.0]]


def test_a_result_is_what_the_readers_function_returns():
    assert expect_result(lambda a, b: a - b, 5, 3) == 2
    with np.errstate(all="raise"):  # overflow is for the checker to judge
        assert expect_result(np.exp, 1e4) == np.inf


@pytest.mark.parametrize(
    ("answer", "feedback"),
    [
        (3.5, "without calling it, not a float"),
        (lambda x: x / 0, "At 1: your function raised ZeroDivisionError: .* Help"),
        (lambda: 1, "raised TypeError: "),
        (lambda x: [][0], "raised IndexError: [^H]*$"),
        (lambda x: None, "Does it end with `return`"),
        (lambda x: ..., "Does it end with `return`"),
    ],
)
def test_a_function_that_gives_no_result_gets_a_hint(answer: object, feedback: str):
    with pytest.raises(Hint, match=feedback):
        expect_result(answer, 1, case="At 1", fails="Help.")


def test_the_first_mistake_that_explains_an_answer_is_told():
    table = {"Twice.": 4, "Half or none.": (1, 0), "Negative.": lambda x: x < 0}
    expect_close(2, 2, table, "Off by much.")
    for given, says in (
        (4, "Twice"),
        (1, "Half"),
        (0, "Half"),
        (-3, "Negative"),
        (2.001, "far from 2.001"),
        ([2, 2], r"the result should be a single number; yours has \(2,\)"),
    ):
        with pytest.raises(Hint, match=says):
            expect_close(given, 2, table, "far from {given}")


def test_a_checker_works_without_assertions():
    """Python can be told to leave them out (PYTHONOPTIMIZE)."""
    for file in Path(book.__file__).parent.glob("*.py"):
        tree = ast.parse(file.read_text(encoding="utf-8"))
        assert not [node for node in ast.walk(tree) if isinstance(node, ast.Assert)]


def test_the_examples_in_contributing_work(monkeypatch, capsys):
    text = Path(__file__).parents[1].joinpath("CONTRIBUTING.md").read_text("utf-8")
    data = "\n".join(re.findall(r"```toml\n(\[momentum.*?)```", text, re.DOTALL))
    code = re.search(r"```python\n(@function\(\"momentum.*?)```", text, re.DOTALL)
    monkeypatch.setattr(book, "words", lambda: {"training": tomllib.loads(data)})
    monkeypatch.setattr(book, "_registry", {})
    exec(code[1], {"function": book.function, "Any": Any})
    for answer, says in (
        (0.72, "right."),
        (1.3, "The speed grew"),
        (2, "What is the speed"),
    ):
        check("momentum-1", answer)
        assert says in capsys.readouterr().out
    for wrong, says in (
        (lambda beta: 1 / (1 - beta), "right."),
        (lambda beta: beta, "after one step"),
        (lambda beta: 7, "7 is off"),
    ):
        check("momentum-2", wrong)
        assert says in capsys.readouterr().out


def test_whole_numbers_must_be_met_and_others_nearly():
    expect_close(100_000.5, 100_000.0, {}, "off")
    expect_close(np.ones(2, dtype=int), np.array([True, True]), {}, "off")
    with pytest.raises(Hint, match="off"):
        expect_close(100_000.5, 100_000, {}, "off")


def test_two_exercises_cannot_share_an_id(monkeypatch, tmp_path):
    for chapter in "ab":
        (tmp_path / f"{chapter}.toml").write_text('["same-1"]\ntakes = "a number"')
    monkeypatch.setattr(book.resources, "files", lambda _: tmp_path)
    with pytest.raises(ValueError, match="share the id 'same-1'"):
        book.words.__wrapped__()
