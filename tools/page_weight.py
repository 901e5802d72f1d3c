"""What each page of the built book costs a reader: bytes over the wire and requests.

``python -m tools.page_weight`` serves the site from this machine, compressed as a web
host would, and reads each page to its end in a browser with an empty cache.
"""

from __future__ import annotations

from dataclasses import dataclass

from playwright.sync_api import Browser, sync_playwright

from tools.browser import launch, pages, serve


@dataclass(frozen=True)
class Weight:
    """What one page costs.

    Attributes:
        page: its address within the site.
        bytes: all that was sent for it, headers and compression included.
        requests: in how many requests.
        figures: the part of ``bytes`` that is the page's own pictures.
    """

    page: str
    bytes: int
    requests: int
    figures: int


def weigh(browser: Browser, address: str, page: str) -> Weight:
    """Read one page to its end with an empty cache and count.

    Args:
        browser: a running browser.
        address: where the site is served.
        page: the page's address within the site.
    """
    context = browser.new_context()
    tab = context.new_page()
    wire = context.new_cdp_session(tab)
    wire.send("Network.enable")
    addresses: dict[str, str] = {}
    sizes: dict[str, int] = {}

    def note_request(event: dict) -> None:
        addresses[event["requestId"]] = event["request"]["url"]

    def note_size(event: dict) -> None:
        sizes[event["requestId"]] = int(event["encodedDataLength"])

    wire.on("Network.requestWillBeSent", note_request)
    wire.on("Network.loadingFinished", note_size)
    tab.goto(f"{address}/{page}", wait_until="networkidle")
    height = tab.evaluate("document.documentElement.scrollHeight")
    for position in range(0, height, 800):  # pictures load as they come into view
        tab.evaluate(f"window.scrollTo(0, {position})")
        tab.wait_for_timeout(20)
    tab.wait_for_load_state("networkidle")
    context.close()
    sent = {
        addresses[key]: size
        for key, size in sizes.items()
        if addresses.get(key, "").startswith(address)
    }
    figures = sum(size for url, size in sent.items() if "/_images/" in url)
    return Weight(page, sum(sent.values()), len(sent), figures)


def weigh_all() -> list[Weight]:
    """Weigh every page of the built book."""
    with sync_playwright() as playwright, serve() as address:
        browser = launch(playwright)
        weights = [weigh(browser, address, page) for page in pages()]
        browser.close()
    return weights


def run() -> list[tuple[str, int, int]]:
    """Return each page's address, bytes over the wire and requests, figures and all."""
    return [(weight.page, weight.bytes, weight.requests) for weight in weigh_all()]


def main() -> None:
    """Print a table."""
    print(f"{'KB':>7}  {'without figures':>15}  {'requests':>8}  page")
    for weight in weigh_all():
        text = weight.bytes - weight.figures
        print(
            f"{weight.bytes / 1000:7.0f}  {text / 1000:15.0f}  {weight.requests:8d}  "
            f"{weight.page}"
        )


if __name__ == "__main__":
    main()
