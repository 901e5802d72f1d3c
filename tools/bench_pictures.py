"""Time what a slider's pictures cost: laid out once, and with no bytes compressed.

Each ratio is the median over pairs measured one right after the other, in seconds of
processor. Run `python -m tools.bench_pictures`, or import `run`.
"""

from __future__ import annotations

import statistics
import time
from collections.abc import Callable
from unittest import mock

import matplotlib as mpl
import matplotlib.pyplot as plt
import numpy as np
from matplotlib.figure import Figure

from tools import figures
from utils import explore, runtime
from utils.plots import pictures

PAIRS, FRAMES = 5, 8


def run() -> list[tuple[str, float, float | None]]:
    """Measure a series of frames.

    Returns:
        For each measurement its name, the median ratio over the pairs, no target.
    """
    mpl.use("agg")
    runtime.setup(seed=0)
    series()  # imports and fonts

    def each_laid_out() -> None:
        with mock.patch.object(pictures.Places, "settle", return_value=None):
            series()

    def drafted() -> None:
        with (  # puts back what `draft` takes away
            mock.patch.object(pictures, "compress", pictures.compress),
            mock.patch.object(explore, "over", explore.over),
        ):
            figures.draft()
            series()

    pairs = {
        "frames laid out once / each anew": (series, each_laid_out),
        "frames in the notebooks' tests / on a page": (drafted, series),
    }
    return [
        (name, statistics.median(ratio(*pair) for _ in range(PAIRS)), None)
        for name, pair in pairs.items()
    ]


def series() -> None:
    """Make a slider with a few frames, as a page shows it."""

    def draw(rate: float) -> Figure:
        fig, ax = plt.subplots()
        ax.plot(steps, np.sin(rate * steps), label="a wave")
        ax.set(xlabel="step", ylabel="height", xlim=(0, 6), ylim=(-1.2, 2))
        ax.legend(loc="upper right")
        return fig

    steps = np.linspace(0, 6, 200)
    _ = explore.explore(draw, alt="A wave.", rate=np.linspace(1, 2, FRAMES)).html


def ratio(ours: Callable[[], None], theirs: Callable[[], None]) -> float:
    """Processor seconds of the one, as a part of the other's."""
    return seconds(ours) / seconds(theirs)


def seconds(step: Callable[[], None]) -> float:
    """Time one call."""
    start = time.process_time()
    step()
    return time.process_time() - start


if __name__ == "__main__":
    for what, found, _ in run():
        print(f"{found:.2f}  {what}")
