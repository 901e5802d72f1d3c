"""How long each page of the built book is, and when it is seen.

``python -m tools.page_shape`` prints, for each page: windows of 1440 × 900, elements,
the longest stretch without a picture or a table of weights, whose rows light up (in
windows), and the first paint, in seconds, of a processor slowed four times behind a
line of 1.6 Mbit/s; then the medians over all pages, the five slowest, and the sections
beyond a bar. The bars: at most 25 windows, 12,000 elements and four windows; a median
first paint of 1.5 s. Names of pages, ``chapters/setup.html``, measure these alone.
"""

from __future__ import annotations

import sys
from dataclasses import dataclass
from statistics import median
from typing import TYPE_CHECKING

from playwright.sync_api import TimeoutError, sync_playwright

from tools import contents
from tools.browser import launch, pages, serve

if TYPE_CHECKING:
    from playwright.sync_api import Browser

WINDOWS, ELEMENTS, BARE = 25, 12_000, 4  # a section's bars
WINDOW = {"width": 1440, "height": 900}
LINE = {
    "offline": False,
    "latency": 150,
    "uploadThroughput": 93_750,
    "downloadThroughput": 200_000,
}
PAINTED = "() => performance.getEntriesByName('first-contentful-paint').length"
SHAPE = """() => {
  const seen = [...document.querySelectorAll(
    "article :is(img, svg, canvas, figure, table.weights)")]
    .map((one) => one.getBoundingClientRect())
    .filter((box) => box.width > 120 && box.height > 60)
    .map((box) => [box.top + scrollY, box.bottom + scrollY])
    .sort((one, other) => one[0] - other[0]);
  const height = document.documentElement.scrollHeight;
  let [last, longest] = [0, 0];
  for (const [top, bottom] of [...seen, [height, 0]]) {
    longest = Math.max(longest, top - last);
    last = Math.max(last, bottom);
  }
  const elements = document.querySelectorAll("*").length;
  const paint = performance.getEntriesByName("first-contentful-paint")[0];
  const seconds = paint.startTime / 1000;
  return [height / innerHeight, elements, longest / innerHeight, seconds];
}"""


@dataclass(frozen=True)
class Shape:
    """One page: windows, elements, windows without a picture, seconds to paint."""

    page: str
    windows: float
    elements: int
    without_picture: float
    first_paint: float


def shape(browser: Browser, address: str, page: str) -> Shape:
    """Open one page with an empty cache, slowly, and measure it.

    Args:
        browser: a running browser.
        address: where the site is served.
        page: the page's address within the site.
    """
    context = browser.new_context(viewport=WINDOW)
    tab = context.new_page()
    wire = context.new_cdp_session(tab)
    wire.send("Network.enable")
    wire.send("Network.emulateNetworkConditions", LINE)
    wire.send("Emulation.setCPUThrottlingRate", {"rate": 4})
    tab.goto(f"{address}/{page}", wait_until="load")
    tab.wait_for_function(PAINTED)
    tab.wait_for_timeout(300)
    measured = tab.evaluate(SHAPE)
    context.close()
    return Shape(page, *measured)


def run(names: list[str] | None = None) -> list[Shape]:
    """Measure pages, by default all of the built book."""
    with sync_playwright() as playwright, serve() as address:
        browser = launch(playwright)
        shapes = []
        for name in names or pages():
            try:
                shapes.append(shape(browser, address, name))
            except TimeoutError:  # now and then a browser never paints a page
                shapes.append(shape(browser, address, name))
        browser.close()
    return shapes


def report(shapes: list[Shape]) -> None:
    """Print a table, the medians, the slowest pages and the sections beyond a bar."""
    print(f"{'windows':>7}  {'elements':>8}  {'bare':>5}  {'paint':>5}  page")
    for one in shapes:
        _line(one, one.page)
    print(f"over {len(shapes)} pages:")
    _line(middle(shapes), "median")
    print("slowest first paints:")
    for one in sorted(shapes, key=lambda one: -one.first_paint)[:5]:
        _line(one, one.page)
    for one in beyond(shapes):
        _line(one, f"{one.page} is beyond a bar")


def _line(one: Shape, what: str) -> None:
    """Print one row."""
    print(
        f"{one.windows:7.1f}  {one.elements:8d}  {one.without_picture:5.1f}  "
        f"{one.first_paint:5.2f}  {what}"
    )


def middle(shapes: list[Shape]) -> Shape:
    """Return the medians, one by one."""
    return Shape(
        "median",
        median(one.windows for one in shapes),
        round(median(one.elements for one in shapes)),
        median(one.without_picture for one in shapes),
        median(one.first_paint for one in shapes),
    )


def beyond(shapes: list[Shape]) -> list[Shape]:
    """Return the sections, not other pages, that one of the bars stands against."""
    sections = {
        f"{page}.html"
        for page in contents.pages()
        if (contents.ROOT / f"{page}.ipynb").is_file()
    }
    return [
        one
        for one in shapes
        if one.page in sections
        and (
            one.windows > WINDOWS
            or one.elements > ELEMENTS
            or one.without_picture > BARE
        )
    ]


if __name__ == "__main__":
    report(run(sys.argv[1:]))
