"""Style transfer: features trained in the book, a painter, an independent judge.

The chapter vision/style_transfer shows these one by one::

    from utils import style

    network = style.trained_features(seed=0)
    painted = style.paint(network, contents, styles, strength=0.03)
    preferred = style.preference(style.trained_judge(), painted, wanted)

Pictures are tensors (N, 3, H, W) from 0 to 1.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import cache
from typing import Any

import numpy as np
import torch
from torch import Tensor, nn
from torch.nn import functional as F

from utils import runtime
from utils.data import textures
from utils.data.dataset import FloatArray

NAMES = tuple(textures.STYLES)
WIDTHS = (12, 24, 36, 48)
BATCH = 24  # pieces in a step, of the training of features
GREY = (0.299, 0.587, 0.114)


class Features(nn.Module):
    """Four convolutions with a halving between them; returns the maps of each.

    Args:
        seed: Of the first weights, drawn as He and others do for ReLU.
        pool: What halves the maps.
    """

    def __init__(self, seed: int, pool: type[nn.Module] = nn.AvgPool2d) -> None:
        super().__init__()
        draw = torch.Generator().manual_seed(seed)
        self.layers, self.pool = nn.ModuleList(), pool(2)
        for before, width in zip((3, *WIDTHS), WIDTHS, strict=False):
            layer = nn.Conv2d(before, width, 3, padding=1)
            nn.init.kaiming_normal_(layer.weight, nonlinearity="relu", generator=draw)
            nn.init.zeros_(layer.bias)
            self.layers.append(layer)
        self.to(memory_format=torch.channels_last)  # faster, here and below

    def forward(self, x: Tensor) -> list[Tensor]:
        """Return the maps of the four layers, each after its ReLU."""
        maps: list[Tensor] = []
        h = (4 * (x - 0.5)).contiguous(memory_format=torch.channels_last)
        for layer in self.layers:
            h = F.relu(layer(self.pool(h) if maps else h), inplace=True)
            maps.append(h)
        return maps


class Judge(nn.Module):
    """Tells styles apart by their texture: it sees no colour, mean or contrast."""

    def __init__(self) -> None:
        super().__init__()
        self.maps = nn.Sequential(
            nn.Conv2d(1, 24, 5, stride=2),
            nn.ReLU(),
            nn.Conv2d(24, 32, 5, stride=2),
            nn.ReLU(),
            nn.Conv2d(32, 48, 3),
            nn.ReLU(),
        )
        self.head = nn.Linear(48, len(NAMES))
        self.to(memory_format=torch.channels_last)

    def forward(self, x: Tensor) -> Tensor:
        """Return a logit for each style."""
        grey = luminance(x)
        away = grey - grey.mean(dim=(2, 3), keepdim=True)
        square = away.square().sum(dim=(2, 3), keepdim=True)
        spread = (square / (away[0].numel() - 1)).sqrt()  # faster than torch.std
        return self.head(self.maps(away / (spread + 1e-3)).mean(dim=(2, 3)))


def luminance(x: Tensor) -> Tensor:
    """Return the grey picture, (N, 1, H, W)."""
    return (x * x.new_tensor(GREY)[:, None, None]).sum(dim=1, keepdim=True)


def pieces(
    pictures: list[FloatArray], n: int, side: int, rng: np.random.Generator
) -> tuple[Tensor, Tensor]:
    """Cut n random squares, some flipped; return them and which picture each is of."""
    out = np.empty((n, 3, side, side), np.float32)
    which = rng.integers(len(pictures), size=n)
    for square, number in zip(out, which, strict=True):
        picture = pictures[number]
        top, left = (rng.integers(size - side + 1) for size in picture.shape[1:])
        cut = picture[:, top : top + side, left : left + side]
        down, right = (2 * rng.integers(2) - 1 for _ in range(2))
        square[:] = cut[:, ::down, ::right]
    return torch.from_numpy(out), torch.from_numpy(which)


def trained_features(
    seed: int,
    names: tuple[str, ...] = NAMES[:7],
    pool: type[nn.Module] = nn.AvgPool2d,
) -> Features:
    """Train a network to tell of which picture a piece is, whatever its colours.

    Args:
        seed: Of the weights and of the pieces.
        names: The styles whose left halves it sees, beside all the photographs.
        pool: What halves the maps.
    """
    rng, network = np.random.default_rng(seed), Features(seed, pool)
    pictures = _seen(names)
    torch.manual_seed(seed)
    head = nn.Linear(WIDTHS[-1], len(pictures))
    adam = torch.optim.Adam(
        [*network.parameters(), *head.parameters()], lr=4e-3, fused=True
    )
    rows = np.arange(BATCH)[:, None]
    for _ in range(runtime.pick(quick=110, full=1500)):
        x, which = pieces(pictures, BATCH, 32, rng)
        swap = rng.permuted(np.tile(np.arange(3), (BATCH, 1)), axis=1)
        x = x[rows, swap]  # colours change places
        scale, shift = (
            torch.from_numpy(rng.uniform(*ends, (BATCH, 1, 1, 1)).astype(np.float32))
            for ends in ((0.6, 1.2), (-0.1, 0.1))
        )
        logits = head(network(scale * (x - 0.5) + 0.5 + shift)[-1].mean(dim=(2, 3)))
        loss = F.cross_entropy(logits, which)
        adam.zero_grad()
        loss.backward()
        adam.step()
    return network.requires_grad_(False)


def trained_judge(seed: int = 100) -> Judge:
    """Train a judge on the right halves of all styles, which nothing else sees."""
    rng = np.random.default_rng(seed)
    torch.manual_seed(seed)
    judge = Judge()
    pictures = [textures.style(name, 1) for name in NAMES]
    adam = torch.optim.Adam(judge.parameters(), lr=4e-3, fused=True)
    for _ in range(runtime.pick(quick=180, full=1500)):
        x, which = pieces(pictures, 40, 48, rng)
        loss = F.cross_entropy(judge(x), which)
        adam.zero_grad()
        loss.backward()
        adam.step()
    return judge.requires_grad_(False)


def moments(maps: Tensor, centred: bool = True) -> list[Tensor]:
    """Return the covariance of maps (N, C, H, W), or the Gram matrix, and the mean."""
    f = maps.movedim(1, -1).flatten(1, -2)  # (N, places, C)
    table, mean = _Moments.apply(f, centred)
    return [table, mean.mT]


def relative(found: Tensor, wanted: Tensor) -> Tensor:
    """Return squared distances, shape (N,), as shares of the squared length."""
    rest = tuple(range(1, wanted.dim()))
    gap, size = (v.square().sum(dim=rest) for v in (found - wanted, wanted))
    return gap / size


def style_distance(
    maps: list[Tensor], wanted: list[Tensor], centred: bool = True
) -> Tensor:
    """Return the distances (N,) of moments, relative, summed over layers."""
    return _distance(maps, _goal(wanted, centred), centred)


def paint(
    network: Features,
    contents: Tensor,
    styles: Tensor,
    strength: float = 0.03,
    steps: int = 30,
    centred: bool = True,
    start: Tensor | None = None,
) -> Tensor:
    """Optimise pictures with L-BFGS; see `paint_stages`."""
    return paint_stages(
        network, contents, styles, (steps,), strength, centred=centred, start=start
    )[0]


def paint_stages(
    network: Features,
    contents: Tensor,
    styles: Tensor,
    stages: Sequence[int],
    strength: float = 0.03,
    *,
    centred: bool = True,
    start: Tensor | None = None,
) -> list[Tensor]:
    """Optimise pictures with L-BFGS; return what they are after so many steps each.

    Args:
        network: Whose features count.
        contents: What each picture is to show.
        styles: What each is to look like.
        stages: After how many steps, in rising order.
        strength: The weight of the content's features, those of the third layer.
        centred: Covariances rather than Gram matrices, beside the means.
        start: The pictures to start from; the contents by default.
    """
    goal = _goal(network(styles), centred)
    kept = network(contents)[2]
    x = (contents if start is None else start).clone().requires_grad_()
    lbfgs = torch.optim.LBFGS([x], history_size=15, line_search_fn="strong_wolfe")

    def loss() -> Tensor:
        lbfgs.zero_grad()
        maps = network(x)
        value = _distance(maps, goal, centred).sum()
        value = value + strength * relative(maps[2], kept).sum()
        inside = x.detach().clamp(0, 1)
        value = value + F.mse_loss(x, inside, reduction="sum")  # stay in range
        value.backward()
        return value

    made = []
    for steps in np.diff(stages, prepend=0).tolist():
        (group,) = lbfgs.param_groups  # what is known of the curvature is kept
        group["max_iter"], group["max_eval"] = steps, 25 * steps  # no early stop
        lbfgs.step(loss)
        made.append(x.detach().clamp(0, 1))
    return made


def preference(judge: Judge, x: Tensor, wanted: Tensor) -> Tensor:
    """Return, for each picture, the share of other styles that the judge puts below.

    Averaged it is the rate of right answers when the judge is shown the wanted style
    and another one at random: a half by guessing.
    """
    logits = judge(x)
    own = logits.gather(1, wanted[:, None])
    return (own > logits).float().sum(dim=1) / (logits.shape[1] - 1)


def kept(x: Tensor, contents: Tensor) -> Tensor:
    """Return the correlations (N,) of both grey pictures at a quarter of their size."""
    rows = [F.avg_pool2d(luminance(v), 4).flatten(1) for v in (x, contents)]
    a, b = (row - row.mean(dim=1, keepdim=True) for row in rows)
    return F.cosine_similarity(a, b)


def move_colours(contents: Tensor, styles: Tensor) -> Tensor:
    """Give each picture the mean and the covariance of the colours of its style.

    It is the linear map that moves the colours least, A = S^-1/2 (S^1/2 T S^1/2)^1/2
    S^-1/2 for covariances S of the content and T of the style.
    """

    def power(table: Tensor, exponent: float) -> Tensor:
        values, vectors = torch.linalg.eigh(table)
        values = values.clamp_min(1e-12) ** exponent
        return vectors @ (values[..., None] * vectors.mT)

    x = contents.double().flatten(2)
    (source, mean), (goal, new_mean) = (moments(v.double()) for v in (contents, styles))
    source = source + 1e-6 * torch.eye(3)  # grey pictures have one colour
    root, back = power(source, 0.5), power(source, -0.5)
    turned = back @ power(root @ goal @ root, 0.5) @ back
    moved = turned @ (x - mean) + new_mean
    return moved.view_as(contents).float().clamp(0, 1)


def adain(maps: Tensor, goal: Tensor, eps: float = 1e-8) -> Tensor:
    """Give maps (N, C, places) the mean and the spread of others.

    Equation eq-style-transfer-adain of vision/style_transfer.
    """
    (spread, mean), (scale, shift) = (
        torch.std_mean(v, dim=2, keepdim=True, correction=0) for v in (maps, goal)
    )
    return scale * (maps - mean) / (spread + eps) + shift


def fitted_decoder(
    network: Features, layer: int, pictures: Tensor, weight: float = 1e-4
) -> Callable[[Tensor], Tensor]:
    """Fit a decoder from a layer's maps to pixels, by ridge regression.

    Args:
        network: Whose maps are decoded.
        layer: Which of its layers, from 0.
        pictures: What it is fitted on.
        weight: Of the penalty on the coefficients.

    Returns:
        A function of maps (N, C, H, W) that returns pictures.
    """
    block = 2**layer
    columns = _patches(network(pictures)[layer])
    pixels = F.unfold(pictures, block, stride=block)
    table, aims = ((columns @ v.mT).sum(dim=0).double() for v in (columns, pixels))
    penalty = weight * columns[:, 0].numel() * torch.eye(len(table))
    solved = torch.linalg.solve(table + penalty, aims).float()

    def decode(maps: Tensor) -> Tensor:
        side = maps.shape[2] * block
        return F.fold(solved.T @ _patches(maps), (side, side), block, stride=block)

    return decode


def one_pass(
    network: Features,
    decoders: list[Callable[[Tensor], Tensor]],
    contents: Tensor,
    styles: Tensor,
    match: Callable[[Tensor, Tensor], Tensor] = adain,
) -> Tensor:
    """Match the maps of layers 2 and 1 in turn, decoding after each.

    Args:
        network: Whose maps are matched.
        decoders: From the maps of layers 1 and 2, as `fitted_decoder` returns them.
        contents: What the pictures are to show.
        styles: What each is to look like.
        match: Moves maps (N, C, places) to others.
    """
    x = contents
    for layer in (1, 0):
        maps, goal = network(x)[layer], network(styles)[layer]
        x = decoders[layer](match(maps.flatten(2), goal.flatten(2)).view_as(maps))
        x = x.clamp(0, 1)
    return x


@cache
def _seen(names: tuple[str, ...]) -> list[FloatArray]:
    """Left halves of styles and all photographs, cut once."""
    styles = [textures.style(name, 0) for name in names]
    return styles + [textures.photo(name, 96) for name in textures.PHOTOS]


class _Moments(torch.autograd.Function):
    """Second moments and mean of rows (N, places, C), with one product backwards."""

    @staticmethod
    def forward(ctx: Any, f: Tensor, centred: bool) -> tuple[Tensor, Tensor]:
        mean = f.mean(dim=1, keepdim=True)
        away = f - mean if centred else f
        ctx.save_for_backward(away)
        return away.mT @ away / f.shape[1], mean

    @staticmethod
    def backward(ctx: Any, table: Tensor, mean: Tensor) -> tuple[Tensor, None]:
        # Nothing comes back through the mean in away: the sum of away is zero.
        (away,) = ctx.saved_tensors
        share = 1 / away.shape[1]
        both = table + table.mT
        return torch.baddbmm(mean, away, both, beta=share, alpha=share), None


def _distance(maps: list[Tensor], goal: tuple[Tensor, Tensor], centred: bool) -> Tensor:
    """Return the distances (N,) of maps from a goal."""
    wanted, weights = goal
    gap = torch.cat(_rows(maps, centred), dim=1) - wanted
    return (gap.square() * weights).sum(dim=1)


def _goal(maps: list[Tensor], centred: bool) -> tuple[Tensor, Tensor]:
    """Return all moments in a row, and of what weight each is, both (N, numbers)."""
    rows = _rows(maps, centred)
    weights = [(1 / v.square().sum(dim=1, keepdim=True)).expand_as(v) for v in rows]
    return torch.cat(rows, dim=1), torch.cat(weights, dim=1)


def _rows(maps: list[Tensor], centred: bool) -> list[Tensor]:
    """Return each table and each mean of maps as rows (N, numbers)."""
    return [v.flatten(1) for each in maps for v in moments(each, centred)]


def _patches(maps: Tensor) -> Tensor:
    """Return the 3 x 3 features around each place, and a one: (N, 9 C + 1, places)."""
    columns = F.unfold(maps, 3, padding=1)
    return torch.cat([columns, torch.ones_like(columns[:, :1])], dim=1)
