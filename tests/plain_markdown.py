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
# Of the HTML within Markdown, VS Code keeps this where a folder is not trusted, and
# Jupyter Lab and Colab do, too; of attributes each keeps others.
SHOWN = frozenset(("br", "details", "kbd", "sub", "summary", "sup"))
TAG = re.compile(r"</?([a-zA-Z][\w-]*)([^>]*)>")
DISPLAYED = re.compile(r"\$\$.*?\$\$", re.DOTALL)
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


def stripped(text: str) -> list[str]:
    """Return the HTML in a text cell that one editor or another takes out."""
    text = MATHEMATICS.sub("M", text)
    found = [
        tag
        for token in _tokens(text)
        if token.type in ("html_inline", "html_block")
        for tag in TAG.finditer(token.content)
    ]
    return [tag[0] for tag in found if tag[1] not in SHOWN or tag[2].strip()]


def mathematics_as_words(text: str) -> list[str]:
    """Return the mathematics of a text cell that VS Code shows as dollars.

    There a dollar begins a formula before what is no space, and ends it behind what is
    no space and before what is no digit; two of them have lines of their own.
    """
    text = re.sub(r"```.*?```|(`+)(?!`).+?\1", "code", text, flags=re.DOTALL)
    displayed = [
        line
        for line in text.splitlines()
        if "$$" in line and not line.strip(" >").startswith("$$")
    ]
    text = DISPLAYED.sub("", text)
    inline = re.finditer(r"(?<!\\)\$((?:\\.|[^$\\])+)\$(\d?)", text)
    return displayed + [
        match[0] for match in inline if match[1] != match[1].strip() or match[2]
    ]
