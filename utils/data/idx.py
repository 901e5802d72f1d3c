"""Files in the idx format: what they should hold, and whether they do."""

from __future__ import annotations

import gzip
import hashlib
import io
import struct
import zlib
from dataclasses import dataclass
from math import prod
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

Bytes = NDArray[np.uint8]


class BadBytesError(Exception):
    """The message says what is wrong, as the end of "this file …"."""


class Record(Protocol):
    """What is on record of a file: enough to tell it from any other."""

    @property
    def size(self) -> int:
        """The number of bytes."""

    @property
    def sha256(self) -> str:
        """The hash of the bytes."""


@dataclass(frozen=True)
class IdxFile:
    """One file of a set in the idx format, as LeCun published MNIST.

    Attributes:
        name: Its name without `.gz`.
        shape: The shape of the array of bytes it holds.
        sha256: The hash of the file when it is not compressed.
    """

    name: str
    shape: tuple[int, ...]
    sha256: str

    @property
    def header(self) -> bytes:
        """Two zeros, 8 for "unsigned byte", the number of axes, their lengths."""
        axes = len(self.shape)
        return struct.pack(f">HBB{axes}I", 0, 8, axes, *self.shape)

    @property
    def size(self) -> int:
        """The number of bytes when it is not compressed."""
        return len(self.header) + prod(self.shape)

    def array(self, content: bytes) -> Bytes:
        """The array that the checked content holds."""
        return np.frombuffer(content, np.uint8, offset=len(self.header)).reshape(
            self.shape
        )


def unpack_and_check(packed: bytes, file: IdxFile) -> bytes:
    """Unpacks bytes if they are compressed, and compares them with the record.

    Raises:
        BadBytesError: They are not the file.
    """
    if not packed:
        raise BadBytesError("is empty")
    content = packed
    if packed.startswith(b"\x1f\x8b"):  # gzip, whatever the file is called
        try:
            with gzip.open(io.BytesIO(packed)) as unpacked:
                content = unpacked.read(file.size + 1)
        except EOFError:
            raise BadBytesError(
                f"is cut short: the compressed data stop after {len(packed):,} bytes"
            ) from None
        except (OSError, zlib.error) as error:
            raise BadBytesError(f"cannot be unpacked ({error})") from None
    refuse_web_page(content)
    check_hash(content, file)
    return content


def refuse_web_page(content: bytes) -> None:
    """Tells a page that says "not found" or "log in" from data.

    Raises:
        BadBytesError: It is one.
    """
    start = content[:200].lstrip()
    if start.lower().startswith((b"<!doctype", b"<html", b"<head", b"<?xml")):
        begins = start[:40].decode("latin-1")
        raise BadBytesError(f"is a web page, not data (it begins with {begins!r})")


def check_hash(content: bytes, file: Record, part: str = "") -> None:
    """Compares bytes with the record.

    Args:
        content: The bytes.
        file: The record.
        part: What to call the bytes in the message, if they are not all of a file.

    Raises:
        BadBytesError: They are not the file.
    """
    sha256 = hashlib.sha256(content).hexdigest()
    if sha256 == file.sha256:
        return
    if len(content) < file.size:
        raise BadBytesError(
            f"is cut short: {part}has {len(content):,} of {file.size:,} bytes"
        )
    if len(content) > file.size:
        raise BadBytesError(f"is not the published file: {part}is too long")
    raise BadBytesError(
        f"is not the published file: {part}has SHA-256 {sha256[:12]}…, "
        f"not {file.sha256[:12]}…"
    )
