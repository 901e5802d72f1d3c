"""One command writes the project's address everywhere; the README shows the book."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
import yaml
from PIL import Image

from tools import readme
from tools.contents import ROOT
from tools.publish import main

URL = "https://github.com/Some-One/some-book"
SITE = "https://some-one.github.io/some-book/"
COPIED = ("_config.yml", "_toc.yml", "CITATION.cff", "README.md", "tools", "_ext")


def publish(folder: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    environment = {k: v for k, v in os.environ.items() if k != "PYTHONPATH"}
    return subprocess.run(
        [sys.executable, "-m", "tools.publish", *arguments],
        cwd=folder,
        env=environment,
        capture_output=True,
        text=True,
    )


def state(folder: Path) -> dict[Path, bytes]:
    kinds = (".ipynb", ".yml", ".cff", ".md")
    return {p: p.read_bytes() for p in folder.rglob("*") if p.suffix in kinds}


@pytest.fixture(scope="module")
def copy(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("copy")
    for name in (*COPIED, "chapters", ".github"):
        if (ROOT / name).is_dir():
            shutil.copytree(ROOT / name, folder / name)
        else:
            shutil.copy(ROOT / name, folder / name)
    return folder


@pytest.mark.parametrize(
    ("given", "says"),
    [
        (["--repository", "github.com/a/b"], "it must look like"),
        (["--repository", "https://github.com/a"], "it must look like"),
        (["--repository", "https://gitlab.com/a/b"], "it must look like"),
        (["--repository", ""], "it must look like"),
        (["--repository", URL, "--branch", "a b"], "cannot be the branch"),
        (["--repository", URL, "--branch", "plain"], "cannot be the branch"),
    ],
)
def test_what_is_no_address_is_refused_in_a_sentence(
    monkeypatch: pytest.MonkeyPatch, given: list[str], says: str
):
    monkeypatch.setattr("tools.publish.rewrite", lambda *_: pytest.fail("it wrote"))
    with pytest.raises(SystemExit, match=says) as refused:
        main(given)
    assert "\n" not in str(refused.value)


def test_on_the_command_line_nothing_is_written_either(copy: Path):
    before = state(copy)
    done = publish(copy, "--repository", "github.com/a/b")
    assert (done.returncode, done.stderr.count("\n")) == (1, 1), done.stderr
    assert state(copy) == before


def test_the_address_is_written_everywhere_once(copy: Path):
    before = state(copy)
    done = publish(copy, "--repository", f"{URL}.git", "--branch", "trunk")
    assert done.returncode == 0, done.stderr
    after = state(copy)
    changed = {p.relative_to(copy).as_posix() for p in after if after[p] != before[p]}
    assert {name for name in changed if not name.endswith(".ipynb")} == {
        "_config.yml",
        "CITATION.cff",
        "README.md",
        ".github/workflows/book.yml",
    }
    notebooks = sorted((copy / "chapters").rglob("*.ipynb"))
    assert {name for name in changed if name.endswith(".ipynb")} == {
        path.relative_to(copy).as_posix() for path in notebooks
    }
    for path in notebooks:
        old, new = json.loads(before[path])["cells"], json.loads(after[path])["cells"]
        fetch = f'utils[chapters] @ git+{URL}@trunk"\n'
        assert any(line.endswith(fetch) for line in new[0]["source"])
        assert old[1:] == new[1:]

    config = (copy / "_config.yml").read_text(encoding="utf-8")
    assert yaml.safe_load(config)["repository"] == {"url": URL, "branch": "trunk"}
    assert config.count("#") == before[copy / "_config.yml"].count(b"#")
    cited = yaml.safe_load((copy / "CITATION.cff").read_text(encoding="utf-8"))
    assert (cited["repository-code"], cited["url"]) == (URL, SITE)
    shown = (copy / "README.md").read_text(encoding="utf-8")
    assert f"<{SITE}>" in shown
    assert "colab.research.google.com/github/Some-One/some-book/blob/plain/" in shown
    workflow = (copy / ".github/workflows/book.yml").read_text(encoding="utf-8")
    assert "branches: [trunk]" in workflow
    assert "refs/heads/main" not in workflow

    for name in ("_config.yml", "CITATION.cff", "README.md"):
        assert f"  {name}\n" in done.stdout
    assert f"{URL}/settings/pages" in done.stdout
    assert f"of {len(notebooks)} notebooks" in done.stdout

    again = publish(copy, "--repository", URL, "--branch", "trunk")
    assert "Nothing to change" in again.stdout
    assert state(copy) == after


# --- the README -----------------------------------------------------------------------


def test_the_readme_is_up_to_date():
    text = readme.README.read_text(encoding="utf-8")
    assert readme.up_to_date(text) == text, "run `python -m tools.readme`"
    for chapter in readme.notebooks():
        assert f"{chapter.pages[0]}." in readme.chapters()


def test_a_readme_out_of_date_is_found():
    text = readme.README.read_text(encoding="utf-8")
    subtitle = readme.subtitle(readme.notebooks()[0].pages[0])
    assert readme.up_to_date(text.replace(subtitle, "Something else.")) == text
    with pytest.raises(SystemExit, match="lacks the marks"):
        readme.up_to_date("# A book\n")


def test_the_readme_says_what_was_stored(monkeypatch, tmp_path: Path):
    sentences = tmp_path / "readme.toml"
    monkeypatch.setattr(readme, "REACHED", sentences)
    page = "chapters/part/name/first"
    stored = {"a": {"values": {"right, b": [0.5, 0.75]}, "seeds": [0, 1]}}
    monkeypatch.setattr(readme.full_size, "read", lambda name: stored)

    sentences.write_text('"part/name" = "{a: right, b} right ({a})"')
    assert readme.reached(page) == "0.625 right (mean of 2 runs)"
    sentences.write_text('"part/name" = "{a: wrong}"')
    with pytest.raises(KeyError, match="wrong"):
        readme.reached(page)
    sentences.write_text("")
    with pytest.raises(ValueError, match="does not say what part/name reached"):
        readme.reached(page)
    stored.clear()
    assert readme.reached(page) == ""


def test_the_picture_of_a_page_is_small_and_shown():
    assert readme.PICTURE.stat().st_size <= readme.AT_MOST
    with Image.open(readme.PICTURE) as picture:
        assert picture.size == readme.SIZE
    text = readme.README.read_text(encoding="utf-8")
    assert f"]({readme.PICTURE.relative_to(ROOT).as_posix()})" in text
