"""The book's own rules, checked on every chapter as committed.

A chapter is one notebook or a folder of sections. Some rules hold for each notebook,
some for a chapter over all its sections together.
"""

from __future__ import annotations

import ast
import re
from dataclasses import dataclass, field
from pathlib import Path

import nbformat
import pytest
from nbformat import NotebookNode

from tools import contents
from tools.contents import ROOT, Chapter, short_name, title_of
from tools.notebooks import (
    FOLDED,
    bootstrap_source,
    chapters,
    repository_setting,
    stamp_folds,
)
from utils.exercises import exercises

CHAPTERS = contents.chapters()
OWNER = {path: chapter for chapter in CHAPTERS for path in chapter.notebooks}
CLOSING = ["Pitfalls", "Exercises", "Summary", "Further reading"]
CLOSING_OF_A_SECTION = {
    "the first": ["Exercises"],
    "one between": ["Exercises"],
    "the last": ["Exercises", "Summary", "Further reading"],
}
PICTURE = re.compile(r"\b(?:explore|plots\.show\w*)\(|```\{(?:figure|image)\}|!\[")


@dataclass(frozen=True)
class Section:
    """A notebook and its place in its chapter."""

    path: Path
    chapter: Chapter
    notebook: NotebookNode = field(repr=False)

    @property
    def is_first(self) -> bool:
        return self.path == self.chapter.notebooks[0]

    @property
    def is_last(self) -> bool:
        return self.path == self.chapter.notebooks[-1]


def read(path: Path) -> Section:
    return Section(path, OWNER[path], nbformat.read(path, as_version=4))


@pytest.fixture(params=OWNER, ids=short_name)
def section(request: pytest.FixtureRequest) -> Section:
    """Each notebook: a section, or a chapter that has none."""
    return read(request.param)


@pytest.fixture(params=CHAPTERS, ids=lambda chapter: chapter.name)
def chapter(request: pytest.FixtureRequest) -> list[Section]:
    """Each chapter: its sections in order, or the one notebook that it is."""
    return [read(path) for path in request.param.notebooks]


def tags(cell: NotebookNode) -> list[str]:
    return cell.metadata.get("tags", [])


def code_cells(notebook: NotebookNode) -> list[NotebookNode]:
    return [cell for cell in notebook.cells if cell.cell_type == "code"]


def prose(notebook: NotebookNode) -> str:
    return "\n\n".join(c.source for c in notebook.cells if c.cell_type == "markdown")


def headings(notebook: NotebookNode) -> dict[str, list[NotebookNode]]:
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


def opening(notebook: NotebookNode) -> str:
    """Return the text before the first level-two heading."""
    return prose(notebook).split("\n## ")[0]


# --- the book -------------------------------------------------------------------------


def test_the_table_of_contents_lists_every_page_once():
    pages = {
        path.relative_to(ROOT).with_suffix("").as_posix()
        for pattern in ("*.ipynb", "*.md")
        for path in (ROOT / "chapters").rglob(pattern)
        if ".ipynb_checkpoints" not in path.parts
    }
    assert sorted(contents.pages()) == sorted(pages)
    assert set(OWNER) == set(chapters())


def test_every_page_has_a_place_that_says_what_it_belongs_to():
    for part in contents.parts():
        for chapter in part.chapters:
            folder = chapter.pages[0].rpartition("/")[0]
            if len(chapter.pages) > 1:
                assert chapter.has_sections, f"{chapter.name} has sections, no folder"
                assert 2 <= len(chapter.pages) <= 6, f"{chapter.name} has 2–6 sections"
            for page in chapter.pages:
                assert page.rpartition("/")[0] == folder, f"{page} is not in {folder}"
                assert page.count("/") == 2 + chapter.has_sections or (
                    page.count("/") == 1
                ), f"{page}: chapters/<part>/<chapter> or chapters/<part>/<chapter>/…"


def test_no_chapter_is_there_in_both_forms():
    names = [short_name(path) for path in OWNER]
    for chapter in CHAPTERS:
        if chapter.has_sections:
            assert chapter.name not in names, (
                f"chapters/{chapter.name}.ipynb is still there beside its sections"
            )


def test_every_checker_is_used_by_its_chapter():
    used = {
        id
        for path in OWNER
        for cell in code_cells(read(path).notebook)
        for id in re.findall(r'check\(\s*"([^"]+)"', cell.source)
    }
    assert used == set(exercises())


def test_no_two_pages_have_the_same_title():
    titles = [title_of(page) for page in contents.pages()]
    assert sorted(set(titles)) == sorted(titles)


# --- every notebook -------------------------------------------------------------------


def test_the_notebook_is_clean(section: Section):
    notebook = section.notebook
    limit = 1_000_000 if section.chapter.has_sections else 1_500_000
    assert section.path.stat().st_size < limit
    assert "widgets" not in notebook.metadata
    assert notebook.metadata.language_info == {"name": "python"}
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


def test_what_the_book_folds_is_folded_in_jupyter_and_colab(section: Section):
    stamped = nbformat.from_dict(section.notebook)
    if not section.chapter.has_sections and not any(
        "cellView" in cell.metadata for cell in stamped.cells
    ):
        return  # an older chapter, not executed since the folds came
    stamp_folds(stamped)
    pairs = zip(section.notebook.cells, stamped.cells, strict=True)
    wrong = [cell.id for cell, right in pairs if cell.metadata != right.metadata]
    assert not wrong, f"run: python -m tools.notebooks --stamp {section.path}"


def test_the_first_cell_is_the_bootstrap_cell(section: Section):
    first = section.notebook.cells[0]
    assert "bootstrap" in tags(first)
    assert first.source == bootstrap_source(*repository_setting())


def test_the_bootstrap_cell_names_the_repository_only_when_there_is_one():
    with_url = bootstrap_source("https://github.com/someone/book", "trunk")
    assert '[chapters] @ git+https://github.com/someone/book@trunk"' in with_url
    assert "http" not in bootstrap_source("")


def test_the_notebook_opens_with_a_title_and_prepares_itself(section: Section):
    assert section.notebook.cells[1].source.startswith("# ")
    preparing = [
        cell for cell in code_cells(section.notebook) if "runtime.setup(" in cell.source
    ]
    assert preparing, "no cell calls runtime.setup"
    assert "hide-input" in tags(preparing[0])
    words = opening(section.notebook).split("\n\n")
    assert any(len(paragraph.split()) >= 20 for paragraph in words), (
        "no paragraph says what the page is about"
    )


def test_the_code_of_a_slider_is_folded(section: Section):
    """The page's area belongs to the picture; its code opens on demand."""
    for cell in code_cells(section.notebook):
        last = (ast.parse(cell.source).body or [None])[-1]
        call = getattr(last, "value", None) if isinstance(last, ast.Expr) else None
        if isinstance(call, ast.Call) and ast.unparse(call.func) == "explore":
            assert FOLDED.intersection(tags(cell)), (
                f"{cell.id}: give it the tag hide-input"
            )


def test_the_notebook_closes_as_its_place_asks(section: Section):
    titles = list(headings(section.notebook))
    if not section.chapter.has_sections:
        assert titles[-4:] == CLOSING
        return
    place = (
        "the last"
        if section.is_last
        else "the first"
        if section.is_first
        else "one between"
    )
    wanted = CLOSING_OF_A_SECTION[place]
    if "Pitfalls" in titles:
        wanted = ["Pitfalls", *wanted]
    assert titles[-len(wanted) :] == wanted, f"this section is {place} of its chapter"
    assert not {"Summary", "Further reading"} & set(titles) or section.is_last


def test_the_notebook_shows_something(section: Section):
    found = [cell for cell in section.notebook.cells if PICTURE.search(cell.source)]
    assert found, "a page without a picture"


def test_every_random_output_is_followed_by_an_assertion(section: Section):
    for title, cells in headings(section.notebook).items():
        code = [cell for cell in cells if cell.cell_type == "code"]
        for position, cell in enumerate(code):
            if "nbval-ignore-output" in tags(cell):
                later = code[position:]
                assert any("assert" in c.source for c in later), (
                    f"nothing asserts what {cell.id} in “{title}” shows"
                )


def test_every_pitfall_says_first_what_the_reader_sees(section: Section):
    # The page appendix/pitfalls is made from these lines.
    cells = headings(section.notebook).get("Pitfalls", [])
    text = "\n".join(c.source for c in cells if c.cell_type == "markdown")
    for pitfall in re.split(r"^### ", text.partition("## Pitfalls")[2], flags=re.M)[1:]:
        title, symptom = [line for line in pitfall.splitlines() if line.strip()][:2]
        assert symptom.startswith("**Symptom:** "), f"{title} has no symptom"


def test_the_exercises_are_solved(section: Section):
    cells = headings(section.notebook)["Exercises"]
    asked, solved = asked_in(cells), [c for c in cells if "solution" in tags(c)]
    assert titles_in(cells), "a page without an exercise"
    assert len(solved) >= len(asked)
    dropdowns = sum(cell.source.count("{dropdown}") for cell in cells)
    assert len(solved) + dropdowns >= len(titles_in(cells)), (
        "an exercise has no solution"
    )
    for cell in solved:
        shown = "".join(output.get("text", "") for output in cell.outputs)
        for id in re.findall(r'check\(\s*"([^"]+)"', cell.source):
            assert f"{id}: right." in shown


def test_an_assertion_that_stands_alone_says_what_was_checked(section: Section):
    # The built page shows these words and folds the code.
    if not section.chapter.has_sections:
        return
    silent = [
        cell.id
        for cell in code_cells(section.notebook)
        if only_asserts(cell.source) and not re.match(r"# Checked[:,]? \S", cell.source)
    ]
    assert not silent, "these only assert; begin each with a line “# Checked: …”"


# --- every chapter --------------------------------------------------------------------


def test_cell_ids_are_unique_over_the_chapter(chapter: list[Section]):
    ids = [cell.id for section in chapter for cell in section.notebook.cells]
    common = {"bootstrap"}  # the tool writes this cell, with one id everywhere
    twice = {id for id in ids if ids.count(id) > 1} - common
    assert not twice
    for section in chapter:
        here = [cell.id for cell in section.notebook.cells]
        assert len(set(here)) == len(here)


def test_labels_are_unique_over_the_chapter(chapter: list[Section]):
    text = "\n".join(prose(section.notebook) for section in chapter)
    labels = re.findall(r"^\((\S+)\)=$|\$\$ \((\S+)\)$", text, re.MULTILINE)
    flat = [a or b for a, b in labels]
    assert not {label for label in flat if flat.count(label) > 1}


def test_the_chapter_has_its_sections(chapter: list[Section]):
    start = opening(chapter[0].notebook)
    assert "You will be able to" in start
    titles = [title for section in chapter for title in headings(section.notebook)]
    assert set(CLOSING) <= set(titles)
    assert any(title.startswith("See it") for title in titles)
    if len(chapter) > 1:
        assert "In this chapter" in start, "the first section lists all of them"
        for section in chapter[1:]:
            assert section.path.stem in start, f"no link leads to {section.path.stem}"


def test_both_frameworks_stand_side_by_side(chapter: list[Section]):
    kinds = []
    for section in chapter:
        for cell in section.notebook.cells:
            kind = (t for t in tags(cell) if t in ("pytorch", "keras"))
            kinds.append(next(kind, None))
        kinds.append(None)
    runs = re.findall("p+k+", "".join((kind or "-")[0] for kind in kinds))
    assert len(runs) >= 2, "a chapter shows each model in PyTorch and in Keras"
    assert kinds.count("keras") == sum(run.count("k") for run in runs)
    assert kinds.count("pytorch") == sum(run.count("p") for run in runs)


def test_something_can_be_played_with(chapter: list[Section]):
    cells = [cell for section in chapter for cell in code_cells(section.notebook)]
    assert any("explore(" in cell.source for cell in cells)


def test_the_chapter_has_pitfalls_and_exercises(chapter: list[Section]):
    pitfalls = exercises = coded = 0
    for section in chapter:
        found = headings(section.notebook)
        pitfalls += len(titles_in(found.get("Pitfalls", [])))
        exercises += len(titles_in(found["Exercises"]))
        coded += len(asked_in(found["Exercises"]))
    assert pitfalls >= 1
    assert exercises >= 6
    assert coded >= 4


# --- what cells hold ------------------------------------------------------------------


def only_asserts(source: str) -> bool:
    """Tell whether a cell does nothing but assert, in loops or not."""
    if "assert" not in source or source.lstrip().startswith("%"):
        return False
    left = list(ast.parse(source).body)
    while left:
        statement = left.pop()
        if isinstance(statement, ast.For | ast.With | ast.If):
            left += statement.body + getattr(statement, "orelse", [])
        elif not isinstance(statement, ast.Assert):
            return False
    return True


@pytest.mark.parametrize(
    ("source", "answer"),
    [
        ("assert a < b", True),
        ("for a in x:\n    assert a < b, 'too large'", True),
        ("a = 3\nassert a < b", False),
        ("a < b", False),
        ("assert a\nprint(a)", False),
    ],
)
def test_what_counts_as_only_asserting(source: str, answer: bool):
    assert only_asserts(source) == answer


def titles_in(cells: list[NotebookNode]) -> list[str]:
    text = "\n".join(c.source for c in cells if c.cell_type == "markdown")
    return re.findall(r"^### .+$", text, re.MULTILINE)


def asked_in(cells: list[NotebookNode]) -> list[NotebookNode]:
    return [c for c in cells if c.cell_type == "code" and ", ...)" in c.source]


def test_every_term_of_the_glossary_is_linked_from_a_page():
    pages = (ROOT / "chapters").rglob("*.md")
    text = "\n".join(page.read_text(encoding="utf-8") for page in pages)
    glossary = (ROOT / "chapters/appendix/glossary.md").read_text(encoding="utf-8")
    for path in chapters():
        cells = nbformat.read(path, as_version=4).cells
        text += "\n".join(c.source for c in cells if c.cell_type == "markdown")
    roles = re.findall(r"\{term\}`([^`]+)`", text)
    linked = {re.sub(r"(?s).*<(.*)>$", r"\1", role).lower() for role in roles}
    linked = {" ".join(term.split()) for term in linked}
    entries = glossary.split(":::{glossary}")[1].split("\n:::")[0].split("\n\n")
    never_linked = []
    for entry in entries:
        names = re.findall(r"^(?![ \[])(.+)$", entry, re.MULTILINE)
        if names and not any(name.lower() in linked for name in names):
            never_linked.append(names[0])
    assert never_linked == []
