"""Data that comes inside scikit-learn and scikit-image: no download, no account.

Each set is split once and for all: see `stratified_split`.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
from numpy.typing import NDArray

from utils.data.dataset import DataError, Dataset, FloatArray


def digits() -> Dataset:
    """Handwritten digits, 1,797 grey images of 8 × 8 (1,437 to train, 360 to test)."""
    from sklearn.datasets import load_digits

    bundle = load_digits()
    return _split(
        "digits",
        bundle.images / 16,
        bundle.target,
        classes=tuple("0123456789"),
        source="scikit-learn's bundled digits (Alpaydin and Kaynak, UCI, 1998)",
    )


def breast_cancer() -> Dataset:
    """Thirty measurements of cell nuclei from 569 tumours, malignant or benign."""
    from sklearn.datasets import load_breast_cancer

    bundle = load_breast_cancer()
    return _split(
        "breast_cancer",
        bundle.data,
        bundle.target,
        classes=tuple(str(c) for c in bundle.target_names),
        source="scikit-learn's bundled breast_cancer table "
        "(Wolberg and others, UCI, 1995)",
    )


SETS: dict[str, Callable[..., Dataset]] = {
    "digits": digits,
    "breast_cancer": breast_cancer,
}


_SCIKIT_LEARN_IMAGES = ("china", "flower")
_SCIKIT_IMAGE_IMAGES = (
    # colour
    "astronaut",
    "cat",
    "coffee",
    "rocket",
    "retina",
    "hubble_deep_field",
    "immunohistochemistry",
    # grey
    "camera",
    "cell",
    "clock",
    "coins",
    "horse",
    "moon",
    "page",
    "text",
    # grey textures
    "brick",
    "grass",
    "gravel",
)
IMAGES = (*_SCIKIT_LEARN_IMAGES, *_SCIKIT_IMAGE_IMAGES)


def image(name: str) -> FloatArray:
    """Reads one of `IMAGES`: float32 from 0 to 1, (H, W) or (H, W, 3)."""
    if name in _SCIKIT_LEARN_IMAGES:
        from sklearn.datasets import load_sample_image

        pixels = _bundled(
            "scikit-learn", name, lambda: load_sample_image(f"{name}.jpg")
        )
    else:
        from skimage import data as pictures

        pixels = _bundled("scikit-image", name, getattr(pictures, name))
    scale = 255 if pixels.dtype == np.uint8 else 1  # the horse is black or white
    return (pixels / scale).astype(np.float32)


def stratified_split(
    labels: NDArray[Any], test_every: int
) -> tuple[NDArray[np.intp], NDArray[np.intp]]:
    """Deals the examples out so that every class has its share in both parts.

    The examples are shuffled, sorted by class, and every `test_every`-th is taken for
    the test: so each class gives its share to within one example. The shuffle is always
    the same, whatever the versions of the libraries.

    Args:
        labels: The class of each example, shape (N,).
        test_every: One in how many is for the test.

    Returns:
        The indices of the training examples and of the test examples, both shuffled.
    """
    fixed = np.random.RandomState(0)  # a stream that never changes
    order = fixed.permutation(len(labels))
    by_class = order[np.argsort(labels[order], kind="stable")]
    is_test = np.zeros(len(labels), dtype=bool)
    is_test[by_class[::test_every]] = True
    return order[~is_test[order]], order[is_test[order]]


def _split(name: str, x: NDArray[Any], y: NDArray[Any], **about: Any) -> Dataset:
    x, y = x.astype(np.float32), y.astype(np.int64)
    train, test = stratified_split(y, test_every=5)
    return Dataset(name, x[train], y[train], x[test], y[test], **about)


def _bundled(library: str, name: str, read: Callable[[], NDArray[Any]]) -> NDArray[Any]:
    """Calls a library's reader, which fails if the library came without the file."""
    try:
        return read()
    except (OSError, ImportError) as error:  # no file, or no connection to fetch it
        raise DataError(
            f"the file for {name!r}, which comes inside {library}, cannot be read "
            f"({error}). Install {library} anew: "
            f"pip install --force-reinstall --no-deps {library}"
        ) from error
