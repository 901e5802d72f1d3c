"""Cards: what a term means, an equation says, a source is, without leaving the place.

A link to a term of the glossary, an equation or a source shows a small card when the
pointer rests on it, when it has the focus, and at the first tap. ``static/cards.js``
shows them. An equation of the same page is copied from there, and a source is in its
link's title. What stands on another page is in ``cards-content.js``, written here; a
page loads it when its first card is asked for, also from disk, and from nobody else.
"""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import TYPE_CHECKING

from sphinx.util import logging

if TYPE_CHECKING:
    from sphinx.application import Sphinx

logger = logging.getLogger(__name__)

FILE = "cards-content.js"
LINK = re.compile(
    r'<a class="reference internal" href="([^"#]+)#((?:term|equation)-[^"]+)"'
)
EXTRAS = re.compile(
    r'<a class="headerlink".*?</a>|<span class="eqno">.*?</span>', re.DOTALL
)
NAMES = re.compile(r"(?:<dt\b.*?</dt>\s*)+", re.DOTALL)
MARKS = re.compile(r'</?a\b[^>]*>| id="[^"]*"| tabindex="[^"]*"')


def wanted(site: Path, pages: list[Path]) -> dict[Path, set[str]]:
    """Return the places on other pages that links of these kinds lead to.

    Args:
        site: the folder of the site.
        pages: all pages.

    Returns:
        The ids, by page.
    """
    places: dict[Path, set[str]] = {}
    for page in pages:
        for address, place in LINK.findall(page.read_text(encoding="utf-8")):
            target = (page.parent / address).resolve()
            places.setdefault(target, set()).add(place)
    return places


def content(text: str, place: str) -> str | None:
    """Return what a card says of a place, as HTML without links and ids.

    Args:
        text: the HTML of the page.
        place: the id of a term or of an equation.
    """
    if place.startswith("term-"):
        start = text.find(f'<dt id="{place}">')
        names = NAMES.match(text, max(start, 0))
        if start < 0 or names is None:
            return None
        end = text.index("</dd>", names.end())
        definition = text[names.end() : end].replace("<dd>", "", 1)
        shown = re.sub(r"<(/?)dt\b[^>]*>", r"<\1b>", EXTRAS.sub("", names[0]))
        shown = shown.replace("</b><b>", "</b> <b>").strip()
        return _bare(f"<p>{shown}</p>{definition}")
    found = re.search(rf'<div [^>]*id="{re.escape(place)}"[^>]*>', text)
    if found is None:
        return None
    depth = 0
    for tag in re.compile(r"<(/?)div\b").finditer(text, found.start()):
        depth += -1 if tag[1] else 1
        if depth == 0:
            return _bare(text[found.start() : tag.end()] + ">")
    return None


def _bare(text: str) -> str:
    """Return HTML without what only makes sense in its place."""
    return MARKS.sub("", EXTRAS.sub("", text)).strip()


def _write(app: Sphinx, exception: Exception | None) -> None:
    """Write the cards that the pages of the site ask for."""
    if exception or app.builder.name != "html":
        return
    site = Path(app.outdir).resolve()
    cards = {}
    for page, places in wanted(site, sorted(site.rglob("*.html"))).items():
        text = page.read_text(encoding="utf-8") if page.is_file() else ""
        for place in sorted(places):
            address = f"{page.relative_to(site).as_posix()}#{place}"
            if (card := content(text, place)) is None:
                logger.warning("a link leads to %s, which has no card", address)
            else:
                cards[address] = card
    said = json.dumps(dict(sorted(cards.items())), ensure_ascii=False)
    path = site / "_static" / FILE
    new = f"bookCards({said});\n"
    if not path.is_file() or path.read_text(encoding="utf-8") != new:
        path.write_text(new, encoding="utf-8")


def setup(app: Sphinx) -> dict[str, bool]:
    """Connect to the build."""
    app.connect("build-finished", _write)
    return {"parallel_read_safe": True, "parallel_write_safe": True}
