"""The committed form of an ``explore``: what stays of it when no kernel runs.

An ``explore`` has two outputs, a page fragment and a live widget. A committed notebook
has the first alone, with the words of the second. Notebooks that were executed by an
earlier version of ``utils.explore`` are brought into this form without running them.
"""

from __future__ import annotations

import base64
import re

from nbformat import NotebookNode

from utils.explore import SAVED_STYLE
from utils.plots import Frame, over

WEBP = re.compile(r"data:image/webp;base64,([A-Za-z0-9+/=]+)")
WIDGET_VIEW = "application/vnd.jupyter.widget-view+json"


def drop_live(cell: NotebookNode) -> None:
    """Remove a cell's live widgets, which only their own kernel knows, in place.

    The words of the live half of an ``explore`` go to its saved half.
    """
    kept: list[NotebookNode] = []
    for output in cell.get("outputs", ()):
        data = output.get("data", {})
        was_live = data.pop(WIDGET_VIEW, None) is not None
        if was_live and kept and is_explore(kept[-1]) and "text/html" not in data:
            kept[-1].data.update(data)
        elif data or not was_live:
            kept.append(output)
    if "outputs" in cell:
        cell.outputs = kept


def stamp(notebook: NotebookNode) -> None:
    """Bring every saved ``explore`` of a notebook into the present form, in place."""
    for cell in notebook.cells:
        for index, output in enumerate(cell.get("outputs", ())):
            if is_explore(output):
                cell.outputs[index] = in_present_form(output)


def is_explore(output: NotebookNode) -> bool:
    """Whether an output is the page fragment of an ``explore``."""
    page = output.get("data", {}).get("text/html", "")
    return '<figure class="book-explore"' in page


def in_present_form(output: NotebookNode) -> NotebookNode:
    """Return the saved output of an ``explore`` as executing it now would leave it."""
    data = dict(output.data)
    figure = data["text/html"][data["text/html"].index("<figure") :]
    data["text/html"] = SAVED_STYLE + lighter(figure)
    return NotebookNode(
        output_type="display_data", data=NotebookNode(data), metadata=output.metadata
    )


def lighter(figure: str) -> str:
    """Return a page fragment whose frames hold what differs from the first picture."""
    picture, script, frames = figure.partition('<script type="application/json">')
    start = decoded(WEBP.search(picture))
    return (
        picture
        + script
        + WEBP.sub(lambda found: over(start, decoded(found)).uri, frames)
    )


def decoded(found: re.Match[str] | None) -> Frame:
    """Return a picture in a text as a frame."""
    if found is None:
        raise ValueError("an explore has no start picture; execute its notebook again")
    return Frame(base64.b64decode(found[1]), 0, 0)
