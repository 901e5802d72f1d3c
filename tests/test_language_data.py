"""Documents by name, a published model's file, and the counts a network must beat."""

from __future__ import annotations

import hashlib
import json
import struct

import numpy as np
import pytest

from utils import data
from utils.data import questions, stories
from utils.data.store import PublicFile
from utils.kneser_ney import KneserNey, windows

SIZES = (8, 12, 2, 4, 2, 20, 16)


def model_file(rng, sizes=SIZES):
    names = (*stories.SIZES, "seq_len")
    shapes = stories.shapes_of(dict(zip(names, sizes, strict=True)))
    arrays = {n: rng.normal(size=s).astype(np.float32) for n, s in shapes.items()}
    numbers = b"".join(array.tobytes() for array in arrays.values())
    return struct.pack("<7i", *sizes) + numbers, arrays


def test_a_model_file_is_read_as_it_was_written():
    content, arrays = model_file(np.random.default_rng(0))
    config, found = stories.read_llama(content + b"tables that are computed")
    assert tuple(config.values()) == SIZES
    assert list(found) == list(arrays)
    for name, array in arrays.items():
        np.testing.assert_array_equal(found[name], array)


def test_the_published_sizes_have_the_published_number_of_parameters():
    names = (*stories.SIZES, "seq_len")
    config = dict(zip(names, (64, 172, 5, 8, 4, 512, 512), strict=True))
    shapes = stories.shapes_of(config).values()
    assert sum(int(np.prod(shape)) for shape in shapes) == 260_032


@pytest.mark.parametrize(
    ("content", "words"),
    [
        (b"short", "28 bytes"),
        (struct.pack("<7i", 8, 12, 2, 4, 2, -20, 16), "should be 1 or more"),
        (model_file(np.random.default_rng(0))[0][:-1], "in norm"),
    ],
)
def test_a_broken_model_file_is_named(content, words):
    with pytest.raises(data.DataError, match=words):
        stories.read_llama(content)


def test_pieces_are_read_with_their_scores():
    rows = [
        (0.0, "<unk>"),
        (0.0, "\n<s>\n"),
        (0.0, "\n</s>\n"),
        (-1.5, "né"),
        (-2, "\n"),
    ]
    parts = [
        struct.pack("<fi", score, len(piece.encode())) + piece.encode()
        for score, piece in rows
    ]
    pieces, scores = stories.read_pieces(struct.pack("<i", 6) + b"".join(parts), 5)
    assert pieces == ["<unk>", "<s>", "</s>", "né", "\n"]
    assert scores == [0.0, 0.0, 0.0, -1.5, -2.0]


def test_a_model_in_the_data_folder_is_found_and_checked(tmp_path, monkeypatch):
    content, arrays = model_file(np.random.default_rng(1))
    pieces = struct.pack("<i", 1)
    for k in range(20):
        pieces += struct.pack("<fi", -k, 1) + bytes([97 + k])
    for record, sent in (("MODEL", content), ("PIECES", pieces)):
        path = f"stories260k/{record}.bin"
        (tmp_path / "stories260k").mkdir(exist_ok=True)
        (tmp_path / path).write_bytes(sent)
        digits = hashlib.sha256(sent).hexdigest()
        file = stories.PublicFile(path, digits, len(sent))
        monkeypatch.setattr(stories, record, file)
    monkeypatch.setenv("BOOK_DATA_DIR", str(tmp_path))
    model = stories.stories260k()
    np.testing.assert_array_equal(model.arrays["wq"], arrays["wq"])
    assert model.pieces == [chr(97 + k) for k in range(20)]
    assert "parameters" in repr(model)
    (tmp_path / "stories260k" / "MODEL.bin").write_bytes(content[:-4])
    with pytest.raises(data.DataError, match="cut short"):
        stories.stories260k()


def test_the_pages_of_the_help_are_its_text():
    pages = data.documents("python_pages")
    assert "\n\n".join(pages.values()) == data.text("python_topics")


def test_an_unknown_collection_is_named():
    with pytest.raises(data.DataError, match="python_pages"):
        data.documents("python_page")


@pytest.mark.parametrize("order", [1, 2, 4])
def test_kneser_ney_sums_to_one_after_any_context(order):
    rng = np.random.default_rng(order)
    counts = KneserNey(rng.integers(0, 5, 300), order, 6)
    for _ in range(20):
        context = rng.integers(0, 6, order - 1)
        rows = np.column_stack([np.tile(context, (6, 1)), np.arange(6)])
        assert abs(counts.probability(rows).sum() - 1) < 1e-12


def test_kneser_ney_gives_frequent_pairs_more_and_counts_bits():
    ids = np.array([0, 1] * 50 + [0, 2, 2, 1])
    counts = KneserNey(ids, 2, 4)
    p = counts.probability(np.array([[0, 1], [0, 2], [0, 3]]))
    assert p[0] > 0.9 > p[1] > p[2] > 0
    asked = np.array([0, 1, 0])
    expected = -np.log2(counts.probability(windows(asked, 2, ids))).sum()
    assert counts.bits(asked, ids) == pytest.approx(expected)
    assert len(windows(asked, 2, ids)) == 3


def test_too_many_tokens_for_an_order_are_refused():
    with pytest.raises(ValueError, match="63 bits"):
        KneserNey(np.arange(9), 8, 512)


def test_a_published_model_goes_into_our_block():
    torch = pytest.importorskip("torch")
    from utils.language_model import LanguageModel

    content, arrays = model_file(np.random.default_rng(2))
    config, found = stories.read_llama(content)
    model = stories.Llama(config, found, [], [], "made here")
    names = ("vocab_size", "dim", "n_layers", "n_heads", "n_kv_heads", "hidden_dim")
    net = LanguageModel(*(config[name] for name in names), config["seq_len"])
    state = {name: torch.tensor(a) for name, a in stories.state(model).items()}
    net.load_state_dict(state)  # strict: every parameter has its array
    second = net.layers[1]
    for ours, name in ((second.attention.wk, "wk"), (second.feed_forward.w2, "w2")):
        np.testing.assert_array_equal(ours.weight.detach(), arrays[name][1])
    np.testing.assert_array_equal(net.output.weight.detach(), arrays["tok_embeddings"])


def served(tmp_path, monkeypatch, file, content):
    """The record of a tiny copy that lies in the data folder."""
    path = tmp_path / file.path
    path.parent.mkdir(exist_ok=True)
    path.write_bytes(content)
    monkeypatch.setenv("BOOK_DATA_DIR", str(tmp_path))
    return PublicFile(file.path, hashlib.sha256(content).hexdigest(), len(content))


def passages(start):
    """Two articles; each question's answer begins at the given place."""
    ask = {"question": "谁？", "answers": [{"text": "Ada", "answer_start": start}]}
    parts = [{"context": "It was Ada.", "qas": [ask, ask]}]
    return json.dumps({"data": [{"paragraphs": parts}] * 2}).encode()


def test_questions_know_their_article_and_where_the_answer_is(tmp_path, monkeypatch):
    file = served(tmp_path, monkeypatch, questions.XQUAD["zh"], passages(7))
    monkeypatch.setitem(questions.XQUAD, "zh", file)
    found = questions.xquad("zh")
    assert [q.article for q in found] == [0, 0, 1, 1]
    assert found[0] == questions.Question(0, "It was Ada.", "谁？", "Ada", 7)


def test_an_answer_that_is_elsewhere_is_refused(tmp_path, monkeypatch):
    file = served(tmp_path, monkeypatch, questions.XQUAD["en"], passages(6))
    monkeypatch.setitem(questions.XQUAD, "en", file)
    with pytest.raises(data.DataError, match="'Ada' is not where"):
        questions.xquad("en")


def test_an_unknown_language_is_named():
    with pytest.raises(ValueError, match="language is 'fr'; give one of en, zh"):
        questions.xquad("fr")


def test_what_an_instruction_is_about_is_on_a_line_below(tmp_path, monkeypatch):
    rows = [
        {"instruction": "Edit.", "input": "i am", "output": "I am"},
        {"instruction": "Name a bird.", "input": "", "output": "Owl"},
    ]
    sent = json.dumps(rows).encode()
    file = served(tmp_path, monkeypatch, questions.INSTRUCTIONS, sent)
    monkeypatch.setattr(questions, "INSTRUCTIONS", file)
    expected = [("Edit.\ni am", "I am"), ("Name a bird.", "Owl")]
    assert questions.instructions() == expected
