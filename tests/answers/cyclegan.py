"""Right and wrong answers to the exercises of chapter cyclegan."""

from __future__ import annotations

import numpy as np

inv = np.linalg.inv


def gap(x, y):
    return np.abs(x - y).mean()


def loss(a, b, f, g):
    return gap(g(f(a)), a) + gap(f(g(b)), b)


RIGHT = [
    (1, [0.5, 1.0]),
    (1, np.array([0.5, 1])),
    (2, loss),
    (2, lambda a, b, f, g: float(loss(a, b, f, g))),
    (3, lambda w, u, s: (w @ s, inv(s) @ u)),
    (3, lambda w, u, s: [w @ s, np.linalg.solve(s, u)]),
    (4, [2, 3, -2, 3]),
    (5, "b"),
    (6, "c"),
    (8, (0.8, "d")),
]

WRONG = [
    (1, [3.5, 6], "distance from home"),
    (1, [-0.5, 1], "has no sign"),
    (1, [1, 0.5], "in the other order"),
    (1, [2, 1], "what is G(F(3))"),
    (1, [0.5, 3], "what is F(G(5))"),
    (1, [3.5, 1], "way from a"),
    (1, [0.5, 6], "way from b"),
    (1, [0.5, -1], "has a sign"),
    (2, lambda a, b, f, g: gap(g(f(a)), a), "the way from B"),
    (2, lambda a, b, f, g: gap(f(g(b)), b), "the way from A"),
    (2, lambda a, b, f, g: loss(a, b, f, g) / 2, "do not average"),
    (2, lambda a, b, f, g: (g(f(a)) - a).mean() + (f(g(b)) - b).mean(), "cancel"),
    (
        2,
        lambda a, b, f, g: ((g(f(a)) - a) ** 2).mean() + ((f(g(b)) - b) ** 2).mean(),
        "those are squares",
    ),
    (
        2,
        lambda a, b, f, g: abs(g(f(a)) - a).sum() + abs(f(g(b)) - b).sum(),
        "not the sum",
    ),
    (2, lambda a, b, f, g: loss(a, b, g, f), "through f first"),
    (2, lambda a, b, f, g: gap(f(a), a) + gap(g(b), b), "one way only"),
    (2, lambda a, b, f, g: 0.0, "test it with f and g"),
    (3, lambda w, u, s: (s @ w, inv(s) @ u), "does S first"),
    (3, lambda w, u, s: (w, inv(s) @ u), "through F"),
    (3, lambda w, u, s: (w @ s, u @ inv(s)), "before G, not after"),
    (3, lambda w, u, s: (w @ s, s @ u), "not to do it again"),
    (3, lambda w, u, s: (w @ s, s.T @ u), "a rotation only"),
    (3, lambda w, u, s: (w @ s, u), "has S undone first"),
    (4, [4, 3, -4, 3], "its square the variance"),
    (4, [-2, 3, 2, 3], "comes first"),
    (4, [1, 3, -2, 3], "deviation of"),
    (4, [2, 3, -1, 3], "the other"),
    (4, [2, 3, -2, -3], "has to be that of B too"),
    (4, [2, 0, -2, 0], "is 0. What"),
    (4, [2, 3, -2, 5], "is 0 here too"),
    (5, "a", "let A hold one thing"),
    (5, "c", "it does so already:"),
    (5, "d", "that is so already,"),
    (6, "a", "that ends at the normal"),
    (6, "b", "T⁻¹ is for points of"),
    (6, "d", "R_α keeps the normal"),
    (8, (0.9, "d"), "two classes change, not"),
    (8, (0.2, "d"), "that is the share that"),
    (8, (1, "d"), "the losses may say so."),
    (8, (1.17, "d"), "which share of the"),
    (8, (0.8, "a"), "are there too many or too few of any digit in B?"),
    (8, (0.8, "b"), "are there too many or too few of any digit in A?"),
    (8, (0.8, "c"), "G undoes the exchange:"),
]
