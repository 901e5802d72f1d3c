"""What a reader does with the book: chooses, slides, searches, turns pages, prints."""

from __future__ import annotations

import io
import re
import unicodedata
from collections.abc import Callable

import pytest
from playwright.sync_api import Browser, BrowserContext, Locator, Page, Route, expect

from tests.site.test_pages import SHIFT
from tests.site.visit import FONTS_THERE, PHONE, WATCH_SHIFTS, WIDE, try_sliders
from tools.browser import SITE, pages

CHAPTERS = [name for name in pages() if name.startswith("chapters/")]


def on_disk(name: str) -> str:
    return (SITE / name).as_uri()


def having(mark: str) -> list[str]:
    """Return the pages whose HTML has a piece of text."""
    return [name for name in CHAPTERS if mark in (SITE / name).read_text("utf-8")]


WITH_TABS = having('class="framework-tabs"')
WITH_SLIDERS = having('class="book-explore')
WITH_ANSWERS = having('data-id="cnn-1"')


def until_kept(act: Callable[[], None], address: str, seen: Locator) -> None:
    """Do something that the browser keeps, until the page opened next shows it.

    On a loaded machine Chromium loses 1 of 50 values stored by a page on disk, also a
    second after they were stored, and with nothing but `localStorage.setItem` in it.
    """
    for _ in range(4):
        act()
        seen.page.wait_for_timeout(300)
        seen.page.goto(address)
        if seen.is_visible():
            break
    expect(seen).to_be_visible()


def test_the_book_opens_at_its_first_page(reader: Page):
    reader.goto(on_disk("index.html"))
    reader.wait_for_url("**/chapters/index.html")
    expect(reader.locator("article h1")).to_be_visible()


def test_there_are_tabs_and_sliders_to_test():
    assert len(WITH_TABS) >= 2
    assert len(WITH_SLIDERS) >= 2


def panels(page: Page, framework: str) -> list[bool]:
    """Return for each panel of a framework whether it is seen."""
    selector = f".framework-panel[data-framework={framework}]"
    return [panel.is_visible() for panel in page.locator(selector).all()]


def test_keras_chosen_on_one_page_is_shown_on_the_next(reader: Page):
    first, second = WITH_TABS[:2]
    reader.goto(on_disk(first))
    assert all(panels(reader, "pytorch"))
    assert not any(panels(reader, "keras"))

    def choose() -> None:
        reader.goto(on_disk(first))
        reader.get_by_role("tab", name="Keras").first.click()
        assert all(panels(reader, "keras"))
        assert not any(panels(reader, "pytorch"))

    keras = reader.get_by_role("tab", name="Keras", selected=True)
    until_kept(choose, on_disk(second), keras.first)
    assert all(panels(reader, "keras"))
    assert not any(panels(reader, "pytorch"))
    for tab in reader.get_by_role("tab", name="Keras").all():
        expect(tab).to_have_attribute("aria-selected", "true")


def test_tabs_are_used_by_keyboard(reader: Page):
    reader.goto(on_disk(WITH_TABS[0]))
    tab = reader.get_by_role("tab", name="PyTorch").first
    tab.focus()
    reader.keyboard.press("ArrowRight")
    keras = reader.get_by_role("tab", name="Keras").first
    expect(keras).to_be_focused()
    expect(keras).to_have_attribute("aria-selected", "true")
    assert all(panels(reader, "keras"))
    reader.keyboard.press("Home")
    expect(tab).to_be_focused()
    assert all(panels(reader, "pytorch"))
    reader.keyboard.press("End")
    reader.keyboard.press("ArrowRight")  # from the last to the first
    expect(tab).to_be_focused()


def test_the_tab_under_the_pointer_stays_where_it_is(reader: Page):
    reader.goto(on_disk(WITH_TABS[0]))
    tab = reader.get_by_role("tab", name="Keras").last
    tab.scroll_into_view_if_needed()
    before = tab.bounding_box()
    tab.click()
    after = tab.bounding_box()
    assert before is not None
    assert after is not None
    assert abs(before["y"] - after["y"]) < 2


def test_a_pitfall_is_found_by_what_one_sees(reader: Page):
    reader.goto(on_disk("chapters/appendix/pitfalls.html"))
    rows = reader.locator(".pitfall-table tbody tr")
    everything = rows.count()
    field = reader.get_by_label("Show rows with these words")
    field.fill("NAN loss")
    shown = [row for row in rows.all() if row.is_visible()]
    assert 0 < len(shown) < everything
    for row in shown:
        assert "nan" in row.inner_text()
        assert "loss" in row.inner_text()
    expect(reader.locator(".table-filter [role=status]")).to_have_text(
        f"{len(shown)} of {everything}"
    )
    field.fill("")
    assert all(row.is_visible() for row in rows.all())
    name = rows.first.get_by_role("link").inner_text()
    rows.first.get_by_role("link").click()
    heading = reader.locator("section:target > :is(h2, h3)")
    assert heading.inner_text().startswith(name)


def test_another_window_of_the_book_follows(reader: Page):
    reader.goto(on_disk(WITH_TABS[0]))
    other = reader.context.new_page()
    other.goto(on_disk(WITH_TABS[1]))
    other.get_by_role("tab", name="Keras").first.click()
    expect(reader.get_by_role("tab", name="Keras").first).to_have_attribute(
        "aria-selected", "true"
    )


def test_both_frameworks_are_read_without_scripts_and_on_paper(
    new_context: Callable[..., BrowserContext], reader: Page
):
    plain = new_context(java_script_enabled=False).new_page()
    plain.goto(on_disk(WITH_TABS[0]))
    reader.goto(on_disk(WITH_TABS[0]))
    reader.emulate_media(media="print")
    for page in (plain, reader):
        for framework in ("pytorch", "keras"):
            assert all(panels(page, framework))
        assert page.locator(".framework-name").first.is_visible()
        assert not page.locator(".framework-tablist").first.is_visible()


def test_sliders_work_from_disk(reader: Page):
    reader.goto(on_disk(WITH_SLIDERS[0]))
    assert try_sliders(reader) == []


def test_a_page_prints_whole_and_light(new_context: Callable[..., BrowserContext]):
    pypdf = pytest.importorskip("pypdf")
    name = next(n for n in WITH_SLIDERS if "folded" in (SITE / n).read_text("utf-8"))
    page = new_context(viewport=WIDE, color_scheme="dark").new_page()
    page.goto(on_disk(name))
    values = page.locator(".book-explore-values").all_text_contents()
    folds = page.locator("details.folded")
    code = folds.last.locator(".cell_input pre").first.text_content().splitlines()
    lines = ["".join(line.split()) for line in code if line.isascii() and line.strip()]
    assert not folds.last.get_attribute("open")
    printed = pypdf.PdfReader(io.BytesIO(page.pdf(format="A4")))
    text = "".join(sheet.extract_text() for sheet in printed.pages)
    text = "".join(unicodedata.normalize("NFKC", text).split())  # no ligatures
    assert values
    assert [value for value in values if "".join(value.split()) not in text] == []
    assert "Showthe" not in text, "a printed fold offers to open"
    assert lines
    assert [line for line in lines if line not in text] == [], "a fold printed empty"
    assert not folds.last.get_attribute("open"), "folds are closed again"
    page.emulate_media(media="print")
    assert not page.locator("input[type=range]").first.is_visible()
    colour = "getComputedStyle(document.querySelector('section section p')).color"
    assert page.evaluate(colour) == "rgb(29, 36, 48)"
    code = "getComputedStyle(document.querySelector('.cell_input .highlight'))"
    assert page.evaluate(f"{code}.backgroundColor") == "rgba(0, 0, 0, 0)"


def test_a_check_prints_its_line_and_not_its_code(reader: Page):
    reader.goto(on_disk(having('<details class="checked">')[0]))
    check = reader.locator("details.checked").first
    code = check.locator(".cell_input")
    for opened in ("false", "true"):
        check.evaluate(f"(fold) => {{ fold.open = {opened}; }}")
        reader.emulate_media(media="screen")
        assert code.is_visible() == (opened == "true")
        reader.emulate_media(media="print")
        assert check.locator("summary").is_visible()
        assert not code.is_visible()
    check.evaluate("(fold) => { fold.open = false; }")
    reader.evaluate("dispatchEvent(new Event('beforeprint'))")
    assert check.get_attribute("open") is None


def test_the_contents_show_where_a_jump_led(reader: Page):
    name = having('class="eqno"')[0]
    marked = reader.locator("#pst-page-toc-nav a[aria-current]")
    reader.goto(on_disk(name))
    section = """(box) => box.closest("section").querySelector("h1, h2, h3, h4").id
      || box.closest("section").id"""
    for equation in reader.locator(".math[id^=equation]").all():
        place = equation.get_attribute("id")
        here = equation.evaluate(section)
        reader.goto("about:blank")
        reader.goto(f"{on_disk(name)}#{place}")
        expect(marked).to_have_attribute("href", f"#{here}")
    links = reader.locator("#pst-page-toc-nav > ul > li > a")
    for link in links.all():
        link.click()
        expect(marked).to_have_attribute("href", link.get_attribute("href"))
        reader.wait_for_timeout(200)  # the theme has had its say
        expect(marked).to_have_attribute("href", link.get_attribute("href"))
    reader.keyboard.press("Control+Home")
    expect(marked).to_have_count(0)


def test_search_finds_a_word(reader: Page):
    reader.goto(on_disk("search.html") + "?q=gradient")
    results = reader.locator("#search-results li a")
    expect(results.first).to_be_visible(timeout=10_000)
    assert results.count() >= 2
    results.first.click()
    reader.wait_for_url("**/chapters/**")


@pytest.mark.parametrize(
    ("query", "title", "where"),
    [
        ("nan", r".", "Pitfall"),
        ("GELU", r"GELU", ""),
        ("regularization", r"[Rr]egularis", ""),
        ("梯度", r"^gradient 梯度", "Term · Glossary"),
        ("learning rate", r"[Ll]earning rate", ""),
        ("OneCycleLR", r".", ""),
    ],
)
def test_search_leads_to_the_section(query: str, title: str, where: str, reader: Page):
    reader.goto(on_disk("search.html") + f"?q={query}")
    first = reader.locator("#search-results li").first
    expect(first).to_be_visible(timeout=10_000)
    link = first.locator("a")
    assert re.search(title, link.inner_text())
    assert where in first.locator(".where").inner_text()
    assert first.locator(".where").inner_text(), "a result says its page"
    name, _, place = link.get_attribute("href").partition("#")
    assert f'id="{place}"' in (SITE / name).read_text("utf-8")


def test_chinese_names_are_told_apart(reader: Page):
    reader.goto(on_disk("search.html") + "?q=网络")
    titles = reader.locator("#search-results li a").all_inner_texts()
    assert len(set(titles)) == len(titles) >= 5


def test_the_search_dialog_opens_by_key_and_leads_to_results(reader: Page):
    reader.goto(on_disk(CHAPTERS[0]))
    reader.keyboard.press("Control+k")
    field = reader.locator("#pst-search-dialog input")
    expect(field).to_be_focused()
    field.fill("gradient")
    field.press("Enter")
    reader.wait_for_url("**/search.html?q=gradient")
    expect(reader.locator("#search-results li a").first).to_be_visible(timeout=10_000)


def test_colours_are_switched_and_kept(reader: Page):
    theme = "document.documentElement.dataset.theme"
    reader.goto(on_disk(CHAPTERS[0]))
    assert reader.evaluate(theme) == "light"
    button = reader.locator(".theme-switch-button").first
    for _ in range(3):
        button.click()
        if reader.evaluate(theme) == "dark":
            break
    assert reader.evaluate(theme) == "dark"
    dark = reader.evaluate("getComputedStyle(document.body).backgroundColor")
    reader.goto(on_disk(CHAPTERS[1]))
    assert reader.evaluate(theme) == "dark"
    assert reader.evaluate("getComputedStyle(document.body).backgroundColor") == dark


@pytest.mark.parametrize("turned", [True, False])
def test_drawings_follow_the_dark_and_photographs_do_not(turned: bool, reader: Page):
    kind = "line-art book-" if turned else "book-figure"
    reader.goto(on_disk(having(f'class="{kind}')[0]))
    image = f"document.querySelector('figure[class^=\"{kind}\"] img')"
    colours = f"getComputedStyle({image}).filter"
    assert reader.evaluate(colours) == "none"
    reader.evaluate("document.documentElement.dataset.theme = 'dark'")
    assert ("invert" in reader.evaluate(colours)) == turned
    reader.emulate_media(media="print")
    assert reader.evaluate(colours) == "none"


CARDS = [
    ('href="../../appendix/glossary.html#term-', "article a[href*='#term-']", "p b"),
    ('href="#equation-', "article a.reference[href^='#equation-']", ".katex"),
    ('class="bibtex-citation"', ".bibtex-citation a", "p"),
]


@pytest.mark.parametrize(("mark", "link", "inside"), CARDS)
def test_a_link_shows_a_card(mark: str, link: str, inside: str, reader: Page):
    reader.goto(on_disk(having(mark)[0]))
    link, card = reader.locator(link).first, reader.locator(".book-card")
    link.hover()
    expect(card.locator(inside).first).to_be_visible()
    assert card.locator("a, [id]").count() == 0
    card.hover()  # the pointer may go into it
    reader.wait_for_timeout(300)
    expect(card).to_be_visible()
    reader.keyboard.press("Escape")
    expect(card).not_to_be_visible()
    link.focus()
    expect(card).to_be_visible()
    expect(link).to_have_attribute("aria-describedby", card.get_attribute("id"))
    link.blur()
    expect(card).not_to_be_visible()


def test_a_tap_shows_a_card_and_the_next_one_follows(
    new_context: Callable[..., BrowserContext],
):
    name = having(CARDS[0][0])[0]
    context = new_context(viewport=PHONE, has_touch=True, is_mobile=True)
    page = context.new_page()
    page.goto(on_disk(name))
    card = page.locator(".book-card")
    for link in page.locator("article a[href*='#term-']").all()[:4]:
        link.tap()
        expect(card).to_be_visible()
        there, here = card.bounding_box(), link.bounding_box()
        assert there["x"] >= 0
        assert there["x"] + there["width"] <= PHONE["width"]
        assert (
            there["y"] >= here["y"] + here["height"]
            or there["y"] + there["height"] <= here["y"]
        ), "a card covers its link"
    link.tap()
    page.wait_for_url("**/glossary.html#term-*")


def test_the_menus_open_on_a_phone(new_context: Callable[..., BrowserContext]):
    page = new_context(viewport={"width": 390, "height": 844}).new_page()
    page.goto(on_disk(WITH_TABS[0]))
    chapters = page.locator("nav.bd-docs-nav").first
    expect(chapters).not_to_be_in_viewport()
    page.get_by_role("button", name="Chapters").click()
    entries = chapters.locator("a.reference.internal")
    expect(entries.first).to_be_in_viewport()
    # However long the list of chapters grows, its end can be reached.
    entries.last.scroll_into_view_if_needed()
    expect(entries.last).to_be_in_viewport()
    page.keyboard.press("Escape")
    page.get_by_role("button", name="On this page").click()
    link = page.locator("#pst-secondary-sidebar-modal a.nav-link").first
    expect(link).to_be_in_viewport()


def test_code_can_be_copied(reader: Page):
    reader.goto(on_disk(WITH_TABS[0]))
    cells = reader.locator("div.cell_input").count()
    buttons = reader.locator("div.cell_input button.copybtn")
    expect(buttons).to_have_count(cells)
    expect(reader.get_by_role("button", name="Copy").first).to_be_attached()


def test_equations_are_numbered_and_referred_to(reader: Page):
    name = having('class="eqno"')[0]
    reader.goto(on_disk(name))
    numbers = reader.locator(".eqno").all_inner_texts()
    assert len(numbers) == len(set(numbers))
    link = reader.locator("main a[href*='#equation-']").first
    assert link.inner_text().strip("()") in " ".join(numbers)


# --- exercises answered on their page -------------------------------------------------


def test_an_answer_is_judged_and_its_mark_stays(reader: Page):
    (name,) = WITH_ANSWERS
    reader.goto(on_disk(name))
    form = reader.locator('form.answer[data-id="cnn-1"]')
    field = form.get_by_label("Answer here: four whole numbers")
    heading = reader.get_by_role("heading", name="1. Four sizes")
    field.focus()
    reader.keyboard.type("28, 27, 7, 8")
    reader.keyboard.press("Enter")
    hint = "Not yet. (b) is not 27: pooling windows lie side by side"
    expect(form.get_by_role("status")).to_contain_text(hint)
    expect(field).to_have_attribute("aria-invalid", "true")
    expect(heading.locator(".answered-mark")).to_have_count(0)

    def answer() -> None:
        reader.goto(on_disk(name))
        field.fill("28, 14, 7, 8")
        reader.keyboard.press("Tab")
        button = form.get_by_role("button", name="Check exercise cnn-1")
        expect(button).to_be_focused()
        reader.keyboard.press("Enter")
        expect(form.get_by_role("status")).to_contain_text("Right.")
        expect(field).to_have_attribute("aria-invalid", "false")

    until_kept(answer, on_disk(name), heading.get_by_role("img", name="answered"))
    cnn = reader.locator('[data-exercises~="cnn-1"]')
    until_kept(lambda: None, on_disk("chapters/index.html"), cnn)
    expect(cnn).to_have_text("✓ 1 of 6 pencil exercises answered")
    expect(reader.locator('[data-exercises~="gan-1"]')).to_be_hidden()


def test_a_choice_is_made_and_judged_with_the_keyboard(reader: Page):
    reader.set_viewport_size({"width": 390, "height": 844})
    reader.goto(on_disk("chapters/vision/cnn/kernel.html"))
    form = reader.locator('form.answer[data-id="cnn-8"]')
    status = form.get_by_role("status")
    heading = reader.get_by_role("heading", name="8. Two small ones")
    form.get_by_label("(a) The weights of the two").focus()
    reader.keyboard.type("18")
    reader.keyboard.press("Tab")
    reader.keyboard.type("25")
    reader.keyboard.press("Enter")
    expect(status).to_have_text("Choose an answer for (c) first.")
    reader.keyboard.press("Tab")
    group = form.get_by_role("group", name="(c) With C = 1 and nothing in between")
    options = group.get_by_role("radio")
    expect(options).to_have_count(4)
    expect(options.first).to_be_focused()
    reader.keyboard.press("ArrowDown")
    expect(group.get_by_role("radio", name="b Yes, since both")).to_be_checked()
    reader.keyboard.press("Enter")
    expect(status).to_have_text(re.compile("^Not yet. .c. is not b: so each is a"))
    expect(heading.locator(".answered-mark")).to_have_count(0)
    reader.keyboard.press("ArrowDown")
    reader.keyboard.press("ArrowDown")
    reader.keyboard.press("Enter")
    expect(status).to_contain_text("Right.")
    expect(heading.get_by_role("img", name="answered")).to_be_visible()
    wide = form.evaluate("(form) => form.scrollWidth - form.clientWidth")
    assert wide <= 0, f"the form is {wide} pixels too wide for a phone"


def test_code_goes_on_from_sheet_to_sheet(reader: Page):
    reader.goto(on_disk("chapters/practice/workflow/errors.html"))
    reader.emulate_media(media="print")
    boxes = reader.locator("div.cell_input, div.cell_input pre")
    ways = boxes.evaluate_all(
        """(boxes) => boxes.filter((box) => box.checkVisibility()).map((box) => {
          const style = getComputedStyle(box);
          return [style.display, style.overflowX, style.breakInside].join(" ");
        })"""
    )
    assert set(ways) == {"block visible auto"}, "such a box is moved as a whole"


def test_what_the_form_says_stands_once_on_the_screen(reader: Page):
    reader.goto(on_disk("chapters/vision/cnn/kernel.html"))
    told = reader.locator(".cell:has(+ form[data-id='cnn-8']) .cell_output")
    expect(told).to_be_hidden()
    reader.emulate_media(media="print")
    expect(told).to_be_visible()


def test_an_answer_is_judged_where_the_browser_keeps_nothing(reader: Page):
    reader.add_init_script(
        """Object.defineProperty(window, "localStorage", {
          configurable: true, get() { throw new Error("blocked"); } })"""
    )
    reader.goto(on_disk(WITH_ANSWERS[0]))
    form = reader.locator('form.answer[data-id="cnn-1"]')
    form.locator("input").fill("28 14 7 8")
    form.get_by_role("button").click()
    expect(form.get_by_role("status")).to_contain_text("Right.")
    expect(reader.locator("h3 .answered-mark")).to_have_count(1)


def test_paper_has_no_field_for_an_answer(reader: Page):
    reader.goto(on_disk(WITH_ANSWERS[0]))
    form = reader.locator('form.answer[data-id="cnn-1"]')
    expect(form).to_be_visible()
    reader.emulate_media(media="print")
    expect(form).to_be_hidden()


def test_the_first_paint_lays_out_what_is_in_sight(browser: Browser, address: str):
    note = "document.addEventListener('DOMContentLoaded', () => { window.first = "
    note += "document.documentElement.classList.contains('first-paint'); });"
    context = browser.new_context()  # not cut off from the site's address
    page = context.new_page()
    page.add_init_script(note)
    heights = []
    for anchor, first in (("", True), ("#summary", False)):
        page.goto("about:blank")
        page.goto(f"{address}/{pages()[2]}{anchor}")
        assert page.evaluate("window.first") is first
        expect(page.locator("html.first-paint")).to_have_count(0)
        heights.append(page.evaluate("document.documentElement.scrollHeight"))
    context.close()
    assert heights[0] == heights[1], "the rest should be laid out after the paint"


def test_nothing_moves_when_the_fonts_of_formulas_come_late(
    browser: Browser, address: str
):
    context = browser.new_context(viewport=WIDE)
    context.add_init_script(WATCH_SHIFTS)
    page = context.new_page()
    held = []

    def hold(route: Route) -> None:
        held.append(route.request.url)
        page.wait_for_timeout(300)
        route.continue_()

    page.route("**/KaTeX_Main-Regular.woff2", hold)
    page.goto(f"{address}/chapters/sequences/transformer/block.html")
    page.wait_for_load_state("load")
    page.evaluate(FONTS_THERE)
    expect(page.locator("html.letters-to-come")).to_have_count(0)
    page.wait_for_timeout(500)
    moved = page.evaluate("window.shift")
    context.close()
    assert held
    assert moved <= SHIFT


def test_an_equation_that_a_late_font_widens_is_reached_by_keyboard(reader: Page):
    reader.goto(on_disk("chapters/foundations/backprop/checking.html"))
    expect(reader.locator(".math-scroll[data-scroll-name]").first).to_be_attached()
    box = reader.locator(".math-scroll:not([tabindex])").first.element_handle()
    assert box, "no equation fits"
    box.evaluate("(box) => { box.firstElementChild.style.paddingLeft = '3000px'; }")
    reader.evaluate("document.fonts.dispatchEvent(new Event('loadingdone'))")
    assert box.evaluate("(box) => box.tabIndex") == 0
