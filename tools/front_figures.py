"""Make the picture of the first page, a network that bends the plane.

It is a page fragment in ``chapters/_front``, committed like a notebook's outputs::

    python -m tools.front_figures
"""

from __future__ import annotations

import functools
import sys

import matplotlib.pyplot as plt
import numpy as np
import torch
from matplotlib.figure import Figure
from numpy.typing import NDArray
from torch import Tensor, nn

from tools.contents import ROOT
from utils import data, runtime
from utils.explore import Explore, explore

FOLDER = ROOT / "chapters" / "_front"

STEPS = (0, 50, 150, 300, 700)
LAYERS = 5

Array = NDArray[np.float64]


def main() -> int:
    """Write the fragment and say so."""
    FOLDER.mkdir(exist_ok=True)
    path = FOLDER / "plane.html"
    path.write_text(bending_plane().html + "\n", encoding="utf-8", newline="\n")
    print(f"{path.relative_to(ROOT).as_posix()}  {path.stat().st_size / 1000:.0f} KB")
    return 0


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
    return data.load("spirals", n=160, noise=0.03, seed=0)


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


if __name__ == "__main__":
    sys.exit(main())
