"""The eyes that look at figures: each planted fault is seen, what is sound passes."""

import re
import subprocess
import sys

import matplotlib as mpl
import matplotlib.pyplot as plt
import nbformat
import pytest
from nbclient import NotebookClient
from nbformat.v4 import new_code_cell, new_notebook

from tools import figures, kernels
from tools.contents import ROOT
from utils import explore, plots
from utils.plots import pictures

mpl.use("agg")
SANITIZE = (ROOT / ".ci" / "nbval_sanitize.cfg").read_text("utf-8")
BYTES = next(re.finditer(r"regex: (data:image.*)", SANITIZE)).group(1)


def sound(ax):
    ax.plot([0, 1, 2], [0, 1, 2], label="a line")
    ax.axvline(5, label="a rule")
    ax.set_xlim(0, 6)
    ax.legend(loc="lower right")


def under_legend(ax):
    ax.plot([0, 1], [0, 1], label="hidden")
    ax.legend(loc="upper right")


def dots_under_legend(ax):
    ax.scatter([0, 0.98, 1], [0, 0.98, 1], label="hidden")
    ax.legend(loc="upper right")


def bars_under_legend(ax):
    ax.bar([0, 1], [1, 1], label="hidden")
    ax.legend(loc="upper right")


def out_of_the_axes(ax):
    ax.plot([0, 1, 2], [0, 1, 5], label="the winner")
    ax.set_ylim(0, 2)


def on_purpose(ax):
    ax.plot([0, 1, 2], [0, 1, 5], gid="leaves")
    ax.set_ylim(0, 2)


def legend_beside_a_line_that_is_cut(ax):
    ax.plot([0, 1, 9], [0.5, 0.5, 0.5], gid="leaves", label="goes on")
    ax.set_xlim(0, 1)
    ax.legend(loc="center left", bbox_to_anchor=(1, 0.5))


def over_the_edge(ax):
    ax.text(0.9, 0.5, "words that do not end here", transform=ax.transAxes)
    ax.figure.set_layout_engine("none")


def wide_legend(ax):
    ax.plot([0, 1], label="a name for which no picture of this width has the room")
    ax.legend(loc="lower left", bbox_to_anchor=(0, 1))


def wide_legend_of_the_figure(ax):
    ax.plot([0, 1], label="a name for which no picture of this width has the room")
    ax.figure.legend(loc="outside upper center")


def pinyin(ax):
    ax.set_title("模式")


@pytest.mark.parametrize(
    ("draw", "words"),
    [
        (sound, None),
        (on_purpose, None),
        (legend_beside_a_line_that_is_cut, None),
        (under_legend, "legend lies over"),
        (dots_under_legend, "legend lies over"),
        (bars_under_legend, "legend lies over 1 points or bars"),
        (out_of_the_axes, "'the winner' leaves its axes"),
        (over_the_edge, "cut off by the edge"),
        (wide_legend, "legend is cut off by the edge"),
        (wide_legend_of_the_figure, "the figure's legend is cut off by the edge"),
        (pinyin, "missing from"),
    ],
)
def test_planted_faults_are_seen(draw, words):
    with mpl.rc_context({"font.family": "DejaVu Sans"}):
        fig, ax = plt.subplots(figsize=(4, 2), layout="constrained")
        draw(ax)
        _, faults = figures.looked_at(lambda: plots.rasterize(fig), fig)
    plt.close(fig)
    if words is None:
        assert faults == []
    else:
        assert faults
        assert [fault for fault in faults if words not in fault] == []


@pytest.mark.parametrize(
    ("settle", "words"),
    [
        (lambda ax, n: ax.set_ylim(0, 9), None),
        (lambda ax, n: ax.set_ylim(9, 0), None),
        (lambda ax, n: ax.set_ylim(n + 1, 0), "the y axis goes from 2 … 0 to 4 … 0"),
        (lambda ax, n: ax.set_ylim(0, n + 1), "the y axis goes from 0 … 2 to 0 … 4"),
        (lambda ax, n: (ax.set_ylim(0, n + 1), ax.set_gid(figures.FOLLOWS)), None),
        (lambda ax, n: ax.set(ylim=(0, n + 1), yticks=[]), None),
    ],
)
def test_an_axis_that_jumps_behind_a_slider_is_seen(settle, words):
    frames = []
    for n in (1, 3):
        fig, ax = plt.subplots()
        ax.plot([0, 1], [0, n])
        settle(ax, n)
        plots.rasterize(fig)
        frames.append(figures.limits_of(fig))
        plt.close(fig)
    faults = list(figures.moving_axes(frames))
    assert bool(faults) == bool(words), faults
    assert all(words in fault for fault in faults)


def test_the_axes_of_every_slider_are_watched(tmp_path):
    draw = """\
import matplotlib.pyplot as plt
from utils.explore import explore
def draw(n):
    fig, ax = plt.subplots()
    ax.plot([0, 1], [0, n])
    return fig
explore(draw, alt="A line", n=[1, 2])"""
    path = tmp_path / "sample.ipynb"
    nbformat.write(new_notebook(cells=[new_code_cell(draw, id="jumps")]), path)
    (fault,) = figures.faults_in(path)
    assert fault.startswith("jumps: panel 1: the y axis goes from"), fault


def test_a_notebook_is_run_and_its_cell_named(tmp_path, capsys):
    source = """\
import matplotlib.pyplot as plt
from utils import plots
fig, ax = plt.subplots()
ax.plot([0, 9])
ax.set_ylim(0, 2)
plots.show(fig, alt="A line")"""
    cells = [new_code_cell("1", id="one"), new_code_cell(source, id="two")]
    path = tmp_path / "sample.ipynb"
    nbformat.write(new_notebook(cells=cells), path)
    assert figures.main([str(path)]) == 1
    assert "two: panel 1: the line '_child0' leaves its axes" in capsys.readouterr().out


@pytest.mark.parametrize("draft", [True, False])
def test_a_kernel_of_the_tests_refuses_a_faulty_figure(tmp_path, monkeypatch, draft):
    """The startup file that `conftest.py` asks for makes a fault the cell's error."""
    monkeypatch.setenv("IPYTHONDIR", str(kernels.refusing_figures(draft)))
    draw = "import matplotlib.pyplot as plt\nfrom utils import plots\n"
    draw += "fig, ax = plt.subplots()\nax.plot([0, 1, 2], [0, 1, 5])\n"
    draw += "ax.set_ylim(0, {})\nplots.show(fig, alt='A line that rises and leaves.')"
    cells = [new_code_cell(draw.format(top)) for top in (6, 2)]
    notebook = new_notebook(cells=cells)
    client = NotebookClient(notebook, allow_errors=True, timeout=120)
    client.execute(cwd=str(tmp_path))
    good, bad = (cell.outputs[0] for cell in notebook.cells)
    assert good.output_type == "execute_result"
    assert bad.output_type == "error"
    assert (bad.ename, "leaves its axes" in bad.evalue) == ("FigureError", True)
    (picture,) = re.findall(BYTES, good.data["text/html"])
    assert (len(picture) < 200) is draft, f"{len(picture)} characters of a picture"


def test_a_draft_differs_in_the_bytes_of_pictures_alone(monkeypatch):
    """So nbval, which does not look at those, compares what it always has."""

    def draw(height):
        fig, ax = plt.subplots(figsize=(4, 2))
        ax.plot([0, 1], [0, height])
        ax.set_ylim(0, 4)
        return fig

    def shown():
        heights = {"height": [1, 2, 3]}
        series = explore.explore(draw, alt="A line.", caption="Heights.", **heights)
        single = plots.show(draw(1), alt="A line.", caption="One height.")
        return series.html + single.html

    full = shown()
    for module, name in ((pictures, "compress"), (explore, "over")):
        monkeypatch.setattr(module, name, getattr(module, name))  # put back at the end
    figures.draft()
    draft = shown()
    assert len(draft) < len(full) - 1000, (len(draft), len(full))
    full, draft = (re.sub(BYTES, "IMAGE", html) for html in (full, draft))
    assert full == draft
    assert full.count("IMAGE") == 4, "the start, the two frames beside it, the single"


def test_a_kernel_of_the_tests_starts_without_what_reads_notebooks():
    """It is loaded in every kernel, and reading notebooks takes a second to load."""
    code = (
        "import sys; from tools import figures; figures.refuse(); figures.draft(); "
        "print(*sorted({'jsonschema', 'nbclient', 'nbformat', 'torch', 'tensorflow'}"
        " & set(sys.modules)))"
    )
    done = subprocess.run(
        [sys.executable, "-c", code], cwd=ROOT, capture_output=True, encoding="utf-8"
    )
    assert (done.stdout, done.returncode) == ("\n", 0), done.stdout + done.stderr
