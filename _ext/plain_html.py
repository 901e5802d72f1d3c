"""Where Sphinx's HTML confuses screen readers: reference lists and empty table corners.

Its list of references has roles that were withdrawn, and labels that the book, which
cites by author and year, does not use. An empty cell in a table head is announced as a
heading without a name; here, it is a plain cell.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from docutils import nodes

if TYPE_CHECKING:
    from sphinx.application import Sphinx
    from sphinx.writers.html5 import HTML5Translator


def visit_citation(self: HTML5Translator, node: nodes.citation) -> None:
    """Open an entry of a list of references, without its label."""
    node.children = [c for c in node.children if not isinstance(c, nodes.label)]
    self.body.append(self.starttag(node, "div", CLASS="citation"))


def depart_citation(self: HTML5Translator, node: nodes.citation) -> None:
    """Close the entry."""
    self.body.append("</div>\n")


def visit_entry(self: HTML5Translator, node: nodes.entry) -> None:
    """Open a table cell as the theme would, unless it is an empty heading."""
    type(self).visit_entry(self, node)
    if not node.astext().strip() and self.context[-1].strip() == "</th>":
        self.body[-1] = self.body[-1].replace("<th", "<td", 1)
        self.context[-1] = self.context[-1].replace("</th", "</td")


def depart_entry(self: HTML5Translator, node: nodes.entry) -> None:
    """Close the cell."""
    type(self).depart_entry(self, node)


def setup(app: Sphinx) -> dict[str, bool]:
    """Write these two kinds of node differently."""
    citation, entry = (visit_citation, depart_citation), (visit_entry, depart_entry)
    app.add_node(nodes.citation, override=True, html=citation)
    app.add_node(nodes.entry, override=True, html=entry)
    return {"parallel_read_safe": True, "parallel_write_safe": True}
