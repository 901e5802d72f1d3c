"""Say what is wrong with an argument before NumPy broadcasts it into a wrong answer."""

from collections.abc import Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

Array = NDArray[Any]


def shapes(**arrays: tuple[Array, str]) -> dict[str, int]:
    """Check arrays against shape patterns that share names.

    A pattern lists the sizes of the axes: a name stands for a size, the same wherever
    it appears; `4H` is four times `H`; a leading `...` allows any axes in front. All
    arrays must hold floats of one dtype.

    Args:
        **arrays: Under each argument's name, the array and its pattern.

    Returns:
        The size behind each name.

    Raises:
        ValueError: An array has another shape or dtype than its pattern asks for.

    Example:
        >>> x, w = np.ones((2, 3)), np.ones((3, 4))
        >>> shapes(x=(x, "... D"), w=(w, "D M"))
        {'D': 3, 'M': 4}
    """
    floats(**{name: array for name, (array, _) in arrays.items()})
    sizes: dict[str, int] = {}
    for name, (array, pattern) in arrays.items():
        known = dict(sizes)
        axes = pattern.removeprefix("... ").split()
        fits = array.ndim == len(axes) or (array.ndim > len(axes) and "..." in pattern)
        for axis, size in zip(reversed(axes), reversed(array.shape), strict=False):
            times, letter = _factor(axis)
            fits &= sizes.setdefault(letter, size // times) * times == size
        if not fits:
            raise ValueError(_wrong_shape(name, array.shape, pattern, known))
        if any(sizes[_factor(axis)[1]] == 0 for axis in axes if axis not in _MAY_BE_0):
            raise ValueError(
                f"{name} must have an element in every row, got {array.shape}"
            )
    return sizes


# No examples and no steps are fine, no features are not; windows are checked later.
_MAY_BE_0 = ("N", "T", "Tq", "KH", "KW")


def _factor(axis: str) -> tuple[int, str]:
    letter = axis.lstrip("0123456789")
    return int(axis.removesuffix(letter) or 1), letter


def _wrong_shape(
    name: str, shape: tuple[int, ...], pattern: str, known: Mapping[str, int]
) -> str:
    used = {_factor(axis)[1] for axis in pattern.split()}
    given = ", ".join(f"{k} = {v}" for k, v in known.items() if k in used)
    expected = f"({pattern.replace(' ', ', ')})" + (f" with {given}" if given else "")
    return f"{name} must have shape {expected}, got {shape}"


def floats(**arrays: Array) -> None:
    """Check that every argument is a NumPy array of floats, all of one dtype."""
    first = ""
    for name, array in arrays.items():
        if not isinstance(array, np.ndarray | np.floating):
            kind = type(array).__name__
            raise ValueError(f"{name} must be a NumPy array, got {kind}")
        if not np.issubdtype(array.dtype, np.floating):
            raise ValueError(f"{name} must hold floats, got dtype {array.dtype}")
        first = first or name
        if array.dtype != arrays[first].dtype:
            raise ValueError(
                f"{name} must have dtype {arrays[first].dtype} like {first}, "
                f"got {array.dtype}"
            )


def like(name: str, array: Array, shape: tuple[int, ...], dtype: np.dtype[Any]) -> None:
    """Check an array whose shape and dtype are both known beforehand."""
    floats(**{name: array})
    if array.shape != shape:
        raise ValueError(f"{name} must have shape {shape}, got {array.shape}")
    if array.dtype != dtype:
        raise ValueError(f"{name} must have dtype {dtype}, got {array.dtype}")


def integers(
    name: str, array: Array, below: int, shape: tuple[int, ...] | None = None
) -> None:
    """Check an array of whole numbers from 0 up to, but not including, `below`."""
    if not isinstance(array, np.ndarray) or array.dtype.kind not in "iu":
        kind = getattr(array, "dtype", type(array).__name__)
        raise ValueError(f"{name} must be a NumPy array of integers, got {kind}")
    if shape is not None and array.shape != shape:
        raise ValueError(f"{name} must have shape {shape}, got {array.shape}")
    wrong = array[(array < 0) | (array >= below)]
    if wrong.size:
        raise ValueError(
            f"{name} must lie between 0 and {below - 1}, got {wrong.flat[0]}"
        )


def count(name: str, value: int, least: int = 1) -> int:
    """Check one whole number that must not be smaller than `least`."""
    if not is_whole(value) or value < least:
        raise ValueError(
            f"{name} must be an integer of at least {least}, got {shown(value)}"
        )
    return int(value)


def pair(name: str, value: int | tuple[int, int], least: int) -> tuple[int, int]:
    """Turn an integer into a pair (height, width); check a pair."""
    both = value if isinstance(value, tuple | list) else (value, value)
    if len(both) != 2 or not all(is_whole(v) and v >= least for v in both):
        raise ValueError(
            f"{name} must be an integer or a pair of integers of at least {least}, "
            f"got {shown(value)}"
        )
    return int(both[0]), int(both[1])


def numbers(least: float = -np.inf, below: float = np.inf, **values: float) -> None:
    """Check finite numbers, from `least` up to, but not including, `below`."""
    for name, value in values.items():
        real = isinstance(value, int | float | np.integer | np.floating)
        if not real or isinstance(value, bool) or not least <= value < below:
            low = f" of at least {least:g}" * (least > -np.inf)
            high = f" below {below:g}" * (below < np.inf)
            what = f"a number{low}{' and' * bool(low and high)}{high}"
            raise ValueError(f"{name} must be {what}, got {shown(value)}")


def axis(name: str, value: int, x: Array) -> None:
    """Check that x has this axis, and an element along it."""
    if not is_whole(value) or not -x.ndim <= value < x.ndim or not x.shape[value]:
        raise ValueError(
            f"{name} must be an axis of x with an element, and x has shape {x.shape}; "
            f"got {shown(value)}"
        )


def flag(name: str, value: bool) -> None:
    """Check something that is either so or not."""
    if not isinstance(value, bool | np.bool_):
        raise ValueError(f"{name} must be True or False, got {shown(value)}")


def opened(cache: Any, parts: int) -> tuple[Any, ...]:
    """Return a cache if it looks like one of so many parts."""
    kinds = np.ndarray | np.generic | tuple | int | np.dtype
    fits = isinstance(cache, tuple) and all(isinstance(part, kinds) for part in cache)
    if not fits or len(cache) != parts:
        raise ValueError(
            f"cache must be the second thing that the forward returned, a tuple of "
            f"{parts}, got {shown(cache)}"
        )
    return cache


def shown(value: object) -> str:
    """Return a value as it fits into a sentence."""
    if isinstance(value, np.ndarray) and value.ndim:
        return f"an array of shape {value.shape}"
    text = " ".join(repr(value).split())
    return text if len(text) <= 60 else f"{text[:57]}..."


def is_whole(value: Any) -> bool:
    """Whether a value is an integer of Python or NumPy; True and False are not."""
    return isinstance(value, int | np.integer) and not isinstance(value, bool)
