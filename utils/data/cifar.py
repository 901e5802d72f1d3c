"""CIFAR-10: small colour photographs of ten kinds of things."""

from __future__ import annotations

import io
import tarfile
from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from utils.data.dataset import Dataset
from utils.data.store import PublicFile, data_dir, find

CLASSES = (
    *("airplane", "automobile", "bird", "cat", "deer"),
    *("dog", "frog", "horse", "ship", "truck"),
)
# The binary version: the one for Python is a pickle, and nothing here is unpickled.
ARCHIVE = PublicFile(
    path="cifar10/cifar-10-binary.tar.gz",
    sha256="c4a38c50a1bc5f3a1c5537f2155ab9d68f9f25eb1ed8d9ddda3db29a59bca1dd",
    size=170_052_171,
    urls=("https://www.cs.toronto.edu/~kriz/cifar-10-binary.tar.gz",),
)
# The same pictures as lossless mosaics, 100 × 100 to a file, in an order of their own.
MOSAICS = {
    "train_1.webp": "76523254b79409ba2171522f7ef1d1066eefbb5056314457b8290004cd7bf20a",
    "train_2.webp": "a5f1aa63f3f3e2b5c4616607ab7aa960f4efb1869a390527aa8e67280fbb1651",
    "train_3.webp": "9693698804e6dc3b61147c27ecae0eabe8a23e22aa6316a4597b734b6645f67e",
    "train_4.webp": "a6469b41a77883ebe72469fc558b253fadfed98ccc34cc5eaf1d482e0a407989",
    "train_5.webp": "9d1a5f601f33542443da4523c142efd58f6a36517ae90e1571ff23f42d783390",
    "test.webp": "10f6507ea5c0bd18147a64807e0d0294607611d4147713db7f33579638d7d990",
    "labels.npz": "2522176f80f9989e5c6bd6269287875ae2c532a95d1b1532cb66d3803aa9a5f1",
}
PIXELS = 3 * 32 * 32


def cifar10() -> Dataset:
    """CIFAR-10, 60,000 colour images of 32 × 32 (50,000 to train, 10,000 to test).

    A data directory may hold it as it was published or as lossless mosaics, which have
    the same pictures in another order; `source` says which were read.
    """
    top = data_dir()
    if top is not None and (top / "cifar10/labels.npz").is_file():
        return _from_mosaics()
    content, place = find(ARCHIVE)
    with tarfile.open(fileobj=io.BytesIO(content)) as archive:
        batches = [_batch(archive, f"data_batch_{k}.bin") for k in range(1, 6)]
        test = _batch(archive, "test_batch.bin")
    train = np.concatenate(batches)
    return Dataset(
        "cifar10",
        *_images_and_labels(train),
        *_images_and_labels(test),
        classes=CLASSES,
        source=f"CIFAR-10 (Krizhevsky, 2009), {place}",
    )


SETS: dict[str, Callable[[], Dataset]] = {"cifar10": cifar10}


def _from_mosaics() -> Dataset:
    """Reads the mosaics of a data directory."""
    contents = {}
    for name, sha256 in MOSAICS.items():
        contents[name], place = find(PublicFile(f"cifar10/{name}", sha256))
    with np.load(io.BytesIO(contents.pop("labels.npz")), allow_pickle=False) as labels:
        y = {part: labels[part].astype(np.int64) for part in ("train", "test")}
    images = {name: _cut(content) for name, content in contents.items()}
    x_test = images.pop("test.webp")
    return Dataset(
        "cifar10",
        x_train=np.concatenate(list(images.values())),
        y_train=y["train"],
        x_test=x_test,
        y_test=y["test"],
        classes=CLASSES,
        source=f"CIFAR-10 (Krizhevsky, 2009) from lossless mosaics, {place}",
    )


def _cut(content: bytes) -> np.ndarray:
    """Cuts a mosaic into its pictures, row by row: (N, 32, 32, 3), from 0 to 1."""
    with Image.open(io.BytesIO(content)) as picture:
        pixels = np.asarray(picture.convert("RGB"), dtype=np.float32) / 255
    across = pixels.shape[0] // 32, pixels.shape[1] // 32
    tiles = pixels.reshape(across[0], 32, across[1], 32, 3).swapaxes(1, 2)
    return tiles.reshape(-1, 32, 32, 3)


def _batch(archive: tarfile.TarFile, name: str) -> NDArray[np.uint8]:
    """Reads the rows of one file: a label, then red, green and blue planes."""
    member = archive.extractfile(f"cifar-10-batches-bin/{name}")
    assert member is not None  # the archive has passed its check
    return np.frombuffer(member.read(), np.uint8).reshape(-1, 1 + PIXELS)


def _images_and_labels(rows: NDArray[np.uint8]) -> tuple[np.ndarray, np.ndarray]:
    planes = rows[:, 1:].reshape(-1, 3, 32, 32)
    images = np.ascontiguousarray(planes.transpose(0, 2, 3, 1), dtype=np.float32)
    return images / 255, rows[:, 0].astype(np.int64)
