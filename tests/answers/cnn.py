"""Right and wrong answers to the exercises of chapter cnn."""

from __future__ import annotations

import numpy as np


def stamp(z, w, stride, replace=False):
    (height, width), (kh, kw) = z.shape, w.shape
    image = np.zeros((stride * (height - 1) + kh, stride * (width - 1) + kw))
    for (i, j), value in np.ndenumerate(z):
        here = np.s_[stride * i : stride * i + kh, stride * j : stride * j + kw]
        image[here] = value * w + (0 if replace else image[here])
    return image


def stamp_by_entries(z, w, stride):
    (height, width), (kh, kw) = z.shape, w.shape
    image = np.zeros((stride * (height - 1) + kh, stride * (width - 1) + kw))
    for (u, v), weight in np.ndenumerate(w):
        stop = u + stride * (height - 1) + 1, v + stride * (width - 1) + 1
        image[u : stop[0] : stride, v : stop[1] : stride] += weight * z
    return image


W = np.array([[1.0, 0, -1], [2, 1, 0], [0, -1, 3]])


DELTA = np.array([[1.0, 2], [-1, 1]])


SHEET = stamp(DELTA, W, 2)


MOVED = np.array([[1.0, 0, 0], [0, 0, 0], [0, 0, 0]])


def separable(channels, filters, size):
    return channels * size**2 + channels + channels * filters + filters


def average_backward(dz, height, width):
    return np.ones((height, width)) * dz[:, :, None, None] / height / width


def one_pixel(dz, height, width):
    dx = np.zeros((*dz.shape, height, width))
    dx[:, :, 0, 0] = dz
    return dx


def too_small(z, w, stride):
    return stamp(z, w, stride)[1:]


RIGHT = [
    ("cnn-1", [28, 14, 7, 8]),
    ("cnn-1", np.array([[28.0], [14.0], [7.0], [8.0]])),
    ("cnn-2", SHEET[1:4, 1:4]),
    ("cnn-2", [[1, 4, 2], [-1, 5, -2], [-1, 2, 1]]),
    ("cnn-3", MOVED),
    ("cnn-3", [[1, 0, 0], [0, 0, 0], [0, 0, 0]]),
    ("cnn-4", separable),
    ("cnn-4", lambda c, f, k: (k * k + 1) * c + (c + 1) * f),
    ("cnn-5", average_backward),
    ("cnn-6", lambda z, w, stride: stamp(z, w, stride)),
    ("cnn-6", stamp_by_entries),
]

WRONG = [
    ("cnn-1", [32, 14, 7, 8], "would need"),
    ("cnn-1", [28, 27, 7, 8], "side by side"),
    ("cnn-1", [28, 14, 6, 8], "which adds"),
    ("cnn-1", [28, 14, 7.5, 8], "has none, so"),
    ("cnn-1", [28, 14, 7, 12], "is without"),
    ("cnn-1", [28, 14, 7, 1], "b's output"),
    ("cnn-1", [28, 14, 7, 5], "formula"),
    ("cnn-1", [27, 14, 7, 8], "fits once"),
    ("cnn-1", [28, 14, 6.5, 8], "none: round"),
    ("cnn-1", [28, 14, 8, 8], "then add 1"),
    ("cnn-1", [28, 14, 14, 8], "the stride"),
    ("cnn-1", [28, 14, 7, 6], "the kernel"),
    ("cnn-1", [28, 14, 7, 7], "many places"),
    ("cnn-2", SHEET, "Cut off the ring"),
    ("cnn-2", SHEET[:3, :3], "wrong part"),
    ("cnn-2", stamp(DELTA, W[::-1, ::-1], 2)[1:4, 1:4], "flipped"),
    ("cnn-2", stamp(DELTA, W.T, 2)[1:4, 1:4], "The kernel"),
    ("cnn-2", stamp(DELTA.T, W, 2)[1:4, 1:4], "second entry"),
    ("cnn-2", stamp(DELTA, W, 1)[1:4, 1:4], "one pixel apart"),
    ("cnn-2", [[1, 4, 2], [-1, 9, -2], [-1, 2, 1]], "off. Write"),
    ("cnn-3", MOVED[::-1, ::-1], "up and to the left"),
    ("cnn-3", MOVED[:, ::-1], "down and to"),
    ("cnn-3", np.roll(MOVED, (1, 1), (0, 1)), "where it is"),
    ("cnn-3", np.roll(MOVED, 1, 1), "down alone"),
    ("cnn-3", 2 * MOVED, "the greys"),
    ("cnn-3", np.ones((3, 3)) / 9, "mixes"),
    ("cnn-3", [[0, 0, 0], [1, 0, 0], [0, 0, 0]], "picture to"),
    ("cnn-3", [[0, 0, 0], [0, 0, 0], [1, 0, 0]], "the right. It"),
    ("cnn-3", [[0, 0, 0], [0, 0, 0], [0, 1, 0]], "left: away"),
    ("cnn-4", lambda c, f, k: c * k * k + c * f, "biases are"),
    ("cnn-4", lambda c, f, k: separable(c, f, k) - c, "first layer"),
    ("cnn-4", lambda c, f, k: separable(c, f, k) - f, "second layer"),
    ("cnn-4", lambda c, f, k: c * f * k * k + f, "ordinary"),
    ("cnn-4", lambda c, f, k: c * c * k * k + c + c * f + f, "see its own"),
    ("cnn-4", lambda c, f, k: 7, "one after the other"),
    ("cnn-5", lambda dz, h, w: average_backward(dz, h, w) * h * w, "whole of dz"),
    ("cnn-5", lambda dz, h, w: average_backward(dz, h, w) * w / h, "the height"),
    ("cnn-5", lambda dz, h, w: average_backward(dz, h, w) / len(dz), "over pixels"),
    ("cnn-5", one_pixel, "max pooling"),
    ("cnn-6", too_small, "last stamp"),
    ("cnn-6", lambda z, w, s: stamp(z, w[::-1, ::-1], s), "flipped"),
    ("cnn-6", lambda z, w, s: stamp(z, w, s, replace=True), "add up"),
    ("cnn-6", lambda z, w, s: stamp(np.ones_like(z), w, s), "not multiplied"),
    ("cnn-6", lambda z, w, s: -stamp(z, w, s), "values are off"),
    ("cnn-4", lambda c, f, k: c * k * k + c + f + f, "still sees every channel"),
    (
        "cnn-5",
        lambda dz, h, w: -average_backward(dz, h, w),
        "By how much does the mean",
    ),
]
