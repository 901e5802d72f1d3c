"""Execute chapters in place and leave them clean enough to commit.

``make notebooks`` runs this on every notebook that differs from the last commit::

    python -m tools.notebooks                  # the changed chapters
    python -m tools.notebooks --all            # every chapter
    python -m tools.notebooks PATH [PATH ...]  # these; a folder stands for all in it
    python -m tools.notebooks --stamp          # only bootstrap cells, folds, sliders
    python -m tools.notebooks --twice PATH     # each cell twice; nothing is saved
    python -m tools.notebooks --full --out DIR PATH   # full profile, kept elsewhere

A chapter that raises, writes to stderr or prints a path of this machine is reported
and left as it was.
"""

from __future__ import annotations

import argparse
import os
import re
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import nbformat
import yaml
from nbclient import NotebookClient
from nbclient.exceptions import CellExecutionError
from nbformat import NotebookNode

from tools import sliders, twice
from tools.contents import ROOT, short_name

# One thread a kernel: two kernels on two cores then run three times faster than with
# default threads, and sums are added up in the same order on every machine.
KERNEL_ENVIRONMENT = {
    "OMP_NUM_THREADS": "1",
    "TF_NUM_INTRAOP_THREADS": "1",
    "TF_NUM_INTEROP_THREADS": "1",
    "BOOK_PROGRESS": "0",
}
# The rest is what one editor or another left there.
CELL_METADATA = ("tags", "mystnb", "jupyter", "cellView")
FOLDED = {"hide-input", "hide-cell", "solution"}  # the book folds cells of these tags
METADATA = {
    "kernelspec": {"display_name": "Python 3", "language": "python", "name": "python3"},
    "language_info": {"name": "python"},
}


def main(arguments: list[str] | None = None) -> int:
    """Execute, clean and save; return the number of chapters that failed."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("paths", nargs="*", type=Path)
    parser.add_argument("--all", action="store_true", help="every chapter")
    parser.add_argument(
        "--stamp",
        action="store_true",
        help="only bootstrap cells, folds and sliders; run nothing",
    )
    parser.add_argument(
        "--twice", action="store_true", help="run each cell twice and save nothing"
    )
    parser.add_argument("--full", action="store_true", help="full profile; needs --out")
    parser.add_argument("--out", type=Path, help="write the results to this folder")
    parser.add_argument("--jobs", type=int, default=2, help="kernels at a time")
    options = parser.parse_args(arguments)
    if options.full and not options.out:
        parser.error("--full needs --out: the committed outputs are the quick ones")
    if os.environ.get("PYTHONOPTIMIZE"):
        parser.error(
            "PYTHONOPTIMIZE is set, so Python leaves out every assertion and a chapter "
            "that is wrong would pass: unset it"
        )

    for name, value in KERNEL_ENVIRONMENT.items():
        os.environ.setdefault(name, value)
    os.environ["BOOK_PROFILE"] = "full" if options.full else "quick"
    if options.paths:
        paths = [found for path in options.paths for found in notebooks_at(path)]
    elif options.stamp:
        paths = chapters()
    else:
        paths = chapters() if options.all else changed_chapters()
    if not paths:
        print("no chapter has changed since the last commit (--all runs every one)")
        return 0
    if options.stamp:
        for path in paths:
            notebook = nbformat.read(path, as_version=4)
            stamp(notebook)
            write(notebook, path)
        return 0

    with ThreadPoolExecutor(options.jobs) as pool:
        if options.twice:
            done = "each cell run twice, nothing changed"
            problems = list(pool.map(twice.problems, paths))
        else:
            done = "executed"
            targets = [target_of(path, options.out) for path in paths]
            problems = list(pool.map(execute, paths, targets))
    for path, problem in zip(paths, problems, strict=True):
        print(f"{short_name(path)}: {problem or done}")
    return sum(problem is not None for problem in problems)


def chapters() -> list[Path]:
    """Return every chapter notebook, sorted."""
    found = (ROOT / "chapters").rglob("*.ipynb")
    return sorted(path for path in found if ".ipynb_checkpoints" not in path.parts)


def notebooks_at(path: Path) -> list[Path]:
    """Return a notebook itself, or those in a folder."""
    path = path.resolve()
    if not path.is_dir():
        return [path]
    return [found for found in chapters() if found.is_relative_to(path)]


def target_of(path: Path, out: Path | None) -> Path:
    """Return where the result of a notebook is written.

    Under ``out`` it has the folders that it has in the book, since two chapters may
    have a section of the same name.
    """
    return out / f"{short_name(path)}.ipynb" if out else path


def changed_chapters() -> list[Path]:
    """Return the chapters that differ from the last commit or are new."""
    # -z: names as they are, with a zero after each; the paths are from the folder
    # that git calls its own, which may lie above the book's.
    status = ["status", "--porcelain", "-z", "--no-renames", "--untracked-files=all"]
    try:
        above = git("rev-parse", "--show-prefix").strip("\n")
        changes = git(*status, "--", "chapters").split("\0")
    except (OSError, subprocess.CalledProcessError) as error:
        raise SystemExit(
            "git cannot say which chapters have changed ("
            + (getattr(error, "stderr", "") or str(error)).strip()
            + "). Name them, as in "
            "`python -m tools.notebooks chapters/vision/cnn.ipynb`, or give --all."
        ) from None
    names = {change[3:].removeprefix(above) for change in changes}
    return [path for path in chapters() if path.relative_to(ROOT).as_posix() in names]


def git(*arguments: str) -> str:
    """Ask git, in the book's folder."""
    answer = subprocess.run(
        ["git", *arguments], cwd=ROOT, check=True, capture_output=True, encoding="utf-8"
    )
    return answer.stdout


def execute(path: Path, target: Path) -> str | None:
    """Run one notebook and save it clean; return what went wrong, or ``None``."""
    notebook = nbformat.read(path, as_version=4)
    stamp(notebook)
    client = NotebookClient(
        notebook,
        timeout=None if os.environ["BOOK_PROFILE"] == "full" else 600,
        resources={"metadata": {"path": str(path.parent)}},
        record_timing=False,
        coalesce_streams=True,
    )
    try:
        client.execute()
    except CellExecutionError as error:
        return f"a cell raised\n{error}"
    clean(notebook)
    problem = find_noise(notebook)
    if problem is None:
        target.parent.mkdir(parents=True, exist_ok=True)
        write(notebook, target)
    return problem


def clean(notebook: NotebookNode) -> None:
    """Remove what would differ on another machine or bloat the file, in place."""
    notebook.metadata = nbformat.from_dict(METADATA)
    for cell in notebook.cells:
        kept = {k: v for k, v in cell.metadata.items() if k in CELL_METADATA}
        cell.metadata = nbformat.from_dict(kept)
        sliders.drop_live(cell)


def find_noise(notebook: NotebookNode) -> str | None:
    """Return what must not be committed in the outputs, or ``None``."""
    here = re.compile(
        "|".join(re.escape(str(place)) for place in {ROOT, Path.home(), sys.prefix})
    )
    for cell in notebook.cells:
        for output in cell.get("outputs", ()):
            if output.get("name") == "stderr":
                return f"cell {cell.id} wrote to stderr:\n{output.text}"
            expected_error = "raises-exception" in cell.metadata.get("tags", ())
            if not expected_error and here.search(str(output)):
                return f"cell {cell.id} shows a path of this machine"
        if "raises-exception" in cell.metadata.get("tags", ()):
            for output in cell.outputs:
                shorten_traceback(output)
    return None


def shorten_traceback(output: NotebookNode) -> None:
    """Keep the cell's own frame and the message of an error shown on purpose."""
    if output.output_type == "error":
        plain = [re.sub(r"\x1b\[[0-9;]*m", "", line) for line in output.traceback]
        own = [line for line in plain if line.startswith("Cell In")]
        message = f"{output.ename}: {output.evalue}"
        output.traceback = [*own[:1], message]


def repository_setting() -> tuple[str, str]:
    """Return the book's repository, or an empty string, and its branch."""
    config = yaml.safe_load((ROOT / "_config.yml").read_text(encoding="utf-8"))
    setting = config.get("repository", {})
    return setting.get("url") or "", setting.get("branch") or "main"


def bootstrap_source(url: str, branch: str = "main") -> str:
    """Return the first cell of every chapter, for a repository URL or none.

    pip leaves a package alone that is there in a version that will do, so the hosted
    machine's NumPy, PyTorch, TensorFlow and Keras stay (``python -m tools.hosted``).
    """
    package = "deep-learning-textbook-utils[chapters]"
    way_on = [
        f'    %pip install --quiet "{package} @ git+{url}@{branch}"',
        "    import utils.runtime  # noqa: F401",
    ]
    if not url:
        way_on = [
            '    way_out = "in the book\'s folder: pip install -r requirements.txt"',
            "    raise ModuleNotFoundError(way_out) from None",
        ]
    lines = [
        "# In Colab this fetches the book's helper package; elsewhere it does nothing.",
        "try:",
        "    import utils.runtime  # noqa: F401",
        "except ModuleNotFoundError:",
        "    import sys",
        "",
        '    if other := sys.modules.get("utils"):',
        "        place = other.__file__ or next(iter(other.__path__))",
        '        way_out = f"rename {place}, which hides '
        "the book's `utils`, and restart\"",
        "        raise ModuleNotFoundError(way_out) from None",
        *way_on,
    ]
    return "\n".join(lines)


def stamp(notebook: NotebookNode) -> None:
    """Write what the tags and the book's settings say into the cells, in place."""
    stamp_bootstrap(notebook)
    stamp_folds(notebook)
    sliders.stamp(notebook)


def stamp_folds(notebook: NotebookNode) -> None:
    """Fold in Jupyter and in Colab what the book folds, and nothing else.

    Solutions hide their output, too: it would give the answer away.
    """
    for cell in notebook.cells:
        tags = set(cell.metadata.get("tags", ()))
        cell.metadata.pop("jupyter", None)
        cell.metadata.pop("cellView", None)
        if cell.cell_type == "code" and tags & FOLDED:
            cell.metadata.jupyter = {"source_hidden": True}
            if "solution" in tags:
                cell.metadata.jupyter["outputs_hidden"] = True
            cell.metadata.cellView = "form"


def stamp_bootstrap(notebook: NotebookNode) -> None:
    """Make the first cell the bootstrap cell for the current repository setting."""
    cells = notebook.cells
    if not cells or "bootstrap" not in cells[0].metadata.get("tags", ()):
        cell = nbformat.v4.new_code_cell(id="bootstrap")
        cell.metadata.tags = ["bootstrap", "hide-cell"]
        cells.insert(0, cell)
    cells[0].source = bootstrap_source(*repository_setting())


def write(notebook: NotebookNode, path: Path) -> None:
    """Save a notebook in the one form that is committed."""
    nbformat.validate(notebook)
    text = nbformat.writes(notebook)
    path.write_text(text.rstrip("\n") + "\n", encoding="utf-8", newline="\n")


if __name__ == "__main__":
    sys.exit(main())
