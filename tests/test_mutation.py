"""Mutants: what is changed, what is left alone, and what becomes of them."""

import os
import subprocess
import sys

import pytest

from tools import mutation

CALC = '''"""Not 1 < 2."""
from typing import TYPE_CHECKING
__all__ = ["one", "way"]
if TYPE_CHECKING:
    x = 1
def way(n: int | None, m=True):
    if not n >= 3 and m:
        raise ValueError(f"{n + 1}: " + "no")
    print("π", -n)
    return n / 2.0
'''

RUNS = """
from pathlib import Path

import pytest  # once for all forks

from tools import mutation

mutation.ROOT = Path(PLACE)

def run(source, seconds=60):
    mutant = source and mutation.Mutant("toy/calc.py", 1, "", "", source)
    print(mutation.run(mutant, (PLACE,), seconds), flush=True)

run(None)
run("def up(n): return n + 2")
run("def up(n): return n - 1")
run("while True: pass", 1)
"""


def test_each_mutant_differs_in_one_place(tmp_path, monkeypatch):
    monkeypatch.setattr(mutation, "ROOT", tmp_path)
    (tmp_path / "calc.py").write_text(CALC, "utf-8")
    found = list(mutation.mutants_of("calc.py"))
    assert {(each.before, each.after) for each in found} == {
        ("True", "(False)"),
        ("not n >= 3 and m", "(not (not n >= 3 and m))"),
        ("not n >= 3 and m", "(not n >= 3 or m)"),
        ("not n >= 3", "(n >= 3)"),
        ("n >= 3", "(n > 3)"),
        ("3", "(4)"),
        ('raise ValueError(f"{n + 1}: " + "no")', "pass"),
        ('print("π", -n)', "pass"),
        ("-n", "(n)"),
        ("return n / 2.0", "return None"),
        ("n / 2.0", "(n * 2.0)"),
        ("2.0", "(4.0)"),
    }
    for each in found:
        changed = zip(each.source.splitlines(), CALC.splitlines(), strict=True)
        assert sum(one != other for one, other in changed) == 1
    assert str(found[-1]) == "calc.py:10: 2.0 → (4.0)"


@pytest.mark.skipif(not hasattr(os, "fork"), reason="this system has no fork")
def test_mutants_are_killed_survive_or_hang(tmp_path):
    (tmp_path / "toy").mkdir()
    (tmp_path / "toy/calc.py").write_text("def up(n):\n    return n + 1\n")
    (tmp_path / "test_up.py").write_text(
        "from toy.calc import up\n\ndef test_up():\n    assert up(2) > 2\n"
    )
    told = subprocess.run(
        (sys.executable, "-c", f"PLACE = {str(tmp_path)!r}\n{RUNS}"),
        cwd=tmp_path,
        env=os.environ
        | {
            "PYTHONPATH": f"{tmp_path}{os.pathsep}{mutation.ROOT}",
            "PYTEST_DISABLE_PLUGIN_AUTOLOAD": "1",
        },
        capture_output=True,
        text=True,
        check=True,
    )
    found = told.stdout.splitlines()
    assert found == ["survived", "survived", "killed", "timed out"]


def test_every_file_has_its_tests():
    for target in mutation.TARGETS:
        for path in mutation.files_of(target):
            tests = mutation.tests_of(path)
            assert tests != ("tests",) or not list(mutation.mutants_of(path)), path
            assert all((mutation.ROOT / name).exists() for name in tests)
