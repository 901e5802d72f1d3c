"""Make the two pictures of the first page: the bending plane and the map of chapters.

Both are page fragments in ``chapters/_front``, committed like a notebook's outputs::

    python tools/front_figures.py          # both
    python tools/front_figures.py map      # only the map, after a change of _toc.yml

A new chapter needs an entry in :data:`STOPS`.
"""

from __future__ import annotations

import argparse
import functools
import html
import itertools
import json
import math
import posixpath
import re
import sys
import textwrap
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import matplotlib.pyplot as plt
import numpy as np
import torch
import yaml
from matplotlib.figure import Figure
from numpy.typing import NDArray
from torch import Tensor, nn

from utils import data, runtime
from utils.explore import Explore, explore

ROOT = Path(__file__).resolve().parent.parent
FOLDER = ROOT / "chapters" / "_front"
HOME = "chapters/index"

STEPS = (0, 50, 150, 300, 700)
LAYERS = 5

Array = NDArray[np.float64]


def main(arguments: list[str] | None = None) -> int:
    """Write the fragments."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("which", nargs="?", choices=["map", "plane"])
    which = parser.parse_args(arguments).which
    FOLDER.mkdir(exist_ok=True)
    if which != "plane":
        write("map.html", chapter_map())
    if which != "map":
        write("plane.html", bending_plane().html)
    return 0


def write(name: str, content: str) -> None:
    """Write one fragment and say so."""
    path = FOLDER / name
    path.write_text(content + "\n", encoding="utf-8", newline="\n")
    print(f"{path.relative_to(ROOT).as_posix()}  {path.stat().st_size / 1000:.0f} KB")


# --- a network that bends the plane ---------------------------------------------------


class BendingNetwork(nn.Module):
    """Five layers that each move the points of the plane a little, then one cut.

    Layer k adds tanh(h A + c) V to the points h. The cut at the end is a fixed vertical
    line: all the learning is in the bending.
    """

    def __init__(self, width: int = 16) -> None:
        super().__init__()
        self.layers = nn.ModuleList(
            nn.Sequential(
                nn.Linear(2, width), nn.Tanh(), nn.Linear(width, 2, bias=False)
            )
            for _ in range(LAYERS)
        )
        for layer in self.layers:
            nn.init.normal_(layer[0].weight)
            nn.init.normal_(layer[0].bias)
            nn.init.zeros_(layer[2].weight)  # before training, nothing is bent

    def forward(self, x: Tensor) -> list[Tensor]:
        """Return where the points are before the first layer and after each one."""
        places = [x]
        for layer in self.layers:
            places.append(places[-1] + layer(places[-1]))
        return places

    @staticmethod
    def logits(places: list[Tensor]) -> Tensor:
        """Return the score of class 1: four times the distance from the line."""
        return 4 * places[-1][:, 0]


def train(steps: tuple[int, ...] = STEPS) -> dict[int, BendingNetwork]:
    """Train one network and keep a copy of it at each of the steps."""
    torch.manual_seed(0)
    network, points = BendingNetwork(), spirals()
    x = torch.from_numpy(points.x_train)
    y = torch.from_numpy(points.y_train).float()
    plane = torch.from_numpy(lattice(15).astype(np.float32))
    everywhere = torch.cat([x, plane])
    optimizer = torch.optim.Adam(network.parameters(), lr=1e-3)
    kept = {}
    for step in range(steps[-1] + 1):
        if step in steps:
            kept[step] = BendingNetwork()
            kept[step].load_state_dict(network.state_dict())
        places = network(everywhere)
        moves = torch.stack(places[1:]) - torch.stack(places[:-1])
        effort = LAYERS * moves.square().sum(-1).mean(-1).sum()
        loss = nn.functional.binary_cross_entropy_with_logits(
            network.logits(places)[: len(x)], y
        )
        optimizer.zero_grad()
        (loss + 0.1 * effort).backward()  # short ways keep the plane smooth
        optimizer.step()
    return kept


@functools.cache
def spirals() -> data.Dataset:
    """Return the points to separate."""
    return data.load("spirals", n=160, noise=0.03, seed=0, turns=1.0)


def lattice(n: int) -> Array:
    """Return the n² points of a square lattice, row by row."""
    side = np.linspace(-1.25, 1.25, n)
    return np.stack(np.meshgrid(side, side), axis=-1).reshape(-1, 2)


def bending_plane(steps: tuple[int, ...] = STEPS) -> Explore:
    """Return the first page's figure."""
    runtime.setup(seed=0)
    networks = train(steps)
    return explore(
        lambda step, layer: draw(networks[step], layer),
        alt=lambda step, layer: in_words(networks[step], step, layer),
        caption=(
            "Two spirals, pulled apart. The network can only cut the plane along a "
            "straight line (dashed), so its five layers learn to bend the plane until "
            "one cut is enough. Move the second slider back to 0 to see where the "
            "points came from, then forward, layer by layer. Move the first to watch "
            "the network learn."
        ),
        labels={"step": "training step", "layer": "after layer"},
        start={"step": steps[-1], "layer": LAYERS},
        step=steps,
        layer=range(LAYERS + 1),
    )


@torch.no_grad()
def follow(network: BendingNetwork, points: Array) -> tuple[Array, Array]:
    """Return the points' places, (layers + 1, n, 2), and their probabilities, (n,)."""
    places = network(torch.from_numpy(points.astype(np.float32)))
    chance = torch.sigmoid(network.logits(places))
    return torch.stack(places).double().numpy(), chance.double().numpy()


def in_words(network: BendingNetwork, step: int, layer: int) -> str:
    """Say what one picture shows."""
    points = spirals()
    _, chance = follow(network, points.x_train)
    right = int(((chance > 0.5) == points.y_train).sum())
    if step == 0:
        seen = "lies flat and is cut by a straight line; no layer moves anything yet"
    elif layer == 0:
        seen = "lies flat, as it came in, and a curved boundary crosses it"
    elif layer < LAYERS:
        seen = "is bent part of the way, and the boundary with it"
    else:
        seen = "is bent so far that the boundary is a straight line"
    where = f"after layer {layer} of {LAYERS}" if layer else "before the first layer"
    return (
        f"Two spirals, {where}, when the network has trained for {step} steps. The "
        f"plane {seen}. {right} of {len(chance)} points are on the right side of it."
    )


BLUE, RED = runtime.PALETTE["blue"], runtime.PALETTE["vermillion"]
# Few flat shades: such a picture takes a fifth of the bytes of a smooth one.
LEVELS = (-0.1, 0.1, 0.3, 0.7, 0.9, 1.1)
SHADES = ("#a6cde7", "#d3e6f3", "#ffffff", "#f9e1d1", "#f3c3a3")


def draw(network: BendingNetwork, layer: int) -> Figure:
    """Draw colours, grid lines, boundary and points where a layer leaves them."""
    n = 97
    places, chance = follow(network, lattice(n))
    sheet, chance = places[layer].reshape(n, n, 2), chance.reshape(n, n)
    fig, ax = plt.subplots(figsize=(4.4, 4.4))
    ax.set_position((0, 0, 1, 1))
    x, y = np.moveaxis(sheet, -1, 0)
    ax.contourf(x, y, chance, levels=LEVELS, colors=SHADES, antialiased=False)
    for k in range(0, n, 12):
        for line in (sheet[k], sheet[:, k]):
            ax.plot(*line.T, color="#8a8a8a", linewidth=0.6)
    if layer == LAYERS:
        ax.axvline(0, color="black", linewidth=1, linestyle=(0, (6, 6)))
    for curve in boundary(network):
        ax.plot(*follow(network, curve)[0][layer].T, color="black", linewidth=2.5)
    points = spirals()
    where = follow(network, points.x_train)[0][layer]
    for label, color in enumerate((BLUE, RED)):
        mine = where[points.y_train == label].T
        ax.plot(*mine, "o", color=color, markersize=5, markeredgecolor="white")
    ax.set(xlim=(-1.75, 1.75), ylim=(-1.75, 1.75), aspect="equal")
    ax.axis("off")
    fig.set_layout_engine("none")
    return fig


def boundary(network: BendingNetwork) -> list[Array]:
    """Return the curves of the input plane where the network is undecided."""
    n = 401
    side = np.linspace(-1.25, 1.25, n)
    chance = follow(network, lattice(n))[1].reshape(n, n)
    fig, ax = plt.subplots()
    curves = ax.contour(side, side, chance, [0.5]).allsegs[0]
    plt.close(fig)
    return [curve for curve in curves if len(curve) > 2]


# --- the map of chapters --------------------------------------------------------------


@dataclass(frozen=True)
class Stop:
    """What the map says of a page.

    Attributes:
        about: One line under the title.
        needs: The pages to read before, as in ``_toc.yml``.
        sketch: A small drawing, SVG in a box of 60 by 60.
    """

    about: str
    needs: tuple[str, ...] = ()
    sketch: str = ""


def _dots(*places: tuple[float, float], of: str) -> str:
    return "".join(
        f'<circle class="{of}" cx="{x}" cy="{y}" r="3.5"/>' for x, y in places
    )


def _network() -> str:
    columns = [[(8, 15), (8, 45)], [(30, 8), (30, 30), (30, 52)], [(52, 30)]]
    lines = "".join(
        f'<path class="line" d="M{a[0]} {a[1]}L{b[0]} {b[1]}"/>'
        for left, right in itertools.pairwise(columns)
        for a in left
        for b in right
    )
    back = '<path class="back" d="M50 50Q30 68 10 56M16 61L9 55L17 53"/>'
    units = [
        _dots(*column, of=kind) for column, kind in zip(columns, "aab", strict=True)
    ]
    return lines + "".join(units) + back


def _window() -> str:
    lines = "".join(
        f'<path class="line" d="M{4 + 8 * k} 12V52M4 {12 + 8 * k}H44"/>'
        for k in range(6)
    )
    return (
        lines
        + '<path class="bold" d="M12 12H36V36H12Z"/>'
        + '<path class="line" d="M36 12L56 5M36 36L56 9"/>'
        + _dots((56, 7), of="b")
    )


def _blocks(*places: tuple[float, float]) -> str:
    return "".join(f'<path class="block" d="M{x} {y}h28v12h-28z"/>' for x, y in places)


def _ring(kinds: str, n: int = 8) -> str:
    """Draw dots on a circle, of each kind in turn."""
    angles = [2 * math.pi * k / n for k in range(n)]
    return "".join(
        _dots(
            (round(30 + 25 * math.cos(a), 1), round(30 + 25 * math.sin(a), 1)),
            of=kinds[k % len(kinds)],
        )
        for k, a in enumerate(angles)
    )


STOPS = {
    "chapters/setup": Stop("Install the book and check that it works"),
    "chapters/foundations/first_network": Stop(
        "Fit a line, draw a boundary, read handwritten digits",
        sketch=(
            _dots((10, 14), (22, 9), (14, 30), (9, 46), of="a")
            + _dots((50, 46), (40, 52), (47, 29), (52, 13), of="b")
            + '<path class="bold" d="M38 2C20 20 42 36 22 58"/>'
        ),
    ),
    "chapters/foundations/backprop": Stop(
        "One sweep back gives the gradient of every weight",
        needs=("chapters/foundations/first_network",),
        sketch=_network(),
    ),
    "chapters/foundations/training": Stop(
        "Where losses come from, and the steps that lower them",
        needs=("chapters/foundations/backprop",),
        sketch=(
            '<ellipse class="line" cx="30" cy="30" rx="28" ry="18"/>'
            '<ellipse class="line" cx="30" cy="30" rx="15" ry="9"/>'
            '<path class="bold" d="M5 24L14 43L20 19L27 38L31 30"/>'
            + _dots((31, 30), of="b")
        ),
    ),
    "chapters/foundations/regularization": Stop(
        "Fit the pattern and not the noise",
        needs=("chapters/foundations/training",),
        sketch=(
            '<path class="line" d="M4 46C8 14 12 60 18 38S24 2 31 30 36 44 42 16 '
            '50 40 56 8"/><path class="bold" d="M4 48Q34 44 56 12"/>'
            + _dots((6, 42), (18, 38), (31, 30), (42, 18), (55, 10), of="a")
        ),
    ),
    "chapters/vision/cnn": Stop(
        "One small filter for every place of a picture",
        needs=("chapters/foundations/backprop",),
        sketch=_window(),
    ),
    "chapters/vision/residual_networks": Stop(
        "A way around each block, and depth begins to help",
        needs=("chapters/vision/cnn",),
        sketch=(
            '<path class="line" d="M22 2V58"/>'
            + _blocks((8, 14), (8, 34))
            + '<path class="back" d="M22 6C58 6 58 54 24 54M31 48L23 54L31 59"/>'
        ),
    ),
    "chapters/vision/transfer_learning": Stop(
        "Start from a network that has already seen something",
        needs=("chapters/vision/residual_networks",),
        sketch=(
            _blocks((2, 18), (2, 32), (2, 46), (32, 18), (32, 32), (32, 46))
            + _dots((16, 8), of="a")
            + _dots((46, 8), of="b")
        ),
    ),
    "chapters/sequences/rnn": Stop(
        "A memory that is written and read at every step",
        needs=("chapters/foundations/backprop",),
        sketch=(
            '<path class="line" d="M30 58V2"/>'
            '<circle class="a" cx="30" cy="34" r="10"/>'
            '<path class="back" d="M38 27C58 6 2 6 21 26M13 22L21 27L23 17"/>'
        ),
    ),
    "chapters/sequences/attention": Stop(
        "Look things up where they are, by what they are",
        needs=("chapters/sequences/rnn",),
        sketch=(
            '<path class="line" d="M8 10L30 50M52 10L30 50"/>'
            '<path class="bold" d="M30 10L30 50"/>'
            + _dots((8, 10), (30, 10), (52, 10), of="a")
            + _dots((30, 52), of="b")
        ),
    ),
    "chapters/sequences/transformer": Stop(
        "Attention and dense layers, stacked, and nothing else",
        needs=("chapters/sequences/attention",),
        sketch=(
            '<path class="line" d="M17 2V58M45 2V58M17 16H45M17 44H45"/>'
            + _blocks((3, 10), (3, 26), (3, 42), (31, 10), (31, 26), (31, 42))
        ),
    ),
    "chapters/generative/gan": Stop(
        "One network makes, the other judges",
        needs=("chapters/vision/cnn",),
        sketch=_ring("ab"),
    ),
    "chapters/generative/conditional_gan": Stop(
        "Ask for a class and get it",
        needs=("chapters/generative/gan",),
        sketch=_ring("aaab") + '<path class="bold" d="M30 30L9 9M18 10L9 9L10 18"/>',
    ),
    "chapters/generative/cyclegan": Stop(
        "Translate between two kinds without a single pair",
        needs=("chapters/generative/gan",),
        sketch=(
            _dots((6, 22), (8, 32), (5, 42), of="a")
            + _dots((54, 22), (52, 32), (55, 42), of="b")
            + '<path class="bold" d="M14 24Q30 8 46 24M38 22L46 24L46 15"/>'
            '<path class="back" d="M46 40Q30 56 14 40M22 42L14 40L14 49"/>'
        ),
    ),
    "chapters/appendix/notation": Stop("Every symbol, its shape, its name in code"),
    "chapters/appendix/glossary": Stop("Every term, with its Chinese name"),
    "chapters/appendix/faq": Stop("Short answers to questions often asked"),
    "chapters/appendix/pitfalls": Stop("Find your mistake by what you see"),
    "chapters/appendix/resources": Stop("Courses, books, data and frameworks"),
    "chapters/appendix/references": Stop("Every work cited"),
}


@dataclass(frozen=True)
class Card:
    """A page's place on the map; x and y are its upper left corner."""

    page: str
    title: str
    x: float
    y: float
    width: float
    height: float


def chapter_map() -> str:
    """Return the map as HTML: one drawing for wide screens, one for narrow ones."""
    return (
        '<nav class="chapter-map" aria-label="Map of the chapters">\n'
        f"<style>{CSS}</style>\n"
        f"{_drawing(width=720, columns=2, kind='wide')}\n"
        f"{_drawing(width=340, columns=1, kind='narrow')}\n"
        "</nav>"
    )


CSS = """
.chapter-map { margin: 1.5rem 0; }
.chapter-map svg { display: block; width: 100%; height: auto; margin: 0 auto; overflow: visible; font-family: inherit; }
.chapter-map .wide { max-width: 720px; }
.chapter-map .narrow { max-width: 400px; display: none; }
@media (max-width: 40rem) { .chapter-map .wide { display: none; } .chapter-map .narrow { display: block; } }
.chapter-map text { fill: var(--pst-color-text-base); font-size: 16px; }
.chapter-map .part { fill: var(--pst-color-text-muted); font-size: 13px; font-weight: 650; letter-spacing: 0.05em; text-transform: uppercase; }
.chapter-map .title { font-weight: 650; }
.chapter-map .about { fill: var(--pst-color-text-muted); font-size: 13.5px; }
.chapter-map .box { fill: var(--pst-color-on-background); stroke: var(--pst-color-border); stroke-width: 1.5; }
.chapter-map a:hover .box, .chapter-map a:focus-visible .box { stroke: var(--pst-color-primary); stroke-width: 2.5; }
.chapter-map a { text-decoration: none; outline: none; }
.chapter-map a:hover .title { fill: var(--pst-color-link); text-decoration: underline; }
.chapter-map .arrow { fill: none; stroke: var(--pst-color-text-muted); stroke-width: 2; }
.chapter-map .head { fill: var(--pst-color-text-muted); }
.chapter-map .line { fill: none; stroke: var(--pst-color-text-muted); stroke-width: 1.5; }
.chapter-map :is(.bold, .back) { fill: none; stroke: var(--pst-color-text-base); stroke-width: 2.5; stroke-linecap: round; stroke-linejoin: round; }
.chapter-map .back { stroke: #d55e00; }
.chapter-map .block { fill: var(--pst-color-on-background); stroke: var(--pst-color-text-base); stroke-width: 2; stroke-linejoin: round; }
.chapter-map .a { fill: #0072b2; }
.chapter-map .b { fill: #d55e00; }
html[data-theme="dark"] .chapter-map .block { fill: var(--pst-color-on-background); stroke: var(--pst-color-text-base); stroke-width: 2; stroke-linejoin: round; }
.chapter-map .a { fill: #56b4e9; }
html[data-theme="dark"] .chapter-map .b { fill: #f0863c; }
html[data-theme="dark"] .chapter-map .back { stroke: #f0863c; }
"""  # noqa: E501


def _drawing(width: float, columns: int, kind: str) -> str:
    """Draw the map with so many chapters side by side, and one more of other pages."""
    y = 0.0
    cards: dict[str, Card] = {}
    captions = []
    numbers = itertools.count(1)
    for caption, numbered, pages in table_of_contents():
        captions.append(f'<text class="part" x="0" y="{y + 14:g}">{caption}</text>')
        y += 26
        across = columns + (columns > 1 and not numbered)
        gap, height = (40, 120) if numbered else (16, 86)
        room = (width - gap * (across - 1)) / across
        for k, page in enumerate(pages):
            number = f"{next(numbers)}. " if numbered else ""
            row, column = divmod(k, across)
            cards[page] = Card(
                page,
                number + title_of(page),
                x=column * (room + gap),
                y=y + row * (height + gap),
                width=room,
                height=height,
            )
        y += math.ceil(len(pages) / across) * (height + gap) - gap + 34
    arrows, lanes = _arrows(cards)
    drawn = [*captions, *arrows, *(_card(card) for card in cards.values())]
    left = 2 + LANE * lanes
    label = "Each box links to a chapter; an arrow leads to one that builds on it"
    return (
        f'<svg class="{kind}" viewBox="{-left:g} 0 {width + left + 2:g} {y - 32:g}" '
        f'role="group" aria-label="{label}">\n' + "\n".join(drawn) + "\n</svg>"
    )


def _card(card: Card) -> str:
    """Draw one page's box with its link."""
    stop = STOPS[card.page]
    target = posixpath.relpath(card.page, posixpath.dirname(HOME)) + ".html"
    left = 88 if stop.sketch else 16
    room = card.width - left - 10
    lines = [("title", line) for line in textwrap.wrap(card.title, int(room / 9.2))]
    lines += [("about", line) for line in textwrap.wrap(stop.about, int(room / 7.4))]
    top = card.height / 2 - 20 * len(lines) / 2 + 15
    texts = "".join(
        f'<text class="{kind}" x="{left}" y="{top + 20 * k:g}">'
        f"{html.escape(text, quote=False)}</text>"
        for k, (kind, text) in enumerate(lines)
    )
    return (
        f'<a href="{target}" aria-label="{html.escape(f"{card.title}: {stop.about}")}">'
        f'<g transform="translate({card.x:g} {card.y:g})">'
        f'<rect class="box" width="{card.width:g}" height="{card.height:g}" rx="10"/>'
        f'<g transform="translate(14 {card.height / 2 - 30:g})">{stop.sketch}</g>'
        f"{texts}</g></a>"
    )


LANE = 14  # between the boxes' left edge and the arrows that pass by, and between these


def _arrows(cards: dict[str, Card]) -> tuple[list[str], int]:
    """Draw an arrow to each page from those before it; return the lanes used, too.

    Arrows to the same or the next row are direct. The others would run over boxes, so
    they go down a lane on the left, one for each page that they come from.
    """
    rows = sorted({card.y for card in cards.values()})
    drawn, lanes = [], []
    for page, end in cards.items():
        for before in STOPS[page].needs:
            start = cards[before]
            if rows.index(end.y) - rows.index(start.y) <= 1:
                drawn.append(_arrow(start, end))
                continue
            if before not in lanes:
                lanes.append(before)
            drawn.append(_detour(start, end, -LANE * (1 + lanes.index(before))))
    return drawn, len(lanes)


def _detour(start: Card, end: Card, x: float) -> str:
    """Draw an arrow that leaves the rows at ``x`` and comes back at its end."""
    if start.x > 0:  # out below, through the gap under its row
        middle = start.x + 0.35 * start.width
        way = f"M{middle:g} {start.y + start.height:g}v12H{x:g}"
    else:
        way = f"M0 {start.y + 0.7 * start.height:g}H{x:g}"
    y = end.y + end.height / 2
    return (
        f'<path class="arrow" d="{way}V{y:g}H{end.x - 11:g}"/>'
        f'<path class="head" d="M{end.x - 3:g} {y:g}l-9 -6v12z"/>'
    )


def _arrow(start: Card, end: Card) -> str:
    """Draw an arrow from a page to one that builds on it, beside it or below."""
    if start.y == end.y:
        x1, y1 = start.x + start.width, start.y + start.height / 2
        x2, y2 = end.x - 3, y1
        curve, head = f"L{x2 - 8:g} {y2:g}", "-9 -6v12z"
    else:
        x1, y1 = start.x + start.width / 2, start.y + start.height
        x2, y2 = end.x + end.width / 2, end.y - 3
        bend = (y2 - y1) / 2
        curve = f"C{x1:g} {y1 + bend:g} {x2:g} {y2 - bend:g} {x2:g} {y2 - 8:g}"
        head = "-6 -9h12z"
    return (
        f'<path class="arrow" d="M{x1:g} {y1:g}{curve}"/>'
        f'<path class="head" d="M{x2:g} {y2:g}l{head}"/>'
    )


def table_of_contents() -> Iterator[tuple[str, bool, list[str]]]:
    """Yield each part's caption, whether its pages are numbered, and its pages.

    Raises:
        KeyError: If a page has no entry in :data:`STOPS`.
    """
    toc = yaml.safe_load((ROOT / "_toc.yml").read_text(encoding="utf-8"))
    for part in toc["parts"]:
        pages = [re.sub(r"\.(ipynb|md)$", "", e["file"]) for e in part["chapters"]]
        for page in pages:
            if page not in STOPS:
                raise KeyError(f"{page} is not on the map; add it to STOPS")
        yield html.escape(part["caption"]), bool(part.get("numbered")), pages


def title_of(page: str) -> str:
    """Return a page's first heading."""
    path = ROOT / f"{page}.ipynb"
    if path.exists():
        cells = json.loads(path.read_text(encoding="utf-8"))["cells"]
        text = "\n".join(
            "".join(c["source"]) for c in cells if c["cell_type"] != "code"
        )
    else:
        text = (ROOT / f"{page}.md").read_text(encoding="utf-8")
    heading = re.search(r"^# (.+)$", text, re.MULTILINE)
    if heading is None:
        raise ValueError(f"{page} has no title: a line that starts with '# '")
    return heading[1].strip()


if __name__ == "__main__":
    sys.exit(main())
