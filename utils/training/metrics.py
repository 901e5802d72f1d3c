"""What is measured beside the loss: accuracy, or functions of the caller's."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any

from utils.training.arguments import kind_of

if TYPE_CHECKING:
    import torch

Loss = Callable[[Any, Any], Any]
Metrics = str | Mapping[str, Loss]


def loss_of(loss: Any) -> Loss:
    """The loss function, if it is one."""
    if isinstance(loss, type) or not callable(loss):
        way_out = "give a function (pred, target) -> mean over the batch."
        if isinstance(loss, type):
            way_out = f"make one of it: loss={loss.__name__}()."
        raise ValueError(f"loss is {kind_of(loss)}; {way_out}")
    checked: Loss = loss
    return checked


def metrics_of(metrics: Any) -> dict[str, Loss]:
    """The metrics as functions, by name."""
    if isinstance(metrics, str) and metrics == "accuracy":
        return {"accuracy": accuracy}
    if not isinstance(metrics, Mapping):
        given = repr(metrics) if isinstance(metrics, str) else kind_of(metrics)
        raise ValueError(
            f'metrics is {given}; give "accuracy", or a dictionary of functions '
            "(pred, target) -> mean over the batch."
        )
    for name, metric in metrics.items():
        reserved = name in ("epoch", "loss", "lr") or str(name).startswith("val_")
        if not isinstance(name, str) or reserved:
            raise ValueError(
                f"metrics: a metric cannot be called {name!r}; choose another name."
            )
        if not callable(metric):
            raise ValueError(
                f"metrics: {name!r} is {kind_of(metric)}; give a function "
                "(pred, target) -> mean over the batch."
            )
    return dict(metrics)


def accuracy(pred: torch.Tensor, target: torch.Tensor) -> torch.Tensor:
    """The share that is right, where the shapes leave no doubt what is compared.

    Args:
        pred: Logits: of K classes, shape (N, K), (N, K, ...) or (N, ..., K); or one for
            each 0/1 target, shape (N,) or (N, 1, ...).
        target: Labels, `pred`'s shape without the axis of classes; rows of shares that
            sum to one, shape (N, K); or 0/1 targets.

    Raises:
        ValueError: The shapes do not fit, or fit in two ways: for logits (N, T, K) with
            T = K nothing says which axis counts the classes.
    """
    shape, wanted = tuple(pred.shape), tuple(target.shape)
    axes = [
        axis
        for axis in {1, len(shape) - 1}
        if len(shape) == len(wanted) + 1 > 1
        and shape[axis] > 1
        and shape[:axis] + shape[axis + 1 :] == wanted
    ]
    if len(axes) == 1:
        right = pred.argmax(axes[0]) == target
    elif _without_one(shape) == _without_one(wanted) and shape[1:2] in ((), (1,)):
        right = (pred > 0).flatten() == (target > 0.5).flatten()
    elif shape == wanted and len(shape) == 2 and _shares(target):
        right = pred.argmax(1) == target.argmax(1)
    else:
        raise ValueError(
            f"accuracy fits predictions of shape {shape} to targets of shape {wanted} "
            f"in {len(axes)} ways; it takes logits (N, K) with labels (N,) or with "
            "rows that sum to one, or one logit for each 0/1 target. Otherwise pass a "
            "function as the metric."
        )
    return right.float().mean()


def _without_one(shape: tuple[int, ...]) -> tuple[int, ...]:
    """The shape without an axis of one class."""
    return shape[:1] + shape[2:] if shape[1:2] == (1,) else shape


def _shares(target: torch.Tensor) -> bool:
    sums = target.sum(1).double()
    return bool((sums - 1).abs().max() < 1e-3 and target.min() >= 0)
