"""A reader's own copy of a notebook: run, saved, and opened again without a kernel."""

from __future__ import annotations

import contextlib
import json
import os
import socket
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import nbformat
import pytest
from nbconvert import HTMLExporter
from nbformat.v4 import new_code_cell, new_notebook
from playwright.sync_api import Browser, Page, TimeoutError, expect

from tools.browser import ROOT

EXPLORE = """\
import matplotlib.pyplot as plt
from utils.explore import explore

def draw(n):
    fig, ax = plt.subplots(figsize=(4, 2))
    ax.plot([0, n])
    ax.set_ylim(0, 9)
    return fig

explore(draw, alt=lambda n: f"A line to {n}.", caption="Pick $n$.", n=range(1, 9))"""
# Quiet and by itself: no token, no news, no browser of its own.
LAB = (
    "--allow-root",
    "--no-browser",
    "--IdentityProvider.token=",
    "--ServerApp.password=",
    "--LabApp.news_url=",
)


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with one notebook."""
    home = tmp_path_factory.mktemp("lab")
    cells = [new_code_cell(EXPLORE, id="explore")]
    notebook = new_notebook(cells=cells)
    notebook.metadata.kernelspec = {"name": "python3", "display_name": "Python 3"}
    nbformat.write(notebook, home / "copy.ipynb")
    return home


@pytest.fixture(scope="module")
def lab(home: Path) -> Iterator[str]:
    """The address of a Jupyter Lab over that folder."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    environment = os.environ | {
        "PYTHONPATH": str(ROOT),
        **{f"JUPYTER_{kind}_DIR": str(home / kind) for kind in ("CONFIG", "RUNTIME")},
        "JUPYTERLAB_SETTINGS_DIR": str(home / "settings"),
        "JUPYTERLAB_WORKSPACES_DIR": str(home / "workspaces"),
    }
    command = [sys.executable, "-m", "jupyterlab", *LAB, f"--port={port}"]
    command += [f"--ServerApp.root_dir={home}"]
    with (home / "log").open("w") as log:
        server = subprocess.Popen(
            command, env=environment, stdout=log, stderr=log, cwd=home
        )
    try:
        yield f"http://127.0.0.1:{port}"
    finally:
        server.terminate()
        with contextlib.suppress(subprocess.TimeoutExpired):
            server.wait(10)
        server.kill()


def open_copy(page: Page, lab: str, query: str = "") -> None:
    """Open the notebook, as soon as the server answers."""
    for _ in range(60):
        with contextlib.suppress(Exception):
            page.goto(f"{lab}/lab/tree/copy.ipynb?reset{query}")
            break
        page.wait_for_timeout(500)
    page.wait_for_selector(".jp-CodeCell .cm-content", timeout=60_000)


def end_kernels(page: Page, lab: str) -> None:
    """Shut every kernel down, as on leaving Jupyter Lab."""
    tokens = [c["value"] for c in page.context.cookies() if c["name"] == "_xsrf"]
    for session in json.loads(page.request.get(f"{lab}/api/sessions").text()):
        page.request.delete(
            f"{lab}/api/sessions/{session['id']}", headers={"X-XSRFToken": tokens[0]}
        )


def test_sliders_live_in_lab_and_their_picture_stays(browser: Browser, lab: str):
    page = browser.new_context().new_page()
    open_copy(page, lab)
    saved, live = (page.locator(".jp-OutputArea-child").nth(k) for k in (0, 1))
    expect(page.get_by_text("(ipykernel) | Idle")).to_be_visible(timeout=60_000)
    for _ in range(3):  # a kernel that has just started may miss the first call
        page.locator(".jp-CodeCell .cm-content").first.click()
        page.keyboard.press("Control+Enter")
        with contextlib.suppress(TimeoutError):
            live.locator("img").wait_for(timeout=20_000)
            break
    expect(saved).to_be_hidden()
    live.locator(".noUi-handle").press("ArrowRight")
    expect(live.locator("img")).to_have_attribute("alt", "A line to 2.")
    page.keyboard.press("Control+s")
    page.wait_for_timeout(1000)
    end_kernels(page, lab)
    page.context.close()

    page = browser.new_context().new_page()
    open_copy(page, lab, "&kernel=none")
    expect(page.get_by_alt_text("A line to 1.")).to_be_visible(timeout=30_000)
    page.wait_for_timeout(2000)  # until the widget manager has given up
    expect(page.get_by_text("model not found")).to_be_hidden()
    page.context.close()


def test_a_saved_copy_converts_with_its_picture(
    browser: Browser, home: Path, tmp_path: Path
):
    """Needs the test above: it is the copy that Jupyter Lab has saved."""
    notebook = nbformat.read(home / "copy.ipynb", as_version=4)
    assert len(notebook.cells[0].outputs) == 2, "Jupyter Lab has not saved what it ran"
    html, _ = HTMLExporter().from_notebook_node(notebook)
    target = tmp_path / "copy.html"
    target.write_text(html, encoding="utf-8")
    page = browser.new_context().new_page()
    page.context.set_offline(True)
    page.goto(target.as_uri())
    image = page.get_by_alt_text("A line to 1.")
    expect(image).to_be_visible()
    assert image.evaluate("(image) => image.naturalWidth") > 0
    page.context.close()
