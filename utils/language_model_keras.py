"""The decoder of `utils.language_model` in Keras: a model that can be saved.

It takes the same arguments, and `copy_weights` carries the parameters over::

    from utils import language_model, language_model_keras

    net = language_model.LanguageModel(512, 64, 5, 8, 4, 172, context=512)
    twin = language_model_keras.LanguageModel(**net.config)
    language_model_keras.copy_weights(net, twin)

Keys and values in a cache are (N, places, kv_heads, head size), as Keras orders them.
Importing this module loads Keras.
"""

from __future__ import annotations

from typing import Any

import keras
import numpy as np
from keras import layers, ops

from utils.language_model import Config, check_length, checked

__all__ = ["Block", "LanguageModel", "copy_weights", "rotate"]


def rotate(x: Any, start: int = 0, base: float = 10000.0) -> Any:
    """Turns pair i of place t, x (N, T, heads, E), by (start + t) · base^(-2i / E)."""
    steps, size = ops.shape(x)[1], x.shape[-1]
    dtype = keras.backend.standardize_dtype(x.dtype)
    exact = "float64" if dtype == "float64" else "float32"
    pairs = np.arange(0, size, 2) / size
    speeds = ops.convert_to_tensor((base**-pairs).astype(exact))  # (E / 2,)
    angle = ops.cast(ops.arange(start, start + steps), exact)[:, None, None] * speeds
    cos, sin = ops.cast(ops.cos(angle), dtype), ops.cast(ops.sin(angle), dtype)
    a, b = x[..., 0::2], x[..., 1::2]  # (N, T, heads, E / 2)
    turned = ops.stack([a * cos - b * sin, a * sin + b * cos], axis=-1)
    return ops.reshape(turned, (-1, steps, x.shape[2], size))


@keras.saving.register_keras_serializable("book")
class Block(layers.Layer):
    """Attention and a feed-forward network, each behind a norm and beside a skip."""

    def __init__(self, config: Any, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.config = c = Config(*config)
        size, dtype = c.width // c.heads, self.dtype_policy
        self.attention_norm = make_norm(c, dtype)
        self.wq = make_dense(c.width, c.width, c, dtype)
        self.wk = make_dense(c.width, c.kv_heads * size, c, dtype)
        self.wv = make_dense(c.width, c.kv_heads * size, c, dtype)
        self.wo = make_dense(c.width, c.width, c, dtype, adds=True)
        self.ffn_norm = make_norm(c, dtype)
        self.w1 = make_dense(c.width, c.hidden, c, dtype)
        self.w2 = make_dense(c.hidden, c.width, c, dtype, adds=True)
        if c.feedforward == "swiglu":
            self.w3 = make_dense(c.width, c.hidden, c, dtype)
        self.built = True

    def call(self, x: Any, past: Any = None) -> Any:
        """X (N, T, D) and the past to x and the new past."""
        y, past = self.attend(self.attention_norm(x), past)
        x = x + y
        h = self.ffn_norm(x)
        if self.config.feedforward == "swiglu":
            h = ops.silu(self.w1(h)) * self.w3(h)
        else:
            h = ops.gelu(self.w1(h), approximate=True)
        return x + self.w2(h), past

    def attend(self, x: Any, past: Any) -> Any:
        """The same for attention alone: what it adds to x, and the new past."""
        c, steps = self.config, ops.shape(x)[1]
        size, start = c.width // c.heads, 0 if past is None else past[0].shape[1]
        q, k, v = (
            ops.reshape(w(x), (-1, steps, n_heads, size))
            for w, n_heads in (
                (self.wq, c.heads),
                (self.wk, c.kv_heads),
                (self.wv, c.kv_heads),
            )
        )
        if c.positions == "rotary":
            q, k = rotate(q, start), rotate(k, start)
        if past is not None:
            k = ops.concatenate([past[0], k], axis=1)
            v = ops.concatenate([past[1], v], axis=1)
        kept, group = (k, v), c.heads // c.kv_heads
        k, v = (ops.repeat(a, group, axis=2) for a in kept)
        q, k, v = (ops.transpose(a, (0, 2, 1, 3)) for a in (q, k, v))
        there = ops.arange(start + steps)
        away = there[start:, None] - there  # (T, S): how far back
        scores = ops.matmul(q, ops.transpose(k, (0, 1, 3, 2))) / size**0.5
        if c.positions == "alibi":
            slopes = 2.0 ** (-8 * np.arange(1, c.heads + 1) / c.heads)
            slopes = ops.convert_to_tensor(slopes[:, None, None], dtype=scores.dtype)
            scores = scores - slopes * ops.cast(away, scores.dtype)
        scores = ops.where(away >= 0, scores, -1e9)
        y = ops.transpose(ops.matmul(ops.softmax(scores), v), (0, 2, 1, 3))
        return self.wo(ops.reshape(y, (-1, steps, c.width))), kept

    def get_config(self) -> dict[str, Any]:
        """Returns what Keras needs to make the layer again."""
        return {**super().get_config(), "config": list(self.config)}


@keras.saving.register_keras_serializable("book")
class LanguageModel(keras.Model):
    """The model of `utils.language_model.LanguageModel`, with its arguments.

    Args:
        *arguments: As for the PyTorch class, and so are the options.
        **options: `name` and `dtype` are Keras's.

    Raises:
        ValueError: As for the PyTorch class.
    """

    def __init__(self, *arguments: Any, **options: Any) -> None:
        kept = {
            k: options.pop(k) for k in ("name", "dtype", "trainable") if k in options
        }
        super().__init__(**kept)
        self.config = c = checked(*arguments, **options)
        dtype = self.dtype_policy
        self.tok_embeddings = make_table(c.vocabulary, c, dtype)
        if c.positions == "learned":
            self.pos_embeddings = make_table(c.context, c, dtype)
        self.blocks = [Block(c, dtype=dtype) for _ in range(c.depth)]
        self.norm = make_norm(c, dtype)
        if not c.tied:
            self.output_layer = make_dense(c.width, c.vocabulary, c, dtype, bias=False)
        self.built = True

    def call(self, ids: Any, cache: Any = None) -> Any:
        """Token ids (N, T) to scores (N, T, V); with a cache, to both of them."""
        c, start = self.config, cache[0][0].shape[1] if cache else 0
        x = self.tok_embeddings(ids)
        if c.positions == "learned":
            check_length(start + ids.shape[1], c.context)
            x = x + self.pos_embeddings(ops.arange(start, start + ids.shape[1]))
        new = []
        for i, block in enumerate(self.blocks):
            x, past = block(x, cache[i] if cache else None)
            new.append(past)
        x = self.norm(x)
        if c.tied:
            logits = ops.matmul(x, ops.transpose(self.tok_embeddings.embeddings))
        else:
            logits = self.output_layer(x)
        return logits if cache is None else (logits, tuple(new))

    def get_config(self) -> dict[str, Any]:
        """Returns what Keras needs to make the model again."""
        named = {"name": self.name, "dtype": self.dtype_policy.name}
        return {**self.config._asdict(), **named}


def make_dense(
    inputs: int, outputs: int, c: Config, dtype: Any, adds: bool = False, **options: Any
) -> Any:
    std = c.std / (2 * c.depth) ** 0.5 if adds else c.std
    layer = layers.Dense(
        outputs,
        use_bias=options.get("bias", c.bias),
        kernel_initializer=keras.initializers.RandomNormal(stddev=std),
        dtype=dtype,
    )
    layer.build((None, inputs))
    return layer


def make_table(rows: int, c: Config, dtype: Any) -> Any:
    start = keras.initializers.RandomNormal(stddev=c.std)
    layer = layers.Embedding(rows, c.width, start, dtype=dtype)
    layer.build()
    return layer


def make_norm(c: Config, dtype: Any) -> Any:
    if c.norm == "rms":
        layer = layers.RMSNormalization(epsilon=1e-5, dtype=dtype)
    else:
        layer = layers.LayerNormalization(epsilon=1e-5, center=c.bias, dtype=dtype)
    layer.build((None, None, c.width))
    return layer


def copy_weights(source: Any, target: LanguageModel) -> None:
    """Gives a Keras model the parameters of a PyTorch model with the same arguments.

    Raises:
        ValueError: The arguments of the two differ.
    """
    if source.config != target.config._asdict():
        raise ValueError(
            f"The model is {target.config}, not {Config(**source.config)}."
        )
    arrays = []
    for name, parameter in source.named_parameters():  # a tied matrix comes once
        array = parameter.detach().cpu().numpy()
        arrays.append(
            array.T if array.ndim == 2 and "embeddings" not in name else array
        )
    target.set_weights(arrays)
