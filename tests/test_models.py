"""`models`: the published names and shapes, and what loads and what is refused."""

import hashlib
import io
import json
import subprocess
import sys

import numpy as np
import pooch
import pytest
import torch
from torch import nn

from utils import models
from utils.data import DataError
from utils.data.store import PublicFile

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
    with pytest.raises(ValueError, match=message):
        models.resnet_torch(**arguments)


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
    with pytest.raises(DataError, match=r"is not the published file.*whole copy"):
        models.load_published(models.resnet_torch((1,), 10), 18)


def test_the_cache_of_torch_hub_serves(weights, monkeypatch):
    model, path = weights
    monkeypatch.delenv("BOOK_DATA_DIR")
    monkeypatch.setattr(torch.hub, "get_dir", lambda: str(path.parent))
    path.parent.joinpath("checkpoints").mkdir()
    path.rename(path.parent / "checkpoints" / path.name)
    loaded = models.load_published(models.resnet_torch(18), 18)
    assert torch.equal(loaded.conv1.weight, model.conv1.weight)
    # A bad file in the data directory is not passed over for the good one there.
    monkeypatch.setenv("BOOK_DATA_DIR", str(path.parent))
    path.write_bytes(b"no weights")
    with pytest.raises(DataError, match=f"{path.name} is not the published file"):
        models.load_published(models.resnet_torch(18), 18)


@pytest.mark.usefixtures("home")
def test_offline_says_what_to_do(tmp_path, monkeypatch):
    def refuse(*args, **options):
        raise OSError("no route to host")

    monkeypatch.setattr(torch.hub, "get_dir", lambda: str(tmp_path))
    monkeypatch.setattr(pooch.HTTPDownloader, "__call__", refuse)
    with pytest.raises(
        DataError, match=r"no route to host.*set BOOK_DATA_DIR.*holds resnet50-0676ba61"
    ):
        models.load_published(nn.Identity(), 50)
    with pytest.raises(ValueError, match=r"no weights for depth 20; choose 18, 34, 50"):
        models.load_published(nn.Identity(), 20)


def test_importing_it_loads_no_framework():
    code = "import sys, utils.models; print({'torch', 'keras'} & set(sys.modules))"
    found = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=True
    )
    assert found.stdout.strip() == "set()"


# --- MobileNets -----------------------------------------------------------------------


def put(folder, name, content):
    """Write a file below a data directory, and say what is on record of it."""
    path = folder / "imagenet_mobilenet" / name
    path.parent.mkdir(exist_ok=True)
    path.write_bytes(content)
    sha256 = hashlib.sha256(content).hexdigest()
    return PublicFile(f"imagenet_mobilenet/{name}", sha256, len(content))


def test_a_mobilenet_is_read_from_the_data_directory(monkeypatch, tmp_path):
    arrays = {"conv1/kernel": np.arange(6, dtype=np.uint8).reshape(1, 1, 2, 3)}
    packed = io.BytesIO()
    np.savez(packed, **arrays)
    file = put(tmp_path, "small.npz", packed.getvalue())
    monkeypatch.setattr(models, "MOBILENETS", {"small": file})
    monkeypatch.setenv("BOOK_DATA_DIR", str(tmp_path))
    found = models.mobilenet_arrays("small")
    assert list(found) == ["conv1/kernel"]
    np.testing.assert_array_equal(found["conv1/kernel"], arrays["conv1/kernel"])
    with pytest.raises(ValueError, match="the MobileNets are small"):
        models.mobilenet_arrays("v1_0.25_128")


def test_the_labels_are_read_from_the_data_directory(monkeypatch, tmp_path):
    file = put(tmp_path, "labels.json", json.dumps(["tench", "goldfish"]).encode())
    monkeypatch.setattr(models, "_IMAGENET_LABELS", file)
    monkeypatch.setenv("BOOK_DATA_DIR", str(tmp_path))
    assert models.imagenet_labels() == ["tench", "goldfish"]


def test_a_mobilenet_that_is_not_here_is_a_data_error(monkeypatch, tmp_path):
    monkeypatch.setenv("BOOK_DATA_DIR", str(tmp_path))
    with pytest.raises(DataError, match="not on this machine"):
        models.mobilenet_arrays()
