"""The page of pitfalls, made from the chapters: a mistake is described in one place.

The directive ``pitfall-table`` becomes a table with a row for each section under a
chapter's heading "Pitfalls": what you see (the paragraph that begins with
"Symptom:"), the section's title, which links to it, and the chapter. A field above the
table leaves only the rows with the words typed into it; without scripts it is unseen.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from docutils import nodes
from sphinx import addnodes
from sphinx.transforms.post_transforms import SphinxPostTransform
from sphinx.util import logging
from sphinx.util.docutils import SphinxDirective

if TYPE_CHECKING:
    from docutils.nodes import Node
    from sphinx.application import Sphinx

logger = logging.getLogger(__name__)

HEADING = "Pitfalls"
MARK = "Symptom:"
COLUMNS = (("What you see", 55), ("The mistake", 45))
FIELD = """<div class="table-filter">
<label for="pitfall-filter">Show rows with these words</label>
<input type="search" id="pitfall-filter" autocomplete="off">
<span role="status"></span>
</div>
"""


class pitfall_table(nodes.General, nodes.Element):
    """Stands for the table until every chapter has been read."""


class PitfallTable(SphinxDirective):
    """``pitfall-table``: the pitfalls of all chapters, in the order of the book."""

    def run(self) -> list[Node]:
        """Note that the page changes with the chapters."""
        for docname in self.env.found_docs:
            if self.env.doc2path(docname).endswith(".ipynb"):
                self.env.note_dependency(self.env.doc2path(docname))
        return [pitfall_table()]


class FillPitfallTable(SphinxPostTransform):
    """Put the table in place, before references are resolved."""

    default_priority = 5

    def run(self, **kwargs: object) -> None:
        """Change the document in place."""
        for node in list(self.document.findall(pitfall_table)):
            node.replace_self([nodes.raw("", FIELD, format="html"), self.table()])

    def table(self) -> nodes.table:
        """Return the table with a row for each pitfall."""
        head = [nodes.entry("", nodes.paragraph("", name)) for name, _ in COLUMNS]
        body = [cells for docname in self.in_order() for cells in self.rows(docname)]
        group = nodes.tgroup(
            "",
            *(nodes.colspec(colwidth=width) for _, width in COLUMNS),
            nodes.thead("", nodes.row("", *head)),
            nodes.tbody("", *(nodes.row("", *cells) for cells in body)),
            cols=len(COLUMNS),
        )
        return nodes.table("", group, classes=["pitfall-table"])

    def in_order(self) -> Iterator[str]:
        """Yield the pages in the order of the table of contents."""

        def below(docname: str) -> Iterator[str]:
            yield docname
            for child in self.env.toctree_includes.get(docname, []):
                yield from below(child)

        yield from below(self.config.root_doc)

    def rows(self, docname: str) -> Iterator[list[nodes.entry]]:
        """Yield the cells of each pitfall in one page."""
        doctree = self.env.get_doctree(docname)
        for section in doctree.findall(nodes.section):
            if section[0].astext() != HEADING:
                continue
            for pitfall in section.findall(nodes.section):
                if pitfall is section:
                    continue
                symptom = _symptom(pitfall)
                if symptom is None:
                    logger.warning(
                        "the pitfall %r has no paragraph that begins with **%s**",
                        pitfall[0].astext(),
                        MARK,
                        location=pitfall,
                    )
                    continue
                for link in symptom.findall(addnodes.pending_xref):
                    link["refdoc"] = self.env.docname  # its address starts from here
                chapter = self.env.titles[docname].astext()
                yield [
                    nodes.entry("", symptom),
                    nodes.entry(
                        "",
                        self.link(docname, pitfall["ids"][0], pitfall[0].children),
                        nodes.paragraph("", f"in {chapter}", classes=["where"]),
                    ),
                ]

    def link(self, docname: str, id: str, text: list[Node]) -> nodes.paragraph:
        """Return a paragraph that links to a section of a page."""
        uri = self.app.builder.get_relative_uri(self.env.docname, docname)
        copies = [child.deepcopy() for child in text]
        reference = nodes.reference(
            "", "", *copies, internal=True, refuri=f"{uri}#{id}"
        )
        return nodes.paragraph("", "", reference)


def _symptom(pitfall: nodes.section) -> nodes.paragraph | None:
    """Return what a section says the reader sees, without the word before it."""
    for paragraph in pitfall.findall(nodes.paragraph):
        mark, *rest = [part for part in paragraph if part.astext()] or [paragraph]
        if isinstance(mark, nodes.strong) and mark.astext() == MARK and rest:
            text = rest[0].astext().lstrip()
            if isinstance(rest[0], nodes.Text):
                rest[0] = nodes.Text(text[:1].upper() + text[1:])
            return nodes.paragraph("", "", *(part.deepcopy() for part in rest))
    return None


def setup(app: Sphinx) -> dict[str, bool]:
    """Register the directive and what fills it."""
    app.add_node(pitfall_table)
    app.add_directive("pitfall-table", PitfallTable)
    app.add_post_transform(FillPitfallTable)
    return {"parallel_read_safe": True, "parallel_write_safe": True}
