"""Adjacent PyTorch and Keras cells of a notebook become tabs in the built book.

A notebook shows a PyTorch cell (tagged ``pytorch``) and then the Keras cell (tagged
``keras``) that does the same. In Jupyter they are plain cells. Here, each run of such
neighbours becomes one set of tabs; several cells of one framework in a row share a tab.
``static/book.js`` switches all sets of a page together and remembers the reader's
choice for the next page. Without JavaScript, and on paper, the parts stand one after
the other, each under its framework's name.
"""

from __future__ import annotations

from itertools import groupby
from typing import TYPE_CHECKING

from docutils import nodes
from sphinx.transforms import SphinxTransform

if TYPE_CHECKING:
    from collections.abc import Iterable

    from sphinx.application import Sphinx
    from sphinx.writers.html5 import HTML5Translator

FRAMEWORKS = {
    "pytorch": "PyTorch",
    "keras": "Keras",
}  # tag -> label, in the tabs' order


class framework_tabs(nodes.General, nodes.Element):
    """A set of tabs; its children are ``framework_panel`` nodes."""


class framework_panel(nodes.General, nodes.Element):
    """One framework's cells; ``framework`` is the tag, ``panel_id`` the HTML id."""


def framework_of(node: nodes.Node) -> str | None:
    """Return the framework tag of a notebook's code cell, or None for anything else."""
    if not isinstance(node, nodes.container) or node.get("nb_element") != "cell_code":
        return None
    tags = node.get("cell_metadata", {}).get("tags", [])
    return next((tag for tag in FRAMEWORKS if tag in tags), None)


def make_tabs(cells: Iterable[nodes.container], number: int) -> framework_tabs:
    """Build a set of tabs from neighbouring cells.

    Args:
        cells: tagged cells in the notebook's order.
        number: the set's number on its page, for its ids.

    Returns:
        The set, its panels in the order of ``FRAMEWORKS``.
    """
    by_framework: dict[str, list[nodes.container]] = {}
    for cell in cells:
        by_framework.setdefault(framework_of(cell) or "", []).append(cell)
    tabs = framework_tabs("", number=number)
    for tag in FRAMEWORKS:
        if tag in by_framework:
            panel_id = f"frameworks-{number}-{tag}"
            panel = framework_panel("", framework=tag, panel_id=panel_id)
            panel.extend(by_framework[tag])
            tabs.append(panel)
    return tabs


class FrameworkTabs(SphinxTransform):
    """Wrap each run of neighbouring framework cells that names both frameworks."""

    default_priority = 199  # after MyST-NB has made its cell containers

    def apply(self, **kwargs: object) -> None:
        """Change the document in place."""
        number = 0
        parents = {
            node.parent
            for node in self.document.findall(nodes.container)
            if framework_of(node)
        }
        for parent in sorted(parents, key=_position):
            children: list[nodes.Node] = []
            runs = groupby(parent.children, key=lambda node: bool(framework_of(node)))
            for tagged, group in runs:
                cells = list(group)
                if tagged and len({framework_of(cell) for cell in cells}) > 1:
                    number += 1
                    children.append(make_tabs(cells, number))
                else:
                    children.extend(cells)
            parent[:] = children


def _position(node: nodes.Element) -> int:
    """Return where a node stands among its document's nodes."""
    return next(i for i, other in enumerate(node.document.findall()) if other is node)


# --- HTML -----------------------------------------------------------------------------


def visit_tabs(self: HTML5Translator, node: framework_tabs) -> None:
    """Write the row of tabs, the first of them chosen."""
    self.body.append('<div class="framework-tabs">\n')
    self.body.append(
        '<div class="framework-tablist" role="tablist" aria-label="Framework">'
    )
    for position, panel in enumerate(node.children):
        tag, panel_id = panel["framework"], panel["panel_id"]
        chosen = "true" if position == 0 else "false"
        self.body.append(
            f'<button type="button" role="tab" class="framework-tab" '
            f'id="{panel_id}-tab" data-framework="{tag}" aria-controls="{panel_id}" '
            f'aria-selected="{chosen}" tabindex="{0 if position == 0 else -1}">'
            f"{FRAMEWORKS[tag]}</button>"
        )
    self.body.append("</div>\n")


def depart_tabs(self: HTML5Translator, node: framework_tabs) -> None:
    """Close the set."""
    self.body.append("</div>\n")


def visit_panel(self: HTML5Translator, node: framework_panel) -> None:
    """Open one framework's panel."""
    tag, panel_id = node["framework"], node["panel_id"]
    self.body.append(
        f'<div class="framework-panel" role="tabpanel" id="{panel_id}" '
        f'aria-labelledby="{panel_id}-tab" data-framework="{tag}">\n'
        f'<p class="framework-name" aria-hidden="true">{FRAMEWORKS[tag]}</p>\n'
    )


def depart_panel(self: HTML5Translator, node: framework_panel) -> None:
    """Close the panel."""
    self.body.append("</div>\n")


def _pass(self: object, node: nodes.Element) -> None:
    """Write nothing of its own: other formats show the cells one after the other."""


def setup(app: Sphinx) -> dict[str, bool]:
    """Register the nodes and the transform."""
    plain = dict.fromkeys(("latex", "text", "man", "texinfo"), (_pass, _pass))
    app.add_node(framework_tabs, html=(visit_tabs, depart_tabs), **plain)
    app.add_node(framework_panel, html=(visit_panel, depart_panel), **plain)
    app.add_transform(FrameworkTabs)
    return {"parallel_read_safe": True, "parallel_write_safe": True}
