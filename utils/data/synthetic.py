"""Points in the plane, made from a seed: the same call gives the same points.

Each function makes `n` training points and `n` fresh test points, with coordinates of
about -1.5 to 1.5 and as many points in each class as `n` allows.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
from numpy.typing import NDArray

from utils.data.dataset import DataError, Dataset
from utils.scratch._checks import shown

Points = NDArray[np.float64]
Place = Callable[[NDArray[np.int64], np.random.Generator], Points]


def moons(n: int = 400, noise: float = 0.2, seed: int = 0) -> Dataset:
    """Two half circles, each with one end inside the other.

    Args:
        n: Number of training points, and of test points.
        noise: Standard deviation of the Gaussian noise added to each coordinate.
        seed: Seed of the generator.
    """

    def place(labels: NDArray[np.int64], rng: np.random.Generator) -> Points:
        angle = rng.uniform(0, np.pi, len(labels))
        side = np.where(labels == 0, 1, -1)  # the lower moon is the upper one, turned
        return np.column_stack(
            [side * (np.cos(angle) - 0.5), side * (np.sin(angle) - 0.25)]
        )

    return _generate("moons", place, ("upper", "lower"), n, noise, seed)


def spirals(
    n: int = 400,
    noise: float = 0.05,
    seed: int = 0,
    *,
    classes: int = 2,
    turns: float = 1.0,
) -> Dataset:
    """Arms that wind around the origin, one for each class.

    Args:
        n: Number of training points, and of test points.
        noise: Standard deviation of the Gaussian noise added to each coordinate.
        seed: Seed of the generator.
        classes: Number of arms.
        turns: How many times an arm winds around the origin.
    """
    _check_count("classes", classes, least=2)
    _check_number("turns", turns)

    def place(labels: NDArray[np.int64], rng: np.random.Generator) -> Points:
        along = np.sqrt(rng.uniform(0.02, 1, len(labels)))  # even along the arm
        angle = 2 * np.pi * (turns * along + labels / classes)
        return np.column_stack([along * np.cos(angle), along * np.sin(angle)])

    arms = tuple(f"arm {k}" for k in range(classes))
    return _generate("spirals", place, arms, n, noise, seed)


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


def blobs(
    n: int = 400, noise: float = 0.2, seed: int = 0, *, classes: int = 3
) -> Dataset:
    """Round clouds whose centres lie evenly on the unit circle.

    Args:
        n: Number of training points, and of test points.
        noise: Standard deviation of a cloud in each coordinate.
        seed: Seed of the generator.
        classes: Number of clouds.
    """
    _check_count("classes", classes, least=2)

    def place(labels: NDArray[np.int64], rng: np.random.Generator) -> Points:
        angle = 2 * np.pi * labels / classes
        return np.column_stack([np.cos(angle), np.sin(angle)])

    clouds = tuple(f"cloud {k}" for k in range(classes))
    return _generate("blobs", place, clouds, n, noise, seed)


SETS: dict[str, Callable[..., Dataset]] = {
    "moons": moons,
    "spirals": spirals,
    "rings": rings,
    "blobs": blobs,
}


def _generate(
    name: str, place: Place, classes: tuple[str, ...], n: int, noise: float, seed: int
) -> Dataset:
    _check_count("n", n, least=len(classes))
    _check_count("seed", seed, least=0)
    _check_number("noise", noise)

    def draw(rng: np.random.Generator) -> tuple[Any, Any]:
        labels = rng.permutation(np.arange(n) % len(classes))  # equal shares
        points = place(labels, rng) + rng.normal(0, noise, (n, 2))
        return points.astype(np.float32), labels.astype(np.int64)

    train, test = np.random.default_rng(seed).spawn(2)
    source = f"generated here with noise {noise:g}, seed {seed}"
    return Dataset(name, *draw(train), *draw(test), classes, source)


def _check_count(option: str, value: object, least: int) -> None:
    whole = isinstance(value, int | np.integer) and not isinstance(value, bool)
    if not whole or value < least:  # type: ignore[operator]
        raise DataError(
            f"{option} must be a whole number of {least} or more, not {shown(value)}."
        )


def _check_number(option: str, value: object) -> None:
    number = isinstance(value, int | float | np.number) and not isinstance(value, bool)
    if not number or not 0 <= value < float("inf"):  # type: ignore[operator]
        raise DataError(f"{option} must be a number, 0 or more, not {shown(value)}.")
