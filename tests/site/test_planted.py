"""The eyes of these tests: one page with a fault of each kind, and each is seen."""

from __future__ import annotations

import base64
import json
import random
import re
import shutil
from pathlib import Path

import pytest

from tests.site.test_links import broken, read, unset_mathematics, without_card
from tests.site.test_pages import LIMIT, SHIFT
from tests.site.visit import Running, Visit
from tools.browser import SITE, serve

BASE = "chapters/appendix/faq.html"
PIXEL = "data:image/gif;base64,R0lGODlhAQABAAAAACH5BAEKAAEALAAAAAABAAEAAAICTAEAOw=="
FRAMES = json.dumps({"frames": [{"src": "", "alt": "One"}, {"src": "", "alt": "Two"}]})
FAULTS = f"""
<script>console.error("a planted message")</script>
<script>setTimeout(() => {{ throw new Error("a planted exception") }})</script>
<img src="planted-missing.webp" alt="A picture that is not there" width="9" height="9">
<img src="http://127.0.0.1:9/elsewhere.png" alt="From elsewhere" width="9" height="9">
<img src="{PIXEL}" width="9" height="9" id="without-alt">
<img src="{PIXEL}#wide" alt="Stretched" style="width: 90px; height: 30px">
<p style="color: #999; background: #fff" id="pale">Pale in both colours.</p>
<p class="pale-in-dark">Pale in dark colours alone.</p>
<div class="same"><p>One</p><p>Two</p><p>Three</p><p>Fourth and pale</p></div>
<div style="background: #fff"><p class="night">One</p><p class="night">Two</p>
<p class="night">Three</p></div>
<div style="background: #222"><p class="night">Fourth, on black</p></div>
<style>
  .same {{ background: #fff; color: #000; }}
  .same > p:last-child {{ color: #ccc; }}
  .night {{ color: #111; }}
  .pale-in-dark {{ background: #fff; color: #000; }}
  html[data-theme="dark"] .pale-in-dark {{ color: #ccc; }}
  @media (max-width: 500px) {{ .hidden-name {{ display: none; }} }}
  @font-face {{ font-family: planted; src: url(planted-missing.woff2); }}
</style>
<button type="button"><span class="hidden-name">Nameless on a phone</span></button>
<div style="width: 370px" class="wide">Too wide for a small phone.</div>
<p style="font-family: planted">A font that is not there, and $$\\frac{{1}}{{2}}$$.</p>
<code class="math-error">\\nosuch</code>
<a href="planted-nowhere.html">A page that is not there</a>
<a href="#planted-nowhere">A place that is not there</a>
<a class="reference internal" href="glossary.html#term-planted">No such card</a>
<p style="max-inline-size: none; width: 800px">Lines that are too long.</p>
<pre style="font-size: 13px">Small code</pre>
<div class="output stream"><pre style="white-space: pre !important; overflow: auto"
>{"Printed " * 20}</pre></div>
<pre style="background: none !important; overflow: auto">{"Unshaded " * 20}</pre>
<figure id="planted-figure"><div class="figure-box"><img
 src="{PIXEL}" alt="Tiny" data-letters="13" width="614" height="614"
 style="inline-size: 400px; block-size: 300px; max-inline-size: none"
></div><figcaption>No link</figcaption></figure>
<script src="planted-heavy.js"></script>
<script>addEventListener("load", () => setTimeout(() => {{
  const late = Object.assign(document.createElement("div"), {{ innerHTML: "late" }});
  late.style.height = "300px";
  document.querySelector("article h1").before(late);
}}, 200));
const waiting = setInterval(() => {{
  const figure = document.querySelector("#planted-figure");
  if (!figure.querySelector("[data-scroll-name]")) return; // the page's script is late
  clearInterval(waiting);
  const box = document.createElement("div");
  box.className = "math-scroll";
  box.innerHTML = "<div style='width: 999px'>Unreached</div>";
  document.querySelector("article").append(box);
  const late = figure.cloneNode(true);
  late.id = "planted-late";
  document.querySelector("article").append(late);
}}, 50);</script>
<figure class="book-explore"><img src="{PIXEL}" alt="One" width="9" height="9">
<div class="book-explore-controls" hidden="hidden"><div class="book-explore-control">
<label for="explore-planted">n</label><input type="range" id="explore-planted" min="0"
 max="1" step="1" value="0" aria-valuetext="1" data-values="[1, 2]"
><output for="explore-planted">1</output></div></div>
<script type="application/json">{FRAMES}</script></figure>
"""


@pytest.fixture(scope="module")
def planted(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A site with one page, which has every fault."""
    site = tmp_path_factory.mktemp("planted")
    page = site / BASE
    page.parent.mkdir(parents=True)
    text = (SITE / BASE).read_text(encoding="utf-8")
    page.write_text(text.replace("</article>", FAULTS + "</article>"), encoding="utf-8")
    shutil.copytree(SITE / "_static", site / "_static")
    noise = base64.b64encode(random.Random(0).randbytes(LIMIT)).decode()
    (page.parent / "planted-heavy.js").write_text(f"// {noise}")
    return page


@pytest.fixture(scope="module")
def seen(running: Running, planted: Path) -> Visit:
    with serve(planted.parents[2]) as address:
        return running.visit(address, BASE)


@pytest.mark.parametrize(
    "words",
    [
        "a planted message",
        "a planted exception",
        "404: .*planted-missing.webp",
        "404: .*planted-missing.woff2",
        "asked for http://127.0.0.1:9/elsewhere.png",
        "failed: http://127.0.0.1:9/elsewhere.png",
    ],
)
def test_trouble_is_heard(words: str, seen: Visit):
    assert any(re.search(words, heard) for heard in seen.trouble), seen.trouble


def test_a_missing_picture_and_a_missing_font_are_seen(seen: Visit):
    assert any("planted-missing.webp" in source for source in seen.hollow)
    assert ("planted", "error") in seen.fonts


def test_a_stretched_picture_is_seen(seen: Visit):
    assert any(source.endswith("#wide") for source in seen.stretched)


def test_what_moves_and_what_weighs_is_measured(seen: Visit):
    assert seen.shift > SHIFT
    assert seen.weight.bytes - seen.weight.figures > LIMIT


def test_a_dead_slider_is_felt(seen: Visit):
    (words,) = seen.dead_sliders
    assert "explore-planted" in words


def test_what_sticks_out_is_seen(seen: Visit):
    assert any("wide" in found for found in seen.sticking_out["320 light PyTorch"])
    assert not any("wide:" in found for found in seen.sticking_out["390 light PyTorch"])
    assert "Unreached" in " ".join(seen.unreached)


def test_what_is_hard_to_read_or_cut_is_seen(seen: Visit):
    assert "wide: Lines that are too long." in seen.hard_to_read
    assert "small: Small code" in seen.hard_to_read
    cut = " ".join(seen.cut)
    assert "Printed" in cut
    assert "Unshaded" in cut


@pytest.mark.parametrize(
    "fault",
    [
        "planted-figure: letters of 8.5 px",
        "planted-figure: out of proportion",
        "planted-figure: no link to it",
        "planted-late: goes on unseen",
    ],
)
def test_a_bad_figure_is_seen(fault: str, seen: Visit):
    assert fault in seen.bad_figures


@pytest.mark.parametrize(
    ("kind", "rule", "where"),
    [
        ("light", "image-alt", "without-alt"),
        ("phone", "image-alt", "without-alt"),
        ("light", "color-contrast", "pale"),
        ("dark", "color-contrast", "pale-in-dark"),
        ("light", "color-contrast", "Fourth and pale"),
        ("light", "color-contrast", "Fourth, on black"),
        ("phone", "button-name", "Nameless"),
    ],
)
def test_axe_sees_it(kind: str, rule: str, where: str, seen: Visit):
    found = [html for name, html, _ in seen.violations[kind] if name == rule]
    assert any(where in html for html in found), seen.violations[kind]


def test_axe_is_not_asked_twice(seen: Visit):
    light = [html for _, html, _ in seen.violations["light"]]
    assert not any("pale-in-dark" in html or "Nameless" in html for html in light)


def test_the_html_alone_tells(planted: Path):
    links = [link for link in read(planted).links if broken(planted, link)]
    assert {"planted-nowhere.html", "#planted-nowhere"} <= set(links)
    marks = unset_mathematics(planted)
    assert {"$$", "\\frac", "math-error"} <= set(marks)
    assert unset_mathematics(SITE / BASE) == []
    missing = without_card(planted.parents[2], BASE)
    assert missing == ["chapters/appendix/glossary.html#term-planted"]
