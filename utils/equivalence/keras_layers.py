"""Keras's layers with parameters, their arrays in PyTorch's names and layout."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from typing import Any

import numpy as np

from utils.equivalence.torch_layers import Layer, named, unknown


def keras_layers(model: Any) -> list[Layer]:
    """The layers with parameters, in the order in which Keras lists them."""
    return list(_walk(model, _Graph(model), set()))


def _walk(layer: Any, graph: _Graph, seen: set[int]) -> Iterator[Layer]:
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
        yield _dense(layer, label, graph)
    elif isinstance(layer, _convolutions()):
        yield _convolution(layer, label)
    elif isinstance(layer, layers.BatchNormalization):
        statistics = {
            "running_mean": layer.moving_mean,
            "running_var": layer.moving_variance,
        }
        yield _normalisation("batch", layer, label, statistics, graph)
    elif isinstance(layer, layers.LayerNormalization):
        if layer.weights:
            yield _normalisation("layer", layer, label, {}, graph)
    elif isinstance(layer, layers.Embedding):
        yield named("embedding", label, {"weight": layer.embeddings})
    elif isinstance(layer, (layers.SimpleRNN, layers.LSTM)):
        yield _recurrent(layer, label)
    elif isinstance(layer, layers.MultiHeadAttention):
        yield _attention(layer, label)
    elif isinstance(layer, layers.Bidirectional):
        yield from _walk(layer.forward_layer, graph, seen)
        yield from _walk(layer.backward_layer, graph, seen)
    else:
        inside = {id(weight) for part in inner for weight in part.weights}
        own = [weight.name for weight in layer.weights if id(weight) not in inside]
        if own:
            raise unknown(label, own)
        for part in inner:
            yield from _walk(part, graph, seen)


def _children(layer: Any) -> list[Any]:
    return list(layer._flatten_layers(include_self=False, recursive=False))


def _convolutions() -> tuple[type, ...]:
    from keras import layers

    one = layers.Conv1D, layers.Conv2D, layers.Conv3D
    return *one, layers.Conv1DTranspose, layers.Conv2DTranspose


def _dense(layer: Any, label: str, graph: _Graph) -> Layer:
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
    return named("linear", label, parameters, turn=turn, turn_back=turn_back)


def _reordered(array: np.ndarray, order: np.ndarray | None) -> np.ndarray:
    return array if order is None else array[order]


def _inverse(order: np.ndarray | None) -> np.ndarray | None:
    return None if order is None else np.argsort(order)


def _convolution(layer: Any, label: str) -> Layer:
    # (k, ..., inputs, outputs) to (outputs, inputs, k, ...); transposed convolutions
    # have inputs and outputs swapped in both frameworks.
    def turn(name: str, array: np.ndarray) -> np.ndarray:
        return array if name == "bias" else np.moveaxis(array, (-1, -2), (0, 1))

    def turn_back(name: str, array: np.ndarray) -> np.ndarray:
        return array if name == "bias" else np.moveaxis(array, (0, 1), (-1, -2))

    transposed = "Transpose" in type(layer).__name__
    return named(
        "transposed convolution" if transposed else "convolution",
        label,
        {"weight": layer.kernel, "bias": layer.bias},
        turn=turn,
        turn_back=turn_back,
        settings={
            "stride": tuple(layer.strides),
            "dilation": tuple(layer.dilation_rate),
            "groups": getattr(layer, "groups", 1),
        },
        padding=layer.padding,
    )


def _normalisation(
    what: str, layer: Any, label: str, statistics: dict[str, Any], graph: _Graph
) -> Layer:
    flattened, reshaped = graph.flattened(layer), graph.reshaped(layer)
    order = reshaped if flattened is None else flattened
    return named(
        f"{what} normalisation",
        label,
        {"weight": layer.gamma, "bias": layer.beta, **statistics},
        turn=lambda name, array: _reordered(array, order),
        turn_back=lambda name, array: _reordered(array, _inverse(order)),
        settings={"epsilon": layer.epsilon},
    )


def _recurrent(layer: Any, label: str) -> Layer:
    from keras import layers

    cell = layer.cell
    settings = {
        "direction": "backward" if layer.go_backwards else "forward",
        "activation": cell.activation.__name__,
    }
    kind = "LSTM" if isinstance(layer, layers.LSTM) else "RNN"
    if kind == "LSTM":
        settings["recurrent activation"] = cell.recurrent_activation.__name__
    names = {"weight_ih": cell.kernel, "weight_hh": cell.recurrent_kernel}
    return named(
        kind,
        label,
        names | {"bias": cell.bias},
        turn=lambda name, array: array.T,
        turn_back=lambda name, array: array.T,
        settings=settings,
    )


def _attention(layer: Any, label: str) -> Layer:
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
    return named(
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

        self._layout = image_layout(model)
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


def image_layout(model: Any) -> str | None:
    """``"channels_last"`` or ``"channels_first"`` where the model handles images."""
    from keras import layers

    for layer in model._flatten_layers():
        if hasattr(layer, "data_format") and not isinstance(layer, layers.Flatten):
            return layer.data_format
    return None
