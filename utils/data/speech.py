"""The Free Spoken Digit Dataset: ten digits, fifty times each, by six people."""

from __future__ import annotations

import io
import wave
import zipfile
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from utils.data.dataset import DataError, FloatArray, LabelArray
from utils.data.store import PublicFile, find

FILE = PublicFile(
    "fsdd_recordings.zip",
    "005e7effa810271be22d7b8af382dfd756687fd1becc33f386c1a88c454c4ab6",
    16_157_653,
)


@dataclass(frozen=True, repr=False, eq=False)
class Recordings:
    """Recorded words with who said what.

    Attributes:
        sounds: One signal a recording, float32 in [-1, 1], each of its own length.
        labels: What was said, int64, shape (N,).
        speakers: Who said it, as a place in `names`.
        takes: Which of the speaker's recordings of that word it is.
        names: The speakers' names.
        rate: Samples a second.
        source: Where the recordings came from, in words.
    """

    sounds: list[FloatArray]
    labels: LabelArray
    speakers: LabelArray
    takes: LabelArray
    names: tuple[str, ...]
    rate: int
    source: str

    def __repr__(self) -> str:
        return (
            f"{len(self.sounds):,} recordings by {', '.join(self.names)} at "
            f"{self.rate:,} Hz, {self.source}"
        )


def fsdd() -> Recordings:
    """Spoken digits at 8 kHz; takes 0 to 4 of each are the usual test."""
    content, place = find(FILE)
    rows, sounds, rate = [], [], 8000
    with zipfile.ZipFile(io.BytesIO(content)) as archive:
        for name in sorted(archive.namelist()):
            if not name.endswith(".wav"):
                continue
            with wave.open(io.BytesIO(archive.read(name))) as file:
                if (file.getframerate(), file.getsampwidth()) != (rate, 2):
                    raise DataError(f"{name} in {FILE.path} is not 16 bits at 8 kHz.")
                samples = file.readframes(file.getnframes())
            signal = np.frombuffer(samples, "<i2").astype(np.float32)
            sounds.append(signal / np.float32(32768))
            digit, speaker, take = name.rpartition("/")[2][:-4].split("_")
            rows.append((int(digit), speaker, int(take)))
    names = tuple(sorted({speaker for _, speaker, _ in rows}))
    return Recordings(
        sounds,
        np.array([digit for digit, _, _ in rows], dtype=np.int64),
        np.array([names.index(speaker) for _, speaker, _ in rows], dtype=np.int64),
        np.array([take for _, _, take in rows], dtype=np.int64),
        names,
        rate,
        f"Free Spoken Digit Dataset (CC BY-SA 4.0), {place}",
    )


RECORDINGS: dict[str, Callable[[], Recordings]] = {"fsdd": fsdd}
