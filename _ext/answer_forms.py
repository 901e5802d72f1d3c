"""A pencil exercise is answered on its page: no kernel, no network.

Below a cell that is ``check("chapter-1", ...)``, whose exercise is answered by numbers
or by one of a few options, stands a form. What it says comes from the same table as
what ``check`` says, ``utils/exercises/<chapter>.toml``; ``static/answers.js`` judges as
``utils.exercises`` does, and ``tests/test_answers.py`` holds the two together. The
table is encoded, so that someone who looks at the page's source does not read the
answer by accident. Exercises that are answered by code have their cell alone.
"""

from __future__ import annotations

import base64
import html
import json
import re
from collections.abc import Mapping
from dataclasses import asdict
from typing import TYPE_CHECKING, Any

import numpy as np
from docutils import nodes
from sphinx.transforms import SphinxTransform

from utils import exercises

if TYPE_CHECKING:
    from sphinx.application import Sphinx
    from sphinx.writers.html5 import HTML5Translator

CELL = re.compile(
    r"(?:#.*\n)*(?:from utils\.exercises import check\n+)?"
    r'check\("([\w-]+)", \.\.\.\)\s*'
)


class answer_form(nodes.General, nodes.Element):
    """The form of one exercise; ``id`` is its id."""


class OfferAnswers(SphinxTransform):
    """Put a form below the cell of each exercise that is answered with a pencil."""

    default_priority = 198  # after MyST-NB has made its cell containers

    def apply(self, **kwargs: object) -> None:
        """Change the document in place."""
        for cell in list(self.document.findall(nodes.container)):
            if cell.get("nb_element") != "cell_code" or cell.get("hide_mode"):
                continue
            source = next(cell.findall(nodes.literal_block), None)
            if source is None or not (match := CELL.fullmatch(source.astext())):
                continue
            for chapter, entries in exercises.words().items():
                entry = entries.get(match[1])
                if entry and exercises.is_pencil(entry):
                    form = answer_form("", id=match[1], html=form_of(match[1], entry))
                    cell.parent.insert(cell.parent.index(cell) + 1, form)
                    root = exercises.__path__[0]
                    self.env.note_dependency(f"{root}/{chapter}.toml")


def pencil_ids(chapter: str) -> list[str]:
    """Return the ids of a chapter's exercises that are answered with a pencil."""
    entries = exercises.words().get(chapter, {})
    return [id for id, entry in entries.items() if exercises.is_pencil(entry)]


def table(entry: Mapping[str, Any]) -> dict[str, Any]:
    """Return what the script judges an answer by, with every row of numbers flat."""
    return {
        "takes": entry["takes"],
        "shape": entry.get("shape", []),
        "shapes": entry.get("shapes", []),
        "first": _rows(entry.get("first", [])),
        "parts": [_part(part) for part in exercises.parts_of(entry)],
    }


def encoded(entry: Mapping[str, Any]) -> str:
    """Return the table as the page carries it."""
    text = json.dumps(
        table(entry), ensure_ascii=False, allow_nan=False, separators=(",", ":")
    )
    return base64.b64encode(text.encode()).decode("ascii")


def form_of(id: str, entry: Mapping[str, Any]) -> str:
    """Return the form of an exercise as HTML."""
    name = f"answer-{id}"
    if exercises.has_choices(entry):
        parts = exercises.parts_of(entry)
        fields = [_field(name, k, part) for k, part in enumerate(parts)]
        before, field = "", "".join(fields)
    else:
        rows = entry["shape"][0] if len(entry.get("shape", ())) == 2 else 0
        takes = html.escape(entry["takes"]) + (". One row a line." if rows else ".")
        before = f'<label for="{name}"><b>Answer here:</b> {takes}</label>'
        field = (
            f'<textarea rows="{rows}" {_named(name, name)}></textarea>'
            if rows
            else f"<input {_named(name, name)}>"
        )
    return (
        f'<form class="answer" data-id="{id}" data-table="{encoded(entry)}">{before}'
        f'<div>{field}<button aria-label="Check exercise {id}">Check</button></div>'
        f'<p id="{name}-said" role="status"></p></form>\n'
    )


def _named(field: str, form: str) -> str:
    return (
        f'id="{field}" aria-describedby="{form}-said" autocapitalize="off" '
        'autocomplete="off" spellcheck="false"'
    )


def _field(form: str, number: int, part: exercises.Part) -> str:
    """Return the field of one part where a form has options."""
    name = f"{form}-{number}"
    asks = html.escape(f"{part.name} {part.asks}".strip())
    if not part.options:
        return (
            f'<p class="answer-part"><label for="{name}">{asks}</label>'
            f"<input {_named(name, form)}></p>"
        )
    options = "".join(
        f'<label><input type="radio" name="{name}" value="{letter}">'
        f"<span>{letter}</span> {html.escape(option)}</label>"
        for letter, option in zip(part.letters, part.options, strict=True)
    )
    return (
        f'<fieldset class="answer-part" aria-describedby="{form}-said">'
        f"<legend>{asks}</legend>{options}</fieldset>"
    )


def _part(part: exercises.Part) -> dict[str, Any]:
    """Return one part; a choice says in ``options`` how many there are."""
    if part.options:
        kept = {"name": part.name, "right": part.right, "mistakes": part.mistakes}
        return {**kept, "options": len(part.options)}
    numbers = {"right": _flat(part.right), "mistakes": _rows(part.mistakes)}
    return {**asdict(part), **numbers, "options": 0}


def _flat(numbers: Any) -> list[float]:
    return np.ravel(numbers).tolist()


def _rows(mistakes: list[list[Any]]) -> list[list[Any]]:
    return [[*map(_flat, wrongs), hint] for *wrongs, hint in mistakes]


def visit_form(self: HTML5Translator, node: answer_form) -> None:
    """Write the form."""
    self.body.append(node["html"])


def depart_form(self: HTML5Translator, node: answer_form) -> None:
    """Nothing is left to write."""


def setup(app: Sphinx) -> dict[str, bool]:
    """Register the form and what puts it into a page."""
    app.add_node(answer_form, html=(visit_form, depart_form))
    app.add_transform(OfferAnswers)
    app.add_css_file("answers.css")
    app.add_js_file("answers.js", loading_method="defer")
    return {"parallel_read_safe": True, "parallel_write_safe": True}
