"""Checkers for the exercises of the chapter `vision/cnn`."""

from __future__ import annotations

from typing import Any

import numpy as np

from utils import scratch
from utils.exercises import Hint, exercise, expect_array, expect_result

# Exercise 2: one filter of 3 × 3 with padding 1 and stride 2 over an image of 3 × 3.
_W = np.array([[1.0, 0, -1], [2, 1, 0], [0, -1, 3]])
_DELTA = np.array([[1.0, 2], [-1, 1]])


@exercise("cnn-1", takes="four whole numbers, the sizes in the order a, b, c, d")
def output_sizes(answer: Any) -> None:
    """Check four output sizes of a small network on 32 × 32 pixels."""
    sizes = expect_array(answer, "the answer").ravel()
    if sizes.shape != (4,):
        raise Hint(f"Give four numbers, one for each layer; you gave {sizes.size}.")
    right = np.array([28, 14, 7, 8])
    mistakes: dict[str, dict[float, str]] = {
        "a": {
            32: "32 would need a padding of 2. Without any, a 5 × 5 kernel loses 4.",
            27: "you lost one: a kernel of 5 on 5 pixels fits once, not zero times.",
        },
        "b": {
            27: "pooling windows lie side by side unless a stride is given: stride 2.",
            26: "pooling windows lie side by side unless a stride is given: stride 2.",
        },
        "c": {
            6: "that forgets the padding of 1, which adds 2 rows in all.",
            6.5: "a kernel has a place or it has none: round down before adding 1.",
            7.5: "a kernel has a place or it has none: round down.",
            8: "round (14 + 2 - 3) / 2 down, not up, and then add 1.",
            14: "the stride of 2 is missing.",
        },
        "d": {
            12: "that is without the dilation: a kernel of 3 with dilation 3 spans 7.",
            6: "with dilation 3 the kernel spans 3 · 2 + 1 = 7 pixels, not 9.",
            7: "you lost one: 7 pixels in a row of 14 have 14 - 7 + 1 places.",
            4: "it starts from b's output, not from c's.",
            1: "it starts from b's output, not from c's.",
        },
    }
    for name, given, wanted in zip("abcd", sizes, right, strict=True):
        if given == wanted:
            continue
        hint = mistakes[name].get(
            float(given), "put the numbers into the formula once more, term by term."
        )
        raise Hint(f"({name}) is not {given:g}: {hint}")


@exercise("cnn-2", takes="the gradient of the image, an array of shape (3, 3)")
def stamping(answer: Any) -> None:
    """Check the input gradient of a convolution with stride 2 and padding 1."""
    given = expect_array(answer, "the gradient")
    if given.shape == (5, 5):
        raise Hint(
            "That is the gradient of the padded image. Cut off the ring of padding."
        )
    given = expect_array(answer, "the gradient", (3, 3))
    right = _stamped(_W)
    mistakes = [
        (
            _stamped(_W[::-1, ::-1]),
            "You stamped the flipped kernel. Stamping uses the kernel as it is; only "
            "sliding over δ needs it turned.",
        ),
        (
            _stamped(_W, stride=1),
            "Your stamps lie one pixel apart. With stride 2, neighbouring windows "
            "begin two pixels apart.",
        ),
        (
            _padded_gradient(_W)[:3, :3],
            "You cut off the wrong part: padding was laid on all four sides, so the "
            "image is the middle 3 × 3 of the padded 5 × 5.",
        ),
        (_stamped(_W.T), "The kernel is transposed in your stamps."),
        (
            _stamped(_W, delta=_DELTA.T),
            "δ is transposed: its second entry is the window to the right.",
        ),
    ]
    if np.allclose(given, right):
        return
    for wrong, hint in mistakes:
        if np.allclose(given, wrong):
            raise Hint(hint)
    off = ~np.isclose(given, right)
    i, j = np.argwhere(off)[0]
    raise Hint(
        f"{off.sum()} of the nine entries are off, the first in row {i + 1}, column "
        f"{j + 1}. Write down the four stamps on a sheet of 5 × 5 and add them."
    )


@exercise("cnn-3", takes="a kernel, an array of shape (3, 3)")
def moving_kernel(answer: Any) -> None:
    """Check a kernel that moves a picture one pixel down and one to the right."""
    kernel = expect_array(answer, "the kernel", (3, 3))
    picture = np.random.default_rng(3).uniform(0.1, 1, size=(1, 1, 6, 6))
    moved, _ = scratch.conv2d(picture, kernel[None, None], np.zeros(1), padding=1)
    for rows, columns in np.ndindex(3, 3):
        place = (rows - 1, columns - 1)
        wanted = np.zeros_like(picture)
        target, source = (
            tuple(slice(max(sign * k, 0), 6 + min(sign * k, 0)) for k in place)
            for sign in (1, -1)
        )
        wanted[0, 0][target] = picture[0, 0][source]
        if not np.allclose(moved, wanted, atol=1e-6):
            continue
        if place == (1, 1):
            return
        if place == (0, 0):
            raise Hint("This kernel leaves the picture where it is.")
        if place == (-1, -1):
            raise Hint(
                "This moves the picture up and to the left. An output looks at the "
                "pixel under the 1, so the picture comes from where the 1 is."
            )
        words = [
            word
            for k, names in zip(
                place, (("up", "down"), ("to the left", "to the right")), strict=True
            )
            for word in ([names[0]] if k < 0 else [names[1]] if k > 0 else [])
        ]
        raise Hint(
            f"This moves the picture {' and '.join(words)}. It should go down and to "
            "the right, by one pixel each."
        )
    if np.count_nonzero(np.abs(kernel) > 1e-9) == 1:
        raise Hint("The one weight that is not zero should be 1, to keep the greys.")
    raise Hint(
        "This kernel mixes several pixels. Each output should be one pixel of the "
        "picture, so one weight is 1 and all others are 0."
    )


@exercise(
    "cnn-4",
    takes="a function of channels, filters and size that returns a parameter count",
)
def separable_parameters(answer: Any) -> None:
    """Check the parameter count of a depthwise convolution and a 1 × 1 after it."""
    for channels, filters, size in ((3, 16, 3), (64, 128, 3), (8, 8, 5)):
        given = float(
            expect_array(
                expect_result(answer, channels, filters, size), "the count", ()
            )
        )
        depthwise, pointwise = channels * size * size, channels * filters
        right = depthwise + channels + pointwise + filters
        if given == right:
            continue
        case = f"For {channels} channels, {filters} filters and size {size}"
        mistakes = [
            (depthwise + pointwise, "the biases are missing, one for each map."),
            (
                depthwise + pointwise + filters,
                "the biases of the first layer are missing: it has maps of its own.",
            ),
            (
                depthwise + channels + pointwise,
                "the biases of the second layer are missing.",
            ),
            (
                size * size * channels * filters + filters,
                "that is the ordinary convolution. In the depthwise layer each channel "
                "has one kernel and sees no other channel.",
            ),
            (
                channels * depthwise + channels + pointwise + filters,
                "your depthwise kernels see all channels; each should see its own.",
            ),
            (
                depthwise + channels + filters + filters,
                "a 1 × 1 kernel still sees every channel, so it has one weight for "
                "each channel and filter.",
            ),
        ]
        for wrong, hint in mistakes:
            if given == wrong:
                raise Hint(f"{case}: {hint}")
        raise Hint(
            f"{case} there are {right:,} parameters; you count {given:,.0f}. Count the "
            "two layers one after the other, each with its biases."
        )


@exercise(
    "cnn-5",
    takes="a function of dz (N, C), height and width that returns dx (N, C, H, W)",
)
def global_average_backward(answer: Any) -> None:
    """Check the backward of global average pooling."""
    dz = np.random.default_rng(5).normal(size=(2, 3))
    for height, width in ((4, 4), (2, 5)):
        result = expect_result(answer, dz.copy(), height, width)
        shape = (2, 3, height, width)
        given = expect_array(result, "dx", shape)
        right = np.broadcast_to(dz[..., None, None], shape) / (height * width)
        if np.allclose(given, right):
            continue
        if np.allclose(given, right * height * width):
            raise Hint(
                "Each pixel gets the whole of dz. Its share in the mean is one in "
                "height · width."
            )
        if np.allclose(given, right * height * width / height**2):
            raise Hint(
                f"For {height} × {width} pixels you divide by {height**2}. There are "
                f"{height * width} pixels in a map."
            )
        if np.allclose(given, right / 2):
            raise Hint("You divide by N as well. The mean is over pixels alone.")
        if np.count_nonzero(given) <= dz.size:
            raise Hint(
                "Only one pixel of each map gets a gradient. That is max pooling; a "
                "mean depends on every pixel."
            )
        raise Hint(
            f"The values for {height} × {width} pixels are off. By how much does the "
            "mean of a map change when one of its pixels does?"
        )


@exercise(
    "cnn-6",
    takes="a function of z (OH, OW), w (KH, KW) and stride that returns an image",
)
def transposed_convolution(answer: Any) -> None:
    """Check a transposed convolution with one channel and one filter."""
    rng = np.random.default_rng(6)
    for height, width, kh, kw, stride in (
        (2, 2, 2, 2, 1),
        (3, 2, 3, 2, 2),
        (2, 3, 2, 2, 3),
    ):
        z, w = rng.normal(size=(height, width)), rng.normal(size=(kh, kw))
        right = _stamps(z, w, stride)
        given = expect_array(
            expect_result(answer, z.copy(), w.copy(), stride), "the image"
        )
        case = f"For z {z.shape}, w {w.shape} and stride {stride}"
        if given.shape != right.shape:
            raise Hint(
                f"{case} the image should have shape {right.shape}, yours has "
                f"{given.shape}. The last stamp begins at row stride · (OH - 1)."
            )
        if np.allclose(given, right):
            continue
        if np.allclose(given, _stamps(z, w[::-1, ::-1], stride)):
            raise Hint(f"{case} you stamp the flipped kernel. Stamp it as it is.")
        if np.allclose(given, _stamps(z, w, stride, add=False)):
            raise Hint(
                f"{case} later stamps replace earlier ones where they overlap. They "
                "should add up: use +=."
            )
        if np.allclose(given, _stamps(np.ones_like(z), w, stride)):
            raise Hint(f"{case} the stamps are not multiplied by the entries of z.")
        raise Hint(
            f"{case} the values are off. Each entry of z, times the whole kernel, is "
            "added to the window that begins at stride · i, stride · j."
        )


def _stamped(w: np.ndarray, stride: int = 2, delta: np.ndarray = _DELTA) -> np.ndarray:
    return _padded_gradient(w, stride, delta)[1:4, 1:4]


def _padded_gradient(
    w: np.ndarray, stride: int = 2, delta: np.ndarray = _DELTA
) -> np.ndarray:
    """Return the gradient of the image with its ring of padding, at least (5, 5)."""
    stamps = _stamps(delta, w, stride)
    sheet = np.zeros((5, 5))
    sheet[: stamps.shape[0], : stamps.shape[1]] = stamps
    return sheet


def _stamps(z: np.ndarray, w: np.ndarray, stride: int, add: bool = True) -> np.ndarray:
    (height, width), (kh, kw) = z.shape, w.shape
    image = np.zeros((stride * (height - 1) + kh, stride * (width - 1) + kw))
    for i, j in np.ndindex(height, width):
        here = np.s_[stride * i : stride * i + kh, stride * j : stride * j + kw]
        image[here] = (image[here] if add else 0) + z[i, j] * w
    return image
