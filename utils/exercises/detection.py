"""Exercises of the chapter `vision/detection`."""

from __future__ import annotations

from typing import Any

import numpy as np

from utils.exercises import function


def _coded(rng: np.random.Generator) -> list[tuple[np.ndarray, np.ndarray]]:
    """Codes and anchors, all different."""
    cases = []
    for n in (1, 4):
        low = rng.uniform(0, 40, (n, 2))
        anchors = np.concatenate([low, low + rng.uniform(5, 30, (n, 2))], axis=1)
        cases.append((rng.normal(0.1, 0.4, (n, 4)), anchors))
    return cases


@function("detection-2", cases=_coded, returns=("the boxes",))
def boxes(codes: np.ndarray, anchors: np.ndarray) -> Any:
    """Return the boxes of which the codes were made."""
    unit = anchors[:, 2:] - anchors[:, :2]

    def edges(shift: np.ndarray, size: np.ndarray, part: float = 0.5) -> np.ndarray:
        centre = anchors[:, :2] + unit / 2 + shift
        return np.concatenate([centre - part * size, centre + part * size], axis=1)

    shift, size = codes[:, :2] * unit, np.exp(codes[:, 2:]) * unit
    middle = anchors[:, :2] + unit / 2 + shift
    return edges(shift, size), {
        "sides": np.concatenate([middle, size], axis=1),
        "log": edges(shift, codes[:, 2:] * unit),
        "unit": edges(codes[:, :2], size),
        "whole": edges(shift, size, 1),
    }


def _overlaps(rng: np.random.Generator) -> list[tuple[np.ndarray, float]]:
    """Doubles, a free second choice, an overlap equal to the limit, and two more.

    One has two good truths, of which the first is not the best; in the other a poor
    answer comes before a good one.
    """
    fixed = np.array([[0.9, 0.6], [0.8, 0.55], [0.7, 0.1], [0.5, 0.2]])
    equal = np.array([[0.5, 0.1], [0.2, 0.4]])
    choice = np.array([[0.6, 0.9], [0.7, 0.1]])
    poor = np.array([[0.4, 0.3], [0.8, 0.2]])
    drawn = rng.random((6, 3)).round(2)
    return [(fixed, 0.5), (equal, 0.5), (choice, 0.5), (poor, 0.5), (drawn, 0.4)]


@function("detection-5", cases=_overlaps, returns=("the marks",))
def marks(overlaps: np.ndarray, limit: float) -> Any:
    """Return which answers are right: each takes the best truth that is free."""

    def go(
        good: np.ndarray, first: bool = False, keep: bool = True, by: Any = overlaps
    ) -> np.ndarray:
        free, found = np.ones(overlaps.shape[1], bool), np.zeros(len(overlaps))
        for row, values in enumerate(by):
            best = np.where(free | first, values, -1).argmax()
            found[row] = good[row, best] and free[best]
            free[best] &= keep and not found[row]
        return found

    good = overlaps >= limit
    return go(good), {
        "double": good.any(axis=1),
        "any": go(good, first=True),
        "strict": go(overlaps > limit),
        "leftmost": go(good, by=good.astype(float)),
        "poor": go(good, keep=False),
    }


@function(
    "detection-8",
    cases=lambda rng: [
        (rng.normal(size=(6, 6)), np.array(place)) for place in ((1.3, 2.8), (3.6, 0.2))
    ],
    returns=("the value",),
)
def between(values: np.ndarray, place: np.ndarray) -> Any:
    """Return the map's value at a place between cells, by bilinear interpolation."""
    (y, x), (v, u) = np.floor(place).astype(int), place % 1

    def mixed(v: float, u: float) -> Any:
        return np.array([1 - v, v]) @ values[y : y + 2, x : x + 2] @ [1 - u, u]

    turned = np.array([1 - u, u]) @ values[x : x + 2, y : y + 2] @ [1 - v, v]
    nearest = np.rint(place).astype(int)
    return mixed(v, u), {
        "swapped": turned,
        "nearest": values[tuple(nearest)],
        "floor": values[y, x],
        "far": mixed(1 - v, 1 - u),
    }
