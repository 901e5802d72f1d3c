"""What `make bench` says of the pages: medians, the slowest, what is beyond a bar."""

from __future__ import annotations

from tools import contents
from tools.page_shape import BARE, ELEMENTS, WINDOWS, Shape, beyond, middle, report

SECTIONS = [
    page for page in contents.pages() if (contents.ROOT / f"{page}.ipynb").is_file()
]
SMALL = Shape(f"{SECTIONS[0]}.html", WINDOWS, ELEMENTS, BARE, 1.0)


def test_a_section_beyond_any_bar_is_named():
    page = SMALL.page
    large = [
        Shape(page, WINDOWS + 0.1, 1, 1, 1),
        Shape(page, 1, ELEMENTS + 1, 1, 1),
        Shape(page, 1, 1, BARE + 0.1, 1),
    ]
    assert beyond([SMALL, *large]) == large
    assert beyond([Shape("genindex.html", 99, 99_999, 99, 9)]) == []


def test_the_report_has_the_medians_and_the_slowest(capsys):
    shapes = [Shape(f"page-{k}.html", k, 100 * k, k / 10, k / 100) for k in range(11)]
    assert middle(shapes) == Shape("median", 5, 500, 0.5, 0.05)
    report(shapes)
    said = capsys.readouterr().out
    assert "    5.0       500    0.5   0.05  median" in said
    slowest = said.partition("slowest first paints:")[2].split()
    assert [word for word in slowest if word.endswith("html")] == [
        f"page-{k}.html" for k in (10, 9, 8, 7, 6)
    ]
