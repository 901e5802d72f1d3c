"""Pictures: their words, their size, their bytes, and the plots that chapters share."""

import base64
import io
import re
from html.parser import HTMLParser

import matplotlib as mpl
import matplotlib.pyplot as plt
import numpy as np
import pytest
from PIL import Image

from utils import plots

mpl.use("agg")


@pytest.fixture(autouse=True)
def _no_figure_is_left():
    yield
    plt.close("all")


def line_figure():
    fig, ax = plt.subplots(figsize=(6.4, 3.6))
    ax.plot(np.sin(np.linspace(0, 9, 50)), label="sine")
    ax.set_xlabel("step")
    ax.legend()
    return fig


class Tags(HTMLParser):
    """Collect (tag, attributes) of a piece of HTML."""

    def __init__(self, text):
        super().__init__()
        self.found = []
        self.feed(text)

    def handle_starttag(self, tag, attrs):
        self.found.append((tag, dict(attrs)))

    def one(self, tag):
        (attributes,) = [found for name, found in self.found if name == tag]
        return attributes


def decoded(uri):
    head, payload = uri.split(",")
    assert head == "data:image/webp;base64"
    return Image.open(io.BytesIO(base64.b64decode(payload)))


def test_show_gives_a_figure_element_of_known_size():
    fig = line_figure()
    picture = plots.show(fig, alt="A sine wave.", caption="Drawn with `plot`.")
    assert not plt.get_fignums()  # closed, so that Jupyter does not show it twice
    bundle = picture._repr_mimebundle_()
    assert bundle["text/plain"] == "A sine wave."
    tags = Tags(bundle["text/html"])
    assert tags.one("figure")["class"] == "book-figure"
    image = tags.one("img")
    assert image["alt"] == "A sine wave."
    assert (image["width"], image["height"]) == ("614", "346")
    assert decoded(image["src"]).width == pytest.approx(2 * 614, abs=2)
    assert "<figcaption>Drawn with <code>plot</code>.</figcaption>" in picture.html


def test_words_are_escaped():
    html = plots.show(line_figure(), alt='a < "b"', caption="x < y & $a<b$").html
    assert Tags(html).one("img")["alt"] == 'a < "b"'
    assert "<figcaption>x &lt; y &amp; $a&lt;b$</figcaption>" in html


def test_no_caption_leaves_no_empty_element():
    assert "figcaption" not in plots.show(line_figure(), alt="A sine wave.").html


def test_same_figure_gives_same_bytes():
    first, second = (plots.show(line_figure(), alt="A sine wave.") for _ in range(2))
    assert first == second


@pytest.mark.parametrize("alt", ["", "  \n", None, 3])
def test_an_alt_text_is_required(alt):
    with pytest.raises(ValueError, match="needs an alt text"):
        plots.show(line_figure(), alt=alt)


def test_something_else_than_a_figure_is_refused():
    with pytest.raises(TypeError, match=r"`ax\.figure`"):
        plots.show(line_figure().axes[0], alt="Axes.")
    with pytest.raises(TypeError, match="not list"):
        plots.show([], alt="Nothing.")


def test_background_is_white_even_for_transparent_figures():
    fig = line_figure()
    fig.patch.set_alpha(0)
    frame = plots.rasterize(fig, 50)
    image = Image.open(io.BytesIO(frame.data)).convert("RGB")
    assert image.getpixel((0, 0)) == (255, 255, 255)


def test_size_does_not_follow_the_content():
    with plt.rc_context({"savefig.bbox": "tight"}):
        frame = plots.rasterize(line_figure(), 100)
    assert Image.open(io.BytesIO(frame.data)).size == (640, 360)


def pixels_of(fig):
    buffer = io.BytesIO()
    fig.savefig(buffer, dpi=144)
    return np.asarray(Image.open(buffer).convert("RGB"))


def loss(pixels):
    data = plots.compress(pixels)
    image = np.asarray(Image.open(io.BytesIO(data)).convert("RGB"))
    return np.abs(image.astype(int) - pixels), len(data)


def test_few_colours_are_kept_exactly():
    grid = np.kron(np.eye(8, dtype=np.uint8) * 200, np.ones((20, 20), np.uint8))
    error, _ = loss(np.repeat(grid[..., None], 3, axis=2))
    assert error.max() == 0


def test_line_art_is_all_but_exact():
    fig, ax = plt.subplots()
    ax.plot(np.random.default_rng(0).normal(size=(60, 4)).cumsum(axis=0))
    error, _ = loss(pixels_of(fig))
    assert error.max() <= 8


def test_photographs_are_small_and_close():
    from skimage import data

    photograph = data.coffee()
    error, size = loss(photograph)
    assert size < photograph.size / 15
    assert np.mean(error > 25) <= 0.01


def test_image_grid_places_every_image_on_one_scale():
    images = np.arange(10 * 4 * 4).reshape(10, 4, 4)
    fig = plots.image_grid(images, titles=range(10), columns=5)
    assert [ax.get_title() for ax in fig.axes] == [str(i) for i in range(10)]
    assert {ax.images[0].get_clim() for ax in fig.axes} == {(0.0, 159.0)}
    colours = plots.image_grid([np.zeros((4, 6, 3))])
    assert len(colours.axes) == 1


@pytest.mark.parametrize(
    ("images", "titles", "message"),
    [
        ([], None, "no images"),
        (np.zeros((2, 3, 4, 4)), None, re.escape("images[0] has shape (3, 4, 4)")),
        (np.zeros((2, 4, 4)), ["a"], "2 images need as many titles, not 1"),
    ],
)
def test_image_grid_says_what_is_wrong(images, titles, message):
    with pytest.raises(ValueError, match=message):
        plots.image_grid(images, titles)


@pytest.mark.parametrize("columns", [None, 1, 2, 3])
def test_decision_boundary_takes_probabilities_and_scores(columns):
    rng = np.random.default_rng(0)
    x = rng.normal(size=(30, 2)).astype(np.float32)
    y = np.arange(30) % max(2, columns or 2)
    asked = []

    def predict(points):
        asked.append(points)
        probability = 1 / (1 + np.exp(-points[:, 0]))
        if columns is None:
            return probability
        return np.stack([probability] * columns, axis=1)

    _, ax = plt.subplots()
    assert plots.decision_boundary(ax, predict, x, y, resolution=20) is ax
    (points,) = asked
    assert points.shape == (400, 2)
    assert points.dtype == np.float32
    low, high = ax.get_xlim()
    assert low < x[:, 0].min()
    assert high > x[:, 0].max()


def test_decision_boundary_says_what_is_wrong():
    _, ax = plt.subplots()
    with pytest.raises(ValueError, match=re.escape("not (5, 3) with (5,)")):
        plots.decision_boundary(ax, len, np.zeros((5, 3)), np.zeros(5))
    with pytest.raises(ValueError, match=re.escape("returned shape (7,)")):
        plots.decision_boundary(
            ax, lambda points: np.zeros(7), np.eye(2), [0, 1], resolution=4
        )
    with pytest.raises(
        ValueError, match=re.escape("y must hold labels 0, 1, ..., not -1")
    ):
        plots.decision_boundary(ax, len, np.eye(2), [-1, 1])


def weights_of(**changed):
    given = {
        "tables": {"305": {"head <1>": [[0.96, 0.04], [0, 1]]}, "12": {"a": [[1]]}},
        "rows": {"305": ["三", "</s>"], "12": ["十"]},
        "columns": {"305": ["three", "&"], "12": ["twelve"]},
    }
    return plots.weight_tables(**{**given, **changed})


def test_weight_tables_hold_characters_and_weights():
    tables = weights_of(opened=1)
    assert tables._repr_mimebundle_()["text/html"] == tables
    assert repr(tables) == "Tables of weights: 305; 12"
    for part in ('<th scope="row">三</th>', "&lt;/s&gt;", "&amp;", "head &lt;1&gt;"):
        assert part in tables
    assert '三, three: 0.96"' in tables
    assert tables.count("</td>") == 2 + 5  # a corner each, and a cell for each weight
    assert re.findall(r"<details( open)?><summary>(\w+)", tables) == [
        ("", "305"),
        (" open", "12"),
    ]


def test_a_small_weight_leaves_its_cell_empty():
    cells = re.findall(r"<td title=[^>]*>(.*?)</td>", weights_of())
    assert cells == ["1.0", "", "", "1.0", "1.0"]


@pytest.mark.parametrize(
    ("changed", "message"),
    [
        ({"rows": {"305": ["三"], "12": ["十"]}}, "of shape .1, 2., one for each"),
        ({"columns": {"305": ["three", "&"]}}, "columns must have the names of tables"),
        ({"tables": {"305": [[1]], "12": {"a": [[1]]}}}, "dict of weights by caption"),
        ({"tables": {"305": {}, "12": {"a": [[2]]}}}, "weights from 0 to 1"),
        ({"opened": "305"}, "opened must be a whole number"),
    ],
)
def test_weight_tables_say_what_is_wrong(changed, message):
    with pytest.raises(ValueError, match=message):
        weights_of(**changed)


def test_a_frame_over_another_is_the_frame_to_the_dot_and_lighter():
    def draw(height):
        fig, ax = plt.subplots(figsize=(4, 2))
        ax.plot([0, height])
        ax.set_ylim(0, 9)
        return plots.rasterize(fig, plots.SERIES_DPI)

    def dots(frame, mode):
        return np.asarray(Image.open(io.BytesIO(frame.data)).convert(mode))

    base, frame = draw(2), draw(7)
    layer = plots.over(base, frame)
    assert len(layer.data) < 0.6 * len(frame.data)
    assert (layer.width, layer.height) == (frame.width, frame.height)
    over = dots(layer, "RGBA")
    seen = np.where(over[..., 3:] > 0, over[..., :3], dots(base, "RGB"))
    np.testing.assert_array_equal(seen, dots(frame, "RGB"))
    assert plots.over(base, layer) == layer  # done once


def test_a_frame_that_shares_nothing_stays_whole():
    noise = np.random.default_rng(0).integers(0, 256, (2, 20, 20, 3), dtype=np.uint8)
    one, other = (plots.Frame(plots.compress(pixels), 20, 20) for pixels in noise)
    assert plots.over(one, other) is other
    small = plots.Frame(plots.compress(noise[0, :9]), 20, 9)
    assert plots.over(one, small) is small
