"""Whatever is wrong with an argument ends in one sentence that names it.

Each public function of `training`, `equivalence`, `models` and `generative` is called
with good arguments but one, for each argument and each piece of junk. The call may
succeed; it may say in one sentence of its own what is wrong; no error of NumPy,
PyTorch, TensorFlow or Keras may come out raw.
"""

import copy
import inspect
import traceback
from pathlib import Path

import numpy as np
import pooch
import pytest
import torch
import torch.nn.functional as F
from torch import nn

import utils
from utils import equivalence, generative, models, training
from utils.data import DataError

keras = pytest.importorskip("keras")

HOME = str(Path(utils.__file__).parent)

x = np.random.default_rng(0).normal(size=(6, 4)).astype(np.float32)
y = np.array([0, 1, 2, 0, 1, 2])
sparse = keras.losses.SparseCategoricalCrossentropy(from_logits=True)


def tangle():
    whole = []
    whole.append(whole)
    return whole


JUNK = {
    "None": None,
    "True": True,
    "minus one": -1,
    "zero": 0,
    "fraction": 2.5,
    "whole float": 3.0,
    "nan": float("nan"),
    "infinity": float("inf"),
    "huge": 10**400,
    "text": "text",
    "digit": "0.1",
    "bytes": b"\x00\xff",
    "list": [],
    "tuple": (),
    "dictionary": {},
    "dictionary of text": {"a": "b"},
    "dictionary by number": {3: F.mse_loss},
    "set": {1, 2},
    "object": object(),
    "class": nn.Linear,
    "function": lambda: None,
    "function of anything": lambda *given: "text",
    "function that fails": lambda *given: given[99],
    "generator": (n for n in ()),
    "module": nn.LSTM(4, 3),
    "another module": nn.Linear(7, 5),
    "no parameters": nn.Identity(),
    "nan array": np.full((6, 4), np.nan),
    "infinite array": np.full((6, 4), np.inf),
    "no rows": np.zeros((0, 4)),
    "no columns": np.zeros((6, 0)),
    "scalar array": np.array(3.0),
    "vector": np.zeros(6),
    "narrow": np.zeros((6, 2), np.float32),
    "short": np.zeros((2, 4), np.float32),
    "deep": np.zeros((6, 4, 2, 2), np.float32),
    "text array": np.array(["a"] * 6),
    "object array": np.array([None] * 6),
    "complex array": np.zeros((6, 4), complex),
    "long double": np.zeros((6, 4), np.longdouble),
    "other byte order": x.astype(">f4"),
    "structured": np.zeros(6, [("a", float)]),
    "dates": np.zeros((6, 4), "datetime64[s]"),
    "ragged": [[1, 2], [3]],
    "tensor": torch.full((6, 4), torch.nan),
    "complex tensor": torch.zeros(6, 4, dtype=torch.complex64),
    "pair of text": ("a", "b"),
    "pair too wide": (np.zeros((6, 9)), y),
    "pair with far labels": (x, y + 100),
    "pair with nan": (np.full((6, 4), np.nan), y),
    "pair that differs": (x, y[:4]),
    "pair without rows": (x[:0], y[:0]),
    "pair of columns": (x, np.zeros((6, 7, 2))),
    "tangle": tangle(),
}


def network():
    torch.manual_seed(0)
    return nn.Sequential(nn.Linear(4, 3))


def twin():
    layers = keras.layers.Dense(3)
    model = keras.Sequential([keras.Input((4,)), layers])
    model.compile("sgd", sparse, run_eagerly=True)
    return model


TWIN = twin()
equivalence.copy_weights(network(), TWIN)
TWIN_KEPT = TWIN.get_weights()
same = {"torch_model": network(), "keras_model": TWIN, "x": x, "tolerance": 1e-5}
resnet = {"depth": (1,), "n_classes": 2, "in_channels": 1, "small_images": True}
options = {"metrics": None, "batch_size": 3, "device": "cpu"}

GOOD = {
    training.fit: options
    | {"model": network(), "data": (x, y), "loss": F.cross_entropy, "epochs": 1}
    | {"optimizer": "sgd", "lr": None, "validation": (x, y), "schedule": None}
    | {"clip_norm": None, "patience": None, "amp": False, "seed": 0},
    training.fit_keras: {"model": TWIN, "data": (x, y), "epochs": 1, "batch_size": 3}
    | {"validation": (x, y), "patience": None, "callbacks": (), "seed": 0},
    training.evaluate: options
    | {"model": network(), "data": (x, y), "loss": F.cross_entropy},
    training.predict: {"model": network(), "x": x, "batch_size": 3, "device": "cpu"},
    equivalence.copy_weights: {"source": network(), "target": TWIN},
    equivalence.assert_same_outputs: same,
    equivalence.assert_same_gradients: same
    | {"y": y, "torch_loss": F.cross_entropy, "keras_loss": sparse},
    equivalence.keras_gradients: {"model": TWIN, "x": x, "y": y, "loss": sparse},
    models.resnet_torch: resnet | {"width": 2, "bottleneck": False},
    models.load_published: {"model": network(), "depth": 18},
    models.mobilenet_arrays: {"name": "v1_0.25_128"},
    models.imagenet_labels: {},
    generative.frechet_distance: {"real": x, "fake": x},
    generative.precision_recall_coverage: {"real": x, "fake": x, "neighbours": 2},
}

#: Where a loss may become infinite, or two models may turn out to differ.
NOT_ONLY_VALUE_ERRORS = (
    *("data", "validation", "x", "y", "lr", "loss", "tolerance"),
    *("torch_model", "keras_model", "torch_loss", "keras_loss"),
)

#: What a message may call an argument, beside its name.
ALSO = {
    "model": ("PyTorch model", "the optimiser", "loss"),
    "data": ("the loss became", "loss fails", "model fails", "x holds"),
    "validation": ("the validation loss", "loss fails", "model fails", "x holds"),
    "x": (
        "PyTorch model fails",
        "Keras model fails",
        "the output",
        "torch_loss",
        "model fails",
        "loss",
    ),
    "tolerance": ("differ",),
    "keras_loss": ("loss",),
    "optimizer": ("optimiser", "trainable parameter"),
    "source": ("models", "torch.nn.Module", "layers"),
    "target": ("models", "torch.nn.Module", "layers"),
    "torch_model": ("models", "torch.nn.Module", "layers", "PyTorch model", "output"),
    "keras_model": ("models", "torch.nn.Module", "layers", "Keras model"),
    "y": ("loss",),
}


def public(module):
    made = [getattr(module, name) for name in module.__all__]
    return {f for f in made if inspect.isfunction(f)}


def test_every_public_function_and_argument_is_tried():
    found = set.union(*map(public, (training, equivalence, models, generative)))
    assert set(GOOD) == found
    for function, arguments in GOOD.items():
        assert set(arguments) == set(inspect.signature(function).parameters)


@pytest.fixture
def _no_weights(monkeypatch, home):
    def refuse(*given, **options):
        raise OSError("no network in this test")

    monkeypatch.setattr(torch.hub, "get_dir", lambda: str(home))
    monkeypatch.setattr(pooch.HTTPDownloader, "__call__", refuse)


@pytest.mark.usefixtures("_no_weights")
@pytest.mark.filterwarnings("ignore")  # of casting complex numbers, of broadcasting
@pytest.mark.parametrize(
    ("function", "argument"),
    [(f, name) for f, good in GOOD.items() for name in good],
    ids=lambda value: value if isinstance(value, str) else value.__name__,
)
def test_junk_is_refused_in_one_sentence(function, argument):
    for name, junk in JUNK.items():
        TWIN.set_weights(TWIN_KEPT)
        good = {
            k: copy.deepcopy(v) if isinstance(v, nn.Sequential) else v
            for k, v in GOOD[function].items()
        }
        try:
            function(**good | {argument: junk})
        except DataError:  # of arguments that are right, and no file to read
            assert function is models.load_published, (function, argument, name)
        except (ValueError, AssertionError, FloatingPointError) as error:
            said, where = str(error), traceback.extract_tb(error.__traceback__)[-1]
            case = f"{function.__name__}({argument}={name}): {said}"
            assert where.filename.startswith(HOME), f"raw error: {case} at {where}"
            if not isinstance(error, ValueError):
                assert argument in NOT_ONLY_VALUE_ERRORS, case
            known = (argument, *ALSO.get(argument, ()))
            assert any(word in said for word in known), f"unnamed: {case}"
            assert len(said) < 600, case
        except Exception as error:
            raise AssertionError(
                f"{function.__name__}({argument}={name}): {error!r}"
            ) from error
