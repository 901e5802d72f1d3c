"""What the arguments of `fit` and its relatives mean, and what is wrong with bad ones.

Each function takes what a caller gave and returns what the loop works with, or raises a
`ValueError` of one sentence that names the argument. `utils.equivalence` uses the
functions about tensors, devices and modes too.
"""

from __future__ import annotations

import contextlib
import inspect
import sys
from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING, Any

import numpy as np

from utils.scratch._checks import is_whole

if TYPE_CHECKING:
    import torch


# --- numbers -------------------------------------------------------------------------


def check_counts(**counts: Any) -> None:
    """Refuses what is no whole number from 1 up (that 32 bits can hold)."""
    for name, count in counts.items():
        if not (is_whole(count) and 1 <= count < 2**31):
            raise ValueError(
                f"{name} is {shown(count)}; give a whole number from 1 up."
            )


def check_flags(**flags: Any) -> None:
    """Refuses what is neither True nor False."""
    for name, flag in flags.items():
        if not isinstance(flag, bool):
            raise ValueError(f"{name} is {shown(flag)}; give True or False.")


def check_stopping(patience: Any, clip_norm: Any = None) -> None:
    """Refuses a patience or a norm that is given and makes no sense."""
    if patience is not None:
        check_counts(patience=patience)
    if clip_norm is not None and not (is_number(clip_norm) and clip_norm > 0):
        raise ValueError(f"clip_norm is {shown(clip_norm)}; give a positive number.")


def check_seed(seed: Any) -> None:
    """Refuses what is no seed for NumPy, PyTorch and Keras alike."""
    if not is_whole(seed) or not 0 <= seed < 2**32:
        raise ValueError(
            f"seed is {shown(seed)}; give a whole number from 0 to 2³² - 1."
        )


def is_number(value: Any) -> bool:
    """Whether a value is a finite real number; True and False are not."""
    if isinstance(value, np.floating):  # a short one has no room for the largest float
        value = float(value)
    real = is_whole(value) or isinstance(value, float)
    return real and abs(value) <= sys.float_info.max


# --- data ----------------------------------------------------------------------------


def arrays_of(data: Any, name: str) -> tuple[list[Any], Any]:
    """Splits a pair (x, y) into the list of inputs and the target, of equal lengths."""
    if not isinstance(data, (tuple, list)) or len(data) != 2:
        way_out = "the two together: fit(model, (x, y), ...)"
        raise ValueError(
            f"{name} must be a pair (x, y) of arrays; got {kind_of(data)}. "
            f"Pass {way_out if name == 'data' else f'{name}=(x, y)'}."
        )
    inputs = inputs_of(data[0], f"{name}'s x")
    target = _array(data[1], f"{name}'s y")
    if len(target) != len(inputs[0]):
        raise ValueError(
            f"{name}: x holds {len(inputs[0])} examples but y holds {len(target)}; "
            "both must have the same first axis."
        )
    return inputs, target


def inputs_of(x: Any, name: str) -> list[Any]:
    """The input arrays, each with the examples along its first axis."""
    if isinstance(x, (tuple, list)) and x and all(getattr(p, "ndim", 0) for p in x):
        inputs = [_array(part, f"{name}[{i}]") for i, part in enumerate(x)]
    else:
        inputs = [_array(x, name)]
    lengths = [len(array) for array in inputs]
    if len(set(lengths)) > 1:
        raise ValueError(
            f"{name} is {len(inputs)} arrays with {lengths} examples; they must hold "
            "equally many. For a single input pass one array."
        )
    return inputs


def _array(values: Any, name: str) -> Any:
    """Leaves PyTorch tensors alone and makes a NumPy array of anything else."""
    array: Any = values if _is_tensor(values) else numeric_array(values, name)
    if _is_tensor(array) and array.is_complex():
        raise ValueError(f"{name} has dtype {array.dtype}; give real numbers.")
    if not array.ndim or not len(array):
        raise ValueError(
            f"{name} has shape {tuple(array.shape)}: there is no example in it. "
            "Its first axis must count the examples."
        )
    return array


def numeric_array(values: Any, name: str) -> np.ndarray:
    """A NumPy array of floats, integers or booleans."""
    if hasattr(values, "detach"):
        values = values.detach().cpu()
    try:
        array = np.asarray(values)
    except (ValueError, TypeError) as error:
        message = f"{name} is not a regular array: {one_line(error)}"
        raise ValueError(message) from None
    if array.dtype.kind not in "fiub":
        raise ValueError(
            f"{name} has dtype {array.dtype}; give numbers (floats, integers or "
            "booleans)."
        )
    return array


def _is_tensor(values: Any) -> bool:
    torch = sys.modules.get("torch")
    return torch is not None and isinstance(values, torch.Tensor)


def tensors(
    model: torch.nn.Module, data: Any, place: torch.device, name: str
) -> tuple[list[torch.Tensor], torch.Tensor]:
    """The inputs and the target as tensors on a device, floats in the model's dtype."""
    inputs, target = arrays_of(data, name)
    dtype = dtype_of(model)
    moved = [to_tensor(array, dtype, place) for array in inputs]
    return moved, to_tensor(target, dtype, place)


def to_tensor(array: Any, dtype: torch.dtype, place: torch.device) -> torch.Tensor:
    """An array on a device: integers as int64, floats and booleans as `dtype`."""
    import torch

    if not _is_tensor(array):
        if array.dtype.itemsize > 8 or not array.dtype.isnative:
            array = array.astype(float if array.dtype.kind == "f" else np.int64)
        # PyTorch shares memory with the array, which must be writable and in order.
        array = torch.from_numpy(np.require(array, requirements=["C", "W"]))
    integers = not array.dtype.is_floating_point and array.dtype != torch.bool
    return array.detach().to(place, torch.int64 if integers else dtype)


# --- words for messages --------------------------------------------------------------


def kind_of(value: Any) -> str:
    """What a value is: its type and, if it has one, its shape."""
    if isinstance(value, (tuple, list)):
        return f"a {type(value).__name__} of {len(value)}"
    if isinstance(value, type):
        return f"the class {value.__name__}"
    shape, name = getattr(value, "shape", None), type(value).__name__
    if not isinstance(shape, tuple):
        return name
    return f"{name} of shape {tuple(shape)}, {str(value.dtype).split('.')[-1]}"


def shown(value: Any) -> str:
    """A value as Python writes it where that is short, otherwise what it is."""
    text = "" if hasattr(value, "shape") and value.shape else repr(value)
    return text if 0 < len(text) <= 60 and "\n" not in text else kind_of(value)


def one_line(error: BaseException) -> str:
    """The first line of an error's message, or its name."""
    return (str(error).strip() or type(error).__name__).splitlines()[0]


def attempted(what: str, call: Callable[..., Any], *given: Any) -> Any:
    """Calls something of the caller's; where it fails, says on what in one sentence."""
    try:
        return call(*given)
    except Exception as error:
        raw = RuntimeError, TypeError, ValueError, LookupError, AttributeError
        if not isinstance(error, raw) and "tensorflow" not in type(error).__module__:
            raise
        on = " and ".join(kind_of(value) for value in given)
        raise ValueError(f"{what} fails on {on}: {one_line(error)}") from error


# --- model and device ----------------------------------------------------------------


def dtype_of(model: torch.nn.Module) -> torch.dtype:
    """The floating-point type of a model's parameters."""
    import torch

    for parameter in model.parameters():
        if parameter.is_floating_point():
            return parameter.dtype
    return torch.get_default_dtype()


def home_of(model: torch.nn.Module) -> torch.device:
    """The device that a model's parameters are on."""
    import torch

    first = next(model.parameters(), None)
    return torch.device("cpu") if first is None else first.device


def device_of(model: Any, device: Any) -> torch.device:
    """The device to work on, as `fit` describes."""
    import torch

    if not isinstance(model, torch.nn.Module):
        raise ValueError(
            f"model is {kind_of(model)}, not a torch.nn.Module; train a Keras model "
            "with fit_keras."
        )
    if device is None:
        home = home_of(model)
        if home.type != "cpu":
            return home
        from utils import runtime

        place = torch.device(runtime.device())
        # Apple's GPU has no float64.
        double = dtype_of(model) == torch.float64
        return home if place.type == "mps" and double else place
    try:
        place = torch.device(device)
    except (RuntimeError, TypeError, ValueError):
        raise ValueError(
            f"unknown device {shown(device)}; choose from 'cpu', 'cuda' and 'mps'."
        ) from None
    found = {
        "cpu": 1,
        "cuda": torch.cuda.device_count(),
        "mps": int(torch.backends.mps.is_available()),
    }
    if (place.index or 0) >= found.get(place.type, 0):
        raise ValueError(
            f"device is {shown(device)}, but PyTorch finds none here; leave device "
            "out to use the best there is."
        )
    return place


@contextlib.contextmanager
def placed(model: torch.nn.Module, place: torch.device) -> Iterator[None]:
    """Moves the model to a device and, at the end, back."""
    home = home_of(model)
    model.to(place)
    try:
        yield
    finally:
        model.to(home)


@contextlib.contextmanager
def modes_kept(model: torch.nn.Module) -> Iterator[None]:
    """Gives every layer, at the end, the mode it had."""
    modes = [(module, module.training) for module in model.modules()]
    try:
        yield
    finally:
        for module, training in modes:
            module.training = training


@contextlib.contextmanager
def seeded(seed: int, place: torch.device) -> Iterator[torch.Generator]:
    """Seeds PyTorch inside the block; gives the generator that orders the examples."""
    import torch

    cuda = [place] if place.type == "cuda" else []
    with torch.random.fork_rng(devices=cuda):
        torch.manual_seed(int(seed))
        yield torch.Generator().manual_seed(int(seed))


def autocast_of(
    amp: Any, place: torch.device
) -> contextlib.AbstractContextManager[Any]:
    """What wraps a forward pass: bfloat16 where it is wanted, otherwise nothing."""
    import torch

    check_flags(amp=amp)
    if not amp:
        return contextlib.nullcontext()
    return torch.autocast(place.type, dtype=torch.bfloat16)


# --- optimiser and schedule ----------------------------------------------------------


def optimizer_of(
    model: torch.nn.Module, optimizer: Any, lr: Any
) -> torch.optim.Optimizer:
    """The optimiser, made if need be."""
    import torch

    parameters = [p for p in model.parameters() if p.requires_grad]
    if not parameters:
        raise ValueError(
            "the model has no parameter to train: it has none, or all are frozen "
            "(requires_grad is False)."
        )
    rate = 1e-3 if lr is None else lr
    if not (is_number(rate) and rate >= 0):
        raise ValueError(f"lr is {shown(lr)}; give a number that is not negative.")
    named: dict[str, Callable[..., torch.optim.Optimizer]] = {
        "adam": torch.optim.Adam,
        "adamw": torch.optim.AdamW,
        "sgd": torch.optim.SGD,
        "momentum": lambda p, lr: torch.optim.SGD(p, lr=lr, momentum=0.9),
        "rmsprop": torch.optim.RMSprop,
    }
    if isinstance(optimizer, str):
        if optimizer not in named:
            raise ValueError(
                f"unknown optimizer {optimizer!r}; choose from {', '.join(named)}, or "
                "pass a torch.optim optimiser."
            )
        return named[optimizer](parameters, lr=rate)
    made = optimizer
    if lr is not None:
        raise ValueError(
            f"lr is {shown(lr)}, but the optimiser you pass already has its learning "
            "rate; give lr to the optimiser, or name one: optimizer='sgd'."
        )
    if not isinstance(made, torch.optim.Optimizer) and callable(made):
        made = attempted("optimizer", made, parameters)
    if not isinstance(made, torch.optim.Optimizer):
        raise ValueError(
            f"optimizer is {kind_of(made)}; give one of {', '.join(named)}, a "
            "torch.optim optimiser, or a function from parameters to one."
        )
    if isinstance(made, torch.optim.LBFGS):
        raise ValueError("optimizer is LBFGS, which needs a loop of its own.")
    held = {id(p) for group in made.param_groups for p in group["params"]}
    if not any(id(p) in held for p in parameters):
        raise ValueError(
            "the optimiser holds none of this model's trainable parameters; make it "
            "from model.parameters() after the model is complete."
        )
    return made


class Schedule:
    """Moves the learning rate after a step or an epoch; without a scheduler, never."""

    def __init__(self, scheduler: Any = None, each_step: bool = False) -> None:
        self.scheduler, self.each_step = scheduler, each_step

    def after_step(self) -> None:
        """Moves the rate if it moves every step."""
        if self.each_step:
            self.scheduler.step()

    def after_epoch(self, row: dict[str, float]) -> None:
        """Notes the rate in the epoch's row, then moves it if that is due."""
        from torch.optim.lr_scheduler import ReduceLROnPlateau

        if self.scheduler is None:
            return
        row["lr"] = self.scheduler.optimizer.param_groups[0]["lr"]
        if isinstance(self.scheduler, ReduceLROnPlateau):
            self.scheduler.step(row.get("val_loss", row["loss"]))
        elif not self.each_step:
            self.scheduler.step()


def schedule_of(schedule: Any, optimizer: torch.optim.Optimizer) -> Schedule:
    """The schedule as `fit` describes it."""
    from torch.optim import lr_scheduler

    if schedule is None:
        return Schedule()
    if not callable(schedule):
        raise ValueError(
            f"schedule is {kind_of(schedule)}; give a function of epoch or step, or "
            "a function from the optimiser to a torch.optim.lr_scheduler."
        )
    try:
        first = next(iter(inspect.signature(schedule).parameters), "")
    except ValueError:  # a built-in without a signature
        first = ""
    if first in ("epoch", "step"):

        def factor(count: int) -> float:
            value = schedule(count)
            if not is_number(value):
                message = f"schedule returned {kind_of(value)} for {first} {count}"
                raise ValueError(f"{message}; give a number, the factor on lr.")
            return float(value)

        scheduler = lr_scheduler.LambdaLR(optimizer, factor)
        return Schedule(scheduler, each_step=first == "step")
    plain = "Call the parameter of a plain factor `epoch` or `step`: "
    plain += "lambda epoch: 0.9**epoch."
    try:
        made = attempted("schedule", schedule, optimizer)
    except ValueError as error:
        raise ValueError(f"{str(error).rstrip('.')}. {plain}") from error
    if not isinstance(made, lr_scheduler.LRScheduler):
        message = f"schedule returned {kind_of(made)}, not a scheduler"
        raise ValueError(f"{message}. {plain}")
    if made.optimizer is not optimizer:
        raise ValueError(
            "the scheduler that schedule returned belongs to another optimiser; make "
            "it for the one that schedule is given."
        )
    steps = (lr_scheduler.OneCycleLR, lr_scheduler.CyclicLR)
    return Schedule(made, each_step=isinstance(made, steps))
