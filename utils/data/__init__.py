"""Named data sets as NumPy arrays.

    from utils import data

    digits = data.load("digits")  # comes with scikit-learn
    moons = data.load("moons", n=200, noise=0.1, seed=1)  # made here, from a seed
    mnist = data.load("mnist")  # public: read from $BOOK_DATA_DIR, a cache or the web
    coffee = data.image("coffee")  # one picture, (400, 600, 3)

Nothing here is a stand-in for anything else: what cannot be had in full and unaltered
is a `DataError` that says why and what to do.
"""

from __future__ import annotations

import difflib
import inspect
from collections.abc import Callable

from utils.data import builtin, public, synthetic
from utils.data.dataset import DataError, Dataset, FloatArray

__all__ = ["DataError", "Dataset", "image", "image_names", "load", "names"]

_SETS: dict[str, Callable[..., Dataset]] = {
    **builtin.SETS,
    **synthetic.SETS,
    **public.SETS,
}


def load(name: str, **options: object) -> Dataset:
    """Loads a data set by its name.

    Args:
        name: One of `names()`.
        **options: What a generated set can be told, such as `n`, `noise` and `seed`;
            see `utils.data.synthetic`. The other sets take none.

    Returns:
        Training and test arrays with the names of the classes and the source.

    Raises:
        DataError: No set has that name or takes that option, or a public set is
            damaged or out of reach.

    Example:
        >>> load("digits").x_train.shape
        (1437, 8, 8)
    """
    _check_name(name, names(), "data set", others=image_names())
    make = _SETS[name]
    known = inspect.signature(make).parameters
    for option in options:
        if option not in known:
            takes = f"takes {', '.join(known)}" if known else "takes no options"
            raise DataError(f"data.load({name!r}) {takes}; {option!r} is unknown.")
    return make(**options)


def image(name: str) -> FloatArray:
    """Loads one of the photographs and textures that come with the libraries.

    Args:
        name: One of `image_names()`.

    Returns:
        A float32 array from 0 to 1 of shape (H, W, 3), or (H, W) if the picture is
        grey.

    Raises:
        DataError: No picture has that name, or the library came without its file.
    """
    _check_name(name, image_names(), "picture", others=names())
    return builtin.image(name)


def names() -> list[str]:
    """Lists the names that `load` knows: bundled sets, generated sets, public sets."""
    return list(_SETS)


def image_names() -> list[str]:
    """Lists the names that `image` knows."""
    return list(builtin.IMAGES)


def _check_name(name: str, known: list[str], kind: str, others: list[str]) -> None:
    if name in known:
        return
    if name in others:
        other = "data.image" if kind == "data set" else "data.load"
        raise DataError(f"{name!r} is no {kind}, but {other}({name!r}) has it.")
    near = []
    if isinstance(name, str):
        near = difflib.get_close_matches(name.lower(), known, n=3, cutoff=0.6)
    hint = f" Did you mean {' or '.join(map(repr, near))}?" if near else ""
    raise DataError(
        f"there is no {kind} called {name!r}.{hint} The {kind}s are: "
        f"{', '.join([*near, *(each for each in known if each not in near)])}."
    )
