"""Public series: columns by name, in the order of time."""

from __future__ import annotations

import csv
import io
from typing import Any

import numpy as np
from numpy.typing import NDArray

from utils.data.store import PublicFile, find

_AT = (
    "https://raw.githubusercontent.com/jbrownlee/Datasets/"
    "d20fcb6402ae34e653d4513b00f39257bb37ed7f"
)


def _file(name: str, size: int, sha256: str) -> PublicFile:
    return PublicFile(f"timeseries/{name}.csv", sha256, size, (f"{_AT}/{name}.csv",))


SERIES = {
    # Melbourne's daily minima, Zurich's monthly sunspots, thousands of passengers a
    # month, and PM2.5 with the weather in Beijing each hour
    "daily_temperatures": _file(
        "daily-min-temperatures", 67_921, "8b9de63ed6789492bf497625e7f9beb9"
    ),
    "monthly_sunspots": _file(
        "monthly-sunspots", 45_039, "c4ec8cc57d9f6fb6ecdb3e1f37f25b6f"
    ),
    "airline": _file("airline-passengers", 2_180, "8cb51be753a718d9be5d76d7e238cc22"),
    "pollution": _file("pollution", 2_010_492, "892e9559205d16d32623135c127a3951"),
}


def read_series(name: str) -> dict[str, NDArray[Any]]:
    """Reads one of `SERIES`: float64 with NaN for what is missing, else strings."""
    content, _ = find(SERIES[name])
    header, *rows = csv.reader(io.StringIO(content.decode("utf-8")))
    found: dict[str, NDArray[Any]] = {}
    for label, column in zip(header, np.array(rows).T, strict=True):
        try:
            found[label] = np.where(column == "NA", "nan", column).astype(np.float64)
        except ValueError:  # dates, and directions of the wind
            found[label] = column
    return found
