"""Exercises of the chapter `practice/scaling`."""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from utils.exercises import function


def _gradients(rng: np.random.Generator, counts: list[int]) -> tuple[Any, ...]:
    grads = rng.normal(size=(len(counts), 3))
    grads[np.array(counts) == 0] = np.nan
    return grads, np.array(counts)


@function(
    "scaling-2",
    cases=lambda rng: [
        _gradients(rng, [8, 8, 2]),
        _gradients(rng, [1, 5]),
        _gradients(rng, [4, 0, 3]),
    ],
    returns=("the gradient",),
)
def combine(grads: np.ndarray, counts: np.ndarray) -> Any:
    """Return the mean gradient over all examples of unequal shards."""
    has = counts > 0
    total = counts[has] @ grads[has]
    return total / counts.sum(), {
        "plain": grads[has].mean(axis=0),
        "total": total,
        "workers": total / counts.sum() / len(counts),
    }


@function(
    "scaling-3",
    cases=lambda rng: [
        (np.array([[0.0, 2.0, 4.0], [1.0, 3.0, 0.0]]), 5),
        (rng.normal(size=(3, 4)), 10),
        (rng.normal(size=(2, 3)), 6),
    ],
    returns=("the predictions",),
)
def in_order(parts: np.ndarray, size: int) -> Any:
    """Return what the ranks of a sampler hold, in the order of the examples."""
    return parts.T.ravel()[:size], {
        "blocks": parts.ravel()[:size],
        "reversed": parts[::-1].T.ravel()[:size],
    }


@function(
    "scaling-4",
    cases=lambda rng: [
        (
            rng.normal(size=(3, 4)),
            rng.normal(size=(4, 6)),
            rng.normal(size=6),
            rng.normal(size=(6, 2)),
            rng.normal(size=2),
            rank,
            world,
        )
        for rank, world in ((1, 2), (0, 3), (2, 3))
    ],
    returns=("the part",),
)
def partial(
    x: np.ndarray,
    w1: np.ndarray,
    b1: np.ndarray,
    w2: np.ndarray,
    b2: np.ndarray,
    rank: int,
    world: int,
) -> Any:
    """Return one rank's term of a layer cut by columns, then by rows."""
    width = w1.shape[1] // world
    block = slice(rank * width, (rank + 1) * width)
    apart = slice(rank, None, world)
    own = b2 * (rank == 0)

    def term(mine: slice) -> np.ndarray:
        return np.maximum(x @ w1[:, mine] + b1[mine], 0) @ w2[mine]

    return term(block) + own, {
        "each": term(block) + b2,
        "none": term(block),
        "bend": (x @ w1[:, block] + b1[block]) @ w2[block] + own,
        "strided": term(apart) + own,
        "bias": np.maximum(x @ w1[:, block], 0) @ w2[block] + own,
    }


@function("scaling-5", cases=[(4, 0.1), (8, 0.2), (2, 0.5), (5, 0.25), (3, 0.03)])
def micro_batches(p: int, idle: float) -> Any:
    """Return the fewest micro-batches whose bubble is no larger than a share."""
    least = math.ceil((p - 1) * (1 - idle) / idle - 1e-9)
    return least, {
        "stages": math.ceil((p - 1) / idle - 1e-9),
        "above": math.floor((p - 1) * (1 - idle) / idle + 1e-9) + 1,
        "below": lambda given: abs(float(given) - least) <= 1,
    }


@function(
    "scaling-8",
    cases=[(7e9, 1e12, 128, 3e14, 0.4, 2.0), (1e9, 2e10, 8, 1e15, 0.35, 3.0)],
    returns=("days", "cost"),
)
def training_run(
    parameters: float, tokens: float, gpus: int, peak: float, mfu: float, price: float
) -> Any:
    """Return the days and the cost of a run by 6ND."""
    seconds = 6 * parameters * tokens / (gpus * peak * mfu)
    days, cost = seconds / 86400, gpus * seconds / 3600 * price
    return {
        "days": (
            days,
            {
                "forward": days / 3,
                "peak": days * mfu,
                "multiplied": days * mfu**2,
                "hours": days * 24,
            },
        ),
        "cost": (cost, {"one": cost / gpus}),
    }
