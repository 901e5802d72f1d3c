"""Losses: each returns the mean loss and its gradient, ready for the backward pass."""

import numpy as np

from utils.scratch import _checks
from utils.scratch._checks import Array
from utils.scratch.activations import sigmoid


def mse(pred: Array, target: Array) -> tuple[np.floating, Array]:
    """Mean squared error.

    Args:
        pred: Predictions, any shape.
        target: True values, same shape and dtype.

    Returns:
        The mean of (pred - target)² over all elements, and its gradient with respect
        to pred.

    Raises:
        ValueError: The shapes or dtypes differ, or there is no element.

    Source: chapter foundations/first_network, eq-first-network-mse.
    """
    _check_target(pred=pred, target=target)
    error = pred - target
    return np.mean(error * error), error * (2 / error.size)


def cross_entropy(logits: Array, labels: Array) -> tuple[np.floating, Array]:
    """Cross-entropy of softmax(logits) against class labels.

    Args:
        logits: Scores before the softmax, shape (..., K).
        labels: The right class of each, integers from 0 to K - 1, shape (...).

    Returns:
        The mean of -log softmax(logits)[label] over all labels, and its gradient with
        respect to logits: (softmax(logits) - one-hot label) / number of labels.

    Raises:
        ValueError: A label is not a class, or a shape or dtype is wrong.

    Source: chapter foundations/backprop, eq-backprop-softmax; for the gradient
    eq-backprop-softmax-ce.
    """
    _check_target(logits=logits)
    if logits.ndim == 0:
        raise ValueError("logits must have shape (..., K), got ()")
    _checks.integers("labels", labels, logits.shape[-1], logits.shape[:-1])
    shifted = logits - logits.max(axis=-1, keepdims=True)
    log_p = shifted - np.log(np.exp(shifted).sum(axis=-1, keepdims=True))
    right = labels[..., None]
    loss = -np.mean(np.take_along_axis(log_p, right, axis=-1))
    one_hot = np.zeros_like(logits)
    np.put_along_axis(one_hot, right, 1, axis=-1)
    return loss, (np.exp(log_p) - one_hot) / labels.size


def binary_cross_entropy(logits: Array, target: Array) -> tuple[np.floating, Array]:
    """Cross-entropy of sigmoid(logits) against targets between 0 and 1.

    Args:
        logits: Scores before the sigmoid, any shape.
        target: 1 for the positive class, 0 for the other, or a probability between
            them; same shape and dtype.

    Returns:
        The mean over all elements of max(z, 0) - z t + log(1 + exp(-|z|)), which equals
        -t log p - (1 - t) log(1 - p) and cannot overflow, and its gradient with respect
        to logits.

    Raises:
        ValueError: A target is outside [0, 1], or the shapes or dtypes differ.

    Source: chapter foundations/first_network, eq-first-network-bce-stable; for the
    gradient eq-first-network-bce-gradient.
    """
    _check_target(logits=logits, target=target)
    wrong = target[~((target >= 0) & (target <= 1))]
    if wrong.size:
        raise ValueError(f"target must lie between 0 and 1, got {wrong.flat[0]}")
    softplus = np.maximum(logits, 0) + np.log1p(np.exp(-np.abs(logits)))
    p, _ = sigmoid(logits)
    return np.mean(softplus - logits * target), (p - target) / logits.size


def _check_target(**arrays: Array) -> None:
    _checks.floats(**arrays)
    (name, first), *others = arrays.items()
    if first.size == 0:
        raise ValueError(f"{name} must have an element, got shape {first.shape}")
    for other, array in others:
        _checks.like(other, array, first.shape, first.dtype)
