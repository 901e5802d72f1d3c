"""Exercises of the chapter `vision/style_transfer`."""

from __future__ import annotations

from typing import Any

import numpy as np

from utils.exercises import function


def _features(rng: np.random.Generator) -> list[tuple[np.ndarray, np.ndarray]]:
    """Features with means that are not zero, and symmetric targets."""
    cases = []
    for channels, places in ((3, 7), (4, 12)):
        table = rng.normal(size=(channels, channels))
        f = rng.normal(1, 1, (channels, places))
        cases.append((f, table + table.T))
    return cases


@function("style_transfer-2", cases=_features, returns=("the gradient",))
def centred(f: np.ndarray, target: np.ndarray) -> Any:
    """Return the gradient of the squared distance of the centred second moments."""
    places = f.shape[1]
    away = f - f.mean(axis=1, keepdims=True)
    gap = away @ away.T / places - target
    right = 4 / places * gap @ away
    return right, {
        "raw": 4 / places * (f @ f.T / places - target) @ f,
        "half": right / 2,
        "mixed": 4 / places * gap @ f,
        "sum": right * places,
    }
