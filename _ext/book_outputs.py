"""Pictures of notebook outputs become files of the site, and sliders come alive.

``plots.show`` and ``explore`` leave HTML with every picture inside it, so that a
notebook is whole. Here, each ``data:`` picture of a page is written once into
``_images/`` and linked from there: the page stays light, and a browser loads what comes
into view. Mathematics in a caption is set like any other. ``book_figures`` numbers the
figures; ``static/explore.js`` and ``static/explore.css`` do the rest in the browser.
"""

from __future__ import annotations

import base64
import binascii
import functools
import hashlib
import html
import itertools
import re
from pathlib import Path
from typing import TYPE_CHECKING, Any

from book_figures import TICKS, Drawn, dressed, is_line_art, number_of
from docutils import nodes
from sphinx.transforms.post_transforms import SphinxPostTransform
from sphinx.util import logging
from sphinx.util.osutil import relative_uri

if TYPE_CHECKING:
    from sphinx.application import Sphinx
    from sphinx.config import Config

logger = logging.getLogger(__name__)

STATIC = Path(__file__).resolve().parent / "static"
ASSETS = ("explore.css", "explore.js")

DATA_URI = re.compile(
    r"data:(?:image|audio)/(webp|png|jpeg|gif|svg\+xml|wav);base64,([A-Za-z0-9+/=]+)"
)
SUFFIXES = {"jpeg": "jpg", "svg+xml": "svg"}
PICTURE_FILE = re.compile(r"_images/([\w.-]+\.(?:webp|png|jpg|gif))")
SAVED_STYLE = re.compile(r"<style>[^<]*</style>\s*(?=<figure class=.book-explore)")
OWN_FIGURE = re.compile(
    r'<figure class="book-(?:figure|explore)".*?</figure>', re.DOTALL
)
CAPTION = re.compile(r"(?<=<figcaption>).*?(?=</figcaption>)", re.DOTALL)
CODE_OR_MATH = re.compile(r"<code>.*?</code>|(?<!\\)\$(?P<latex>[^$]+?)(?<!\\)\$")
EXPLORE_ID = re.compile(r"explore-[0-9a-f]{8}(?:x\d+)?")


class ExtractPictures(SphinxPostTransform):
    """Move the pictures inside a page's raw HTML into files."""

    default_priority = 20  # after MyST-NB has chosen the HTML among a cell's outputs
    formats = ("html",)

    def run(self, **kwargs: Any) -> None:
        """Change the document in place and write its pictures."""
        written: dict[str, bytes] = {}
        ids: dict[str, int] = {}
        figures = itertools.count()
        for node in list(self.document.findall(is_raw_html)):
            text = node.astext()
            if "data:image/" not in text and "book-explore" not in text:
                continue
            write = functools.partial(self._extract, node=node, written=written)
            text = DATA_URI.sub(write, SAVED_STYLE.sub("", text))
            text = OWN_FIGURE.sub(
                lambda match: self._dress(apart(match[0], ids), next(figures), written),
                text,
            )
            if node["classes"]:  # of an output; they make a box around several nodes
                text = f'<div class="output book-output">{text}</div>\n'
            node.parent.replace(node, with_mathematics(text))
        self._remove_others(written)
        expected = len(self.env.book_figures.get(self.env.docname, []))
        if expected and next(figures) != expected:
            logger.warning(
                "this notebook has %d figures and its page another number; "
                "book_figures counts them wrongly",
                expected,
                location=self.env.docname,
                type="book",
                subtype="figure",
            )

    def _dress(self, figure: str, place: int, written: dict[str, bytes]) -> str:
        """Return one of the book's figures as this page wants it."""
        known = self.env.book_figures.get(self.env.docname, [])[place : place + 1]
        drawn = known[0] if known else Drawn(f"figure-{place + 1}", TICKS)
        names = PICTURE_FILE.findall(figure)
        line_art = bool(names) and all(
            name in written and is_line_art(written[name])
            for name in {names[0], names[-1]}
        )
        number = number_of(self.env, self.env.docname, place)
        return dressed(for_page(figure, place == 0), drawn, number, line_art)

    @property
    def _page(self) -> str:
        return self.env.docname.replace("/", "-")

    @property
    def _folder(self) -> Path:
        return Path(self.app.outdir, self.app.builder.imagedir)

    def _extract(
        self, match: re.Match[str], node: nodes.raw, written: dict[str, bytes]
    ) -> str:
        """Write one picture and return its address relative to the page."""
        try:
            content = base64.b64decode(match[2], validate=True)
        except binascii.Error as error:
            logger.warning(
                "a picture in this output is damaged (%s); run the notebook again",
                error,
                location=node,
                type="book",
                subtype="output",
            )
            return match[0]
        digest = hashlib.sha256(content).hexdigest()[:12]
        name = f"{self._page}-{digest}.{SUFFIXES.get(match[1], match[1])}"
        path = self._folder / name
        if not path.is_file():
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_bytes(content)
        written[name] = content
        builder = self.app.builder
        page = builder.get_target_uri(self.env.docname).partition("#")[0]
        return relative_uri(page, f"{builder.imagedir}/{name}")

    def _remove_others(self, written: dict[str, bytes]) -> None:
        """Delete pictures that an earlier build wrote for this page."""
        ours = re.compile(re.escape(self._page) + r"-[0-9a-f]{12}\.\w+")
        for path in self._folder.glob(f"{self._page}-*"):
            if ours.fullmatch(path.name) and path.name not in written:
                path.unlink()


def is_raw_html(node: nodes.Node) -> bool:
    """Whether a node holds HTML as it is."""
    return isinstance(node, nodes.raw) and "html" in node.get("format", "").split()


def apart(figure: str, ids: dict[str, int]) -> str:
    """Return a figure whose ids differ from those of its like earlier on the page.

    Args:
        figure: the HTML of one figure.
        ids: how often each id's stem has been seen; updated.
    """
    found = EXPLORE_ID.search(figure)
    if not found:
        return figure
    ids[found[0]] = seen = ids.get(found[0], 0) + 1
    return figure if seen == 1 else EXPLORE_ID.sub(rf"\g<0>x{seen}", figure)


def for_page(figure: str, eager: bool) -> str:
    """Return one of the book's figures as a page wants it.

    Args:
        figure: its HTML, with addresses of files.
        eager: whether the picture is loaded at once, as the first one of a page should
            be, and not when it comes near the view.
    """
    figure = re.sub(r'(<(?:figure|img|div)\b[^>]*?) style="[^"]*"', r"\1", figure)
    hints = 'fetchpriority="low" ' if eager else 'loading="lazy" '  # styles come first
    return figure.replace("<img ", f'<img {hints}decoding="async" ', 1)


def with_mathematics(text: str) -> list[nodes.Node]:
    """Split HTML into raw nodes and, for mathematics in captions, math nodes."""
    parts: list[nodes.Node] = []
    end = 0
    for caption in CAPTION.finditer(text):
        for found in CODE_OR_MATH.finditer(text, caption.start(), caption.end()):
            if found["latex"]:
                latex = html.unescape(found["latex"])
                before = text[end : found.start()]
                parts += [
                    nodes.raw("", before, format="html"),
                    nodes.math(latex, latex),
                ]
                end = found.end()
    return [*parts, nodes.raw("", text[end:], format="html")]


def _add_static(app: Sphinx, config: Config) -> None:
    """Have the script and style sheet copied, unless their whole folder is."""
    folders = [Path(app.confdir, entry).resolve() for entry in config.html_static_path]
    if STATIC not in folders:
        config.html_static_path = [
            *config.html_static_path,
            *(str(STATIC / name) for name in ASSETS),
        ]


def setup(app: Sphinx) -> dict[str, bool]:
    """Connect to the build."""
    app.setup_extension("book_figures")
    app.add_post_transform(ExtractPictures)
    app.connect("config-inited", _add_static)
    app.add_css_file("explore.css")
    app.add_js_file("explore.js", loading_method="defer")
    return {"parallel_read_safe": True, "parallel_write_safe": True}
