"""Boxes (x0, y0, x1, y1): overlap, suppression and average precision.

Derived in chapter vision/detection, which proves the last equal to COCO's own tool.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

Array = NDArray[Any]


def iou(a: Array, b: Array) -> Array:
    """Returns the overlap of each box of a (N, 4) with each of b (M, 4): (N, M)."""
    for name, boxes in (("a", a), ("b", b)):
        if np.ndim(boxes) != 2 or boxes.shape[1] != 4:
            raise ValueError(f"{name} must have shape (N, 4), got {np.shape(boxes)}")
    a, b = a[:, None], b[None]
    sides = np.minimum(a[..., 2:], b[..., 2:]) - np.maximum(a[..., :2], b[..., :2])
    shared = np.maximum(sides, 0).prod(axis=-1)
    areas = [(box[..., 2:] - box[..., :2]).prod(axis=-1) for box in (a, b)]
    return np.asarray(shared / (areas[0] + areas[1] - shared))


def nms(boxes: Array, scores: Array, limit: float) -> NDArray[np.int64]:
    """Returns which of the boxes (N, 4) are kept, by falling score (N,)."""
    overlaps = iou(boxes, boxes)
    order, kept = np.argsort(-scores, kind="stable"), []
    while len(order):
        first, order = order[0], order[1:]
        kept.append(first)
        order = order[overlaps[first, order] <= limit]
    return np.array(kept, np.int64)


def average_precision(
    found: Sequence[tuple[Array, Array]],
    truths: Sequence[Array],
    limit: float = 0.5,
    overlap: Callable[[Array, Array], Array] = iou,
) -> float:
    """Returns the average precision of one class, as COCO does; nan without truths.

    Args:
        found: For each image the boxes (N, 4) and their scores (N,).
        truths: For each image the true boxes (M, 4).
        limit: The least overlap of a right answer.
        overlap: Of each answer with each truth; of masks, those come in place of boxes.
    """
    hits, sure = [np.zeros(0, bool)], [np.zeros(0)]
    for (boxes, scores), true in zip(found, truths, strict=True):
        order = np.argsort(-scores, kind="stable")
        overlaps, hit = overlap(boxes[order], true), np.zeros(len(order), bool)
        for row in range(len(order) if len(true) else 0):
            best = overlaps[row].argmax()
            hit[row] = overlaps[row, best] >= limit
            if hit[row]:
                overlaps[:, best] = -1  # nobody finds it again
        hits.append(hit)
        sure.append(scores[order])
    n_true = sum(len(true) for true in truths)
    hit = np.concatenate(hits)[np.argsort(-np.concatenate(sure), kind="stable")]
    if not n_true:
        return float("nan")
    right = np.cumsum(hit)
    precision = right / np.arange(1, len(hit) + 1)
    precision = np.maximum.accumulate(precision[::-1])[::-1]
    place = np.searchsorted(right / n_true, np.linspace(0, 1, 101), side="left")
    return float(np.append(precision, 0)[place].mean())
