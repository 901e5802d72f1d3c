"""Data sets: what comes with the libraries, what is generated, what is public.

The public sets are tested on tiny copies of theirs, served by this machine to itself:
no test needs a network or the real files.
"""

import dataclasses
import gzip
import hashlib
import io
import json
import os
import shutil
import subprocess
import sys
import tempfile
import threading
import wave
import zipfile
from collections import Counter
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from utils import data
from utils.data import heartbeats, photographs, public, speech, store
from utils.data.builtin import stratified_split

GENERATED = ["spirals", "rings"]


def check_form(loaded, axes):
    """What holds for every data set, whatever it is."""
    for x, y in ((loaded.x_train, loaded.y_train), (loaded.x_test, loaded.y_test)):
        assert x.dtype == np.float32
        assert y.dtype == np.int64
        assert x.ndim == axes
        assert y.shape == (len(x),)
        assert np.isfinite(x).all()
        assert set(y) == set(range(len(loaded.classes)))
        if axes == 3:
            assert 0 <= x.min() < 0.1
            assert 0.9 < x.max() <= 1
    assert all(type(name) is str for name in loaded.classes)


# --- Names ----------------------------------------------------------------------------


def test_names_lists_every_set():
    assert {"digits", "spirals", "mnist", "fashion_mnist"} <= set(data.names())
    assert {"coffee", "astronaut", "china", "brick"} <= set(data.names("picture"))


@pytest.mark.parametrize(
    ("wrong", "near"),
    [
        ("digit", "digits"),
        ("fashion-mnist", "fashion_mnist"),
        ("MNIST", "mnist"),
        ("ring s", "rings"),
    ],
)
def test_a_wrong_name_lists_the_right_ones_nearest_first(wrong, near):
    with pytest.raises(data.DataError) as error:
        data.load(wrong)
    text = str(error.value)
    assert repr(wrong) in text
    assert f"Did you mean {near!r}" in text
    assert f"The data sets are: {near}, " in text
    for name in data.names():
        assert name in text


@pytest.mark.parametrize("wrong", ["xyzzy", "", 3, None, ("digits",)])
def test_a_name_like_no_other_is_refused_without_a_guess(wrong):
    with pytest.raises(data.DataError, match="there is no data set") as error:
        data.load(wrong)
    assert "Did you mean" not in str(error.value)


def test_a_picture_asked_for_as_a_set_and_the_other_way_round():
    with pytest.raises(data.DataError, match=r"data\.image\('coffee'\) has it"):
        data.load("coffee")
    with pytest.raises(data.DataError, match=r"data\.load\('digits'\) has it"):
        data.image("digits")
    with pytest.raises(data.DataError, match="Did you mean 'coffee'"):
        data.image("cofee")


def test_an_unknown_option_names_the_known_ones():
    with pytest.raises(data.DataError, match=r"takes no options; 'n' is unknown"):
        data.load("digits", n=10)
    with pytest.raises(data.DataError, match=r"takes n, noise, seed; 'm' is unknown"):
        data.load("rings", m=10)


# --- Bundled --------------------------------------------------------------------------


@pytest.mark.usefixtures("no_network")
def test_digits():
    digits = data.load("digits")
    check_form(digits, axes=3)
    assert digits.x_train.shape == (1437, 8, 8)
    assert digits.x_test.shape == (360, 8, 8)
    assert digits.classes == tuple("0123456789")
    # The split is the same on every machine, so chapters can quote what it gives.
    assert digits.y_test[:12].tolist() == [2, 8, 6, 0, 7, 4, 9, 1, 8, 6, 7, 0]


@pytest.mark.usefixtures("no_network")
def test_a_table():
    table = data.load("breast_cancer")
    check_form(table, axes=2)
    assert (len(table.x_train), len(table.x_test)) == (455, 114)
    assert table.x_train.shape[1] == 30
    assert table.classes == ("malignant", "benign")


@pytest.mark.usefixtures("no_network")
@pytest.mark.parametrize("name", data.names("picture"))
def test_images(name):
    picture = data.image(name)
    assert picture.dtype == np.float32
    assert picture.shape[2:] in ((), (3,))
    assert min(picture.shape[:2]) > 100
    assert picture.min() >= 0
    assert picture.max() <= 1
    assert picture.std() > 0.05


def test_an_image_missing_from_its_library(monkeypatch):
    from skimage import data as pictures

    def fail():
        raise ConnectionError("no internet connection is available")

    monkeypatch.setattr(pictures, "coffee", fail)
    with pytest.raises(data.DataError, match="'coffee', which comes inside scikit-im"):
        data.image("coffee")


@pytest.mark.parametrize("test_every", [2, 4, 5])
def test_a_split_parts_each_class_and_loses_nothing(test_every):
    labels = np.random.default_rng(test_every).integers(0, 7, 300)
    train, test = stratified_split(labels, test_every)
    assert sorted([*train, *test]) == list(range(300))
    for label in range(7):
        share = (labels == label).sum() / test_every
        assert abs((labels[test] == label).sum() - share) < 1
    again = stratified_split(labels, test_every)
    assert (train == again[0]).all()
    assert (test == again[1]).all()


def test_repr_says_sizes_and_source():
    assert repr(data.load("digits")) == (
        "digits\n"
        "  train    1,437 images of 8 × 8, float32 from 0 to 1\n"
        "  test     360\n"
        "  classes  10: 0, 1, 2, 3, 4, 5, 6, 7, 8, 9\n"
        "  source   scikit-learn's bundled digits (Alpaydin and Kaynak, UCI, 1998)"
    )
    assert repr(data.load("rings", n=50)) == (
        "rings\n"
        "  train    50 examples of 2 features, float32\n"
        "  test     50\n"
        "  classes  2: inner, outer\n"
        "  source   generated here with noise 0.1, seed 0"
    )


# --- Generated ------------------------------------------------------------------------


@pytest.mark.parametrize("name", GENERATED)
def test_generated_sets(name):
    made = data.load(name, n=120, seed=3)
    check_form(made, axes=2)
    assert made.x_train.shape == made.x_test.shape == (120, 2)
    assert len(set(Counter(made.y_train).values())) == 1  # equal shares
    assert abs(made.x_train).max() < 2.5
    again, other = data.load(name, n=120, seed=3), data.load(name, n=120, seed=4)
    assert (made.x_train == again.x_train).all()
    assert (made.y_test == again.y_test).all()
    assert not np.isin(made.x_train, other.x_train).any()
    assert not np.isin(made.x_train, made.x_test).any()


@pytest.mark.parametrize("name", GENERATED)
def test_without_noise_the_classes_lie_apart(name):
    made = data.load(name, n=200, noise=0)
    gaps = np.linalg.norm(made.x_train[:, None] - made.x_train, axis=2)
    other = made.y_train[:, None] != made.y_train
    assert gaps[other].min() > 0.05
    # ... and on the test points the nearest training point tells the class.
    gaps = np.linalg.norm(made.x_test[:, None] - made.x_train, axis=2)
    assert (made.y_train[gaps.argmin(axis=1)] == made.y_test).all()


@pytest.mark.parametrize(
    ("name", "options", "says"),
    [
        ("rings", {"n": 1}, "n must be a whole number of 2 or more, not 1"),
        ("rings", {"n": 10.0}, "n must be .* not 10.0"),
        ("rings", {"n": True}, "n must be .* not True"),
        ("rings", {"noise": -0.1}, "noise must be a number, 0 or more, not -0.1"),
        ("rings", {"noise": float("nan")}, "noise must be .* not nan"),
        ("rings", {"noise": "much"}, "noise must be .* not 'much'"),
        ("rings", {"seed": -1}, "seed must be .* not -1"),
    ],
)
def test_generated_sets_refuse_impossible_options(name, options, says):
    with pytest.raises(data.DataError, match=says):
        data.load(name, **options)


# --- Public: a tiny copy --------------------------------------------------------------


def tiny_arrays():
    rng = np.random.default_rng(0)
    arrays = {
        "x_train": rng.integers(0, 256, (40, 9, 9)),
        "y_train": np.arange(40) % 10,
        "x_test": rng.integers(0, 256, (20, 9, 9)),
        "y_test": np.arange(20) % 10,
    }
    for part in ("x_train", "x_test"):
        arrays[part][0, 0, :2] = 0, 255
    return {part: array.astype(np.uint8) for part, array in arrays.items()}


class Tiny:
    """A small stand-in for MNIST: its arrays, its files' bytes, and their record."""

    def __init__(self, *mirrors):
        self.arrays = tiny_arrays()
        self.plain = {
            known.name.removesuffix(".gz"): public.to_idx(self.arrays[part])
            for part, known in public.PUBLIC["mnist"].files.items()
        }
        self.packed = {
            f"{name}.gz": gzip.compress(content) for name, content in self.plain.items()
        }
        self.record = self.record_on(*mirrors)

    def record_on(self, *mirrors):
        known = public.PUBLIC["mnist"]
        files = {
            part: dataclasses.replace(
                file,
                sha256=hashlib.sha256(content).hexdigest(),
                size=len(content),
                urls=tuple(f"{mirror}{file.name}" for mirror in mirrors),
            )
            for (part, file), content in zip(
                known.files.items(), self.plain.values(), strict=True
            )
        }
        return dataclasses.replace(known, files=files)

    def write(self, folder, files=None):
        folder.mkdir(parents=True, exist_ok=True)
        for name, content in (files or self.packed).items():
            (folder / name).write_bytes(content)

    def write_npz(self, path, **changed):
        path.parent.mkdir(parents=True, exist_ok=True)
        np.savez_compressed(path, **{**self.arrays, **changed})

    def check(self, loaded, place):
        check_form(loaded, axes=3)
        for part, array in self.arrays.items():
            expected = array / np.float32(255) if part.startswith("x") else array
            np.testing.assert_array_equal(getattr(loaded, part), expected)
        assert loaded.source == f"MNIST (LeCun, Cortes and Burges, 1998), {place}"


IMAGES, LABELS = "train-images-idx3-ubyte", "train-labels-idx1-ubyte"


@pytest.fixture
def tiny(monkeypatch, mirror, home):
    """The tiny set in MNIST's place, served whole by the mirror."""
    tiny = Tiny(mirror.url)
    for name, content in tiny.packed.items():
        mirror.serve(name, content)
    monkeypatch.setitem(public.PUBLIC, "mnist", tiny.record)
    return tiny


def load_error():
    with pytest.raises(data.DataError) as error:
        data.load("mnist")
    return str(error.value)


def cached(home):
    """Every file below the book's cache, hidden ones too."""
    return sorted(path.name for path in (home / "cache").rglob("*") if path.is_file())


# --- Public: the places ---------------------------------------------------------------


@pytest.mark.usefixtures("no_network")
@pytest.mark.parametrize("folder", ["mnist", "MNIST/raw"])
def test_read_from_the_data_dir(tiny, data_dir, folder):
    tiny.write(data_dir / folder)
    tiny.check(data.load("mnist"), "read from $BOOK_DATA_DIR")


@pytest.mark.usefixtures("no_network")
def test_files_in_the_data_dir_may_be_unpacked(tiny, data_dir):
    tiny.write(data_dir / "mnist", tiny.plain)
    tiny.check(data.load("mnist"), "read from $BOOK_DATA_DIR")


@pytest.mark.usefixtures("no_network")
def test_files_unpacked_by_a_browser_may_keep_their_names(tiny, data_dir):
    tiny.write(data_dir / "mnist", {f"{n}.gz": c for n, c in tiny.plain.items()})
    tiny.check(data.load("mnist"), "read from $BOOK_DATA_DIR")


@pytest.mark.usefixtures("no_network")
def test_the_data_dir_may_hold_an_archive(tiny, data_dir):
    tiny.write_npz(data_dir / "mnist.npz")
    tiny.check(data.load("mnist"), "read from $BOOK_DATA_DIR")


@pytest.mark.usefixtures("no_network")
def test_read_from_the_keras_cache(tiny, home):
    tiny.write(home / "keras" / "datasets" / "mnist")
    tiny.check(data.load("mnist"), "read from the cache of keras.datasets")
    tiny.write_npz(home / "keras" / "datasets" / "mnist.npz")
    tiny.check(data.load("mnist"), "read from the cache of keras.datasets")
    assert cached(home) == []


def test_a_part_of_a_set_in_the_keras_cache_is_left_alone(tiny, home):
    folder = home / "keras" / "datasets" / "mnist"
    tiny.write(folder, {f"{IMAGES}.gz": tiny.packed[f"{IMAGES}.gz"]})
    tiny.check(data.load("mnist"), "downloaded")
    assert len(list(folder.iterdir())) == 1


def test_download_once_then_read_from_the_books_cache(tiny, mirror, home):
    tiny.check(data.load("mnist"), "downloaded")
    assert cached(home) == sorted(tiny.packed)
    assert sorted(mirror.asked) == sorted(tiny.packed)
    tiny.check(data.load("mnist"), "downloaded")
    assert len(mirror.asked) == 4


def test_only_what_is_missing_is_downloaded(tiny, mirror, home):
    data.load("mnist")
    (home / "cache" / "mnist" / f"{LABELS}.gz").unlink()
    tiny.check(data.load("mnist"), "downloaded")
    assert mirror.asked[4:] == [f"{LABELS}.gz"]


def test_a_data_dir_without_the_set_does_not_stand_in_the_way(tiny, data_dir):
    tiny.check(data.load("mnist"), "downloaded")
    assert list(data_dir.iterdir()) == []


# --- Public: bad input ----------------------------------------------------------------


@pytest.mark.parametrize(("kind", "says"), [("none", "not there"), ("file", "a file")])
def test_data_dir_that_is_no_folder(monkeypatch, tiny, home, kind, says):
    if kind == "file":
        (home / "wrong").write_text("x")
    monkeypatch.setenv("BOOK_DATA_DIR", str(home / "wrong"))
    text = load_error()
    assert f"BOOK_DATA_DIR names {home / 'wrong'}, which is {says}" in text
    assert "unset it and load again with a network connection" in text


def altered(content):
    return content[:-1] + bytes([content[-1] ^ 1])


PAGE = b"\n<!DOCTYPE html><html><body>Log in to the hotel's network</body></html>"

DAMAGES = {
    "truncated": (lambda c: gzip.compress(c)[:-20], "is cut short"),
    "truncated at the start": (lambda c: gzip.compress(c)[:5], "is cut short"),
    "truncated before packing": (lambda c: gzip.compress(c[:-9]), "is cut short"),
    "unpacked and truncated": (lambda c: c[:-9], "is cut short"),
    "altered": (lambda c: gzip.compress(altered(c)), "is not the published file"),
    "altered after packing": (
        lambda c: gzip.compress(c)[:200] + b"\0\0" + gzip.compress(c)[202:],
        "",  # the unpacking or the hash notices
    ),
    "packed by nobody": (
        lambda c: gzip.compress(c)[:10] + b"\xff" * 50,
        "cannot be unpacked",
    ),
    "too long": (lambda c: gzip.compress(c + b"more"), "too long"),
    "another file": (lambda c: gzip.compress(b"x" * len(c)), "has SHA-256"),
    "a web page": (lambda c: PAGE, "is a web page, not data"),
    "a packed web page": (lambda c: gzip.compress(PAGE), "is a web page, not data"),
    "empty": (lambda c: b"", "is empty"),
}


@pytest.fixture(params=DAMAGES)
def damaged(request, tiny):
    """The bytes of a damaged file of images, and what is said of them."""
    damage, says = DAMAGES[request.param]
    return damage(tiny.plain[IMAGES]), says


@pytest.mark.usefixtures("no_network")
def test_a_bad_file_in_the_data_dir(tiny, damaged, data_dir):
    content, says = damaged
    tiny.write(data_dir / "mnist")
    tiny.write(data_dir / "mnist", {f"{IMAGES}.gz": content})
    text = load_error()
    assert str(data_dir / "mnist" / f"{IMAGES}.gz") in text
    assert says in text
    assert "Either put a whole copy there, or unset BOOK_DATA_DIR" in text


@pytest.mark.usefixtures("no_network")
def test_a_missing_file_in_the_data_dir(tiny, data_dir):
    tiny.write(data_dir / "mnist")
    (data_dir / "mnist" / f"{LABELS}.gz").unlink()
    text = load_error()
    assert f"{data_dir / 'mnist' / f'{LABELS}.gz'} (mnist) is missing" in text
    assert "Either put a whole copy there, or unset BOOK_DATA_DIR" in text


@pytest.mark.usefixtures("no_network")
@pytest.mark.parametrize("place", ["cache", "keras/datasets"])
def test_a_bad_file_in_a_cache(tiny, damaged, home, place):
    content, says = damaged
    tiny.write(home / place / "mnist")
    tiny.write(home / place / "mnist", {f"{IMAGES}.gz": content})
    text = load_error()
    assert str(home / place / "mnist" / f"{IMAGES}.gz") in text
    assert says in text
    assert "Either delete this file and load again with a network connection" in text
    assert "or set BOOK_DATA_DIR to a folder that holds mnist/" in text


def test_a_bad_download_is_an_error_and_is_not_kept(tiny, damaged, mirror, home):
    content, says = damaged
    mirror.serve(f"{IMAGES}.gz", content)
    text = load_error()
    assert f"{IMAGES}.gz could not be downloaded: what 127.0.0.1 sent" in text
    assert says in text
    assert "Either load again with a network connection, or set BOOK_DATA_DIR" in text
    assert cached(home) == []
    mirror.serve(f"{IMAGES}.gz", tiny.packed[f"{IMAGES}.gz"])
    tiny.check(data.load("mnist"), "downloaded")


def test_a_download_that_breaks_off(tiny, mirror, home):
    whole = tiny.packed[f"{IMAGES}.gz"]
    mirror.serve(f"{IMAGES}.gz", whole[:300], length=len(whole))
    text = load_error()
    assert f"is cut short: 300 of {len(whole):,} bytes arrived" in text
    assert cached(home) == []


@pytest.mark.parametrize(
    ("status", "says"), [(404, "404 Not Found"), (503, "503 Service Unavailable")]
)
def test_a_server_that_refuses(tiny, mirror, home, status, says):
    mirror.serve(f"{LABELS}.gz", PAGE, status=status)
    assert f"127.0.0.1 answered {says}" in load_error()
    assert cached(home) == [f"{IMAGES}.gz"]  # the whole one that came before it


def test_no_network(tiny, mirror, home):
    mirror.close()
    text = load_error()
    assert "127.0.0.1 could not be read" in text
    assert "HTTPConnection" not in text, "a reader needs the reason, not the objects"
    assert "Either load again with a network connection, or set BOOK_DATA_DIR" in text
    assert cached(home) == []


def test_no_network_and_a_data_dir_without_the_set(tiny, mirror, data_dir):
    mirror.close()
    assert "(it is set, but has no mnist/)" in load_error()


def test_the_second_mirror_helps_where_the_first_fails(monkeypatch, tiny, mirror):
    for first in ("http://127.0.0.1:1/mnist/", f"{mirror.url}no/such/"):
        record = tiny.record_on(first, mirror.url)
        monkeypatch.setitem(public.PUBLIC, "mnist", record)
        tiny.check(data.load("mnist"), "downloaded")


NPZ_DAMAGES = {
    "altered": ("changed", "is not the published file: its x_test has SHA-256"),
    "wide": ("wide", "its x_test is too long"),
    "pickled": ("objects", "Object arrays cannot be loaded"),
    "incomplete": ("without", "is no copy of mnist: x_test"),
    "truncated": ("cut", "cannot be read as a NumPy archive"),
    "one array": ("npy", "holds one array"),
    "a web page": ("page", "cannot be read as a NumPy archive"),
    "empty": ("empty", "cannot be read as a NumPy archive"),
}


@pytest.mark.usefixtures("no_network")
@pytest.mark.parametrize(("damage", "says"), NPZ_DAMAGES.values(), ids=NPZ_DAMAGES)
@pytest.mark.parametrize("place", ["data", "keras/datasets"])
def test_a_bad_archive(tiny, data_dir, home, place, damage, says):
    path = home / place / "mnist.npz"
    images = tiny.arrays["x_test"]
    tiny.write_npz(path)
    if damage == "changed":
        tiny.write_npz(path, x_test=images ^ 1)
    elif damage == "wide":
        tiny.write_npz(path, x_test=images.astype(np.int64))
    elif damage == "objects":
        tiny.write_npz(path, x_test=np.array([{"a": 1}], dtype=object))
    elif damage == "without":
        np.savez(path, x_train=tiny.arrays["x_train"], y_train=tiny.arrays["y_train"])
    elif damage == "cut":
        path.write_bytes(path.read_bytes()[:-40])
    elif damage == "npy":
        with open(path, "wb") as file:
            np.save(file, images)
    elif damage == "page":
        path.write_bytes(PAGE)
    else:
        path.write_bytes(b"")
    text = load_error()
    assert str(path) in text
    assert says in text


@pytest.mark.usefixtures("no_network")
def test_a_file_that_may_not_be_read(monkeypatch, tiny, data_dir):
    tiny.write(data_dir / "mnist")

    def refuse(self):
        raise PermissionError(13, "Permission denied", str(self))

    monkeypatch.setattr(Path, "read_bytes", refuse)
    assert "cannot be read (Permission denied). Either put" in load_error()


@pytest.mark.usefixtures("no_network")
def test_a_folder_that_may_not_be_looked_into(monkeypatch, tiny, data_dir):
    def refuse(self):
        raise PermissionError(13, "Permission denied", str(self))

    monkeypatch.setattr(Path, "exists", refuse)
    text = load_error()
    assert f"{data_dir}" in text
    assert "cannot be read (Permission denied). Either give yourself" in text


# --- Public: a cache that cannot be written, or is written by two ---------------------


def test_a_cache_that_cannot_be_written_is_a_warning(monkeypatch, tiny, mirror, home):
    def refuse(*args, **options):
        raise PermissionError(13, "Permission denied")

    monkeypatch.setattr(tempfile, "NamedTemporaryFile", refuse)
    with pytest.warns(UserWarning, match="no copy could be kept") as warned:
        tiny.check(data.load("mnist"), "downloaded")
    assert len(warned) == 4
    assert "Permission denied" in str(warned[0].message)
    assert cached(home) == []


def test_a_cache_whose_folder_cannot_be_made_is_a_warning(tiny, home):
    (home / "cache").write_text("a file where the folder would be")
    with pytest.warns(UserWarning, match="no copy could be kept"):
        tiny.check(data.load("mnist"), "downloaded")


@pytest.mark.parametrize("failure", [OSError(28, "No space left"), KeyboardInterrupt()])
@pytest.mark.parametrize("step", [(Path, "write_bytes"), (shutil, "move")])
@pytest.mark.filterwarnings("ignore:.*No space left")
def test_a_write_that_fails_leaves_nothing(monkeypatch, tiny, home, step, failure):
    def fail(*args):
        raise failure

    with monkeypatch.context() as patched:
        patched.setattr(*step, fail)
        if isinstance(failure, KeyboardInterrupt):
            with pytest.raises(KeyboardInterrupt):
                data.load("mnist")
        else:
            data.load("mnist")
    assert cached(home) == []
    tiny.check(data.load("mnist"), "downloaded")
    assert cached(home) == sorted(tiny.packed)


LOAD_IN_ANOTHER_PROCESS = """
import hashlib, json, pathlib, sys
from utils import data
from utils.data import public, store

told = json.loads(sys.argv[1])
for part, (path, sha256, size, url) in told["files"].items():
    file = store.PublicFile(path, sha256, size, (url,), unpacks=True)
    public.PUBLIC["mnist"].files[part] = file
store.cache_dir = lambda: pathlib.Path(told["cache"])
print(hashlib.sha256(data.load("mnist").x_train.tobytes()).hexdigest())
"""


def start_load(tiny, home):
    files = {
        part: (file.path, file.sha256, file.size, *file.urls)
        for part, file in tiny.record.files.items()
    }
    told = {"files": files, "cache": str(home / "cache")}
    return subprocess.Popen(
        [sys.executable, "-c", LOAD_IN_ANOTHER_PROCESS, json.dumps(told)],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )


def test_two_processes_at_once(tiny, mirror, home):
    # Neither gets the images before both have asked for them.
    mirror.together = threading.Barrier(2)
    processes = [start_load(tiny, home) for _ in range(2)]
    answers = [process.communicate(timeout=120) for process in processes]
    assert [errors for _, errors in answers] == ["", ""]
    assert mirror.asked.count(f"{IMAGES}.gz") == 2
    expected = data.load("mnist")
    sha256 = hashlib.sha256(expected.x_train.tobytes()).hexdigest()
    assert [hashes.strip() for hashes, _ in answers] == [sha256, sha256]
    tiny.check(expected, "downloaded")
    assert cached(home) == sorted(tiny.packed)


def test_a_process_killed_while_downloading_leaves_nothing(tiny, mirror, home):
    mirror.together = threading.Barrier(2)  # this test is the second party
    process = start_load(tiny, home)
    while f"{IMAGES}.gz" not in mirror.asked:
        assert process.poll() is None
    process.kill()
    process.communicate(timeout=60)
    mirror.together.wait(timeout=60)
    mirror.together = None
    assert cached(home) == []
    tiny.check(data.load("mnist"), "downloaded")


# --- Public: the record ---------------------------------------------------------------


@pytest.mark.parametrize("name", ["mnist", "fashion_mnist"])
def test_the_record_of_a_public_set(name):
    record = public.PUBLIC[name]
    assert len(record.classes) == 10
    assert [file.size for file in record.files.values()] == [
        47_040_016,
        60_008,
        7_840_016,
        10_008,
    ]
    assert all(file.unpacks for file in record.files.values())
    assert all(len(file.urls) == 2 for file in record.files.values())
    assert len({file.sha256 for file in record.files.values()}) == 4
    assert all(len(file.sha256) == 64 for file in record.files.values())


def test_the_header_of_an_idx_file():
    images = public.to_idx(np.zeros((600, 28, 27), np.uint8))
    assert images[:16] == bytes.fromhex("00000803 00000258 0000001c 0000001b")
    labels = public.to_idx(np.full(300, 7, np.uint8))
    assert labels[:9] == bytes.fromhex("00000801 0000012c 07")


def test_the_cache_lies_in_the_users_own_folder():
    assert "deep-learning-textbook" in store.cache_dir().parts
    assert store.cache_dir().is_absolute()


def real_sets():
    """The public sets that BOOK_DATA_DIR holds on this machine, if any."""
    top = Path(os.environ.get("BOOK_DATA_DIR") or os.devnull)
    means = {"mnist": 0.1307, "fashion_mnist": 0.2860}
    return [
        (name, mean)
        for name, mean in means.items()
        if (top / public.PUBLIC[name].folders[0]).is_dir()
    ]


if real_sets():

    @pytest.mark.parametrize(("name", "mean"), real_sets())
    def test_real_sets(name, mean):
        loaded = data.load(name)
        check_form(loaded, axes=3)
        assert loaded.x_train.shape == (60000, 28, 28)
        assert loaded.x_test.shape == (10000, 28, 28)
        assert round(float(loaded.x_train.mean(dtype=np.float64)), 4) == mean
        assert set(Counter(loaded.y_test).values()) == {1000} or name == "mnist"


# --- Photographs ----------------------------------------------------------------------


def test_ants_and_bees_are_read_from_class_folders(monkeypatch, tmp_path):
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w") as archive:
        for part in ("train", "val"):
            for name, grey in (("ants", 0), ("bees", 255)):
                photo = io.BytesIO()
                Image.new("RGB", (40, 30), (grey, grey, grey)).save(photo, "jpeg")
                file = f"hymenoptera/{part}/{name}/1.jpg"
                archive.writestr(file, photo.getvalue())
    content = packed.getvalue()
    (tmp_path / "hymenoptera").mkdir()
    (tmp_path / "hymenoptera" / "small.zip").write_bytes(content)
    record = store.PublicFile(
        "hymenoptera/small.zip", hashlib.sha256(content).hexdigest(), len(content)
    )
    monkeypatch.setattr(photographs, "ANTS_AND_BEES", record)
    monkeypatch.setenv("BOOK_DATA_DIR", str(tmp_path))
    loaded = data.load("ants_and_bees", size=16)
    check_form(loaded, axes=4)
    assert loaded.x_train.shape == loaded.x_test.shape == (2, 16, 16, 3)
    assert [float(x.mean()) for x in loaded.x_train] == [0, 1]
    assert loaded.y_train.tolist() == loaded.y_test.tolist() == [0, 1]


def test_the_middle_of_a_photograph_is_a_square():
    wide = np.zeros((10, 30, 3), np.uint8)
    wide[:, 10:20] = 255
    square = photographs.middle(Image.fromarray(wide), 10)
    assert square.dtype == np.float32
    assert square.min() == 1


def test_ants_and_bees_that_are_not_here_are_a_data_error(monkeypatch, tmp_path):
    monkeypatch.setenv("BOOK_DATA_DIR", str(tmp_path))
    with pytest.raises(data.DataError, match="not on this machine"):
        data.load("ants_and_bees")


# --- Heartbeats -----------------------------------------------------------------------


def test_heartbeats_are_read_from_three_files(monkeypatch, tmp_path):
    rng = np.random.default_rng(0)
    labels = np.array([0, 0, 1])
    (tmp_path / "ecg5000").mkdir()
    records = {}
    for name, array in (
        ("train_data", rng.random((4, 140))),
        ("test_data", rng.random((3, 140))),
        ("test_labels", labels),
    ):
        np.save(tmp_path / "ecg5000" / f"{name}.npy", array)
        content = (tmp_path / "ecg5000" / f"{name}.npy").read_bytes()
        records[name] = store.PublicFile(
            f"ecg5000/{name}.npy", hashlib.sha256(content).hexdigest()
        )
    monkeypatch.setattr(heartbeats, "FILES", records)
    monkeypatch.setenv("BOOK_DATA_DIR", str(tmp_path))
    loaded = data.load("ecg5000")
    assert loaded.x_train.shape == (4, 140)
    assert loaded.x_train.dtype == loaded.x_test.dtype == np.float32
    assert np.allclose(loaded.x_train, np.load(tmp_path / "ecg5000/train_data.npy"))
    assert loaded.y_train.tolist() == [0, 0, 0, 0]
    assert loaded.y_test.tolist() == [0, 0, 1]
    assert loaded.y_test.dtype == np.int64
    assert loaded.source.endswith("read from $BOOK_DATA_DIR")


def test_a_damaged_heartbeat_file_is_a_data_error(monkeypatch, tmp_path):
    (tmp_path / "ecg5000").mkdir()
    (tmp_path / "ecg5000" / "train_data.npy").write_bytes(b"not these")
    monkeypatch.setenv("BOOK_DATA_DIR", str(tmp_path))
    with pytest.raises(data.DataError, match=r"train_data\.npy"):
        data.load("ecg5000")


def zipped_recordings(path, rate=8000):
    """Write a tiny archive of recordings, and return its record."""
    with zipfile.ZipFile(path, "w") as archive:
        for name in ("1_ann_0", "1_ann_7", "0_bob_0"):
            buffer = io.BytesIO()
            with wave.open(buffer, "wb") as file:
                file.setnchannels(1)
                file.setsampwidth(2)
                file.setframerate(rate)
                file.writeframes(np.array([0, 16384, -32768], "<i2").tobytes())
            archive.writestr(f"recordings/{name}.wav", buffer.getvalue())
        archive.writestr("recordings/README", "not a sound")
    return store.PublicFile(path.name, hashlib.sha256(path.read_bytes()).hexdigest())


def test_recordings_say_who_said_what(monkeypatch, tmp_path):
    monkeypatch.setattr(speech, "FILE", zipped_recordings(tmp_path / "few.zip"))
    monkeypatch.setenv("BOOK_DATA_DIR", str(tmp_path))
    spoken = data.recordings("fsdd")
    assert spoken.names == ("ann", "bob")
    assert spoken.labels.tolist() == [0, 1, 1]
    assert spoken.speakers.tolist() == [1, 0, 0]
    assert spoken.takes.tolist() == [0, 0, 7]
    assert np.allclose(spoken.sounds[0], [0, 0.5, -1])
    assert "3 recordings by ann, bob" in repr(spoken)


def test_recordings_at_another_rate_are_a_data_error(monkeypatch, tmp_path):
    record = zipped_recordings(tmp_path / "few.zip", rate=16000)
    monkeypatch.setattr(speech, "FILE", record)
    monkeypatch.setenv("BOOK_DATA_DIR", str(tmp_path))
    with pytest.raises(data.DataError, match="8 kHz"):
        data.recordings("fsdd")
