"""Recurrent layers over sequences of shape (N, T, D).

What depends on the inputs alone is one matrix product for all time steps, before the
loop. What depends on the previous state is the loop. The gradients of weights and
inputs are again single products, after the loop that runs backwards.
"""

import numpy as np

from utils.scratch import _checks
from utils.scratch._checks import Array


def rnn(
    x: Array, h0: Array, wx: Array, wh: Array, b: Array
) -> tuple[Array, tuple[Array, ...]]:
    """Run the plain recurrent layer h_t = tanh(x_t wx + h_{t-1} wh + b).

    Args:
        x: Sequences, shape (N, T, D).
        h0: State before the first step, shape (N, H).
        wx: Input weights, shape (D, H).
        wh: Recurrent weights, shape (H, H).
        b: Bias, shape (H,).

    Returns:
        The states after each step, shape (N, T, H), and the cache.

    Raises:
        ValueError: A shape or dtype is wrong.

    Source: Elman, "Finding structure in time", Cognitive Science 1990.
    """
    _checks.shapes(
        x=(x, "N T D"), h0=(h0, "N H"), wx=(wx, "D H"), wh=(wh, "H H"), b=(b, "H")
    )
    z = _input_product(x, wx, b, 1)[:, 0]  # (T, N, H)
    h = _states(h0, len(z))
    for t in range(len(z)):
        h[t + 1] = np.tanh(z[t] + h[t] @ wh)
    return h[1:].copy().swapaxes(0, 1), (x, wx, wh, h)


def rnn_backward(
    dh_all: Array, cache: tuple[Array, ...]
) -> tuple[Array, Array, Array, Array, Array]:
    """Return dx, dh0, dwx, dwh, db for the gradient dh_all of every state."""
    x, wx, wh, h = _checks.opened(cache, 4)
    _check_upstream(dh_all, h)
    dz = np.empty_like(h[1:])
    dh, wh_t = np.zeros_like(h[0]), wh.T.copy()
    for t in reversed(range(len(dz))):
        dh += dh_all[:, t]
        dz[t] = dh * (1 - h[t + 1] ** 2)
        dh = dz[t] @ wh_t
    dx, dwx, db = _input_gradients(dz, x, wx)
    return dx, dh, dwx, _weight_gradient(h[:-1], dz), db


def lstm(
    x: Array, h0: Array, c0: Array, wx: Array, wh: Array, b: Array
) -> tuple[Array, tuple[Array, ...]]:
    """Run a long short-term memory layer.

    The four parts of x_t wx + h_{t-1} wh + b give i, f, o by sigmoid and g by tanh. The
    cell is c_t = f c_{t-1} + i g, the state h_t = o tanh(c_t).

    Args:
        x: Sequences, shape (N, T, D).
        h0: State before the first step, shape (N, H).
        c0: Cell before the first step, shape (N, H).
        wx: Input weights, shape (D, 4H), in the order i, f, g, o.
        wh: Recurrent weights, shape (H, 4H), in the same order.
        b: Bias, shape (4H,), in the same order.

    Returns:
        The states after each step, shape (N, T, H), and the cache. The cell after the
        last step, to continue a sequence with, is `cache[-1][-1]`.

    Raises:
        ValueError: A shape or dtype is wrong.

    Source: Hochreiter and Schmidhuber, "Long short-term memory", Neural Computation
    1997, with the forget gate of Gers, Schmidhuber and Cummins, 2000.
    """
    _checks.shapes(
        x=(x, "N T D"),
        h0=(h0, "N H"),
        c0=(c0, "N H"),
        wx=(wx, "D 4H"),
        wh=(wh, "H 4H"),
        b=(b, "4H"),
    )
    # sigmoid(z) = tanh(z / 2) / 2 + 1/2, so one tanh serves all four gates. The first
    # half is in the weights.
    half = np.array([0.5, 0.5, 1, 0.5], x.dtype).reshape(4, 1, 1)
    halves = half.repeat(h0.shape[1])
    gates = _input_product(x, wx * halves, b * halves, 4)  # turned into gates in place
    wh_gates = _by_gate(wh * halves, 4)
    steps = x.shape[1]
    h, c = _states(h0, steps), _states(c0, steps)
    tanh_c = np.empty_like(h[1:])
    for t in range(steps):
        z = gates[t]
        z += h[t] @ wh_gates
        np.tanh(z, out=z)
        z *= half
        z += 1 - half
        i, f, g, o = z
        c[t + 1] = f * c[t] + i * g
        np.tanh(c[t + 1], out=tanh_c[t])
        np.multiply(o, tanh_c[t], out=h[t + 1])
    gates = gates.swapaxes(0, 1)  # (4, T, N, H)
    return h[1:].copy().swapaxes(0, 1), (x, wx, wh, gates, tanh_c, h, c)


def lstm_backward(
    dh_all: Array, cache: tuple[Array, ...], dc_last: Array | None = None
) -> tuple[Array, Array, Array, Array, Array, Array]:
    """Return dx, dh0, dc0, dwx, dwh, db for the gradient dh_all of every state.

    Where the sequence goes on, dc_last is the gradient of the last cell, shape (N, H).
    """
    x, wx, wh, gates, tanh_c, h, c = _checks.opened(cache, 7)
    _check_upstream(dh_all, h)
    if dc_last is not None:
        _checks.like("dc_last", dc_last, h[0].shape, h.dtype)
    steps, n, width = tanh_c.shape
    dz = np.empty((steps, n, 4 * width), x.dtype)
    dz_gates = dz.reshape(steps, n, 4, width).swapaxes(1, 2)
    # For all steps at once, the slopes of the cell along what goes into i, f and g, and
    # those of h = o tanh c along what goes into o, and along the cell: o (1 - tanh²c).
    i, f, g, o = gates
    slopes = np.stack([g * i * (1 - i), c[:-1] * f * (1 - f), i * (1 - g * g)], axis=1)
    slope_o, slope_c = h[1:] * (1 - o), o - h[1:] * tanh_c
    dh, wh_t = np.zeros_like(h[0]), wh.T.copy()
    dc = np.zeros_like(dh) if dc_last is None else dc_last.copy()
    for t in reversed(range(steps)):
        dh += dh_all[:, t]
        dc += dh * slope_c[t]
        np.multiply(dc, slopes[t], out=dz_gates[t, :3])
        np.multiply(dh, slope_o[t], out=dz_gates[t, 3])
        dc *= f[t]
        dh = dz[t] @ wh_t
    dx, dwx, db = _input_gradients(dz, x, wx)
    return dx, dh, dc, dwx, _weight_gradient(h[:-1], dz), db


def gru(
    x: Array, h0: Array, wx: Array, wh: Array, bx: Array, bh: Array
) -> tuple[Array, tuple[Array, ...]]:
    """Run a gated recurrent unit.

    With r, z = sigmoid(x_t wx + bx + h_{t-1} wh + bh) in the first two parts and
    n = tanh(x_t wx + bx + r (h_{t-1} wh + bh)) in the third, the state is
    h_t = (1 - z) n + z h_{t-1}. The reset gate r acts after the product, as in cuDNN,
    PyTorch and Keras; the paper has it before.

    Args:
        x: Sequences, shape (N, T, D).
        h0: State before the first step, shape (N, H).
        wx: Input weights, shape (D, 3H), in the order r, z, n.
        wh: Recurrent weights, shape (H, 3H), in the same order.
        bx: Bias of the input product, shape (3H,).
        bh: Bias of the recurrent product, shape (3H,).

    Returns:
        The states after each step, shape (N, T, H), and the cache.

    Raises:
        ValueError: A shape or dtype is wrong.

    Source: Cho et al., "Learning phrase representations using RNN encoder-decoder",
    EMNLP 2014.
    """
    _checks.shapes(
        x=(x, "N T D"),
        h0=(h0, "N H"),
        wx=(wx, "D 3H"),
        wh=(wh, "H 3H"),
        bx=(bx, "3H"),
        bh=(bh, "3H"),
    )
    gates = _input_product(x, wx, bx, 3)  # (T, 3, N, H), turned into gates in place
    wh_gates, bh_gates = _by_gate(wh, 3), bh.reshape(3, 1, -1)
    h = _states(h0, x.shape[1])
    recurrent_n = np.empty_like(h[1:])
    for t in range(x.shape[1]):
        recurrent = h[t] @ wh_gates + bh_gates
        r, z, n = gates[t]
        rz = gates[t, :2]
        rz[...] = np.tanh((rz + recurrent[:2]) / 2) / 2 + 0.5
        n[...] = np.tanh(n + r * recurrent[2])
        recurrent_n[t] = recurrent[2]
        h[t + 1] = (1 - z) * n + z * h[t]
    return h[1:].copy().swapaxes(0, 1), (x, wx, wh, gates, recurrent_n, h)


def gru_backward(
    dh_all: Array, cache: tuple[Array, ...]
) -> tuple[Array, Array, Array, Array, Array, Array]:
    """Return dx, dh0, dwx, dwh, dbx, dbh for the gradient dh_all of every state."""
    x, wx, wh, gates, recurrent_n, h = _checks.opened(cache, 6)
    _check_upstream(dh_all, h)
    steps, batch, width = recurrent_n.shape
    d_input = np.empty((steps, batch, 3 * width), x.dtype)
    d_recurrent = np.empty_like(d_input)
    dh, wh_t = np.zeros_like(h[0]), wh.T.copy()
    for t in reversed(range(steps)):
        r, z, n = gates[t]
        dr, dz, dn = d_input[t].reshape(batch, 3, width).swapaxes(0, 1)
        dh = dh + dh_all[:, t]
        dn[...] = dh * (1 - z) * (1 - n**2)
        dz[...] = dh * (h[t] - n) * z * (1 - z)
        dr[...] = dn * recurrent_n[t] * r * (1 - r)
        d_recurrent[t] = d_input[t]
        d_recurrent[t, :, 2 * width :] = dn * r
        dh = dh * z + d_recurrent[t] @ wh_t
    dx, dwx, dbx = _input_gradients(d_input, x, wx)
    dwh, dbh = _weight_gradient(h[:-1], d_recurrent), d_recurrent.sum(axis=(0, 1))
    return dx, dh, dwx, dwh, dbx, dbh


def _states(first: Array, steps: int) -> Array:
    """Room for the states of all steps, (T + 1, N, H), the first one filled in."""
    states = np.empty((steps + 1, *first.shape), first.dtype)
    states[0] = first
    return states


def _by_gate(w: Array, gates: int) -> Array:
    """Split (D, gates · H) into (gates, D, H), so that each gate is one block."""
    return np.ascontiguousarray(w.reshape(len(w), gates, -1).swapaxes(0, 1))


def _input_product(x: Array, wx: Array, b: Array, gates: int) -> Array:
    """Return x wx + b for all steps at once, time and gate first: (T, gates, N, H)."""
    z = x.swapaxes(0, 1)[:, None] @ _by_gate(wx, gates)
    z += b.reshape(gates, 1, -1)
    return z


def _input_gradients(dz: Array, x: Array, wx: Array) -> tuple[Array, Array, Array]:
    """Return dx, dwx, db of z = x wx + b, with dz in the order (T, N, M)."""
    dx = dz.reshape(-1, wx.shape[1]) @ np.ascontiguousarray(wx.T)
    dx = dx.reshape(*dz.shape[:2], len(wx)).swapaxes(0, 1)
    return dx, _weight_gradient(x.swapaxes(0, 1), dz), dz.sum(axis=(0, 1))


def _weight_gradient(inputs: Array, dz: Array) -> Array:
    """One product over all steps and examples: (T, N, D) and (T, N, M) to (D, M)."""
    rows = inputs.reshape(-1, inputs.shape[-1])
    return rows.T @ dz.reshape(-1, dz.shape[-1])


def _check_upstream(dh_all: Array, h: Array) -> None:
    steps, n, width = h.shape
    _checks.like("dh_all", dh_all, (n, steps - 1, width), h.dtype)
