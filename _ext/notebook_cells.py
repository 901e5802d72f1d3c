"""How a notebook's cells look on a page: folds that name themselves, checks in a line.

MyST-NB folds cells tagged ``hide-input``, ``hide-output`` or ``hide-cell``. Its fold is
called "Toggle hidden content" for those who cannot see it, whatever it holds, and looks
like a box of advice. Here, its name is its text; on paper, where all folds are open, it
says what follows and does not offer to show it. The cell tagged ``bootstrap``, which
makes the book's package importable in Colab and does nothing elsewhere, is left out of
the pages.

A cell that begins with ``# Checked: …`` only asserts. The page shows what was checked,
in these words, as a small line that opens to show the code. The words may say where
before the colon (``# Checked, on the stored result: …``), and may go on in the comment
lines below; in backquotes they are set as code.

Printed lines wrap on a phone. Where columns would come apart, they do not: such an
output has the class ``columns``, and scrolls.
"""

from __future__ import annotations

import html
import re
from typing import TYPE_CHECKING

from docutils import nodes
from myst_nb.sphinx_ import HideCodeCellNode
from sphinx.transforms import SphinxTransform
from sphinx.transforms.post_transforms import SphinxPostTransform

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


class MarkColumns(SphinxPostTransform):
    """Give printed outputs whose lines are set in columns a class."""

    default_priority = 400  # after MyST-NB has chosen the outputs

    def run(self, **kwargs: object) -> None:
        """Change the document in place."""
        for output in self.document.findall(nodes.literal_block):
            if "stream" in output["classes"] and in_columns(output.astext()):
                output["classes"].append("columns")


def in_columns(text: str) -> bool:
    """Return whether two lines or more have words that wide spaces keep apart."""
    return sum(bool(re.search(r"\S {2,}\S", line)) for line in text.splitlines()) > 1


CHECKED = re.compile(r"# Checked(?=[:,]? \S)")


class checked(nodes.General, nodes.Element):
    """The code of a cell that only asserts; ``words`` says what was checked."""


class FoldChecks(SphinxTransform):
    """Fold the code of each cell that begins with ``# Checked``."""

    default_priority = 198  # before neighbours are put into tabs

    def apply(self, **kwargs: object) -> None:
        """Change the document in place."""
        for cell in list(self.document.findall(nodes.container)):
            if cell.get("nb_element") != "cell_code" or cell.get("hide_mode"):
                continue
            source = next(cell.findall(nodes.literal_block), None)
            if source is not None and (words := words_of(source.astext())):
                box = source.parent
                fold = checked("", words=words)
                cell.replace(box, fold)
                fold += box


def words_of(source: str) -> str:
    """Return what the first lines of a cell say was checked, or an empty string.

    It begins with the mark after *checked*, if there is one: a colon or a comma.
    """
    if not CHECKED.match(source):
        return ""
    lines = re.match(r"(?:#.*\n?)+", source)[0].splitlines()
    words = " ".join(line.lstrip("#").strip() for line in lines)
    return words.removeprefix("Checked").strip()


def visit_checked(self: HTML5Translator, node: checked) -> None:
    """Open a fold whose line says what was checked."""
    words = re.sub("`([^`]+)`", r"<code>\1</code>", html.escape(node["words"]))
    mark, words = words[0], words[1:]
    if mark not in ":,":
        mark, words = "", f" {mark}{words}"
    self.body.append(
        '<details class="checked"><summary>'
        f'<span class="checked-word">checked{mark}</span>{words}</summary>\n'
    )


def visit_folded(self: HTML5Translator, node: HideCodeCellNode) -> None:
    """Open a fold, named for what opening or closing it does."""
    show, hide = html.escape(node["prompt_show"]), html.escape(node["prompt_hide"])
    what = show.removeprefix("Show the ")
    self.body.append(
        '<details class="folded"><summary>'
        f'<span class="when-closed">{show}</span><span class="when-open">{hide}</span>'
        f'<span class="on-paper">{what[:1].upper()}{what[1:]}</span></summary>\n'
    )


def depart_folded(self: HTML5Translator, node: nodes.Element) -> None:
    """Close a fold."""
    self.body.append("</details>\n")


def setup(app: Sphinx) -> dict[str, bool]:
    """Register the transforms, and the fold in place of MyST-NB's."""
    app.setup_extension("myst_nb")
    app.add_node(HideCodeCellNode, override=True, html=(visit_folded, depart_folded))
    app.add_node(checked, html=(visit_checked, depart_folded))
    app.add_transform(LeaveOutBootstrap)
    app.add_transform(FoldChecks)
    app.add_post_transform(MarkColumns)
    return {"parallel_read_safe": True, "parallel_write_safe": True}
