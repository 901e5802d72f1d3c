"""The layers, losses and optimisers of deep learning, from scratch, in NumPy.

Each operation is a forward and its backward beside it. A forward returns
`(output, cache)`; its backward takes the upstream gradient and the cache, and returns
the gradients in the order of the forward's arguments. Losses return the loss and its
gradient. The dtype that goes in comes out: float32 stays float32.

Images are (N, C, H, W), sequences (N, T, D), an example is a row.
"""

from utils.scratch.activations import (
    gelu,
    gelu_backward,
    relu,
    relu_backward,
    sigmoid,
    sigmoid_backward,
    silu,
    silu_backward,
    softmax,
    softmax_backward,
    tanh,
    tanh_backward,
)
from utils.scratch.attention import (
    attention,
    attention_backward,
    multi_head_attention,
    multi_head_attention_backward,
    rotary,
    rotary_backward,
)
from utils.scratch.convolution import (
    avg_pool2d,
    avg_pool2d_backward,
    conv2d,
    conv2d_backward,
    conv_transpose2d,
    conv_transpose2d_backward,
    max_pool2d,
    max_pool2d_backward,
)
from utils.scratch.dense import (
    dropout,
    dropout_backward,
    embedding,
    embedding_backward,
    linear,
    linear_backward,
    swiglu,
    swiglu_backward,
)
from utils.scratch.losses import binary_cross_entropy, cross_entropy, mse
from utils.scratch.normalisation import (
    batch_norm,
    batch_norm_backward,
    layer_norm,
    layer_norm_backward,
    rms_norm,
    rms_norm_backward,
)
from utils.scratch.optimisers import adam, adamw, momentum, nesterov, rmsprop, sgd
from utils.scratch.recurrent import (
    gru,
    gru_backward,
    lstm,
    lstm_backward,
    rnn,
    rnn_backward,
)

__all__ = [
    "adam",
    "adamw",
    "attention",
    "attention_backward",
    "avg_pool2d",
    "avg_pool2d_backward",
    "batch_norm",
    "batch_norm_backward",
    "binary_cross_entropy",
    "conv2d",
    "conv2d_backward",
    "conv_transpose2d",
    "conv_transpose2d_backward",
    "cross_entropy",
    "dropout",
    "dropout_backward",
    "embedding",
    "embedding_backward",
    "gelu",
    "gelu_backward",
    "gru",
    "gru_backward",
    "layer_norm",
    "layer_norm_backward",
    "linear",
    "linear_backward",
    "lstm",
    "lstm_backward",
    "max_pool2d",
    "max_pool2d_backward",
    "momentum",
    "mse",
    "multi_head_attention",
    "multi_head_attention_backward",
    "nesterov",
    "relu",
    "relu_backward",
    "rms_norm",
    "rms_norm_backward",
    "rmsprop",
    "rnn",
    "rnn_backward",
    "rotary",
    "rotary_backward",
    "sgd",
    "sigmoid",
    "sigmoid_backward",
    "silu",
    "silu_backward",
    "softmax",
    "softmax_backward",
    "swiglu",
    "swiglu_backward",
    "tanh",
    "tanh_backward",
]
