"""KaTeX's fonts without the letters that no page uses.

A page waits for four of them at least, and half of their letters occur nowhere in the
book. ASCII stays, and whatever else stands in a page or in a card; the hints for small
sizes stay, too. Nothing else is left out, so a page looks the same.
"""

from __future__ import annotations

import hashlib
import html
import io
import logging
import re
from pathlib import Path
from typing import TYPE_CHECKING

from fontTools import subset

if TYPE_CHECKING:
    from collections.abc import Iterable

    from sphinx.application import Sphinx

logging.getLogger("fontTools").setLevel(logging.WARNING)  # it tells of every table

ASCII = frozenset(map(chr, range(0x20, 0x7F)))
ESCAPED = re.compile(r"\\u([0-9a-fA-F]{4})")  # as a script writes a character
FONT = re.compile(r"katex/fonts/([\w-]+\.woff2)")  # which a page asks for at once
STAMP = "fonts.txt"  # beside their folder


def characters_in(texts: Iterable[str]) -> set[str]:
    """Return ASCII and every character of some pages and scripts."""
    found = set(ASCII)
    for text in texts:
        plain = ESCAPED.sub(lambda code: chr(int(code[1], 16)), html.unescape(text))
        found.update(plain)
    return found


def shortened(font: bytes, characters: set[str]) -> bytes:
    """Return a WOFF2 font without the letters that are not among the characters."""
    options = subset.Options(layout_features=["*"], notdef_outline=True, hinting=True)
    options.flavor = "woff2"
    whole = subset.load_font(io.BytesIO(font), options)
    subsetter = subset.Subsetter(options)
    subsetter.populate(unicodes=map(ord, characters))
    subsetter.subset(whole)
    out = io.BytesIO()
    subset.save_font(whole, out, options)
    return min(out.getvalue(), font, key=len)


def shorten_all(site: Path, sources: Iterable[Path]) -> None:
    """Write the fonts that pages ask for at once, unless they are there.

    Args:
        site: the built site.
        sources: the whole fonts.
    """
    pages = [*site.rglob("*.html"), *site.glob("_static/cards-content.js")]
    texts = [page.read_text(encoding="utf-8") for page in pages]
    used, named = characters_in(texts), set(FONT.findall("\n".join(texts)))
    whole = {path.name: path.read_bytes() for path in sources if path.name in named}
    if not whole:
        return
    made_of = hashlib.sha256("".join(sorted(used)).encode())
    for name, font in sorted(whole.items()):
        made_of.update(name.encode() + font)
    folder = site / "_static" / "katex" / "fonts"
    stamp = folder.parent / STAMP
    if stamp.is_file() and stamp.read_text(encoding="utf-8") == made_of.hexdigest():
        return
    for name, font in whole.items():
        (folder / name).write_bytes(shortened(font, used))
    stamp.write_text(made_of.hexdigest(), encoding="utf-8")


def _shorten(app: Sphinx, exception: Exception | None) -> None:
    if exception or app.builder.name != "html":
        return
    import katex_local

    sources = katex_local.fonts_there()
    if sources and (Path(app.outdir) / "_static" / "katex" / "fonts").is_dir():
        shorten_all(Path(app.outdir), sources)


def setup(app: Sphinx) -> dict[str, bool]:
    """Shorten the fonts when all pages are written."""
    app.connect("build-finished", _shorten, priority=900)
    return {"parallel_read_safe": True, "parallel_write_safe": True}
