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

from utils import scratch

GATES = {"rnn": 1, "lstm": 4, "gru": 3}
MODULES = {"rnn": torch.nn.RNN, "lstm": torch.nn.LSTM, "gru": torch.nn.GRU}
names = pytest.mark.parametrize("name", GATES)


def layer(name, rng, n, t, d, h, dtype=np.float64):
    """Random arguments for rnn, lstm or gru, in their order."""
    width = GATES[name] * h
    cell = {"c0": (n, h)} if name == "lstm" else {}
    biases = {"bx": (width,), "bh": (width,)} if name == "gru" else {"b": (width,)}
    shapes = {
        **{"x": (n, t, d), "h0": (n, h)},
        **cell,
        **{"wx": (d, width), "wh": (h, width)},
        **biases,
    }
    return {k: normal(rng, *shape, dtype=dtype) for k, shape in shapes.items()}


def run_torch(name, x, h0, wx, wh, bx=None, bh=None, b=None, c0=None):
    """The same layer in PyTorch, whose weights are transposed."""
    bx, bh = (b, torch.zeros_like(b)) if b is not None else (bx, bh)
    with torch.device("meta"):
        module = MODULES[name](*wx.T.shape[::-1][:1], len(wh), batch_first=True)
    weights = dict(
        zip(
            ("weight_ih_l0", "weight_hh_l0", "bias_ih_l0", "bias_hh_l0"),
            (wx.T, wh.T, bx, bh),
            strict=True,
        )
    )
    state = h0[None] if c0 is None else (h0[None], c0[None])
    return torch.func.functional_call(module, weights, (x, state))


@names
@drawn
@given(sizes, st.integers(1, 5), sizes, sizes, dtypes, seeds)
def test_recurrent_layers(name, n, t, d, h, dtype, seed):
    assert_like_torch(
        getattr(scratch, name),
        getattr(scratch, f"{name}_backward"),
        lambda **tensors: run_torch(name, **tensors)[0],
        layer(name, np.random.default_rng(seed), n, t, d, h, dtype),
        seed,
    )


@few
@given(sizes, st.integers(1, 5), dtypes, seeds)
def test_the_last_cell_of_an_lstm_is_in_its_cache(n, t, dtype, seed):
    arrays = layer("lstm", np.random.default_rng(seed), n, t, 3, 2, dtype)
    _, cache = scratch.lstm(**arrays)
    tensors = {k: torch.tensor(a) for k, a in arrays.items()}
    _, (_, c) = run_torch("lstm", **tensors)
    assert_close(cache[-1][-1], c[0])


@names
@few
@given(seeds, st.integers(1, 5))
def test_a_state_does_not_depend_on_later_inputs(name, seed, t):
    rng = np.random.default_rng(seed)
    arrays = layer(name, rng, 2, 6, 3, 4)
    y, cache = getattr(scratch, name)(**arrays)
    later = arrays["x"].copy()
    later[:, t:] += 1
    changed, _ = getattr(scratch, name)(**{**arrays, "x": later})
    np.testing.assert_allclose(changed[:, :t], y[:, :t], atol=1e-13)
    assert np.any(changed[:, t:] != y[:, t:])
    upstream = np.zeros_like(y)
    upstream[:, :t] = normal(rng, 2, t, 4)
    dx, *_ = getattr(scratch, f"{name}_backward")(upstream, cache)
    np.testing.assert_array_equal(dx[:, t:], 0)


@names
@pytest.mark.parametrize(("n", "t"), [(2, 0), (0, 3), (0, 0)])
def test_without_steps_or_examples_gradients_are_zero(name, n, t):
    arrays = layer(name, np.random.default_rng(0), n, t, 3, 4)
    y, cache = getattr(scratch, name)(**arrays)
    assert y.shape == (n, t, 4)
    grads = getattr(scratch, f"{name}_backward")(y, cache)
    for gradient, array in zip(grads, arrays.values(), strict=True):
        np.testing.assert_array_equal(gradient, np.zeros_like(array))


@names
@few
@given(seeds, st.integers(1, 5))
def test_a_sequence_can_be_run_in_two_pieces(name, seed, t):
    arrays = layer(name, np.random.default_rng(seed), 2, 6, 3, 4)
    whole, _ = getattr(scratch, name)(**arrays)
    x = arrays.pop("x")
    first, cache = getattr(scratch, name)(x[:, :t], **arrays)
    arrays["h0"] = first[:, -1]
    if name == "lstm":
        arrays["c0"] = cache[-1][-1]
    second, _ = getattr(scratch, name)(x[:, t:], **arrays)
    np.testing.assert_allclose(np.concatenate([first, second], 1), whole, atol=1e-12)


@names
@few
@given(seeds, st.integers(1, 5))
def test_gradients_flow_through_two_pieces_as_through_one(name, seed, t):
    forward, backward = getattr(scratch, name), getattr(scratch, f"{name}_backward")
    rng = np.random.default_rng(seed)
    arrays = layer(name, rng, 2, 6, 3, 4)
    dh = normal(rng, 2, 6, 4)
    whole = backward(dh, forward(**arrays)[1])
    x = arrays.pop("x")
    first, cache = forward(x[:, :t], **arrays)
    last_cell = {"c0": cache[-1][-1]} if name == "lstm" else {}
    _, later = forward(x[:, t:], **{**arrays, "h0": first[:, -1], **last_cell})
    dx_later, dh_last, *others = backward(dh[:, t:], later)
    dc_last = {"dc_last": others.pop(0)} if name == "lstm" else {}
    dh_first = dh[:, :t].copy()
    dh_first[:, -1] += dh_last
    dx, *earlier = backward(dh_first, cache, **dc_last)
    np.testing.assert_allclose(np.concatenate([dx, dx_later], 1), whole[0], atol=1e-12)
    weights = len(others)  # their gradients add up; those of h0 and c0 come first
    for a, b in zip(earlier[:-weights], whole[1:-weights], strict=True):
        np.testing.assert_allclose(a, b, atol=1e-12)
    for a, b, c in zip(earlier[-weights:], others, whole[-weights:], strict=True):
        np.testing.assert_allclose(a + b, c, atol=1e-12)


@names
def test_saturated_gates_neither_overflow_nor_warn(name):
    arrays = layer(name, np.random.default_rng(0), 2, 3, 3, 2, np.float32)
    arrays["x"] *= 1e4
    with np.errstate(all="raise", under="ignore"):
        y, cache = getattr(scratch, name)(**arrays)
        grads = getattr(scratch, f"{name}_backward")(np.ones_like(y), cache)
    assert np.all(np.isfinite(y))
    assert all(np.all(np.isfinite(g)) for g in grads)


@names
@pytest.mark.parametrize(
    ("argument", "shape", "message"),
    [
        ("x", (2, 3), r"x must have shape \(N, T, D\), got \(2, 3\)"),
        ("h0", (3, 2), r"h0 must have shape \(N, H\) with N = 2, got \(3, 2\)"),
        (
            "wx",
            (2, 2),
            r"wx must have shape \(D, .*H\) with D = 3, H = 2, got \(2, 2\)",
        ),
        (
            "wx",
            (3, 7),
            r"wx must have shape \(D, .*H\) with D = 3, H = 2, got \(3, 7\)",
        ),
        ("wh", (3, 2), r"wh must have shape \(H, .*H\) with H = 2, got \(3, 2\)"),
    ],
)
def test_recurrent_layers_say_what_does_not_fit(name, argument, shape, message):
    arrays = layer(name, np.random.default_rng(0), 2, 4, 3, 2)
    arrays[argument] = np.ones(shape)
    with pytest.raises(ValueError, match=message):
        getattr(scratch, name)(**arrays)


@pytest.mark.parametrize(
    ("name", "argument", "message"),
    [
        ("rnn", "b", r"b must have shape \(H\) with H = 2, got \(1,\)"),
        ("lstm", "b", r"b must have shape \(4H\) with H = 2, got \(1,\)"),
        ("gru", "bx", r"bx must have shape \(3H\) with H = 2, got \(1,\)"),
        ("gru", "bh", r"bh must have shape \(3H\) with H = 2, got \(1,\)"),
        ("lstm", "c0", r"c0 must have shape \(N, H\) with N = 2, H = 2, got \(1,\)"),
    ],
)
def test_biases_and_cells_that_do_not_fit_are_named(name, argument, message):
    arrays = layer(name, np.random.default_rng(0), 2, 4, 3, 2)
    arrays[argument] = np.ones(1)
    with pytest.raises(ValueError, match=message):
        getattr(scratch, name)(**arrays)


@names
def test_the_upstream_gradient_is_that_of_all_states(name):
    arrays = layer(name, np.random.default_rng(0), 2, 4, 3, 2)
    y, cache = getattr(scratch, name)(**arrays)
    with pytest.raises(ValueError, match=r"dh_all must have shape \(2, 4, 2\), got"):
        getattr(scratch, f"{name}_backward")(y[:, -1], cache)
