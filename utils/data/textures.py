"""Styles and photographs, small: cut from pictures that come with the packages."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from utils.data.builtin import image
from utils.data.dataset import FloatArray


@dataclass(frozen=True)
class Cut:
    """Where a style comes from: a picture, how much it is shrunk, rows and columns."""

    picture: str
    shrink: int = 1
    box: tuple[int, int, int, int] | None = None


STYLES = {
    "brick": Cut("brick", 2),
    "gravel": Cut("gravel", 4),
    "tissue": Cut("immunohistochemistry", 2),
    "stars": Cut("hubble_deep_field", 4),
    "print": Cut("page", 1, (24, 180, 0, 384)),
    "coins": Cut("coins", 2),
    "leaves": Cut("china", 1, (330, 427, 0, 640)),
    "grass": Cut("grass", 2),
    "petals": Cut("flower", 1, (125, 285, 215, 375)),
    "writing": Cut("text", 1),
}
PHOTOS = ("cat", "astronaut", "camera", "rocket", "china", "coffee")


def style(name: str, half: int) -> FloatArray:
    """Reads one half of one of `STYLES`, (3, H, W) from 0 to 1.

    Args:
        name: Which style; grey pictures get three equal channels.
        half: 0 for the left half of the picture, 1 for the right one. They share no
            pixel.
    """
    cut = STYLES[name]
    pixels = _colour(cut.picture)
    if cut.box:
        top, bottom, left, right = cut.box
        pixels = pixels[top:bottom, left:right]
    pixels = _shrunk(pixels, cut.shrink)
    middle = pixels.shape[1] // 2
    part = pixels[:, middle:] if half else pixels[:, :middle]
    return np.ascontiguousarray(part.transpose(2, 0, 1))


def piece(pixels: FloatArray, side: int = 64) -> FloatArray:
    """Cuts the middle out of a picture (3, H, W): (3, side, side)."""
    top, left = (length // 2 - side // 2 for length in pixels.shape[1:])
    return pixels[:, top : top + side, left : left + side]


def photo(name: str, side: int = 64) -> FloatArray:
    """Reads a photograph, its middle square shrunk to (3, side, side), 0 to 1."""
    pixels = _colour(name)
    times = min(pixels.shape[:2]) // side
    square = piece(pixels.transpose(2, 0, 1), times * side).transpose(1, 2, 0)
    return np.ascontiguousarray(_shrunk(square, times).transpose(2, 0, 1))


def _colour(name: str) -> FloatArray:
    pixels = image(name)
    return pixels if pixels.ndim == 3 else np.repeat(pixels[..., None], 3, axis=2)


def _shrunk(pixels: FloatArray, times: int) -> FloatArray:
    """Replaces squares of `times` × `times` pixels by their mean."""
    height, width = (length // times for length in pixels.shape[:2])
    pixels = pixels[: height * times, : width * times]
    small = pixels.reshape(height, times, width, times, 3).mean(axis=(1, 3))
    return small.astype(np.float32)
