"""Exercises of the chapter `sequences/attention`."""

from __future__ import annotations

import tracemalloc
from typing import Any

import numpy as np

from utils import scratch
from utils.exercises import expect_result, function


def _boolean(result: Any, tell: Any, *_: Any) -> Any:
    if hasattr(result, "detach"):
        result = result.detach().cpu()
    try:
        mask = np.asarray(result)
    except Exception:  # not an array at all: expect_close says so
        return result
    if mask.dtype != bool:
        raise tell("boolean", dtype=mask.dtype)
    return mask


@function(
    "attention-3",
    cases=[([4, 2, 1], 4), ([3, 5], 5)],
    returns=("the mask",),
    convert=_boolean,
)
def batch_mask(lengths: list[int], steps: int) -> Any:
    """Return a causal mask for padded sentences."""
    real = (np.arange(steps) < np.array(lengths)[:, None])[:, None, :]
    causal = np.tri(steps, dtype=bool)
    full = np.ones((len(lengths), steps, steps), dtype=bool)
    return causal & real, {
        "opposite": ~(causal & real),
        "causal_only": full & causal,
        "padding_only": full & real,
        "not_self": np.tri(steps, k=-1, dtype=bool) & real,
        "past": causal.T & real,
        "or": causal | real,
        "rows": causal & real.swapaxes(1, 2),
    }


def _never_whole(answer: Any, tell: Any) -> None:
    """Refuse a function that holds the scores of all queries with all keys."""
    q, k, v = (np.ones(shape) for shape in ((512, 2), (4096, 2), (4096, 1)))
    watched = tracemalloc.is_tracing()
    if not watched:
        tracemalloc.start()
    tracemalloc.reset_peak()
    before, _ = tracemalloc.get_traced_memory()
    try:
        expect_result(answer, q, k, v, 64)
        _, peak = tracemalloc.get_traced_memory()
    finally:
        if not watched:
            tracemalloc.stop()
    if peak - before >= 4 * len(q) * len(k):  # bytes: the scores in single precision
        raise tell("whole")


@function(
    "attention-4",
    cases=lambda rng: [
        (
            rng.normal(size=(4, 8)),
            rng.normal(size=(n, 8)) * f,
            rng.normal(size=(n, 3)),
            b,
        )
        for n, b, f in ((6, 3, 1), (6, 6, 1), (7, 3, 1), (6, 2, 2000))
    ],
    returns=("C",),
    also=_never_whole,
)
def attention_in_blocks(q: np.ndarray, k: np.ndarray, v: np.ndarray, size: int) -> Any:
    """Return attention, and wrong ways to go through the keys in blocks."""
    blocks = [(k[s : s + size], v[s : s + size]) for s in range(0, len(k), size)]
    means = [scratch.attention(q, *block)[0] for block in blocks]
    whole = len(k) // size * size
    return scratch.attention(q, k, v)[0], {
        "means": np.mean(means, axis=0),
        "sums": np.sum(means, axis=0),
        "last": scratch.attention(q, k[:whole], v[:whole])[0],
        "unscaled": scratch.attention(q * np.sqrt(8), k, v)[0],
    }


@function(
    "attention-5", cases=[(12, 3), (64, 8), (10, 1), (20, 4)], returns=("the count",)
)
def head_parameters(width: int, heads: int) -> Any:
    """Return the parameter count of multi-head self-attention."""
    each = width * width + width
    return 4 * each, {
        "no_biases": 4 * width * width,
        "no_output": 3 * each,
        "wide": (4 * heads * each, (3 * heads + 1) * each),
        "one_head": 3 * each // heads + each,
    }


@function(
    "attention-6",
    cases=lambda rng: [
        tuple(rng.normal(size=s) for s in ((t, u), (t, a), (u, a), (a,)))
        for t, u, a in ((3, 4, 5), (2, 2, 3))
    ],
    returns=("dq", "dk", "dw"),
)
def additive_backward(
    ds: np.ndarray, q: np.ndarray, k: np.ndarray, w: np.ndarray
) -> Any:
    """Return the backward of the additive score."""
    a = np.tanh(q[:, None] + k[None])
    up, slope = ds[..., None], 1 - a**2
    steep = up * w * np.ones_like(a)
    for_dq = {
        "dq_slope": steep.sum(axis=1),
        "dq_w": (up * slope).sum(axis=1),
        "dq_square": (steep * (1 - a)).sum(axis=1),
    }
    for_dk = {"dk_slope": steep.sum(axis=0), "dk_w": (up * slope).sum(axis=0)}
    for_dw = {"dw_slope": (up * slope).sum(axis=(0, 1)), "dw_ds": a.sum(axis=(0, 1))}
    return {
        "dq": ((steep * slope).sum(axis=1), for_dq),
        "dk": ((steep * slope).sum(axis=0), for_dk),
        "dw": ((up * a).sum(axis=(0, 1)), for_dw),
    }
