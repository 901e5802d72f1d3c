"""Training: one `fit` for PyTorch, one for Keras, and the `History` both return.

The first chapter writes its training loop out; every later chapter calls this one.
Mini-batches are slices of tensors that already lie on the device, which on small data
is as fast as a loop written by hand and faster than a ``DataLoader``.

Importing this module loads neither PyTorch nor Keras.
"""

from __future__ import annotations

import contextlib
import copy
import inspect
import math
import os
import sys
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import numpy as np

if TYPE_CHECKING:
    import torch

Loss = Callable[[Any, Any], Any]
Metrics = str | Sequence[str | Loss] | Mapping[str, str | Loss]


def fit(
    model: torch.nn.Module,
    data: tuple[Any, Any],
    *,
    loss: Loss,
    epochs: int,
    batch_size: int = 64,
    optimizer: Any = "adam",
    lr: float | None = None,
    validation: tuple[Any, Any] | None = None,
    metrics: Metrics = (),
    schedule: Any = None,
    clip_norm: float | None = None,
    patience: int | None = None,
    monitor: str | None = None,
    device: str | torch.device | None = None,
    amp: bool | None = None,
    seed: int | None = 0,
    progress: bool | None = None,
) -> History:
    """Trains a PyTorch model on arrays held in memory.

    The arrays go to the device once. Each epoch draws a new order and cuts it into
    mini-batches; the last one may be smaller and counts for less in the epoch's mean.
    Floating-point arrays (and booleans) become the model's dtype, so float64 NumPy data
    trains a float32 model; integers become int64.

    Afterwards the model is back on the device it came from and its layers are in the
    mode, training or evaluation, they were in before.

    Args:
        model: Any module. With several inputs it is called as ``model(*inputs)``.
        data: The pair ``(x, y)``. ``x`` is an array or tensor whose first axis counts
            the examples, or a tuple or list of such arrays.
        loss: ``loss(pred, target)`` giving the mean over the batch, such as
            ``torch.nn.functional.cross_entropy``.
        epochs: How many times to go through the data, at most.
        batch_size: Examples in a mini-batch.
        optimizer: ``"adam"``, ``"adamw"``, ``"sgd"``, ``"momentum"`` or ``"rmsprop"``;
            a class from ``torch.optim``; a function from the trainable parameters to an
            optimiser; or an optimiser.
        lr: Learning rate, 0.001 unless given. An optimiser that is already made, or
            made by a function, brings its own.
        validation: A pair like `data`, measured after each epoch.
        metrics: Names (``"accuracy"``, ``"mae"``, ``"mse"``), functions
            ``(pred, target) -> mean over the batch``, or a dictionary of either. The
            training columns are means over the epoch, during which the weights move.
        schedule: How the learning rate changes. A function whose parameter is called
            ``epoch`` or ``step`` (counted from 0) gives the factor on `lr`:
            ``lambda epoch: 0.9**epoch``. Any other function gets the optimiser and
            returns a scheduler from ``torch.optim.lr_scheduler``; a scheduler for the
            optimiser you pass works too. ``ReduceLROnPlateau`` sees the monitored
            column, ``OneCycleLR`` and ``CyclicLR`` move every step, the others every
            epoch. The history then has a column ``lr``: the rate at the epoch's end.
        clip_norm: Largest norm of all gradients together; longer ones are shortened.
        patience: Stop after this many epochs without a new best, and in any case
            end with the weights of the best epoch.
        monitor: The column that says which epoch is best; ``val_loss`` with validation
            data, otherwise ``loss``. Losses and errors should fall, other columns rise.
        device: Where to train: ``"cpu"``, ``"cuda"``, ``"mps"``; the best there is
            unless given. A model that is on an accelerator already stays there.
        amp: Automatic mixed precision. Unless given, used for float32 models on CUDA.
        seed: Fixes the order of the examples and what dropout draws, and leaves
            PyTorch's own generator as it was. ``None`` draws from that generator.
        progress: Show a progress bar. Unless given, shown where a person is waiting;
            the environment variable ``BOOK_PROGRESS`` (0 or 1) decides first.

    Returns:
        The history, a row for each epoch.

    Raises:
        ValueError: An argument does not make sense; the message names it.
        FloatingPointError: The loss became infinite or not a number.

    Example:
        >>> history = fit(model, (x, y), loss=F.cross_entropy, epochs=5,
        ...               validation=(x_test, y_test), metrics="accuracy")
        >>> history.best["val_accuracy"]
    """
    import torch

    _check_counts(epochs=epochs, batch_size=batch_size, patience=patience)
    if clip_norm is not None and not clip_norm > 0:
        raise ValueError(f"clip_norm is {clip_norm}; give a positive norm, or None.")
    measures = _metrics(metrics)
    columns = ["loss", *measures]
    if validation is not None:
        columns += [f"val_{column}" for column in columns]
    monitor = _monitored(monitor, columns)

    place = _device(model, device)
    inputs, target = _tensors(model, data, place, "data")
    held_out = None
    if validation is not None:
        held_out = _tensors(model, validation, place, "validation")
    n_examples = len(target)
    n_steps = math.ceil(n_examples / batch_size)

    history = History([], monitor=monitor)
    best: dict[str, Any] | None = None
    with (
        _placed(model, place),
        _modes_kept(model),
        _seeded(seed, place) as generator,
        _bar(progress, epochs * n_steps) as bar,
    ):
        stepper = _optimizer(model, optimizer, lr)
        scheduler, each_step = _scheduler(schedule, stepper)
        autocast, scaler = _amp(model, place, amp)
        parameters = [p for group in stepper.param_groups for p in group["params"]]

        for epoch in range(1, epochs + 1):
            model.train()
            seen: dict[str, list[Any]] = {column: [] for column in ("loss", *measures)}
            order = torch.randperm(n_examples, generator=generator).to(place)
            batches = order.split(batch_size)
            for rows in batches:
                wanted = target[rows]
                with autocast():
                    pred = model(*[x[rows] for x in inputs])
                    value = loss(pred, wanted)
                if value.ndim:
                    raise ValueError(
                        f"loss returned an array of shape {tuple(value.shape)}; it "
                        "must return one number, the mean over the batch."
                    )
                stepper.zero_grad()
                scaler.scale(value).backward()
                if clip_norm is not None:
                    scaler.unscale_(stepper)
                    torch.nn.utils.clip_grad_norm_(parameters, clip_norm)
                scaler.step(stepper)
                scaler.update()
                if each_step:
                    scheduler.step()
                # Nothing is read back from the device before the epoch is over.
                seen["loss"].append(value.detach())
                for name, measure in measures.items():
                    seen[name].append(_measured(measure, pred, wanted))
                bar.update()

            sizes = [len(rows) for rows in batches]
            row: dict[str, float] = {"epoch": epoch}
            row |= {name: _mean(values, sizes) for name, values in seen.items()}
            if not math.isfinite(row["loss"]):
                rate = stepper.param_groups[0]["lr"]
                raise FloatingPointError(
                    _diverged(seen["loss"], epoch, n_steps, rate, inputs, target)
                )
            if held_out is not None:
                scores = _evaluate(
                    model, held_out, loss, measures, batch_size, autocast
                )
                row |= {f"val_{name}": score for name, score in scores.items()}
                if not math.isfinite(row["val_loss"]):
                    raise FloatingPointError(
                        f"the validation loss became {row['val_loss']} in epoch "
                        f"{epoch}, the training loss did not; look at that data."
                    )
            if scheduler is not None:
                row["lr"] = stepper.param_groups[0]["lr"]
                if isinstance(scheduler, torch.optim.lr_scheduler.ReduceLROnPlateau):
                    scheduler.step(row[monitor])
                elif not each_step:
                    scheduler.step()
            history.append(row)
            bar.report(epoch, epochs, row)
            if patience is not None:
                if history.best is history.rows[-1]:
                    best = copy.deepcopy(model.state_dict())
                elif epoch - history.best["epoch"] >= patience:
                    break
        stepper.zero_grad()
        if best is not None:
            model.load_state_dict(best)
    return history


def fit_keras(
    model: Any,
    data: tuple[Any, Any],
    *,
    epochs: int,
    batch_size: int = 64,
    validation: tuple[Any, Any] | None = None,
    patience: int | None = None,
    monitor: str | None = None,
    callbacks: Sequence[Any] = (),
    seed: int | None = 0,
    steps_per_execution: int | None = None,
    progress: bool | None = None,
) -> History:
    """Trains a compiled Keras model and returns the history `fit` would.

    A thin layer over ``model.fit``: loss, metrics, optimiser, learning-rate schedule
    and gradient clipping (``global_clipnorm``) are what ``model.compile`` was given.

    With the TensorFlow engine a small model spends most of its time between the steps.
    So where ``compile`` was left at one step per execution, this runs up to 32 in one
    call, as ``compile(steps_per_execution=32)`` would, and the model keeps that
    setting. The batches and the updates are the same.

    Each epoch draws a new order, as in `fit`. ``model.fit`` on arrays does not, with
    the TensorFlow engine and a global seed (`runtime.setup` sets one): it repeats the
    first epoch's order.

    Args:
        model: A compiled ``keras.Model``.
        data: The pair ``(x, y)``, as for `fit`.
        epochs: How many times to go through the data, at most.
        batch_size: Examples in a mini-batch.
        validation: A pair like `data`, measured after each epoch.
        patience: Stop after this many epochs without a new best, and in any case
            end with the weights of the best epoch.
        monitor: The column that says which epoch is best, by its name in `History`.
        callbacks: More Keras callbacks.
        seed: Passed to ``keras.utils.set_random_seed``, after which Python's and
            NumPy's generators are put back. ``None`` seeds nothing.
        steps_per_execution: Batches in one call, to overrule the choice above.
        progress: Show a progress bar; as for `fit`.

    Returns:
        The history, a row for each epoch.

    Raises:
        ValueError: An argument does not make sense, or the model is not compiled.
        FloatingPointError: The loss became infinite or not a number.

    Example:
        >>> model.compile("adam", loss, metrics=["accuracy"])
        >>> history = fit_keras(model, (x, y), epochs=5, validation=(x_test, y_test))
    """
    _check_counts(epochs=epochs, batch_size=batch_size, patience=patience)
    if not getattr(model, "compiled", False):
        raise ValueError(
            f"model is {_kind(model)}, not a compiled Keras model; call "
            "model.compile(optimizer, loss, metrics) first. A torch.nn.Module goes to "
            "fit."
        )
    inputs, target = _arrays(data, "data")
    held_out = None
    if validation is not None:
        held_inputs, held_target = _arrays(validation, "validation")
        held_out = (_one_or_all(held_inputs), held_target)
    n_steps = math.ceil(len(target) / batch_size)
    _set_steps_per_execution(model, steps_per_execution, n_steps)

    with _bar(progress, epochs * n_steps) as bar, _keras_seeded(seed):
        recorder = _keras_recorder()(monitor, patience, stop_at_nan=True, bar=bar)
        # Callbacks that add to the logs, such as a schedule, come before the recorder.
        model.fit(
            **_keras_batches(inputs, target, batch_size, seed),
            epochs=epochs,
            verbose=0,
            callbacks=[*callbacks, recorder],
            validation_data=held_out,
            validation_batch_size=max(batch_size, _EVALUATION_BATCH),
        )
    return recorder.history


def HistoryCallback(monitor: str | None = None) -> Any:
    """Makes a Keras callback that fills a `History` while ``model.fit`` runs.

    For a chapter that calls ``model.fit`` itself; `fit_keras` does this for you.
    Keras's own long names become the short ones of `fit`: ``binary_accuracy`` and
    ``sparse_categorical_accuracy`` become ``accuracy``.

    Args:
        monitor: The column that says which epoch is best; as for `fit`.

    Returns:
        A ``keras.callbacks.Callback`` whose ``history`` is the `History`.

    Example:
        >>> callback = HistoryCallback()
        >>> model.fit(x, y, epochs=5, verbose=0, callbacks=[callback])
        >>> callback.history["loss"]
    """
    return _keras_recorder()(monitor)


def evaluate(
    model: torch.nn.Module,
    data: tuple[Any, Any],
    *,
    loss: Loss,
    metrics: Metrics = (),
    batch_size: int = 256,
    device: str | torch.device | None = None,
) -> dict[str, float]:
    """Measures a PyTorch model, in evaluation mode and without gradients.

    Args:
        model: Any module.
        data: The pair ``(x, y)``, as for `fit`.
        loss: ``loss(pred, target)``, a mean over the batch.
        metrics: As for `fit`.
        batch_size: Examples in a mini-batch; the result does not depend on it.
        device: As for `fit`.

    Returns:
        ``loss`` and each metric, as means over all examples.

    Raises:
        ValueError: An argument does not make sense; the message names it.
    """
    _check_counts(batch_size=batch_size)
    measures = _metrics(metrics)
    place = _device(model, device)
    tensors = _tensors(model, data, place, "data")
    with _placed(model, place), _modes_kept(model):
        return _evaluate(
            model, tensors, loss, measures, batch_size, contextlib.nullcontext
        )


def predict(
    model: torch.nn.Module,
    x: Any,
    *,
    batch_size: int = 256,
    device: str | torch.device | None = None,
) -> np.ndarray:
    """Runs a PyTorch model over arrays, in evaluation mode and without gradients.

    Args:
        model: Any module with one output.
        x: An array or tensor whose first axis counts the examples, or a tuple or list
            of such arrays for a model with several inputs.
        batch_size: Examples in a mini-batch; the result does not depend on it.
        device: As for `fit`.

    Returns:
        The outputs for all examples, as a NumPy array.

    Raises:
        ValueError: `x` is empty or its arrays differ in length.
    """
    import torch

    _check_counts(batch_size=batch_size)
    place = _device(model, device)
    arrays = _inputs(x, "x")
    inputs = [_to_tensor(array, _dtype(model), place) for array in arrays]
    with _placed(model, place), _modes_kept(model), torch.inference_mode():
        model.eval()
        pieces = [
            model(*[tensor[start : start + batch_size] for tensor in inputs]).cpu()
            for start in range(0, len(inputs[0]), batch_size)
        ]
    return torch.cat(pieces).numpy()


@dataclass
class History:
    """What happened in each epoch: one row an epoch, one column a quantity.

    ``history["loss"]`` is a column as a list, ``len(history)`` the number of epochs,
    ``history.best`` the row of the best one. Printed, it is a table.

    Attributes:
        rows: A dictionary for each epoch: ``epoch`` (from 1), ``loss``, ``val_loss``,
            then each metric and its ``val_`` counterpart.
        monitor: The column that says which epoch is best; ``val_loss`` where there is
            one, otherwise ``loss``.
    """

    rows: list[dict[str, float]] = field(default_factory=list)
    monitor: str | None = None

    def append(self, row: Mapping[str, float]) -> None:
        """Adds one epoch's row, its columns put into the usual order."""
        names = [name for name in row if name not in ("epoch", "lr")]
        trained = [name for name in names if not name.startswith("val_")]
        trained.sort(key=lambda name: name != "loss")
        ordered = ["epoch"]
        for name in trained:
            ordered += [name, f"val_{name}"]
        ordered += [name for name in names if name not in ordered] + ["lr"]
        self.rows.append({name: row[name] for name in ordered if name in row})

    @property
    def columns(self) -> list[str]:
        """The names of the columns, in order."""
        return list(dict.fromkeys(name for row in self.rows for name in row))

    @property
    def best(self) -> dict[str, float]:
        """The first row with the best value of the monitored column.

        Raises:
            ValueError: No epoch has been recorded, or the column is not there.
        """
        if not self.rows:
            raise ValueError("the history is empty: no epoch has been recorded yet.")
        monitor = _monitored(self.monitor, self.columns)
        sign = 1 if _lower_is_better(monitor) else -1
        usable = [r for r in self.rows if math.isfinite(r.get(monitor, math.nan))]
        return min(usable or self.rows, key=lambda row: sign * row.get(monitor, 0.0))

    def __len__(self) -> int:
        return len(self.rows)

    def __getitem__(self, column: str) -> list[float]:
        if column not in self.columns:
            raise KeyError(
                f"no column {column!r} in this history; it has: "
                + ", ".join(self.columns)
            )
        return [row.get(column, math.nan) for row in self.rows]

    def __repr__(self) -> str:
        if not self.rows:
            return "History: no epochs"
        cells = [self.columns]
        cells += [[_cell(row, name) for name in self.columns] for row in self.rows]
        if len(self.rows) > _SHOWN_ROWS:
            half = _SHOWN_ROWS // 2
            gap = ["..."] + [""] * (len(self.columns) - 1)
            cells = [*cells[: half + 1], gap, *cells[-half:]]
        widths = [max(map(len, column)) for column in zip(*cells, strict=True)]
        lines = (
            "  ".join(cell.rjust(w) for cell, w in zip(line, widths, strict=True))
            for line in cells
        )
        return "\n".join(line.rstrip() for line in lines)

    def plot(self, alt: str | None = None, caption: str | None = None) -> Any:
        """Draws the loss, and beside it the metrics, against the epoch.

        Args:
            alt: What a sighted reader takes from the picture; written from the numbers
                unless given.
            caption: A line under the picture.

        Returns:
            The picture, to be a cell's last expression.

        Raises:
            ValueError: No epoch has been recorded.
        """
        from utils import plots

        if not self.rows:
            raise ValueError("the history is empty: no epoch has been recorded yet.")
        figure = plots.training_curves({name: self[name] for name in self.columns})
        return plots.show(figure, alt or _described(self), caption)


_EVALUATION_BATCH = 256
_STEPS_PER_EXECUTION = 32
_SHOWN_ROWS = 20

_KERAS_NAMES = {
    "acc": "accuracy",
    "binary_accuracy": "accuracy",
    "categorical_accuracy": "accuracy",
    "sparse_categorical_accuracy": "accuracy",
    "mean_absolute_error": "mae",
    "mean_squared_error": "mse",
    "learning_rate": "lr",
}


# --- what the arguments mean ---------------------------------------------------------


def _check_counts(**counts: int | None) -> None:
    for name, count in counts.items():
        if count is not None and (
            not isinstance(count, (int, np.integer)) or count < 1
        ):
            raise ValueError(f"{name} is {count!r}; give a whole number from 1 up.")


def _arrays(data: Any, name: str) -> tuple[list[Any], Any]:
    """Splits `data` into its inputs and its target, and checks their lengths."""
    if not isinstance(data, (tuple, list)) or len(data) != 2:
        raise ValueError(
            f"{name} must be a pair (x, y) of arrays; got {_kind(data)}. "
            f"Pass {name}=(x, y)."
            if name != "data"
            else f"data must be a pair (x, y) of arrays; got {_kind(data)}. "
            "Pass the two together: fit(model, (x, y), ...)."
        )
    inputs = _inputs(data[0], f"{name}'s x")
    target = _array(data[1], f"{name}'s y")
    if len(target) != len(inputs[0]):
        raise ValueError(
            f"{name}: x holds {len(inputs[0])} examples but y holds {len(target)}; "
            "both must have the same first axis."
        )
    return inputs, target


def _inputs(x: Any, name: str) -> list[Any]:
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
    array = values
    if not _is_tensor(values):
        try:
            array = np.asarray(values)
        except ValueError as error:
            raise ValueError(f"{name} is not a regular array: {error}") from None
        if array.dtype.kind not in "fiub":
            raise ValueError(
                f"{name} has dtype {array.dtype}; give numbers (floats, integers or "
                "booleans)."
            )
    if not array.ndim or not len(array):
        raise ValueError(
            f"{name} has shape {tuple(array.shape)}: there is no example in it. "
            "Its first axis must count the examples."
        )
    return array


def _is_tensor(values: Any) -> bool:
    torch = sys.modules.get("torch")
    return torch is not None and isinstance(values, torch.Tensor)


def _kind(value: Any) -> str:
    if isinstance(value, (tuple, list)):
        return f"a {type(value).__name__} of {len(value)}"
    shape = getattr(value, "shape", None)
    name = type(value).__name__
    return f"{name} of shape {tuple(shape)}" if shape is not None else name


def _one_or_all(inputs: Sequence[Any]) -> Any:
    return inputs[0] if len(inputs) == 1 else inputs


def _tensors(
    model: torch.nn.Module, data: Any, place: torch.device, name: str
) -> tuple[list[torch.Tensor], torch.Tensor]:
    inputs, target = _arrays(data, name)
    dtype = _dtype(model)
    return (
        [_to_tensor(array, dtype, place) for array in inputs],
        _to_tensor(target, dtype, place),
    )


def _to_tensor(array: Any, dtype: torch.dtype, place: torch.device) -> torch.Tensor:
    import torch

    if not _is_tensor(array):
        # PyTorch shares memory with the array, which must be writable and in order.
        array = torch.from_numpy(np.require(array, requirements=["C", "W"]))
    integers = not array.dtype.is_floating_point and array.dtype != torch.bool
    return array.detach().to(place, torch.int64 if integers else dtype)


def _dtype(model: torch.nn.Module) -> torch.dtype:
    import torch

    for parameter in model.parameters():
        if parameter.is_floating_point():
            return parameter.dtype
    return torch.get_default_dtype()


def _metrics(metrics: Metrics) -> dict[str, Loss]:
    if isinstance(metrics, str):
        metrics = (metrics,)
    if not isinstance(metrics, Mapping):
        metrics = {
            m if isinstance(m, str) else getattr(m, "__name__", type(m).__name__): m
            for m in metrics
        }
    known = {"accuracy": _accuracy, "mae": _mae, "mse": _mse}
    measures: dict[str, Loss] = {}
    for name, metric in metrics.items():
        if name in ("epoch", "loss", "lr") or name.startswith("val_"):
            raise ValueError(
                f"a metric cannot be called {name!r}; choose another name."
            )
        if isinstance(metric, str) and metric not in known:
            raise ValueError(
                f"unknown metric {metric!r}; choose from {', '.join(known)}, or pass a "
                "function (pred, target) -> number."
            )
        if not isinstance(metric, str) and not callable(metric):
            raise ValueError(
                f"the metric {name!r} is {_kind(metric)}; give a name or a function "
                "(pred, target) -> number."
            )
        measures[name] = known[metric] if isinstance(metric, str) else metric
    return measures


def _accuracy(pred: torch.Tensor, target: torch.Tensor) -> torch.Tensor:
    """The share that is right, from logits of one class (N or N, 1) or of several."""
    if pred.ndim == target.ndim + 1 and pred.shape[1] > 1:
        right = pred.argmax(1) == target
    elif pred.shape == target.shape and pred.ndim > 1 and pred.shape[1] > 1:
        right = pred.argmax(1) == target.argmax(1)  # one-hot or soft targets
    elif pred.numel() == target.numel():
        right = (pred.flatten() > 0) == (target.flatten() > 0.5)
    else:
        raise ValueError(
            f"accuracy cannot compare predictions of shape {tuple(pred.shape)} with "
            f"targets of shape {tuple(target.shape)}; it takes logits (N, classes) "
            "with labels (N,), or one logit for each 0/1 target. Otherwise pass a "
            "function."
        )
    return right.float().mean()


def _mae(pred: torch.Tensor, target: torch.Tensor) -> torch.Tensor:
    return (pred - target.reshape(pred.shape)).abs().mean()


def _mse(pred: torch.Tensor, target: torch.Tensor) -> torch.Tensor:
    return (pred - target.reshape(pred.shape)).square().mean()


def _monitored(monitor: str | None, columns: Sequence[str]) -> str:
    if monitor is None:
        return "val_loss" if "val_loss" in columns else "loss"
    if monitor not in columns:
        raise ValueError(
            f"monitor is {monitor!r}, which this training does not measure; choose "
            f"from {', '.join(c for c in columns if c != 'epoch')}."
        )
    return monitor


def _lower_is_better(column: str) -> bool:
    name = column.removeprefix("val_")
    return "loss" in name or "error" in name or name in ("mae", "mse", "rmse")


# --- PyTorch -------------------------------------------------------------------------


def _device(model: torch.nn.Module, device: Any) -> torch.device:
    import torch

    if not isinstance(model, torch.nn.Module):
        raise ValueError(
            f"model is {_kind(model)}, not a torch.nn.Module; train a Keras model with "
            "fit_keras."
        )
    if device is None:
        home = _home(model)
        if home.type != "cpu":
            return home
        from utils import runtime

        place = torch.device(runtime.device())
        # Apple's GPU has no float64.
        double = _dtype(model) == torch.float64
        return home if place.type == "mps" and double else place
    try:
        place = torch.device(device)
    except RuntimeError:
        raise ValueError(
            f"unknown device {device!r}; choose from 'cpu', 'cuda' and 'mps'."
        ) from None
    available = {
        "cpu": True,
        "cuda": torch.cuda.is_available(),
        "mps": torch.backends.mps.is_available(),
    }
    if not available.get(place.type, True):
        raise ValueError(
            f"device is {device!r}, but PyTorch finds none here; leave device out to "
            "use the best there is."
        )
    return place


def _home(model: torch.nn.Module) -> torch.device:
    import torch

    first = next(model.parameters(), None)
    return torch.device("cpu") if first is None else first.device


@contextlib.contextmanager
def _placed(model: torch.nn.Module, place: torch.device) -> Iterator[None]:
    """Moves the model to a device and, at the end, back."""
    home = _home(model)
    model.to(place)
    try:
        yield
    finally:
        model.to(home)


@contextlib.contextmanager
def _modes_kept(model: torch.nn.Module) -> Iterator[None]:
    modes = [(module, module.training) for module in model.modules()]
    try:
        yield
    finally:
        for module, training in modes:
            module.training = training


@contextlib.contextmanager
def _seeded(seed: int | None, place: torch.device) -> Iterator[torch.Generator | None]:
    """Seeds PyTorch inside the block; gives the generator that orders the examples."""
    import torch

    if seed is None:
        yield None
        return
    cuda = [place] if place.type == "cuda" else []
    with torch.random.fork_rng(devices=cuda):
        torch.manual_seed(seed)
        yield torch.Generator().manual_seed(seed)


def _optimizer(
    model: torch.nn.Module, optimizer: Any, lr: float | None
) -> torch.optim.Optimizer:
    import torch

    parameters = [p for p in model.parameters() if p.requires_grad]
    if not parameters:
        raise ValueError(
            "the model has no parameter to train: it has none, or all are frozen "
            "(requires_grad is False)."
        )
    rate = 1e-3 if lr is None else lr
    if not rate >= 0:
        raise ValueError(f"lr is {lr}; give a learning rate that is not negative.")
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
    if isinstance(optimizer, type) and issubclass(optimizer, torch.optim.Optimizer):
        return optimizer(parameters, lr=rate)
    if lr is not None:
        raise ValueError(
            f"lr is {lr}, but the optimiser you pass already has its learning rate; "
            "give lr to the optimiser, or name one: optimizer='sgd'."
        )
    made = optimizer
    if not isinstance(made, torch.optim.Optimizer) and callable(made):
        made = made(parameters)
    if not isinstance(made, torch.optim.Optimizer):
        raise ValueError(
            f"optimizer is {_kind(made)}; give one of {', '.join(named)}, a "
            "torch.optim optimiser, or a function from parameters to one."
        )
    held = {id(p) for group in made.param_groups for p in group["params"]}
    if not any(id(p) in held for p in parameters):
        raise ValueError(
            "the optimiser holds none of this model's trainable parameters; make it "
            "from model.parameters() after the model is complete."
        )
    return made


def _scheduler(schedule: Any, optimizer: torch.optim.Optimizer) -> tuple[Any, bool]:
    """Gives the scheduler, or None, and whether it moves after each step."""
    from torch.optim import lr_scheduler

    if schedule is None:
        return None, False
    made, each_step = schedule, False
    if not isinstance(schedule, lr_scheduler.LRScheduler):
        if not callable(schedule):
            raise ValueError(
                f"schedule is {_kind(schedule)}; give a function of epoch or step, or "
                "a function from the optimiser to a torch.optim.lr_scheduler."
            )
        try:
            first = next(iter(inspect.signature(schedule).parameters), "")
        except ValueError:  # a built-in without a signature
            first = ""
        if first in ("epoch", "step"):
            return lr_scheduler.LambdaLR(optimizer, schedule), first == "step"
        made = schedule(optimizer)
    if not isinstance(made, lr_scheduler.LRScheduler):
        raise ValueError(
            f"schedule returned {_kind(made)}, not a scheduler. Call the parameter of "
            "a plain factor `epoch` or `step`: lambda epoch: 0.9**epoch."
        )
    if made.optimizer is not optimizer:
        raise ValueError(
            "the scheduler belongs to another optimiser; pass the optimiser it was "
            "made for, or a function from the optimiser to a scheduler."
        )
    each_step = isinstance(made, (lr_scheduler.OneCycleLR, lr_scheduler.CyclicLR))
    return made, each_step


def _amp(
    model: torch.nn.Module, place: torch.device, amp: bool | None
) -> tuple[Callable[[], contextlib.AbstractContextManager[Any]], Any]:
    """Gives what wraps a forward pass, and the gradient scaler (idle without AMP)."""
    import torch

    if amp and place.type != "cuda":
        raise ValueError(
            f"amp is True, but the model trains on {place.type!r}; mixed precision "
            "needs CUDA. Leave amp out to use it where it is available."
        )
    if amp is None:
        amp = place.type == "cuda" and _dtype(model) == torch.float32
    if not amp:
        return contextlib.nullcontext, torch.amp.GradScaler(place.type, enabled=False)
    # bfloat16 has float32's range, so its gradients need no scaling.
    bfloat = torch.cuda.is_bf16_supported(including_emulation=False)
    return _mixed(place.type, torch.bfloat16 if bfloat else torch.float16)


def _mixed(
    device: str, dtype: torch.dtype
) -> tuple[Callable[[], contextlib.AbstractContextManager[Any]], Any]:
    import torch

    scaler = torch.amp.GradScaler(device, enabled=dtype == torch.float16)
    return lambda: torch.autocast(device, dtype=dtype), scaler


def _measured(measure: Loss, pred: Any, target: Any) -> torch.Tensor:
    """A metric of one batch, left on its device."""
    import torch

    with torch.no_grad():
        return torch.as_tensor(measure(pred, target), dtype=torch.float32)


def _evaluate(
    model: torch.nn.Module,
    data: tuple[list[torch.Tensor], torch.Tensor],
    loss: Loss,
    measures: Mapping[str, Loss],
    batch_size: int,
    autocast: Callable[[], contextlib.AbstractContextManager[Any]],
) -> dict[str, float]:
    import torch

    inputs, target = data
    size = max(batch_size, _EVALUATION_BATCH)
    seen: dict[str, list[Any]] = {name: [] for name in ("loss", *measures)}
    model.eval()
    with torch.inference_mode():
        for start in range(0, len(target), size):
            wanted = target[start : start + size]
            with autocast():
                pred = model(*[x[start : start + size] for x in inputs])
                seen["loss"].append(loss(pred, wanted))
            for name, measure in measures.items():
                seen[name].append(_measured(measure, pred, wanted))
    sizes = [min(size, len(target) - start) for start in range(0, len(target), size)]
    return {name: _mean(values, sizes) for name, values in seen.items()}


def _mean(values: Sequence[torch.Tensor], sizes: Sequence[int]) -> float:
    """The mean over examples of means over batches."""
    import torch

    stacked = torch.stack([value.float() for value in values]).cpu().double()
    weights = torch.tensor(sizes, dtype=torch.float64)
    return float(stacked @ weights / weights.sum())


def _diverged(
    losses: Sequence[torch.Tensor],
    epoch: int,
    n_steps: int,
    rate: float,
    inputs: Sequence[torch.Tensor],
    target: torch.Tensor,
) -> str:
    """Says when the loss stopped being a number, and what to look at."""
    values = [float(value) for value in losses]
    step, value = next((i, v) for i, v in enumerate(values) if not math.isfinite(v))
    message = f"the loss became {value} in epoch {epoch}, step {step + 1} of {n_steps}"
    spoilt = [
        name
        for name, arrays in (("x", inputs), ("y", [target]))
        if not all(bool(array.isfinite().all()) for array in arrays)
    ]
    if spoilt:
        where = " and ".join(spoilt)
        return f"{message}: {where} holds values that are infinite or not a number."
    return (
        f"{message}. Try a lower learning rate (it was {rate:g}), clip_norm=1.0, "
        "inputs of order one, and a loss that takes logits."
    )


# --- Keras ---------------------------------------------------------------------------


def _keras_recorder() -> Any:
    """The callback class, made on first use since its base class needs Keras."""
    import keras

    global _recorder_class
    if _recorder_class is not None:
        return _recorder_class

    class Recorder(keras.callbacks.Callback):
        def __init__(
            self,
            monitor: str | None = None,
            patience: int | None = None,
            stop_at_nan: bool = False,
            bar: _Bar | None = None,
        ) -> None:
            super().__init__()
            self.history = History([], monitor=monitor)
            self.patience = patience
            self.stop_at_nan = stop_at_nan
            self.bar = bar
            self.best: list[np.ndarray] | None = None

        def on_epoch_end(self, epoch: int, logs: Any = None) -> None:
            row = {"epoch": epoch + 1} | {
                _book_name(name): float(value) for name, value in (logs or {}).items()
            }
            self.history.append(row)
            if self.bar is not None:
                self.bar.update(math.ceil(self.bar.total / self.params["epochs"]))
                self.bar.report(epoch + 1, self.params["epochs"], row)
            if self.stop_at_nan and not math.isfinite(row["loss"]):
                raise FloatingPointError(
                    f"the loss became {row['loss']} in epoch {epoch + 1}. Try a lower "
                    "learning rate, global_clipnorm=1.0 in the optimiser, inputs of "
                    "order one, and a loss with from_logits=True; look for values in x "
                    "and y that are not finite."
                )
            if self.patience is not None:
                best = self.history.best
                if best is self.history.rows[-1]:
                    self.best = self.model.get_weights()
                elif row["epoch"] - best["epoch"] >= self.patience:
                    self.model.stop_training = True

        def on_train_end(self, logs: Any = None) -> None:
            if self.best is not None:
                self.model.set_weights(self.best)

    _recorder_class = Recorder
    return Recorder


_recorder_class: Any = None


def _book_name(name: str) -> str:
    prefix = "val_" if name.startswith("val_") else ""
    name = name.removeprefix("val_")
    return prefix + _KERAS_NAMES.get(name, name)


def _set_steps_per_execution(model: Any, steps: int | None, n_steps: int) -> None:
    """Sets what ``compile(steps_per_execution=...)`` sets, without compiling anew."""
    import keras

    _check_counts(steps_per_execution=steps)
    if steps is None:
        if keras.backend.backend() == "torch" or model.run_eagerly:
            return
        if model.steps_per_execution != 1:
            return
        steps = min(_STEPS_PER_EXECUTION, n_steps)
    if steps != model.steps_per_execution:
        model.steps_per_execution = steps
        # The compiled loops have the old number built in; Keras makes them again.
        model.train_function = model.test_function = model.predict_function = None


def _keras_batches(
    inputs: list[Any], target: Any, batch_size: int, seed: int | None
) -> dict[str, Any]:
    """What to give to ``model.fit`` so that it shuffles anew in every epoch."""
    import keras

    if keras.backend.backend() != "tensorflow":
        return {"x": _one_or_all(inputs), "y": target, "batch_size": batch_size}
    import tensorflow as tf

    arrays = [np.asarray(array) for array in (*inputs, target)]
    *xs, y = [
        tf.constant(array, keras.config.floatx() if array.dtype.kind == "f" else None)
        for array in arrays
    ]
    n_examples = len(arrays[-1])

    def epoch(draw: Any) -> Any:
        order = tf.random.experimental.stateless_shuffle(
            tf.range(n_examples), seed=tf.stack([draw, 0])
        )
        return tf.data.Dataset.from_tensor_slices(order).batch(batch_size)

    draws = tf.data.Dataset.random(seed=seed, rerandomize_each_iteration=True)
    batches = draws.take(1).flat_map(epoch)
    batches = batches.map(
        lambda rows: (
            _one_or_all(tuple(tf.gather(x, rows) for x in xs)),
            tf.gather(y, rows),
        )
    )
    n_steps = math.ceil(n_examples / batch_size)
    counted = batches.apply(tf.data.experimental.assert_cardinality(n_steps))
    lean = tf.data.Options()  # taking rows out of an array is too light to share out
    lean.autotune.enabled = False
    lean.threading.private_threadpool_size = 1
    return {"x": counted.prefetch(2).with_options(lean), "shuffle": False}


@contextlib.contextmanager
def _keras_seeded(seed: int | None) -> Iterator[None]:
    import random

    import keras

    if seed is None:
        yield
        return
    python, numpy = random.getstate(), np.random.get_state()  # noqa: NPY002
    keras.utils.set_random_seed(seed)
    try:
        yield
    finally:
        random.setstate(python)
        np.random.set_state(numpy)  # noqa: NPY002


# --- showing -------------------------------------------------------------------------


def _cell(row: Mapping[str, float], column: str) -> str:
    value = row.get(column)
    if value is None:
        return ""
    if column == "epoch":
        return str(int(value))
    if column == "lr":
        return f"{value:.4g}"
    small_or_large = value != 0 and not 1e-3 <= abs(value) < 1e5
    return f"{value:.3e}" if small_or_large else f"{value:.4f}"


def _described(history: History) -> str:
    """A picture of the history in words."""
    epochs = "1 epoch" if len(history) == 1 else f"{len(history)} epochs"
    parts = []
    for name in history.columns:
        if name in ("epoch", "lr"):
            continue
        first, last = history[name][0], history[name][-1]
        quantity = name.removeprefix("val_").replace("_", " ")
        who = "held-out" if name.startswith("val_") else "training"
        parts.append(f"{who} {quantity} goes from {first:.3g} to {last:.3g}")
    return f"Training curves over {epochs}: {'; '.join(parts)}."


class _Bar:
    """A progress bar that is gone when the work is done; or, without tqdm, nothing."""

    def __init__(self, bar: Any = None, total: int = 0) -> None:
        self._bar = bar
        self.total = total
        self.update: Callable[..., Any] = _nothing if bar is None else bar.update

    def report(self, epoch: int, epochs: int, row: Mapping[str, float]) -> None:
        if self._bar is not None:
            name = "val_loss" if "val_loss" in row else "loss"
            text = f"epoch {epoch}/{epochs}, {name} {row[name]:.4f}"
            self._bar.set_description_str(text, refresh=False)


def _nothing(steps: int = 1) -> None:
    pass


@contextlib.contextmanager
def _bar(progress: bool | None, total: int) -> Iterator[_Bar]:
    if not (_someone_waits() if progress is None else progress):
        yield _Bar(total=total)
        return
    from tqdm import tqdm

    line = _CellLine() if _in_kernel() else None
    bar = tqdm(
        total=total,
        file=line or sys.stderr,
        leave=False,
        delay=0.5,
        unit="step",
        ncols=None if line is None else 90,
    )
    try:
        yield _Bar(bar, total)
    finally:
        bar.close()
        if line is not None:
            line.clear()


def _someone_waits() -> bool:
    """Whether a person probably watches: a live notebook or a terminal, not a test."""
    choice = os.environ.get("BOOK_PROGRESS")
    if choice is not None:
        return choice.strip().lower() not in ("", "0", "false", "no", "off")
    if "PYTEST_VERSION" in os.environ:
        return False
    return _in_kernel() or bool(getattr(sys.stderr, "isatty", lambda: False)())


def _in_kernel() -> bool:
    ipython = sys.modules.get("IPython")
    shell = ipython.get_ipython() if ipython is not None else None
    return getattr(shell, "kernel", None) is not None


class _CellLine:
    """A file for tqdm: shows its last line under a notebook cell and can erase it.

    tqdm's own notebook bar leaves a widget in the saved file, and a bar on standard
    error leaves a red box.
    """

    encoding = "utf-8"

    def __init__(self) -> None:
        self._handle: Any = None

    def write(self, text: str) -> None:
        text = text.strip("\r\n ")
        if not text:
            return
        from IPython.display import display

        content = {"text/plain": text}
        if self._handle is None:
            self._handle = display(content, raw=True, display_id=True)
        else:
            self._handle.update(content, raw=True)

    def flush(self) -> None:
        pass

    def clear(self) -> None:
        if self._handle is not None:
            self._handle.update({}, raw=True)
