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
