"""Sliders in the built book: they play, and the page's address keeps their values."""

from __future__ import annotations

import io
import json
import re
import unicodedata
from collections.abc import Callable

import pytest
from playwright.sync_api import BrowserContext, Locator, Page, expect

from tests.site.test_reading import WITH_SLIDERS, on_disk


def first_played(page: Page) -> tuple[Locator, Locator, Locator]:
    """Open a page with a slider that plays; return its figure, slider and button."""
    for name in WITH_SLIDERS:
        page.goto(on_disk(name))
        figure = page.locator("figure.book-explore").filter(
            has=page.locator(".book-explore-play")
        )
        if figure.count():
            figure = figure.first
            figure.scroll_into_view_if_needed()
            button = figure.get_by_role("button").first
            row = figure.locator(".book-explore-control").filter(
                has=page.get_by_role("button")
            )
            return figure, row.first.locator("input[type=range]"), button
    pytest.fail("no slider of the book plays")


def test_a_slider_plays_to_its_end_and_stops(reader: Page):
    figure, slider, button = first_played(reader)
    last = slider.get_attribute("max")
    slider.press("Home")
    expect(slider).to_have_js_property("value", "0")
    label = button.get_attribute("aria-label")
    assert label.startswith("Play: ")
    button.focus()
    reader.keyboard.press("Enter")
    expect(button).to_have_attribute("aria-label", label.replace("Play", "Pause"))
    expect(button).to_have_attribute("aria-label", label, timeout=20_000)
    expect(slider).to_have_js_property("value", last)
    # A screen reader hears the last picture, and not every one on the way.
    status = figure.locator("[role=status]")
    expect(status).to_have_text(figure.locator("img").first.get_attribute("alt"))


def test_a_playing_slider_pauses(reader: Page):
    _, slider, button = first_played(reader)
    for pause in (lambda: button.press("Space"), lambda: slider.press("ArrowLeft")):
        slider.press("Home")
        button.click()
        expect(button).to_have_attribute("aria-label", re.compile("^Pause"))
        pause()
        expect(button).to_have_attribute("aria-label", re.compile("^Play"))
        value = slider.input_value()
        reader.wait_for_timeout(1000)
        assert slider.input_value() == value


def test_nothing_plays_where_motion_is_unwanted(
    new_context: Callable[..., BrowserContext], reader: Page
):
    first_played(reader)
    still = new_context(reduced_motion="reduce").new_page()
    still.goto(reader.url)
    assert still.locator(".book-explore-play").count()
    expect(still.locator(".book-explore-play").first).to_be_hidden()


def test_the_address_keeps_the_values(
    new_context: Callable[..., BrowserContext], reader: Page
):
    figure, slider, _ = first_played(reader)
    slider.press("End" if slider.input_value() == "0" else "Home")
    reader.wait_for_url("**#*:*=*")
    values = figure.locator(".book-explore-values").text_content()
    alt = figure.locator("img").first.get_attribute("alt")
    other = new_context().new_page()
    other.goto(reader.url)
    same = other.locator(f"#{figure.get_attribute('id')}")
    expect(same.locator(".book-explore-values")).to_have_text(values)
    expect(same.locator("img").first).to_have_attribute("alt", alt)
    expect(same).to_be_in_viewport()


@pytest.mark.parametrize("state", ["", ":", ":nothing=1", ":n=99&x"])
def test_an_address_of_no_state_is_an_anchor(reader: Page, state: str):
    figure, slider, _ = first_played(reader)
    address = f"{reader.url}#{figure.get_attribute('id')}{state}"
    start = slider.get_attribute("value")
    reader.goto("about:blank")
    reader.goto(address)
    expect(slider).to_have_js_property("value", start)
    assert reader.locator(".book-explore-controls").first.is_visible()


def printed(page: Page) -> tuple[str, int]:
    """Return the text of a page's PDF without spaces, and how many pictures it has."""
    pypdf = pytest.importorskip("pypdf")
    sheets = pypdf.PdfReader(io.BytesIO(page.pdf(format="A4"))).pages
    text = "".join(sheet.extract_text() for sheet in sheets)
    text = "".join(unicodedata.normalize("NFKC", text).split())  # no ligatures
    return text, sum(len(sheet.images) for sheet in sheets)


def test_paper_has_stills_of_both_ends(reader: Page):
    figure, _, _ = first_played(reader)
    text, with_stills = printed(reader)
    longest: tuple[str, list[str]] = ("", [])
    for control in figure.locator(".book-explore-control").all():
        values = control.locator("input[type=range]").get_attribute("data-values")
        name = control.locator("label").text_content()
        longest = max(longest, (name, json.loads(values)), key=lambda one: len(one[1]))
    name, words = longest
    for value in (words[0], words[-1]):
        still = unicodedata.normalize("NFKC", "".join(f"{name} = {value}".split()))
        assert still in text, f"no still with {name} = {value} on paper"
    expect(reader.locator(".book-explore-stills")).to_have_count(0)  # gone again
    reader.evaluate(
        "addEventListener('beforeprint', () => {"
        "  for (const row of document.querySelectorAll('.book-explore-stills'))"
        "    row.remove(); })"
    )
    _, without = printed(reader)
    figures = reader.locator("figure.book-explore").count()
    assert with_stills >= without + figures, f"{without} pictures, {with_stills}"


def test_stills_are_two_positions_that_the_picture_does_not_show(reader: Page):
    figure, slider, _ = first_played(reader)
    for key in ("Home", "End"):
        slider.press(key)
        reader.evaluate("dispatchEvent(new Event('beforeprint'))")
        shown = figure.locator(".book-explore-values").text_content()
        stills = figure.locator(".book-explore-stills p").all_text_contents()
        assert len({shown, *stills}) == 3, f"{shown}, and beside it {stills}"
        for image in figure.locator(".book-explore-stills img").all():
            expect(image).to_have_js_property("complete", value=True)
            assert image.evaluate("(one) => one.naturalWidth"), "a still is broken"
        reader.evaluate("dispatchEvent(new Event('afterprint'))")
        expect(figure.locator(".book-explore-stills")).to_have_count(0)
