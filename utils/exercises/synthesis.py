"""Exercises of the chapter `sound/synthesis`."""

from __future__ import annotations

from typing import Any

import numpy as np

from utils.exercises import function

DECIBEL = 10 / np.log(10)


@function(
    "synthesis-2",
    cases=lambda rng: [
        (*rng.normal(size=(2, frames, 14)), bands)
        for frames, bands in ((5, 24), (8, 80))
    ],
    returns=("the distortion",),
)
def distortion(c: np.ndarray, d: np.ndarray, bands: int) -> Any:
    """Return the mean mel-cepstral distortion in decibels, without the loudness."""
    squares = ((c - d)[:, 1:] ** 2).sum(axis=1)
    right = DECIBEL * np.sqrt(squares / bands).mean()
    return right, {
        "loudness": DECIBEL * np.sqrt(((c - d) ** 2).sum(axis=1) / bands).mean(),
        "root_last": DECIBEL * np.sqrt((squares / bands).mean()),
        "no_bands": right * np.sqrt(bands),
        "twice": 2 * right,
        "nepers": right / DECIBEL,
    }


@function(
    "synthesis-4",
    cases=[(2, [1, 2, 4, 8]), (3, [1, 3, 9]), (2, [1, 2, 4, 1, 2, 4])],
    returns=("the receptive field",),
)
def reach(kernel: int, dilations: list[int]) -> Any:
    """Return how many samples one output of stacked causal convolutions depends on."""
    back = (kernel - 1) * sum(dilations)
    return 1 + back, {
        "itself": back,
        "whole_kernel": 1 + kernel * sum(dilations),
        "no_dilation": 1 + (kernel - 1) * len(dilations),
        "last": 1 + (kernel - 1) * max(dilations),
    }


@function(
    "synthesis-5",
    cases=[([2, 1, 3],), ([1, 0, 4, 2],), ([0, 3, 1],)],
    returns=("the phones",),
)
def expand(durations: list[int]) -> Any:
    """Return the number of the phone that each frame belongs to."""
    own = np.repeat(np.arange(len(durations)), durations)
    return own.tolist(), {
        "from_one": (own + 1).tolist(),
        "never_zero": np.repeat(
            np.arange(len(durations)), np.maximum(1, durations)
        ).tolist(),
        "ends": np.cumsum(durations).tolist(),
        "durations": np.repeat(durations, durations).tolist(),
    }


@function(
    "synthesis-8",
    cases=[(20, 8), (12, 5), (7, 3)],
    returns=("the stamps",),
)
def stamps(kernel: int, stride: int) -> Any:
    """Return how many stamps cover each of `stride` neighbouring samples."""
    right = [len(range(first, kernel, stride)) for first in range(stride)]
    return right, {
        "mean": [kernel / stride] * stride,
        "rounded_down": [kernel // stride] * stride,
        "rounded_up": [-(-kernel // stride)] * stride,
        "backwards": right[::-1],
    }
