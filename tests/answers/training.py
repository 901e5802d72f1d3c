"""Right and wrong answers to the exercises of chapter training."""

from __future__ import annotations

import math

import numpy as np


def poisson(z, y):
    return np.mean(np.exp(z) - y * z), (np.exp(z) - y) / len(z)


def bound(curvature, beta):
    return (2 + 2 * beta) / (1 + 2 * beta) / curvature


def adagrad(w, g, state, lr, eps=1e-10):
    state["v"] = state.get("v", 0) + g**2
    return w - lr * g / (state["v"] ** 0.5 + eps)


def clip(grads, limit):
    norm = math.sqrt(sum((g**2).sum() for g in grads.values()))
    return {k: g * min(1, limit / (norm + 1e-6)) for k, g in grads.items()}


def trials(share, confidence):
    return math.ceil(math.log(1 - confidence) / math.log(1 - share))


def forgetful(w, g, state, lr, eps=1e-10, decay=0.99):
    state["v"] = decay * state.get("v", 0) + (1 - decay) * g**2
    return w - lr * g / (state["v"] ** 0.5 + eps)


def last_only(w, g, state, lr, eps=1e-10):
    state["v"] = g**2
    return w - lr * g / (state["v"] ** 0.5 + eps)


def averaging(w, g, state, lr, eps=1e-10):
    state["t"] = state.get("t", 0) + 1
    state["v"] = state.get("v", 0) + g**2
    return w - lr * g / ((state["v"] / state["t"]) ** 0.5 + eps)


def rootless(w, g, state, lr, eps=1e-10):
    state["v"] = state.get("v", 0) + g**2
    return w - lr * g / (state["v"] + eps)


def dividing(grads, limit):
    norm = math.sqrt(sum((g**2).sum() for g in grads.values()))
    return {k: g * min(1, limit / norm) for k, g in grads.items()}


def each_entry(grads, limit):
    return {k: np.clip(g, -limit, limit) for k, g in grads.items()}


def each_array(grads, limit):
    return {k: g * min(1, limit / np.linalg.norm(g)) for k, g in grads.items()}


def sum_of_norms(grads, limit):
    norm = sum(np.linalg.norm(g) for g in grads.values())
    return {k: g * min(1, limit / norm) for k, g in grads.items()}


def norm(grads):
    return math.sqrt(sum((g**2).sum() for g in grads.values()))


def scaled(grads, limit, factor):
    return {
        k: g * min(1, factor if norm(grads) > limit else 1) for k, g in grads.items()
    }


RIGHT = [
    (1, [0.16, 0.06, 0.8011]),
    (1, np.array([[0.16], [0.06], [0.80115]])),
    (2, poisson),
    (3, bound),
    (3, lambda curvature, beta: (1 + 1 / (1 + 2 * beta)) / curvature),
    (4, adagrad),
    (5, clip),
    (6, trials),
    (7, (-1.5, "a")),
    (8, "c"),
    (10, [200, 2, 0.01, 100, 0.9801980198019802]),
]

WRONG = [
    (1, [0.36, 0.06, 0.8011], "descent. In"),
    (1, [0.54, 0.06, 0.8011], "sum"),
    (1, [0.28, 0.06, 0.8011], "sum"),
    (1, [0.16, 0.16, 0.8011], "is ordinary"),
    (1, [0.16, 0.06, 0.8], "v̂ average"),
    (1, [0.16, 0.06, 0.9], "step of Adam"),
    (1, [0.16, 0.06, 0.5], "second gradient"),
    (1, [0.6, 0.06, 0.80115], "of momentum"),
    (1, [0.16, 0.4, 0.80115], "of Nesterov's"),
    (1, [0.16, 0.24, 0.80115], "is the new"),
    (1, [0.16, 0.06, 0.7879], "are missing"),
    (1, [0.16, 0.06, 0.9497], "is missing"),
    (2, lambda z, y: (poisson(z, y)[0], 4 * poisson(z, y)[1]), "1/N"),
    (2, lambda z, y: (-poisson(z, y)[0], z), "flipped: it"),
    (2, lambda z, y: (4 * poisson(z, y)[0], z), "not the mean"),
    (2, lambda z, y: (poisson(z, y)[0], (z - y) / 4), "expects e"),
    (2, lambda z, y: (poisson(z, y)[0], -poisson(z, y)[1]), "first"),
    (2, lambda z, y: (poisson(z, y)[0], z), "pattern"),
    (2, lambda z, y: (0.0, z), "Take -log"),
    (
        2,
        lambda z, y: (poisson(z, y)[0] + np.mean([math.lgamma(k + 1) for k in y]), z),
        "contains log y!",
    ),
    (2, lambda z, y: (np.mean(z - y * np.log(np.abs(z) + 1e-300)), z), "z as the rate"),
    (2, lambda z, y: (poisson(z, y)[0], np.exp(z) / len(z)), "depends on z too"),
    (3, lambda c, b: 2 * (1 + b) / c, "ordinary momentum"),
    (3, lambda c, b: 2 / c, "without momentum"),
    (3, lambda c, b: bound(c, b) * c, "Divide"),
    (3, lambda c, b: 1.0, "r = -1"),
    (4, forgetful, "RMSProp"),
    (4, last_only, "last square"),
    (4, averaging, "divided by t"),
    (4, rootless, "root"),
    (4, lambda w, g, state, lr: w - lr * g, "state"),
    (
        4,
        lambda w, g, state, lr: 2 * w - adagrad(w, g, state, lr),
        "goes up the gradient",
    ),
    (4, lambda w, g, state, lr: adagrad(w, g, state, 2 * lr), "The first step is off"),
    (4, lambda w, g, state, lr: adagrad(w, g, state, lr) + w / 9, "a later one is not"),
    (5, each_entry, "turns"),
    (5, each_array, "together"),
    (5, sum_of_norms, "norms. Add"),
    (5, lambda g, limit: g, "returned as"),
    (5, lambda g, limit: {k: v / 2 for k, v in g.items()}, "are longer"),
    (5, dividing, "Gradients that"),
    (5, lambda g, limit: list(g), "dictionary"),
    (5, lambda g, limit: scaled(g, limit, 1 / norm(g)), "has length 1"),
    (
        5,
        lambda g, limit: scaled(g, limit, limit / norm(g) ** 2),
        "divide by the squared norm",
    ),
    (
        5,
        lambda g, limit: {k: v * limit / (norm(g) + 1e-12) for k, v in g.items()},
        "shorter than the limit",
    ),
    (6, lambda f, q: trials(f, q) - 1, "round up"),
    (6, lambda f, q: math.log(1 - q) / math.log(1 - f), "whole"),
    (6, lambda f, q: 1 / f, "mean"),
    (6, lambda f, q: 1000, "all miss"),
    (
        6,
        lambda f, q: math.ceil(math.log(q) / math.log(1 - f)),
        "missing is 1 - confidence",
    ),
    (6, lambda f, q: math.ceil(math.log(1 - q) / math.log(f)), "a single trial misses"),
    (6, lambda f, q: q / f, "mean"),
    (4, lambda *given: forgetful(*given, decay=0.9), "RMSProp"),
    (7, (1.5, "a"), "the sign is the wrong"),
    (7, (-3, "a"), "the factor ½ is missing."),
    (7, (-2, "a"), "the second term depends"),
    (7, (0.5, "a"), "the first term depends"),
    (7, (-1.13, "a"), "put the loss down as a"),
    (7, (-1.5, "b"), "the push on ŷ is"),
    (7, (-1.5, "c"), "look at the sign of"),
    (7, (-1.5, "d"), "at a large miss this"),
    (8, "a", "the penalty's gradient"),
    (8, "b", "the velocity adds up"),
    (8, "d", "gradients of alternating signs"),
    (10, [20, 2, 0.01, 100, 0.9801980198019802], "the feature enters twice, once"),
    (10, [2, 2, 0.01, 100, 0.9801980198019802], "that was before the"),
    (10, [200.37, 2, 0.01, 100, 0.9801980198019802], "the mean square of the"),
    (10, [200, 20, 0.01, 100, 0.9801980198019802], "the other feature's"),
    (10, [200, 0.02, 0.01, 100, 0.9801980198019802], "nothing has made this"),
    (10, [200, 2.37, 0.01, 100, 0.9801980198019802], "the second feature is"),
    (10, [200, 2, 1, 100, 0.9801980198019802], "that was the bound"),
    (10, [200, 2, 0.005, 100, 0.9801980198019802], "that is one divided by"),
    (10, [200, 2, 0.38, 100, 0.9801980198019802], "the bound is two"),
    (10, [200, 2, 0.01, 10, 0.9801980198019802], "that is its root, the"),
    (10, [200, 2, 0.01, 1, 0.9801980198019802], "that was before: now"),
    (10, [200, 2, 0.01, 100.37, 0.9801980198019802], "κ is the larger"),
    (10, [200, 2, 0.01, 100, 0.99], "that is nearly it, but"),
    (10, [200, 2, 0.01, 100, 0], "that is the factor for"),
    (10, [200, 2, 0.01, 100, 1.3502], "it is (κ − 1)/(κ + 1)."),
]
