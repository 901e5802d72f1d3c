"""Frames: pixels compressed for the page, and what is to be laid over one for another.

Compression is most of the time that a slider's pictures take, and most of a page's
weight is what comes out of it.
"""

from __future__ import annotations

import base64
import io
from dataclasses import dataclass, replace

import numpy as np
from PIL import Image


@dataclass(frozen=True)
class Frame:
    """One compressed picture.

    Attributes:
        data: The bytes of a WebP file.
        width: Displayed width in CSS pixels.
        height: Displayed height in CSS pixels.
    """

    data: bytes
    width: int
    height: int

    @property
    def uri(self) -> str:
        """The picture as a ``data:`` address."""
        return "data:image/webp;base64," + base64.b64encode(self.data).decode("ascii")


def over(base: Frame, frame: Frame) -> Frame:
    """Return what is to be laid over one frame for another to be seen.

    Only what differs is kept, and two dots around it, so that nothing shines through
    when both are scaled; the rest is transparent, and costs next to nothing.

    Args:
        base: The frame below.
        frame: The frame to be seen, of the same size.

    Returns:
        The difference, or ``frame`` itself where that is no longer.
    """
    pictures = [Image.open(io.BytesIO(each.data)) for each in (base, frame)]
    if pictures[1].mode == "RGBA":  # is such a difference
        return frame
    below, above = (np.asarray(picture.convert("RGB")) for picture in pictures)
    if below.shape != above.shape:
        return frame
    differs = (below != above).any(axis=-1)
    for axis in (0, 1):
        for _ in range(2):
            grown = differs.copy()
            ahead, behind = grown.swapaxes(0, axis), differs.swapaxes(0, axis)
            ahead[1:] |= behind[:-1]
            ahead[:-1] |= behind[1:]
            differs = grown
    alpha = np.where(differs, 255, 0).astype(np.uint8)
    kept = np.where(differs[..., None], above, 0).astype(np.uint8)
    data = _webp(np.dstack([kept, alpha]), lossless=True)
    return frame if len(data) >= len(frame.data) else replace(frame, data=data)


def compress(pixels: np.ndarray) -> bytes:
    """Encode an image as WebP, without loss or with one that the eye does not see.

    A picture of few colours is kept exactly. Otherwise there are two ways. Lossless,
    after rounding colours by at most 8 of 255 at edges and 2 elsewhere, suits line art.
    Lossy at quality 85 suits photographs; thin coloured lines suffer, so it is taken
    only if it saves two fifths and at most one value in a hundred is off by over 25.

    Args:
        pixels: Image of bytes, shape (H, W, 3).

    Returns:
        The bytes of a WebP file.
    """
    colours = Image.fromarray(pixels).getcolors(256)
    if colours is not None:
        return _webp(pixels, lossless=True)
    rounded = _webp(_round_colours(pixels), lossless=True)
    # At its least effort, lossy compression takes a third of the time and up to half as
    # many bytes again: enough to see whether it is worth the rest.
    if len(_webp(pixels, quality=85, method=0)) > 0.95 * len(rounded):
        return rounded
    lossy = _webp(pixels, quality=85, method=4)
    if len(lossy) < 0.6 * len(rounded):
        decoded = np.asarray(Image.open(io.BytesIO(lossy)).convert("RGB"))
        error = np.abs(decoded.astype(np.int16) - pixels)
        if np.mean(error > 25) <= 0.01:
            return lossy
    return rounded


def _webp(
    pixels: np.ndarray, lossless: bool = False, quality: int = 50, method: int = 3
) -> bytes:
    """Encode; without loss, these efforts are quicker and smaller than the default."""
    buffer = io.BytesIO()
    Image.fromarray(pixels).save(
        buffer, "WEBP", lossless=lossless, quality=quality, method=method
    )
    return buffer.getvalue()


def _round_colours(pixels: np.ndarray) -> np.ndarray:
    """Round to multiples of 16 where a neighbour's colour differs, else of 4."""
    edge = np.zeros(pixels.shape[:2], dtype=bool)
    for plane in np.ascontiguousarray(pixels.transpose(2, 0, 1)):
        for one, other in (
            ((slice(1, None),), (slice(None, -1),)),
            ((slice(None), slice(1, None)), (slice(None), slice(None, -1))),
        ):
            a, b = plane[one], plane[other]
            differs = np.maximum(a, b) - np.minimum(a, b) > 8
            edge[one] |= differs
            edge[other] |= differs
    return np.where(edge[..., None], _COARSE[pixels], _FINE[pixels])


_VALUES = np.arange(256)
_COARSE = np.where(_VALUES >= 248, 255, (_VALUES + 8) // 16 * 16).astype(np.uint8)
_FINE = np.where(_VALUES >= 254, 255, (_VALUES + 2) // 4 * 4).astype(np.uint8)
