"""What the build makes of pictures: files, addresses, mathematics, missing words."""

import base64
import io
import json
import re
import sys
from pathlib import Path

import matplotlib as mpl
import matplotlib.pyplot as plt
import nbformat
import pytest
from nbformat.v4 import new_code_cell, new_markdown_cell, new_notebook, new_output

from utils import plots
from utils.explore import SAVED_STYLE, Explore, explore

mpl.use("agg")
ROOT = Path(__file__).resolve().parents[1]
PIXEL = (
    "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9"
    "awAAAABJRU5ErkJggg=="
)


def draw(n):
    fig, ax = plt.subplots(figsize=(2, 1))
    ax.axis("off")
    ax.text(0.2, 0.5, str(n))
    return fig


def output_of(item):
    if isinstance(item, Explore):
        return new_output("display_data", {"text/html": SAVED_STYLE + item.html})
    bundle = item if isinstance(item, dict) else item._repr_mimebundle_()
    return new_output("execute_result", bundle, execution_count=1)


def write(path, *cells):
    book = new_notebook(cells=[new_markdown_cell("# Title"), *cells])
    book.metadata["language_info"] = {"name": "python"}
    path.parent.mkdir(parents=True, exist_ok=True)
    nbformat.write(book, path)


def cell(id, item):
    return new_code_cell("1", id=id, execution_count=1, outputs=[output_of(item)])


def write_project(source):
    shown = plots.show(draw(0), alt="A nought.", caption="Less: $a<b$, `$HOME`.")
    explored = explore(draw, alt="A number", caption="Pick.", n=[1, 2, 3])
    write(
        source / "part" / "good.ipynb",
        cell("one", shown),
        cell("two", explored),
        cell("three", explored),
        cell("table", {"text/html": "<table><tr><td>1</td></tr></table>"}),
    )
    write(
        source / "bad.ipynb",
        new_markdown_cell("![](pixel.png)", id="words"),
        cell("plain", {"image/png": PIXEL, "text/plain": "<Figure>"}),
        cell("raw", {"text/html": f'<img src="data:image/png;base64,{PIXEL}">'}),
        cell("mute", {"text/html": explored.html.replace("A number (n = 2)", "")}),
    )
    (source / "pixel.png").write_bytes(base64.b64decode(PIXEL))
    (source / "index.md").write_text(
        "# Index\n\n```{toctree}\npart/good\nbad\n```\n\n![A dot](pixel.png)\n\n"
        "Text\n\n![pixel](pixel.png)\n\n"
        '<svg role="img"><path d="M0 0"/></svg>\n\n'
        "<svg><title>A path</title></svg>\n\n"
        '<svg aria-label="A path"></svg>\n\n<svg aria-hidden="true"></svg>\n',
        encoding="utf-8",
    )
    (source / "conf.py").write_text(
        'extensions = ["myst_nb", "alt_guard", "book_outputs"]\n'
        'nb_execution_mode = "off"\n'
        'nb_mime_priority_overrides = [["html", "text/html", 0]]\n'
        'html_theme = "basic"\n',
        encoding="utf-8",
    )


@pytest.fixture(scope="module")
def site(tmp_path_factory):
    """Build a tiny book; return its folder, its warnings and its exit status."""
    from sphinx.application import Sphinx
    from sphinx.util.docutils import docutils_namespace

    root = tmp_path_factory.mktemp("book")
    source, out = root / "source", root / "html"
    source.mkdir()
    write_project(source)
    warnings = io.StringIO()
    sys.path.insert(0, str(ROOT / "_ext"))
    try:
        with docutils_namespace():
            app = Sphinx(
                source,
                source,
                out,
                root / "doctrees",
                "html",
                status=None,
                warning=warnings,
                warningiserror=True,
                keep_going=True,
            )
            app.build()
    finally:
        sys.path.remove(str(ROOT / "_ext"))
    text = re.sub(r"\x1b\[[\d;]*m", "", warnings.getvalue())
    return out, text, app.statuscode


@pytest.fixture(scope="module")
def page(site):
    return (site[0] / "part" / "good.html").read_text(encoding="utf-8")


def test_every_picture_is_a_file_beside_the_page(site, page):
    out, _, _ = site
    assert "data:image" not in page
    sources = re.findall(r'<img[^>]* src="([^"]+)"', page)
    for block in re.findall(r'application/json">(.*?)</script>', page, re.DOTALL):
        sources += [f["src"] for f in json.loads(block)["frames"] if f["src"]]
    assert len(sources) == 3 + 2 * 2
    for address in sources:
        assert address.startswith("../_images/part-good-")
        file = (out / "part" / address).resolve()
        assert file.suffix == ".webp"
        assert file.read_bytes()[8:12] == b"WEBP"
    assert len(list((out / "_images").glob("part-good-*"))) == 4  # each once


def test_pictures_load_late_and_move_nothing(page):
    tags = re.findall(r"<img[^>]*>", page)
    assert [("lazy" in tag) for tag in tags] == [False, True, True]
    assert all('width="192" height="96"' in tag for tag in tags)
    assert all('alt="A n' in tag for tag in tags)
    figures = re.findall(r"<figure.*?</figure>", page, re.DOTALL)
    for figure in figures:  # the other styles are for Jupyter
        assert re.findall(r'style="([^"]*)"', figure) == ["min-inline-size: 130px"]
    assert "jp-OutputArea" not in page


def test_captions_hold_mathematics_and_code(page):
    assert r"\(a&lt;b\)" in page
    assert "<code>$HOME</code>" in page
    # Nothing is opened inside the caption and left to the browser to close.
    caption = re.search(r"<figcaption>Less.*?</figcaption>", page, re.DOTALL)[0]
    assert caption.count("<div") == caption.count("</div")


def test_ids_stay_apart_when_a_figure_comes_twice(page):
    ids = re.findall(r'\bid="(explore-[^"]+)"', page)
    assert len(ids) == len(set(ids)) == 2
    assert re.findall(r'<label for="([^"]+)"', page) == ids
    # For links and a page's address: made of the ids of the cells.
    assert re.findall(r'<figure id="([^"]+)"', page) == [
        "figure-one",
        "figure-two",
        "figure-three",
    ]


def test_script_and_style_sheet_are_in_the_site(site, page):
    for name in ("explore.js", "explore.css"):
        assert (site[0] / "_static" / name).is_file()
        assert f"../_static/{name}" in page


@pytest.mark.parametrize(
    "message",
    [
        r"bad.ipynb: WARNING: cell 2 (words): image pixel.png has no alt text",
        r"bad.ipynb: WARNING: cell 3 (plain): an output is a plain image that has no "
        r"alt text; end the cell with plots.show(",
        r"bad.ipynb: WARNING: cell 4 (raw): <img> has no alt text; end the cell",
        r"bad.ipynb: WARNING: cell 5 (mute): of 3 frames, 1 have no alt text",
        r"index.md:12: WARNING: image pixel.png has a file name for an alt text: "
        r"'pixel'",
        r"index.md:14: WARNING: an inline <svg> has neither",
    ],
)
def test_pictures_without_words_fail_the_build(site, message):
    _, warnings, status = site
    assert message in warnings
    assert status == 1


def test_nothing_else_is_warned_of(site):
    _, warnings, _ = site
    assert warnings.count("WARNING") == 6, warnings
    assert "good" not in warnings
