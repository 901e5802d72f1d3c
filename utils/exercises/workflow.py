"""Exercises of the chapter `practice/workflow`."""

from __future__ import annotations

from typing import Any

import numpy as np

from utils.exercises import function


def _groups(rng: np.random.Generator) -> list[tuple[np.ndarray, list[int]]]:
    """Groups of different sizes in no order, and which of them test."""
    return [
        (rng.permutation(np.repeat([3, 5, 8, 9], [4, 2, 3, 5])), [3, 9]),
        (rng.permutation(np.repeat([0, 1, 2], [3, 5, 2])), [1]),
    ]


@function(
    "workflow-2", cases=_groups, returns=("the training rows", "the testing rows")
)
def group_split(groups: np.ndarray, wanted: list[int]) -> Any:
    """Return the rows whose group trains, and those whose group tests."""
    testing = np.isin(groups, wanted)
    train, test = np.flatnonzero(~testing), np.flatnonzero(testing)
    return {
        "the training rows": (
            train,
            {"turned": test, "values": groups[~testing], "all": np.arange(len(groups))},
        ),
        "the testing rows": (
            test,
            {
                "test_values": groups[testing],
                "first": np.flatnonzero(groups == wanted[0]),
            },
        ),
    }


@function(
    "workflow-9",
    cases=lambda rng: [tuple(rng.dirichlet(np.ones(k), size=2)) for k in (4, 6)],
)
def stability(p: np.ndarray, q: np.ndarray) -> Any:
    """Return the population stability index of two arrays of shares."""
    return float(np.sum((p - q) * np.log(p / q))), {
        "one_way": float(np.sum(p * np.log(p / q))),
        "other_way": float(np.sum(q * np.log(q / p))),
        "turned": float(np.sum((q - p) * np.log(p / q))),
        "mean": float(np.mean((p - q) * np.log(p / q))),
        "base": float(np.sum((p - q) * np.log2(p / q))),
    }


@function(
    "workflow-6",
    cases=lambda rng: [
        (rng.normal(0, 2, size=(n, 4)), t) for n, t in ((5, 2.0), (3, 0.6))
    ],
)
def cool(z: np.ndarray, t: float) -> Any:
    """Return probabilities from logits that are divided by a temperature."""

    def softmax(logits: np.ndarray, axis: int = 1) -> np.ndarray:
        e = np.exp(logits - logits.max(axis=axis, keepdims=True))
        return e / e.sum(axis=axis, keepdims=True)

    return softmax(z / t), {
        "times": softmax(z * t),
        "no_effect": softmax(z),
        "after": softmax(z) / t,
        "logits": z / t,
        "not_divided": np.exp(z / t),
        "columns": softmax(z / t, axis=0),
    }


def _answers(rng: np.random.Generator) -> list[tuple[np.ndarray, np.ndarray, Any]]:
    """Probabilities, whether the answer was right, and edges of bins."""
    cases = []
    for n, edges in ((40, [0.0, 0.5, 0.8, 1.0]), (30, [0.0, 0.1, 0.6, 0.9, 1.0])):
        p = rng.uniform(0.2, 1, size=n)
        p[:2] = edges[-3], edges[-1]  # on an edge
        right = (rng.uniform(size=n) < 0.9 - p / 2).astype(float)
        right[1] = 0
        cases.append((p, right, np.array(edges)))
    return cases


@function("workflow-7", cases=_answers)
def expected_error(p: np.ndarray, right: np.ndarray, edges: np.ndarray) -> Any:
    """Return the expected calibration error."""

    def gaps(where: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        rows = [where == k for k in range(1, len(edges)) if (where == k).any()]
        gap = [p[inside].mean() - right[inside].mean() for inside in rows]
        return np.array([inside.mean() for inside in rows]), np.array(gap)

    share, gap = gaps(np.digitize(p, edges, right=True))
    above = np.digitize(p, edges)
    closed, open_ = gaps(np.minimum(above, len(edges) - 1)), gaps(above)
    return float(share @ np.abs(gap)), {
        "upwards": float(closed[0] @ np.abs(closed[1])),
        "lost": float(open_[0] @ np.abs(open_[1])),
        "unweighted": float(np.abs(gap).mean()),
        "signed": float(share @ gap),
        "largest": float(np.abs(gap).max()),
    }
