"""Downloading a file: nothing is kept that is not whole and checked.

Only a set that is on none of the reader's disks needs this module, which is why it is
imported when that happens and not before.
"""

from __future__ import annotations

import http.client
import os
import tempfile
import urllib.error
import urllib.parse
import urllib.request
import warnings
from collections.abc import Callable, Sequence
from contextlib import suppress
from pathlib import Path

from tqdm import tqdm

from utils.data.dataset import DataError
from utils.data.idx import BadBytesError


def download(
    urls: Sequence[str], limit: int, check: Callable[[bytes], bytes], ways_on: str
) -> tuple[bytes, bytes]:
    """Tries the addresses in turn until one gives a file that passes the check.

    Args:
        urls: Addresses of the same file.
        limit: No more bytes than this are read.
        check: Turns the bytes as sent into the content, or raises `BadBytesError`.
        ways_on: What the reader can do if no address serves, for the error message.

    Returns:
        The bytes as they were sent, and the content.

    Raises:
        DataError: No address gave the file; says for each what was wrong.
    """
    failures = []
    for url in urls:
        host = urllib.parse.urlsplit(url).hostname
        try:
            sent = _fetch(url, limit)
            return sent, check(sent)
        except urllib.error.HTTPError as error:
            failures.append(f"{host} answered {error.code} {error.reason}")
        except BadBytesError as error:
            failures.append(f"what {host} sent {error}")
        except (OSError, http.client.HTTPException) as error:
            reason = getattr(error, "reason", None) or error
            failures.append(f"{host} could not be read ({reason})")
    name = urls[0].rpartition("/")[2]
    raise DataError(f"{name} could not be downloaded: {'; '.join(failures)}. {ways_on}")


def keep(path: Path, content: bytes) -> None:
    """Writes a checked file beside its final name, then moves it there in one step.

    Two processes may do so at once: each moves a whole file. Where nothing can be
    written the data are still good, so that is a warning.
    """
    part = None
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        descriptor, part = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name}.")
        with open(descriptor, "wb") as file:
            file.write(content)
            file.flush()
            os.fsync(file.fileno())
        os.replace(part, path)
        part = None
    except OSError as error:
        if not path.is_file():  # else another process has just put it there
            warnings.warn(
                f"{path.name} was downloaded and is in use, but no copy could be kept "
                f"in {path.parent} ({error.strerror}); it will be downloaded again "
                "next time. A folder named by BOOK_DATA_DIR can hold a copy.",
                stacklevel=2,
            )
    finally:
        if part is not None:
            with suppress(OSError):
                os.unlink(part)


def _fetch(url: str, limit: int) -> bytes:
    """Reads a whole answer into memory, so that a broken one leaves nothing behind."""
    request = urllib.request.Request(
        url, headers={"User-Agent": "deep-learning-textbook"}
    )
    with urllib.request.urlopen(request, timeout=30) as answer:
        expected = answer.headers.get("Content-Length")
        total = int(expected) if expected and expected.isdigit() else None
        chunks, size = [], 0
        with tqdm(
            total=total,
            desc=url.rpartition("/")[2],
            unit="B",
            unit_scale=True,
            leave=False,
            disable=None,  # no bar where nobody watches a terminal
        ) as bar:
            while size <= limit and (chunk := answer.read(1 << 16)):
                chunks.append(chunk)
                size += len(chunk)
                bar.update(len(chunk))
    if total is not None and size < min(total, limit):
        raise BadBytesError(f"is cut short: {size:,} of {total:,} bytes arrived")
    return b"".join(chunks)
