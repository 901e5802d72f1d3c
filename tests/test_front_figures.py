"""The first page's pictures are what the script makes, and their links lead on."""

from __future__ import annotations

import base64
import io
import json
import posixpath
import re
from html.parser import HTMLParser

import pytest
import yaml
from PIL import Image

from tools import front_figures
from tools.front_figures import FOLDER, HOME, LAYERS, ROOT, STEPS, STOPS


def pages_in_order() -> list[str]:
    toc = yaml.safe_load((ROOT / "_toc.yml").read_text(encoding="utf-8"))
    return [entry["file"] for part in toc["parts"] for entry in part["chapters"]]


@pytest.fixture(scope="module")
def plane() -> str:
    return (FOLDER / "plane.html").read_text(encoding="utf-8")


@pytest.fixture(scope="module")
def frames(plane: str) -> list[dict[str, str]]:
    found = re.search(r'<script type="application/json">(.*?)</script>', plane, re.S)
    assert found
    return json.loads(found[1])["frames"]


def links(fragment: str) -> list[dict[str, str | None]]:
    found = []

    class Links(HTMLParser):
        def handle_starttag(self, tag: str, attrs: list) -> None:
            if tag == "a":
                found.append(dict(attrs))

    Links().feed(fragment)
    return found


def test_the_committed_map_is_the_one_of_this_table_of_contents():
    committed = (FOLDER / "map.html").read_text(encoding="utf-8")
    assert committed == front_figures.chapter_map() + "\n", (
        "run: python -m tools.front_figures map"
    )


def test_each_drawing_of_the_map_links_every_page_once():
    for drawing in re.findall(r"<svg.*?</svg>", front_figures.chapter_map(), re.S):
        targets = [
            posixpath.normpath(posixpath.join(posixpath.dirname(HOME), link["href"]))
            for link in links(drawing)
        ]
        assert targets == [f"{page}.html" for page in pages_in_order()]


def test_every_link_of_the_map_says_where_it_leads():
    for link in links(front_figures.chapter_map()):
        page = posixpath.join(posixpath.dirname(HOME), link["href"])[: -len(".html")]
        assert front_figures.title_of(page) in link["aria-label"]


def test_the_first_page_lists_every_page_in_words():
    text = (ROOT / f"{HOME}.md").read_text(encoding="utf-8")
    listed = re.findall(r"^- \[\]\((\S+)\.(?:md|ipynb)\)", text, re.MULTILINE)
    folder = posixpath.dirname(HOME)
    assert [posixpath.join(folder, page) for page in listed] == pages_in_order()


def test_arrows_come_only_from_earlier_pages():
    pages = pages_in_order()
    for page in pages:
        for before in STOPS[page].needs:
            assert pages.index(before) < pages.index(page)


def test_a_page_that_is_not_on_the_map_is_named(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.delitem(STOPS, "chapters/setup")
    with pytest.raises(KeyError, match="chapters/setup is not on the map"):
        front_figures.chapter_map()


def test_the_plane_has_a_frame_for_every_step_and_layer(
    plane: str, frames: list[dict[str, str]]
):
    assert len(frames) == len(STEPS) * (LAYERS + 1)
    for step in STEPS:
        assert f'"{step}"' in plane.replace("&quot;", '"')
    texts = [frame["alt"] for frame in frames]
    assert len(set(texts)) == len(texts)
    for text, step in zip(texts[:: LAYERS + 1], STEPS, strict=True):
        assert f"trained for {step} steps" in text


def test_the_plane_is_a_set_of_pictures_of_one_size(
    plane: str, frames: list[dict[str, str]]
):
    pictures = re.findall(r"data:image/webp;base64,([A-Za-z0-9+/=]+)", plane)
    assert len(pictures) == len(frames)
    sizes = {Image.open(io.BytesIO(base64.b64decode(each))).size for each in pictures}
    assert len(sizes) == 1
    assert len(plane) < 900_000


def test_the_caption_is_true(frames: list[dict[str, str]]):
    """After training every point is on its side; before it, about half are."""
    shares = [
        int(right) / int(total)
        for frame in frames
        for right, total in re.findall(r"(\d+) of (\d+) points", frame["alt"])
    ]
    assert len(shares) == len(frames)
    assert 0.3 < shares[0] < 0.7
    assert shares[-1] == 1


def test_an_untrained_network_bends_nothing():
    network = front_figures.train(steps=(0, 2))
    points = front_figures.lattice(5)
    places, _ = front_figures.follow(network[0], points)
    assert abs(places - points).max() < 1e-6
    places, _ = front_figures.follow(network[2], points)
    assert abs(places[-1] - points).max() > 0
