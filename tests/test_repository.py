"""What is said in one place holds everywhere: the project's address, its packages."""

from __future__ import annotations

import ast
import re
import sys
import tomllib
from collections.abc import Mapping
from functools import cache
from importlib.metadata import packages_distributions
from pathlib import Path

import nbformat
import pytest
import yaml
from sphinx.errors import ConfigError

from tests.book_builder import Built, build, code, notebook
from tools.build import ROOT
from tools.contents import short_name
from tools.notebooks import chapters

sys.path.append(str(ROOT / "_ext"))
from repository import Repository

URL = "https://github.com/some-one/some-book"
FIRST = """# First page

:::{if-repository}
```bash
git clone @url@
cd @name@
```
Branch @branch@ of @owner@.
:::

:::{unless-repository}
Not published yet.
:::
"""
FILES = {"index.md": FIRST, "part/chapter.ipynb": notebook(code("x = 1"))}


@pytest.fixture(scope="module")
def unset(tmp_path_factory: pytest.TempPathFactory) -> Built:
    return build(tmp_path_factory.mktemp("unset"), FILES)


@pytest.fixture(scope="module")
def published(tmp_path_factory: pytest.TempPathFactory) -> Built:
    return build(tmp_path_factory.mktemp("set"), FILES, url=URL)


def test_without_an_address_there_is_no_link(unset: Built):
    assert unset.status == 0, unset.messages
    for name in ("index", "part/chapter"):
        page = unset.page(name)
        for trace in (
            "github.com",
            "colab",
            "mybinder",
            "Suggest an edit",
            "git clone",
        ):
            assert trace not in page
    assert "Not published yet." in unset.page("index")


def test_a_notebook_can_be_downloaded_all_the_same(unset: Built):
    page = unset.page("part/chapter")
    assert 'href="../_sources/part/chapter.ipynb" title="Download' in page
    assert (unset.site / "_sources/part/chapter.ipynb").is_file()
    assert "_sources" not in unset.page("index")


def test_the_address_feeds_every_link(published: Built):
    assert published.status == 0, published.messages
    page = published.page("part/chapter")
    path = "some-one/some-book"
    assert (
        f"https://colab.research.google.com/github/{path}/blob/plain/part/chapter.ipynb"
        in page
    )
    assert (
        f"https://mybinder.org/v2/gh/{path}/plain?urlpath=lab/tree/part/chapter.ipynb"
        in page
    )
    assert f"{URL}/edit/main/part/chapter.ipynb" in page
    assert f'href="{URL}"' in page


def test_pages_without_code_are_not_launched(published: Built):
    page = published.page("index")
    assert "colab" not in page
    assert f"{URL}/edit/main/index.md" in page


def test_pages_can_say_the_address(published: Built):
    page = published.page("index")
    assert URL in page
    assert "Branch main of some-one." in page
    assert "Not published yet." not in page
    assert "@url@" not in page


@pytest.mark.parametrize("end", ["", "/", ".git"])
def test_the_address_is_read_as_people_write_it(end: str):
    found = Repository.parse(URL + end, "trunk")
    assert found == Repository(URL, "some-one", "some-book", "trunk")


@pytest.mark.parametrize("empty", ["", "  ", None])
def test_an_empty_address_is_none(empty: str | None):
    assert Repository.parse(empty) is None


@pytest.mark.parametrize(
    "wrong", ["github.com/a/b", "https://github.com/a", "https://github.com/a/b/c", "x"]
)
def test_a_wrong_address_says_what_is_right(wrong: str):
    with pytest.raises(ConfigError, match=r"must look like https://github\.com/owner"):
        Repository.parse(wrong)


def test_the_configuration_has_a_valid_address_or_none():
    text = Path(ROOT / "_config.yml").read_text(encoding="utf-8")
    Repository.parse(yaml.safe_load(text)["repository"]["url"])


# --- packages -------------------------------------------------------------------------

# Hosted notebooks have these; elsewhere a reader chooses the build for the machine.
ALREADY_THERE = {"ipython", "torch", "tensorflow", "keras"}


def imported_by(sources: list[str]) -> set[str]:
    """Return the top-level modules that code cells import, also within functions."""
    found = set()
    for source in sources:
        plain = re.sub(r"^(\s*)[%!].*$", r"\1pass", source, flags=re.MULTILINE)
        for node in ast.walk(ast.parse(plain)):
            if isinstance(node, ast.Import):
                found |= {alias.name.split(".")[0] for alias in node.names}
            elif isinstance(node, ast.ImportFrom) and node.module and not node.level:
                found.add(node.module.split(".")[0])
    return found - sys.stdlib_module_names - {"utils"}


def declared(requirements: list[str]) -> set[str]:
    """Return the names of the packages in a list of requirements."""
    names = (re.match(r"[A-Za-z0-9._-]+", line) for line in requirements)
    return {re.sub(r"[-_.]+", "-", name[0]).lower() for name in names if name}


@cache
def providers() -> Mapping[str, list[str]]:
    """Return the packages behind each module that can be imported here."""
    return packages_distributions()


def undeclared(modules: set[str], packages: set[str]) -> set[str]:
    """Return the modules that come from none of the packages."""
    return {m for m in modules if not declared(providers().get(m, [])) & packages}


@pytest.mark.parametrize("path", chapters(), ids=short_name)
def test_every_package_that_a_notebook_imports_is_declared(path: Path):
    cells = nbformat.read(path, as_version=4).cells
    modules = imported_by([c.source for c in cells if c.cell_type == "code"])
    required = (ROOT / "requirements.txt").read_text(encoding="utf-8").splitlines()
    assert undeclared(modules, declared(required)) == set(), "see requirements.txt"

    project = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))["project"]
    extra = project["optional-dependencies"]["chapters"]
    fetched = declared([*project["dependencies"], *extra]) | ALREADY_THERE
    assert undeclared(modules, fetched) == set(), "see [chapters] in pyproject.toml"


def test_an_import_that_nobody_declares_is_found():
    cells = [
        "%pip install x\nimport numpy as np",
        "def f():\n    from PIL import Image",
    ]
    modules = imported_by(
        [*cells, "import os, utils.data\nfrom sklearn.svm import SVC"]
    )
    assert modules == {"numpy", "PIL", "sklearn"}
    packages = declared(["numpy>=2.1,<3  # arrays", "Scikit_Learn", "", "# -e ."])
    assert packages == {"numpy", "scikit-learn"}
    assert undeclared(modules, packages) == {"PIL"}
    assert undeclared({"no_such_module"}, packages) == {"no_such_module"}
