"""A headless browser over the built book, for the tests and for weighing pages."""

from __future__ import annotations

import contextlib
import gzip
import os
import shutil
import signal
import threading
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import TYPE_CHECKING

from tools import contents
from tools.build import PAGE, ROOT

if TYPE_CHECKING:
    from collections.abc import Iterator

    from playwright.sync_api import Browser, Page, Playwright

SITE = ROOT / PAGE.parent
NAMES = ("chromium", "chromium-browser", "google-chrome", "chrome", "msedge")
# Without a sandbox (containers have none) and without the browser's own errands.
ARGUMENTS = (
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
)


def find_browser(playwright: Playwright) -> str | None:
    """Return the path of a Chromium, Chrome or Edge, or None when there is none."""
    for name in NAMES:
        if path := shutil.which(name):
            return path
    own = playwright.chromium.executable_path  # after `playwright install chromium`
    return own if Path(own).is_file() else None


def launch(playwright: Playwright) -> Browser:
    """Start the browser that ``find_browser`` finds.

    Raises:
        FileNotFoundError: there is none.
    """
    path = find_browser(playwright)
    if path is None:
        raise FileNotFoundError(
            "no Chromium, Chrome or Edge was found; install one, "
            "or run: playwright install chromium"
        )
    return playwright.chromium.launch(executable_path=path, args=list(ARGUMENTS))


def process_of(browser: Browser) -> int:
    """Return the number of a running browser's own process."""
    session = browser.new_browser_cdp_session()
    running = session.send("SystemInfo.getProcessInfo")["processInfo"]
    session.detach()
    return next(process["id"] for process in running if process["type"] == "browser")


@contextlib.contextmanager
def deadline(process: int, seconds: float) -> Iterator[None]:
    """End a browser that is not done in time: else nobody would ever hear of it.

    What waits for the browser then raises Playwright's error, that it has been closed.

    Args:
        process: the number of the browser's process.
        seconds: the time that the block may take.
    """
    kill = getattr(signal, "SIGKILL", signal.SIGTERM)  # Windows knows one way only
    timer = threading.Timer(seconds, os.kill, (process, kill))
    timer.start()
    try:
        yield
    finally:
        timer.cancel()


def pages() -> list[str]:
    """Return the addresses of the book's pages within the site, in the book's order.

    Addresses that only forward to a page are not among them.
    """
    found = [f"{page}.html" for page in contents.pages()]
    return [*found, "genindex.html", "search.html"]


def read_through(page: Page) -> None:
    """Scroll to the end, so that pictures that wait to be seen are loaded.

    Pictures are fetched some way ahead of the view: a step of a window and a half
    misses none.
    """
    page.evaluate(
        """async () => {
          const height = document.documentElement.scrollHeight;
          for (let position = 0; position < height; position += 1350) {
            scrollTo(0, position);
            await new Promise((resolve) => { setTimeout(resolve, 10); });
          }
        }"""
    )
    page.wait_for_timeout(100)


class _Handler(SimpleHTTPRequestHandler):
    """Serve files as a web host does: text compressed, connections kept."""

    protocol_version = "HTTP/1.1"
    compressed = (".html", ".css", ".js", ".json", ".svg", ".txt", ".ipynb")

    def do_GET(self) -> None:
        path = Path(self.translate_path(self.path))
        if path.is_dir():
            path /= "index.html"
        if not path.is_file():
            self.send_error(404)
            return
        content = path.read_bytes()
        self.send_response(200)
        self.send_header("Content-Type", self.guess_type(str(path)))
        if path.suffix in self.compressed:
            content = gzip.compress(content, mtime=0)
            self.send_header("Content-Encoding", "gzip")
        self.send_header("Content-Length", str(len(content)))
        self.end_headers()
        self.wfile.write(content)

    def log_message(self, format: str, *args: object) -> None:
        """Say nothing."""


class _Server(ThreadingHTTPServer):
    """A server that lets a page ask for many files at once.

    With the default of five waiting connections the sixth is dropped, and the browser
    tries it again after one second, three, seven, fifteen.
    """

    request_queue_size = 128


@contextlib.contextmanager
def serve(folder: Path = SITE) -> Iterator[str]:
    """Serve a folder on this machine alone; give its address, without a final slash."""
    handler = partial(_Handler, directory=str(folder))
    with _Server(("127.0.0.1", 0), handler) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield f"http://127.0.0.1:{server.server_port}"
        server.shutdown()
