"""Results at full size: the table over all chapters, and a note where one is stale.

The directive ``full-results`` becomes a table with a row for each result that
``python -m tools.full`` has stored. Of many values the first few are seen, the others
are in a fold. A result in a page is marked when the cells that made it have changed
since.
"""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from docutils import nodes
from sphinx.transforms.post_transforms import SphinxPostTransform
from sphinx.util.docutils import SphinxDirective

from tools import contents, full
from utils import full_size

if TYPE_CHECKING:
    from docutils.nodes import Node
    from sphinx.application import Sphinx

MARK = 'data-result="'
STALE = (
    "Code on this page has changed since this was run. The result stands as it was "
    "measured; the next run at full size replaces it."
)
COLUMNS = (
    ("Chapter", 18),
    ("Data and model", 32),
    ("Result", 26),
    ("Published", 24),
)


SEEN = 4  # values of a result; one more is shown rather than folded


class full_results(nodes.General, nodes.Element):
    """Stands for the table until every page has been read."""


class FullResults(SphinxDirective):
    """``full-results``: what the chapters reach at full size."""

    def run(self) -> list[Node]:
        """Note that the page changes with the results and the notebooks."""
        for path in full_size.FOLDER.glob("*.json"):
            self.env.note_dependency(str(path))
        for docname in self.env.found_docs:
            if self.env.doc2path(docname).endswith(".ipynb"):
                self.env.note_dependency(self.env.doc2path(docname))
        return [full_results()]


class FillFullResults(SphinxPostTransform):
    """Put the table in place, before references are resolved."""

    default_priority = 5

    def run(self, **kwargs: object) -> None:
        """Change the document in place."""
        for node in list(self.document.findall(full_results)):
            node.replace_self(self.table())
        self.mark_stale()

    def table(self) -> nodes.table:
        """Return the table, in the order of the book."""
        head = [nodes.entry("", nodes.paragraph("", name)) for name, _ in COLUMNS]
        body = [
            self.row(each, each.stored)
            for each in full.results()
            if each.stored is not None
        ]
        group = nodes.tgroup(
            "",
            *(nodes.colspec(colwidth=width) for _, width in COLUMNS),
            nodes.thead("", nodes.row("", *head)),
            nodes.tbody("", *body),
            cols=len(COLUMNS),
        )
        return nodes.table("", group, classes=["full-results"])

    def row(self, each: full.Result, result: dict) -> nodes.row:
        """Return what the table says of one result."""
        docname = self.env.path2doc(str(each.notebook))
        assert docname is not None, each.notebook
        uri = self.app.builder.get_relative_uri(self.env.docname, docname)
        first = next(c.pages[0] for c in contents.chapters() if docname in c.pages)
        title = self.env.titles[first].astext()
        link = nodes.reference("", title, internal=True, refuri=f"{uri}#at-full-size")
        values = result["values"]
        several = len(result["seeds"])
        lines = [
            f"{name.replace('_', ' ')} {full_size.spread(values[name])}"
            for name in {result["metric"]: None, **values}
        ]
        seeds = f"{several} seeds" if several > 1 else "one seed"
        when = f"{seeds}, {result['hardware']}, {result['date']}"
        if each.state == "stale":
            when += "; code has changed since"
        parameters = (
            [f"{result['parameters']:,} parameters"] if "parameters" in result else []
        )
        return nodes.row(
            "",
            _entry(nodes.paragraph("", "", link)),
            _entry(*_lines(result["data"], result["model"], *parameters)),
            _entry(*_folded(lines), nodes.paragraph("", when, classes=["where"])),
            _entry(*_lines(result["published"])),
        )

    def mark_stale(self) -> None:
        """Put a note above each result of the page whose cells have changed."""
        path = Path(self.env.doc2path(self.env.docname))
        shown = [n for n in self.document.findall(nodes.raw) if MARK in n.astext()]
        if not shown:
            return
        states = {each.key: each.state for each in full.results_of(path)}
        for node in shown:
            key = node.astext().split(MARK)[1].split('"')[0]
            if states.get(key) == "stale":
                note = nodes.note("", nodes.paragraph("", STALE), classes=["stale"])
                node.parent.insert(node.parent.index(node), note)


def _entry(*parts: Node) -> nodes.entry:
    return nodes.entry("", *parts)


def _lines(*texts: str) -> list[Node]:
    return [nodes.paragraph("", text) for text in texts]


def _folded(texts: list[str]) -> list[Node]:
    """Return a line for each text, those after the first few in a fold."""
    if len(texts) <= SEEN + 1:
        return _lines(*texts)
    more = f"<details><summary>{len(texts) - SEEN} more</summary>"
    return [
        *_lines(*texts[:SEEN]),
        nodes.raw("", more, format="html"),
        *_lines(*texts[SEEN:]),
        nodes.raw("", "</details>", format="html"),
    ]


def setup(app: Sphinx) -> dict[str, bool]:
    """Register the directive and what fills it."""
    app.add_node(full_results)
    app.add_directive("full-results", FullResults)
    app.add_post_transform(FillFullResults)
    return {"parallel_read_safe": True, "parallel_write_safe": True}
