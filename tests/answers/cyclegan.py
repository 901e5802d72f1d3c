"""Right and wrong answers to the exercises of chapter cyclegan."""

from __future__ import annotations

import numpy as np

inv = np.linalg.inv


def gap(x, y):
    return np.abs(x - y).mean()


def loss(a, b, f, g):
    return gap(g(f(a)), a) + gap(f(g(b)), b)


RIGHT = [
    ("cyclegan-1", [0.5, 1.0]),
    ("cyclegan-1", np.array([0.5, 1])),
    ("cyclegan-2", loss),
    ("cyclegan-2", lambda a, b, f, g: float(loss(a, b, f, g))),
    ("cyclegan-3", lambda w, u, s: (w @ s, inv(s) @ u)),
    ("cyclegan-3", lambda w, u, s: [w @ s, np.linalg.solve(s, u)]),
    ("cyclegan-4", [2, 3, -2, 3]),
]

WRONG = [
    ("cyclegan-1", [3.5, 6], "distance from home"),
    ("cyclegan-1", [-0.5, 1], "has no sign"),
    ("cyclegan-1", [1, 0.5], "in the other order"),
    ("cyclegan-1", [2, 1], "what is G(F(3))"),
    ("cyclegan-1", [0.5, 3], "what is F(G(5))"),
    ("cyclegan-1", [3.5, 1], "way from a"),
    ("cyclegan-1", [0.5, 6], "way from b"),
    ("cyclegan-1", [0.5, -1], "has a sign"),
    ("cyclegan-2", lambda a, b, f, g: gap(g(f(a)), a), "the way from B"),
    ("cyclegan-2", lambda a, b, f, g: gap(f(g(b)), b), "the way from A"),
    ("cyclegan-2", lambda a, b, f, g: loss(a, b, f, g) / 2, "do not average"),
    (
        "cyclegan-2",
        lambda a, b, f, g: (g(f(a)) - a).mean() + (f(g(b)) - b).mean(),
        "cancel",
    ),
    (
        "cyclegan-2",
        lambda a, b, f, g: ((g(f(a)) - a) ** 2).mean() + ((f(g(b)) - b) ** 2).mean(),
        "those are squares",
    ),
    (
        "cyclegan-2",
        lambda a, b, f, g: abs(g(f(a)) - a).sum() + abs(f(g(b)) - b).sum(),
        "not the sum",
    ),
    ("cyclegan-2", lambda a, b, f, g: loss(a, b, g, f), "through f first"),
    ("cyclegan-2", lambda a, b, f, g: gap(f(a), a) + gap(g(b), b), "one way only"),
    ("cyclegan-2", lambda a, b, f, g: 0.0, "test it with f and g"),
    ("cyclegan-3", lambda w, u, s: (s @ w, inv(s) @ u), "does S first"),
    ("cyclegan-3", lambda w, u, s: (w, inv(s) @ u), "through F"),
    ("cyclegan-3", lambda w, u, s: (w @ s, u @ inv(s)), "before G, not after"),
    ("cyclegan-3", lambda w, u, s: (w @ s, s @ u), "not to do it again"),
    ("cyclegan-3", lambda w, u, s: (w @ s, s.T @ u), "a rotation only"),
    ("cyclegan-3", lambda w, u, s: (w @ s, u), "has S undone first"),
    ("cyclegan-4", [4, 3, -4, 3], "its square the variance"),
    ("cyclegan-4", [-2, 3, 2, 3], "comes first"),
    ("cyclegan-4", [1, 3, -2, 3], "deviation of"),
    ("cyclegan-4", [2, 3, -1, 3], "the other"),
    ("cyclegan-4", [2, 3, -2, -3], "has to be that of B too"),
    ("cyclegan-4", [2, 0, -2, 0], "is 0. What"),
    ("cyclegan-4", [2, 3, -2, 5], "is 0 here too"),
]
