"""The plain edition is plain, says what the pages say, and has the chapters' code."""

from __future__ import annotations

import json
import re
import subprocess
import sys
from collections.abc import Callable
from functools import cache
from pathlib import Path

import nbformat
import pytest
from nbconvert import HTMLExporter

from tests.book_builder import build, code, markdown, notebook
from tests.plain_markdown import links, mathematics_as_words, myst_left, stripped
from tools import plain
from tools.build import ROOT
from tools.contents import short_name
from tools.notebooks import chapters

URL = "https://github.com/some-one/some-book"
SITE = "https://some-one.github.io/some-book/"

WORK = """@article{smith2001,
  author = {Smith, Ann and Jones, Bob and Brown, Cy}, title = {Slopes},
  journal = {Nature}, year = {2001}, doi = {10.1000/slopes}
}
"""
FIRST = notebook(
    markdown(
        "Go down the {term}`slopes <slope>` {cite:p}`smith2001`, "
        "as {cite:t}`smith2001` did.\n\n"
        "$$\ny = ax\n$$ (eq-line)\n\n"
        "By {eq}`eq-line`, and by {eq}`eq-curve`, see {doc}`../second` "
        "and {doc}`words <../glossary>`; `{term}` is code, $\\{a\\}`b`$ is not."
    ),
    code("x = 1", "pytorch", output="1\n"),
    code("x = 2", "keras"),
    code("x = 3", "pytorch"),
    markdown(
        "(a-place)=\n## A place\n\n"
        ":::{tip}\nUse {term}`slope`.\n:::\n\n"
        ":::{dropdown} Solution for $a$\nIt is **2**.\n\n"
        "```python\n:::{not} a box\n```\n:::"
    ),
    code("x = 4", "hide-cell", "solution"),
)
SECOND = notebook(
    markdown(
        "$$\n\\begin{aligned} y &= x^2 \\end{aligned}\n$$ (eq-curve)\n\n"
        "The [line](part/first.ipynb#a-place) and {ref}`there <a-place>`."
    )
)
GLOSSARY = """# Words

:::{glossary}
slope
  How steep it is.
:::

```{bibliography}
```
"""
FILES = {
    "index.md": "# First page\n\nHello.\n",
    "part/first.ipynb": FIRST,
    "second.ipynb": SECOND,
    "glossary.md": GLOSSARY,
    "references.bib": WORK,
}
TOC = {
    "format": "jb-book",
    "root": "index",
    "parts": [
        {
            "caption": "Part",
            "numbered": 2,
            "chapters": [{"file": "part/first"}, {"file": "second"}],
        },
        {"caption": "More", "chapters": [{"file": "glossary"}]},
    ],
}


@pytest.fixture(scope="module")
def edition(tmp_path_factory: pytest.TempPathFactory) -> Callable[[str], dict]:
    """The little book's notebooks in the plain edition, for a project's address."""

    @cache
    def make(url: str) -> dict[str, nbformat.NotebookNode]:
        folder = tmp_path_factory.mktemp("book")
        built = build(folder, FILES, url=url, toc=TOC)
        assert built.status == 0, built.messages
        said: list[str] = []
        plain.write(folder / "_build", folder, said.append)
        assert said == []
        names = ("part/first.ipynb", "second.ipynb")
        return {
            name: nbformat.read(folder / "_build" / "plain" / name, as_version=4)
            for name in names
        }

    return make


def texts(notebook: nbformat.NotebookNode) -> list[str]:
    return [c.source for c in notebook.cells if c.cell_type == "markdown"]


def test_without_an_address_it_says_what_the_pages_say(edition):
    first, second = edition("").values()
    title, words, pytorch, keras, again, place, after = texts(first)
    assert title == "# 1. A chapter"
    assert words == (
        "Go down the slopes ([Smith et al., 2001](https://doi.org/10.1000/slopes)), "
        "as [Smith et al. (2001)](https://doi.org/10.1000/slopes) did.\n\n"
        "$$\ny = ax\n\\tag{1.1}\n$$\n\n"
        "By (1.1), and by [(2.1)](../second.ipynb), "
        "see [A chapter](../second.ipynb) and words; "
        "`{term}` is code, $\\{a\\}`b`$ is not."
    )
    assert (pytorch, keras, again) == ("**PyTorch**", "**Keras**", "**PyTorch**")
    assert place == (
        "## A place\n\n> **Tip.**\n>\n> Use slope.\n\n"
        "<details>\n<summary>Solution for $a$ (click to open)</summary>\n\n"
        "It is **2**.\n\n```python\n:::{not} a box\n```\n\n</details>"
    )
    assert after == "**Next:** [A chapter](../second.ipynb)"
    assert texts(second) == [
        "# 2. A chapter",
        "$$\n\\begin{aligned} y &= x^2 \\end{aligned}\n\\tag{2.1}\n$$\n\n"
        "The [line](part/first.ipynb#A-place) and [there](part/first.ipynb).",
    ]


def test_with_an_address_terms_and_works_lead_to_the_site(edition):
    words = texts(edition(URL)["part/first.ipynb"])[1]
    assert f"[slopes]({SITE}glossary.html#term-slope)" in words
    assert f"[words]({SITE}glossary.html)" in words
    assert re.search(rf"\(\[Smith et al., 2001\]\({SITE}glossary\.html#\S+\)\)", words)
    assert "doi.org" not in words


def test_a_quote_in_which_a_directive_is_unknown_is_named():
    page = plain.Page("second", plain.Names(pages={"second": {}}))
    assert page.cell(":::{sidebar} Aside\nText.\n:::") == "Text."
    assert page.cell("{guilabel}`File` and {eq}`eq-none` in {term}`fog`") == (
        "File and (?) in fog"
    )
    assert page.complaints == [
        "second: the directive {sidebar}",
        "second: the role {guilabel}",
        "second: the equation 'eq-none'",
        "second: the term 'fog'",
    ]


def test_a_copy_that_a_reader_changed_is_kept(tmp_path: Path):
    built = build(tmp_path, FILES, toc=TOC)
    assert built.status == 0, built.messages
    said: list[str] = []
    folder = plain.write(tmp_path / "_build", tmp_path, said.append)
    second, first = folder / "second.ipynb", folder / "part" / "first.ipynb"
    mine = second.read_text("utf-8").replace("The [line]", "My [line]")
    second.write_text(mine, encoding="utf-8")
    for name in ("second.ipynb", "part/first.ipynb"):
        path = tmp_path / name
        path.write_text(path.read_text("utf-8").replace("# A ch", "# The ch"), "utf-8")
    plain.write(tmp_path / "_build", tmp_path, said.append)
    assert second.read_text("utf-8") == mine
    assert [line for line in said if "second.ipynb is as you changed it" in line]
    assert "The chapter" in first.read_text("utf-8")
    download = tmp_path / "_build" / "html" / "_sources" / "second.ipynb"
    assert "# 2. The chapter" in download.read_text("utf-8")

    (tmp_path / "_toc.yml").write_text("format: jb-book\nroot: second\n", "utf-8")
    plain.write(tmp_path / "_build", tmp_path, said.append)
    assert not first.exists(), "the copy of a notebook that is gone"


# --- the book's notebooks, whatever their numbers -------------------------------------


class Anything(dict):
    """Has every name, as if the book had been built."""

    def __missing__(self, key: str) -> dict[str, str]:
        return {
            "page": "chapters/appendix/glossary",
            "id": "x",
            "numbered": "Figure 1",
        } | {
            name: f"{name} of {key}"
            for name in ("title", "number", "aside", "in_text", "own")
        }

    def __contains__(self, key: object) -> bool:
        return True

    def get(self, key, default=None):
        return self[key]


NAMES = plain.Names(
    pages=Anything(), equations=Anything(), labels=Anything(), terms=Anything(),
    works=Anything(),
)  # fmt: skip


@pytest.fixture(scope="module")
def book() -> Callable[[Path], tuple[nbformat.NotebookNode, plain.Page]]:
    @cache
    def make(path: Path) -> tuple[nbformat.NotebookNode, plain.Page]:
        page = plain.Page(path.relative_to(ROOT).with_suffix("").as_posix(), NAMES)
        return plain.plain(nbformat.read(path, as_version=4), page), page

    return make


@pytest.mark.parametrize("path", chapters(), ids=short_name)
def test_no_myst_is_left(path: Path, book):
    copy, page = book(path)
    assert page.complaints == []
    for text in texts(copy):
        assert myst_left(text) == []
        assert not re.search(r"\btabs?\b", text), "there are no tabs outside the pages"


@pytest.mark.parametrize("path", chapters(), ids=short_name)
def test_the_code_is_the_chapters(path: Path, book):
    own = nbformat.read(path, as_version=4).cells
    copy = book(path)[0].cells
    code_of = [cell for cell in copy if cell.cell_type == "code"]
    assert code_of == [cell for cell in own if cell.cell_type == "code"]
    kept = {cell.id: cell for cell in copy}
    assert [cell.id for cell in own] == [id for id in kept if id[:6] != "plain-"]
    for cell in own:
        for number in re.findall(r"^\$\$ \(eq-[^)]+\)$", str(cell.source), re.M):
            assert f"\\tag{{number of {number[4:-1]}}}" in kept[cell.id].source


PLANTED = {
    "a role": "See {term}`slope`.",
    "a citation": "So {cite:p}`smith2001`.",
    "a box": "Text.\n\n:::{tip}\nUse it.\n:::",
    "a box of backticks": "```{figure} a.png\nA picture.\n```",
    "a label": "$$\ny = x\n$$ (eq-line)",
    "a target": "(a-place)=\n## A place",
    "a comment": "% not for readers",
    "a break": "One.\n\n+++\n\nTwo.",
    "a substitution": "It is {{ number }}.",
    "an attribute": "[Red]{.red} and more.",
    "a role in a list": "- one\n  - {eq}`eq-line`",
    "a role in a quote": "> {doc}`second`",
    "a role in a fold": "<details>\n<summary>So</summary>\n\n{eq}`a`\n\n</details>",
    "a role in a summary": "<details>\n<summary>{eq}`a`</summary>\n</details>",
}


@pytest.mark.parametrize("text", PLANTED.values(), ids=PLANTED)
def test_myst_that_is_left_is_found(text: str):
    assert myst_left(text)


@pytest.mark.parametrize(
    "text",
    ["`{term}` is code", "```python\nx = {a}`b`\n```", "$\\{a\\}$, $x_{ij}$ and {a, b}",
     "a (1)=2", "$$\nx\n\\tag{1.1}\n$$ (so)", "```text\n% {{ x }}\n```"],
)  # fmt: skip
def test_what_is_no_myst_is_not_found(text: str):
    assert myst_left(text) == []


@pytest.mark.parametrize("path", chapters(), ids=short_name)
def test_editors_show_all_of_it(path: Path, book, converter):
    """Jupyter Lab, Colab and VS Code: no HTML that one of them takes out, and formulas.

    Nothing but the text is given to nbconvert: the code is the chapter's.
    """
    copy, _ = book(path)
    for text in texts(copy):
        assert stripped(text) == []
        assert mathematics_as_words(text) == []
    shown = converter(nbformat.v4.new_notebook(
        cells=[nbformat.v4.new_markdown_cell(text) for text in texts(copy)]
    ))  # fmt: skip
    prose = re.sub(r"<(code|pre)\b.*?</\1>", "", shown, flags=re.DOTALL)
    myst = re.findall(
        r"\{(?:term|eq|doc|ref|numref|cite:\w+)\}|:{3,}\{?\w*|\(eq-[^)]*\)", prose
    )
    assert myst == [], "nbconvert shows MyST"


@pytest.fixture(scope="module")
def converter() -> Callable[[nbformat.NotebookNode], str]:
    exporter = HTMLExporter(template_name="basic")
    return lambda notebook: exporter.from_notebook_node(notebook)[0]


@pytest.mark.parametrize(
    ("text", "reader"),
    [
        ('<div class="box">\n\nUse it.\n\n</div>', stripped),
        ('Press <span style="color: red">here</span>.', stripped),
        ("<details open>\n<summary>So</summary>\n\nIt is.\n\n</details>", stripped),
        ("> <iframe src='x'></iframe>", stripped),
        ("Let $ x$ be", mathematics_as_words),
        ("Let $x $ be", mathematics_as_words),
        ("so $x$2 is", mathematics_as_words),
        ("It is $$\ny = x\n$$", mathematics_as_words),
    ],
)
def test_what_an_editor_would_not_show_is_found(text: str, reader):
    assert reader(text)


def test_what_every_editor_shows_is_not_found():
    text = (
        "<details>\n<summary>So</summary>\n\nH<sub>2</sub>O, `<div a=b>`.\n\n</details>"
    )
    assert stripped(text) == []
    text = "Let $x$, $y = 2$. Pay \\$2 or `$ 3`.\n\n> $$\n> y\n> $$\n\n$$\nx\n$$"
    assert mathematics_as_words(text) == []


def test_links_are_found_in_running_text_alone():
    text = "[a](b.ipynb#C) `[no](x)` $[n](x)$\n\n> [d](e)\n\n```\n[no](x)\n```"
    assert links(text) == ["b.ipynb#C", "e"]


# --- as other programs read it --------------------------------------------------------


@pytest.mark.parametrize("name", ["part/first.ipynb", "second.ipynb"])
def test_nbconvert_shows_it(tmp_path: Path, edition, name: str):
    path = tmp_path / "one.ipynb"
    path.write_text(nbformat.writes(edition("")[name]), encoding="utf-8")
    command = [sys.executable, "-m", "nbconvert", "--to", "html", str(path)]
    done = subprocess.run(command, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    page = (tmp_path / "one.html").read_text(encoding="utf-8")
    assert "\\tag{" in page
    for left in ("{term}", "{eq}", "{cite", ":::"):
        assert left not in re.sub(
            r"<code>.*?</code>|<pre>.*?</pre>", "", page, flags=re.S
        )
    if name == "part/first.ipynb":
        assert "<details>" in page
        assert json.dumps("x = 3")[1:-1] in re.sub("<[^>]+>", "", page)
