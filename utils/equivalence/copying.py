"""Pairing the layers of two models, and copying weights from one to the other."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

from utils.equivalence.keras_layers import keras_layers
from utils.equivalence.torch_layers import Layer, torch_layers


def copy_weights(source: Any, target: Any) -> None:
    """Copies all parameters from a PyTorch model to a Keras model, or the other way.

    Handles Linear/Dense, convolutions (grouped and transposed ones too), BatchNorm with
    its running statistics, LayerNorm, Embedding, RNN and LSTM (several layers and both
    directions too: in Keras one layer, or ``Bidirectional``, for each), and
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
    torch_model, keras_model = told_apart(source, target)
    pairs = paired(torch_model, keras_model)
    if target is keras_model:
        written = [(theirs, theirs.pack(ours.values())) for ours, theirs in pairs]
    else:
        written = [(ours, ours.pack(theirs.values())) for ours, theirs in pairs]
    for layer, arrays in written:
        layer.write(arrays)


def told_apart(first: Any, second: Any) -> tuple[Any, Any]:
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


def paired(torch_model: Any, keras_model: Any) -> list[tuple[Layer, Layer]]:
    """Pairs the layers in order, or says all that does not match."""
    ours, theirs = torch_layers(torch_model), keras_layers(keras_model)
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


def _unpaired(ours: Sequence[Layer], theirs: Sequence[Layer]) -> str:
    both = min(len(ours), len(theirs))
    at = next((i for i in range(both) if ours[i].kind != theirs[i].kind), both)

    def found(layers: Sequence[Layer]) -> str:
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


def _mismatches(one: Layer, other: Layer) -> Iterator[str]:
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
