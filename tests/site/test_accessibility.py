"""Axe, a program that knows the rules of accessible pages, finds no fault with any."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import BrowserContext

from tools.browser import SITE, pages

PAGES = pages()
PHONE = {"width": 390, "height": 844}
WIDE = {"width": 1280, "height": 900}

# Axe takes a minute for the thirty thousand elements of a chapter, most of them parts
# of formulas and coloured words of code, which all come from two programs. So ten
# formulas stand for all, and three words of each colour. (In a table's head, axe would
# not count a formula as text.)
FEWER_ELEMENTS = """() => {
  const formulas = [...document.querySelectorAll(".katex")];
  for (const [place, formula] of formulas.entries()) {
    if (place >= 10 || formula.closest("th")) formula.replaceWith("x");
  }
  const seen = {};
  for (const word of document.querySelectorAll("pre span[class]")) {
    seen[word.className] = (seen[word.className] ?? 0) + 1;
    if (seen[word.className] > 3) word.replaceWith(...word.childNodes);
  }
  document.querySelectorAll("pre").forEach((code) => code.normalize());
}"""


@pytest.mark.parametrize(
    ("scheme", "window"),
    [("light", WIDE), ("dark", WIDE), ("light", PHONE)],
    ids=["light", "dark", "phone"],
)
@pytest.mark.parametrize("name", PAGES)
def test_axe_finds_no_violation(
    name: str, scheme: str, window: dict, new_context: Callable[..., BrowserContext]
):
    page = new_context(viewport=window, color_scheme=scheme).new_page()
    page.goto((SITE / name).as_uri())
    page.wait_for_load_state("load")
    page.evaluate("document.querySelectorAll('details').forEach((d) => d.open = true)")
    page.evaluate(FEWER_ELEMENTS)
    page.wait_for_timeout(500)  # boxes that fade in
    found = Axe().run(page, options={"resultTypes": ["violations"]})
    assert [
        (rule["id"], node["html"][:200], node.get("failureSummary", "")[:300])
        for rule in found.response["violations"]
        for node in rule["nodes"][:3]
    ] == []
