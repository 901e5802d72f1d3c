"""Named data sets as NumPy arrays.

    from utils import data

    digits = data.load("digits")  # comes with scikit-learn
    rings = data.load("rings", n=200, noise=0.1, seed=1)  # made here, from a seed
    mnist = data.load("mnist")  # public: read from $BOOK_DATA_DIR, a cache or the web
    coffee = data.image("coffee")  # one picture, (400, 600, 3)
    numbers = data.texts("number_words")  # sentences with their translations
    plays = data.text("tiny_shakespeare")  # one long string
    spoken = data.recordings("fsdd")  # sounds, with who said what
    pages = data.documents("python_pages")  # texts by name
    days = data.series("daily_temperatures")  # columns by name, in the order of time

Nothing here is a stand-in for anything else: what cannot be had in full and unaltered
is a `DataError` that says why and what to do.
"""

from __future__ import annotations

import difflib
import inspect
from collections.abc import Callable, Collection
from typing import Any

from numpy.typing import NDArray

from utils.data import (
    builtin,
    cifar,
    heartbeats,
    language,
    photographs,
    public,
    synthetic,
)
from utils.data.dataset import DataError, Dataset, FloatArray, TextDataset
from utils.data.number_words import in_chinese, in_english
from utils.data.speech import RECORDINGS, Recordings
from utils.data.time_series import SERIES, read_series
from utils.scratch._checks import shown

__all__ = [
    "DataError",
    "Dataset",
    "Recordings",
    "TextDataset",
    "documents",
    "image",
    "in_chinese",
    "in_english",
    "load",
    "names",
    "recordings",
    "series",
    "text",
    "texts",
]

_SETS: dict[str, Callable[..., Dataset]] = {
    **builtin.SETS,
    **synthetic.SETS,
    **public.SETS,
    **cifar.SETS,
    **photographs.SETS,
    **heartbeats.SETS,
}


def load(name: str, **options: object) -> Dataset:
    """Loads a data set by its name.

    Args:
        name: One of `names()`.
        **options: What a generated set can be told, such as `n`, `noise` and `seed`;
            see `utils.data.synthetic`; of "ants_and_bees" the `size`. The other sets
            take none.

    Returns:
        Training and test arrays with the names of the classes and the source.

    Raises:
        DataError: No set has that name or takes that option, or a public set is
            damaged or out of reach.

    Example:
        >>> load("digits").x_train.shape
        (1437, 8, 8)
    """
    _check_name(name, "data set")
    make = _SETS[name]
    _check_options(f"data.load({name!r})", make, options)
    return make(**options)


def image(name: str) -> FloatArray:
    """Loads one of the photographs and textures that come with the libraries.

    Args:
        name: One of `names("picture")`.

    Returns:
        A float32 array from 0 to 1 of shape (H, W, 3), or (H, W) if the picture is
        grey.

    Raises:
        DataError: No picture has that name, or the library came without its file.
    """
    _check_name(name, "picture")
    return builtin.image(name)


def text(name: str) -> str:
    """Loads one long text.

    Args:
        name: One of `names("text")`.

    Raises:
        DataError: No text has that name, or it is damaged or out of reach.

    Example:
        >>> text("tiny_shakespeare")[:14]
        'First Citizen:'
    """
    _check_name(name, "text")
    return language.TEXTS[name]()


def documents(name: str) -> dict[str, str]:
    """Loads a collection of texts, to be split by whole documents.

    Args:
        name: One of `names("collection")`.

    Returns:
        Texts by the names of the documents.

    Raises:
        DataError: No collection has that name, or it is damaged or out of reach.

    Example:
        >>> "lambda" in documents("python_pages")
        True
    """
    _check_name(name, "collection")
    return language.COLLECTIONS[name]()


def series(name: str) -> dict[str, NDArray[Any]]:
    """Loads a public series with what was measured beside it.

    Args:
        name: One of `names("series")`.

    Returns:
        Columns by name, each of shape (T,): float64 with NaN for what is missing, or
        strings.

    Raises:
        DataError: No series has that name, or it is damaged or out of reach.
    """
    _check_name(name, "series")
    return read_series(name)


def recordings(name: str) -> Recordings:
    """Loads recorded words with who said what.

    Args:
        name: One of `names("set of recordings")`.

    Raises:
        DataError: No set has that name, or it is damaged or out of reach.
    """
    _check_name(name, "set of recordings")
    return RECORDINGS[name]()


def texts(name: str, **options: object) -> TextDataset:
    """Loads sentences with their classes or translations.

    Args:
        name: One of `names("set of sentences")`.
        **options: What a generated set can be told; see `utils.data.number_words`.

    Raises:
        DataError: No set has that name or takes that option, or it is damaged or out
            of reach.

    Example:
        >>> numbers = texts("number_words", largest=999, block=10)
        >>> len(numbers.x_train), len(numbers.x_test)
        (800, 200)
    """
    _check_name(name, "set of sentences")
    make = language.PAIRS[name]
    _check_options(f"data.texts({name!r})", make, options)
    return make(**options)


_KINDS: dict[str, tuple[str, Collection[str]]] = {
    "data set": ("data.load", _SETS),
    "picture": ("data.image", builtin.IMAGES),
    "text": ("data.text", language.TEXTS),
    "series": ("data.series", SERIES),
    "collection": ("data.documents", language.COLLECTIONS),
    "set of sentences": ("data.texts", language.PAIRS),
    "set of recordings": ("data.recordings", RECORDINGS),
}


def names(kind: str = "data set") -> list[str]:
    """Lists the names that `load` knows, or those of another kind.

    Args:
        kind: "data set", "picture", "text", "series", "collection", "set of sentences"
            or "set of recordings".
    """
    return list(_KINDS[kind][1])


def _check_name(name: str, kind: str) -> None:
    known = names(kind)
    if isinstance(name, str) and name in known:
        return
    for other, there in _KINDS.values():
        if isinstance(name, str) and name in there:
            raise DataError(f"{name!r} is no {kind}, but {other}({name!r}) has it.")
    near = []
    if isinstance(name, str):
        near = difflib.get_close_matches(name.lower(), known, n=3, cutoff=0.6)
    hint = f" Did you mean {' or '.join(map(repr, near))}?" if near else ""
    plural = "series" if kind == "series" else f"{kind}s"
    if kind.startswith("set of "):
        plural = kind.replace("set", "sets")
    raise DataError(
        f"there is no {kind} called {shown(name)}.{hint} The {plural} are: "
        f"{', '.join([*near, *(each for each in known if each not in near)])}."
    )


def _check_options(
    call: str, make: Callable[..., object], options: dict[str, object]
) -> None:
    known = inspect.signature(make).parameters
    for option in options:
        if option not in known:
            takes = f"takes {', '.join(known)}" if known else "takes no options"
            raise DataError(f"{call} {takes}; {option!r} is unknown.")
