"""`models`: the published names and shapes, and one network in two frameworks.

The file runs twice: on the engine Keras is set to, and once more, by its last test, in
a process where Keras runs on PyTorch.
"""

import hashlib
import os
import subprocess
import sys

import numpy as np
import pytest
import torch
from torch import nn

from utils import equivalence, models
from utils.data import DataError

keras = pytest.importorskip("keras")

ARRAYS = ("weight", "bias", "running_mean", "running_var", "num_batches_tracked")


def published_names(bottleneck, blocks):
    """The keys of a published file of weights, in order, written out by hand."""
    names = ["conv1.weight", *(f"bn1.{array}" for array in ARRAYS)]
    for stage, count in enumerate(blocks, start=1):
        for number in range(count):
            block = f"layer{stage}.{number}"
            for part in range(1, 4 if bottleneck else 3):
                names.append(f"{block}.conv{part}.weight")
                names += [f"{block}.bn{part}.{array}" for array in ARRAYS]
            if number == 0 and (bottleneck or stage > 1):
                names.append(f"{block}.downsample.0.weight")
                names += [f"{block}.downsample.1.{array}" for array in ARRAYS]
    return [*names, "fc.weight", "fc.bias"]


def parameters(model):
    return sum(p.numel() for p in model.parameters())


@pytest.mark.parametrize(
    ("depth", "count", "entries"),
    [
        (18, 11_689_512, 122),
        (34, 21_797_672, 218),
        (50, 25_557_032, 320),
        (101, 44_549_160, 626),
        (152, 60_192_808, 932),
    ],
)
def test_names_and_counts_are_the_published_ones(depth, count, entries):
    with torch.device("meta"):
        model = models.resnet_torch(depth)
    assert list(model.state_dict()) == published_names(*models.DEPTHS[depth])
    assert len(model.state_dict()) == entries
    assert parameters(model) == count


def test_shapes_are_the_published_ones():
    with torch.device("meta"):
        shapes = {
            k: tuple(v.shape) for k, v in models.resnet_torch(50).named_parameters()
        }
    assert shapes["conv1.weight"] == (64, 3, 7, 7)
    assert shapes["layer1.0.conv1.weight"] == (64, 64, 1, 1)
    assert shapes["layer1.0.conv2.weight"] == (64, 64, 3, 3)
    assert shapes["layer1.0.conv3.weight"] == (256, 64, 1, 1)
    assert shapes["layer1.0.downsample.0.weight"] == (256, 64, 1, 1)
    assert shapes["layer2.0.downsample.0.weight"] == (512, 256, 1, 1)
    assert shapes["layer4.2.bn3.weight"] == (2048,)
    assert shapes["fc.weight"] == (1000, 2048)


def test_the_stride_of_a_bottleneck_is_in_its_middle():
    with torch.device("meta"):
        block = models.resnet_torch(50).layer2[0]
    assert (block.conv1.stride, block.conv2.stride) == ((1, 1), (2, 2))


def test_a_full_size_network_shrinks_the_side_by_32():
    with torch.device("meta"):
        model = models.resnet_torch(18)
        x = torch.empty(2, 3, 224, 224)
        assert model.layer4(
            model.layer3(model.layer2(model.layer1(model.maxpool(model.conv1(x)))))
        ).shape == (2, 512, 7, 7)
        assert model(x).shape == (2, 1000)


def test_without_classes_the_features_come_out():
    model = models.resnet_torch((1, 1), None, 1, small_images=True, width=4)
    assert model.n_features == 8
    assert model(torch.zeros(2, 1, 8, 8)).shape == (2, 8)
    assert not any(key.startswith("fc") for key in model.state_dict())
    twin = models.resnet_keras((1, 1), None, 1, small_images=True, width=4)
    assert twin.output_shape == (None, 8)


def scramble(model):
    generator = torch.Generator().manual_seed(1)
    with torch.no_grad():
        for array in [*model.parameters(), *model.buffers()]:
            if array.is_floating_point():
                array.copy_(torch.rand(array.shape, generator=generator) * 0.4 + 0.1)
                if array.ndim == 4:
                    array.sub_(0.3)


@pytest.mark.parametrize(
    ("small_images", "bottleneck", "side"),
    [(True, False, 8), (True, True, 7), (False, False, 32), (False, True, 37)],
)
def test_keras_computes_the_same(small_images, bottleneck, side):
    # Not narrower: on a processor with AVX2, a 1 × 1 convolution with stride over fewer
    # than eight channels, channels last, writes past its memory when PyTorch goes
    # backwards through it (https://github.com/uxlfoundation/oneDNN/issues/6035).
    width = 4 if bottleneck else 8
    options = {"small_images": small_images, "width": width, "bottleneck": bottleneck}
    ours = models.resnet_torch((1, 2), 5, 2, **options)
    theirs = models.resnet_keras((1, 2), 5, 2, **options)
    scramble(ours)
    equivalence.copy_weights(ours, theirs)
    x = np.random.default_rng(0).normal(size=(3, 2, side, side)).astype(np.float32)
    equivalence.assert_same_outputs(ours, theirs, x)
    equivalence.assert_same_gradients(
        ours,
        theirs,
        x,
        np.array([0, 4, 2]),
        nn.CrossEntropyLoss(),
        keras.losses.SparseCategoricalCrossentropy(from_logits=True),
        tolerance=1e-4,
    )
    back = models.resnet_torch((1, 2), 5, 2, **options)
    equivalence.copy_weights(theirs, back)
    equivalence.assert_same_outputs(back, theirs, x)


def test_keras_trains_with_the_statistics_of_the_batch():
    ours = models.resnet_torch((1, 1), 5, 1, small_images=True, width=4)
    theirs = models.resnet_keras((1, 1), 5, 1, small_images=True, width=4)
    equivalence.copy_weights(ours, theirs)
    x = np.random.default_rng(0).normal(size=(6, 1, 8, 8)).astype(np.float32)
    one = ours.train()(torch.from_numpy(x)).detach().numpy()
    other = keras.ops.convert_to_numpy(theirs(np.moveaxis(x, 1, -1), training=True))
    assert np.allclose(one, other, atol=1e-4)
    equivalence.copy_weights(ours, theirs)  # the running statistics differ a little


@pytest.mark.parametrize("bottleneck", [False, True])
@pytest.mark.parametrize("small_images", [False, True])
def test_a_keras_network_can_be_saved(tmp_path, bottleneck, small_images):
    options = {"small_images": small_images, "width": 4, "bottleneck": bottleneck}
    model = models.resnet_keras((1, 2), 3, 1, **options)
    scrambled = models.resnet_torch((1, 2), 3, 1, **options)
    scramble(scrambled)
    equivalence.copy_weights(scrambled, model)
    model.save(tmp_path / "net.keras")
    again = keras.models.load_model(tmp_path / "net.keras")
    x = np.random.default_rng(0).normal(size=(2, 32, 32, 1)).astype(np.float32)
    first, second = (m.predict(x, verbose=0) for m in (model, again))
    np.testing.assert_allclose(first, second, rtol=1e-5, atol=1e-6)
    equivalence.assert_same_outputs(scrambled, again, np.moveaxis(x, -1, 1), 1e-4)


def test_keras_counts_the_same_parameters():
    model = models.resnet_keras(18, 10, width=8)
    twin = models.resnet_torch(18, 10, width=8)
    assert sum(int(np.prod(w.shape)) for w in model.trainable_weights) == parameters(
        twin
    )
    assert model.get_layer("layer1_0") is not None
    assert model.get_layer("fc").units == 10


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"depth": 19}, r"depth is 19; choose 18, 34, 50, 101, 152"),
        ({"depth": ()}, r"depth is \(\); choose.* or give whole numbers"),
        ({"depth": (2, 0)}, r"depth is \(2, 0\); choose"),
        ({"depth": 18.0}, r"depth is 18\.0; choose"),
        ({"depth": "18"}, r"depth is '18'; choose"),
        ({"width": None}, "width is None"),
        ({"bottleneck": "yes"}, "bottleneck is 'yes'; give True or False"),
        ({"small_images": 3}, "small_images is 3; give True or False"),
        ({"n_classes": 0}, "n_classes is 0"),
        ({"in_channels": -1}, "in_channels is -1"),
        ({"width": 1.5}, "width is 1.5"),
    ],
)
def test_what_is_wrong_is_said(arguments, message):
    for make in (models.resnet_torch, models.resnet_keras):
        with pytest.raises(ValueError, match=message):
            make(**arguments)


# --- published weights, without the network ------------------------------------------


@pytest.fixture
def weights(tmp_path, monkeypatch):
    """A file of the right form under the name that its hash asks for."""
    model = models.resnet_torch(18)
    torch.save(model.state_dict(), tmp_path / "weights")
    begun = hashlib.sha256((tmp_path / "weights").read_bytes()).hexdigest()[:8]
    name = f"resnet18-{begun}.pth"
    (tmp_path / "weights").rename(tmp_path / name)
    monkeypatch.setitem(models.PUBLISHED, 18, name)
    monkeypatch.setenv("BOOK_DATA_DIR", str(tmp_path))
    return model, tmp_path / name


def test_published_weights_are_loaded(weights):
    model, _ = weights
    loaded = models.load_published(models.resnet_torch(18), 18)
    for one, other in zip(model.parameters(), loaded.parameters(), strict=True):
        assert torch.equal(one, other)
    headless = models.load_published(models.resnet_torch(18, None), 18)
    assert torch.equal(headless.conv1.weight, model.conv1.weight)
    with pytest.raises(ValueError, match=r"does not fit the weights of depth 18"):
        models.load_published(models.resnet_torch(18, 10), 18)


def test_a_folder_may_be_written_with_a_tilde(weights, monkeypatch):
    model, path = weights
    monkeypatch.setenv("HOME", str(path.parent.parent))
    monkeypatch.setenv("USERPROFILE", str(path.parent.parent))
    monkeypatch.setenv("BOOK_DATA_DIR", f"~/{path.parent.name}")
    loaded = models.load_published(models.resnet_torch(18), 18)
    assert torch.equal(loaded.conv1.weight, model.conv1.weight)


def test_a_damaged_file_is_refused(weights):
    _, path = weights
    path.write_bytes(path.read_bytes()[:-1])
    with pytest.raises(DataError, match="is damaged"):
        models.load_published(models.resnet_torch((1,), 10), 18)


def test_offline_says_what_to_do(tmp_path, monkeypatch):
    def refuse(*args, **options):
        raise OSError("no route to host")

    monkeypatch.delenv("BOOK_DATA_DIR", raising=False)
    monkeypatch.setattr(torch.hub, "get_dir", lambda: str(tmp_path))
    monkeypatch.setattr(torch.hub, "download_url_to_file", refuse)
    with pytest.raises(DataError, match=r"no route to host.*put the file into"):
        models.load_published(nn.Identity(), 50)
    with pytest.raises(ValueError, match=r"no weights for depth 20; choose 18, 34, 50"):
        models.load_published(nn.Identity(), 20)


def test_importing_it_loads_no_framework():
    code = "import sys, utils.models; print({'torch', 'keras'} & set(sys.modules))"
    found = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=True
    )
    assert found.stdout.strip() == "set()"


@pytest.mark.skipif(keras.backend.backend() == "torch", reason="this is that process")
def test_the_same_with_keras_on_pytorch():
    command = [sys.executable, "-m", "pytest", "-q", "-o", "addopts=", __file__]
    result = subprocess.run(
        [*command, "-p", "no:cacheprovider", "-k", "keras"],
        env=os.environ | {"KERAS_BACKEND": "torch"},
        capture_output=True,
        text=True,
    )
    assert result.returncode == 0, result.stdout[-3000:] + result.stderr[-2000:]
