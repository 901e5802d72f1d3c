"""Right and wrong answers to the exercises of chapter forecasting."""

from __future__ import annotations

import numpy as np


def naive(values, lag):
    return np.abs(values[lag:] - values[:-lag]).mean()


def scaled(train, y, pred, season):
    return np.abs(y - pred).mean() / naive(train, season)


def windows(y, length, horizon, step, shift=0, less=0):
    first = np.arange(0, len(y) - length - horizon + 1, step)[:, None]
    first = first[: len(first) - less]
    wanted = (first + length + np.arange(horizon) + shift) % len(y)
    return y[first + np.arange(length)], y[wanted]


def listed(y, length, horizon, step):
    starts = range(0, len(y) - length - horizon + 1, step)
    return (
        [y[k : k + length] for k in starts],
        [y[k + length : k + length + horizon] for k in starts],
    )


def every(y, length, horizon, step):
    every_one = windows(y, length, horizon, 1)
    return every_one if step > 1 else windows(y, length, horizon, step)


def lost(y, length, horizon, step):
    first = np.arange(0, len(y) - length - horizon, step)[:, None]
    return y[first + np.arange(length)], y[first + length + np.arange(horizon)]


def ranked(scores, alpha, more=1, up=np.ceil, off=1):
    k = int(up((1 - alpha) * (len(scores) + more) - 1e-9 * (up is np.ceil)))
    return np.sort(scores)[k - off]


def by_loop(values):
    filled, steps = [], []
    for value in values:
        missing = np.isnan(value)
        filled.append(filled[-1] if missing else value)
        steps.append(steps[-1] + 1 if missing else 0)
    return filled, steps


def with_filled(fill):
    return lambda v: (fill(v), by_loop(v)[1])


def with_steps(count):
    return lambda v: (by_loop(v)[0], count(v))


def from_behind(values):
    return by_loop(values[::-1])[0][::-1]


def between(values):
    there = ~np.isnan(values)
    places = np.arange(len(values))
    return np.interp(places, places[there], values[there])


RIGHT = [
    (1, [9, 10 / 3, 0.125]),
    (1, np.array([9.0, 3.3333, 0.125])),
    (2, scaled),
    (3, [31, 8, 182]),
    (4, windows),
    (4, listed),
    (5, [1.8, 0.4, 38, 99]),
    (6, ranked),
    (7, [89, 11, 58]),
    (8, by_loop),
]

WRONG = [
    (1, [10, 10 / 3, 0.125], "equal weights"),
    (1, [12, 10 / 3, 0.125], "third day"),
    (1, [6, 10 / 3, 0.125], "persistence"),
    (1, [7, 10 / 3, 0.125], "once more"),
    (1, [9, 5 / 3, 0.125], "already contains"),
    (1, [9, -2 / 3, 0.125], "cancel"),
    (1, [9, 10, 0.125], "sum"),
    (1, [9, 52 / 3, 0.125], "squares"),
    (1, [9, 10 / 3, 0.5], "weight of the newest"),
    (1, [9, 10 / 3, 0.25], "second day"),
    (1, [9, 10 / 3, 0.0625], "too far back"),
    (2, lambda t, y, p, s: np.abs(y - p).mean() / naive(y, s), "training part"),
    (2, lambda t, y, p, s: np.abs(y - p).mean() / naive(t, 1), "a season apart"),
    (2, lambda t, y, p, s: np.abs(y - p).mean(), "without a scale"),
    (2, lambda t, y, p, s: np.mean((y - p) ** 2) / naive(t, s), "squares"),
    (2, lambda t, y, p, s: 1 / scaled(t, y, p, s), "upside down"),
    (2, lambda t, y, p, s: (y - p).mean() / naive(t, s), "absolute values of"),
    (2, lambda t, y, p, s: 1.01 * scaled(t, y, p, s), "two means"),
    (3, [30, 8, 182], "counts as well"),
    (3, [16, 8, 182], "two weights"),
    (3, [46, 8, 182], "two gaps"),
    (3, [9, 8, 182], "without dilation"),
    (3, [31, 9, 182], "one fewer"),
    (3, [31, 7, 182], "255"),
    (3, [31, 8, 364], "not one"),
    (3, [31, 8, 183], "without any layer"),
    (3, [31, 8, 122], "two inputs, not three"),
    (3, [31, 8, 100], "steps back add up"),
    (4, every, "every place"),
    (4, lost, "last window is missing"),
    (4, lambda *a: windows(*a, shift=-1), "last value of the window"),
    (4, lambda *a: windows(*a, shift=1), "too late"),
    (4, lambda *a: (windows(*a)[0] + 1, windows(*a)[1]), "first two by hand"),
    (4, lambda *a: (windows(*a)[0], windows(*a)[1] + 1), "right after"),
    (4, lambda *a: (windows(*a)[0][:2, :1], windows(*a)[1]), "all of its targets fit"),
    (5, [0.2, 0.4, 38, 99], "above this forecast"),
    (5, [2, 0.4, 38, 99], "absolute error"),
    (5, [1.8, 3.6, 38, 99], "below this forecast"),
    (5, [1.8, -0.4, 38, 99], "not negative"),
    (5, [1.8, 4, 38, 99], "without a weight"),
    (5, [1.8, 0.4, 37, 99], "wrong way"),
    (5, [1.8, 0.4, 37.05, 99], "missing from the count"),
    (5, [1.8, 0.4, 39, 99], "more than you want"),
    (5, [1.8, 0.4, 38, 100], "makes up for it"),
    (5, [1.8, 0.4, 38, 98], "one more than there are"),
    (5, [7, 0.4, 38, 99], "counts among"),
    (6, lambda s, a: ranked(s, a, more=0), "one of n + 1"),
    (6, lambda s, a: np.quantile(s, 1 - a), "interpolates"),
    (6, lambda s, a: ranked(s, a, up=np.floor), "rounded up"),
    (
        6,
        lambda s, a: np.append(np.sort(s), 9)[
            len(s) and int(np.ceil((1 - a) * (len(s) + 1) - 1e-9))
        ],
        "next score",
    ),
    (6, lambda s, a: ranked(s, 1 - a), "share α"),
    (6, lambda s, a: -1.0, "count to k"),
    (7, [88, 11, 58], "both count"),
    (7, [90, 11, 58], "two of them"),
    (7, [91, 11, 58], "the targets need places, too"),
    (7, [100, 11, 58], "can begin"),
    (7, [89, 9, 58], "windows only"),
    (7, [89, 10, 58], "twelve places"),
    (7, [89, 12, 58], "shares nothing"),
    (7, [89, 11, 69], "still among"),
    (7, [89, 11, 57], "one too many"),
    (7, [89, 11, 78], "no training windows"),
    (7, [5, 11, 58], "on a line"),
    (8, with_filled(lambda v: np.nan_to_num(v)), "zeros"),
    (8, with_filled(lambda v: np.where(np.isnan(v), np.nanmean(v), v)), "mean of all"),
    (8, with_filled(from_behind), "which has not come"),
    (8, with_filled(between), "from both sides"),
    (8, with_filled(lambda v: np.array(by_loop(v)[0]) + 1), "measured last"),
    (8, with_filled(lambda v: v), "still missing"),
    (8, with_filled(lambda v: np.zeros(2)), "as long as"),
    (8, with_steps(lambda v: 1.0 * np.isnan(v)), "flags"),
    (8, with_steps(lambda v: np.array(by_loop(v)[1]) + 1), "0 steps old"),
    (8, with_steps(lambda v: np.array(by_loop(v)[1]) * 2 + 3), "start again"),
]
