"""What the book calls things, for the notebooks' plain edition (``tools/plain.py``).

A notebook outside the book cannot ask Sphinx for the number of an equation, or for the
authors behind a citation's key. Here, once the pages are built, both are written to
``plain.json`` beside the site's folder: the titles and numbers of the pages, the
numbers of equations and figures, the terms, the works, and where in the site each is.
They are asked of Sphinx itself, after it has resolved every reference, so they are what
the pages say.

With the project's address set, Colab and Binder open that edition, which the workflow
``.github/workflows/book.yml`` keeps in a branch of its own.
"""

from __future__ import annotations

import json
import posixpath
from pathlib import Path
from typing import TYPE_CHECKING, Any

from docutils import nodes
from redirects import chapters_in_sections

if TYPE_CHECKING:
    from collections.abc import Iterator

    from sphinx.application import Sphinx
    from sphinx.environment import BuildEnvironment

FILE = "plain.json"
BRANCH = "plain"


def site_of(repository: dict[str, str]) -> str:
    """Return the address at which GitHub Pages shows a repository's book, or nothing.

    Args:
        repository: ``book_repository``, as ``repository.py`` has read it.
    """
    if not repository:
        return ""
    host = f"{repository['owner'].lower()}.github.io"
    own = repository["name"].lower() == host
    return f"https://{host}/" if own else f"https://{host}/{repository['name']}/"


def names(app: Sphinx) -> dict[str, Any]:
    """Return what the file holds."""
    env = app.env
    return {
        "site": site_of(app.config.book_repository),
        "pages": {page: _page(env, page) for page in sorted(env.found_docs)},
        "chapters": {name: pages[0] for name, pages in chapters_in_sections(env)},
        "equations": dict(_equations(env)),
        "labels": dict(_labels(env)),
        "terms": dict(_terms(env)),
        "works": dict(_works(app)),
    }


def _page(env: BuildEnvironment, page: str) -> dict[str, str]:
    """Return a page's title and number."""
    number = env.toc_secnumbers.get(page, {}).get("") or ()
    title = env.titles[page].astext() if page in env.titles else page
    return {"title": title, "number": ".".join(map(str, number))}


def _equations(env: BuildEnvironment) -> Iterator[tuple[str, dict[str, str]]]:
    """Yield each equation's label, page and number."""
    for label, (page, _) in env.get_domain("math").equations.items():
        id = nodes.make_id(f"equation-{label}")
        number = env.toc_fignumbers.get(page, {}).get("displaymath", {}).get(id, ())
        if number:
            yield label, {"page": page, "number": ".".join(map(str, number))}


def _labels(env: BuildEnvironment) -> Iterator[tuple[str, dict[str, str]]]:
    """Yield each label, where it is, its title, and "Figure 3.2" where it is one."""
    standard = env.get_domain("std")
    for label, (page, id) in standard.anonlabels.items():
        numbered = ""
        for kind, numbers in env.toc_fignumbers.get(page, {}).items():
            if id in numbers and kind in env.config.numfig_format:
                number = ".".join(map(str, numbers[id]))
                numbered = str(env.config.numfig_format[kind] % number)
        title = str(standard.labels.get(label, ("", "", ""))[2])
        yield label, {"page": page, "id": id, "title": title, "numbered": numbered}


def _terms(env: BuildEnvironment) -> Iterator[tuple[str, dict[str, str]]]:
    """Yield each term, in small letters, and where its entry is."""
    for (kind, name), (page, id) in env.get_domain("std").objects.items():
        if kind == "term":
            yield name.lower(), {"page": page, "id": id}


def _works(app: Sphinx) -> Iterator[tuple[str, dict[str, str]]]:
    """Yield the key of each work in the references, how it is cited, where it is."""
    domain, root = app.env.get_domain("cite"), app.config.root_doc
    for key in sorted({citation.key for citation in domain.citations}):
        said = {}
        for kind in ("p", "t"):
            node = domain.resolve_xref(
                app.env, root, app.builder, kind, key, nodes.inline(), nodes.inline()
            )
            said[kind] = " ".join(node.astext().split())
        link = next(node.findall(nodes.reference))["refuri"]
        link = posixpath.normpath(posixpath.join(posixpath.dirname(root), link))
        page, _, id = link.partition(".html#")
        fields = domain.bibdata.data.entries[key].fields
        doi = f"https://doi.org/{fields['doi']}" if "doi" in fields else ""
        yield (
            key,
            {
                "aside": said["p"].strip("[]"),
                "in_text": said["t"].replace("[", "(").replace("]", ")"),
                "page": page,
                "id": id,
                "own": doi or fields.get("url", ""),
            },
        )


def _write(app: Sphinx, exception: Exception | None) -> None:
    """Write the file beside the site's folder."""
    if not exception and app.builder.name == "html":
        text = json.dumps(names(app), ensure_ascii=False, indent=1, sort_keys=True)
        (Path(app.outdir).parent / FILE).write_text(text + "\n", encoding="utf-8")


def _launch_plain(app, pagename, templatename, context: dict[str, Any], doctree):
    """Let the launch buttons open the branch that holds the plain edition."""
    repository = app.config.book_repository
    for group in context.get("header_buttons", ()):
        if repository and group.get("label") == "launch-buttons":
            for button in group["buttons"]:
                for mark in ("/blob/{}/", "/{}?urlpath="):
                    button["url"] = button["url"].replace(
                        mark.format(repository["branch"]), mark.format(BRANCH)
                    )


def setup(app: Sphinx) -> dict[str, bool]:
    """Connect to the build."""
    app.connect("build-finished", _write)
    app.connect("html-page-context", _launch_plain, priority=950)  # after the theme's
    return {"parallel_read_safe": True, "parallel_write_safe": True}
