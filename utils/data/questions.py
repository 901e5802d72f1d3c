"""Questions with their answers: passages that hold the answer, and instructions.

The sets are public. A data directory may hold them; otherwise they are fetched from the
repositories of those who published them.
"""

from __future__ import annotations

import json
from dataclasses import dataclass

from utils.data.dataset import DataError
from utils.data.store import PublicFile, find
from utils.scratch._checks import shown

_GITHUB = "https://raw.githubusercontent.com"
_XQUAD = f"{_GITHUB}/google-deepmind/xquad/7d30520c717524000f0d9d2f9c10a069acd9d285"
XQUAD = {
    language: PublicFile(
        path=f"xquad/xquad.{language}.json",
        sha256=digits,
        size=size,
        urls=(f"{_XQUAD}/xquad.{language}.json",),
    )
    for language, size, digits in (
        (
            "en",
            609_383,
            "e4c57d1c9143aaa1c5d265ba5987a65f4e69528d2a98f29d6e75019b10344f29",
        ),
        (
            "zh",
            808_652,
            "691d0b3359bc6b8faa8de931dfdfe21d50a65861ae348e32a0d1a0190b0c8835",
        ),
    )
}
INSTRUCTIONS = PublicFile(
    path="instruct/instruction-data.json",
    sha256="7e09a9af353722ca15c18bc580f093f9c39d3178335a75177319cb1e1d163944",
    size=203_524,
    urls=(
        f"{_GITHUB}/rasbt/LLMs-from-scratch/28c65cdfbc3338e2e040016eea4b7fdf556e4d57/"
        "ch07/01_main-chapter-code/instruction-data.json",
    ),
)


@dataclass(frozen=True)
class Question:
    """A question whose answer is a piece of a passage.

    Attributes:
        article: The article that the passage is from, counted from 0.
        passage: The passage.
        question: The question.
        answer: The answer, as it stands in the passage.
        start: Where in the passage it begins.
    """

    article: int
    passage: str
    question: str
    answer: str
    start: int


def xquad(language: str) -> list[Question]:
    """1,190 questions on 48 articles of Wikipedia, in English or Chinese.

    Both languages have the same questions in the same order (Artetxe, Ruder and
    Yogatama, 2020; CC BY-SA 4.0). They are a part of SQuAD's questions.

    Args:
        language: `"en"` or `"zh"`.

    Raises:
        DataError: The file is damaged or out of reach.
        ValueError: The language is another.
    """
    if language not in XQUAD:
        raise ValueError(
            f"language is {shown(language)}; give one of {', '.join(XQUAD)}."
        )
    content, _ = find(XQUAD[language])
    found = [
        Question(k, part["context"], q["question"], a["text"], a["answer_start"])
        for k, article in enumerate(json.loads(content)["data"])
        for part in article["paragraphs"]
        for q in part["qas"]
        for a in q["answers"][:1]
    ]
    for q in found:
        if not q.passage.startswith(q.answer, q.start):
            raise DataError(f"{shown(q.answer)} is not where the file says it is.")
    return found


def instructions() -> list[tuple[str, str]]:
    """1,100 instructions with answers (Raschka, 2024; Apache 2.0).

    What an instruction is about, if it stands apart, is on a line below it.
    """
    content, _ = find(INSTRUCTIONS)
    return [
        ("\n".join(filter(None, (row["instruction"], row["input"]))), row["output"])
        for row in json.loads(content)
    ]
