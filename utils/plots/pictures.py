"""From a figure to the page: drawn, sized, and never without an alt text."""

from __future__ import annotations

import html
import re
from dataclasses import dataclass
from typing import Any

import matplotlib.pyplot as plt
import numpy as np
from matplotlib.artist import Artist
from matplotlib.axes import Axes
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure
from matplotlib.layout_engine import ConstrainedLayoutEngine
from PIL import Image

from utils.plots.frames import Frame, compress
from utils.scratch import _checks
from utils.scratch._checks import shown

CSS_PIXELS_PER_INCH = 96
SINGLE_DPI = 192  # a lone picture: sharp on screens with two dots per CSS pixel
SERIES_DPI = 144  # one of many frames: a little softer, a third lighter


@dataclass(frozen=True)
class Picture:
    """What :func:`show` returns: a picture with its alt text and caption."""

    frame: Frame
    alt: str
    caption: str | None = None

    @property
    def html(self) -> str:
        """The picture as a self-contained HTML figure."""
        return (
            '<figure class="book-figure" style="margin:0">\n'
            f"{img_tag(self.frame, self.alt)}\n{caption_tag(self.caption)}</figure>"
        )

    def _repr_mimebundle_(self, **kwargs: Any) -> dict[str, str]:
        return {"text/html": self.html, "text/plain": self.alt}

    def __repr__(self) -> str:
        return self.alt


def show(fig: Figure, alt: str, caption: str | None = None) -> Picture:
    """Turn a figure into a picture for the page, and close it.

    Args:
        fig: The figure. It is drawn on white; its size in inches at 96 CSS pixels an
            inch is its size on the page (the style's 6 x 3.4 in is 576 x 326).
        alt: What a sighted reader takes from the picture, in one or two sentences.
        caption: Text under the picture; `` `code` `` and ``$mathematics$`` work.

    Returns:
        The picture. Make it the last expression of the cell.

    Raises:
        TypeError: If ``fig`` is not a Matplotlib figure.
        ValueError: If ``alt`` is empty, or ``caption`` is no text.
    """
    _check_text("caption", caption)
    picture = Picture(
        rasterize(as_figure(fig, "show"), SINGLE_DPI), clean_alt(alt), caption
    )
    plt.close(fig)
    return picture


def _check_text(name: str, text: object) -> None:
    if text is not None and not isinstance(text, str):
        raise ValueError(f"{name} must be a text, got {shown(text)}")


def as_figure(fig: object, caller: str) -> Figure:
    """Return ``fig`` itself if it is a figure.

    Raises:
        TypeError: If it is not; the message says what to give to ``caller``.
    """
    if isinstance(fig, Figure):
        return fig
    if isinstance(fig, Axes):
        raise TypeError(f"{caller} needs the figure, not its axes: give `ax.figure`")
    raise TypeError(
        f"{caller} needs a Matplotlib figure, such as the first result of "
        f"plt.subplots(), not {type(fig).__name__}"
    )


def clean_alt(alt: object) -> str:
    """Return an alt text with single spaces.

    Raises:
        ValueError: If there is no text.
    """
    text = " ".join(alt.split()) if isinstance(alt, str) else ""
    if not text:
        raise ValueError(
            f"every picture needs an alt text, but alt is {shown(alt)}; say in a "
            "sentence what a sighted reader takes from the picture"
        )
    return text


def img_tag(frame: Frame, alt: str) -> str:
    """Return the ``<img>`` element of a frame, its bytes included."""
    return (
        f'<img src="{frame.uri}" alt="{html.escape(alt)}" width="{frame.width}" '
        f'height="{frame.height}" style="max-width:100%;height:auto">'
    )


def caption_tag(caption: str | None) -> str:
    """Return the ``<figcaption>`` element and a line end, or nothing for no caption."""
    if not caption:
        return ""
    text = html.escape(" ".join(caption.split()), quote=False)
    text = re.sub(r"`([^`]+)`", r"<code>\1</code>", text)
    return f"<figcaption>{text}</figcaption>\n"


def rasterize(
    fig: Figure, dpi: int = SINGLE_DPI, places: Places | None = None
) -> Frame:
    """Draw a figure on white and compress it; the same figure gives the same bytes.

    Args:
        fig: The figure. Without a layout of its own it gets Matplotlib's constrained
            layout, so that no label is cut off.
        dpi: Dots an inch.
        places: Where the axes of figures like this one stand, for a series of frames;
            a figure that fits is not laid out again.

    Returns:
        The compressed picture.
    """
    fig = as_figure(fig, "rasterize")
    dpi = _checks.count("dpi", dpi, least=10)
    if fig.get_layout_engine() is None:
        fig.set_layout_engine("constrained")
    width, height = fig.get_size_inches()
    screen_dpi = fig.dpi
    fig.set_dpi(dpi)
    canvas = FigureCanvasAgg(fig)
    if places is not None:
        places.settle(fig)
    canvas.draw()  # once; `savefig` would lay the figure out and draw it twice
    drawn = Image.fromarray(np.asarray(canvas.buffer_rgba()))
    fig.set_dpi(screen_dpi)
    white = Image.new("RGBA", drawn.size, "white")
    pixels = np.asarray(Image.alpha_composite(white, drawn).convert("RGB"))
    return Frame(
        compress(pixels),
        round(width * CSS_PIXELS_PER_INCH),
        round(height * CSS_PIXELS_PER_INCH),
    )


class Places:
    """Where the axes of a series of figures stand: found once, not for every frame.

    Constrained layout depends on the sizes of titles, labels and ticks and on what
    sticks out of an axes, not on what is drawn inside. Figures in which all these are
    equal get the places of the first one, which are what they would have got.
    """

    def __init__(self) -> None:
        self._known: dict[Any, list[tuple[Any, Any, Any]]] = {}
        self._misses = 0

    def settle(self, fig: Figure) -> None:
        """Give a figure's axes their places, and leave it without a layout engine.

        Args:
            fig: A figure with an Agg canvas, about to be drawn.
        """
        engine = fig.get_layout_engine()
        if not isinstance(engine, ConstrainedLayoutEngine) or not _is_plain(fig):
            return
        if self._misses == 3:  # labels that change with every frame
            return
        shape = (tuple(fig.get_size_inches()), fig.dpi, len(fig.axes))
        as_made = _places(fig)
        # Ticks and their labels depend on the size of the axes, so compare in place.
        for (known_shape, outline), known in self._known.items():
            if known_shape == shape:
                _place(fig, known)
                if _outline(fig) == outline:
                    fig.set_layout_engine("none")
                    self._misses = 0
                    return
                _place(fig, as_made)
        self._misses += 1
        engine.execute(fig)
        outline = _outline(fig)
        if outline is not None and len(self._known) < 4:
            self._known[shape, outline] = _places(fig)
        fig.set_layout_engine("none")


def _is_plain(fig: Figure) -> bool:
    """Whether a figure has nothing beside its axes that takes room."""
    return not (fig.subfigs or fig.legends or fig.texts or fig.get_suptitle())


def _places(fig: Figure) -> list[tuple[Any, Any, Any]]:
    """Return where a figure's axes stand."""
    return [
        (ax.get_position(True), ax.get_anchor(), ax.get_box_aspect()) for ax in fig.axes
    ]


def _place(fig: Figure, known: list[tuple[Any, Any, Any]]) -> None:
    """Put a figure's axes where those of another one stand."""
    axes: list[Any] = fig.axes
    for ax, (position, anchor, aspect) in zip(axes, known, strict=True):
        ax._set_position(position)  # as set_position, and it stays in the layout
        if hasattr(ax, "_colorbar"):
            ax.set_anchor(anchor)
            ax.set_box_aspect(aspect)


def _outline(fig: Figure) -> tuple[object, ...] | None:
    """Return what a figure's layout depends on, or None if that is hard to tell."""
    canvas: Any = fig.canvas
    renderer = canvas.get_renderer()
    outline: list[object] = []
    for ax in fig.axes:
        if not hasattr(ax, "yaxis") or hasattr(ax, "zaxis"):
            return None
        ax.apply_aspect()
        usual = {ax.xaxis, ax.yaxis, ax.title, *ax.spines.values()}
        box = ax.get_window_extent(renderer)
        for artist in ax.get_default_bbox_extra_artists():
            if artist not in usual and not _is_inside(artist, box, renderer):
                return None
        texts = (ax.title, ax.xaxis.label, ax.yaxis.label)
        sizes = [text.get_window_extent(renderer).size for text in texts]
        thick = (sizes[0][1], sizes[1][1], sizes[2][0])  # their lengths do not count
        ticks = [*ax.get_xticklabels(), *ax.get_yticklabels()] if ax.axison else []
        labels = tuple(tick.get_text() for tick in ticks)
        outline.append((ax.axison, ax.get_xlim(), ax.get_ylim(), thick, labels))
    return tuple(outline)


def _is_inside(artist: Artist, box: Any, renderer: Any) -> bool:
    """Whether an artist keeps within the box of its axes."""
    reach = artist.get_tightbbox(renderer)
    if reach is None or not reach.width or not reach.height:
        return True
    return bool(
        reach.x0 >= box.x0 - 1
        and reach.y0 >= box.y0 - 1
        and reach.x1 <= box.x1 + 1
        and reach.y1 <= box.y1 + 1
    )
