"""Neighbouring PyTorch and Keras cells become one set of tabs; nothing else does."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from tests.book_builder import Built, build, code, markdown, notebook

TORCH = code("torch_one()", "pytorch", output="from torch\n")
TORCH_TOO = code("torch_two()", "pytorch")
KERAS = code("keras_one()", "keras", output="from keras\n")
PAGES = {
    "index": notebook(TORCH, TORCH_TOO, KERAS),
    "reversed": notebook(KERAS, TORCH),
    "lone": notebook(markdown("## One"), KERAS, markdown("between"), TORCH),
    "several": notebook(
        TORCH, KERAS, markdown("## Then"), TORCH, KERAS, code("x = 1"), TORCH, KERAS
    ),
    "folded": notebook(code("torch_three()", "pytorch", "hide-input"), KERAS),
}


@pytest.fixture(scope="module")
def book(tmp_path_factory: pytest.TempPathFactory) -> Built:
    folder: Path = tmp_path_factory.mktemp("tabs")
    return build(folder, {f"{name}.ipynb": text for name, text in PAGES.items()})


def panels(page: str) -> list[tuple[str, str]]:
    """Return the framework and the text of each panel."""
    found = re.split(r'<div class="framework-panel"', page)[1:]
    texts = (re.sub(r"<[^>]+>", "", part) for part in found)
    names = (re.search(r'data-framework="(\w+)"', part)[1] for part in found)
    return list(zip(names, texts, strict=True))


def test_the_build_is_clean(book: Built):
    assert book.status == 0, book.messages


def test_neighbours_share_a_set_with_their_outputs(book: Built):
    page = book.page("index")
    assert page.count('class="framework-tabs"') == 1
    (first, torch), (second, keras) = panels(page)
    assert (first, second) == ("pytorch", "keras")
    assert "torch_one" in torch
    assert "from torch" in torch
    assert "torch_two" in torch
    assert "keras_one" not in torch
    assert "keras_one" in keras
    assert "from keras" in keras


def test_pytorch_is_always_the_first_tab(book: Built):
    assert [name for name, _ in panels(book.page("reversed"))] == ["pytorch", "keras"]


def test_a_cell_without_its_counterpart_stays_as_it_is(book: Built):
    page = book.page("lone")
    assert "framework-tabs" not in page
    assert "keras_one" in page
    assert "torch_one" in page


def test_every_set_of_a_page_has_its_own_ids(book: Built):
    page = book.page("several")
    assert page.count('class="framework-tabs"') == 3
    ids = re.findall(r' id="(frameworks-[^"]+)"', page)
    assert len(ids) == len(set(ids)) == 12
    for panel, tab in re.findall(r'id="([^"]+)" aria-labelledby="([^"]+)"', page):
        if panel.startswith("frameworks-"):
            assert f'id="{tab}"' in page
            assert f'aria-controls="{panel}"' in page


def test_a_folded_cell_is_folded_inside_its_tab(book: Built):
    page = book.page("folded")
    (_, torch), _ = panels(page)
    assert "Show the code" in torch
    assert page.index('class="framework-panel"') < page.index('class="folded"')


def test_the_tabs_follow_the_pattern_for_tabs(book: Built):
    page = book.page("index")
    assert page.count('role="tablist"') == 1
    assert page.count('role="tab"') == 2
    assert page.count('role="tabpanel"') == 2
    assert page.count('aria-selected="true"') == 1
    assert page.count('tabindex="-1"') >= 1
