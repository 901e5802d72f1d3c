"""The pictures and the base that the sections of `transfer_learning` share."""

import numpy as np
import pytest
import torch

from utils import transfer


@pytest.fixture(scope="module")
def world() -> transfer.World:
    return transfer.world()


def test_the_tasks_share_no_digit_and_are_always_the_same(world: transfer.World):
    again = transfer.world()
    for part, other in zip(world, again, strict=True):
        assert set(part.labels) == set(range(5))
        assert len(part.images) == len(part.labels) == len(part.photos)
        assert part.images.min() >= 0
        assert part.images.max() <= 1
        for a, b in zip(part, other, strict=True):
            assert np.array_equal(a, b)


def test_the_source_is_standardised_by_its_own_statistics(world: transfer.World):
    x = world.standardised(world.source.images)
    assert abs(x.mean()) < 1e-3
    assert abs(x.std() - 1) < 1e-3


def test_a_black_digit_leaves_the_photograph_and_a_white_one_covers_it():
    rng = np.random.default_rng(0)
    black, which = transfer.on_photos(np.zeros((20, 8, 8)), rng)
    assert black.shape == (20, 1, 12, 12)
    assert black.max() <= 0.8
    assert set(which) <= set(range(6))
    white, _ = transfer.on_photos(np.ones((20, 8, 8)), rng)
    assert ((white == 1).sum(axis=(1, 2, 3)) >= 64).all()


def test_labelled_rows_are_the_asked_number_of_each_class():
    labels = np.repeat(np.arange(5), 7)
    rows = transfer.draw_labelled(labels, 3, np.random.default_rng(0))
    assert len(set(rows)) == 15
    assert np.array_equal(labels[rows], np.repeat(np.arange(5), 3))


def test_a_base_in_inference_mode_keeps_its_statistics_whatever_the_mode():
    base = transfer.make_base((4, "pool", 6))
    model = transfer.InferenceMode(base).train()
    before = {name: array.clone() for name, array in base.state_dict().items()}
    out = model(torch.randn(5, 1, 12, 12))
    assert model.training
    assert not base.training
    assert out.shape == (5, 6)
    for name, array in base.state_dict().items():
        assert torch.equal(array, before[name]), name


def test_a_trained_head_fits_its_pictures_and_leaves_the_base(world: transfer.World):
    torch.manual_seed(0)
    base = transfer.make_base((8, "pool", 16)).eval()
    before = {name: array.clone() for name, array in base.state_dict().items()}
    rows = transfer.draw_labelled(world.target.labels, 2, np.random.default_rng(0))
    x, y = world.standardised(world.target.images[rows]), world.target.labels[rows]
    head = transfer.trained_head(base, x, y, epochs=300)
    with torch.no_grad():
        found = head(base(torch.from_numpy(x))).argmax(dim=1).numpy()
    assert (found == y).mean() > 0.8
    for name, array in base.state_dict().items():
        assert torch.equal(array, before[name]), name
    again = transfer.trained_head(base, x, y, epochs=300)
    assert torch.equal(head.weight, again.weight)


def test_a_base_is_trained_the_same_way_from_the_same_seed(world: transfer.World):
    part = transfer.Pictures(*(array[:64] for array in world.source))
    small = world._replace(source=part)
    a, b, c = (
        transfer.pretrained(small, part.labels, seed=seed, epochs=1).state_dict()
        for seed in (0, 0, 1)
    )
    assert all(torch.equal(a[name], b[name]) for name in a)
    assert not torch.equal(a["0.weight"], c["0.weight"])
