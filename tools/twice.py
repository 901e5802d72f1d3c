"""Run each cell of a notebook twice in place, as readers do, and say what changes.

Somebody who reads a cell again runs it again. It must not fail the second time, nor a
cell after it, and what it prints must stay the same: a cell that trains a model makes
the model, and one that draws numbers makes its generator. ``python -m tools.notebooks
--twice PATH`` tells for which cells that does not hold.
"""

from __future__ import annotations

import re
from pathlib import Path

import nbformat
from nbclient import NotebookClient
from nbformat import NotebookNode

AGAIN = "-again"
# What may differ from one run to the next, as in .ci/nbval_sanitize.cfg.
UNSTABLE = re.compile(
    r"data:image/[a-z+]+;base64,[A-Za-z0-9+/=]+|\b0x[0-9a-fA-F]{6,16}\b"
)


def problems(path: Path) -> str | None:
    """Run every code cell of a notebook twice; return what went wrong, or ``None``."""
    notebook = doubled(nbformat.read(path, as_version=4))
    NotebookClient(
        notebook,
        timeout=1200,
        allow_errors=True,
        resources={"metadata": {"path": str(path.parent)}},
        record_timing=False,
        coalesce_streams=True,
    ).execute()
    found = list(complaints(notebook))
    return "\n  ".join(["", *found]).rstrip() or None


def doubled(notebook: NotebookNode) -> NotebookNode:
    """Return a copy in which each code cell is followed by itself."""
    result = nbformat.from_dict(notebook)
    result.cells = []
    for cell in notebook.cells:
        if cell.cell_type == "code":
            result.cells.append(nbformat.from_dict(cell))
            again = nbformat.from_dict(cell)
            again.id = f"{cell.id[: 64 - len(AGAIN)]}{AGAIN}"
            result.cells.append(again)
    return result


def complaints(notebook: NotebookNode) -> list[str]:
    """Compare each cell of an executed double with the one after it.

    Returns:
        One line for each cell that failed without the tag ``raises-exception``, and for
        each that showed something else the second time without the tag
        ``nbval-ignore-output``.
    """
    found = []
    for first, second in zip(notebook.cells[::2], notebook.cells[1::2], strict=True):
        tags = first.metadata.get("tags", ())
        errors = [error_of(cell) for cell in (first, second)]
        if any(errors):
            if "raises-exception" not in tags:
                when = "the first time" if errors[0] else "the second time"
                found.append(f"{first.id} failed {when}: {errors[0] or errors[1]}")
        elif "nbval-ignore-output" not in tags and shown(first) != shown(second):
            change = _difference(first, second)
            found.append(f"{first.id} showed something else the second time: {change}")
    return found


def error_of(cell: NotebookNode) -> str:
    """Return the message of a cell that failed, or an empty string."""
    for output in cell.outputs:
        if output.output_type == "error":
            return f"{output.ename}: {output.evalue}".split("\n")[0]
    return ""


def shown(cell: NotebookNode) -> list[str]:
    """Return the texts that a cell shows, without what differs from run to run."""
    texts = []
    for output in cell.outputs:
        data = output.get("data", {})
        whole = output.get("text", "") or data.get(
            "text/html", data.get("text/plain", "")
        )
        texts.append(UNSTABLE.sub("…", whole))
    return texts


def _difference(first: NotebookNode, second: NotebookNode) -> str:
    """Return the first line that differs, both ways."""
    lines = ["\n".join(shown(cell)).splitlines() for cell in (first, second)]
    for before, after in zip(*lines, strict=False):
        if before != after:
            return f"{_cut(before, after)!r} became {_cut(after, before)!r}"
    return f"{len(lines[0])} lines became {len(lines[1])}"


def _cut(line: str, other: str, room: int = 60) -> str:
    """Return the part of a long line around the first letter that differs."""
    place = next(
        (
            k
            for k, pair in enumerate(zip(line, other, strict=False))
            if pair[0] != pair[1]
        ),
        0,
    )
    start = max(0, place - room // 2)
    return line[start : start + room]
