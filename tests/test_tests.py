"""What is true of the tests themselves, so that they hold on machines not seen here."""

import ast
from pathlib import Path

import pytest

FILES = sorted(Path(__file__).parent.rglob("test_*.py"))


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.stem)
def test_floats_are_compared_with_an_absolute_tolerance(path):
    """NumPy's default is none: 1e-9 against 0 is then an infinite relative error.

    Another processor adds up in another order, and what should be zero is not quite.
    """
    wrong = []
    for node in ast.walk(ast.parse(path.read_text("utf-8"))):
        if not isinstance(node, ast.Call) or not isinstance(node.func, ast.Attribute):
            continue
        given = {keyword.arg for keyword in node.keywords}
        tolerant = given & {"atol", None}  # `**settings` has no name
        if node.func.attr == "assert_allclose" and len(node.args) < 4 and not tolerant:
            wrong.append(node.lineno)
    assert not wrong, f"{path.name}: no atol in lines {wrong}"
