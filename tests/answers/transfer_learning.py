"""Right and wrong answers to the exercises of chapter transfer_learning."""

from __future__ import annotations

import numpy as np

TOTAL = 2048 * 512 + 512 + 512 * 10 + 10


def mean_head(z, y):
    m = np.array([z[y == k].mean(axis=0) for k in range(y.max() + 1)])
    return m.T, -0.5 * (m**2).sum(axis=1)


def mean_head_by_columns(z, y):
    one_hot = np.eye(y.max() + 1)[y]
    w = z.T @ (one_hot / one_hot.sum(axis=0))
    return [w, -np.diag(w.T @ w) / 2]


def towards(x, y, w0, strength):
    a = x.T @ x + strength * np.eye(x.shape[1])
    return w0 + np.linalg.solve(a, x.T @ (y - x @ w0))


def towards_stacked(x, y, w0, strength):
    root = np.sqrt(strength)
    rows = np.vstack([x, root * np.eye(len(w0))])
    return np.linalg.lstsq(rows, np.concatenate([y, root * w0]))[0]


def changed_head(weights=None, bias=None):
    def wrong(z, y):
        w, b = mean_head(z, y)
        return w if weights is None else weights(w, z, y), b if bias is None else bias(
            w
        )

    return wrong


def median_head(w, z, y):
    return np.array([np.median(z[y == k], axis=0) for k in range(y.max() + 1)]).T


def ridge(x, y, strength):
    return np.linalg.solve(x.T @ x + strength * np.eye(x.shape[1]), x.T @ y)


RIGHT = [
    (1, TOTAL),
    (1, 1_054_218.0),
    (2, [44, 459]),
    (2, np.array([[44.0], [459.0]])),
    (3, mean_head),
    (3, mean_head_by_columns),
    (4, towards),
    (4, towards_stacked),
    (5, [[-1, 0, 0.5], [0, 1, 0]]),
    (6, 3745),
    (7, [0.5, 1]),
    (9, [4, -2, -7]),
    (10, (294912, 33920, "b")),
]

WRONG = [
    (1, TOTAL - 522, "biases are"),
    (1, TOTAL - 512, "of the first"),
    (1, TOTAL - 10, "last layer"),
    (1, 2048 * 512 + 512, "ten classes"),
    (1, 20_490, "512 units"),
    (1, TOTAL + 23_508_032, "frozen"),
    (1, 12, "A · B"),
    (1, 49 * 2048 * 512 + 512 + 5130, "sees them"),
    (2, [459, 44], "other way round"),
    (2, [43, 459], "left after it"),
    (2, [43.7, 459], "of batches"),
    (2, [2, 459], "exchanged: each"),
    (2, [44, 44], "0.99"),
    (2, [44, 100], "with logarithms"),
    (2, [44, 458.211], "batches come"),
    (2, [44, 458], "short: after"),
    (2, [44, 1], "was; κ and"),
    (3, changed_head(lambda w, z, y: w * np.bincount(y)), "sums of a class"),
    (3, changed_head(lambda w, z, y: w * np.bincount(y) / len(y)), "of its own"),
    (
        3,
        changed_head(lambda w, z, y: w * np.bincount(y) / (len(y) / len(w.T))),
        "share",
    ),
    (3, changed_head(lambda w, z, y: -w), "farthest mean"),
    (3, changed_head(lambda w, z, y: 2 * w), "asks for half"),
    (3, changed_head(lambda w, z, y: w - z.mean(axis=0)[:, None]), "as they come"),
    (3, changed_head(lambda w, z, y: w / np.linalg.norm(w, axis=0)), "for angles"),
    (3, changed_head(median_head), "medians"),
    (3, changed_head(lambda w, z, y: w + 1), "what multiplies z"),
    (3, lambda z, y: mean_head(z, y)[::-1], "One column of weights"),
    (3, lambda z, y: (mean_head(z, y)[0].T, mean_head(z, y)[1]), "w is (M, K)"),
    (3, changed_head(bias=lambda w: 0 * w[0]), "longest mean wins"),
    (3, changed_head(bias=lambda w: -(w**2).sum(axis=0)), "also belongs"),
    (3, changed_head(bias=lambda w: (w**2).sum(axis=0) / 2), "bias's sign"),
    (3, changed_head(bias=lambda w: -np.linalg.norm(w, axis=0) / 2), "not its length"),
    (3, changed_head(bias=lambda w: w.sum(axis=0)), "where z = 0"),
    (4, lambda x, y, w0, s: ridge(x, y, s), "towards zero"),
    (4, lambda x, y, w0, s: w0 + ridge(x, y, s), "must explain"),
    (4, lambda x, y, w0, s: ridge(x, y - x @ w0, s), "Add w0"),
    (4, lambda x, y, w0, s: towards(x, y, w0, 0), "no effect"),
    (4, lambda x, y, w0, s: towards(x, y, w0, 6 * s), "not a mean"),
    (4, lambda x, y, w0, s: ridge(x, y, s) + s * w0, "before the system"),
    (4, lambda x, y, w0, s: w0, "start itself"),
    (4, lambda x, y, w0, s: 2 * w0, "gradient"),
    (5, [[-1, 0, -0.5], [0, 1, 0]], "Undo the move"),
    (5, [[-1, 0, 0.25], [0, 1, 0]], "quarter is"),
    (5, [[-1, 0, -0.25], [0, 1, 0]], "order"),
    (5, [[-1, 0, 0], [0, 1, 0]], "does not move"),
    (5, [[1, 0, -0.5], [0, 1, 0]], "does not mirror"),
    (5, [[1, 0, 0], [0, -1, 0.5]], "upside down"),
    (5, [[1, 0, 0.5], [0, -1, 0]], "left and right"),
    (5, [[-2, 1, 0.7], [0, 2, 3]], "row should"),
    (5, [[-2, 1, 0.7], [0, 1, 0]], "one point"),
    (5, [[-1, 0, 0.5], [1, 1, 0]], "u has no part"),
    (5, [[-2, 1, 0.5], [0, 1, 0.5]], "end of the second row"),
    (6, 3744, "round up"),
    (6, 7490, "2 under the root"),
    (6, 75, "squared"),
    (6, 1627, "natural"),
    (6, 25_000, "logarithm of the number"),
    (6, 100, "solve for n"),
    (7, [2, 1], "divide by the square of"),
    (7, [0.70710678, 1], "that is the cosine of"),
    (7, [1, 1], "that is another"),
    (7, [0.87, 1], "differentiate the"),
    (7, [0.5, 2], "that is what scratch"),
    (7, [0.5, 0.5], "that is the square of"),
    (7, [0.5, 0], "are the two on one line?"),
    (7, [0.5, 1.37], "take the part of w_*"),
    (9, [2, -1, -7], "that is the kernel as"),
    (9, [12, -6, -7], "the scale has a"),
    (9, [1, -0.5, -7], "the scale is the other"),
    (9, [4.37, -1.26, -7], "multiply the kernel by"),
    (9, [4, -2, -3], "the mean is scaled, too."),
    (9, [4, -2, 9], "the mean is taken away,"),
    (9, [4, -2, -23], "that has γ for the"),
    (9, [4, -2, 1], "the mean is missing."),
    (9, [4, -2, -6.63], "put the window's"),
    (10, (295168, 33920, "b"), "without biases, as"),
    (10, (32768, 33920, "b"), "a kernel has nine"),
    (10, (294912.37, 33920, "b"), "nine weights for each"),
    (10, (294912, 35072, "b"), "the depthwise half has"),
    (10, (294912, 32768, "b"), "that is the pointwise"),
    (10, (294912, 1152, "b"), "that is the depthwise"),
    (10, (294912, 33920.37, "b"), "count the depthwise"),
    (10, (294912, 33920, "a"), "nine for each channel,"),
]
