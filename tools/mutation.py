"""Break `utils` on purpose, one place at a time, and see whether a test notices.

    python -m tools.mutation                                # a sample of everything
    python -m tools.mutation utils/gradcheck.py --sample 0  # every mutant of one file
    python -m tools.mutation --seed 1 --minutes 5           # other ones, as time allows

A mutant is a file with one thing changed: a comparison, a sign, a number, a condition,
a statement left out. It is killed if the file's tests fail (or take far too long), and
survives if they pass: then something is written there that no test depends on. The
survivors are printed with their change, to be read by somebody: some change nothing
that can be seen (a tolerance, a faster way to the same).

It takes hours for everything, so it is no stage of ``make test``. Every mutant runs in
a fork of a process that has imported the libraries already; Windows has none. Keras
computes on PyTorch here, since TensorFlow does not survive a fork.
"""

from __future__ import annotations

import argparse
import ast
import copy
import gc
import importlib.abc
import importlib.util
import os
import random
import signal
import sys
import time
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import Any, NamedTuple

ROOT = Path(__file__).resolve().parent.parent
TARGETS = (
    *("utils/training", "utils/gradcheck.py", "utils/exercises/__init__.py"),
    "utils/scratch",
)
SCRATCH = (
    "tests/test_scratch_modern.py",
    "tests/test_scratch.py",
    "tests/test_fuzz.py",
)
# The tests of a file, the quickest to notice first; a longer path goes before.
TESTS = {
    "utils/gradcheck.py": ("tests/test_gradcheck.py",),
    "utils/exercises/__init__.py": ("tests/test_exercises.py",),
    "utils/scratch/_checks.py": SCRATCH,
    "utils/scratch/activations.py": ("tests/test_scratch_dense.py", *SCRATCH),
    "utils/training": ("tests/test_training_arguments.py", "tests/test_training.py"),
}
# What TensorFlow alone runs.
UNSEEN = {"utils/training/keras.py": ("_batches", "_join_steps")}
OTHER = {
    ast.Lt: ast.LtE,
    ast.LtE: ast.Lt,
    ast.Gt: ast.GtE,
    ast.GtE: ast.Gt,
    ast.Eq: ast.NotEq,
    ast.NotEq: ast.Eq,
    ast.Is: ast.IsNot,
    ast.IsNot: ast.Is,
    ast.In: ast.NotIn,
    ast.NotIn: ast.In,
    ast.Add: ast.Sub,
    ast.Sub: ast.Add,
    ast.Mult: ast.Div,
    ast.Div: ast.Mult,
    ast.FloorDiv: ast.Mult,
    ast.Mod: ast.Mult,
    ast.Pow: ast.Mult,
    ast.MatMult: ast.Add,
    ast.BitOr: ast.BitAnd,
    ast.BitAnd: ast.BitOr,
    ast.And: ast.Or,
    ast.Or: ast.And,
}


class Mutant(NamedTuple):
    """A file with one change."""

    path: str
    line: int
    before: str
    after: str
    source: str

    def __str__(self) -> str:
        return f"{self.path}:{self.line}: {self.before} → {self.after}"


def main(arguments: list[str] | None = None) -> int:
    """Run a sample of mutants, print the survivors and the shares; return 0."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("paths", nargs="*", default=TARGETS, help="files or folders")
    parser.add_argument("--sample", type=int, default=200, help="how many; 0 for all")
    parser.add_argument("--seed", type=int, default=0, help="of the sample")
    parser.add_argument("--minutes", type=float, default=1e9, help="stop after these")
    options = parser.parse_args(arguments)
    files = [path for given in options.paths for path in files_of(given)]
    found = [mutant for path in files for mutant in mutants_of(path)]
    chosen = random.Random(options.seed).sample(
        found, min(options.sample or len(found), len(found))
    )
    prepare()
    until = time.monotonic() + 60 * options.minutes
    limits: dict[tuple[str, ...], float] = {}
    results: dict[str, Counter[str]] = {}
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(1))  # as Ctrl-C: with a table
    try:
        for mutant in chosen:
            tests = tests_of(mutant.path)
            if tests not in limits:
                start = time.monotonic()
                if run(None, tests, 600) != "survived":
                    raise SystemExit(
                        f"{' '.join(tests)} fails as it is: mend that first"
                    )
                limits[tests] = 5 * (time.monotonic() - start) + 10
            if time.monotonic() > until:
                break
            result = run(mutant, tests, limits[tests])
            results.setdefault(mutant.path, Counter())[result] += 1
            if result == "survived":
                print(f"survived  {mutant}", flush=True)
    finally:
        print(table(results, len(found), options.seed), flush=True)
    return 0


def files_of(given: str) -> list[str]:
    """Return the paths, from the root, of a file or of the files in a folder."""
    place = ROOT / given
    paths = [place] if place.is_file() else sorted(place.rglob("*.py"))
    return [path.relative_to(ROOT).as_posix() for path in paths]


def tests_of(path: str) -> tuple[str, ...]:
    """Return the files of tests that ought to notice a change."""
    for start in sorted(TESTS, key=len, reverse=True):
        if path.startswith(start):
            return TESTS[start]
    own = f"tests/test_{'_'.join(Path(path).with_suffix('').parts[1:])}.py"
    return (own, *SCRATCH) if (ROOT / own).is_file() else ("tests",)


def mutants_of(path: str) -> Iterator[Mutant]:
    """Yield every mutant of a file that is still Python."""
    text = (ROOT / path).read_text("utf-8")
    lines = text.encode().splitlines(keepends=True)
    starts = [0]
    for line in lines:
        starts.append(starts[-1] + len(line))
    tree = ast.parse(text)
    unseen = [
        range(node.lineno, (node.end_lineno or 0) + 1)
        for node in tree.body
        if getattr(node, "name", None) in UNSEEN.get(path, ())
    ]
    for node, changed in changes(tree):
        if any(node.lineno in function for function in unseen):
            continue
        begin = starts[node.lineno - 1] + node.col_offset
        end = starts[node.end_lineno - 1] + node.end_col_offset
        new = ast.unparse(changed)
        new = f"({new})" if isinstance(changed, ast.expr) else new
        source = text.encode()
        before = " ".join(source[begin:end].decode().split())
        mutated = (source[:begin] + new.encode() + source[end:]).decode()
        try:
            compile(mutated, path, "exec")
        except SyntaxError:
            continue
        yield Mutant(path, node.lineno, before, new, mutated)


def changes(tree: ast.AST) -> Iterator[tuple[Any, ast.AST]]:
    """Yield pairs of a node and what to put in its place.

    Left alone: annotations, docstrings, the words of messages, names that a module
    exports, and imports for the type checker.
    """
    for node in ast.iter_child_nodes(tree):
        yield from change(node)
        if isinstance(node, ast.JoinedStr | ast.Raise):
            continue
        if isinstance(node, ast.Assign) and ast.unparse(node.targets[0]) == "__all__":
            continue
        if isinstance(node, ast.If) and ast.unparse(node.test) == "TYPE_CHECKING":
            continue
        inner = copy.copy(node)
        for field in ("annotation", "returns", "decorator_list"):
            if hasattr(inner, field):
                setattr(inner, field, [] if field == "decorator_list" else None)
        yield from changes(inner)


def change(node: Any) -> Iterator[tuple[Any, ast.AST]]:
    """Yield what to put in the place of one node."""

    def but(**fields: Any) -> tuple[Any, ast.AST]:
        return node, ast.copy_location(type(node)(**{**vars(node), **fields}), node)

    match node:
        case ast.Compare(ops=[op, *rest]) if type(op) in OTHER:
            yield but(ops=[OTHER[type(op)](), *rest])
        case ast.BinOp(op=op) | ast.BoolOp(op=op) if type(op) in OTHER:
            yield but(op=OTHER[type(op)]())
        case ast.AugAssign(op=op) if type(op) in OTHER:
            yield but(op=OTHER[type(op)]())
        case ast.UnaryOp(op=ast.Not() | ast.USub(), operand=operand):
            yield node, operand
        case ast.Constant(value=bool(value)):
            yield node, ast.Constant(not value)
        case ast.Constant(value=int(value)):
            yield node, ast.Constant(value + 1)
        case ast.Constant(value=float(value)):
            yield node, ast.Constant(2 * value if value else 1.0)
        case ast.IfExp(test=test):
            yield but(test=ast.UnaryOp(ast.Not(), test))
        case ast.If(test=ast.UnaryOp(op=ast.Not()) | ast.Name(id="TYPE_CHECKING")):
            pass  # the `not` is changed by itself
        case ast.If(test=test) | ast.While(test=test):
            yield test, ast.UnaryOp(ast.Not(), test)
        case ast.Return(value=value) if value is not None:
            yield node, ast.Return(ast.Constant(None))
        case ast.Raise() | ast.Expr(value=ast.Call()):
            yield node, ast.Pass()
        case ast.Continue():
            yield node, ast.Break()


def prepare() -> None:
    """Import what all tests need, but nothing of `utils`."""
    os.chdir(ROOT)
    os.environ |= {"KERAS_BACKEND": "torch", "BOOK_PROFILE": "quick"}
    os.environ |= {"OMP_NUM_THREADS": "1", "MKL_NUM_THREADS": "1"}
    os.environ["PYTEST_DISABLE_PLUGIN_AUTOLOAD"] = "1"  # a second a mutant
    import hypothesis
    import matplotlib as mpl
    import pytest  # noqa: F401
    import torch

    mpl.use("agg")
    torch.set_num_threads(1)
    import keras  # noqa: F401

    phases = (hypothesis.Phase.explicit, hypothesis.Phase.generate)
    hypothesis.settings.register_profile(
        "mutation", phases=phases, database=None, derandomize=True, deadline=None
    )
    hypothesis.settings.load_profile("mutation")
    gc.freeze()  # forks share what they do not touch


def run(mutant: Mutant | None, tests: tuple[str, ...], seconds: float) -> str:
    """Run tests with a mutant in place of its file; return what became of it."""
    child = os.fork()
    if child == 0:
        in_child(mutant, tests)
    until = time.monotonic() + seconds
    while time.monotonic() < until:
        ended, status = os.waitpid(child, os.WNOHANG)
        if ended:
            return "killed" if status else "survived"
        time.sleep(0.02)
    os.kill(child, signal.SIGKILL)
    os.waitpid(child, 0)
    return "timed out"


def in_child(mutant: Mutant | None, tests: tuple[str, ...]) -> None:
    """Run the tests quietly and end the process with their status."""
    status = 3
    try:
        nowhere = os.open(os.devnull, os.O_WRONLY)
        for stream in (1, 2):
            os.dup2(nowhere, stream)
        import pytest

        if mutant is not None:
            sys.meta_path.insert(0, Finder(mutant))
        options = ("-x", "-q", "-o", "addopts=", "-p", "no:cacheprovider")
        options += ("--noconftest",)  # which imports what these tests do not need
        status = int(pytest.main([*options, *tests]))
    finally:
        os._exit(status)


class Finder(importlib.abc.MetaPathFinder, importlib.abc.Loader):
    """Imports a mutant in place of its file."""

    def __init__(self, mutant: Mutant) -> None:
        self.mutant = mutant
        parts = Path(mutant.path).with_suffix("").parts
        self.package = parts[-1] == "__init__"
        self.name = ".".join(parts[:-1] if self.package else parts)

    def find_spec(self, name: str, path: Any = None, target: Any = None) -> Any:
        """Return the mutant's place if it is what is imported."""
        if name != self.name:
            return None
        return importlib.util.spec_from_file_location(
            name,
            ROOT / self.mutant.path,
            loader=self,
            submodule_search_locations=[str((ROOT / self.mutant.path).parent)]
            if self.package
            else None,
        )

    def create_module(self, spec: Any) -> None:
        """Leave making the module to Python."""

    def exec_module(self, module: Any) -> None:
        """Run the mutant."""
        file = str(ROOT / self.mutant.path)
        exec(compile(self.mutant.source, file, "exec"), module.__dict__)


def table(results: dict[str, Counter[str]], found: int, seed: int) -> str:
    """Return a line for each file, and one for all."""
    every: Counter[str] = sum(results.values(), Counter())
    ran = every.total()
    lines = ["", "killed   of   file"]
    for path, counts in sorted(results.items()):
        killed = counts.total() - counts["survived"]
        lines.append(f"{killed:6} {counts.total():4}   {path}")
    killed = ran - every["survived"]
    share = f"{killed / ran:.1%}" if ran else "none ran"
    lines.append(f"{killed:6} {ran:4}   {share} of {found} mutants, seed {seed}")
    return "\n".join(lines)


if __name__ == "__main__":
    sys.exit(main())
