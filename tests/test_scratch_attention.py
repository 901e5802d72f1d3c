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

MULTI = ["x_q", "x_k", "x_v", "wq", "wk", "wv", "wo", "bq", "bk", "bv", "bo"]


def mask_with_something_to_see(rng, *shape):
    """A random mask in which every query may see at least one key."""
    mask = rng.random(shape) < 0.5
    mask[..., 0] |= ~mask.any(axis=-1)
    return mask


@drawn
@given(
    st.lists(sizes, max_size=2),
    *[sizes] * 4,
    st.sampled_from(["none", "full", "row", "causal"]),
    dtypes,
    seeds,
)
def test_attention(leading, tq, tk, d, dv, kind, dtype, seed):
    rng = np.random.default_rng(seed)
    mask = {
        "none": None,
        "full": mask_with_something_to_see(rng, *leading, tq, tk),
        "row": mask_with_something_to_see(rng, 1, tk),
        "causal": np.tri(tq, tk, dtype=bool),
    }[kind]
    torch_mask = None if mask is None else torch.tensor(mask)
    assert_like_torch(
        lambda q, k, v: scratch.attention(q, k, v, mask),
        scratch.attention_backward,
        lambda q, k, v: F.scaled_dot_product_attention(q, k, v, torch_mask),
        {
            "q": normal(rng, *leading, tq, d, dtype=dtype),
            "k": normal(rng, *leading, tk, d, dtype=dtype),
            "v": normal(rng, *leading, tk, dv, dtype=dtype),
        },
        seed,
    )


def queries_keys_values(seed, t=5):
    rng = np.random.default_rng(seed)
    return normal(rng, 2, t, 3), normal(rng, 2, t, 3), normal(rng, 2, t, 4)


@few
@given(seeds, st.integers(1, 4))
def test_causal_attention_ignores_the_future(seed, t):
    q, k, v = queries_keys_values(seed)
    causal = np.tri(5, dtype=bool)
    y, cache = scratch.attention(q, k, v, causal)
    k[:, t:] += 1
    v[:, t:] -= 2
    changed, _ = scratch.attention(q, k, v, causal)
    np.testing.assert_allclose(changed[:, :t], y[:, :t], atol=1e-13)
    assert np.all(changed[:, t:] != y[:, t:])
    dy = np.zeros_like(y)
    dy[:, :t] = 1
    _, dk, dv = scratch.attention_backward(dy, cache)
    np.testing.assert_array_equal(dk[:, t:], 0)
    np.testing.assert_array_equal(dv[:, t:], 0)


@few
@given(seeds, st.integers(1, 4))
def test_padding_that_is_masked_changes_nothing(seed, length):
    q, k, v = queries_keys_values(seed)
    keep = np.arange(5) < length
    padded, _ = scratch.attention(q, k, v, keep[None, :])
    short, _ = scratch.attention(q, k[:, :length], v[:, :length])
    np.testing.assert_allclose(padded, short, atol=1e-13)


@few
@given(seeds)
def test_the_order_of_keys_does_not_matter(seed):
    q, k, v = queries_keys_values(seed)
    order = np.random.default_rng(seed).permutation(5)
    y, _ = scratch.attention(q, k, v)
    shuffled, _ = scratch.attention(q, k[:, order], v[:, order])
    np.testing.assert_allclose(shuffled, y, atol=1e-13)


@pytest.mark.parametrize("dtype", [np.float16, np.float32, np.float64])
def test_a_query_that_may_see_nothing_gets_zeros_and_passes_no_gradient(dtype):
    q, k, v = (a.astype(dtype) for a in queries_keys_values(0))
    mask = np.tri(5, dtype=bool)
    mask[2] = False
    with np.errstate(all="raise", under="ignore"):
        y, cache = scratch.attention(q, k, v, mask)
        dq, dk, dv = scratch.attention_backward(np.ones_like(y), cache)
    np.testing.assert_array_equal(y[:, 2], 0)
    np.testing.assert_array_equal(dq[:, 2], 0)
    assert all(np.all(np.isfinite(a)) for a in (y, dq, dk, dv))

    blind = np.zeros((5, 5), bool)
    y, cache = scratch.attention(q, k, v, blind)
    for array in (y, *scratch.attention_backward(np.ones_like(y), cache)):
        np.testing.assert_array_equal(array, 0)


def test_the_weights_are_the_last_entry_of_the_cache():
    q, k, v = queries_keys_values(0)
    y, cache = scratch.attention(q, k, v, np.tri(5, dtype=bool))
    weights = cache[-1]
    np.testing.assert_allclose(weights.sum(axis=-1), 1, atol=1e-12)
    np.testing.assert_array_equal(np.triu(weights, 1), 0)
    np.testing.assert_allclose(weights @ v, y, atol=1e-13)


def test_large_scores_do_not_overflow():
    q, k, v = (100 * a.astype(np.float32) for a in queries_keys_values(0))
    with np.errstate(all="raise", under="ignore"):
        y, _ = scratch.attention(q, k, v, np.tri(5, dtype=bool))
    assert np.all(np.isfinite(y))


q, k, v = np.zeros((2, 3, 4)), np.zeros((2, 5, 4)), np.zeros((2, 5, 6))


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (
            (q, k[..., :3], v),
            r"k must have shape \(\.\.\., Tk, D\) with D = 4, got \(2, 5, 3\)",
        ),
        (
            (q, k, v[:, :4]),
            r"v must have shape \(\.\.\., Tk, Dv\) with Tk = 5, got \(2, 4, 6\)",
        ),
        ((q[0, 0], k, v), r"q must have shape \(\.\.\., Tq, D\), got \(4,\)"),
        (
            (q, k[0], v),
            r"k must have the leading axes \(2,\) of q, got shape \(5, 4\)",
        ),
        ((q, k, v[:1]), r"v must have the leading axes \(2,\) of q, got shape \(1, 5,"),
        (
            (q, k, v, np.ones((3, 5))),
            r"mask must be a boolean array \(True = may see\), got float64",
        ),
        ((q, k, v, [[True]]), "mask must be a boolean array .* got list"),
        (
            (q, k, v, np.ones((5, 3), bool)),
            r"mask must broadcast to shape \(2, 3, 5\), got \(5, 3\)",
        ),
        (
            (q, k, v, np.ones((4, 2, 3, 5), bool)),
            r"mask must broadcast to shape \(2, 3, 5\), got \(4, 2, 3, 5\)",
        ),
    ],
)
def test_attention_says_what_is_wrong(arguments, message):
    with pytest.raises(ValueError, match=message):
        scratch.attention(*arguments)


def multi(rng, n, tq, tk, widths, heads, dtype=np.float64):
    a, b, c, e, v, m = widths
    e, v = e * heads, v * heads
    shapes = [
        *[(n, tq, a), (n, tk, b), (n, tk, c)],
        *[(a, e), (b, e), (c, v), (v, m)],
        *[(e,), (e,), (v,), (m,)],
    ]
    return {
        k: normal(rng, *shape, dtype=dtype)
        for k, shape in zip(MULTI, shapes, strict=True)
    }


@drawn
@given(
    *[sizes] * 3,
    st.tuples(*[st.integers(1, 3)] * 6),
    st.integers(1, 3),
    st.sampled_from(["none", "shared", "each", "heads", "padding"]),
    dtypes,
    seeds,
)
def test_multi_head_attention(n, tq, tk, widths, heads, kind, dtype, seed):
    rng = np.random.default_rng(seed)
    shape = {
        "none": None,
        "shared": (tq, tk),
        "each": (n, tq, tk),
        "heads": (n, heads, tq, tk),
        "padding": (n, 1, tk),
    }[kind]
    mask = None if shape is None else mask_with_something_to_see(rng, *shape)

    def reference(x_q, x_k, x_v, wq, wk, wv, wo, bq, bk, bv, bo):
        def split(x):
            return x.unflatten(-1, (heads, -1)).transpose(1, 2)

        seen = None if mask is None else torch.tensor(mask)
        seen = seen[:, None] if seen is not None and seen.ndim == 3 else seen
        q, k, v = x_q @ wq + bq, x_k @ wk + bk, x_v @ wv + bv
        y = F.scaled_dot_product_attention(split(q), split(k), split(v), seen)
        return y.transpose(1, 2).flatten(2) @ wo + bo

    assert_like_torch(
        lambda **arrays: scratch.multi_head_attention(
            **arrays, n_heads=heads, mask=mask
        ),
        scratch.multi_head_attention_backward,
        reference,
        multi(rng, n, tq, tk, widths, heads, dtype),
        seed,
    )


@few
@given(seeds)
def test_multi_head_attention_is_torchs_module(seed):
    rng = np.random.default_rng(seed)
    arrays = multi(rng, 2, 3, 4, (6, 5, 3, 2, 2, 6), heads=3)
    module = torch.nn.MultiheadAttention(
        6, 3, kdim=5, vdim=3, batch_first=True, dtype=torch.float64
    )
    t = {name: torch.tensor(a) for name, a in arrays.items()}
    module.load_state_dict(
        {
            "q_proj_weight": t["wq"].T,
            "k_proj_weight": t["wk"].T,
            "v_proj_weight": t["wv"].T,
            "in_proj_bias": torch.cat([t["bq"], t["bk"], t["bv"]]),
            "out_proj.weight": t["wo"].T,
            "out_proj.bias": t["bo"],
        }
    )
    mask = mask_with_something_to_see(rng, 3, 4)
    hidden = ~torch.tensor(mask)
    expected, weights = module(
        t["x_q"], t["x_k"], t["x_v"], attn_mask=hidden, average_attn_weights=False
    )
    y, cache = scratch.multi_head_attention(**arrays, n_heads=3, mask=mask)
    assert_close(y, expected)
    assert_close(cache[-1][-1], weights)


def test_multi_head_attention_is_the_keras_layer():
    keras = pytest.importorskip("keras")
    rng = np.random.default_rng(0)
    heads, e, v = 3, 2, 4
    arrays = multi(rng, 2, 3, 5, (6, 5, 3, e, v, 7), heads, np.float32)
    module = keras.layers.MultiHeadAttention(heads, e, v, output_shape=7)
    inputs = {"query": arrays["x_q"], "key": arrays["x_k"], "value": arrays["x_v"]}
    mask = mask_with_something_to_see(rng, 2, 3, 5)
    module(**inputs)
    module.query_dense.set_weights(
        [arrays["wq"].reshape(6, heads, e), arrays["bq"].reshape(heads, e)]
    )
    module.key_dense.set_weights(
        [arrays["wk"].reshape(5, heads, e), arrays["bk"].reshape(heads, e)]
    )
    module.value_dense.set_weights(
        [arrays["wv"].reshape(3, heads, v), arrays["bv"].reshape(heads, v)]
    )
    module.output_dense.set_weights([arrays["wo"].reshape(heads, v, 7), arrays["bo"]])
    expected = keras.ops.convert_to_numpy(module(**inputs, attention_mask=mask))
    y, _ = scratch.multi_head_attention(**arrays, n_heads=heads, mask=mask)
    assert_close(y, expected)


def test_the_key_bias_shifts_all_scores_of_a_query_and_so_changes_nothing():
    arrays = multi(np.random.default_rng(0), 2, 3, 4, (2, 3, 2, 2, 2, 3), 2)
    y, cache = scratch.multi_head_attention(**arrays, n_heads=2)
    *_, dbk, _, _ = scratch.multi_head_attention_backward(np.ones_like(y), cache)
    np.testing.assert_allclose(dbk, 0, atol=1e-14)
    arrays["bk"] += 1
    moved, _ = scratch.multi_head_attention(**arrays, n_heads=2)
    np.testing.assert_allclose(moved, y, atol=1e-12)


def test_a_blind_query_gets_the_output_bias():
    arrays = multi(np.random.default_rng(0), 1, 2, 3, (2, 2, 2, 2, 2, 3), 2)
    mask = np.array([[True, True, True], [False, False, False]])
    y, cache = scratch.multi_head_attention(**arrays, n_heads=2, mask=mask)
    np.testing.assert_array_equal(y[0, 1], arrays["bo"])
    dx_q, *_ = scratch.multi_head_attention_backward(np.ones_like(y), cache)
    np.testing.assert_array_equal(dx_q[0, 1], 0)


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (
            {"n_heads": 3},
            r"n_heads must divide the columns of wq \(2, 4\) and wv \(2, 4\), got 3",
        ),
        (
            {"wv": np.ones((2, 3)), "bv": np.ones(3), "wo": np.ones((3, 3))},
            r"n_heads must divide the columns of wq \(2, 4\) and wv \(2, 3\), got 2",
        ),
        ({"n_heads": 0}, "n_heads must be an integer of at least 1, got 0"),
        (
            {"wk": np.ones((2, 6))},
            r"wk must have shape \(B, E\) with B = 2, E = 4, got \(2, 6\)",
        ),
        (
            {"x_v": np.ones((1, 4, 2))},
            r"x_v must have shape \(N, Tk, C\) with N = 1, Tk = 3, got \(1, 4, 2\)",
        ),
        ({"bo": np.ones(1)}, r"bo must have shape \(M\) with M = 3, got \(1,\)"),
        (
            {"mask": np.ones((3, 2), bool)},
            r"mask must broadcast to shape \(1, 2, 2, 3\), got \(3, 2\)",
        ),
        ({"mask": np.ones((2, 3))}, "mask must be a boolean array .* got float64"),
    ],
)
def test_multi_head_attention_says_what_is_wrong(change, message):
    arrays = multi(np.random.default_rng(0), 1, 2, 3, (2, 2, 2, 2, 2, 3), 2)
    with pytest.raises(ValueError, match=message):
        scratch.multi_head_attention(**{**arrays, "n_heads": 2, **change})
