"""Digits on photographs and a base that reads them, for more than one section.

The chapter vision/transfer_learning makes these pictures, trains this base on the
digits 0 to 4 and takes it over for 5 to 9. Its first section shows the same code and
asserts that it agrees, so that the later ones can start where it ends::

    from utils import transfer

    world = transfer.world()
    base = transfer.pretrained(world, world.source.labels)
    rows = transfer.draw_labelled(world.target.labels, 5, rng)
"""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np
import torch
from numpy.typing import NDArray
from torch import nn
from torch.nn import functional as F

from utils import data, runtime, training

__all__ = [
    "InferenceMode",
    "Pictures",
    "World",
    "draw_labelled",
    "make_base",
    "on_photos",
    "plan",
    "pretrained",
    "trained_head",
    "world",
]

Array = NDArray[Any]
Plan = tuple[int | str, ...]

PHOTOS = ("astronaut", "coffee", "cat", "rocket", "china", "flower")


class Pictures(NamedTuple):
    """Digits on photographs.

    Attributes:
        images: Grey pictures from 0 to 1, shape (N, 1, H, W).
        labels: Which digit, from 0 to 4, shape (N,).
        photos: On a piece of which photograph, from 0 to 5, shape (N,).
    """

    images: Array
    labels: Array
    photos: Array


class World(NamedTuple):
    """What :func:`world` returns: two tasks that share no digit.

    Attributes:
        source: The digits 0 to 4, to train on.
        source_val: Others of them, held out.
        target: The digits 5 to 9, labelled 0 to 4.
        target_val: Others of them, held out for comparisons.
        target_test: Others again, for the finished models.
    """

    source: Pictures
    source_val: Pictures
    target: Pictures
    target_val: Pictures
    target_test: Pictures

    def standardised(self, images: Array) -> Array:
        """Subtract the source's mean and divide by its standard deviation."""
        source = self.source.images
        return (images - source.mean()) / source.std()


def plan() -> Plan:
    """Gives the base's widths, with ``"pool"`` where it halves the picture."""
    return runtime.pick(
        quick=(12, 24, "pool", 48), full=(32, "pool", 64, "pool", 128, "pool", 128)
    )


def world() -> World:
    """Make the pictures of both tasks, always the same ones."""
    digits = data.load(runtime.pick(quick="digits", full="mnist"))
    held = len(digits.y_train) // 4
    rng = np.random.default_rng(0)

    def part(first: int, x: Array, y: Array, copies: int) -> Pictures:
        mine = (first <= y) & (y < first + 5)
        images, photos = on_photos(np.tile(x[mine], (copies, 1, 1)), rng)
        return Pictures(images, np.tile(y[mine] - first, copies), photos)

    parts = []
    for first, copies in (
        (0, runtime.pick(quick=4, full=1)),
        (5, runtime.pick(quick=2, full=1)),
    ):
        for x, y in (
            (digits.x_train[held:], digits.y_train[held:]),
            (digits.x_train[:held], digits.y_train[:held]),
            (digits.x_test, digits.y_test),
        ):
            parts.append(part(first, x, y, copies))
    return World(*parts[:2], *parts[3:])


def on_photos(digits: Array, rng: np.random.Generator) -> tuple[Array, Array]:
    """Put each digit somewhere on a piece of a photograph.

    Args:
        digits: White digits on black from 0 to 1, shape (N, S, S).
        rng: Where the places and the photographs are drawn from.

    Returns:
        Pictures of shape (N, 1, H, H) with H a half larger than S, and the numbers of
        their photographs, shape (N,).

    Source: chapter vision/transfer_learning, section start.
    """
    photos = [data.image(name).mean(axis=2)[::2, ::2] for name in PHOTOS]
    side = digits.shape[1]
    canvas = side * 3 // 2
    pictures = np.empty((len(digits), 1, canvas, canvas), np.float32)
    which = rng.integers(len(photos), size=len(digits))
    for picture, digit, number in zip(pictures[:, 0], digits, which, strict=True):
        photo = photos[number]
        top, left = (rng.integers(size - canvas + 1) for size in photo.shape)
        picture[:] = 0.8 * photo[top : top + canvas, left : left + canvas]
        row, column = rng.integers(canvas - side + 1, size=2)
        place = picture[row : row + side, column : column + side]
        place += digit * (1 - place)  # white ink
    return pictures, which


def make_base(widths: Plan) -> nn.Sequential:
    """Build a base with random weights, from pictures to a row of features.

    Args:
        widths: Channels of each convolution, and ``"pool"`` for a pooling.

    Returns:
        Convolutions with batch normalisation, then the largest value of each map:
        (N, 1, H, W) becomes (N, M), with M the last width.

    Source: chapter vision/transfer_learning, section start.
    """
    layers: list[nn.Module] = []
    channels = 1
    for width in widths:
        if isinstance(width, str):
            layers.append(nn.MaxPool2d(2))
            continue
        layers += [
            nn.Conv2d(channels, width, 3, padding="same", bias=False),
            nn.BatchNorm2d(width),
            nn.ReLU(),
        ]
        channels = width
    return nn.Sequential(*layers, nn.AdaptiveMaxPool2d(1), nn.Flatten())


def pretrained(
    world: World, labels: Array, seed: int = 0, epochs: int | None = None
) -> nn.Sequential:
    """Train a base on the source's pictures; the head is thrown away.

    Args:
        world: The pictures.
        labels: What the base is asked for, a whole number from 0 for each picture.
        seed: Of the weights and of the order of the pictures.
        epochs: How often each picture is seen; by default what the profile asks for.

    Returns:
        The base, without its head.

    Source: chapter vision/transfer_learning, section start.
    """
    torch.manual_seed(seed)
    widths = plan()
    base = make_base(widths)
    model = nn.Sequential(base, nn.Linear(int(widths[-1]), int(labels.max()) + 1))
    x = world.standardised(world.source.images)
    training.fit(
        model,
        (x, labels),
        loss=F.cross_entropy,
        epochs=epochs or runtime.pick(quick=5, full=3),
        lr=3e-3,
        seed=seed,
    )
    return base


def draw_labelled(labels: Array, count: int, rng: np.random.Generator) -> Array:
    """Draw the rows of ``count`` pictures of each class, class after class."""
    each = [
        rng.choice(np.flatnonzero(labels == k), count, replace=False)
        for k in range(int(labels.max()) + 1)
    ]
    return np.concatenate(each)


class InferenceMode(nn.Module):
    """A base whose batch normalisation uses its kept statistics, whatever the mode.

    Args:
        base: The base. It stays in evaluation mode when the module is set to train.

    Source: chapter vision/transfer_learning, section freeze.
    """

    def __init__(self, base: nn.Module) -> None:
        super().__init__()
        self.base = base

    def train(self, mode: bool = True) -> InferenceMode:
        """Set the mode of the module, and leave the base in evaluation mode."""
        super().train(mode)
        self.base.eval()  # fit() calls train(); the base does not follow
        return self

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        """Return the base's features."""
        features: torch.Tensor = self.base(x)
        return features


def trained_head(
    base: nn.Module, x: Array, y: Array, seed: int = 0, epochs: int = 80
) -> nn.Linear:
    """Train a dense layer on the features of a frozen base.

    Args:
        base: The base; it is not changed.
        x: Pictures as the base wants them, shape (N, 1, H, W).
        y: Labels from 0, shape (N,).
        seed: Of the head's first weights.
        epochs: Steps, each with all the pictures.

    Returns:
        The head: logistic regression with several classes.

    Source: chapter vision/transfer_learning, eq-transfer-learning-frozen.
    """
    features = training.predict(base, x)
    torch.manual_seed(seed)
    head = nn.Linear(features.shape[1], 5)
    training.fit(
        head,
        (features, y),
        loss=F.cross_entropy,
        epochs=epochs,
        batch_size=len(x),
        lr=2e-2,
        seed=seed,
    )
    return head
