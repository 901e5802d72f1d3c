"""One setting, the project's address, feeds every link that leads there.

``repository: url:`` in ``_config.yml`` gives the Colab and Binder links of the
notebooks, "suggest an edit", the link to the project, and what the pages themselves
say. While it is empty, all of that is left out. Pages say it with two directives::

    :::{if-repository}
    git clone @url@
    :::

    :::{unless-repository}
    What to do while the project has no address.
    :::

In the first, ``@url@``, ``@owner@``, ``@name@`` and ``@branch@`` are replaced.
"""

from __future__ import annotations

import re
from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING

from docutils import nodes
from docutils.statemachine import StringList
from sphinx.errors import ConfigError
from sphinx.util.docutils import SphinxDirective

if TYPE_CHECKING:
    from sphinx.application import Sphinx
    from sphinx.config import Config

LAUNCHERS = {
    "colab_url": "https://colab.research.google.com",
    "binderhub_url": "https://mybinder.org",
    "notebook_interface": "jupyterlab",
}


@dataclass(frozen=True)
class Repository:
    """Where the project lives on GitHub."""

    url: str
    owner: str
    name: str
    branch: str

    @classmethod
    def parse(cls, url: str | None, branch: str = "main") -> Repository | None:
        """Read the address as a person wrote it.

        Args:
            url: ``https://github.com/owner/name``; a closing ``/`` or ``.git`` is fine.
            branch: the branch that links point at.

        Returns:
            The repository, or None when the address is empty.

        Raises:
            ConfigError: the address has another form.
        """
        address = (url or "").strip().removesuffix("/").removesuffix(".git")
        if not address:
            return None
        match = re.fullmatch(r"https://github\.com/([\w.-]+)/([\w.-]+)", address)
        if match is None:
            raise ConfigError(
                f"repository: url: in _config.yml is {url!r}; "
                "it must look like https://github.com/owner/name, or be empty"
            )
        return cls(address, match[1], match[2], branch)


def _configure(app: Sphinx, config: Config) -> None:
    """Turn the theme's links on, or leave every trace of them out."""
    options = config.html_theme_options
    repository = Repository.parse(
        options.pop("repository_url", ""), options.pop("repository_branch", "main")
    )
    config.book_repository = asdict(repository) if repository else {}
    if repository:
        options.update(
            repository_url=repository.url,
            repository_branch=repository.branch,
            path_to_docs="",
            launch_buttons=LAUNCHERS,
            use_repository_button=True,
            use_edit_page_button=True,
        )
    else:
        options.pop("launch_buttons", None)


class IfRepository(SphinxDirective):
    """Content that is there only while the project has an address."""

    has_content = True
    wanted = True

    def run(self) -> list[nodes.Node]:
        """Return the content, its placeholders filled in, or nothing."""
        values = self.config.book_repository
        if bool(values) != self.wanted:
            return []
        lines = list(self.content)
        for key, value in values.items():
            lines = [line.replace(f"@{key}@", value) for line in lines]
        holder = nodes.Element()
        source = self.env.doc2path(self.env.docname)
        text = StringList(lines, source=source)
        self.state.nested_parse(text, self.content_offset, holder)
        return holder.children


class UnlessRepository(IfRepository):
    """Content that is there only while the project has no address."""

    wanted = False


def setup(app: Sphinx) -> dict[str, bool]:
    """Register the setting and the directives."""
    app.add_config_value("book_repository", {}, "env")
    app.connect("config-inited", _configure, priority=400)
    app.add_directive("if-repository", IfRepository)
    app.add_directive("unless-repository", UnlessRepository)
    return {"parallel_read_safe": True, "parallel_write_safe": True}
