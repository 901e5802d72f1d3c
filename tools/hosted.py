"""Run chapters where readers run them: on a hosted machine, and in odd places.

    python -m tools.hosted                       # every notebook, then the places
    python -m tools.hosted vision/cnn            # the notebooks of a chapter
    python -m tools.hosted --machine PYTHON      # on a machine that is there already

A hosted machine, such as Colab's, has PyTorch, TensorFlow, Keras and an old ipywidgets
(``.ci/hosted.txt``), and no ``utils``. Each chapter gets a fresh one, and each of its
notebooks lies alone in an empty folder. Its first three code cells must run: the first
fetches ``utils``, here from a copy of this repository. Nothing that the machine had may
be replaced.

The places are a copy of the book whose path has spaces and Chinese characters, opened
from several working directories, installed and not.
"""

from __future__ import annotations

import argparse
import json
import os
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from dataclasses import dataclass
from importlib.metadata import distributions
from pathlib import Path

import nbformat
from jupyter_client.kernelspec import KernelSpecManager
from jupyter_client.manager import AsyncKernelManager
from nbclient import NotebookClient
from nbclient.exceptions import CellExecutionError
from nbformat import NotebookNode

from tools.contents import ROOT, Chapter, chapters, short_name
from tools.notebooks import bootstrap_source

LIST = ROOT / ".ci" / "hosted.txt"
CELLS = 3
BRANCH = "trunk"
# What a reader's shell does not hand to the kernel.
NOT_THEIRS = ("PYTHON", "IPYTHON", "BOOK_", "VIRTUAL_ENV", "KERAS_BACKEND", "JUPYTER")
SAYS_WHERE = "import utils\nprint(utils.__file__)"
PLACE = "深度 学习, the book"
WAY_OUT = "in the book's folder: pip install -r requirements.txt"


def main(arguments: list[str] | None = None) -> int:
    """Run everything and print a table; return how much of it failed."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("chapters", nargs="*", help="such as vision/cnn; or all")
    parser.add_argument("--machine", type=Path, help="the Python of a hosted machine")
    given = parser.parse_args(arguments)
    wanted = [c for c in chapters() if not given.chapters or c.name in given.chapters]
    if len(wanted) < len(given.chapters):
        raise SystemExit("name chapters as in vision/cnn: their part and their name")

    with tempfile.TemporaryDirectory(prefix="hosted-") as name:
        folder = Path(name)
        base = given.machine or hosted_machine(folder / "base")
        # Not without a host: a pip of 2023 takes such an address for none.
        address = f"file://localhost{repository(folder / 'served')}"
        rows = []
        for result in _results(folder, base, address, wanted, not given.chapters):
            print(result, flush=True)
            rows.append(result)
    failed = [row for row in rows if row.problem]
    print(f"\n{len(rows) - len(failed)} passed, {len(failed)} failed")
    return len(failed)


@dataclass(frozen=True)
class Result:
    """What became of one notebook in one place."""

    name: str
    problem: str
    seconds: float

    def __str__(self) -> str:
        return f"{self.seconds:7.1f} s  {self.name}: {self.problem or 'runs'}"


def _results(
    folder: Path, base: Path, address: str, wanted: list[Chapter], places: bool
) -> Iterator[Result]:
    for chapter in wanted:
        yield from on_hosted_machine(folder / chapter.name, base, address, chapter)
    if places:
        yield from in_places(folder / "places", base)


# --- machines -------------------------------------------------------------------------


def hosted_machine(folder: Path) -> Path:
    """Install what a hosted machine has; return its Python."""
    subprocess.run([sys.executable, "-m", "venv", str(folder)], check=True)
    python = _python(folder)
    install = [str(python), "-m", "pip", "install", "--quiet", "-r", str(LIST)]
    subprocess.run(install, check=True)
    return python


def fresh(folder: Path, base: Path) -> Path:
    """Return the Python of a new machine that has what another one has.

    It is an empty environment that sees the other's packages: what lies in its own
    folder afterwards is what was installed on it.
    """
    make = [str(base), "-m", "venv", "--without-pip", str(folder)]
    subprocess.run(make, check=True)
    python = _python(folder)
    line = f"import site; site.addsitedir({str(_packages(base))!r})\n"
    (_packages(python) / "base.pth").write_text(line, encoding="utf-8")
    return python


def _python(folder: Path) -> Path:
    return folder / ("Scripts" if sys.platform == "win32" else "bin") / "python"


def _packages(python: Path) -> Path:
    ask = "import sysconfig; print(sysconfig.get_path('purelib'))"
    answer = subprocess.run(
        [str(python), "-c", ask], check=True, capture_output=True, text=True
    )
    return Path(answer.stdout.strip())


def installed(python: Path) -> dict[str, str]:
    """Return the packages in an environment's own folder and their versions."""
    found = distributions(path=[str(_packages(python))])
    return {d.metadata["Name"].lower(): d.version for d in found}


def repository(folder: Path) -> Path:
    """Copy the book as it is here, changes included, and commit the copy."""
    copy(folder)
    who = ["-c", "user.name=book", "-c", "user.email=book@example.org"]
    for command in (
        ["init", "--quiet", "--initial-branch", BRANCH],
        ["add", "--all"],
        [*who, "commit", "--quiet", "--no-gpg-sign", "--message", "The book"],
    ):
        subprocess.run(["git", *command], cwd=folder, check=True)
    return folder


def copy(folder: Path) -> None:
    """Copy what git knows of the book, or would add."""
    listed = subprocess.run(
        ["git", "ls-files", "-z", "--cached", "--others", "--exclude-standard"],
        cwd=ROOT,
        check=True,
        capture_output=True,
        text=True,
    )
    for name in filter(None, listed.stdout.split("\0")):
        if (ROOT / name).is_file():
            (folder / name).parent.mkdir(parents=True, exist_ok=True)
            shutil.copy(ROOT / name, folder / name)


# --- notebooks ------------------------------------------------------------------------


def first_cells(path: Path, bootstrap: str) -> NotebookNode:
    """Return a notebook of another's first code cells."""
    whole = nbformat.read(path, as_version=4)
    code = [cell for cell in whole.cells if cell.cell_type == "code"][:CELLS]
    code[0].source = bootstrap
    return nbformat.v4.new_notebook(cells=code)


def run(notebook: NotebookNode, python: Path, cwd: Path) -> tuple[str, str]:
    """Run a notebook's cells, and one that says where ``utils`` was found.

    Returns:
        What went wrong, and the file of ``utils``; either may be empty.
    """
    specs = python.parent / "kernels"
    (specs / "hosted").mkdir(parents=True, exist_ok=True)
    argv = [str(python), "-m", "ipykernel_launcher", "-f", "{connection_file}"]
    spec = {"argv": argv, "display_name": "hosted", "language": "python"}
    (specs / "hosted" / "kernel.json").write_text(json.dumps(spec), encoding="utf-8")
    manager = AsyncKernelManager(
        kernel_name="hosted",
        kernel_spec_manager=KernelSpecManager(kernel_dirs=[str(specs)]),
    )
    asks = nbformat.v4.new_code_cell(SAYS_WHERE)
    notebook = nbformat.v4.new_notebook(cells=[*notebook.cells, asks])
    place = {"metadata": {"path": str(cwd)}}
    client = NotebookClient(notebook, km=manager, resources=place, timeout=600)
    client.owns_km = True  # it stops the kernel in the end
    try:
        client.execute(env=_environment(python))
    except CellExecutionError as error:
        return f"{error.ename}: {error.evalue}", ""
    printed = (output.get("text", "") for output in notebook.cells[-1].outputs)
    return "", "".join(printed).strip()


def _environment(python: Path) -> dict[str, str]:
    kept = {k: v for k, v in os.environ.items() if not k.startswith(NOT_THEIRS)}
    kept["PATH"] = os.pathsep.join([str(python.parent), kept.get("PATH", "")])
    return kept | {"PYDEVD_DISABLE_FILE_VALIDATION": "1"}  # the debugger's chatter


def on_hosted_machine(
    folder: Path, base: Path, address: str, chapter: Chapter
) -> Iterator[Result]:
    """Run a chapter's notebooks on a machine that has seen none of the book."""
    folder.mkdir(parents=True)
    python = fresh(folder / "machine", base)
    there = installed(base)
    for path in chapter.notebooks:
        start = time.perf_counter()
        alone = folder / path.stem
        alone.mkdir()
        cells = first_cells(path, bootstrap_source(address, BRANCH))
        nbformat.write(cells, alone / path.name)
        problem, found = run(cells, python, alone)
        new = installed(python)
        if not problem and not Path(found).is_relative_to(_packages(python)):
            problem = f"utils was found in {found}"
        if replaced := sorted(new.keys() & there.keys()):
            problem = f"it replaced {', '.join(replaced)}"
        yield Result(short_name(path), problem, time.perf_counter() - start)
    print(f"{'':10}  fetched: {', '.join(f'{n} {v}' for n, v in sorted(new.items()))}")


def in_places(folder: Path, base: Path) -> Iterator[Result]:
    """Run one notebook of a copy of the book from several working directories."""
    book = folder / PLACE
    copy(book)
    path = book / chapters()[0].notebooks[0].relative_to(ROOT)
    elsewhere = folder / "else where"
    elsewhere.mkdir()
    directories = {
        "in the notebook's folder": path.parent,
        "in the book's folder, as VS Code may": book,
        "elsewhere": elsewhere,
    }
    python = fresh(folder / "machine", base)
    for done in ("not installed", "installed"):
        if done == "installed":
            install = ["-m", "pip", "install", "--quiet", "--no-deps", "-e", str(book)]
            subprocess.run([str(python), *install], check=True)
        for name, directory in directories.items():
            start = time.perf_counter()
            cells = first_cells(path, bootstrap_source(""))
            problem, found = run(cells, python, directory)
            if done == "installed" or directory == book:
                if not problem and Path(found).parent != book / "utils":
                    problem = f"utils was found in {found}"
            elif problem.endswith(WAY_OUT):
                problem = ""  # says in a sentence what to do
            else:
                problem = f"it did not say what to do: {problem or found}"
            seconds = time.perf_counter() - start
            yield Result(f"a copy, {done}, opened {name}", problem, seconds)


if __name__ == "__main__":
    sys.exit(min(main(), 1))
