"""Compare a gradient with central differences."""

from collections.abc import Callable, Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

from utils.scratch import _checks

Array = NDArray[Any]


def check_gradients(
    f: Callable[[], Any],
    gradients: Mapping[str, tuple[Array, Array]],
    tolerance: float = 1e-6,
) -> None:
    """Raise unless each gradient agrees with central differences of f.

    Args:
        f: Returns the scalar loss, computed anew from the arrays in `gradients` (they
            are nudged in place, and put back).
        gradients: Under each name, the float64 array and the gradient to check.
        tolerance: Largest relative error allowed; see `relative_error`. Where a
            gradient is so small that differences of this loss are mostly rounding
            (below 1e-3, or 1e-3 times the loss), the error is taken relative to that.

    Raises:
        AssertionError: A gradient is wrong. The message names it and its worst entry.
        ValueError: An array is not float64, or its gradient has another shape.

    Source: chapter foundations/backprop, eq-backprop-central.

    Example:
        >>> w = np.array([1.0, 2.0])
        >>> check_gradients(lambda: (w**2).sum(), {"w": (w, 2 * w)})
    """
    _checks.numbers(0, tolerance=tolerance)
    if not isinstance(gradients, Mapping):
        raise ValueError(
            f"gradients must be a dict by name, got {_checks.shown(gradients)}"
        )
    floor = 1e-3 * max(1.0, abs(_number(f)))
    for name, pair in gradients.items():
        if not isinstance(pair, tuple | list) or len(pair) != 2:
            raise ValueError(
                f"gradients[{name!r}] must be an array and its gradient, "
                f"got {_checks.shown(pair)}"
            )
        array, gradient = pair
        if not isinstance(array, np.ndarray) or array.dtype != np.float64:
            kind = getattr(array, "dtype", type(array).__name__)
            raise ValueError(
                f"{name} must be a float64 array, got {kind}: a coarser dtype rounds "
                "the differences away"
            )
        _checks.floats(**{f"the gradient of {name}": gradient})
        if gradient.shape != array.shape:
            raise ValueError(
                f"the gradient of {name} must have the shape {array.shape} of {name}, "
                f"got {gradient.shape}"
            )
        numerical = numerical_gradient(lambda _: f(), array)
        error = relative_error(gradient, numerical, floor=floor)
        if not error <= tolerance:  # a nan is an error too
            difference = np.nan_to_num(np.abs(gradient - numerical), nan=np.inf)
            worst = np.unravel_index(np.argmax(difference), array.shape)
            place = ", ".join(str(i) for i in worst)
            raise AssertionError(
                f"the gradient of {name} is off by a relative error of {error:.1e}, "
                f"more than {tolerance:.1e}; worst at [{place}]: "
                f"{gradient[worst]:.6g} given, {numerical[worst]:.6g} by differences"
            )


def numerical_gradient(
    f: Callable[[Array], Any], x: Array, step: float = 1e-5
) -> Array:
    """Estimate the gradient of a scalar function by central differences.

    Each entry is (f(x + step) - f(x - step)) / (2 step), with one element of x moved:
    two calls of f per element. The error falls with step² until rounding, about
    1e-16 |f| / step in float64, takes over; 1e-5 is near the best of both.

    Args:
        f: Takes x, returns a number. It may also ignore its argument and use x itself,
            which is nudged in place.
        x: Where to take the gradient, any shape; float64 unless you want to see what
            rounding does. It is unchanged afterwards.
        step: How far each element is moved to either side.

    Returns:
        The gradient, in x's shape and dtype.

    Raises:
        ValueError: x is not an array of floats, or step is not positive.

    Source: chapter foundations/backprop, eq-backprop-central.
    """
    if not isinstance(x, np.ndarray) or not np.issubdtype(x.dtype, np.floating):
        kind = getattr(x, "dtype", type(x).__name__)
        raise ValueError(f"x must be a NumPy array of floats, got {kind}")
    _checks.numbers(step=step)
    if not step > 0:
        raise ValueError(f"step must be positive, got {step}")
    gradient = np.zeros_like(x)
    for index in np.ndindex(x.shape):
        middle = x[index]
        try:
            x[index] = middle + step
            above = _number(f, x)
            x[index] = middle - step
            below = _number(f, x)
        finally:
            x[index] = middle
        gradient[index] = (above - below) / (2 * step)
    return gradient


def relative_error(a: Array, b: Array, floor: float = 0.0) -> float:
    """Return the largest difference, relative to the largest entry of either array.

    Args:
        a: An array.
        b: Another of the same shape.
        floor: A size below which the largest entry is not taken.

    Returns:
        max |a - b| / max(|a|, |b|, floor); 0 where both arrays are all zero or empty,
        nan where either holds one.

    Raises:
        ValueError: The shapes differ.

    Example:
        >>> relative_error(np.array([1.0, 4.0]), np.array([2.0, 4.0]))
        0.25
    """
    _checks.numbers(0, floor=floor)
    for name, array in (("a", a), ("b", b)):
        if not isinstance(array, np.ndarray | np.number | int | float):
            raise ValueError(f"{name} must be an array, got {_checks.shown(array)}")
        if np.asarray(array).dtype.kind not in "biuf":
            raise ValueError(
                f"{name} must hold numbers, got dtype {np.asarray(array).dtype}"
            )
    if np.shape(a) != np.shape(b):
        raise ValueError(
            f"a and b must have one shape, got {np.shape(a)}, {np.shape(b)}"
        )
    difference = np.max(np.abs(np.subtract(a, b)), initial=0)
    size = max(np.max(np.abs(a), initial=0), np.max(np.abs(b), initial=0), floor)
    return float(difference / size) if size != 0 else 0.0


def _number(f: Callable[..., Any], *given: Array) -> Any:
    """Call f, which must return one number."""
    if not callable(f):
        raise ValueError(f"f must be a function, got {_checks.shown(f)}")
    value = f(*given)
    if np.ndim(value) or np.asarray(value).dtype.kind not in "biuf":
        raise ValueError(f"f must return one number, got {_checks.shown(value)}")
    return value
