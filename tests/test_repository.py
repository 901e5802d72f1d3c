"""One address feeds every link to the project; without it there is none."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest
import yaml
from sphinx.errors import ConfigError

from tests.book_builder import Built, build, code, notebook
from tools.build import ROOT

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
        f"https://colab.research.google.com/github/{path}/blob/main/part/chapter.ipynb"
        in page
    )
    assert (
        f"https://mybinder.org/v2/gh/{path}/main?urlpath=lab/tree/part/chapter.ipynb"
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
