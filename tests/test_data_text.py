"""Texts, sentences and single public files, on tiny copies served by this machine."""

import hashlib
import io
import re
import tarfile

import numpy as np
import pytest
from PIL import Image

from utils import data
from utils.data import cifar, language, number_words, time_series
from utils.data.store import PublicFile, find

# --- Names ----------------------------------------------------------------------------


def test_names_near_and_in_another_place():
    with pytest.raises(data.DataError, match="Did you mean 'tiny_shakespeare'"):
        data.text("tiny-shakespeare")
    with pytest.raises(data.DataError, match="The sets of sentences are: number_words"):
        data.texts("numberwords")
    with pytest.raises(data.DataError, match=r"data\.texts\('number_words'\) has it"):
        data.load("number_words")
    with pytest.raises(data.DataError, match=r"data\.load\('digits'\) has it"):
        data.text("digits")
    with pytest.raises(data.DataError, match="takes largest, block, seed; 'n' is"):
        data.texts("number_words", n=3)


# --- Numbers in words -----------------------------------------------------------------


def read_english(words):
    """Read a number back by adding up its words, from left to right."""
    units = {word: k for k, word in enumerate(number_words._UNITS)}
    tens = {word: 10 * k for k, word in enumerate(number_words._TENS) if word}
    total = group = 0
    for word in words.split():
        if word == "hundred":
            group *= 100
        elif word in ("thousand", "million"):
            total += group * {"thousand": 1000, "million": 1_000_000}[word]
            group = 0
        elif word != "and":
            group += units[word] if word in units else tens[word]
    return total + group


def read_chinese(numerals):
    """Read a number back: a digit counts until its place is named."""
    total = group = 0
    digit = None
    for sign in numerals:
        if sign in "零一二三四五六七八九":
            digit = "零一二三四五六七八九".index(sign)
        elif sign == "万":
            total, group, digit = 10_000 * (group + (digit or 0)), 0, None
        else:
            place = {"十": 10, "百": 100, "千": 1000}[sign]
            group += place * (1 if digit is None else digit)
            digit = None
    return total + group + (digit or 0)


SOME = [
    *range(1200),
    *np.random.default_rng(0).integers(0, 100_000_000, 2000).tolist(),
    *(10**k + d for k in range(1, 8) for d in (-1, 0, 1, 10, 100, 1000)),
    99_999_999,
]


@pytest.mark.parametrize(
    ("write", "read"),
    [(data.in_english, read_english), (data.in_chinese, read_chinese)],
)
def test_a_number_in_words_can_be_read_back(write, read):
    written = [write(n) for n in SOME]
    assert [read(words) for words in written] == SOME
    assert len(set(written)) == len(set(SOME))


@pytest.mark.parametrize(
    ("number", "english", "chinese"),
    [
        (0, "zero", "零"),
        (10, "ten", "十"),
        (12, "twelve", "十二"),
        (20, "twenty", "二十"),
        (110, "one hundred and ten", "一百一十"),
        (305, "three hundred and five", "三百零五"),
        (1001, "one thousand and one", "一千零一"),
        (1010, "one thousand and ten", "一千零一十"),
        (2200, "two thousand two hundred", "二千二百"),
        (10_500, "ten thousand five hundred", "一万零五百"),
        (100_010, "one hundred thousand and ten", "十万零一十"),
        (20_000_000, "twenty million", "二千万"),
    ],
)
def test_numbers_that_are_easy_to_get_wrong(number, english, chinese):
    assert data.in_english(number) == english
    assert data.in_chinese(number) == chinese
    assert data.in_chinese(np.int64(number)) == chinese


@pytest.mark.parametrize("wrong", [-1, 100_000_000, 2.0, "7", True, None])
def test_what_is_no_such_number(wrong):
    for write in (data.in_english, data.in_chinese):
        with pytest.raises(data.DataError, match="only whole numbers from 0 to 99,999"):
            write(wrong)


def test_number_words_hold_out_whole_blocks():
    numbers = data.texts("number_words", largest=2999, block=50, seed=3)
    train = {read_english(words) for words in numbers.x_train}
    test = {read_english(words) for words in numbers.x_test}
    assert len(numbers.x_train) == len(train) == 2400
    assert len(numbers.x_test) == len(test) == 600
    assert not train & test
    assert not {n // 50 for n in train} & {n // 50 for n in test}
    for x, y in ((numbers.x_train, numbers.y_train), (numbers.x_test, numbers.y_test)):
        assert [read_english(a) for a in x] == [read_chinese(b) for b in y]
    again = data.texts("number_words", largest=2999, block=50, seed=3)
    assert again.x_train == numbers.x_train
    assert data.texts("number_words", largest=2999, seed=4).x_test != numbers.x_test
    assert "train    2,400 sentences" in repr(numbers)
    assert "→" in repr(numbers)


@pytest.mark.parametrize(
    ("options", "says"),
    [
        ({"largest": 3}, "largest must be a whole number of 9 or more"),
        ({"largest": 10**9}, "only whole numbers from 0 to"),
        ({"block": 0}, "block must be a whole number of 1 or more"),
        ({"seed": 0.5}, "seed must be a whole number of 0 or more"),
        ({"largest": 99, "block": 30}, "make 4 blocks; take smaller ones"),
    ],
)
def test_number_words_refuse_impossible_options(options, says):
    with pytest.raises(data.DataError, match=says):
        data.texts("number_words", **options)


# --- Bundled --------------------------------------------------------------------------


@pytest.mark.usefixtures("no_network")
def test_python_topics_are_long_and_english():
    topics = data.text("python_topics")
    assert len(topics) > 300_000
    assert topics.count(" the ") > 3000


# --- One public file ------------------------------------------------------------------

CONTENT = b"First Citizen:\nBefore we proceed any further, hear me speak.\n"


def record_of(content, path, *urls):
    return PublicFile(path, hashlib.sha256(content).hexdigest(), len(content), urls)


@pytest.fixture
def play(monkeypatch, mirror, home):
    """A tiny play in Shakespeare's place, served by the mirror."""
    mirror.serve("input.txt", CONTENT)
    file = record_of(CONTENT, "tinyshakespeare/input.txt", f"{mirror.url}input.txt")
    monkeypatch.setattr(language, "SHAKESPEARE", file)
    return file


@pytest.mark.usefixtures("no_network")
def test_a_file_in_the_data_dir(play, data_dir):
    (data_dir / "tinyshakespeare").mkdir()
    (data_dir / play.path).write_bytes(CONTENT)
    assert data.text("tiny_shakespeare") == CONTENT.decode()


@pytest.mark.usefixtures("no_network")
def test_the_merges_of_gpt2_are_a_text(monkeypatch, data_dir):
    content = "#version: 0.2\nĠ t\nĠt he\n".encode()
    file = record_of(content, "gpt2_bpe/vocab.bpe")
    monkeypatch.setattr(language, "GPT2_MERGES", file)
    (data_dir / "gpt2_bpe").mkdir()
    (data_dir / file.path).write_bytes(content)
    assert data.text("gpt2_merges").split("\n")[1:-1] == ["Ġ t", "Ġt he"]


def test_downloaded_once_then_read_from_the_cache(play, mirror, home, data_dir):
    for _ in range(2):
        assert data.text("tiny_shakespeare") == CONTENT.decode()
    assert mirror.asked == ["input.txt"]
    assert (home / "cache" / play.path).read_bytes() == CONTENT


DAMAGES = {
    "cut short": (CONTENT[:-5], "is cut short: has 56 of 61 bytes"),
    "longer": (CONTENT + b"!", "is too long|is not the published file"),
    "altered": (CONTENT.replace(b"hear", b"HEAR"), "has SHA-256"),
    "a web page": (b"<!DOCTYPE html><p>Not found", "is a web page, not data"),
    "empty": (b"", "is empty"),
}


@pytest.mark.parametrize(("content", "says"), DAMAGES.values(), ids=DAMAGES)
@pytest.mark.parametrize("place", ["data", "cache"])
@pytest.mark.usefixtures("no_network")
def test_a_damaged_file(play, data_dir, home, place, content, says):
    path = home / place / play.path
    path.parent.mkdir(parents=True)
    path.write_bytes(content)
    with pytest.raises(data.DataError, match=says) as error:
        data.text("tiny_shakespeare")
    assert str(path) in str(error.value)
    assert "Either put a whole copy there, or delete it" in str(error.value)
    assert path.read_bytes() == content


@pytest.mark.parametrize(("content", "says"), DAMAGES.values(), ids=DAMAGES)
def test_a_damaged_download_is_not_kept(play, mirror, home, content, says):
    mirror.serve("input.txt", content)
    with pytest.raises(data.DataError, match=says) as error:
        data.text("tiny_shakespeare")
    assert "holds tinyshakespeare/input.txt" in str(error.value)
    assert not (home / "cache").exists()


def test_a_file_without_an_address(home):
    with pytest.raises(data.DataError, match=r"no address has it.*BOOK_DATA_DIR"):
        find(record_of(CONTENT, "somewhere/it.txt"))


@pytest.mark.usefixtures("no_network")
def test_a_file_that_may_not_be_read(monkeypatch, play, data_dir):
    path = data_dir / play.path
    path.parent.mkdir()
    path.write_bytes(CONTENT)

    def refuse(self):
        raise PermissionError(13, "Permission denied", str(self))

    monkeypatch.setattr(type(path), "read_bytes", refuse)
    with pytest.raises(data.DataError, match=r"cannot be read .Permission denied"):
        data.text("tiny_shakespeare")


# --- Sentences ------------------------------------------------------------------------


@pytest.mark.usefixtures("no_network")
def test_sentence_polarity(monkeypatch, data_dir):
    for name, word in (("NEGATIVE", "bad"), ("POSITIVE", "good")):
        lines = "".join(f"a {word} film , number {k} \n" for k in range(10))
        path = getattr(language, name).path
        (data_dir / "sentiment").mkdir(exist_ok=True)
        (data_dir / path).write_text(lines, encoding="utf-8")
        monkeypatch.setattr(language, name, record_of(lines.encode(), path))
    films = data.texts("sentence_polarity")
    assert (len(films.x_train), len(films.x_test)) == (16, 4)
    assert films.y_train.dtype == films.y_test.dtype == np.int64
    assert sorted(films.y_test) == [0, 0, 1, 1]
    for x, y in ((films.x_train, films.y_train), (films.x_test, films.y_test)):
        assert [("good" in sentence) for sentence in x] == [bool(k) for k in y]
    assert "classes  2: negative, positive" in repr(films)


@pytest.mark.usefixtures("no_network")
def test_english_chinese_has_no_sentence_in_both_parts(monkeypatch, data_dir):
    pairs = [(f"This is {k}.", f"这是{k}。{j}") for k in range(40) for j in range(2)]
    lines = "".join(f"{english}\t{chinese}\r\n" for english, chinese in pairs)
    (data_dir / "translation").mkdir()
    (data_dir / language.CHINESE.path).write_bytes(lines.encode())
    monkeypatch.setattr(
        language, "CHINESE", record_of(lines.encode(), language.CHINESE.path)
    )
    both = data.texts("english_chinese")
    assert not set(both.x_train) & set(both.x_test)
    assert len(both.x_test) == 8
    english, chinese = both.x_train + both.x_test, both.y_train + both.y_test
    assert sorted(zip(english, chinese, strict=True)) == sorted(pairs)


# --- CIFAR-10 -------------------------------------------------------------------------


@pytest.mark.usefixtures("no_network")
def test_cifar10_planes_become_pixels(monkeypatch, data_dir):
    rng = np.random.default_rng(0)
    batches = rng.integers(0, 256, (6, 4, 3073), dtype=np.uint8)
    batches[..., 0] %= 10
    packed = io.BytesIO()
    with tarfile.open(fileobj=packed, mode="w:gz") as archive:
        for k, batch in enumerate(batches):
            name = f"data_batch_{k + 1}.bin" if k < 5 else "test_batch.bin"
            member = tarfile.TarInfo(f"cifar-10-batches-bin/{name}")
            member.size = batch.size
            archive.addfile(member, io.BytesIO(batch.tobytes()))
    content = packed.getvalue()
    monkeypatch.setattr(cifar, "ARCHIVE", record_of(content, cifar.ARCHIVE.path))
    (data_dir / "cifar10").mkdir()
    (data_dir / cifar.ARCHIVE.path).write_bytes(content)
    loaded = data.load("cifar10")
    assert loaded.x_train.shape == (20, 32, 32, 3)
    assert loaded.x_test.shape == (4, 32, 32, 3)
    assert loaded.x_train.dtype == np.float32
    assert loaded.y_train.dtype == np.int64
    assert loaded.y_train.tolist() == batches[:5, :, 0].ravel().tolist()
    # image 6 is row 2 of batch 1; blue at row 3, column 5
    wanted = batches[1, 2, 1 + 2 * 1024 + 3 * 32 + 5] / np.float32(255)
    assert loaded.x_train[6, 3, 5, 2] == wanted


@pytest.mark.usefixtures("no_network")
def test_cifar10_mosaics_become_pixels(monkeypatch, data_dir):
    rng = np.random.default_rng(0)
    names = ["train_1.webp", "train_2.webp", "test.webp"]
    pixels = rng.integers(0, 256, (3, 6, 32, 32, 3), dtype=np.uint8)  # 2 × 3 to a file
    files = {}
    for name, tiles in zip(names, pixels, strict=True):
        mosaic = tiles.reshape(2, 3, 32, 32, 3).swapaxes(1, 2).reshape(64, 96, 3)
        packed = io.BytesIO()
        Image.fromarray(mosaic).save(packed, "WEBP", lossless=True)
        files[name] = packed.getvalue()
    packed = io.BytesIO()
    labels = rng.integers(0, 10, 18).astype(np.uint8)
    np.savez(packed, train=labels[:12], test=labels[12:])
    files["labels.npz"] = packed.getvalue()
    (data_dir / "cifar10").mkdir()
    for name, content in files.items():
        (data_dir / "cifar10" / name).write_bytes(content)
    known = {name: hashlib.sha256(c).hexdigest() for name, c in files.items()}
    monkeypatch.setattr(cifar, "MOSAICS", known)

    loaded = data.load("cifar10")
    assert "mosaics" in loaded.source
    wanted = pixels.reshape(18, 32, 32, 3) / np.float32(255)
    np.testing.assert_array_equal(loaded.x_train, wanted[:12])
    np.testing.assert_array_equal(loaded.x_test, wanted[12:])
    assert loaded.y_train.tolist() + loaded.y_test.tolist() == labels.tolist()
    assert loaded.y_test.dtype == np.int64

    (data_dir / "cifar10" / "train_2.webp").write_bytes(files["train_1.webp"])
    with pytest.raises(data.DataError, match=r"train_2\.webp"):
        data.load("cifar10")


@pytest.mark.parametrize(
    "file",
    [
        *(cifar.ARCHIVE, language.SHAKESPEARE),
        *(language.NEGATIVE, language.POSITIVE, language.CHINESE),
    ],
    ids=lambda file: file.name,
)
def test_the_record_of_a_public_file(file):
    assert re.fullmatch("[0-9a-f]{64}", file.sha256)
    assert file.size > 100_000
    assert all(url.startswith("https://") for url in file.urls)


# --- Series ---------------------------------------------------------------------------


def test_a_series_has_its_columns_and_says_what_is_missing(monkeypatch, mirror, home):
    content = b'"Hour","pm2.5",cbwd\n1,NA,NW\n2,12.5,SE\n'
    sha256 = hashlib.sha256(content).hexdigest()
    mirror.serve("tiny.csv", content)
    file = PublicFile(
        "timeseries/tiny.csv", sha256, len(content), (f"{mirror.url}tiny.csv",)
    )
    monkeypatch.setitem(time_series.SERIES, "airline", file)
    found = data.series("airline")
    assert list(found) == ["Hour", "pm2.5", "cbwd"]
    assert found["Hour"].tolist() == [1, 2]
    assert np.isnan(found["pm2.5"][0])
    assert found["pm2.5"][1] == 12.5
    assert found["cbwd"].tolist() == ["NW", "SE"]


def test_a_series_is_asked_for_by_its_name():
    assert "airline" in data.names("series")
    with pytest.raises(
        data.DataError, match=r"Did you mean 'airline'\? The series are"
    ):
        data.series("airlines")
    with pytest.raises(data.DataError, match=r"data\.series\('airline'\) has it"):
        data.load("airline")
