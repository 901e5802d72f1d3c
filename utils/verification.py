"""Same person or not: scores of pairs, their errors, and two linear lines to beat.

Derived in chapter vision/faces, section verification. A pair is accepted if its score
is *above* the threshold.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy.linalg import eigh

Array = NDArray[Any]


def standardise(images: Array) -> Array:
    """Returns images (N, S, S) as rows (N, S * S), each of mean 0 and deviation 1."""
    if np.ndim(images) < 2:
        raise ValueError(f"images must have shape (N, S, S), got {np.shape(images)}")
    x = np.asarray(images).reshape(len(images), -1)
    x = x - x.mean(axis=1, keepdims=True)
    return np.asarray(x / (x.std(axis=1, keepdims=True) + 1e-6))


def pair_scores(embeddings: Array, person: Array) -> tuple[Array, Array]:
    """Returns the cosines of all pairs: those of one person, and those of two.

    Args:
        embeddings: A row for each picture, (N, D).
        person: Who is on it, (N,).
    """
    if np.ndim(embeddings) != 2 or len(embeddings) != len(person):
        raise ValueError(
            f"embeddings of shape (N, D) need N persons, got "
            f"{np.shape(embeddings)} and {np.shape(person)}"
        )
    unit = embeddings / np.linalg.norm(embeddings, axis=1, keepdims=True)
    i, j = np.triu_indices(len(unit), 1)
    scores, same = (unit @ unit.T)[i, j], person[i] == person[j]
    return scores[same], scores[~same]


def threshold_at(impostor: Array, rate: float) -> float:
    """Returns the lowest threshold that accepts at most this share of the pairs."""
    if not 0 <= rate < 1 or not len(impostor):
        raise ValueError(
            f"give some scores and a rate from 0 to below 1, not {len(impostor)} "
            f"scores and {rate}"
        )
    allowed = int(np.floor(rate * len(impostor) + 1e-9))
    return float(np.sort(impostor)[::-1][allowed])


def true_accept(genuine: Array, impostor: Array, rate: float) -> float:
    """Returns the share of `genuine` accepted where at most `rate` of `impostor` is."""
    return float((genuine > threshold_at(impostor, rate)).mean())


def equal_error_rate(genuine: Array, impostor: Array) -> float:
    """Returns the rate at which as many are accepted as rejected wrongly.

    Where no threshold makes both equal, it is the mean of the two nearest to it.
    """
    if not len(genuine) or not len(impostor):
        raise ValueError("there must be pairs of one person and pairs of two")
    limits = np.sort(np.concatenate([genuine, impostor]))
    rejected = np.searchsorted(np.sort(genuine), limits, side="right") / len(genuine)
    accepted = 1 - np.searchsorted(np.sort(impostor), limits, "right") / len(impostor)
    nearest = np.abs(rejected - accepted).argmin()
    return float((rejected[nearest] + accepted[nearest]) / 2)


def eigenfaces(x: Array, k: int, drop: int = 0) -> Callable[[Array], Array]:
    """Fits principal components to rows (N, D).

    Returns:
        A function of rows (M, D) that gives their coordinates `drop` to `k`, largest
        variance first.
    """
    mean = x.mean(axis=0)
    n, last = min(k, x.shape[1]), x.shape[1] - 1
    spread = (x - mean).T @ (x - mean)
    largest = eigh(spread, subset_by_index=[last - n + 1, last])[1]  # smallest first
    directions = largest[:, ::-1][:, drop:]
    return lambda rows: (rows - mean) @ directions


def fisherfaces(
    x: Array, person: Array, k: int = 20, first: int = 200
) -> Callable[[Array], Array]:
    """Fits the directions in which people differ most, in units of one person's spread.

    Args:
        x: Rows (N, D).
        person: Who is on each, (N,), numbers from 0.
        k: How many directions.
        first: To how many principal components the rows are reduced before.

    Returns:
        A function of rows (M, D) that gives their coordinates (M, k).
    """
    reduce = eigenfaces(x, first)
    z = reduce(x)
    means = np.stack([z[person == who].mean(axis=0) for who in np.unique(person)])
    within = z - means[np.unique(person, return_inverse=True)[1]]
    size, turn = np.linalg.eigh(within.T @ within / len(z))
    whiten = turn / np.sqrt(size + 1e-3 * size.mean())
    between = np.linalg.svd(means @ whiten, full_matrices=False)[2][:k]
    return lambda rows: reduce(rows) @ whiten @ between.T
