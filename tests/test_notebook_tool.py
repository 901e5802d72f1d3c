"""The notebook tool leaves nothing behind, and nbval sees what changes."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import nbformat
import pytest
from nbformat.v4 import new_code_cell, new_notebook

from tools import notebooks, sliders


def save(folder: Path, *sources: str, tags: list[str] | None = None) -> Path:
    cells = [new_code_cell(source) for source in sources]
    cells[-1].metadata.tags = tags or []
    path = folder / "sample.ipynb"
    nbformat.write(new_notebook(cells=cells), path)
    return path


def run(path: Path) -> tuple[int, nbformat.NotebookNode]:
    failures = notebooks.main([str(path), "--jobs", "1"])
    return failures, nbformat.read(path, as_version=4)


def nbval(path: Path) -> subprocess.CompletedProcess[str]:
    sanitize = notebooks.ROOT / ".ci" / "nbval_sanitize.cfg"
    command = [
        sys.executable,
        "-m",
        "pytest",
        "--nbval",
        "-q",
        "-p",
        "no:cacheprovider",
    ]
    command += [f"--nbval-sanitize-with={sanitize}", "--rootdir", str(path.parent)]
    command += ["-c", "/dev/null" if sys.platform != "win32" else "NUL", str(path)]
    return subprocess.run(command, cwd=path.parent, capture_output=True, text=True)


def test_a_chapter_is_executed_and_cleaned(tmp_path: Path):
    failures, notebook = run(
        save(tmp_path, "import ipywidgets\nipywidgets.IntSlider()", "1 + 1")
    )
    assert failures == 0
    assert "bootstrap" in notebook.cells[0].metadata.tags
    assert notebook.metadata == notebooks.METADATA
    assert sliders.WIDGET_VIEW not in notebook.cells[1].outputs[0].data
    assert notebook.cells[2].outputs[0].data["text/plain"] == "2"
    assert {key for cell in notebook.cells[1:] for key in cell.metadata} == {"tags"}


@pytest.mark.parametrize(
    ("source", "says"),
    [
        ("1 / 0", "ZeroDivisionError"),
        ("import sys; print('careful', file=sys.stderr)", "wrote to stderr"),
        ("import sys; sys.prefix", "a path of this machine"),
    ],
)
def test_a_chapter_with_noise_is_reported_and_kept(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], source: str, says: str
):
    path = save(tmp_path, source)
    before = path.read_bytes()
    failures, _ = run(path)
    assert failures == 1
    assert says in capsys.readouterr().out
    assert path.read_bytes() == before


def test_an_error_on_purpose_keeps_its_message_and_loses_the_machine(tmp_path: Path):
    path = save(tmp_path, "int('seven')", tags=["raises-exception"])
    failures, notebook = run(path)
    error = notebook.cells[-1].outputs[0]
    assert failures == 0
    assert error.traceback[-1].startswith("ValueError: invalid literal")
    assert len(error.traceback) <= 2


@pytest.mark.parametrize(
    ("tags", "hides"),
    [
        (["hide-input"], {"source_hidden": True}),
        (["hide-cell"], {"source_hidden": True}),
        (["hide-cell", "solution"], {"source_hidden": True, "outputs_hidden": True}),
        (["pytorch"], None),
    ],
)
def test_what_the_book_folds_is_folded_in_jupyter_and_colab(
    tmp_path: Path, tags: list[str], hides: dict[str, bool] | None
):
    path = save(tmp_path, "1 + 1", tags=tags)
    stale = nbformat.read(path, as_version=4)
    stale.cells[0].metadata.jupyter = {"outputs_hidden": False}
    stale.cells[0].metadata.collapsed = True
    nbformat.write(stale, path)
    _, notebook = run(path)
    for _ in range(2):
        metadata = notebook.cells[-1].metadata
        assert metadata.get("jupyter") == hides
        assert metadata.get("cellView") == ("form" if hides else None)
        assert "collapsed" not in metadata
        assert notebooks.main([str(path), "--stamp"]) == 0
        notebook = nbformat.read(path, as_version=4)


def test_results_kept_elsewhere_do_not_overwrite_each_other(tmp_path: Path):
    chapters = notebooks.ROOT / "chapters"
    targets = {
        notebooks.target_of(chapters / name, tmp_path)
        for name in ("a/one/training.ipynb", "a/two/training.ipynb", "b/one.ipynb")
    }
    assert targets == {
        tmp_path / "a/one/training.ipynb",
        tmp_path / "a/two/training.ipynb",
        tmp_path / "b/one.ipynb",
    }


def test_a_folder_stands_for_the_notebooks_in_it():
    every = notebooks.chapters()
    assert notebooks.notebooks_at(notebooks.ROOT / "chapters") == every
    part = every[0].parent
    assert notebooks.notebooks_at(part) == [p for p in every if part in p.parents]


TWICE = {
    "total = 0": None,
    "total += 1\nassert total == 1, 'the sum is no longer one'": (
        "cell-1 failed the second time: AssertionError: the sum is no longer one"
    ),
    "import random; generator = random.Random(0)": None,
    "round(generator.random(), 3)": (
        "cell-3 showed something else the second time: '0.844' became '0.758'"
    ),
    "round(random.Random(0).random(), 3)": None,
    "print(object())": None,
}


def test_a_cell_that_cannot_be_run_twice_is_named(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
):
    path = save(tmp_path, *TWICE)
    notebook = nbformat.read(path, as_version=4)
    for number, cell in enumerate(notebook.cells):
        cell.id = f"cell-{number}"
    for tag in ("raises-exception", "nbval-ignore-output"):
        copy = nbformat.from_dict(notebook.cells[1 if tag[0] == "r" else 3])
        copy.id, copy.metadata.tags = tag, [tag]
        notebook.cells.append(copy)
    nbformat.write(notebook, path)
    before = path.read_bytes()
    assert notebooks.main([str(path), "--twice"]) == 1
    said = capsys.readouterr().out
    assert [line.strip() for line in said.splitlines()[1:]] == [
        complaint for complaint in TWICE.values() if complaint
    ]
    assert path.read_bytes() == before


def test_a_notebook_of_which_each_cell_can_be_run_twice_passes(tmp_path: Path):
    assert notebooks.main([str(save(tmp_path, "x = 1", "x + 1")), "--twice"]) == 0


def test_the_full_profile_never_overwrites_committed_outputs(tmp_path: Path):
    with pytest.raises(SystemExit):
        notebooks.main([str(save(tmp_path, "1")), "--full"])


def test_nbval_accepts_the_outputs_and_catches_a_changed_one(tmp_path: Path):
    path = save(tmp_path, "print('loss 0.25')")
    run(path)
    assert nbval(path).returncode == 0

    text = path.read_text(encoding="utf-8")
    path.write_text(text.replace('"loss 0.25\\n"', '"loss 0.26\\n"'), encoding="utf-8")
    result = nbval(path)
    assert result.returncode == 1
    assert "loss 0.26" in result.stdout


EXPLORE = """\
import matplotlib.pyplot as plt
from utils.explore import explore
draw = lambda n: plt.subplots(figsize=(1, n))[0]
explore(draw, alt="A page", n=[1, 2])"""


def test_sliders_keep_one_output_and_pass(tmp_path: Path):
    failures, notebook = run(save(tmp_path, EXPLORE))
    assert failures == 0
    (output,) = notebook.cells[1].outputs
    assert output.output_type == "display_data"
    assert sorted(output.data) == ["text/html", "text/plain"]
    assert output.data["text/plain"] == "A page (n = 1)"
    assert nbval(tmp_path / "sample.ipynb").returncode == 0


def test_sliders_of_an_earlier_version_are_brought_up_to_date(tmp_path: Path):
    _, notebook = run(save(tmp_path, EXPLORE))
    path = tmp_path / "sample.ipynb"
    present = path.read_text(encoding="utf-8")
    (output,) = notebook.cells[1].outputs
    page = output.data["text/html"].removeprefix(sliders.SAVED_STYLE)
    notebook.cells[1].outputs = [
        nbformat.v4.new_output(
            "execute_result",
            {"text/html": page, "text/plain": "A page (n = 1)"},
            execution_count=2,
        )
    ]
    notebooks.write(notebook, path)
    assert path.read_text(encoding="utf-8") != present
    for _ in range(2):
        assert notebooks.main(["--stamp", str(path)]) == 0
        assert path.read_text(encoding="utf-8") == present
