"""Exercises of the chapter `vision/cnn`."""

from __future__ import annotations

from typing import Any

import numpy as np

from utils.exercises import function


@function("cnn-4", cases=[(3, 16, 3), (64, 128, 3), (8, 8, 5)], returns=("the count",))
def separable_parameters(channels: int, filters: int, size: int) -> Any:
    """Return the parameter count of a depthwise convolution and a 1 × 1 after it."""
    depthwise, pointwise = channels * size * size, channels * filters
    return depthwise + channels + pointwise + filters, {
        "no_biases": depthwise + pointwise,
        "first": depthwise + pointwise + filters,
        "second": depthwise + channels + pointwise,
        "ordinary": size * size * pointwise + filters,
        "sees_all": channels * depthwise + channels + pointwise + filters,
        "pointwise": depthwise + channels + filters + filters,
    }


@function(
    "cnn-5",
    cases=lambda rng: [(rng.normal(size=(2, 3)), *size) for size in ((4, 4), (3, 5))],
    returns=("dx",),
)
def global_average_backward(dz: np.ndarray, height: int, width: int) -> Any:
    """Return the backward of global average pooling."""
    whole = dz[..., None, None] * np.ones((height, width))
    right = whole / (height * width)
    return right, {
        "undivided": whole,
        "height": whole / height**2,
        "examples": right / len(dz),
        "one_pixel": lambda given: np.count_nonzero(given) <= dz.size,
    }


def _stamps(z: np.ndarray, w: np.ndarray, stride: int, add: bool = True) -> np.ndarray:
    (height, width), (kh, kw) = z.shape, w.shape
    image = np.zeros((stride * (height - 1) + kh, stride * (width - 1) + kw))
    for i, j in np.ndindex(height, width):
        here = np.s_[stride * i : stride * i + kh, stride * j : stride * j + kw]
        image[here] = (image[here] if add else 0) + z[i, j] * w
    return image


@function(
    "cnn-6",
    cases=lambda rng: [
        (rng.normal(size=(h, w)), rng.normal(size=(kh, kw)), stride)
        for h, w, kh, kw, stride in ((2, 2, 2, 2, 1), (3, 2, 3, 2, 2), (2, 3, 2, 2, 3))
    ],
    returns=("the image",),
)
def transposed_convolution(z: np.ndarray, w: np.ndarray, stride: int) -> Any:
    """Return a transposed convolution with one channel and one filter."""
    return _stamps(z, w, stride), {
        "flipped": _stamps(z, w[::-1, ::-1], stride),
        "replace": _stamps(z, w, stride, add=False),
        "no_z": _stamps(np.ones_like(z), w, stride),
    }
