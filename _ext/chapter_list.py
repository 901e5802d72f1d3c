"""The list of parts and chapters on the first page, made from the pages themselves.

The directive ``chapter-list`` becomes a list of the parts in ``_toc.yml`` with their
chapters. What it says of a chapter stands in the chapter:

- its subtitle, a paragraph right under the title that is one emphasised sentence;
- what it builds on: the chapters to which its paragraph "Before you start" links;
- its sections and their minutes.

A drawing of a chapter, ``_front/<chapter>.svg`` beside the list's page, is shown when
it is there. Pages of a part that is not numbered are listed by their titles alone.
"""

from __future__ import annotations

import html
import json
import posixpath
import re
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import answer_forms
import reading_time
from docutils import nodes
from sphinx import addnodes
from sphinx.transforms import SphinxTransform
from sphinx.transforms.post_transforms import SphinxPostTransform
from sphinx.util import docname_join
from sphinx.util.docutils import SphinxDirective

if TYPE_CHECKING:
    from docutils.nodes import Node
    from sphinx.application import Sphinx
    from sphinx.environment import BuildEnvironment

BEFORE = re.compile(r"(?:Before you start|Read first):")


class MarkSubtitle(SphinxTransform):
    """Give a notebook's subtitle a class of its own."""

    default_priority = 199  # before the minutes are put below it

    def apply(self, **kwargs: object) -> None:
        """Change the document in place."""
        title = next(self.document.findall(nodes.title), None)
        if title is None or not self.env.doc2path(self.env.docname).endswith(".ipynb"):
            return
        below = title.next_node(descend=False, siblings=True)
        if (
            isinstance(below, nodes.paragraph)
            and len(below) == 1
            and isinstance(below[0], nodes.emphasis)
        ):
            below["classes"].append("subtitle")


@dataclass(frozen=True)
class Chapter:
    """What the list says of a chapter.

    Attributes:
        pages: its pages in order, the first of which stands for it.
        title: its title.
        number: its number, or an empty string.
        subtitle: its subtitle, or an empty string.
        before: the first pages of the chapters it builds on.
    """

    pages: list[str]
    title: str
    number: str
    subtitle: str
    before: list[str]


class chapter_list(nodes.General, nodes.Element):
    """Stands for the list until every chapter has been read."""


class ChapterList(SphinxDirective):
    """``chapter-list``: the parts of the book with their chapters."""

    def run(self) -> list[Node]:
        """Note that the page changes with the chapters and their order."""
        for docname in self.env.found_docs - {self.env.docname}:
            self.env.note_dependency(self.env.doc2path(docname))
        self.env.note_dependency(self.config.external_toc_path)
        return [chapter_list()]


class FillChapterList(SphinxPostTransform):
    """Put the list in place."""

    default_priority = 5

    def run(self, **kwargs: object) -> None:
        """Change the document in place."""
        for node in list(self.document.findall(chapter_list)):
            node.replace_self(nodes.raw("", self.html(), format="html"))

    def html(self) -> str:
        """Return the list as HTML."""
        parts = parts_of(self.env)
        place = {
            chapter.pages[0]: caption
            for caption, numbered, several in parts
            for chapter in several
            if numbered
        }
        chapters = {c.pages[0]: c for _, _, several in parts for c in several}
        shown = []
        for caption, numbered, several in parts:
            after = self.after(caption, several, place)
            head = f'<p class="part">{html.escape(caption)}{after}</p>'
            if numbered:
                cards = "\n".join(self.card(chapter, chapters) for chapter in several)
                shown.append(f'{head}\n<ol class="cards">\n{cards}\n</ol>')
            else:
                links = "\n".join(
                    f"<li>{self.link(c.pages[0], c.title)}</li>" for c in several
                )
                shown.append(f'{head}\n<ul class="titles">\n{links}\n</ul>')
        return (
            '<nav class="chapter-list" aria-label="The chapters">\n'
            + "\n".join(shown)
            + "\n</nav>"
        )

    def after(self, caption: str, several: list[Chapter], place: dict[str, str]) -> str:
        """Say on which other parts a part builds."""
        needed = {place.get(page, caption) for c in several for page in c.before}
        others = [
            name for name in dict.fromkeys(place.values()) if name in needed - {caption}
        ]
        if not others:
            return ""
        names = " and ".join(filter(None, [", ".join(others[:-1]), others[-1]]))
        return f' <span class="after">after {html.escape(names)}</span>'

    def card(self, chapter: Chapter, chapters: dict[str, Chapter]) -> str:
        """Return a chapter's entry."""
        title = self.link(chapter.pages[0], full_title(chapter))
        lines = [f'<p class="title">{title}</p>']
        if chapter.subtitle:
            lines.append(f"<p>{html.escape(chapter.subtitle)}</p>")
        if before := [chapters[page] for page in chapter.before if page in chapters]:
            links = ", ".join(
                self.link(c.pages[0], c.number or c.title, c.number and full_title(c))
                for c in before
            )
            lines.append(f'<p class="small">Builds on {links}</p>')
        if len(chapter.pages) > 1:
            first, *later = chapter.pages
            titles = [self.env.titles[page].astext() for page in later]
            links = [self.link(page, t) for page, t in zip(later, titles, strict=True)]
            minutes = [self.minutes(page) for page in later]
            pairs = zip(links, minutes, strict=True)
            then = " · ".join(f"{link} {time}" for link, time in pairs)
            lines.append(f'<p class="small">{self.minutes(first)}, then {then}</p>')
        if ids := " ".join(answer_forms.pencil_ids(name_of(chapter.pages))):
            count = f'<p class="small answered" data-exercises="{ids}" hidden></p>'
            lines.append(count)  # ``static/answers.js`` says how many are answered
        return f"<li>{self.sketch(chapter)}<div>{''.join(lines)}</div></li>"

    def minutes(self, page: str) -> str:
        """Return how long a page takes, shortly."""
        path = Path(self.env.doc2path(page))
        cells = json.loads(path.read_text(encoding="utf-8"))["cells"]
        reading, _ = reading_time.minutes(reading_time.count(cells))
        return f"{reading} min"

    def link(self, page: str, text: str, name: str = "") -> str:
        """Return a link to a page, with a name for those who cannot see around it."""
        uri = self.app.builder.get_relative_uri(self.env.docname, page)
        label = f' aria-label="{html.escape(name)}"' if name else ""
        return f'<a href="{html.escape(uri)}"{label}>{html.escape(text)}</a>'

    def sketch(self, chapter: Chapter) -> str:
        """Return the chapter's drawing, or nothing."""
        here = Path(self.env.doc2path(self.env.docname)).parent
        path = here / "_front" / f"{name_of(chapter.pages)}.svg"
        return path.read_text(encoding="utf-8").strip() if path.is_file() else ""


def full_title(chapter: Chapter) -> str:
    """Return a chapter's title with its number, if it has one."""
    return f"{chapter.number}. {chapter.title}" if chapter.number else chapter.title


def name_of(pages: list[str]) -> str:
    """Return the chapter's own name: of its folder if it has one, or of its page."""
    folder = posixpath.dirname(pages[0])
    return posixpath.basename(folder if len(pages) > 1 else pages[0])


def parts_of(env: BuildEnvironment) -> list[tuple[str, bool, list[Chapter]]]:
    """Return each part's caption, whether it is numbered, and its chapters."""
    found = []
    for toctree in env.get_doctree(env.config.root_doc).findall(addnodes.toctree):
        chapters = [chapter_of(env, page) for _, page in toctree["entries"]]
        numbered = bool(toctree.get("numbered"))
        found.append((toctree.get("caption") or "", numbered, chapters))
    return found


def chapter_of(env: BuildEnvironment, first: str) -> Chapter:
    """Read what a chapter's first page says of it."""
    doctree = env.get_doctree(first)
    subtitles = (
        p for p in doctree.findall(nodes.paragraph) if "subtitle" in p["classes"]
    )
    subtitle = next(subtitles, None)
    return Chapter(
        pages=[first, *env.toctree_includes.get(first, ())],
        title=env.titles[first].astext(),
        number=".".join(map(str, env.toc_secnumbers.get(first, {}).get("") or ())),
        subtitle="" if subtitle is None else subtitle.astext(),
        before=list(dict.fromkeys(before(env, first, doctree))),
    )


def before(env: BuildEnvironment, first: str, doctree: nodes.document) -> list[str]:
    """Return the first pages of the chapters that are to be read before."""
    found = []
    own = {first, *env.toctree_includes.get(first, ())}
    for paragraph in doctree.findall(nodes.paragraph):
        if BEFORE.match(paragraph.astext()):
            for link in paragraph.findall(addnodes.pending_xref):
                target = re.sub(r"\.ipynb$", "", link["reftarget"])
                if link.get("refdomain") != "doc":  # or MyST has found the page
                    target = docname_join(first, target)
                page = first_page(env, target)
                if page and page not in own:
                    found.append(page)
            break
    return found


def first_page(env: BuildEnvironment, docname: str) -> str | None:
    """Return the first page of the chapter that a page or a folder belongs to."""
    for chapter, nested in env.toctree_includes.items():
        inside = nested and docname in (*nested, posixpath.dirname(chapter))
        if inside and chapter != env.config.root_doc:
            return chapter
    return docname if docname in env.found_docs else None


def setup(app: Sphinx) -> dict[str, bool]:
    """Register the directive, and what fills it."""
    app.add_node(chapter_list)
    app.add_directive("chapter-list", ChapterList)
    app.add_transform(MarkSubtitle)
    app.add_post_transform(FillChapterList)
    return {"parallel_read_safe": True, "parallel_write_safe": True}
