"""Public benchmarks: looked for on this machine, downloaded if they are not there.

A set is read from the first place that has it:

1. the folder that the environment variable `BOOK_DATA_DIR` names,
2. the cache where `keras.datasets` keeps its downloads,
3. the book's own cache, after downloading what is missing there.

Whatever the place, the bytes must have the SHA-256 on record. A file that is there but
wrong is a `DataError`; it is neither used nor passed over for the next place.
"""

from __future__ import annotations

import os
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
from utils.data.idx import BadBytesError, Bytes, IdxFile, check_hash, unpack_and_check


@dataclass(frozen=True)
class PublicSet:
    """A public data set of four idx files.

    Attributes:
        title: The set and its authors.
        folders: The folders it may lie in, below a data directory; the first is the
            one the book itself uses.
        mirrors: Addresses of folders that hold the four files, compressed.
        files: `x_train`, `y_train`, `x_test` and `y_test`.
        classes: The names of the classes.
    """

    title: str
    folders: tuple[str, ...]
    mirrors: tuple[str, ...]
    files: dict[str, IdxFile]
    classes: tuple[str, ...]

    @property
    def folder(self) -> str:
        """The folder that the book itself uses."""
        return self.folders[0]


def _idx_files(*sha256: str) -> dict[str, IdxFile]:
    return {
        "x_train": IdxFile("train-images-idx3-ubyte", (60000, 28, 28), sha256[0]),
        "y_train": IdxFile("train-labels-idx1-ubyte", (60000,), sha256[1]),
        "x_test": IdxFile("t10k-images-idx3-ubyte", (10000, 28, 28), sha256[2]),
        "y_test": IdxFile("t10k-labels-idx1-ubyte", (10000,), sha256[3]),
    }


PUBLIC = {
    "mnist": PublicSet(
        title="MNIST (LeCun, Cortes and Burges, 1998)",
        folders=("mnist", "MNIST/raw"),
        mirrors=(
            "https://storage.googleapis.com/cvdf-datasets/mnist/",
            "https://ossci-datasets.s3.amazonaws.com/mnist/",
        ),
        files=_idx_files(
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
        mirrors=(
            "https://storage.googleapis.com/tensorflow/tf-keras-datasets/",
            "http://fashion-mnist.s3-website.eu-central-1.amazonaws.com/",
        ),
        files=_idx_files(
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
    try:
        arrays, place = (
            _from_data_dir(name, public)
            or _from_keras_cache(name, public)
            or _from_own_cache(name, public)
        )
    except OSError as error:  # a folder that may not be looked into
        raise DataError(
            f"{error.filename} ({name}) cannot be read ({error.strerror}). Either give "
            f"yourself the right to read it, or {_elsewhere(public)}."
        ) from error
    return Dataset(
        name=name,
        x_train=_zero_to_one(arrays["x_train"]),
        y_train=arrays["y_train"].astype(np.int64),
        x_test=_zero_to_one(arrays["x_test"]),
        y_test=arrays["y_test"].astype(np.int64),
        classes=public.classes,
        source=f"{public.title}, {place}",
    )


SETS: dict[str, Callable[[], Dataset]] = {
    name: partial(load_public, name) for name in PUBLIC
}


def data_dir() -> Path | None:
    """The folder that `BOOK_DATA_DIR` names, or None if it is not set.

    Raises:
        DataError: It names no folder.
    """
    value = os.environ.get("BOOK_DATA_DIR", "").strip()
    if not value:
        return None
    folder = Path(value).expanduser()
    if not folder.is_dir():
        what = "a file, not a folder" if folder.exists() else "not there"
        raise DataError(
            f"BOOK_DATA_DIR names {folder}, which is {what}. Either set it to the "
            "folder that holds the data sets, or unset it and load again with a "
            "network connection."
        )
    return folder


def cache_dir() -> Path:
    """The folder where the book keeps what it has downloaded; it need not exist yet."""
    from platformdirs import user_cache_path

    return user_cache_path("deep-learning-textbook", appauthor=False)


# --- The three places -----------------------------------------------------------------

Found = tuple[dict[str, Bytes], str]


def _from_data_dir(name: str, public: PublicSet) -> Found | None:
    top = data_dir()
    if top is None:
        return None
    ways_on = (
        "Either put a whole copy there, or unset BOOK_DATA_DIR and load again with a "
        "network connection."
    )
    place = "read from $BOOK_DATA_DIR"
    for folder in public.folders:
        paths = {part: _existing(top / folder, f) for part, f in public.files.items()}
        if not any(paths.values()):
            continue
        arrays = {}
        for part, file in public.files.items():
            path = paths[part]
            if path is None:
                missing = top / folder / f"{file.name}.gz"
                raise DataError(f"{missing} ({name}) is missing. {ways_on}")
            arrays[part] = _read_idx(path, file, name, ways_on)
        return arrays, place
    if (archive := top / f"{name}.npz").is_file():
        return _read_npz(archive, public, name, ways_on), place
    return None


def _from_keras_cache(name: str, public: PublicSet) -> Found | None:
    top = Path(os.environ.get("KERAS_HOME") or "~/.keras").expanduser() / "datasets"
    ways_on = _after_deleting(public)
    place = "read from the cache of keras.datasets"
    if (archive := top / f"{name}.npz").is_file():
        return _read_npz(archive, public, name, ways_on), place
    for folder in public.folders:
        paths = {part: _existing(top / folder, f) for part, f in public.files.items()}
        # A part of a set means that Keras was interrupted: it will go on by itself.
        if all(paths.values()):
            return {
                part: _read_idx(path, public.files[part], name, ways_on)
                for part, path in paths.items()
                if path is not None
            }, place
    return None


def _from_own_cache(name: str, public: PublicSet) -> Found:
    ways_on = _after_deleting(public)
    arrays = {}
    for part, file in public.files.items():
        path = cache_dir() / public.folder / f"{file.name}.gz"
        if path.is_file():
            arrays[part] = _read_idx(path, file, name, ways_on)
        else:
            arrays[part] = file.array(_download(file, public, path))
    return arrays, "downloaded"


def _download(file: IdxFile, public: PublicSet, path: Path) -> bytes:
    from utils.data.download import download, keep

    has_none = f" (it is set, but has no {public.folder}/)" if data_dir() else ""
    packed, content = download(
        [f"{mirror}{path.name}" for mirror in public.mirrors],
        limit=file.size + 100_000,
        check=partial(unpack_and_check, file=file),
        ways_on="Either load again with a network connection, or "
        f"{_elsewhere(public)}{has_none}.",
    )
    keep(path, packed)
    return content


def _after_deleting(public: PublicSet) -> str:
    return (
        "Either delete this file and load again with a network connection, or "
        f"{_elsewhere(public)}."
    )


def _elsewhere(public: PublicSet) -> str:
    return (
        f"set BOOK_DATA_DIR to a folder that holds {public.folder}/ with the four files"
    )


def _existing(folder: Path, file: IdxFile) -> Path | None:
    for path in (folder / f"{file.name}.gz", folder / file.name):
        if path.exists():
            return path
    return None


# --- Reading and checking -------------------------------------------------------------


def _read_idx(path: Path, file: IdxFile, name: str, ways_on: str) -> Bytes:
    try:
        return file.array(unpack_and_check(path.read_bytes(), file))
    except OSError as error:
        wrong = f"cannot be read ({error.strerror or error})"
    except BadBytesError as error:
        wrong = str(error)
    raise DataError(f"{path} ({name}) {wrong}. {ways_on}")


def _read_npz(
    path: Path, public: PublicSet, name: str, ways_on: str
) -> dict[str, Bytes]:
    try:
        with open(path, "rb") as stream:
            archive = np.load(stream, allow_pickle=False)
            if not isinstance(archive, NpzFile):
                raise BadBytesError("holds one array, not an archive of four")
            arrays = {part: np.asarray(archive[part]) for part in public.files}
        for part, file in public.files.items():
            # The bytes that the idx file would have, so that one hash serves both.
            check_hash(file.header + arrays[part].tobytes(), file, f"its {part} ")
        return arrays
    except BadBytesError as error:
        wrong = str(error)
    except KeyError as error:
        wrong = f"is no copy of {name}: {error.args[0]}"
    except (OSError, EOFError, ValueError, zipfile.BadZipFile, zlib.error) as error:
        wrong = f"cannot be read as a NumPy archive ({error})"
    raise DataError(f"{path} ({name}) {wrong}. {ways_on}")


def _zero_to_one(pixels: Bytes) -> NDArray[np.float32]:
    scaled = pixels.astype(np.float32)
    scaled /= 255
    return scaled
