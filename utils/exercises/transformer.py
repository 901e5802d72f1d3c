"""Exercises of the chapter `sequences/transformer`."""

from __future__ import annotations

from typing import Any

import numpy as np

from utils.exercises import function


def _turned(x: np.ndarray, places: np.ndarray, one_speed: bool = False) -> np.ndarray:
    half = x.shape[1] // 2
    angle = places[:, None] * 10000.0 ** (-np.arange(half) * (not one_speed) / half)
    turned = (x[:, :half] + 1j * x[:, half:]) * np.exp(1j * angle)
    return np.concatenate([turned.real, turned.imag], axis=1)


@function(
    "transformer-2",
    cases=lambda rng: [
        (rng.normal(size=(5, 6)), np.array([0, 1, 2, 7, 30])),
        (rng.normal(size=(3, 4)), np.array([0, 5, 2])),
    ],
)
def rotary_halves(x: np.ndarray, places: np.ndarray) -> Any:
    """Return a rotary encoding that pairs the two halves of a row."""
    pairs = np.r_[0 : x.shape[1] : 2, 1 : x.shape[1] : 2]
    neighbours = np.empty_like(x)
    neighbours[:, pairs] = _turned(x[:, pairs], places)

    def other_length(given: np.ndarray) -> bool:
        return not np.allclose((given**2).sum(axis=1), (x**2).sum(axis=1))

    return _turned(x, places), {
        "wrong_way": _turned(x, -places),
        "neighbours": neighbours,
        "one_speed": _turned(x, places, one_speed=True),
        "length": other_length,
        "place_0": lambda given: not np.allclose(given[0], x[0]),
    }


@function(
    "transformer-3",
    cases=lambda rng: [
        (rng.normal(size=s), 2 * rng.normal(size=s) + 1, rng.uniform(0.5, 2, s[1]), eps)
        for s, eps in (((4, 5), 0.3), ((2, 3), 0.1))
    ],
    returns=("dx",),
)
def rms_norm_backward(
    dy: np.ndarray, x: np.ndarray, gamma: np.ndarray, eps: float
) -> Any:
    """Return the backward of RMSNorm."""
    root = np.sqrt((x**2).mean(axis=-1, keepdims=True) + eps)
    x_hat, g = x / root, dy * gamma

    def mean(values: np.ndarray) -> np.ndarray:
        return values.mean(axis=-1, keepdims=True)

    right = (g - x_hat * mean(g * x_hat)) / root
    return right, {
        "constant": g / root,
        "no_root": right * root,
        "no_gamma": (dy - x_hat * mean(dy * x_hat)) / root,
        "centred": right - mean(g) / root,
        "sum": (g - x_hat * mean(g * x_hat) * x.shape[-1]) / root,
    }


@function(
    "transformer-4",
    cases=[
        (np.array([[1, 5, 6, 2, 0, 0], [1, 7, 2, 0, 0, 0], [1, 4, 5, 6, 7, 2]]),),
        (np.array([[1, 3, 2, 0], [1, 9, 8, 2]]),),
    ],
    returns=("inputs", "targets", "weights"),
)
def decoder_batch(ids: np.ndarray) -> Any:
    """Return inputs, targets and weights for a decoder."""
    inputs, targets = ids[:, :-1], ids[:, 1:]
    return {
        "inputs": (inputs, {"exchanged": targets}),
        "targets": (targets, {"same": inputs}),
        "weights": (targets != 0, {"follow": inputs != 0}),
    }


@function(
    "transformer-5",
    cases=[(3, 12, 3, 3, 5, 4), (6, 64, 8, 2, 100, 2), (3, 48, 4, 1, 7, 1)],
    returns=("the number of bytes",),
)
def cache_size(
    n_layers: int, width: int, n_heads: int, n_shared: int, steps: int, n_bytes: int
) -> Any:
    """Return the bytes of a key-value cache with shared heads."""
    right = 2 * n_layers * steps * n_shared * (width // n_heads) * n_bytes
    return right, {
        "half": right / 2,
        "one_block": right / n_layers,
        "numbers": right / n_bytes,
        "all_heads": right * n_heads / n_shared,
        "wide": right * n_heads,
        "pairs": right * steps,
    }
