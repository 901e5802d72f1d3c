"""A chapter in sections: its numbers, its old address, the minutes on each page."""

from __future__ import annotations

import json
import re
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser, sync_playwright

from tests.book_builder import Built, build, code, markdown, notebook
from tools.browser import find_browser, launch
from tools.build import ROOT

sys.path.append(str(ROOT / "_ext"))
import reading_time
from redirects import ids_of

PICTURE = "```{figure} dot.svg\n:name: fig-@\n:alt: A dot.\n\nA dot of @.\n```"


def page(title: str, *texts: str) -> str:
    text = notebook(*(markdown(text) for text in texts), code("x = 1"))
    return text.replace("# A chapter", f"# {title}")


def section(title: str, name: str, *more: str) -> str:
    equation = f"$$\nx = 1\n$$ (eq-{name})"
    return page(
        title,
        f"## See {name}",
        PICTURE.replace("@", name),
        equation,
        *more,
        "## Exercises",
    )


DOT = '<svg xmlns="http://www.w3.org/2000/svg" width="9" height="9"/>'
FILES = {
    "chapters/index.md": (
        "# The book\n\nSee {numref}`fig-graph`, {eq}`eq-later`, {doc}`part/backprop`, "
        "[](part/backprop.ipynb) and {doc}`this <part/backprop>`.\n"
    ),
    "chapters/part/plain.ipynb": section("A plain chapter", "plain", "### More of it"),
    "chapters/part/backprop/graph.ipynb": section("Backpropagation", "graph"),
    "chapters/part/backprop/engine.ipynb": section("An engine", "engine"),
    "chapters/part/backprop/practice.ipynb": section("In practice", "later"),
    "chapters/part/last.ipynb": section("A last chapter", "last"),
    "chapters/other/more.ipynb": section("Another part", "more"),
}
FOLDER = "chapters/part"
TOC = {
    "format": "jb-book",
    "root": "chapters/index",
    "parts": [
        {
            "caption": "Part",
            "numbered": 2,
            "chapters": [
                {"file": f"{FOLDER}/plain"},
                {
                    "file": f"{FOLDER}/backprop/graph",
                    "sections": [
                        {"file": f"{FOLDER}/backprop/engine"},
                        {"file": f"{FOLDER}/backprop/practice"},
                    ],
                },
                {"file": f"{FOLDER}/last"},
            ],
        },
        {
            "caption": "Other",
            "numbered": 2,
            "chapters": [{"file": "chapters/other/more"}],
        },
    ],
}


@pytest.fixture(scope="module")
def book(tmp_path_factory: pytest.TempPathFactory) -> Built:
    folder = tmp_path_factory.mktemp("sections")
    for place in (FOLDER, f"{FOLDER}/backprop", "chapters/other"):
        (folder / place).mkdir(parents=True)
        (folder / place / "dot.svg").write_text(DOT, encoding="utf-8")
    return build(folder, FILES, toc=TOC)


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    with sync_playwright() as playwright:
        if find_browser(playwright) is None:
            pytest.skip("no Chromium, Chrome or Edge here")
        running = launch(playwright)
        yield running
        running.close()


def words(html: str) -> str:
    return " ".join(re.sub("<[^>]+>", " ", html).split())


def headings(html: str) -> list[str]:
    html = html[html.index("<article") :]
    found = re.findall(r"<h[123]>(.*?)<a class=\"headerlink\"", html, re.S)
    return [words(heading) for heading in found]


# --- numbers --------------------------------------------------------------------------


def test_the_build_is_clean(book: Built):
    assert book.status == 0, book.messages


def test_pages_of_a_chapter_in_sections_are_numbered_and_headings_are_not(book: Built):
    expected = {
        "backprop/graph": ["2. Backpropagation", "See graph", "Exercises"],
        "backprop/engine": ["2.1. An engine", "See engine", "Exercises"],
        "backprop/practice": ["2.2. In practice", "See later", "Exercises"],
    }
    for name, titles in expected.items():
        assert headings(book.page(f"{FOLDER}/{name}")) == titles


def test_other_chapters_keep_their_numbers(book: Built):
    plain = headings(book.page(f"{FOLDER}/plain"))
    assert plain[:2] == ["1. A plain chapter", "1.1. See plain"]
    assert headings(book.page(f"{FOLDER}/last"))[0] == "3. A last chapter"
    assert headings(book.page("chapters/other/more"))[0] == "4. Another part"


def test_the_menu_shows_the_numbers_and_nests_the_sections(book: Built):
    menu = book.page(f"{FOLDER}/backprop/engine")
    menu = menu[menu.index('class="bd-links') : menu.index("<article")]
    links = re.findall(
        r'<a class="(?:current )?reference internal"[^>]*>(.*?)</a>', menu, re.S
    )
    titles = [words(link) for link in links]
    assert titles == [
        "1. A plain chapter",
        "2. Backpropagation",
        "2.1. An engine",
        "2.2. In practice",
        "3. A last chapter",
        "4. Another part",
    ]
    assert re.search(r'toctree-l2[^>]*><a [^>]*href="practice.html"', menu)


def test_the_arrow_of_the_menu_has_a_name(book: Built):
    for name in ("plain", "backprop/graph", "backprop/practice"):
        menu = book.page(f"{FOLDER}/{name}").partition("<article")[0]
        arrows = re.findall(r'<summary[^>]*><span class="toctree-toggle"', menu)
        assert len(arrows) == 1
        assert 'aria-label="Sections of 2. Backpropagation"' in arrows[0]


def test_previous_and_next_lead_through_the_sections(book: Built):
    page = book.page(f"{FOLDER}/backprop/engine")
    assert re.search(r'<link rel="prev"[^>]*href="graph.html"', page)
    assert re.search(r'<link rel="next"[^>]*href="practice.html"', page)
    page = book.page(f"{FOLDER}/backprop/practice")
    assert re.search(r'<link rel="next"[^>]*href="../last.html"', page)


def test_figures_and_equations_are_counted_through_the_chapter(book: Built):
    for name, number in {"graph": "2.1", "engine": "2.2", "practice": "2.3"}.items():
        page = book.page(f"{FOLDER}/backprop/{name}")
        assert f"Fig. {number}" in words(page)
        assert f"({number})" in words(page)
    first = words(book.page("chapters/index"))
    assert "See Fig. 2.1 , (2.3)" in first


def test_a_link_to_the_chapter_leads_to_its_first_section(book: Built):
    page = book.page("chapters/index")
    links = re.findall(r'<a [^>]*href="part/backprop/graph.html">(.*?)</a>', page)
    assert [words(link) for link in links[-3:]] == [
        "Backpropagation",
        "Backpropagation",
        "this",
    ]


def test_nothing_is_written_again_when_nothing_changed(book: Built):
    """An up-to-date build must see that the numbers are those of the last one."""
    sys.path.append(str(ROOT / "_ext"))
    from section_numbers import renumber

    environment = Environment(
        {"a": {"": (2,), "#x": (2, 1)}, "b": {"": (2, 2)}}, {"a": ["b"]}
    )
    renumber(environment)
    once = dict(environment.toc_secnumbers)
    assert once == {"a": {"": (2,), "#x": None}, "b": {"": (2, 1)}}
    renumber(environment)
    assert environment.toc_secnumbers == once


class Environment:
    """As much of Sphinx's environment as the numbers need."""

    def __init__(self, numbers: dict, nested: dict) -> None:
        from docutils import nodes

        self.toc_secnumbers = numbers
        self.toctree_includes = nested
        self.titles = {name: nodes.title() for name in numbers}
        self.tocs = {name: nodes.bullet_list() for name in numbers}


# --- the address of the chapter -------------------------------------------------------


@pytest.mark.parametrize(
    ("anchor", "leads_to"),
    [
        ("", "graph.html"),
        ("#see-graph", "graph.html#see-graph"),
        ("#see-engine", "engine.html#see-engine"),
        ("#fig-later", "practice.html#fig-later"),
        ("#equation-eq-later", "practice.html#equation-eq-later"),
        ("#exercises", "graph.html#exercises"),
        ("#gone", "graph.html#gone"),
        ("#constructor", "graph.html#constructor"),
    ],
)
def test_an_old_address_leads_to_the_section_that_has_the_anchor(
    book: Built, browser: Browser, anchor: str, leads_to: str
):
    tab = browser.new_page()
    tab.goto((book.site / FOLDER / "backprop.html").as_uri() + anchor)
    tab.wait_for_url(f"**/{FOLDER}/backprop/{leads_to}", timeout=5000)
    tab.close()


def test_without_scripts_it_leads_to_the_first_section(book: Built, browser: Browser):
    context = browser.new_context(java_script_enabled=False)
    tab = context.new_page()
    tab.goto((book.site / FOLDER / "backprop.html").as_uri() + "#see-engine")
    tab.wait_for_url(f"**/{FOLDER}/backprop/graph.html*", timeout=5000)
    context.close()


def test_every_anchor_of_the_table_is_in_its_section(book: Built):
    page = book.page(f"{FOLDER}/backprop")
    sections = json.loads(re.search(r"sections = (\[.*?\]), anchors", page)[1])
    anchors = json.loads(re.search(r"anchors = (\{.*?\});", page)[1])
    assert sections == [
        f"backprop/{name}.html" for name in ("graph", "engine", "practice")
    ]
    assert {"see-engine", "fig-engine", "see-later"} <= set(anchors)
    for id, place in anchors.items():
        address = sections[place].removesuffix(".html")
        assert id in ids_of(book.page(f"{FOLDER}/{address}"))


def test_only_chapters_in_sections_have_a_forwarding_page(book: Built):
    forwarding = [
        path.relative_to(book.site).as_posix()
        for path in book.site.rglob("*.html")
        if "location.replace" in path.read_text(encoding="utf-8")
    ]
    assert forwarding == [f"{FOLDER}/backprop.html"]


# --- minutes --------------------------------------------------------------------------


def cell(kind: str, source: str, *tags: str, html: str = "") -> dict:
    outputs = [{"data": {"text/html": html}}] if html else []
    return {"cell_type": kind, "source": source, "metadata": {"tags": list(tags)}} | (
        {"outputs": outputs} if kind == "code" else {}
    )


def test_what_is_counted():
    found = reading_time.count(
        [
            cell("markdown", "# Title\n\nFive words, and one: {term}`loss`. $x^2$"),
            cell("markdown", "$$\na\\\\b\\\\c\n$$ (eq-name)\n\n![](a.png)"),
            cell("markdown", "```{dropdown} Why\nMany words that are folded.\n```"),
            cell("code", "a = 1\n\nb = 2", "pytorch"),
            cell("code", "a = 1\nb = 2", "keras"),
            cell("code", "plots.show(f)", html="<figure><img></figure>"),
            cell("code", "x", "hide-input", html='<figure class="book-explore">'),
            cell("code", "# Checked: all.\nassert True"),
            cell("markdown", "## Exercises\n\n### One\n\nDo it.\n\n### Two"),
            cell("code", "y = 1\ny + 1"),
            cell("markdown", "## Further reading\n\n- A list of works."),
        ]
    )
    assert found == {
        "words": 6 + 2,
        "equation lines": 3,
        "pictures": 2,
        "sliders": 1,
        "code lines": 3,
        "exercises": 2,
    }


@pytest.mark.parametrize(
    ("found", "line"),
    [
        ({"words": 30}, "A minute to read."),
        ({"words": 1000}, "About 5 minutes to read."),
        (
            {"words": 2000, "exercises": 1},
            "About 10 minutes to read, and 5 for the exercise.",
        ),
        (
            {"words": 2000, "equation lines": 20, "code lines": 36, "exercises": 3},
            "About 25 minutes to read, and 15 for the 3 exercises.",
        ),
    ],
)
def test_minutes_are_said_as_people_say_them(found: dict[str, int], line: str):
    assert reading_time.in_words(reading_time.Counter(found)) == line


def test_the_minutes_stand_under_the_title(book: Built):
    page = book.page(f"{FOLDER}/backprop/engine")
    line = re.search(r'</h1>\s*<p class="reading-time">(.*?)</p>', page)
    assert line
    assert line[1] == "A minute to read."
    assert "reading-time" not in book.page("chapters/index")


def test_a_page_keeps_the_minutes_that_it_states(tmp_path: Path):
    text = page("Old", "**Time:** about 90 minutes to read.", "## See it")
    built = build(tmp_path, {"index.ipynb": text})
    assert "reading-time" not in built.page("index")
