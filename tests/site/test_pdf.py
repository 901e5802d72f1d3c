"""A small book as one PDF: its outline, its contents, its links, its folds."""

from __future__ import annotations

import json
import re
import subprocess
import unicodedata
from collections.abc import Iterator
from pathlib import Path

import pytest
from lxml import html

from tests.book_builder import build, code, markdown, notebook
from tests.site.visit import Running
from tools.contents import Chapter, Part
from tools.pdf import Joined, lacks_chinese, print_book, slug, stand_still

pypdf = pytest.importorskip("pypdf")
CONFIG = {"title": "A small book", "author": "Somebody", "copyright": "2026"}
PAGES = ("part/chapter/one", "part/chapter/two")
LONG = "\n".join(f"value_{n} = {n}  # line {n}" for n in range(150))
FILES = {
    "index.md": "# A small book\n\nIt begins with {doc}`part/chapter/one`.",
    f"{PAGES[0]}.ipynb": notebook(
        markdown("## A heading\n\nSee [the other](two.ipynb#far-away), and $x^2$."),
        code(LONG, "hide-input"),
    ),
    f"{PAGES[1]}.ipynb": notebook(
        markdown("## Near\n\nBack to {doc}`one`, or [leave](https://example.org)."),
        markdown("word " * 3000 + "\n\n## Far away\n\nHere."),
    ),
}
TOC = {
    "format": "jb-book",
    "root": "index",
    "parts": [
        {
            "caption": "The part",
            "numbered": 2,
            "chapters": [{"file": PAGES[0], "sections": [{"file": PAGES[1]}]}],
        }
    ],
}


@pytest.fixture(scope="module")
def printed(
    running: Running, tmp_path_factory: pytest.TempPathFactory
) -> pypdf.PdfReader:
    folder = tmp_path_factory.mktemp("a book, 书")
    built = build(folder, FILES, toc=TOC)
    order = [Part("The part", True, (Chapter(PAGES),))]
    out = folder / "book.pdf"
    count = print_book(Joined(built.site, CONFIG, "index", order), out, running.browser)
    reader = pypdf.PdfReader(out)
    assert count == len(reader.pages)
    assert sorted(path.name for path in folder.glob("book.*")) == ["book.pdf"]
    return reader


def text(page: pypdf.PageObject) -> str:
    return " ".join(unicodedata.normalize("NFKC", page.extract_text()).split())


def outline(entries: list, depth: int = 0) -> Iterator[tuple[int, str]]:
    for entry in entries:
        if isinstance(entry, list):
            yield from outline(entry, depth + 1)
        else:
            yield depth, entry.title


def sheet_of(printed: pypdf.PdfReader, name: str) -> int:
    found = {
        key.lstrip("/"): place for key, place in printed.named_destinations.items()
    }
    return printed.get_destination_page_number(found[name])


def test_the_outline_has_parts_chapters_sections_and_headings(
    printed: pypdf.PdfReader,
):
    assert list(outline(printed.outline)) == [
        (0, "A small book"),
        (0, "The part"),
        (1, "1. A chapter"),
        (2, "A heading"),
        (2, "1.1. A chapter"),
        (3, "Near"),
        (3, "Far away"),
    ]


def test_it_is_tagged_and_says_title_and_language(printed: pypdf.PdfReader):
    root = printed.trailer["/Root"]
    assert root["/MarkInfo"]["/Marked"]
    assert root["/Lang"] == "en"
    assert printed.metadata.title == CONFIG["title"]


def test_the_contents_say_the_sheet_of_every_page(printed: pypdf.PdfReader):
    listed = text(printed.pages[1])
    for name, title in zip(PAGES, ("1. A chapter", "1.1. A chapter"), strict=True):
        sheet = sheet_of(printed, slug(name)) + 1
        assert f"{title} {sheet}" in listed
        assert title in text(printed.pages[sheet - 1])
        assert text(printed.pages[sheet - 1]).startswith(f"{sheet} ")


def test_links_within_the_book_stay_in_it(printed: pypdf.PdfReader):
    places, addresses = set(), set()
    for page in printed.pages:
        for note in page.get("/Annots") or ():
            link = note.get_object()
            if "/Dest" in link:
                places.add(link["/Dest"].lstrip("/"))
            else:
                addresses.add(link["/A"].get("/URI"))
    far = f"{slug(PAGES[1])}--far-away"
    assert {slug(PAGES[0]), slug(PAGES[1]), far} <= places
    assert "Here." in text(printed.pages[sheet_of(printed, far)])
    assert sheet_of(printed, far) > sheet_of(printed, slug(PAGES[1]))
    assert addresses == {"https://example.org/"}


def test_a_fold_is_printed_whole_and_goes_on_over_the_edge(printed: pypdf.PdfReader):
    first, last = (sheet_of(printed, slug(name)) for name in PAGES)
    sheets = [text(page) for page in printed.pages[first:last]]
    lines = re.findall(r"# line (\d+)\b", " ".join(sheets))
    assert lines == [str(n) for n in range(150)]
    assert "# line 0 " in sheets[0], "the code left the rest of the sheet empty"
    assert "Show the code" not in " ".join(sheets)
    assert len(sheets) <= 4


def test_a_page_that_is_not_there_is_named(tmp_path: Path):
    with pytest.raises(OSError, match=r"index\.html"):
        Joined(tmp_path, CONFIG, "index", [])


def explored(steps: int, start: int) -> html.HtmlElement:
    frames = [
        {"alt": f"alt {n}", **({"src": f"{n}.webp"} if n != start else {})}
        for n in range(steps * 2)
    ]
    values = json.dumps([str(n) for n in range(steps)]).replace('"', "&quot;")
    return html.fromstring(
        '<figure class="book-explore"><div class="figure-box">'
        '<img src="start.webp" alt="start" style="min-inline-size: 9px"></div>'
        '<div class="book-explore-controls"><div class="book-explore-control">'
        f'<label>step</label><input type="range" data-values="{values}"></div>'
        '<div class="book-explore-control"><span>way</span><label><input type="radio">'
        '<span>in</span></label><label><input type="radio"><span>out</span></label>'
        f'</div></div><script type="application/json">{json.dumps({"frames": frames})}'
        "</script></figure>"
    )


@pytest.mark.parametrize(
    ("start", "shown"),
    [(0, (4, 7)), (7, (0, 4)), (3, (0, 7)), (4, (0, 7))],
)
def test_sliders_stand_still_in_three_places(start: int, shown: tuple[int, int]):
    figure = explored(4, start)
    stand_still(figure)
    lines = [p.text for p in figure.iter("p")]
    assert lines == [
        f"step = {at // 2}, way = {('in', 'out')[at % 2]}" for at in (start, *shown)
    ]
    stills = figure.find_class("still")
    pictures = [[(i.get("src"), i.get("alt")) for i in s.iter("img")] for s in stills]
    assert pictures == [
        [("start.webp", f"alt {at}"), (f"{at}.webp", "")] for at in shown
    ]


@pytest.mark.parametrize(("listed", "lacks"), [(b"", True), (b"Noto Sans\n", False)])
def test_a_machine_without_chinese_characters_is_told(
    monkeypatch: pytest.MonkeyPatch, listed: bytes, lacks: bool
):
    done = subprocess.CompletedProcess([], 0, stdout=listed)
    monkeypatch.setattr("tools.pdf.shutil.which", lambda name: f"/bin/{name}")
    monkeypatch.setattr("tools.pdf.subprocess.run", lambda *_, **__: done)
    assert lacks_chinese() == lacks
