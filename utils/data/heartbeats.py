"""ECG5000: heartbeats of one patient, cut from a recording of twenty hours."""

from __future__ import annotations

import io
from collections.abc import Callable
from typing import Any

import numpy as np
from numpy.typing import NDArray

from utils.data.dataset import Dataset
from utils.data.store import PublicFile, find

# The copy that is split for detecting anomalies; each of the 140 time steps is scaled
# so that it runs from 0 to 1 over the training beats, all of which are normal.
_URL = (
    "https://raw.githubusercontent.com/HFuoc/ECG5000-Anomaly/"
    "aa4773795d825b890cfe9b12640bfb350a68b516/data/processed/"
)
FILES = {
    name: PublicFile(f"ecg5000/{name}.npy", sha256, size, (f"{_URL}{name}.npy",))
    for name, size, sha256 in (
        (
            "train_data",
            2_615_328,
            "0b6dc8586493eacfe9d4a5bfe85d5155028a4ed04311178524fa8c4823533f1a",
        ),
        (
            "test_data",
            2_984_928,
            "06097ee0adddf49213d5e7f796a5236c44697d9cbc8ceb475f6d235b8fb2fc13",
        ),
        (
            "test_labels",
            21_448,
            "956eecfdb2202c3becef469e59b4a61cb965c3bd1111fd35c12af120f0724fb8",
        ),
    )
}


def ecg5000() -> Dataset:
    """Heartbeats of 140 steps: 2,335 normal ones, and 2,665 with abnormal ones."""
    arrays: dict[str, NDArray[Any]] = {}
    for name, file in FILES.items():
        content, place = find(file)
        arrays[name] = np.load(io.BytesIO(content), allow_pickle=False)
    return Dataset(
        name="ecg5000",
        x_train=arrays["train_data"].astype(np.float32),
        y_train=np.zeros(len(arrays["train_data"]), dtype=np.int64),
        x_test=arrays["test_data"].astype(np.float32),
        y_test=arrays["test_labels"].astype(np.int64),
        classes=("normal", "abnormal"),
        source=f"ECG5000 of the UCR archive (PhysioNet, BIDMC chf07), {place}",
    )


SETS: dict[str, Callable[..., Dataset]] = {"ecg5000": ecg5000}
