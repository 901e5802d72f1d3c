"""The notebook tool leaves nothing behind, and nbval sees what changes."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import nbformat
import pytest
from nbformat.v4 import new_code_cell, new_notebook

from tools import notebooks


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
    assert notebooks.WIDGET_VIEW not in notebook.cells[1].outputs[0].data
    assert notebook.cells[2].outputs[0].data["text/plain"] == "2"
    assert {key for cell in notebook.cells for key in cell.metadata} == {"tags"}


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
