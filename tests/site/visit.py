"""One visit to a page: it is opened once, and all that is wrong with it is noted.

Opening a chapter costs a browser a second or two and axe, the program that knows the
rules of accessible pages, some more; so a page is opened once for all that can be seen
on it alone. The tests read the finished notes.
"""

from __future__ import annotations

from dataclasses import dataclass, field

from axe_playwright_python.base import AXE_SCRIPT
from playwright.sync_api import Browser, Error, Page, Playwright

from tools.browser import deadline, launch, process_of, read_through
from tools.page_weight import Scales, Weight

WIDE = {"width": 1280, "height": 900}
PHONE = {"width": 390, "height": 844}
SMALL_PHONE = {"width": 320, "height": 700}
SLOW = {
    "offline": False,
    "latency": 100,
    "uploadThroughput": 100_000,
    "downloadThroughput": 400_000,
}
FULL_SPEED = {
    "offline": False,
    "latency": 0,
    "uploadThroughput": -1,
    "downloadThroughput": -1,
}

WATCH_SHIFTS = """
window.shift = 0;
new PerformanceObserver((list) => {
  for (const entry of list.getEntries()) window.shift += entry.value;
}).observe({ type: "layout-shift", buffered: true });
"""

# A slider's second picture is hidden, and empty, while the first one is shown.
HOLLOW = """() => [...document.images]
  .filter((image) => image.complete && !image.naturalWidth && !image.hidden)
  .map((image) => image.src)"""

# A pixel more or less comes from rounding; half a hundredth is not seen.
STRETCHED = """() => [...document.images].filter((image) => {
    const { width, height } = image.getBoundingClientRect();
    if (!image.naturalWidth || !width || getComputedStyle(image).objectFit !== "fill")
      return false;
    const wrong = Math.abs(width * image.naturalHeight / image.naturalWidth - height);
    return wrong > Math.max(1, 0.005 * height);
  }).map((image) => image.src)"""

FONTS = """() => [...document.fonts].filter((font) => font.status !== "unloaded")
  .map((font) => [font.family, font.status])"""

# What sticks out of the page, unless it lies in a box that scrolls or clips.
STICKING_OUT = """() => {
  const contained = (element) => {
    for (let box = element.parentElement; box; box = box.parentElement) {
      if (getComputedStyle(box).overflowX !== "visible" && box !== document.body
          && box !== document.documentElement) return true;
    }
    return false;
  };
  const found = [...document.querySelectorAll(".bd-article-container *")]
    .filter((element) => element.getClientRects().length
      && element.getBoundingClientRect().right > innerWidth + 1 && !contained(element))
    .map((element) => `${element.className}: ${element.textContent.slice(0, 40)}`);
  const width = document.documentElement.scrollWidth;
  return width > innerWidth ? [...found, `the page is ${width} wide`] : found;
}"""

# Wide equations that no key reaches, or narrow ones on which it stops.
UNREACHED = """() => [...document.querySelectorAll(".math-scroll")]
  .filter((box) => (box.scrollWidth > box.clientWidth + 1) !== (box.tabIndex === 0))
  .map((box) => box.querySelector("annotation")?.textContent.trim() ?? box.innerHTML)"""

# Paragraphs wider than 70 letters or so, and code smaller than 14 px.
HARD_TO_READ = """() => {
  const seen = (selector) => [...document.querySelectorAll(selector)]
    .filter((element) => element.checkVisibility());
  const size = (element) => parseFloat(getComputedStyle(element).fontSize);
  const wide = seen(".bd-article p")
    .filter((text) => !text.closest("table, .chapter-list")
      && text.clientWidth > 42 * size(text))
    .map((text) => `wide: ${text.textContent.slice(0, 40)}`);
  const small = seen(".bd-article pre").filter((code) => size(code) < 14)
    .map((code) => `small: ${code.textContent.slice(0, 40)}`);
  return [...wide, ...small];
}"""

# Printed lines that go on beyond a phone, unless they are columns; and code that goes
# on beyond it and does not show so by a shadow at its edge.
CUT = """() => [...document.querySelectorAll(".bd-article pre")]
  .filter((code) => code.checkVisibility())
  .flatMap((code) => {
    const output = code.closest(".output");
    const boxes = output ? [code, output] : [code];
    const cut = boxes.find((box) => box.scrollWidth > box.clientWidth + 1
      && getComputedStyle(box).overflowX !== "visible");
    if (!cut) return [];
    const words = output?.matches(".stream:not(.columns)");
    const shown = getComputedStyle(cut).backgroundImage.includes("gradient");
    const start = code.textContent.slice(0, 40);
    return words || !shown ? [`${output?.className ?? "code"}: ${start}`] : [];
  })"""

# Figures with letters below 9 px, out of proportion, without a link to themselves, or
# that go on beyond their box and do not show it.
BAD_FIGURES = """() => [...document.querySelectorAll("figure .figure-box > img")]
  .filter((image) => image.checkVisibility())
  .flatMap((image) => {
    const [box, figure] = [image.parentElement, image.closest("figure")];
    const scale = image.getBoundingClientRect().width / image.getAttribute("width");
    const letters = image.dataset.letters * scale;
    const tall = image.getBoundingClientRect().height / image.getAttribute("height");
    const more = box.scrollWidth > box.clientWidth + 1;
    return [
      letters < 8.95 && `letters of ${letters.toFixed(1)} px`,
      Math.abs(tall / scale - 1) > 0.02 && "out of proportion",
      more !== Boolean(box.dataset.goesOn && box.tabIndex === 0) && "goes on unseen",
      !figure.querySelector(`figcaption a[href="#${figure.id}"]`) && "no link to it",
    ].filter(Boolean).map((fault) => `${figure.id}: ${fault}`);
  })"""

# Most elements of a chapter are parts of formulas and coloured words of code, which all
# come from two programs. So ten formulas stand for all, without the insides that screen
# readers do not get, and three words of each colour. (In a table's head, axe would not
# count a formula as text.)
FEWER_ELEMENTS = """() => {
  const formulas = [...document.querySelectorAll(".katex")];
  for (const [place, formula] of formulas.entries()) {
    if (place >= 10 || formula.closest("th")) formula.replaceWith("x");
  }
  for (const seen of document.querySelectorAll(".katex-html")) seen.textContent = "x";
  const times = {};
  for (const word of document.querySelectorAll("pre span[class]")) {
    times[word.className] = (times[word.className] ?? 0) + 1;
    if (times[word.className] > 3) word.replaceWith(...word.childNodes);
  }
  document.querySelectorAll("pre").forEach((code) => code.normalize());
}"""

# Contrast takes axe longer than all other rules. It follows from how letters look and
# what lies behind them: where tags, classes, letters and backgrounds are the same all
# the way up, three pieces of text stand for all.
MARK_LOOKS = """() => {
  const own = (element) => {
    const { backgroundColor, backgroundImage, opacity, filter, position } =
      getComputedStyle(element);
    return [element.tagName, element.getAttribute("class"), backgroundColor,
      backgroundImage, opacity, filter, position].join();
  };
  const letters = (element) => {
    const { color, fontSize, fontWeight, textShadow } = getComputedStyle(element);
    return [color, fontSize, fontWeight, textShadow].join();
  };
  const grounds = new Map([[null, ""]]);
  const times = {};
  for (const element of document.querySelectorAll("*")) {
    const ground = `${grounds.get(element.parentElement)} ${own(element)}`;
    grounds.set(element, ground);
    const reads = element.matches("input, select, textarea")
      || [...element.childNodes].some((n) => n.nodeType === 3 && n.data.trim());
    const look = `${ground} ${letters(element)}`;
    const looked = reads && element.checkVisibility()
      && (times[look] = (times[look] ?? 0) + 1) <= 3;
    element.toggleAttribute("data-look", looked);
  }
}"""
THREE_OF_A_LOOK = """axe.configure({
  rules: [{ id: "color-contrast", selector: "[data-look]" }],
})"""

# The window has its new size, and what watches sizes has had its say. (A browser that
# has stopped painting would never have it.)
RESIZED = """(width) => new Promise((resolve, reject) => {
  setTimeout(() => reject(new Error("stalled: nothing is painted")), 30000);
  const look = () => (innerWidth === width
    ? requestAnimationFrame(() => requestAnimationFrame(() => resolve(null)))
    : requestAnimationFrame(look));
  look();
})"""
FONTS_THERE = """() => new Promise((resolve, reject) => {
  setTimeout(() => reject(new Error("stalled: fonts do not come")), 30000);
  document.fonts.ready.then(() => resolve(null));
})"""


# What is said of a page that a browser never finished.
STALLED = (r"Page\.goto: Timeout", "Error: stalled: ", "browser has been closed")


@dataclass
class Visit:
    """What was found on one page; empty lists are good news.

    Attributes:
        weight: bytes and requests of the page read to its end.
        trouble: errors and warnings of the console, exceptions, requests that failed,
            and requests to anyone but the site.
        hollow: pictures that are not there.
        stretched: pictures shown wider or narrower than they are.
        fonts: families of letters that the page loaded, and how it ended.
        formulas: how many there are.
        shift: how much moved while the page loaded, in Chromium's measure.
        dead_sliders: sliders that do not do what they should.
        sticking_out: what is wider than a phone, by width, colours and framework.
        wide_equations: how many scroll on a small phone.
        unreached: equations that scroll there and not by keyboard, or the reverse.
        hard_to_read: lines that are too long and code that is too small.
        cut: what goes on beyond a phone's edge, and does not show it.
        bad_figures: what is wrong with figures on a phone.
        violations: axe's findings, by window and colours.
    """

    weight: Weight
    trouble: list[str]
    hollow: list[str] = field(default_factory=list)
    stretched: list[str] = field(default_factory=list)
    fonts: list[tuple[str, str]] = field(default_factory=list)
    formulas: int = 0
    shift: float = 0.0
    dead_sliders: list[str] = field(default_factory=list)
    sticking_out: dict[str, list[str]] = field(default_factory=dict)
    wide_equations: int = 0
    unreached: list[str] = field(default_factory=list)
    hard_to_read: list[str] = field(default_factory=list)
    cut: list[str] = field(default_factory=list)
    bad_figures: list[str] = field(default_factory=list)
    violations: dict[str, list[tuple[str, ...]]] = field(default_factory=dict)


def watch(page: Page, allowed: tuple[str, ...]) -> list[str]:
    """Return a list that fills with whatever goes wrong on a page.

    Args:
        page: the page, before it is opened.
        allowed: beginnings of the addresses that it may ask for.
    """
    trouble: list[str] = []

    def hear(message) -> None:
        if message.type in ("error", "warning"):
            trouble.append(f"{message.type}: {message.text}")

    def see(request) -> None:
        if not request.url.startswith(allowed):
            trouble.append(f"asked for {request.url}")

    def answered(response) -> None:
        if response.status >= 400:
            trouble.append(f"{response.status}: {response.url}")

    def failed(request) -> None:
        if request.failure != "net::ERR_ABORTED":  # the page was left before it came
            trouble.append(f"failed: {request.url} ({request.failure})")

    page.on("console", hear)
    page.on("pageerror", lambda error: trouble.append(f"exception: {error}"))
    page.on("requestfailed", failed)
    page.on("request", see)
    page.on("response", answered)
    return trouble


def visit(browser: Browser, address: str, name: str) -> Visit:
    """Open one page and note all that is wrong with it.

    The order matters: weight and quiet are of the page as it comes, axe is last, since
    it gets a page with fewer elements.

    Args:
        browser: a running browser.
        address: where the site is served.
        name: the page's address within the site.
    """
    context = browser.new_context(viewport=WIDE, color_scheme="light")
    context.add_init_script(WATCH_SHIFTS)
    page = context.new_page()
    trouble = watch(page, (address, "data:"))
    scales = Scales(page)
    scales.wire.send("Network.emulateNetworkConditions", SLOW)
    page.goto(f"{address}/{name}")
    page.wait_for_load_state("load")
    page.evaluate(FONTS_THERE)
    page.wait_for_timeout(500)
    shift = page.evaluate("window.shift")
    scales.wire.send("Network.emulateNetworkConditions", FULL_SPEED)
    read_through(page)
    page.wait_for_load_state("networkidle")

    found = Visit(scales.read(address, name), trouble)
    found.shift = shift
    found.hollow = page.evaluate(HOLLOW)
    found.stretched = page.evaluate(STRETCHED)
    found.fonts = [tuple(pair) for pair in page.evaluate(FONTS)]
    found.formulas = page.locator(".katex").count()
    found.dead_sliders = try_sliders(page)
    found.hard_to_read = page.evaluate(HARD_TO_READ)
    try_phone(page, found)
    found.violations = run_axe(page)
    context.close()
    return found


def try_sliders(page: Page) -> list[str]:
    """Move every slider to an end; return what did not follow."""
    dead = []
    for place, figure in enumerate(page.locator("figure.book-explore").all()):
        image = figure.locator("img").first
        for slider in figure.locator("input[type=range]").all():
            who = f"slider {slider.get_attribute('id')} of figure {place}"
            over = figure.locator("img").last
            source, alt = over.evaluate("(i) => i.src"), image.get_attribute("alt")
            value = slider.get_attribute("aria-valuetext")
            output = slider.evaluate("(s) => s.nextElementSibling.textContent")
            at_end = slider.input_value() == slider.get_attribute("max")
            try:
                slider.press("Home" if at_end else "End", timeout=2000)
                page.wait_for_function(
                    "([image, source]) => image.src !== source && (image.hidden"
                    " || (image.complete && image.naturalWidth > 0))",
                    arg=[over.element_handle(), source],
                    timeout=5000,
                )
            except Error:
                dead.append(f"{who}: the picture stays")
                continue
            if image.get_attribute("alt") == alt:
                dead.append(f"{who}: the alt text stays")
            if slider.get_attribute("aria-valuetext") in (None, "", value):
                dead.append(f"{who}: the value that is read out stays")
            if slider.evaluate("(s) => s.nextElementSibling.textContent") == output:
                dead.append(f"{who}: the value beside it stays")
    return dead


def try_phone(page: Page, found: Visit) -> None:
    """Note what is too wide for a phone, in each framework and colour."""
    page.evaluate("document.querySelectorAll('details').forEach((d) => d.open = true)")
    for window, scheme, framework in (
        (PHONE, "light", "PyTorch"),
        (SMALL_PHONE, "light", "PyTorch"),
        (PHONE, "dark", "Keras"),
    ):
        page.evaluate(
            f"document.documentElement.dataset.framework = '{framework.lower()}'"
        )
        show(page, window, scheme)
        key = f"{window['width']} {scheme} {framework}"
        found.sticking_out[key] = page.evaluate(STICKING_OUT)
        if window is PHONE and scheme == "light":
            found.cut = page.evaluate(CUT)
            found.bad_figures = page.evaluate(BAD_FIGURES)
        if window is SMALL_PHONE:
            page.evaluate(FONTS_THERE)  # of what has been opened
            found.unreached = page.evaluate(UNREACHED)
            found.wide_equations = page.locator(".math-scroll[tabindex='0']").count()


def show(page: Page, window: dict[str, int], scheme: str) -> None:
    """Show a page in a window of another size, in light or dark colours."""
    page.evaluate(f"document.documentElement.dataset.theme = '{scheme}'")
    page.set_viewport_size(window)
    page.evaluate(RESIZED, window["width"])


# On a busy machine a colour may still be on its way from one theme to the other.
AT_ONCE = "*, ::before, ::after { transition: none !important; }"
SETTLED = """() => new Promise((resolve, reject) => {
  setTimeout(() => reject(new Error("stalled: colours still change")), 30000);
  Promise.allSettled(document.getAnimations()
    .filter((each) => Number.isFinite(each.effect.getComputedTiming().endTime))
    .map((each) => each.finished)).then(() => resolve(null));
})"""


def run_axe(page: Page) -> dict[str, list[tuple[str, ...]]]:
    """Run axe on a wide window in both colours and on a phone.

    Colours differ between the two themes alone, so contrast is measured once in each;
    the other rules are run where the layout differs.
    """
    page.add_style_tag(content=AT_ONCE)
    page.evaluate(FEWER_ELEMENTS)
    page.evaluate(AXE_SCRIPT)
    page.evaluate(THREE_OF_A_LOOK)
    contrast, all_but_contrast = (
        {"runOnly": ["color-contrast", "link-in-text-block"]},
        {"rules": {"color-contrast": {"enabled": False}}},
    )
    found = {}
    for kind, window, scheme, rules in (
        ("phone", PHONE, "dark", all_but_contrast),
        ("dark", WIDE, "dark", contrast),
        ("light", WIDE, "light", {}),
    ):
        show(page, window, scheme)
        page.evaluate(SETTLED)
        if rules is not all_but_contrast:
            page.evaluate(MARK_LOOKS)
        options = {"resultTypes": ["violations"], **rules}
        answer = page.evaluate("(options) => axe.run(document, options)", options)
        found[kind] = [
            (rule["id"], node["html"][:200], node.get("failureSummary", "")[:300])
            for rule in answer["violations"]
            for node in rule["nodes"][:3]
        ]
    return found


class Running:
    """A worker's browser, and another one once that has stalled.

    Attributes:
        playwright: what starts browsers.
        process: the number of the browser's own process.
        stalled: whether a page has said so; the next who asks gets a new browser.
    """

    def __init__(self, playwright: Playwright) -> None:
        self.playwright = playwright
        self._start()

    def _start(self) -> None:
        self._browser = launch(self.playwright)
        self.process = process_of(self._browser)
        self.stalled = False

    @property
    def browser(self) -> Browser:
        """One that answers, as far as is known."""
        if self.stalled or not self._browser.is_connected():
            self.close()
            self._start()
        return self._browser

    def visit(self, address: str, name: str, seconds: float = 300) -> Visit:
        """Open a page, which takes seconds, and on a slow machine a minute."""
        browser = self.browser
        with deadline(self.process, seconds):
            return visit(browser, address, name)

    def close(self) -> None:
        """End it, whatever state it is in."""
        with deadline(self.process, 20):
            self._browser.close()
