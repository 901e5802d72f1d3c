"""Whatever a public function is given, it answers: a result, or a sentence of its own.

Each argument of a good call is replaced in turn by everything a reader might pass by
mistake. The call may succeed. If it raises, then a `raise` in `utils` did it on
purpose, and the sentence names an argument. An error that comes out of NumPy,
Matplotlib or an operator is a failure.
"""

import inspect
import linecache
import re
import traceback
import warnings
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any

import matplotlib.pyplot as plt
import numpy as np
import pytest
from scratch_helpers import CASES

import utils
from utils import data, gradcheck, plots, runtime, scratch

UTILS = Path(utils.__file__).parent
JUNK = {
    "None": None,
    "a word": "three",
    "a number": 3,
    "a negative number": -1,
    "a fraction": 2.5,
    "nan": float("nan"),
    "infinity": float("inf"),
    "a truth value": True,
    "a complex number": 1j,
    "an empty list": [],
    "a list": [1, 2],
    "a ragged list": [[1], [1, 2]],
    "a tuple of words": ("a", "b"),
    "an empty dict": {},
    "a dict": {"x": 3},
    "an object": object(),
    "a function": lambda *given: 0,
    "a function that raises": lambda *given: 1 / 0,
    "an array of nothing": np.ones(0),
    "an array without axes": np.array(1.0),
    "an array of nan": np.full((2, 3), np.nan),
    "an array of words": np.array(["a", "b"]),
    "an array of objects": np.array([None, {}], dtype=object),
    "an array of complex numbers": np.ones(3, complex),
    "an array of truth values": np.ones((2, 2), bool),
    "an array of integers": np.arange(-2, 5),
    "rows of no columns": np.ones((3, 0)),
    "no rows": np.ones((0, 3)),
    "five axes": np.ones((1, 2, 1, 2, 1)),
}


def complaint(function: Callable[..., Any], given: dict[str, Any]) -> str | None:
    """Call; return what is wrong with the way it refused, or None."""
    try:
        with warnings.catch_warnings(), np.errstate(all="ignore"):
            warnings.simplefilter("error")
            warnings.simplefilter("ignore", RuntimeWarning)  # of NaN and infinity
            function(**given)
    except AssertionError:  # a check that answers "these differ"
        pass
    except Exception as error:
        return fault(error, given)
    finally:
        plt.close("all")
    return None


def fault(error: Exception, given: dict[str, Any]) -> str | None:
    """Return why an error is not a sentence of ours that names an argument."""
    said = f"{type(error).__name__}: {error}"
    last = traceback.extract_tb(error.__traceback__)[-1]
    if "1 / 0" in (statement := linecache.getline(last.filename, last.lineno or 0)):
        return None  # the reader's own function raised it
    if not isinstance(error, ValueError | TypeError):
        return said
    if UTILS not in Path(last.filename).parents or "raise" not in statement:
        return f"{said} (out of {Path(last.filename).name}: {statement.strip()})"
    if not any(re.search(rf"\b{name}", str(error)) for name in given):
        return f"{said} (names none of {', '.join(given)})"
    if "\n" in str(error):
        return f"{said} (more than one line)"
    return None


def refuses_well(function: Callable[..., Any], good: Callable[[], dict[str, Any]]):
    """Replace each argument of a good call by each kind of junk."""
    function(**good())
    plt.close("all")
    wrong = []
    for name in good():
        for kind, junk in JUNK.items():
            found = complaint(function, {**good(), name: junk})
            if found:
                wrong.append(f"{name} = {kind}: {found}")
    assert not wrong, f"{len(wrong)} raw errors\n" + "\n".join(wrong)


# --- utils.scratch --------------------------------------------------------------------


def layer(case):
    """The operation itself, with the settings of the case among its arguments."""
    name = case.name.split()[0]
    function = getattr(scratch, name)
    settings = {
        "softmax": {"axis": -1},
        "conv2d": {"stride": 1, "padding": 1, "dilation": 1, "groups": 2},
        "conv_transpose2d": {
            **{"stride": 2, "padding": 1, "output_padding": 0},
            **{"dilation": 1, "groups": 2},
        },
        "max_pool2d": {"size": 2, "stride": 1, "padding": 1},
        "avg_pool2d": {"size": 2, "stride": 1, "padding": 1},
        "layer_norm": {"eps": 1e-5},
        "dropout": {"p": 0.4, "training": True, "rng": np.random.default_rng(0)},
        "embedding": {"ids": np.array([0, 2])},
        "attention": {"mask": np.tri(3, 4, dtype=bool)},
        "multi_head_attention": {"n_heads": 2, "mask": np.tri(3, 4, dtype=bool)},
    }.get(name, {})

    def good():
        given = case.arrays() | settings
        if name == "batch_norm":
            given |= {"running": {"mean": np.zeros(3), "var": np.ones(3)}}
            given |= {"training": "training" in case.name}
            given |= {"momentum": 0.1, "eps": 1e-5}
        return given

    return function, good


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.name)
def test_forward(case):
    refuses_well(*layer(case))


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.name)
def test_backward(case):
    function, good = layer(case)

    def upstream():
        answer = function(**good())
        if case.name == "softmax":
            return {"dy": answer, "y": answer, "axis": -1}
        y, cache = answer
        first, *others = inspect.signature(case.backward).parameters
        more = {"dc_last": y[:, -1]} if "dc_last" in others else {}
        return {first: y, "cache": cache, **more}

    refuses_well(case.backward, upstream)


@pytest.mark.parametrize("name", ["mse", "cross_entropy", "binary_cross_entropy"])
def test_loss(name):
    def good():
        scores = np.full((2, 3), 0.5)
        if name == "cross_entropy":
            return {"logits": scores, "labels": np.array([0, 2])}
        return {("pred" if name == "mse" else "logits"): scores, "target": scores}

    refuses_well(getattr(scratch, name), good)


OPTIMISERS = ("sgd", "momentum", "nesterov", "rmsprop", "adam", "adamw")


@pytest.mark.parametrize("name", OPTIMISERS)
def test_optimiser(name):
    function = getattr(scratch, name)

    def good():
        given = {"params": {"w": np.ones(3)}, "grads": {"w": np.ones(3)}, "state": {}}
        for setting, parameter in inspect.signature(function).parameters.items():
            given.setdefault(setting, parameter.default)
        return given

    refuses_well(function, good)
    for part in ("params", "grads", "state"):
        for junk in JUNK.values():
            found = complaint(function, good() | {part: {"w": junk}})
            assert found is None, f"{part}['w'] = {junk!r}: {found}"


# --- utils.gradcheck ------------------------------------------------------------------


def test_gradcheck():
    w = np.array([1.0, 2.0])
    refuses_well(
        gradcheck.check_gradients,
        lambda: {
            "f": lambda: (w**2).sum(),
            "gradients": {"w": (w, 2 * w)},
            "tolerance": 1e-6,
        },
    )
    refuses_well(
        gradcheck.numerical_gradient,
        lambda: {"f": np.sum, "x": np.ones(3), "step": 1e-5},
    )
    refuses_well(
        gradcheck.relative_error, lambda: {"a": np.ones(2), "b": np.ones(2), "floor": 0}
    )
    for junk in JUNK.values():
        for pair in ((junk, w), (w, junk), junk):
            given = {"f": lambda: 0.0, "gradients": {"w": pair}}
            found = complaint(gradcheck.check_gradients, given)
            assert found is None or re.search(r"\bw (must|is)", found), found


# --- utils.plots, runtime, data -------------------------------------------------------


def figure():
    return plt.subplots()[0]


@pytest.mark.parametrize(
    ("function", "good"),
    [
        (
            plots.show,
            lambda: {"fig": figure(), "alt": "A line.", "caption": "A line"},
        ),
        (
            plots.image_grid,
            lambda: {
                "images": np.zeros((3, 4, 4)),
                "titles": "abc",
                "columns": 2,
                "limits": (0, 1),
            },
        ),
        (
            plots.decision_boundary,
            lambda: {
                "ax": plt.subplots()[1],
                "predict": lambda points: points[:, 0],
                "x": np.array([[0.0, 1], [1, 0], [1, 1]]),
                "y": np.array([0, 1, 1]),
                "limits": (0, 1, 0, 1),
                "resolution": 4,
            },
        ),
        (
            plots.weight_tables,
            lambda: {
                "tables": {"one": {"head 1": [[0.5, 0.5]]}},
                "rows": {"one": ["a"]},
                "columns": {"one": ["b", "c"]},
                "opened": 0,
            },
        ),
        (plots.rasterize, lambda: {"fig": figure(), "dpi": 20}),
        (runtime.setup, lambda: {"seed": 0}),
        (runtime.pick, lambda: {"quick": 0, "full": 1}),
    ],
    ids=lambda each: getattr(each, "__name__", ""),
)
def test_plots_and_runtime(function, good):
    refuses_well(function, good)


@pytest.mark.parametrize(
    "function", [data.load, data.image, data.text, data.texts], ids=lambda f: f.__name__
)
def test_data_by_name(function):
    for kind, junk in JUNK.items():
        found = complaint(partial(function, junk), {})
        assert found is None or "names none of" in found, f"{kind}: {found}"


@pytest.mark.parametrize("name", ["spirals", "rings"])
def test_data_options(name):
    refuses_well(partial(data.load, name), lambda: {"n": 20, "noise": 0.1, "seed": 0})


def test_number_words():
    refuses_well(
        partial(data.texts, "number_words"),
        lambda: {"largest": 99, "block": 10, "seed": 0},
    )
