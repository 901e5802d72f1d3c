"""A folder of small photographs, and what the sections of practice/workflow share.

Six surfaces were photographed on nine days, four times each. The pictures are cut from
those that scikit-image bundles, lit as the day was, and written to disk as files, with
mistakes planted in them as real folders have them::

    with tempfile.TemporaryDirectory() as name:
        planted = workflow.write_folder(Path(name))
        photos = workflow.read_folder(Path(name))
    train, val, test = workflow.split_by_day(photos.days, seed=0)
"""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from utils import data

if TYPE_CHECKING:
    import torch

__all__ = [
    "CLASSES",
    "SIDE",
    "Photos",
    "Planted",
    "clean",
    "make_net",
    "prepare",
    "read_folder",
    "split_by_day",
    "trained",
    "write_folder",
]

Array = NDArray[Any]

CLASSES = ("brick", "grass", "gravel", "moon", "retina", "tissue")
DAYS, SHOTS, SIDE = 9, 4, 48
_FILE = 96  # pixels on a side of a file


class Planted(NamedTuple):
    """The mistakes that :func:`write_folder` planted, by the names of files.

    Attributes:
        copies: Pairs of a copy and its original.
        mislabelled: Files in the wrong class's folder.
        broken: A file that is cut off.
    """

    copies: list[tuple[str, str]]
    mislabelled: list[str]
    broken: str


class Photos(NamedTuple):
    """What :func:`read_folder` returns.

    Attributes:
        images: Pictures in RGB, uint8, shape (N, 48, 48, 3).
        labels: Class of the folder they lie in, shape (N,).
        days: Day on which they were taken, shape (N,).
        names: Class and file, such as ``"brick/day3_041.png"``.
    """

    images: Array
    labels: Array
    days: Array
    names: list[str]


def write_folder(folder: Path, seed: int = 0) -> Planted:
    """Write the photographs as PNG files, a sub-folder for each class.

    Args:
        folder: Where to; it is made if need be.
        seed: Of places, light and mistakes.

    Returns:
        The planted mistakes: three exact copies, three brighter ones, all under another
        day; eight files in the wrong folder; one that is cut off.

    Source: chapter practice/workflow, section folder.
    """
    rng = np.random.default_rng(seed)
    shots: list[tuple[int, int, Array]] = []
    places = {name: _places(name, rng) for name in CLASSES}
    for day in range(DAYS):
        gain = rng.uniform(0.55, 1.15) * rng.uniform(0.88, 1.12, size=3)  # RGB
        bend = rng.uniform(0.75, 1.4)
        for label, name in enumerate(CLASSES):
            for _ in range(SHOTS):
                top, left = places[name][day] + rng.integers(32, size=2)
                part = _picture(name)[top : top + _FILE, left : left + _FILE]
                lit = gain * part**bend + rng.normal(0, 0.03, size=part.shape)
                pixels = (255 * np.clip(lit, 0, 1)).astype(np.uint8)
                shots.append((label, day, pixels))
    names = [f"day{d + 1}_{n:03}.png" for n, (_, d, _) in enumerate(shots)]
    chosen = rng.permutation(len(shots))[:15]
    wrong, mislabelled, copies = chosen[:8], [], []
    for n, (label, _, pixels) in enumerate(shots):
        if n in wrong:
            label = (label + int(rng.integers(1, len(CLASSES)))) % len(CLASSES)
            mislabelled.append(f"{CLASSES[label]}/{names[n]}")
        _save(folder / CLASSES[label] / names[n], pixels)
    for k, n in enumerate(chosen[8:14]):
        label, day, pixels = shots[n]
        other = f"day{(day + 4) % DAYS + 1}_{len(shots) + k:03}.png"
        pixels = pixels if k < 3 else np.minimum(pixels * 1.1, 255).astype(np.uint8)
        _save(folder / CLASSES[label] / other, pixels)
        copies.append((f"{CLASSES[label]}/{other}", f"{CLASSES[label]}/{names[n]}"))
    broken = folder / CLASSES[shots[chosen[14]][0]] / names[chosen[14]]
    broken.write_bytes(broken.read_bytes()[:2000])
    return Planted(copies, mislabelled, f"{broken.parent.name}/{broken.name}")


def _picture(name: str) -> Array:
    """A bundled picture in three channels from 0 to 1."""
    bundled = {"tissue": "immunohistochemistry"}.get(name, name)
    if bundled not in _pictures:
        picture = data.image(bundled)
        if name == "retina":
            picture = picture[449:961, 449:961]  # without the black around the eye
        if picture.ndim == 2:
            picture = np.repeat(picture[:, :, None], 3, axis=2)
        _pictures[bundled] = picture
    return _pictures[bundled]


_pictures: dict[str, Array] = {}


def _places(name: str, rng: np.random.Generator) -> Array:
    """A corner for each day: no two days see the same piece of a picture."""
    corners = [(128 * i, 128 * j) for i in range(4) for j in range(4)]
    return rng.permutation(np.array(corners))[:DAYS]


def _save(path: Path, pixels: Array) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    Image.fromarray(pixels).save(path)


def read_folder(folder: Path) -> Photos:
    """Read every picture that can be read, in the order of names.

    Source: chapter practice/workflow, section folder.
    """
    images, labels, days, names = [], [], [], []
    for path in sorted(folder.glob("*/*.png")):
        try:
            with Image.open(path) as picture:
                images.append(prepare(picture))
        except OSError:
            continue  # the section shows which
        labels.append(CLASSES.index(path.parent.name))
        days.append(int(path.name[3]))
        names.append(f"{path.parent.name}/{path.name}")
    return Photos(np.stack(images), np.array(labels), np.array(days), names)


def prepare(picture: Image.Image) -> Array:
    """Turn any picture into what the network gets: RGB, 48 × 48, uint8.

    Training and serving call this same function.
    """
    small = picture.convert("RGB").resize((SIDE, SIDE), Image.Resampling.BILINEAR)
    return np.asarray(small)


def clean(photos: Photos, planted: Planted) -> Photos:
    """Leave out the copies and what lies in the wrong folder.

    Source: chapter practice/workflow, section folder, which finds them.
    """
    copies = {name for name, _ in planted.copies}
    bad = set(planted.mislabelled)
    rows = [n for n, name in enumerate(photos.names) if name not in copies | bad]
    return Photos(
        photos.images[rows],
        photos.labels[rows],
        photos.days[rows],
        [photos.names[n] for n in rows],
    )


def split_by_day(days: Array, seed: int) -> tuple[Array, Array, Array]:
    """Draw five days to train, two to validate, two to test; return their rows."""
    order = np.random.default_rng(seed).permutation(np.unique(days))
    groups = order[:5], order[5:7], order[7:]
    train, val, test = (np.flatnonzero(np.isin(days, group)) for group in groups)
    return train, val, test


def make_net() -> torch.nn.Sequential:
    """Build the small network: pictures (N, 3, 48, 48) from 0 to 1 become logits."""
    from torch import nn

    layers: list[nn.Module] = []
    for inputs, outputs in ((3, 16), (16, 32), (32, 64)):
        layers += [
            nn.Conv2d(inputs, outputs, 3, stride=2, padding=1, bias=False),
            nn.BatchNorm2d(outputs),
            nn.ReLU(),
        ]
    pooled = nn.AdaptiveAvgPool2d(1), nn.Flatten()
    return nn.Sequential(*layers, *pooled, nn.Linear(64, len(CLASSES)))


def trained(photos: Photos, rows: Array, seed: int = 0) -> torch.nn.Sequential:
    """Train the network on some rows for 25 epochs; return it in evaluation mode."""
    import torch
    from torch.nn import functional as F

    from utils import training

    torch.manual_seed(seed)
    net = make_net()
    x = np.moveaxis(photos.images[rows], -1, 1).astype(np.float32) / 255
    n_steps = 25 * -(-len(rows) // 32)
    training.fit(
        net,
        (x, photos.labels[rows]),
        loss=F.cross_entropy,
        epochs=25,
        batch_size=32,
        optimizer="adamw",
        lr=0.01,
        schedule=lambda stepper: torch.optim.lr_scheduler.OneCycleLR(
            stepper, 0.01, total_steps=n_steps
        ),
        seed=seed,
    )
    return net.eval()
