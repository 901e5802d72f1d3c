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

from utils import scratch

eps_values = st.sampled_from([1e-5, 1e-2])


@drawn
@given(
    st.integers(2, 5),
    sizes,
    st.one_of(st.just(()), st.tuples(sizes, sizes)),
    st.booleans(),
    st.sampled_from([0.0, 0.1, 0.7, 1.0]),
    eps_values,
    dtypes,
    seeds,
)
def test_batch_norm(n, c, image, training, momentum, eps, dtype, seed):
    rng = np.random.default_rng(seed)
    arrays = {
        "x": normal(rng, n, c, *image, dtype=dtype) * dtype(3) + dtype(1),
        "gamma": normal(rng, c, dtype=dtype),
        "beta": normal(rng, c, dtype=dtype),
    }
    mean, var = normal(rng, c, dtype=dtype), rng.random(c).astype(dtype) + dtype(0.5)
    seen = {}

    def forward(x, gamma, beta):
        running = seen["ours"] = {"mean": mean.copy(), "var": var.copy()}
        return scratch.batch_norm(x, gamma, beta, running, training, momentum, eps)

    def reference(x, gamma, beta):
        seen["torch"] = torch.tensor(mean), torch.tensor(var)
        return F.batch_norm(x, *seen["torch"], gamma, beta, training, momentum, eps)

    assert_like_torch(forward, scratch.batch_norm_backward, reference, arrays, seed)
    forward(**arrays)
    reference(**{k: torch.tensor(a) for k, a in arrays.items()})
    for name, expected in zip(("mean", "var"), seen["torch"], strict=True):
        assert_close(seen["ours"][name], expected, name)


def test_batch_norm_moves_running_in_place_and_only_when_training():
    x = normal(np.random.default_rng(0), 8, 3)
    running = {"mean": np.zeros(3), "var": np.ones(3)}
    mean, var = running["mean"], running["var"]
    scratch.batch_norm(x, np.ones(3), np.zeros(3), running, training=False)
    np.testing.assert_array_equal(mean, 0)
    np.testing.assert_array_equal(var, 1)
    scratch.batch_norm(x, np.ones(3), np.zeros(3), running)
    assert running["mean"] is mean
    assert running["var"] is var
    np.testing.assert_allclose(mean, 0.1 * x.mean(axis=0), atol=1e-14)
    np.testing.assert_allclose(var, 0.9 + 0.1 * x.var(axis=0, ddof=1), atol=1e-14)


@few
@given(seeds, st.floats(0.5, 10), st.floats(-10, 10))
def test_batch_norm_undoes_scale_and_shift(seed, scale, shift):
    x = normal(np.random.default_rng(seed), 16, 3)

    def normalise(x):
        running = {"mean": np.zeros(3), "var": np.ones(3)}
        return scratch.batch_norm(x, np.ones(3), np.zeros(3), running, eps=1e-12)[0]

    y = normalise(x)
    np.testing.assert_allclose(y.mean(axis=0), 0, atol=1e-12)
    np.testing.assert_allclose(y.std(axis=0), 1, atol=1e-8)
    np.testing.assert_allclose(normalise(scale * x + shift), y, atol=1e-8)


def test_a_constant_channel_gives_beta():
    running = {"mean": np.zeros(2), "var": np.ones(2)}
    beta = np.array([3.0, -1.0])
    y, cache = scratch.batch_norm(np.full((4, 2), 7.0), np.ones(2), beta, running)
    np.testing.assert_array_equal(y, np.tile(beta, (4, 1)))
    dx, _, _ = scratch.batch_norm_backward(np.ones((4, 2)), cache)
    np.testing.assert_allclose(dx, 0, atol=1e-9)


def batch_norm_with(x=None, gamma=None, running=None, **settings):
    ones = np.ones(3)
    return scratch.batch_norm(
        np.zeros((4, 3)) if x is None else x,
        ones if gamma is None else gamma,
        ones,
        {"mean": ones.copy(), "var": ones.copy()} if running is None else running,
        **settings,
    )


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (
            lambda: batch_norm_with(x=np.zeros((1, 3))),
            r"x must have two values per channel to train on, got shape \(1, 3\)",
        ),
        (
            lambda: batch_norm_with(x=np.zeros((4, 3, 2))),
            r"x must have shape \(N, C\), got \(4, 3, 2\)",
        ),
        (
            lambda: batch_norm_with(gamma=np.ones(4)),
            r"gamma must have shape \(C\) with C = 3, got \(4,\)",
        ),
        (
            lambda: batch_norm_with(running={"mean": np.ones(3)}),
            r"running must be a dict of mean and var, got \['mean'\]",
        ),
        (
            lambda: batch_norm_with(running=np.ones(3)),
            "running must be a dict of mean and var, got ndarray",
        ),
        (
            lambda: batch_norm_with(running={"mean": np.ones(3), "var": np.ones(1)}),
            r"running_var must have shape \(C\) with C = 3, got \(1,\)",
        ),
        (
            lambda: batch_norm_with(
                running={"mean": np.ones(3, np.float32), "var": np.ones(3)}
            ),
            "running_mean must have dtype float64 like x, got float32",
        ),
    ],
)
def test_batch_norm_says_what_is_wrong(call, message):
    with pytest.raises(ValueError, match=message):
        call()


def test_batch_norm_takes_one_example_outside_training():
    y, _ = batch_norm_with(x=np.zeros((1, 3)), training=False)
    assert y.shape == (1, 3)


@drawn
@given(
    st.lists(sizes, max_size=2),
    st.lists(st.integers(2, 4), min_size=1, max_size=2),
    eps_values,
    dtypes,
    seeds,
)
def test_layer_norm(leading, last, eps, dtype, seed):
    rng = np.random.default_rng(seed)
    arrays = {
        "x": normal(rng, *leading, *last, dtype=dtype) * dtype(3) + dtype(1),
        "gamma": normal(rng, *last, dtype=dtype),
        "beta": normal(rng, *last, dtype=dtype),
    }
    assert_like_torch(
        lambda x, gamma, beta: scratch.layer_norm(x, gamma, beta, eps),
        scratch.layer_norm_backward,
        lambda x, gamma, beta: F.layer_norm(x, last, gamma, beta, eps),
        arrays,
        seed,
    )


@few
@given(seeds)
def test_layer_norm_of_an_example_does_not_depend_on_the_others(seed):
    x = normal(np.random.default_rng(seed), 5, 4)
    y, _ = scratch.layer_norm(x, np.ones(4), np.zeros(4))
    alone, _ = scratch.layer_norm(x[2:3], np.ones(4), np.zeros(4))
    np.testing.assert_allclose(alone, y[2:3], atol=1e-13)


@pytest.mark.parametrize(
    ("gamma", "beta", "message"),
    [
        (
            np.ones(3),
            np.ones(3),
            r"gamma must have the shape of the last axes of x \(2, 4\), got \(3,\)",
        ),
        (np.array(1.0), np.array(1.0), r"gamma must have .* \(2, 4\), got \(\)"),
        (np.ones(4), np.ones(1), r"beta must have shape \(4,\), got \(1,\)"),
    ],
)
def test_layer_norm_says_what_is_wrong(gamma, beta, message):
    with pytest.raises(ValueError, match=message):
        scratch.layer_norm(np.ones((2, 4)), gamma, beta)
