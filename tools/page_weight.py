"""What each page of the built book costs a reader: bytes over the wire and requests.

``python -m tools.page_weight`` serves the site from this machine, compressed as a web
host would, and reads each page to its end in a browser with an empty cache.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from playwright.sync_api import sync_playwright

from tools.browser import launch, pages, read_through, serve

if TYPE_CHECKING:
    from playwright.sync_api import Browser, CDPSession, Page


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


class Scales:
    """Counts what is sent to one tab from now on.

    Attributes:
        wire: the tab's own line to the browser, on which the network is watched.
    """

    def __init__(self, tab: Page) -> None:
        self.wire: CDPSession = tab.context.new_cdp_session(tab)
        self._addresses: dict[str, str] = {}
        self._sizes: dict[str, int] = {}
        self.wire.on("Network.requestWillBeSent", self._note_request)
        self.wire.on("Network.loadingFinished", self._note_size)
        self.wire.send("Network.enable")

    def _note_request(self, event: dict) -> None:
        self._addresses[event["requestId"]] = event["request"]["url"]

    def _note_size(self, event: dict) -> None:
        self._sizes[event["requestId"]] = int(event["encodedDataLength"])

    def read(self, address: str, page: str) -> Weight:
        """Return what has come from one address so far.

        Args:
            address: where the site is served.
            page: the page's address within the site.
        """
        sent = {
            self._addresses[key]: size
            for key, size in self._sizes.items()
            if self._addresses.get(key, "").startswith(address)
        }
        figures = sum(size for url, size in sent.items() if "/_images/" in url)
        return Weight(page, sum(sent.values()), len(sent), figures)


def weigh(browser: Browser, address: str, page: str) -> Weight:
    """Read one page to its end with an empty cache and count.

    Args:
        browser: a running browser.
        address: where the site is served.
        page: the page's address within the site.
    """
    context = browser.new_context()
    tab = context.new_page()
    scales = Scales(tab)
    tab.goto(f"{address}/{page}", wait_until="networkidle")
    read_through(tab)
    tab.wait_for_load_state("networkidle")
    weight = scales.read(address, page)
    context.close()
    return weight


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
