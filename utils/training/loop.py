"""The training loop, and measuring and predicting with what it trained.

Mini-batches are slices of tensors that already lie on the device, which on small data
is as fast as a loop written by hand and faster than a ``DataLoader``.
"""

from __future__ import annotations

import contextlib
import copy
import math
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from utils.training import arguments, progress
from utils.training.history import History
from utils.training.metrics import Loss, Metrics, loss_of, metrics_of

if TYPE_CHECKING:
    import torch

_EVALUATION_BATCH = 256


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
    metrics: Metrics | None = None,
    schedule: Callable[[Any], Any] | None = None,
    clip_norm: float | None = None,
    patience: int | None = None,
    device: str | torch.device | None = None,
    amp: bool = False,
    seed: int = 0,
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
        data: The pair ``(x, y)``. ``x`` is an array or tensor of shape (N, ...), or a
            tuple or list of such arrays; ``y`` has shape (N, ...) too.
        loss: ``loss(pred, target)`` giving the mean over the batch, such as
            ``torch.nn.functional.cross_entropy``.
        epochs: How many times to go through the data, at most.
        batch_size: Examples in a mini-batch.
        optimizer: ``"adam"``, ``"adamw"``, ``"sgd"``, ``"momentum"`` or ``"rmsprop"``;
            a function from the trainable parameters to an optimiser, such as a class
            from ``torch.optim``; or an optimiser.
        lr: Learning rate, 0.001 unless given. An optimiser that is already made, or
            made by a function, brings its own.
        validation: A pair like `data`, measured after each epoch.
        metrics: ``"accuracy"``, or a dictionary of functions
            ``(pred, target) -> mean over the batch``. The training columns are means
            over the epoch, during which the weights move.
        schedule: How the learning rate changes. A function whose parameter is called
            ``epoch`` or ``step`` (counted from 0) gives the factor on `lr`:
            ``lambda epoch: 0.9**epoch``. Any other function gets the optimiser and
            returns a scheduler from ``torch.optim.lr_scheduler``.
            ``ReduceLROnPlateau`` sees the validation loss (the training loss without
            validation data), ``OneCycleLR`` and ``CyclicLR`` move every step, the
            others every epoch. The history then has a column ``lr``: the rate at the
            epoch's end.
        clip_norm: Largest norm of all gradients together; longer ones are shortened.
        patience: Stop after this many epochs without a new best validation loss
            (training loss without validation data), and in any case end with the
            weights of the best epoch.
        device: Where to train: ``"cpu"``, ``"cuda"``, ``"mps"``; the best there is
            unless given. A model that is on an accelerator already stays there.
        amp: Automatic mixed precision: the forward pass in bfloat16, which has
            float32's range, so that gradients need no scaling.
        seed: Fixes the order of the examples and what dropout draws; PyTorch's own
            generator is left as it was.

    Returns:
        The history, a row for each epoch.

    Raises:
        ValueError: An argument does not make sense; the message names it.
        FloatingPointError: The loss became infinite or not a number.

    Source: chapter foundations/first_network, which writes this loop out.

    Example:
        >>> history = fit(model, (x, y), loss=F.cross_entropy, epochs=5,
        ...               validation=(x_test, y_test), metrics="accuracy")
        >>> history.best["val_accuracy"]
    """
    import torch

    arguments.check_counts(epochs=epochs, batch_size=batch_size)
    arguments.check_stopping(patience, clip_norm)
    arguments.check_seed(seed)
    measures = _measures(loss, metrics)
    place = arguments.device_of(model, device)
    inputs, target = arguments.tensors(model, data, place, "data")
    held_out = None
    if validation is not None:
        held_out = arguments.tensors(model, validation, place, "validation")
    autocast = arguments.autocast_of(amp, place)
    n_steps = math.ceil(len(target) / batch_size)

    history = History()
    best: dict[str, Any] | None = None
    with (
        arguments.placed(model, place),
        arguments.modes_kept(model),
        arguments.seeded(seed, place) as generator,
        progress.bar(epochs * n_steps) as bar,
    ):
        stepper = arguments.optimizer_of(model, optimizer, lr)
        rate = arguments.schedule_of(schedule, stepper)
        parameters = [p for group in stepper.param_groups for p in group["params"]]

        for epoch in range(1, epochs + 1):
            model.train()
            order = torch.randperm(len(target), generator=generator).to(place)
            batches, seen = order.split(batch_size), []
            for rows in batches:
                batch, wanted = [x[rows] for x in inputs], target[rows]
                with autocast:
                    pred, value = _forward(model, loss, batch, wanted)
                stepper.zero_grad()
                _backward(value)
                if clip_norm is not None:
                    torch.nn.utils.clip_grad_norm_(parameters, clip_norm)
                stepper.step()
                rate.after_step()
                # Nothing is read back from the device before the epoch is over.
                seen.append(_measured(measures, pred, wanted, value))
                bar.update()

            row = {"epoch": epoch} | _means(measures, seen, map(len, batches))
            if not math.isfinite(row["loss"]):
                now = stepper.param_groups[0]["lr"]
                raise FloatingPointError(_diverged(seen, epoch, now, inputs, target))
            if held_out is not None:
                size = max(batch_size, _EVALUATION_BATCH)
                scores = _evaluate(model, held_out, measures, size, autocast)
                row |= {f"val_{name}": score for name, score in scores.items()}
                _check_validation(row)
            rate.after_epoch(row)
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


def evaluate(
    model: torch.nn.Module,
    data: tuple[Any, Any],
    *,
    loss: Loss,
    metrics: Metrics | None = None,
    batch_size: int = _EVALUATION_BATCH,
    device: str | torch.device | None = None,
) -> dict[str, float]:
    """Measures a PyTorch model, in evaluation mode and without gradients.

    Args:
        model: Any module.
        data: The pair ``(x, y)``, as for `fit`.
        loss: ``loss(pred, target)``, a mean over the batch.
        metrics: As for `fit`.
        batch_size: Examples in a mini-batch. It changes the result by no more than
            rounding, which depends on the size of a matrix product.
        device: As for `fit`.

    Returns:
        ``loss`` and each metric, as means over all examples.

    Raises:
        ValueError: An argument does not make sense; the message names it.
    """
    arguments.check_counts(batch_size=batch_size)
    measures = _measures(loss, metrics)
    place = arguments.device_of(model, device)
    tensors = arguments.tensors(model, data, place, "data")
    with arguments.placed(model, place), arguments.modes_kept(model):
        nothing = contextlib.nullcontext()
        return _evaluate(model, tensors, measures, batch_size, nothing)


def predict(
    model: torch.nn.Module,
    x: Any,
    *,
    batch_size: int = _EVALUATION_BATCH,
    device: str | torch.device | None = None,
) -> np.ndarray:
    """Runs a PyTorch model over arrays, in evaluation mode and without gradients.

    Args:
        model: Any module with one output, of shape (N, ...).
        x: An array or tensor of shape (N, ...), or a tuple or list of such arrays for a
            model with several inputs.
        batch_size: Examples in a mini-batch. It changes the result by no more than
            rounding, which depends on the size of a matrix product.
        device: As for `fit`.

    Returns:
        The outputs for all examples, as a NumPy array of shape (N, ...).

    Raises:
        ValueError: An argument does not make sense, `x` does not fit the model, or the
            model has several outputs; the message says which.
    """
    import torch

    arguments.check_counts(batch_size=batch_size)
    place = arguments.device_of(model, device)
    dtype = arguments.dtype_of(model)
    inputs = [
        arguments.to_tensor(array, dtype, place)
        for array in arguments.inputs_of(x, "x")
    ]
    pieces = []
    with arguments.placed(model, place), arguments.modes_kept(model):
        model.eval()
        with torch.inference_mode():
            for start in range(0, len(inputs[0]), batch_size):
                batch = [tensor[start : start + batch_size] for tensor in inputs]
                pred = arguments.attempted("model", model, *batch)
                if not isinstance(pred, torch.Tensor) or not pred.ndim:
                    raise ValueError(
                        f"model returned {arguments.kind_of(pred)}; predict takes a "
                        "model with one output, a tensor with a row for each example."
                    )
                pieces.append(pred.cpu())
    whole = torch.cat(pieces)
    return (whole.float() if whole.dtype == torch.bfloat16 else whole).numpy()


def _measures(loss: Any, metrics: Any) -> dict[str, Loss]:
    """The loss, then the metrics, by name."""
    return {"loss": loss_of(loss)} | metrics_of({} if metrics is None else metrics)


def _forward(
    model: torch.nn.Module,
    loss: Loss,
    inputs: Sequence[torch.Tensor],
    target: torch.Tensor,
) -> tuple[Any, torch.Tensor]:
    """A batch's predictions and loss."""
    import torch

    pred = arguments.attempted("model", model, *inputs)
    value = arguments.attempted("loss", loss, pred, target)
    if not isinstance(value, torch.Tensor) or value.ndim:
        raise ValueError(
            f"loss returned {arguments.kind_of(value)}; it must return one number as a "
            "tensor, the mean over the batch."
        )
    return pred, value


def _backward(value: torch.Tensor) -> None:
    if not value.requires_grad:
        raise ValueError(
            "the loss does not depend on any trainable parameter: something in the "
            "model or the loss cuts it off (detach, item, numpy, argmax)."
        )
    value.backward()


def _measured(
    measures: Mapping[str, Loss], pred: Any, target: Any, loss: torch.Tensor
) -> list[torch.Tensor]:
    """The loss and the metrics of one batch, left on their device."""
    import torch

    values = [loss.detach()]
    for name, measure in list(measures.items())[1:]:
        with torch.no_grad():
            found = arguments.attempted(f"metric {name!r}", measure, pred, target)
            value = arguments.attempted(f"metric {name!r}", torch.as_tensor, found)
        if value.ndim:
            raise ValueError(
                f"metric {name!r} returned {arguments.kind_of(value)}; it must return "
                "one number, the mean over the batch."
            )
        values.append(value)
    return values


def _evaluate(
    model: torch.nn.Module,
    data: tuple[list[torch.Tensor], torch.Tensor],
    measures: Mapping[str, Loss],
    size: int,
    autocast: contextlib.AbstractContextManager[Any],
) -> dict[str, float]:
    import torch

    inputs, target = data
    seen, sizes = [], []
    model.eval()
    with torch.inference_mode():
        for start in range(0, len(target), size):
            wanted = target[start : start + size]
            batch = [x[start : start + size] for x in inputs]
            with autocast:
                pred, value = _forward(model, measures["loss"], batch, wanted)
            seen.append(_measured(measures, pred, wanted, value))
            sizes.append(len(wanted))
    return _means(measures, seen, sizes)


def _means(
    names: Iterable[str], seen: Sequence[Sequence[torch.Tensor]], sizes: Iterable[int]
) -> dict[str, float]:
    """The means over examples of means over batches."""
    import torch

    weights = torch.tensor(list(sizes), dtype=torch.float64)
    means = {}
    for name, values in zip(names, zip(*seen, strict=True), strict=True):
        stacked = torch.stack([value.float() for value in values]).cpu().double()
        means[name] = float(stacked @ weights / weights.sum())
    return means


def _check_validation(row: Mapping[str, float]) -> None:
    if not math.isfinite(row["val_loss"]):
        raise FloatingPointError(
            f"the validation loss became {row['val_loss']} in epoch "
            f"{row['epoch']:.0f}, the training loss did not; look at that data."
        )


def _diverged(
    seen: Sequence[Sequence[torch.Tensor]],
    epoch: int,
    rate: float,
    inputs: Sequence[torch.Tensor],
    target: torch.Tensor,
) -> str:
    """Says when the loss stopped being a number, and what to look at."""
    losses = [float(values[0]) for values in seen]
    step, value = next((i, v) for i, v in enumerate(losses) if not math.isfinite(v))
    message = (
        f"the loss became {value} in epoch {epoch}, step {step + 1} of {len(losses)}"
    )
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
