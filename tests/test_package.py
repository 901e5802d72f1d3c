"""The package stays small: what no chapter and no tool needs is not in it.

Read from the syntax trees of the code cells of every chapter, of `tools`, of `_ext` and
of `utils` itself; nothing is run. A definition is needed if one of the first three uses
it, or another definition of `utils` that is needed.
"""

import ast
import functools
import json
import re
from pathlib import Path

import pytest

from utils import data

ROOT = Path(__file__).resolve().parent.parent
FILES = sorted((ROOT / "utils").rglob("*.py"))
MOST_LINES = 500

# Needed by no chapter, and here all the same.
KEPT = (
    # Without it the activations of `scratch` would not be a set.
    ("utils.scratch.activations", "tanh"),
)


def name_of(path):
    parts = path.relative_to(ROOT).with_suffix("").parts
    return ".".join(parts[:-1] if parts[-1] == "__init__" else parts)


class Module:
    """A file's definitions by name, what its names stand for, and what runs on import.

    Attributes:
        aliases: For each imported name its module and, of a ``from`` import, its name.
        definitions: The statements of each top-level name.
        rest: The other statements, which run whenever the file is imported.
    """

    def __init__(self, tree):
        self.aliases, self.definitions, self.rest = {}, {}, []
        for node in ast.walk(tree):
            if isinstance(node, ast.Import):
                for each in node.names:
                    if each.asname:
                        self.aliases[each.asname] = (each.name, None)
                    else:
                        top = each.name.partition(".")[0]
                        self.aliases[top] = (top, None)
            elif isinstance(node, ast.ImportFrom) and not node.level:
                for each in node.names:
                    self.aliases[each.asname or each.name] = (node.module, each.name)
        for node in tree.body:
            names = defined_by(node)
            for name in names:
                self.definitions.setdefault(name, []).append(node)
            if not names and not isinstance(node, ast.Import | ast.ImportFrom):
                self.rest.append(node)


def defined_by(node):
    """The names that a statement at the top of a file defines for others to use.

    A decorated checker of an exercise is found by the exercise's name, and what
    Python itself calls (``__getattr__``) needs no caller: both count as running.
    """
    if isinstance(node, ast.FunctionDef | ast.ClassDef):
        registered = any(
            isinstance(each, ast.Call) and ast.unparse(each.func) in REGISTERS
            for each in node.decorator_list
        )
        return [] if registered or dunder(node.name) else [node.name]
    targets = []
    if isinstance(node, ast.Assign):
        targets = node.targets
    elif isinstance(node, ast.AnnAssign):
        targets = [node.target]
    names = [n.id for t in targets for n in ast.walk(t) if isinstance(n, ast.Name)]
    return [name for name in names if not dunder(name)]


REGISTERS = {"exercise", "function"}


def dunder(name):
    return name.startswith("__") and name.endswith("__")


@functools.cache
def modules():
    return {name_of(path): Module(ast.parse(path.read_text("utf-8"))) for path in FILES}


def found(module, name, seen=()):
    """Where a name of a module is defined: a module of `utils` and a name in it."""
    known = modules()
    if (module, name) in seen or module not in known:
        return None
    if name in known[module].definitions:
        return module, name
    if f"{module}.{name}" in known:
        return f"{module}.{name}", None
    if name in known[module].aliases:
        return aliased(*known[module].aliases[name], (*seen, (module, name)))
    return None


def aliased(module, name, seen=()):
    if name is None:
        return (module, None) if module in modules() else None
    return found(module, name, seen)


def imported(aliases, name):
    return aliased(*aliases[name]) if name in aliases else None


def used_by(tree, look_up):
    """What of `utils` a piece of code names; `look_up` knows what its names are."""
    for node in ast.walk(tree):
        if isinstance(node, ast.ImportFrom) and node.module in modules():
            for each in node.names:
                yield found(node.module, each.name)
        yield from by_text(node, tree, look_up)
        place = placed(node, look_up)
        if place is not None:
            yield place


def by_text(node, tree, look_up):
    """What ``getattr(scratch, f"{name}_pool2d")`` may mean, with the tree's texts."""
    if not (isinstance(node, ast.Call) and ast.unparse(node.func) == "getattr"):
        return
    place = placed(node.args[0], look_up)
    if place is None or place[1] is not None:
        return
    parts = getattr(node.args[1], "values", [None])
    shape = [p.value if isinstance(p, ast.Constant) else None for p in parts]
    for text in texts_in(tree):
        yield found(place[0], "".join(text if p is None else p for p in shape))


@functools.cache
def texts_in(tree):
    """The short texts in a piece of code."""
    constants = (n.value for n in ast.walk(tree) if isinstance(n, ast.Constant))
    return {value for value in constants if isinstance(value, str) and len(value) < 99}


def placed(node, look_up):
    if isinstance(node, ast.Name):
        return look_up(node.id)
    if isinstance(node, ast.Attribute):
        place = placed(node.value, look_up)
        if place is not None and place[1] is None:
            return found(place[0], node.attr)
    return None


@functools.cache
def users():
    """The code that `utils` is for: chapters, by notebook; `tools` and `_ext`."""
    trees = {}
    for path in sorted((ROOT / "chapters").rglob("*.ipynb")):
        cells = json.loads(path.read_text("utf-8"))["cells"]
        code = ("".join(c["source"]) for c in cells if c["cell_type"] == "code")
        parts = [ast.parse(re.sub(r"(?m)^[%!].*$", "", source)) for source in code]
        body = [node for part in parts for node in part.body]
        trees[path] = ast.Module(body, type_ignores=[])
    for folder in ("tools", "_ext"):
        for path in sorted((ROOT / folder).rglob("*.py")):
            trees[path] = ast.parse(path.read_text("utf-8"))
    return trees


@functools.cache
def asked_for():
    """What chapters and tools name themselves."""
    return {
        place
        for tree in users().values()
        for place in used_by(tree, functools.partial(imported, Module(tree).aliases))
    }


def needed(kept=KEPT):
    """Every definition that a chapter or a tool reaches, directly or not."""
    reached, to_do = set(), [("utils.__main__", "main"), *kept, *asked_for()]
    for name, module in modules().items():
        for node in module.rest:
            to_do += used_by(node, functools.partial(found, name))
    while to_do:
        place = to_do.pop()
        if not place or place[1] is None or place in reached:
            continue
        reached.add(place)
        # A layer comes with its way back.
        to_do.append(found(place[0], f"{place[1]}_backward"))
        for node in modules()[place[0]].definitions[place[1]]:
            to_do += used_by(node, functools.partial(found, place[0]))
    return reached


def test_every_definition_is_needed_by_a_chapter_or_a_tool():
    reached = needed()
    unused = [
        f"{module}.{name}"
        for module, its in modules().items()
        for name in its.definitions
        if (module, name) not in reached
    ]
    assert not unused, (
        f"no chapter, tool or extension needs {', '.join(unused)}: use it, or remove "
        "it with its tests"
    )


def test_what_is_kept_without_need_is_there_and_is_not_needed():
    for module, name in KEPT:
        assert name in modules()[module].definitions, f"{name} is gone: forget it here"
        assert (module, name) not in needed(()), f"{name} is needed: forget it here"


def test_what_nothing_needs_is_found(monkeypatch):
    known = modules()["utils.gradcheck"].definitions
    monkeypatch.setitem(known, "lonely", ast.parse("def lonely(): pass").body)
    assert ("utils.gradcheck", "lonely") not in needed()
    assert ("utils.gradcheck", "_number") in needed()


@pytest.mark.parametrize("load", [data.load, data.text, data.texts])
def test_every_data_set_is_loaded_by_a_chapter_or_a_tool(load):
    asked = set().union(*map(texts_in, users().values()))
    kind = {data.load: "data set", data.text: "text", data.texts: "set of sentences"}
    unused = set(data.names(kind[load])) - asked
    assert not unused, f"no chapter or tool loads {', '.join(sorted(unused))}"


@pytest.mark.parametrize("path", FILES, ids=name_of)
def test_no_module_is_longer_than_a_file_can_be_held_in_mind(path):
    lines = len(path.read_text("utf-8").splitlines())
    assert lines <= MOST_LINES, (
        f"{path.relative_to(ROOT)} has {lines} lines, more than {MOST_LINES}: split it "
        "into files of one job each"
    )
