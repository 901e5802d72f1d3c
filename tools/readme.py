"""Write what the README says of the book itself: links, and a table of its chapters.

    python -m tools.readme             # the table and the links, from the chapters
    python -m tools.readme --picture   # the picture, from a page of the built book

The table is made from the chapters' titles, their subtitles and what they reached at
full size (``readme.toml`` says which of it); the links from the address in
``_config.yml``. Both stand between marks, and a test says when they are out of date.
"""

from __future__ import annotations

import argparse
import io
import re
import statistics
import sys
import tomllib
from pathlib import Path

import yaml

from tools.contents import ROOT, Chapter, parts, text_of, title_of
from utils import full_size

README = ROOT / "README.md"
REACHED = Path(__file__).with_name("readme.toml")
PICTURE = ROOT / ".github" / "page.webp"
PAGE, SIZE, AT_MOST = "chapters/vision/cnn/kernel.html", (1200, 760), 120_000


def main(arguments: list[str] | None = None) -> None:
    """Write the README's own part, or its picture."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--picture", action="store_true", help="the picture alone")
    if parser.parse_args(arguments).picture:
        photograph()
    else:
        write()


def write() -> None:
    """Bring the README up to date."""
    text = README.read_text(encoding="utf-8")
    README.write_text(up_to_date(text), encoding="utf-8", newline="\n")


def up_to_date(text: str) -> str:
    """Return a README with the links and the chapters of today."""
    for name, content in (("links", links()), ("chapters", chapters())):
        mark = f"<!-- {name}: written by `python -m tools.readme` -->"
        end = f"<!-- end of {name} -->"
        found = re.search(f"{re.escape(mark)}\n.*?{re.escape(end)}", text, re.DOTALL)
        if found is None:
            raise SystemExit(f"the README lacks the marks {mark} and {end}")
        text = text[: found.start()] + f"{mark}\n{content}\n{end}" + text[found.end() :]
    return text


def links() -> str:
    """Return where to read, run and check the book."""
    url, site = address()
    if not url:
        ways = {"Read": "book", "Run": "lab", "Check": "test"}
        return " ".join(f"**{do}** it: `make {how}`." for do, how in ways.items())
    path = url.removeprefix("https://github.com/")
    first = f"{notebooks()[0].pages[0]}.ipynb"
    colab = f"https://colab.research.google.com/github/{path}/blob/plain/{first}"
    binder = f"https://mybinder.org/v2/gh/{path}/plain?urlpath=lab/tree/{first}"
    return (
        f"**Read** it at <{site}>. **Run** it in [Colab]({colab}), on "
        f"[Binder]({binder})\nor with `make lab`. **Check** it with `make test`, as "
        f"[the tests of every change]({url}/actions/workflows/book.yml) do."
    )


def chapters() -> str:
    """Return the table of chapters."""
    _, site = address()
    rows = ["| | chapter | what it is about | at full size |", "|---|---|---|---|"]
    number = 0
    for part in parts():
        for chapter in part.chapters:
            if chapter.notebooks:
                number += 1
                first = chapter.pages[0]
                place = f"{site}{first}.html" if site else f"{first}.ipynb"
                title = f"[{title_of(first)}]({place})"
                cells = (str(number), title, subtitle(first), reached(first))
                rows.append(f"| {' | '.join(cells)} |")
    return "\n".join(rows)


def notebooks() -> list[Chapter]:
    """Return the chapters that are notebooks."""
    return [c for part in parts() for c in part.chapters if c.notebooks]


def subtitle(page: str) -> str:
    """Return the emphasised sentence under a page's title.

    Raises:
        ValueError: there is none.
    """
    found = re.search(r"^# .+\n+\*([^*\n].*?)\*$", text_of(page), re.MULTILINE)
    if found is None:
        raise ValueError(f"{page} has no subtitle under its title: *One sentence.*")
    return found[1].replace("|", "\\|")


def reached(page: str) -> str:
    """Return what a page's chapter reached at full size, or nothing.

    Raises:
        ValueError: something was stored, and ``readme.toml`` does not say what to show.
        KeyError: it shows what was not stored.
    """
    chapter = page.removeprefix("chapters/").rpartition("/")[0]
    stored = full_size.read(chapter)
    if not stored:
        return ""
    sentence = tomllib.loads(REACHED.read_text(encoding="utf-8")).get(chapter)
    if sentence is None:
        raise ValueError(f"{REACHED.name} does not say what {chapter} reached")

    def value(found: re.Match[str]) -> str:
        result, _, name = found[1].partition(": ")
        if name:
            return f"{statistics.fmean(stored[result]['values'][name]):.3g}"
        runs = len(stored[result]["seeds"])
        return f"mean of {runs} runs" if runs > 1 else "one run"

    return re.sub(r"\{(.+?)\}", value, sentence).replace("|", "\\|")


def address() -> tuple[str, str]:
    """Return the addresses of the project and of the published book, or nothing."""
    sys.path.append(str(ROOT / "_ext"))
    from plain_names import site_of
    from repository import Repository

    setting = yaml.safe_load((ROOT / "_config.yml").read_text("utf-8"))["repository"]
    repository = Repository.parse(setting["url"], setting["branch"])
    return (repository.url, site_of(vars(repository))) if repository else ("", "")


def photograph(path: Path = PICTURE) -> None:
    """Take the picture of a page with its slider.

    Raises:
        SystemExit: it cannot be made small enough.
    """
    from PIL import Image
    from playwright.sync_api import sync_playwright

    from tools.browser import launch, serve

    with serve() as site, sync_playwright() as playwright:
        browser = launch(playwright)
        width, height = SIZE
        tab = browser.new_page(viewport={"width": width, "height": height})
        tab.goto(f"{site}/{PAGE}")
        box = tab.locator(".book-explore").first
        box.scroll_into_view_if_needed()
        tab.evaluate(
            "box => scrollTo(0, scrollY + box.getBoundingClientRect().bottom"
            " - innerHeight + 24)",
            box.element_handle(),
        )
        tab.wait_for_timeout(1500)
        picture = Image.open(io.BytesIO(tab.screenshot()))
        browser.close()
    for quality in range(90, 30, -10):
        picture.convert("RGB").save(path, quality=quality, method=6)
        if path.stat().st_size <= AT_MOST:
            print(f"{path}: {path.stat().st_size} bytes")
            return
    raise SystemExit(f"{path} takes more than {AT_MOST} bytes")


if __name__ == "__main__":
    main()
