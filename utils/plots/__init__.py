"""Pictures for the chapters: compressed, sized, and never without an alt text.

A picture is the last expression of its cell::

    fig, ax = plt.subplots()
    ax.plot(steps, losses)
    plots.show(fig, alt="The loss halves every ten steps and levels off at 0.1.")

:func:`show` turns a figure into HTML that looks the same in Jupyter and in the built
book. `drawings` holds the few plots that more than one chapter uses, `pictures` brings
a figure to the page, `frames` compresses it, and `sounds` adds players.
"""

from utils.plots.drawings import decision_boundary, image_grid, weight_tables
from utils.plots.frames import Frame, compress, over
from utils.plots.pictures import SERIES_DPI, Picture, rasterize, show
from utils.plots.sounds import Players, players, wav

__all__ = [
    "SERIES_DPI",
    "Frame",
    "Picture",
    "Players",
    "compress",
    "decision_boundary",
    "image_grid",
    "over",
    "players",
    "rasterize",
    "show",
    "wav",
    "weight_tables",
]
