"""Scaled dot-product attention, with one head and with several.

A mask is boolean and says what may be seen: True keeps a query-key pair, False hides it
(`attention_mask` in Keras; PyTorch's `MultiheadAttention` has it the other way round).
A query that may see nothing gets zeros, and passes no gradient on.
"""

import math
from typing import Any

import numpy as np

from utils.scratch import _checks
from utils.scratch._checks import Array
from utils.scratch.activations import softmax, softmax_backward
from utils.scratch.dense import linear, linear_backward


def attention(
    q: Array, k: Array, v: Array, mask: Array | None = None
) -> tuple[Array, tuple[Array, ...]]:
    """Average the values, weighted by how well their keys match each query.

    Args:
        q: Queries, shape (..., Tq, D).
        k: Keys, shape (..., Tk, D), with the same leading axes.
        v: Values, shape (..., Tk, Dv), with the same leading axes.
        mask: True where a query may see a key; broadcast to (..., Tq, Tk).

    Returns:
        softmax(q kᵀ / √D) v, shape (..., Tq, Dv), and the cache, whose last entry is
        the weights, shape (..., Tq, Tk).

    Raises:
        ValueError: A shape or dtype is wrong, or the mask is not boolean.

    Source: Vaswani et al., "Attention is all you need", NeurIPS 2017, equation 1.

    Example:
        >>> q = k = v = np.eye(3)
        >>> y, cache = attention(q, k, v, mask=np.tri(3, dtype=bool))  # causal
        >>> y[0]
        array([1., 0., 0.])
    """
    _checks.shapes(q=(q, "... Tq D"), k=(k, "... Tk D"), v=(v, "... Tk Dv"))
    for name, array in (("k", k), ("v", v)):
        if array.shape[:-2] != q.shape[:-2]:
            raise ValueError(
                f"{name} must have the leading axes {q.shape[:-2]} of q, "
                f"got shape {array.shape}"
            )
    scores = (q / math.sqrt(q.shape[-1])) @ k.mT
    if mask is not None:
        _check_mask(mask, scores.shape)
        # Half of the lowest float: far below any score, and no overflow when softmax
        # subtracts the largest. The product zeroes queries that may see nothing.
        scores = np.where(mask, scores, np.finfo(q.dtype).min / 2)
    weights = softmax(scores)
    if mask is not None:
        weights *= mask
    return weights @ v, (q, k, v, weights)


def attention_backward(
    dy: Array, cache: tuple[Array, ...]
) -> tuple[Array, Array, Array]:
    """Return dq, dk, dv for the upstream gradient dy of shape (..., Tq, Dv)."""
    q, k, v, weights = _checks.opened(cache, 4)
    _checks.like("dy", dy, (*q.shape[:-1], v.shape[-1]), q.dtype)
    dscores = softmax_backward(dy @ v.mT, weights) / math.sqrt(q.shape[-1])
    return dscores @ k, dscores.mT @ q, weights.mT @ dy


def multi_head_attention(
    x_q: Array,
    x_k: Array,
    x_v: Array,
    wq: Array,
    wk: Array,
    wv: Array,
    wo: Array,
    bq: Array,
    bk: Array,
    bv: Array,
    bo: Array,
    n_heads: int,
    mask: Array | None = None,
) -> tuple[Array, tuple[Any, ...]]:
    """Attend with several heads, each in its own projection of the inputs.

    Head h uses the h-th block of columns of wq, wk and wv and the h-th block of rows of
    wo. So for `torch.nn.MultiheadAttention`, wq, wk, wv are the transposed thirds of
    `in_proj_weight` and wo the transposed `out_proj.weight`; for Keras
    `MultiHeadAttention`, wq is the query kernel reshaped from (D, heads, key_dim) to
    (D, heads · key_dim), wo the output kernel reshaped to (heads · value_dim, M), and
    the biases are flattened.

    Args:
        x_q: Where the queries come from, shape (N, Tq, A).
        x_k: Where the keys come from, shape (N, Tk, B).
        x_v: Where the values come from, shape (N, Tk, C).
        wq: Query weights, shape (A, E), E a multiple of n_heads.
        wk: Key weights, shape (B, E).
        wv: Value weights, shape (C, V), V a multiple of n_heads.
        wo: Output weights, shape (V, M).
        bq: Query bias, shape (E,).
        bk: Key bias, shape (E,).
        bv: Value bias, shape (V,).
        bo: Output bias, shape (M,).
        n_heads: Number of heads.
        mask: True where a query may see a key. Shape (Tq, Tk), the same for all;
            (N, Tq, Tk), one per example; or (N, n_heads, Tq, Tk). Each axis may be 1.

    Returns:
        Output of shape (N, Tq, M), and the cache, whose last entry is the cache of
        `attention`: its last entry is the weights, shape (N, n_heads, Tq, Tk).

    Raises:
        ValueError: A shape or dtype is wrong, or n_heads does not divide E and V.

    Source: Vaswani et al., "Attention is all you need", NeurIPS 2017, section 3.2.2.
    """
    _checks.shapes(
        x_q=(x_q, "N Tq A"),
        x_k=(x_k, "N Tk B"),
        x_v=(x_v, "N Tk C"),
        wq=(wq, "A E"),
        wk=(wk, "B E"),
        wv=(wv, "C V"),
        wo=(wo, "V M"),
        bq=(bq, "E"),
        bk=(bk, "E"),
        bv=(bv, "V"),
        bo=(bo, "M"),
    )
    n_heads = _checks.count("n_heads", n_heads)
    if wq.shape[1] % n_heads or wv.shape[1] % n_heads:
        raise ValueError(
            f"n_heads must divide the columns of wq {wq.shape} and wv {wv.shape}, "
            f"got {n_heads}"
        )
    if isinstance(mask, np.ndarray) and mask.ndim == 3:
        mask = mask[:, None]
    q, cache_q = linear(x_q, wq, bq)
    k, cache_k = linear(x_k, wk, bk)
    v, cache_v = linear(x_v, wv, bv)
    q, k, v = (_split(a, n_heads) for a in (q, k, v))
    heads, cache_heads = attention(q, k, v, mask)
    y, cache_o = linear(_merge(heads), wo, bo)
    return y, (n_heads, cache_q, cache_k, cache_v, cache_o, cache_heads)


def multi_head_attention_backward(
    dy: Array, cache: tuple[Any, ...]
) -> tuple[Array, ...]:
    """Return dx_q, dx_k, dx_v, dwq, dwk, dwv, dwo, dbq, dbk, dbv, dbo.

    In self-attention, where one x is passed three times, its gradient is the sum of the
    first three.
    """
    n_heads, cache_q, cache_k, cache_v, cache_o, cache_heads = _checks.opened(cache, 6)
    dheads, dwo, dbo = linear_backward(dy, cache_o)
    dq, dk, dv = attention_backward(_split(dheads, n_heads), cache_heads)
    dx_q, dwq, dbq = linear_backward(_merge(dq), cache_q)
    dx_k, dwk, dbk = linear_backward(_merge(dk), cache_k)
    dx_v, dwv, dbv = linear_backward(_merge(dv), cache_v)
    return dx_q, dx_k, dx_v, dwq, dwk, dwv, dwo, dbq, dbk, dbv, dbo


def rotary(
    x: Array, start: int = 0, base: float = 10000.0
) -> tuple[Array, tuple[Any, ...]]:
    """Turn the pair (2i, 2i + 1) of place t by the angle (start + t) · base^(-2i / E).

    Args:
        x: Queries or keys, shape (..., T, E), E even.
        start: The place of the first row.
        base: The slowest pairs turn about `base` times slower than the first.

    Returns:
        The output in x's shape, and the cache, whose first entry is the angles, shape
        (T, E / 2).

    Raises:
        ValueError: x has a wrong shape or dtype, or start or base is out of range.

    Source: Su et al., "RoFormer", arXiv:2104.09864; chapter language/language_model,
    eq-language-model-rotary.
    """
    size = _checks.shapes(x=(x, "... T E"))["E"]
    if size % 2:
        raise ValueError(f"x must have an even last axis, got shape {x.shape}")
    start = _checks.count("start", start, least=0)
    _checks.numbers(1, base=base)
    speed = base ** (-np.arange(0, size, 2) / size)
    angle = np.arange(start, start + x.shape[-2])[:, None] * speed
    return _turned(x, angle), (angle, x.shape, x.dtype)


def rotary_backward(dy: Array, cache: tuple[Any, ...]) -> Array:
    """Return dx: the gradient, turned back by the same angles."""
    angle, shape, dtype = _checks.opened(cache, 3)
    _checks.like("dy", dy, shape, dtype)
    return _turned(dy, -angle)


def _turned(x: Array, angle: Array) -> Array:
    cos, sin = np.cos(angle).astype(x.dtype), np.sin(angle).astype(x.dtype)
    y = np.empty_like(x)
    y[..., 0::2] = x[..., 0::2] * cos - x[..., 1::2] * sin
    y[..., 1::2] = x[..., 0::2] * sin + x[..., 1::2] * cos
    return y


def _split(x: Array, n_heads: int) -> Array:
    """(N, T, heads · E) to (N, heads, T, E)."""
    n, t, _ = x.shape
    return x.reshape(n, t, n_heads, -1).swapaxes(1, 2)


def _merge(x: Array) -> Array:
    """(N, heads, T, E) to (N, T, heads · E)."""
    n, _, t, _ = x.shape
    return x.swapaxes(1, 2).reshape(n, t, -1)


def _check_mask(mask: Array, shape: tuple[int, ...]) -> None:
    if not isinstance(mask, np.ndarray) or mask.dtype != bool:
        kind = getattr(mask, "dtype", type(mask).__name__)
        raise ValueError(f"mask must be a boolean array (True = may see), got {kind}")
    try:
        fits = np.broadcast_shapes(mask.shape, shape) == shape
    except ValueError:
        fits = False
    if not fits:
        raise ValueError(f"mask must broadcast to shape {shape}, got {mask.shape}")
