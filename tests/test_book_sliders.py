"""The sliders of all chapters: each position shows something of its own."""

import base64
import io
import itertools
import json
import re

import nbformat
import numpy as np
import pytest
from PIL import Image

from tools import sliders
from tools.contents import short_name
from tools.notebooks import chapters
from utils.explore import SAVED_STYLE

# Frames that may look alike, by chapter and cell, and why.
ALIKE = {
    (
        "sequences/attention",
        "see-explore",
    ): "a query of length 0 is near to none",
    ("vision/cnn", "receptive-explore"): "one layer with dilation 1 is one plain layer",
    ("vision/transfer_learning", "augment-explore"): "mirrored or not: no strength",
}
WORDS = re.compile(r'data-values="([^"]*)"|<option |type="radio"')
CONTROL = re.compile(r'<div class="book-explore-control".*?</div>', re.DOTALL)


def explores():
    """Return the output of each explore in the book, named by section and cell."""
    found = []
    for path in chapters():
        for cell in nbformat.read(path, as_version=4).cells:
            for output in cell.get("outputs", ()):
                if sliders.is_explore(output):
                    name = f"{short_name(path)}-{cell.id}"
                    found.append(pytest.param(output, id=name))
    return found


EXPLORES = explores()


def sizes(page):
    """Return how many values each control has."""
    return [
        len(json.loads(found.replace("&quot;", '"')))
        if (found := WORDS.search(control)[1])
        else len(WORDS.findall(control))
        for control in CONTROL.findall(page)
    ]


def pictures(page):
    """Return a fingerprint of each frame as a reader sees it."""
    start = base64.b64decode(sliders.WEBP.search(page)[1])
    blank = np.asarray(Image.open(io.BytesIO(start)).convert("RGB"))
    script = re.search(r'application/json">(.*?)</script>', page, re.DOTALL)[1]
    seen = []
    for frame in json.loads(script)["frames"]:
        if not frame["src"]:
            seen.append(hash(blank.tobytes()))
            continue
        data = base64.b64decode(frame["src"].partition(",")[2])
        layer = np.asarray(Image.open(io.BytesIO(data)).convert("RGBA"))
        shown = np.where(layer[..., 3:] > 0, layer[..., :3], blank)
        seen.append(hash(shown.tobytes()))
    return seen


def faults(page):
    """Return positions at which a control changes nothing, and frames that repeat."""
    shape = sizes(page)
    seen = np.array(pictures(page)).reshape(shape)
    dead = [
        f"control {axis} changes nothing where the others are at {place}"
        for axis in range(seen.ndim)
        for place in itertools.product(*map(range, np.delete(shape, axis)))
        if len(set(np.moveaxis(seen, axis, -1)[place])) == 1
    ]
    twice = seen.size - len(set(seen.flat))
    return [*dead, *([f"{twice} frames show again what another shows"] * (twice > 0))]


@pytest.mark.parametrize("output", EXPLORES)
def test_every_position_shows_something_of_its_own(output, request):
    name = request.node.callspec.id
    if not any(name.startswith(a) and name.endswith(f"-{b}") for a, b in ALIKE):
        assert faults(output.data["text/html"]) == []


@pytest.mark.parametrize("output", EXPLORES)
def test_saved_sliders_have_the_form_that_stays(output):
    assert output.output_type == "display_data", (
        "this notebook was executed with an earlier version of utils.explore: "
        "run python -m tools.notebooks --stamp"
    )
    page = output.data["text/html"]
    assert page.startswith(SAVED_STYLE)
    assert "text/plain" in output.data


def picture(number):
    return np.full((4, 4, 3), number, dtype=np.uint8)


def page(numbers):
    """An explore's page with two controls of two values, and a frame for each pair."""
    uris = []
    for number in numbers:
        file = io.BytesIO()
        Image.fromarray(picture(number)).save(file, "WEBP", lossless=True)
        code = base64.b64encode(file.getvalue()).decode()
        uris.append(f"data:image/webp;base64,{code}")
    frames = [{"src": "", "alt": "1"}, *({"src": uri, "alt": "2"} for uri in uris[1:])]
    control = (
        '<div class="book-explore-control"><input data-values="[1, 2]"></div>\n' * 2
    )
    return (
        f'<figure class="book-explore"><img src="{uris[0]}">{control}'
        f'<script type="application/json">{json.dumps({"frames": frames})}</script>'
        "</figure>"
    )


@pytest.mark.parametrize(
    ("numbers", "found"),
    [
        ([1, 2, 3, 4], 0),
        ([1, 2, 3, 1], 1),  # a frame twice, and each control moves
        ([1, 1, 3, 4], 2),  # the second control is dead where the first is at 0
        ([1, 2, 1, 4], 2),  # the first is dead where the second is at 0
    ],
)
def test_planted_faults_are_found(numbers, found):
    assert len(faults(page(numbers))) == found
