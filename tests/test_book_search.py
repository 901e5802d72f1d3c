"""What the search knows: sections, pitfalls and terms, prose and code apart."""

from __future__ import annotations

import json
import sys
from pathlib import Path

import pytest
from docutils import nodes
from sphinx import addnodes

from tests.book_builder import build, code, markdown, notebook

sys.path.insert(0, str(Path(__file__).resolve().parent.parent / "_ext"))

from book_search import _texts

CHAPTER = notebook(
    markdown("The opening, with $x^2$ in it and a formula:\n\n$$y = 3$$ (eq-line)"),
    markdown("## A section\n\nSee {eq}`eq-line` and {term}`loss`."),
    code("only_in_code = loss_of(weights)"),
    markdown("## Pitfalls\n\n### A wrong sign\n\n**Symptom:** the loss is nan."),
    markdown("## Exercises\n\n### 1. By hand\n\nTry it."),
)
GLOSSARY = """# Glossary

:::{glossary}
loss
[损失]{.language-zh-Hans}
    What training makes small.

weight
[权重]{.language-zh-Hans}
    A factor that is learned.
:::
"""


@pytest.fixture(scope="module")
def places(tmp_path_factory: pytest.TempPathFactory) -> dict[str, dict]:
    folder = tmp_path_factory.mktemp("search")
    built = build(folder, {"first.ipynb": CHAPTER, "glossary.md": GLOSSARY})
    text = (built.site / "_static" / "search-sections.js").read_text(encoding="utf-8")
    pages = json.loads(text[text.index("(") + 1 : text.rindex(")")])
    return {
        section["title"]: {**section, "page": page["title"]}
        for page in pages
        for section in page["sections"]
    }


def test_a_section_has_its_own_prose_and_only_the_names_of_its_code(places: dict):
    section = places["A section"]
    assert section["id"] == "a-section"
    assert section["page"] == "A chapter"
    assert "eq-line" not in section["prose"]
    assert "loss" in section["prose"]
    assert section["code"] == "only_in_code loss_of weights"
    assert "nan" not in places["A chapter"]["prose"]
    assert "3" not in places["A chapter"]["prose"], "formulas are not words"


@pytest.mark.parametrize(
    ("title", "kind"),
    [
        ("A section", "section"),
        ("A wrong sign", "pitfall"),
        ("1. By hand", "exercise"),
        ("loss 损失", "term"),
        ("weight 权重", "term"),
    ],
)
def test_a_place_says_what_it_is(title: str, kind: str, places: dict):
    assert places[title]["kind"] == kind


def test_a_term_is_found_by_its_definition(places: dict):
    assert places["loss 损失"]["prose"] == "What training makes small."
    assert places["Glossary"]["prose"] == ""


def test_a_source_that_a_sentence_is_about_keeps_its_name():
    cited = [
        addnodes.pending_xref("", refdomain="cite", reftype=kind, reftarget=key)
        for kind, key in (("t", "he2016identity"), ("p", "cohen2021"))
    ]
    sentence = nodes.paragraph("", "", cited[0], nodes.Text(" found it"), cited[1])
    assert _texts([sentence])[0] == "He 2016 found it"
