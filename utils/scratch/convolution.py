"""Convolution and pooling on images of shape (N, C, H, W).

All look at the image through the same windows, one of the kernel's size for every
output pixel: a view of the sheet on which the image lies in its padding. The backward
adds into windows of dx, and so does the forward of the transposed convolution.
"""

import math
from typing import Any

import numpy as np
from numpy.lib.stride_tricks import as_strided

from utils.scratch import _checks
from utils.scratch._checks import Array

Size = int | tuple[int, int]
Pair = tuple[int, int]


def conv2d(
    x: Array,
    w: Array,
    b: Array,
    stride: Size = 1,
    padding: Size = 0,
    dilation: Size = 1,
    groups: int = 1,
) -> tuple[Array, tuple[Any, ...]]:
    """Slide filters over images (cross-correlation, as in every framework).

    Args:
        x: Images, shape (N, C, H, W).
        w: Filters, shape (F, C / groups, KH, KW).
        b: Bias, shape (F,).
        stride: Step between windows; here and below an integer or (height, width).
        padding: Zeros added on each side.
        dilation: Distance between the pixels that a filter looks at.
        groups: Split channels and filters into groups that do not see each other.

    Returns:
        Output of shape (N, F, OH, OW), OH = (H + 2 padding - dilation (KH - 1) - 1)
        // stride + 1 and OW likewise, and the cache.

    Raises:
        ValueError: A shape, dtype or setting is wrong, or the filter is larger than
            the padded image.

    Source: LeCun et al., "Gradient-based learning applied to document recognition",
    Proc. IEEE 1998; the arithmetic of sizes: Dumoulin and Visin, arXiv:1603.07285.
    """
    stride = _checks.pair("stride", stride, 1)
    padding = _checks.pair("padding", padding, 0)
    dilation = _checks.pair("dilation", dilation, 1)
    groups = _checks.count("groups", groups)
    _checks.shapes(x=(x, "N C H W"), w=(w, "F I KH KW"), b=(b, "F"))
    (n, channels, *_), (filters, inputs, *_) = x.shape, w.shape
    if inputs * groups != channels or filters % groups:
        raise ValueError(
            f"w must have shape (F, C / groups, KH, KW) with C = {channels} and F a "
            f"multiple of groups = {groups}, got {w.shape}"
        )
    setting = (w.shape[2:], stride, padding, dilation)
    image, windows, width = _sheet(x.shape, x.dtype, *setting)
    image[...] = x
    windows = windows.reshape(n, groups, inputs, *windows.shape[2:])
    *_, height, row = windows.shape
    # One column per output pixel holds the pixels that its window sees and a 1, whose
    # weight is the bias.
    columns = np.empty((n, groups, w[0].size + 1, height * row), x.dtype)
    columns[:, :, -1] = 1
    columns[:, :, :-1].reshape(windows.shape)[...] = windows
    weights = np.append(w.reshape(filters, -1), b[:, None], axis=1)
    y = weights.reshape(groups, filters // groups, -1) @ columns
    y = np.ascontiguousarray(y.reshape(n, filters, height, row)[..., :width])
    return y, (x.shape, w, columns, setting, y.shape)


def conv2d_backward(dy: Array, cache: tuple[Any, ...]) -> tuple[Array, Array, Array]:
    """Return dx, dw, db."""
    x_shape, w, columns, setting, y_shape = _checks.opened(cache, 5)
    _checks.like("dy", dy, y_shape, w.dtype)
    n, groups, _, places = columns.shape
    dx, windows, width = _sheet(x_shape, w.dtype, *setting)
    d = np.zeros((*y_shape[:2], *windows.shape[4:]), w.dtype)
    d[..., :width] = dy
    d = d.reshape(n, groups, len(w) // groups, places)
    # A copy, since OpenBLAS is slow when the second factor is small and transposed.
    dweights = (columns @ d.mT.copy()).sum(axis=0).mT.reshape(len(w), -1)
    _stamp(windows, w, d)
    return dx, dweights[:, :-1].reshape(w.shape), dweights[:, -1].copy()


def conv_transpose2d(
    x: Array,
    w: Array,
    b: Array,
    stride: Size = 1,
    padding: Size = 0,
    output_padding: Size = 0,
    dilation: Size = 1,
    groups: int = 1,
) -> tuple[Array, tuple[Any, ...]]:
    """Stamp a filter onto the output for every pixel; stamps that overlap add up.

    Without the bias it is the transpose of the linear map that `conv2d` with the same
    filters and settings is: what one computes forwards, the other computes backwards.

    Args:
        x: Images, shape (N, C, H, W).
        w: Filters, shape (C, F / groups, KH, KW).
        b: Bias, shape (F,).
        stride: Distance between stamps; here and below an integer or (height, width).
        padding: Pixels cut off on each side.
        output_padding: Rows added at the bottom and columns at the right, fewer than
            the stride or the dilation.
        dilation: Distance between the pixels that a stamp touches.
        groups: Split channels and filters into groups that do not see each other.

    Returns:
        Output of shape (N, F, OH, OW), OH = (H - 1) stride - 2 padding + dilation
        (KH - 1) + 1 + output_padding and OW likewise, and the cache.

    Raises:
        ValueError: A shape, dtype or setting is wrong, or nothing is left after
            cutting.

    Source: chapter generative/gan, eq-gan-stamps; Dumoulin and Visin,
    arXiv:1603.07285.
    """
    stride = _checks.pair("stride", stride, 1)
    padding = _checks.pair("padding", padding, 0)
    extra = _checks.pair("output_padding", output_padding, 0)
    dilation = _checks.pair("dilation", dilation, 1)
    groups = _checks.count("groups", groups)
    _checks.shapes(x=(x, "N C H W"), w=(w, "C O KH KW"), b=(b, "F"))
    n, channels, *_ = x.shape
    _, outputs, *kernel = w.shape
    size = x.shape[2:]
    if channels % groups or outputs * groups != len(b):
        raise ValueError(
            f"w must have shape (C, F / groups, KH, KW) with F = {len(b)} as b has, "
            f"and C = {channels} must be a multiple of groups = {groups}; "
            f"w has shape {w.shape}"
        )
    if any(e >= max(s, d) for e, s, d in zip(extra, stride, dilation, strict=True)):
        raise ValueError(
            f"output_padding must be smaller than the stride {stride} or the dilation "
            f"{dilation}, got {extra}"
        )
    sheet = tuple(
        (m - 1) * s + d * (k - 1) + 1 + e
        for m, s, d, k, e in zip(size, stride, dilation, kernel, extra, strict=True)
    )
    if min(m - 2 * p for m, p in zip(sheet, padding, strict=True)) < 1:
        raise ValueError(
            f"padding {padding} cuts everything off an output of {sheet[0]} × "
            f"{sheet[1]} pixels"
        )
    shape = (n, len(b), *(m - 2 * p for m, p in zip(sheet, padding, strict=True)))
    setting = (w.shape[2:], stride, padding, dilation)
    y, windows, _ = _sheet(shape, x.dtype, *setting)
    pixels = x.reshape(n, groups, channels // groups, size[0] * size[1])
    _stamp(windows[..., : size[0], : size[1]], w, pixels)
    return y + b[:, None, None], (x, w, groups, setting, shape)


def conv_transpose2d_backward(
    dy: Array, cache: tuple[Any, ...]
) -> tuple[Array, Array, Array]:
    """Return dx, dw, db: dx is an ordinary convolution of dy."""
    x, w, groups, setting, y_shape = _checks.opened(cache, 5)
    _checks.like("dy", dy, y_shape, w.dtype)
    n, channels, h, width = x.shape
    image, windows, _ = _sheet(y_shape, w.dtype, *setting)
    image[...] = dy
    columns = windows[..., :h, :width].reshape(n, groups, w[0].size, h * width)
    dx = (w.reshape(groups, channels // groups, -1) @ columns).reshape(x.shape)
    pixels = x.reshape(n, groups, channels // groups, h * width)
    dw = (pixels @ columns.mT).sum(axis=0).reshape(w.shape)
    return dx, dw, dy.sum(axis=(0, 2, 3))


def max_pool2d(
    x: Array, size: Size, stride: Size | None = None, padding: Size = 0
) -> tuple[Array, tuple[Any, ...]]:
    """Keep the largest value of each window.

    Args:
        x: Images, shape (N, C, H, W).
        size: Window, an integer or (height, width).
        stride: Step between windows; the window's size unless given.
        padding: Added on each side, at most half the window. Padding never wins.

    Returns:
        Output of shape (N, C, OH, OW), with sizes as in `conv2d`, and the cache.

    Raises:
        ValueError: A shape, dtype or setting is wrong, or the window is larger than
            the padded image.

    Source: Ranzato et al., "Unsupervised learning of invariant feature hierarchies",
    CVPR 2007.
    """
    setting = _pool_setting(x, size, stride, padding)
    image, windows, width = _sheet(x.shape, x.dtype, *setting, fill=-np.inf)
    image[...] = x
    windows = windows[..., :width]
    y = np.full((*x.shape[:2], *windows.shape[4:]), -np.inf, x.dtype)
    for i, j in np.ndindex(*setting[0]):
        np.maximum(y, windows[:, :, i, j], out=y)
    return y, (x.shape, windows, y.copy(), setting)


def max_pool2d_backward(dy: Array, cache: tuple[Any, ...]) -> Array:
    """Return dx: each window's gradient goes to the first of its largest pixels."""
    x_shape, windows, y, setting = _checks.opened(cache, 4)
    _checks.like("dy", dy, y.shape, y.dtype)
    dx, dwindows, width = _sheet(x_shape, y.dtype, *setting)
    dwindows = dwindows[..., :width]
    waiting = np.ones(y.shape, bool)
    for i, j in np.ndindex(*setting[0]):
        first = waiting & (windows[:, :, i, j] == y)
        dwindows[:, :, i, j] += dy * first
        waiting &= ~first
    return dx


def avg_pool2d(
    x: Array, size: Size, stride: Size | None = None, padding: Size = 0
) -> tuple[Array, tuple[Any, ...]]:
    """Average each window; padding counts as zeros.

    Args:
        x: Images, shape (N, C, H, W).
        size: Window, an integer or (height, width).
        stride: Step between windows; the window's size unless given.
        padding: Added on each side, at most half the window.

    Returns:
        Output of shape (N, C, OH, OW), with sizes as in `conv2d`, and the cache.

    Raises:
        ValueError: A shape, dtype or setting is wrong, or the window is larger than
            the padded image.

    Source: LeCun et al., "Gradient-based learning applied to document recognition",
    Proc. IEEE 1998.
    """
    setting = _pool_setting(x, size, stride, padding)
    image, windows, width = _sheet(x.shape, x.dtype, *setting)
    image[...] = x
    y = np.zeros((*x.shape[:2], windows.shape[4], width), x.dtype)
    for i, j in np.ndindex(*setting[0]):
        y += windows[:, :, i, j, :, :width]
    y /= math.prod(setting[0])
    return y, (x.shape, setting, y.shape, y.dtype)


def avg_pool2d_backward(dy: Array, cache: tuple[Any, ...]) -> Array:
    """Return dx: each pixel of a window gets an equal share."""
    x_shape, setting, y_shape, dtype = _checks.opened(cache, 4)
    _checks.like("dy", dy, y_shape, dtype)
    dx, windows, width = _sheet(x_shape, dtype, *setting)
    share = dy / math.prod(setting[0])
    for i, j in np.ndindex(*setting[0]):
        windows[:, :, i, j, :, :width] += share
    return dx


def _sheet(
    shape: tuple[int, ...],
    dtype: Any,
    size: Pair,
    stride: Pair,
    padding: Pair,
    dilation: Pair = (1, 1),
    fill: float = 0,
) -> tuple[Array, Array, int]:
    """Return images, their windows, and how many of those stand side by side.

    The images (N, C, H, W) and the windows (N, C, KH, KW, OH, row) are views of the
    same sheet. Its rows are padded on their left alone: what lies to the right of a row
    is the left of the next. With stride 1 a window stands on every place of the row, so
    that NumPy sees one long run, not many short ones. The last in a row mean nothing.
    """
    n, c, h, w = shape
    height, width = h + 2 * padding[0], w + 2 * padding[1]
    span = [d * (k - 1) + 1 for k, d in zip(size, dilation, strict=True)]
    if min(span) < 1 or span[0] > height or span[1] > width:
        raise ValueError(
            f"a window of {span[0]} × {span[1]} pixels does not fit into the padded "
            f"image of {height} × {width}"
        )
    oh, ow = (height - span[0]) // stride[0] + 1, (width - span[1]) // stride[1] + 1
    row = max(w + padding[1], ow)
    sheet = np.full((n, c, height + 2, row), fill, dtype)  # two, for the last row's end
    *outer, sh, sw = sheet.strides
    windows = as_strided(
        sheet,
        (n, c, *size, oh, row if stride == (1, 1) else ow),
        (*outer, dilation[0] * sh, dilation[1] * sw, stride[0] * sh, stride[1] * sw),
    )
    top, left = padding
    return sheet[:, :, top : top + h, left : left + w], windows, ow


def _stamp(windows: Array, w: Array, pixels: Array) -> None:
    """Add every pixel's filter to its window; pixels are (N, groups, F / groups, …)."""
    w = w.reshape(*pixels.shape[1:3], *w.shape[1:]).transpose(3, 4, 0, 2, 1).copy()
    for i, j in np.ndindex(*w.shape[:2]):
        # A window overlaps others, its place (i, j) alone does not.
        place = windows[:, :, i, j]
        place += (w[i, j] @ pixels).reshape(place.shape)


def _pool_setting(
    x: Array, size: Size, stride: Size | None, padding: Size
) -> tuple[Pair, Pair, Pair]:
    _checks.shapes(x=(x, "N C H W"))
    size = _checks.pair("size", size, 1)
    stride = size if stride is None else _checks.pair("stride", stride, 1)
    padding = _checks.pair("padding", padding, 0)
    if 2 * padding[0] > size[0] or 2 * padding[1] > size[1]:
        raise ValueError(
            f"padding must be at most half of size {size}, got {padding}: "
            "a window could hold padding alone"
        )
    return size, stride, padding
