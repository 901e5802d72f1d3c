"""Numbers for how good generated examples are, from features of real and fake ones.

Both measures compare two clouds of feature vectors, one row an example. Which features
is up to the caller: the last hidden layer of a classifier for images, the coordinates
themselves for points in the plane. Values are comparable only between calls with the
same features and the same number of examples.
"""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np
from numpy.typing import ArrayLike, NDArray

from utils.training.arguments import check_counts, numeric_array

__all__ = ["Coverage", "frechet_distance", "precision_recall_coverage"]

Features = NDArray[np.float64]


class Coverage(NamedTuple):
    """What :func:`precision_recall_coverage` returns: three shares from 0 to 1.

    Attributes:
        precision: Share of fake examples that look real.
        recall: Share of real examples that the generator could have made.
        coverage: Share of real examples with a fake one nearby.
    """

    precision: float
    recall: float
    coverage: float


def frechet_distance(real: ArrayLike, fake: ArrayLike) -> float:
    """Measure how far apart two clouds are, as if both were Gaussian.

    Args:
        real: Features of real examples, shape (N, D).
        fake: Features of generated ones, shape (M, D).

    Returns:
        ``|m - m'|² + tr(S + S' - 2 (S S')^(1/2))`` with the means and covariances of
        the two: 0 if these are equal, in squared units of the features. With few
        examples it is too large, since the covariances are estimates.

    Raises:
        ValueError: An array has another shape, fewer than two rows, or a value that
            is not finite.

    Source: chapter generative/gan, eq-gan-frechet; Heusel et al., "GANs trained by a
    two time-scale update rule", NeurIPS 2017.
    """
    x, y = _pair(real, fake, least=2)
    shift = x.mean(axis=0) - y.mean(axis=0)
    s, t = (np.atleast_2d(np.cov(a, rowvar=False)) for a in (x, y))
    # tr (S T)^(1/2) = tr (R T R)^(1/2) with R = S^(1/2), and that one is symmetric.
    root = _square_root(s)
    overlap = np.sqrt(np.clip(np.linalg.eigvalsh(root @ t @ root), 0, None)).sum()
    return float(max(shift @ shift + np.trace(s) + np.trace(t) - 2 * overlap, 0.0))


def precision_recall_coverage(
    real: ArrayLike, fake: ArrayLike, neighbours: int = 5
) -> Coverage:
    """Compare two clouds through balls that reach to the k-th nearest neighbour.

    The ball of a real example reaches to its k-th nearest *real* neighbour, that of a
    fake one to its k-th nearest fake one.

    Args:
        real: Features of real examples, shape (N, D).
        fake: Features of generated ones, shape (M, D).
        neighbours: The k above.

    Returns:
        Precision: the share of fake examples in the ball of at least one real one.
        Recall: the share of real examples in the ball of at least one fake one.
        Coverage: the share of real examples whose own ball holds a fake one.

    Raises:
        ValueError: An array has another shape, too few rows for so many neighbours, or
            a value that is not finite.

    Source: chapter generative/gan, eq-gan-precision; Kynkäänniemi et al., NeurIPS 2019
    (precision, recall); Naeem et al., ICML 2020 (coverage).
    """
    check_counts(neighbours=neighbours)
    from scipy.spatial.distance import cdist

    x, y = _pair(real, fake, least=int(neighbours) + 1)
    # Column 0 of a sorted row is the example itself, at distance 0.
    real_reach = np.partition(cdist(x, x), neighbours, axis=1)[:, neighbours]
    fake_reach = np.partition(cdist(y, y), neighbours, axis=1)[:, neighbours]
    between = cdist(x, y)  # (N, M)
    in_real_ball = between <= real_reach[:, None]
    return Coverage(
        precision=float(in_real_ball.any(axis=0).mean()),
        recall=float((between <= fake_reach).any(axis=1).mean()),
        coverage=float(in_real_ball.any(axis=1).mean()),
    )


def _square_root(s: Features) -> Features:
    """The symmetric square root of a symmetric matrix without negative eigenvalues."""
    values, vectors = np.linalg.eigh(s)
    return (vectors * np.sqrt(np.clip(values, 0, None))) @ vectors.T


def _pair(real: Any, fake: Any, least: int) -> tuple[Features, Features]:
    """Check both clouds and return them in float64."""
    clouds = []
    for name, given in (("real", real), ("fake", fake)):
        cloud = numeric_array(given, name).astype(np.float64)
        if cloud.ndim != 2:
            raise ValueError(f"{name} must have shape (N, D), got {cloud.shape}")
        if len(cloud) < least:
            raise ValueError(f"{name} needs at least {least} rows, got {len(cloud)}")
        if not np.isfinite(cloud).all():
            raise ValueError(f"{name} holds values that are not finite")
        clouds.append(cloud)
    x, y = clouds
    if x.shape[1] != y.shape[1]:
        raise ValueError(
            f"real and fake must have equally many features, got {x.shape[1]} and "
            f"{y.shape[1]}"
        )
    return x, y
