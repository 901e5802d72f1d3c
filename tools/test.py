"""Check everything, or all there is of one chapter, and say at the end what failed.

    python -m tools.test                 # make test
    python -m tools.test vision/cnn      # make check CHAPTER=vision/cnn

Every stage runs, whatever became of the ones before it, so that a unit test does not
hide a broken page. The exit status is 0 only if none failed. What the stages are, and
how to run one alone, is in the README.
"""

from __future__ import annotations

import argparse
import os
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import NamedTuple
from xml.etree import ElementTree

ROOT = Path(__file__).resolve().parent.parent
FIRST_PAGE = ROOT / "_build" / "html" / "index.html"
PYTHON = (sys.executable, "-m")
# `tools` comes before the plugin that reads notebooks: see its first lines.
PYTEST = (*PYTHON, "pytest", "-p", "tools", "-q")
# Which lines of `utils` the unit tests run; the notebooks' kernels are not asked.
COVERAGE = ("--cov=utils", "--cov-report=term-missing:skip-covered")


class Stage(NamedTuple):
    """A command, and what it checks."""

    name: str
    command: tuple[str, ...]
    needs_site: bool = False


WHOLE = (
    Stage("style", (*PYTHON, "ruff", "check", ".")),
    Stage("format", (*PYTHON, "ruff", "format", "--check", ".")),
    Stage("types", (*PYTHON, "mypy")),
    Stage("unit tests", (*PYTEST, "tests", *COVERAGE)),
    Stage("notebooks", (*PYTEST, "chapters")),
    Stage("build", (*PYTHON, "tools.build", "--all")),
    Stage("pages in a browser", (*PYTEST, "tests/site"), True),
)


def main(arguments: list[str] | None = None) -> int:
    """Run the stages and print the table; return 1 if any failed."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("chapter", nargs="?", help="such as vision/cnn; or everything")
    options = parser.parse_args(arguments)
    stages = of_chapter(options.chapter) if options.chapter else WHOLE
    results = run(stages)
    print(table(results))
    return int(any(result.startswith("failed") for _, result, _ in results))


def of_chapter(name: str) -> tuple[Stage, ...]:
    """Return what proves one chapter: notebooks, exercises, form, its pages.

    Raises:
        SystemExit: There is no such chapter.
    """
    name = name.removeprefix("chapters/").removesuffix(".ipynb").strip("/")
    folder = ROOT / "chapters" / name
    place = folder if folder.is_dir() else folder.with_name(f"{folder.name}.ipynb")
    if "/" not in name or not place.exists():
        raise SystemExit(
            f"there is no chapter {name!r}; name one as in CHAPTER=vision/cnn: its "
            "part's folder and its own name under chapters/"
        )
    chapter = name.split("/")[1]
    stages = [
        Stage("notebooks", (*PYTEST, str(place.relative_to(ROOT)))),
        Stage("form", (*PYTEST, "-n0", "tests/test_book.py", "-k", chapter)),
    ]
    if (ROOT / "tests" / "answers" / f"{chapter}.py").is_file():
        of_it = (
            "tests/test_exercises.py",
            "-k",
            f"{chapter} or {chapter.replace('_', '-')}",
        )
        stages.append(Stage("exercises", (*PYTEST, "-n0", *of_it)))
    return (
        *stages,
        Stage("build", (*PYTHON, "tools.build")),
        Stage(
            "pages in a browser",
            (*PYTEST, "tests/site", "-k", f"chapters/{name}"),
            True,
        ),
    )


def run(stages: tuple[Stage, ...]) -> list[tuple[str, str, float]]:
    """Run each stage; return its name, its result and its seconds."""
    results, began = [], time.time()
    for stage in stages:
        print(f"\n=== {stage.name}: {' '.join(stage.command[2:])}", flush=True)
        start = time.perf_counter()
        # A site from before must not be tested in place of one that was not built. (A
        # build with a warning fails and leaves its pages: those are tested.)
        built = ("build", "passed") in [result[:2] for result in results] or (
            FIRST_PAGE.is_file() and FIRST_PAGE.stat().st_mtime >= began
        )
        stale = stage.needs_site and not built
        result = "failed: the build left no pages" if stale else once(stage.command)
        results.append((stage.name, result, time.perf_counter() - start))
    return results


def once(command: tuple[str, ...]) -> str:
    """Run a command; return ``passed``, ``skipped`` or ``failed``."""
    if "pytest" not in command:
        return "failed" if subprocess.call(command, cwd=ROOT) else "passed"
    with tempfile.TemporaryDirectory() as folder:
        report = Path(folder, "report.xml")
        status = subprocess.call((*command, f"--junitxml={report}"), cwd=ROOT)
        if status:
            return "failed"
        suite = ElementTree.parse(report).getroot().find("testsuite")
    # Nothing failed where nothing ran: that is not the same as passed.
    if suite is not None and suite.get("tests") == suite.get("skipped"):
        return "skipped"
    return "passed"


def table(results: list[tuple[str, str, float]]) -> str:
    """Return the stages with their results and seconds, and a last line for all."""
    rows = [f"{seconds:8.1f} s  {name:24}{result}" for name, result, seconds in results]
    failed = [name for name, result, _ in results if result.startswith("failed")]
    last = f"failed: {', '.join(failed)}" if failed else "nothing failed"
    total = sum(seconds for *_, seconds in results)
    return "\n".join(["", *rows, f"{total:8.1f} s  {last}"])


if __name__ == "__main__":
    os.environ.setdefault("PYTHONUNBUFFERED", "1")
    sys.exit(main())
