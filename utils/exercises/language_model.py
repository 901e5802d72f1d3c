"""Exercises of the chapter `language/language_model`."""

from __future__ import annotations

from typing import Any

import numpy as np

from utils.exercises import function

_RNG = np.random.default_rng(0)


@function(
    "language-model-2",
    cases=[(_RNG.normal(size=(3, 16)), 2), (_RNG.normal(size=(2, 24)), 3)],
)
def to_halves(w: np.ndarray, heads: int) -> Any:
    """Return w with each head's even columns before its odd ones."""
    rows = len(w)
    pairs = w.reshape(rows, heads, -1, 2)
    back = w.reshape(rows, heads, 2, -1).swapaxes(2, 3)
    return pairs.swapaxes(2, 3).reshape(w.shape), {
        "kept": w,
        "across": np.concatenate([w[:, 0::2], w[:, 1::2]], axis=1),
        "back": back.reshape(w.shape),
    }


@function("language-model-4", cases=[(64, 8, 4), (96, 12, 2)])
def hidden_for(width: int, heads: int, kv_heads: int) -> Any:
    """Return M of equal parameters: 12 D² = 2 D² (1 + B/A) + 3 D M, rounded."""
    share = kv_heads / heads
    return round(width * (10 - 2 * share) / 3), {
        "two_thirds": round(width * 8 / 3),
        "heads": round(width * (9 - share) / 3),
        "three": round(width * (10 - 2 * share) / 2),
    }
