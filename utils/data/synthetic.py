"""Points in the plane, made from a seed: the same call gives the same points.

Each function makes `n` training points and `n` fresh test points, with coordinates of
about -1.5 to 1.5 and as many points in each class as `n` allows.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
from numpy.typing import NDArray

from utils.data.dataset import DataError, Dataset, check_count
from utils.scratch._checks import shown

Points = NDArray[np.float64]
Place = Callable[[NDArray[np.int64], np.random.Generator], Points]


def spirals(n: int = 400, noise: float = 0.05, seed: int = 0) -> Dataset:
    """Two arms that wind around the origin once.

    Args:
        n: Number of training points, and of test points.
        noise: Standard deviation of the Gaussian noise added to each coordinate.
        seed: Seed of the generator.
    """

    def place(labels: NDArray[np.int64], rng: np.random.Generator) -> Points:
        along = np.sqrt(rng.uniform(0.02, 1, len(labels)))  # even along the arm
        angle = 2 * np.pi * (along + labels / 2)
        return np.column_stack([along * np.cos(angle), along * np.sin(angle)])

    return _generate("spirals", place, ("arm 0", "arm 1"), n, noise, seed)


def rings(n: int = 400, noise: float = 0.1, seed: int = 0) -> Dataset:
    """A ring inside another: no straight line separates them.

    Args:
        n: Number of training points, and of test points.
        noise: Standard deviation of the Gaussian noise added to each coordinate.
        seed: Seed of the generator.
    """

    def place(labels: NDArray[np.int64], rng: np.random.Generator) -> Points:
        angle = rng.uniform(0, 2 * np.pi, len(labels))
        radius = np.where(labels == 0, 0.4, 1.0)
        return np.column_stack([radius * np.cos(angle), radius * np.sin(angle)])

    return _generate("rings", place, ("inner", "outer"), n, noise, seed)


SETS: dict[str, Callable[..., Dataset]] = {"spirals": spirals, "rings": rings}


def _generate(
    name: str, place: Place, classes: tuple[str, ...], n: int, noise: float, seed: int
) -> Dataset:
    check_count("n", n, least=len(classes))
    check_count("seed", seed, least=0)
    _check_number("noise", noise)

    def draw(rng: np.random.Generator) -> tuple[Any, Any]:
        labels = rng.permutation(np.arange(n) % len(classes))  # equal shares
        points = place(labels, rng) + rng.normal(0, noise, (n, 2))
        return points.astype(np.float32), labels.astype(np.int64)

    train, test = np.random.default_rng(seed).spawn(2)
    source = f"generated here with noise {noise:g}, seed {seed}"
    return Dataset(name, *draw(train), *draw(test), classes, source)


def _check_number(option: str, value: object) -> None:
    number = isinstance(value, int | float | np.number) and not isinstance(value, bool)
    if not number or not 0 <= value < float("inf"):  # type: ignore[operator]
        raise DataError(f"{option} must be a number, 0 or more, not {shown(value)}.")
