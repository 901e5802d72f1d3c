"""Run chapters at full size and store what comes out, for the book to show.

    python -m tools.full                         # every result that is stale or missing
    python -m tools.full vision/cnn              # those of a chapter
    python -m tools.full vision/cnn/mnist        # one of them
    python -m tools.full --list                  # what there is, and how fresh it is

Only the cells that a result needs are run: the one that calls ``full_size.report`` and
those before it that make the names it uses. Their sources are hashed; when one of
them changes, the result is stale, and the page and ``--list`` say so.

A seed that is done is on disk. Interrupt the run, start it again, and it goes on. So
does a result that only gets more seeds: those that are stored are not trained again.
"""

from __future__ import annotations

import argparse
import ast
import hashlib
import json
import os
import re
import symtable
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import nbformat
from nbclient import NotebookClient
from nbclient.exceptions import CellExecutionError, CellTimeoutError

from tools.contents import ROOT, chapters
from utils import full_size

PARTIAL = ROOT / "_build" / "full"


@dataclass(frozen=True)
class Result:
    """A result that a notebook can make.

    Attributes:
        chapter: the chapter's name.
        name: the result's name.
        notebook: the notebook's path.
        cells: the code cells that are run, in order.
    """

    chapter: str
    name: str
    notebook: Path
    cells: tuple[dict, ...]

    @property
    def key(self) -> str:
        """The chapter and the name, joined by a slash."""
        return f"{self.chapter}/{self.name}"

    @property
    def hash(self) -> str:
        """The hash of what is computed: of code, not of comments or of words shown."""
        return self.hash_with(*(ast.unparse(k.value) for k in self._seeds()))

    def hash_with(self, *seeds: str) -> str:
        """The hash if the seeds were written as ``seeds``."""
        code = [computed(source_of(cell)) for cell in self.cells[:-1]]
        trained = ast.unparse(self._call().args[2])
        text = "\n".join([*filter(None, code), trained, *seeds])
        return hashlib.sha256(text.encode("utf-8")).hexdigest()[:16]

    @property
    def begun(self) -> dict | None:
        """What is stored, if it is what these cells give for the first of the seeds."""
        stored = self.stored
        (seeds,) = (ast.unparse(each.value) for each in self._seeds())
        if stored is None or not (wanted := re.fullmatch(r"range\((\d+)\)", seeds)):
            return None
        n = len(stored["seeds"])
        if stored["seeds"] != list(range(n)) or n >= int(wanted[1]):
            return None
        same = {
            self.hash_with(written) for written in (f"range({n})", str([*range(n)]))
        }
        return {**stored, "cells": self.hash} if stored["cells"] in same else None

    def _call(self) -> ast.Call:
        own = (self.chapter, self.name)
        found = calls_of(source_of(self.cells[-1]))
        (call,) = (each for each in found if names_in(each) == own)
        return call

    def _seeds(self) -> list[ast.keyword]:
        return [each for each in self._call().keywords if each.arg == "seeds"]

    @property
    def stored(self) -> dict | None:
        """What the book holds of it."""
        return full_size.read(self.chapter).get(self.name)

    @property
    def state(self) -> str:
        """``fresh``, ``stale`` or ``missing``."""
        stored = self.stored
        if stored is None:
            return "missing"
        return "fresh" if stored["cells"] == self.hash else "stale"


def main(arguments: list[str] | None = None) -> int:
    """Run what was asked for; return how many results failed."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("names", nargs="*", help="chapters or results")
    parser.add_argument("--list", action="store_true", help="only say what there is")
    parser.add_argument(
        "--minutes", type=float, default=45, help="limit for a chapter (45)"
    )
    options = parser.parse_args(arguments)
    known = list(results())
    wanted = [
        each
        for each in known
        if not options.names or {each.key, each.chapter} & set(options.names)
    ]
    unknown = set(options.names) - {k for e in known for k in (e.key, e.chapter)}
    if unknown:
        names = ", ".join(each.key for each in known) or "none yet"
        parser.error(
            f"no result is called {', '.join(sorted(unknown))}; there are {names}"
        )
    if options.list:
        for each in wanted:
            print(f"{each.state:8} {each.key}")
        return 0

    failed = 0
    left = {each.chapter: 60 * options.minutes for each in wanted}
    for each in wanted:
        if each.state == "fresh" and not options.names:
            print(f"{each.key}: fresh")
            continue
        start = time.perf_counter()
        problem = run(each, left[each.chapter])
        left[each.chapter] -= time.perf_counter() - start
        print(f"{each.key}: {problem or 'stored'}", flush=True)
        failed += problem is not None
    return failed


def results() -> Iterator[Result]:
    """Yield every result that a notebook can make, in the order of the book."""
    for chapter in chapters():
        for path in chapter.notebooks:
            yield from results_of(path)


def results_of(path: Path) -> Iterator[Result]:
    """Yield the results of a notebook."""
    cells = json.loads(path.read_text(encoding="utf-8"))["cells"]
    code = [cell for cell in cells if cell["cell_type"] == "code"]
    for place, cell in enumerate(code):
        for call in calls_of(source_of(cell)):
            yield Result(*names_in(call), path, tuple(needed(code, place)))


def calls_of(source: str) -> list[ast.Call]:
    """Return the calls of ``full_size.report`` in a cell."""
    if "full_size.report" not in source:
        return []
    return [
        node
        for node in ast.walk(ast.parse(source))
        if isinstance(node, ast.Call) and ast.unparse(node.func) == "full_size.report"
    ]


def names_in(call: ast.Call) -> tuple[str, str]:
    """Return the chapter and the result's name that a call gives."""
    chapter, name = (ast.literal_eval(argument) for argument in call.args[:2])
    return chapter, name


def needed(code: list[dict], place: int) -> Iterator[dict]:
    """Yield a cell and, before it, those that make or change the names it uses.

    A module is made where it is imported; ``torch.manual_seed(0)`` does not change it.
    """
    modules = {name for cell in code for name in imported(source_of(cell))}
    found, names = [code[place]], names_of(source_of(code[place]))[1]
    for cell in reversed(code[:place]):
        if set(cell["metadata"].get("tags", ())) & {"raises-exception", "solution"}:
            continue
        made, used = names_of(source_of(cell))
        made -= modules - imported(source_of(cell))
        if made & names:
            found.append(cell)
            names = (names - made) | used
    yield from reversed(found)


def computed(source: str) -> str:
    """Return a cell's code without comments, layout, imports and assertions."""
    return ast.unparse(Computed().visit(ast.parse(source)))


class Computed(ast.NodeTransformer):
    """Leaves out what computes nothing that a result could hold."""

    def visit_Module(self, node: ast.Module) -> ast.Module:
        """Leave out the imports at the top of a cell, then go on below."""
        node.body = [
            each
            for each in node.body
            if not isinstance(each, ast.Import | ast.ImportFrom)
        ]
        self.generic_visit(node)
        return node

    def visit_Assert(self, node: ast.Assert) -> None:
        """Leave out what only checks; a block may end up empty, and is only hashed."""


def names_of(source: str) -> tuple[set[str], set[str]]:
    """Return the global names that a cell makes or changes, and those it uses."""
    table = symtable.symtable(source, "cell", "exec")
    made = {s.get_name() for s in table.get_symbols() if s.is_assigned()}
    made |= imported(source)
    made |= {s.get_name() for s in table.get_symbols() if s.is_namespace()}
    used = set()
    tables = [table]
    while tables:
        each = tables.pop()
        tables += each.get_children()
        used |= {
            s.get_name()
            for s in each.get_symbols()
            if s.is_referenced() and (s.is_global() or each is table)
        }
    for statement in ast.parse(source).body:
        made |= changed_by(statement)
    return made, used


def imported(source: str) -> set[str]:
    """Return the names that a cell imports."""
    symbols = symtable.symtable(source, "cell", "exec").get_symbols()
    return {symbol.get_name() for symbol in symbols if symbol.is_imported()}


def changed_by(statement: ast.stmt) -> set[str]:
    """Return the names whose parts a statement sets: ``x[0] = 1``, ``x.append(1)``."""
    targets: list[ast.expr] = []
    if isinstance(statement, ast.Assign):
        targets = statement.targets
    elif isinstance(statement, ast.AugAssign):
        targets = [statement.target]
    elif isinstance(statement, ast.Expr) and isinstance(statement.value, ast.Call):
        targets = [statement.value.func]
    elif isinstance(statement, ast.For | ast.With | ast.If):
        return set().union(*(changed_by(each) for each in statement.body))
    changed = set()
    for target in targets:
        inner = target
        while isinstance(inner, ast.Attribute | ast.Subscript):
            inner = inner.value
        if inner is not target and isinstance(inner, ast.Name):
            changed.add(inner.id)
    return changed


def run(result: Result, seconds: float) -> str | None:
    """Run a result's cells and store it; return what went wrong."""
    partial = PARTIAL / f"{result.key.replace('/', '-')}.json"
    if (begun := result.begun) and not left_of(result, partial):
        partial.parent.mkdir(parents=True, exist_ok=True)
        partial.write_text(json.dumps(begun, ensure_ascii=False), encoding="utf-8")
    notebook = nbformat.v4.new_notebook(
        cells=[nbformat.v4.new_code_cell(source_of(cell)) for cell in result.cells]
    )
    settings = {
        "BOOK_PROFILE": "full",
        full_size.OUT: str(partial),
        full_size.HASH: result.hash,
    }
    before = dict(os.environ)
    os.environ |= settings
    client = NotebookClient(
        notebook,
        timeout=max(1, int(seconds)),
        resources={"metadata": {"path": result.notebook.parent}},
    )
    problem = None
    try:
        client.execute()
    except CellTimeoutError:
        problem = "stopped at the time limit; started again, it goes on from there"
    except CellExecutionError as error:
        problem = str(error)
    finally:
        os.environ.clear()
        os.environ |= before
    if problem is None:
        store(result, json.loads(partial.read_text(encoding="utf-8")))
        partial.unlink()
    return problem


def left_of(result: Result, partial: Path) -> bool:
    """Tell whether an interrupted run of the same cells has left something."""
    if not partial.is_file():
        return False
    return json.loads(partial.read_text(encoding="utf-8"))["cells"] == result.hash


def store(result: Result, found: dict) -> None:
    """Put a result into its chapter's file."""
    every = full_size.read(result.chapter) | {result.name: found}
    path = full_size.FOLDER / f"{result.chapter.replace('/', '-')}.json"
    path.parent.mkdir(exist_ok=True)
    text = json.dumps(dict(sorted(every.items())), indent=1, ensure_ascii=False)
    path.write_text(text + "\n", encoding="utf-8")


def source_of(cell: dict) -> str:
    """Return a cell's source as one string."""
    return "".join(cell["source"])


if __name__ == "__main__":
    raise SystemExit(main())
