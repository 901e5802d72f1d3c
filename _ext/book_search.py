"""The search's index: the sections of the book, not its pages.

Sphinx's own search knows which page has a word, and nothing of where on it: code counts
as much as prose, and each Chinese name of a term is found as "Glossary". Here, each
section under a heading, and each term of the glossary, is an entry of its own, with its
prose and the names in its code apart. ``search-sections.js`` holds them all; the search
page loads it once something is searched for, and ``static/book_search.js`` looks in it.
"""

from __future__ import annotations

import html
import json
import re
from pathlib import Path
from typing import TYPE_CHECKING, Any

from docutils import nodes
from sphinx import addnodes

if TYPE_CHECKING:
    from collections.abc import Iterator

    from sphinx.application import Sphinx
    from sphinx.environment import BuildEnvironment

FILE = "search-sections.js"
CAPTION = re.compile(r"<figcaption>(.*?)</figcaption>", re.DOTALL)
SILENT = (
    nodes.math,
    nodes.math_block,
    nodes.comment,
    nodes.title,
    addnodes.glossary,  # its terms are entries of their own
)


def entries(document: nodes.document) -> list[dict[str, str]]:
    """Return what the search knows of a page.

    Returns:
        For each section and term: ``title``, ``id``, ``prose``, ``code``, and ``kind``
        (``section``, ``pitfall``, ``exercise`` or ``term``).
    """
    found = []
    for section in document.findall(nodes.section):
        own = [child for child in section if not isinstance(child, nodes.section)]
        prose, code = _texts(own)
        found.append(
            {
                "title": section[0].astext() if len(section) else "",
                "id": section["ids"][0],
                "kind": _kind(section),
                "prose": prose,
                "code": code,
            }
        )
    for item in document.findall(nodes.definition_list_item):
        names = list(item.findall(nodes.term))
        ids = [name for term in names for name in term["ids"]]
        if isinstance(item.parent.parent, addnodes.glossary) and ids:
            title = " ".join(_plain(_without_index(term)) for term in names)
            definition, _ = _texts(list(item.findall(nodes.definition)))
            entry = {"title": title, "id": ids[0], "kind": "term", "code": ""}
            found.append({**entry, "prose": definition})
    return found


def _without_index(term: nodes.term) -> str:
    """Return a term's name."""
    return "".join(
        child.astext() for child in term if not isinstance(child, addnodes.index)
    )


def _kind(section: nodes.section) -> str:
    """Return what sort of place a section is."""
    outer: nodes.Node | None = section
    titles = []
    while isinstance(outer, nodes.section):
        titles.append(outer[0].astext())
        outer = outer.parent
    if any(re.match(r"Pitfalls$|Pitfall\b", title) for title in titles):
        return "pitfall"
    return "exercise" if "Exercises" in titles else "section"


def _texts(parts: list[nodes.Node]) -> tuple[str, str]:
    """Return the prose of some nodes, and the names in their code that it lacks."""
    prose, code = [], []
    for node in _readable(parts):
        if isinstance(node, nodes.literal_block):
            code.append(node.astext())
        elif isinstance(node, nodes.raw):
            prose += [_bare(caption) for caption in CAPTION.findall(node.astext())]
        else:
            prose.append(node.astext())
    text = _plain(" ".join(prose))
    names = dict.fromkeys(re.findall(r"[^\W\d]\w{2,}", "\n".join(code)))
    for word in re.findall(r"\w+", text):
        names.pop(word, None)
    return text, " ".join(names)


def _readable(parts: list[nodes.Node]) -> Iterator[nodes.Node]:
    """Yield the texts, the blocks of code and the raw HTML in some nodes."""
    for node in parts:
        if isinstance(node, nodes.Text | nodes.literal_block | nodes.raw):
            yield node
        elif node.get("refdomain") == "cite" and node.get("reftype") == "t":
            yield nodes.Text(_author(node["reftarget"]))  # the subject of a sentence
        elif not isinstance(node, SILENT) and not _is_label(node):
            yield from _readable(list(node.children))


def _is_label(node: nodes.Node) -> bool:
    """Whether a node's text is a key, of a source or an equation, not its name."""
    return node.get("refdomain") == "cite" or node.get("reftype") == "eq"


def _author(key: str) -> str:
    """Return what a source's key says: ``he2016identity`` is He 2016."""
    name, year = re.match(r"(\D*)(\d*)", key).groups()
    return f"{name.capitalize()} {year}".strip()


def _bare(caption: str) -> str:
    """Return a caption's words, without its tags and its mathematics."""
    return html.unescape(re.sub(r"<[^>]+>|\$[^$]*\$", "", caption))


def _plain(text: str) -> str:
    """Return a text with single spaces, and none where mathematics was left out."""
    return re.sub(r" (?=[,.;:)])", "", " ".join(text.split()))


def _remember(app: Sphinx, doctree: nodes.document) -> None:
    """Keep a page's entries."""
    app.env.book_search[app.env.docname] = entries(doctree)


def _begin(app: Sphinx) -> None:
    """Make room for the entries, in a new memory."""
    if not hasattr(app.env, "book_search"):
        app.env.book_search = {}


def _forget(app: Sphinx, env: BuildEnvironment, docname: str) -> None:
    """Drop a page that is read again or gone."""
    env.book_search.pop(docname, None)


def _merge(app, env: BuildEnvironment, docnames: set[str], other: Any) -> None:
    """Take over the pages that another process read."""
    env.book_search.update(
        {name: other.book_search[name] for name in docnames & set(other.book_search)}
    )


def _number(env: BuildEnvironment, docname: str) -> str:
    """Return a page's number, as ``3.2``; empty for none."""
    return ".".join(map(str, env.toc_secnumbers.get(docname, {}).get("") or ()))


def _write(app: Sphinx, exception: Exception | None) -> None:
    """Write the entries of all pages into one file."""
    if exception or app.builder.format != "html":
        return
    env = app.env
    pages = [
        {
            "title": env.titles[name].astext(),
            "number": _number(env, name),
            "address": app.builder.get_target_uri(name),
            "sections": found,
        }
        for name, found in sorted(env.book_search.items())
    ]
    text = f"bookSearch.index({json.dumps(pages, ensure_ascii=False)});\n"
    path = Path(app.outdir) / "_static" / FILE
    if not path.is_file() or path.read_text(encoding="utf-8") != text:
        path.write_text(text, encoding="utf-8")


def setup(app: Sphinx) -> dict[str, Any]:
    """Connect to the build."""
    app.connect("builder-inited", _begin)
    app.connect("env-purge-doc", _forget)
    app.connect("env-merge-info", _merge)
    app.connect("doctree-read", _remember)
    app.connect("build-finished", _write)
    return {"env_version": 1, "parallel_read_safe": True, "parallel_write_safe": True}
