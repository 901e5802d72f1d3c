"""The first page lists parts and chapters; what it says of them stands in the pages."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from tests.book_builder import Built, build, markdown, notebook

BEFORE = "**Before you start:** {}. **Time:** a minute to run."


def page(title: str, *texts: str) -> str:
    text = notebook(*(markdown(text) for text in texts), markdown("## See it"))
    return text.replace("# A chapter", f"# {title}")


FILES = {
    "chapters/index.md": "# The book\n\n```{chapter-list}\n```\n",
    "chapters/setup.md": "# Set up\n",
    "chapters/a/line.ipynb": page(
        "A line", "*One line is < enough & more.*", BEFORE.format("nothing")
    ),
    "chapters/a/graph/nodes.ipynb": page(
        "A graph", BEFORE.format("[](../line.ipynb) and {doc}`edges`")
    ),
    "chapters/a/graph/edges.ipynb": page("Edges", "Many *words*.", "words " * 1000),
    "chapters/b/tree.ipynb": page(
        "A tree",
        "*Graphs without circles.*\n\nThey branch.",
        BEFORE.format("{doc}`../a/line`, {doc}`graphs <../a/graph>`, {doc}`../setup`"),
    ),
}
TOC = {
    "format": "jb-book",
    "root": "chapters/index",
    "parts": [
        {"caption": "Start", "chapters": [{"file": "chapters/setup"}]},
        {
            "caption": "First",
            "numbered": 2,
            "chapters": [
                {"file": "chapters/a/line"},
                {
                    "file": "chapters/a/graph/nodes",
                    "sections": [{"file": "chapters/a/graph/edges"}],
                },
            ],
        },
        {"caption": "Then", "numbered": 2, "chapters": [{"file": "chapters/b/tree"}]},
    ],
}


@pytest.fixture(scope="module")
def book(tmp_path_factory: pytest.TempPathFactory) -> Built:
    folder: Path = tmp_path_factory.mktemp("list")
    (folder / "chapters" / "_front").mkdir(parents=True)
    sketch = '<svg aria-hidden="true"><path class="line" d="M0 0"/></svg>'
    for name in ("line", "graph"):
        path = folder / "chapters" / "_front" / f"{name}.svg"
        path.write_text(sketch, encoding="utf-8")
    return build(folder, FILES, toc=TOC)


@pytest.fixture(scope="module")
def listed(book: Built) -> str:
    assert book.status == 0, book.messages
    text = book.page("chapters/index")
    return text[text.index('class="chapter-list"') :].partition("</nav>")[0]


def words(html: str) -> str:
    return " ".join(re.sub("<[^>]+>", " ", html).split())


def test_parts_stand_in_order_and_say_on_which_they_build(listed: str):
    parts = re.findall(r'<p class="part">(.*?)</p>', listed)
    assert [words(part) for part in parts] == [
        "Start",
        "First",
        "Then after First",
    ]


def test_every_chapter_is_there_with_what_its_page_says(listed: str):
    cards = [words(card) for card in re.findall("<li>(.*?)</li>", listed, re.S)]
    assert cards == [
        "Set up",
        "1. A line One line is &lt; enough &amp; more.",
        "2. A graph Builds on 1 1 min, then Edges 5 min",
        "3. A tree Graphs without circles. Builds on 1 , 2 , Set up",
    ]


def test_links_lead_to_the_pages(listed: str):
    assert re.findall(r'<p class="title"><a href="([^"]+)"', listed) == [
        "a/line.html",
        "a/graph/nodes.html",
        "b/tree.html",
    ]
    assert '<a href="a/graph/nodes.html" aria-label="2. A graph">2</a>' in listed


def test_a_drawing_is_shown_where_there_is_one(listed: str):
    assert ["<svg" in card for card in re.findall("<li>(.*?)</li>", listed, re.S)] == [
        False,
        True,
        True,
        False,
    ]


def test_a_subtitle_stands_between_the_title_and_the_minutes(book: Built):
    kinds = re.findall(
        r'<p class="(subtitle|reading-time)"', book.page("chapters/b/tree")
    )
    assert kinds == ["subtitle", "reading-time"]
    assert '<p class="subtitle"' not in book.page("chapters/a/graph/edges")
