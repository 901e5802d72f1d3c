"""`training`: what `fit`, `fit_keras`, `evaluate`, `predict` and `History` promise."""

import contextlib
import functools
import inspect
import math
import re
import subprocess
import sys
import time
import types

import numpy as np
import pytest
import torch
import torch.nn.functional as F
from torch import nn

from utils import training
from utils.training import History, metrics, progress
from utils.training import keras as with_keras


def problem(n=203, features=5, classes=3, seed=0):
    """Points labelled by a random linear rule, in float64 as NumPy makes them."""
    rng = np.random.default_rng(seed)
    x = rng.normal(size=(n, features))
    y = (x @ rng.normal(size=(features, classes))).argmax(1)
    return x, y


def network(features=5, classes=3, seed=0, dropout=0.0):
    torch.manual_seed(seed)
    return nn.Sequential(
        nn.Linear(features, 16), nn.ReLU(), nn.Dropout(dropout), nn.Linear(16, classes)
    )


def train(model=None, data=None, **options):
    options = {"loss": F.cross_entropy, "epochs": 3, "device": "cpu"} | options
    model = network() if model is None else model
    return training.fit(model, problem() if data is None else data, **options)


def weights(model):
    return torch.cat([p.detach().flatten() for p in model.parameters()])


# --- importing -----------------------------------------------------------------------


def test_importing_loads_no_framework():
    code = (
        "import sys, utils.training, utils.equivalence\n"
        "loaded = {'torch', 'tensorflow', 'keras', 'matplotlib'} & set(sys.modules)\n"
        "assert not loaded, loaded"
    )
    subprocess.run([sys.executable, "-c", code], check=True)


# --- fit -----------------------------------------------------------------------------


def test_fit_does_what_the_loop_by_hand_does():
    x, y = problem()
    model, by_hand = network(), network()
    history = train(model, (x, y), epochs=2, batch_size=50, lr=0.01, optimizer="sgd")

    inputs, labels = torch.tensor(x, dtype=torch.float32), torch.tensor(y)
    optimizer = torch.optim.SGD(by_hand.parameters(), lr=0.01)
    generator = torch.Generator().manual_seed(0)
    means = []
    for _ in range(2):
        total = 0.0
        for rows in torch.randperm(len(x), generator=generator).split(50):
            loss = F.cross_entropy(by_hand(inputs[rows]), labels[rows])
            optimizer.zero_grad()
            loss.backward()
            optimizer.step()
            total += loss.item() * len(rows)
        means.append(total / len(x))
    torch.testing.assert_close(weights(model), weights(by_hand))
    assert history["loss"] == pytest.approx(means)


@pytest.mark.parametrize(
    "optimizer",
    [
        "adam",
        "adamw",
        "sgd",
        "momentum",
        "rmsprop",
        torch.optim.NAdam,
        functools.partial(torch.optim.SGD, lr=0.05),
    ],
)
def test_every_kind_of_optimiser_learns(optimizer):
    lr = 0.01 if isinstance(optimizer, str) else None
    history = train(optimizer=optimizer, lr=lr, epochs=5)
    assert history["loss"][-1] < history["loss"][0]


def test_an_optimiser_brings_its_own_rate():
    model = network()
    before = weights(model)
    train(model, optimizer=torch.optim.SGD(model.parameters(), lr=0.0))
    torch.testing.assert_close(weights(model), before)


def test_learns_and_reports_validation_and_accuracy():
    x, y = problem(600)
    history = train(
        data=(x[:400], y[:400]),
        validation=(x[400:], y[400:]),
        metrics="accuracy",
        epochs=15,
        lr=0.01,
    )
    assert history.columns == ["epoch", "loss", "val_loss", "accuracy", "val_accuracy"]
    assert history["epoch"] == list(range(1, 16))
    assert history["val_accuracy"][-1] > 0.9
    assert history.best["val_loss"] == min(history["val_loss"])


def test_validation_columns_are_what_evaluate_measures():
    x, y = problem(301)
    model = network(dropout=0.5)
    history = train(model, (x, y), validation=(x, y), metrics="accuracy")
    score = training.evaluate(
        model, (x, y), loss=F.cross_entropy, metrics="accuracy", device="cpu"
    )
    assert score["loss"] == pytest.approx(history["val_loss"][-1])
    assert score["accuracy"] == pytest.approx(history["val_accuracy"][-1])


def test_the_smaller_last_batch_counts_for_less():
    """With a rate of zero the mean over batches is the loss over all the data."""
    x, y = problem(101)
    model = network()
    history = train(model, (x, y), lr=0.0, epochs=1, batch_size=100)
    with torch.no_grad():
        logits = model(torch.tensor(x, dtype=torch.float32))
        whole = F.cross_entropy(logits, torch.tensor(y))
    assert history["loss"][0] == pytest.approx(whole.item(), rel=1e-6)
    for size in (1, 7, 500):
        score = training.evaluate(
            model, (x, y), loss=F.cross_entropy, batch_size=size, device="cpu"
        )
        assert score["loss"] == pytest.approx(whole.item(), rel=1e-6)


def test_the_seed_decides_and_what_was_drawn_before_does_not():
    runs = []
    for drawn in (0, 17):
        model = network(dropout=0.3)
        torch.rand(drawn)
        train(model)
        runs.append(weights(model))
    torch.testing.assert_close(runs[0], runs[1], rtol=0, atol=0)
    other = network(dropout=0.3)
    train(other, seed=1)
    assert not torch.equal(weights(other), runs[0])


def test_the_generator_outside_is_left_as_it_was():
    model = network(dropout=0.3)
    torch.manual_seed(5)
    expected = torch.rand(3)
    torch.manual_seed(5)
    train(model)
    assert torch.equal(torch.rand(3), expected)


def test_several_inputs():
    class Sum(nn.Module):
        def __init__(self):
            super().__init__()
            self.one, self.other = nn.Linear(2, 3), nn.Embedding(4, 3)

        def forward(self, x, ids):
            return self.one(x) + self.other(ids)

    rng = np.random.default_rng(0)
    x = (rng.normal(size=(50, 2)), rng.integers(0, 4, 50).astype(np.uint8))
    y = rng.integers(0, 3, 50).astype(np.int32)
    model = Sum()
    history = train(model, (x, y), epochs=10, lr=0.05)
    assert history["loss"][-1] < history["loss"][0]
    assert training.predict(model, x, batch_size=7, device="cpu").shape == (50, 3)


def test_float64_models_stay_float64_and_read_only_arrays_are_fine():
    x, y = problem()
    x = x.astype(np.float32)
    x.flags.writeable = False
    model = network().double()
    train(model, (x[::-1], y[::-1]))
    assert all(p.dtype == torch.float64 for p in model.parameters())


def test_modes_are_restored_even_after_an_error():
    model = network()
    model[2].eval()
    train(model, validation=problem())
    assert model.training
    assert not model[2].training
    model.eval()
    with pytest.raises(FloatingPointError):
        train(model, lr=1e30, optimizer="sgd")
    assert not model.training


def test_a_frozen_parameter_does_not_move():
    model = network()
    model[0].weight.requires_grad_(False)
    before = model[0].weight.clone()
    train(model, optimizer="adamw")
    assert torch.equal(model[0].weight, before)


# --- stopping, schedules, clipping ---------------------------------------------------


def test_patience_stops_and_brings_back_the_best_weights():
    x, y = problem(60)
    held_out = problem(60, seed=1)  # labelled by another rule: it soon gets worse
    model = network()
    snapshots = []

    def watching(pred, target):
        if not model.training:
            snapshots.append(weights(model).clone())
        return 0.0

    history = train(
        model,
        (x, y),
        validation=held_out,
        metrics={"watching": watching},
        patience=3,
        epochs=200,
        lr=0.01,
    )
    best = int(history.best["epoch"])
    assert len(history) == best + 3 < 200
    assert torch.equal(weights(model), snapshots[best - 1])
    assert not torch.equal(weights(model), snapshots[-1])
    score = training.evaluate(model, held_out, loss=F.cross_entropy, device="cpu")
    assert score["loss"] == pytest.approx(history.best["val_loss"])


def test_the_best_weights_come_back_though_patience_did_not_run_out():
    model = network()
    history = train(
        model,
        validation=problem(),
        epochs=3,
        patience=10,
        schedule=lambda epoch: 1.0 if epoch < 2 else 1e3,
    )
    score = training.evaluate(model, problem(), loss=F.cross_entropy, device="cpu")
    assert score["loss"] == pytest.approx(min(history["val_loss"]))
    assert history.best["epoch"] < 3


def test_a_schedule_of_epochs():
    history = train(lr=0.1, optimizer="sgd", schedule=lambda epoch: 0.5**epoch)
    assert history.columns[-1] == "lr"
    assert history["lr"] == pytest.approx([0.1, 0.05, 0.025])


def test_a_schedule_of_steps():
    history = train(  # 203 examples are 5 steps of 50
        lr=0.1, optimizer="sgd", batch_size=50, schedule=lambda step: 1 / (step + 1)
    )
    assert history["lr"] == pytest.approx([0.1 / 6, 0.1 / 11, 0.1 / 16])


def test_a_scheduler_of_pytorch():
    step = functools.partial(torch.optim.lr_scheduler.StepLR, step_size=1, gamma=0.1)
    assert train(lr=1.0, optimizer="sgd", schedule=step)["lr"][:2] == [1.0, 0.1]


def test_one_cycle_moves_every_step():
    cycle = functools.partial(
        torch.optim.lr_scheduler.OneCycleLR, max_lr=0.5, total_steps=16
    )
    history = train(optimizer="momentum", batch_size=50, schedule=cycle)
    assert history["lr"][0] > history["lr"][-1]
    assert max(history["lr"]) > 0.4


def test_reducing_on_a_plateau_follows_the_validation_loss():
    plateau = functools.partial(
        torch.optim.lr_scheduler.ReduceLROnPlateau, patience=0, factor=0.1
    )

    def loss(pred, target):  # falls in training; in evaluation it stays
        return F.cross_entropy(pred, target) if pred.requires_grad else pred.sum() * 0

    history = train(validation=problem(), loss=loss, schedule=plateau, lr=0.1, epochs=4)
    assert history["lr"] == pytest.approx([0.1, 0.1, 0.01, 0.001])
    assert history["loss"][1] < history["loss"][0]
    history = train(schedule=plateau, lr=0.01, optimizer="sgd", epochs=4)
    assert history["lr"] == pytest.approx([0.01] * 4)  # the training loss falls


def test_clipping_shortens_the_whole_gradient():
    x, y = problem()
    for limit, expected in ((0.01, 0.01), (1e9, None)):
        model = network()
        before = weights(model)
        train(
            model,
            (x, y),
            optimizer="sgd",
            lr=1.0,
            epochs=1,
            batch_size=len(x),
            clip_norm=limit,
        )
        moved = (weights(model) - before).norm().item()
        if expected is None:
            assert moved > 0.05
        else:
            assert moved == pytest.approx(expected, rel=1e-4)


# --- mixed precision -----------------------------------------------------------------


@pytest.mark.parametrize(
    ("options", "dtype"), [({}, "float32"), ({"amp": True}, "bfloat16")]
)
def test_mixed_precision_only_where_it_is_asked_for(options, dtype):
    seen = []

    def loss(pred, target):
        seen.append(str(pred.dtype))
        return F.cross_entropy(pred, target)

    model = network()
    history = train(
        model, loss=loss, validation=problem(), lr=0.05, epochs=4, **options
    )
    assert set(seen) == {f"torch.{dtype}"}
    assert model[0].weight.dtype == torch.float32
    assert history["loss"][-1] < history["loss"][0]


@pytest.mark.skipif(not torch.cuda.is_available(), reason="needs a CUDA device")
def test_on_cuda():
    model = network()
    history = train(model, device=None, epochs=5, validation=problem(), lr=0.01)
    assert history["loss"][-1] < history["loss"][0]
    assert model[0].weight.device.type == "cpu"


def test_the_model_comes_back_to_its_device(monkeypatch):
    moves = []
    model = network()
    monkeypatch.setattr(model, "to", lambda place: moves.append(str(place)))
    train(model)
    assert moves == ["cpu", "cpu"]


# --- metrics -------------------------------------------------------------------------


def accuracy(pred, target):
    return metrics.accuracy(torch.tensor(pred), torch.tensor(target)).item()


def test_accuracy_of_classes_and_of_single_logits():
    logits = [[0.1, 0.9], [0.8, 0.2], [0.3, 0.7], [0.6, 0.4]]
    assert accuracy(logits, [1, 0, 1, 1]) == 0.75
    assert accuracy(logits, [[0.0, 1.0], [1.0, 0.0], [0.0, 1.0], [0.0, 1.0]]) == 0.75
    assert accuracy([[2.0], [0.3], [-1.0]], [1.0, 1.0, 1.0]) == pytest.approx(2 / 3)
    assert accuracy([0.3, -2.0], [1, 0]) == 1.0
    assert accuracy([0.0, 0.0], [1, 0]) == 0.5  # no more likely than not is not likely
    assert accuracy([1.0, 1.0], [0.5, 0.6]) == 0.5
    # A class for each pixel: (N, K, H) with (N, H); the classes may come last.
    three = [[[1.0, 0.0, 2.0], [0.0, 1.0, 0.0]]]
    assert accuracy(three, [[0, 1, 0]]) == 1.0
    assert accuracy(three, [[2, 1]]) == 1.0
    with pytest.raises(ValueError, match=r"shape \(2, 3\).*shape \(2, 2\)"):
        accuracy([[1.0, 2.0, 3.0]] * 2, [[1, 0]] * 2)


@pytest.mark.parametrize(
    ("pred", "target"),
    [
        ((2, 4, 4), (2, 4)),  # which axis counts the classes?
        ((2, 4, 4, 4), (2, 4, 4)),
        ((2, 4), (2, 4)),  # one-hot rows, or four answers? These do not sum to one.
        ((2, 3, 4), (2, 3, 4)),
        ((6,), (2, 3)),
        ((2, 3), (3,)),
    ],
)
def test_accuracy_refuses_what_is_ambiguous(pred, target):
    with pytest.raises(ValueError, match=r"accuracy fits predictions of shape"):
        metrics.accuracy(torch.rand(pred), torch.ones(target))


@pytest.mark.parametrize(
    ("pred", "target"), [((5, 1, 4, 4), (5, 4, 4)), ((5, 1), (5, 1)), ((5,), (5, 1))]
)
def test_accuracy_of_one_logit_for_each_target(pred, target):
    assert metrics.accuracy(torch.ones(pred), torch.ones(target)) == 1
    assert metrics.accuracy(-torch.ones(pred), torch.ones(target)) == 0


def test_metrics_by_function():
    x = np.arange(10.0).reshape(-1, 1)

    def largest(pred, target):
        return float((pred - target).abs().max())

    model = nn.Linear(1, 1)
    nn.init.zeros_(model.weight)
    nn.init.zeros_(model.bias)
    score = training.evaluate(
        model,
        (x, x),
        loss=F.mse_loss,
        metrics={"largest": largest},
        device="cpu",
    )
    assert score == pytest.approx({"loss": 28.5, "largest": 9.0})


def test_predict():
    x, _ = problem()
    model = network(dropout=0.5)
    model.eval()
    with torch.no_grad():
        expected = model(torch.tensor(x, dtype=torch.float32)).numpy()
    model.train()
    found = training.predict(model, x, batch_size=10, device="cpu")
    # Matrix products of other sizes may round otherwise, near zero too.
    np.testing.assert_allclose(found, expected, rtol=1e-5, atol=1e-6)
    assert model.training


# --- bad input -----------------------------------------------------------------------


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"epochs": 0}, "epochs is 0; give a whole number from 1 up"),
        ({"epochs": 2.5}, "epochs is 2.5"),
        ({"batch_size": -3}, "batch_size is -3"),
        ({"patience": 0}, "patience is 0"),
        ({"patience": True}, "patience is True"),
        ({"clip_norm": -1.0}, "clip_norm is -1.0; give a positive number"),
        ({"clip_norm": 0}, "clip_norm is 0; give a positive number"),
        ({"metrics": "acuracy"}, "metrics is 'acuracy'; give \"accuracy\", or a dict"),
        ({"metrics": 5}, "metrics is int; give"),
        ({"metrics": {"x": 3}}, "metrics: 'x' is int; give a function"),
        ({"metrics": {"val_x": F.mse_loss}}, "cannot be called 'val_x'"),
        (
            {"metrics": {"x": lambda p, t: p}},
            r"metric 'x' returned Tensor of.*\(64, 3\)",
        ),
        ({"metrics": {"x": lambda p, t: "a"}}, "metric 'x' fails on str"),
        ({"loss": nn.CrossEntropyLoss}, r"the class CrossEntropyLoss; make.*Loss\(\)"),
        ({"loss": "mse"}, "loss is str; give a function"),
        ({"loss": lambda p, t: 1.0}, "loss returned float; it must return one number"),
        ({"loss": lambda p, t: p.detach().sum()}, "does not depend on any trainable"),
        (
            {"loss": lambda p, t: F.cross_entropy(p, t[:2])},
            r"loss fails on Tensor.*\(64, 3\), float32 and Tensor",
        ),
        ({"amp": None}, "amp is None; give True or False"),
        ({"seed": -1}, "seed is -1"),
        ({"seed": 2**32}, "seed is 4294967296"),
        ({"metrics": {"loss": F.mse_loss}}, "cannot be called 'loss'"),
        ({"optimizer": "adm"}, "unknown optimizer 'adm'; choose from adam, adamw, sgd"),
        ({"optimizer": 3}, "optimizer is int"),
        (
            {"optimizer": functools.partial(torch.optim.SGD), "lr": 1.0},
            "lr is 1.0, but",
        ),
        ({"optimizer": torch.optim.LBFGS}, "LBFGS, which needs a loop of its own"),
        ({"optimizer": lambda p: p[7]}, "optimizer fails on a list of 4"),
        ({"lr": -0.1}, "lr is -0.1"),
        ({"lr": "0.1"}, "lr is '0.1'"),
        ({"lr": math.nan}, "lr is nan"),
        ({"lr": math.inf}, "lr is inf"),
        ({"schedule": lambda e: 0.9**e}, "schedule fails on SGD|Adam.*`epoch`"),
        ({"schedule": lambda epoch: "a"}, "schedule returned str for epoch 0"),
        ({"schedule": 0.9}, "schedule is float"),
        ({"schedule": lambda optimizer: 0.9}, "schedule returned float.*`epoch`"),
        ({"device": "gpu"}, "unknown device 'gpu'; choose from 'cpu', 'cuda'"),
        ({"validation": [1, 2, 3]}, r"validation must be a pair \(x, y\)"),
        (
            {"loss": functools.partial(F.cross_entropy, reduction="none")},
            r"\(64,\), float32; it must return one number",
        ),
    ],
)
def test_bad_arguments_say_what_and_the_way_out(options, message):
    with pytest.raises(ValueError, match=message):
        train(**options)


@pytest.mark.parametrize(
    ("data", "message"),
    [
        (np.zeros((4, 5)), r"data must be a pair \(x, y\).*shape \(4, 5\)"),
        ((np.zeros((4, 5)), np.zeros(3)), "x holds 4 examples but y holds 3"),
        ((np.zeros((0, 5)), np.zeros(0)), r"shape \(0, 5\): there is no example"),
        ((np.zeros((4, 5)), 1), r"data's y has shape \(\)"),
        (([np.zeros((4, 5)), np.zeros(3)], np.zeros(4)), r"2 arrays with \[4, 3\]"),
        ((np.array([["a"]]), np.zeros(1)), "dtype <U1; give numbers"),
        (([[1, 2], [3]], np.zeros(2)), "not a regular array"),
        ((torch.zeros(4, 5, dtype=torch.complex64), np.zeros(4)), "give real numbers"),
        ((np.zeros((4, 3)), np.zeros(4, int)), r"model fails on Tensor.*\(4, 3\)"),
    ],
)
def test_bad_data_says_what_and_the_way_out(data, message):
    with pytest.raises(ValueError, match=message):
        train(data=data)


def test_bad_models():
    with pytest.raises(ValueError, match="model is str, not a"):
        train("model")
    with pytest.raises(ValueError, match="no parameter to train"):
        train(nn.Identity())
    optimizer = torch.optim.SGD(network().parameters(), lr=0.1)
    with pytest.raises(ValueError, match="none of this model's trainable parameters"):
        train(optimizer=optimizer)
    made = torch.optim.lr_scheduler.ExponentialLR(optimizer, 0.5)
    with pytest.raises(ValueError, match="belongs to another optimiser"):
        train(schedule=lambda optimizer: made)
    with pytest.raises(ValueError, match="model returned a tuple of 2; predict takes"):
        training.predict(nn.LSTM(5, 4), np.zeros((3, 2, 5)))


def test_a_loss_that_is_not_a_number_names_epoch_and_step():
    def loss(pred, target):
        calls.append(None)
        value = F.cross_entropy(pred, target)
        return value / 0 if len(calls) == 7 else value  # epoch 2, step 2 of 5

    calls = []
    message = (
        r"became inf in epoch 2, step 2 of 5\. Try a lower learning rate \(it was 0.001"
    )
    with pytest.raises(FloatingPointError, match=message):
        train(loss=loss, batch_size=50)
    x, y = problem()
    x[3, 1] = np.nan
    with pytest.raises(FloatingPointError, match=r"nan in epoch 1.*x holds values"):
        train(data=(x, y))
    with pytest.raises(
        FloatingPointError, match="validation loss became nan in epoch 1"
    ):
        train(validation=(x, y))


# --- History -------------------------------------------------------------------------

TABLE = """\
epoch    loss   val_loss  accuracy     lr
    1  2.3026     2.2000    0.1000    0.1
    2  0.5000  1.000e-04    1.0000  0.001"""


def history():
    rows = History()
    rows.append(
        {"epoch": 1, "accuracy": 0.1, "loss": 2.302585, "val_loss": 2.2, "lr": 0.1}
    )
    rows.append(
        {"epoch": 2, "lr": 0.001, "loss": 0.5, "val_loss": 1e-4, "accuracy": 1.0}
    )
    return rows


def test_history_prints_as_a_table():
    assert repr(history()) == TABLE
    assert repr(History()) == "History: no epochs"


def test_only_very_small_and_large_numbers_are_shown_with_an_exponent():
    shown = {0.0: "0.0000", 1e-3: "0.0010", 9e-4: "9.000e-04", 1e5: "1.000e+05"}
    for number, text in shown.items():
        assert repr(History([{"epoch": 1, "loss": number}])).split()[-1] == text


def test_a_history_of_twenty_epochs_is_shown_whole():
    history = History([{"epoch": e, "loss": 1 / e} for e in range(1, 21)])
    assert len(repr(history).splitlines()) == 21
    assert "..." not in repr(history)


def test_a_long_history_is_shortened_in_the_middle():
    long = History([{"epoch": i, "loss": 1 / i} for i in range(1, 101)])
    lines = repr(long).splitlines()
    assert len(lines) == 22
    assert lines[11].split() == ["..."]
    assert lines[10].split()[0] == "10"
    assert lines[12].split()[0] == "91"


def test_history_gives_columns_and_refuses_others():
    found = history()
    assert found["loss"] == [2.302585, 0.5]
    assert len(found) == 2
    assert found == history()
    with pytest.raises(ValueError, match="row is 3; give a dictionary"):
        found.append(3)
    with pytest.raises(
        KeyError, match="no column 'acc' in this history; it has: epoch"
    ):
        found["acc"]
    with pytest.raises(ValueError, match="the history is empty"):
        History().best  # noqa: B018
    found.append({"epoch": 3, "loss": 0.4})
    assert math.isnan(found["val_loss"][2])
    assert found.best["epoch"] == 2


# --- progress ------------------------------------------------------------------------


def test_progress_leaves_nothing(capsys, monkeypatch):
    monkeypatch.setenv("BOOK_PROGRESS", "0")
    train()
    assert capsys.readouterr() == ("", "")
    monkeypatch.delenv("BOOK_PROGRESS")
    train()  # a test is no person
    assert capsys.readouterr() == ("", "")


def test_progress_on_a_terminal_ends_with_an_empty_line(capsys, monkeypatch):
    monkeypatch.setenv("BOOK_PROGRESS", "1")
    assert progress.someone_waits()

    def slow(pred, target):
        time.sleep(0.05)
        return F.cross_entropy(pred, target)

    train(loss=slow, epochs=4)
    out, err = capsys.readouterr()
    assert out == ""
    assert "16" in err
    last = err.split("\r")
    assert "".join(last[-2:]).strip() == ""


def test_progress_in_a_notebook_is_erased(monkeypatch):
    shown = []

    class Handle:
        def update(self, content, raw):
            shown.append(content)

    def display(content, raw, display_id):
        shown.append(content)
        return Handle()

    import IPython.display

    monkeypatch.setattr(IPython.display, "display", display)
    monkeypatch.setattr(progress, "in_kernel", lambda: True)
    line = progress.CellLine()
    line.clear()
    assert shown == []  # nothing came, nothing to erase
    line.write("\r 10%|█")
    line.write("\r")
    line.write("\r 20%|██")
    line.clear()
    assert shown == [{"text/plain": "10%|█"}, {"text/plain": "20%|██"}, {}]


@pytest.mark.parametrize(
    ("stderr", "found"),
    [
        (types.SimpleNamespace(isatty=lambda: True), True),
        (types.SimpleNamespace(isatty=lambda: False), False),
        (types.SimpleNamespace(), False),  # somebody's own stream
    ],
)
def test_a_person_waits_at_a_terminal_and_not_in_a_test(monkeypatch, stderr, found):
    monkeypatch.delenv("BOOK_PROGRESS", raising=False)
    monkeypatch.setattr(progress, "in_kernel", lambda: False)
    monkeypatch.setattr(sys, "stderr", stderr)
    monkeypatch.setenv("PYTEST_VERSION", "8")
    assert progress.someone_waits() is False
    monkeypatch.delenv("PYTEST_VERSION")
    assert progress.someone_waits() is found


@pytest.mark.parametrize(
    ("shell", "found"),
    [
        (types.SimpleNamespace(kernel=object()), True),
        (types.SimpleNamespace(kernel=None), False),
        (types.SimpleNamespace(), False),  # IPython in a terminal
        (None, False),  # imported, not running
    ],
)
def test_a_kernel_is_told_from_a_terminal(monkeypatch, shell, found):
    ipython = types.SimpleNamespace(get_ipython=lambda: shell)
    monkeypatch.setitem(sys.modules, "IPython", ipython)
    assert progress.in_kernel() is found
    monkeypatch.delitem(sys.modules, "IPython")
    assert progress.in_kernel() is False


# --- Keras ---------------------------------------------------------------------------


def test_both_frameworks_train_in_batches_of_one_size():
    sizes = [
        inspect.signature(function).parameters["batch_size"].default
        for function in (training.fit, training.fit_keras)
    ]
    assert sizes == [64, 64]


def test_fit_keras_refuses_what_is_no_seed_before_it_looks_at_the_model():
    with pytest.raises(ValueError, match="seed is"):
        training.fit_keras("no model", problem(), epochs=1, seed=-1)


@pytest.fixture(scope="module")
def keras():
    return pytest.importorskip("keras")


class CountedBar:
    """What tqdm would have been told."""

    def __init__(self):
        self.steps, self.words = 0, []

    def update(self, steps=1):
        self.steps += steps

    def set_description_str(self, text, refresh):
        self.words.append(text)


def test_progress_reaches_its_end_in_both_frameworks(monkeypatch, keras):
    bars = []

    @contextlib.contextmanager
    def bar(total):
        made = progress.Bar(CountedBar(), total)
        bars.append((made, total))
        yield made

    monkeypatch.setattr(progress, "bar", bar)
    train(epochs=3, batch_size=50)
    options = {"epochs": 3, "batch_size": 50, "validation": problem()}
    training.fit_keras(keras_network(keras), problem(), **options)
    for made, total in bars:
        assert made._bar.steps == made.total == total == 3 * math.ceil(203 / 50)
        assert len(made._bar.words) == 3
    ours, theirs = (made._bar.words[-1] for made, _ in bars)
    assert re.fullmatch(r"epoch 3/3, loss \d\.\d{4}", ours)
    assert re.fullmatch(r"epoch 3/3, val_loss \d\.\d{4}", theirs)


def keras_network(keras, lr=0.01, metrics=("accuracy",), run_eagerly=True):
    """Eager unless asked otherwise: tracing takes longer than these few steps."""
    keras.utils.set_random_seed(0)
    layers = [keras.layers.Dense(16, activation="relu"), keras.layers.Dense(3)]
    model = keras.Sequential([keras.Input((5,)), *layers])
    loss = keras.losses.SparseCategoricalCrossentropy(from_logits=True)
    optimizer = keras.optimizers.Adam(lr)
    model.compile(optimizer, loss, metrics=list(metrics), run_eagerly=run_eagerly)
    return model


def test_keras_gives_the_same_columns(keras):
    x, y = problem(600)
    data, held_out = (x[:400], y[:400]), (x[400:], y[400:])
    model = keras_network(keras, run_eagerly=False)
    theirs = training.fit_keras(model, data, epochs=8, validation=held_out)
    ours = train(data=data, validation=held_out, metrics="accuracy", epochs=2)
    assert theirs.columns == ours.columns
    assert type(theirs) is type(ours)
    assert theirs["epoch"] == list(range(1, 9))
    assert theirs["val_accuracy"][-1] > 0.85
    loss, accuracy = model.evaluate(*held_out, verbose=0)
    assert loss == pytest.approx(theirs["val_loss"][-1], rel=1e-5)
    assert accuracy == pytest.approx(theirs["val_accuracy"][-1], rel=1e-5)
    assert model.predict(x, verbose=0).shape == (600, 3)


def test_keras_draws_a_new_order_in_each_epoch(keras):
    x = np.arange(10.0)[:, None]
    seen = []

    class Recorder(keras.Model):
        def call(self, x):
            return x

        def train_step(self, batch):
            rows = keras.ops.convert_to_numpy(batch[0])[:, 0]
            assert (keras.ops.convert_to_numpy(batch[1]) == rows).all()
            assert batch[0].dtype in ("float32", torch.float32)
            seen.append(rows.astype(int).tolist())
            return {"loss": 0.0}

    orders = {}
    for seed in (0, 0, 1):
        seen.clear()
        recorder = Recorder()
        recorder.compile(loss="mse", run_eagerly=True)
        training.fit_keras(recorder, (x, x[:, 0]), epochs=3, batch_size=4, seed=seed)
        assert [len(rows) for rows in seen] == [4, 4, 2] * 3
        epochs = [[*seen[k], *seen[k + 1], *seen[k + 2]] for k in (0, 3, 6)]
        assert all(sorted(order) == list(range(10)) for order in epochs)
        assert epochs[0] != epochs[1] != epochs[2] != epochs[0]
        orders.setdefault(seed, []).append(epochs)
    assert orders[0][0] == orders[0][1] != orders[1][0]


def test_keras_takes_several_inputs(keras):
    x, y = problem()
    first, second = keras.Input((1,)), keras.Input((4,))
    logits = keras.layers.Dense(3)(keras.layers.Concatenate()([first, second]))
    model = keras.Model([first, second], logits)
    model.compile(
        keras.optimizers.Adam(0.05),
        keras.losses.SparseCategoricalCrossentropy(from_logits=True),
    )
    history = training.fit_keras(model, ((x[:, :1], x[:, 1:]), y), epochs=5)
    assert history["loss"][-1] < 0.7 * history["loss"][0]


def test_several_steps_in_one_call_change_no_number(keras, monkeypatch):
    histories = []
    for most in (1, 32):
        monkeypatch.setattr(with_keras, "_STEPS_PER_EXECUTION", most)
        model = keras_network(keras, run_eagerly=False)
        histories.append(training.fit_keras(model, problem(), epochs=2, batch_size=30))
        many = 7 if keras.backend.backend() == "tensorflow" else 1
        assert model.steps_per_execution == min(most, many)
    assert histories[1]["loss"] == pytest.approx(histories[0]["loss"], rel=1e-5)


def test_keras_long_names_become_short_and_the_rate_is_recorded(keras):
    model = keras_network(keras, metrics=["sparse_categorical_accuracy"])
    schedule = keras.callbacks.LearningRateScheduler(lambda epoch: 0.1 * 0.5**epoch)
    history = training.fit_keras(model, problem(), epochs=2, callbacks=[schedule])
    assert history.columns == ["epoch", "loss", "accuracy", "lr"]
    assert history["lr"] == pytest.approx([0.1, 0.05])


def test_keras_patience_brings_back_the_best_weights(keras):
    held_out = problem(60, seed=1)
    model = keras_network(keras, lr=0.2)
    history = training.fit_keras(
        model, problem(60), epochs=100, validation=held_out, patience=2
    )
    assert len(history) == history.best["epoch"] + 2 < 100
    loss, _ = model.evaluate(*held_out, verbose=0)
    assert loss == pytest.approx(history.best["val_loss"], rel=1e-5)


def test_keras_is_reproducible_and_leaves_other_generators(keras):
    found = []
    for drawn in (0, 5):
        model = keras_network(keras)
        np.random.seed(3)  # noqa: NPY002
        np.random.rand(drawn)  # noqa: NPY002
        expected = np.random.get_state()[2]  # noqa: NPY002
        found.append(training.fit_keras(model, problem(), epochs=2)["loss"])
        assert np.random.get_state()[2] == expected  # noqa: NPY002
    assert found[0] == pytest.approx(found[1], rel=1e-6)


def test_keras_bad_input(keras):
    model = keras_network(keras)
    x, y = problem()
    with pytest.raises(ValueError, match="epochs is 0"):
        training.fit_keras(model, (x, y), epochs=0)
    with pytest.raises(ValueError, match="x holds 203 examples but y holds 5"):
        training.fit_keras(model, (x, y[:5]), epochs=1)
    with pytest.raises(ValueError, match="not a compiled Keras model; call"):
        training.fit_keras(keras.Sequential(), (x, y), epochs=1)
    with pytest.raises(ValueError, match=re.escape("A torch.nn.Module goes to fit")):
        training.fit_keras(network(), (x, y), epochs=1)
    with pytest.raises(ValueError, match="Keras model fails on"):
        training.fit_keras(model, (x[:, :2], y), epochs=1)
    for callbacks in (3, [3], None):
        with pytest.raises(ValueError, match="callbacks is or holds"):
            training.fit_keras(model, (x, y), epochs=1, callbacks=callbacks)
    good = x.copy()
    x[0] = np.nan
    with pytest.raises(FloatingPointError, match="the loss became nan in epoch 1"):
        training.fit_keras(keras_network(keras), (x, y), epochs=1)
    with pytest.raises(FloatingPointError, match="validation loss became nan"):
        training.fit_keras(keras_network(keras), (good, y), epochs=1, validation=(x, y))
    if keras.backend.backend() != "torch":  # there a Keras model is a Module, too
        with pytest.raises(ValueError, match="train a Keras model with fit_keras"):
            training.fit(model, (x, y), loss=F.cross_entropy, epochs=1)
