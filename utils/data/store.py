"""Public files: found on this machine or downloaded, and never used unchecked.

A file is read from the first place that has it:

1. the folder that the environment variable `BOOK_DATA_DIR` names,
2. the cache of another library, such as `keras.datasets`, where it has such files,
3. the book's own cache, after downloading what is missing there.

Whatever the place, the bytes must have the SHA-256 on record. A file that is there but
wrong is a `DataError`; it is neither used nor passed over for the next place. Nothing
is unpickled. Fetching and keeping are the work of the library pooch, which is imported
only when a file is on none of the reader's disks.
"""

from __future__ import annotations

import gzip
import hashlib
import io
import os
import warnings
import zlib
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import TypeVar
from urllib.parse import urlsplit

from utils.data.dataset import DataError

T = TypeVar("T")


class BadBytesError(Exception):
    """The message says what is wrong, as the end of "this file …"."""


@dataclass(frozen=True)
class PublicFile:
    """One file as it was published.

    Attributes:
        path: Where it lies below a data directory, with `/` between folders.
        sha256: The hash of its bytes, or the first digits of it.
        size: Their number, if it is known.
        urls: Addresses of the file; none if it has to be there already.
        unpacks: Whether `sha256` and `size` are those of the bytes inside, if the file
            is compressed by gzip. Packed by somebody else, they are the same.
    """

    path: str
    sha256: str
    size: int | None = None
    urls: tuple[str, ...] = ()
    unpacks: bool = False

    @property
    def name(self) -> str:
        """The file's own name."""
        return self.path.rpartition("/")[2]

    def check(self, sent: bytes, part: str = "") -> bytes:
        """Compares bytes with the record.

        Args:
            sent: The bytes as they were found.
            part: What to call them in the message, if they are not all of a file.

        Returns:
            The content: the bytes, unpacked if need be.

        Raises:
            BadBytesError: They are not the file.
        """
        if not sent:
            raise BadBytesError("is empty")
        packed = self.unpacks and sent.startswith(b"\x1f\x8b")  # whatever its name
        content = self._unpacked(sent) if packed else sent
        start = content[:200].lstrip()
        if start.lower().startswith((b"<!doctype", b"<html", b"<head", b"<?xml")):
            begins = start[:40].decode("latin-1")
            raise BadBytesError(f"is a web page, not data (it begins with {begins!r})")
        sha256 = hashlib.sha256(content).hexdigest()
        if sha256.startswith(self.sha256):
            return content
        if self.size and len(content) < self.size:
            raise BadBytesError(
                f"is cut short: {part}has {len(content):,} of {self.size:,} bytes"
            )
        if self.size and len(content) > self.size:
            raise BadBytesError(f"is not the published file: {part}is too long")
        raise BadBytesError(
            f"is not the published file: {part}has SHA-256 {sha256[:12]}…, "
            f"not {self.sha256[:12]}…"
        )

    def _unpacked(self, packed: bytes) -> bytes:
        try:
            with gzip.open(io.BytesIO(packed)) as unpacked:
                return unpacked.read(-1 if self.size is None else self.size + 1)
        except EOFError:
            raise BadBytesError(
                f"is cut short: the compressed data stop after {len(packed):,} bytes"
            ) from None
        except (OSError, zlib.error) as error:
            raise BadBytesError(f"cannot be unpacked ({error})") from None


def data_dir() -> Path | None:
    """The folder that `BOOK_DATA_DIR` names, or None if it is not set.

    Raises:
        DataError: It names no folder.
    """
    value = os.environ.get("BOOK_DATA_DIR", "").strip()
    if not value:
        return None
    folder = Path(value).expanduser()
    if not os.path.isdir(folder):
        what = "a file, not a folder" if os.path.exists(folder) else "not there"
        raise DataError(
            f"BOOK_DATA_DIR names {folder}, which is {what}. Either set it to the "
            "folder that holds the data sets, or unset it and load again with a "
            "network connection."
        )
    return folder


def cache_dir() -> Path:
    """The folder where the book keeps what it has downloaded; it need not exist yet."""
    from platformdirs import user_cache_path

    return user_cache_path("deep-learning-textbook", appauthor=False)


def find(file: PublicFile, *caches: tuple[Path, str]) -> tuple[bytes, str]:
    """Reads a file from the first place that has it, or downloads it.

    Args:
        file: The file.
        *caches: Where another library may keep it, and that place in words.

    Returns:
        Its content, and the place in words.

    Raises:
        DataError: The file is damaged or out of reach.
    """
    elsewhere = f"set BOOK_DATA_DIR to a folder that holds {file.path}"
    again = " and load again with a network connection" if file.urls else ""
    damaged = f"Either put a whole copy there, or delete it{again}."
    places = list(caches)
    if top := data_dir():
        places.insert(0, (top / file.path, "read from $BOOK_DATA_DIR"))
    for path, place in places:
        if exists(path, elsewhere):
            return read(path, file.check, damaged), place
    return kept_or_downloaded(file, damaged, elsewhere), "downloaded"


def exists(path: Path, elsewhere: str) -> bool:
    """Whether there is such a file.

    Raises:
        DataError: It lies in a folder that may not be looked into.
    """
    try:
        return path.exists()
    except OSError as error:
        raise DataError(
            f"{path} cannot be read ({error.strerror}). Either give yourself the right "
            f"to read it, or {elsewhere}."
        ) from error


def read(path: Path, check: Callable[[bytes], T], damaged: str) -> T:
    """Reads a file that is there.

    Args:
        path: The file.
        check: Turns its bytes into what they hold, or raises `BadBytesError`.
        damaged: What the reader can do about a bad file.

    Raises:
        DataError: It is bad.
    """
    try:
        return check(path.read_bytes())
    except OSError as error:
        wrong = f"cannot be read ({error.strerror or error})"
    except BadBytesError as error:
        wrong = str(error)
    raise DataError(f"{path} {wrong}. {damaged}")


def kept_or_downloaded(file: PublicFile, damaged: str, elsewhere: str) -> bytes:
    """Reads a file from the book's own cache, or downloads it and keeps it there.

    Args:
        file: The file.
        damaged: What the reader can do if the kept copy is bad.
        elsewhere: What the reader can do without a network.

    Returns:
        Its content.

    Raises:
        DataError: The copy is bad, or no address gave the file: for each of them, what
            was wrong.
    """
    path = cache_dir() / file.path
    if exists(path, elsewhere):
        return read(path, file.check, damaged)
    if not file.urls:
        raise DataError(
            f"{file.name} is not on this machine, and no address has it. The way on: "
            f"{elsewhere}."
        )
    failures = []
    for url in file.urls:
        host = urlsplit(url).hostname
        try:
            sent = _fetch(url)
            content = file.check(sent)
        except BadBytesError as error:
            failures.append(f"what {host} sent {error}")
        except OSError as error:  # as all errors of the library requests are
            failures.append(f"{host} {_explained(error)}")
        else:
            _keep(path, sent, url)
            return content
    raise DataError(
        f"{file.name} could not be downloaded: {'; '.join(failures)}. Either load "
        f"again with a network connection, or {elsewhere}."
    )


def _explained(error: OSError) -> str:
    """What the library requests met with, as the end of "this host …"."""
    answer = getattr(error, "response", None)
    if answer is not None:
        return f"answered {answer.status_code} {answer.reason}"
    within = error.args[0] if error.args else None
    broken = (getattr(within, "args", None) or [None])[-1]
    if hasattr(broken, "partial"):
        got, rest = broken.partial, broken.expected
        return f"sent what is cut short: {got:,} of {got + rest:,} bytes arrived"
    reason = str(getattr(within, "reason", error))
    return f"could not be read ({reason.rpartition(': ')[2]})"  # less who says so


def _fetch(url: str) -> bytes:
    """Reads a whole answer into memory, so that a broken one leaves nothing behind."""
    import pooch
    from tqdm import tqdm

    received = io.BytesIO()
    with tqdm(
        total=1,  # until the answer tells
        desc=url.rpartition("/")[2],
        unit="B",
        unit_scale=True,
        leave=False,
        disable=None,  # no bar where nobody watches a terminal
    ) as bar:
        as_it_is = {"Accept-Encoding": "identity"}
        get = pooch.HTTPDownloader(bar, 1 << 16, headers=as_it_is, timeout=30)
        get(url, received, None)
    return received.getvalue()


def _keep(path: Path, sent: bytes, url: str) -> None:
    """Has pooch write checked bytes beside their final name and move them there.

    Two processes may do so at once: each moves a whole file. Where nothing can be
    written the data are still good, so that is a warning.
    """
    import pooch

    pooch.get_logger().setLevel("WARNING")  # what it does is no news to the reader
    try:
        pooch.retrieve(
            url,
            known_hash=hashlib.sha256(sent).hexdigest(),
            fname=path.name,
            path=path.parent,
            downloader=lambda _url, part, _pooch: Path(part).write_bytes(sent),
        )
    except OSError as error:
        if not path.is_file():  # else another process has just put it there
            warnings.warn(
                f"{path.name} was downloaded and is in use, but no copy could be kept "
                f"in {path.parent} ({error.strerror or error}); it will be downloaded "
                "again next time. A folder named by BOOK_DATA_DIR can hold a copy.",
                stacklevel=2,
            )
