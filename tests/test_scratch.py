"""What holds of every operation in utils.scratch, and of the package as a whole."""

import doctest
import importlib
import inspect
import pkgutil
import re
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from scratch_helpers import CASES, as_tuple, normal

from utils import scratch
from utils.gradcheck import check_gradients
from utils.scratch import _checks

each = pytest.mark.parametrize("case", CASES, ids=lambda case: case.name)


def run(case, arrays, seed=1):
    y, cache = case.forward(**arrays)
    dy = normal(np.random.default_rng(seed), *y.shape, dtype=y.dtype)
    if case.name == "softmax":
        return y, dy, scratch.softmax_backward(dy, cache, axis=1)
    return y, dy, case.backward(dy, cache)


def test_every_operation_has_a_backward_and_a_case():
    forwards = {n for n in scratch.__all__ if f"{n}_backward" in scratch.__all__}
    backwards = {n for n in scratch.__all__ if n.endswith("_backward")}
    assert {f"{n}_backward" for n in forwards} == backwards
    assert forwards == {case.name.split()[0] for case in CASES}
    others = set(scratch.__all__) - forwards - backwards
    assert others == {
        *("mse", "cross_entropy", "binary_cross_entropy"),
        *("sgd", "momentum", "nesterov", "rmsprop", "adam", "adamw"),
    }


@pytest.mark.parametrize("name", scratch.__all__)
def test_every_function_is_documented_and_typed(name):
    function = getattr(scratch, name)
    signature = inspect.signature(function)
    assert all(p.annotation is not p.empty for p in signature.parameters.values())
    if not name.endswith("_backward"):
        assert "Source:" in function.__doc__
        assert "Raises:" in function.__doc__


def test_every_equation_named_in_a_docstring_is_in_a_chapter():
    root = Path(__file__).parents[1]
    sources = [*(root / "utils/scratch").glob("*.py"), root / "utils/gradcheck.py"]
    text = "".join(path.read_text("utf-8") for path in sources)
    named = set(re.findall(r"\beq-[\w-]+", text))
    chapters = (root / "chapters").rglob("*.ipynb")
    labels = {
        label
        for path in chapters
        for label in re.findall(r"\((eq-[\w-]+)\)", path.read_text("utf-8"))
    }
    assert len(named) > 10
    assert named <= labels, f"in no chapter: {sorted(named - labels)}"


def test_the_examples_in_docstrings_are_right():
    names = [f"utils.scratch.{m.name}" for m in pkgutil.iter_modules(scratch.__path__)]
    results = [
        doctest.testmod(importlib.import_module(name))
        for name in (*names, "utils.gradcheck")
    ]
    assert sum(result.failed for result in results) == 0
    assert sum(result.attempted for result in results) >= 8


def test_imports_numpy_and_nothing_else():
    code = (
        "import sys, utils.scratch, utils.gradcheck; "
        "print([m for m in ('torch', 'tensorflow', 'keras', 'scipy', 'sklearn', "
        "'matplotlib') if m in sys.modules])"
    )
    run = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=True
    )
    assert run.stdout.strip() == "[]"


@each
def test_gradients_agree_with_central_differences(case):
    arrays = case.arrays()
    _, dy, grads = run(case, arrays)
    check_gradients(
        lambda: np.sum(case.forward(**arrays)[0] * dy),
        {n: (a, g) for (n, a), g in zip(arrays.items(), as_tuple(grads), strict=True)},
    )


@each
@pytest.mark.parametrize("dtype", [np.float16, np.float32, np.float64])
def test_the_dtype_that_goes_in_comes_out(case, dtype):
    arrays = case.arrays(dtype)
    y, _, grads = run(case, arrays)
    assert y.dtype == dtype
    assert [g.dtype for g in as_tuple(grads)] == [dtype] * len(arrays)
    assert [g.shape for g in as_tuple(grads)] == [a.shape for a in arrays.values()]


@each
def test_float16_is_float64_rounded(case):
    half = case.arrays(np.float16)
    rough, _ = case.forward(**half)
    exact, _ = case.forward(**{n: a.astype(np.float64) for n, a in half.items()})
    np.testing.assert_allclose(rough, exact, rtol=0.02, atol=0.02)


@each
def test_no_input_is_changed_and_a_backward_can_be_repeated(case):
    arrays = case.arrays()
    before = {n: a.copy() for n, a in arrays.items()}
    y, dy, grads = run(case, arrays)
    y_before, dy_before = y.copy(), dy.copy()
    _, _, again = run(case, arrays)
    for name, array in arrays.items():
        np.testing.assert_array_equal(array, before[name])
    np.testing.assert_array_equal(y, y_before)
    np.testing.assert_array_equal(dy, dy_before)
    for a, b in zip(as_tuple(grads), as_tuple(again), strict=True):
        np.testing.assert_array_equal(a, b)


@each
def test_inputs_may_be_read_only_and_in_any_memory_order(case):
    arrays = case.arrays()
    y, _, grads = run(case, arrays)
    turned = {n: np.asfortranarray(a) for n, a in arrays.items()}
    for array in turned.values():
        array.flags.writeable = False
    y2, _, grads2 = run(case, turned)
    np.testing.assert_allclose(y2, y, rtol=1e-12, atol=1e-14)
    for a, b in zip(as_tuple(grads2), as_tuple(grads), strict=True):
        np.testing.assert_allclose(a, b, rtol=1e-12, atol=1e-13)


@pytest.mark.parametrize(
    "case", [c for c in CASES if c.batched], ids=lambda case: case.name
)
def test_the_order_of_the_batch_does_not_matter(case):
    arrays = case.arrays()
    y, _ = case.forward(**arrays)
    order = np.arange(len(y))[::-1]
    shuffled = {n: a[order] if n in case.batched else a for n, a in arrays.items()}
    y_shuffled, _ = case.forward(**shuffled)
    np.testing.assert_allclose(y_shuffled, y[order], rtol=1e-12, atol=1e-14)


@each
def test_a_list_or_integers_in_place_of_floats_is_named(case):
    for name in case.shapes:
        arrays = case.arrays()
        as_list = {**arrays, name: arrays[name].tolist()}
        with pytest.raises(ValueError, match=f"{name} must be a NumPy array, got list"):
            case.forward(**as_list)
        as_ints = {**arrays, name: arrays[name].astype(int)}
        with pytest.raises(ValueError, match=f"{name} must hold floats, got dtype int"):
            case.forward(**as_ints)


@pytest.mark.parametrize(
    "case", [c for c in CASES if len(c.shapes) > 1], ids=lambda case: case.name
)
def test_a_second_dtype_is_named(case):
    first, *others = case.shapes
    for name in others:
        arrays = case.arrays()
        arrays[name] = arrays[name].astype(np.float32)
        with pytest.raises(ValueError, match="must have dtype float") as error:
            case.forward(**arrays)
        assert first in str(error.value) or name in str(error.value)


@each
def test_an_array_with_an_axis_too_many_is_named(case):
    for name in case.shapes:
        arrays = case.arrays()
        arrays[name] = arrays[name][None]
        try:
            y, _ = case.forward(**arrays)
        except ValueError as error:
            assert name in str(error) or "gamma" in str(error)  # noqa: PT017
        else:
            assert y.ndim == case.forward(**case.arrays())[0].ndim + 1


@each
def test_a_wrong_upstream_gradient_is_named(case):
    y, cache = case.forward(**case.arrays())
    for wrong in (y[..., :1].repeat(y.shape[-1] + 1, -1), y[0], y.astype(np.float32)):
        with pytest.raises(ValueError, match=r"(dy|dh_all) must have (shape|dtype)"):
            case.backward(wrong, cache)
    with pytest.raises(ValueError, match="must be a NumPy array, got float"):
        case.backward(1.0, cache)


def test_a_count_may_be_one_and_not_zero():
    assert _checks.count("groups", 1) == 1
    with pytest.raises(ValueError, match="groups must be an integer of at least 1"):
        _checks.count("groups", 0)


def test_shape_patterns_bind_names_across_arguments():
    x, w = np.ones((2, 5, 3)), np.ones((3, 8))
    assert _checks.shapes(x=(x, "... D"), w=(w, "D 4H")) == {"D": 3, "H": 2}
    with pytest.raises(
        ValueError, match=r"w must have shape \(D, M\) with D = 3, got \(8, 3\)"
    ):
        _checks.shapes(x=(x, "... D"), w=(w.T, "D M"))
    with pytest.raises(ValueError, match=r"w must have shape \(D, 3H\) with D = 3, "):
        _checks.shapes(x=(x, "... D"), w=(w, "D 3H"))
    with pytest.raises(ValueError, match=r"x must have shape \(N, D\), got \(2, 5, 3"):
        _checks.shapes(x=(x, "N D"))
    with pytest.raises(ValueError, match=r"x must have shape \(\.\.\., D\), got \(\)"):
        _checks.shapes(x=(np.array(1.0), "... D"))


@each
def test_what_was_returned_may_be_changed_in_place(case):
    """`h *= 0.5` on a result must not reach the cache, nor one gradient another."""
    arrays = case.arrays()
    _, dy, expected = run(case, arrays)
    y, cache = case.forward(**arrays)
    if case.name != "softmax":  # its backward is told y, so the reader sees the change
        y *= 0.5
    for _ in range(2):
        grads = as_tuple(
            scratch.softmax_backward(dy, cache, axis=1)
            if case.name == "softmax"
            else case.backward(dy, cache)
        )
        for a, b in zip(grads, as_tuple(expected), strict=True):
            np.testing.assert_allclose(a, b, rtol=1e-12, atol=1e-14)
        for a in grads:
            a *= 0.5
    for name, array in case.arrays().items():
        np.testing.assert_array_equal(array, arrays[name])


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.name)
def test_no_two_results_share_memory(case):
    """Not even for a sequence of no steps, where nothing is computed."""
    arrays = case.arrays()
    if case.name in ("rnn", "lstm", "gru"):
        arrays["x"] = arrays["x"][:, :0]
    y, dy, grads = run(case, arrays)
    results = [y, *as_tuple(grads)]
    for i, a in enumerate(results):
        for b in (*results[:i], dy, *arrays.values()):
            assert not np.shares_memory(a, b)


@pytest.mark.parametrize(
    ("value", "words"),
    [
        (np.zeros((2, 3)), "an array of shape (2, 3)"),
        (np.array(3), "array(3)"),
        (np.int64(4), "np.int64(4)"),
        ("a" * 58, repr("a" * 58)),
        ("a" * 59, "'" + "a" * 56 + "..."),
    ],
)
def test_a_value_is_said_in_sixty_letters(value, words):
    assert _checks.shown(value) == words
    assert len(words) <= 60
