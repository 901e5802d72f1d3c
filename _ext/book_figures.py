"""The book's figures: a number, a place, letters one can read, colours in the dark.

A figure is what ``plots.show`` or ``explore`` leaves in a notebook. Its page gives it:

* a number, ``Figure 3.2``, counted through the chapter as its equations are; an id made
  of its cell's id, which stays when figures come before it; and a link to itself.
* a least width. A phone would shrink letters to five pixels. The smallest ones of a
  figure are read off the code that draws it, and the picture is never so small that
  they fall below nine (indices of formulas are smaller, as in print). A picture wider
  than the screen lies in a box that scrolls and fades at the edge where it goes on.
* the class ``line-art``, if it is lines, letters and flat areas on white: the style
  sheet turns the lightness of these around in the dark, and keeps the hues.
  Photographs and digits stay as they are, and so does every picture whose words call
  something in it black, white, dark or light.
"""

from __future__ import annotations

import ast
import io
import json
import re
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from PIL import Image
from sphinx.util import logging

if TYPE_CHECKING:
    from collections.abc import Iterable

    from sphinx.application import Sphinx
    from sphinx.environment import BuildEnvironment

logger = logging.getLogger(__name__)

START = re.compile(r'<figure class="book-(?:figure|explore)')
LEAST_LETTERS = 9  # CSS pixels
TICKS = 10  # points: the smallest letters of the book's style (utils/runtime.py)
PIXELS = 96 / 72  # CSS pixels in a point
NAMED = {"xx-small": 6.4, "x-small": 7.6, "small": 9.2, "smaller": 9.2}  # of 11 points
SIZES = ("fontsize", "labelsize", "title_fontsize")
WRITES = ("text", "annotate", "set_title", "set_xlabel", "set_ylabel", "suptitle")
GREYS = [273 * level for level in range(3, 13)]  # of sixteen, between black and white
LIGHTNESS = re.compile(
    r"\b(?:black|white|dark\w*|light(?:er|est)?|pale\w*|bright(?:er|est)?)\b"
)


@dataclass(frozen=True)
class Drawn:
    """A figure in a notebook: its id, and its smallest letters in points."""

    id: str
    points: float


# --- what a notebook says -------------------------------------------------------------


def in_notebook(notebook: dict[str, Any]) -> list[Drawn]:
    """Return the figures that a notebook's cells leave, in order."""
    figures = []
    functions: dict[str, ast.AST] = {}
    for cell in notebook["cells"]:
        if cell["cell_type"] != "code":
            continue
        tree = parsed("".join(cell["source"]))
        functions |= {
            node.name: node
            for node in ast.walk(tree)
            if isinstance(node, ast.FunctionDef)
        }
        outputs = (output.get("data", {}) for output in cell["outputs"])
        text = "".join("".join(data.get("text/html", "")) for data in outputs)
        for k in range(len(START.findall(text))):
            name = f"figure-{cell['id']}" + (f"-{k + 1}" if k else "")
            figures.append(Drawn(name, smallest_letters(tree, functions)))
    return figures


def parsed(source: str) -> ast.AST:
    """Return a cell's code without lines for IPython; nothing if it is broken."""
    plain = re.sub(r"^[%!].*$", "pass", source, flags=re.MULTILINE)
    try:
        return ast.parse(plain)
    except SyntaxError:
        return ast.Module([], [])


def smallest_letters(tree: ast.AST, functions: dict[str, ast.AST]) -> float:
    """Return the size of the smallest letters that some code draws, in points.

    Args:
        tree: the code.
        functions: those that it may call; what they draw counts, too.
    """
    least, seen, waiting = float(TICKS), set(), [tree]
    while waiting:
        for node in ast.walk(waiting.pop()):
            if isinstance(node, ast.Name) and node.id in functions.keys() - seen:
                seen.add(node.id)
                waiting.append(functions[node.id])
            if isinstance(node, ast.Call):
                least = min([least, *_sizes(node)])
    return least


def _sizes(call: ast.Call) -> Iterable[float]:
    """Return the sizes of letters that a call names."""
    name = getattr(call.func, "attr", "")
    for keyword in call.keywords:
        if keyword.arg in SIZES or (keyword.arg == "size" and name in WRITES):
            for value in ast.walk(keyword.value):
                size = getattr(value, "value", None)
                size = NAMED.get(size, 0) if isinstance(size, str) else size
                if isinstance(size, int | float) and size > 3:
                    yield float(size)


# --- what a picture shows -------------------------------------------------------------


def is_line_art(picture: bytes) -> bool:
    """Tell whether a picture is lines, letters and flat areas on white.

    Bars and tinted cells may cover much of the white, in a few colours. Photographs and
    digits are told by what flat areas have not: five shades of grey, or much black.
    """
    with Image.open(io.BytesIO(picture)) as image:
        over = image.convert("RGBA")  # a slider's frame may hold only what differs
        white = Image.new("RGBA", over.size, "white")
        pixels = np.asarray(Image.alpha_composite(white, over))[::2, ::2, :3]
    colours = (pixels >> 4) @ np.array([256, 16, 1])
    shares = np.bincount(colours.ravel(), minlength=4096) / colours.size
    if (pixels.max(-1) < 60).mean() >= 0.05:
        return False
    many, paper = (shares > 0.0005).sum(), shares[-1]
    shades = (shares[GREYS] > 0.002).sum()
    if paper > 0.7:
        return bool(many < 45)
    return bool(shades < 5 and many < (45 if paper > 0.4 else 30) and paper > 0.2)


# --- the page -------------------------------------------------------------------------


def dressed(figure: str, drawn: Drawn, number: str, line_art: bool) -> str:
    """Return a figure's HTML with all that the page adds.

    Args:
        figure: its HTML.
        drawn: what the notebook says of it.
        number: its number, as ``3.2``; empty for none.
        line_art: whether its pictures are lines on white.
    """
    line_art = line_art and not LIGHTNESS.search(words_of(figure))
    name = "line-art " if line_art else ""
    figure = figure.replace(
        '<figure class="', f'<figure id="{drawn.id}" class="{name}', 1
    )
    width = re.search(r'<img [^>]*?\bwidth="(\d+)"', figure)
    if width:
        letters = drawn.points * PIXELS
        least = min(int(width[1]), -int(-int(width[1]) * LEAST_LETTERS // letters))
        figure = re.sub(
            r"<img ([^>]*)>",
            rf'<div class="figure-box"><img data-letters="{letters:.4g}" '
            rf'style="min-inline-size: {least}px" \1></div>',
            figure,
            count=1,
        )
    link = f'<a class="headerlink" href="#{drawn.id}" title="Link to this figure">#</a>'
    label = f'<span class="figure-number">Figure {number}</span> ' if number else ""
    if "<figcaption>" not in figure:
        end = figure.find('<script type="application/json">')
        end = end if end >= 0 else figure.rfind("</figure>")
        figure = f"{figure[:end]}<figcaption></figcaption>\n{figure[end:]}"
    figure = figure.replace("<figcaption>", f"<figcaption>{label}", 1)
    return figure.replace("</figcaption>", f"{link}</figcaption>", 1)


def words_of(figure: str) -> str:
    """Return the alternative texts and the caption of a figure, in small letters."""
    texts = re.findall(r'\balt="([^"]*)"|"alt": "((?:[^"\\]|\\.)*)"', figure)
    captions = re.findall(r"<figcaption>(.*?)</figcaption>", figure, re.DOTALL)
    return " ".join([*("".join(pair) for pair in texts), *captions]).lower()


def number_of(env: BuildEnvironment, docname: str, place: int) -> str:
    """Return the number of a page's figure.

    Args:
        env: Sphinx's memory.
        docname: the page.
        place: how many figures come before it on the page.

    Returns:
        The chapter and the figure's number in it; empty where pages have no numbers.
    """
    chapter = env.toc_secnumbers.get(docname, {}).get("")
    return f"{chapter[0]}.{_before(env, docname) + place + 1}" if chapter else ""


def _before(env: BuildEnvironment, docname: str) -> int:
    """Return how many figures come before a page in its chapter."""
    numbers = {
        name: env.toc_secnumbers.get(name, {}).get("") for name in env.found_docs
    }
    here = numbers[docname]
    return sum(
        len(env.book_figures.get(name, []))
        for name, number in numbers.items()
        if number and number[0] == here[0] and number < here
    )


# --- Sphinx ---------------------------------------------------------------------------


def _remember(app: Sphinx, doctree: Any) -> None:
    """Keep what a notebook says of its figures."""
    env = app.env
    path = Path(env.doc2path(env.docname))
    env.book_figures.pop(env.docname, None)
    if path.suffix == ".ipynb":
        notebook = json.loads(path.read_text(encoding="utf-8"))
        env.book_figures[env.docname] = in_notebook(notebook)


def _begin(app: Sphinx) -> None:
    """Make room for the figures, in a new memory."""
    for name in ("book_figures", "book_figure_numbers"):
        if not hasattr(app.env, name):
            setattr(app.env, name, {})


def _forget(app: Sphinx, env: BuildEnvironment, docname: str) -> None:
    """Drop a page that is read again or gone."""
    env.book_figures.pop(docname, None)


def _merge(app, env: BuildEnvironment, docnames: set[str], other: Any) -> None:
    """Take over the pages that another process read."""
    env.book_figures.update(
        {name: other.book_figures[name] for name in docnames & set(other.book_figures)}
    )


def _renumbered(app: Sphinx, env: BuildEnvironment) -> list[str]:
    """Return the pages whose figures got other numbers."""
    before = env.book_figure_numbers
    env.book_figure_numbers = {
        name: number_of(env, name, 0)
        for name, found in env.book_figures.items()
        if found
    }
    return [
        name
        for name, number in env.book_figure_numbers.items()
        if before.get(name) != number
    ]


def setup(app: Sphinx) -> dict[str, Any]:
    """Connect to the build; ``book_outputs`` asks for the rest."""
    app.connect("builder-inited", _begin)
    app.connect("env-purge-doc", _forget)
    app.connect("env-merge-info", _merge)
    app.connect("doctree-read", _remember)
    app.connect("env-get-updated", _renumbered, priority=900)
    return {"env_version": 1, "parallel_read_safe": True, "parallel_write_safe": True}
