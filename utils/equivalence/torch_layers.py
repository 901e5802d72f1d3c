"""PyTorch's layers with parameters, each seen as a `Layer`: its arrays by name."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np

Arrays = dict[str, np.ndarray]


@dataclass
class Layer:
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
    #: Padding, which may differ where a layer before makes up for it.
    padding: Any = None
    #: Arrays that are a sum of two parameters.
    sums: tuple[str, ...] = ()

    def values(self) -> Arrays:
        """The arrays, in PyTorch's layout."""
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
        """Overwrites the parameters."""
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
    array: np.ndarray = parameter.detach().cpu().numpy().copy()
    return array


def _unchanged(name: str, array: np.ndarray) -> np.ndarray:
    return array


def named(
    kind: str,
    label: str,
    parameters: dict[str, Any],
    *,
    turn: Callable[[str, np.ndarray], np.ndarray] = _unchanged,
    turn_back: Callable[[str, np.ndarray], np.ndarray] = _unchanged,
    **more: Any,
) -> Layer:
    """A layer whose parameters go by PyTorch's names, each turned by itself."""
    held = {name: p for name, p in parameters.items() if p is not None}

    def unpack(arrays: Sequence[np.ndarray]) -> Arrays:
        return {n: turn(n, array) for n, array in zip(held, arrays, strict=True)}

    def pack(arrays: Arrays) -> list[np.ndarray]:
        return [turn_back(name, arrays[name]) for name in held]

    return Layer(kind, label, list(held.values()), unpack, pack, **more)


def unknown(label: str, holds: Sequence[str]) -> ValueError:
    """The error for a layer that cannot be paired."""
    return ValueError(
        f"{label} holds {', '.join(holds)}, and copy_weights does not know such a "
        "layer. Copy the parts around it one by one, and these by hand."
    )


def torch_layers(model: Any) -> list[Layer]:
    """The layers with parameters, in the order in which the model registers them."""
    return list(_walk(model, "", set()))


def _walk(module: Any, path: str, seen: set[int]) -> Iterator[Layer]:
    from torch import nn

    if id(module) in seen:
        return
    seen.add(id(module))
    own = [name for name, _ in module.named_parameters(recurse=False)]
    label = f"PyTorch {type(module).__name__}" + (f" '{path}'" if path else "")
    if any(nn.parameter.is_lazy(p) for p in module.parameters(recurse=False)):
        raise ValueError(f"{label} has no shape yet; run the model once on data.")

    def layer(kind: str, *names: str, **more: Any) -> Layer:
        return named(kind, label, {n: getattr(module, n) for n in names}, **more)

    if isinstance(module, nn.Linear):
        yield layer("linear", "weight", "bias")
    elif isinstance(module, nn.modules.conv._ConvNd):
        if module.padding_mode != "zeros":
            raise ValueError(
                f"{label} pads with {module.padding_mode!r}; Keras knows zeros only."
            )
        settings = {
            "stride": tuple(module.stride),
            "dilation": tuple(module.dilation),
            "groups": module.groups,
        }
        kind = "transposed convolution" if module.transposed else "convolution"
        pad = module.padding
        yield layer(kind, "weight", "bias", settings=settings, padding=pad)
    elif isinstance(module, nn.modules.batchnorm._BatchNorm):
        if module.running_mean is None:
            raise ValueError(
                f"{label} keeps no running statistics; Keras always does. Make it with "
                "track_running_stats=True."
            )
        names = "weight", "bias", "running_mean", "running_var"
        yield layer("batch normalisation", *names, settings={"epsilon": module.eps})
    elif isinstance(module, nn.LayerNorm) and own:
        settings = {"epsilon": module.eps}
        yield layer("layer normalisation", "weight", "bias", settings=settings)
    elif isinstance(module, nn.Embedding):
        yield layer("embedding", "weight")
    elif isinstance(module, (nn.RNN, nn.LSTM)):
        if module.proj_size:
            raise ValueError(
                f"{label} has proj_size, which Keras's LSTM does not know."
            )
        for number in range(module.num_layers):
            for suffix in ("", "_reverse")[: 1 + module.bidirectional]:
                yield _recurrent(module, f"_l{number}{suffix}", label)
    elif isinstance(module, nn.MultiheadAttention):
        yield _attention(module, label)
    elif own:
        raise unknown(label, own)
    else:
        for name, child in module.named_children():
            yield from _walk(child, f"{path}.{name}" if path else name, seen)


def _recurrent(module: Any, suffix: str, label: str) -> Layer:
    kind = module.mode.split("_")[0]  # RNN or LSTM
    settings = {
        "direction": "backward" if "_reverse" in suffix else "forward",
        "activation": module.nonlinearity if kind == "RNN" else "tanh",
        "recurrent activation": "sigmoid",
    }
    if module.num_layers > 1 or "_reverse" in suffix:
        label = f"{label} {suffix[1:]}"
    names = ["weight_ih", "weight_hh"]
    names += ["bias_ih", "bias_hh"] if module.bias else []
    held = {name: getattr(module, name + suffix) for name in names}
    if not module.bias:
        return named(kind, label, held, settings=settings)

    def unpack(arrays: Sequence[np.ndarray]) -> Arrays:
        weight_ih, weight_hh, first, second = arrays
        both = first + second
        return {"weight_ih": weight_ih, "weight_hh": weight_hh, "bias": both}

    def pack(arrays: Arrays) -> list[np.ndarray]:
        bias = arrays["bias"]
        return [arrays["weight_ih"], arrays["weight_hh"], bias, np.zeros_like(bias)]

    parameters = list(held.values())
    return Layer(kind, label, parameters, unpack, pack, settings, sums=("bias",))


def _attention(module: Any, label: str) -> Layer:
    if module.bias_k is not None or module.add_zero_attn:
        raise ValueError(
            f"{label} has add_bias_kv or add_zero_attn, which Keras does not know."
        )
    if module.in_proj_weight is None:
        raise ValueError(
            f"{label} has kdim or vdim, which copy_weights does not handle."
        )
    projections = "query", "key", "value"
    parameters = [module.in_proj_weight, module.out_proj.weight]
    kinds = ["weight"]
    if module.in_proj_bias is not None:
        parameters += [module.in_proj_bias, module.out_proj.bias]
        kinds += ["bias"]

    def unpack(arrays: Sequence[np.ndarray]) -> Arrays:
        made = {}
        for i, kind in enumerate(kinds):
            for name, array in zip(
                projections, np.split(arrays[2 * i], 3), strict=True
            ):
                made[f"{name}_{kind}"] = array
            made[f"out_{kind}"] = arrays[2 * i + 1]
        return made

    def pack(arrays: Arrays) -> list[np.ndarray]:
        made = []
        for kind in kinds:
            made.append(np.concatenate([arrays[f"{n}_{kind}"] for n in projections]))
            made.append(arrays[f"out_{kind}"])
        return made

    settings = {"heads": module.num_heads}
    return Layer("attention", label, parameters, unpack, pack, settings)
