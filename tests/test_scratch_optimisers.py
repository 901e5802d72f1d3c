import inspect

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from scratch_helpers import assert_close, drawn, dtypes, few, normal, seeds, sizes

from utils import scratch

rates = st.floats(1e-4, 0.5)
betas = st.floats(0, 0.999)
small = st.sampled_from([1e-8, 1e-3])

OPTIMISERS = {
    "sgd": (torch.optim.SGD, st.fixed_dictionaries({"lr": rates})),
    "momentum": (
        lambda p, lr, beta: torch.optim.SGD(p, lr, momentum=beta),
        st.fixed_dictionaries({"lr": rates, "beta": betas}),
    ),
    "nesterov": (
        # torch refuses nesterov without momentum, where it is plain descent.
        lambda p, lr, beta: torch.optim.SGD(p, lr, momentum=beta, nesterov=beta > 0),
        st.fixed_dictionaries({"lr": rates, "beta": betas}),
    ),
    "rmsprop": (
        torch.optim.RMSprop,
        st.fixed_dictionaries({"lr": rates, "alpha": betas, "eps": small}),
    ),
    "adam": (
        torch.optim.Adam,
        st.fixed_dictionaries(
            {"lr": rates, "betas": st.tuples(betas, betas), "eps": small}
        ),
    ),
    "adamw": (
        torch.optim.AdamW,
        st.fixed_dictionaries(
            {
                "lr": rates,
                "betas": st.tuples(betas, betas),
                "eps": small,
                "weight_decay": st.floats(0, 0.5),
            }
        ),
    ),
}
each = pytest.mark.parametrize("name", OPTIMISERS)


@each
@drawn
@given(st.data(), st.lists(sizes, max_size=2), dtypes, seeds)
def test_optimisers_take_torchs_steps(name, data, shape, dtype, seed):
    reference, options = OPTIMISERS[name]
    settings = data.draw(options)
    compare(name, lambda p: reference(p, **settings), settings, shape, dtype, seed)


@each
@few
@given(dtypes, seeds)
def test_the_defaults_are_torchs(name, dtype, seed):
    reference = {
        "sgd": lambda p: torch.optim.SGD(p, 0.01),
        "momentum": lambda p: torch.optim.SGD(p, 0.01, momentum=0.9),
        "nesterov": lambda p: torch.optim.SGD(p, 0.01, momentum=0.9, nesterov=True),
    }.get(name, OPTIMISERS[name][0])
    compare(name, reference, {}, [3], dtype, seed)


def compare(name, reference, settings, shape, dtype, seed):
    """Six steps, with a second parameter that has a gradient only now and then."""
    rng = np.random.default_rng(seed)
    params = {
        key: np.asarray(normal(rng, *s, dtype=dtype))
        for key, s in (("w", shape), ("b", [2]))
    }
    tensors = {k: torch.tensor(p, requires_grad=True) for k, p in params.items()}
    arrays, state = dict(params), {}
    optimiser = reference(list(tensors.values()))
    for step in range(6):
        names = ["w", "b"] if step in (1, 2, 5) else ["w"]
        grads = {
            k: np.asarray(normal(rng, *params[k].shape, dtype=dtype)) for k in names
        }
        before = {k: g.copy() for k, g in grads.items()}
        getattr(scratch, name)(params, grads, state, **settings)
        for key, tensor in tensors.items():
            tensor.grad = torch.tensor(grads[key]) if key in grads else None
        optimiser.step()
        for key, p in params.items():
            assert p is arrays[key]
            assert_close(p, tensors[key], f"{key} after step {step + 1}")
        for key, g in grads.items():
            np.testing.assert_array_equal(g, before[key])
    for entry in state.values():
        for value in entry.values():
            assert np.ndim(value) == 0 or value.dtype == dtype


@each
def test_a_frozen_parameter_does_not_move(name):
    params = {"w": np.ones(2), "frozen": np.ones(2)}
    state = {}
    for _ in range(3):
        getattr(scratch, name)(params, {"w": np.ones(2)}, state)
    np.testing.assert_array_equal(params["frozen"], 1)
    assert np.all(params["w"] < 1)
    assert "frozen" not in state


@each
def test_optimisers_find_the_bottom_of_a_bowl(name):
    params, state = {"w": np.array([3.0, -2.0])}, {}
    settings = {"weight_decay": 0} if name == "adamw" else {}
    for step in range(500):
        lr = 0.05 * (1 - step / 500)
        grads = {"w": 2 * params["w"]}
        getattr(scratch, name)(params, grads, state, lr=lr, **settings)
    np.testing.assert_allclose(params["w"], 0, atol=1e-2)


@each
@pytest.mark.parametrize("dtype", [np.float16, np.float32, np.float64])
def test_parameters_keep_their_dtype(name, dtype):
    params, state = {"w": np.ones(3, dtype)}, {}
    for _ in range(3):
        getattr(scratch, name)(params, {"w": np.full(3, 0.5, dtype)}, state, lr=0.1)
    assert params["w"].dtype == dtype
    assert np.all(params["w"] < 1)


@each
@pytest.mark.parametrize(
    ("params", "grads", "message"),
    [
        (
            {"w": np.ones(2), "b": np.ones(1)},
            {"w": np.ones(2), "u": np.ones(2)},
            r"grads\['u'\] has no parameter; params has w, b",
        ),
        (
            {"w": np.ones(2), "b": np.ones((2, 1))},
            {"w": np.ones(2), "b": np.ones(2)},
            r"grads\['b'\] must have shape \(2, 1\), got \(2,\)",
        ),
        (
            {"w": np.ones(2), "b": np.ones(2)},
            {"w": np.ones(2), "b": np.ones(2, np.float32)},
            r"grads\['b'\] must have dtype float64, got float32",
        ),
        (
            {"w": np.ones(2), "b": np.ones(2, int)},
            {"w": np.ones(2), "b": np.ones(2)},
            r"params\['b'\] must hold floats, got dtype int64",
        ),
        (
            {"w": np.ones(2), "b": np.float64(1)},
            {"w": np.ones(2), "b": np.float64(1)},
            r"params\['b'\] must be a NumPy array, got float64",
        ),
        (
            {"w": np.ones(2), "b": np.ones(1)},
            {"w": np.ones(2), "b": None},
            r"grads\['b'\] must be a NumPy array, got NoneType",
        ),
    ],
)
def test_a_mistake_is_named_before_anything_moves(name, params, grads, message):
    state = {}
    with pytest.raises(ValueError, match=message):
        getattr(scratch, name)(params, grads, state)
    np.testing.assert_array_equal(params["w"], 1)
    assert state == {}


@each
@pytest.mark.parametrize("other", ["momentum", "rmsprop", "adam"])
def test_a_state_of_another_optimiser_is_refused(name, other):
    kin = {"nesterov": "momentum", "adamw": "adam"}
    params, state = {"w": np.ones(2)}, {}
    getattr(scratch, other)(params, {"w": np.ones(2)}, state)
    before = params["w"].copy()
    if name == "sgd" or kin.get(name, name) == other:  # these remember the same
        getattr(scratch, name)(params, {"w": np.ones(2)}, state)
        return
    with pytest.raises(ValueError, match=r"state\['w'\] is not what .* remembers"):
        getattr(scratch, name)(params, {"w": np.ones(2)}, state)
    np.testing.assert_array_equal(params["w"], before)


@each
@pytest.mark.parametrize("wrong", ["0.1", np.nan])
def test_a_setting_that_is_no_number_is_refused(name, wrong):
    settings = {
        key: value.default
        for key, value in inspect.signature(getattr(scratch, name)).parameters.items()
        if value.default is not inspect.Parameter.empty
    }
    assert "lr" in settings
    for key in settings:
        changed = {key: (0.9, wrong) if key == "betas" else wrong}
        told = r"betas\[1\]" if key == "betas" else key
        with pytest.raises(ValueError, match=f"^{told} must be a number"):
            getattr(scratch, name)({"w": np.ones(2)}, {"w": np.ones(2)}, {}, **changed)


def test_a_setting_that_is_out_of_range_is_refused():
    with pytest.raises(ValueError, match=r"^eps must be a number of at least 0, got"):
        scratch.adam({"w": np.ones(2)}, {"w": np.ones(2)}, {}, eps=-1.0)
    with pytest.raises(ValueError, match=r"^lr must be a number, got nan"):
        scratch.sgd({"w": np.ones(2)}, {"w": np.ones(2)}, {}, lr=np.nan)
    for betas in ((0.9, 1.0), (1.0, 0.9), (-0.1, 0.9)):
        with pytest.raises(ValueError, match=r"^betas\[[01]\] must be a number of at"):
            scratch.adam({"w": np.ones(2)}, {"w": np.ones(2)}, {}, betas=betas)
