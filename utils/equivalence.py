"""One model in two frameworks: the same weights, the same outputs, the same gradients.

`copy_weights` carries the parameters of a PyTorch model into its Keras twin or back;
`assert_same_outputs` and `assert_same_gradients` then prove that the two are one.

Parameterised layers are paired in order. A layer of either framework is seen through a
`_Layer`, which shows its arrays under PyTorch's names and in PyTorch's layout; copying
and comparing are then the same for every kind. What differs between the frameworks:

* Keras keeps a kernel as (inputs, outputs), PyTorch a weight as (outputs, inputs).
* Keras images are (H, W, C), PyTorch's (C, H, W). So the rows of a dense kernel that
  follows ``Flatten`` are in another order, and the columns of one before ``Reshape``.
* A Keras RNN or LSTM has one bias, PyTorch two that are added: copied to PyTorch, the
  second becomes zero.
* Keras's GRU has its gates in the order z, r, h; PyTorch's has r, z, n.
* Keras's attention has a kernel (inputs, heads, size) for each of query, key, value.

Importing this module loads neither framework.
"""

from __future__ import annotations

import contextlib
import math
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import numpy as np

if TYPE_CHECKING:
    import torch

Arrays = dict[str, np.ndarray]


def copy_weights(source: Any, target: Any) -> None:
    """Copies all parameters from a PyTorch model to a Keras model, or the other way.

    Handles Linear/Dense, convolutions (grouped, depthwise, transposed), BatchNorm with
    its running statistics, LayerNorm, Embedding, RNN, LSTM and GRU (several layers and
    both directions too: in Keras one layer, or ``Bidirectional``, for each), and
    MultiheadAttention/MultiHeadAttention. The layers are taken in the order in which a
    PyTorch module registers them and in which Keras lists them; layers without
    parameters do not count.

    Nothing is copied unless everything matches.

    Args:
        source: A ``torch.nn.Module``, or a Keras model or layer that is built.
        target: The other one.

    Raises:
        ValueError: The two do not match. The message names both layers, with their
            position, name and shapes. Settings that change what a layer computes, such
            as the epsilon of a normalisation, must agree too.

    Example:
        >>> copy_weights(torch_model, keras_model)
        >>> assert_same_outputs(torch_model, keras_model, x)
    """
    torch_model, keras_model = _told_apart(source, target)
    pairs = _paired(torch_model, keras_model)
    if target is keras_model:
        written = [(theirs, theirs.pack(ours.values())) for ours, theirs in pairs]
    else:
        written = [(ours, ours.pack(theirs.values())) for ours, theirs in pairs]
    for layer, arrays in written:
        layer.write(arrays)


def assert_same_outputs(
    torch_model: Any,
    keras_model: Any,
    x: Any,
    tolerance: float = 1e-5,
    keras_x: Any = None,
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
        keras_x: The input for the Keras model where turning `x` is not what it needs.

    Raises:
        AssertionError: The outputs differ; the message says by how much and where.
        ValueError: The first two arguments are not a PyTorch and a Keras model.

    Example:
        >>> assert_same_outputs(torch_model, keras_model, x)
    """
    import torch

    torch_model, keras_model = _told_apart(torch_model, keras_model)
    images = _image_layout(keras_model) == "channels_last"
    with _inference(torch_model), torch.no_grad():
        ours = _outputs(torch_model(*_torch_inputs(torch_model, x)))
    theirs = _outputs(_keras_call(keras_model, _keras_inputs(keras_model, x, keras_x)))
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
    keras_x: Any = None,
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
        keras_x: As for `assert_same_outputs`.

    Raises:
        AssertionError: A gradient differs; the message names each such array.
        ValueError: The models do not match, as for `copy_weights`.
    """
    import torch

    from utils.training import _dtype, _home, _to_tensor

    torch_model, keras_model = _told_apart(torch_model, keras_model)
    pairs = _paired(torch_model, keras_model)

    ours: dict[int, np.ndarray] = {}
    moving = [p for p in torch_model.parameters() if p.requires_grad]
    # cuDNN has no backward pass for a recurrent net in inference mode.
    with _inference(torch_model), torch.backends.cudnn.flags(enabled=False):
        pred = torch_model(*_torch_inputs(torch_model, x))
        target = _to_tensor(_as_numpy(y), _dtype(torch_model), _home(torch_model))
        found = torch.autograd.grad(
            torch_loss(pred, target), moving, allow_unused=True, materialize_grads=True
        )
    for parameter, gradient in zip(moving, found, strict=True):
        ours[id(parameter)] = gradient.cpu().numpy()

    theirs: dict[int, np.ndarray] = {}
    variables = keras_model.trainable_variables
    inputs = _keras_inputs(keras_model, x, keras_x)
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
        ValueError: Keras runs on another engine.

    Example:
        >>> loss = keras.losses.SparseCategoricalCrossentropy(from_logits=True)
        >>> gradients = keras_gradients(model, x, y, loss)
    """
    import keras

    inputs = list(x) if isinstance(x, (tuple, list)) else [x]
    variables = model.trainable_variables
    target = _keras_tensor(model, y)
    engine = keras.backend.backend()

    def value() -> Any:
        pred = _keras_call(model, inputs)
        return keras.ops.mean(loss(target, pred))

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


# --- layers seen alike ---------------------------------------------------------------


@dataclass
class _Layer:
    """A layer with parameters, of either framework."""

    kind: str
    label: str
    parameters: list[Any]
    #: The parameters' arrays -> arrays under PyTorch's names and in its layout.
    unpack: Callable[[Sequence[np.ndarray]], Arrays]
    #: And back.
    pack: Callable[[Arrays], list[np.ndarray]]
    #: Settings that must be the same in both.
    settings: dict[str, Any] = field(default_factory=dict)
    #: Settings that may differ where something else makes up for it.
    remarks: dict[str, Any] = field(default_factory=dict)
    #: Arrays that are a sum of two parameters.
    sums: tuple[str, ...] = ()

    def values(self) -> Arrays:
        return self.unpack([_read(parameter) for parameter in self.parameters])

    def gradients(self, found: dict[int, np.ndarray]) -> Arrays | None:
        """Gradients in PyTorch's layout, or None if no parameter has one."""
        arrays = [found.get(id(parameter)) for parameter in self.parameters]
        if all(array is None for array in arrays):
            return None
        filled = [
            np.zeros_like(_read(parameter)) if array is None else array
            for parameter, array in zip(self.parameters, arrays, strict=True)
        ]
        gradients = self.unpack(filled)
        # Both parts of a sum have the gradient of the sum.
        return {k: v / 2 if k in self.sums else v for k, v in gradients.items()}

    def write(self, arrays: Sequence[np.ndarray]) -> None:
        for parameter, array in zip(self.parameters, arrays, strict=True):
            if hasattr(parameter, "assign"):
                parameter.assign(array)
            else:
                import torch

                with torch.no_grad():
                    parameter.copy_(torch.from_numpy(np.array(array)))


def _read(parameter: Any) -> np.ndarray:
    if hasattr(parameter, "assign"):
        import keras

        return np.array(keras.ops.convert_to_numpy(parameter))
    return parameter.detach().cpu().numpy().copy()


def _named(
    kind: str,
    label: str,
    parameters: dict[str, Any],
    *,
    turn: Callable[[str, np.ndarray], np.ndarray] = lambda name, array: array,
    turn_back: Callable[[str, np.ndarray], np.ndarray] = lambda name, array: array,
    **more: Any,
) -> _Layer:
    """A layer whose parameters go by PyTorch's names, each turned by itself."""
    held = {name: p for name, p in parameters.items() if p is not None}

    def unpack(arrays: Sequence[np.ndarray]) -> Arrays:
        return {n: turn(n, array) for n, array in zip(held, arrays, strict=True)}

    def pack(arrays: Arrays) -> list[np.ndarray]:
        return [turn_back(name, arrays[name]) for name in held]

    return _Layer(kind, label, list(held.values()), unpack, pack, **more)


# --- PyTorch's layers ----------------------------------------------------------------


def _torch_layers(model: torch.nn.Module) -> list[_Layer]:
    return list(_walk_torch(model, "", set()))


def _walk_torch(module: torch.nn.Module, path: str, seen: set[int]) -> Iterator[_Layer]:
    from torch import nn

    if id(module) in seen:
        return
    seen.add(id(module))
    own = [name for name, p in module.named_parameters(recurse=False)]
    label = f"PyTorch {type(module).__name__}" + (f" '{path}'" if path else "")
    for name, parameter in module.named_parameters():
        if nn.parameter.is_lazy(parameter):
            raise ValueError(
                f"{label} has no shape yet for {name}; run the model once on data."
            )
    if isinstance(module, nn.Linear):
        yield _named("linear", label, _attributes(module, "weight", "bias"))
    elif isinstance(module, nn.modules.conv._ConvNd):
        if module.padding_mode != "zeros":
            raise ValueError(
                f"{label} pads with {module.padding_mode!r}; Keras knows zeros only."
            )
        yield _named(
            "transposed convolution" if module.transposed else "convolution",
            label,
            _attributes(module, "weight", "bias"),
            settings={
                "stride": tuple(module.stride),
                "dilation": tuple(module.dilation),
                "groups": module.groups,
            },
            remarks={"padding": module.padding},
        )
    elif isinstance(module, nn.modules.batchnorm._BatchNorm):
        if module.running_mean is None:
            raise ValueError(
                f"{label} keeps no running statistics; Keras always does. Make it with "
                "track_running_stats=True."
            )
        yield _named(
            "batch normalisation",
            label,
            _attributes(module, "weight", "bias", "running_mean", "running_var"),
            settings={"epsilon": module.eps},
        )
    elif isinstance(module, nn.LayerNorm):
        if own:
            yield _named(
                "layer normalisation",
                label,
                _attributes(module, "weight", "bias"),
                settings={"epsilon": module.eps},
            )
    elif isinstance(module, nn.Embedding):
        yield _named("embedding", label, _attributes(module, "weight"))
    elif isinstance(module, nn.RNNBase):
        if getattr(module, "proj_size", 0):
            raise ValueError(
                f"{label} has proj_size, which Keras's LSTM does not know."
            )
        for number in range(module.num_layers):
            for suffix in ("", "_reverse")[: 1 + module.bidirectional]:
                yield _torch_recurrent(module, f"_l{number}{suffix}", label)
    elif isinstance(module, nn.MultiheadAttention):
        yield _torch_attention(module, label)
    elif own:
        raise ValueError(
            f"{label} holds {', '.join(own)}, and copy_weights does not know such a "
            "layer. Copy the parts around it one by one, and these by hand."
        )
    else:
        for name, child in module.named_children():
            yield from _walk_torch(child, f"{path}.{name}" if path else name, seen)


def _attributes(module: Any, *names: str) -> dict[str, Any]:
    return {name: getattr(module, name) for name in names}


def _torch_recurrent(module: Any, suffix: str, label: str) -> _Layer:
    kind = module.mode.split("_")[0]  # RNN, LSTM or GRU
    settings = {
        "direction": _direction("_reverse" in suffix),
        "activation": module.nonlinearity if kind == "RNN" else "tanh",
        "recurrent activation": "sigmoid",
    }
    label = (
        f"{label} {suffix[1:]}" if module.num_layers > 1 or "_rev" in suffix else label
    )
    names = ["weight_ih", "weight_hh"]
    names += ["bias_ih", "bias_hh"] if module.bias else []
    held = {name: getattr(module, name + suffix) for name in names}
    if kind == "GRU" or not module.bias:
        return _named(kind, label, held, settings=settings)

    def unpack(arrays: Sequence[np.ndarray]) -> Arrays:
        weight_ih, weight_hh, bias_ih, bias_hh = arrays
        return {
            "weight_ih": weight_ih,
            "weight_hh": weight_hh,
            "bias": bias_ih + bias_hh,
        }

    def pack(arrays: Arrays) -> list[np.ndarray]:
        bias = arrays["bias"]
        return [arrays["weight_ih"], arrays["weight_hh"], bias, np.zeros_like(bias)]

    parameters = list(held.values())
    return _Layer(kind, label, parameters, unpack, pack, settings, sums=("bias",))


def _torch_attention(module: Any, label: str) -> _Layer:
    if module.bias_k is not None or module.add_zero_attn:
        raise ValueError(
            f"{label} has add_bias_kv or add_zero_attn, which Keras does not know."
        )
    packed = module.in_proj_weight is not None
    parameters = (
        [module.in_proj_weight]
        if packed
        else [module.q_proj_weight, module.k_proj_weight, module.v_proj_weight]
    )
    parameters += [module.out_proj.weight]
    biased = module.in_proj_bias is not None
    if biased:
        parameters += [module.in_proj_bias, module.out_proj.bias]

    def unpack(arrays: Sequence[np.ndarray]) -> Arrays:
        left = list(arrays)
        three = np.split(left.pop(0), 3) if packed else [left.pop(0) for _ in range(3)]
        named = dict(zip(_QKV_WEIGHTS, three, strict=True))
        named["out_weight"] = left.pop(0)
        if biased:
            named |= dict(zip(_QKV_BIASES, np.split(left.pop(0), 3), strict=True))
            named["out_bias"] = left.pop(0)
        return named

    def pack(arrays: Arrays) -> list[np.ndarray]:
        weights = [arrays[name] for name in _QKV_WEIGHTS]
        made = [np.concatenate(weights)] if packed else weights
        made += [arrays["out_weight"]]
        if biased:
            made += [np.concatenate([arrays[name] for name in _QKV_BIASES])]
            made += [arrays["out_bias"]]
        return made

    settings = {"heads": module.num_heads}
    return _Layer("attention", label, parameters, unpack, pack, settings)


_QKV_WEIGHTS = ("query_weight", "key_weight", "value_weight")
_QKV_BIASES = ("query_bias", "key_bias", "value_bias")


# --- Keras's layers ------------------------------------------------------------------


def _keras_layers(model: Any) -> list[_Layer]:
    return list(_walk_keras(model, _Graph(model), set()))


def _walk_keras(layer: Any, graph: _Graph, seen: set[int]) -> Iterator[_Layer]:
    from keras import layers

    if id(layer) in seen:
        return
    seen.add(id(layer))
    label = f"Keras {type(layer).__name__} '{layer.name}'"
    inner = _children(layer)
    if not layer.built and not inner:
        raise ValueError(
            f"{label} is not built, so it has no weights yet; give the model a "
            "keras.Input or call it once on data."
        )
    if isinstance(layer, layers.Dense):
        yield _keras_dense(layer, label, graph)
    elif isinstance(layer, _keras_types(["Conv*D", "Conv*DTranspose"])):
        yield _keras_convolution(layer, label)
    elif isinstance(layer, _keras_types(["DepthwiseConv*D"])):
        yield _keras_depthwise(layer, label)
    elif isinstance(layer, layers.BatchNormalization):
        statistics = {
            "running_mean": layer.moving_mean,
            "running_var": layer.moving_variance,
        }
        yield _keras_normalisation("batch", layer, label, statistics, graph)
    elif isinstance(layer, layers.LayerNormalization):
        if layer.weights:
            yield _keras_normalisation("layer", layer, label, {}, graph)
    elif isinstance(layer, layers.Embedding):
        yield _named("embedding", label, {"weight": layer.embeddings})
    elif isinstance(layer, (layers.SimpleRNN, layers.LSTM, layers.GRU)):
        yield _keras_recurrent(layer, label)
    elif isinstance(layer, layers.MultiHeadAttention):
        yield _keras_attention(layer, label)
    elif isinstance(layer, layers.Bidirectional):
        yield from _walk_keras(layer.forward_layer, graph, seen)
        yield from _walk_keras(layer.backward_layer, graph, seen)
    else:
        inside = {id(weight) for part in inner for weight in part.weights}
        own = [weight.name for weight in layer.weights if id(weight) not in inside]
        if own:
            raise ValueError(
                f"{label} holds {', '.join(own)}, and copy_weights does not know such "
                "a layer. Copy the parts around it one by one, and these by hand."
            )
        for part in inner:
            yield from _walk_keras(part, graph, seen)


def _children(layer: Any) -> list[Any]:
    return list(layer._flatten_layers(include_self=False, recursive=False))


def _keras_types(patterns: Sequence[str]) -> tuple[type, ...]:
    """Keras's classes of these names for one, two and three dimensions."""
    from keras import layers

    names = [pattern.replace("*", n) for pattern in patterns for n in "123"]
    return tuple(getattr(layers, name) for name in names if hasattr(layers, name))


def _keras_dense(layer: Any, label: str, graph: _Graph) -> _Layer:
    # PyTorch's input j is Keras's input rows[j]; its output i is Keras's columns[i].
    rows, columns = graph.flattened(layer), graph.reshaped(layer)

    def turn(name: str, array: np.ndarray) -> np.ndarray:
        if name == "weight":
            array = _reordered(array, rows).T
        return _reordered(array, columns)

    def turn_back(name: str, array: np.ndarray) -> np.ndarray:
        array = _reordered(array, _inverse(columns))
        return _reordered(array.T, _inverse(rows)) if name == "weight" else array

    parameters = {"weight": layer.kernel, "bias": layer.bias}
    return _named("linear", label, parameters, turn=turn, turn_back=turn_back)


def _reordered(array: np.ndarray, order: np.ndarray | None) -> np.ndarray:
    return array if order is None else array[order]


def _inverse(order: np.ndarray | None) -> np.ndarray | None:
    return None if order is None else np.argsort(order)


def _keras_convolution(layer: Any, label: str) -> _Layer:
    # (k, ..., inputs, outputs) to (outputs, inputs, k, ...); transposed convolutions
    # have inputs and outputs swapped in both frameworks.
    def turn(name: str, array: np.ndarray) -> np.ndarray:
        n = array.ndim
        return array.transpose(n - 1, n - 2, *range(n - 2)) if n > 1 else array

    def turn_back(name: str, array: np.ndarray) -> np.ndarray:
        n = array.ndim
        return array.transpose(*range(2, n), 1, 0) if n > 1 else array

    transposed = "Transpose" in type(layer).__name__
    return _named(
        "transposed convolution" if transposed else "convolution",
        label,
        {"weight": layer.kernel, "bias": layer.bias},
        turn=turn,
        turn_back=turn_back,
        settings=_strides(layer) | {"groups": getattr(layer, "groups", 1)},
        remarks={"padding": layer.padding},
    )


def _keras_depthwise(layer: Any, label: str) -> _Layer:
    # (k, ..., channels, multiplier) to (channels · multiplier, 1, k, ...)
    *size, channels, multiplier = layer.kernel.shape

    def turn(name: str, array: np.ndarray) -> np.ndarray:
        if name == "bias":
            return array
        return array.reshape(*size, -1).transpose(-1, *range(len(size)))[:, None]

    def turn_back(name: str, array: np.ndarray) -> np.ndarray:
        if name == "bias":
            return array
        return np.moveaxis(array[:, 0], 0, -1).reshape(*size, channels, multiplier)

    return _named(
        "convolution",
        label,
        {"weight": layer.kernel, "bias": layer.bias},
        turn=turn,
        turn_back=turn_back,
        settings=_strides(layer) | {"groups": channels},
        remarks={"padding": layer.padding},
    )


def _strides(layer: Any) -> dict[str, Any]:
    return {"stride": tuple(layer.strides), "dilation": tuple(layer.dilation_rate)}


def _keras_normalisation(
    what: str, layer: Any, label: str, statistics: dict[str, Any], graph: _Graph
) -> _Layer:
    flattened, reshaped = graph.flattened(layer), graph.reshaped(layer)
    order = reshaped if flattened is None else flattened
    return _named(
        f"{what} normalisation",
        label,
        {"weight": layer.gamma, "bias": layer.beta, **statistics},
        turn=lambda name, array: _reordered(array, order),
        turn_back=lambda name, array: _reordered(array, _inverse(order)),
        settings={"epsilon": layer.epsilon},
    )


def _keras_recurrent(layer: Any, label: str) -> _Layer:
    cell = layer.cell
    kind = {"SimpleRNN": "RNN"}.get(type(layer).__name__, type(layer).__name__)
    settings = {
        "direction": _direction(layer.go_backwards),
        "activation": cell.activation.__name__,
    }
    names = {"weight_ih": cell.kernel, "weight_hh": cell.recurrent_kernel}
    if kind != "RNN":
        settings["recurrent activation"] = cell.recurrent_activation.__name__
    if kind != "GRU":
        return _named(
            kind,
            label,
            names | {"bias": cell.bias},
            turn=lambda name, array: array.T,
            turn_back=lambda name, array: array.T,
            settings=settings,
        )
    if not cell.reset_after:
        raise ValueError(
            f"{label} has reset_after=False; PyTorch resets after the product only."
        )

    def gates(array: np.ndarray) -> np.ndarray:
        """Between z, r, n and r, z, n, which is the same swap both ways."""
        first, second, third = np.split(array, 3)
        return np.concatenate([second, first, third])

    def unpack(arrays: Sequence[np.ndarray]) -> Arrays:
        kernel, recurrent, *biases = arrays
        named = {"weight_ih": gates(kernel.T), "weight_hh": gates(recurrent.T)}
        for bias in biases:
            named |= {"bias_ih": gates(bias[0]), "bias_hh": gates(bias[1])}
        return named

    def pack(arrays: Arrays) -> list[np.ndarray]:
        made = [gates(arrays["weight_ih"]).T, gates(arrays["weight_hh"]).T]
        if cell.bias is not None:
            made += [np.stack([gates(arrays["bias_ih"]), gates(arrays["bias_hh"])])]
        return made

    parameters = [*names.values(), *([] if cell.bias is None else [cell.bias])]
    return _Layer(kind, label, parameters, unpack, pack, settings)


def _direction(backward: bool) -> str:
    return "backward" if backward else "forward"


def _keras_attention(layer: Any, label: str) -> _Layer:
    if getattr(layer, "_use_gate", False):
        raise ValueError(f"{label} has a gate, which PyTorch does not know.")
    projections = {
        "query": layer.query_dense,
        "key": layer.key_dense,
        "value": layer.value_dense,
        "out": layer.output_dense,
    }
    names = {f"{name}_weight": dense.kernel for name, dense in projections.items()}
    biases = {f"{name}_bias": dense.bias for name, dense in projections.items()}
    shapes = {n: tuple(v.shape) for n, v in (names | biases).items() if v is not None}

    def turn(name: str, array: np.ndarray) -> np.ndarray:
        if name.endswith("bias"):
            return array.ravel()
        # Heads and their size are one axis in PyTorch: the last of the output
        # projection's inputs, the first of the others' outputs.
        inputs = array.shape[0] * (array.shape[1] if name == "out_weight" else 1)
        return array.reshape(inputs, -1).T

    def turn_back(name: str, array: np.ndarray) -> np.ndarray:
        return (array if name.endswith("bias") else array.T).reshape(shapes[name])

    settings = {"heads": layer.num_heads}
    return _named(
        "attention",
        label,
        names | biases,
        turn=turn,
        turn_back=turn_back,
        settings=settings,
    )


class _Graph:
    """Which Keras layer feeds which, to see where an image becomes a row of numbers.

    Known for Sequential and functional models, not inside a subclassed one.
    """

    def __init__(self, model: Any) -> None:
        from keras import layers

        self._layout = _image_layout(model)
        self._consumers: dict[int, list[Any]] = {}
        hidden: list[Any] = []
        permuted = False
        for layer in model._flatten_layers():
            permuted |= isinstance(layer, layers.Permute)
            try:
                source = layer.input
            except (AttributeError, ValueError):
                hidden.append(layer)
                continue
            if _children(layer):  # a model: its parts speak for themselves
                continue
            for tensor in source if isinstance(source, (list, tuple)) else [source]:
                self._consumers.setdefault(id(tensor), []).append(layer)
        flat = next((x for x in hidden if isinstance(x, layers.Flatten)), None)
        if flat is not None and self._layout and not permuted:
            raise ValueError(
                f"Keras Flatten '{flat.name}' is inside a subclassed model, so the "
                "order in which it flattens an image cannot be seen. Build that part "
                "with keras.Sequential or keras.Model(inputs, outputs), or put "
                "keras.layers.Permute((3, 1, 2)) before it."
            )

    def flattened(self, layer: Any) -> np.ndarray | None:
        """Where a layer's inputs are a flattened image: Keras's index for PyTorch's."""
        from keras import layers

        tensor = _single(layer, "input")
        while tensor is not None:
            before = _producer(tensor)
            if isinstance(before, (layers.Flatten, layers.Reshape)):
                image = _single(before, "input")
                if len(tensor.shape) != 2 or not self._is_image(image):
                    return None
                return _image_order(image.shape[1:])
            if before is None or not _elementwise(before):
                return None
            tensor = _single(before, "input")
        return None

    def reshaped(self, layer: Any) -> np.ndarray | None:
        """The same where a layer's outputs become an image."""
        from keras import layers

        tensor = _single(layer, "output")
        while tensor is not None and self._layout == "channels_last":
            after = next(iter(self._consumers.get(id(tensor), [])), None)
            if isinstance(after, layers.Reshape) and len(after.output.shape) == 4:
                return _image_order(after.output.shape[1:])
            if after is None or not _elementwise(after):
                return None
            tensor = _single(after, "output")
        return None

    def _is_image(self, tensor: Any) -> bool:
        """Whether a tensor's last axis is the channels that PyTorch has first."""
        from keras import layers

        sequences = (
            *(layers.Dense, layers.Embedding, layers.RNN, layers.Bidirectional),
            *(layers.MultiHeadAttention, layers.Permute, layers.Reshape),
        )
        if tensor is None or len(tensor.shape) < 3 or self._layout != "channels_last":
            return False
        while tensor is not None:
            layer = _producer(tensor)
            if layer is None or isinstance(layer, layers.InputLayer):
                return len(tensor.shape) > 3
            if hasattr(layer, "data_format"):
                return True
            if isinstance(layer, sequences):
                return False
            inputs = layer.input
            tensor = inputs[0] if isinstance(inputs, (list, tuple)) else inputs
        return False


def _producer(tensor: Any) -> Any:
    """The layer whose output a symbolic tensor is; inside a nested model, its last."""
    history = getattr(tensor, "_keras_history", None)
    layer = None if history is None else history.operation
    if layer is not None and getattr(layer, "outputs", None) and _children(layer):
        return _producer(layer.outputs[0])
    return layer


def _single(layer: Any, side: str) -> Any:
    """A layer's only input or output tensor; None if unknown or several."""
    try:
        tensor = getattr(layer, side)
    except (AttributeError, ValueError):
        return None
    return None if isinstance(tensor, (list, tuple)) else tensor


def _elementwise(layer: Any) -> bool:
    """Whether a layer leaves every number of a row in its place."""
    from keras import layers

    normal = (layers.BatchNormalization, layers.LayerNormalization)
    source, result = _single(layer, "input"), _single(layer, "output")
    return (
        source is not None
        and result is not None
        and source.shape == result.shape
        and len(source.shape) == 2
        and (not layer.weights or isinstance(layer, normal))
    )


def _image_order(shape: Sequence[int]) -> np.ndarray:
    """Indices into a flattened (H, W, C) in the order of a flattened (C, H, W)."""
    index = np.arange(math.prod(shape)).reshape(shape)
    return np.moveaxis(index, -1, 0).ravel()


def _image_layout(model: Any) -> str | None:
    """``"channels_last"`` or ``"channels_first"`` where the model handles images."""
    from keras import layers

    for layer in model._flatten_layers():
        if hasattr(layer, "data_format") and not isinstance(layer, layers.Flatten):
            return layer.data_format
    return None


# --- pairing -------------------------------------------------------------------------


def _told_apart(first: Any, second: Any) -> tuple[Any, Any]:
    """The PyTorch and the Keras model of the two, in this order."""
    import keras
    import torch

    def framework(model: Any) -> str:
        # On its PyTorch engine a Keras layer is a torch.nn.Module too.
        if isinstance(model, keras.layers.Layer):
            return "Keras"
        if isinstance(model, torch.nn.Module):
            return "PyTorch"
        raise ValueError(
            f"{type(model).__name__} is neither a torch.nn.Module nor a Keras model."
        )

    kinds = framework(first), framework(second)
    if kinds[0] == kinds[1]:
        method = "load_state_dict" if kinds[0] == "PyTorch" else "set_weights"
        raise ValueError(
            f"both models are {kinds[0]} models; one must be PyTorch's, one Keras's. "
            f"Between two of a kind use {method}."
        )
    return (first, second) if kinds[0] == "PyTorch" else (second, first)


def _paired(torch_model: Any, keras_model: Any) -> list[tuple[_Layer, _Layer]]:
    """Pairs the layers in order, or says all that does not match."""
    ours, theirs = _torch_layers(torch_model), _keras_layers(keras_model)
    kinds = [layer.kind for layer in ours], [layer.kind for layer in theirs]
    if kinds[0] != kinds[1]:
        raise ValueError(_unpaired(ours, theirs))
    pairs = list(zip(ours, theirs, strict=True))
    wrong = [
        f"layer {i}, {one.label} and {other.label}: {difference}"
        for i, (one, other) in enumerate(pairs)
        for difference in _mismatches(one, other)
    ]
    if wrong:
        raise ValueError("the two models do not match:\n  " + "\n  ".join(wrong))
    return pairs


def _unpaired(ours: Sequence[_Layer], theirs: Sequence[_Layer]) -> str:
    both = min(len(ours), len(theirs))
    at = next((i for i in range(both) if ours[i].kind != theirs[i].kind), both)

    def found(layers: Sequence[_Layer]) -> str:
        if at == len(layers):
            return "no more layer"
        return layers[at].label.split(" ", 1)[1]

    lines = [
        f"the layers with parameters do not pair up: as layer {at} PyTorch has "
        f"{found(ours)}, Keras has {found(theirs)}. They are, in order:"
    ]
    for name, layers in (("PyTorch", ours), ("Keras", theirs)):
        labels = [layer.label.removeprefix(f"{name} ") for layer in layers]
        lines.append(f"  {name}: {', '.join(labels) or 'none'}")
    return "\n".join(lines)


def _mismatches(one: _Layer, other: _Layer) -> Iterator[str]:
    for name, setting in one.settings.items():
        if other.settings.get(name, setting) != setting:
            yield (
                f"{name} is {setting} in PyTorch and {other.settings[name]} in Keras; "
                "make both the same"
            )
    ours, theirs = one.values(), other.values()
    for name in dict.fromkeys([*ours, *theirs]):
        if name not in theirs:
            yield f"PyTorch has {name}, Keras has not"
        elif name not in ours:
            yield f"Keras has {name}, PyTorch has not"
        elif ours[name].shape != theirs[name].shape:
            yield (
                f"{name} has shape {ours[name].shape} in PyTorch and, written the same "
                f"way, {theirs[name].shape} in Keras"
            )


def _hints(torch_model: Any, keras_model: Any) -> str:
    """Settings that may be the cause of a difference, for the end of a message."""
    from utils.training import _dtype

    try:
        pairs = _paired(torch_model, keras_model)
    except ValueError as error:
        return f".\nAlso, {error}"
    lines = []
    ours, theirs = str(_dtype(torch_model)).split(".")[1], keras_model.compute_dtype
    if ours != theirs:
        lines.append(
            f" Keras computes in {theirs} and PyTorch in {ours}; "
            f"before making the model call keras.config.set_floatx('{ours}') and "
            f"keras.config.set_dtype_policy('{ours}')"
        )
    for i, (one, other) in enumerate(pairs):
        if "padding" not in one.remarks:
            continue
        pad, keras_pad = one.remarks["padding"], other.remarks["padding"]
        strided = max(one.settings["stride"]) > 1
        none = pad == "valid" or (not isinstance(pad, str) and not any(pad))
        if none != (keras_pad == "valid") or (strided and keras_pad == "same"):
            lines.append(
                f" of layer {i}, {one.label} and {other.label}: padding is {pad!r} in "
                f"PyTorch and {keras_pad!r} in Keras"
                + (", which pads one end more at this stride" if strided else "")
            )
    return "".join(f".\nPerhaps because{line}" for line in lines)


# --- running both --------------------------------------------------------------------


@contextlib.contextmanager
def _inference(model: torch.nn.Module) -> Iterator[None]:
    from utils.training import _modes_kept

    with _modes_kept(model):
        model.eval()
        yield


def _torch_inputs(model: torch.nn.Module, x: Any) -> list[torch.Tensor]:
    from utils.training import _dtype, _home, _to_tensor

    inputs = x if isinstance(x, (tuple, list)) else [x]
    return [
        _to_tensor(_as_numpy(array), _dtype(model), _home(model)) for array in inputs
    ]


def _keras_inputs(model: Any, x: Any, keras_x: Any) -> list[np.ndarray]:
    given = x if keras_x is None else keras_x
    inputs = [
        _as_numpy(array)
        for array in (given if isinstance(given, (tuple, list)) else [given])
    ]
    if keras_x is not None or _image_layout(model) != "channels_last":
        return inputs
    expected: Any = getattr(model, "input_shape", None)
    shapes = expected if isinstance(expected, list) else [expected] * len(inputs)
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
    if isinstance(model, keras.Model):
        return model(tensors[0] if len(tensors) == 1 else tensors, training=False)
    return model(*tensors, training=False)


def _keras_tensor(model: Any, values: Any) -> Any:
    import keras

    array = _as_numpy(values)
    dtype = model.compute_dtype if array.dtype.kind == "f" else None
    return keras.ops.convert_to_tensor(array, dtype=dtype)


def _as_numpy(array: Any) -> np.ndarray:
    if hasattr(array, "detach"):
        array = array.detach().cpu()
    return np.asarray(array)


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
