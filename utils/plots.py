"""Pictures for the chapters: compressed, sized, and never without an alt text.

A picture is the last expression of its cell::

    fig, ax = plt.subplots()
    ax.plot(steps, losses)
    plots.show(fig, alt="The loss halves every ten steps and levels off at 0.1.")

:func:`show` turns a figure into HTML that looks the same in Jupyter and in the built
book. The other functions draw the few plots that more than one chapter uses.
"""

from __future__ import annotations

import base64
import html
import io
import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

import matplotlib.pyplot as plt
import numpy as np
from matplotlib.artist import Artist
from matplotlib.axes import Axes
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.colors import to_rgb
from matplotlib.figure import Figure
from matplotlib.layout_engine import ConstrainedLayoutEngine
from PIL import Image

from utils.scratch import _checks
from utils.scratch._checks import shown

__all__ = [
    "Frame",
    "Picture",
    "decision_boundary",
    "image_grid",
    "rasterize",
    "show",
    "training_curves",
    "weight_tables",
]

CSS_PIXELS_PER_INCH = 96
SINGLE_DPI = 192  # a lone picture: sharp on screens with two dots per CSS pixel
SERIES_DPI = 144  # one of many frames: a little softer, a third lighter


@dataclass(frozen=True)
class Frame:
    """One compressed picture.

    Attributes:
        data: The bytes of a WebP file.
        width: Displayed width in CSS pixels.
        height: Displayed height in CSS pixels.
    """

    data: bytes
    width: int
    height: int

    @property
    def uri(self) -> str:
        """The picture as a ``data:`` address."""
        return "data:image/webp;base64," + base64.b64encode(self.data).decode("ascii")


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
            inch is its size on the page (the style's 6.4 x 3.6 in is 614 x 346).
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


class Tables(str):
    """HTML that a notebook shows as such; what :func:`weight_tables` returns."""

    def _repr_mimebundle_(self, **kwargs: Any) -> dict[str, str]:
        return {"text/html": str(self), "text/plain": repr(self)}

    def __repr__(self) -> str:
        names = re.findall(r"<summary>(.*?)</summary>", self)
        return f"Tables of weights: {html.unescape('; '.join(names))}"


def weight_tables(
    tables: Mapping[str, Mapping[str, Any]],
    rows: Mapping[str, Sequence[str]],
    columns: Mapping[str, Sequence[str]],
    opened: int = 0,
) -> Tables:
    """Show attention weights as tables of real characters, folded under their names.

    A cell says its weight in tenths, is the darker the larger it is, and its row is lit
    while the pointer is on it. Tables read in any script, in Jupyter and on paper.

    Args:
        tables: For each name, its tables: a caption and weights of shape (T, S), each
            from 0 to 1.
        rows: For each name, what stands before the T rows: the queries.
        columns: For each name, what stands above the S columns: the keys.
        opened: Which name is unfolded at first, counted from 0.

    Returns:
        The tables. Make them the last expression of the cell.

    Raises:
        ValueError: If names or shapes do not agree, or a weight is not from 0 to 1.
    """
    for name, given in (("tables", tables), ("rows", rows), ("columns", columns)):
        if not isinstance(given, Mapping):
            raise ValueError(f"{name} must be a dict by name, got {shown(given)}")
        if given.keys() != tables.keys():
            raise ValueError(f"{name} must have the names of tables: {list(tables)}")
    if isinstance(opened, bool) or not isinstance(opened, (int, np.integer)):
        raise ValueError(f"opened must be a whole number, got {shown(opened)}")
    parts = ["<style>.weights tbody tr:hover th {background:#ffd54f;color:#000}"]
    parts += [".weights tbody tr:hover td {outline:1px solid #b58900}</style>"]
    for number, (name, group) in enumerate(tables.items()):
        if not isinstance(group, Mapping):
            raise ValueError(
                f"tables[{name!r}] must be a dict of weights by caption, "
                f"got {shown(group)}"
            )
        inside = "".join(
            _weight_table(
                f"tables[{name!r}]", caption, given, rows[name], columns[name]
            )
            for caption, given in group.items()
        )
        state = " open" if number == opened else ""
        summary = f"<summary>{html.escape(str(name))}</summary>"
        parts.append(f"<details{state}>{summary}{inside}</details>")
    return Tables("".join(parts))


def _weight_table(
    name: str, caption: object, given: Any, rows: Any, columns: Any
) -> str:
    weights = _numbers(name, given)
    down = [html.escape(str(x)) for _, x in _listed(rows=rows)]
    across = [html.escape(str(x)) for _, x in _listed(columns=columns)]
    shape = len(down), len(across)
    if weights.shape != shape:
        raise ValueError(
            f"{name} must hold weights of shape {shape}, one for each of rows and "
            f"columns, got {weights.shape}"
        )
    if not ((weights >= -1e-6) & (weights <= 1 + 1e-6)).all():
        raise ValueError(f"{name} must hold weights from 0 to 1")
    upright = "writing-mode:vertical-rl;font-weight:normal;padding:4px"
    head = "".join(f'<th scope="col" style="{upright}">{x}</th>' for x in across)
    body = ""
    for label, line in zip(down, weights, strict=True):
        cells = "".join(
            f'<td title="{label}, {x}: {w:.2f}" style="min-width:1.6em;padding:0;'
            "text-align:center;font-size:0.7rem;color:#000;print-color-adjust:exact;"
            f'background:rgba(31,119,180,{0.6 * w:.2f})">'
            f"{f'{w:.1f}'.lstrip('0') if w >= 0.05 else ''}</td>"
            for x, w in zip(across, line, strict=True)
        )
        body += f'<tr><th scope="row">{label}</th>{cells}</tr>'
    return (
        '<table class="weights" style="display:inline-table;margin:0 1em 1em 0">'
        f"<caption>{html.escape(str(caption))}</caption>"
        f"<thead><tr><td></td>{head}</tr></thead><tbody>{body}</tbody></table>"
    )


def training_curves(
    history: Mapping[str, Sequence[float]], title: str | None = None
) -> Figure:
    """Draw a training history: one panel for the loss and one for each metric.

    Args:
        history: Columns of equal length by name, one entry an epoch: ``loss``, and as
            wanted ``epoch``, ``val_loss``, ``accuracy``, ``val_accuracy`` and so on.
            ``val_x`` shares the panel of ``x``.
        title: Text above the panels.

    Returns:
        The figure.

    Raises:
        ValueError: If no column holds a curve, or lengths differ.
    """
    _check_text("title", title)
    names = getattr(history, "columns", history)  # the book's own History, or a dict
    if not isinstance(history, Mapping) and names is history:
        raise ValueError(f"history must be a dict of columns, got {shown(history)}")
    columns = {
        str(name): _numbers(f"history[{name!r}]", history[name]) for name in names
    }
    for name, values in columns.items():
        if values.ndim != 1:
            raise ValueError(f"history[{name!r}] must be a column of numbers")
    epochs = columns.pop("epoch", None)
    for name in ("seconds", "learning_rate", "lr"):
        columns.pop(name, None)
    panels = list(dict.fromkeys(name.removeprefix("val_") for name in columns))
    if not panels:
        raise ValueError(
            f"this history has nothing to draw: its columns are {list(names)}; "
            "give at least 'loss'"
        )
    lengths = {name: len(column) for name, column in columns.items()}
    if len(set(lengths.values())) > 1:
        raise ValueError(
            f"the columns of a history must be equally long, not {lengths}"
        )
    if epochs is None:
        epochs = np.arange(1, next(iter(lengths.values())) + 1)

    width, height = plt.rcParams["figure.figsize"]
    fig, axes = plt.subplots(
        1,
        len(panels),
        figsize=(width * min(1.25, 0.75 + 0.25 * len(panels)), height),
        squeeze=False,
        layout="constrained",
    )
    dots = "o" if len(epochs) <= 20 else ""
    for ax, name in zip(axes.flat, panels, strict=True):
        for column, label, line in (
            (name, "train", "-"),
            (f"val_{name}", "held out", "--"),
        ):
            if column in columns:
                ax.plot(epochs, columns[column], line, marker=dots, ms=4, label=label)
        ax.set_xlabel("epoch")
        ax.set_ylabel(name.replace("_", " "))
        ax.xaxis.get_major_locator().set_params(integer=True)
        if name in columns and f"val_{name}" in columns:
            ax.legend()
    if title:
        fig.suptitle(title)
    return fig


def image_grid(
    images: Any,
    titles: Iterable[object] | None = None,
    columns: int | None = None,
    limits: tuple[float, float] | None = None,
) -> Figure:
    """Draw images side by side.

    Args:
        images: Array (N, H, W) of greys or (N, H, W, 3) of colours, or a list of such
            images. Greys are drawn with the lowest value black.
        titles: One short text above each image.
        columns: Images in a row; by default up to 8.
        limits: The values drawn black and white; by default the extremes over all
            images, so that images can be compared.

    Returns:
        The figure.

    Raises:
        ValueError: If there are no images, a shape is not (H, W) or (H, W, 3), or the
            number of titles is another one.
    """
    pictures = [_numbers(f"images[{k}]", image) for k, image in _listed(images=images)]
    if not pictures:
        raise ValueError("image_grid got no images; give at least one")
    for index, picture in enumerate(pictures):
        grey = picture.ndim == 2
        colour = picture.ndim == 3 and picture.shape[2] == 3
        if not (grey or colour) or not picture.size:
            raise ValueError(
                f"images[{index}] has shape {picture.shape}; give (H, W) for greys or "
                "(H, W, 3) for colours"
            )
    names = None if titles is None else [str(t) for _, t in _listed(titles=titles)]
    if names is not None and len(names) != len(pictures):
        raise ValueError(
            f"{len(pictures)} images need as many titles, not {len(names)}"
        )
    wanted = 8 if columns is None else _checks.count("columns", columns)
    columns = min(wanted, len(pictures))
    rows = -(-len(pictures) // columns)
    low, high = _limits(limits, 2) or (
        min(float(p.min()) for p in pictures),
        max(float(p.max()) for p in pictures),
    )

    width = plt.rcParams["figure.figsize"][0]
    cell = min(width / columns, 2.4)
    tallest = max(p.shape[0] / p.shape[1] for p in pictures)
    size = (cell * columns, rows * (cell * tallest + (0.28 if names else 0.05)))
    fig, axes = plt.subplots(
        rows, columns, figsize=size, squeeze=False, layout="constrained"
    )
    for index, ax in enumerate(axes.flat):
        ax.axis("off")
        if index >= len(pictures):
            continue
        ax.imshow(
            pictures[index], cmap="gray", vmin=low, vmax=high, interpolation="nearest"
        )
        if names:
            ax.set_title(names[index], fontsize=10)
    return fig


def decision_boundary(
    ax: Axes,
    predict: Callable[[np.ndarray], Any],
    x: Any,
    y: Any,
    limits: tuple[float, float, float, float] | None = None,
    resolution: int = 160,
) -> Axes:
    """Draw what a classifier of points in the plane answers everywhere, and its data.

    Args:
        ax: Where to draw.
        predict: Function of points, an array (M, 2) of ``x``'s float type. It returns
            the probability of class 1, shape (M,) or (M, 1), or one score for each
            class, shape (M, K): the greatest one wins.
        x: Data points, shape (N, 2).
        y: Their labels 0, 1, ..., shape (N,). Classes differ in colour and marker.
        limits: Left, right, bottom and top; by default the data with a margin. Fix
            them when frames are compared.
        resolution: Points along each side of the grid on which ``predict`` is asked.

    Returns:
        The axes.

    Raises:
        ValueError: If a shape is wrong, or a label is not a whole number from 0 on.
    """
    if not isinstance(ax, Axes):
        raise ValueError(f"ax must be Matplotlib's axes, got {shown(ax)}")
    if not callable(predict):
        raise ValueError(f"predict must be a function, got {shown(predict)}")
    resolution = _checks.count("resolution", resolution, 2)
    x, y = _numbers("x", x), _numbers("y", y).ravel()
    if x.ndim != 2 or x.shape[1] != 2 or len(y) != len(x):
        raise ValueError(
            "decision_boundary draws points x (N, 2) with labels y (N,), not "
            f"{x.shape} with {y.shape}"
        )
    wrong = y[(y < 0) | (y != np.floor(y)) | (y > 1000)]
    if wrong.size or not y.size:
        raise ValueError(
            "y must hold labels 0, 1, ..., "
            + (f"not {wrong[0]:g}" if wrong.size else "and it is empty")
        )
    low, high = x.min(axis=0), x.max(axis=0)
    low, high = low - 0.1 * (high - low), high + 0.1 * (high - low)
    given = _limits(limits, 4)
    left, right, bottom, top = given or (low[0], high[0], low[1], high[1])
    horizontal, vertical = np.meshgrid(
        np.linspace(left, right, resolution), np.linspace(bottom, top, resolution)
    )
    points = np.stack([horizontal.ravel(), vertical.ravel()], axis=1)
    answer = predict(points.astype(np.result_type(x, np.float32)))
    answer = _numbers("what predict returned", answer)
    if answer.shape[:1] != points.shape[:1] or answer.ndim > 2 or not answer.size:
        raise ValueError(
            f"predict was given {len(points)} points and returned shape "
            f"{answer.shape}; it must return (M,), (M, 1) or (M, K)"
        )

    classes = int(y.max()) + 1
    if answer.ndim == 2 and answer.shape[1] > 1:
        classes = max(classes, answer.shape[1])
        colours = _class_colours(classes)
        regions = answer.argmax(axis=1).reshape(horizontal.shape)
        # Not contours: they would draw a thin band of class 1 between 0 and 2.
        ax.imshow(
            np.array([_pale(colour) for colour in colours])[regions],
            extent=(left, right, bottom, top),
            origin="lower",
            interpolation="nearest",
            aspect="auto",
        )
    else:
        classes = max(classes, 2)
        colours = _class_colours(classes)
        probability = answer.reshape(horizontal.shape)
        steps = np.linspace(-1, 1, 10)
        shades = [_pale(colours[int(s > 0)], 0.08 + 0.4 * abs(s)) for s in steps]
        ax.contourf(
            horizontal,
            vertical,
            np.clip(probability, 0, 1),
            levels=np.linspace(0, 1, 11),
            colors=shades,
        )
        if probability.min() < 0.5 < probability.max():
            ax.contour(horizontal, vertical, probability, levels=[0.5], colors="black")
    for label in range(classes):
        chosen = x[y == label]
        ax.scatter(
            chosen[:, 0],
            chosen[:, 1],
            s=22,
            marker="o^sDv*Pp<>X"[label % 11],
            color=colours[label],
            edgecolor="white",
            linewidth=0.6,
            zorder=3,
        )
    ax.set_xlim(left, right)
    ax.set_ylim(bottom, top)
    return ax


def _class_colours(count: int) -> list[tuple[float, float, float]]:
    cycle = plt.rcParams["axes.prop_cycle"].by_key()["color"]
    return [to_rgb(cycle[index % len(cycle)]) for index in range(count)]


def _pale(
    colour: tuple[float, float, float], strength: float = 0.35
) -> tuple[float, float, float]:
    red, green, blue = (1 - strength + strength * part for part in colour)
    return red, green, blue


def _numbers(name: str, values: Any) -> np.ndarray:
    """Return finite real numbers as an array."""
    try:
        array = np.asarray(values)
        fits = array.dtype.kind in "biuf" and bool(np.isfinite(array).all())
    except (TypeError, ValueError):
        fits = False
    if not fits:
        raise ValueError(
            f"{name} must be an array of finite numbers, got {shown(values)}"
        )
    return array


def _listed(**argument: Any) -> enumerate[Any]:
    ((name, values),) = argument.items()
    if not isinstance(values, Iterable) or (
        isinstance(values, np.ndarray) and not values.ndim
    ):
        raise ValueError(f"{name} must be a list, got {shown(values)}")
    return enumerate(values)


def _limits(limits: Any, count: int) -> tuple[float, ...] | None:
    """Check pairs of bounds, each with the lower one first."""
    if limits is None:
        return None
    bounds = _numbers("limits", limits)
    if bounds.shape != (count,) or not (bounds[::2] < bounds[1::2]).all():
        raise ValueError(
            f"limits must be {count} numbers, in pairs of a lower and an upper one, "
            f"got {shown(limits)}"
        )
    return tuple(float(bound) for bound in bounds)


def _check_text(name: str, text: object) -> None:
    if text is not None and not isinstance(text, str):
        raise ValueError(f"{name} must be a text, got {shown(text)}")


# Support for show and for utils.explore.


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


def over(base: Frame, frame: Frame) -> Frame:
    """Return what is to be laid over one frame for another to be seen.

    Only what differs is kept, and two dots around it, so that nothing shines through
    when both are scaled; the rest is transparent, and costs next to nothing.

    Args:
        base: The frame below.
        frame: The frame to be seen, of the same size.

    Returns:
        The difference, or ``frame`` itself where that is no longer.
    """
    pictures = [Image.open(io.BytesIO(each.data)) for each in (base, frame)]
    if pictures[1].mode == "RGBA":  # is such a difference
        return frame
    below, above = (np.asarray(picture.convert("RGB")) for picture in pictures)
    if below.shape != above.shape:
        return frame
    differs = (below != above).any(axis=-1)
    for axis in (0, 1):
        for _ in range(2):
            grown = differs.copy()
            ahead, behind = grown.swapaxes(0, axis), differs.swapaxes(0, axis)
            ahead[1:] |= behind[:-1]
            ahead[:-1] |= behind[1:]
            differs = grown
    alpha = np.where(differs, 255, 0).astype(np.uint8)
    kept = np.where(differs[..., None], above, 0).astype(np.uint8)
    data = _webp(np.dstack([kept, alpha]), lossless=True)
    return frame if len(data) >= len(frame.data) else replace(frame, data=data)


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


def compress(pixels: np.ndarray) -> bytes:
    """Encode an image as WebP, without loss or with one that the eye does not see.

    A picture of few colours is kept exactly. Otherwise there are two ways. Lossless,
    after rounding colours by at most 8 of 255 at edges and 2 elsewhere, suits line art.
    Lossy at quality 85 suits photographs; thin coloured lines suffer, so it is taken
    only if it saves two fifths and at most one value in a hundred is off by over 25.

    Args:
        pixels: Image of bytes, shape (H, W, 3).

    Returns:
        The bytes of a WebP file.
    """
    colours = Image.fromarray(pixels).getcolors(256)
    if colours is not None:
        return _webp(pixels, lossless=True)
    rounded = _webp(_round_colours(pixels), lossless=True)
    # At its least effort, lossy compression takes a third of the time and up to half as
    # many bytes again: enough to see whether it is worth the rest.
    if len(_webp(pixels, quality=85, method=0)) > 0.95 * len(rounded):
        return rounded
    lossy = _webp(pixels, quality=85, method=4)
    if len(lossy) < 0.6 * len(rounded):
        decoded = np.asarray(Image.open(io.BytesIO(lossy)).convert("RGB"))
        error = np.abs(decoded.astype(np.int16) - pixels)
        if np.mean(error > 25) <= 0.01:
            return lossy
    return rounded


def _webp(
    pixels: np.ndarray, lossless: bool = False, quality: int = 50, method: int = 3
) -> bytes:
    """Encode; without loss, these efforts are quicker and smaller than the default."""
    buffer = io.BytesIO()
    Image.fromarray(pixels).save(
        buffer, "WEBP", lossless=lossless, quality=quality, method=method
    )
    return buffer.getvalue()


def _round_colours(pixels: np.ndarray) -> np.ndarray:
    """Round to multiples of 16 where a neighbour's colour differs, else of 4."""
    edge = np.zeros(pixels.shape[:2], dtype=bool)
    for plane in np.ascontiguousarray(pixels.transpose(2, 0, 1)):
        for one, other in (
            ((slice(1, None),), (slice(None, -1),)),
            ((slice(None), slice(1, None)), (slice(None), slice(None, -1))),
        ):
            a, b = plane[one], plane[other]
            differs = np.maximum(a, b) - np.minimum(a, b) > 8
            edge[one] |= differs
            edge[other] |= differs
    return np.where(edge[..., None], _COARSE[pixels], _FINE[pixels])


_VALUES = np.arange(256)
_COARSE = np.where(_VALUES >= 248, 255, (_VALUES + 8) // 16 * 16).astype(np.uint8)
_FINE = np.where(_VALUES >= 254, 255, (_VALUES + 2) // 4 * 4).astype(np.uint8)
