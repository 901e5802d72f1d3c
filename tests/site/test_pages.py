"""Each page in a browser: quiet, alone, whole, within its width, light."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from playwright.sync_api import Browser, BrowserContext, Page

from tools.browser import SITE, pages
from tools.page_weight import weigh

PAGES = pages()
CHAPTERS = [name for name in PAGES if name.startswith("chapters/")]
PHONE = {"width": 390, "height": 844}
WIDE = {"width": 1280, "height": 900}
LIMIT = 300_000  # bytes over the wire for a page without its figures
SHIFT = 0.01

WATCH_SHIFTS = """
window.shift = 0;
new PerformanceObserver((list) => {
  for (const entry of list.getEntries()) window.shift += entry.value;
}).observe({ type: "layout-shift", buffered: true });
"""

# What sticks out of the page, unless it lies in a box that scrolls or clips.
STICKING_OUT = """() => {
  const contained = (element) => {
    for (let box = element.parentElement; box; box = box.parentElement) {
      if (getComputedStyle(box).overflowX !== "visible" && box !== document.body
          && box !== document.documentElement) return true;
    }
    return false;
  };
  return [...document.querySelectorAll(".bd-article-container *")]
    .filter((element) => element.getClientRects().length
      && element.getBoundingClientRect().right > innerWidth + 1 && !contained(element))
    .map((element) => `${element.className}: ${element.textContent.slice(0, 40)}`);
}"""


def on_disk(name: str) -> str:
    return (SITE / name).as_uri()


def settle(page: Page) -> None:
    """Let the page's own scripts come to rest."""
    page.wait_for_load_state("load")
    page.evaluate("document.fonts.ready")
    page.wait_for_timeout(150)


def read_through(page: Page) -> None:
    """Scroll to the end, so that pictures that wait to be seen are loaded."""
    height = page.evaluate("document.documentElement.scrollHeight")
    for position in range(0, height, 1500):
        page.evaluate(f"window.scrollTo(0, {position})")
        page.wait_for_timeout(10)
    page.wait_for_timeout(100)


@pytest.mark.parametrize("name", PAGES)
def test_a_page_is_quiet_and_asks_nobody(
    name: str, new_context: Callable[..., BrowserContext]
):
    context = new_context(viewport=WIDE)
    page = context.new_page()
    trouble: list[str] = []
    page.on(
        "console",
        lambda message: (
            trouble.append(f"{message.type}: {message.text}")
            if message.type in ("error", "warning")
            else None
        ),
    )
    page.on("pageerror", lambda error: trouble.append(f"exception: {error}"))
    page.on("requestfailed", lambda request: trouble.append(f"failed: {request.url}"))
    page.on(
        "request",
        lambda request: (
            None
            if request.url.startswith(("file:", "data:"))
            else trouble.append(f"asked for {request.url}")
        ),
    )
    page.goto(on_disk(name))
    settle(page)
    read_through(page)
    assert trouble == []
    hollow = page.evaluate(
        "[...document.images].filter((i) => i.complete && !i.naturalWidth)"
        ".map((i) => i.src)"
    )
    assert hollow == []


@pytest.mark.parametrize("name", CHAPTERS)
def test_mathematics_is_there_without_any_script(name: str, browser: Browser):
    context = browser.new_context(java_script_enabled=False)
    page = context.new_page()
    page.goto(on_disk(name))
    formulas = page.locator(".math")
    count = formulas.count()
    assert page.locator(".math .katex-html").count() >= count
    assert page.locator(".math .katex-mathml math").count() >= count
    assert page.locator(".math-error, .katex-error").count() == 0
    bare = page.locator("main p, main li, main td, main figcaption").all_inner_texts()
    assert [text for text in bare if "$$" in text or "\\frac" in text] == []
    context.close()


@pytest.mark.parametrize("name", CHAPTERS)
def test_the_fonts_of_mathematics_come_from_the_site(name: str, reader: Page):
    reader.goto(on_disk(name))
    settle(reader)
    if reader.locator(".katex").count():
        loaded = reader.evaluate(
            "[...document.fonts].filter((f) => f.status === 'loaded')"
            ".map((f) => f.family)"
        )
        assert "KaTeX_Main" in loaded
        failed = "[...document.fonts].filter((f) => f.status === 'error').length"
        assert reader.evaluate(failed) == 0


@pytest.mark.parametrize(
    ("scheme", "framework"), [("light", "pytorch"), ("dark", "keras")]
)
@pytest.mark.parametrize("name", PAGES)
def test_nothing_sticks_out_on_a_phone(
    name: str, scheme: str, framework: str, new_context: Callable[..., BrowserContext]
):
    context = new_context(viewport=PHONE, color_scheme=scheme)
    context.add_init_script(f"localStorage.setItem('framework', '{framework}')")
    page = context.new_page()
    page.goto(on_disk(name))
    settle(page)
    page.evaluate("document.querySelectorAll('details').forEach((d) => d.open = true)")
    page.wait_for_timeout(150)
    assert page.evaluate("document.documentElement.dataset.theme") == scheme
    assert page.evaluate(STICKING_OUT) == []
    assert page.evaluate("document.documentElement.scrollWidth") <= PHONE["width"]


@pytest.mark.parametrize("name", CHAPTERS)
def test_nothing_moves_while_a_page_loads(name: str, browser: Browser, address: str):
    context = browser.new_context(viewport=WIDE)
    context.add_init_script(WATCH_SHIFTS)
    page = context.new_page()
    wire = context.new_cdp_session(page)
    wire.send("Network.enable")
    slow = {"offline": False, "latency": 100, "uploadThroughput": 100_000}
    wire.send("Network.emulateNetworkConditions", {**slow, "downloadThroughput": 4e5})
    page.goto(f"{address}/{name}")
    settle(page)
    page.wait_for_timeout(500)
    assert page.evaluate("window.shift") <= SHIFT
    context.close()


@pytest.mark.parametrize("name", PAGES)
def test_a_page_without_its_figures_is_light(name: str, browser: Browser, address: str):
    weight = weigh(browser, address, name)
    assert weight.bytes - weight.figures < LIMIT
    assert weight.requests - (weight.figures > 0) < 40
