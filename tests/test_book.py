"""The book's own rules, checked on every chapter as committed."""

from __future__ import annotations

import re
from pathlib import Path

import nbformat
import pytest
import yaml
from nbformat import NotebookNode

from tools.notebooks import ROOT, bootstrap_source, chapters, repository_url
from utils.exercises import exercises

CHAPTERS = chapters()
NAMES = [path.stem for path in CHAPTERS]
LAST_SECTIONS = ["Pitfalls", "Exercises", "Summary", "Further reading"]


@pytest.fixture(params=CHAPTERS, ids=NAMES)
def path(request: pytest.FixtureRequest) -> Path:
    return request.param


@pytest.fixture
def notebook(path: Path) -> NotebookNode:
    return nbformat.read(path, as_version=4)


def tags(cell: NotebookNode) -> list[str]:
    return cell.metadata.get("tags", [])


def code_cells(notebook: NotebookNode) -> list[NotebookNode]:
    return [cell for cell in notebook.cells if cell.cell_type == "code"]


def sections(notebook: NotebookNode) -> dict[str, list[NotebookNode]]:
    """Return the cells under each level-two heading, in order."""
    found: dict[str, list[NotebookNode]] = {"": []}
    current = ""
    for cell in notebook.cells:
        if cell.cell_type == "markdown":
            for heading in re.findall(r"^## (.+)$", cell.source, re.MULTILINE):
                current = heading.strip()
                found[current] = []
        found[current].append(cell)
    return found


def toc_files() -> list[str]:
    toc = yaml.safe_load((ROOT / "_toc.yml").read_text(encoding="utf-8"))
    nested = [toc, *toc.get("parts", [])]
    listed = [entry["file"] for part in nested for entry in part.get("chapters", [])]
    return [toc["root"], *listed]


def test_the_table_of_contents_lists_every_page_once():
    pages = {
        path.relative_to(ROOT).with_suffix("").as_posix()
        for pattern in ("*.ipynb", "*.md")
        for path in (ROOT / "chapters").rglob(pattern)
        if ".ipynb_checkpoints" not in path.parts
    }
    files = [name.removesuffix(".ipynb").removesuffix(".md") for name in toc_files()]
    assert sorted(files) == sorted(pages)


def test_every_checker_is_used_by_its_chapter():
    used = {
        id
        for path in CHAPTERS
        for cell in code_cells(nbformat.read(path, as_version=4))
        for id in re.findall(r'check\(\s*"([^"]+)"', cell.source)
    }
    assert used == set(exercises())


def test_the_notebook_is_clean(path: Path, notebook: NotebookNode):
    assert path.stat().st_size < 1_500_000
    assert "widgets" not in notebook.metadata
    assert notebook.metadata.language_info == {"name": "python"}
    ids = [cell.id for cell in notebook.cells]
    assert len(set(ids)) == len(ids)
    for cell in code_cells(notebook):
        assert cell.execution_count, f"{cell.id} was never executed"
        assert "nbval-skip" not in tags(cell)
        assert len(cell.source.splitlines()) <= 40, f"{cell.id} is too long"
        assert "filterwarnings" not in cell.source
        for output in cell.outputs:
            assert output.get("name") != "stderr", f"{cell.id} shows stderr"
            assert not re.search(r" at 0x[0-9a-f]{6}", output.get("text", "")), (
                f"{cell.id} shows an address in memory"
            )
            if output.output_type == "error":
                assert "raises-exception" in tags(cell), f"{cell.id} failed"
            assert "image/png" not in output.get("data", {}), (
                f"{cell.id} shows a picture without alt text: use plots.show"
            )


def test_the_first_cell_is_the_bootstrap_cell(notebook: NotebookNode):
    first = notebook.cells[0]
    assert "bootstrap" in tags(first)
    assert first.source == bootstrap_source(repository_url())


def test_the_bootstrap_cell_names_the_repository_only_when_there_is_one():
    with_url = bootstrap_source("https://github.com/someone/book")
    assert "git+https://github.com/someone/book" in with_url
    assert "http" not in bootstrap_source("")


def test_the_chapter_has_its_sections(notebook: NotebookNode):
    opening = notebook.cells[1].source
    assert opening.startswith("# ")
    text = "\n".join(c.source for c in notebook.cells if c.cell_type == "markdown")
    assert "You will be able to" in text.split("\n## ")[0]
    titles = list(sections(notebook))
    assert titles[-4:] == LAST_SECTIONS
    assert any(title.startswith("See it") for title in titles)


def test_both_frameworks_stand_side_by_side(notebook: NotebookNode):
    kinds = [
        next((t for t in tags(cell) if t in ("pytorch", "keras")), None)
        for cell in notebook.cells
    ]
    runs = re.findall("p+k+", "".join((kind or "-")[0] for kind in kinds))
    assert len(runs) >= 2, "a chapter shows each model in PyTorch and in Keras"
    assert kinds.count("keras") == sum(run.count("k") for run in runs)
    assert kinds.count("pytorch") == sum(run.count("p") for run in runs)


def test_something_can_be_played_with(notebook: NotebookNode):
    assert any("explore(" in cell.source for cell in code_cells(notebook))


def test_every_random_output_is_followed_by_an_assertion(notebook: NotebookNode):
    for title, cells in sections(notebook).items():
        code = [cell for cell in cells if cell.cell_type == "code"]
        for position, cell in enumerate(code):
            if "nbval-ignore-output" in tags(cell):
                later = code[position:]
                assert any("assert" in c.source for c in later), (
                    f"nothing asserts what {cell.id} in “{title}” shows"
                )


def test_every_pitfall_says_first_what_the_reader_sees(notebook: NotebookNode):
    # The page appendix/pitfalls is made from these lines.
    cells = sections(notebook)["Pitfalls"]
    text = "\n".join(c.source for c in cells if c.cell_type == "markdown")
    pitfalls = re.split(r"^### ", text.split("## Pitfalls")[1], flags=re.MULTILINE)[1:]
    assert pitfalls
    for pitfall in pitfalls:
        title, symptom = [line for line in pitfall.splitlines() if line.strip()][:2]
        assert symptom.startswith("**Symptom:** "), f"{title} has no symptom"


def test_the_exercises_are_there_and_solved(notebook: NotebookNode):
    cells = sections(notebook)["Exercises"]
    markdown = "\n".join(c.source for c in cells if c.cell_type == "markdown")
    titles = re.findall(r"^### .+$", markdown, re.MULTILINE)
    asked = [c for c in cells if c.cell_type == "code" and ", ...)" in c.source]
    solved = [c for c in cells if "solution" in tags(c)]
    assert len(titles) >= 6
    assert len(asked) >= 4
    assert len(solved) >= len(asked)
    dropdowns = len(re.findall(r"\{dropdown\}", markdown))
    assert len(solved) + dropdowns >= len(titles), "an exercise has no solution"
    for cell in solved:
        shown = "".join(output.get("text", "") for output in cell.outputs)
        for id in re.findall(r'check\(\s*"([^"]+)"', cell.source):
            assert f"{id}: right." in shown
