"""Convolution and pooling on images of shape (N, C, H, W).

All look at the image through the same windows: a view with one window of the kernel's
size for every output pixel. The backward adds into windows of dx, and so does the
forward of the transposed convolution.
"""

from typing import Any

import numpy as np
from numpy.lib.stride_tricks import sliding_window_view

from utils.scratch import _checks
from utils.scratch._checks import Array

Size = int | tuple[int, int]


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
    (n, channels, *_), (filters, inputs, *kernel) = x.shape, w.shape
    if inputs * groups != channels or filters % groups:
        raise ValueError(
            f"w must have shape (F, C / groups, KH, KW) with C = {channels} and F a "
            f"multiple of groups = {groups}, got {w.shape}"
        )
    padded = _pad(x, padding, 0)
    windows = _windows(padded, (kernel[0], kernel[1]), stride, dilation)
    out_size = windows.shape[2:4]
    # One column per output pixel holds the pixels that its window sees.
    columns = windows.transpose(0, 1, 4, 5, 2, 3).reshape(
        n, groups, inputs * kernel[0] * kernel[1], -1
    )
    y = w.reshape(groups, filters // groups, -1) @ columns
    y = y.reshape(n, filters, *out_size)
    y += b[:, None, None]
    return y, (x.shape, w, columns, padding, stride, dilation, y.shape)


def conv2d_backward(dy: Array, cache: tuple[Any, ...]) -> tuple[Array, Array, Array]:
    """Return dx, dw, db."""
    x_shape, w, columns, padding, stride, dilation, y_shape = _checks.opened(cache, 7)
    _checks.like("dy", dy, y_shape, w.dtype)
    n, groups = columns.shape[:2]
    d = dy.reshape(n, groups, len(w) // groups, -1)
    dw = (d @ columns.mT).sum(axis=0).reshape(w.shape)

    dx_padded = np.zeros(_padded_shape(x_shape, padding), w.dtype)
    windows = _windows(dx_padded, w.shape[2:], stride, dilation)
    w_grouped = w.reshape(groups, len(w) // groups, *w.shape[1:])
    for i, j in np.ndindex(*w.shape[2:]):
        # A window view overlaps itself, its pixels (i, j) alone do not.
        windows[..., i, j] += (w_grouped[..., i, j].mT @ d).reshape(windows.shape[:4])
    return _crop(dx_padded, padding), dw, dy.sum(axis=(0, 2, 3))


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
    canvas = np.zeros((n, len(b), *sheet), x.dtype)
    stamps = _stamps(canvas, w, size, stride, dilation)
    pixels = x.reshape(n, groups, channels // groups, -1)
    filters = w.reshape(groups, channels // groups, *w.shape[1:])
    for i, j in np.ndindex(*kernel):
        # Pixels (i, j) of all stamps lie apart, whatever the stride.
        stamps[..., i, j] += (filters[..., i, j].mT @ pixels).reshape(stamps.shape[:4])
    y = _crop(canvas, padding) + b[:, None, None]
    return y, (x, w, canvas.shape, padding, stride, dilation, groups, y.shape)


def conv_transpose2d_backward(
    dy: Array, cache: tuple[Any, ...]
) -> tuple[Array, Array, Array]:
    """Return dx, dw, db: dx is an ordinary convolution of dy."""
    x, w, canvas_shape, padding, stride, dilation, groups, y_shape = _checks.opened(
        cache, 8
    )
    _checks.like("dy", dy, y_shape, w.dtype)
    n, channels = x.shape[:2]
    canvas = np.zeros(canvas_shape, w.dtype)
    _crop(canvas, padding)[...] = dy
    stamps = _stamps(canvas, w, x.shape[2:], stride, dilation)
    columns = stamps.transpose(0, 1, 4, 5, 2, 3).reshape(n, groups, w[0].size, -1)
    dx = (w.reshape(groups, channels // groups, -1) @ columns).reshape(x.shape)
    pixels = x.reshape(n, groups, channels // groups, -1)
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
    size, stride, padding = _pool_settings(x, size, stride, padding)
    padded = _pad(x, padding, -np.inf)
    windows = _windows(padded, size, stride)
    y = np.full(windows.shape[:4], -np.inf, x.dtype)
    for i, j in np.ndindex(*size):
        np.maximum(y, windows[..., i, j], out=y)
    return y, (padded, y.copy(), size, stride, padding)


def max_pool2d_backward(dy: Array, cache: tuple[Any, ...]) -> Array:
    """Return dx: each window's gradient goes to the first of its largest pixels."""
    padded, y, size, stride, padding = _checks.opened(cache, 5)
    _checks.like("dy", dy, y.shape, y.dtype)
    dx_padded = np.zeros_like(padded)
    windows, dwindows = (_windows(a, size, stride) for a in (padded, dx_padded))
    waiting = np.ones(y.shape, bool)
    for i, j in np.ndindex(*size):
        first = waiting & (windows[..., i, j] == y)
        dwindows[..., i, j] += dy * first
        waiting &= ~first
    return _crop(dx_padded, padding)


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
    size, stride, padding = _pool_settings(x, size, stride, padding)
    windows = _windows(_pad(x, padding, 0), size, stride)
    y = np.zeros(windows.shape[:4], x.dtype)
    for i, j in np.ndindex(*size):
        y += windows[..., i, j]
    y /= size[0] * size[1]
    return y, (x.shape, size, stride, padding, y.shape, y.dtype)


def avg_pool2d_backward(dy: Array, cache: tuple[Any, ...]) -> Array:
    """Return dx: each pixel of a window gets an equal share."""
    x_shape, size, stride, padding, y_shape, dtype = _checks.opened(cache, 6)
    _checks.like("dy", dy, y_shape, dtype)
    dx_padded = np.zeros(_padded_shape(x_shape, padding), dtype)
    windows = _windows(dx_padded, size, stride)
    share = dy / (size[0] * size[1])
    for i, j in np.ndindex(*size):
        windows[..., i, j] += share
    return _crop(dx_padded, padding)


def _windows(
    image: Array,
    size: tuple[int, int],
    stride: tuple[int, int],
    dilation: tuple[int, int] = (1, 1),
) -> Array:
    """View (N, C, H, W) as (N, C, OH, OW, KH, KW), one window per output pixel."""
    span = [d * (k - 1) + 1 for k, d in zip(size, dilation, strict=True)]
    if min(span) < 1 or span[0] > image.shape[2] or span[1] > image.shape[3]:
        raise ValueError(
            f"a window of {span[0]} × {span[1]} pixels does not fit into the padded "
            f"image of {image.shape[2]} × {image.shape[3]}"
        )
    every = sliding_window_view(image, span, axis=(2, 3), writeable=True)
    (sh, sw), (dh, dw) = stride, dilation
    return every[:, :, ::sh, ::sw, ::dh, ::dw]


def _stamps(
    canvas: Array,
    w: Array,
    size: tuple[int, ...],
    stride: tuple[int, int],
    dilation: tuple[int, int],
) -> Array:
    """View a canvas as the places of the stamps, (N, F, H, W, KH, KW)."""
    places = _windows(canvas, w.shape[2:], stride, dilation)
    return places[:, :, : size[0], : size[1]]


def _pool_settings(
    x: Array, size: Size, stride: Size | None, padding: Size
) -> tuple[tuple[int, int], tuple[int, int], tuple[int, int]]:
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


def _padded_shape(shape: tuple[int, ...], padding: tuple[int, int]) -> tuple[int, ...]:
    n, c, h, w = shape
    return n, c, h + 2 * padding[0], w + 2 * padding[1]


def _pad(x: Array, padding: tuple[int, int], value: float) -> Array:
    if padding == (0, 0):
        return x
    padded = np.full(_padded_shape(x.shape, padding), value, x.dtype)
    _crop(padded, padding)[...] = x
    return padded


def _crop(padded: Array, padding: tuple[int, int]) -> Array:
    h, w = padded.shape[2:]
    return padded[:, :, padding[0] : h - padding[0], padding[1] : w - padding[1]]
