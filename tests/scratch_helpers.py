"""What the tests of utils.scratch share: comparing with PyTorch, and one of each."""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import torch
from hypothesis import settings
from hypothesis import strategies as st

from utils import scratch
from utils.gradcheck import check_gradients

drawn = settings(max_examples=30, deadline=None, derandomize=True, database=None)
few = settings(drawn, max_examples=10)

dtypes = st.sampled_from([np.float32, np.float64])
seeds = st.integers(0, 2**16)
sizes = st.integers(1, 4)

# Rounding differs with the order of sums, so float32 gets room for a few dozen of them.
TOLERANCE = {
    "float32": {"rtol": 2e-4, "atol": 2e-5},
    "float64": {"rtol": 1e-9, "atol": 1e-11},
}


def normal(rng, *shape, dtype=np.float64):
    return rng.standard_normal(shape).astype(dtype)


def assert_close(actual, expected, what=""):
    """Same shape, same dtype, same values up to the dtype's rounding."""
    expected = expected.detach().numpy() if torch.is_tensor(expected) else expected
    assert actual.shape == expected.shape, what
    assert actual.dtype == expected.dtype, what
    scale = max(1.0, np.max(np.abs(expected), initial=0))
    room = TOLERANCE[str(actual.dtype)]
    np.testing.assert_allclose(
        actual, expected, room["rtol"], room["atol"] * scale, err_msg=what
    )


def assert_like_torch(forward, backward, reference, arrays, seed, differences=True):
    """Compare values and gradients with PyTorch's, then with central differences.

    `forward` and `reference` take the arrays by name. Inputs must stay untouched and
    the backward must be repeatable.
    """
    before = {name: a.copy() for name, a in arrays.items()}
    y, cache = forward(**arrays)
    tensors = {name: torch.tensor(a) for name, a in arrays.items()}
    floats = [n for n, a in arrays.items() if a.dtype.kind == "f"]
    for name in floats:
        tensors[name].requires_grad_()
    expected = reference(**tensors)
    assert_close(y, expected, "output")

    dy = normal(np.random.default_rng(seed), *y.shape, dtype=y.dtype)
    dy_before = dy.copy()
    grads = as_tuple(backward(dy, cache))
    expected_grads = torch.autograd.grad(
        expected, [tensors[n] for n in floats], torch.tensor(dy)
    )
    assert len(grads) == len(floats)
    for name, actual, wanted in zip(floats, grads, expected_grads, strict=True):
        assert_close(actual, wanted, f"d{name}")

    for first, again in zip(grads, as_tuple(backward(dy, cache)), strict=True):
        np.testing.assert_array_equal(first, again)
    np.testing.assert_array_equal(dy, dy_before)
    for name, array in arrays.items():
        np.testing.assert_array_equal(array, before[name])

    elements = sum(arrays[n].size for n in floats)
    if differences and y.dtype == np.float64 and elements <= 100:
        check_gradients(
            lambda: np.sum(forward(**arrays)[0] * dy),
            {n: (arrays[n], g) for n, g in zip(floats, grads, strict=True)},
            tolerance=1e-5,  # of some drawn inputs the third derivative is large
        )


def as_tuple(grads):
    return grads if isinstance(grads, tuple) else (grads,)


@dataclass
class Case:
    """One small call of an operation, for what must hold of every one of them."""

    name: str
    shapes: dict[str, tuple[int, ...]]
    forward: Callable
    batched: tuple[str, ...] = ()

    @property
    def backward(self):
        return getattr(scratch, f"{self.name.split()[0]}_backward")

    def arrays(self, dtype=np.float64, seed=0):
        rng = np.random.default_rng(seed)
        return {n: normal(rng, *s, dtype=dtype) for n, s in self.shapes.items()}


def _softmax(x):
    y = scratch.softmax(x, axis=1)
    return y, y


def _batch_norm(training):
    def forward(x, gamma, beta):
        dtype = np.asarray(x).dtype if np.asarray(x).dtype.kind == "f" else np.float64
        running = {
            "mean": np.array([0.5, -1, 0.2], dtype),
            "var": np.array([0.5, 1, 2], dtype),
        }
        return scratch.batch_norm(x, gamma, beta, running, training=training)

    return forward


def _embedding(table):
    return scratch.embedding(np.array([[0, 2], [2, 1]]), table)


def _dropout(x):
    return scratch.dropout(x, 0.4, True, np.random.default_rng(3))


def _conv2d(x, w, b):
    return scratch.conv2d(x, w, b, stride=(2, 1), padding=(1, 2), groups=2)


def _conv_transpose2d(x, w, b):
    return scratch.conv_transpose2d(x, w, b, stride=(2, 1), padding=(1, 0), groups=2)


def _attention(q, k, v):
    return scratch.attention(q, k, v, mask=np.tri(3, 4, 1, dtype=bool))


def _multi_head(**arrays):
    return scratch.multi_head_attention(
        **arrays, n_heads=2, mask=np.tri(3, 4, 1, dtype=bool)
    )


_image = {"x": (2, 3, 5, 6)}
_sequence = {"x": (2, 4, 3), "h0": (2, 2)}

CASES = [
    Case("linear", {"x": (2, 4, 3), "w": (3, 2), "b": (2,)}, scratch.linear, ("x",)),
    Case("relu", {"x": (3, 4)}, scratch.relu, ("x",)),
    Case("sigmoid", {"x": (3, 4)}, scratch.sigmoid, ("x",)),
    Case("tanh", {"x": (3, 4)}, scratch.tanh, ("x",)),
    Case("gelu", {"x": (3, 4)}, scratch.gelu, ("x",)),
    Case("gelu tanh", {"x": (3, 4)}, lambda x: scratch.gelu(x, "tanh"), ("x",)),
    Case("silu", {"x": (3, 4)}, scratch.silu, ("x",)),
    Case(
        "swiglu",
        {"x": (2, 4, 3), "w1": (3, 5), "w3": (3, 5), "w2": (5, 2)},
        scratch.swiglu,
        ("x",),
    ),
    Case("softmax", {"x": (2, 5, 3)}, _softmax, ("x",)),
    Case(
        "conv2d",
        {"x": (2, 4, 5, 4), "w": (6, 2, 3, 2), "b": (6,)},
        _conv2d,
        ("x",),
    ),
    Case(
        "conv_transpose2d",
        {"x": (2, 4, 3, 4), "w": (4, 3, 3, 2), "b": (6,)},
        _conv_transpose2d,
        ("x",),
    ),
    Case("max_pool2d", _image, lambda x: scratch.max_pool2d(x, (2, 3), 1, 1), ("x",)),
    Case("avg_pool2d", _image, lambda x: scratch.avg_pool2d(x, (2, 3), 1, 1), ("x",)),
    Case(
        "batch_norm training",
        {"x": (4, 3, 2, 2), "gamma": (3,), "beta": (3,)},
        _batch_norm(True),
        ("x",),
    ),
    Case(
        "batch_norm testing",
        {"x": (4, 3), "gamma": (3,), "beta": (3,)},
        _batch_norm(False),
        ("x",),
    ),
    Case(
        "layer_norm",
        {"x": (2, 3, 4), "gamma": (4,), "beta": (4,)},
        scratch.layer_norm,
        ("x",),
    ),
    Case("rms_norm", {"x": (2, 3, 4), "gamma": (4,)}, scratch.rms_norm, ("x",)),
    Case("rotary", {"x": (2, 3, 4)}, lambda x: scratch.rotary(x, 2), ("x",)),
    Case("dropout", {"x": (4, 5)}, _dropout),
    Case("embedding", {"table": (4, 3)}, _embedding),
    Case(
        "rnn",
        {**_sequence, "wx": (3, 2), "wh": (2, 2), "b": (2,)},
        scratch.rnn,
        ("x", "h0"),
    ),
    Case(
        "lstm",
        {**_sequence, "c0": (2, 2), "wx": (3, 8), "wh": (2, 8), "b": (8,)},
        scratch.lstm,
        ("x", "h0", "c0"),
    ),
    Case(
        "gru",
        {**_sequence, "wx": (3, 6), "wh": (2, 6), "bx": (6,), "bh": (6,)},
        scratch.gru,
        ("x", "h0"),
    ),
    Case(
        "attention",
        {"q": (2, 3, 4), "k": (2, 4, 4), "v": (2, 4, 5)},
        _attention,
        ("q", "k", "v"),
    ),
    Case(
        "multi_head_attention",
        {
            **{"x_q": (2, 3, 5), "x_k": (2, 4, 3), "x_v": (2, 4, 2)},
            **{"wq": (5, 4), "wk": (3, 4), "wv": (2, 6), "wo": (6, 3)},
            **{"bq": (4,), "bk": (4,), "bv": (6,), "bo": (3,)},
        },
        _multi_head,
        ("x_q", "x_k", "x_v"),
    ),
]
