"""One model in two frameworks: the same weights, the same outputs, the same gradients.

`copy_weights` carries the parameters of a PyTorch model into its Keras twin or back;
`assert_same_outputs` and `assert_same_gradients` then prove that the two are one.

Parameterised layers are paired in order. `torch_layers` and `keras_layers` show each
layer's arrays under PyTorch's names and in PyTorch's layout; `copying` pairs and copies
them, `comparing` compares what the models compute. What differs between the frameworks:

* Keras keeps a kernel as (inputs, outputs), PyTorch a weight as (outputs, inputs).
* Keras images are (H, W, C), PyTorch's (C, H, W). So the rows of a dense kernel that
  follows ``Flatten`` are in another order, and the columns of one before ``Reshape``.
* A Keras RNN or LSTM has one bias, PyTorch two that are added: copied to PyTorch, the
  second becomes zero.
* Keras's attention has a kernel (inputs, heads, size) for each of query, key, value.

Importing this package loads neither framework.
"""

from utils.equivalence.comparing import (
    assert_same_gradients,
    assert_same_outputs,
    keras_gradients,
)
from utils.equivalence.copying import copy_weights

__all__ = [
    "assert_same_gradients",
    "assert_same_outputs",
    "copy_weights",
    "keras_gradients",
]
