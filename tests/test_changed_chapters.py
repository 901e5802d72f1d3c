"""Which chapters have changed, whatever their names and wherever the book lies."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from tools import notebooks
from tools.notebooks import bootstrap_source

NAMES = ("part/plain.ipynb", "part/with space.ipynb", "部分/章.ipynb", 'part/a"b.ipynb')


@pytest.fixture(params=["", "lecture/book"], ids=["alone", "in a subfolder"])
def book(
    request: pytest.FixtureRequest, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> Path:
    """A book in a repository of its own, or in a subfolder of another one."""
    root = tmp_path / request.param
    names = NAMES[: 3 if sys.platform == "win32" else 4]
    for name in (*names, "part/same.ipynb"):
        path = root / "chapters" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text("old")
    monkeypatch.setattr(notebooks, "ROOT", root)
    for command in (
        ["init", "--quiet"],
        ["add", "."],
        ["-c", "user.name=a", "-c", "user.email=a@b", "commit", "--quiet", "-m", "all"],
    ):
        subprocess.run(["git", *command], cwd=tmp_path, check=True)
    return root


def test_every_changed_chapter_is_found(book: Path):
    assert notebooks.changed_chapters() == []
    names = NAMES[: 3 if sys.platform == "win32" else 4]
    for name in names:
        (book / "chapters" / name).write_text("new")
    (book / "chapters" / "nouvelle é.ipynb").write_text("new")
    folder = book / "chapters"
    found = {path.relative_to(folder) for path in notebooks.changed_chapters()}
    assert found == {Path(name) for name in (*names, "nouvelle é.ipynb")}


def test_a_renamed_chapter_has_changed(book: Path):
    here = book / "chapters/part"
    subprocess.run(["git", "mv", "same.ipynb", "other.ipynb"], cwd=here, check=True)
    assert notebooks.changed_chapters() == [here / "other.ipynb"]


def test_without_git_there_is_one_sentence(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setattr(notebooks, "ROOT", tmp_path)
    monkeypatch.setenv("GIT_CEILING_DIRECTORIES", str(tmp_path.parent))
    with pytest.raises(SystemExit, match=r"not a git repository.*--all"):
        notebooks.changed_chapters()
    monkeypatch.setenv("PATH", "")
    with pytest.raises(SystemExit, match=r"git cannot say .*'git'.*--all"):
        notebooks.changed_chapters()


def test_assertions_that_are_left_out_are_refused(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
):
    monkeypatch.setenv("PYTHONOPTIMIZE", "1")
    with pytest.raises(SystemExit):
        notebooks.main(["--all"])
    assert "PYTHONOPTIMIZE is set" in capsys.readouterr().err


@pytest.mark.parametrize("url", ["", "https://example.org/some/book"])
def test_a_foreign_utils_beside_the_notebook_is_named(tmp_path: Path, url: str):
    (tmp_path / "utils.py").write_text("")
    cell = tmp_path / "cell.py"
    cell.write_text(bootstrap_source(url).replace("%pip", "import pip  #"))
    run = subprocess.run(
        [sys.executable, str(cell)], capture_output=True, text=True, check=False
    )
    assert run.returncode == 1
    last = run.stderr.splitlines()[-1]
    assert last.startswith(
        f"ModuleNotFoundError: rename {tmp_path / 'utils.py'}, which"
    )
