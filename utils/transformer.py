"""The Transformer's block in NumPy, PyTorch and Keras, for more than one section.

The chapter sequences/transformer derives the block and builds it three times; what is
here is the same code, so that a later section can start where an earlier one ends::

    from utils import transformer

    y, cache = transformer.block(x, p, n_heads=2, mask=np.tri(5, dtype=bool))
    layer = transformer.torch_block(width=32, n_heads=2, hidden=128)
    twin = transformer.keras_block(width=32, n_heads=2, hidden=128)

Importing this module loads neither framework.
"""

from __future__ import annotations

import functools
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from utils import scratch
from utils.training.arguments import check_counts

if TYPE_CHECKING:
    import keras
    import torch

__all__ = [
    "block",
    "block_backward",
    "block_params",
    "keras_block",
    "sinusoids",
    "to_numpy",
    "torch_block",
]

Array = NDArray[Any]
Params = dict[str, Any]


def sinusoids(length: int, width: int) -> Array:
    """Gives the sinusoidal position encodings, one row for each place.

    Args:
        length: How many places, counted from 0.
        width: Numbers in a row; even.

    Returns:
        Array of shape (length, width), with sines at even and cosines at odd indices.

    Raises:
        ValueError: ``length`` or ``width`` is not a whole number from 1 up, or
            ``width`` is odd.

    Source: chapter sequences/transformer, eq-transformer-sinusoids.
    """
    check_counts(length=length, width=width)
    if width % 2:
        raise ValueError(f"width is {width}; sines and cosines come in pairs: even.")
    omega = 10000.0 ** (-np.arange(0, width, 2) / width)  # (D/2,)
    encoding = np.zeros((length, width))
    encoding[:, 0::2] = np.sin(omega * np.arange(length)[:, None])
    encoding[:, 1::2] = np.cos(omega * np.arange(length)[:, None])
    return encoding


def block(
    x: Array,
    p: Params,
    n_heads: int,
    mask: Array | None = None,
    memory: Array | None = None,
    memory_mask: Array | None = None,
) -> tuple[Array, dict[str, Any]]:
    """Runs one pre-norm block: attention and feed-forward, each around a skip.

    Args:
        x: Shape (N, T, D).
        p: The arrays of each part, in the order of the functions of `scratch`:
            ``norm1, self, norm3, ff1, ff2``, and with a memory ``norm2, cross`` too.
            `block_params` makes it from a PyTorch block.
        n_heads: Number of heads.
        mask: True where a place may see another; as for
            `scratch.multi_head_attention`.
        memory: What cross-attention looks at, shape (N, S, D). Without it the block
            has no cross-attention.
        memory_mask: True where a place of the memory may be seen.

    Returns:
        Output of x's shape, and the cache.

    Raises:
        ValueError: A part is missing from ``p``, or a shape or dtype is wrong.

    Source: chapter sequences/transformer, eq-transformer-block.
    """
    wanted = ["norm1", "self", "norm3", "ff1", "ff2"]
    wanted += ["norm2", "cross"] if memory is not None else []
    missing = [name for name in wanted if name not in p]
    if missing:
        raise ValueError(
            f"p lacks {', '.join(missing)}; a block needs {', '.join(wanted)}."
        )
    c: dict[str, Any] = {}
    h, c["norm1"] = scratch.layer_norm(x, *p["norm1"])
    given = (h, h, h, *p["self"], n_heads, mask)
    y, c["self"] = scratch.multi_head_attention(*given)
    x = x + y
    if memory is not None:
        h, c["norm2"] = scratch.layer_norm(x, *p["norm2"])
        given = (h, memory, memory, *p["cross"], n_heads, memory_mask)
        y, c["cross"] = scratch.multi_head_attention(*given)
        x = x + y
    h, c["norm3"] = scratch.layer_norm(x, *p["norm3"])
    h, c["ff1"] = scratch.linear(h, *p["ff1"])  # (N, T, M)
    h, c["gelu"] = scratch.gelu(h)
    y, c["ff2"] = scratch.linear(h, *p["ff2"])
    return x + y, c


def block_backward(
    dx: Array, cache: dict[str, Any]
) -> tuple[Array, Array | None, dict[str, Any]]:
    """Return the gradients of x, of the memory (or None), and of p."""
    c, grads, dmemory = cache, {}, None
    dh, *grads["ff2"] = scratch.linear_backward(dx, c["ff2"])
    dh, *grads["ff1"] = scratch.linear_backward(
        scratch.gelu_backward(dh, c["gelu"]), c["ff1"]
    )
    dh, *grads["norm3"] = scratch.layer_norm_backward(dh, c["norm3"])
    dx = dx + dh  # the skip connection and the sub-layer
    if "cross" in c:
        dh, dk, dv, *grads["cross"] = scratch.multi_head_attention_backward(
            dx, c["cross"]
        )
        dmemory = dk + dv
        dh, *grads["norm2"] = scratch.layer_norm_backward(dh, c["norm2"])
        dx = dx + dh
    dq, dk, dv, *grads["self"] = scratch.multi_head_attention_backward(dx, c["self"])
    dh, *grads["norm1"] = scratch.layer_norm_backward(dq + dk + dv, c["norm1"])
    return dx + dh, dmemory, grads


def to_numpy(module: torch.nn.Module) -> list[Array]:
    """Gives the arrays of one PyTorch layer, in the order of `scratch`."""
    from torch import nn

    if isinstance(module, nn.MultiheadAttention):
        thirds = np.split(module.in_proj_weight.detach().numpy().T, 3, axis=1)
        biases = np.split(module.in_proj_bias.detach().numpy(), 3)
        out = module.out_proj
        wo, bo = out.weight.detach().numpy().T, out.bias.detach().numpy()
        return [*thirds, wo, *biases, bo]
    arrays = [parameter.detach().numpy() for parameter in module.parameters()]
    return [arrays[0].T, *arrays[1:]] if isinstance(module, nn.Linear) else arrays


def block_params(module: Any) -> Params:
    """Gives the arrays of a PyTorch block (on the CPU) as `block` takes them."""
    p = {"norm1": to_numpy(module.norm1), "self": to_numpy(module.attention)}
    if hasattr(module, "cross"):
        p |= {"norm2": to_numpy(module.norm2), "cross": to_numpy(module.cross)}
    p |= {"norm3": to_numpy(module.norm3)}
    first, _, second = module.feed_forward
    return p | {"ff1": to_numpy(first), "ff2": to_numpy(second)}


def torch_block(
    width: int, n_heads: int, hidden: int, cross: bool = False
) -> torch.nn.Module:
    """Makes a pre-norm block in PyTorch.

    Args:
        width: Numbers at each place, D.
        n_heads: Number of heads; divides ``width``.
        hidden: Hidden units of the feed-forward network, M.
        cross: Whether the block also attends to a memory.

    Returns:
        A module called as ``block(x, mask, real, memory, memory_real)``, where ``mask``
        (T, T), ``real`` (N, T) and ``memory_real`` (N, S) are true where a place may
        be seen, and all but ``x`` may be left out.

    Raises:
        ValueError: A number is not a whole number from 1 up, or ``n_heads`` does not
            divide ``width``.

    Source: chapter sequences/transformer, eq-transformer-block.
    """
    _check_sizes(width, n_heads, hidden)
    made: torch.nn.Module = _torch_class()(width, n_heads, hidden, cross)
    return made


def keras_block(
    width: int, n_heads: int, hidden: int, cross: bool = False, **kwargs: Any
) -> keras.layers.Layer:
    """Makes the block of `torch_block` in Keras, which survives saving and loading.

    Args:
        width: As for `torch_block`, and so are the next three.
        n_heads: Divides ``width``.
        hidden: M.
        cross: With it, ``memory`` is taken.
        **kwargs: For the layer, such as ``name``.

    Returns:
        A layer called as ``block(x, causal=False, real=None, memory=None,
        memory_real=None)``, where the masks ``real`` and ``memory_real``, of shape
        (N, 1, T) and (N, 1, S), are true where a place may be seen.

    Raises:
        ValueError: As for `torch_block`.
    """
    _check_sizes(width, n_heads, hidden)
    return _keras_class()(width, n_heads, hidden, cross, **kwargs)


def _check_sizes(width: int, n_heads: int, hidden: int) -> None:
    check_counts(width=width, n_heads=n_heads, hidden=hidden)
    if width % n_heads:
        raise ValueError(f"n_heads is {n_heads}, which does not divide width {width}.")


@functools.cache
def _torch_class() -> Any:
    from torch import nn

    class Block(nn.Module):
        def __init__(self, width: int, n_heads: int, hidden: int, cross: bool) -> None:
            super().__init__()
            self.norm1 = nn.LayerNorm(width)
            self.attention = nn.MultiheadAttention(width, n_heads, batch_first=True)
            if cross:
                self.norm2 = nn.LayerNorm(width)
                self.cross = nn.MultiheadAttention(width, n_heads, batch_first=True)
            self.norm3 = nn.LayerNorm(width)
            self.feed_forward = nn.Sequential(
                nn.Linear(width, hidden), nn.GELU(), nn.Linear(hidden, width)
            )

        def forward(
            self,
            x: torch.Tensor,
            mask: torch.Tensor | None = None,
            real: torch.Tensor | None = None,
            memory: torch.Tensor | None = None,
            memory_real: torch.Tensor | None = None,
        ) -> torch.Tensor:
            def hidden(seen: torch.Tensor | None) -> torch.Tensor | None:
                return None if seen is None else ~seen  # True hides, in PyTorch

            h = self.norm1(x)
            options = {"attn_mask": hidden(mask), "key_padding_mask": hidden(real)}
            x = x + self.attention(h, h, h, need_weights=False, **options)[0]
            if memory is not None:
                h, options = self.norm2(x), {"key_padding_mask": hidden(memory_real)}
                x = x + self.cross(h, memory, memory, need_weights=False, **options)[0]
            y: torch.Tensor = x + self.feed_forward(self.norm3(x))
            return y

    return Block


@functools.cache
def _keras_class() -> Any:
    import keras

    @keras.saving.register_keras_serializable("book")
    class TransformerBlock(keras.layers.Layer):
        def __init__(
            self, width: int, n_heads: int, hidden: int, cross: bool, **kwargs: Any
        ) -> None:
            super().__init__(**kwargs)
            sizes = {"width": width, "n_heads": n_heads, "hidden": hidden}
            self.arguments = sizes | {"cross": cross}
            layers, size = keras.layers, width // n_heads
            self.norm1 = layers.LayerNormalization(epsilon=1e-5)
            self.attention = layers.MultiHeadAttention(n_heads, size)
            if cross:
                self.norm2 = layers.LayerNormalization(epsilon=1e-5)
                self.cross = layers.MultiHeadAttention(n_heads, size)
            self.norm3 = layers.LayerNormalization(epsilon=1e-5)
            self.ff1 = layers.Dense(hidden, activation="gelu")
            self.ff2 = layers.Dense(width)

        def build(self, shape: tuple[int | None, ...]) -> None:
            for layer in (self.norm1, self.norm3, self.ff1):
                layer.build(shape)
            self.attention.build(shape, shape)
            if self.arguments["cross"]:
                self.norm2.build(shape)
                self.cross.build(shape, shape)
            self.ff2.build((*shape[:-1], self.arguments["hidden"]))

        def call(
            self,
            x: Any,
            causal: bool = False,
            real: Any = None,
            memory: Any = None,
            memory_real: Any = None,
        ) -> Any:
            h = self.norm1(x)
            x = x + self.attention(h, h, attention_mask=real, use_causal_mask=causal)
            if memory is not None:
                h = self.norm2(x)
                x = x + self.cross(h, memory, attention_mask=memory_real)
            return x + self.ff2(self.ff1(self.norm3(x)))

        def get_config(self) -> dict[str, Any]:
            return {**super().get_config(), **self.arguments}

    return TransformerBlock
