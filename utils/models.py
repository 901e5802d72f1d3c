"""Models that more than one chapter uses: residual networks, in PyTorch.

The chapter vision/residual_networks derives them and builds them from nothing, in Keras
too; what is here is the same code, so that other chapters can start where it ends::

    from utils import models

    net = models.resnet_torch(18)  # for 224 × 224 pixels and 1000 classes
    tiny = models.resnet_torch((1, 1, 1), 10, 1, small_images=True, width=8)

    models.load_published(net, 18)  # weights learned on ImageNet; needs the network

The parameters of `resnet_torch` have the names and shapes under which weights are
published, ``layer1.0.conv1.weight`` and so on. Importing this module does not load
PyTorch.
"""

from __future__ import annotations

import functools
import io
import json
from collections.abc import Sequence
from pathlib import Path
from types import SimpleNamespace
from typing import TYPE_CHECKING, Any

import numpy as np

from utils.data.store import PublicFile, find
from utils.scratch._checks import is_whole
from utils.training.arguments import check_counts, check_flags, shown

if TYPE_CHECKING:
    import torch

__all__ = [
    "IMAGENET_MEAN",
    "IMAGENET_STD",
    "PUBLISHED",
    "imagenet_labels",
    "load_published",
    "mobilenet_arrays",
    "resnet_torch",
]

DEPTHS: dict[int, tuple[bool, tuple[int, ...]]] = {
    18: (False, (2, 2, 2, 2)),
    34: (False, (3, 4, 6, 3)),
    50: (True, (3, 4, 6, 3)),
    101: (True, (3, 4, 23, 3)),
    152: (True, (3, 8, 36, 3)),
}
"""Of each depth that has a name: whether its blocks are bottlenecks, and how many each
stage has. Source: He, Zhang, Ren and Sun, CVPR 2016, table 1."""

IMAGENET_MEAN = np.array([0.485, 0.456, 0.406], dtype=np.float32)
IMAGENET_STD = np.array([0.229, 0.224, 0.225], dtype=np.float32)
"""What the published weights expect: colours from 0 to 1, minus the mean of each
channel, divided by its standard deviation."""

PUBLISHED: dict[int, str] = {
    18: "resnet18-f37072fd.pth",
    34: "resnet34-b627a593.pth",
    50: "resnet50-0676ba61.pth",
}
"""Files of weights learned on ImageNet, by depth. The last eight digits of each name
are the first of the file's SHA-256."""

MOBILENETS: dict[str, PublicFile] = {
    "v1_0.25_128": PublicFile(
        "imagenet_mobilenet/mobilenet_v1_0.25_128.npz",
        "dd1628a9cb6677ac1ffdc12d3152fa265a3b815be6c78ce6fb80842427d52225",
        404_291,
    ),
    "v1_0.5_160": PublicFile(
        "imagenet_mobilenet/mobilenet_v1_0.5_160.npz",
        "655a4b9ee88f8ad61ca09ef64b7069021b4e82e5ec4a02a706b8fc474148a30d",
        1_031_803,
    ),
    "v1_0.75_192": PublicFile(
        "imagenet_mobilenet/mobilenet_v1_0.75_192.npz",
        "7108ad29027ed32a8aee07053d14daf9ffb4bed9b5fec997749f5d123d269ed7",
        1_926_262,
    ),
    "v2_1.0_224": PublicFile(
        "imagenet_mobilenet/mobilenet_v2_1.0_224.npz",
        "b993f40234c33d3021efa1ab5cfb177dc8b69cb1f1fbc59dbd4bf872e3b9c798",
        2_890_844,
    ),
}
"""MobileNets learned on ImageNet, by version, width and pixels a side: the integers of
the published ``mobilenet_v1_0.25_128_quant.tflite`` and its like, an array a layer."""

_IMAGENET_LABELS = PublicFile(
    "imagenet_mobilenet/imagenet_labels.json",
    "63321fb3d1f45ffd250ab6c798f3495386ac01f28dad8ceeeba7c8fedc686e78",
    24_677,
)

_ADDRESS = "https://download.pytorch.org/models/"

Depth = int | Sequence[int]


def resnet_torch(
    depth: Depth = 18,
    n_classes: int | None = 1000,
    in_channels: int = 3,
    small_images: bool = False,
    *,
    width: int = 64,
    bottleneck: bool | None = None,
) -> torch.nn.Module:
    """Makes a residual network in PyTorch, with the published parameter names.

    Args:
        depth: 18, 34, 50, 101 or 152; or the number of blocks in each stage, such as
            ``(1, 1, 1)``.
        n_classes: Logits in the output. ``None`` leaves out the last layer, and the
            network returns its features, shape (N, ``model.n_features``).
        in_channels: Channels of the images.
        small_images: Begin with a 3 × 3 convolution that keeps the size, in place of
            7 × 7 with stride 2 and max pooling, which leave a quarter of the side.
        width: Channels of the first stage; every later stage has twice as many.
        bottleneck: Whether blocks are bottlenecks (1 × 1, 3 × 3, 1 × 1 with four times
            the channels at the end). Follows from a named depth; otherwise no.

    Returns:
        A module from images (N, C, H, W) to logits (N, n_classes). Its parts are
        ``conv1, bn1, relu, maxpool, layer1, …, avgpool, fc``.

    Raises:
        ValueError: An argument does not make sense; the message names it.

    Source: He, Zhang, Ren and Sun, "Deep residual learning for image recognition",
    CVPR 2016; stride in the 3 × 3 convolution of a bottleneck, as the published
    weights have it.

    Example:
        >>> net = resnet_torch(50)
        >>> sum(p.numel() for p in net.parameters())
        25557032
    """
    bottleneck, blocks = _checked(
        depth, n_classes, in_channels, small_images, width, bottleneck
    )
    model: torch.nn.Module = _torch_classes().ResNet(
        bottleneck, blocks, n_classes, in_channels, small_images, width
    )
    return model


def load_published(model: torch.nn.Module, depth: int = 18) -> torch.nn.Module:
    """Fills a full-size `resnet_torch` with weights learned on ImageNet.

    The file is taken from ``$BOOK_DATA_DIR`` if it is there, else from the cache of
    ``torch.hub``, else downloaded (45 MB for 18 layers, 98 MB for 50). Its SHA-256 is
    checked, and nothing in it is unpickled but arrays. A network without its last layer
    (``n_classes=None``) gets the rest.

    Args:
        model: ``resnet_torch(depth)``, with 1000 classes or none.
        depth: One of `PUBLISHED`.

    Returns:
        The model.

    Raises:
        DataError: The file cannot be had, or is not what was published.
        ValueError: There are no weights for this depth, or the model is another one.

    Example:
        >>> net = load_published(resnet_torch(18), 18).eval()
    """
    import torch

    if not isinstance(model, torch.nn.Module):
        raise ValueError(f"model is {type(model).__name__}; give resnet_torch(depth).")
    if not is_whole(depth) or depth not in PUBLISHED:
        known = ", ".join(map(str, PUBLISHED))
        raise ValueError(
            f"there are no weights for depth {shown(depth)}; choose {known}."
        )
    name = PUBLISHED[int(depth)]
    file = PublicFile(name, sha256=Path(name).stem[-8:], urls=(_ADDRESS + name,))
    hub = Path(torch.hub.get_dir()) / "checkpoints" / name
    content, _ = find(file, (hub, "read from the cache of torch.hub"))
    state = torch.load(io.BytesIO(content), map_location="cpu", weights_only=True)
    if not any(key.startswith("fc.") for key in model.state_dict()):
        state = {key: v for key, v in state.items() if not key.startswith("fc.")}
    try:
        model.load_state_dict(state)
    except RuntimeError as error:
        raise ValueError(
            f"this model does not fit the weights of depth {depth}; make it with "
            f"resnet_torch({depth}) and change its last layer afterwards. {error}"
        ) from None
    return model


def mobilenet_arrays(name: str = "v1_0.25_128") -> dict[str, np.ndarray]:
    """Reads the arrays of a MobileNet learned on ImageNet, as they were published.

    The files are read from ``$BOOK_DATA_DIR``; no address has them.

    Args:
        name: One of `MOBILENETS`.

    Returns:
        Arrays by the names of ``keras.applications``: ``conv1/kernel``, of whole
        numbers from 0 to 255, ``conv1/kernel_scale``, ``conv1/kernel_zero_point``,
        ``conv1_bn/beta``, and so on to the last layer's ``bias``.

    Raises:
        DataError: The file is not here, or not what was published.
        ValueError: There is no MobileNet of this name.
    """
    if not isinstance(name, str) or name not in MOBILENETS:
        known = ", ".join(MOBILENETS)
        raise ValueError(f"name is {shown(name)}; the MobileNets are {known}.")
    content, _ = find(MOBILENETS[name])
    with np.load(io.BytesIO(content), allow_pickle=False) as arrays:
        return {key: arrays[key] for key in arrays}


def imagenet_labels() -> list[str]:
    """Reads the names of ImageNet's 1,000 classes, by number.

    Raises:
        DataError: The file is not here, or not what was published.
    """
    content, _ = find(_IMAGENET_LABELS)
    labels: list[str] = json.loads(content)
    return labels


def _checked(
    depth: Any,
    n_classes: Any,
    in_channels: Any,
    small: Any,
    width: Any,
    bottleneck: Any,
) -> tuple[bool, tuple[int, ...]]:
    """What kind of blocks, and how many a stage; or what was wrong."""
    check_counts(n_classes=1 if n_classes is None else n_classes)
    check_counts(in_channels=in_channels, width=width)
    check_flags(small_images=small)
    check_flags(bottleneck=False if bottleneck is None else bottleneck)
    if is_whole(depth) and depth in DEPTHS:
        usual, blocks = DEPTHS[int(depth)]
    elif (
        isinstance(depth, (tuple, list))
        and depth
        and all(is_whole(n) and n > 0 for n in depth)
    ):
        usual, blocks = False, tuple(depth)
    else:
        known = ", ".join(map(str, DEPTHS))
        raise ValueError(
            f"depth is {shown(depth)}; choose {known}, or give whole numbers from 1 "
            "up, the blocks in each stage, such as (1, 1, 1)."
        )
    return (usual if bottleneck is None else bottleneck), blocks


@functools.cache
def _torch_classes() -> SimpleNamespace:
    from torch import nn
    from torch.nn import functional as F

    def convolution(
        inputs: int, outputs: int, size: int = 3, stride: int = 1
    ) -> nn.Conv2d:
        return nn.Conv2d(
            inputs, outputs, size, stride=stride, padding=size // 2, bias=False
        )

    class Shortcut(nn.Module):
        """What both kinds of block share: the way round, and the sum."""

        def shorten(self, inputs: int, outputs: int, stride: int) -> None:
            self.downsample = None
            if stride != 1 or inputs != outputs:
                self.downsample = nn.Sequential(
                    convolution(inputs, outputs, 1, stride), nn.BatchNorm2d(outputs)
                )

        def forward(self, x: torch.Tensor) -> torch.Tensor:
            around = x if self.downsample is None else self.downsample(x)
            return F.relu(self.branch(x) + around)

    class BasicBlock(Shortcut):
        expansion = 1

        def __init__(self, inputs: int, channels: int, stride: int) -> None:
            super().__init__()
            self.conv1 = convolution(inputs, channels, stride=stride)
            self.bn1 = nn.BatchNorm2d(channels)
            self.conv2 = convolution(channels, channels)
            self.bn2 = nn.BatchNorm2d(channels)
            self.shorten(inputs, channels, stride)

        def branch(self, x: torch.Tensor) -> torch.Tensor:
            h = F.relu(self.bn1(self.conv1(x)))
            return self.bn2(self.conv2(h))

    class Bottleneck(Shortcut):
        expansion = 4

        def __init__(self, inputs: int, channels: int, stride: int) -> None:
            super().__init__()
            self.conv1 = convolution(inputs, channels, size=1)
            self.bn1 = nn.BatchNorm2d(channels)
            self.conv2 = convolution(channels, channels, stride=stride)
            self.bn2 = nn.BatchNorm2d(channels)
            self.conv3 = convolution(channels, 4 * channels, size=1)
            self.bn3 = nn.BatchNorm2d(4 * channels)
            self.shorten(inputs, 4 * channels, stride)

        def branch(self, x: torch.Tensor) -> torch.Tensor:
            h = F.relu(self.bn1(self.conv1(x)))
            h = F.relu(self.bn2(self.conv2(h)))
            return self.bn3(self.conv3(h))

    class ResNet(nn.Module):
        def __init__(
            self,
            bottleneck: bool,
            blocks: tuple[int, ...],
            n_classes: int | None,
            in_channels: int,
            small_images: bool,
            width: int,
        ) -> None:
            super().__init__()
            kind = Bottleneck if bottleneck else BasicBlock
            self.stages = len(blocks)
            size, stride = (3, 1) if small_images else (7, 2)
            self.conv1 = convolution(in_channels, width, size, stride)
            self.bn1 = nn.BatchNorm2d(width)
            self.relu = nn.ReLU()
            self.maxpool = (
                nn.Identity() if small_images else nn.MaxPool2d(3, 2, padding=1)
            )
            inputs = width
            for stage, count in enumerate(blocks):
                channels, row = width * 2**stage, []
                for number in range(count):
                    stride = 2 if stage and not number else 1
                    row.append(kind(inputs, channels, stride))
                    inputs = channels * kind.expansion
                self.add_module(f"layer{stage + 1}", nn.Sequential(*row))
            self.avgpool = nn.AdaptiveAvgPool2d(1)
            self.n_features = inputs
            self.fc = (
                nn.Identity() if n_classes is None else nn.Linear(inputs, n_classes)
            )
            for module in self.modules():
                if isinstance(module, nn.Conv2d):
                    nn.init.kaiming_normal_(module.weight, mode="fan_out")

        def forward(self, x: torch.Tensor) -> torch.Tensor:
            h = self.maxpool(self.relu(self.bn1(self.conv1(x))))
            for stage in range(1, self.stages + 1):
                h = getattr(self, f"layer{stage}")(h)
            return self.fc(self.avgpool(h).flatten(1))

    return SimpleNamespace(ResNet=ResNet, BasicBlock=BasicBlock, Bottleneck=Bottleneck)
