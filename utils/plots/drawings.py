"""The few drawings that more than one chapter uses."""

from __future__ import annotations

import html
import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any

import matplotlib.pyplot as plt
import numpy as np
from matplotlib.axes import Axes
from matplotlib.colors import to_rgb
from matplotlib.figure import Figure

from utils.scratch import _checks
from utils.scratch._checks import shown


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
