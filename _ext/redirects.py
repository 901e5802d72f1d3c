"""A chapter's own address leads to its first section, and its old anchors to theirs.

A chapter in sections, ``chapters/foundations/backprop/*.ipynb``, was once one page, and
others linked to ``chapters/foundations/backprop.html#autograd``. At that address, a
small page forwards to the section that now has the anchor, or to the first one. Without
scripts it forwards to the first one. The table of anchors is made from the built pages,
so nothing is to be kept up by hand.

Within the book, too, a link to the chapter, as ``{doc}`../foundations/backprop``` has
it, leads to its first section and says its title.
"""

from __future__ import annotations

import html
import json
import posixpath
import re
from pathlib import Path
from typing import TYPE_CHECKING

from sphinx.addnodes import pending_xref
from sphinx.transforms.post_transforms import SphinxPostTransform
from sphinx.util import docname_join

if TYPE_CHECKING:
    from collections.abc import Iterator

    from sphinx.application import Sphinx
    from sphinx.environment import BuildEnvironment

# Ids that count things on a page say nothing on another.
COUNTED = re.compile(r"(?:codecell|frameworks-|id)\d+")

PAGE = """<!DOCTYPE html>
<html lang="en"><head><meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>{title}</title>
<link rel="canonical" href="{first}">
<script>
const sections = {sections}, anchors = {anchors};
const anchor = decodeURIComponent(location.hash.slice(1));
const place = Object.hasOwn(anchors, anchor) ? anchors[anchor] : 0;
location.replace(sections[place] + location.search + location.hash);
</script>
<noscript><meta http-equiv="refresh" content="0; url={first}"></noscript>
</head>
<body><main><h1>{title}</h1><p>This chapter is at <a href="{first}">{first}</a>.</p></main></body>
</html>
"""  # noqa: E501


def chapters_in_sections(env: BuildEnvironment) -> Iterator[tuple[str, list[str]]]:
    """Yield the address and the pages of each chapter that is a folder."""
    for first, nested in env.toctree_includes.items():
        folder = posixpath.dirname(first)
        pages = [first, *nested]
        if (
            first != env.config.root_doc
            and folder
            and folder not in env.found_docs
            and nested
            and all(posixpath.dirname(page) == folder for page in pages)
        ):
            yield folder, pages


class LinkToFirstSection(SphinxPostTransform):
    """Let links to a chapter in sections lead to its first section."""

    default_priority = 5  # before MyST and Sphinx resolve them

    def run(self, **kwargs: object) -> None:
        """Change the document in place."""
        first = {name: pages[0] for name, pages in chapters_in_sections(self.env)}
        for node in self.document.findall(pending_xref):
            if node.get("reftype") in ("doc", "myst"):
                named = re.sub(r"\.ipynb$", "", node["reftarget"])
                target = docname_join(node.get("refdoc", self.env.docname), named)
                if target in first:
                    node["reftype"], node["refdomain"] = "doc", "std"
                    node["reftarget"] = f"/{first[target]}"


def ids_of(page: str) -> list[str]:
    """Return the ids in a page's own text, in order."""
    text = page.partition("<article")[2].partition("</article>")[0]
    ids = (html.unescape(id) for id in re.findall(r'<[^<>]+?\sid="([^"]+)"', text))
    return [id for id in ids if not COUNTED.match(id)]


def forwarding_page(title: str, sections: list[str], pages: list[str]) -> str:
    """Return the page at a chapter's own address.

    Args:
        title: the chapter's title.
        sections: the addresses of its sections, from the page's folder.
        pages: their HTML.
    """
    anchors: dict[str, int] = {}
    for place, page in enumerate(pages):
        for id in ids_of(page):
            anchors.setdefault(id, place)
    elsewhere = {id: place for id, place in anchors.items() if place}

    def script(value: object) -> str:
        return json.dumps(value, separators=(",", ":")).replace("<", "\\u003c")

    return PAGE.format(
        title=html.escape(title),
        first=html.escape(sections[0]),
        sections=script(sections),
        anchors=script(elsewhere),
    )


def _write(app: Sphinx, exception: Exception | None) -> None:
    """Write the forwarding page of each chapter in sections."""
    if exception or app.builder.name != "html":
        return
    site = Path(app.outdir)
    for address, pages in chapters_in_sections(app.env):
        folder = posixpath.dirname(address)
        sections = [f"{posixpath.relpath(page, folder or '.')}.html" for page in pages]
        texts = [(site / f"{page}.html").read_text(encoding="utf-8") for page in pages]
        title = app.env.titles[pages[0]].astext()
        (site / f"{address}.html").write_text(
            forwarding_page(title, sections, texts), encoding="utf-8"
        )


def setup(app: Sphinx) -> dict[str, bool]:
    """Connect to the build."""
    app.add_post_transform(LinkToFirstSection)
    app.connect("build-finished", _write)
    return {"parallel_read_safe": True, "parallel_write_safe": True}
