"""Numbers for a chapter in sections: the chapter is 2, its later sections 2.1 and 2.2.

Sphinx counts the headings of a chapter's first page and the pages nested under it as
one list, so the second page of a chapter with twelve headings would be 2.13. Here, in a
chapter that has pages nested under it, pages are numbered and headings are not.
Figures and equations are counted through the whole chapter, as Sphinx does it.
"""

from __future__ import annotations

import functools
from typing import TYPE_CHECKING

from docutils import nodes

try:  # Jupyter Book's own, which calls Sphinx's and writes the numbers once more
    from sphinx_external_toc.collectors import TocTreeCollectorWithStyles as Collector
except ImportError:
    from sphinx.environment.collectors.toctree import TocTreeCollector as Collector

if TYPE_CHECKING:
    from sphinx.application import Sphinx
    from sphinx.environment import BuildEnvironment


def renumber(env: BuildEnvironment) -> None:
    """Number the pages of every chapter in sections, and no heading in them."""
    for docname in list(env.toc_secnumbers):
        number = env.toc_secnumbers[docname].get("")
        sections = env.toctree_includes.get(docname)
        if sections and number and len(number) == 1:
            _set(env, docname, number)
            for k, section in enumerate(sections, start=1):
                _set(env, section, (*number, k))


def _set(env: BuildEnvironment, docname: str, number: tuple[int, ...]) -> None:
    """Give a page its number and take those of its headings away."""
    numbers = dict.fromkeys(env.toc_secnumbers.get(docname, {}))
    env.toc_secnumbers[docname] = {**numbers, "": number}
    env.titles[docname]["secnumber"] = list(number)
    for reference in env.tocs[docname].findall(nodes.reference):
        reference["secnumber"] = None if reference["anchorname"] else list(number)


def _wrap(app: Sphinx) -> None:
    """Renumber whenever Sphinx, or an extension in its place, has numbered."""
    assign = Collector.assign_section_numbers
    if hasattr(assign, "__wrapped__"):
        return

    @functools.wraps(assign)
    def both(self: Collector, env: BuildEnvironment) -> list[str]:
        before = env.toc_secnumbers
        assign(self, env)
        renumber(env)
        now = env.toc_secnumbers
        return [name for name in now if now[name] != before.get(name)]

    Collector.assign_section_numbers = both


def setup(app: Sphinx) -> dict[str, bool]:
    """Connect to the build."""
    app.connect("builder-inited", _wrap)  # after every extension has been set up
    return {"parallel_read_safe": True, "parallel_write_safe": True}
