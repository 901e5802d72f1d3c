"""One picture behind sliders: live in Jupyter, precomputed everywhere else.

A chapter hands :func:`explore` a function that draws, and the values to draw it for::

    def curve(degree):
        fig, ax = plt.subplots()
        ax.plot(x, fitted(degree))
        return fig

    explore(
        curve,
        alt=lambda degree: f"A polynomial of degree {degree} through the points.",
        degree=range(1, 10),
    )

The cell has two outputs. The first is a page fragment with one frame for each given
value, which the built book shows with plain HTML sliders and which needs no kernel;
where scripts do not run, it is the start picture with its caption, and it stays when
the notebook is saved, reopened or converted. The second is alive while its kernel runs,
and hides the first: the reader may pick any value between the smallest and the largest,
and the picture is drawn anew.
"""

from __future__ import annotations

import hashlib
import html
import itertools
import json
import math
import time
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import ipywidgets
import matplotlib.pyplot as plt
import numpy as np
from IPython.display import display
from matplotlib.figure import Figure

from utils.plots.frames import Frame, over
from utils.plots.pictures import (
    SERIES_DPI,
    Places,
    as_figure,
    caption_tag,
    clean_alt,
    img_tag,
    rasterize,
)

__all__ = ["Explore", "explore"]

MAX_FRAMES = 60

# In a saved notebook, Jupyter says in the place of the live output, which is gone:
# "model not found". A live one has elements inside, this message has none.
SAVED_STYLE = (
    "<style>.jp-OutputArea-child:has(.book-explore) + .jp-OutputArea-child "
    ".jupyter-widgets:not(:has(*)) {display: none}</style>\n"
)

Alt = str | Callable[..., str]


def explore(
    render: Callable[..., Figure],
    *,
    alt: Alt,
    caption: str | None = None,
    labels: Mapping[str, str] | None = None,
    start: Mapping[str, Any] | None = None,
    **values: Iterable[Any],
) -> Explore:
    """Show one picture that the reader steers with one or two controls.

    Args:
        render: Function of the values by keyword that returns a Matplotlib figure.
            Give its axes fixed limits, so that only what changes moves.
        alt: What a sighted reader takes from the picture: a function of the values by
            keyword, or a text that is true of every frame (the values are added).
        caption: Text under the picture; `` `code` `` and ``$mathematics$`` work.
        labels: What a control is called on the page, by parameter name; by default the
            name with spaces for underscores.
        start: The value to show first, by parameter name; by default each first one.
        **values: For one or two parameters of ``render``, the values to draw: growing
            numbers make a slider, texts (or False and True) a choice.

    Returns:
        A widget. Make it the last expression of the cell.

    Raises:
        TypeError: If ``render`` returns no figure.
        ValueError: If the values make no control, or a name is unknown.

    Example:
        >>> explore(
        ...     draw_boundary,
        ...     alt=lambda width: f"{width} hidden units bend the boundary.",
        ...     labels={"width": "hidden units"},
        ...     start={"width": 4},
        ...     width=[1, 2, 4, 8, 16],
        ... )
    """
    if not 1 <= len(values) <= 2:
        raise ValueError(
            f"explore takes one or two controls, not {len(values)}"
            + (f" ({', '.join(values)})" if values else "")
            + "; name them as in explore(draw, alt=…, width=[1, 2, 4])"
        )
    for argument, given in (("labels", labels), ("start", start)):
        unknown = set(given or {}) - set(values)
        if unknown:
            raise ValueError(
                f"{argument} names {', '.join(map(repr, sorted(unknown)))}, but the "
                f"controls are {', '.join(map(repr, values))}"
            )
    controls = [
        _control(name, given, (labels or {}).get(name), start or {})
        for name, given in values.items()
    ]
    count = math.prod(len(control.values) for control in controls)
    if count > MAX_FRAMES:
        raise ValueError(
            f"explore would draw {count} frames, which makes a heavy page; give fewer "
            f"values, {MAX_FRAMES} combinations at most"
        )
    return Explore(render, alt, caption, controls)


class Explore(ipywidgets.VBox):
    """The widget that :func:`explore` returns.

    Attributes:
        controls: What the reader steers, in order.
        frames: The frame and alt text of each combination of the given values; the last
            control changes fastest.
        inputs: The live widget of each control, by parameter name.
        picture: The live widget that shows the picture.
    """

    def __init__(
        self,
        render: Callable[..., Figure],
        alt: Alt,
        caption: str | None,
        controls: Sequence[Control],
    ) -> None:
        self.controls = tuple(controls)
        self._render, self._alt, self._caption = render, alt, caption
        self._places = Places()
        begun = time.perf_counter()
        self.frames = {
            values: self._draw(values)
            for values in itertools.product(*(c.values for c in controls))
        }
        seconds = (time.perf_counter() - begun) / len(self.frames)
        # Told by words alone, so that an id does not change with a pixel.
        words = [self._caption, *(text for _, text in self.frames.values())]
        words += [repr(control) for control in self.controls]
        digest = hashlib.sha256(json.dumps(words).encode()).hexdigest()[:8]
        self._id = f"explore-{digest}"
        self.inputs = {c.name: _live_input(c, quick=seconds < 0.3) for c in controls}
        self.picture = ipywidgets.HTMLMath()
        for widget in self.inputs.values():
            widget.observe(self._redraw, names="value")
        self._redraw()
        super().__init__(children=[*self.inputs.values(), self.picture])

    @property
    def html(self) -> str:
        """The page fragment: start picture, hidden controls, caption and frames."""
        start = tuple(control.start for control in self.controls)
        frame, alt = self.frames[start]
        frames = [
            # Each is laid over the start picture, which is in the <img> already.
            {"src": "" if values == start else over(frame, each).uri, "alt": text}
            for values, (each, text) in self.frames.items()
        ]
        inputs = "".join(
            _static_input(control, f"{self._id}-{index}")
            for index, control in enumerate(self.controls)
        )
        data = json.dumps({"frames": frames}, ensure_ascii=False, indent=0)
        return (
            '<figure class="book-explore" style="margin:0">\n'
            f"{img_tag(frame, alt)}\n"
            # Dead without a script, so out of sight; Jupyter, before it trusts a
            # notebook, drops an empty attribute, and others drop every style.
            '<div class="book-explore-controls" hidden="hidden" style="display:none">\n'
            f"{inputs}</div>\n"
            f"{caption_tag(self._caption)}"
            '<script type="application/json">'
            f"{data.replace('<', chr(92) + 'u003c')}</script>\n"
            "</figure>"
        )

    def _ipython_display_(self, **kwargs: Any) -> None:
        display({"text/html": SAVED_STYLE + self.html}, raw=True)
        display(self._repr_mimebundle_(), raw=True)

    def _repr_mimebundle_(self, **kwargs: Any) -> dict[str, Any]:
        start = tuple(control.start for control in self.controls)
        return {
            "application/vnd.jupyter.widget-view+json": {
                "version_major": 2,
                "version_minor": 0,
                "model_id": self.model_id,
            },
            "text/plain": self.frames[start][1],
        }

    def _redraw(self, change: object = None) -> None:
        """Show the picture for the live controls' values; a failure is shown, too."""
        values = tuple(self.inputs[control.name].value for control in self.controls)
        try:
            frame, alt = self.frames.get(values) or self._draw(values)
        except Exception as error:  # the reader's value met a limit of the drawing code
            self.picture.value = (
                '<p role="alert">No picture for '
                f"{html.escape(self._describe(values))}: {type(error).__name__}: "
                f"{html.escape(str(error))}</p>"
            )
        else:
            self.picture.value = (
                "<style>:is(.jp-OutputArea-child, figure.book-explore)"
                f':has([id^="{self._id}-"]) {{display: none}}</style>'  # the saved one
                f'<figure class="book-explore" style="margin:0">{img_tag(frame, alt)}'
                f"{caption_tag(self._caption)}</figure>"
            )

    def _draw(self, values: tuple[Any, ...]) -> tuple[Frame, str]:
        """Draw one picture and say it in words."""
        named = {c.name: v for c, v in zip(self.controls, values, strict=True)}
        fig = None
        try:
            fig = as_figure(self._render(**named), "explore's drawing function")
            alt = clean_alt(
                self._alt(**named)
                if callable(self._alt)
                else f"{clean_alt(self._alt)} ({self._describe(values)})"
            )
            return rasterize(fig, SERIES_DPI, self._places), alt
        except Exception as error:
            error.add_note(f"explore was drawing {self._describe(values)}")
            raise
        finally:
            if fig is not None:
                plt.close(fig)

    def _describe(self, values: tuple[Any, ...]) -> str:
        return ", ".join(
            f"{control.label} = {in_words(value)}"
            for control, value in zip(self.controls, values, strict=True)
        )


@dataclass(frozen=True)
class Control:
    """What the reader steers: a slider over numbers or a choice between texts.

    Attributes:
        name: The drawing function's parameter.
        label: What the page calls it.
        values: The values with a precomputed frame.
        start: The one shown first.
    """

    name: str
    label: str
    values: tuple[Any, ...]
    start: Any

    @property
    def is_choice(self) -> bool:
        """Whether it is a choice between texts, not a slider."""
        return isinstance(self.values[0], str | bool)


def _control(
    name: str, given: Iterable[Any], label: str | None, start: Mapping[str, Any]
) -> Control:
    """Check one parameter's values and make its control."""
    if isinstance(given, str) or not isinstance(given, Iterable):
        raise ValueError(
            f"{name}={given!r} is a single value; give the values to draw as a list, "
            f"such as {name}=[{given!r}, …]"
        )
    values = tuple(v.item() if isinstance(v, np.generic) else v for v in given)
    if len(values) < 2:
        raise ValueError(
            f"{name}={list(values)!r} leaves the reader nothing to choose; give at "
            "least two values"
        )
    numbers = all(
        isinstance(v, int | float) and not isinstance(v, bool) for v in values
    )
    if not numbers and not any(
        all(isinstance(v, kind) for v in values) for kind in (str, bool)
    ):
        raise ValueError(
            f"{name}={list(values)!r} must be all numbers (a slider) or all texts (a "
            "choice)"
        )
    if len(set(values)) != len(values):
        raise ValueError(f"{name}={list(values)!r} repeats a value; give each once")
    if numbers and (
        list(values) != sorted(values) or not all(map(math.isfinite, values))
    ):
        raise ValueError(
            f"{name}={list(values)!r} must be finite numbers in growing order; "
            f"sort them, or give texts for a choice"
        )
    if numbers and not all(isinstance(v, int) for v in values):
        values = tuple(float(v) for v in values)
    first = start.get(name, values[0])
    if first not in values:
        raise ValueError(
            f"start={{{name!r}: {first!r}}} is not one of the values "
            f"{list(values)!r}; a start needs a frame of its own"
        )
    first = values[values.index(first)]
    return Control(name, label or name.replace("_", " "), values, first)


def in_words(value: Any) -> str:
    """Return a value as a reader writes it: ``10⁻⁵``, ``0.25``, ``yes``."""
    if isinstance(value, bool):
        return "yes" if value else "no"
    if not isinstance(value, float):
        return str(value)
    text = f"{value:.4g}"
    if "e" not in text:
        return text.replace("-", "−")
    mantissa, exponent = text.split("e")
    power = "10" + str(int(exponent)).translate(
        str.maketrans("-0123456789", "⁻⁰¹²³⁴⁵⁶⁷⁸⁹")
    )
    return (power if mantissa == "1" else f"{mantissa} × {power}").replace("-", "−")


def _static_input(control: Control, id: str) -> str:
    """Return the HTML of one control: a range, a few radio buttons or a list."""
    label = html.escape(control.label, quote=False)
    words = [in_words(value) for value in control.values]
    at = control.values.index(control.start)
    if not control.is_choice:
        return (
            f'<div class="book-explore-control"><label for="{id}">{label}</label>'
            f'<input type="range" id="{id}" min="0" max="{len(words) - 1}" step="1" '
            f'value="{at}" aria-valuetext="{words[at]}" '
            f'data-values="{html.escape(json.dumps(words, ensure_ascii=False))}">'
            f'<output for="{id}" aria-live="off">{words[at]}</output></div>\n'
        )
    if len(words) <= 5 and sum(map(len, words)) <= 50:
        options = "".join(
            f'<label><input type="radio" name="{id}-pick" value="{index}"'
            f"{' checked' if index == at else ''}>"
            f"<span>{html.escape(word, quote=False)}</span></label>"
            for index, word in enumerate(words)
        )
        return (
            '<div class="book-explore-control" role="radiogroup" '
            f'aria-labelledby="{id}"><span id="{id}">{label}</span>'
            f'<span class="book-explore-options">{options}</span></div>\n'
        )
    options = "".join(
        f'<option value="{index}"{" selected" if index == at else ""}>'
        f"{html.escape(word, quote=False)}</option>"
        for index, word in enumerate(words)
    )
    return (
        f'<div class="book-explore-control"><label for="{id}">{label}</label>'
        f'<select id="{id}">{options}</select></div>\n'
    )


def _live_input(control: Control, quick: bool) -> ipywidgets.Widget:
    """Return the live widget of one control, free to stop between the given values.

    Args:
        control: The control.
        quick: Whether a picture is drawn fast enough to follow a moving slider.
    """
    common: dict[str, Any] = {
        "description": control.label,
        "value": control.start,
        "style": {"description_width": "initial"},
    }
    if control.is_choice:
        options = [(in_words(value), value) for value in control.values]
        few = len(options) <= 5 and sum(len(word) for word, _ in options) <= 50
        kind = ipywidgets.ToggleButtons if few else ipywidgets.Dropdown
        return kind(options=options, **common)
    low, high = control.values[0], control.values[-1]
    common |= {"continuous_update": quick, "layout": {"width": "28em"}}
    if isinstance(low, int):
        return ipywidgets.IntSlider(min=low, max=high, step=1, **common)
    if _is_geometric(control.values):
        bounds = {"min": math.log10(low), "max": math.log10(high)}
        step = (bounds["max"] - bounds["min"]) / 200
        return ipywidgets.FloatLogSlider(
            **bounds, step=step, readout_format=".2g", **common
        )
    return ipywidgets.FloatSlider(
        min=low, max=high, step=(high - low) / 200, readout_format=".3g", **common
    )


def _is_geometric(values: Sequence[float]) -> bool:
    """Whether positive values grow by a nearly constant factor, tenfold or more."""
    if len(values) < 3 or values[0] <= 0 or values[-1] < 10 * values[0]:
        return False
    steps = np.diff(np.log(values))
    return bool(steps.max() <= 1.5 * steps.min())
