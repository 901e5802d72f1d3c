"""Right and wrong answers to the exercises of chapter synthesis."""

from __future__ import annotations

import numpy as np


def decibels(c, d, bands, first=1):
    return 10 / np.log(10) * np.sqrt(((c - d)[:, first:] ** 2).sum(axis=1) / bands)


def root_last(c, d, bands):
    return np.sqrt((decibels(c, d, bands) ** 2).mean())


def reach(kernel, dilations):
    samples = 1
    for dilation in dilations:
        samples += (kernel - 1) * dilation
    return samples


def expand(durations):
    return [k for k, n in enumerate(durations) for _ in range(n)]


def stamps(kernel, stride):
    return [(kernel - 1 - first) // stride + 1 for first in range(stride)]


RIGHT = [
    (1, (4, 2, "a")),
    (2, lambda c, d, m: decibels(c, d, m).mean()),
    (3, [45.99, 5.567]),
    (4, reach),
    (4, lambda k, d: 1 + (k - 1) * sum(d)),
    (5, expand),
    (6, [0.282, 1 / 3]),
    (7, [2.197, 0.111, 0]),
    (8, stamps),
    (8, lambda k, s: np.bincount(np.arange(k) % s, minlength=s).tolist()),
]

WRONG = [
    (1, (0.25, 2, "a"), "other way round"),
    (1, (2, 2, "a"), "overlap by half"),
    (1, (512, 2, "a"), "How many new samples"),
    (1, (7, 2, "a"), "comes with every hop"),
    (1, (4, 8, "a"), "fewer frames"),
    (1, (4, 0.5, "a"), "samples for each number"),
    (1, (4, 7, "a"), "half as many"),
    (1, (4, 2, "b"), "more room"),
    (1, (4, 2, "c"), "one number"),
    (2, lambda c, d, m: decibels(c, d, m, 0).mean(), "loudness"),
    (2, root_last, "mean of the roots"),
    (2, lambda c, d, m: decibels(c, d, 1).mean(), "number of bands"),
    (2, lambda c, d, m: 2 * decibels(c, d, m).mean(), "belongs to amplitudes"),
    (2, lambda c, d, m: decibels(c, d, m).mean() * np.log(10) / 10, "natural"),
    (2, lambda c, d, m: -1.0, "without the first"),
    (3, [0.021746, 5.567], "times finer"),
    (3, [255, 5.567], "logarithm below"),
    (3, [5.545, 5.567], "logarithm alone"),
    (3, [45.99, 0.1796], "times coarser"),
    (3, [45.99, 45.99], "that is at zero"),
    (3, [7, 7], "slope of the inverse"),
    (4, lambda k, d: (k - 1) * sum(d), "newest sample"),
    (4, lambda k, d: 1 + k * sum(d), "steps back"),
    (4, lambda k, d: 1 + (k - 1) * len(d), "as long as the dilation"),
    (4, lambda k, d: 1 + (k - 1) * max(d), "all layers add up"),
    (4, lambda k, d: 777, "farther back"),
    (5, lambda d: [k + 1 for k in expand(d)], "from zero"),
    (5, lambda d: expand([max(1, n) for n in d]), "no frames"),
    (5, lambda d: np.cumsum(d).tolist(), "phones end"),
    (5, lambda d: [d[k] for k in expand(d)], "how long each lasts"),
    (5, lambda d: [9] * sum(d), "as often as it has frames"),
    (6, [0.6487, 0.333], "one such key"),
    (6, [0.8471, 0.333], "three together"),
    (6, [0.3333, 0.333], "other four"),
    (6, [0.2824, 1], "same score"),
    (6, [0.2824, 0.1429], "seven equal scores"),
    (6, [0.5, 0.5], "equal weights"),
    (7, [1.0986, 0.1111, 0], "Cosine and sine"),
    (7, [4.3944, 0.1111, 0], "half a logarithm"),
    (7, [3.17, 0.1111, 0], "counts in nats"),
    (7, [7, 7, 7], "half the logarithm"),
    (7, [2.197, 0.125, 0], "is λ"),
    (7, [2.197, 0.3333, 0], "Its square"),
    (7, [2.197, 9, 0], "narrower"),
    (7, [2.197, 0.1111, -0.5754], "never negative"),
    (7, [2.197, 0.1111, 0.8109], "square of the amplitude"),
    (8, lambda k, s: [k / s] * s, "mean over the samples"),
    (8, lambda k, s: [k // s] * s, "one more"),
    (8, lambda k, s: [-(-k // s)] * s, "not all samples"),
    (8, lambda k, s: stamps(k, s)[::-1], "where a stamp begins"),
    (8, lambda k, s: [99] * s, "taps fall"),
]
