"""Public benchmarks in the format in which LeCun published MNIST: four idx files.

A data directory may hold them packed or unpacked, or as one NumPy archive, which is how
Keras keeps MNIST. See `utils.data.store` for the places and the checks.
"""

from __future__ import annotations

import io
import os
import struct
import zipfile
import zlib
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from pathlib import Path

import numpy as np
from numpy.lib.npyio import NpzFile
from numpy.typing import NDArray

from utils.data.dataset import DataError, Dataset
from utils.data.store import (
    BadBytesError,
    PublicFile,
    data_dir,
    exists,
    kept_or_downloaded,
    read,
)


@dataclass(frozen=True)
class PublicSet:
    """A public data set of four idx files.

    Attributes:
        title: The set and its authors.
        folders: The folders it may lie in, below a data directory; the first is the
            one the book itself uses.
        files: `x_train`, `y_train`, `x_test` and `y_test`.
        classes: The names of the classes.
    """

    title: str
    folders: tuple[str, ...]
    files: dict[str, PublicFile]
    classes: tuple[str, ...]


def _idx_files(folder: str, mirrors: list[str], *sha256: str) -> dict[str, PublicFile]:
    """The record of four files, whose hashes are those of the unpacked content."""
    files = {}
    for part, name, size, digits in zip(
        ("x_train", "y_train", "x_test", "y_test"),
        (
            "train-images-idx3",
            "train-labels-idx1",
            "t10k-images-idx3",
            "t10k-labels-idx1",
        ),
        (47_040_016, 60_008, 7_840_016, 10_008),
        sha256,
        strict=True,
    ):
        urls = tuple(f"{mirror}{name}-ubyte.gz" for mirror in mirrors)
        path = f"{folder}/{name}-ubyte.gz"
        files[part] = PublicFile(path, digits, size, urls, unpacks=True)
    return files


PUBLIC = {
    "mnist": PublicSet(
        title="MNIST (LeCun, Cortes and Burges, 1998)",
        folders=("mnist", "MNIST/raw"),
        files=_idx_files(
            "mnist",
            [
                "https://storage.googleapis.com/cvdf-datasets/mnist/",
                "https://ossci-datasets.s3.amazonaws.com/mnist/",
            ],
            "ba891046e6505d7aadcbbe25680a0738ad16aec93bde7f9b65e87a2fc25776db",
            "65a50cbbf4e906d70832878ad85ccda5333a97f0f4c3dd2ef09a8a9eef7101c5",
            "0fa7898d509279e482958e8ce81c8e77db3f2f8254e26661ceb7762c4d494ce7",
            "ff7bcfd416de33731a308c3f266cc351222c34898ecbeaf847f06e48f7ec33f2",
        ),
        classes=tuple("0123456789"),
    ),
    "fashion_mnist": PublicSet(
        title="Fashion-MNIST (Xiao, Rasul and Vollgraf, 2017)",
        folders=("fashion-mnist", "fashion_mnist", "FashionMNIST/raw"),
        files=_idx_files(
            "fashion-mnist",
            [
                "https://storage.googleapis.com/tensorflow/tf-keras-datasets/",
                "http://fashion-mnist.s3-website.eu-central-1.amazonaws.com/",
            ],
            "c59f468a2f672dc815687fe0f83887768d799fd8a3f3276145d20f83aa44d888",
            "bad3541b69d912435c50bb6ba87bec294ff4f6a2e1246121d8633921760443d9",
            "5b4141f0afbad91edebe8549f8fcffe087ea10ca49f1dbef5c9a5cd8815ce37b",
            "0402a96d92fd2663957122ceb108a494c5af83dab82d92729df917d7dec38c34",
        ),
        classes=(
            *("T-shirt/top", "trouser", "pullover", "dress", "coat"),
            *("sandal", "shirt", "sneaker", "bag", "ankle boot"),
        ),
    ),
}


def load_public(name: str) -> Dataset:
    """Finds, checks and reads one of the `PUBLIC` sets.

    Images become float32 from 0 to 1, shape (N, H, W); labels int64, shape (N,).

    Raises:
        DataError: A file is damaged or out of reach.
    """
    public = PUBLIC[name]
    contents, place = _find(name, public)
    arrays = {part: _from_idx(content) for part, content in contents.items()}
    return Dataset(
        name=name,
        x_train=np.divide(arrays["x_train"], 255, dtype=np.float32),
        y_train=arrays["y_train"].astype(np.int64),
        x_test=np.divide(arrays["x_test"], 255, dtype=np.float32),
        y_test=arrays["y_test"].astype(np.int64),
        classes=public.classes,
        source=f"{public.title}, {place}",
    )


SETS: dict[str, Callable[[], Dataset]] = {
    name: partial(load_public, name) for name in PUBLIC
}


def _find(name: str, public: PublicSet) -> tuple[dict[str, bytes], str]:
    """The contents of the four files from the first place that has all of them."""
    own = public.folders[0]
    elsewhere = f"set BOOK_DATA_DIR to a folder that holds {own}/ with the four files"
    again = "load again with a network connection"
    deleted = f"Either delete this file and {again}, or {elsewhere}."
    unset = f"Either put a whole copy there, or unset BOOK_DATA_DIR and {again}."
    keras = Path(os.environ.get("KERAS_HOME") or "~/.keras").expanduser() / "datasets"
    places = [(keras, "read from the cache of keras.datasets", deleted)]
    if top := data_dir():
        places.insert(0, (top, "read from $BOOK_DATA_DIR", unset))
    for where, place, damaged in places:
        for folder in (where / folder for folder in public.folders):
            paths = {
                part: path  # the packed one, if there are both
                for part, file in public.files.items()
                for path in (folder / file.name.removesuffix(".gz"), folder / file.name)
                if exists(path, elsewhere)
            }
            if len(paths) == len(public.files):
                return {
                    part: read(path, public.files[part].check, damaged)
                    for part, path in paths.items()
                }, place
            # In its own cache a part of a set means that Keras was interrupted.
            if paths and where == top:
                names = [
                    f.name for part, f in public.files.items() if part not in paths
                ]
                raise DataError(f"{folder / names[0]} ({name}) is missing. {damaged}")
        if exists(archive := where / f"{name}.npz", elsewhere):
            return read(archive, partial(_from_archive, name, public), damaged), place
    if top:
        elsewhere += f" (it is set, but has no {own}/)"
    return {
        part: kept_or_downloaded(file, deleted, elsewhere)
        for part, file in public.files.items()
    }, "downloaded"


def _from_archive(name: str, public: PublicSet, sent: bytes) -> dict[str, bytes]:
    """The content that the four files would have, so that one hash serves both."""
    try:
        archive = np.load(io.BytesIO(sent), allow_pickle=False)
        if not isinstance(archive, NpzFile):
            raise BadBytesError("holds one array, not an archive of four")
        contents = {part: to_idx(archive[part]) for part in public.files}
    except KeyError as error:
        raise BadBytesError(f"is no copy of {name}: {error.args[0]}") from None
    except (OSError, EOFError, ValueError, zipfile.BadZipFile, zlib.error) as error:
        raise BadBytesError(f"cannot be read as a NumPy archive ({error})") from None
    return {
        part: file.check(contents[part], f"its {part} ")
        for part, file in public.files.items()
    }


def to_idx(array: NDArray[np.uint8]) -> bytes:
    """An array's idx file: 0, 0, 8 for bytes, the number of axes, their lengths."""
    lengths = struct.pack(f">{array.ndim}I", *array.shape)
    return bytes([0, 0, 8, array.ndim]) + lengths + array.tobytes()


def _from_idx(content: bytes) -> NDArray[np.uint8]:
    start = 4 + 4 * content[3]
    shape = struct.unpack(f">{content[3]}I", content[4:start])
    return np.frombuffer(content, np.uint8, offset=start).reshape(shape)
