"""What happened in each epoch, as rows and columns."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass, field

_SHOWN_ROWS = 20


@dataclass
class History:
    """What happened in each epoch: one row an epoch, one column a quantity.

    ``history["loss"]`` is a column as a list, ``len(history)`` the number of epochs,
    ``history.best`` the row of the best one. Printed, it is a table.

    Attributes:
        rows: A dictionary for each epoch: ``epoch`` (from 1), ``loss``, ``val_loss``,
            then each metric and its ``val_`` counterpart, then ``lr``.
    """

    rows: list[dict[str, float]] = field(default_factory=list)

    def append(self, row: Mapping[str, float]) -> None:
        """Adds one epoch's row, its columns put into the usual order.

        Args:
            row: The epoch's number and what was measured, by name.

        Raises:
            ValueError: `row` is not a dictionary of numbers by name.
        """
        if not isinstance(row, Mapping) or not all(isinstance(n, str) for n in row):
            raise ValueError(f"row is {row!r}; give a dictionary of numbers by name.")
        names = [name for name in row if name not in ("epoch", "lr")]
        trained = [name for name in names if not name.startswith("val_")]
        trained.sort(key=lambda name: name != "loss")
        ordered = ["epoch"]
        for name in trained:
            ordered += [name, f"val_{name}"]
        ordered += [name for name in names if name not in ordered] + ["lr"]
        self.rows.append({name: row[name] for name in ordered if name in row})

    @property
    def columns(self) -> list[str]:
        """The names of the columns, in order."""
        return list(dict.fromkeys(name for row in self.rows for name in row))

    @property
    def best(self) -> dict[str, float]:
        """The first row with the lowest ``val_loss``, or ``loss`` without that.

        Raises:
            ValueError: No epoch has been recorded, or no loss.
        """
        column = "val_loss" if "val_loss" in self.columns else "loss"
        rows = [row for row in self.rows if math.isfinite(row.get(column, math.nan))]
        if not rows:
            raise ValueError("the history is empty: no epoch with a loss is recorded.")
        return min(rows, key=lambda row: row[column])

    def __len__(self) -> int:
        return len(self.rows)

    def __getitem__(self, column: str) -> list[float]:
        if column not in self.columns:
            raise KeyError(
                f"no column {column!r} in this history; it has: "
                + ", ".join(self.columns)
            )
        return [row.get(column, math.nan) for row in self.rows]

    def __repr__(self) -> str:
        if not self.rows:
            return "History: no epochs"
        cells = [self.columns]
        cells += [[_cell(row, name) for name in self.columns] for row in self.rows]
        if len(self.rows) > _SHOWN_ROWS:
            half = _SHOWN_ROWS // 2
            gap = ["..."] + [""] * (len(self.columns) - 1)
            cells = [*cells[: half + 1], gap, *cells[-half:]]
        widths = [max(map(len, column)) for column in zip(*cells, strict=True)]
        lines = (
            "  ".join(cell.rjust(w) for cell, w in zip(line, widths, strict=True))
            for line in cells
        )
        return "\n".join(line.rstrip() for line in lines)


def _cell(row: Mapping[str, float], column: str) -> str:
    value = row.get(column)
    if value is None:
        return ""
    if column == "epoch":
        return str(int(value))
    if column == "lr":
        return f"{value:.4g}"
    small_or_large = value != 0 and not 1e-3 <= abs(value) < 1e5
    return f"{value:.3e}" if small_or_large else f"{value:.4f}"
