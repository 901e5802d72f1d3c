"""Laws of style transfer's parts: textures, moments, colours, the painter."""

from __future__ import annotations

import numpy as np
import pytest
import torch

from utils import style
from utils.data import textures


@pytest.fixture(scope="module")
def looks() -> torch.Tensor:
    return torch.stack(
        [
            torch.from_numpy(textures.piece(textures.style(name, 0)))
            for name in style.NAMES
        ]
    )


def test_halves_of_a_style_are_beside_each_other_and_large_enough():
    for name in textures.STYLES:
        left, right = (textures.style(name, half) for half in (0, 1))
        assert min(*left.shape[1:], *right.shape[1:]) >= 64, f"{name}: {left.shape}"
        assert left.min() >= 0, f"{name}: below 0"
        assert left.max() <= 1, f"{name}: above 1"
        same = left.shape == right.shape and np.array_equal(left, right)
        assert not same, f"{name}: both halves are one"


def test_a_photo_has_the_side_asked_for_and_the_mean_of_its_square():
    small, large = textures.photo("astronaut", 32), textures.photo("astronaut", 64)
    shapes = small.shape, large.shape
    assert shapes == ((3, 32, 32), (3, 64, 64)), f"shapes {shapes}"
    assert abs(small.mean() - large.mean()) < 1e-5, "shrinking should keep the mean"


def test_moments_forget_the_order_of_places_and_keep_the_size():
    maps = torch.randn(2, 4, 6, 6, generator=torch.Generator().manual_seed(0))
    order = torch.randperm(36, generator=torch.Generator().manual_seed(1))
    moved = maps.flatten(2)[:, :, order].view_as(maps)
    for centred in (True, False):
        for a, b in zip(
            style.moments(maps, centred), style.moments(moved, centred), strict=True
        ):
            assert torch.allclose(a, b, atol=1e-5), f"centred {centred}: order counts"
    gram, _ = style.moments(maps, centred=False)
    table, mean = style.moments(maps)
    assert torch.allclose(gram, table + mean @ mean.mT, atol=1e-5), "gram, covariance"


@pytest.mark.parametrize("centred", [False, True])
def test_moments_come_back_as_differences_say(centred: bool):
    draw = torch.Generator().manual_seed(0)
    maps = torch.randn(2, 3, 4, 5, generator=draw, dtype=torch.float64) + 0.5
    assert torch.autograd.gradcheck(
        lambda f: tuple(style.moments(f, centred)), maps.requires_grad_()
    )


def test_moved_colours_have_mean_and_covariance_of_the_style(looks):
    pale = 0.3 + 0.1 * looks  # nothing is cut off at 0 and 1
    content = pale[[3, 7, 8]]
    moved = style.move_colours(content, pale[[7, 8, 3]])
    for found, wanted in zip(
        style.moments(moved), style.moments(pale[[7, 8, 3]]), strict=True
    ):
        gap = (found - wanted).abs().max()
        assert gap < 1e-4, f"moments are off by {gap}"
    assert (style.kept(content, content) > 0.999).all(), "a picture keeps itself"


def test_painting_lowers_the_distance_and_stays_in_range(looks):
    network = style.Features(0).requires_grad_(False)
    content, goal = looks[:2], looks[2:4]
    painted = style.paint(network, content, goal, 0, steps=5)
    before, after = (
        style.style_distance(network(x), network(goal)).sum()
        for x in (content, painted)
    )
    assert after < before, f"the distance went from {before} to {after}"
    assert painted.min() >= 0, "below 0"
    assert painted.max() <= 1, "above 1"


def test_the_judge_sees_neither_mean_nor_contrast(looks):
    torch.manual_seed(0)
    judge = style.Judge()
    gap = (judge(looks) - judge(0.5 * looks + 0.2)).abs().max()
    assert gap < 0.02, f"half the contrast moves the logits by {gap}"


def test_preference_is_one_for_the_largest_logit_and_zero_for_the_least():
    logits = torch.eye(10)[:2] + torch.arange(10) / 100

    class Fixed(torch.nn.Module):
        def forward(self, x: torch.Tensor) -> torch.Tensor:
            return logits

    found = style.preference(Fixed(), logits, torch.tensor([0, 0]))
    assert found.tolist() == [1.0, 0.0], f"found {found.tolist()}"


def test_max_pooling_is_kept_by_the_trained_features(monkeypatch):
    monkeypatch.setattr(style.runtime, "pick", lambda quick, full: 1)
    network = style.trained_features(0, pool=torch.nn.MaxPool2d)
    assert isinstance(network.pool, torch.nn.MaxPool2d), f"found {network.pool}"


def test_adain_gives_mean_and_spread_and_keeps_the_order():
    draw = torch.Generator().manual_seed(0)
    maps, goal = (
        torch.randn(2, 3, 50, generator=draw),
        2 + 3 * torch.randn(2, 3, 8, generator=draw),
    )
    made = style.adain(maps, goal)
    for moment in (torch.mean, lambda v, dim: v.std(dim, correction=0)):
        gap = (moment(made, dim=2) - moment(goal, dim=2)).abs().max()
        assert gap < 1e-4, f"a moment is off by {gap}"
    assert torch.equal(made.argsort(dim=2), maps.argsort(dim=2)), "the order changed"
    gap = (style.adain(5 * maps - 2, goal) - made).abs().max()
    assert gap < 1e-3, f"shifted and stretched maps give another result, by {gap}"


def test_a_decoder_gives_back_pictures_and_one_pass_brings_the_style_nearer(looks):
    network = style.Features(0).requires_grad_(False)
    rng = np.random.default_rng(0)
    photos = [textures.photo(name, 96) for name in textures.PHOTOS[2:]]
    fit_on, _ = style.pieces(photos, 12, 48, rng)
    decoders = [style.fitted_decoder(network, layer, fit_on) for layer in (0, 1)]
    content = torch.from_numpy(textures.photo("cat"))[None].expand(10, -1, -1, -1)
    for layer, decode in enumerate(decoders):
        error = (decode(network(content[:1])[layer]) - content[:1]).square().mean()
        assert error.sqrt() < 0.15, f"layer {layer}: error {error.sqrt()}"
    made = style.one_pass(network, decoders, content, looks)
    alone = style.one_pass(network, decoders, content, looks, lambda maps, goal: maps)
    near, far = (
        style.style_distance(network(x), network(looks)) for x in (made, alone)
    )
    assert (near < far).sum() >= 8, f"style distance {near}, unmatched {far}"
    assert made.shape == content.shape, f"shape {made.shape}"
    assert made.min() >= 0, "below 0"
    assert made.max() <= 1, "above 1"
