"""Right and wrong answers to the exercises of chapter faces."""

from __future__ import annotations

import numpy as np


def accepted(genuine, impostor, rate, shift=0):
    allowed = int(np.floor(rate * len(impostor) + 1e-9)) + shift
    return (genuine > np.sort(impostor)[::-1][allowed]).mean()


def accepted_by_search(genuine, impostor, rate):
    fits = [t for t in impostor if (impostor > t).mean() <= rate + 1e-12]
    return sum(s > min(fits) for s in genuine) / len(genuine)


def along(g, x, power=1, unit=True, project=True):
    length = np.linalg.norm(x, axis=1, keepdims=True)
    y = x / length if unit else x
    return (g - project * (g * y).sum(axis=1, keepdims=True) * y) / length**power


def along_by_jacobian(g, x):
    rows = []
    for one, row in zip(g, x, strict=True):
        y = row / np.linalg.norm(row)
        rows.append(one @ (np.eye(len(y)) - np.outer(y, y)) / np.linalg.norm(row))
    return np.array(rows)


def carried(eyes, wanted, points, kind="right"):
    e, c, z = (v[:, 0] + 1j * v[:, 1] for v in (eyes, wanted, points))
    alpha = (e[1] - e[0]) / (c[1] - c[0])
    out = {
        "right": e[0] + alpha * (z - c[0]),
        "inverse": c[0] + (z - e[0]) / alpha,
        "shift": e[0] + z - c[0],
        "conjugate": e[0] + alpha.conjugate() * (z - c[0]),
        "origin": e[0] + alpha * z,
    }[kind]
    return np.stack([out.real, out.imag], axis=1)


def carried_by_matrix(eyes, wanted, points):
    (a, b), (c, d) = (v[1] - v[0] for v in (wanted, eyes))
    size = a * a + b * b
    turn = np.array([[a * c + b * d, b * c - a * d], [a * d - b * c, a * c + b * d]])
    return eyes[0] + (points - wanted[0]) @ (turn / size).T


RIGHT = [
    (1, [0.2, 0.4, 0.6]),
    (1, (1 / 5, 2 / 5, 3 / 5)),
    (2, accepted),
    (2, accepted_by_search),
    (3, [3.7, (14.2 / 45) / (3.7 / 10), 0.5]),
    (3, (3.7, 0.853, 1 / 2)),
    (5, (0.4, 0.1, 0, "b")),
    (6, along),
    (6, along_by_jacobian),
    (8, (0.5, 1 - 0.9999**5000, 1 - 0.99**0.0002)),
    (8, [0.5, 0.3935, 2.01e-6]),
    (9, carried),
    (9, carried_by_matrix),
]

WRONG = [
    (1, [2, 0.4, 0.6], "number of impostor pairs"),
    (1, [0.8, 0.4, 0.6], "that are refused"),
    (1, [2 / 15, 0.4, 0.6], "share of the impostor"),
    (1, [0.2, 2, 0.6], "number of genuine pairs"),
    (1, [0.2, 0.6, 0.6], "that are accepted"),
    (1, [0.2, 2 / 15, 0.6], "share of the genuine"),
    (1, [0.2, 0.4, 0.4], "second highest"),
    (1, [0.2, 0.4, 0.8], "too low"),
    (1, [0.5, 0.4, 0.6], "mark the pairs"),
    (2, lambda g, i, r: 1 - accepted(g, i, r), "at or below"),
    (2, lambda g, i, r: accepted(g, i, r, shift=-1), "too few"),
    (2, lambda g, i, r: (g > np.sort(i)[int(r * len(i) + 1e-9)]).mean(), "upwards"),
    (
        2,
        lambda g, i, r: (g > np.sort(g)[::-1][int(r * len(g))]).mean(),
        "from the genu",
    ),
    (2, lambda g, i, r: 0.123, "Sort the impostor"),
    (3, [2.2, 0.853, 0.5], "number of pairs of a person"),
    (3, [4.0, 0.853, 0.5], "one partner fewer"),
    (3, [8.35, 0.853, 0.5], "whichever picture"),
    (3, [3.7, 10 / 45, 0.5], "independent. The design"),
    (3, [3.7, 0.5, 0.5], "more than twice"),
    (3, [3.7, 3.7 / 10 / (14.2 / 45), 0.5], "the inverse: how"),
    (3, [3.7, 0.853, 0.5**0.5], "standard deviation"),
    (3, [3.7, 0.853, 2], "more people make"),
    (3, [3.7, 0.853, 0.25], "people are independent"),
    (3, [1.3, 0.853, 0.5], "five pictures make"),
    (5, (0.1, 0.1, 0, "b"), "whichever of the two"),
    (5, (-0.1, 0.1, 0, "b"), "turned around, without"),
    (5, (0.2, 0.1, 0, "b"), "is taken away, not"),
    (5, (0.4, 0, 0, "b"), "by less than the margin"),
    (5, (0.4, 0.5, 0, "b"), "are turned around"),
    (5, (0.4, 0.1, -0.1, "b"), "never below zero"),
    (5, (0.4, 0.1, 0.7, "b"), "other way round"),
    (5, (0.4, 0.1, 0, "a"), "it is hard"),
    (5, (0.4, 0.1, 0, "c"), "it is easy"),
    (5, (0.3, 0.1, 0, "b"), "into the formula"),
    (5, (0.4, 0.3, 0, "b"), "less the second"),
    (5, (0.4, 0.1, 0.3, "b"), "less the third"),
    (6, lambda g, x: along(g, x, power=0), "longer row"),
    (6, lambda g, x: along(g, x, project=False), "must go"),
    (6, lambda g, x: along(g, x, unit=False), "divided by its length"),
    (6, lambda g, x: along(g, x, power=2), "length once"),
    (6, lambda g, x: g, "Project each row"),
    (8, (0.3935, 0.3935, 2.01e-6), "The mean number"),
    (8, (0.0001, 0.3935, 2.01e-6), "for one name"),
    (8, (0.5, 0.5, 2.01e-6), "count once here"),
    (8, (0.5, 0.6065, 2.01e-6), "no match at all"),
    (8, (0.5, 0.3935, 2e-6), "approximation"),
    (8, (0.5, 0.3935, 0.01), "for the whole list"),
    (8, (0.5, 0.3935, 1 - 0.01**0.0002), "wrong side"),
    (8, (7, 0.3935, 2.01e-6), "none of the comparisons"),
    (9, lambda e, w, p: carried(e, w, p, "inverse"), "the way back"),
    (9, lambda e, w, p: carried(e, w, p, "shift"), "shift alone"),
    (9, lambda e, w, p: carried(e, w, p, "conjugate"), "other way round"),
    (9, lambda e, w, p: carried(e, w, p, "origin"), "around the first"),
    (9, lambda e, w, p: p, "two wanted eyes"),
]
