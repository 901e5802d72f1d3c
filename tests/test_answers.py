"""A form on a page judges an answer as ``check`` does, with the same words."""

from __future__ import annotations

import importlib
import itertools
import json
import random
import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from tests.book_builder import Built, build, code, markdown, notebook
from tools.build import ROOT
from utils import exercises as book
from utils.exercises import check

sys.path.append(str(ROOT / "_ext"))
import answer_forms
from katex_local import find_node

SCRIPT = ROOT / "_ext" / "static" / "answers.js"
WORDS = {
    id: entry for entries in book.words().values() for id, entry in entries.items()
}
PENCIL = {id: entry for id, entry in WORDS.items() if book.is_pencil(entry)}
CHOICE = {id: entry for id, entry in PENCIL.items() if book.has_choices(entry)}
NUMBERS = {id: entry for id, entry in PENCIL.items() if id not in CHOICE}
DRIVER = """
const bookAnswers = new Function(
  require("fs").readFileSync(process.argv[1], "utf8") + "; return bookAnswers")();
const { tables, cases } = JSON.parse(require("fs").readFileSync(0, "utf8"));
const said = ([id, typed]) => {
  try { return bookAnswers.judge(bookAnswers.decode(tables[id]), typed); }
  catch (error) {
    if (error instanceof bookAnswers.Unreadable) return `unreadable: ${error.message}`;
    throw error;
  }
};
const numbers = JSON.parse(process.argv[2]).map(bookAnswers.brief);
console.log(JSON.stringify({ said: cases.map(said), numbers }));
"""


def run(cases: list[tuple[str, Any]], numbers: list[float] | None = None) -> Any:
    """Return what the script says of typed answers, and how it writes numbers."""
    tables = {id: answer_forms.encoded(entry) for id, entry in PENCIL.items()}
    done = subprocess.run(
        [find_node(), "-e", DRIVER, str(SCRIPT), json.dumps(numbers or [])],
        input=json.dumps({"tables": tables, "cases": cases}),
        capture_output=True,
        text=True,
        timeout=60,
    )
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout)


def rights(entry: Any) -> np.ndarray:
    return np.concatenate([np.ravel(part.right) for part in book.parts_of(entry)])


def answers(id: str) -> Iterator[Any]:
    """Yield right answers, every listed mistake, and others, as lists or numbers."""
    entry = NUMBERS[id]
    shape = tuple(entry.get("shape", ()))
    right = rights(entry).astype(float)

    def shaped(flat: np.ndarray) -> Any:
        flat = np.asarray(flat, float).ravel()
        if shape and flat.size == np.prod(shape):
            return flat.reshape(shape).tolist()
        return flat.item() if flat.size == 1 else flat.tolist()

    yield shaped(right)
    parts = book.parts_of(entry)
    start = 0
    steps = [0.5, 2, 4, 6, -0.9, -4.9, 5.1]  # of the tolerance, within and outside
    for part in parts:
        size = np.size(part.right)
        for *wrongs, _ in part.mistakes:
            for wrong in wrongs:
                for step in (0, *steps):
                    near = right.copy()
                    near[start : start + size] = np.ravel(wrong) + step * part.atol
                    yield shaped(near)
        for step in steps:
            near = right.copy()
            near[start] += step * part.atol
            yield shaped(near)
        start += size
    for *wrongs, _ in entry.get("first", []):
        for wrong in wrongs:
            for step in (0, *steps):
                yield shaped(np.ravel(wrong) + step * max(part.atol for part in parts))
    for other, _ in entry.get("shapes", []):
        yield np.ones(other).tolist()
    rng = np.random.default_rng(0)
    for scale in (1e-7, 0.01, 1, 30, 1e7):  # laws, `otherwise`, how a number is written
        yield shaped(right + scale * rng.normal(size=right.size))
        for k in range(right.size):
            one = right.copy()
            one[k] += scale * rng.normal()
            yield shaped(one)
    yield shaped(-right)
    yield shaped(0 * right)
    yield shaped(right[::-1])
    yield 3
    yield [3]
    yield []
    yield [[]]
    yield [1, [2, 3]]
    yield right.tolist()
    yield [*right.tolist(), 1]
    yield right[:-1].tolist()
    yield right[:, None].tolist()
    yield np.where(np.arange(right.size), right, np.nan).tolist()
    yield np.where(np.arange(right.size), right, -np.inf).tolist()


def tabled(id: str) -> Iterator[Any]:
    """Yield the rows of ``tests/answers`` that are numbers."""
    prefix, _, number = id.rpartition("-")
    chapter = next(c for c, entries in book.words().items() if id in entries)
    assert prefix
    module = importlib.import_module(f"answers.{chapter}")
    for n, answer, *_ in [*module.RIGHT, *module.WRONG]:
        if n == int(number):
            try:
                yield np.asarray(answer, float).tolist()
            except (TypeError, ValueError):
                continue


def chosen(id: str) -> list[tuple[Any, ...]]:
    """Return answers where there are options: each letter and number, many together."""
    offered: list[list[Any]] = []
    for part in book.parts_of(CHOICE[id]):
        if part.options:
            offered.append([*part.letters])
            continue
        wrongs = [wrong for *row, _ in part.mistakes for wrong in row]
        steps = [k * part.atol for k in (0, 0.5, 2, -0.9, 4.9, 5.1)]
        near = [float(x) + step for x in (part.right, *wrongs) for step in steps]
        offered.append([*near, -part.right, part.right + 0.123456, 1e7])
    everything = list(itertools.product(*offered))
    random.Random(0).shuffle(everything)
    right = [part.right for part in book.parts_of(CHOICE[id])]
    single = [
        (*right[:k], other, *right[k + 1 :])
        for k, others in enumerate(offered)
        for other in others
    ]
    return [*single, *everything[:100]]


def by_check(id: str, answer: Any, capsys: pytest.CaptureFixture[str]) -> str | None:
    """Return the hint of ``check``, or None for a right answer."""
    check(id, answer)
    said = capsys.readouterr().out.removesuffix("\n")
    if said == f"{id}: right.":
        return None
    assert said.startswith(f"{id}: not yet. ")
    return said.removeprefix(f"{id}: not yet. ")


def test_the_script_says_what_check_says(capsys):
    cases = [(id, a) for id in NUMBERS for a in [*answers(id), *tabled(id)]]
    cases += [(id, answer) for id in CHOICE for answer in chosen(id)]
    typed = [repr(a) if id in NUMBERS else [*map(str, a)] for id, a in cases]
    asked = zip((id for id, _ in cases), typed, strict=True)
    said = run(list(asked))["said"]
    cases = [
        (id, a[0] if len(a) == 1 else a) if id in CHOICE else (id, a) for id, a in cases
    ]
    wanted = [by_check(id, answer, capsys) for id, answer in cases]
    differing = [
        (*case, want, got)
        for case, want, got in zip(cases, wanted, said, strict=True)
        if want != got
    ]
    assert not differing, f"{len(differing)} of {len(cases)}: {differing[:3]}"
    for id, entry in PENCIL.items():
        heard = [h or "" for (i, _), h in zip(cases, said, strict=True) if i == id]
        for hint in hints(entry):
            words = max(re.split(r"\{\w+\}", hint), key=len)
            assert any(words in h for h in heard), f"{id}: nothing got the hint {hint}"


def hints(entry: Any) -> Iterator[str]:
    """Yield every hint of an exercise that some answer can get."""
    for part in book.parts_of(entry):
        if part.otherwise:
            yield part.otherwise
        yield from (row[-1] for row in [*part.mistakes, *part.laws])
    yield from (row[-1] for row in [*entry.get("first", []), *entry.get("shapes", [])])


def test_numbers_are_written_as_python_writes_them():
    rng = np.random.default_rng(0)
    numbers = [0.0, 1e-5, 1e-4, 999999.5, 1e6, 123456.5]
    numbers += [123457.5, 1234565.0, -1234575.0]
    numbers += (rng.normal(size=500) * 10.0 ** rng.integers(-9, 12, 500)).tolist()
    assert run([], numbers)["numbers"] == [f"{x:.6g}" for x in numbers]


@pytest.mark.parametrize(
    ("id", "typed"),
    [
        ("cnn-1", "28, 14, 7, 8"),
        ("cnn-1", " 28 14\t7  8 "),
        ("cnn-1", "(28, 14, 7, 8,)"),
        ("cnn-1", "56/2; 14; 7; 16 / 2"),
        ("cnn-2", "1 4 2\n−1 5 −2\n-1, 2, 1\n"),
        ("cnn-2", "[[1,4,2],[-1,5,-2],[-1,2,1]]"),
        ("transfer_learning-1", "1,054,218"),
        ("transfer_learning-1", "1_054_218"),
        ("transfer_learning-1", "(1.054218e6)"),
        ("transfer_learning-10", ["294,912", "33_920", "b"]),
        ("cyclegan-8", ["4/5", "d"]),
    ],
)
def test_an_answer_may_be_typed_in_several_ways(id, typed):
    assert run([(id, typed)])["said"] == [None]


@pytest.mark.parametrize(
    "typed", ["abc", "28, x", "[28, 14", "28]", ",", "1/2/3", "--1"]
)
def test_what_is_no_number_is_told_from_a_wrong_one(typed):
    (said,) = run([("cnn-1", typed)])["said"]
    assert said.startswith("unreadable: ")


# --- pages --------------------------------------------------------------------------


@pytest.fixture(scope="module")
def page(tmp_path_factory: pytest.TempPathFactory) -> str:
    cells = (
        markdown("## Exercises\n\n### 1. Sizes\n\nHow high?"),
        code('check("cnn-1", ...)'),
        code('check("cnn-1", [28, 14, 7, 8])', "hide-cell"),
        markdown("### 2. A picture"),
        code('# Write it down first.\ncheck("cnn-2", ...)'),
        markdown("### 8. Two small ones"),
        code('from utils.exercises import check\n\ncheck("cnn-8", ...)'),
        markdown("### 7. A letter"),
        code('check("cnn-7", ...)'),
        markdown("### 4. A function"),
        code('check("cnn-4", ...)'),
    )
    folder: Path = tmp_path_factory.mktemp("answers")
    built: Built = build(folder, {"index.ipynb": notebook(*cells)})
    assert built.status == 0, built.messages
    return built.page("index")


def test_a_form_stands_below_each_pencil_exercise_and_no_other(page: str):
    assert re.findall('<form class="answer" data-id="([^"]+)"', page) == [
        "cnn-1",
        "cnn-2",
        "cnn-8",
        "cnn-7",
    ]
    assert page.index('data-id="cnn-1"') < page.index("Show the code")
    assert page.count("<textarea") == 1


def test_every_form_has_a_label_and_a_place_for_what_is_said(page: str):
    for id in ("cnn-1", "cnn-2"):
        assert f'<label for="answer-{id}">' in page
        assert f'<p id="answer-{id}-said" role="status">' in page


def test_each_option_is_a_button_with_its_words_in_a_group_with_its_question(page: str):
    form = re.search(r'<form class="answer" data-id="cnn-8".*?</form>', page, re.S)
    assert form
    assert len(re.findall(r"<label for=.*?<input id=", form[0])) == 2
    (group,) = re.findall(r"<fieldset.*?</fieldset>", form[0], re.S)
    assert "<legend>(c) With C = 1 and nothing in between, can" in group
    assert 'aria-describedby="answer-cnn-8-said"' in group
    options = re.findall(
        r'<label><input type="radio" name="([^"]+)" value="(\w)">', group
    )
    assert options == [("answer-cnn-8-2", letter) for letter in "abcd"]
    assert form[0].count('role="status"') == 1


def test_the_table_is_not_read_by_accident(page: str):
    forms = " ".join(re.findall('<form class="answer".*?</form>', page, re.S))
    assert "checked" not in forms
    assert "28" not in re.sub('data-table="[^"]+"', "", forms)
    for id in ("cnn-1", "cnn-2", "cnn-7", "cnn-8"):
        assert not [hint for hint in hints(PENCIL[id]) if hint in forms]


def test_every_pencil_exercise_is_asked_for_in_one_cell_of_the_book():
    asked = []
    for path in (ROOT / "chapters").rglob("*.ipynb"):
        if ".ipynb_checkpoints" in path.parts:
            continue
        for cell in json.loads(path.read_text(encoding="utf-8"))["cells"]:
            match = answer_forms.CELL.fullmatch("".join(cell["source"]))
            if cell["cell_type"] == "code" and match and match[1] in PENCIL:
                asked.append(match[1])
    assert sorted(asked) == sorted(PENCIL)


def test_tables_are_small():
    assert max(len(answer_forms.form_of(*item)) for item in PENCIL.items()) < 4000
