"""The workflows run what the README promises, pinned, and publish undisturbed."""

from __future__ import annotations

import importlib.util
import itertools
import re
from typing import Any

import pytest
import yaml

from tools.build import ROOT
from tools.test import PYTHON, WHOLE

FOLDER = ROOT / ".github"
SYSTEMS = ("ubuntu-latest", "macos-latest", "windows-latest")
PYTHONS = ("3.11", "3.12", "3.13")
CHECKS = ("lint", "unit", "notebooks", "site")
PUBLISHING = ("publish", "plain")


def texts() -> dict[str, str]:
    """Return each workflow and action of the project under its name."""
    files = [*FOLDER.glob("workflows/*.yml"), *FOLDER.glob("actions/*/action.yml")]
    return {
        path.parent.name if path.stem == "action" else path.stem: path.read_text("utf8")
        for path in files
    }


def read(text: str) -> dict[Any, Any]:
    """Return what a workflow says, its triggers under ``on``."""
    said = yaml.safe_load(text)
    if True in said:  # YAML's word for yes
        said["on"] = said.pop(True)
    return said


def steps(job: dict) -> list[dict]:
    return job.get("steps", [])


def commands(job: dict) -> list[str]:
    """Return the lines that a job runs."""
    runs = (step.get("run", "") for step in steps(job))
    return [line.strip() for run in runs for line in run.splitlines() if line.strip()]


def combinations(matrix: dict) -> list[dict]:
    """Return what a job's matrix makes, without what is added to combinations."""
    axes = {k: v for k, v in matrix.items() if k not in ("include", "exclude")}
    made = [
        dict(zip(axes, each, strict=True)) for each in itertools.product(*axes.values())
    ]
    return made + matrix.get("include", [])


def problems(texts: dict[str, str]) -> list[str]:
    """Return what is wrong with the workflows, a sentence each."""
    found = in_pins(texts)
    for name, text in texts.items():
        if "jobs" in read(text):
            found += [f"{name}: {one}" for one in in_any(read(text))]
    found += [f"book: {one}" for one in in_book(read(texts["book"]))]
    found += [f"weekly: {one}" for one in in_weekly(read(texts["weekly"]))]
    if list(read(texts["gpu"])["on"]) != ["workflow_dispatch"]:
        found.append("gpu: starts otherwise than by hand")
    return found


def in_pins(texts: dict[str, str]) -> list[str]:
    found, pins = [], {}
    for name, text in texts.items():
        for line in re.findall(r"uses: *(.+)", text):
            if line.startswith("./"):
                if line.rpartition("/")[2] not in texts:
                    found.append(f"{name}: there is no {line}")
                continue
            pinned = re.fullmatch(r"([\w/-]+)@([0-9a-f]{40}) # v\d+\.\d+\.\d+", line)
            if not pinned:
                found.append(f"{name}: {line} is not pinned by commit and version")
            elif pins.setdefault(pinned[1], line) != line:
                found.append(f"{name}: {pinned[1]} has two pins")
    return found


def in_any(said: dict) -> list[str]:
    found = []
    if said.get("permissions") != {"contents": "read"}:
        found.append("may do more than read")
    for key, job in said["jobs"].items():
        if "timeout-minutes" not in job:
            found.append(f"{key} has no time limit")
        if "permissions" in job and key not in PUBLISHING:
            found.append(f"{key} may do more than read")
        for line in commands(job):
            if re.search(r"\$\{\{ *(inputs|github\.(event|head_ref))", line):
                found.append(f"{key} runs what somebody typed: {line}")
            found += [
                f"there is no module {module}"
                for module in re.findall(r"python -m ((?:tools|utils)[\w.]*)", line)
                if importlib.util.find_spec(module) is None
            ]
    return found


def in_book(said: dict) -> list[str]:
    jobs = said["jobs"]
    run = [line for key in CHECKS for line in commands(jobs.get(key, {}))]
    found = [f"no job runs `{line}`" for line in stage_commands() if line not in run]
    for key in ("unit", "notebooks"):
        made = combinations(jobs[key]["strategy"]["matrix"])
        every = {(one["os"], one["python"]) for one in made}
        found += [
            f"{key} does not run on {system} with Python {python}"
            for system, python in itertools.product(SYSTEMS, PYTHONS)
            if (system, python) not in every
        ]
    # The last of them: the notebooks.
    chosen = jobs["notebooks"].get("env", {}).get("KERAS_BACKEND")
    if chosen != "${{ matrix.backend }}" or {one["backend"] for one in made} != {
        "tensorflow",
        "torch",
    }:
        found.append("the notebooks do not run with both of Keras's backends")

    stops = str(said.get("concurrency", {}).get("cancel-in-progress", False))
    if stops not in ("False", "${{ github.event_name == 'pull_request' }}"):
        found.append("a run that publishes can be cancelled")
    for key in PUBLISHING:
        own = jobs[key].get("concurrency", {})
        if not own.get("group") or own.get("cancel-in-progress") is not False:
            found.append(f"{key} can be cancelled half-way")
        if set(jobs[key].get("needs", ())) != set(CHECKS):
            found.append(f"{key} does not wait for every check")
        if "refs/heads/" not in jobs[key].get("if", ""):
            found.append(f"{key} runs on any branch")
    return found


def stage_commands() -> list[str]:
    """Return what `make test` runs, as the jobs spell it."""
    lines = []
    for stage in WHOLE:
        command = [word for word in stage.command if word not in PYTHON]
        line = " ".join(command)
        by_module = command[0] in ("tools.build", "pytest")
        lines.append(f"python -m {line}" if by_module else line)
    return lines


def in_weekly(said: dict) -> list[str]:
    found = [] if "schedule" in said["on"] else ["has no schedule"]
    made = combinations(said["jobs"]["versions"]["strategy"]["matrix"])
    if {one["resolution"] for one in made} != {"highest", "lowest-direct"}:
        found.append("the newest and the oldest packages are not both tried")
    if said["jobs"]["versions"].get("env", {}).get("BOOK_FORK") != "0":
        found.append("no job on Linux starts kernels as usual")
    for key, part in {
        "versions": '--resolution "$RESOLUTION" -r requirements.txt',
        "links": "--builder linkcheck -W",
        "uv": "uv pip install -r requirements.txt -c constraints.txt",
        "conda": "conda env create -f environment.yml",
        "hosted": "python -m tools.hosted",
    }.items():
        if not any(part in line for line in commands(said["jobs"].get(key, {}))):
            found.append(f"{key} does not run `{part}`")
    return found


def test_the_workflows_are_as_documented():
    assert problems(texts()) == []


def test_the_versions_of_python_are_those_of_the_package():
    text = (ROOT / "pyproject.toml").read_text("utf-8")
    assert 'requires-python = ">=3.11,<3.14"' in text
    assert (PYTHONS[0], PYTHONS[-1]) == ("3.11", "3.13")


@pytest.mark.parametrize("key", ["uv", "conda"])
def test_the_weekly_installs_are_those_of_the_readme(key: str):
    readme = (ROOT / "README.md").read_text("utf-8").splitlines()
    weekly = commands(read(texts()["weekly"])["jobs"][key])
    own = [line for line in weekly if re.match(rf"{key} (venv|pip|env)", line)]
    assert own
    assert [line for line in own if line not in readme] == []


def test_publishing_to_another_branch_leaves_the_rest_as_it_is():
    from tools.publish import with_branch

    moved = with_branch(texts()["book"], "trunk")
    assert "refs/heads/main" not in moved
    assert problems(texts() | {"book": moved}) == []


SHA = "11bd71901bbe5b1630ceea73d27597364c9af683 # v4.2.2"


@pytest.mark.parametrize(
    ("name", "old", "new", "says"),
    [
        ("book", SHA, "v4", "not pinned"),
        ("gpu", SHA, f"{'a' * 40} # v4.2.2", "two pins"),
        ("weekly", "./.github/actions/install", "./.github/actions/gone", "no ./"),
        ("book", "contents: read\n", "contents: write\n", "more than read"),
        ("weekly", "    timeout-minutes: 120\n", "", "no time limit"),
        ("gpu", '"$CHAPTER"', "${{ inputs.chapter }}", "somebody typed"),
        ("weekly", "tools.hosted", "tools.gone", "no module tools.gone"),
        ("book", "-q chapters", "-q chapters/vision", "-q chapters`"),
        ("book", "- run: mypy\n", "- run: ruff\n", "`mypy`"),
        ("book", "tools.build --all", "tools.build", "tools.build --all`"),
        ("book", ", windows-latest", "", "windows-latest with Python 3.12"),
        ("book", '"3.13"]', '"3.10"]', "with Python 3.13"),
        ("book", "backend: torch ", "backend: tensorflow ", "backends"),
        ("book", "${{ github.event_name == 'pull_request' }}", "true", "cancelled"),
        ("book", "cancel-in-progress: false", "cancel-in-progress: true", "half-way"),
        ("book", "needs: [lint, unit, notebooks, site]", "needs: [unit]", "wait"),
        ("book", "github.ref == 'refs/heads/main' && ", "", "any branch"),
        ("weekly", '  schedule:\n    - cron: "23 4 * * 1"\n', "", "no schedule"),
        ("weekly", "lowest-direct", "highest", "oldest"),
        ("weekly", 'BOOK_FORK: "0"', 'BOOK_FORK: "1"', "kernels as usual"),
        ("weekly", "linkcheck -W", "linkcheck", "links does not"),
        ("weekly", "-f environment.yml", "", "conda does not"),
        ("gpu", "on:\n", "on:\n  push:\n", "by hand"),
    ],
)
def test_a_planted_fault_is_found(name: str, old: str, new: str, says: str):
    real = texts()
    assert old in real[name]
    found = problems(real | {name: real[name].replace(old, new)})
    assert any(says in problem for problem in found), found
