"""RMSNorm, rotary positions, SiLU, SwiGLU and GELU by tanh, against two frameworks."""

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from scratch_helpers import (
    assert_close,
    assert_like_torch,
    drawn,
    dtypes,
    few,
    normal,
    seeds,
    sizes,
)
from torch.nn import functional as F

from utils import language_model, scratch

shapes = st.lists(sizes, min_size=1, max_size=3)


@drawn
@given(shapes, st.sampled_from([1e-5, 1e-2]), dtypes, seeds)
def test_rms_norm(shape, eps, dtype, seed):
    rng = np.random.default_rng(seed)
    x, gamma = normal(rng, *shape, dtype=dtype), normal(rng, shape[-1], dtype=dtype)
    assert_like_torch(
        lambda x, gamma: scratch.rms_norm(x, gamma, eps),
        scratch.rms_norm_backward,
        lambda x, gamma: F.rms_norm(x, shape[-1:], gamma, eps),
        {"x": x, "gamma": gamma},
        seed,
    )


@few
@given(seeds, st.floats(0.5, 100))
def test_rms_norm_takes_a_scale_away_and_keeps_a_mean(seed, scale):
    x, ones = normal(np.random.default_rng(seed), 4, 6), np.ones(6)
    y, _ = scratch.rms_norm(x, ones, eps=0)
    np.testing.assert_allclose((y * y).mean(axis=-1), 1, atol=1e-12)
    again, _ = scratch.rms_norm(scale * x, ones, eps=0)
    np.testing.assert_allclose(again, y, atol=1e-9)
    assert not np.allclose(scratch.rms_norm(x + 1, ones)[0], y)


@drawn
@given(shapes, sizes, st.integers(0, 40), st.sampled_from([10.0, 1e4]), dtypes, seeds)
def test_rotary(shape, pairs, start, base, dtype, seed):
    x = normal(np.random.default_rng(seed), *shape, 2 * pairs, dtype=dtype)
    y, _ = scratch.rotary(x, start, base)
    expected = language_model.rotate(torch.tensor(x).double(), start, base)
    np.testing.assert_allclose(y, expected, rtol=0, atol=1e-5)
    assert_close(scratch.rotary_backward(y, scratch.rotary(x, start, base)[1]), x)
    if dtype == np.float64:
        assert_like_torch(
            lambda x: scratch.rotary(x, start, base),
            scratch.rotary_backward,
            lambda x: language_model.rotate(x, start, base),
            {"x": x},
            seed,
        )


@drawn
@given(shapes, sizes, sizes, dtypes, seeds)
def test_swiglu(shape, hidden, outputs, dtype, seed):
    rng = np.random.default_rng(seed)
    arrays = {
        "x": normal(rng, *shape, dtype=dtype),
        "w1": normal(rng, shape[-1], hidden, dtype=dtype),
        "w3": normal(rng, shape[-1], hidden, dtype=dtype),
        "w2": normal(rng, hidden, outputs, dtype=dtype),
    }
    assert_like_torch(
        scratch.swiglu,
        scratch.swiglu_backward,
        lambda x, w1, w3, w2: (F.silu(x @ w1) * (x @ w3)) @ w2,
        arrays,
        seed,
    )


@drawn
@given(shapes, st.sampled_from([0.1, 1.0, 5.0]), dtypes, seeds)
def test_gelu_by_tanh(shape, size, dtype, seed):
    x = np.asarray(normal(np.random.default_rng(seed), *shape, dtype=dtype))
    assert_like_torch(
        lambda x: scratch.gelu(x, "tanh"),
        scratch.gelu_backward,
        lambda x: F.gelu(x, approximate="tanh"),
        {"x": x * dtype(size)},
        seed,
    )


def test_keras_has_the_same_functions():
    keras = pytest.importorskip("keras")
    x = normal(np.random.default_rng(0), 5, 6, dtype=np.float32)
    norm = keras.layers.RMSNormalization(epsilon=1e-5)
    for theirs, ours in (
        (keras.ops.silu(x), scratch.silu(x)[0]),
        (keras.ops.gelu(x, approximate=True), scratch.gelu(x, "tanh")[0]),
        (norm(x), scratch.rms_norm(x, np.ones(6, np.float32))[0]),
    ):
        assert_close(keras.ops.convert_to_numpy(theirs), ours)


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (
            lambda: scratch.rms_norm(np.ones((2, 3)), np.ones(4)),
            r"gamma must have shape \(D\) with D = 3, got \(4,\)",
        ),
        (
            lambda: scratch.rms_norm(np.ones((2, 3)), np.ones(3), eps=-1),
            "eps must be a number of at least 0, got -1",
        ),
        (
            lambda: scratch.rotary(np.ones((2, 3))),
            r"x must have an even last axis, got shape \(2, 3\)",
        ),
        (
            lambda: scratch.rotary(np.ones((2, 4)), start=-1),
            "start must be an integer of at least 0, got -1",
        ),
        (
            lambda: scratch.rotary(np.ones((2, 4)), base=0.5),
            "base must be a number of at least 1, got 0.5",
        ),
        (
            lambda: scratch.rotary_backward(
                np.ones((3, 4)), scratch.rotary(np.ones((2, 4)))[1]
            ),
            r"dy must have shape \(2, 4\), got \(3, 4\)",
        ),
        (
            lambda: scratch.swiglu(*(np.ones((2, 2)),) * 3, np.ones((3, 2))),
            r"w2 must have shape \(M, K\) with M = 2, got \(3, 2\)",
        ),
        (
            lambda: scratch.gelu(np.ones(2), approximate=True),
            "approximate must be 'none' or 'tanh', got True",
        ),
        (lambda: scratch.silu(np.arange(3)), "x must hold floats, got dtype int64"),
    ],
)
def test_bad_input_gets_a_sentence(call, message):
    with pytest.raises(ValueError, match=message):
        call()


def test_what_is_left_out_is_what_the_page_says():
    x, gamma = normal(np.random.default_rng(0), 2, 3, 4), np.ones(4)
    y, _ = scratch.rotary(x)
    np.testing.assert_array_equal(y, scratch.rotary(x, 0, 10_000.0)[0])
    y, _ = scratch.rms_norm(x, gamma)
    np.testing.assert_array_equal(y, scratch.rms_norm(x, gamma, 1e-5)[0])
