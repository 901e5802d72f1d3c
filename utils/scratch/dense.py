"""Layers that treat every position alike: linear, SwiGLU, embedding, dropout."""

import numpy as np

from utils.scratch import _checks
from utils.scratch._checks import Array
from utils.scratch.activations import silu, silu_backward


def linear(x: Array, w: Array, b: Array) -> tuple[Array, tuple[Array, ...]]:
    """Multiply each row by a matrix and add a bias.

    Args:
        x: Inputs, shape (..., D).
        w: Weights, shape (D, M).
        b: Bias, shape (M,).

    Returns:
        y = x w + b, shape (..., M), and the cache for `linear_backward`.

    Raises:
        ValueError: A shape does not fit, or the dtypes are not one float dtype.

    Source: chapter foundations/backprop, eq-backprop-linear; for the backward
    eq-backprop-x, eq-backprop-w and eq-backprop-b.
    """
    _checks.shapes(x=(x, "... D"), w=(w, "D M"), b=(b, "M"))
    return x @ w + b, (x, w)


def linear_backward(dy: Array, cache: tuple[Array, ...]) -> tuple[Array, Array, Array]:
    """Return dx, dw and db for the upstream gradient dy of shape (..., M)."""
    x, w = _checks.opened(cache, 2)
    _checks.like("dy", dy, (*x.shape[:-1], w.shape[1]), x.dtype)
    rows, d_rows = x.reshape(-1, w.shape[0]), dy.reshape(-1, w.shape[1])
    return dy @ w.T, rows.T @ d_rows, d_rows.sum(axis=0)


def swiglu(
    x: Array, w1: Array, w3: Array, w2: Array
) -> tuple[Array, tuple[Array, ...]]:
    """Run a feed-forward network whose hidden units are gated, without biases.

    Args:
        x: Inputs, shape (..., D).
        w1: Weights of what is bent, shape (D, M).
        w3: Weights of what it multiplies, shape (D, M).
        w2: Weights back, shape (M, K).

    Returns:
        (silu(x w1) · (x w3)) w2, shape (..., K), and the cache.

    Raises:
        ValueError: A shape does not fit, or the dtypes are not one float dtype.

    Source: Shazeer, "GLU variants improve Transformer", arXiv:2002.05202; chapter
    language/language_model, eq-language-model-swiglu.
    """
    _checks.shapes(x=(x, "... D"), w1=(w1, "D M"), w3=(w3, "D M"), w2=(w2, "M K"))
    bent, silu_cache = silu(x @ w1)
    linear_part = x @ w3
    cache = (x, w1, w3, w2, *silu_cache, bent, linear_part)
    return (bent * linear_part) @ w2, cache


def swiglu_backward(
    dy: Array, cache: tuple[Array, ...]
) -> tuple[Array, Array, Array, Array]:
    """Return dx, dw1, dw3, dw2 for the upstream gradient dy of shape (..., K)."""
    x, w1, w3, w2, before, sigma, bent, linear_part = _checks.opened(cache, 8)
    _checks.like("dy", dy, (*x.shape[:-1], w2.shape[1]), x.dtype)
    dhidden = dy @ w2.T
    dbefore = silu_backward(dhidden * linear_part, (before, sigma))
    dlinear = dhidden * bent
    rows, hidden = x.reshape(-1, len(w1)), (bent * linear_part).reshape(-1, len(w2))
    return (
        dbefore @ w1.T + dlinear @ w3.T,
        rows.T @ dbefore.reshape(-1, len(w2)),
        rows.T @ dlinear.reshape(-1, len(w2)),
        hidden.T @ dy.reshape(-1, w2.shape[1]),
    )


def embedding(ids: Array, table: Array) -> tuple[Array, tuple[Array, Array]]:
    """Look up one row of a table for each id.

    Args:
        ids: Integers from 0 to V - 1, any shape.
        table: Vectors to look up, shape (V, D).

    Returns:
        The rows table[ids], shape (*ids.shape, D), and the cache.

    Raises:
        ValueError: An id is not a row of the table, or a shape or dtype is wrong.

    Source: Bengio et al., "A neural probabilistic language model", JMLR 2003.
    """
    _checks.shapes(table=(table, "V D"))
    _checks.integers("ids", ids, below=len(table))
    return table[ids], (ids, table)


def embedding_backward(dy: Array, cache: tuple[Array, Array]) -> Array:
    """Return dtable; ids have no gradient. A row used twice gets the sum."""
    ids, table = _checks.opened(cache, 2)
    _checks.like("dy", dy, (*ids.shape, table.shape[1]), table.dtype)
    dtable = np.zeros_like(table)
    np.add.at(dtable, ids, dy)
    return dtable


def dropout(
    x: Array, p: float, training: bool, rng: np.random.Generator
) -> tuple[Array, Array]:
    """Zero each element with probability p and scale up the others ("inverted").

    The factor 1 / (1 - p) keeps the mean, so that nothing is left to do at test time.

    Args:
        x: Inputs, any shape.
        p: Probability of zeroing an element, at least 0 and below 1.
        training: False returns the input unchanged.
        rng: Where the random numbers come from; not used unless training.

    Returns:
        The output in x's shape, and the cache: what each element was multiplied by.

    Raises:
        ValueError: p is outside its range, rng is no generator, x holds no floats.

    Source: Srivastava et al., "Dropout", JMLR 2014.
    """
    _checks.floats(x=x)
    _checks.numbers(0, 1, p=p)
    _checks.flag("training", training)
    if not training:
        return x.copy(), np.ones_like(x)
    if not isinstance(rng, np.random.Generator):
        raise ValueError(f"rng must be a NumPy Generator, got {type(rng).__name__}")
    factor = (rng.random(x.shape) >= p).astype(x.dtype) / (1 - p)
    return x * factor, factor


def dropout_backward(dy: Array, cache: Array) -> Array:
    """Return dx: zero where the forward dropped, scaled where it kept."""
    _checks.floats(cache=cache)
    _checks.like("dy", dy, cache.shape, cache.dtype)
    return dy * cache
