"""Right and wrong answers to the exercises of chapter scaling."""

from __future__ import annotations

import math

import numpy as np


def combine(grads, counts):
    return np.nan_to_num(counts[:, None] * grads).sum(axis=0) / counts.sum()


def in_order(parts, size):
    return [parts[k % len(parts)][k // len(parts)] for k in range(size)]


def partial(x, w1, b1, w2, b2, rank, world, bias="zero", bend=True, split=np.split):
    h = x @ split(w1, world, axis=1)[rank] + split(b1, world)[rank]
    h = np.maximum(h, 0) if bend else h
    own = {"zero": rank == 0, "each": True, "none": False}[bias]
    return h @ split(w2, world)[rank] + own * b2


def apart(a, world, axis=0):
    return [np.take(a, range(r, a.shape[axis], world), axis) for r in range(world)]


def no_b1(x, w1, b1, w2, b2, rank, world):
    return partial(x, w1, 0 * b1, w2, b2, rank, world)


def micro_batches(p, idle):
    return next(m for m in range(1, 10**6) if (p - 1) / (m + p - 1) <= idle + 1e-12)


def run(parameters, tokens, gpus, peak, mfu, price, passes=6, share=None, part=86400):
    seconds = passes * parameters * tokens / (gpus * peak)
    seconds = seconds / mfu if share is None else seconds * share(mfu)
    right = 6 * parameters * tokens / (gpus * peak * mfu)
    return seconds / part, gpus * right / 3600 * price


RIGHT = [
    (1, [5.625, 30, 0.225]),
    (2, combine),
    (3, in_order),
    (4, partial),
    (5, micro_batches),
    (6, [112, 29.3125, 15.53125, 1.75]),
    (7, [32, 2, 256]),
    (8, run),
]

WRONG = [
    (1, [2.8125, 30, 0.225], "one round"),
    (1, [6, 30, 0.225], "a little less"),
    (1, [45, 30, 0.225], "pieces of"),
    (1, [90, 30, 0.225], "workers send together"),
    (1, [11.25, 30, 0.225], "2 bytes here"),
    (1, [5.625, 15, 0.225], "first round only"),
    (1, [5.625, 32, 0.225], "to itself"),
    (1, [5.625, 480, 0.225], "not of all"),
    (1, [5.625, 30, 0.12], "by the speed"),
    (1, [5.625, 30, 6.75], "steps again"),
    (1, [1, 2, 3], "once more, with B"),
    (2, lambda grads, counts: np.nanmean(grads, axis=0), "plain mean"),
    (2, lambda grads, counts: combine(grads, counts) * counts.sum(), "is missing"),
    (2, lambda grads, counts: combine(grads, counts) / len(counts), "once more"),
    (2, lambda grads, counts: np.zeros(3), "sum over workers first"),
    (3, lambda parts, size: parts.ravel()[:size], "block of neighbours"),
    (3, lambda parts, size: parts[::-1].T.ravel()[:size], "wrong order"),
    (3, lambda parts, size: parts.T.ravel(), "Each example once"),
    (3, lambda parts, size: parts.T.ravel()[:size][::-1], "Write down for n"),
    (4, lambda *a: partial(*a, bias="each"), "several times"),
    (4, lambda *a: partial(*a, bias="none"), "No rank adds"),
    (4, lambda *a: partial(*a, bend=False), "relu is missing"),
    (4, lambda *a: partial(*a, split=apart), "lie apart"),
    (4, no_b1, "not the part of it"),
    (4, lambda *a: 2 * partial(*a), "Which columns"),
    (4, lambda *a: partial(*a)[:, 0], "a term of a sum"),
    (5, lambda p, idle: math.ceil((p - 1) / idle - 1e-9), "not m"),
    (5, lambda p, idle: micro_batches(p, idle) - 1, "its neighbour"),
    (5, lambda p, idle: int((p - 1) * (1 / idle - 1) + 1e-9) + 1, "includes equal"),
    (5, lambda p, idle: 10 * p, "for m"),
    (6, [28, 29.3125, 15.53125, 1.75], "state is missing"),
    (6, [1.75, 29.3125, 15.53125, 1.75], "nothing is shared"),
    (6, [112, 28, 15.53125, 1.75], "left on each"),
    (6, [112, 15.53125, 15.53125, 1.75], "state alone"),
    (6, [112, 112, 15.53125, 1.75], "divides the 12"),
    (6, [112, 29.3125, 29.3125, 1.75], "shares the gradient, too"),
    (6, [112, 29.3125, 1.75, 1.75], "not share the weights"),
    (6, [112, 29.3125, 15.53125, 112], "shares all of it"),
    (6, [112, 29.3125, 15.53125, 15.53125], "shares the weights, too"),
    (6, [1, 2, 3, 4], "add up"),
    (7, [64, 2, 256], "smaller one will do"),
    (7, [16, 2, 256], "just below half"),
    (7, [65536, 2, 256], "libraries begin"),
    (7, [32, 65, 256], "multiplied as well"),
    (7, [32, 1, 256], "divide 65,504"),
    (7, [32, 2047, 256], "in thousands"),
    (7, [32, 2, 257], "nine significant"),
    (7, [32, 2, 258], "even bit"),
    (7, [1, 3, 5], "powers of two"),
    (8, lambda *a: run(*a, passes=2), "not 2, operations"),
    (8, lambda *a: run(*a, share=lambda mfu: 1), "full peak"),
    (8, lambda *a: run(*a, share=lambda mfu: mfu), "twice as long"),
    (8, lambda *a: run(*a, part=3600), "These are hours"),
    (8, lambda *a: (run(*a)[0], run(*a)[1] / a[2]), "price of one GPU"),
    (8, lambda *a: (1.0, run(*a)[1]), "Begin with"),
    (8, lambda *a: (run(*a)[0], 1.0), "hours times price"),
]
