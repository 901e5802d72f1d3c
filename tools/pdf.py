"""Print the built book as one PDF: ``make pdf``, or ``python -m tools.pdf``.

Every page of the site goes into one document, in the book's order, behind a cover and a
list of contents; a headless Chromium prints it. The PDF is tagged for screen readers,
its outline has parts, chapters, sections and headings, and links within the book lead
to the page they mean. Chromium cannot number the contents, so it prints twice: the
second time with the page numbers that the first one found.
"""

from __future__ import annotations

import argparse
import itertools
import json
import posixpath
import re
import shutil
import subprocess
from copy import deepcopy
from html import escape
from pathlib import Path
from typing import TYPE_CHECKING, Any

import yaml
from lxml import html

from tools.browser import SITE, launch
from tools.contents import ROOT, Part, parts, table_of_contents

if TYPE_CHECKING:
    from playwright.sync_api import Browser

STYLE = Path(__file__).with_suffix(".css")
# Nothing on paper answers to a hand, and what shows only there is printed elsewhere.
NOT_PRINTED = (
    "script",
    "style",
    "form",
    "button",
    "input",
    "iframe",
    "template",
    "*[@hidden]",
    "*[contains(@class, 'headerlink')]",
    "*[contains(@class, 'book-explore-controls')]",
    "*[contains(@class, 'framework-tablist')]",
)
REFERS = ("aria-labelledby", "aria-describedby", "aria-controls", "for", "headers")
COVER = "cover"


def main(arguments: list[str] | None = None) -> None:
    """Print the book and say where it is.

    Raises:
        SystemExit: the book is not built, or there is no browser.
    """
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--site", type=Path, default=SITE, help="the built pages")
    parser.add_argument("--out", type=Path, default=ROOT / "_build" / "book.pdf")
    given = parser.parse_args(arguments)
    if not (given.site / "index.html").is_file():
        raise SystemExit("the book is not built: run `python -m tools.build` first")
    config = yaml.safe_load((ROOT / "_config.yml").read_text(encoding="utf-8"))
    order = [Part("", False, ()), *parts()]
    first = table_of_contents()["root"]
    from playwright.sync_api import sync_playwright

    joined = Joined(given.site, config, first, order)
    with sync_playwright() as playwright:
        try:
            browser = launch(playwright)
        except FileNotFoundError as error:
            raise SystemExit(str(error)) from None
        count = print_book(joined, given.out, browser)
        browser.close()
    size = given.out.stat().st_size / 1e6
    print(f"The book is {given.out}: {count} pages, {size:.1f} MB")
    if lacks_chinese():
        print("No font here has Chinese characters, so they are boxes: install one.")


def lacks_chinese() -> bool:
    """Say whether this machine is known to have no Chinese font to print with."""
    lister = shutil.which("fc-list")
    asked = lister and subprocess.run(
        [lister, ":lang=zh", "family"], capture_output=True, check=False
    )
    return bool(asked) and not asked.stdout.strip()


def print_book(joined: Joined, out: Path, browser: Browser) -> int:
    """Print a joined book; return the number of sheets."""
    import pypdf

    document = out.with_suffix(".html")
    out.parent.mkdir(parents=True, exist_ok=True)
    sheets: dict[str, int] = {}
    for _ in range(2):
        document.write_text(joined.text(sheets, document), encoding="utf-8")
        page = browser.new_page(color_scheme="light")
        page.set_default_timeout(0)
        page.goto(document.resolve().as_uri())
        page.evaluate("document.fonts.ready.then(() => 1)")
        page.pdf(
            path=out,
            print_background=True,
            prefer_css_page_size=True,
            outline=True,
            tagged=True,
        )
        page.close()
        printed = pypdf.PdfReader(out)
        sheets = {
            name.lstrip("/"): (printed.get_destination_page_number(place) or 0) + 1
            for name, place in printed.named_destinations.items()
        }
    document.unlink()
    return len(printed.pages)


class Joined:
    """All pages of a site as one."""

    def __init__(
        self, site: Path, config: dict[str, Any], first: str, order: list[Part]
    ) -> None:
        self.site, self.config, self.order = site, config, order
        self.levels = {first: 1}
        for part in order:
            for chapter in part.chapters:
                self.levels |= dict.fromkeys(chapter.pages, 3)
                self.levels[chapter.pages[0]] = 2
        self.names = list(self.levels)
        self.articles = {name: self.read(name) for name in self.names}

    def text(self, numbers: dict[str, int], place: Path) -> str:
        """Return the document, for a file at ``place``.

        Args:
            numbers: on which sheet a place is, by its id; unknown ones stay blank.
            place: the file; the pages' pictures and styles are found from there.
        """
        title = escape(self.config["title"])
        body = [self.cover(title), self.contents(numbers)]
        captions = {p.chapters[0].pages[0]: p.caption for p in self.order if p.chapters}
        for name, article in self.articles.items():
            caption = escape(captions.get(name, ""))
            above = f'<p class="part" role="heading" aria-level="1">{caption}</p>'
            body.append(
                f'<section class="book-page" id="{slug(name)}">'
                f"{above if caption else ''}{article}</section>"
            )
        # Relative: with a <base>, a link within the document would leave it.
        site = posixpath.relpath(
            self.site.resolve().as_posix(), place.parent.resolve().as_posix()
        )
        styles = "".join(
            f'<link rel="stylesheet" href="{site}/{href}">' for href in self.styles()
        )
        whole = "".join(body).replace(' src="SITE/', f' src="{site}/')
        return (
            '<!doctype html><html lang="en" data-theme="light" data-mode="light">'
            f'<head><meta charset="utf-8"><title>{title}</title>{styles}'
            f"<style>{STYLE.read_text(encoding='utf-8')}</style></head><body>"
            '<div class="bd-main"><div class="bd-content">'
            f'<main class="bd-article-container">{whole}</main>'
            "</div></div></body></html>"
        )

    def cover(self, title: str) -> str:
        """Return the first sheet."""
        by = f"{self.config.get('author', '')}, {self.config.get('copyright', '')}"
        return (
            f'<section class="book-cover" id="{COVER}"><p class="title">{title}</p>'
            f"<p>{escape(by)}</p></section>"
        )

    def contents(self, numbers: dict[str, int]) -> str:
        """Return the list of parts, chapters and sections with their sheets."""

        def line(name: str) -> str:
            heading = self.title_of(name)
            number = numbers.get(slug(name), "")
            return f'<a href="#{slug(name)}" data-page="{number}">{heading}<i></i></a>'

        items = [f"<li>{line(self.names[0])}</li>"]
        for part in self.order:
            if not part.chapters:
                continue
            chapters = []
            for chapter in part.chapters:
                own, *rest = map(line, chapter.pages)
                below = "".join(f"<li>{one}</li>" for one in rest)
                chapters.append(f"<li>{own}{f'<ol>{below}</ol>' if below else ''}</li>")
            caption = f'<p class="part">{escape(part.caption)}</p>'
            items.append(f"<li>{caption}<ol>{''.join(chapters)}</ol></li>")
        return (
            '<nav class="book-contents bd-article" id="contents" aria-label="Contents">'
            '<p class="h1">Contents</p>'
            f"<ol>{''.join(items)}</ol></nav>"
        )

    def title_of(self, name: str) -> str:
        """Return a page's title as it is printed, without what it links to."""
        found = html.fromstring(self.articles[name]).find(".//h1")
        return escape(" ".join("".join(found.itertext()).split()))

    def styles(self) -> list[str]:
        """Return the style sheets of the pages, each once, from the site's folder."""
        found: dict[str, None] = {}
        for name in self.names:
            head = html.parse(self.site / f"{name}.html").getroot().find("head")
            for link in head.iter("link"):
                if link.get("rel") == "stylesheet":
                    found.setdefault(within(name, link.get("href")))
        return list(found)

    def read(self, name: str) -> str:
        """Return a page's article, its ids and links those of the joined document."""
        root = html.parse(self.site / f"{name}.html").getroot()
        article = root.find(".//article")
        for figure in article.xpath(".//figure[contains(@class, 'book-explore')]"):
            stand_still(figure)
        for what in NOT_PRINTED:
            for element in article.xpath(f".//{what}"):
                element.drop_tree()
        for element in article.iter():
            if isinstance(element.tag, str):
                self.rewrite(element, name)
        return html.tostring(article, encoding="unicode", with_tail=False)

    def rewrite(self, element: html.HtmlElement, name: str) -> None:
        """Make an element's id, links and files those of the joined document."""
        own = slug(name)
        for key, value in element.attrib.items():
            if key == "id":
                element.set(key, f"{own}--{value}")
            elif key in REFERS:
                element.set(key, " ".join(f"{own}--{one}" for one in value.split()))
            elif "url(#" in value:
                element.set(key, value.replace("url(#", f"url(#{own}--"))
            elif key == "src" and not re.match(r"[a-z]+:", value):
                element.set(key, f"SITE/{within(name, value)}")
            elif key == "loading":
                element.set(key, "eager")
            elif key.endswith("href"):
                self.lead(element, key, name)
        if heading := re.fullmatch(r"h([1-6])", element.tag):
            level = int(heading[1]) + self.levels[name] - 1
            element.set("aria-level", str(level))

    def lead(self, element: html.HtmlElement, key: str, name: str) -> None:
        """Make a link lead to a place in the document; drop it where there is none."""
        href = element.get(key)
        if re.match(r"[a-z]+:", href):
            return
        path, _, anchor = href.partition("#")
        target = within(name, path).removesuffix(".html") if path else name
        if target in self.levels:
            mark = f"--{anchor}" if anchor else ""
            element.set(key, f"#{slug(target)}{mark}")
        else:
            del element.attrib[key]


def stand_still(figure: html.HtmlElement) -> None:
    """Print a picture behind sliders as three: the start, and two far from it."""
    frames = json.loads(figure.find("./script").text)["frames"]
    controls = [values_of(one) for one in figure.find_class("book-explore-control")]
    places = list(itertools.product(*(values for _, values in controls)))
    if len(places) != len(frames):
        return
    start = next(at for at, frame in enumerate(frames) if not frame.get("src"))
    others = {0, len(frames) - 1, len(frames) // 2} - {start}
    box = figure.find_class("figure-box")[0]
    box.addnext(said(controls, places[start]))
    row = html.Element("div", {"class": "stills"})
    for at in sorted(others)[:: 2 if len(others) > 2 else 1]:
        still = deepcopy(box)
        picture = still.find(".//img")
        picture.set("alt", frames[at]["alt"])
        for key in ("style", "data-letters"):
            picture.attrib.pop(key, None)
        # A frame holds what differs from the start, and lies over it.
        over = {"src": frames[at]["src"], "alt": "", "class": "over"}
        picture.addnext(html.Element("img", over))
        whole = html.Element("div", {"class": "still"})
        whole.extend([still, said(controls, places[at])])
        row.append(whole)
    box.getnext().addnext(row)


def values_of(control: html.HtmlElement) -> tuple[str, list[str]]:
    """Return a slider's name and what it can be set to, as ``explore.js`` does."""
    name = control.xpath("(.//label | .//span)[1]")[0].text_content()
    for track in control.iter("input"):
        if track.get("type") == "range":
            return name, [str(value) for value in json.loads(track.get("data-values"))]
    if options := list(control.iter("option")):
        return name, [option.text_content() for option in options]
    picks = control.xpath(".//input[@type='radio']")
    return name, [pick.getnext().text_content() for pick in picks]


def said(
    controls: list[tuple[str, list[str]]], values: tuple[str, ...]
) -> html.HtmlElement:
    """Return the line that says where the sliders of a still stand."""
    line = html.Element("p", {"class": "book-explore-values"})
    pairs = zip(controls, values, strict=True)
    line.text = ", ".join(f"{name} = {value}" for (name, _), value in pairs)
    return line


def slug(name: str) -> str:
    """Return the id of a page in the joined document."""
    return name.removeprefix("chapters/").replace("/", "-")


def within(name: str, path: str) -> str:
    """Return a path from the site's folder; a page has it from its own."""
    return posixpath.normpath(posixpath.join(posixpath.dirname(name), path))


if __name__ == "__main__":
    main()
