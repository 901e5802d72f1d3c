"""The plain edition beside the built pages: the same numbers, links that lead on."""

from __future__ import annotations

import json
import re
from functools import cache
from pathlib import Path
from urllib.parse import urlsplit

import pytest

from tests.plain_markdown import links, myst_left
from tests.site.test_links import read
from tools.browser import SITE
from tools.contents import ROOT, short_name
from tools.notebooks import chapters
from tools.plain import EDITION, Names, anchor_of

BUILD = SITE.parent
NOTEBOOKS = [path.relative_to(ROOT) for path in chapters()]


@cache
def texts(path: Path) -> list[str]:
    """Return the text cells of a notebook."""
    cells = json.loads(path.read_text(encoding="utf-8"))["cells"]
    return ["".join(c["source"]) for c in cells if c["cell_type"] == "markdown"]


def download(name: Path) -> Path:
    """Return what the page offers, which no reader has changed."""
    return SITE / "_sources" / name


def anchors(path: Path) -> set[str]:
    """Return the anchors that Jupyter gives the headings of a notebook."""
    found = (re.findall(r"^#+ (.+)$", text, re.MULTILINE) for text in texts(path))
    return {anchor_of(heading) for several in found for heading in several}


def leads_nowhere(name: Path, link: str, site: str) -> bool:
    """Tell whether a link in a notebook has no end."""
    if site and link.startswith(site):
        parts = urlsplit(link.removeprefix(site))
        page = SITE / parts.path
        return not page.is_file() or (
            bool(parts.fragment) and parts.fragment not in read(page).ids
        )
    parts = urlsplit(link)
    if parts.scheme:
        return parts.scheme not in ("https", "http")
    path = (download(name).parent / parts.path).resolve() if parts.path else None
    path = path or download(name)
    if not path.is_file():
        return True
    return bool(parts.fragment) and parts.fragment not in anchors(path)


@pytest.mark.parametrize("name", NOTEBOOKS, ids=lambda name: short_name(ROOT / name))
def test_the_edition_is_there_and_plain(name: Path):
    assert (BUILD / EDITION / name).is_file()
    for text in texts(download(name)):
        assert myst_left(text) == []
        assert "(?)" not in text


@pytest.mark.parametrize("name", NOTEBOOKS, ids=lambda name: short_name(ROOT / name))
def test_every_link_of_the_edition_leads_somewhere(name: Path):
    site = Names.read(BUILD).site
    found = [link for text in texts(download(name)) for link in links(text)]
    assert [link for link in found if leads_nowhere(name, link, site)] == []


@pytest.mark.parametrize("name", NOTEBOOKS, ids=lambda name: short_name(ROOT / name))
def test_equations_and_titles_have_the_numbers_of_the_page(name: Path):
    page = (SITE / name.with_suffix(".html")).read_text(encoding="utf-8")
    shown = re.findall(r'<span class="eqno">\((\d+(?:\.\d+)*)\)', page)
    whole = "\n".join(texts(download(name)))
    assert re.findall(r"^\\tag\{(.+)\}$", whole, re.MULTILINE) == shown
    (title,) = re.findall(r"^# (.+)$", texts(download(name))[0], re.MULTILINE)
    number = re.search(r'<h1><span class="section-number">([\d.]+)', page)
    assert title.split()[0] == (number[1] if number else title.split()[0])
