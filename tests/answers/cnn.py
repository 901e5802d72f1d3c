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
    (1, [28, 14, 7, 8]),
    (1, np.array([[28.0], [14.0], [7.0], [8.0]])),
    (2, SHEET[1:4, 1:4]),
    (2, [[1, 4, 2], [-1, 5, -2], [-1, 2, 1]]),
    (3, MOVED),
    (3, [[1, 0, 0], [0, 0, 0], [0, 0, 0]]),
    (4, separable),
    (4, lambda c, f, k: (k * k + 1) * c + (c + 1) * f),
    (5, average_backward),
    (6, lambda z, w, stride: stamp(z, w, stride)),
    (6, stamp_by_entries),
    (7, "b"),
    (8, (18, 25, "d")),
    (10, [[1, 2, 1], [2, 4, 2], [1, 2, 1]]),
]

WRONG = [
    (1, [32, 14, 7, 8], "would need"),
    (1, [28, 27, 7, 8], "side by side"),
    (1, [28, 26, 7, 8], "side by side"),
    (1, [28, 14, 6, 8], "which adds"),
    (1, [28, 14, 7.5, 8], "has none, so"),
    (1, [28, 14, 7, 12], "is without"),
    (1, [28, 14, 7, 1], "b's output"),
    (1, [28, 14, 7, 4], "b's output"),
    (1, [28, 14, 7, 5], "formula"),
    (1, [27, 14, 7, 8], "fits once"),
    (1, [28, 14, 6.5, 8], "none: round"),
    (1, [28, 14, 8, 8], "then add 1"),
    (1, [28, 14, 14, 8], "the stride"),
    (1, [28, 14, 7, 6], "the kernel"),
    (1, [28, 14, 7, 7], "many places"),
    (2, SHEET, "Cut off the ring"),
    (2, SHEET[:3, :3], "wrong part"),
    (2, stamp(DELTA, W[::-1, ::-1], 2)[1:4, 1:4], "flipped"),
    (2, stamp(DELTA, W.T, 2)[1:4, 1:4], "The kernel"),
    (2, stamp(DELTA.T, W, 2)[1:4, 1:4], "second entry"),
    (2, stamp(DELTA, W, 1)[1:4, 1:4], "one pixel apart"),
    (2, [[1, 4, 2], [-1, 9, -2], [-1, 2, 1]], "off. Write"),
    (3, MOVED[::-1, ::-1], "up and to the left"),
    (3, MOVED[:, ::-1], "down and to"),
    (3, np.roll(MOVED, (1, 1), (0, 1)), "where it is"),
    (3, np.roll(MOVED, 1, 1), "down alone"),
    (3, 2 * MOVED, "the greys"),
    (3, np.ones((3, 3)) / 9, "mixes"),
    (3, [[0, 0, 0], [1, 0, 0], [0, 0, 0]], "to the right alone"),
    (3, [[0, 0, 0], [0, 0, 0], [1, 0, 0]], "the right. It"),
    (3, [[0, 0, 0], [0, 0, 0], [0, 1, 0]], "not to the side"),
    (3, [[0, 0, 0], [0, 0, 1], [0, 0, 0]], "neither up nor down"),
    (4, lambda c, f, k: c * k * k + c * f, "biases are"),
    (4, lambda c, f, k: separable(c, f, k) - c, "first layer"),
    (4, lambda c, f, k: separable(c, f, k) - f, "second layer"),
    (4, lambda c, f, k: c * f * k * k + f, "ordinary"),
    (4, lambda c, f, k: c * c * k * k + c + c * f + f, "see its own"),
    (4, lambda c, f, k: 7, "one after the other"),
    (4, lambda c, f, k: c * k * k + c + f + f, "still sees every channel"),
    (5, lambda dz, h, w: average_backward(dz, h, w) * h * w, "whole of dz"),
    (5, lambda dz, h, w: average_backward(dz, h, w) * w / h, "the height"),
    (5, lambda dz, h, w: average_backward(dz, h, w) / len(dz), "over pixels"),
    (5, one_pixel, "max pooling"),
    (5, lambda dz, h, w: -average_backward(dz, h, w), "By how much does the mean"),
    (6, too_small, "last stamp"),
    (6, lambda z, w, s: stamp(z, w[::-1, ::-1], s), "flipped"),
    (6, lambda z, w, s: stamp(z, w, s, replace=True), "add up"),
    (6, lambda z, w, s: stamp(np.ones_like(z), w, s), "not multiplied"),
    (6, lambda z, w, s: -stamp(z, w, s), "values are off"),
    (7, "a", "output i reads pixel i"),
    (7, "c", "both directions are"),
    (7, "d", "that would be the"),
    (8, (9, 25, "d"), "that is one of the two"),
    (8, (6, 25, "d"), "a 3 × 3 kernel has nine"),
    (8, (18.37, 25, "d"), "each layer has K²"),
    (8, (18, 5, "d"), "a kernel has two"),
    (8, (18, 9, "d"), "that is a 3 × 3 layer."),
    (8, (18, 25.37, "d"), "it has K² weights for"),
    (8, (18, 25, "a"), "that is about where"),
    (8, (18, 25, "b"), "so each is a"),
    (8, (18, 25, "c"), "by exercise 7 they are"),
    (
        10,
        [
            [1.7777777777777777, 1.7777777777777777, 1.7777777777777777],
            [1.7777777777777777, 1.7777777777777777, 1.7777777777777777],
            [1.7777777777777777, 1.7777777777777777, 1.7777777777777777],
        ],
        "Those are equal",
    ),
    (10, [[4, 2, 4], [2, 1, 2], [4, 2, 4]], "That is the wrong way"),
    (10, [[1, 1, 1], [1, 1, 1], [1, 1, 1]], "Each window has the"),
    (
        10,
        [[0.0625, 0.125, 0.0625], [0.125, 0.25, 0.125], [0.0625, 0.125, 0.0625]],
        "The form is right; the",
    ),
    (
        10,
        [[1.37, 2.74, 2.11], [3.48, 5.85, 4.22], [3.59, 4.96, 4.33]],
        "Add up, for each pixel",
    ),
]
