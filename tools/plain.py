"""Write the plain edition: every notebook in Markdown that any editor shows.

The chapters are written in MyST, whose roles and boxes are raw text in Colab and in VS
Code and half shown in Jupyter Lab. ``python -m tools.build`` ends with this, which puts
into ``_build/plain`` a copy of every notebook in which

- equations have the book's numbers, and so has what refers to them;
- terms and citations are words: links to the glossary and the references where the
  project has an address; else citations link to the work itself;
- links to chapters lead to the notebook that lies where it should;
- boxes are quotes, and what opens on demand is a ``<details>``;
- pictures beside a notebook are inside it;
- a line names each framework where the book has tabs.

Code cells are those of the chapters, to the byte. The same notebooks are what the pages
offer for download. A copy that a reader has changed is left as it is, and named.

The numbers and names come from the build (``_ext/plain_names.py``), so they are those
of the pages.
"""

from __future__ import annotations

import base64
import hashlib
import html
import json
import mimetypes
import posixpath
import re
import sys
from collections.abc import Callable, Iterator
from copy import deepcopy
from dataclasses import dataclass, field
from functools import partial
from itertools import groupby
from pathlib import Path
from typing import Any

import nbformat
from nbformat import NotebookNode

from tools.contents import ROOT, pages

EDITION = "plain"
NAMES = "plain.json"
MADE = ".made.json"
FRAMEWORKS = {"pytorch": "PyTorch", "keras": "Keras"}
# What is true of the pages alone.
INSTEAD = {
    "Choose your framework with the tabs; the whole book follows your choice.": (
        "The version in PyTorch comes first, then the one in Keras."
    ),
}

FENCE = re.compile(r"(?P<indent> *)(?P<fence>:{3,}|`{3,}|~{3,})(?P<info>[^`]*)$")
DIRECTIVE = re.compile(r"\{(?P<name>[\w:+-]+)\} *(?P<argument>.*)$")
OPTION = re.compile(r" *:(?P<name>[\w-]+):(?: +(?P<value>.*))?$")
LABELLED = re.compile(r"(?P<end>\$\$) *\((?P<label>[^()\s]+)\) *$")
TARGET = re.compile(r" *\([^()\s]+\)= *$")
INLINE = re.compile(
    r"\{(?P<role>[a-zA-Z][\w:+-]*)\}(?P<ticks>`+)(?P<content>.+?)(?P=ticks)(?!`)"
    r"|(?P<code>(?P<mark>`+)(?!`).+?(?<!`)(?P=mark)(?!`))"
    r"|(?P<math>(?<![\\$])\$(?!\$)(?:\\.|[^$\\])+\$)"
    r"|(?P<picture>!)?\[(?P<text>(?:`[^`]*`|\$[^$]*\$|[^\[\]`$])*)\]"
    r"\((?P<to>[^()\s]+)\)",
    re.DOTALL,
)
EXPLICIT = re.compile(r"(?P<text>.*?)\s*<(?P<target>[^<>]+)>$", re.DOTALL)
ADMONITIONS = (
    *("admonition", "attention", "caution", "danger", "error", "hint"),
    *("important", "note", "seealso", "tip", "warning"),
)
AS_CODE = ("code", "file", "kbd", "literal", "command", "samp")


@dataclass(frozen=True)
class Names:
    """What the book calls things; ``_ext/plain_names.py`` writes it."""

    site: str = ""
    pages: dict[str, dict[str, str]] = field(default_factory=dict)
    chapters: dict[str, str] = field(default_factory=dict)
    equations: dict[str, dict[str, str]] = field(default_factory=dict)
    labels: dict[str, dict[str, str]] = field(default_factory=dict)
    terms: dict[str, dict[str, str]] = field(default_factory=dict)
    works: dict[str, dict[str, str]] = field(default_factory=dict)

    @classmethod
    def read(cls, build: Path) -> Names:
        """Read the file that a build has left beside its site."""
        return cls(**json.loads((build / NAMES).read_text(encoding="utf-8")))

    def address(self, place: dict[str, str]) -> str:
        """Return where on the published site a place is, or an empty string."""
        return self.site and f"{self.site}{place['page']}.html#{place['id']}"


class Page:
    """A notebook on its way into plain Markdown.

    Attributes:
        name: its page, ``chapters/foundations/backprop/network``.
        names: what the book calls things.
        root: the folder of the book.
        complaints: what could not be said plainly.
    """

    def __init__(self, name: str, names: Names, root: Path = ROOT) -> None:
        self.name, self.names, self.root = name, names, root
        self.complaints: list[str] = []
        self.pictures: dict[str, str] = {}

    # --- blocks -----------------------------------------------------------------------

    def cell(self, text: str) -> str:
        """Return a text cell in plain Markdown."""
        self.pictures = {}
        for book, plain in INSTEAD.items():
            text = text.replace(book, plain)
        lines = [
            self.blocks(text),
            *(f"[{k}]: <{v}>" for k, v in self.pictures.items()),
        ]
        return "\n\n".join(lines).strip("\n")

    def blocks(self, text: str) -> str:
        """Return text in plain Markdown, block by block."""
        done: list[str] = []
        prose: list[str] = []

        def flush() -> None:
            if prose:
                done.append(self.inline("\n".join(prose)))
                prose.clear()

        lines = text.split("\n")
        while lines:
            line = lines.pop(0)
            fence = FENCE.match(line)
            if fence and (fence["fence"][0] != ":" or fence["info"].strip()):
                flush()
                done.append(self.fenced(fence, _until_closed(fence["fence"], lines)))
            elif line.lstrip().startswith("$$"):
                flush()
                done.append(self.equation(_whole_equation(line, lines)))
            elif TARGET.match(line) or line.startswith(("% ", "+++")):
                flush()
            else:
                prose.append(line)
        flush()
        return "\n".join(done)

    def equation(self, text: str) -> str:
        """Return a displayed equation, its label turned into its number."""
        found = LABELLED.search(text)
        if not found:
            return text
        number = self.number_of(found["label"])
        body = text[: found.start()].rstrip()
        return f"{body}\n\\tag{{{number}}}\n$$"

    def fenced(self, fence: re.Match[str], body: list[str]) -> str:
        """Return what stands for a block of code or for a directive."""
        directive = DIRECTIVE.match(fence["info"].strip())
        if directive is None:
            if fence["fence"][0] == ":":
                return self.blocks("\n".join(body))
            return "\n".join([fence[0], *body, fence["indent"] + fence["fence"]])
        indent = fence["indent"]
        body = [line.removeprefix(indent) for line in body]
        options: dict[str, str] = {}
        while body and (option := OPTION.match(body[0])):
            options[option["name"]] = option["value"] or ""
            body.pop(0)
        shown = self.directive(directive["name"], directive["argument"], options, body)
        return "\n".join(f"{indent}{line}".rstrip() for line in shown.split("\n"))

    def directive(
        self, name: str, argument: str, options: dict[str, str], body: list[str]
    ) -> str:
        """Return what stands for a directive."""
        text = "\n".join(body).strip("\n")
        if name in ("dropdown", "details"):
            title = _without_marks(self.inline(argument)) or "More"
            return (  # Jupyter Lab shows no triangle beside a summary
                f"<details>\n<summary>{title} (click to open)</summary>\n\n"
                f"{self.blocks(text)}\n\n</details>"
            )
        if name in ADMONITIONS:
            title = self.inline(argument) if name == "admonition" else name.capitalize()
            return _quoted(f"**{title}.**\n\n{self.blocks(text)}")
        if name in ("figure", "image"):
            return self.figure(argument.strip(), options, text)
        if name == "math":
            label = f" ({options['label']})" if "label" in options else ""
            return self.equation(f"$$\n{text}\n$${label}")
        if name in ("code", "code-block", "sourcecode"):
            return f"```{argument}\n{text}\n```"
        if name == "tab-item":
            return f"**{argument}**\n\n{self.blocks(text)}"
        if name == "raw":
            return text if argument.strip() == "html" else ""
        if name in ("if-repository", "unless-repository"):
            wanted = name.startswith("if") == bool(self.names.site)
            return self.blocks(text) if wanted else ""
        if name not in ("tab-set", "div", "container", "grid", "card"):
            self.complain(f"the directive {{{name}}}")
        return self.blocks(text)

    def figure(self, file: str, options: dict[str, str], caption: str) -> str:
        """Return a picture that is inside the cell, and its caption."""
        number = self.names.labels.get(options.get("name", ""), {}).get("numbered")
        shown = f"![{options.get('alt', '')}]{self.picture(file)}"
        if caption:
            shown += f"\n\n{f'**{number}.** ' if number else ''}{self.blocks(caption)}"
        return shown

    def picture(self, file: str) -> str:
        """Take a picture into the cell; return what refers to it."""
        if re.match(r"(https?:|data:|attachment:)", file):
            return f"({file})"
        path = self.root / posixpath.dirname(self.name) / file
        kind = mimetypes.guess_type(path.name)[0] or f"image/{path.suffix[1:]}"
        content = base64.b64encode(path.read_bytes()).decode("ascii")
        self.pictures[path.name] = f"data:{kind};base64,{content}"
        return f"[{path.name}]"

    # --- within a line ----------------------------------------------------------------

    def inline(self, text: str) -> str:
        """Return running text in plain Markdown."""
        return INLINE.sub(self._inline, text)

    def _inline(self, match: re.Match[str]) -> str:
        if match["role"]:
            return self.role(match["role"], match["content"])
        if match["code"] or match["math"]:
            return match[0]
        if match["picture"]:
            return f"![{match['text']}]{self.picture(match['to'])}"
        return self.link(match["to"], self.inline(match["text"]))

    def role(self, name: str, content: str) -> str:
        """Return what stands for a role."""
        explicit = EXPLICIT.match(content)
        target = explicit["target"] if explicit else content
        text = explicit["text"] if explicit else ""
        if name == "term":
            return self.term(text or content, target)
        if name == "eq":
            number = f"({self.number_of(content)})"
            place = self.names.equations.get(content, {"page": self.name})["page"]
            return number if place == self.name else _link(number, self.way_to(place))
        if name.startswith("cite:"):
            return self.citation(name, content)
        if name == "doc":
            return self.link(target, text, page=True)
        if name in ("ref", "numref"):
            return self.reference(name, text, target)
        if name == "math":
            return f"${content}$"
        if name in AS_CODE:
            return f"`{content}`"
        if name in ("sub", "sup"):
            return f"<{name}>{content}</{name}>"
        self.complain(f"the role {{{name}}}")
        return content

    def term(self, text: str, target: str) -> str:
        """Return a term: a link to the glossary's entry, or its words."""
        place = self.names.terms.get(" ".join(target.split()).lower())
        if place is None:
            self.complain(f"the term {target!r}")
        return _link(text, place and self.names.address(place))

    def citation(self, name: str, content: str) -> str:
        """Return names and years, each a link to the references or to the work."""
        said = []
        in_text = name.startswith("cite:t")
        for key in (key.strip() for key in content.split(",")):
            work = self.names.works.get(key)
            if work is None:
                self.complain(f"the citation {key!r}")
                said.append(key)
                continue
            text = work["in_text" if in_text else "aside"]
            said.append(_link(text, self.names.address(work) or work["own"]))
        if in_text:
            return " and ".join(filter(None, [", ".join(said[:-1]), said[-1]]))
        return f"({'; '.join(said)})"

    def reference(self, name: str, text: str, target: str) -> str:
        """Return a figure's number or a place's title, a link where it is elsewhere."""
        label = self.names.labels.get(target)
        if label is None:
            self.complain(f"the label {target!r}")
            return text or target
        if name == "numref" and text:
            number = label["numbered"].rpartition(" ")[2]
            text = text.replace("%s", number).replace("{number}", number)
        own = label["numbered"] if name == "numref" else label["title"]
        shown = text or own or target
        way = "" if label["page"] == self.name else self.way_to(label["page"])
        return _link(shown, way)

    def link(self, to: str, text: str, page: bool = False) -> str:
        """Return a link, one within the book by its way among the notebooks."""
        if re.match(r"[a-z]+:", to):
            return f"[{text}]({to})"
        path, _, anchor = to.partition("#")
        target = self.name
        if path:
            target = posixpath.join(posixpath.dirname(self.name), path).lstrip("/")
            target = re.sub(r"\.(ipynb|md)$", "", posixpath.normpath(target))
        target = self.names.chapters.get(target, target)
        if target not in self.names.pages:
            self.complain(f"the link to {to!r}")
            return text or to
        way = self.way_to(target, anchor)
        return _link(text or self.names.pages[target]["title"], way)

    def way_to(self, page: str, anchor: str = "") -> str:
        """Return the way to a page: its notebook, or else the site, or nothing."""
        if not (self.root / f"{page}.ipynb").is_file():
            mark = f"#{anchor}" if anchor else ""
            return self.names.site and f"{self.names.site}{page}.html{mark}"
        way = ""
        if page != self.name:
            way = posixpath.relpath(f"{page}.ipynb", posixpath.dirname(self.name))
        heading = anchor and _heading(self.root / f"{page}.ipynb", anchor)
        return f"{way}#{heading}" if heading else way

    # --- the rest ---------------------------------------------------------------------

    def number_of(self, label: str) -> str:
        """Return an equation's number."""
        if label not in self.names.equations:
            self.complain(f"the equation {label!r}")
            return "?"
        return self.names.equations[label]["number"]

    def complain(self, what: str) -> None:
        """Note something that has no plain form here."""
        self.complaints.append(f"{self.name}: {what}")


def _until_closed(fence: str, lines: list[str]) -> list[str]:
    """Take the lines of a block off a list, its closing line included."""
    body = []
    closing = re.compile(rf" *{re.escape(fence[0])}{{{len(fence)},}} *$")
    while lines and not closing.match(line := lines.pop(0)):
        body.append(line)
    return body


def _whole_equation(first: str, lines: list[str]) -> str:
    """Return a displayed equation, taking its further lines off a list."""
    whole = [first]
    while lines and "\n".join(whole).count("$$") < 2:
        whole.append(lines.pop(0))
    return "\n".join(whole)


def _link(text: str, to: str | None) -> str:
    """Return a link, or the text alone where it would lead nowhere."""
    return f"[{text}]({to})" if to else text


def _quoted(text: str) -> str:
    """Return Markdown as a quote."""
    return "\n".join(f"> {line}".rstrip() for line in text.split("\n"))


def _without_marks(text: str) -> str:
    """Return Markdown as HTML, for a line in which Markdown is not read."""
    text = re.sub(r"\[([^\]]*)\]\([^)]*\)", r"\1", html.escape(text, quote=False))
    text = re.sub(r"`([^`]+)`", r"<code>\1</code>", text)
    return re.sub(r"(\*{1,2})([^*]+)\1", r"<em>\2</em>", text)


def anchor_of(heading: str) -> str:
    """Return the anchor that Jupyter gives a heading."""
    return re.sub(r"[`*]", "", heading).strip().replace(" ", "-")


def _heading(path: Path, anchor: str) -> str:
    """Return the anchor of a heading in Jupyter by the one in the book, or nothing."""
    for cell in json.loads(path.read_text(encoding="utf-8"))["cells"]:
        if cell["cell_type"] == "markdown":
            source = "".join(cell["source"])
            for heading in re.findall(r"^#+ (.+)$", source, re.MULTILINE):
                slug = re.sub(r"[^\w\- ]", "", heading.lower()).replace(" ", "-")
                if slug == anchor:
                    return anchor_of(heading)
    return ""


# --- notebooks ------------------------------------------------------------------------


def plain(notebook: NotebookNode, page: Page, after: str = "") -> NotebookNode:
    """Return a notebook's plain edition.

    Args:
        notebook: the chapter's notebook, which stays as it is.
        page: what it is in the book; it collects complaints.
        after: the page that follows in the book.
    """
    copy = deepcopy(notebook)
    number = page.names.pages.get(page.name, {}).get("number")
    for cell in copy.cells:
        if cell.cell_type == "markdown":
            cell.source = page.cell(cell.source)
            if number:
                cell.source = re.sub(
                    r"\A# (?=\S)", f"# {number}. ", cell.source, count=1
                )
                number = None if cell.source.startswith("# ") else number
    copy.cells = list(_with_frameworks(copy.cells))
    if way := after and page.way_to(after):
        title = page.names.pages[after]["title"]
        copy.cells.append(_text("plain-next", f"**Next:** [{title}]({way})"))
    nbformat.validate(copy)
    return copy


def _framework(cell: NotebookNode) -> str:
    """Return the framework of a code cell, or an empty string."""
    tags = cell.metadata.get("tags", ()) if cell.cell_type == "code" else ()
    return next((tag for tag in FRAMEWORKS if tag in tags), "")


def _with_frameworks(cells: list[NotebookNode]) -> Iterator[NotebookNode]:
    """Yield the cells, with a framework's name above where the book has tabs."""
    for named, group in groupby(cells, key=lambda cell: bool(_framework(cell))):
        neighbours = list(group)
        both = named and len({_framework(cell) for cell in neighbours}) > 1
        before = ""
        for cell in neighbours:
            if both and _framework(cell) != before:
                before = _framework(cell)
                yield _text(f"plain-{cell.id}"[:64], f"**{FRAMEWORKS[before]}**")
            yield cell


def _text(id: str, source: str) -> NotebookNode:
    """Return a text cell."""
    return nbformat.v4.new_markdown_cell(source, id=id)


def edition(
    names: Names, root: Path = ROOT, say: Callable[[str], Any] = print
) -> dict[str, str]:
    """Return the text of each notebook's plain edition, by its path in the book.

    Args:
        names: what the book calls things.
        root: the folder of the book.
        say: told of what has no plain form.
    """
    order = _order(root)
    done = {}
    for name, after in zip(order, [*order[1:], ""], strict=True):
        page = Page(name, names, root)
        notebook = nbformat.read(root / f"{name}.ipynb", as_version=4)
        text = nbformat.writes(plain(notebook, page, after))
        done[f"{name}.ipynb"] = text.rstrip("\n") + "\n"
        for complaint in page.complaints:
            say(f"not plain: {complaint}")
    return done


def _order(root: Path) -> list[str]:
    """Return the pages that are notebooks, in the order of the book."""
    return [page for page in pages(root) if (root / f"{page}.ipynb").is_file()]


def write(build: Path, root: Path = ROOT, say: Callable[[str], Any] = print) -> Path:
    """Write the plain edition of a built book.

    Args:
        build: the folder ``_build`` of the book, whose site has been built.
        root: the folder of the book.
        say: told of what has no plain form, and of copies that a reader has changed.

    Returns:
        The folder of the edition.
    """
    folder = build / EDITION
    texts = edition(Names.read(build), root, say)
    record = folder / MADE
    made = json.loads(record.read_text("utf-8")) if record.is_file() else {}
    for name, text in texts.items():
        _put(build / "html" / "_sources" / name, text)
        path = folder / name
        if path.is_file() and _hash(path.read_bytes()) not in (
            made.get(name),
            _hash(text.encode()),
        ):
            say(f"{path} is as you changed it; delete it to get the book's again")
            continue
        _put(path, text)
        made[name] = _hash(text.encode())
    for name in sorted(made.keys() - texts.keys()):
        path, before = folder / name, made.pop(name)
        if path.is_file() and _hash(path.read_bytes()) == before:
            path.unlink()
    _put(record, json.dumps(made, indent=1, sort_keys=True) + "\n")
    return folder


def _put(path: Path, text: str) -> None:
    """Write a file unless it says so already."""
    content = text.encode("utf-8")
    if not path.is_file() or path.read_bytes() != content:
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content)


def _hash(content: bytes) -> str:
    return hashlib.sha256(content).hexdigest()


if __name__ == "__main__":
    print(write(ROOT / "_build", say=partial(print, file=sys.stderr)))
