"""Pages load one style sheet and one script; what nobody uses is left out."""

from __future__ import annotations

import re
import sys
from pathlib import Path

import pytest
import yaml
from PIL import Image
from pygments.formatters import HtmlFormatter
from sphinx.errors import ExtensionError

from tests.book_builder import Built, build, code, notebook
from tools.build import ROOT

sys.path.append(str(ROOT / "_ext"))
import light_pages

CITING = """# Sources

{cite:p}`someone2020`

|   | one |
|---|-----|
| a | 1   |

```{bibliography}
```
"""
BIB = "@book{someone2020, author={Some One}, title={Book}, year={2020}, publisher={P}}"
FILES = {
    "first.md": "# First\n\nText.\n",
    "chapter.ipynb": notebook(
        code("import sys  # bootstrap", "bootstrap", "hide-cell"),
        code("x = 1", "hide-cell", mystnb={"code_prompt_show": "Show <the> solution"}),
    ),
    "sources.md": CITING,
    "references.bib": BIB,
}


@pytest.fixture(scope="module")
def book(tmp_path_factory: pytest.TempPathFactory) -> Built:
    return build(tmp_path_factory.mktemp("light"), FILES)


def test_the_build_is_clean(book: Built):
    assert book.status == 0, book.messages


@pytest.mark.parametrize("name", ["first", "chapter", "genindex"])
def test_a_page_loads_one_style_sheet_and_one_script(book: Built, name: str):
    page = book.page(name)
    sheets = re.findall(r'<link rel="stylesheet"[^>]*href="([^"]+)"', page)
    assert sheets == ["_static/pages.css"]
    assert re.findall(r'<script[^>]*src="([^"]+)"', page) == ["_static/pages.js"]
    assert "defer" not in re.findall(r"<script[^>]*>", page), "it waits for the paint"


def test_only_the_search_page_loads_the_index(book: Built):
    assert "book_search.js" in book.page("search")
    assert "book_search.js" not in book.page("first")


def test_the_joined_files_are_complete_and_without_icon_fonts(book: Built):
    css = (book.site / "_static/pages.css").read_text(encoding="utf-8")
    assert "Font Awesome" not in re.sub(r"--[\w-]+:[^;}]*", "", css)
    for part in ("article", ".highlight", "first-paint", "@media print"):
        assert part in css
    assert ".katex" not in css, "no page of this book has mathematics"
    assert "url(katex/fonts/KaTeX_Main-Regular.woff2)" in css
    js = (book.site / "_static/pages.js").read_text(encoding="utf-8")
    assert "DOCUMENTATION_OPTIONS" in js
    assert "framework" in js


def test_the_first_page_leads_into_the_book(book: Built):
    page = book.page("index")
    assert 'url=first.html"' in page
    assert 'href="first.html"' in page


def test_the_preparation_for_colab_is_not_in_the_page(book: Built):
    assert "# bootstrap" not in re.sub(r"<[^>]+>", "", book.page("chapter"))


def test_a_fold_says_what_it_does(book: Built):
    page = book.page("chapter")
    assert '<span class="when-closed">Show &lt;the&gt; solution</span>' in page
    assert "Toggle hidden content" not in page


def test_references_have_no_withdrawn_roles_and_tables_no_nameless_heads(book: Built):
    page = book.page("sources")
    assert "doc-biblioentry" not in page
    assert 'class="citation"' in page
    assert len(re.findall(r"<th\b", page)) == 1


def kept(css: str, *words: str) -> str:
    return re.sub(r"\s+", "", light_pages.without_unused(css, set(words)))


def test_rules_that_cannot_match_are_left_out():
    assert kept(".a{x:1}.b{x:2}", "a") == ".a{x:1}"
    assert kept(".a,.b{x:1}", "b") == ".b{x:1}"
    assert kept(".a .b{x:1}.a>p{x:2}", "a") == ".a>p{x:2}"
    assert kept("#a{x:1}#b{x:2}", "a") == "#a{x:1}"
    assert kept("p{x:1}[data-x]{x:2}", "y") == "p{x:1}[data-x]{x:2}"


def test_rules_that_may_match_are_kept():
    assert kept("p:not(.a){x:1}") == "p:not(.a){x:1}"
    assert kept(":is(.a,.b) p{x:1}", "z") == ":is(.a,.b)p{x:1}"
    assert kept("@media print{.a{x:1}.b{x:2}}", "a") == "@mediaprint{.a{x:1}}"
    assert kept("@media print{.b{x:2}}", "a") == ""
    assert kept("@font-face{font-family:F}") == "@font-face{font-family:F}"
    assert kept('.a::before{content:".b{"}', "a") == '.a::before{content:".b{"}'


def test_values_that_nothing_asks_for_are_left_out():
    css = "a{--x:1;--y:var(--z);--z:2;color:var(--y)}@media print{a{--x:3}}"
    assert kept(css) == "a{--y:var(--z);--z:2;color:var(--y)}"
    assert "--x:3" in kept(css, "--x"), "a page or a script asks for it"
    url = 'a{--i:url("data:x;y,{}");mask:var(--i)!important}'
    assert kept(url) == url


def test_words_of_the_text_are_no_names():
    page = (
        "<p class='one two' style=\"color: var(--x)\">three</p><style>.four{}</style>"
    )
    names = light_pages.names_in([page])
    assert {"one", "two", "--x", "four"} <= names
    by_script = "<script>e.classList.add('five')</script>"
    assert "five" in light_pages.names_in([by_script]), "the page's script gives it"
    assert "three" not in names


def test_what_the_theme_only_serves_is_kept_where_a_page_has_it(tmp_path: Path):
    static = tmp_path / "_static"
    static.mkdir()
    (static / "book_search.js").write_text("")
    (tmp_path / "page.html").write_text('<p class="py-1">A collapse.</p>')
    css = ".py-1{x:1}.collapse{x:2}.show{x:3}"
    light_pages._write_styles(static / "pages.css", css, "'collapse py-1 show'")
    written = (static / "pages.css").read_text().split("/*")[0]
    assert re.sub(r"\s", "", written) == ".py-1{x:1}.show{x:3}"


def test_addresses_in_style_sheets_follow_their_file():
    css = 'a{b:url(fonts/x.woff2)}c{d:url("../y.svg")}e{f:url(data:image/svg+xml,z)}'
    moved = light_pages.rebased(css, "katex")
    assert "url(katex/fonts/x.woff2)" in moved
    assert 'url("y.svg")' in moved
    assert "url(data:image/svg+xml,z)" in moved
    assert light_pages.rebased("a{b:url(x.png)}", ".") == "a{b:url(x.png)}"


def test_pictures_have_a_size_before_they_arrive(tmp_path: Path):
    Image.new("L", (60, 40)).save(tmp_path / "grey.webp")
    files = {"grey.webp": tmp_path / "grey.webp", "map.svg": tmp_path / "map.svg"}
    body = '<img alt="Grey." src="../_images/grey.webp" />'
    sized = light_pages.sized_images(body, files)
    assert sized.startswith('<img width="60" height="40" loading="lazy" ')
    assert sized.endswith('alt="Grey." src="../_images/grey.webp" />')
    assert light_pages.sized_images(sized, files) == sized
    for other in ("../_images/map.svg", "../_images/gone.webp", "data:image/webp;x"):
        left = f'<img alt="" src="{other}">'
        assert light_pages.sized_images(left, files) == left


def test_an_edited_style_sheet_is_used_by_the_next_build(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setattr(light_pages, "STYLES", ("book.css",))
    static, built = tmp_path / "own", tmp_path / "site"
    static.mkdir()
    built.mkdir()
    (built / "book.css").write_text("old{}", encoding="utf-8")
    (static / "book.css").write_text("new{}", encoding="utf-8")
    assert "new" in light_pages.joined_styles([static, built])


def test_buttons_become_plain_links():
    source = {"label": "download-source-button", "url": "a/b.ipynb"}
    text = {"label": "download-source-button", "url": "a/b.md"}
    group = {"label": "download-buttons", "buttons": [source, text, {"type": "js"}]}
    (link,) = light_pages.header_links([group])
    assert link["download"]
    assert link["url"] == "a/b.ipynb"


def test_a_theme_that_renames_a_file_is_noticed(tmp_path: Path):
    (tmp_path / "here.css").write_text("a {}")
    assert len(light_pages.find([tmp_path], ("here.css",))) == 1
    with pytest.raises(ExtensionError, match=r"joins gone\.css, which is not in"):
        light_pages.find([tmp_path], ("here.css", "gone.css"))


def test_words_of_one_colour_are_one_element():
    code = (
        '<pre><span class="n">x</span> <span class="o">=</span> '
        '<span class="o">-</span><span class="n">y</span><span class="p">[</span>'
        '<span class="mi">1</span></pre>'
        '<p><span class="n">kept</span></p>'
    )
    assert light_pages.lighter_code(code) == (
        '<pre>x <span class="o">= -</span>y[<span class="mi">1</span></pre>'
        '<p><span class="n">kept</span></p>'
    )


@pytest.mark.parametrize("style", ["pygments_light_style", "pygments_dark_style"])
def test_the_words_left_bare_have_the_colour_of_the_rest(style: str):
    config = yaml.safe_load((ROOT / "_config.yml").read_text(encoding="utf-8"))
    name = config["sphinx"]["config"]["html_theme_options"][style]
    css = HtmlFormatter(style=name).get_style_defs(".highlight")
    colours = dict(re.findall(r"\.highlight(?: \.(\w+))? \{[^}]*?\bcolor: (#\w+)", css))
    assert {colours[word] for word in light_pages.PLAIN_WORDS} == {colours[""]}
