"""Text: one long string to learn a language from, or sentences with their targets."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from utils.data.builtin import stratified_split
from utils.data.dataset import DataError, TextDataset
from utils.data.number_words import number_words
from utils.data.store import PublicFile, find

_GITHUB = "https://raw.githubusercontent.com"
SHAKESPEARE = PublicFile(
    path="tinyshakespeare/input.txt",
    sha256="86c4e6aa9db7c042ec79f339dcb96d42b0075e16b8fc2e86bf0ca57e2dc565ed",
    size=1_115_394,
    urls=(
        f"{_GITHUB}/karpathy/char-rnn/6f9487a6fe5b420b7ca9afb0d7c078e37c1d1b4e/"
        "data/tinyshakespeare/input.txt",
    ),
)
_POLARITY = (
    f"{_GITHUB}/dennybritz/cnn-text-classification-tf/"
    "18762b459e21d9c70e5c242f8d43fc4e6db37a0d/data/rt-polaritydata"
)
NEGATIVE = PublicFile(
    path="sentiment/rt-polarity.neg",
    sha256="2d11cfbc790f1cd96d78339f41ce53ced1efa83cd22d37d6788fa3fe3d17e2fd",
    size=612_506,
    urls=(f"{_POLARITY}/rt-polarity.neg",),
)
POSITIVE = PublicFile(
    path="sentiment/rt-polarity.pos",
    sha256="4134882974a28d0c7b5151256f0e33a6169984ee7372c279e673f1114f475d58",
    size=626_395,
    urls=(f"{_POLARITY}/rt-polarity.pos",),
)
CHINESE = PublicFile(
    path="translation/cmn-eng.txt",
    sha256="f81798986021a75cbbcdd7521e627d87031e1b74e5601cfb3604cf1637ac62dd",
    size=1_315_138,
    urls=(
        f"{_GITHUB}/YC-Coder-Chen/English-Chinese-Translator/"
        "9663dba4f2f52b4111b706b560023caaa73c72eb/data/cmn.txt",
    ),
)
GPT2_MERGES = PublicFile(
    path="gpt2_bpe/vocab.bpe",
    sha256="1ce1664773c50f3e0cc8842619a93edc4624525b728b188a9e0be33b7726adc5",
    size=456_318,
    urls=(
        "https://openaipublic.blob.core.windows.net/gpt-2/encodings/main/vocab.bpe",
        f"{_GITHUB}/mchen610/minbpe/b4fb8b709d8ab1f504006844a263d6ab9f772345/vocab.bpe",
    ),
)

NOVELS = tuple(
    PublicFile(path=f"gutenberg/{name}.txt", sha256=digits, size=size)
    for name, size, digits in (
        (
            "alice",
            144_391,
            "24f3fe29021564ccaea5469709724915321e7ed1b7e692f52b4ed8970f070bd0",
        ),
        (
            "emma",
            882_851,
            "f12316bf0c8b84c2e42ceed5ce68115468680fe1d075dbb3132c34596d99628a",
        ),
        (
            "frankenstein",
            421_409,
            "a4ce29d09a9bcbf3b31dc684a8e8d645220470eba8feeb1b9cdc2dda34e8e3aa",
        ),
        (
            "pride_and_prejudice",
            684_584,
            "c70e1eaebc27cf3d5e7cdbf10ba55d2fe826ff6bf3ace65f151b93c6cc301c0f",
        ),
        (
            "sherlock_holmes",
            562_298,
            "7725ef18035e2a0e4ee25bcca72845762635e831b8702f7aab7fe449671722b3",
        ),
        (
            "tale_of_two_cities",
            757_020,
            "5f3a1d646d8ce16b3591e95ad9736b6b2228a551ab5cae57d3fd60fab8147bb4",
        ),
        (
            "time_machine",
            178_927,
            "7977302fd424f12e48077984c18d120f1ebc79e2aa3e7b4449b83774ce55f1b1",
        ),
        (
            "war_of_the_worlds",
            339_158,
            "0aa55492ff9ffa786ba17f294874dbe990fc64adcdebd001cbff4de62b87eeea",
        ),
    )
)


def python_topics() -> str:
    """The help texts of the Python that runs: about half a megabyte of real English.

    It comes inside CPython, so another version of Python has a slightly other text.
    """
    return "\n\n".join(python_pages().values())


def python_pages() -> dict[str, str]:
    """The pages of `python_topics`, each by its name."""
    try:
        from pydoc_data.topics import topics
    except ImportError as error:  # some systems cut it off
        raise DataError(
            "this Python came without the module pydoc_data, which holds the text of "
            "its help pages. Use a Python from python.org or conda, or install your "
            "system's documentation package for Python."
        ) from error
    return {name: topics[name] for name in sorted(topics)}


def novels() -> dict[str, str]:
    """Eight English novels of the public domain, 1813 to 1898, in plain ASCII.

    They are texts of Project Gutenberg without what its volunteers wrote before and
    behind them, so they have no address: a data directory has to hold them.
    """
    return {
        file.name.removesuffix(".txt"): find(file)[0].decode("utf-8") for file in NOVELS
    }


def tiny_shakespeare() -> str:
    """A megabyte of Shakespeare's plays (Karpathy, 2015)."""
    content, _ = find(SHAKESPEARE)
    return content.decode("utf-8")


def gpt2_merges() -> str:
    """The merges of GPT-2's tokeniser, a pair a line (Radford et al., 2019)."""
    content, _ = find(GPT2_MERGES)
    return content.decode("utf-8")


def sentence_polarity() -> TextDataset:
    """Sentences from film reviews, half of them friendly (Pang and Lee, 2005)."""
    sentences: list[str] = []
    labels: list[int] = []
    for label, file in enumerate((NEGATIVE, POSITIVE)):
        content, place = find(file)
        lines = content.decode("utf-8").strip().split("\n")
        sentences += [line.strip() for line in lines]
        labels += [label] * len(lines)
    y = np.array(labels, dtype=np.int64)
    train, test = stratified_split(y, test_every=5)
    return TextDataset(
        "sentence_polarity",
        [sentences[i] for i in train],
        y[train],
        [sentences[i] for i in test],
        y[test],
        source=f"sentence polarity v1.0 (Pang and Lee, 2005), {place}",
        classes=("negative", "positive"),
    )


def english_chinese() -> TextDataset:
    """English sentences and their Chinese translations, from Tatoeba.

    One English sentence in ten is for the test, with all its translations, so that no
    sentence is in both parts.
    """
    content, place = find(CHINESE)
    lines = content.decode("utf-8").strip().split("\n")
    pairs = [line.rstrip("\r").split("\t")[:2] for line in lines]
    english = sorted({pair[0] for pair in pairs})
    fixed = np.random.RandomState(0)  # a stream that never changes
    order = fixed.permutation(len(english))
    held_out = {english[i] for i in order[::10]}
    shuffled = [pairs[i] for i in fixed.permutation(len(pairs))]
    train = [pair for pair in shuffled if pair[0] not in held_out]
    test = [pair for pair in shuffled if pair[0] in held_out]
    return TextDataset(
        "english_chinese",
        [pair[0] for pair in train],
        [pair[1] for pair in train],
        [pair[0] for pair in test],
        [pair[1] for pair in test],
        source="Tatoeba, CC BY 2.0 (tatoeba.org, by way of manythings.org/anki), "
        f"{place}",
    )


TEXTS: dict[str, Callable[[], str]] = {
    "python_topics": python_topics,
    "tiny_shakespeare": tiny_shakespeare,
    "gpt2_merges": gpt2_merges,
}
COLLECTIONS: dict[str, Callable[[], dict[str, str]]] = {
    "python_pages": python_pages,
    "novels": novels,
}
PAIRS: dict[str, Callable[..., TextDataset]] = {
    "number_words": number_words,
    "sentence_polarity": sentence_polarity,
    "english_chinese": english_chinese,
}
