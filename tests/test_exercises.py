"""The exercise machinery; each chapter's checkers have a test file of their own."""

from __future__ import annotations

import numpy as np
import pytest
import torch

from utils import exercises
from utils.exercises import Hint, check, expect_array, expect_result


@pytest.fixture
def sample(monkeypatch: pytest.MonkeyPatch) -> None:
    # Loads every chapter's module first: it would register in the copy and be lost.
    known = exercises.exercises()
    monkeypatch.setattr(exercises, "_registry", known)

    @exercises.exercise("sample-1", takes="the number of legs of a spider")
    def legs(answer: object) -> None:
        if expect_array(answer, "the number of legs", ()) != 8:
            raise Hint("Count the legs in pairs: a spider has four pairs.")


@pytest.mark.usefixtures("sample")
def test_right_wrong_and_unanswered(capsys: pytest.CaptureFixture[str]):
    check("sample-1", 8)
    check("sample-1", 6)
    check("sample-1", ...)
    right, wrong, unanswered = capsys.readouterr().out.splitlines()
    assert right == "sample-1: right."
    assert "four pairs" in wrong
    assert "the number of legs of a spider" in unanswered


@pytest.mark.usefixtures("sample")
def test_an_unknown_id_lists_near_ones():
    with pytest.raises(KeyError, match="sample-1"):
        check("sampel-1", 8)
    with pytest.raises(KeyError, match="near ones"):
        check("zzz", 8)


@pytest.mark.usefixtures("sample")
def test_two_exercises_cannot_share_an_id():
    with pytest.raises(ValueError, match="share the id 'sample-1'"):

        @exercises.exercise("sample-1", takes="anything")
        def another(answer: object) -> None: ...


@pytest.mark.parametrize(
    ("answer", "says"),
    [
        ("eight", "numeric"),
        ([1, 2], "a single number; yours has shape"),
        (float("nan"), "not finite"),
        (None, "finite|numeric"),
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
        (lambda x: x / 0, "raised ZeroDivisionError: "),
        (lambda: 1, "raised TypeError: "),
        (lambda x: None, "Does it end with `return`"),
        (lambda x: ..., "Does it end with `return`"),
    ],
)
def test_a_function_that_gives_no_result_gets_a_hint(answer: object, feedback: str):
    with pytest.raises(Hint, match=feedback):
        expect_result(answer, 1)
