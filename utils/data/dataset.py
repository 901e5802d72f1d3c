"""What a loaded data set is, and the error for one that cannot be had."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from utils.scratch._checks import is_whole, shown

FloatArray = NDArray[np.float32]
LabelArray = NDArray[np.int64]


class DataError(ValueError):
    """A data set is unknown, damaged or out of reach; the message says what to do."""


@dataclass(frozen=True, repr=False, eq=False)
class Dataset:
    """A data set in memory, split into training and test examples.

    Attributes:
        name: What it was asked for by.
        x_train: The training inputs, float32. Grey images have shape (N, H, W) and
            colour images (N, H, W, 3), both from 0 to 1; other data (N, D).
        y_train: The training labels, int64, shape (N,).
        x_test: The test inputs.
        y_test: The test labels.
        classes: The classes' names; label `k` means `classes[k]`.
        source: Where the numbers came from, in words.
    """

    name: str
    x_train: FloatArray
    y_train: LabelArray
    x_test: FloatArray
    y_test: LabelArray
    classes: tuple[str, ...]
    source: str

    def __repr__(self) -> str:
        shape = self.x_train.shape[1:]
        if len(shape) == 1:
            what = f"examples of {shape[0]} features, {self.x_train.dtype}"
        else:
            size = " × ".join(str(n) for n in shape)
            what = f"images of {size}, {self.x_train.dtype} from 0 to 1"
        return (
            f"{self.name}\n"
            f"  train    {len(self.x_train):,} {what}\n"
            f"  test     {len(self.x_test):,}\n"
            f"  classes  {len(self.classes)}: {', '.join(self.classes)}\n"
            f"  source   {self.source}"
        )


@dataclass(frozen=True, repr=False, eq=False)
class TextDataset:
    """Sentences with what is to be said of them: a class, or another sentence.

    Attributes:
        name: What it was asked for by.
        x_train: The training sentences.
        y_train: Their labels, int64 of shape (N,), or their translations.
        x_test: The test sentences.
        y_test: Their labels or translations.
        source: Where the sentences came from, in words.
        classes: The classes' names, where there are classes.
    """

    name: str
    x_train: list[str]
    y_train: LabelArray | list[str]
    x_test: list[str]
    y_test: LabelArray | list[str]
    source: str
    classes: tuple[str, ...] = ()

    def __repr__(self) -> str:
        if self.classes:
            about = f"  classes  {len(self.classes)}: {', '.join(self.classes)}"
        else:
            about = f"  first    {self.x_train[0]!r} → {self.y_train[0]!r}"
        return (
            f"{self.name}\n"
            f"  train    {len(self.x_train):,} sentences\n"
            f"  test     {len(self.x_test):,}\n"
            f"{about}\n"
            f"  source   {self.source}"
        )


def check_count(option: str, value: object, least: int) -> None:
    """Raise `DataError` unless an option is a whole number from `least` up."""
    if not is_whole(value) or value < least:  # type: ignore[operator]
        raise DataError(
            f"{option} must be a whole number of {least} or more, not {shown(value)}."
        )
