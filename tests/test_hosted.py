"""The imitation of a hosted machine finds what would go wrong on a real one."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import nbformat
import pytest

from tools import hosted
from tools.contents import Chapter

# What a first cell might do on the machine, instead of fetching the book's package.
INSTALLS = """
import pathlib, sysconfig
place = pathlib.Path(sysconfig.get_path("purelib"))
(place / "utils").mkdir(exist_ok=True)
(place / "utils" / "__init__.py").write_text("")
"""
REPLACES = f"""{INSTALLS}
(place / "numpy-9.9.dist-info").mkdir(exist_ok=True)
(place / "numpy-9.9.dist-info" / "METADATA").write_text("Name: numpy\\nVersion: 9.9")
"""
ELSEWHERE = """
import pathlib, sys
pathlib.Path("utils.py").write_text("")
"""


@pytest.fixture
def chapter(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Chapter:
    """A chapter of one notebook, whose fourth cell would fail."""
    root = tmp_path / "book"
    page = "chapters/part/chapter"
    path = root / f"{page}.ipynb"
    path.parent.mkdir(parents=True)
    sources = ["pass", "import numpy", "", "1 / 0"]
    sources[2] = (
        "import os\nfrom pathlib import Path\n"
        "assert 'BOOK_PROFILE' not in os.environ\n"
        "assert [p.name for p in Path().glob('*.ipynb')] == ['chapter.ipynb']"
    )
    cells = [nbformat.v4.new_code_cell(source) for source in sources]
    nbformat.write(nbformat.v4.new_notebook(cells=cells), path)
    for module in ("tools.hosted", "tools.contents"):
        monkeypatch.setattr(f"{module}.ROOT", root)
    monkeypatch.setenv("BOOK_PROFILE", "full")
    return Chapter((page,))


@pytest.mark.parametrize(
    ("first", "says"),
    [
        (INSTALLS, ""),
        (REPLACES, "it replaced numpy"),
        (ELSEWHERE, "utils was found in"),
        ("import no_such_package", "ModuleNotFoundError: No module named 'no_such"),
    ],
)
def test_what_a_notebook_does_to_the_machine_is_seen(
    chapter: Chapter,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    first: str,
    says: str,
):
    monkeypatch.setattr(hosted, "bootstrap_source", lambda *_: first)
    base = Path(sys.executable)
    (result,) = hosted.on_hosted_machine(tmp_path / "at", base, "file:///x", chapter)
    assert result.problem.startswith(says)
    assert bool(result.problem) == bool(says), result.problem


def test_what_is_served_is_the_book_as_it_is_here(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    root = tmp_path / "书 book"
    root.mkdir()
    monkeypatch.setattr(hosted, "ROOT", root)

    def git(*arguments: str, cwd: Path = root) -> str:
        who = ("-c", "user.name=a", "-c", "user.email=a@example.org")
        return subprocess.run(
            ["git", *who, *arguments],
            cwd=cwd,
            check=True,
            capture_output=True,
            text=True,
        ).stdout

    git("init", "--quiet")
    for name in ("kept.py", "gone.py", "章.md", ".gitignore"):
        (root / name).write_text("ignored.py\n")
    git("add", "--all")
    git("commit", "--quiet", "--message", "first")
    (root / "gone.py").unlink()
    for name in ("new.py", "ignored.py"):
        (root / name).write_text("")
    (root / "kept.py").write_text("changed")

    served = hosted.repository(tmp_path / "served")
    names = git("-c", "core.quotePath=false", "ls-files", cwd=served).split()
    assert sorted(names) == sorted([".gitignore", "kept.py", "new.py", "章.md"])
    assert git("show", f"{hosted.BRANCH}:kept.py", cwd=served) == "changed"


def test_a_chapter_that_is_not_there_is_named():
    with pytest.raises(SystemExit, match="name chapters as in vision/cnn"):
        hosted.main(["vision/none", "--machine", sys.executable])
