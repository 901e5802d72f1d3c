"""Light pages: one style sheet, one script, drawn icons, no request to anyone else.

The theme's pages ask for some thirty files, among them an icon script of 1.4 MB. Here,
the style sheets and scripts that every page needs are joined into ``_static/pages.css``
and ``_static/pages.js``. Rules for classes that no element has and no script names are
left out, which is two thirds of them, and so are values that no rule asks for and the
icon fonts (``book.css`` draws the dozen icons in use). The search index is loaded by
the search page alone. Whatever an extension adds to single pages stays linked as it
was, so nothing is lost unseen.
``templates/`` holds the pages' side of this.
"""

from __future__ import annotations

import hashlib
import re
from pathlib import Path
from typing import TYPE_CHECKING, Any

import tinycss2
from PIL import Image
from sphinx.errors import ExtensionError

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from sphinx.application import Sphinx

# In the order in which the browser must read them; names may be patterns.
STYLES = (
    "basic.css",
    "pygments.css",
    "styles/pydata-sphinx-theme.css",
    "styles/sphinx-book-theme.css",
    "mystnb.*.css",
    "sphinx-design.min.css",
    "copybutton.css",
    "katex/katex.css",
    "book.css",
    "explore.css",
    "answers.css",
)
SCRIPTS = (
    "documentation_options.js",
    "doctools.js",
    "sphinx_highlight.js",
    "clipboard.min.js",
    "copybutton.js",
    "scripts/pydata-sphinx-theme.js",
    "scripts/sphinx-book-theme.js",
    "book.js",
    "cards.js",
    "explore.js",
    "answers.js",
)
# Linked by extensions on every page and not needed: tabs are framework_tabs' own, and
# theme.css only imports basic.css.
NOT_NEEDED = ("design-tabs.js", "styles/theme.css")

# The theme's scripts serve these where a page has them, and put them into none.
SERVED = frozenset(
    (
        "align-baseline",
        "bd-footer-article",
        "bd-header-announcement",
        "collapse",
        "dropdown-item",
        "dropdown-menu",
        "dropdown-menu-dark",
        "list-group-item",
        "list-group-item-action",
        "me-auto",
        "ms-3",
        "ms-auto",
        "my-1",
        "nboutput",
        "output_area",
        "pst-button-link-to-stable-version",
        "pst-collapse-sidebar-button",
        "pst-expand-sidebar-label",
        "pst-squeeze",
        "py-1",
        "text-wrap",
        "thebe-launch-button",
        "version-switcher__button",
        "version-switcher__menu",
    )
)

ICON_RULES = re.compile(
    r"@font-face\{[^}]*Font Awesome[^}]*\}"
    r"|(?:\.(?:fa|fas|far|fab|sr-only)[\w-]*(?::{1,2}[\w-]+)?,?)+\{[^{}]*\}"
)
NESTING = ("media", "supports")  # at-rules that hold rules
NAME = re.compile(r"--[\w-]+")  # a value with a name
SOURCE_MAP = re.compile(r"(?:/\*|//)# sourceMappingURL=\S+(?: ?\*/)?")


def without_icon_fonts(css: str) -> str:
    """Return a style sheet without the rules that serve the theme's icon fonts."""
    return ICON_RULES.sub("", css)


def rebased(css: str, folder: str) -> str:
    """Return a style sheet whose relative addresses start from ``_static``.

    Args:
        css: the style sheet.
        folder: where it lay under ``_static``; ``"."`` for ``_static`` itself.
    """

    def move(match: re.Match[str]) -> str:
        parts: list[str] = []
        for part in f"{folder}/{match[2]}".split("/"):
            if part == ".." and parts:
                parts.pop()
            elif part not in ("", "."):
                parts.append(part)
        return f"url({match[1]}{'/'.join(parts)}{match[1]})"

    return re.sub(r"url\((['\"]?)(?!data:|https?:|#|/)([^'\")]+)\1\)", move, css)


def find(folders: list[Path], names: tuple[str, ...]) -> list[tuple[Path, str]]:
    """Return the files of these names, in the names' order.

    Args:
        folders: where to look; the first that has a name wins. Sources come before the
            site's ``_static``, to which Sphinx copies only when it writes a page.
        names: file names or patterns.

    Returns:
        Pairs of the path and of the folder it has under ``_static`` (``"."`` for none).

    Raises:
        ExtensionError: a name is nowhere, so pages would lack its rules or its work.
    """
    found = []
    for name in names:
        for folder in folders:
            if paths := sorted(folder.glob(name)):
                found += [(p, p.relative_to(folder).parent.as_posix()) for p in paths]
                break
        else:
            raise ExtensionError(
                f"light_pages joins {name}, which is not in "
                f"{' or '.join(str(folder) for folder in folders)}: the package that "
                "brings it may have renamed it; correct STYLES or SCRIPTS"
            )
    return found


def joined_styles(folders: list[Path]) -> str:
    """Return all style sheets of every page as one."""
    parts = []
    for path, folder in find(folders, STYLES):
        css = SOURCE_MAP.sub("", path.read_text(encoding="utf-8"))
        parts.append(rebased(without_icon_fonts(css), folder))
    charset = '@charset "UTF-8";'
    return charset + "\n".join(parts).replace(charset, "")


def words_in(texts: Iterable[str]) -> set[str]:
    """Return every word that could be the name of a class, an id or a value."""
    return set().union(*(re.findall(r"[A-Za-z_-][\w-]*", text) for text in texts))


NAMED = re.compile(
    r"""\b(?:class|id|style|fill|stroke)=(?:"([^"]*)"|'([^']*)')"""
    r"""|<style[^>]*>(.*?)</style>|<script(?! type)[^>]*>(.*?)</script>""",
    re.DOTALL,
)


def names_in(pages: Iterable[str]) -> set[str]:
    """Return the classes and ids of pages' elements, and the values they ask for."""
    return words_in(" ".join(map("".join, NAMED.findall(page))) for page in pages)


def without_unused(css: str, words: set[str]) -> str:
    """Return a style sheet without the rules and the values that nobody uses.

    Args:
        css: the style sheet.
        words: the names in the pages, and every word in the scripts. A class that is no
            such word is neither in a page nor given to an element later.
    """
    rules = tinycss2.parse_stylesheet(css, True, True)
    return without_unasked("\n".join(_kept(rules, words)), words)


def _kept(rules: list[Any], words: set[str]) -> Iterator[str]:
    """Return the rules that can apply, as text."""
    for rule in rules:
        if rule.type == "qualified-rule":
            selectors = [s for s in _selectors(rule.prelude) if _can_match(s, words)]
            if selectors:
                head = ",".join(tinycss2.serialize(s).strip() for s in selectors)
                yield f"{head}{{{tinycss2.serialize(rule.content).strip()}}}"
        elif rule.type == "at-rule" and rule.lower_at_keyword in NESTING:
            inner = tinycss2.parse_rule_list(rule.content, True, True)
            if kept := list(_kept(inner, words)):
                condition = tinycss2.serialize(rule.prelude)
                yield f"@{rule.at_keyword}{condition}{{{''.join(kept)}}}"
        else:
            yield rule.serialize()


def _selectors(prelude: list[Any]) -> list[list[Any]]:
    """Split a rule's head at its commas."""
    selectors: list[list[Any]] = [[]]
    for token in prelude:
        if token == ",":
            selectors.append([])
        else:
            selectors[-1].append(token)
    return selectors


def _can_match(selector: list[Any], words: set[str]) -> bool:
    """Tell whether the classes and ids that a selector asks for exist."""
    for before, token in zip([None, *selector], selector, strict=False):
        named = token.type == "hash" or (before == "." and token.type == "ident")
        if named and token.value not in words:
            return False
    return True


def without_unasked(css: str, words: set[str]) -> str:
    """Return a style sheet without the named values (``--name``) that nothing asks for.

    Args:
        css: the style sheet.
        words: the names that pages and scripts ask for, among others.
    """
    rules = tinycss2.parse_stylesheet(css, True, True)
    asked, asks = set(words), {}
    for declaration in _declarations(rules):
        names = NAME.findall(tinycss2.serialize(declaration.value))
        if declaration.name.startswith("--"):
            asks.setdefault(declaration.name, set()).update(names)
        else:
            asked.update(names)
    while more := set().union(*(asks[one] for one in asked & asks.keys())) - asked:
        asked |= more
    return "\n".join(_asked_for(rules, asked))


def _declarations(rules: list[Any]) -> Iterator[Any]:
    """Return every declaration of some rules."""
    for rule in rules:
        if rule.type == "at-rule" and rule.lower_at_keyword in NESTING:
            yield from _declarations(tinycss2.parse_rule_list(rule.content, True, True))
        elif rule.content is not None:
            found = tinycss2.parse_blocks_contents(rule.content, True, True)
            yield from (one for one in found if one.type == "declaration")
            yield from _declarations([one for one in found if "rule" in one.type])


def _asked_for(rules: list[Any], asked: set[str]) -> Iterator[str]:
    """Return rules as text, less the declarations that nothing asks for."""
    for rule in rules:
        head = tinycss2.serialize(rule.prelude).strip()
        if rule.type == "at-rule" and rule.lower_at_keyword in NESTING:
            inner = tinycss2.parse_rule_list(rule.content, True, True)
            if kept := "".join(_asked_for(inner, asked)):
                yield f"@{rule.at_keyword} {head}{{{kept}}}"
        elif rule.type == "qualified-rule":
            found = tinycss2.parse_blocks_contents(rule.content, True, True)
            kept = ";".join(
                one.serialize().strip()
                for one in found
                if one.type != "declaration"
                or not one.name.startswith("--")
                or one.name in asked
            )
            if kept:
                yield f"{head}{{{kept}}}"
        else:
            yield rule.serialize()


def joined_scripts(folders: list[Path]) -> str:
    """Return all scripts of every page as one."""
    texts = (p.read_text(encoding="utf-8") for p, _ in find(folders, SCRIPTS))
    return "\n;\n".join(SOURCE_MAP.sub("", text) for text in texts)


def _is_shared(filename: str) -> bool:
    """Tell whether a linked file is in the joined ones, or not needed."""
    path = Path(filename.split("?")[0].split("_static/")[-1])
    return any(path.match(name) for name in (*STYLES, *SCRIPTS, *NOT_NEEDED))


# The theme's buttons that stay, by the theme's own labels: icon, text, title.
BUTTONS = {
    "Colab": ("run", "Colab", "Run this notebook in Google Colab"),
    "Binder": ("run", "Binder", "Run this notebook on Binder"),
    "source-repository-button": ("code", "Project", "The project on GitHub"),
    "source-edit-button": ("edit", "Suggest an edit", "Suggest an edit to this page"),
    "download-source-button": ("download", "Notebook", "Download this notebook"),
}


def header_links(buttons: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """Return the links above a page as plain data, from the theme's nested buttons.

    Args:
        buttons: the theme's ``header_buttons``: buttons, and groups of them.

    Returns:
        Dicts with ``url``, ``icon``, ``text``, ``title`` and ``download``. The source
        of a page that is no notebook is not worth a button.
    """
    flat = [one for button in buttons for one in button.get("buttons", [button])]
    links = []
    for button in flat:
        url = button.get("url", "")
        look = BUTTONS.get(button.get("label", button.get("text", "")))
        download = button.get("label") == "download-source-button"
        if look is None or (download and not url.endswith(".ipynb")):
            continue
        icon, text, title = look
        links.append(
            {
                "url": url,
                "icon": icon,
                "text": text,
                "title": title,
                "download": download,
            }
        )
    return links


def _offer_links(app, pagename, templatename, context: dict[str, Any], doctree) -> None:
    """Let the template call ``header_links``; the theme tries its parts out early."""
    context["header_links"] = header_links
    context.setdefault("header_buttons", [])


def _split_files(app, pagename, templatename, context: dict[str, Any], doctree) -> None:
    """Tell the template which files this page needs besides the joined ones."""
    for kind in ("css_files", "script_files"):
        own = []
        for file in context.get(kind, []):
            name = getattr(file, "filename", file)
            if name and not _is_shared(str(name)):
                own.append(file)
        context[f"page_{kind}"] = own


def sized_images(body: str, files: dict[str, Path]) -> str:
    """Give a page's pictures their size, so that nothing moves when they arrive.

    Args:
        body: the page's HTML.
        files: the picture behind each name in ``_images``.

    Returns:
        The HTML, in which every raster picture without a size has its own, and is
        loaded when it comes near.
    """

    def sized(tag: re.Match[str]) -> str:
        path = files.get(tag[2])
        if path is None or path.suffix == ".svg" or " width=" in tag[0]:
            return tag[0]
        with Image.open(path) as picture:
            width, height = picture.size
        size = f'width="{width}" height="{height}" loading="lazy" decoding="async"'
        return f"<img {size} {tag[1]}"

    return re.sub(r'<img ([^>]*?src="[^">]*_images/([^">]+)"[^>]*>)', sized, body)


# Words that Pygments names and the book's styles leave in the colour of other code.
PLAIN_WORDS = ("n", "nn", "p", "w")
PLAIN_WORD = re.compile(rf'<span class="(?:{"|".join(PLAIN_WORDS)})">([^<]*)</span>')
SAME_WORDS = re.compile(r'<span class="(\w+)">([^<]*)</span>(\s*)<span class="\1">')
CODE = re.compile(r"<pre>.*?</pre>", re.DOTALL)


def lighter_code(body: str) -> str:
    """Return a page's HTML with one element for words of code of one colour.

    A page is laid out the faster, the fewer elements it has, and a third of them were
    names and commas in spans of their own.
    """

    def lighter(code: re.Match[str]) -> str:
        text, times = PLAIN_WORD.sub(r"\1", code[0]), 1
        while times:
            text, times = SAME_WORDS.subn(r'<span class="\1">\2\3', text)
        return text

    return CODE.sub(lighter, body)


def _size_images(app, pagename, templatename, context: dict[str, Any], doctree) -> None:
    if "body" in context:
        images = app.builder.images
        files = {name: Path(app.srcdir) / path for path, name in images.items()}
        context["body"] = lighter_code(sized_images(context["body"], files))


def _write_joined(app: Sphinx, exception: Exception | None) -> None:
    """Write the joined files, and a first page that leads to the book's first page."""
    if exception or app.builder.name != "html":
        return
    static = Path(app.outdir) / "_static"
    sources = [Path(app.srcdir) / folder for folder in app.config.html_static_path]
    folders = [*sources, static]
    scripts = joined_scripts(folders)
    _write(static / "pages.js", scripts)
    _write_styles(static / "pages.css", joined_styles(folders), scripts)
    root = app.config.root_doc
    if root != "index":
        title = app.config.html_title
        _write(
            Path(app.outdir) / "index.html",
            '<!DOCTYPE html>\n<html lang="en"><head><meta charset="utf-8">\n'
            f'<meta http-equiv="refresh" content="0; url={root}.html">\n'
            f"<title>{title}</title></head>\n"
            f'<body><main><p><a href="{root}.html">{title}</a></p></main></body>\n'
            "</html>\n",
        )


def _write_styles(path: Path, css: str, scripts: str) -> None:
    """Write the joined style sheet for the pages there are, unless it is there."""
    site = path.parent.parent
    pages = (page.read_text(encoding="utf-8") for page in site.rglob("*.html"))
    search = (site / "_static" / "book_search.js").read_text(encoding="utf-8")
    words = names_in(pages) | (words_in([scripts, search]) - SERVED)
    made_of = hashlib.sha256(f"{css} {sorted(words)}".encode()).hexdigest()
    stamp = f"/* {made_of} */"
    if not path.is_file() or not path.read_text(encoding="utf-8").endswith(stamp):
        path.write_text(f"{without_unused(css, words)}\n{stamp}", encoding="utf-8")


def _write(path: Path, text: str) -> None:
    """Write a file unless it says so already, so that browsers keep what they have."""
    if not path.is_file() or path.read_text(encoding="utf-8") != text:
        path.write_text(text, encoding="utf-8")


def setup(app: Sphinx) -> dict[str, bool]:
    """Connect to the build."""
    # Jupyter Book sets this for an extension that the book leaves out.
    app.add_config_value("comments_config", {}, "")
    app.connect("html-page-context", _offer_links, priority=100)
    app.connect("html-page-context", _split_files, priority=900)
    app.connect("html-page-context", _size_images)
    app.connect("build-finished", _write_joined, priority=900)  # after the theme's
    return {"parallel_read_safe": True, "parallel_write_safe": True}
