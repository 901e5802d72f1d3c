"""`make test` runs every stage and says what failed; `make check` finds its chapter."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

from tools import machines, test
from tools.test import PYTHON, Stage


def python(code: str) -> tuple[str, ...]:
    return (sys.executable, "-c", code)


@pytest.fixture
def site(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    page = tmp_path / "index.html"
    monkeypatch.setattr(test, "FIRST_PAGE", page)
    return page


def test_a_failed_stage_stops_no_other(monkeypatch, capfd, site):
    stages = (
        Stage("first", python("raise SystemExit(3)")),
        Stage("build", python(f"open({str(site)!r}, 'w').close()")),
        Stage("pages", python("print('looked at')"), True),
    )
    monkeypatch.setattr(test, "WHOLE", stages)
    assert test.main([]) == 1
    said = capfd.readouterr().out
    assert "looked at" in said
    assert re.search(r"first +failed\n.* build +passed\n.* pages +passed\n", said)
    assert said.splitlines()[-1].endswith("failed: first")
    monkeypatch.setattr(test, "WHOLE", stages[1:])
    assert test.main([]) == 0


def test_the_pages_of_an_earlier_build_are_not_tested(capfd, site):
    site.touch()
    os.utime(site, (1, 1))
    ((_, result, _),) = test.run((Stage("pages", python("print(6 * 7)"), True),))
    assert result == "failed: the build left no pages"
    assert "42" not in capfd.readouterr().out


@pytest.mark.parametrize(
    ("body", "result"),
    [("pass", "passed"), ("assert False", "failed"), ("pytest.skip('no')", "skipped")],
)
def test_skipped_is_not_passed(tmp_path: Path, body: str, result: str):
    path = tmp_path / "test_one.py"
    path.write_text(f"import pytest\n\ndef test_one():\n    {body}\n")
    options = ("-q", "-p", "no:cacheprovider", "-c", os.devnull, "--rootdir", tmp_path)
    assert test.once((*PYTHON, "pytest", *map(str, options), str(path))) == result


def test_a_missing_browser_fails_on_ci_alone():
    source = (test.ROOT / "tests/site/conftest.py").read_text("utf-8")
    assert re.search(r'environ.get\("CI"\):\s+pytest.fail', source)
    assert 'export CI="${CI:-true}"' in (test.ROOT / ".ci/run").read_text("utf-8")


def test_the_readme_lists_the_stages():
    readme = (test.ROOT / "README.md").read_text("utf-8")
    _, _, listed = readme.partition("`python -m tools.test` runs these")
    commands = listed.split("```")[1].splitlines()[1:]
    assert len(commands) == len(test.WHOLE)
    for line, stage in zip(commands, test.WHOLE, strict=True):
        tool = stage.command[2]
        assert line.removeprefix("python -m ").startswith(tool)
        assert line.endswith(stage.command[-1].replace("-q", "pytest")) or tool in line


def test_a_chapter_is_a_file_or_a_folder(tmp_path: Path, monkeypatch):
    (tmp_path / "chapters/part/split").mkdir(parents=True)
    (tmp_path / "chapters/part/whole.ipynb").touch()
    (tmp_path / "tests/answers").mkdir(parents=True)
    (tmp_path / "tests/answers/whole.py").touch()
    monkeypatch.setattr(test, "ROOT", tmp_path)
    whole = {s.name: s.command for s in test.of_chapter("part/whole")}
    assert whole["notebooks"][-1] == str(Path("chapters/part/whole.ipynb"))
    assert whole["exercises"][-1] == "whole or whole"
    assert whole["pages in a browser"][-1] == "chapters/part/whole"
    split = {s.name: s.command for s in test.of_chapter("chapters/part/split/")}
    assert split["notebooks"][-1] == str(Path("chapters/part/split"))
    assert "exercises" not in split
    for wrong in ("part", "part/none", ""):
        with pytest.raises(
            SystemExit, match=r"there is no chapter .*CHAPTER=vision/cnn"
        ):
            test.of_chapter(wrong)


def test_each_machine_sets_what_its_name_says():
    found = machines.machines()
    assert len(found) >= 8
    for name, settings in found.items():
        assert settings["OMP_NUM_THREADS"] == ("2" if "2 threads" in name else "1")
    assert found["default, 1 thread"]["ATEN_CPU_CAPABILITY"] == "default"
    probe = "import torch; print(torch.backends.cpu.get_cpu_capability())"
    told = subprocess.run(
        python(probe),
        env=os.environ | found["default, 1 thread"],
        capture_output=True,
        text=True,
        check=True,
    )
    assert told.stdout.strip() == "DEFAULT"


def test_scripts_and_chapters_keep_their_line_ends_on_windows():
    rules = (test.ROOT / ".gitattributes").read_text("utf-8").splitlines()
    assert "* text=auto eol=lf" in rules
    for path in (test.ROOT / ".ci/run", *(test.ROOT / "chapters").rglob("*.ipynb")):
        assert b"\r" not in path.read_bytes(), path
