"""Functions applied to each element, and softmax."""

import math

import numpy as np

from utils.scratch import _checks
from utils.scratch._checks import Array


def relu(x: Array) -> tuple[Array, Array]:
    """Return max(x, 0) in x's shape, and the cache.

    Raises:
        ValueError: x is not an array of floats.

    Source: chapter foundations/first_network, eq-first-network-relu.
    """
    _checks.floats(x=x)
    return np.maximum(x, 0), x


def relu_backward(dy: Array, cache: Array) -> Array:
    """Return dx; at the kink x = 0 the slope is taken as 0, as PyTorch does."""
    x = cache
    _checks.floats(cache=x)
    _checks.like("dy", dy, x.shape, x.dtype)
    return dy * (x > 0)


def sigmoid(x: Array) -> tuple[Array, Array]:
    """Return 1 / (1 + exp(-x)) in x's shape, and the cache.

    Only exp(-|x|) is computed, which cannot overflow.

    Raises:
        ValueError: x is not an array of floats.

    Source: chapter foundations/first_network, eq-first-network-sigmoid; for the
    backward eq-first-network-sigmoid-slope.
    """
    _checks.floats(x=x)
    e = np.exp(-np.abs(x))
    y = np.where(x >= 0, 1, e) / (1 + e)
    return y, y.copy()


def sigmoid_backward(dy: Array, cache: Array) -> Array:
    """Return dx = dy · y (1 - y)."""
    y = cache
    _checks.floats(cache=y)
    _checks.like("dy", dy, y.shape, y.dtype)
    return dy * y * (1 - y)


def tanh(x: Array) -> tuple[Array, Array]:
    """Return the hyperbolic tangent in x's shape, and the cache.

    Raises:
        ValueError: x is not an array of floats.

    Source: chapter foundations/backprop, eq-backprop-phi.
    """
    _checks.floats(x=x)
    y = np.tanh(x)
    return y, y.copy()


def tanh_backward(dy: Array, cache: Array) -> Array:
    """Return dx = dy · (1 - y²)."""
    y = cache
    _checks.floats(cache=y)
    _checks.like("dy", dy, y.shape, y.dtype)
    return dy * (1 - y * y)


def gelu(x: Array, approximate: str = "none") -> tuple[Array, tuple[Array, Array]]:
    """Return x Φ(x), with Φ the standard normal distribution function, and the cache.

    NumPy has no error function, so the one of Python's `math` is called for each
    element, at about 0.1 µs each.

    Args:
        x: Any shape.
        approximate: "tanh" puts (1 + tanh(√(2/π) (x + 0.044715 x³))) / 2 in place of
            Φ(x), as GPT-2 and BERT do; "none" does not.

    Raises:
        ValueError: x is not an array of floats, or there is no such approximation.

    Source: Hendrycks and Gimpel, "Gaussian error linear units", arXiv:1606.08415.
    """
    _checks.floats(x=x)
    if approximate not in ("none", "tanh"):
        raise ValueError(
            f"approximate must be 'none' or 'tanh', got {_checks.shown(approximate)}"
        )
    if approximate == "tanh":
        inner = math.sqrt(2 / math.pi) * (x + 0.044715 * x * x * x)
        phi = (1 + np.tanh(inner)) / 2
        slope = 2 * phi * (1 - phi) * math.sqrt(2 / math.pi) * (1 + 0.134145 * x * x)
    else:
        phi = np.asarray(_erfc(x * -math.sqrt(0.5)), dtype=x.dtype) / 2
        slope = np.exp(-x * x / 2) / math.sqrt(2 * math.pi)
    return x * phi, (phi, x * slope)


_erfc = np.frompyfunc(math.erfc, 1, 1)


def gelu_backward(dy: Array, cache: tuple[Array, Array]) -> Array:
    """Return dx = dy · (Φ(x) + x Φ'(x)); the exact form's Φ' is the normal density."""
    phi, x_slope = _checks.opened(cache, 2)
    _checks.like("dy", dy, phi.shape, phi.dtype)
    return dy * (phi + x_slope)


def silu(x: Array) -> tuple[Array, tuple[Array, Array]]:
    """Return x σ(x), also called swish, in x's shape, and the cache.

    Raises:
        ValueError: x is not an array of floats.

    Source: Hendrycks and Gimpel, arXiv:1606.08415; Ramachandran et al., "Searching for
    activation functions", arXiv:1710.05941; eq-language-model-silu.
    """
    sigma, _ = sigmoid(x)
    return x * sigma, (x, sigma)


def silu_backward(dy: Array, cache: tuple[Array, Array]) -> Array:
    """Return dx = dy · σ(x) (1 + x (1 - σ(x)))."""
    x, sigma = _checks.opened(cache, 2)
    _checks.like("dy", dy, x.shape, x.dtype)
    return dy * sigma * (1 + x * (1 - sigma))


def softmax(x: Array, axis: int = -1) -> Array:
    """Turn scores into positive numbers that sum to one.

    The largest score is subtracted first: softmax does not change when all scores move
    together, and exp of a number up to 0 cannot overflow.

    Args:
        x: Scores, any shape of at least one axis.
        axis: The axis along which the result sums to one.

    Returns:
        y = exp(x) / Σ exp(x), same shape. The backward needs y alone, so there is no
        separate cache.

    Raises:
        ValueError: x is not an array of floats, or has no such axis.

    Source: chapter foundations/backprop, eq-backprop-softmax; for the backward
    eq-backprop-softmax-jacobian.
    """
    _checks.floats(x=x)
    _checks.axis("axis", axis, x)
    e = np.exp(x - x.max(axis=axis, keepdims=True))
    return e / e.sum(axis=axis, keepdims=True)


def softmax_backward(dy: Array, y: Array, axis: int = -1) -> Array:
    """Return dx = y · (dy - Σ dy y), the sum taken along the axis."""
    _checks.floats(y=y)
    _checks.axis("axis", axis, y)
    _checks.like("dy", dy, y.shape, y.dtype)
    return y * (dy - (dy * y).sum(axis=axis, keepdims=True))
