"""Mathematics is set at build time, completely or with a warning at its place."""

from __future__ import annotations

import json
import re
import subprocess
import sys
from pathlib import Path
from xml.etree import ElementTree

import pytest

from tests.book_builder import Built, build, markdown, notebook
from tools.build import ROOT

sys.path.append(str(ROOT / "_ext"))
import katex_local

PAGE = r"""# Page

Inline $\mathbf{x}_i \in \mathbb{R}$, and see {eq}`eq-page-loss`. For each $n$, it is
a share of the whole ($N$).

Every $k$-th one counts.

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
    assert page.count('class="katex-html"') == 7
    assert page.count("<math ") == 7
    assert "katex-error" not in page
    body = page[page.index("<article") :]
    assert "$" not in re.sub(r"<annotation.*?</annotation>", "", body, flags=re.DOTALL)
    chapter = book.page("chapter")
    assert chapter.count('class="katex-html"') == 2


def test_equations_are_numbered_and_linked(book: Built):
    page = book.page("index")
    assert 'id="equation-eq-page-loss"' in page
    assert '<span class="eqno">(1)' in page
    assert 'href="#equation-eq-page-loss">(1)</a>' in page
    assert 'href="index.html#equation-eq-page-loss">(1)</a>' in book.page("chapter")


def test_punctuation_keeps_to_a_short_formula(book: Built):
    page = book.page("index")
    assert page.count('class="held"') == 3  # not the first: it may break at its sign
    assert re.search(r'For each <span class="held"><span class="math[^>]*>', page)
    assert "</span>,</span> it is" in page
    assert re.search(r'the whole <span class="held">\(<span class="math[^>]*>', page)
    assert "</span>).</span></p>" in page
    assert "</span>-th</span> one" in page


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


def mathml(latex: str) -> ElementTree.Element:
    html = katex_local.render(latex)
    return ElementTree.fromstring(re.search(r"<math .*?</math>", html, re.DOTALL)[0])


@pytest.mark.parametrize(
    "latex",
    [r"\lambda_{\max}", r"a^{\min}_{\max}", r"\frac{\max}{2}", r"\max_i x_i", "x_1"],
)
def test_every_part_of_a_formula_has_its_children(latex: str):
    for element in mathml(latex).iter():
        name = element.tag.partition("}")[2]
        assert len(element) == katex_local.CHILDREN.get(name, len(element))


def test_a_name_as_an_index_is_read_as_one():
    (index,) = [e for e in mathml(r"\lambda_{\max}").iter() if e.tag.endswith("msub")]
    assert "".join(index[1].itertext()).startswith("max")


def test_a_formula_that_cannot_be_mended_is_refused():
    namespace = "xmlns='http://www.w3.org/1998/Math/MathML'"
    broken = f"<math {namespace}><msub><mi>a</mi></msub></math>"
    with pytest.raises(katex_local.KatexError, match=r"msub.* has 1 children, not 2"):
        katex_local._with_whole_mathml(broken)


def put_katex_into(folder: Path) -> Path:
    """Do what npm does, as far as the version of KaTeX tells."""
    lock = json.loads(katex_local.LOCK.read_text(encoding="utf-8"))
    version = lock["packages"]["node_modules/katex"]["version"]
    manifest = folder / "node_modules" / "katex" / "package.json"
    manifest.parent.mkdir(parents=True)
    manifest.write_text(json.dumps({"version": version}), encoding="utf-8")
    return manifest


@pytest.mark.parametrize("other", [False, True], ids=["alone", "another is quicker"])
def test_sources_that_may_only_be_read_are_built(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, other: bool
):
    """KaTeX is then installed into the first other folder that may be written."""
    sources, cache = tmp_path / "sources", tmp_path / "cache"
    monkeypatch.setattr(katex_local, "katex_homes", lambda: [sources, cache])
    monkeypatch.setattr(katex_local, "_may_write", lambda home: home == cache)
    cache.mkdir()
    quicker = []

    def install(folder: Path) -> subprocess.CompletedProcess[str]:
        assert folder.parent == cache
        assert (folder / "package-lock.json").is_file()
        put_katex_into(folder)
        if other:
            quicker.append(put_katex_into(cache).stat().st_ino)
        return subprocess.CompletedProcess([], 0)

    monkeypatch.setattr(katex_local, "_npm_ci", install)
    assert katex_local.katex_home.__wrapped__() == cache
    assert [path.name for path in cache.iterdir()] == ["node_modules"]
    there = (cache / "node_modules" / "katex" / "package.json").stat().st_ino
    assert not other or quicker == [there]
