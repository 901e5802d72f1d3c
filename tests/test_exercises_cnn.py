"""The checkers of chapter cnn: right answers pass, wrong ones are helped."""

from __future__ import annotations

import re

import numpy as np
import pytest

from utils.exercises import check

ALL = [f"cnn-{number}" for number in range(1, 7)]


# --- answers that are right ---------------------------------------------------------


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


@pytest.mark.parametrize(
    ("id", "answer"),
    [
        ("cnn-1", [28, 14, 7, 8]),
        ("cnn-1", np.array([[28.0], [14.0], [7.0], [8.0]])),
        ("cnn-2", SHEET[1:4, 1:4]),
        ("cnn-2", [[1, 4, 2], [-1, 5, -2], [-1, 2, 1]]),  # with a pencil
        ("cnn-3", MOVED),
        ("cnn-3", [[1, 0, 0], [0, 0, 0], [0, 0, 0]]),
        ("cnn-4", separable),
        ("cnn-4", lambda c, f, k: (k * k + 1) * c + (c + 1) * f),
        ("cnn-5", average_backward),
        ("cnn-6", lambda z, w, stride: stamp(z, w, stride)),
        ("cnn-6", stamp_by_entries),
    ],
)
def test_right_answers_pass(id, answer, capsys):
    check(id, answer)
    assert capsys.readouterr().out == f"{id}: right.\n"


# --- answers that are wrong, and what the hint must mention ------------------------


def one_pixel(dz, height, width):
    dx = np.zeros((*dz.shape, height, width))
    dx[:, :, 0, 0] = dz
    return dx


def too_small(z, w, stride):
    return stamp(z, w, stride)[1:]


def broken(*arguments):
    raise RuntimeError("my own mistake")


@pytest.mark.parametrize(
    ("id", "answer", "mentions"),
    [
        ("cnn-1", [32, 14, 7, 8], r"\(a\).*padding"),
        ("cnn-1", [28, 27, 7, 8], "side by side"),
        ("cnn-1", [28, 14, 6, 8], r"\(c\).*padding"),
        ("cnn-1", [28, 14, 7.5, 8], "round down"),
        ("cnn-1", [28, 14, 7, 12], "dilation"),
        ("cnn-1", [28, 14, 7, 1], "b's output"),
        ("cnn-1", [28, 14, 7, 5], "formula"),
        ("cnn-1", [28, 14], "four numbers"),
        ("cnn-1", "small", "numeric"),
        ("cnn-2", SHEET, "Cut off the ring"),
        ("cnn-2", SHEET[:3, :3], "wrong part"),
        ("cnn-2", stamp(DELTA, W[::-1, ::-1], 2)[1:4, 1:4], "flipped"),
        ("cnn-2", stamp(DELTA, W.T, 2)[1:4, 1:4], "transposed"),
        ("cnn-2", stamp(DELTA.T, W, 2)[1:4, 1:4], "second entry"),
        ("cnn-2", stamp(DELTA, W, 1)[1:4, 1:4], "one pixel apart"),
        ("cnn-2", [[1, 4, 2], [-1, 9, -2], [-1, 2, 1]], "row 2, column 2"),
        ("cnn-2", [1, 2, 3], "shape"),
        ("cnn-3", MOVED[::-1, ::-1], "up and to the left"),
        ("cnn-3", MOVED[:, ::-1], "down and to the left|up and to the right"),
        ("cnn-3", np.roll(MOVED, (1, 1), (0, 1)), "where it is"),
        ("cnn-3", np.roll(MOVED, 1, 1), "moves the picture down"),
        ("cnn-3", 2 * MOVED, "should be 1"),
        ("cnn-3", np.ones((3, 3)) / 9, "mixes"),
        ("cnn-3", np.eye(2), "shape"),
        ("cnn-4", lambda c, f, k: c * k * k + c * f, "biases"),
        ("cnn-4", lambda c, f, k: separable(c, f, k) - c, "first layer"),
        ("cnn-4", lambda c, f, k: separable(c, f, k) - f, "second layer"),
        ("cnn-4", lambda c, f, k: c * f * k * k + f, "ordinary"),
        ("cnn-4", lambda c, f, k: c * c * k * k + c + c * f + f, "see its own"),
        ("cnn-4", lambda c, f, k: 7, "one after the other"),
        ("cnn-4", 51, "function itself"),
        ("cnn-5", lambda dz, h, w: average_backward(dz, h, w) * h * w, "whole of dz"),
        ("cnn-5", lambda dz, h, w: average_backward(dz, h, w) * w / h, "divide by 4"),
        ("cnn-5", lambda dz, h, w: average_backward(dz, h, w) / len(dz), "over pixels"),
        ("cnn-5", one_pixel, "max pooling"),
        ("cnn-5", lambda dz, h, w: dz, "shape"),
        ("cnn-5", broken, "my own mistake"),
        ("cnn-6", too_small, "last stamp"),
        ("cnn-6", lambda z, w, s: stamp(z, w[::-1, ::-1], s), "flipped"),
        ("cnn-6", lambda z, w, s: stamp(z, w, s, replace=True), "add up"),
        ("cnn-6", lambda z, w, s: stamp(np.ones_like(z), w, s), "not multiplied"),
        ("cnn-6", lambda z, w, s: -stamp(z, w, s), "values are off"),
        ("cnn-6", lambda z, w, s: None, "return"),
    ],
)
def test_wrong_answers_get_a_hint(id, answer, mentions, capsys):
    check(id, answer)
    out = capsys.readouterr().out
    assert out.startswith(f"{id}: not yet. ")
    assert re.search(mentions, out), out


@pytest.mark.parametrize("id", ALL)
def test_dots_say_what_the_exercise_takes(id, capsys):
    check(id, ...)
    assert "It takes" in capsys.readouterr().out
