"""Write constraints.txt: the exact versions installed here, for every platform.

Run it after ``make test`` has passed with freshly resolved packages::

    pip install --upgrade -r requirements.txt && make test && make lock

Only what requirements.txt asks for, directly or through other packages, is written.
A local version such as ``2.13.0+cpu`` is written as ``2.13.0``: pip then takes the CPU
build where one is at hand and the ordinary build elsewhere.
"""

from __future__ import annotations

from importlib.metadata import PackageNotFoundError, metadata, requires, version
from pathlib import Path

from packaging.requirements import Requirement
from packaging.specifiers import SpecifierSet
from packaging.utils import canonicalize_name
from packaging.version import Version

ROOT = Path(__file__).resolve().parent.parent
OLDEST_PYTHON = "3.11"  # as in pyproject.toml
HEADER = """\
# The exact versions that the tests passed with; written by `make lock`, not by hand.
# Use it as  pip install -r requirements.txt -c constraints.txt
"""


def main() -> None:
    """Write constraints.txt beside requirements.txt."""
    names = sorted(closure(direct_requirements()))
    lines = [f"{name}=={version(name).split('+')[0]}{marker(name)}" for name in names]
    text = HEADER + "\n".join(lines) + "\n"
    (ROOT / "constraints.txt").write_text(text, encoding="utf-8", newline="\n")
    print(f"constraints.txt: {len(lines)} packages")


def marker(name: str) -> str:
    """Return what leaves a pin out on the Pythons that are too old for it.

    Debian 12 has Python 3.11.2, and a few packages ask for a later 3.11. There pip
    takes an earlier version of theirs.
    """
    needed = Version(OLDEST_PYTHON)
    for part in SpecifierSet(metadata(name)["Requires-Python"] or ""):
        if part.operator == ">=":
            needed = max(needed, Version(part.version))
    if needed == Version(OLDEST_PYTHON):
        return ""
    return f'; python_full_version >= "{needed}"'


def direct_requirements() -> list[Requirement]:
    """Return what requirements.txt lists, without the book's own package."""
    lines = (ROOT / "requirements.txt").read_text(encoding="utf-8").splitlines()
    stripped = [line.split("#")[0].strip() for line in lines]
    return [Requirement(line) for line in stripped if line and line[0] != "-"]


def closure(wanted: list[Requirement]) -> set[str]:
    """Return the installed packages that the given requirements lead to."""
    seen: set[tuple[str, str]] = set()
    queue = [(r, "") for r in wanted]
    while queue:
        requirement, extra_of_parent = queue.pop()
        marker = requirement.marker
        if marker and not marker.evaluate({"extra": extra_of_parent}):
            continue
        name = canonicalize_name(requirement.name)
        for extra in ("", *requirement.extras):
            if (name, extra) in seen:
                continue
            seen.add((name, extra))
            try:
                needed = requires(name) or []
            except PackageNotFoundError:
                seen.discard((name, extra))
                continue
            queue += [(Requirement(text), extra) for text in needed]
    return {name for name, _ in seen}


if __name__ == "__main__":
    main()
