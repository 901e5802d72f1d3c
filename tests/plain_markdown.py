"""What a reader of plain Markdown sees: links, and MyST that nobody has turned.

It reads Markdown with ``markdown-it``, so it shares nothing with ``tools/plain.py``.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from markdown_it import MarkdownIt
from markdown_it.token import Token

MATHEMATICS = re.compile(r"\$\$.*?\$\$|(?<!\\)\$(?:\\.|[^$\\])+\$", re.DOTALL)
LEFT = (
    re.compile(r"\{[a-zA-Z][\w:+-]*\}\0"),  # a role: its content has become a zero
    re.compile(r"^\s*:{3,}.*", re.MULTILINE),
    re.compile(r"^\([^()\s]+\)=\s*$", re.MULTILINE),
    re.compile(r"^%.*", re.MULTILINE),
    re.compile(r"^\+\+\+.*", re.MULTILINE),
    re.compile(r"\{\{.*?\}\}"),
    re.compile(r"\]\{[.#\w][^}]*\}"),
    re.compile(r"\[\^[^\]]+\]"),
)
LABEL = re.compile(r"\$\$[ \t]*\([a-z][\w:-]*-[\w:-]*\)[ \t]*$", re.MULTILINE)


def _tokens(text: str) -> Iterator[Token]:
    """Yield the tokens of Markdown, those within a line too."""
    for token in MarkdownIt("commonmark").enable("table").parse(text):
        yield from token.children or [token]


def myst_left(text: str) -> list[str]:
    """Return what in a text cell only MyST would read."""
    found = [match[0] for match in LABEL.finditer(text)]
    # Mathematics is no Markdown: in its place stands what nothing mistakes for MyST.
    text = MATHEMATICS.sub("M", text)
    said = ""
    for token in _tokens(text):
        if token.type == "fence":
            if token.info.strip().startswith("{"):
                found.append(f"```{token.info}")
        elif token.type == "code_inline":
            said += "\0"
        elif token.type in ("text", "html_inline", "html_block"):
            said += re.sub(r"`[^`]*`", "\0", token.content)
        else:
            said += "\n"
    return found + [match[0] for pattern in LEFT for match in pattern.finditer(said)]


def links(text: str) -> list[str]:
    """Return where the links of a text cell lead."""
    text = MATHEMATICS.sub("M", text)
    return [str(t.attrs["href"]) for t in _tokens(text) if t.type == "link_open"]
