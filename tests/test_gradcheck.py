import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from utils.gradcheck import check_gradients, numerical_gradient, relative_error

drawn = settings(max_examples=30, deadline=None, derandomize=True, database=None)


@drawn
@given(st.lists(st.integers(0, 3), max_size=3), st.integers(0, 1000))
def test_central_differences_are_exact_for_a_quadratic(shape, seed):
    rng = np.random.default_rng(seed)
    x, a = rng.standard_normal(shape), rng.standard_normal(shape)
    x, a = np.asarray(x), np.asarray(a)
    before = x.copy()
    gradient = numerical_gradient(lambda x: np.sum(a * x * x), x)
    assert gradient.shape == x.shape
    assert gradient.dtype == x.dtype
    np.testing.assert_allclose(gradient, 2 * a * x, atol=1e-8)
    np.testing.assert_array_equal(x, before)


def test_the_error_falls_with_the_square_of_the_step():
    x = np.array([1.0])
    errors = [
        abs(numerical_gradient(lambda x: np.exp(x[0]), x, step)[0] - np.e)
        for step in (1e-2, 1e-3)
    ]
    assert errors[0] / errors[1] == pytest.approx(100, rel=0.01)


def test_the_function_may_ignore_its_argument():
    x = np.array([[3.0, -1.0]])
    gradient = numerical_gradient(lambda _: float(np.sum(x**3)), x)
    np.testing.assert_allclose(gradient, 3 * x**2, rtol=1e-8, atol=1e-9)


def test_x_is_put_back_when_the_function_fails():
    x = np.array([1.0, 2.0])

    def fails(x):
        raise RuntimeError("no value here")

    with pytest.raises(RuntimeError, match="no value here"):
        numerical_gradient(fails, x)
    np.testing.assert_array_equal(x, [1.0, 2.0])


def test_the_step_is_a_hundred_thousandth():
    gradient = numerical_gradient(lambda x: x[0] ** 3, np.zeros(1))
    assert gradient[0] == pytest.approx(1e-5**2)  # 0 but for the error, step²


@pytest.mark.parametrize(
    ("f", "message"),
    [
        (3, "f must be a function, got 3"),
        (lambda x: x, "f must return one number, got"),
        (lambda x: "1", "f must return one number, got '1'"),
        (lambda x: None, "f must return one number, got None"),
    ],
)
def test_a_function_must_return_a_number(f, message):
    with pytest.raises(ValueError, match=message):
        numerical_gradient(f, np.ones(2))


def test_float32_shows_what_rounding_does():
    x = np.array([1.0], np.float32)
    gradient = numerical_gradient(lambda x: np.exp(x[0]), x, step=1e-6)
    assert gradient.dtype == np.float32
    assert abs(gradient[0] - np.e) > 1e-3


@pytest.mark.parametrize(
    ("x", "step", "message"),
    [
        ([1.0], 1e-5, "x must be a NumPy array of floats, got list"),
        (np.array([1]), 1e-5, "x must be a NumPy array of floats, got int64"),
        (np.array([1.0]), 0, "step must be positive, got 0"),
        (np.array([1.0]), -1e-5, "step must be positive, got -1e-05"),
        (np.array([1.0]), "1", "step must be a number, got '1'"),
    ],
)
def test_numerical_gradient_says_what_is_wrong(x, step, message):
    with pytest.raises(ValueError, match=message):
        numerical_gradient(np.sum, x, step)


def test_relative_error():
    a = np.array([1.0, -4.0])
    assert relative_error(a, a) == 0
    assert relative_error(a, -a) == 2
    assert relative_error(a, np.array([2.0, -4.0])) == 0.25
    assert relative_error(np.array([2.0, -4.0]), a) == 0.25
    assert relative_error(np.zeros(2), np.zeros(2)) == 0
    assert relative_error(np.zeros(2), np.full(2, 1e-12)) == 1
    assert relative_error(np.zeros(2), np.full(2, 1e-12), floor=1e-6) == 1e-6
    assert relative_error(np.zeros(0), np.zeros(0)) == 0
    assert np.isnan(relative_error(a, np.array([np.nan, 1])))
    with pytest.raises(ValueError, match=r"one shape, got \(2,\), \(1, 2\)"):
        relative_error(a, a[None])
    with pytest.raises(ValueError, match="b must be an array, got None"):
        relative_error(a, None)
    with pytest.raises(ValueError, match="a must hold numbers, got dtype <U1"):
        relative_error(np.array(["1"]), np.ones(1))
    with pytest.raises(ValueError, match="floor must be"):
        relative_error(a, a, floor=-1.0)


def loss_and_gradients():
    rng = np.random.default_rng(0)
    w, b = rng.standard_normal((2, 3)), rng.standard_normal(3)
    x = rng.standard_normal((5, 2))
    z = x @ w + b
    return lambda: np.mean((x @ w + b) ** 2), w, 2 * x.T @ z / z.size, b, 2 * z / z.size


def test_right_gradients_pass_and_nothing_moves():
    f, w, dw, b, dz = loss_and_gradients()
    before = w.copy()
    check_gradients(f, {"w": (w, dw), "b": (b, dz.sum(axis=0))})
    np.testing.assert_array_equal(w, before)


@pytest.mark.parametrize(
    "spoil",
    [
        lambda g: -g,
        lambda g: 2 * g,
        lambda g: g * np.array([1, 1, 1.001]),
        lambda g: g + 1e-5,
        lambda g: np.zeros_like(g),
        lambda g: np.full_like(g, np.nan),
    ],
)
def test_a_wrong_gradient_is_named(spoil):
    f, w, dw, b, dz = loss_and_gradients()
    with pytest.raises(AssertionError, match="the gradient of b is off by a relative"):
        check_gradients(f, {"w": (w, dw), "b": (b, spoil(dz.sum(axis=0)))})


def test_the_worst_entry_is_shown():
    f, w, dw, _, _ = loss_and_gradients()
    dw[1, 2] += 1
    with pytest.raises(AssertionError, match=r"worst at \[1, 2\]: \S+ given, \S+ by"):
        check_gradients(f, {"w": (w, dw)})
    x = np.array([1.0, 100.0])
    with pytest.raises(AssertionError, match=r"worst at \[0\]: 5 given, 2 by"):
        check_gradients(lambda: (x**2).sum(), {"x": (x, np.array([5.0, 200.0]))})


def test_a_value_that_is_no_number_is_the_worst_entry():
    f, w, dw, _, _ = loss_and_gradients()
    dw[0, 0] += 100
    dw[1, 1] = np.nan
    with pytest.raises(AssertionError, match=r"worst at \[1, 1\]: nan given"):
        check_gradients(f, {"w": (w, dw)})


def test_a_small_gradient_is_measured_by_a_thousandth_of_one_or_of_the_loss():
    x = np.ones(2)
    for loss, floor in ((0.0, 1e-3), (-1.0, 1e-3), (-500.0, 0.5), (1000.0, 1.0)):
        near, far = (np.full(2, factor * 1e-6 * floor) for factor in (0.9, 1.1))
        check_gradients(lambda loss=loss: loss, {"x": (x, near)})
        with pytest.raises(AssertionError, match=r"relative error of 1\.1e-06"):
            check_gradients(lambda loss=loss: loss, {"x": (x, far)})


def test_an_error_of_just_the_tolerance_passes():
    check_gradients(lambda: 0.0, {"x": (np.ones(2), np.zeros(2))}, tolerance=0.0)
    with pytest.raises(ValueError, match="tolerance must be"):
        check_gradients(lambda: 0.0, {}, tolerance=-1e-6)


def test_rounding_of_a_gradient_that_is_zero_passes():
    x = np.array([1.0, 2.0])
    check_gradients(lambda: 1000 + 0 * x.sum(), {"x": (x, np.zeros(2))})


def test_a_tolerance_can_be_given():
    f, w, dw, _, _ = loss_and_gradients()
    check_gradients(f, {"w": (w, dw * 1.01)}, tolerance=0.02)
    with pytest.raises(AssertionError, match=r"more than 1\.0e-03"):
        check_gradients(f, {"w": (w, dw * 1.01)}, tolerance=1e-3)


@pytest.mark.parametrize(
    ("entry", "message"),
    [
        (
            (np.ones(2, np.float32), np.ones(2)),
            "w must be a float64 array, got float32",
        ),
        (([1.0], [1.0]), "w must be a float64 array, got list"),
        ((np.ones(2), np.ones(3)), r"must have the shape \(2,\) of w, got \(3,\)"),
        ((np.ones(2), np.ones(2, int)), "the gradient of w must hold floats, got"),
        (np.ones((2, 2)), r"gradients\['w'\] must be an array and its gradient"),
        ((np.ones(2),) * 3, r"gradients\['w'\] must be an array and its gradient"),
    ],
)
def test_check_gradients_says_what_is_wrong(entry, message):
    with pytest.raises(ValueError, match=message):
        check_gradients(lambda: 0.0, {"w": entry})


def test_gradients_come_by_name():
    with pytest.raises(ValueError, match="gradients must be a dict by name, got"):
        check_gradients(lambda: 0.0, [(np.ones(2), np.zeros(2))])
