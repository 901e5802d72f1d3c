"""CIFAR-10: small colour photographs of ten kinds of things."""

from __future__ import annotations

import io
import tarfile
from collections.abc import Callable

import numpy as np

from utils.data.dataset import Dataset
from utils.data.files import PublicFile, find
from utils.data.idx import Bytes

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
SUBSET = PublicFile(
    path="cifar10_jpeg_subset.npz",
    sha256="fdaf364c0cef4f49d0e009acfa27ddd1f51ad45a18237c8a25e76bbdb41e3754",
    size=34_202_191,
)
PIXELS = 3 * 32 * 32


def cifar10() -> Dataset:
    """CIFAR-10, 60,000 colour images of 32 × 32 (50,000 to train, 10,000 to test)."""
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


def cifar10_subset() -> Dataset:
    """A fifth of CIFAR-10, kept as JPEG on the way: 10,000 images and 2,000 to test.

    Lossy, and in an order of its own, so its figures are not those of CIFAR-10.
    """
    content, place = find(SUBSET)
    with np.load(io.BytesIO(content), allow_pickle=False) as archive:
        parts = {part: archive[part] for part in archive.files}
    return Dataset(
        "cifar10_subset",
        x_train=parts["x_train"].astype(np.float32) / 255,
        y_train=parts["y_train"].astype(np.int64),
        x_test=parts["x_test"].astype(np.float32) / 255,
        y_test=parts["y_test"].astype(np.int64),
        classes=CLASSES,
        source=f"a subset of CIFAR-10 (Krizhevsky, 2009) from JPEG files, {place}",
    )


SETS: dict[str, Callable[[], Dataset]] = {
    "cifar10": cifar10,
    "cifar10_subset": cifar10_subset,
}


def _batch(archive: tarfile.TarFile, name: str) -> Bytes:
    """Reads the rows of one file: a label, then red, green and blue planes."""
    member = archive.extractfile(f"cifar-10-batches-bin/{name}")
    assert member is not None  # the archive has passed its check
    return np.frombuffer(member.read(), np.uint8).reshape(-1, 1 + PIXELS)


def _images_and_labels(rows: Bytes) -> tuple[np.ndarray, np.ndarray]:
    planes = rows[:, 1:].reshape(-1, 3, 32, 32)
    images = np.ascontiguousarray(planes.transpose(0, 2, 3, 1), dtype=np.float32)
    return images / 255, rows[:, 0].astype(np.int64)
