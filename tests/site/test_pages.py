"""Each page in a browser: quiet, alone, whole, within its width, light, accessible."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from tests.site.visit import Visit
from tools.browser import pages

PAGES = pages()
LIMIT = 300_000  # bytes over the wire for a page without its figures
SHIFT = 0.01

each_page = pytest.mark.parametrize("name", PAGES)
Visited = Callable[[str], Visit]


@each_page
def test_a_page_is_quiet_and_asks_nobody(name: str, visited: Visited):
    assert visited(name).trouble == []
    assert visited(name).hollow == []


@each_page
def test_pictures_are_shown_in_their_own_proportions(name: str, visited: Visited):
    assert visited(name).stretched == []


@each_page
def test_the_fonts_of_mathematics_come_from_the_site(name: str, visited: Visited):
    seen = visited(name)
    assert [font for font in seen.fonts if font[1] == "error"] == []
    if seen.formulas:
        assert ("KaTeX_Main", "loaded") in seen.fonts


@each_page
def test_nothing_sticks_out_on_a_phone(name: str, visited: Visited):
    assert {k: v for k, v in visited(name).sticking_out.items() if v} == {}


@each_page
def test_nothing_moves_while_a_page_loads(name: str, visited: Visited):
    assert visited(name).shift <= SHIFT


@each_page
def test_a_page_without_its_figures_is_light(name: str, visited: Visited):
    weight = visited(name).weight
    assert weight.bytes - weight.figures < LIMIT
    assert weight.requests - (weight.figures > 0) < 40


@each_page
def test_every_slider_changes_its_picture(name: str, visited: Visited):
    assert visited(name).dead_sliders == []


@each_page
def test_axe_finds_no_violation(name: str, visited: Visited):
    assert {k: v for k, v in visited(name).violations.items() if v} == {}


@each_page
def test_wide_equations_can_be_scrolled_by_keyboard(name: str, visited: Visited):
    assert visited(name).unreached == []


@each_page
def test_lines_are_short_and_code_is_large_enough(name: str, visited: Visited):
    assert visited(name).hard_to_read == []


@each_page
def test_what_a_phone_cuts_wraps_or_shows_that_it_scrolls(name: str, visited: Visited):
    assert visited(name).cut == []


@each_page
def test_figures_are_read_on_a_phone(name: str, visited: Visited):
    assert visited(name).bad_figures == []
