"""The first page's picture shows what its caption and its alternative texts say."""

from __future__ import annotations

import base64
import io
import json
import re

import pytest
from PIL import Image

from tools import front_figures
from tools.front_figures import FOLDER, LAYERS, STEPS


@pytest.fixture(scope="module")
def plane() -> str:
    return (FOLDER / "plane.html").read_text(encoding="utf-8")


@pytest.fixture(scope="module")
def frames(plane: str) -> list[dict[str, str]]:
    found = re.search(r'<script type="application/json">(.*?)</script>', plane, re.S)
    assert found
    return json.loads(found[1])["frames"]


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
