"""Photographs of ants and bees, in class folders: read from the data directory."""

from __future__ import annotations

import io
import zipfile
from collections.abc import Callable

import numpy as np
from PIL import Image

from utils.data.dataset import Dataset, FloatArray, LabelArray
from utils.data.store import PublicFile, find

# Photographs of Flickr users, chosen from ImageNet for PyTorch's tutorial on transfer
# learning; here with a longer side of 256 at most. No address has this archive.
ANTS_AND_BEES = PublicFile(
    path="hymenoptera/hymenoptera_256.zip",
    sha256="203d71ae33277642c3ae1abda7d414e29aa2c786233655ec2c048b0b364a442f",
    size=6_944_032,
)
CLASSES = ("ants", "bees")


def ants_and_bees(size: int = 224) -> Dataset:
    """Ants and bees, 244 photographs to train on and the official 153 to judge.

    Args:
        size: Of the middle of each photograph a square is taken, and brought to this
            many pixels a side.
    """
    content, place = find(ANTS_AND_BEES)
    with zipfile.ZipFile(io.BytesIO(content)) as archive:
        x_train, y_train = _part(archive, "train", size)
        x_test, y_test = _part(archive, "val", size)
    return Dataset(
        name="ants_and_bees",
        x_train=x_train,
        y_train=y_train,
        x_test=x_test,
        y_test=y_test,
        classes=CLASSES,
        source=f"ants and bees of ImageNet, from PyTorch's tutorial, {place}",
    )


def _part(
    archive: zipfile.ZipFile, part: str, size: int
) -> tuple[FloatArray, LabelArray]:
    """Reads the photographs of a part, class after class, in the order of names."""
    images, labels = [], []
    for label, name in enumerate(CLASSES):
        folder = f"hymenoptera/{part}/{name}/"
        for file in sorted(archive.namelist()):
            if file.startswith(folder) and not file.endswith("/"):
                with Image.open(io.BytesIO(archive.read(file))) as photo:
                    images.append(middle(photo.convert("RGB"), size))
                labels.append(label)
    return np.stack(images), np.array(labels, dtype=np.int64)


def middle(photo: Image.Image, size: int) -> FloatArray:
    """Cuts the largest square from a photograph's middle: (size, size, 3), 0 to 1."""
    side = min(photo.size)
    left, top = (photo.width - side) // 2, (photo.height - side) // 2
    square = photo.crop((left, top, left + side, top + side))
    small = square.resize((size, size), Image.Resampling.BILINEAR)
    pixels: FloatArray = np.asarray(small, dtype=np.float32) / np.float32(255)
    return pixels


SETS: dict[str, Callable[..., Dataset]] = {"ants_and_bees": ants_and_bees}
