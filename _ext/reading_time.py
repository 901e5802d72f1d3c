r"""How long a page takes, said under its title and counted from what is on it.

The minutes are the sum of

- a minute for 200 words of text, an inline formula counting as two;
- half a minute for each line of a displayed equation;
- 5 seconds for each line of code that is open on the page, of one framework where tabs
  show two;
- half a minute for each picture and a minute and a half for each that has sliders;

and, told apart, 5 minutes for each exercise. Folded code, checks, solutions and the
list of further reading are left out. 200 words a minute is the pace of students who
read to learn (Carver, *Reading rate*, Journal of Reading 36, 1992); the rest is set by
hand, to what a reader takes who follows each step.

A page that says in its opening how many minutes it takes keeps its own number.
"""

from __future__ import annotations

import json
import re
from collections import Counter
from pathlib import Path
from typing import TYPE_CHECKING, Any

from docutils import nodes
from sphinx.transforms import SphinxTransform

if TYPE_CHECKING:
    from sphinx.application import Sphinx

SECONDS = {
    "words": 60 / 200,
    "equation lines": 30,
    "code lines": 5,
    "pictures": 30,
    "sliders": 90,
}
EXERCISE = 5 * 60

FENCE = re.compile(r"^(:{3,}|`{3,})\{dropdown\}.*?^\1\s*$", re.MULTILINE | re.DOTALL)
EQUATION = re.compile(r"\$\$(.+?)\$\$(?: \(\S+\))?", re.DOTALL)
FORMULA = re.compile(r"\$[^$\n]+\$")
MARKUP = re.compile(r"\]\([^)]*\)|\{[\w:-]+\}|<[^<>]*>|https?:\S+|^\([\w-]+\)=$", re.M)
WORD = re.compile(r"[^\W_]+(?:['’.-][^\W_]+)*")
OWN = re.compile(r"minutes? to read|\*Reading:\*")


def count(cells: list[dict[str, Any]]) -> Counter[str]:
    """Count what a notebook's cells ask a reader to read.

    Args:
        cells: the cells as a notebook file has them.

    Returns:
        How many there are of the keys of ``SECONDS``, and of ``exercises``.
    """
    found: Counter[str] = Counter()
    heading = ""
    for cell in cells:
        source = "".join(cell["source"])
        if cell["cell_type"] == "code":
            if heading != "Exercises":
                found += _count_code(cell, source)
            continue
        for part in re.split(r"^(?=## )", source, flags=re.MULTILINE):
            if title := re.match(r"## (.+)", part):
                heading = title[1].strip()
            if heading == "Exercises":
                found["exercises"] += len(re.findall(r"^### ", part, re.MULTILINE))
            elif heading != "Further reading":
                found += _count_text(part)
    return found


def _count_text(text: str) -> Counter[str]:
    """Count words, formulas and pictures of Markdown."""
    text = FENCE.sub("", text)
    equations = EQUATION.findall(text)
    text, formulas = FORMULA.subn("", EQUATION.sub("", text))
    pictures = len(re.findall(r"\{(?:figure|image)\}|!\[", text))
    return Counter(
        {
            "words": len(WORD.findall(MARKUP.sub("", text))) + 2 * formulas,
            "equation lines": sum(1 + each.count(r"\\") for each in equations),
            "pictures": pictures,
        }
    )


def _count_code(cell: dict[str, Any], source: str) -> Counter[str]:
    """Count lines that are open on the page, and pictures shown."""
    tags = set(cell.get("metadata", {}).get("tags", ()))
    lines = [line for line in source.splitlines() if line.strip()]
    if tags & {"bootstrap", "hide-input", "hide-cell", "remove-input", "keras"}:
        lines = []
    if source.startswith("# Checked"):
        lines = []
    shown = " ".join(
        "".join(output.get("data", {}).get("text/html", ""))
        for output in cell.get("outputs", ())
    )
    sliders = "book-explore" in shown
    picture = not sliders and re.search(r"<(?:figure|img|svg)\b", shown) is not None
    return Counter({"code lines": len(lines), "sliders": sliders, "pictures": picture})


def minutes(found: Counter[str]) -> tuple[int, int]:
    """Return the minutes to read, rounded as people say them, and for the exercises."""
    exact = sum(found[what] * seconds for what, seconds in SECONDS.items()) / 60
    step = 5 if exact >= 12.5 else 1
    return max(1, step * round(exact / step)), found["exercises"] * EXERCISE // 60


def in_words(found: Counter[str]) -> str:
    """Return the line under a page's title."""
    reading, exercises = minutes(found)
    line = f"About {reading} minutes to read" if reading > 1 else "A minute to read"
    if number := found["exercises"]:
        which = "the exercise" if number == 1 else f"the {number} exercises"
        line += f", and {exercises} for {which}"
    return line + "."


class SayReadingTime(SphinxTransform):
    """Put the line under the title of a page that is a notebook."""

    default_priority = 200

    def apply(self, **kwargs: object) -> None:
        """Change the document in place."""
        path = Path(self.env.doc2path(self.env.docname))
        title = next(self.document.findall(nodes.title), None)
        if path.suffix != ".ipynb" or title is None:
            return
        cells = json.loads(path.read_text(encoding="utf-8"))["cells"]
        text = ["".join(c["source"]) for c in cells if c["cell_type"] == "markdown"]
        if OWN.search("\n\n".join(text).split("\n## ")[0]):
            return
        place = title.parent.index(title) + 1
        below = title.next_node(descend=False, siblings=True)
        if below is not None and "subtitle" in below.get("classes", ()):
            place += 1
        line = nodes.paragraph("", in_words(count(cells)), classes=["reading-time"])
        title.parent.insert(place, line)


def setup(app: Sphinx) -> dict[str, bool]:
    """Register the transform."""
    app.add_transform(SayReadingTime)
    return {"parallel_read_safe": True, "parallel_write_safe": True}
