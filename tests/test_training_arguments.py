"""What the arguments of `fit` may be, to the edge, and the words for what they are."""

import math

import numpy as np
import pytest
import torch
from torch import nn

from utils.training import arguments


def test_counts_and_seeds_go_to_the_edge():
    arguments.check_counts(one=1, most=2**31 - 1, numpy=np.int64(3))
    for wrong in (0, 2**31, 1.0, True, None):
        with pytest.raises(ValueError, match=r"n is .*; give a whole number from 1 up"):
            arguments.check_counts(n=wrong)
    for seed in (0, 1, 2**32 - 1, np.uint8(3)):
        arguments.check_seed(seed)
    for wrong in (-1, 2**32, 0.0, False):
        with pytest.raises(ValueError, match="seed is"):
            arguments.check_seed(wrong)
    arguments.check_stopping(1, 1e-9)
    arguments.check_stopping(None)
    for wrong in (0.0, -1, "1", True, math.nan):
        with pytest.raises(ValueError, match="clip_norm is"):
            arguments.check_stopping(None, wrong)
    arguments.check_flags(a=True, b=False)
    for wrong in (1, 0, None, "True"):
        with pytest.raises(ValueError, match=r"a is .*; give True or False"):
            arguments.check_flags(a=wrong)


def test_numbers_are_finite_and_no_flags():
    largest = float(np.finfo(float).max)
    for number in (0, -2, 1.5, np.float32(2), np.int8(1), largest, -largest):
        assert arguments.is_number(number)
    for other in (True, math.inf, -math.inf, math.nan, 10**400, "1", None, 1j):
        assert not arguments.is_number(other)


@pytest.mark.parametrize(
    ("value", "kind", "text"),
    [
        ((1, 2, 3), "a tuple of 3", "(1, 2, 3)"),
        ([], "a list of 0", "[]"),
        (int, "the class int", "<class 'int'>"),
        (np.zeros((2, 3)), "ndarray of shape (2, 3), float64", None),
        (torch.zeros(4), "Tensor of shape (4,), float32", None),
        (np.float32(2), "float32 of shape (), float32", repr(np.float32(2))),
        ("a" * 58, "str", repr("a" * 58)),
        ("a" * 59, "str", None),
        (nn.Sequential(nn.ReLU()), "Sequential", None),
    ],
)
def test_values_in_words(value, kind, text):
    assert arguments.kind_of(value) == kind
    assert arguments.shown(value) == (kind if text is None else text)


def test_an_error_in_a_line():
    assert arguments.one_line(ValueError("first\nsecond")) == "first"
    assert arguments.one_line(ValueError("\n  first")) == "first"
    assert arguments.one_line(KeyboardInterrupt()) == "KeyboardInterrupt"


def test_only_errors_of_the_calculation_are_put_in_words():
    def fails(error):
        raise error

    for error in (RuntimeError, TypeError, ValueError, KeyError, AttributeError):
        with pytest.raises(ValueError, match=r"it fails on int: .?at the start"):
            arguments.attempted("it", lambda _, e=error: fails(e("at the start")), 1)
    for error in (KeyboardInterrupt, FloatingPointError, MemoryError):
        with pytest.raises(error):
            arguments.attempted("it", fails, error)


@pytest.mark.parametrize(
    ("x", "shapes"),
    [
        (np.zeros((4, 2)), [(4, 2)]),
        ([np.zeros((4, 2)), torch.zeros(4)], [(4, 2), (4,)]),
        ((np.zeros((4, 2)),), [(4, 2)]),
        ([1.0, 2.0, 3.0], [(3,)]),
        ([[1, 2], [3, 4]], [(2, 2)]),
    ],
)
def test_one_input_or_several(x, shapes):
    assert [tuple(a.shape) for a in arguments.inputs_of(x, "x")] == shapes


@pytest.mark.parametrize(
    ("array", "dtype"),
    [
        (np.arange(3, dtype=np.uint8), torch.int64),
        (np.arange(3, dtype=">i4"), torch.int64),
        (np.arange(3.0), torch.float16),
        (np.arange(3, dtype=">f4"), torch.float16),
        (np.arange(3, dtype=np.longdouble), torch.float16),
        (np.arange(3)[::-1][::-1], torch.int64),
        (torch.arange(3, dtype=torch.int32), torch.int64),
        (torch.arange(3.0, requires_grad=True), torch.float16),
    ],
)
def test_integers_stay_and_all_else_gets_the_models_dtype(array, dtype):
    made = arguments.to_tensor(array, torch.float16, torch.device("cpu"))
    assert made.dtype == dtype
    assert made.tolist() == [0, 1, 2]
    assert not made.requires_grad
    flags = arguments.to_tensor(array > 0, torch.float16, torch.device("cpu"))
    assert flags.dtype == torch.float16
    assert flags.tolist() == [0, 1, 1]


def test_a_model_without_parameters_has_a_dtype_and_a_home():
    assert arguments.dtype_of(nn.Identity()) == torch.get_default_dtype()
    assert arguments.dtype_of(nn.Linear(1, 1).double()) == torch.float64
    assert arguments.home_of(nn.Identity()) == torch.device("cpu")
    assert arguments.home_of(nn.Linear(1, 1, device="meta")).type == "meta"
    counts = nn.ParameterList([nn.Parameter(torch.arange(3), requires_grad=False)])
    counts.append(nn.Parameter(torch.zeros(1, dtype=torch.float64)))
    assert arguments.dtype_of(counts) == torch.float64


def test_devices(monkeypatch):
    model = nn.Linear(1, 1)
    assert arguments.device_of(model, "cpu") == torch.device("cpu")
    assert arguments.device_of(model, "cpu:0") == torch.device("cpu:0")
    for absent in ("cpu:1", "cuda:99", "meta"):
        with pytest.raises(ValueError, match=f"device is '{absent}', but PyTorch"):
            arguments.device_of(model, absent)
    for unknown in ("gpu", 1.5, object()):
        with pytest.raises(ValueError, match="unknown device"):
            arguments.device_of(model, unknown)
    assert arguments.device_of(nn.Linear(1, 1, device="meta"), None).type == "meta"
    from utils import runtime

    for named in ("cpu", "cuda", "mps"):
        monkeypatch.setattr(runtime, "device", lambda named=named: named)
        assert arguments.device_of(model, None).type == named
        double = arguments.device_of(nn.Linear(1, 1).double(), None).type
        assert double == ("cpu" if named == "mps" else named)


def test_optimisers_have_the_rate_that_was_asked_for():
    model = nn.Linear(2, 2)
    model.bias.requires_grad_(False)
    (group,) = arguments.optimizer_of(model, "momentum", None).param_groups
    assert (group["lr"], group["momentum"]) == (1e-3, 0.9)
    assert [id(p) for p in group["params"]] == [id(model.weight)]
    for name in ("adam", "adamw", "sgd", "rmsprop"):
        made = arguments.optimizer_of(model, name, 0)
        assert type(made).__name__.lower() == name
        assert made.param_groups[0]["lr"] == 0
    other = nn.Linear(1, 1)
    both = torch.optim.SGD([*model.parameters(), *other.parameters()], lr=1.0)
    assert arguments.optimizer_of(other, both, None) is both


def test_a_schedule_is_a_function():
    optimizer = arguments.optimizer_of(nn.Linear(1, 1), "sgd", 0.1)
    row = {"loss": 1.0}
    arguments.schedule_of(None, optimizer).after_epoch(row)
    assert row == {"loss": 1.0}
    with pytest.raises(ValueError, match=r"schedule fails on SGD: .*plain factor"):
        arguments.schedule_of(dict, optimizer)  # it has no signature
    with pytest.raises(ValueError, match="schedule returned float for epoch 0"):
        arguments.schedule_of(lambda epoch: math.nan, optimizer)
    each = torch.optim.lr_scheduler
    for made, moves in (
        (lambda o: each.CyclicLR(o, 0.1, 0.2, cycle_momentum=False), True),
        (lambda o: each.StepLR(o, 1), False),
    ):
        assert arguments.schedule_of(made, optimizer).each_step is moves


def test_modes_homes_and_generators_come_back():
    model = nn.Sequential(nn.ReLU(), nn.Dropout())
    model[1].eval()
    with pytest.raises(AttributeError), arguments.modes_kept(model):
        model.train().nothing()
    assert [m.training for m in model.modules()] == [True, True, False]
    torch.manual_seed(3)
    expected = torch.rand(2)
    torch.manual_seed(3)
    cpu = torch.device("cpu")
    with arguments.seeded(7, cpu) as generator:
        inside, drawn = torch.rand(2), torch.rand(2, generator=generator)
    torch.manual_seed(7)
    assert torch.equal(inside, torch.rand(2))
    assert torch.equal(drawn, inside)
    torch.manual_seed(3)
    assert torch.equal(torch.rand(2), expected)


def test_mixed_precision_is_a_context():
    cpu = torch.device("cpu")
    a = torch.ones(2, 2)
    for amp, dtype in ((False, torch.float32), (True, torch.bfloat16)):
        with arguments.autocast_of(amp, cpu):
            assert (a @ a).dtype == dtype
    with pytest.raises(ValueError, match="amp is 1; give True or False"):
        arguments.autocast_of(1, cpu)
