"""Results at full size: what a run stores, what the page shows, when it is stale."""

from __future__ import annotations

import json

import nbformat
import numpy as np
import pytest

from tools import full
from utils import full_size, plots

ABOUT = {
    "data": "eight numbers",
    "model": "one number",
    "metric": "loss",
    "published": "none",
}


@pytest.fixture
def folder(tmp_path, monkeypatch):
    """Store in a folder of the test's own."""
    monkeypatch.setattr(full_size, "FOLDER", tmp_path)
    return tmp_path


def run_full(monkeypatch, out, train, seeds=(0, 1), cells="abc"):
    monkeypatch.setenv("BOOK_PROFILE", "full")
    monkeypatch.setenv(full_size.HASH, cells)
    if out is not None:
        monkeypatch.setenv(full_size.OUT, str(out))
    return full_size.report("part/chapter", "one", train, seeds=seeds, **ABOUT)


def test_every_seed_is_stored_with_the_machine(tmp_path, monkeypatch):
    run_full(
        monkeypatch, tmp_path / "r.json", lambda s: {"loss": 0.5 + s, "parameters": 3}
    )
    result = json.loads((tmp_path / "r.json").read_text("utf-8"))
    assert result["seeds"] == [0, 1]
    assert result["values"] == {"loss": [0.5, 1.5]}
    assert result["parameters"] == 3
    assert len(result["seconds"]) == 2
    assert {"hardware", "versions", "date", "peak_memory_gb"} < set(result)


def test_an_interrupted_run_goes_on_with_the_next_seed(tmp_path, monkeypatch):
    calls = []

    def train(seed):
        calls.append(seed)
        if seed == 1 and len(calls) == 2:
            raise KeyboardInterrupt
        return {"loss": seed}

    out = tmp_path / "r.json"
    with pytest.raises(KeyboardInterrupt):
        run_full(monkeypatch, out, train)
    run_full(monkeypatch, out, train)
    assert calls == [0, 1, 1]
    assert json.loads(out.read_text("utf-8"))["values"] == {"loss": [0, 1]}


def test_other_cells_start_anew(tmp_path, monkeypatch):
    out = tmp_path / "r.json"
    run_full(monkeypatch, out, lambda s: {"loss": 1}, cells="abc")
    run_full(monkeypatch, out, lambda s: {"loss": 2}, cells="xyz")
    assert json.loads(out.read_text("utf-8"))["values"] == {"loss": [2, 2]}


def test_a_readers_own_run_takes_one_seed(monkeypatch):
    calls = []
    found = run_full(monkeypatch, None, lambda s: calls.append(s) or {"loss": 1})
    assert calls == [0]
    assert "seeds: one" in repr(found)


@pytest.mark.parametrize(("lines", "folded"), [(40, False), (41, True)])
def test_a_long_text_is_folded(folder, monkeypatch, lines, folded):
    out, text = folder / "r.json", "\n".join(["a line"] * lines)
    run_full(monkeypatch, out, lambda s: {"loss": 1, "text": text}, seeds=[0])
    found = full_size.Report(json.loads(out.read_text("utf-8")), "part/chapter/one")
    assert ("<details><summary>" in found.html) == folded
    assert found.html.count("a line") == lines
    assert repr(found).count("a line") == lines


@pytest.mark.parametrize(
    ("given", "message"),
    [
        ({}, "returned nothing, but metric is 'loss'"),
        ({"error": 1}, "returned error, but metric is 'loss'"),
        ({"loss": np.nan}, "each result is a finite number"),
        ({"loss": "small"}, "each result is a finite number"),
    ],
)
def test_what_is_no_result_is_refused(tmp_path, monkeypatch, given, message):
    with pytest.raises(ValueError, match=message):
        run_full(monkeypatch, tmp_path / "r.json", lambda s: given)


def test_the_page_shows_what_is_stored(folder, monkeypatch):
    picture = plots.Picture(
        plots.Frame(plots.compress(np.zeros((4, 6, 3), np.uint8)), 6, 4),
        "a black picture",
    )
    run_full(
        monkeypatch,
        folder / "r.json",
        lambda s: {"loss": 0.25 + s, "picture": picture, "text": "to be <or> not"},
    )
    result = json.loads((folder / "r.json").read_text("utf-8"))
    (folder / "part-chapter.json").write_text(json.dumps({"one": result}), "utf-8")
    monkeypatch.setenv("BOOK_PROFILE", "quick")

    def never(seed):
        raise AssertionError("the quick profile trains nothing here")

    words = {**ABOUT, "data": "eight whole numbers"}  # words may be mended afterwards
    found = full_size.report("part/chapter", "one", never, seeds=[0], **words)
    assert "loss: 0.75 (0.25 to 1.25)" in repr(found)
    assert "data: eight whole numbers" in repr(found)
    page = found._repr_mimebundle_()["text/html"]
    assert 'data-result="part/chapter/one"' in page
    assert 'alt="a black picture"' in page
    assert "to be &lt;or&gt; not" in page


def test_sounds_are_stored_and_played(folder, monkeypatch):
    wave = 0.5 * np.sin(np.arange(800))
    heard = plots.players({"ours & theirs": wave}, "a tone", "Heard.")
    silent = plots.players({"second": 0.1 * wave}, "another tone", "Not kept.")
    out = folder / "r.json"
    run_full(monkeypatch, out, lambda s: {"loss": s, "picture": silent if s else heard})
    result = json.loads(out.read_text("utf-8"))
    assert list(result["sounds"]) == ["ours & theirs"]
    found = full_size.Report(result, "part/chapter/one").html
    assert heard.html in found, "what is stored is the figure that was made"
    assert found.count("<audio") == 1
    assert 'alt="a tone"' in found


def test_without_a_stored_result_the_reader_is_told(folder, monkeypatch):
    monkeypatch.setenv("BOOK_PROFILE", "quick")
    found = full_size.report("part/chapter", "one", dict, seeds=[0], **ABOUT)
    assert "see the built book" in repr(found)
    assert "text/html" not in found._repr_mimebundle_()


CELLS = {
    "setup": "import sys\nimport numpy as np\nfrom utils import full_size",
    "unused": "np.random.seed(0)\npicture = np.zeros(3)",
    "settings": "rates, steps = {}, 10",
    "changes": "rates['a'] = 0.1",
    "shadow": "def other():\n    steps = 3\n    return steps",
    "train": "def train(seed):\n    unused = steps * rates['a']\n    return unused",
    "report": (
        "full_size.report('part/chapter', 'one', train, seeds=range(3), data='d')"
    ),
    "later": "steps = 20",
}


def notebook_at(path, **changed):
    cells = [nbformat.v4.new_code_cell(s) for s in (CELLS | changed).values()]
    for cell, name in zip(cells, CELLS, strict=True):
        cell["id"] = name
    nbformat.write(nbformat.v4.new_notebook(cells=cells), path)
    (found,) = full.results_of(path)
    return found


def test_a_result_needs_the_cells_that_make_its_names(tmp_path):
    found = notebook_at(tmp_path / "n.ipynb")
    ids = [cell["id"] for cell in found.cells]
    assert ids == ["setup", "settings", "changes", "train", "report"]


@pytest.mark.parametrize(
    ("cell", "source", "same"),
    [
        ("unused", "picture = np.ones(3)", True),
        ("later", "steps = 30", True),
        ("setup", CELLS["setup"].replace("sys", "sys, math"), True),
        ("settings", "rates, steps = {}, 10  # of each", True),
        ("settings", "rates, steps = {}, 10\nassert steps > 3, 'too few'", True),
        ("settings", "rates, steps = {}, 11", False),
        ("changes", "rates['a'] = 0.2", False),
        ("train", "def train(seed):\n    return rates['a'] + steps", False),
        ("report", CELLS["report"].replace("'d'", "'e'"), True),
        ("report", CELLS["report"].replace("(3)", "(4)"), False),
    ],
)
def test_what_makes_a_result_stale(tmp_path, cell, source, same):
    first = notebook_at(tmp_path / "n.ipynb").hash
    again = notebook_at(tmp_path / "n.ipynb", **{cell: source}).hash
    assert (again == first) == same


def test_run_stores_the_result_and_its_state_follows_the_cells(folder, tmp_path):
    path = tmp_path / "n.ipynb"
    train = "def train(seed):\n    return {'score': seed + steps + rates['a']}"
    report = (
        "full_size.report('part/chapter', 'one', train, seeds=range(2), data='d', "
        "model='m', metric='score', published='none')"
    )
    found = notebook_at(path, train=train, report=report)
    assert found.state == "missing"
    assert full.run(found, seconds=100) is None
    assert found.state == "fresh"
    assert found.stored["values"] == {"score": [10.1, 11.1]}
    changed = notebook_at(
        path, train=train, report=report, settings="rates, steps={},9"
    )
    assert changed.state == "stale"


@pytest.mark.parametrize(
    ("seeds", "settings", "values"),
    [
        ("range(3)", "rates, steps = {}, 10", [10.1, 11.1, 12.1]),
        ("range(3)", "rates, steps = {}, 20", [20.1, 21.1, 22.1]),
        ("[1, 2]", "rates, steps = {}, 10", [11.1, 12.1]),
    ],
)
def test_more_seeds_go_on_from_those_that_are_stored(
    folder, tmp_path, monkeypatch, seeds, settings, values
):
    monkeypatch.setattr(full, "PARTIAL", tmp_path / "partial")
    log = tmp_path / "log"
    train = (
        f"def train(seed):\n    with open({str(log)!r}, 'a') as file:\n"
        "        file.write(str(seed))\n"
        "    return {'score': seed + steps + rates['a']}"
    )
    report = (
        "full_size.report('part/chapter', 'one', train, seeds=[0], data='d', "
        "model='m', metric='score', published='none')"
    )
    path = tmp_path / "n.ipynb"
    assert full.run(notebook_at(path, train=train, report=report), seconds=100) is None
    report = report.replace("[0]", seeds)
    found = notebook_at(path, train=train, report=report, settings=settings)
    assert found.state == "stale"
    full.PARTIAL.mkdir(exist_ok=True)  # what other cells left does not stand in the way
    left = {"cells": "other", "seeds": [7], "values": {"score": [0.0]}, "seconds": [1]}
    (full.PARTIAL / "part-chapter-one.json").write_text(json.dumps(left))
    assert full.run(found, seconds=100) is None
    assert found.state == "fresh"
    assert found.stored["values"]["score"] == values
    goes_on = len(values) == 3 and values[0] == 10.1
    assert log.read_text() == ("012" if goes_on else "0" + seeds_run(values))


def seeds_run(values):
    """Return the seeds that gave values, in the order in which they ran."""
    return "".join(str(int(value) % 10) for value in values)


def test_a_cell_that_fails_stores_nothing(folder, tmp_path):
    found = notebook_at(
        tmp_path / "n.ipynb", train="def train(seed):\n    return 1 / 0"
    )
    assert "published" in full.run(found, seconds=100)
    assert found.state == "missing"


def test_stored_results_are_the_books_and_stale_ones_are_listed(capsys):
    known = {each.key: each for each in full.results()}
    assert known, "no chapter has a result at full size"
    for path in full_size.FOLDER.glob("*.json"):
        for name in json.loads(path.read_text("utf-8")):
            key = f"{path.stem.replace('-', '/', 1)}/{name}"
            assert key in known, f"{path.name} holds {name}, which no chapter makes"
    stale = [key for key, each in known.items() if each.state != "fresh"]
    with capsys.disabled():
        for key in stale:
            print(f"\nat full size, not run since its cells changed: {key}")
