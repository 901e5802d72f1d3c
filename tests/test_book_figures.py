"""The figures of the book's pages: numbers, letters, and which drawings turn dark."""

from __future__ import annotations

import io
import sys
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest
from PIL import Image, ImageDraw

sys.path.insert(0, str(Path(__file__).resolve().parent.parent / "_ext"))

from book_figures import (
    Drawn,
    dressed,
    in_notebook,
    is_line_art,
    number_of,
    parsed,
    smallest_letters,
)

FIGURE = (
    '<figure class="book-figure"><img src="a.webp" alt="{alt}" width="614" '
    'height="346"><figcaption>{caption}</figcaption></figure>'
)


def figure(alt: str = "A curve falls.", caption: str = "Loss.") -> str:
    return FIGURE.format(alt=alt, caption=caption)


@pytest.mark.parametrize(
    ("source", "points"),
    [
        ("ax.plot(x, y)", 10),
        ("ax.legend(fontsize=8)", 8),
        ("ax.tick_params(labelsize=7.5)", 7.5),
        ("ax.text(0, 0, 'a', size=9)", 9),
        ("ax.legend(fontsize='x-small')", 7.6),
        ("ax.set_title('a', fontsize=14)", 10),
        ("rng.normal(size=4)", 10),
        ("ax.scatter(x, y, s=5); batch(size=8)", 10),
        ("draw(3)", 6),
        ("legend(fontsize=8 if wide else 7)", 7),
        ("%matplotlib inline\nax.legend(fontsize=8)", 8),
    ],
)
def test_the_smallest_letters_are_read_off_the_code(source: str, points: float):
    helpers = parsed("def draw(n):\n    label(n)\ndef label(n):\n    t(fontsize=6)")
    functions = {node.name: node for node in helpers.body}
    assert smallest_letters(parsed(source), functions) == points


def test_a_figure_is_named_after_its_cell():
    def cell(name: str, source: str, figures: int) -> dict:
        outputs = [{"data": {"text/html": [figure()]}}] * figures
        return {"cell_type": "code", "id": name, "source": source, "outputs": outputs}

    text = {"cell_type": "markdown", "id": "words", "source": "Words"}
    define = cell("define", "def draw(): ax.legend(fontsize=7)", 0)
    cells = [text, define, cell("one", "draw()", 1), cell("two", "plot()", 2)]
    assert in_notebook({"cells": cells}) == [
        Drawn("figure-one", 7),
        Drawn("figure-two", 10),
        Drawn("figure-two-2", 10),
    ]


def test_a_figure_gets_its_number_its_link_and_its_least_width():
    html = dressed(figure(), Drawn("figure-loss", 9), "3.2", line_art=True)
    assert '<figure id="figure-loss" class="line-art book-figure">' in html
    assert '<span class="figure-number">Figure 3.2</span> Loss.' in html
    assert 'href="#figure-loss"' in html
    assert "min-inline-size: 461px" in html  # 614 / 12 px a letter * 9 px
    bare = figure().replace("<figcaption>Loss.</figcaption>", "")
    assert "Figure 3.2</span>" in dressed(bare, Drawn("a", 9), "3.2", line_art=True)


@pytest.mark.parametrize(
    ("alt", "caption"), [("A dark cell.", "Loss."), ("Cells.", "The black dot moves.")]
)
def test_a_drawing_whose_words_name_a_lightness_keeps_it(alt: str, caption: str):
    html = dressed(figure(alt, caption), Drawn("a", 10), "1.1", line_art=True)
    assert "line-art" not in html


def picture(kind: str) -> bytes:
    """Return lines, with areas, a photograph-like picture or a dark tile over them."""
    rng = np.random.default_rng(0)
    image = Image.new("RGB", (600, 340), "white")
    pen = ImageDraw.Draw(image)
    pen.line([(20, 20), (20, 320), (580, 320)], fill="black", width=2)
    for k in range(4):
        heights = rng.uniform(0, 300, 10)
        points = [(20 + 50 * x, 320 - int(y)) for x, y in enumerate(heights)]
        pen.line(points, fill=("#0072b2", "#d55e00", "#009e73", "#cc79a7")[k], width=3)
    if kind == "photograph":
        smooth = np.add.outer(np.arange(300), np.arange(500)) % 255
        image.paste(Image.fromarray(smooth.astype("uint8")), (40, 20))
    if kind == "digits":
        pen.rectangle([40, 40, 200, 200], fill="black")
    if kind in ("bars", "tiles", "bars and a photograph"):
        pen.rectangle([40, 20, 400, 120], fill="#0072b2")
        pen.rectangle([40, 140, 560, 240], fill="#d55e00")
    if kind == "tiles":
        pen.rectangle([40, 20, 570, 320], fill="#bfdcec")
    if kind == "bars and a photograph":
        smooth = np.add.outer(np.arange(99), np.arange(150))
        image.paste(Image.fromarray(smooth.astype("uint8")), (440, 241))
    stream = io.BytesIO()
    image.save(stream, "WEBP", lossless=True)
    return stream.getvalue()


@pytest.mark.parametrize(
    ("kind", "expected"),
    [
        ("curves", True),
        ("bars", True),
        ("tiles", True),
        ("photograph", False),
        ("bars and a photograph", False),
        ("digits", False),
    ],
)
def test_drawings_are_told_from_photographs(kind: str, expected: bool):
    assert is_line_art(picture(kind)) == expected


def test_figures_are_counted_through_the_pages_of_a_chapter():
    numbers = {"a": (1,), "b": (1, 1), "c": (1, 2), "d": (2,), "faq": None}
    env = SimpleNamespace(
        toc_secnumbers={name: {"": number} for name, number in numbers.items()},
        found_docs=set(numbers),
        book_figures={"a": [1, 2], "b": [1], "c": [1, 2], "d": [1]},
    )
    assert number_of(env, "a", 1) == "1.2"
    assert number_of(env, "c", 0) == "1.4"
    assert number_of(env, "d", 0) == "2.1"
    assert number_of(env, "faq", 0) == ""
