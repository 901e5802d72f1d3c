"""Normalisation: bring activations to one size, mostly with mean 0, then scale them."""

from typing import Any

import numpy as np

from utils.scratch import _checks
from utils.scratch._checks import Array


def batch_norm(
    x: Array,
    gamma: Array,
    beta: Array,
    running: dict[str, Array],
    training: bool = True,
    momentum: float = 0.1,
    eps: float = 1e-5,
) -> tuple[Array, tuple[Any, ...]]:
    """Normalise each channel with the mean and variance of the batch.

    Args:
        x: Inputs, shape (N, C) or (N, C, H, W).
        gamma: Scale, shape (C,).
        beta: Shift, shape (C,).
        running: {"mean": (C,), "var": (C,)}, usually started at zeros and ones. While
            training, both arrays move **in place** towards the batch's statistics (the
            variance with N - 1 in the denominator). Otherwise they are what x is
            normalised with.
        training: Use the batch's statistics and update `running`.
        momentum: How far `running` moves: new = (1 - momentum) old + momentum batch.
        eps: Added to the variance, so that a constant channel divides by no zero.

    Returns:
        The output in x's shape, and the cache.

    Raises:
        ValueError: A shape or dtype is wrong, `running` lacks an entry, or training
            sees a single value per channel, which has no variance.

    Source: Ioffe and Szegedy, "Batch normalization", ICML 2015; the conventions for
    `running` are PyTorch's.
    """
    if not isinstance(running, dict) or set(running) != {"mean", "var"}:
        held = sorted(running) if isinstance(running, dict) else type(running).__name__
        raise ValueError(f"running must be a dict of mean and var, got {held}")
    mean, var = running["mean"], running["var"]
    _checks.shapes(
        x=(x, "N C H W" if getattr(x, "ndim", 2) == 4 else "N C"),
        gamma=(gamma, "C"),
        beta=(beta, "C"),
        running_mean=(mean, "C"),
        running_var=(var, "C"),
    )
    _checks.flag("training", training)
    _checks.numbers(momentum=momentum)
    _checks.numbers(0, eps=eps)
    axes = (0, *range(2, x.ndim))
    if training:
        n = x.size // len(gamma)
        if n < 2:
            raise ValueError(
                f"x must have two values per channel to train on, got shape {x.shape}"
            )
        mean, var = x.mean(axis=axes), x.var(axis=axes)
        running["mean"] += momentum * (mean - running["mean"])
        running["var"] += momentum * (var * (n / (n - 1)) - running["var"])

    def per_channel(a: Array) -> Array:
        return a.reshape(-1, *[1] * (x.ndim - 2))

    inv_std = per_channel(1 / np.sqrt(var + eps))
    x_hat = (x - per_channel(mean)) * inv_std
    y = per_channel(gamma) * x_hat + per_channel(beta)
    return y, (x_hat, inv_std, per_channel(gamma), axes, training)


def batch_norm_backward(
    dy: Array, cache: tuple[Any, ...]
) -> tuple[Array, Array, Array]:
    """Return dx, dgamma, dbeta; `running` counts as a constant."""
    x_hat, inv_std, gamma, axes, training = _checks.opened(cache, 5)
    _checks.like("dy", dy, x_hat.shape, x_hat.dtype)
    d_hat = dy * gamma
    dx = _standardise_backward(d_hat, x_hat, inv_std, axes)
    if not training:
        dx = d_hat * inv_std
    return dx, (dy * x_hat).sum(axis=axes), dy.sum(axis=axes)


def layer_norm(
    x: Array, gamma: Array, beta: Array, eps: float = 1e-5
) -> tuple[Array, tuple[Any, ...]]:
    """Normalise each example by itself, over its last axis (or axes).

    Args:
        x: Inputs, shape (..., D).
        gamma: Scale, shape (D,). With more axes, all of them are normalised over.
        beta: Shift, same shape as gamma.
        eps: Added to the variance.

    Returns:
        The output in x's shape, and the cache.

    Raises:
        ValueError: A shape or dtype is wrong.

    Source: Ba, Kiros and Hinton, "Layer normalization", arXiv:1607.06450.
    """
    _checks.floats(x=x, gamma=gamma, beta=beta)
    if gamma.ndim == 0 or x.shape[-gamma.ndim :] != gamma.shape:
        raise ValueError(
            f"gamma must have the shape of the last axes of x {x.shape}, "
            f"got {gamma.shape}"
        )
    _checks.like("beta", beta, gamma.shape, gamma.dtype)
    _checks.numbers(0, eps=eps)
    axes = tuple(range(-gamma.ndim, 0))
    inv_std = 1 / np.sqrt(x.var(axis=axes, keepdims=True) + eps)
    x_hat = (x - x.mean(axis=axes, keepdims=True)) * inv_std
    return gamma * x_hat + beta, (x_hat, inv_std, gamma, axes)


def layer_norm_backward(
    dy: Array, cache: tuple[Any, ...]
) -> tuple[Array, Array, Array]:
    """Return dx, dgamma, dbeta."""
    x_hat, inv_std, gamma, axes = _checks.opened(cache, 4)
    _checks.like("dy", dy, x_hat.shape, x_hat.dtype)
    dx = _standardise_backward(dy * gamma, x_hat, inv_std, axes)
    others = tuple(range(dy.ndim - gamma.ndim))
    return dx, (dy * x_hat).sum(axis=others), dy.sum(axis=others)


def rms_norm(
    x: Array, gamma: Array, eps: float = 1e-5
) -> tuple[Array, tuple[Array, ...]]:
    """Divide each example by the root of its mean square, over the last axis.

    Args:
        x: Inputs, shape (..., D).
        gamma: Scale, shape (D,).
        eps: Added to the mean square.

    Returns:
        The output in x's shape, and the cache.

    Raises:
        ValueError: A shape or dtype is wrong.

    Source: Zhang and Sennrich, "Root mean square layer normalization", NeurIPS 2019;
    chapter language/language_model, eq-language-model-rms.
    """
    _checks.shapes(x=(x, "... D"), gamma=(gamma, "D"))
    _checks.numbers(0, eps=eps)
    inv_rms = 1 / np.sqrt((x * x).mean(axis=-1, keepdims=True) + eps)
    x_hat = x * inv_rms
    return gamma * x_hat, (x_hat, inv_rms, gamma)


def rms_norm_backward(dy: Array, cache: tuple[Array, ...]) -> tuple[Array, Array]:
    """Return dx, dgamma; dx lacks the part of the gradient along x_hat."""
    x_hat, inv_rms, gamma = _checks.opened(cache, 3)
    _checks.like("dy", dy, x_hat.shape, x_hat.dtype)
    d_hat = dy * gamma
    along = x_hat * (d_hat * x_hat).mean(axis=-1, keepdims=True)
    dgamma = (dy * x_hat).sum(axis=tuple(range(dy.ndim - 1)))
    return (d_hat - along) * inv_rms, dgamma


def _standardise_backward(
    d_hat: Array, x_hat: Array, inv_std: Array, axes: tuple[int, ...]
) -> Array:
    """Gradient through x_hat = (x - mean(x)) / std(x).

    Both statistics depend on x: what they take away is the part of the gradient along
    the constant vector and along x_hat itself.
    """
    along_mean = d_hat.mean(axis=axes, keepdims=True)
    along_x_hat = x_hat * (d_hat * x_hat).mean(axis=axes, keepdims=True)
    return (d_hat - along_mean - along_x_hat) * inv_std
