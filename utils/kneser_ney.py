"""Kneser–Ney smoothing of any order: what a language model has to beat.

The chapter language/tokens derives it and builds it twice; this is its second form, for
the chapters that are measured against it.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

__all__ = ["KneserNey", "windows"]

Array = NDArray[Any]


class KneserNey:
    """Interpolated Kneser–Ney over tokens 0 … size − 1, one discount for each order.

    Args:
        ids: The training text, (T,).
        order: Tokens of an n-gram, the last of which is asked for.
        size: Tokens there are; ``size ** order`` has to fit into 63 bits.

    Raises:
        ValueError: The n-grams do not fit.

    Source: chapter language/tokens, eq-tokens-kn and eq-tokens-continuation.
    """

    def __init__(self, ids: Array, order: int, size: int) -> None:
        if size**order >= 2**63:
            raise ValueError(
                f"{order} tokens out of {size} exceed 63 bits; lower the order."
            )
        self.order, self.size = order, size
        self.levels: list[tuple[Any, ...]] = []
        codes, counts = np.unique(
            _codes_of(windows(ids, order), size), return_counts=True
        )
        for k in range(order, 0, -1):
            n1, n2 = (counts == 1).sum(), (counts == 2).sum()
            d = max(n1, 1) / (max(n1, 1) + 2 * n2)  # never 0: no token is impossible
            contexts, start, kinds = np.unique(
                codes // size, return_index=True, return_counts=True
            )
            totals = np.add.reduceat(counts, start)
            self.levels.insert(0, (codes, counts, contexts, totals, kinds, d))
            # each different n-gram counts once for the shorter one
            codes, counts = np.unique(codes % size ** (k - 1), return_counts=True)

    def probability(self, rows: Array) -> Array:
        """Returns p of the last token of each row (N, order) given the others."""
        p = np.full(len(rows), 1 / self.size)
        for k, (codes, counts, contexts, totals, kinds, d) in enumerate(self.levels, 1):
            code = _codes_of(rows[:, -k:], self.size)
            at = np.searchsorted(codes, code).clip(max=len(codes) - 1)
            c = np.where(codes[at] == code, counts[at], 0)
            before = code // self.size
            at = np.searchsorted(contexts, before).clip(max=len(contexts) - 1)
            mixed = (np.maximum(c - d, 0) + d * kinds[at] * p) / totals[at]
            p = np.where(contexts[at] == before, mixed, p)
        return p

    def bits(self, ids: Array, before: Array) -> float:
        """Returns the bits of all tokens together, after those before."""
        return float(-np.log2(self.probability(windows(ids, self.order, before))).sum())


def windows(ids: Array, order: int, before: Any = ()) -> Array:
    """Returns each token with its context, (N, order); `before` is read, not asked."""
    start = max(len(before) - order + 1, 0)
    joined = np.concatenate([np.asarray(before[start:], int), ids])
    return np.lib.stride_tricks.sliding_window_view(joined, order)


def _codes_of(rows: Array, size: int) -> Array:
    """Returns one whole number for each row of tokens."""
    code = np.zeros(len(rows), dtype=np.int64)
    for column in rows.T:
        code = code * size + column
    return code
