"""Public sets that are one file: found on this machine or downloaded, and checked.

The places and the rules are those of `utils.data.public`, less the Keras cache, which
has none of these files.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import partial

from utils.data import public
from utils.data.dataset import DataError
from utils.data.idx import BadBytesError, check_hash, refuse_web_page


@dataclass(frozen=True)
class PublicFile:
    """One file as it was published.

    Attributes:
        path: Where it lies below a data directory, with `/` between folders.
        sha256: The hash of its bytes.
        size: Their number.
        urls: Addresses of the file; none if it has to be there already.
    """

    path: str
    sha256: str
    size: int
    urls: tuple[str, ...] = ()

    @property
    def name(self) -> str:
        """The file's own name."""
        return self.path.rpartition("/")[2]


def find(file: PublicFile) -> tuple[bytes, str]:
    """Reads a file from the first place that has it, or downloads it.

    Returns:
        Its bytes, and the place in words.

    Raises:
        DataError: The file is damaged or out of reach.
    """
    try:
        top = public.data_dir()
        places = [] if top is None else [(top / file.path, "read from $BOOK_DATA_DIR")]
        places.append((public.cache_dir() / file.path, "downloaded"))
        for path, place in places:
            if path.is_file():
                content = path.read_bytes()
                _check(content, file)
                return content, place
    except BadBytesError as error:
        raise DataError(
            f"{path} {error}. Either put a whole copy there, or delete it"
            + (" and load again with a network connection." if file.urls else ".")
        ) from None
    except OSError as error:  # a file or folder that may not be looked into
        raise DataError(
            f"{error.filename} cannot be read ({error.strerror}). Either give yourself "
            f"the right to read it, or {_elsewhere(file)}."
        ) from error
    if not file.urls:
        raise DataError(
            f"{file.name} is not on this machine, and no address has it. The way on: "
            f"{_elsewhere(file)}."
        )
    from utils.data.download import download, keep

    content, _ = download(
        file.urls,
        limit=file.size + 1,
        check=partial(_check, file=file),
        ways_on=f"Either load again with a network connection, or {_elsewhere(file)}.",
    )
    keep(public.cache_dir() / file.path, content)
    return content, "downloaded"


def _check(content: bytes, file: PublicFile) -> bytes:
    if not content:
        raise BadBytesError("is empty")
    refuse_web_page(content)
    check_hash(content, file)
    return content


def _elsewhere(file: PublicFile) -> str:
    return f"set BOOK_DATA_DIR to a folder that holds {file.path}"
