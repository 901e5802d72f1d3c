"""Set before any test or kernel starts; say at the end how long each notebook took.

One thread each, quick profile, no bars; what is set already stays, so that the matrix
of machines (`python -m tools.machines`) can ask for two threads. In the kernels, a
figure with a fault (`tools.figures`) is an error, and pictures are not compressed.
"""

from __future__ import annotations

import os
from collections import defaultdict
from pathlib import PurePosixPath

import pytest

from tools import kernels
from tools.notebooks import KERNEL_ENVIRONMENT

for name, value in KERNEL_ENVIRONMENT.items():
    os.environ.setdefault(name, value)
os.environ.setdefault("BOOK_PROFILE", "quick")
os.environ.setdefault("HYPOTHESIS_STORAGE_DIRECTORY", ".hypothesis")


def pytest_configure() -> None:
    """Refuse to test where nothing is asserted."""
    if os.environ.get("PYTHONOPTIMIZE"):
        raise pytest.UsageError(
            "PYTHONOPTIMIZE is set, so Python leaves out every assertion and a "
            "notebook that is wrong would pass: unset it"
        )


def pytest_collection() -> None:
    """Have Triton loaded before TensorFlow, whichever a test imports first.

    `utils.runtime` sees to that; the other way round the two crash (see there).
    """
    from utils import runtime  # noqa: F401


def pytest_collection_finish(session: pytest.Session) -> None:
    """Prepare the kernels.

    They are forked, unless the imports cost more than so few notebooks save. In the
    tests of notebooks they compress no picture. A unit test may start a kernel that
    writes a notebook; its pictures are whole.
    """
    notebooks = {item.path for item in session.items if item.path.suffix == ".ipynb"}
    os.environ["IPYTHONDIR"] = str(kernels.refusing_figures(draft=bool(notebooks)))
    if len(notebooks) > 2:
        kernels.fork_from_now_on()


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    """Print the seconds of each notebook, and of each chapter with several."""
    sections: dict[str, float] = defaultdict(float)
    for reports in terminalreporter.stats.values():
        for report in reports:
            path = getattr(report, "nodeid", "").partition("::")[0]
            if path.startswith("chapters/") and path.endswith(".ipynb"):
                name = path.removeprefix("chapters/").removesuffix(".ipynb")
                sections[name] += getattr(report, "duration", 0.0)
    if not sections:
        return
    chapters: dict[str, float] = defaultdict(float)
    for name, seconds in sections.items():
        chapters["/".join(PurePosixPath(name).parts[:2])] += seconds
    terminalreporter.section("seconds a chapter, and a section")
    for chapter in sorted(chapters):
        terminalreporter.line(f"{chapters[chapter]:8.1f}  {chapter}")
        for name in sorted(n for n in sections if n.startswith(f"{chapter}/")):
            terminalreporter.line(f"{sections[name]:16.1f}  {name[len(chapter) + 1 :]}")
