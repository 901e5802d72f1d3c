"""Write the project's address wherever it is needed.

    python -m tools.publish --repository https://github.com/owner/name [--branch main]

That is ``_config.yml``, which feeds the links of the pages; the first cell of every
notebook, which fetches the package in Colab; ``CITATION.cff``; the README; and, for
another branch than ``main``, the workflow that tests and publishes the book. It prints
what it changed and what is left to do on GitHub. Run again, it changes nothing.
"""

from __future__ import annotations

import argparse
import re
import sys
from collections.abc import Callable
from pathlib import Path

from sphinx.errors import ConfigError

from tools import notebooks, readme
from tools.contents import ROOT

sys.path.append(str(ROOT / "_ext"))
from plain_names import site_of
from repository import Repository

WORKFLOW = Path(".github", "workflows", "book.yml")


def main(arguments: list[str] | None = None) -> None:
    """Write the address and say what was done.

    Raises:
        SystemExit: what was given is no address of a repository, or no branch.
    """
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument(
        "--repository", required=True, help="https://github.com/owner/name"
    )
    parser.add_argument("--branch", default="main", help="the branch that is published")
    given = parser.parse_args(arguments)
    repository = checked(given.repository, given.branch)
    site = site_of(vars(repository))

    files = [
        *(ROOT / name for name in ("_config.yml", "CITATION.cff", "README.md")),
        *([ROOT / WORKFLOW] if (ROOT / WORKFLOW).is_file() else []),
        *notebooks.chapters(),
    ]
    before = {path: path.read_bytes() for path in files if path.is_file()}
    rewrite("_config.yml", lambda text: with_setting(text, repository))
    rewrite("CITATION.cff", lambda text: with_citation(text, repository, site))
    rewrite(WORKFLOW, lambda text: with_branch(text, repository.branch))
    notebooks.main(["--stamp"])
    readme.write()

    changed = [path for path, content in before.items() if path.read_bytes() != content]
    print(report([path.relative_to(ROOT).as_posix() for path in changed]))
    print(to_do(repository, site))


def checked(url: str, branch: str) -> Repository:
    """Read what was given.

    Raises:
        SystemExit: it is no address of a repository, or no branch; one sentence.
    """
    try:
        repository = Repository.parse(url, branch)
    except ConfigError:
        repository = None
    if repository is None:
        raise SystemExit(
            f"{url!r} is no address of a repository: it must look like "
            "https://github.com/owner/name"
        )
    if not re.fullmatch(r"(?!-)[\w./-]+(?<!/)", branch) or branch == "plain":
        raise SystemExit(
            f"{branch!r} cannot be the branch: name the one with the chapters, such as "
            "main ('plain' holds the notebooks that Colab and Binder open)"
        )
    return repository


def rewrite(name: str | Path, change: Callable[[str], str]) -> None:
    """Change a file's text, if there is such a file."""
    path = ROOT / name
    if path.is_file():
        text = path.read_text(encoding="utf-8")
        path.write_text(change(text), encoding="utf-8", newline="\n")


def with_setting(text: str, repository: Repository) -> str:
    """Return ``_config.yml`` with the address, its comments as they are."""
    found = re.search(r"^repository:\n(?:  .*\n)+", text, re.MULTILINE)
    if found is None:
        raise SystemExit("_config.yml has no `repository:` with `url:` and `branch:`")
    setting = re.sub(r"(?m)^(  url:).*$", rf'\1 "{repository.url}"', found[0])
    setting = re.sub(r"(?m)^(  branch:).*$", rf"\1 {repository.branch}", setting)
    return text[: found.start()] + setting + text[found.end() :]


def with_citation(text: str, repository: Repository, site: str) -> str:
    """Return ``CITATION.cff`` with the address of the project and of the book."""
    for key, value in (("repository-code", repository.url), ("url", site)):
        line = f'{key}: "{value}"'
        text, found = re.subn(rf"(?m)^{key}:.*$", line, text)
        if not found:
            text = re.sub(r"(?m)^(version:.*)$", rf"\1\n{line}", text, count=1)
    return text


def with_branch(text: str, branch: str) -> str:
    """Return the workflow with the branch that it tests and publishes."""
    text = re.sub(r"(?m)^(    branches:) \[.*\]$", rf"\1 [{branch}]", text)
    return re.sub(r"'refs/heads/[^']+'", f"'refs/heads/{branch}'", text)


def report(changed: list[str]) -> str:
    """Say which files were changed."""
    if not changed:
        return "Nothing to change: the address is there already."
    own = [name for name in changed if not name.endswith(".ipynb")]
    if len(changed) > len(own):
        own.append(f"the first cell of {len(changed) - len(own)} notebooks")
    return "Changed:\n" + "\n".join(f"  {name}" for name in own)


def to_do(repository: Repository, site: str) -> str:
    """Say what is left to do on GitHub."""
    return (
        f"Now switch GitHub Pages on, once: open {repository.url}/settings/pages and "
        "choose\nGitHub Actions as the source. Commit what was changed and push it to "
        f"{repository.branch}: the\nworkflow `book` tests the book, publishes it at "
        f"{site}, and writes\nthe branch `plain`, whose notebooks Colab and "
        "Binder open."
    )


if __name__ == "__main__":
    main()
