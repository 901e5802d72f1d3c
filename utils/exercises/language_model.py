"""Exercises of the chapter `language/language_model`."""

from __future__ import annotations

from typing import Any

import numpy as np

from utils.exercises import function
from utils.scratch import softmax

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
    """Return M of equal parameters: 12 D² = 2 D² (1 + G/A) + 3 D M, rounded."""
    share = kv_heads / heads
    return round(width * (10 - 2 * share) / 3), {
        "two_thirds": round(width * 8 / 3),
        "heads": round(width * (9 - share) / 3),
        "three": round(width * (10 - 2 * share) / 2),
    }


@function(
    "language-model-6",
    cases=[
        (np.array([3.0, 1.9, 1.3, 0.7, -1.0]), 0.15),
        (np.array([0.3, 0.1, 2.5, 2.4, 0.0, 1.1]), 0.2),
    ],
)
def min_p(logits: np.ndarray, share: float) -> Any:
    """Return probabilities of what reaches a share of the largest."""
    p = softmax(logits)
    near = np.where(p >= share * p.max(), p, 0)
    absolute = np.where(p >= share, p, 0)
    by_logits = np.where(logits >= share * logits.max(), p, 0)
    order = np.argsort(-p)
    nucleus = np.zeros_like(p)
    kept = order[: np.searchsorted(p[order].cumsum(), share) + 1]
    nucleus[kept] = p[kept]
    return near / near.sum(), {
        "unscaled": near,
        "absolute": absolute / absolute.sum(),
        "logits": by_logits / by_logits.sum(),
        "nucleus": nucleus / nucleus.sum(),
    }


@function("language-model-7", cases=[(0.8, 4), (0.5, 3), (1.0, 2)])
def tokens_per_call(alpha: float, n_drafts: int) -> Any:
    """Return how many tokens a call of the large model gives in the mean."""
    powers = alpha ** np.arange(n_drafts + 1)
    return float(powers.sum()), {
        "without_one": float(powers[1:].sum()),
        "one_less": float(powers[:-1].sum()),
        "independent": 1 + n_drafts * alpha,
    }


@function(
    "language-model-8",
    cases=lambda rng: [
        (rng.uniform(1, 4, size=n), rng.integers(5, 400, size=n)) for n in (3, 5)
    ],
)
def mean_loss(losses: np.ndarray, counts: np.ndarray) -> Any:
    """Return the mean loss of all tokens, from each part's mean and its tokens."""
    total = float((losses * counts).sum())
    return total / counts.sum(), {
        "parts": float(losses.mean()),
        "total": total,
        "per_part": total / len(counts),
    }


@function("language-model-9", cases=[(1000, 64, 3, 128), (300, 32, 2, 50)])
def gpt2_size(vocabulary: int, width: int, depth: int, context: int) -> Any:
    """Return the number of parameters of a GPT-2."""
    table, places = vocabulary * width, context * width
    matrices = 12 * width**2 * depth
    others = (9 + 4) * width * depth
    size = table + places + matrices + others + 2 * width
    return size, {
        "untied": size + table,
        "no_places": size - places,
        "no_biases": table + places + matrices,
        "no_last_norm": size - 2 * width,
    }
