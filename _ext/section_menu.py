"""The menu's arrows, which show a chapter's sections, say so to those who cannot see.

The theme folds the pages nested under another into a part of the menu that opens at an
arrow. The arrow has no name, and a screen reader calls it nothing at all.
"""

from __future__ import annotations

import html
import re
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from sphinx.application import Sphinx

ARROW = re.compile(
    r'(<a class="[^"]*reference internal"[^>]*>)((?:(?!</a>).)*)(</a>\s*<details[^>]*>)'
    r"\s*<summary>",
    re.DOTALL,
)


def named(menu: str) -> str:
    """Return a menu in which each arrow has a name."""

    def name(match: re.Match[str]) -> str:
        title = " ".join(re.sub("<[^>]+>", "", html.unescape(match[2])).split())
        label = html.escape(f"Sections of {title}")
        return f'{match[1]}{match[2]}{match[3]}<summary aria-label="{label}">'

    return ARROW.sub(name, menu)


def _wrap(app, pagename, templatename, context: dict[str, Any], doctree) -> None:
    """Name the arrows in what the theme gives the template."""
    if original := context.get("generate_toctree_html"):
        context["generate_toctree_html"] = lambda *args, **options: named(
            str(original(*args, **options))
        )


def setup(app: Sphinx) -> dict[str, bool]:
    """Connect to the build."""
    app.connect("html-page-context", _wrap, priority=900)  # after the theme
    return {"parallel_read_safe": True, "parallel_write_safe": True}
