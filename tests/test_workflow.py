"""The folder of photographs that the sections of `practice/workflow` share."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from utils import workflow


@pytest.fixture(scope="module")
def written(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, workflow.Planted]:
    folder = tmp_path_factory.mktemp("photos")
    return folder, workflow.write_folder(folder)


def test_the_folder_is_the_same_each_time(written, tmp_path):
    assert workflow.write_folder(tmp_path) == written[1]
    for path in written[0].glob("*/*"):
        again = tmp_path / path.relative_to(written[0])
        assert again.read_bytes() == path.read_bytes()


def test_what_is_planted_is_there(written):
    folder, planted = written
    photos = workflow.read_folder(folder)
    files = {f"{p.parent.name}/{p.name}" for p in folder.glob("*/*")}
    assert len(files) == len(photos.names) + 1 == 222
    assert files - set(photos.names) == {planted.broken}
    assert set(planted.mislabelled) | set(sum(planted.copies, ())) <= set(photos.names)
    assert not set(planted.mislabelled) & set(sum(planted.copies, ()))


def test_a_clean_folder_has_each_class_on_each_day(written):
    photos = workflow.clean(workflow.read_folder(written[0]), written[1])
    assert len(photos.labels) == 9 * 6 * 4 - 9
    for day in range(1, 10):
        assert set(photos.labels[photos.days == day]) == set(range(6))


@pytest.mark.parametrize("seed", range(5))
def test_a_day_is_in_one_part(seed):
    days = np.repeat(np.arange(1, 10), 3)
    parts = workflow.split_by_day(days, seed)
    assert sorted(np.concatenate(parts)) == list(range(27))
    assert [len(set(days[rows])) for rows in parts] == [5, 2, 2]
    assert not set(days[parts[0]]) & set(days[np.concatenate(parts[1:])])


@pytest.mark.parametrize("mode", ["L", "RGBA", "CMYK", "P", "1"])
def test_every_kind_of_picture_is_prepared(mode):
    picture = workflow.prepare(Image.new(mode, (70, 30)))
    assert picture.shape == (48, 48, 3)
    assert picture.dtype == np.uint8
