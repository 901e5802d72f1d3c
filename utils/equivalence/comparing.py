"""Comparing what two models compute: outputs and gradients."""

from __future__ import annotations

import contextlib
import functools
from collections.abc import Callable, Iterator, Sequence
from typing import Any

import numpy as np

from utils.equivalence.copying import paired, told_apart
from utils.equivalence.keras_layers import image_layout
from utils.training.arguments import (
    attempted,
    dtype_of,
    home_of,
    is_number,
    kind_of,
    modes_kept,
    numeric_array,
    shown,
    to_tensor,
)


def assert_same_outputs(
    torch_model: Any,
    keras_model: Any,
    x: Any,
    tolerance: float = 1e-5,
) -> None:
    """Asserts that two models give the same outputs, both in inference mode.

    Args:
        torch_model: A ``torch.nn.Module``.
        keras_model: A Keras model or layer.
        x: The input in PyTorch's layout, images as (N, C, H, W); a tuple or list for
            several inputs. For a Keras model that has its channels last, images are
            turned to (N, H, W, C), and feature maps in its output back.
        tolerance: Largest difference allowed, absolute for numbers below 1 and relative
            above.

    Raises:
        AssertionError: The outputs differ; the message says by how much and where.
        ValueError: The first two arguments are not a PyTorch and a Keras model.

    Example:
        >>> assert_same_outputs(torch_model, keras_model, x)
    """
    import torch

    _checked_tolerance(tolerance)
    torch_model, keras_model = told_apart(torch_model, keras_model)
    images = image_layout(keras_model) == "channels_last"
    with _inference(torch_model), torch.no_grad():
        ours = _outputs(_torch_output(torch_model, x))
    theirs = _outputs(_keras_call(keras_model, _keras_inputs(keras_model, x)))
    if len(ours) != len(theirs):
        ours, theirs = ours[:1], theirs[:1]
    for i, (one, other) in enumerate(zip(ours, theirs, strict=True)):
        which = f"output {i}" if len(ours) > 1 else "the output"
        other = _matching_layout(other, one, images)
        if one.shape != other.shape:
            raise AssertionError(
                f"{which} has shape {one.shape} in PyTorch and {other.shape} in Keras"
                f"{_hints(torch_model, keras_model)}"
            )
        difference = _difference(one, other, tolerance)
        if difference:
            raise AssertionError(
                f"{which} differs {difference}{_hints(torch_model, keras_model)}"
            )


def assert_same_gradients(
    torch_model: Any,
    keras_model: Any,
    x: Any,
    y: Any,
    torch_loss: Callable[[Any, Any], Any],
    keras_loss: Callable[[Any, Any], Any],
    tolerance: float = 1e-5,
) -> None:
    """Asserts that every parameter has the same gradient in both models.

    Both run in inference mode, so that dropout does not draw and batch normalisation
    uses its running statistics. Gradients that a PyTorch parameter already holds stay.

    Args:
        torch_model: A ``torch.nn.Module``.
        keras_model: A Keras model or layer.
        x: The input; as for `assert_same_outputs`.
        y: The target, the same for both.
        torch_loss: ``loss(pred, target)``, such as
            ``torch.nn.functional.cross_entropy``.
        keras_loss: ``loss(target, pred)`` in Keras's order; its mean is taken.
        tolerance: Largest difference allowed, absolute for numbers below 1 and relative
            above.

    Raises:
        AssertionError: A gradient differs; the message names each such array.
        ValueError: The models do not match, as for `copy_weights`.
    """
    import torch

    _checked_tolerance(tolerance)
    torch_model, keras_model = told_apart(torch_model, keras_model)
    pairs = paired(torch_model, keras_model)

    ours: dict[int, np.ndarray] = {}
    moving = [p for p in torch_model.parameters() if p.requires_grad]
    # cuDNN has no backward pass for a recurrent net in inference mode.
    with _inference(torch_model), torch.backends.cudnn.flags(enabled=False):
        pred = _torch_output(torch_model, x)
        array = numeric_array(y, "y")
        target = to_tensor(array, dtype_of(torch_model), home_of(torch_model))
        value = attempted("torch_loss", torch_loss, pred, target)
        if not isinstance(value, torch.Tensor):
            raise ValueError(f"torch_loss returned {kind_of(value)}, not a tensor.")
        differentiate = functools.partial(
            torch.autograd.grad,
            inputs=moving,
            allow_unused=True,
            materialize_grads=True,
        )
        found = attempted("torch_loss", differentiate, value)
    for parameter, gradient in zip(moving, found, strict=True):
        ours[id(parameter)] = gradient.cpu().numpy()

    theirs: dict[int, np.ndarray] = {}
    variables = keras_model.trainable_variables
    inputs = _keras_inputs(keras_model, x)
    gradients = keras_gradients(keras_model, inputs, y, keras_loss)
    for variable, array in zip(variables, gradients, strict=True):
        theirs[id(variable)] = array

    wrong = []
    for i, (torch_layer, keras_layer) in enumerate(pairs):
        one, other = torch_layer.gradients(ours), keras_layer.gradients(theirs)
        names = f"layer {i}, {torch_layer.label} and {keras_layer.label}"
        if (one is None) != (other is None):
            frozen = "PyTorch" if one is None else "Keras"
            wrong.append(f"{names}: frozen in {frozen} only")
        elif one is not None and other is not None:
            for name in one:
                difference = _difference(one[name], other[name], tolerance)
                if difference:
                    wrong.append(f"{names}: gradient of {name} differs {difference}")
    if wrong:
        raise AssertionError("the gradients differ:\n  " + "\n  ".join(wrong))


def keras_gradients(
    model: Any, x: Any, y: Any, loss: Callable[[Any, Any], Any]
) -> list[np.ndarray]:
    """Differentiates a loss by a Keras model's trainable variables.

    Works with the TensorFlow and the PyTorch engine under Keras. The model runs in
    inference mode.

    Args:
        model: A Keras model or layer.
        x: Its input, or a list of its inputs.
        y: The target.
        loss: ``loss(target, pred)``; where it gives a number for each example, the mean
            is taken. For float64 call ``keras.config.set_floatx("float64")`` and
            ``keras.config.set_dtype_policy("float64")`` before making model and loss.

    Returns:
        Arrays like ``model.trainable_variables``, in that order.

    Raises:
        ValueError: Keras runs on another engine, or an argument does not fit.

    Example:
        >>> loss = keras.losses.SparseCategoricalCrossentropy(from_logits=True)
        >>> gradients = keras_gradients(model, x, y, loss)
    """
    import keras

    if not isinstance(model, keras.layers.Layer) or not callable(loss):
        which = "loss" if isinstance(model, keras.layers.Layer) else "model"
        given = kind_of(loss if which == "loss" else model)
        raise ValueError(f"{which} is {given}; give a Keras model and a function.")
    inputs = _inputs(x)
    variables = model.trainable_variables
    target = _keras_tensor(model, numeric_array(y, "y"))
    engine = keras.backend.backend()

    def value() -> Any:
        pred = _keras_call(model, inputs)
        return attempted("loss", lambda t, p: keras.ops.mean(loss(t, p)), target, pred)

    if engine == "tensorflow":
        import tensorflow as tf

        with tf.GradientTape() as tape:
            result = value()
        found = tape.gradient(
            result,
            [variable.value for variable in variables],
            unconnected_gradients=tf.UnconnectedGradients.ZERO,
        )
        # The gradient of an embedding comes as the rows that were used.
        return [tf.convert_to_tensor(gradient).numpy() for gradient in found]
    if engine == "torch":
        import torch

        with torch.enable_grad(), torch.backends.cudnn.flags(enabled=False):
            found = torch.autograd.grad(
                value(),
                [variable.value for variable in variables],
                allow_unused=True,
                materialize_grads=True,
            )
        return [gradient.cpu().numpy() for gradient in found]
    raise ValueError(
        f"Keras runs on {engine!r}; keras_gradients knows 'tensorflow' and 'torch'. "
        "Set the environment variable KERAS_BACKEND before Keras is imported."
    )


def _hints(torch_model: Any, keras_model: Any) -> str:
    """Settings that may be the cause of a difference, for the end of a message."""
    try:
        pairs = paired(torch_model, keras_model)
    except ValueError as error:
        return f".\nAlso, {error}"
    lines = []
    ours, theirs = str(dtype_of(torch_model)).split(".")[1], keras_model.compute_dtype
    if ours != theirs:
        lines.append(
            f" Keras computes in {theirs} and PyTorch in {ours}; "
            f"before making the model call keras.config.set_floatx('{ours}') and "
            f"keras.config.set_dtype_policy('{ours}')"
        )
    for i, (one, other) in enumerate(pairs):
        if one.padding is None:
            continue
        pad, keras_pad = one.padding, other.padding
        strided = max(one.settings["stride"]) > 1
        none = pad == "valid" or (not isinstance(pad, str) and not any(pad))
        if none != (keras_pad == "valid") or (strided and keras_pad == "same"):
            lines.append(
                f" of layer {i}, {one.label} and {other.label}: padding is {pad!r} in "
                f"PyTorch and {keras_pad!r} in Keras"
                + (", which pads one end more at this stride" if strided else "")
            )
    return "".join(f".\nPerhaps because{line}" for line in lines)


@contextlib.contextmanager
def _inference(model: Any) -> Iterator[None]:
    with modes_kept(model):
        model.eval()
        yield


def _checked_tolerance(tolerance: Any) -> None:
    if not is_number(tolerance) or tolerance < 0:
        raise ValueError(f"tolerance is {shown(tolerance)}; give a number from 0 up.")


def _inputs(x: Any) -> list[np.ndarray]:
    several = x if isinstance(x, (tuple, list)) else [x]
    arrays = [numeric_array(array, "x") for array in several]
    for array in arrays:
        if not array.size or not np.isfinite(array).all():
            what = "holds values that are not finite" if array.size else "is empty"
            raise ValueError(f"x {what}; give numbers that a comparison can use.")
    return arrays


def _torch_output(model: Any, x: Any) -> Any:
    dtype, place = dtype_of(model), home_of(model)
    inputs = [to_tensor(array, dtype, place) for array in _inputs(x)]
    return attempted("the PyTorch model", model, *inputs)


def _keras_inputs(model: Any, x: Any) -> list[np.ndarray]:
    inputs = _inputs(x)
    if image_layout(model) != "channels_last":
        return inputs
    expected: Any = getattr(model, "input_shape", None)
    shapes = expected if isinstance(expected, list) else [expected] * len(inputs)
    if len(shapes) != len(inputs):
        raise ValueError(
            f"x holds {len(inputs)} arrays, but the Keras model takes {len(shapes)}."
        )
    turned = []
    for array, shape in zip(inputs, shapes, strict=True):
        moved = np.moveaxis(array, 1, -1) if array.ndim > 2 else array
        as_it_is = _fits(array.shape, shape) and not _fits(moved.shape, shape)
        turned.append(array if as_it_is else moved)
    return turned


def _fits(shape: Sequence[int], expected: Sequence[int | None] | None) -> bool:
    return expected is None or (
        len(shape) == len(expected)
        and all(e in (None, s) for s, e in zip(shape[1:], expected[1:], strict=True))
    )


def _keras_call(model: Any, inputs: Sequence[Any]) -> Any:
    import keras

    tensors = [_keras_tensor(model, array) for array in inputs]
    call = functools.partial(model, training=False)
    if isinstance(model, keras.Model) and len(tensors) > 1:
        return attempted("the Keras model", call, tensors)
    return attempted("the Keras model", call, *tensors)


def _keras_tensor(model: Any, array: np.ndarray) -> Any:
    import keras

    dtype = model.compute_dtype if array.dtype.kind == "f" else None
    return keras.ops.convert_to_tensor(array, dtype=dtype)


def _outputs(result: Any) -> list[np.ndarray]:
    """A model's outputs; of a recurrent layer, which gives its state too, the first."""
    import keras

    results = result if isinstance(result, (tuple, list)) else [result]
    if any(isinstance(part, (tuple, list)) for part in results):
        results = results[:1]
    return [
        part.detach().cpu().numpy()
        if hasattr(part, "detach")
        else np.asarray(keras.ops.convert_to_numpy(part))
        for part in results
        if part is not None
    ]


def _matching_layout(array: np.ndarray, wanted: np.ndarray, images: bool) -> np.ndarray:
    """A Keras output in PyTorch's layout: its channels moved if that is what fits."""
    if not images or array.ndim < 3:
        return array
    candidates = [
        candidate
        for candidate in (np.moveaxis(array, -1, 1), array)
        if candidate.shape == wanted.shape
    ]
    # Both shapes fit a feature map as wide as it has channels.
    return min(candidates, key=lambda c: np.abs(c - wanted).max(), default=array)


def _difference(one: np.ndarray, other: np.ndarray, tolerance: float) -> str:
    """Nothing if two arrays agree, otherwise by how much they differ and where."""
    if one.shape != other.shape:
        return f"in shape: {one.shape} in PyTorch, {other.shape} in Keras"
    error = np.abs(one.astype(float) - other.astype(float))
    if np.all(error <= tolerance * np.maximum(1.0, np.abs(one))):
        return ""
    where = np.unravel_index(np.argmax(np.nan_to_num(error, nan=np.inf)), error.shape)
    place = tuple(int(i) for i in where)
    return (
        f"by up to {error[where]:.3g} (tolerance {tolerance:g}), at {place}: "
        f"{one[where]:.6g} in PyTorch, {other[where]:.6g} in Keras"
    )
