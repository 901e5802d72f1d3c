"""A progress bar for a person who waits, gone when the work is done."""

from __future__ import annotations

import contextlib
import os
import sys
from collections.abc import Callable, Iterator, Mapping
from typing import Any


class Bar:
    """A bar of tqdm with a line of text; or, without tqdm, nothing."""

    def __init__(self, bar: Any, total: int) -> None:
        self._bar = bar
        self.total = total
        self.update: Callable[..., Any] = _nothing if bar is None else bar.update

    def report(self, epoch: int, epochs: int, row: Mapping[str, float]) -> None:
        """Says which epoch has ended, and with which loss."""
        if self._bar is not None:
            name = "val_loss" if "val_loss" in row else "loss"
            text = f"epoch {epoch}/{epochs}, {name} {row[name]:.4f}"
            self._bar.set_description_str(text, refresh=False)


def _nothing(steps: int = 1) -> None:
    pass


@contextlib.contextmanager
def bar(total: int) -> Iterator[Bar]:
    """Gives a bar of `total` steps, shown if `someone_waits`."""
    if not someone_waits():
        yield Bar(None, total)
        return
    from tqdm import tqdm

    line = CellLine() if in_kernel() else None
    shown = tqdm(
        total=total,
        file=line or sys.stderr,
        leave=False,
        delay=0.5,
        unit="step",
        ncols=None if line is None else 90,
    )
    try:
        yield Bar(shown, total)
    finally:
        shown.close()
        if line is not None:
            line.clear()


def someone_waits() -> bool:
    """Whether a person probably watches: a live notebook or a terminal, not a test.

    The environment variable ``BOOK_PROGRESS`` (0 or 1) decides first.
    """
    choice = os.environ.get("BOOK_PROGRESS")
    if choice is not None:
        return choice.strip().lower() not in ("", "0", "false", "no", "off")
    if "PYTEST_VERSION" in os.environ:
        return False
    return in_kernel() or bool(getattr(sys.stderr, "isatty", lambda: False)())


def in_kernel() -> bool:
    """Whether this code runs in a notebook."""
    ipython = sys.modules.get("IPython")
    shell = ipython.get_ipython() if ipython is not None else None
    return getattr(shell, "kernel", None) is not None


class CellLine:
    """A file for tqdm: shows its last line under a notebook cell and can erase it.

    tqdm's own notebook bar leaves a widget in the saved file, and a bar on standard
    error leaves a red box.
    """

    encoding = "utf-8"

    def __init__(self) -> None:
        self._handle: Any = None

    def write(self, text: str) -> None:
        """Shows a text in place of the one before."""
        text = text.strip("\r\n ")
        if not text:
            return
        from IPython.display import display

        content = {"text/plain": text}
        if self._handle is None:
            self._handle = display(content, raw=True, display_id=True)
        else:
            self._handle.update(content, raw=True)

    def flush(self) -> None:
        """Does nothing; files have it."""

    def clear(self) -> None:
        """Erases what was shown."""
        if self._handle is not None:
            self._handle.update({}, raw=True)
