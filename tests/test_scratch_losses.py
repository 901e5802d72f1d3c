import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from scratch_helpers import assert_close, drawn, dtypes, few, normal, seeds, sizes
from torch.nn import functional as F

from utils import scratch
from utils.gradcheck import check_gradients

leading = st.lists(sizes, max_size=3).map(tuple)
scales = st.sampled_from([0.1, 1.0, 20.0])


def assert_loss_like_torch(loss, reference, first, second):
    before = first.copy(), second.copy()
    value, gradient = loss(first, second)
    t = torch.tensor(first, requires_grad=True)
    expected = reference(t, torch.tensor(second))
    expected.backward()
    assert np.shape(value) == ()
    assert value.dtype == first.dtype
    assert_close(np.asarray(value), expected)
    assert_close(gradient, t.grad)
    if first.dtype == np.float64:
        check_gradients(lambda: loss(first, second)[0], {"first": (first, gradient)})
    np.testing.assert_array_equal(first, before[0])
    np.testing.assert_array_equal(second, before[1])


@drawn
@given(leading, dtypes, seeds)
def test_mse(shape, dtype, seed):
    rng = np.random.default_rng(seed)
    pred, target = (np.asarray(normal(rng, *shape, dtype=dtype)) for _ in range(2))
    assert_loss_like_torch(scratch.mse, F.mse_loss, pred, target)


@drawn
@given(leading, st.integers(1, 5), scales, dtypes, seeds)
def test_cross_entropy(shape, classes, scale, dtype, seed):
    rng = np.random.default_rng(seed)
    logits = normal(rng, *shape, classes, dtype=dtype) * dtype(scale)
    labels = np.asarray(rng.integers(0, classes, shape))

    def reference(logits, labels):
        return F.cross_entropy(logits.reshape(-1, classes), labels.reshape(-1))

    assert_loss_like_torch(scratch.cross_entropy, reference, logits, labels)


@drawn
@given(leading, scales, st.booleans(), dtypes, seeds)
def test_binary_cross_entropy(shape, scale, soft, dtype, seed):
    rng = np.random.default_rng(seed)
    logits = np.asarray(normal(rng, *shape, dtype=dtype) * dtype(scale))
    target = rng.random(shape) if soft else rng.integers(0, 2, shape)
    assert_loss_like_torch(
        scratch.binary_cross_entropy,
        F.binary_cross_entropy_with_logits,
        logits,
        np.asarray(target, dtype),
    )


@few
@given(seeds, st.floats(-300, 300))
def test_cross_entropy_does_not_change_when_all_logits_move_together(seed, shift):
    rng = np.random.default_rng(seed)
    logits, labels = normal(rng, 4, 3), rng.integers(0, 3, 4)
    loss, dlogits = scratch.cross_entropy(logits, labels)
    moved, dmoved = scratch.cross_entropy(logits + shift, labels)
    np.testing.assert_allclose(moved, loss, rtol=1e-9, atol=1e-12)
    np.testing.assert_allclose(dmoved, dlogits, rtol=1e-8, atol=1e-12)
    np.testing.assert_allclose(dlogits.sum(axis=-1), 0, atol=1e-15)


@few
@given(seeds)
def test_two_classes_with_softmax_are_one_with_sigmoid(seed):
    rng = np.random.default_rng(seed)
    z, labels = normal(rng, 6), rng.integers(0, 2, 6)
    two, dtwo = scratch.cross_entropy(np.stack([np.zeros(6), z], axis=1), labels)
    one, done = scratch.binary_cross_entropy(z, labels.astype(float))
    np.testing.assert_allclose(one, two, atol=1e-14)
    np.testing.assert_allclose(done, dtwo[:, 1], atol=1e-14)


@few
@given(seeds)
def test_the_order_of_the_batch_does_not_matter(seed):
    rng = np.random.default_rng(seed)
    logits, labels, order = normal(rng, 6, 3), rng.integers(0, 3, 6), rng.permutation(6)
    target = rng.random((6, 3))
    for loss, second in (
        (scratch.cross_entropy, labels),
        (scratch.mse, target),
        (scratch.binary_cross_entropy, target),
    ):
        value, gradient = loss(logits, second)
        shuffled, dshuffled = loss(logits[order], second[order])
        np.testing.assert_allclose(shuffled, value, rtol=1e-12, atol=1e-14)
        np.testing.assert_allclose(dshuffled, gradient[order], atol=1e-14)


def test_losses_of_hopeless_logits_are_large_and_finite():
    with np.errstate(all="raise", under="ignore"):
        loss, dlogits = scratch.binary_cross_entropy(
            np.array([1e4, -1e4], np.float32), np.array([0, 1], np.float32)
        )
        assert loss == 1e4
        np.testing.assert_array_equal(dlogits, [0.5, -0.5])
        loss, dlogits = scratch.cross_entropy(
            np.array([[1e4, 0]], np.float32), np.array([1])
        )
        assert loss == 1e4
        np.testing.assert_array_equal(dlogits, [[1, -1]])


@pytest.mark.parametrize("dtype", [np.float16, np.float32, np.float64])
def test_the_dtype_that_goes_in_comes_out(dtype):
    a, b = np.full((2, 3), 0.5, dtype), np.ones((2, 3), dtype)
    for loss, target in (
        (scratch.mse, b),
        (scratch.binary_cross_entropy, b),
        (scratch.cross_entropy, np.array([0, 2])),
    ):
        value, gradient = loss(a, target)
        assert value.dtype == gradient.dtype == dtype


x = np.zeros((4, 3))


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (
            lambda: scratch.mse(x[:, :1], x[:, 0]),
            r"target must have shape \(4, 1\), got \(4,\)",
        ),
        (
            lambda: scratch.mse(x, x.astype(np.float32)),
            "target must have dtype float64 like pred, got float32",
        ),
        (
            lambda: scratch.mse(x, x.astype(int)),
            "target must hold floats, got dtype int",
        ),
        (lambda: scratch.mse([1.0], x), "pred must be a NumPy array, got list"),
        (
            lambda: scratch.mse(x[:0], x[:0]),
            r"pred must have an element, got shape \(0,",
        ),
        (
            lambda: scratch.binary_cross_entropy(x[:, :1], x[:, 0]),
            r"target must have shape \(4, 1\), got \(4,\)",
        ),
        (
            lambda: scratch.binary_cross_entropy(x, x + 2),
            "target must lie between 0 and 1, got 2.0",
        ),
        (
            lambda: scratch.binary_cross_entropy(x, x - 1),
            "target must lie between 0 and 1, got -1.0",
        ),
        (
            lambda: scratch.binary_cross_entropy(x, x * np.nan),
            "target must lie between 0 and 1, got nan",
        ),
        (
            lambda: scratch.cross_entropy(x, np.array([0, 1, 2, 3])),
            "labels must lie between 0 and 2, got 3",
        ),
        (
            lambda: scratch.cross_entropy(x, np.array([0, 1, 2, -1])),
            "labels must lie between 0 and 2, got -1",
        ),
        (
            lambda: scratch.cross_entropy(x, np.array([[0], [1], [2], [0]])),
            r"labels must have shape \(4,\), got \(4, 1\)",
        ),
        (
            lambda: scratch.cross_entropy(x, x),
            "labels must be a NumPy array of integers, got float64",
        ),
        (
            lambda: scratch.cross_entropy(np.array(1.0), np.array(0)),
            r"logits must have shape \(\.\.\., K\), got \(\)",
        ),
        (
            lambda: scratch.cross_entropy(x[:0], np.zeros(0, int)),
            r"logits must have an element, got shape \(0, 3\)",
        ),
    ],
)
def test_losses_say_what_is_wrong(call, message):
    with pytest.raises(ValueError, match=message):
        call()
