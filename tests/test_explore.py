"""One picture behind sliders: static HTML, live widget, words, validation."""

import json
import re
from html.parser import HTMLParser
from io import BytesIO

import ipywidgets
import matplotlib as mpl
import matplotlib.pyplot as plt
import numpy as np
import pytest
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.layout_engine import ConstrainedLayoutEngine
from PIL import Image

from utils.explore import SAVED_STYLE, explore, in_words
from utils.plots import SERIES_DPI, compress

mpl.use("agg")


class Recorder:
    """A drawing function that keeps what it was asked for."""

    def __init__(self):
        self.asked = []

    def __call__(self, **values):
        self.asked.append(values)
        fig, ax = plt.subplots(figsize=(1, 1))
        ax.axis("off")
        ax.text(0.2, 0.5, "".join(str(v)[:3] for v in values.values()))
        return fig


class Page(HTMLParser):
    """What a browser without scripts would find, and the frames."""

    def __init__(self, text):
        super().__init__()
        self.tags, self.data, self._script = [], "", False
        self.feed(text)

    def handle_starttag(self, tag, attrs):
        self.tags.append((tag, dict(attrs)))
        self._script = tag == "script"

    def handle_data(self, data):
        if self._script:
            self.data += data

    def handle_endtag(self, tag):
        self._script = False

    def all(self, tag):
        return [attributes for name, attributes in self.tags if name == tag]

    @property
    def frames(self):
        return json.loads(self.data)["frames"]


def two_sliders(**options):
    draw = Recorder()
    widget = explore(
        draw,
        alt=lambda width, step: f"{width} units after {step} steps.",
        caption="The boundary, $x<y$.",
        labels={"width": "hidden units"},
        start={"width": 4},
        width=[1, 2, 4],
        step=[0, 10],
        **options,
    )
    return draw, widget


def test_one_frame_for_each_combination_the_last_fastest():
    draw, widget = two_sliders()
    order = [(v["width"], v["step"]) for v in draw.asked]
    assert order == [(1, 0), (1, 10), (2, 0), (2, 10), (4, 0), (4, 10)]
    page = Page(widget.html)
    assert [frame["alt"] for frame in page.frames] == [
        f"{width} units after {step} steps." for width, step in order
    ]
    assert not plt.get_fignums()


def test_start_frame_is_in_the_page_once():
    _, widget = two_sliders()
    page = Page(widget.html)
    (image,) = page.all("img")
    assert image["src"].startswith("data:image/webp;base64,")
    assert image["alt"] == "4 units after 0 steps."
    assert (image["width"], image["height"]) == ("96", "96")
    sources = [frame["src"] for frame in page.frames]
    assert sources[4] == ""
    assert all(s.startswith("data:image/webp") for i, s in enumerate(sources) if i != 4)


def test_static_sliders_are_native_labelled_and_hidden_without_script():
    _, widget = two_sliders()
    page = Page(widget.html)
    (box,) = [a for a in page.all("div") if a["class"] == "book-explore-controls"]
    assert box["hidden"]
    width, step = page.all("input")
    assert (width["type"], width["min"], width["max"]) == ("range", "0", "2")
    assert (width["value"], width["aria-valuetext"]) == ("2", "4")
    assert json.loads(step["data-values"]) == ["0", "10"]
    assert [label["for"] for label in page.all("label")] == [width["id"], step["id"]]
    assert ">hidden units</label>" in widget.html
    assert len(page.all("output")) == 2


def test_html_runs_no_script_and_asks_for_nothing():
    _, widget = two_sliders()
    page = Page(widget.html)
    assert page.all("script") == [{"type": "application/json"}]
    assert not re.search(r"https?:|\son\w+=|<style|<link", widget.html)


def test_script_data_cannot_end_the_script():
    widget = explore(Recorder(), alt=lambda n: f"</script> & <b> {n}", n=[1, 2])
    page = Page(widget.html)
    assert [frame["alt"] for frame in page.frames] == [
        "</script> & <b> 1",
        "</script> & <b> 2",
    ]


def test_texts_become_radio_buttons_or_a_list():
    few = explore(Recorder(), alt="A curve", kind=["tanh", "ReLU"])
    radios = Page(few.html).all("input")
    assert [radio["type"] for radio in radios] == ["radio", "radio"]
    assert "checked" in radios[0]
    assert "checked" not in radios[1]
    assert len({radio["name"] for radio in radios}) == 1
    assert isinstance(few.inputs["kind"], ipywidgets.ToggleButtons)
    many = explore(Recorder(), alt="A curve", kind=list("abcdefg"), start={"kind": "c"})
    page = Page(many.html)
    (select,) = page.all("select")
    assert select["id"] == page.all("label")[0]["for"]
    assert [i for i, o in enumerate(page.all("option")) if "selected" in o] == [2]
    assert isinstance(many.inputs["kind"], ipywidgets.Dropdown)


def test_switches_read_yes_and_no():
    draw = Recorder()
    widget = explore(draw, alt="With bias", bias=[False, True])
    assert draw.asked == [{"bias": False}, {"bias": True}]
    assert [frame["alt"] for frame in Page(widget.html).frames] == [
        "With bias (bias = no)",
        "With bias (bias = yes)",
    ]


def test_live_slider_draws_values_between_the_given_ones():
    draw, widget = two_sliders()
    slider = widget.inputs["width"]
    assert isinstance(slider, ipywidgets.IntSlider)
    assert (slider.min, slider.max, slider.value) == (1, 4, 4)
    assert slider.description == "hidden units"
    before = len(draw.asked)
    slider.value = 3
    assert draw.asked[before:] == [{"width": 3, "step": 0}]
    assert 'alt="3 units after 0 steps."' in widget.picture.value
    assert "data:image/webp" in widget.picture.value
    slider.value = 2  # has a frame: nothing to draw
    assert len(draw.asked) == before + 1
    assert 'alt="2 units after 0 steps."' in widget.picture.value
    assert not plt.get_fignums()


def test_live_sliders_fit_the_numbers():
    linear = explore(Recorder(), alt="x", rate=[0.0, 0.5, 1.0]).inputs["rate"]
    assert isinstance(linear, ipywidgets.FloatSlider)
    steps = [1e-5, 1e-4, 1e-3, 1e-2]
    widget = explore(Recorder(), alt="x", start={"step": 1e-3}, step=steps)
    slider = widget.inputs["step"]
    assert isinstance(slider, ipywidgets.FloatLogSlider)
    assert (slider.min, slider.max) == pytest.approx((-5, -2))
    assert slider.value == 1e-3
    slider.value = 3e-3
    assert widget._render.asked[-1] == {"step": 3e-3}


def test_live_failure_is_shown_and_passes():
    def draw(n):
        if n == 2:
            raise ZeroDivisionError("no two")
        return Recorder()(n=n)

    widget = explore(draw, alt="A number", n=[1, 3])
    widget.inputs["n"].value = 2
    assert "No picture for n = 2: ZeroDivisionError: no two" in widget.picture.value
    widget.inputs["n"].value = 3
    assert 'alt="A number (n = 3)"' in widget.picture.value


def test_one_output_stays_and_one_is_alive(monkeypatch):
    shown = []
    monkeypatch.setattr(
        "utils.explore.display", lambda bundle, raw: shown.append(bundle)
    )
    _, widget = two_sliders()
    widget._ipython_display_()
    saved, live = shown
    assert saved == {"text/html": SAVED_STYLE + widget.html}
    assert live["text/plain"] == "4 units after 0 steps."
    view = live["application/vnd.jupyter.widget-view+json"]
    assert view["model_id"] == widget.model_id
    # The live one hides the saved one, which it knows by the ids of its controls.
    (id,) = re.findall(r'\[id\^="([^"]+)"\]', widget.picture.value)
    assert Page(widget.html).all("input")[0]["id"].startswith(id)


def test_same_code_gives_the_same_page():
    assert two_sliders()[1].html == two_sliders()[1].html


def test_numpy_numbers_are_numbers():
    draw = Recorder()
    explore(draw, alt="x", n=np.array([1, 2]))
    assert draw.asked == [{"n": 1}, {"n": 2}]
    assert type(draw.asked[0]["n"]) is int


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({}, "one or two controls, not 0"),
        ({"a": [1, 2], "b": [1, 2], "c": [1, 2]}, r"not 3 \(a, b, c\)"),
        ({"a": []}, "leaves the reader nothing to choose"),
        ({"a": [1]}, "at least two values"),
        ({"a": 3}, "a=3 is a single value"),
        ({"a": "tanh"}, "a='tanh' is a single value"),
        ({"a": [1, 2, 1]}, "repeats a value"),
        ({"a": [2, 1]}, "growing order"),
        ({"a": [0.0, float("nan")]}, "finite"),
        ({"a": [1, "two"]}, "all numbers"),
        ({"a": [None, None]}, "all numbers"),
        ({"a": range(100)}, "100 frames"),
        ({"a": [1, 2], "start": {"a": 3}}, r"start=\{'a': 3\} is not one of"),
        ({"a": [1, 2], "start": {"b": 1}}, "start names 'b', but the controls are 'a'"),
        ({"a": [1, 2], "labels": {"b": "x"}}, "labels names 'b'"),
        ({"a": [1, 2], "alt": ""}, "needs an alt text"),
        ({"a": [1, 2], "alt": lambda a: None}, "needs an alt text"),
    ],
)
def test_bad_input_says_the_way_out(options, message):
    with pytest.raises(ValueError, match=message):
        explore(Recorder(), **{"alt": "A picture", **options})


def test_a_drawing_function_that_returns_nothing_is_named():
    with pytest.raises(TypeError, match="explore's drawing function") as caught:
        explore(lambda n: None, alt="x", n=[1, 2])
    assert caught.value.__notes__ == ["explore was drawing n = 1"]


@pytest.mark.parametrize(
    ("value", "words"),
    [
        (3, "3"),
        (1000000, "1000000"),
        (0.25, "0.25"),
        (-0.5, "−0.5"),
        (1e-5, "10⁻⁵"),
        (2.5e-12, "2.5 × 10⁻¹²"),
        (1e10, "10¹⁰"),
        (1 / 3, "0.3333"),
        (True, "yes"),
        ("ReLU", "ReLU"),
    ],
)
def test_values_read_as_a_person_writes_them(value, words):
    assert in_words(value) == words


def steady(n):
    """A frame in which only what is inside its axes changes, and a title's words."""
    fig, (left, right) = plt.subplots(1, 2, figsize=(5, 2), layout="constrained")
    left.plot([0, 1], [0, n], label="a line")
    left.set(xlim=(0, 1), ylim=(0, 9), xlabel="x", ylabel="height", title=f"n is {n}")
    left.legend(loc="upper left")
    fig.colorbar(right.imshow([[n, 0], [3, 9]], vmin=0, vmax=9))
    right.text(0, 0, f"{n}")
    return fig


def growing(n):
    """A frame whose axis says larger numbers every time."""
    fig, ax = plt.subplots(figsize=(3, 2), layout="constrained")
    ax.plot([0, 1], [0, 10**n])
    return fig


def outside(n):
    """A frame with words beside its axes, longer every time."""
    fig, ax = plt.subplots(figsize=(3, 2), layout="constrained")
    ax.text(1.01, 0.5, "w" * n, transform=ax.transAxes)
    return fig


@pytest.mark.parametrize(("draw", "layouts"), [(steady, 1), (growing, 5), (outside, 5)])
def test_frames_are_laid_out_once_and_look_as_if_each_had_been(
    draw, layouts, monkeypatch
):
    counted, lay_out = [], ConstrainedLayoutEngine.execute

    def execute(engine, fig):
        counted.append(fig)
        return lay_out(engine, fig)

    monkeypatch.setattr(ConstrainedLayoutEngine, "execute", execute)
    widget = explore(draw, alt="A frame", n=[1, 2, 3, 4, 5])
    assert len(counted) == layouts
    for (n,), (frame, _) in widget.frames.items():
        fig = draw(n)
        fig.set_dpi(SERIES_DPI)
        canvas = FigureCanvasAgg(fig)
        canvas.draw()
        pixels = np.asarray(canvas.buffer_rgba())[..., :3]
        plt.close(fig)
        alone = Image.open(BytesIO(compress(pixels)))
        shown = Image.open(BytesIO(frame.data))
        np.testing.assert_array_equal(np.asarray(alone), np.asarray(shown))
