"""Run notebooks and say which of their figures hide or cut something.

::

    python -m tools.figures PATH [PATH ...]    # notebooks, or folders of them

Every figure that ``plots.show`` or ``explore`` draws is looked at as it is drawn: a
legend may not lie over data, no line may leave its axes, no text and no legend the
figure, and no character may be missing from the font; behind sliders, no axis may
change its limits, or a reader compares heights on two scales. A line that leaves its
axes on purpose says so with ``gid="leaves"``, axes that follow the slider with
``ax.set_gid("follows")``. Nothing is saved.

The tests of the notebooks look in the same way, and there a fault is an error in the
cell that drew it (`refuse`, called by ``conftest.py``). They draw every picture, and
leave out its compression, whose bytes nobody looks at (`draft`).
"""

from __future__ import annotations

import argparse
import functools
import inspect
import json
import os
import sys
import warnings
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from matplotlib.figure import Figure

from tools.contents import ROOT, short_name

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.lines import Line2D

LEAVES = "leaves"  # the gid of what leaves its axes on purpose
FOLLOWS = "follows"  # the gid of axes whose limits follow the slider on purpose
PIXELS = 2.0  # what sticks out by less is not seen


def main(arguments: list[str] | None = None) -> int:
    """Look at the figures of notebooks; return how many notebooks have faults."""
    from tools.notebooks import KERNEL_ENVIRONMENT, notebooks_at

    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("paths", nargs="+", type=Path)
    options = parser.parse_args(arguments)
    os.environ.update(KERNEL_ENVIRONMENT | {"BOOK_PROFILE": "quick"})
    faulty = 0
    for path in (found for given in options.paths for found in notebooks_at(given)):
        found = faults_in(path)
        faulty += bool(found)
        print(f"{short_name(path)}: {len(found)} faults")
        for fault in found:
            print(f"  {fault}")
    return faulty


def faults_in(path: Path) -> list[str]:
    """Execute a notebook, and return the faults of its figures with their cells."""
    # Not in every kernel of the tests, which would take a second longer to start.
    import nbformat
    from nbclient import NotebookClient
    from nbformat.v4 import new_code_cell

    notebook = nbformat.read(path, as_version=4)
    code = [cell.id for cell in notebook.cells if cell.cell_type == "code"]
    begin = f"import sys\nsys.path.insert(0, {str(ROOT)!r})\n"
    begin += "from tools import figures\n_figures_watched = figures.watch()"
    notebook.cells.insert(0, new_code_cell(begin))
    notebook.cells.append(
        new_code_cell("import json\nprint(json.dumps(_figures_watched))")
    )
    NotebookClient(
        notebook, timeout=600, resources={"metadata": {"path": str(path.parent)}}
    ).execute()
    found = json.loads(notebook.cells[-1].outputs[-1].text)
    return list(dict.fromkeys(f"{code[after - 1]}: {words}" for after, words in found))


def watch() -> list[tuple[int, str]]:
    """Look at every figure drawn from now on in this kernel.

    Returns:
        A list that grows: how many cells after this one, and a fault.
    """
    from IPython import get_ipython

    found: list[tuple[int, str]] = []
    begun = get_ipython().execution_count

    def note(faults: list[str]) -> None:
        cell = get_ipython().execution_count - begun
        found.extend((cell, fault) for fault in faults)

    _tell(note, note)
    return found


def refuse() -> None:
    """Raise an error for a figure with a fault, from now on in this process.

    Axes that move behind a slider are no error: some are meant to.
    """

    def stop(faults: list[str]) -> None:
        if faults:
            raise FigureError("\n".join(faults))

    _tell(stop, lambda faults: None)


def draft() -> None:
    """Draw pictures, but do not compress them, from now on in this process.

    For the tests of the notebooks, which compare alt texts, captions, sizes and the
    number of frames, and no picture's bytes (``.ci/nbval_sanitize.cfg``). Compression
    takes as long as much of the drawing. ``tests/test_plots.py`` tests it.
    """
    from utils import explore
    from utils.plots import frames, pictures

    blank = frames.compress(np.full((1, 1, 3), 255, np.uint8))
    pictures.compress = lambda pixels: blank  # type: ignore[attr-defined]
    explore.over = lambda base, frame: frame  # type: ignore[attr-defined]


class FigureError(Exception):
    """A figure that hides or cuts something; see the module's docstring."""


Hear = Callable[[list[str]], None]


def _tell(hear: Hear, hear_of_sliders: Hear) -> None:
    """Have the faults of every figure told as the figure is drawn, and of sliders."""
    from utils import explore
    from utils.plots import pictures

    draw = inspect.unwrap(pictures.rasterize)  # who listened before hears no more
    frames: list[Limits] = []

    @functools.wraps(draw)
    def rasterize(fig: Figure, *options: Any, **more: Any) -> Any:
        frame, faults = looked_at(lambda: draw(fig, *options, **more), fig)
        frames.append(limits_of(fig))
        hear(faults)
        return frame

    pictures.rasterize = explore.rasterize = rasterize  # type: ignore[attr-defined]
    begin = inspect.unwrap(explore.Explore.__init__)

    @functools.wraps(begin)
    def init(self: Any, *given: Any, **more: Any) -> None:
        frames.clear()
        begin(self, *given, **more)
        hear_of_sliders(list(moving_axes(frames)))
        frames.clear()

    explore.Explore.__init__ = init  # type: ignore[method-assign]


Limits = dict[tuple[int, str], tuple[float, float]]


def limits_of(fig: Figure) -> Limits:
    """Return the limits of a figure's axes with numbers on them, by panel and axis."""
    found = {}
    for number, ax in enumerate(fig.axes):
        if not ax.get_visible() or not ax.axison or ax.get_gid() == FOLLOWS:
            continue
        for name in ("x", "y"):
            axis = getattr(ax, f"{name}axis")
            if axis.get_visible() and _has_numbers(axis):
                low, high = axis.get_view_interval()
                found[number, name] = (float(low), float(high))
    return found


def _has_numbers(axis: Any) -> bool:
    """Whether an axis shows a scale: two or more tick labels that are numbers."""
    shown = [label.get_text() for label in axis.get_ticklabels()]
    digits = [text for text in shown if any(map(str.isdigit, text))]
    return len(digits) >= 2


def moving_axes(frames: list[Limits]) -> Iterator[str]:
    """Yield which axes change their limits between the frames behind a slider."""
    for number, name in dict.fromkeys(key for frame in frames for key in frame):
        seen = [frame[number, name] for frame in frames if (number, name) in frame]
        width = max(abs(high - low) for low, high in seen)  # an axis may run down
        if np.ptp(np.array(seen), axis=0).max() > 0.01 * width:
            low, high = seen[0]
            other = max(seen, key=lambda one: abs(one[0] - low) + abs(one[1] - high))
            yield (
                f"panel {number + 1}: the {name} axis goes from {low:.3g} … {high:.3g} "
                f"to {other[0]:.3g} … {other[1]:.3g} behind a slider"
            )


def looked_at(draw: Callable[[], Any], fig: Figure) -> tuple[Any, list[str]]:
    """Draw a figure, and return the result and what is wrong with it."""
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        drawn = draw()
        faults = list(faults_of(fig))
    said = dict.fromkeys(str(each.message) for each in caught)
    return drawn, [*(words for words in said if "missing from" in words), *faults]


def faults_of(fig: Figure) -> Iterator[str]:
    """Yield what a figure, once drawn, hides or cuts."""
    canvas: Any = fig.canvas
    usual = fig.dpi
    fig.set_dpi(canvas.renderer.dpi)  # places are those of the drawing
    try:
        yield from _faults(fig, canvas.renderer)
    finally:
        fig.set_dpi(usual)


def _faults(fig: Figure, renderer: Any) -> Iterator[str]:
    for legend in fig.legends:
        if _sticks_out(legend.get_window_extent(renderer), fig.bbox):
            yield "the figure's legend is cut off by the edge"
    for number, ax in enumerate(fig.axes):
        if not ax.get_visible() or hasattr(ax, "zaxis"):
            continue
        where = f"panel {number + 1}"
        legend = ax.get_legend()
        covered = 0 if legend is None else _covered(ax, legend, renderer)
        if covered:
            yield f"{where}: the legend lies over {covered} points or bars"
        if legend and _sticks_out(legend.get_window_extent(renderer), fig.bbox):
            yield f"{where}: the legend is cut off by the edge"
        for line in ax.lines:
            if _leaves(ax, line):
                yield f"{where}: the line {line.get_label()!r} leaves its axes"
        for text in (*ax.texts, ax.title, ax.xaxis.label, ax.yaxis.label):
            if not text.get_text().strip() or not text.get_visible():
                continue
            if _sticks_out(text.get_window_extent(renderer), fig.bbox):
                yield f"{where}: the text {text.get_text()!r} is cut off by the edge"


def _sticks_out(box: Any, page: Any) -> bool:
    """Return whether a box reaches further beyond the page than is overlooked."""
    return bool(
        min(box.x0 - page.x0, box.y0 - page.y0) < -PIXELS
        or max(box.x1 - page.x1, box.y1 - page.y1) > PIXELS
    )


def _covered(ax: Axes, legend: Any, renderer: Any) -> int:
    """Count what of an axes' data lies under its legend."""
    box = legend.get_window_extent(renderer)
    # A legend's own margin may touch a line: nothing of it is hidden there.
    box = box.padded(-PIXELS)
    count = 0
    for line in ax.lines:
        if not line.get_visible() or not line.get_transform().contains_branch(
            ax.transData
        ):
            continue
        dots = _between(ax.transData.transform(_data(line)))
        if line.get_clip_on():  # what is cut off cannot be covered
            dots = dots[_inside(ax.bbox, dots)]
        count += int(np.sum(_inside(box, dots)))
    for scatter in ax.collections:
        offsets = np.ma.filled(scatter.get_offsets(), np.nan)
        if len(offsets) and scatter.get_offset_transform() == ax.transData:
            count += int(np.sum(_inside(box, ax.transData.transform(offsets))))
    for patch in ax.patches:
        if patch.get_visible() and patch.get_transform().contains_branch(ax.transData):
            count += bool(box.overlaps(patch.get_window_extent(renderer)))
    return count


def _data(line: Line2D) -> np.ndarray:
    """Return a line's points as floats, shape (N, 2)."""
    return np.asarray(line.get_xydata(), dtype=float)


def _between(dots: np.ndarray) -> np.ndarray:
    """Return points along a line, a few pixels apart."""
    if len(dots) < 2:
        return dots
    steps = np.linspace(0, 1, 33)[:, None, None]
    return (dots[:-1] * (1 - steps) + dots[1:] * steps).reshape(-1, 2)


def _inside(box: Any, dots: np.ndarray) -> np.ndarray:
    """Return which points lie in a box."""
    x, y = dots.T
    return (box.x0 < x) & (x < box.x1) & (box.y0 < y) & (y < box.y1)


def _leaves(ax: Axes, line: Line2D) -> bool:
    """Whether a line's data go beyond the limits of its axes."""
    if not line.get_visible() or line.get_gid() == LEAVES or not line.get_clip_on():
        return False
    if line.get_transform() != ax.transData:  # a rule across the axes
        return False
    dots = ax.transData.transform(_data(line))
    dots = dots[np.isfinite(dots).all(axis=1)]
    return bool(len(dots)) and not bool(_inside(ax.bbox.padded(PIXELS), dots).all())


if __name__ == "__main__":
    sys.exit(main())
