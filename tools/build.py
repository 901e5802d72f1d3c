"""Build the book: ``python -m tools.build``.

The pages are those of ``jupyter-book build . -n -W --keep-going`` (every warning is an
error, every reference must resolve), two seconds sooner. Only changed pages are built;
``--all`` builds every page, so that every warning is seen again. Options go to Jupyter
Book as they are.

Then ``tools.plain`` writes the notebooks that readers run, in ``_build/plain`` and
behind the pages' download buttons.
"""

from __future__ import annotations

import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
PAGE = Path("_build") / "html" / "index.html"


def main(arguments: list[str] | None = None) -> None:
    """Build the book and print where its first page is.

    Args:
        arguments: more options for ``jupyter-book build``; by default those of the
            command line.

    Raises:
        SystemExit: the build failed; what was wrong has been printed.
    """
    given = sys.argv[1:] if arguments is None else arguments
    from jupyter_book.cli.main import main as jupyter_book

    options = ["-n", "-W", "--keep-going", "--quiet", *given]
    jupyter_book(["build", str(ROOT), *options], standalone_mode=False)
    folder = ROOT
    if "--path-output" in given:
        folder = Path(given[given.index("--path-output") + 1]).resolve()
    from tools import plain  # brings in jsonschema, too

    plain.write(folder / "_build")
    print(f"The first page of the book is {folder / PAGE}")


if __name__ == "__main__":
    main()
