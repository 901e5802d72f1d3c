"""The order of the book: parts, chapters and their sections, as ``_toc.yml`` has them.

A chapter is one notebook, ``chapters/<part>/<chapter>.ipynb``, or a folder of sections,
``chapters/<part>/<chapter>/<section>.ipynb``. In ``_toc.yml`` the first section stands
for the chapter and the others are nested under it.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import yaml

ROOT = Path(__file__).resolve().parent.parent
FOLDER = "chapters"


@dataclass(frozen=True)
class Chapter:
    """A chapter, or a page that is no chapter.

    Attributes:
        pages: its pages in order, named as Sphinx names them: from the book's folder,
            without a suffix (``chapters/foundations/backprop``).
    """

    pages: tuple[str, ...]

    @property
    def name(self) -> str:
        """The part's folder and the chapter's name: ``foundations/backprop``."""
        return "/".join(self.pages[0].split("/")[1:3])

    @property
    def has_sections(self) -> bool:
        """Whether the chapter is a folder."""
        return self.pages[0].count("/") > 2

    @property
    def notebooks(self) -> list[Path]:
        """The chapter's notebooks in order; none for a page of text."""
        paths = (ROOT / f"{page}.ipynb" for page in self.pages)
        return [path for path in paths if path.is_file()]


@dataclass(frozen=True)
class Part:
    """A part of the book: its caption, whether it is numbered, its chapters."""

    caption: str
    numbered: bool
    chapters: tuple[Chapter, ...]


def table_of_contents(root: Path = ROOT) -> dict:
    """Return what ``_toc.yml`` says."""
    return yaml.safe_load((root / "_toc.yml").read_text(encoding="utf-8"))


def parts(root: Path = ROOT) -> list[Part]:
    """Return the parts of the book in order."""
    return [
        Part(
            part.get("caption", ""),
            bool(part.get("numbered")),
            tuple(Chapter(tuple(_below(e))) for e in part.get("chapters", ())),
        )
        for part in table_of_contents(root).get("parts", ())
    ]


def _below(entry: dict) -> Iterator[str]:
    """Yield the pages of an entry of ``_toc.yml``: its own, then those nested in it."""
    yield re.sub(r"\.(ipynb|md)$", "", entry["file"])
    for child in entry.get("sections", ()):
        yield from _below(child)


def chapters() -> list[Chapter]:
    """Return the chapters that are notebooks, in the order of the book."""
    every = (chapter for part in parts() for chapter in part.chapters)
    return [chapter for chapter in every if chapter.notebooks]


def pages(root: Path = ROOT) -> list[str]:
    """Return every page of the book in order, the first one included."""
    every = (chapter.pages for part in parts(root) for chapter in part.chapters)
    first = table_of_contents(root)["root"]
    return [first, *(page for several in every for page in several)]


def short_name(path: Path) -> str:
    """Return a notebook's path within the chapters' folder, without the suffix.

    This names it in tests, reports and listings: ``foundations/backprop/autograd``.
    """
    path = path.resolve()
    folder = ROOT / FOLDER
    inside = (
        path.relative_to(folder) if path.is_relative_to(folder) else Path(path.name)
    )
    return inside.with_suffix("").as_posix()


def text_of(page: str) -> str:
    """Return a page's prose: a notebook's text cells, joined."""
    path = ROOT / f"{page}.ipynb"
    if not path.exists():
        return (ROOT / f"{page}.md").read_text(encoding="utf-8")
    cells = json.loads(path.read_text(encoding="utf-8"))["cells"]
    return "\n\n".join("".join(c["source"]) for c in cells if c["cell_type"] != "code")


def title_of(page: str) -> str:
    """Return a page's first heading.

    Raises:
        ValueError: the page has none.
    """
    heading = re.search(r"^# (.+)$", text_of(page), re.MULTILINE)
    if heading is None:
        raise ValueError(f"{page} has no title: a line that starts with '# '")
    return heading[1].strip()
