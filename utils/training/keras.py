"""The same training with Keras: a thin layer over ``model.fit``."""

from __future__ import annotations

import contextlib
import functools
import math
from collections.abc import Iterator, Sequence
from typing import Any

import numpy as np

from utils.training import arguments, progress
from utils.training.history import History

_EVALUATION_BATCH = 256
_STEPS_PER_EXECUTION = 32

_SHORT_NAMES = {
    "acc": "accuracy",
    "binary_accuracy": "accuracy",
    "categorical_accuracy": "accuracy",
    "sparse_categorical_accuracy": "accuracy",
    "mean_absolute_error": "mae",
    "mean_squared_error": "mse",
    "learning_rate": "lr",
}


def fit_keras(
    model: Any,
    data: tuple[Any, Any],
    *,
    epochs: int,
    batch_size: int = 64,
    validation: tuple[Any, Any] | None = None,
    patience: int | None = None,
    callbacks: Sequence[Any] = (),
    seed: int = 0,
) -> History:
    """Trains a compiled Keras model and returns the history `fit` would.

    A thin layer over ``model.fit``: loss, metrics, optimiser, learning-rate schedule
    and gradient clipping (``global_clipnorm``) are what ``model.compile`` was given.
    Keras's own long names become the short ones of `fit`: ``binary_accuracy`` and
    ``sparse_categorical_accuracy`` become ``accuracy``.

    With the TensorFlow engine a small model spends most of its time between the steps.
    So where ``compile`` was left at one step per execution, this runs up to 32 in one
    call, as ``compile(steps_per_execution=32)`` would, and the model keeps that
    setting. The batches and the updates are the same.

    Each epoch draws a new order, as in `fit`. ``model.fit`` on arrays does not, with
    the TensorFlow engine and a global seed (`runtime.setup` sets one): it repeats the
    first epoch's order.

    Args:
        model: A compiled ``keras.Model``.
        data: The pair ``(x, y)``, as for `fit`; images have shape (N, H, W, C).
        epochs: How many times to go through the data, at most.
        batch_size: Examples in a mini-batch.
        validation: A pair like `data`, measured after each epoch.
        patience: Stop after this many epochs without a new best validation loss
            (training loss without validation data), and in any case end with the
            weights of the best epoch.
        callbacks: More Keras callbacks.
        seed: Passed to ``keras.utils.set_random_seed``, after which Python's and
            NumPy's generators are put back.

    Returns:
        The history, a row for each epoch.

    Raises:
        ValueError: An argument does not make sense, or the model is not compiled.
        FloatingPointError: The loss became infinite or not a number.

    Example:
        >>> model.compile("adam", loss, metrics=["accuracy"])
        >>> history = fit_keras(model, (x, y), epochs=5, validation=(x_test, y_test))
    """
    arguments.check_counts(epochs=epochs, batch_size=batch_size)
    arguments.check_stopping(patience)
    arguments.check_seed(seed)
    if isinstance(model, type) or not getattr(model, "compiled", False):
        raise ValueError(
            f"model is {arguments.kind_of(model)}, not a compiled Keras model; call "
            "model.compile(optimizer, loss, metrics) first. A torch.nn.Module goes to "
            "fit."
        )
    others = _checked_callbacks(callbacks)
    inputs, target = arguments.arrays_of(data, "data")
    held_out = None
    if validation is not None:
        held_inputs, held_target = arguments.arrays_of(validation, "validation")
        held_out = (_one_or_all(held_inputs), held_target)
    n_steps = math.ceil(len(target) / batch_size)
    _join_steps(model, n_steps)

    with progress.bar(epochs * n_steps) as bar, _seeded(seed):
        recorder = _recorder()(patience, bar)
        fit = functools.partial(
            model.fit,
            **_batches(inputs, target, batch_size, seed),
            epochs=epochs,
            verbose=0,
            # Callbacks that add to the logs, such as a schedule, come first.
            callbacks=[*others, recorder],
            validation_data=held_out,
            validation_batch_size=max(batch_size, _EVALUATION_BATCH),
        )
        arguments.attempted("the Keras model", fit)
    history: History = recorder.history
    return history


def _checked_callbacks(callbacks: Any) -> list[Any]:
    import keras

    several = isinstance(callbacks, (tuple, list))
    given = list(callbacks) if several else [callbacks]
    for callback in given:
        if not several or not isinstance(callback, keras.callbacks.Callback):
            raise ValueError(
                f"callbacks is or holds {arguments.kind_of(callback)}; give a list of "
                "keras.callbacks.Callback."
            )
    return given


@functools.cache
def _recorder() -> Any:
    """The callback class, made on first use since its base class needs Keras."""
    import keras

    class Recorder(keras.callbacks.Callback):
        def __init__(self, patience: int | None, bar: progress.Bar) -> None:
            super().__init__()
            self.history = History()
            self.patience = patience
            self.bar = bar
            self.best: list[np.ndarray] | None = None

        def on_epoch_end(self, epoch: int, logs: Any = None) -> None:
            row = {"epoch": epoch + 1} | {
                _short(name): float(value) for name, value in (logs or {}).items()
            }
            self.history.append(row)
            self.bar.update(self.bar.total // self.params["epochs"])
            self.bar.report(epoch + 1, self.params["epochs"], row)
            for name in ("loss", "val_loss"):
                if not math.isfinite(row.get(name, 0.0)):
                    raise FloatingPointError(_diverged(name, row[name], epoch + 1))
            if self.patience is not None:
                best = self.history.best
                if best is self.history.rows[-1]:
                    self.best = self.model.get_weights()
                elif row["epoch"] - best["epoch"] >= self.patience:
                    self.model.stop_training = True

        def on_train_end(self, logs: Any = None) -> None:
            if self.best is not None:
                self.model.set_weights(self.best)

    return Recorder


def _diverged(name: str, value: float, epoch: int) -> str:
    what = "validation loss" if name == "val_loss" else "loss"
    return (
        f"the {what} became {value} in epoch {epoch}. Try a lower learning rate, "
        "global_clipnorm=1.0 in the optimiser, inputs of order one, and a loss with "
        "from_logits=True; look for values in x and y that are not finite."
    )


def _short(name: str) -> str:
    prefix = "val_" if name.startswith("val_") else ""
    name = name.removeprefix("val_")
    return prefix + _SHORT_NAMES.get(name, name)


def _one_or_all(inputs: Sequence[Any]) -> Any:
    return inputs[0] if len(inputs) == 1 else inputs


def _join_steps(model: Any, n_steps: int) -> None:
    """Sets what ``compile(steps_per_execution=...)`` sets, without compiling anew."""
    import keras

    steps = min(_STEPS_PER_EXECUTION, n_steps)
    if keras.backend.backend() == "torch" or model.run_eagerly:
        return
    if model.steps_per_execution != 1 or steps == 1:
        return
    model.steps_per_execution = steps
    # The compiled loops have the old number built in; Keras makes them again.
    model.train_function = model.test_function = model.predict_function = None


def _batches(
    inputs: list[Any], target: Any, batch_size: int, seed: int
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

    draws = tf.data.Dataset.random(seed=int(seed), rerandomize_each_iteration=True)
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
def _seeded(seed: int) -> Iterator[None]:
    import random

    import keras

    python, numpy = random.getstate(), np.random.get_state()  # noqa: NPY002
    keras.utils.set_random_seed(int(seed))
    try:
        yield
    finally:
        random.setstate(python)
        np.random.set_state(numpy)  # noqa: NPY002
