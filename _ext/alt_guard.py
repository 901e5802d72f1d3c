"""No picture enters the book without words: a missing alt text is a build warning.

The book is built with warnings as errors, so such a page does not get out. Looked at is
the content of pages only: images of Markdown and directives, and ``<img>`` and
``<svg>`` in raw HTML, such as notebook outputs and the frames behind sliders.
"""

from __future__ import annotations

import html
import json
import re
from html.parser import HTMLParser
from pathlib import Path, PurePosixPath
from typing import TYPE_CHECKING, Any

from docutils import nodes
from sphinx.transforms.post_transforms import SphinxPostTransform
from sphinx.util import logging

if TYPE_CHECKING:
    from collections.abc import Iterator

    from sphinx.application import Sphinx

logger = logging.getLogger(__name__)

FILE_NAME = re.compile(r"\S+\.(?:png|jpe?g|gif|webp|svg|avif)", re.IGNORECASE)

WAY_OUT = "end the cell with plots.show(fig, alt=…), or explore(…, alt=…)"

CELL_LINES = 10_000  # MyST-NB counts a notebook's lines as if each cell had so many


class GuardAltTexts(SphinxPostTransform):
    """Warn of every image on a page that says nothing to those who cannot see it."""

    default_priority = 10  # after MyST-NB has chosen outputs, before pictures move
    formats = ("html",)

    def run(self, **kwargs: Any) -> None:
        """Look at the document; change nothing."""
        for node in self.document.findall():
            for fault in faults_of(node):
                logger.warning(
                    "%s%s",
                    self._place(node),
                    fault,
                    location=self._location(node),
                    type="book",
                    subtype="alt",
                )

    def _is_notebook(self) -> bool:
        return str(self.env.doc2path(self.env.docname)).endswith(".ipynb")

    def _location(self, node: nodes.Node) -> Any:
        """Return the page, and the line unless it is a notebook, which has none."""
        if self._is_notebook():
            return self.env.docname
        return (self.env.docname, _line_of(node))

    def _place(self, node: nodes.Node) -> str:
        """Return a notebook node's cell, as the start of a message."""
        if not self._is_notebook():
            return ""
        index = _cell_of(node)
        if index is None:
            line = _line_of(node, least=CELL_LINES)
            if line is None:
                return ""
            index = line // CELL_LINES - 1
        text = Path(self.env.doc2path(self.env.docname)).read_text(encoding="utf-8")
        cells = json.loads(text)["cells"]
        name = cells[index].get("id", "") if 0 <= index < len(cells) else ""
        return f"cell {index + 1}{f' ({name})' if name else ''}: "


def faults_of(node: nodes.Node) -> list[str]:
    """Return what is wrong with the pictures that a node holds itself."""
    if isinstance(node, nodes.image):
        fault = fault_of(node.get("alt"), node.get("uri", ""))
        if not fault:
            return []
        if _cell_of(node) is not None:
            return [f"an output is a plain image that {fault}; {WAY_OUT}"]
        return [f"image {PurePosixPath(node['uri']).name} {fault}"]
    if isinstance(node, nodes.TextElement) and any(map(_is_html, node.children)):
        # Inside a line of text, each tag is a node of its own.
        pieces = (
            child.astext() if _is_html(child) else html.escape(child.astext())
            for child in node.children
        )
        return list(faults_in("".join(pieces)))
    if _is_html(node) and not isinstance(node.parent, nodes.TextElement):
        return list(faults_in(node.astext()))
    return []


def _is_html(node: nodes.Node) -> bool:
    return isinstance(node, nodes.raw) and "html" in node.get("format", "").split()


def fault_of(alt: str | None, source: str = "") -> str | None:
    """Return what is wrong with an alt text, as the end of a sentence, or None.

    Args:
        alt: the alt text, if there is one.
        source: the image's address.
    """
    text = (alt or "").strip()
    if not text:
        return "has no alt text"
    path = PurePosixPath(source.partition("?")[0])
    if FILE_NAME.fullmatch(text) or (
        not source.startswith("data:") and text in (source, path.name, path.stem)
    ):
        return f"has a file name for an alt text: {text!r}"
    return None


def faults_in(text: str) -> Iterator[str]:
    """Return what is wrong with the pictures in a piece of HTML, one message each."""
    finder = _PictureFinder()
    finder.feed(text)
    finder.close()
    yield from finder.faults


class _PictureFinder(HTMLParser):
    """Collect the faults of ``<img>``, inline ``<svg>`` and frames behind sliders."""

    def __init__(self) -> None:
        super().__init__()
        self.faults: list[str] = []
        self._svg: list[bool] = []  # for each open svg: whether it is named
        self._in_title = False
        self._frames: list[str] | None = None

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        given = {name: value or "" for name, value in attrs}
        if tag == "img":
            source = given.get("src", "")
            fault = fault_of(given.get("alt"), source)
            if fault:
                name = "" if source.startswith("data:") else f" {source}"
                way = f"; {WAY_OUT}" if source.startswith("data:") else ""
                self.faults.append(f"<img>{name} {fault}{way}")
        elif tag == "svg":
            hidden = given.get("aria-hidden") == "true"
            named = given.get("aria-label", "").strip() or given.get(
                "aria-labelledby", ""
            )
            self._svg.append(bool(hidden or named or self._svg))
        elif tag == "title" and self._svg:
            self._in_title = True
        elif tag == "script" and given.get("type") == "application/json":
            self._frames = []

    def handle_data(self, data: str) -> None:
        if self._in_title and data.strip():
            self._svg[-1] = True
        if self._frames is not None:
            self._frames.append(data)

    def handle_endtag(self, tag: str) -> None:
        if tag == "title":
            self._in_title = False
        elif tag == "svg" and self._svg and not self._svg.pop():
            self.faults.append(
                "an inline <svg> has neither a <title> nor an aria-label"
            )
        elif tag == "script" and self._frames is not None:
            self._check_frames("".join(self._frames))
            self._frames = None

    def _check_frames(self, text: str) -> None:
        try:
            frames = json.loads(text)["frames"]
            silent = [i for i, frame in enumerate(frames) if fault_of(frame.get("alt"))]
        except (ValueError, KeyError, TypeError, AttributeError):
            return  # some other script's data
        if silent:
            self.faults.append(
                f"of {len(frames)} frames, {len(silent)} have no alt text"
            )


def _cell_of(node: nodes.Node) -> int | None:
    """Return the number from 0 of the code cell a node is an output of."""
    while node is not None:
        if isinstance(node, nodes.container) and node.get("nb_element") == "cell_code":
            return node["cell_index"]
        node = node.parent
    return None


def _line_of(node: nodes.Node, least: int = 0) -> int | None:
    """Return the source line of a node or of the nearest one around it.

    Args:
        node: the node.
        least: smaller numbers are passed over; in notebooks, some count from the start
            of their cell.
    """
    while node is not None:
        if node.line is not None and node.line >= least:
            return node.line
        node = node.parent
    return None


def setup(app: Sphinx) -> dict[str, bool]:
    """Connect to the build."""
    app.add_post_transform(GuardAltTexts)
    return {"parallel_read_safe": True, "parallel_write_safe": True}
