"""What a page's HTML says without a browser.

Every link within the book leads somewhere, none leads to a place that is not set, and
the mathematics is set.
"""

from __future__ import annotations

import json
import re
from collections import Counter
from functools import cache
from html.parser import HTMLParser
from pathlib import Path
from urllib.parse import unquote, urlsplit

import pytest

from tools.browser import SITE, pages
from tools.contents import ROOT, short_name
from tools.notebooks import chapters, repository_setting

PAGES = pages()
NOT_PROSE = ("script", "style", "pre", "code", "annotation", "title")


class Html(HTMLParser):
    """The ids of a page, what it links to or loads, and its bare text."""

    def __init__(self) -> None:
        super().__init__()
        self.ids: set[str] = set()
        self.links: list[str] = []
        self.loads: list[str] = []
        self.classes: Counter[str] = Counter()
        self.text = ""
        self._silent = 0  # how many elements around this place are not for reading

    def handle_starttag(self, tag: str, attributes: list[tuple[str, str | None]]):
        values = {name: value or "" for name, value in attributes}
        self.classes.update(set(values.get("class", "").split()))
        self._silent += tag in NOT_PROSE
        if "id" in values:
            self.ids.add(values["id"])
        if tag == "a" and "href" in values:
            self.links.append(values["href"])
        if tag in ("img", "script", "source", "iframe") and "src" in values:
            self.loads.append(values["src"])
        if tag == "link" and "href" in values:
            self.loads.append(values["href"])

    def handle_endtag(self, tag: str):
        self._silent -= tag in NOT_PROSE

    def handle_data(self, data: str):
        if not self._silent:
            self.text += data


@cache
def read(path: Path) -> Html:
    found = Html()
    found.feed(path.read_text(encoding="utf-8"))
    return found


def broken(page: Path, link: str) -> bool:
    """Tell whether a link within the site leads nowhere."""
    parts = urlsplit(link)
    if parts.scheme or link.startswith("//"):
        return False
    target = (page.parent / unquote(parts.path)).resolve() if parts.path else page
    if not target.is_file():
        return True
    if not parts.fragment or target.suffix != ".html":
        return False
    return unquote(parts.fragment) not in read(target).ids


@pytest.mark.parametrize("name", PAGES)
def test_every_link_within_the_book_leads_somewhere(name: str):
    page = SITE / name
    found = read(page)
    links = [link for link in found.links if link != "#"] + found.loads
    assert [link for link in links if broken(page, link)] == []


@pytest.mark.parametrize("name", PAGES)
def test_no_page_loads_anything_from_elsewhere(name: str):
    elsewhere = ("http:", "https:", "//")
    assert [x for x in read(SITE / name).loads if x.startswith(elsewhere)] == []


@pytest.mark.parametrize("name", PAGES)
def test_links_to_the_project_are_right_or_not_there(name: str):
    services = ("github.com", "colab.research.google.com", "mybinder.org")
    links = [link for link in read(SITE / name).links if urlsplit(link).netloc]
    to_project = [
        link
        for link in links
        if urlsplit(link).netloc in services
        and ("/edit/" in link or "/blob/" in link or "/v2/gh/" in link)
    ]
    url, _ = repository_setting()
    if url:
        path = url.removeprefix("https://github.com/")
        assert all(path in link for link in to_project)
    else:
        assert to_project == []


@pytest.mark.parametrize("name", PAGES)
def test_mathematics_is_there_without_any_script(name: str):
    assert unset_mathematics(SITE / name) == []


def unset_mathematics(path: Path) -> list[str]:
    """Return what a page shows in place of formulas."""
    page = read(path)
    marks = [mark for mark in ("$$", "\\frac", "\\mathbf") if mark in page.text]
    marks += [name for name in ("math-error", "katex-error") if page.classes[name]]
    for half in ("katex-html", "katex-mathml"):
        if page.classes[half] < page.classes["math"]:
            marks.append(
                f"{page.classes['math']} formulas, {page.classes[half]} {half}"
            )
    return marks


@pytest.mark.parametrize("name", PAGES)
def test_every_term_and_equation_of_another_page_has_a_card(name: str):
    assert without_card(SITE, name) == []


@cache
def cards() -> dict[str, str]:
    text = (SITE / "_static" / "cards-content.js").read_text(encoding="utf-8")
    return json.loads(text[text.index("(") + 1 : text.rindex(")")])


def without_card(site: Path, name: str) -> list[str]:
    """Return the links of a page that should show a card and have none to show."""
    link = r'<a class="reference internal" href="([^"#]+)(#(?:term|equation)-[^"]+)"'
    found = re.findall(link, (site / name).read_text(encoding="utf-8"))
    folder = (site / name).parent
    addresses = {
        (folder / path).resolve().relative_to(site.resolve()).as_posix() + place
        for path, place in found
    }
    return sorted(addresses - {key for key, card in cards().items() if card})


def test_figures_are_numbered_through_each_chapter():
    numbers = {}
    for name in PAGES:
        text = (SITE / name).read_text(encoding="utf-8")
        figures = re.findall(r'<figure id="([^"]+)" class="[^"]*book-', text)
        assert len(set(figures)) == len(figures)
        found = re.findall(r'class="figure-number">Figure (\d+)\.(\d+)<', text)
        if name != "chapters/index.html":
            assert len(found) == len(figures), name
        for chapter, figure in found:
            numbers.setdefault(int(chapter), []).append(int(figure))
    assert {k: sorted(v) for k, v in numbers.items()} == {
        k: list(range(1, len(v) + 1)) for k, v in numbers.items()
    }
    assert len(numbers) >= 10


@pytest.mark.parametrize("path", chapters(), ids=short_name)
def test_the_notebook_of_a_chapter_can_be_downloaded(path: Path):
    page = SITE / path.relative_to(ROOT).with_suffix(".html")
    (link,) = [x for x in read(page).links if x.endswith(".ipynb")]
    name = path.relative_to(ROOT)
    assert (page.parent / link).resolve() == SITE / "_sources" / name
    copy = json.loads((SITE / "_sources" / name).read_text("utf-8"))
    own = json.loads(path.read_text("utf-8"))
    assert [c for c in copy["cells"] if c["cell_type"] == "code"] == [
        c for c in own["cells"] if c["cell_type"] == "code"
    ]
    assert copy["metadata"] == own["metadata"]


def test_next_leads_through_the_whole_book():
    order = []
    page = SITE / "chapters" / "index.html"
    while page is not None:
        order.append(page.relative_to(SITE).as_posix())
        text = page.read_text(encoding="utf-8")
        head = text[: text.index("</head>")]
        _, found, after = head.partition('<link rel="next"')
        link = after.partition('href="')[2].partition('"')[0] if found else ""
        page = (page.parent / link).resolve() if link else None
    assert order == [name for name in PAGES if name.startswith("chapters/")]
