"""Scenes: real handwritten digits on real textures, with exact boxes and masks."""

from __future__ import annotations

import itertools
from dataclasses import dataclass
from typing import Any

import numpy as np

from utils.data.builtin import image

# Digits of scikit-learn, in the order of their writers, and columns of the textures.
PARTS = {"train": (0, 1258, 0, 256), "valid": (1258, 1437, 256, 384)}
PARTS["test"] = (1437, 1797, 384, 512)


@dataclass(frozen=True, repr=False, eq=False)
class Scenes:
    """Images (N, S, S), boxes (K, 4) and labels (K,) of each, masks (N, S, S).

    A box is x0, y0, x1, y1, the ends not included; a mask is k + 1 on object k, else 0.
    """

    images: Any
    boxes: list[Any]
    labels: list[Any]
    masks: Any


def scenes(
    n: int,
    seed: int,
    part: str = "train",
    sizes: tuple[int, int] = (12, 28),
    backgrounds: tuple[str, ...] = ("brick", "grass", "gravel"),
    side: int = 64,
    most: int = 4,
    classes: int = 10,
    inks: tuple[tuple[float, float], ...] = ((0.75, 1),),
    sharp: float = 1,
    crowd: float = 0,
) -> Scenes:
    """Draws scenes of up to `most` digits below `classes`.

    The parts "train" and "test" share no writer, and no part a pixel of a texture with
    another; "valid" shares one writer with each. A digit's grey value is drawn from one
    of the ranges `inks`. Its box may be drawn where others fill at most a share `crowd`
    of it; what is on top counts. Strokes fade into the ground, `sharp` times as fast.
    """
    from sklearn.datasets import load_digits

    first, last, left, right = PARTS[part]
    digits, rng = load_digits(), np.random.default_rng(seed)
    pool = first + np.flatnonzero(digits.target[first:last] < classes)
    grounds = [image(name).reshape(*image(name).shape[:2], -1) for name in backgrounds]
    images = np.zeros((n, side, side), np.float32)
    drawn = Scenes(images, [], [], np.zeros(images.shape, np.uint8))
    for scene, mask in zip(images, drawn.masks, strict=True):
        ground = grounds[rng.integers(len(grounds))]
        y = rng.integers(len(ground) - side + 1)
        x = rng.integers(left, min(right, ground.shape[1]) - side + 1)
        patch = ground[y : y + side, x : x + side].mean(axis=2)
        scene[:] = (0.6 * patch + rng.normal(0, 0.02)).clip(0)
        boxes, labels = [], []
        for row in rng.choice(pool, rng.integers(1, most + 1)):
            size = rng.integers(sizes[0], sizes[1] + 1)
            away = np.abs(np.linspace(0, 7, size)[:, None] - np.arange(8))
            tent = np.maximum(0, 1 - away)  # interpolates linearly
            ink = tent @ (digits.images[row] / 16) @ tent.T
            ink = ink[ink.max(axis=1) > 0.2][:, ink.max(axis=0) > 0.2]  # no margin
            if sharp != 1:
                ink = (0.4 + sharp * (ink - 0.4)).clip(0, 1)  # the masks stay
            h, w = ink.shape
            places = rng.integers((side - h + 1, side - w + 1), size=(20, 2))
            free = (
                (y, x)
                for y, x in places
                if np.count_nonzero(mask[y : y + h, x : x + w]) / ink.size <= crowd
            )
            for y, x in itertools.islice(free, 1):  # none, if the scene is full
                window = scene[y : y + h, x : x + w]
                shade = rng.uniform(*inks[rng.integers(len(inks))])
                window[:] = window * (1 - ink) + shade * ink
                boxes.append((x, y, x + w, y + h))
                labels.append(digits.target[row])
                mask[y : y + h, x : x + w][ink > 0.4] = len(boxes)
        drawn.boxes.append(np.array(boxes, np.float32))
        drawn.labels.append(np.array(labels, np.int64))
    return drawn
