"""Build a small book with the project's own configuration, for tests of ``_ext``."""

from __future__ import annotations

import contextlib
import io
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import nbformat
import yaml
from jupyter_book.sphinx import build_sphinx
from nbformat import NotebookNode

from tools.build import ROOT

KERNEL = {
    "kernelspec": {"display_name": "Python 3", "language": "python", "name": "python3"},
    "language_info": {"name": "python"},
}


def markdown(text: str) -> NotebookNode:
    return nbformat.v4.new_markdown_cell(text)


def code(text: str, *tags: str, output: str = "", **metadata: Any) -> NotebookNode:
    """Return an executed code cell that printed ``output``."""
    cell = nbformat.v4.new_code_cell(text, metadata={"tags": list(tags), **metadata})
    if output:
        stream = nbformat.v4.new_output("stream", name="stdout", text=output)
        cell.outputs = [stream]
    return cell


def notebook(*cells: NotebookNode) -> str:
    """Return the text of a notebook file."""
    whole = nbformat.v4.new_notebook(metadata=KERNEL)
    for number, cell in enumerate([markdown("# A chapter"), *cells]):
        whole.cells.append(nbformat.from_dict({**cell, "id": f"cell-{number}"}))
    return nbformat.writes(whole)


@dataclass(frozen=True)
class Built:
    """A built book: where it is and what the build said."""

    site: Path
    status: Any
    messages: str

    def page(self, name: str) -> str:
        return (self.site / f"{name}.html").read_text(encoding="utf-8")


def build(
    folder: Path, files: dict[str, str], url: str = "", toc: dict | None = None
) -> Built:
    """Build a book of a few files with the project's configuration.

    Args:
        folder: an empty folder.
        files: the text of each page by its path; the first is the book's first page.
        url: the project's address, as in ``_config.yml``.
        toc: what ``_toc.yml`` says; by default the pages stand side by side.
    """
    for name, text in {"references.bib": "", **files}.items():
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_text(text, encoding="utf-8")
    pages = [name.rpartition(".")[0] for name in files if not name.endswith(".bib")]
    if toc is None:
        toc = {"format": "jb-book", "root": pages[0]}
        if pages[1:]:
            toc["chapters"] = [{"file": page} for page in pages[1:]]
    (folder / "_toc.yml").write_text(yaml.safe_dump(toc), encoding="utf-8")

    config = yaml.safe_load((ROOT / "_config.yml").read_text(encoding="utf-8"))
    config["repository"]["url"] = url
    config["html"]["favicon"] = str(ROOT / config["html"]["favicon"])
    config["bibtex_bibfiles"] = ["references.bib"]
    sphinx = config["sphinx"]
    sphinx["local_extensions"] = dict.fromkeys(
        sphinx["local_extensions"], str(ROOT / "_ext")
    )
    for key in ("html_static_path", "templates_path"):
        sphinx["config"][key] = [str(ROOT / path) for path in sphinx["config"][key]]
    path = folder / "_config.yml"
    path.write_text(yaml.safe_dump(config), encoding="utf-8")

    said = io.StringIO()
    with contextlib.redirect_stderr(said), contextlib.redirect_stdout(said):
        status = build_sphinx(
            folder,
            folder / "_build" / "html",
            noconfig=True,
            path_config=path,
            confoverrides={
                "external_toc_path": str(folder / "_toc.yml"),
                "latex_individualpages": False,
                "nitpicky": True,
            },
            warningiserror=True,
            keep_going=True,
        )
    return Built(folder / "_build" / "html", status, said.getvalue())
