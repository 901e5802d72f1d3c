"""A page's fonts keep each letter that the page has, and look the same."""

from __future__ import annotations

import io
import sys
from pathlib import Path

import pytest
from fontTools.ttLib import TTFont

from tests.book_builder import build
from tools.build import ROOT

sys.path.append(str(ROOT / "_ext"))
import katex_local
import short_fonts

FILES = {"index.md": "# Mathematics\n\nThe letter $\\alpha$ and $\\mathbf{w}$.\n"}
MAIN = "KaTeX_Main-Regular.woff2"


@pytest.fixture(scope="module")
def whole_fonts() -> dict[str, Path]:
    """KaTeX's own fonts, by name; they are installed if need be."""
    return {path.name: path for path in katex_local.fonts_there()}


def glyphs(font: bytes) -> dict[int, tuple[int, int]]:
    """Return the width of each character of a font, and its number of points."""
    read = TTFont(io.BytesIO(font))
    outlines, widths = read["glyf"], read["hmtx"]
    return {
        code: (widths[name][0], len(outlines[name].getCoordinates(outlines)[0]))
        for code, name in read.getBestCmap().items()
    }


@pytest.mark.parametrize("name", [MAIN, "KaTeX_Main-Bold.woff2"])
def test_what_is_left_is_as_it_was(name: str, whole_fonts: dict[str, Path]):
    whole = whole_fonts[name].read_bytes()
    short = short_fonts.shortened(whole, short_fonts.characters_in(["α≤"]))
    assert len(short) < 0.7 * len(whole)
    before, after = glyphs(whole), glyphs(short)
    assert {code: before[code] for code in after} == after
    kept = {*map(ord, short_fonts.ASCII), ord("≤")}
    assert kept & set(before) <= set(after)
    assert ord("∫") not in after


def test_characters_of_pages_and_scripts_are_found():
    found = short_fonts.characters_in(["<p>&alpha; ≤</p>", r'"\u2264 \u222b"'])
    assert {"α", "≤", "∫", "a", "~", " "} <= found
    assert "ω" not in found


def test_a_site_has_the_fonts_that_its_pages_ask_for(
    tmp_path: Path, whole_fonts: dict[str, Path]
):
    built = build(tmp_path, FILES)
    assert built.status == 0, built.messages
    fonts = built.site / "_static/katex/fonts"
    short = (fonts / MAIN).read_bytes()
    assert len(short) < 0.7 * whole_fonts[MAIN].stat().st_size
    seen = glyphs((fonts / "KaTeX_Math-Italic.woff2").read_bytes())
    assert ord("α") in seen
    assert (fonts / "KaTeX_Fraktur-Bold.woff2").stat().st_size == (
        whole_fonts["KaTeX_Fraktur-Bold.woff2"].stat().st_size
    )


def test_fonts_that_are_there_are_not_made_again(
    tmp_path: Path, whole_fonts: dict[str, Path]
):
    fonts = tmp_path / "_static/katex/fonts"
    fonts.mkdir(parents=True)
    page = tmp_path / "index.html"
    page.write_text(f"α katex/fonts/{MAIN}", encoding="utf-8")
    short_fonts.shorten_all(tmp_path, whole_fonts.values())
    first = (fonts / MAIN).stat().st_mtime_ns
    short_fonts.shorten_all(tmp_path, whole_fonts.values())
    assert (fonts / MAIN).stat().st_mtime_ns == first
    page.write_text(f"α ∫ katex/fonts/{MAIN}", encoding="utf-8")
    short_fonts.shorten_all(tmp_path, whole_fonts.values())
    assert ord("∫") in glyphs((fonts / MAIN).read_bytes())
