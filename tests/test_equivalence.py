"""`equivalence`: weights go both ways, and what does not match is said.

The file runs twice: on the engine Keras is set to, and once more, by its last test, in
a process where Keras runs on PyTorch.
"""

import os
import re
import subprocess
import sys

import hypothesis.strategies as st
import numpy as np
import pytest
import torch
import torch.nn.functional as F
from hypothesis import given, settings
from torch import nn

from utils.equivalence import (
    assert_same_gradients,
    assert_same_outputs,
    copy_weights,
    keras_gradients,
)

keras = pytest.importorskip("keras")
layers = keras.layers

quick = settings(max_examples=6, deadline=None, derandomize=True)


def sequential(shape, *parts, dtype=None):
    return keras.Sequential([keras.Input(shape, dtype=dtype), *parts])


def numbers(*shape):
    return np.random.default_rng(0).normal(size=shape).astype(np.float32)


def scramble(model):
    """Gives every parameter and running statistic a value that no default has."""
    generator = torch.Generator().manual_seed(1)
    with torch.no_grad():
        for array in [*model.parameters(), *model.buffers()]:
            if array.is_floating_point():
                array.copy_(torch.rand(array.shape, generator=generator) * 0.8 + 0.1)


def both_ways(ours, theirs, x, **options):
    """PyTorch to Keras, then other weights in PyTorch, then back from Keras."""
    scramble(ours)
    copy_weights(ours, theirs)
    assert_same_outputs(ours, theirs, x, **options)
    with torch.no_grad():
        for array in [*ours.parameters(), *ours.buffers()]:
            array.mul_(0.5) if array.is_floating_point() else None
    with pytest.raises(AssertionError):
        assert_same_outputs(ours, theirs, x, **options)
    copy_weights(theirs, ours)
    assert_same_outputs(ours, theirs, x, **options)


# --- every kind of layer, both ways --------------------------------------------------


@quick
@given(st.integers(1, 6), st.integers(1, 6), st.booleans())
def test_dense(inputs, outputs, bias):
    ours = nn.Linear(inputs, outputs, bias=bias)
    theirs = sequential((inputs,), layers.Dense(outputs, use_bias=bias))
    both_ways(ours, theirs, numbers(3, inputs))


@quick
@given(
    groups=st.integers(1, 3),
    inputs=st.integers(1, 2),
    outputs=st.integers(1, 3),
    size=st.tuples(st.integers(1, 3), st.integers(1, 3)),
    stride=st.integers(1, 2),
)
def test_convolution_2d(groups, inputs, outputs, size, stride):
    inputs, outputs = inputs * groups, outputs * groups
    ours = nn.Conv2d(inputs, outputs, size, stride, groups=groups)
    theirs = sequential(
        (7, 6, inputs), layers.Conv2D(outputs, size, stride, groups=groups)
    )
    both_ways(ours, theirs, numbers(2, inputs, 7, 6))


@pytest.mark.parametrize("dilation", [1, 2])
def test_convolution_1d(dilation):
    ours = nn.Conv1d(3, 4, 3, padding=dilation, dilation=dilation)
    part = layers.Conv1D(4, 3, padding="same", dilation_rate=dilation)
    both_ways(ours, sequential((8, 3), part), numbers(2, 3, 8))


def test_convolution_3d():
    ours, theirs = nn.Conv3d(2, 3, (1, 2, 3)), layers.Conv3D(3, (1, 2, 3))
    both_ways(ours, sequential((3, 4, 5, 2), theirs), numbers(2, 2, 3, 4, 5))


def test_transposed_convolution():
    ours = nn.ConvTranspose2d(3, 5, (2, 3), 2)
    part = layers.Conv2DTranspose(5, (2, 3), 2)
    both_ways(ours, sequential((3, 4, 3), part), numbers(2, 3, 3, 4))
    ours, part = nn.ConvTranspose1d(3, 5, 4, 2), layers.Conv1DTranspose(5, 4, 2)
    both_ways(ours, sequential((6, 3), part), numbers(2, 3, 6))


def test_batch_normalisation():
    part = layers.BatchNormalization(epsilon=1e-5)
    both_ways(nn.BatchNorm1d(4), sequential((4,), part), numbers(3, 4))
    ours = nn.Sequential(nn.Conv2d(2, 3, 1), nn.BatchNorm2d(3))
    parts = layers.Conv2D(3, 1), layers.BatchNormalization(epsilon=1e-5)
    both_ways(ours, sequential((4, 5, 2), *parts), numbers(2, 2, 4, 5))


def test_layer_normalisation():
    part = layers.LayerNormalization(epsilon=1e-5)
    both_ways(nn.LayerNorm(4), sequential((3, 4), part), numbers(2, 3, 4))
    part = layers.LayerNormalization(axis=(-2, -1), epsilon=1e-5)
    both_ways(nn.LayerNorm((3, 4)), sequential((3, 4), part), numbers(2, 3, 4))


def test_embedding():
    ids = np.random.default_rng(0).integers(0, 7, (3, 5))
    theirs = sequential((5,), layers.Embedding(7, 4), dtype="int32")
    both_ways(nn.Embedding(7, 4), theirs, ids)


RECURRENT = {
    "tanh": (nn.RNN, layers.SimpleRNN),
    "lstm": (nn.LSTM, layers.LSTM),
}


@pytest.mark.parametrize("kind", RECURRENT)
@pytest.mark.parametrize("bias", [True, False])
def test_recurrent(kind, bias):
    one, other = RECURRENT[kind]
    ours = one(3, 4, bias=bias, batch_first=True)
    theirs = sequential((5, 3), other(4, use_bias=bias, return_sequences=True))
    both_ways(ours, theirs, numbers(2, 5, 3))


@pytest.mark.parametrize("kind", RECURRENT)
def test_deep_and_bidirectional_recurrent(kind):
    one, other = RECURRENT[kind]
    ours = one(3, 4, num_layers=2, bidirectional=True, batch_first=True)
    parts = [layers.Bidirectional(other(4, return_sequences=True)) for _ in range(2)]
    both_ways(ours, sequential((5, 3), *parts), numbers(2, 5, 3))


def test_from_keras_the_second_bias_is_zero():
    ours = nn.LSTM(3, 4, batch_first=True)
    theirs = sequential((5, 3), layers.LSTM(4))
    scramble(ours)
    copy_weights(theirs, ours)
    assert not ours.bias_hh_l0.any()
    # Keras starts with a forget gate that is open, the second of the four.
    assert ours.bias_ih_l0.tolist() == [0.0] * 4 + [1.0] * 4 + [0.0] * 8


@pytest.mark.parametrize("bias", [True, False])
def test_attention(bias):
    ours = nn.MultiheadAttention(6, 2, bias=bias, batch_first=True)
    theirs = layers.MultiHeadAttention(2, 3, use_bias=bias)
    theirs.build((2, 5, 6), (2, 5, 6))
    x = numbers(2, 5, 6)
    both_ways(ours, theirs, (x, x, x))


# --- whole models --------------------------------------------------------------------


def twin_networks():
    """A small convolutional network with everything that reorders an image."""
    ours = nn.Sequential(
        nn.Conv2d(2, 6, 3, padding=1),
        nn.BatchNorm2d(6),
        nn.ReLU(),
        nn.MaxPool2d(2),
        nn.Flatten(),
        nn.Dropout(0.5),
        nn.BatchNorm1d(6 * 4 * 3),
        nn.Linear(6 * 4 * 3, 5),
    )
    theirs = sequential(
        (8, 6, 2),
        layers.Conv2D(6, 3, padding="same"),
        layers.BatchNormalization(epsilon=1e-5),
        layers.ReLU(),
        layers.MaxPooling2D(2),
        layers.Flatten(),
        layers.Dropout(0.5),
        layers.BatchNormalization(epsilon=1e-5),
        layers.Dense(5),
    )
    return ours, theirs


def test_flattened_images_are_put_in_order():
    both_ways(*twin_networks(), numbers(3, 2, 8, 6))


def test_rows_of_numbers_become_images_in_order():
    ours = nn.Sequential(
        nn.Linear(5, 72),
        nn.BatchNorm1d(72),
        nn.ReLU(),
        nn.Unflatten(1, (6, 4, 3)),
        nn.ConvTranspose2d(6, 4, 4, 2, 1),
    )
    theirs = sequential(
        (5,),
        layers.Dense(72),
        layers.BatchNormalization(epsilon=1e-5),
        layers.ReLU(),
        layers.Reshape((4, 3, 6)),
        layers.Conv2DTranspose(4, 4, 2, padding="same"),
    )
    both_ways(ours, theirs, numbers(2, 5))


class Residual(nn.Module):
    def __init__(self):
        super().__init__()
        self.conv, self.head = nn.Conv2d(3, 3, 3, padding=1), nn.Linear(90, 2)

    def forward(self, x):
        return self.head((x + self.conv(x)).flatten(1))


def test_functional_and_nested_models():
    x = keras.Input((6, 5, 3))
    body = keras.Model(x, layers.Add()([x, layers.Conv2D(3, 3, padding="same")(x)]))
    theirs = keras.Model(x, layers.Dense(2)(layers.Flatten()(body(x))))
    both_ways(Residual(), theirs, numbers(2, 3, 6, 5))


class Subclassed(keras.Model):
    def __init__(self, permute):
        super().__init__()
        self.conv, self.head = layers.Conv2D(3, 3, padding="same"), layers.Dense(2)
        self.permute = layers.Permute((3, 1, 2)) if permute else None
        self.flatten = layers.Flatten()

    def call(self, x):
        h = self.conv(x) + x
        return self.head(self.flatten(h if self.permute is None else self.permute(h)))


def test_a_subclassed_model_must_say_how_it_flattens():
    hidden, told = Subclassed(False), Subclassed(True)
    for model in (hidden, told):
        model(np.zeros((1, 6, 5, 3), np.float32))
    both_ways(Residual(), told, numbers(2, 3, 6, 5))
    with pytest.raises(ValueError, match=r"Flatten 'flatten.*Permute\(\(3, 1, 2\)\)"):
        copy_weights(Residual(), hidden)


def test_images_flattened_without_a_convolution_are_left_alone():
    ours = nn.Sequential(nn.Flatten(), nn.Linear(24, 2))
    theirs = sequential((4, 2, 3), layers.Flatten(), layers.Dense(2))
    both_ways(ours, theirs, numbers(5, 4, 2, 3))


def test_sequences_are_not_taken_for_images():
    ours = nn.Sequential(nn.Embedding(7, 3), nn.Flatten(), nn.Linear(12, 2))
    parts = layers.Embedding(7, 3), layers.Flatten(), layers.Dense(2)
    ids = np.random.default_rng(0).integers(0, 7, (3, 4))
    both_ways(ours, sequential((4,), *parts, dtype="int32"), ids)


def test_feature_maps_are_compared_in_one_layout():
    ours = nn.Conv2d(5, 5, 1)  # as high and wide as it has channels
    both_ways(ours, sequential((5, 5, 5), layers.Conv2D(5, 1)), numbers(2, 5, 5, 5))


# --- gradients -----------------------------------------------------------------------

sparse = keras.losses.SparseCategoricalCrossentropy(from_logits=True)


def test_gradients_of_a_convolutional_network():
    ours, theirs = twin_networks()
    scramble(ours)
    copy_weights(ours, theirs)
    x, y = numbers(4, 2, 8, 6), np.array([0, 4, 2, 2])
    assert_same_gradients(ours, theirs, x, y, F.cross_entropy, sparse)
    assert ours.training
    assert ours[0].weight.grad is None
    with torch.no_grad():
        ours[7].bias[3] += 1.0
    with pytest.raises(
        AssertionError, match=r"layer 3, .*'7'.*gradient of weight diff"
    ):
        assert_same_gradients(ours, theirs, x, y, F.cross_entropy, sparse)


class Last(nn.Module):
    """An embedding, a recurrent layer, and a dense layer on its last output."""

    def __init__(self, recurrent):
        super().__init__()
        self.embedding = nn.Embedding(7, 3)
        self.recurrent = recurrent
        self.head = nn.Linear(4, 2)

    def forward(self, ids):
        return self.head(self.recurrent(self.embedding(ids))[0][:, -1])


@pytest.mark.parametrize("kind", RECURRENT)
def test_gradients_of_a_recurrent_network(kind):
    one, other = RECURRENT[kind]
    ours = Last(one(3, 4, batch_first=True))
    theirs = sequential(
        (5,), layers.Embedding(7, 3), other(4), layers.Dense(2), dtype="int32"
    )
    copy_weights(theirs, ours)
    ids = np.random.default_rng(0).integers(0, 7, (3, 5))
    y = np.array([0, 1, 1])
    assert_same_gradients(ours, theirs, ids, y, F.cross_entropy, sparse)
    ours.embedding.weight.requires_grad_(False)
    with pytest.raises(AssertionError, match=r"layer 0, .*frozen in PyTorch only"):
        assert_same_gradients(ours, theirs, ids, y, F.cross_entropy, sparse)
    theirs.layers[0].trainable = False
    assert_same_gradients(ours, theirs, ids, y, F.cross_entropy, sparse)


def test_gradients_of_attention():
    ours = nn.MultiheadAttention(6, 2, batch_first=True)
    theirs = layers.MultiHeadAttention(2, 3)
    theirs.build((2, 5, 6), (2, 5, 6))
    copy_weights(ours, theirs)
    x, y = numbers(2, 5, 6), numbers(2, 5, 6)
    assert_same_gradients(
        ours,
        theirs,
        (x, x, x),
        y,
        lambda pred, target: F.mse_loss(pred[0], target),
        keras.losses.MeanSquaredError(),
    )


@pytest.fixture
def _double():
    """Keras in float64: a model casts its input, so its layers alone would not do."""
    policy, floats = keras.config.dtype_policy(), keras.config.floatx()
    keras.config.set_floatx("float64")  # for keras.Input and the losses
    keras.config.set_dtype_policy("float64")  # for layers and models
    yield
    keras.config.set_floatx(floats)
    keras.config.set_dtype_policy(policy)


@pytest.mark.usefixtures("_double")
def test_float64_is_kept():
    ours = nn.Sequential(nn.Linear(3, 4), nn.Tanh(), nn.Linear(4, 2)).double()
    theirs = sequential((3,), layers.Dense(4, activation="tanh"), layers.Dense(2))
    copy_weights(ours, theirs)
    x, y = numbers(5, 3).astype(float), np.array([0, 1, 1, 0, 0])
    loss = keras.losses.SparseCategoricalCrossentropy(from_logits=True)
    # On its PyTorch engine Keras multiplies float64 matrices in float32.
    tolerance = 1e-6 if keras.backend.backend() == "torch" else 1e-12
    assert_same_outputs(ours, theirs, x, tolerance)
    assert_same_gradients(ours, theirs, x, y, F.cross_entropy, loss, tolerance)


def test_a_model_that_computes_in_float32_is_suspected():
    ours = nn.Linear(3, 2).double()
    theirs = sequential((3,), layers.Dense(2, dtype="float64"))
    copy_weights(ours, theirs)
    message = r"Perhaps because Keras computes in float32.*set_floatx\('float64'\)"
    with pytest.raises(AssertionError, match=message):
        assert_same_outputs(ours, theirs, numbers(4, 3).astype(float) / 3, 1e-14)


def test_keras_gradients_by_hand():
    model = sequential((2,), layers.Dense(1))
    x, y = numbers(4, 2), numbers(4, 1)
    dw, db = keras_gradients(model, x, y, keras.losses.mean_squared_error)
    error = x @ model.get_weights()[0] + model.get_weights()[1] - y
    np.testing.assert_allclose(dw, 2 * x.T @ error / 4, rtol=1e-5, atol=1e-6)
    np.testing.assert_allclose(db, 2 * error.mean(0), rtol=1e-5, atol=1e-6)


# --- what does not match -------------------------------------------------------------


def mismatch(ours, theirs):
    with pytest.raises(ValueError) as caught:  # noqa: PT011 - its text is compared
        copy_weights(ours, theirs)
    return re.sub(r"_\d+'", "'", str(caught.value))


def test_shapes_are_named_and_nothing_is_copied():
    ours = nn.Sequential(nn.Linear(3, 4), nn.ReLU(), nn.Linear(4, 2))
    parts = layers.Dense(4, name="hidden"), layers.Dense(5, name="logits")
    theirs = sequential((3,), *parts)
    before = theirs.get_weights()
    assert mismatch(ours, theirs) == (
        "the two models do not match:\n"
        "  layer 1, PyTorch Linear '2' and Keras Dense 'logits': weight has shape "
        "(2, 4) in PyTorch and, written the same way, (5, 4) in Keras\n"
        "  layer 1, PyTorch Linear '2' and Keras Dense 'logits': bias has shape (2,) "
        "in PyTorch and, written the same way, (5,) in Keras"
    )
    for array, old in zip(theirs.get_weights(), before, strict=True):
        np.testing.assert_array_equal(array, old)


def test_the_order_of_layers_is_shown():
    ours = nn.Sequential(nn.Linear(3, 4), nn.Linear(4, 2))
    parts = layers.Dense(4, name="hidden"), layers.BatchNormalization(name="norm")
    assert mismatch(ours, sequential((3,), *parts)) == (
        "the layers with parameters do not pair up: as layer 1 PyTorch has Linear '1', "
        "Keras has BatchNormalization 'norm'. They are, in order:\n"
        "  PyTorch: Linear '0', Linear '1'\n"
        "  Keras: Dense 'hidden', BatchNormalization 'norm'"
    )
    assert "as layer 1 PyTorch has Linear '1', Keras has no more layer" in mismatch(
        ours, sequential((3,), layers.Dense(4))
    )


@pytest.mark.parametrize(
    ("ours", "shape", "part", "message"),
    [
        (
            nn.Linear(3, 4),
            (3,),
            layers.Dense(4, use_bias=False),
            "PyTorch has bias, Keras has not",
        ),
        (
            nn.Linear(3, 4, bias=False),
            (3,),
            layers.Dense(4),
            "Keras has bias, PyTorch has not",
        ),
        (
            nn.BatchNorm1d(3),
            (3,),
            layers.BatchNormalization(),
            "epsilon is 1e-05 in PyTorch and 0.001 in Keras; make both the same",
        ),
        (
            nn.LayerNorm(3),
            (3,),
            layers.LayerNormalization(),
            "epsilon is 1e-05 in PyTorch and 0.001 in Keras",
        ),
        (
            nn.Conv2d(2, 4, 3, stride=2),
            (8, 8, 2),
            layers.Conv2D(4, 3),
            "stride is (2, 2) in PyTorch and (1, 1) in Keras",
        ),
        (
            nn.Conv2d(2, 4, 3, groups=2),
            (8, 8, 2),
            layers.Conv2D(4, 3),
            "groups is 2 in PyTorch and 1 in Keras",
        ),
        (
            nn.RNN(3, 4, nonlinearity="relu"),
            (5, 3),
            layers.SimpleRNN(4),
            "activation is relu in PyTorch and tanh in Keras",
        ),
        (
            nn.LSTM(3, 4),
            (5, 3),
            layers.LSTM(4, recurrent_activation="hard_sigmoid"),
            "recurrent activation is sigmoid in PyTorch and hard_sigmoid in Keras",
        ),
        (
            nn.LSTM(3, 4),
            (5, 3),
            layers.LSTM(4, go_backwards=True),
            "direction is forward in PyTorch and backward in Keras",
        ),
        (nn.GRU(3, 4), (5, 3), layers.LSTM(4), "GRU holds weight_ih_l0"),
        (nn.LSTM(3, 4), (5, 3), layers.GRU(4), "holds kernel"),
        (nn.LSTM(3, 4, proj_size=2), (5, 3), layers.LSTM(4), "proj_size"),
        (
            nn.BatchNorm1d(3, track_running_stats=False),
            (3,),
            layers.BatchNormalization(),
            "track_running_stats=True",
        ),
        (
            nn.Conv2d(2, 4, 3, padding_mode="circular"),
            (8, 8, 2),
            layers.Conv2D(4, 3),
            "pads with 'circular'",
        ),
        (nn.PReLU(), (3,), layers.PReLU(), "PReLU holds weight"),
        (nn.Linear(3, 3), (3,), layers.PReLU(), "PReLU 'p_re_lu' holds alpha"),
        (nn.LazyLinear(3), (3,), layers.Dense(3), "run the model once on data"),
    ],
    ids=lambda value: type(value).__name__ if not isinstance(value, str) else None,
)
def test_settings_that_differ_are_named(ours, shape, part, message):
    assert message in mismatch(ours, sequential(shape, part))


def test_attention_that_keras_does_not_know_is_refused():
    theirs = layers.MultiHeadAttention(2, 3)
    theirs.build((2, 5, 6), (2, 5, 6))
    for options, message in (
        ({"kdim": 4}, "has kdim or vdim"),
        ({"add_bias_kv": True}, "has add_bias_kv"),
        ({"add_zero_attn": True}, "has add_bias_kv or add_zero_attn"),
    ):
        assert message in mismatch(nn.MultiheadAttention(6, 2, **options), theirs)


def test_heads_that_differ_are_named():
    theirs = layers.MultiHeadAttention(3, 2)
    theirs.build((2, 5, 6), (2, 5, 6))
    message = mismatch(nn.MultiheadAttention(6, 2), theirs)
    assert "heads is 2 in PyTorch and 3 in Keras" in message


def test_one_of_each_framework_is_needed():
    dense = sequential((3,), layers.Dense(2))
    with pytest.raises(ValueError, match=r"both models are Keras models.*set_weights"):
        copy_weights(dense, dense)
    with pytest.raises(ValueError, match=r"both models are PyTorch.*load_state_dict"):
        copy_weights(nn.Linear(1, 1), nn.Linear(1, 1))
    with pytest.raises(ValueError, match=r"ndarray is neither a torch.nn.Module"):
        assert_same_outputs(numbers(3), dense, numbers(1, 3))
    with pytest.raises(ValueError, match="is not built, so it has no weights yet"):
        copy_weights(nn.Linear(3, 2), layers.Dense(2))


def test_outputs_that_differ_are_located():
    ours, theirs = nn.Linear(3, 2), sequential((3,), layers.Dense(2))
    copy_weights(ours, theirs)
    with torch.no_grad():
        ours.bias[1] += 0.5
    message = r"differs by up to 0.5 \(tolerance 1e-05\), at \(0, 1\): .* in PyTorch, "
    with pytest.raises(AssertionError, match=message):
        assert_same_outputs(ours, theirs, numbers(1, 3))
    assert_same_outputs(ours, theirs, numbers(1, 3), tolerance=0.6)
    with torch.no_grad():
        ours.bias[1] = torch.nan
    with pytest.raises(AssertionError, match="by up to nan"):
        assert_same_outputs(ours, theirs, numbers(1, 3))
    theirs = sequential((3,), layers.Dense(4))
    with pytest.raises(AssertionError, match=r"shape \(1, 2\) in PyTorch and \(1, 4\)"):
        assert_same_outputs(ours, theirs, numbers(1, 3))


def test_uneven_padding_is_suspected():
    ours = nn.Conv2d(1, 2, 3, 2, padding=1)
    theirs = sequential((8, 8, 1), layers.Conv2D(2, 3, 2, padding="same"))
    copy_weights(ours, theirs)
    with pytest.raises(
        AssertionError, match=r"Perhaps because of layer 0.*at this stri"
    ):
        assert_same_outputs(ours, theirs, numbers(1, 1, 8, 8))


def test_both_run_in_inference_mode_and_the_mode_is_restored():
    ours = nn.Sequential(nn.Linear(3, 50), nn.Dropout(0.9))
    theirs = sequential((3,), layers.Dense(50), layers.Dropout(0.9))
    copy_weights(ours, theirs)
    assert_same_outputs(ours, theirs, numbers(4, 3))
    assert ours.training


# --- the other engine ----------------------------------------------------------------


@pytest.mark.skipif(
    keras.backend.backend() == "torch", reason="this is the run on PyTorch"
)
def test_all_this_with_keras_on_pytorch():
    command = [sys.executable, "-m", "pytest", "-q", "-o", "addopts=", __file__]
    result = subprocess.run(
        [*command, "-p", "no:cacheprovider"],
        env=os.environ | {"KERAS_BACKEND": "torch"},
        capture_output=True,
        text=True,
    )
    assert result.returncode == 0, result.stdout[-3000:] + result.stderr[-2000:]
