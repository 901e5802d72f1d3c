"""Optimisers: functions that take one step.

All six are called alike, `step(params, grads, state, ...)`:

- `params` is a dict of arrays, changed **in place**;
- `grads` is a dict of arrays with the same names; a parameter without a gradient is
  frozen and stays as it is;
- `state` is what the optimiser remembers between steps. Start it as `{}` and pass the
  same dict each time; it is changed in place too.

A mistake in any entry raises before the first parameter moves. The updates are those of
`torch.optim`, to the last sign.
"""

from collections.abc import Mapping
from typing import Any

import numpy as np

from utils.scratch import _checks
from utils.scratch._checks import Array

State = dict[str, dict[str, Any]]


def sgd(
    params: Mapping[str, Array],
    grads: Mapping[str, Array],
    state: State,
    lr: float = 0.01,
) -> None:
    """Step against the gradient: p ← p - lr g. Nothing is remembered.

    Args:
        params: Parameters by name.
        grads: Gradients by name.
        state: Stays as it is; here so that optimisers can be swapped.
        lr: Learning rate.

    Raises:
        ValueError: A gradient has no parameter, or another shape or dtype.

    Source: chapter foundations/first_network, eq-first-network-descent.

    Example:
        >>> params, state = {"w": np.ones(2)}, {}
        >>> sgd(params, {"w": np.array([1.0, -1.0])}, state, lr=0.5)
        >>> params["w"]
        array([0.5, 1.5])
    """
    _checks.numbers(lr=lr)
    for p, g, _ in _entries(params, grads, state):
        p -= lr * g


def momentum(
    params: Mapping[str, Array],
    grads: Mapping[str, Array],
    state: State,
    lr: float = 0.01,
    beta: float = 0.9,
) -> None:
    """Step along a running sum of gradients: v ← beta v + g, p ← p - lr v.

    Args:
        params: Parameters by name.
        grads: Gradients by name.
        state: Keeps v under each name.
        lr: Learning rate.
        beta: How much of v stays.

    Raises:
        ValueError: A gradient has no parameter, or another shape or dtype.

    Source: Polyak, "Some methods of speeding up the convergence of iteration methods",
    1964; in this form Sutskever et al., ICML 2013.
    """
    _checks.numbers(lr=lr, beta=beta)
    for p, g, s in _entries(params, grads, state, "momentum", "v"):
        s["v"] *= beta
        s["v"] += g
        p -= lr * s["v"]


def nesterov(
    params: Mapping[str, Array],
    grads: Mapping[str, Array],
    state: State,
    lr: float = 0.01,
    beta: float = 0.9,
) -> None:
    """Momentum that looks ahead: v ← beta v + g, p ← p - lr (g + beta v).

    The parameters are the point looked ahead to, so the gradients are those at params.

    Args:
        params: Parameters by name.
        grads: Gradients by name.
        state: Keeps v under each name.
        lr: Learning rate.
        beta: How much of v stays.

    Raises:
        ValueError: A gradient has no parameter, or another shape or dtype.

    Source: chapter foundations/training, eq-training-nesterov; after Nesterov, "A
    method for solving the convex programming problem with convergence rate O(1/k²)",
    1983, in the form of Bengio, Boulanger-Lewandowski and Pascanu, ICASSP 2013.
    """
    _checks.numbers(lr=lr, beta=beta)
    for p, g, s in _entries(params, grads, state, "momentum", "v"):
        s["v"] *= beta
        s["v"] += g
        p -= lr * (g + beta * s["v"])


def rmsprop(
    params: Mapping[str, Array],
    grads: Mapping[str, Array],
    state: State,
    lr: float = 0.01,
    alpha: float = 0.99,
    eps: float = 1e-8,
) -> None:
    """Divide by the root of a running mean of g²: p ← p - lr g / (√v + eps).

    Args:
        params: Parameters by name.
        grads: Gradients by name.
        state: Keeps v ← alpha v + (1 - alpha) g² under each name.
        lr: Learning rate.
        alpha: How much of v stays.
        eps: Keeps the division away from zero.

    Raises:
        ValueError: A gradient has no parameter, or another shape or dtype.

    Source: Tieleman and Hinton, "Neural networks for machine learning", lecture 6.5,
    2012.
    """
    _checks.numbers(lr=lr)
    _checks.numbers(0, alpha=alpha, eps=eps)
    for p, g, s in _entries(params, grads, state, "rmsprop", "v"):
        s["v"] *= alpha
        s["v"] += (1 - alpha) * g * g
        p -= lr * g / (np.sqrt(s["v"]) + eps)


def adam(
    params: Mapping[str, Array],
    grads: Mapping[str, Array],
    state: State,
    lr: float = 1e-3,
    betas: tuple[float, float] = (0.9, 0.999),
    eps: float = 1e-8,
) -> None:
    """Divide a running mean of g by the root of a running mean of g².

    Both means start at zero, so after t steps they are divided by 1 - betaᵗ.

    Args:
        params: Parameters by name.
        grads: Gradients by name.
        state: Keeps the means m and v and the number of steps t under each name.
        lr: Learning rate.
        betas: How much of m and of v stays.
        eps: Keeps the division away from zero.

    Raises:
        ValueError: A gradient has no parameter, or another shape or dtype.

    Source: Kingma and Ba, "Adam: a method for stochastic optimization", ICLR 2015.
    """
    beta1, beta2 = _check_adam(lr, betas, eps)
    for p, g, s in _entries(params, grads, state, "adam", "m", "v"):
        s["t"] = t = s.get("t", 0) + 1
        s["m"] += (1 - beta1) * (g - s["m"])
        s["v"] += (1 - beta2) * (g * g - s["v"])
        m_hat = s["m"] / (1 - beta1**t)
        v_hat = s["v"] / (1 - beta2**t)
        p -= lr * m_hat / (np.sqrt(v_hat) + eps)


def adamw(
    params: Mapping[str, Array],
    grads: Mapping[str, Array],
    state: State,
    lr: float = 1e-3,
    betas: tuple[float, float] = (0.9, 0.999),
    eps: float = 1e-8,
    weight_decay: float = 0.01,
) -> None:
    """Shrink the parameters by lr · weight_decay, then step as `adam` does.

    Args:
        params: Parameters by name.
        grads: Gradients by name.
        state: As for `adam`.
        lr: Learning rate.
        betas: How much of the two running means stays.
        eps: Keeps the division away from zero.
        weight_decay: The pull towards zero, apart from the gradient's statistics.

    Raises:
        ValueError: A gradient has no parameter, or another shape or dtype.

    Source: Loshchilov and Hutter, "Decoupled weight decay regularization", ICLR 2019.
    """
    _check_adam(lr, betas, eps)
    _checks.numbers(weight_decay=weight_decay)
    for p, _, _ in _entries(params, grads, state, "adam", "m", "v"):
        p *= 1 - lr * weight_decay
    adam(params, grads, state, lr, betas, eps)


def _entries(
    params: Mapping[str, Array],
    grads: Mapping[str, Array],
    state: State,
    kind: str = "",
    *keys: str,
) -> list[tuple[Array, Array, dict[str, Any]]]:
    """Check all entries, then return parameter, gradient and state of each."""
    for what, given in (("params", params), ("grads", grads), ("state", state)):
        if not isinstance(given, Mapping):
            raise ValueError(
                f"{what} must be a dict by name, got {_checks.shown(given)}"
            )
    for name, g in grads.items():
        if name not in params:
            known = ", ".join(map(str, params))
            raise ValueError(f"grads[{name!r}] has no parameter; params has {known}")
        p = params[name]
        if not isinstance(p, np.ndarray):
            kind_of_p = type(p).__name__
            raise ValueError(f"params[{name!r}] must be a NumPy array, got {kind_of_p}")
        _checks.floats(**{f"params[{name!r}]": p})
        _checks.like(f"grads[{name!r}]", g, p.shape, p.dtype)
        if keys and name in state and not _remembers(state[name], p, kind, keys):
            raise ValueError(
                f"state[{name!r}] is not what {kind} remembers of params[{name!r}]; "
                "start each optimiser with an empty dict of its own"
            )
    if keys:
        for name in grads:
            if name not in state:
                zeros = {key: np.zeros_like(params[name]) for key in keys}
                state[name] = {"optimiser": kind, **zeros}
    return [(params[name], g, state.get(name, {})) for name, g in grads.items()]


def _remembers(entry: object, p: Array, kind: str, keys: tuple[str, ...]) -> bool:
    return (
        isinstance(entry, dict)
        and entry.get("optimiser") == kind
        and all(getattr(entry.get(key), "shape", None) == p.shape for key in keys)
    )


def _check_adam(
    lr: float, betas: tuple[float, float], eps: float
) -> tuple[float, float]:
    _checks.numbers(lr=lr)
    _checks.numbers(0, eps=eps)
    if not isinstance(betas, tuple | list) or len(betas) != 2:
        raise ValueError(f"betas must be two numbers, got {_checks.shown(betas)}")
    beta1, beta2 = betas
    _checks.numbers(0, 1, **{"betas[0]": beta1, "betas[1]": beta2})
    return beta1, beta2
