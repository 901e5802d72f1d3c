"""Exercises of the chapter `tables/anomaly`."""

from __future__ import annotations

from typing import Any

import numpy as np

from utils.exercises import function


def _ranked(rng: np.random.Generator) -> list[tuple[np.ndarray, np.ndarray]]:
    """Scores with ties and labels, in no order."""
    cases = []
    for n in (12, 25, 40):
        labels = rng.permutation(np.arange(n) % 3 == 0).astype(int)
        cases.append((rng.integers(0, 5, size=n) + labels, labels))
    return cases


@function("anomaly-4", cases=_ranked, returns=("the area",))
def area(scores: np.ndarray, labels: np.ndarray) -> Any:
    """Return the area under the ROC curve, ties counted half."""
    gaps = scores[labels == 1][:, None] - scores[labels == 0][None]
    above, tied = float((gaps > 0).mean()), float((gaps == 0).mean())
    return above + tied / 2, {
        "ties_lost": above,
        "ties_won": above + tied,
        "turned": 1 - above - tied / 2,
        "count": (gaps > 0).sum() + (gaps == 0).sum() / 2,
    }


@function(
    "anomaly-8",
    cases=lambda rng: [
        (rng.permutation(np.arange(1.0, n + 1)) ** 2, alpha)
        for n, alpha in ((29, 0.1), (39, 0.05), (50, 0.2), (50, 0.05), (99, 0.01))
    ],
    returns=("the threshold",),
)
def threshold(scores: np.ndarray, alpha: float) -> Any:
    """Return the score that a new normal one exceeds with probability alpha at most."""
    n = len(scores)
    rank = int(np.ceil(round((n + 1) * (1 - alpha), 9)))
    ordered = np.sort(scores)
    return ordered[rank - 1], {
        "next": ordered[min(rank, n - 1)] if rank < n else np.inf,
        "below": ordered[rank - 2],
        "quantile": np.quantile(scores, 1 - alpha),
        "unsorted": scores[rank - 1],
        "low_side": ordered[n - rank],
        "rank": rank,
    }
