"""A browser over the built book; build it first: ``python -m tools.build``."""

from __future__ import annotations

import os
import re
from collections.abc import Callable, Iterator
from functools import cache, partial

import pytest
from playwright.sync_api import Browser, BrowserContext, Page, sync_playwright
from xdist.scheduler import LoadScopeScheduling

from tests.site.visit import STALLED, Running, Visit, watch
from tools.browser import SITE, find_browser, serve

NO_BROWSER = (
    "no Chromium, Chrome or Edge here, so the built pages are not tested; "
    "install one, or run: playwright install chromium"
)


class _ByPage(LoadScopeScheduling):
    """Gives all tests of one page to one worker, which opens it once.

    What is opened for one or two tests alone comes first: at the end, the other workers
    would wait for it.
    """

    def _split_scope(self, nodeid: str) -> str:
        file, _, rest = nodeid.partition("::")
        return rest.partition("[")[2] if "test_pages" in file else file


def pytest_xdist_make_scheduler(config: pytest.Config, log: object) -> _ByPage:
    """Share the files and the pages out between the workers, as they are ordered."""
    config.option.loadscopereorder = False
    return _ByPage(config, log)


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Put the pages last: they are many and small, so that all workers end together.

    About once in three thousand times a browser on a busy machine never says that a
    page is there, or never paints it, or no longer answers. Such a page, and nothing
    else that fails, is opened again, by another browser.
    """
    opened_again = pytest.mark.flaky(reruns=2, only_rerun=list(STALLED))
    for item in items:
        item.add_marker(opened_again)
    items.sort(
        key=lambda item: (
            item.path.stem == "test_pages",
            "reopened" not in item.path.stem,
        )
    )


RUNNING = pytest.StashKey[Running]()


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(item: pytest.Item, call: pytest.CallInfo):
    """The browser under which a page stalled is not asked again."""
    running = item.config.stash.get(RUNNING, None)
    said = str(call.excinfo.value) if call.excinfo else ""
    if running and re.search("|".join(STALLED), said):
        running.stalled = True
    return (yield)


@pytest.fixture(scope="session", autouse=True)
def _site() -> None:
    """Fail with one clear line when there is nothing to test."""
    if not (SITE / "index.html").is_file():
        pytest.exit(
            "the book is not built: run `python -m tools.build` first", returncode=1
        )


@pytest.fixture(scope="session")
def running(pytestconfig: pytest.Config) -> Iterator[Running]:
    """For what outlives a test; a test itself asks for ``browser``."""
    with sync_playwright() as playwright:
        if find_browser(playwright) is None:
            if os.environ.get("CI"):
                pytest.fail(NO_BROWSER)
            pytest.skip(NO_BROWSER)
        pytestconfig.stash[RUNNING] = made = Running(playwright)
        yield made
        made.close()


@pytest.fixture
def browser(running: Running) -> Browser:
    return running.browser


@pytest.fixture(scope="session")
def address() -> Iterator[str]:
    """Where the site is served, on this machine alone."""
    with serve() as url:
        yield url


@pytest.fixture(scope="session")
def visited(running: Running, address: str) -> Callable[[str], Visit]:
    """What was found on a page; the first test that asks for one opens it."""
    return cache(partial(running.visit, address))


@pytest.fixture
def new_context(browser: Browser) -> Iterator[Callable[..., BrowserContext]]:
    """Open a reader's browser: its own storage, and the network cut."""
    opened: list[BrowserContext] = []

    def make(**options: object) -> BrowserContext:
        context = browser.new_context(**options)
        context.set_offline(True)
        opened.append(context)
        return context

    yield make
    for context in opened:
        context.close()


@pytest.fixture
def reader(new_context: Callable[..., BrowserContext]) -> Iterator[Page]:
    """A page of a wide, light window, with the network cut; it must stay quiet."""
    options = {"viewport": {"width": 1280, "height": 900}, "color_scheme": "light"}
    page = new_context(**options).new_page()
    trouble = watch(page, ("file:", "data:"))
    yield page
    assert trouble == []
