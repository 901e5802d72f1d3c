"""linear, embedding, dropout, the activations and softmax."""

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from scratch_helpers import assert_like_torch, drawn, dtypes, few, normal, seeds, sizes
from torch.nn import functional as F

from utils import scratch

shapes = st.lists(sizes, max_size=3).map(tuple)


@drawn
@given(st.lists(sizes, max_size=3), sizes, sizes, dtypes, seeds)
def test_linear(leading, d, m, dtype, seed):
    rng = np.random.default_rng(seed)
    arrays = {
        "x": normal(rng, *leading, d, dtype=dtype),
        "w": normal(rng, d, m, dtype=dtype),
        "b": normal(rng, m, dtype=dtype),
    }
    assert_like_torch(
        scratch.linear,
        scratch.linear_backward,
        lambda x, w, b: x @ w + b,
        arrays,
        seed,
    )


@pytest.mark.parametrize(
    ("shapes", "message"),
    [
        (
            ((2, 3), (4, 5), (5,)),
            r"w must have shape \(D, M\) with D = 3, got \(4, 5\)",
        ),
        (((2, 3), (3,), (5,)), r"w must have shape \(D, M\) with D = 3, got \(3,\)"),
        (((2, 3), (3, 5), (1,)), r"b must have shape \(M\) with M = 5, got \(1,\)"),
        (((), (3, 5), (5,)), r"x must have shape \(\.\.\., D\), got \(\)"),
    ],
)
def test_linear_says_what_does_not_fit(shapes, message):
    with pytest.raises(ValueError, match=message):
        scratch.linear(*(np.ones(shape) for shape in shapes))


@drawn
@given(st.lists(sizes, max_size=2), sizes, sizes, dtypes, seeds)
def test_embedding(leading, rows, d, dtype, seed):
    rng = np.random.default_rng(seed)
    ids = rng.integers(0, rows, leading)
    ids = np.asarray(ids)
    assert_like_torch(
        lambda table: scratch.embedding(ids, table),
        scratch.embedding_backward,
        lambda table: F.embedding(torch.tensor(ids), table),
        {"table": normal(rng, rows, d, dtype=dtype)},
        seed,
    )


@pytest.mark.parametrize(
    ("ids", "table", "message"),
    [
        (np.array([0, 3]), np.ones((3, 2)), "ids must lie between 0 and 2, got 3"),
        (np.array([0, -1]), np.ones((3, 2)), "ids must lie between 0 and 2, got -1"),
        (
            np.array([0.0]),
            np.ones((3, 2)),
            "ids must be a NumPy array of integers, got",
        ),
        ([0, 1], np.ones((3, 2)), "ids must be a NumPy array of integers, got list"),
        (np.array([True]), np.ones((3, 2)), "ids must be .* integers, got bool"),
        (np.array([0]), np.ones(3), r"table must have shape \(V, D\), got \(3,\)"),
    ],
)
def test_embedding_says_what_is_wrong(ids, table, message):
    with pytest.raises(ValueError, match=message):
        scratch.embedding(ids, table)


@drawn
@given(st.sampled_from([0.0, 0.1, 0.5, 0.9]), dtypes, seeds)
def test_dropout_drops_a_share_of_p_and_keeps_the_mean(p, dtype, seed):
    x = np.ones(40_000, dtype)
    y, cache = scratch.dropout(x, p, True, np.random.default_rng(seed))
    kept = y != 0
    np.testing.assert_allclose(y[kept], 1 / (1 - p), rtol=1e-6, atol=0)
    spread = np.sqrt(p / (1 - p) / x.size)
    assert abs(y.mean() - 1) <= 5 * spread + 1e-6
    dy = np.full_like(x, 3)
    np.testing.assert_array_equal(scratch.dropout_backward(dy, cache), 3 * y)


@few
@given(shapes, dtypes, seeds)
def test_dropout_does_nothing_outside_training(shape, dtype, seed):
    x = normal(np.random.default_rng(seed), *shape, dtype=dtype)
    y, cache = scratch.dropout(x, 0.7, False, None)
    np.testing.assert_array_equal(y, x)
    assert not np.shares_memory(y, x)
    np.testing.assert_array_equal(scratch.dropout_backward(x, cache), x)


def test_dropout_repeats_with_the_same_generator_and_differs_with_another():
    x = np.ones(50)
    a, b, c = (
        scratch.dropout(x, 0.5, True, np.random.default_rng(seed))[0]
        for seed in (1, 1, 2)
    )
    np.testing.assert_array_equal(a, b)
    assert np.any(a != c)


@pytest.mark.parametrize("p", [-0.1, 1, 1.5, np.nan])
def test_dropout_names_a_p_out_of_range(p):
    with pytest.raises(
        ValueError, match="p must be a number of at least 0 and below 1, got"
    ):
        scratch.dropout(np.ones(3), p, True, np.random.default_rng())


def test_dropout_names_a_seed_in_place_of_a_generator():
    with pytest.raises(ValueError, match="rng must be a NumPy Generator, got int"):
        scratch.dropout(np.ones(3), 0.5, True, 0)


# PyTorch names the argument differently.
ACTIVATIONS = {
    "relu": lambda x: F.relu(x),
    "sigmoid": lambda x: torch.sigmoid(x),
    "tanh": lambda x: torch.tanh(x),
    "gelu": lambda x: F.gelu(x),
    "silu": lambda x: F.silu(x),
}


@pytest.mark.parametrize("name", ACTIVATIONS)
@drawn
@given(shapes, st.sampled_from([0.1, 1.0, 5.0]), dtypes, seeds)
def test_activations(name, shape, size, dtype, seed):
    x = np.asarray(normal(np.random.default_rng(seed), *shape, dtype=dtype))
    assert_like_torch(
        getattr(scratch, name),
        getattr(scratch, f"{name}_backward"),
        ACTIVATIONS[name],
        {"x": np.asarray(x * dtype(size))},
        seed,
    )


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
@pytest.mark.parametrize("name", ACTIVATIONS)
def test_activations_of_extreme_values_neither_overflow_nor_warn(name, dtype):
    x = np.array([-1000, -80, -30, -5, -0.0, 0, 5, 30, 80, 1000], dtype)
    with np.errstate(all="raise", under="ignore"):
        y, cache = getattr(scratch, name)(x)
        dx = getattr(scratch, f"{name}_backward")(np.ones_like(x), cache)
    t = torch.tensor(x, requires_grad=True)
    expected = ACTIVATIONS[name](t)
    expected.sum().backward()
    # PyTorch's own gelu(-5) is off by 2e-7 in float32, on some processors.
    atol = 1e-6 if dtype == np.float32 else 1e-13
    np.testing.assert_allclose(y, expected.detach(), rtol=1e-6, atol=atol)
    np.testing.assert_allclose(dx, t.grad, rtol=1e-6, atol=atol)


def test_gelu_is_exact_in_float64():
    x = np.linspace(-12, 12, 4001)
    y, _ = scratch.gelu(x)
    expected = F.gelu(torch.tensor(x)).numpy()
    np.testing.assert_allclose(y, expected, rtol=1e-12, atol=1e-14)


def test_relu_has_slope_zero_at_zero():
    _, cache = scratch.relu(np.zeros(2))
    np.testing.assert_array_equal(scratch.relu_backward(np.ones(2), cache), [0, 0])


def test_activations_take_a_single_number():
    for name in ACTIVATIONS:
        y, _ = getattr(scratch, name)(np.float32(0.5))
        assert y.dtype == np.float32
        assert y.shape == ()


@drawn
@given(st.lists(sizes, min_size=1, max_size=3), st.data(), dtypes, seeds)
def test_softmax(shape, data, dtype, seed):
    axis = data.draw(st.integers(-len(shape), len(shape) - 1))

    def forward(x):
        y = scratch.softmax(x, axis)
        np.testing.assert_allclose(y.sum(axis=axis), 1, atol=1e-5)
        return y, y

    assert_like_torch(
        forward,
        lambda dy, y: scratch.softmax_backward(dy, y, axis),
        lambda x: torch.softmax(x, axis),
        {"x": normal(np.random.default_rng(seed), *shape, dtype=dtype)},
        seed,
    )


@few
@given(seeds, st.floats(-500, 500))
def test_softmax_does_not_change_when_all_scores_move_together(seed, shift):
    x = normal(np.random.default_rng(seed), 3, 5)
    np.testing.assert_allclose(
        scratch.softmax(x + shift), scratch.softmax(x), rtol=1e-9, atol=1e-12
    )


def test_softmax_uses_the_last_axis_unless_told():
    x = normal(np.random.default_rng(0), 2, 3, 4)
    y = scratch.softmax(x)
    np.testing.assert_array_equal(y, scratch.softmax(x, axis=2))
    dy = normal(np.random.default_rng(1), 2, 3, 4)
    np.testing.assert_array_equal(
        scratch.softmax_backward(dy, y), scratch.softmax_backward(dy, y, axis=2)
    )


def test_softmax_of_huge_scores_is_finite():
    y = scratch.softmax(np.array([1e4, 0, -1e4], np.float32))
    np.testing.assert_array_equal(y, np.array([1, 0, 0], np.float32))


def test_softmax_names_a_missing_axis():
    with pytest.raises(ValueError, match="axis must be an axis of x"):
        scratch.softmax(np.ones((2, 2)), axis=2)
