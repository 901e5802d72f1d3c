"""Mathematics is set at build time, completely or with a warning at its place."""

from __future__ import annotations

import re
import sys
from pathlib import Path

import pytest

from tests.book_builder import Built, build, markdown, notebook
from tools.build import ROOT

sys.path.append(str(ROOT / "_ext"))
import katex_local

PAGE = r"""# Page

Inline $\mathbf{x}_i \in \mathbb{R}$, and see {eq}`eq-page-loss`. For each $n$, it is
a share of the whole ($N$).

$$
\mathcal{L} = \frac{1}{N} \sum_n \mathcal{L}_n
$$ (eq-page-loss)

$$
a &= b \\
  &= c
$$

\begin{align*}
x &= y
\end{align*}
"""
CELL = markdown(
    "In a notebook $\\sigma(z)$ and {eq}`eq-page-loss`:\n\n"
    "$$\nz = \\mathbf{x}\\mathbf{w}\n$$ (eq-cell)\n\n{eq}`eq-cell`"
)


@pytest.fixture(scope="module")
def book(tmp_path_factory: pytest.TempPathFactory) -> Built:
    files = {"index.md": PAGE, "chapter.ipynb": notebook(CELL)}
    return build(tmp_path_factory.mktemp("math"), files)


def test_every_formula_is_set(book: Built):
    assert book.status == 0, book.messages
    page = book.page("index")
    assert page.count('class="katex"') == 6
    assert page.count("<math ") == 6
    assert "katex-error" not in page
    body = page[page.index("<article") :]
    assert "$" not in re.sub(r"<annotation.*?</annotation>", "", body, flags=re.DOTALL)
    chapter = book.page("chapter")
    assert chapter.count('class="katex"') == 2


def test_equations_are_numbered_and_linked(book: Built):
    page = book.page("index")
    assert 'id="equation-eq-page-loss"' in page
    assert '<span class="eqno">(1)' in page
    assert 'href="#equation-eq-page-loss">(1)</a>' in page
    assert 'href="index.html#equation-eq-page-loss">(1)</a>' in book.page("chapter")


def test_punctuation_keeps_to_a_short_formula(book: Built):
    page = book.page("index")
    assert page.count('class="held"') == 2  # not the first: it may break at its sign
    assert re.search(r'For each <span class="held"><span class="math[^>]*>', page)
    assert "</span>,</span> it is" in page
    assert re.search(r'the whole <span class="held">\(<span class="math[^>]*>', page)
    assert "</span>).</span></p>" in page


def test_no_page_loads_a_script_for_it(book: Built):
    for name in ("index", "chapter"):
        assert not re.search(r"<script[^>]*(?:mathjax|katex)", book.page(name), re.I)


def test_pages_name_the_fonts_they_need(book: Built):
    assert "KaTeX_AMS-Regular.woff2" in book.page("index")
    assert "KaTeX_AMS-Regular.woff2" not in book.page("chapter")


def test_the_fonts_are_in_the_site(book: Built):
    static = book.site / "_static" / "katex"
    css = (static / "katex.css").read_text(encoding="utf-8")
    named = set(re.findall(r"url\(fonts/([^)]+)\)", css))
    assert named
    assert all(name.endswith(".woff2") for name in named)
    assert {path.name for path in static.glob("fonts/*")} == named


@pytest.mark.parametrize("wrong", [r"\frac{1}", r"\nosuchcommand x", "ж + x"])
def test_a_wrong_formula_is_a_warning_at_its_place(wrong: str, tmp_path: Path):
    book = build(
        tmp_path, {"index.md": f"# Page\n\nText.\n\nHere: ${wrong}$ is wrong.\n"}
    )
    assert book.status != 0
    assert re.search(r"index\.md:5: WARNING: mathematics: ", book.messages)
    assert "math-error" in book.page("index")


def test_lines_are_aligned_outside_an_environment():
    assert "aligned" in katex_local.render(r"a &= b \\ c &= d", display=True)
    with pytest.raises(katex_local.KatexError):
        katex_local.render("a &= b")


def test_the_lock_names_no_registry():
    lock = (katex_local.HERE / "package-lock.json").read_text(encoding="utf-8")
    assert "resolved" not in lock
    assert "http" not in lock.replace('"https://opencollective.com/katex"', "").replace(
        '"https://github.com/sponsors/katex"', ""
    )
