"""Times `training.fit` and `training.fit_keras` against a loop written by hand.

The model is a 784-128-10 network, the data have MNIST's size (60,000 x 784) and are
drawn at random. The loop by hand takes mini-batches out of tensors in a new order each
epoch, and does nothing else. All run in turn, several times, and always from the first
weights: numbers that have shrunk to denormals are slow. All compute on one thread, and
where the system lets a process choose, on one core: TensorFlow feeds its step from a
thread of its own, and on a second core that would move every batch from one cache to
another. A ratio is the median over the rounds. Compiling Keras's step is not counted.
Times are seconds of processor, not of the clock, so that other work on the machine does
not count.

    python tools/bench_training.py
"""

from __future__ import annotations

import contextlib
import os
import statistics
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import torch

for _name in ("OMP_NUM", "TF_NUM_INTRAOP", "TF_NUM_INTEROP"):
    os.environ.setdefault(f"{_name}_THREADS", "1")
os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")

import numpy as np  # noqa: E402 - the threads come first

N_EXAMPLES = 60_000
EPOCHS = 2
ROUNDS = 5
TARGETS = {"training.fit": 1.05, "training.fit_keras": 1.2}


def run(rounds: int = ROUNDS) -> list[tuple[str, float, float | None]]:
    """Measures both at batch sizes 64 and 256.

    Args:
        rounds: How often each is timed.

    Returns:
        For each measurement its name, the median of its time relative to the loop by
        hand, and the target for that ratio.
    """
    import torch

    torch.set_num_threads(1)
    rng = np.random.default_rng(0)
    x = rng.random((N_EXAMPLES, 784), dtype=np.float32)
    y = rng.integers(0, 10, N_EXAMPLES)

    results: list[tuple[str, float, float | None]] = []
    with _one_core():
        for batch_size in (64, 256):
            by_hand = _by_hand(x, y, batch_size)
            contestants = {
                "training.fit": _fit(x, y, batch_size),
                "training.fit_keras": _fit_keras(x, y, batch_size),
            }
            ratios: dict[str, list[float]] = {name: [] for name in contestants}
            for _ in range(rounds):
                for name, contestant in contestants.items():
                    # Next to each other: a busy moment of the machine hits both.
                    reference = _seconds(by_hand)
                    ratios[name].append(_seconds(contestant) / reference)
            results += [
                (f"{name}, batch {batch_size}", statistics.median(found), TARGETS[name])
                for name, found in ratios.items()
            ]
    return results


@contextlib.contextmanager
def _one_core() -> Iterator[None]:
    """Keeps the process, and the threads it starts, on one core where that is known."""
    if not hasattr(os, "sched_setaffinity"):  # Linux only
        yield
        return
    before = os.sched_getaffinity(0)
    os.sched_setaffinity(0, {min(before)})
    try:
        yield
    finally:
        os.sched_setaffinity(0, before)


def _by_hand(x: np.ndarray, y: np.ndarray, batch_size: int) -> Callable[[], None]:
    import torch

    inputs, labels = torch.from_numpy(x), torch.from_numpy(y)

    def train() -> None:
        model = _torch_model()
        optimizer = torch.optim.Adam(model.parameters(), lr=1e-3)
        for _ in range(EPOCHS):
            order = torch.randperm(len(inputs))
            for start in range(0, len(inputs), batch_size):
                rows = order[start : start + batch_size]
                loss = torch.nn.functional.cross_entropy(
                    model(inputs[rows]), labels[rows]
                )
                optimizer.zero_grad()
                loss.backward()
                optimizer.step()

    return train


def _fit(x: np.ndarray, y: np.ndarray, batch_size: int) -> Callable[[], None]:
    import torch

    from utils import training

    def train() -> None:
        training.fit(
            _torch_model(),
            (x, y),
            loss=torch.nn.functional.cross_entropy,
            epochs=EPOCHS,
            batch_size=batch_size,
            device="cpu",
        )

    return train


def _fit_keras(x: np.ndarray, y: np.ndarray, batch_size: int) -> Callable[[], None]:
    import keras

    from utils import training

    model = keras.Sequential(
        [
            keras.Input((784,)),
            keras.layers.Dense(128, activation="relu"),
            keras.layers.Dense(10),
        ]
    )
    loss = keras.losses.SparseCategoricalCrossentropy(from_logits=True)
    optimizer = keras.optimizers.Adam(1e-3)
    model.compile(optimizer, loss)
    weights = model.get_weights()

    def train() -> None:
        model.set_weights(weights)
        for variable in optimizer.variables:
            if variable is not optimizer.learning_rate:
                variable.assign(np.zeros(variable.shape))
        training.fit_keras(model, (x, y), epochs=EPOCHS, batch_size=batch_size)

    train()  # compiles the step
    return train


def _torch_model() -> torch.nn.Module:
    import torch

    torch.manual_seed(0)
    return torch.nn.Sequential(
        torch.nn.Linear(784, 128), torch.nn.ReLU(), torch.nn.Linear(128, 10)
    )


def _seconds(work: Callable[[], None]) -> float:
    start = time.process_time()
    work()
    return time.process_time() - start


if __name__ == "__main__":
    sys.path.insert(0, str(Path(__file__).resolve().parents[1]))
    for label, ratio, target in run():
        print(f"{label:32} {ratio:5.2f}   target {target}")
