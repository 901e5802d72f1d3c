"""Exercises of the chapter `tables/recommender`."""

from __future__ import annotations

from typing import Any

import numpy as np

from utils.exercises import function


@function(
    "recommender-2",
    cases=lambda rng: [
        ([0, 3, 4], rng.normal(size=(9, 3)), 4.0, 2.0),
        ([1], rng.normal(size=(5, 2)), 1.0, 0.5),
    ],
)
def fold_in(shelf: list[int], q: np.ndarray, c: float, alpha: float) -> Any:
    """Return the vector of a new user, and those of wrong normal equations."""
    mine, eye = q[shelf], np.eye(q.shape[1])
    shared, own, side = q.T @ q, mine.T @ mine, mine.sum(axis=0)
    return np.linalg.solve(shared + c * own + alpha * eye, (1 + c) * side), {
        "shelf_only": np.linalg.solve((1 + c) * own + alpha * eye, (1 + c) * side),
        "right_side": (
            np.linalg.solve(shared + c * own + alpha * eye, side),
            np.linalg.solve(shared + c * own + alpha * eye, c * side),
        ),
        "twice": np.linalg.solve(shared + (1 + c) * own + alpha * eye, (1 + c) * side),
        "penalty": np.linalg.solve(shared + c * own, (1 + c) * side),
    }


@function(
    "recommender-5",
    cases=[
        (np.array([0.5, 0.9, 0.5, 0.1, 0.5, 0.7]), 2, 4),
        (np.array([3.0, 1.0, 2.0, 0.0]), 1, 3),
        (np.array([1.0, 2.0, 2.0, 0.0]), 0, 2),
    ],
)
def tied_ndcg(scores: np.ndarray, target: int, k: int) -> Any:
    """Return NDCG@k of a row, and what other ways with ties give."""
    before, equal = (scores > scores[target]).sum(), (scores == scores[target]).sum()
    places = 1.0 + before + np.arange(equal)

    def gain(place: Any) -> Any:
        return np.mean((place <= k) / np.log2(1 + place))

    return gain(places), {
        "best": gain(places[0]),
        "worst": gain(places[-1]),
        "mean_place": gain(places.mean()),
        "no_cut": np.mean(1 / np.log2(1 + places)),
    }


def _batch(rng: np.random.Generator, scale: float) -> tuple[np.ndarray, ...]:
    users, items = rng.normal(size=(2, 5, 3))
    q = rng.dirichlet(np.ones(9))[:5]
    return users * scale, items, np.log(q)


@function(
    "recommender-7",
    cases=lambda rng: [_batch(rng, 1.0), _batch(rng, 1.0), _batch(rng, 2000.0)],
)
def corrected_loss(users: np.ndarray, items: np.ndarray, log_q: np.ndarray) -> Any:
    """Return the in-batch loss and what wrong corrections give."""

    def loss(logits: np.ndarray) -> Any:
        largest = logits.max(axis=1)
        total = np.exp(logits - largest[:, None]).sum(axis=1)
        return np.mean(largest + np.log(total) - np.diag(logits))

    scores = users @ items.T
    right = loss(scores - log_q)
    return right, {
        "uncorrected": loss(scores),
        "added": loss(scores + log_q),
        "own_only": loss(scores - np.diag(log_q)),
        "columns": loss((scores - log_q).T),
        "summed": right * len(users),
    }


@function("recommender-12", cases=[([1, 2, 7],), ([4, 4, 4, 4, 9],), ([0, 0, 5],)])
def gini(counts: list[int]) -> Any:
    """Return the Gini coefficient and near misses."""
    x = np.array(counts, dtype=float)
    gaps = np.abs(x[:, None] - x)
    right = gaps.mean() / (2 * x.mean())
    return right, {
        "half": 2 * right,
        "pairs": right * len(x) / (len(x) - 1),
        "squared": (gaps**2).mean() / (2 * x.mean()),
    }


def _last(groups: np.ndarray, time: np.ndarray) -> np.ndarray:
    return np.array([time[i] == time[groups == g].max() for i, g in enumerate(groups)])


@function(
    "recommender-10",
    cases=[
        (
            np.array([1, 2, 1, 2, 1]),
            np.array([5, 5, 6, 7, 7]),
            np.array([3, 9, 2, 4, 8]),
        ),
        (np.array([4, 4, 0]), np.array([1, 2, 2]), np.array([20, 10, 30])),
    ],
)
def last_of_each(reader: np.ndarray, item: np.ndarray, time: np.ndarray) -> Any:
    """Return which picks are their reader's last, and what wrong splits mark."""
    right = _last(reader, time)
    return right, {
        "position": _last(reader, np.arange(len(time))),
        "first": _last(reader, -time),
        "latest": time == time.max(),
        "items": _last(item, time),
        "opposite": ~right,
    }
