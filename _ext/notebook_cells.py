"""How a notebook's cells look on a page: folds that name themselves, no preparation.

MyST-NB folds cells tagged ``hide-input``, ``hide-output`` or ``hide-cell``. Its fold is
called "Toggle hidden content" for those who cannot see it, whatever it holds, and looks
like a box of advice. Here, its name is its text. The cell tagged ``bootstrap``, which
makes the book's package importable in Colab and does nothing elsewhere, is left out of
the pages.
"""

from __future__ import annotations

import html
from typing import TYPE_CHECKING

from docutils import nodes
from myst_nb.sphinx_ import HideCodeCellNode
from sphinx.transforms import SphinxTransform

if TYPE_CHECKING:
    from sphinx.application import Sphinx
    from sphinx.writers.html5 import HTML5Translator


class LeaveOutBootstrap(SphinxTransform):
    """Remove cells tagged ``bootstrap``."""

    default_priority = 198  # after MyST-NB has made its cell containers

    def apply(self, **kwargs: object) -> None:
        """Change the document in place."""
        for node in list(self.document.findall(nodes.container)):
            if "bootstrap" in node.get("cell_metadata", {}).get("tags", []):
                node.parent.remove(node)


def visit_folded(self: HTML5Translator, node: HideCodeCellNode) -> None:
    """Open a fold, named for what opening or closing it does."""
    show, hide = html.escape(node["prompt_show"]), html.escape(node["prompt_hide"])
    self.body.append(
        '<details class="folded"><summary>'
        f'<span class="when-closed">{show}</span><span class="when-open">{hide}</span>'
        "</summary>\n"
    )


def depart_folded(self: HTML5Translator, node: HideCodeCellNode) -> None:
    """Close the fold."""
    self.body.append("</details>\n")


def setup(app: Sphinx) -> dict[str, bool]:
    """Register the transform, and the fold in place of MyST-NB's."""
    app.setup_extension("myst_nb")
    app.add_node(HideCodeCellNode, override=True, html=(visit_folded, depart_folded))
    app.add_transform(LeaveOutBootstrap)
    return {"parallel_read_safe": True, "parallel_write_safe": True}
