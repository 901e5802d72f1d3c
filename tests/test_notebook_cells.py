"""A cell that only asserts is a line on the page: what was checked, and a way in."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from tests.book_builder import Built, build, code, notebook

CHECK = "# Checked: the slope is `2` within 1e-6, for x < 1 & x > 0.\nassert True"
LONG = "# Checked: the gradients of all four\n# layers agree.\n#\nassert True"
STORED = "# Checked, on the stored result: every seed\n# is ahead.\nassert True"
CELLS = {
    "one": code(CHECK),
    "long": code(LONG),
    "stored": code(STORED),
    "five": code("# Checked for five seeds: it falls.\nassert True"),
    "no-words": code("# Checked\nassert True"),
    "noisy": code("# Checked: it prints.\nassert True", output="printed\n"),
    "in-tabs": code("# Checked: PyTorch agrees.\nassert True", "pytorch"),
    "in-tabs-too": code("# Checked: Keras agrees.\nassert True", "keras"),
    "solution": code("# Checked: folded anyway.\nassert True", "hide-cell"),
    "table": code("print(2)", output="step    loss\n   1     2.5\n   2     1.5\n"),
    "words": code("print(3)", output="step 1:  2.5, which is  long\nand no table\n"),
    "later": code("x = 1\n# Checked: nothing.\nassert x"),
}


@pytest.fixture(scope="module")
def book(tmp_path_factory: pytest.TempPathFactory) -> Built:
    folder: Path = tmp_path_factory.mktemp("checks")
    return build(folder, {"index.ipynb": notebook(*CELLS.values())})


def folds(page: str) -> list[tuple[str, str]]:
    """Return the line and the content of each fold."""
    found = re.findall(
        r'<details class="checked"><summary>(.*?)</summary>(.*?)</details>', page, re.S
    )
    return [(re.sub("<[^>]+>", "", line), content) for line, content in found]


def test_the_line_says_what_was_checked(book: Built):
    assert book.status == 0, book.messages
    page = book.page("index")
    assert [line for line, _ in folds(page)] == [
        "checked: the slope is 2 within 1e-6, for x &lt; 1 &amp; x &gt; 0.",
        "checked: the gradients of all four layers agree.",
        "checked, on the stored result: every seed is ahead.",
        "checked for five seeds: it falls.",
        "checked: it prints.",
        "checked: PyTorch agrees.",
        "checked: Keras agrees.",
    ]
    assert "slope is <code>2</code> within" in page


def test_the_code_is_in_the_fold_and_what_it_printed_is_not(book: Built):
    for line, content in folds(book.page("index")):
        assert "assert" in content, line
        assert "cell_output" not in content, line


def test_checks_of_both_frameworks_are_in_their_tabs(book: Built):
    page = book.page("index")
    panels = re.split(r'<div class="framework-panel"', page)[1:]
    assert ["PyTorch agrees" in panels[0], "Keras agrees" in panels[1]] == [True, True]


def test_other_folds_stay_what_they_are(book: Built):
    page = book.page("index")
    assert page.count('<details class="folded">') == 1
    assert 'class="checked"' not in page[page.index('<details class="folded">') :]


def test_on_paper_a_fold_says_what_follows(book: Built):
    page = book.page("index")
    summary = re.search(r'<details class="folded"><summary>(.*?)</summary>', page, re.S)
    assert summary is not None
    show, hide, paper = re.findall(r"<span class=\"([\w-]+)\">(.*?)</span>", summary[1])
    assert show[0] == "when-closed"
    assert hide[0] == "when-open"
    assert paper[0] == "on-paper"
    assert show[1] == f"Show the {paper[1][0].lower()}{paper[1][1:]}"
    assert paper[1][0].isupper()


def test_printed_columns_are_marked_and_printed_words_are_not(book: Built):
    outputs = re.findall(
        r'<div class="([^"]*\bstream\b[^"]*)">.*?<pre>(.*?)</pre>',
        book.page("index"),
        re.S,
    )
    marked = ["columns" in names.split() for names, _ in outputs]
    assert marked == ["loss" in text for _, text in outputs]
    assert sorted(marked) == [False, False, True]
