"""Time utils.scratch against PyTorch, on one thread.

Each ratio is the median over pairs measured one right after the other, in seconds of
processor, so that a busy machine slows both. Run `python tools/bench_scratch.py`, or
import `run`.

Machines differ most in the kernels that NumPy's OpenBLAS picks, since it knows
processors by their model: on one that is newer than itself it takes those for AVX2,
while PyTorch's convolution always takes AVX-512 where that is. The rows *its product
alone* show it: what is above their value is what NumPy adds. To give both the same
instructions on such a machine, set OPENBLAS_CORETYPE=SkylakeX.
"""

import sys
from collections.abc import Callable
from pathlib import Path
from statistics import median
from time import process_time

import numpy as np
import torch
from threadpoolctl import threadpool_limits

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))
from utils import scratch

Step = Callable[[], object]


def run(pairs: int = 25) -> list[tuple[str, float, float | None]]:
    """Measure everything; return (name, seconds over PyTorch's seconds, target)."""
    threads = torch.get_num_threads()
    torch.set_num_threads(1)
    try:
        with threadpool_limits(1):
            return [
                (name, ratio(ours, theirs, pairs), target)
                for name, ours, theirs, target in (
                    *conv2d(3, 16, 28),
                    *conv2d(16, 32, 14),
                    lstm(),
                    attention(),
                )
            ]
    finally:
        torch.set_num_threads(threads)


def main() -> None:
    """Print the ratios beside their targets."""
    print(f"{'utils.scratch / PyTorch, one thread':52} ratio  target")
    for name, value, target in run():
        print(f"{name:52} {value:5.2f}  {'' if target is None else f'≤ {target:g}'}")


def ratio(ours: Step, theirs: Step, pairs: int, repeats: int = 3) -> float:
    """Median over pairs of the time of `ours` divided by that of `theirs`."""
    for step in (ours, theirs):
        seconds(step, repeats)
    return median(
        seconds(ours, repeats) / seconds(theirs, repeats) for _ in range(pairs)
    )


def seconds(step: Step, repeats: int) -> float:
    """Time a few calls."""
    start = process_time()
    for _ in range(repeats):
        step()
    return process_time() - start


def conv2d(
    channels: int, filters: int, size: int
) -> list[tuple[str, Step, Step, float | None]]:
    """Set up a 3 × 3 convolution with padding 1: product alone, forward, backward."""
    x, w, b = normal((32, channels, size, size), (filters, channels, 3, 3), (filters,))
    (dy,) = normal((32, filters, size, size))
    _, cache = scratch.conv2d(x, w, b, padding=1)
    tensors = [torch.tensor(a, requires_grad=True) for a in (x, w, b)]
    y = torch.nn.functional.conv2d(*tensors, padding=1)
    upstream = torch.tensor(dy)
    weights, columns = normal((filters, 9 * channels), (32, 9 * channels, size**2))
    name = f"conv2d {channels}→{filters} at {size}×{size}, batch 32"
    return [
        (
            f"{name}, its product alone",
            lambda: weights @ columns,
            lambda: torch.nn.functional.conv2d(*tensors, padding=1),
            None,
        ),
        (
            f"{name}, forward",
            lambda: scratch.conv2d(x, w, b, padding=1),
            lambda: torch.nn.functional.conv2d(*tensors, padding=1),
            1.5,
        ),
        (
            f"{name}, backward",
            lambda: scratch.conv2d_backward(dy, cache),
            lambda: torch.autograd.grad(y, tensors, upstream, retain_graph=True),
            1.5,
        ),
    ]


def lstm(
    n: int = 32, steps: int = 50, width: int = 64
) -> tuple[str, Step, Step, float | None]:
    """Set up a forward and backward pass of an LSTM as wide as its input."""
    x, h0, c0, wx, wh, b, dh = normal(
        *[(n, steps, width), (n, width), (n, width)],
        *[(width, 4 * width), (width, 4 * width), (4 * width,), (n, steps, width)],
    )
    wx, wh = wx / 8, wh / 8
    module = torch.nn.LSTM(width, width, batch_first=True)
    with torch.no_grad():
        for parameter, value in zip(
            module.parameters(), (wx.T, wh.T, b, np.zeros_like(b)), strict=True
        ):
            parameter.copy_(torch.tensor(value))
    inputs = [torch.tensor(a, requires_grad=True) for a in (x, h0[None], c0[None])]
    upstream = torch.tensor(dh)

    def ours() -> object:
        _, cache = scratch.lstm(x, h0, c0, wx, wh, b)
        return scratch.lstm_backward(dh, cache)

    def theirs() -> object:
        y, _ = module(inputs[0], tuple(inputs[1:]))
        return torch.autograd.grad(y, [*inputs, *module.parameters()], upstream)

    name = f"lstm batch {n}, {steps} steps, {width} units, both"
    return name, ours, theirs, 1.3


def attention(
    n: int = 32, heads: int = 4, steps: int = 64, width: int = 32
) -> tuple[str, Step, Step, float | None]:
    """Set up a forward and backward pass of causal attention."""
    shape = (n, heads, steps, width)
    q, k, v, dy = normal(shape, shape, shape, shape)
    causal = np.tri(steps, dtype=bool)
    inputs = [torch.tensor(a, requires_grad=True) for a in (q, k, v)]
    mask, upstream = torch.tensor(causal), torch.tensor(dy)

    def ours() -> object:
        _, cache = scratch.attention(q, k, v, causal)
        return scratch.attention_backward(dy, cache)

    def theirs() -> object:
        y = torch.nn.functional.scaled_dot_product_attention(*inputs, mask)
        return torch.autograd.grad(y, inputs, upstream)

    name = f"attention batch {n}, {heads} heads, {steps} steps of {width}, both"
    return name, ours, theirs, 1.1


def normal(*shapes: tuple[int, ...]) -> list[np.ndarray]:
    """Draw float32 arrays of these shapes."""
    rng = np.random.default_rng(0)
    return [rng.standard_normal(shape).astype(np.float32) for shape in shapes]


if __name__ == "__main__":
    main()
