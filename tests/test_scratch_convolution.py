import itertools

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from numpy.lib.array_utils import byte_bounds
from scratch_helpers import assert_like_torch, drawn, dtypes, few, normal, seeds
from torch.nn import functional as F

from utils import scratch
from utils.scratch import convolution

up_to_3 = st.integers(1, 3)


def pairs(least, most):
    """An integer, or a pair of them."""
    number = st.integers(least, most)
    return st.one_of(number, st.tuples(number, number))


def as_pair(value):
    return value if isinstance(value, tuple) else (value, value)


@st.composite
def images(draw, spans, padding):
    """A height and a width into which windows of these spans fit."""
    least = (max(1, s - 2 * p) for s, p in zip(spans, as_pair(padding), strict=True))
    return tuple(n + draw(st.integers(0, 4)) for n in least)


@drawn
@given(st.data(), up_to_3, up_to_3, up_to_3, up_to_3, dtypes, seeds)
def test_conv2d(data, n, groups, inputs, outputs, dtype, seed):
    kernel = data.draw(st.tuples(up_to_3, up_to_3))
    settings = {
        "stride": data.draw(pairs(1, 3)),
        "padding": data.draw(pairs(0, 2)),
        "dilation": data.draw(pairs(1, 2)),
        "groups": groups,
    }
    dilation = as_pair(settings["dilation"])
    spans = [d * (k - 1) + 1 for k, d in zip(kernel, dilation, strict=True)]
    image = data.draw(images(spans, settings["padding"]))
    rng = np.random.default_rng(seed)
    arrays = {
        "x": normal(rng, n, groups * inputs, *image, dtype=dtype),
        "w": normal(rng, groups * outputs, inputs, *kernel, dtype=dtype),
        "b": normal(rng, groups * outputs, dtype=dtype),
    }
    assert_like_torch(
        lambda x, w, b: scratch.conv2d(x, w, b, **settings),
        scratch.conv2d_backward,
        lambda x, w, b: F.conv2d(x, w, b, **settings),
        arrays,
        seed,
    )


def test_conv2d_by_the_formula():
    rng = np.random.default_rng(0)
    x, w, b = normal(rng, 2, 3, 5, 6), normal(rng, 4, 3, 2, 3), normal(rng, 4)
    y, _ = scratch.conv2d(x, w, b)
    for i, j in np.ndindex(4, 4):
        window = x[:, :, i : i + 2, j : j + 3]
        expected = np.einsum("nchw,fchw->nf", window, w) + b
        np.testing.assert_allclose(y[:, :, i, j], expected, atol=1e-13)


@few
@given(seeds, st.integers(0, 3), st.integers(0, 3))
def test_conv2d_commutes_with_translation(seed, down, right):
    rng = np.random.default_rng(seed)
    x, w, b = np.zeros((1, 2, 12, 12)), normal(rng, 3, 2, 3, 3), normal(rng, 3)
    x[:, :, 2:6, 2:6] = normal(rng, 1, 2, 4, 4)
    moved = np.roll(x, (down, right), (2, 3))
    y, _ = scratch.conv2d(x, w, b, padding=1)
    y_moved, _ = scratch.conv2d(moved, w, b, padding=1)
    np.testing.assert_allclose(y_moved, np.roll(y, (down, right), (2, 3)), atol=1e-12)


@few
@given(seeds)
def test_a_1_by_1_convolution_is_a_linear_layer_on_every_pixel(seed):
    rng = np.random.default_rng(seed)
    x, w, b = normal(rng, 2, 3, 4, 5), normal(rng, 6, 3, 1, 1), normal(rng, 6)
    y, _ = scratch.conv2d(x, w, b)
    expected, _ = scratch.linear(np.moveaxis(x, 1, -1), w[:, :, 0, 0].T, b)
    np.testing.assert_allclose(np.moveaxis(y, 1, -1), expected, atol=1e-12)


@few
@given(seeds)
def test_groups_do_not_see_each_other(seed):
    rng = np.random.default_rng(seed)
    x, w, b = normal(rng, 2, 4, 5, 5), normal(rng, 6, 2, 3, 3), normal(rng, 6)
    y, _ = scratch.conv2d(x, w, b, groups=2)
    x[:, 2:] += 1
    changed, _ = scratch.conv2d(x, w, b, groups=2)
    np.testing.assert_allclose(changed[:, :3], y[:, :3], atol=1e-13)
    assert np.all(changed[:, 3:] != y[:, 3:])


@drawn
@given(st.data(), up_to_3, up_to_3, up_to_3, up_to_3, dtypes, seeds)
def test_conv_transpose2d(data, n, groups, inputs, outputs, dtype, seed):
    kernel = data.draw(st.tuples(up_to_3, up_to_3))
    size = data.draw(st.tuples(up_to_3, up_to_3))
    stride, dilation = data.draw(pairs(1, 3)), data.draw(pairs(1, 2))
    room = [max(s, d) for s, d in zip(as_pair(stride), as_pair(dilation), strict=True)]
    extra = tuple(data.draw(st.integers(0, least - 1)) for least in room)
    sheet = [
        (m - 1) * s + d * (k - 1) + 1 + e
        for m, s, d, k, e in zip(
            size, as_pair(stride), as_pair(dilation), kernel, extra, strict=True
        )
    ]
    settings = {
        "stride": stride,
        "padding": tuple(
            data.draw(st.integers(0, min(2, (m - 1) // 2))) for m in sheet
        ),
        "output_padding": extra,
        "dilation": dilation,
        "groups": groups,
    }
    rng = np.random.default_rng(seed)
    arrays = {
        "x": normal(rng, n, groups * inputs, *size, dtype=dtype),
        "w": normal(rng, groups * inputs, outputs, *kernel, dtype=dtype),
        "b": normal(rng, groups * outputs, dtype=dtype),
    }
    assert_like_torch(
        lambda x, w, b: scratch.conv_transpose2d(x, w, b, **settings),
        scratch.conv_transpose2d_backward,
        lambda x, w, b: F.conv_transpose2d(x, w, b, **settings),
        arrays,
        seed,
    )


@drawn
@given(st.data(), up_to_3, up_to_3, up_to_3, seeds)
def test_conv_transpose2d_is_the_transpose_of_conv2d(
    data, groups, inputs, outputs, seed
):
    """The inner products <conv(x), z> and <x, conv_transpose(z)> are equal."""
    settings = {
        "stride": data.draw(pairs(1, 3)),
        "padding": data.draw(pairs(0, 1)),
        "dilation": data.draw(pairs(1, 2)),
        "groups": groups,
    }
    rng = np.random.default_rng(seed)
    x = normal(rng, 2, groups * inputs, 7, 8)
    w = normal(rng, groups * outputs, inputs, 3, 2)
    z, cache = scratch.conv2d(x, w, np.zeros(groups * outputs), **settings)
    upstream = normal(rng, *z.shape)
    dx, _, _ = scratch.conv2d_backward(upstream, cache)
    left = tuple(
        (m + 2 * p - d * (k - 1) - 1) % step
        for m, k, step, p, d in zip(
            x.shape[2:],
            w.shape[2:],
            *(as_pair(settings[name]) for name in ("stride", "padding", "dilation")),
            strict=True,
        )
    )  # rows and columns that no window saw
    back, _ = scratch.conv_transpose2d(
        upstream, w, np.zeros(groups * inputs), output_padding=left, **settings
    )
    np.testing.assert_allclose(back, dx, atol=1e-12)
    np.testing.assert_allclose(np.sum(z * upstream), np.sum(x * back), atol=1e-9)


def test_a_transposed_convolution_steps_by_one_and_cuts_nothing_off_by_itself():
    x, w, b = np.ones((1, 2, 3, 3)), np.ones((2, 4, 2, 2)), np.ones(4)
    y, _ = scratch.conv_transpose2d(x, w, b)
    assert y.shape == (1, 4, 4, 4)


@few
@given(seeds)
def test_groups_of_a_transposed_convolution_do_not_see_each_other(seed):
    rng = np.random.default_rng(seed)
    x, w, b = normal(rng, 2, 4, 3, 3), normal(rng, 4, 3, 2, 2), normal(rng, 6)
    y, _ = scratch.conv_transpose2d(x, w, b, stride=2, groups=2)
    x[:, 2:] += 1
    changed, _ = scratch.conv_transpose2d(x, w, b, stride=2, groups=2)
    np.testing.assert_allclose(changed[:, :3], y[:, :3], atol=1e-13)
    assert np.all(changed[:, 3:] != y[:, 3:])


POOLS = {
    "max_pool2d": lambda x, **settings: F.max_pool2d(x, **settings),
    "avg_pool2d": lambda x, **settings: F.avg_pool2d(x, **settings),
}


@st.composite
def pools(draw):
    size = draw(st.tuples(up_to_3, up_to_3))
    padding = tuple(draw(st.integers(0, s // 2)) for s in size)
    image = draw(images(size, padding))
    stride = draw(st.one_of(st.none(), pairs(1, 3)))
    if size[0] == size[1] and padding[0] == padding[1] and draw(st.booleans()):
        size, padding = size[0], padding[0]
    return image, {"size": size, "stride": stride, "padding": padding}


@pytest.mark.parametrize("name", POOLS)
@drawn
@given(pools(), up_to_3, up_to_3, st.booleans(), dtypes, seeds)
def test_pooling(name, pool, n, c, ties, dtype, seed):
    image, settings = pool
    x = normal(np.random.default_rng(seed), n, c, *image, dtype=dtype)
    x = np.round(x) if ties else x
    size, *others = settings.values()
    assert_like_torch(
        lambda x: getattr(scratch, name)(x, *settings.values()),
        getattr(scratch, f"{name}_backward"),
        lambda x: POOLS[name](x, kernel_size=size, stride=others[0], padding=others[1]),
        {"x": x},
        seed,
        differences=not ties,
    )


def test_the_first_of_equal_pixels_gets_the_gradient():
    _, cache = scratch.max_pool2d(np.ones((1, 1, 2, 4)), 2)
    dx = scratch.max_pool2d_backward(np.array([[[[1.0, 2.0]]]]), cache)
    np.testing.assert_array_equal(dx[0, 0], [[1, 0, 2, 0], [0, 0, 0, 0]])


def test_padding_never_wins_a_maximum():
    y, _ = scratch.max_pool2d(np.full((1, 1, 3, 3), -5.0), 2, padding=1)
    np.testing.assert_array_equal(y, np.full((1, 1, 2, 2), -5.0))


def test_the_output_is_not_the_input_even_for_windows_of_one_pixel():
    x = np.ones((1, 1, 2, 2))
    for pool in (scratch.max_pool2d, scratch.avg_pool2d):
        y, _ = pool(x, 1)
        assert not np.shares_memory(x, y)


def test_windows_stay_on_their_sheet():
    ranges = range(1, 4), range(1, 6), range(1, 3), range(3), range(1, 3)
    for side, *setting in itertools.product(*ranges):
        size, stride, padding, dilation = ((number, number) for number in setting)
        if dilation[0] * (size[0] - 1) >= side + 2 * padding[0]:
            continue  # does not fit
        image, windows, width = convolution._sheet(
            (1, 1, side, side), float, size, stride, padding, dilation
        )
        assert width <= windows.shape[-1]
        (low, high), (first, last) = map(byte_bounds, (image.base, windows))
        assert low <= first
        assert last <= high, f"side {side}, {setting}"  # NumPy does not look


@pytest.mark.parametrize("name", ["conv2d", "conv_transpose2d"])
def test_without_images_the_gradients_are_zero(name):
    inputs = np.ones((0, 2, 5, 5)), np.ones((2, 2, 3, 3)), np.ones(2)
    y, cache = getattr(scratch, name)(*inputs)
    assert y.shape[:2] == (0, 2)
    grads = getattr(scratch, f"{name}_backward")(y, cache)
    for gradient, array in zip(grads, inputs, strict=True):
        np.testing.assert_array_equal(gradient, np.zeros_like(array))


x, w, b = np.zeros((2, 4, 5, 6)), np.zeros((6, 4, 3, 3)), np.zeros(6)


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (
            lambda: scratch.conv2d(x[0], w, b),
            r"x must have shape \(N, C, H, W\), got \(4, 5, 6\)",
        ),
        (
            lambda: scratch.conv2d(x, w[0], b),
            r"w must have shape \(F, I, KH, KW\), got \(4, 3, 3\)",
        ),
        (
            lambda: scratch.conv2d(x, w, b[:4]),
            r"b must have shape \(F\) with F = 6, got \(4,\)",
        ),
        (
            lambda: scratch.conv2d(x, w[:, :3], b),
            r"w must have shape \(F, C / groups, KH, KW\) with C = 4 and F a multiple "
            r"of groups = 1, got \(6, 3, 3, 3\)",
        ),
        (
            lambda: scratch.conv2d(x, w[:, :1], b, groups=4),
            r"F a multiple of groups = 4, got \(6, 1, 3, 3\)",
        ),
        (
            lambda: scratch.conv2d(x, w, b, dilation=3),
            "a window of 7 × 7 pixels does not fit into the padded image of 5 × 6",
        ),
        (
            lambda: scratch.conv2d(x, w, b, stride=0),
            "stride must be an integer or a pair of integers of at least 1, got 0",
        ),
        (
            lambda: scratch.conv2d(x, w, b, padding=(1, -1)),
            r"padding must be .* of at least 0, got \(1, -1\)",
        ),
        (lambda: scratch.conv2d(x, w, b, dilation=1.5), "dilation must be .* got 1.5"),
        (
            lambda: scratch.conv2d(x, w, b, stride=(1, 2, 3)),
            r"stride must be .* got \(1, 2, 3\)",
        ),
        (lambda: scratch.conv2d(x, w, b, stride=True), "stride must be .* got True"),
        (
            lambda: scratch.conv2d(x, w, b, groups=0),
            "groups must be an integer of at least 1, got 0",
        ),
        (
            lambda: scratch.conv2d(x, w, b, groups="two"),
            "groups must be an integer of at least 1, got 'two'",
        ),
        (
            lambda: scratch.conv2d(x, w[:, :, :0], b),
            "a window of 0 × 3 pixels does not fit",
        ),
        (
            lambda: scratch.conv_transpose2d(x, w, b),
            r"w must have shape \(C, O, KH, KW\) with C = 4, got \(6, 4, 3, 3\)",
        ),
        (
            lambda: scratch.conv_transpose2d(x, w[:4], b, groups=3),
            r"C = 4 must be a multiple of groups = 3; w has shape \(4, 4, 3, 3\)",
        ),
        (
            lambda: scratch.conv_transpose2d(x, w[:4], b),
            r"w must have shape \(C, F / groups, KH, KW\) with F = 6 as b has",
        ),
        (
            lambda: scratch.conv_transpose2d(x, w[:4], b[:4], output_padding=1),
            r"output_padding must be smaller than .* got \(1, 1\)",
        ),
        (
            lambda: scratch.conv_transpose2d(x[:, :, :2], w[:4], b[:4], padding=(2, 0)),
            r"padding \(2, 0\) cuts everything off an output of 4 × 8 pixels",
        ),
        (
            lambda: scratch.max_pool2d(x, 6),
            "a window of 6 × 6 pixels does not fit into the padded image of 5 × 6",
        ),
        (
            lambda: scratch.avg_pool2d(x, (2, 9), padding=(0, 1)),
            "a window of 2 × 9 pixels does not fit into the padded image of 5 × 8",
        ),
        (
            lambda: scratch.max_pool2d(x, 3, padding=2),
            r"padding must be at most half of size \(3, 3\), got \(2, 2\)",
        ),
        (
            lambda: scratch.max_pool2d(x, (2, 4), padding=(2, 0)),
            r"padding must be at most half of size \(2, 4\), got \(2, 0\)",
        ),
        (
            lambda: scratch.max_pool2d(x, (4, 2), padding=(0, 2)),
            r"padding must be at most half of size \(4, 2\), got \(0, 2\)",
        ),
        (lambda: scratch.avg_pool2d(x, 0), "size must be .* at least 1, got 0"),
        (lambda: scratch.avg_pool2d(x, 2, 0), "stride must be .* at least 1, got 0"),
        (lambda: scratch.avg_pool2d(x, 2, 1, -1), "padding must be .* 0, got -1"),
        (
            lambda: scratch.max_pool2d(x[0, 0], 2),
            r"x must have shape \(N, C, H, W\), got \(5, 6\)",
        ),
    ],
)
def test_convolution_and_pooling_say_what_is_wrong(call, message):
    with pytest.raises(ValueError, match=message):
        call()


def test_torch_agrees_on_what_does_not_fit():
    for size, padding in ((6, 0), (3, 2)):
        with pytest.raises(RuntimeError):
            F.max_pool2d(torch.tensor(x), size, padding=padding)
