"""Numbers in English words and in Chinese numerals: a translation that can be checked.

>>> in_english(305), in_chinese(305)
('three hundred and five', '三百零五')
"""

from __future__ import annotations

import numpy as np

from utils.data.dataset import DataError, TextDataset, check_count
from utils.scratch._checks import is_whole, shown

LARGEST = 99_999_999

_UNITS = (
    *("zero", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine"),
    *("ten", "eleven", "twelve", "thirteen", "fourteen", "fifteen", "sixteen"),
    *("seventeen", "eighteen", "nineteen"),
)
_TENS = (
    *("", "", "twenty", "thirty", "forty"),
    *("fifty", "sixty", "seventy", "eighty", "ninety"),
)
_DIGITS = "零一二三四五六七八九"


def in_english(number: int) -> str:
    """Writes a number in British English, without hyphens or commas.

    Args:
        number: From 0 to 99,999,999.

    Raises:
        DataError: The number is out of range.
    """
    number = _checked(number)
    if number < 1000:
        return _below_thousand(number)
    words = []
    for value, name in ((1_000_000, "million"), (1000, "thousand")):
        count, number = divmod(number, value)
        if count:
            words += [_below_thousand(count), name]
    if number:
        words += ["and"] * (number < 100) + [_below_thousand(number)]
    return " ".join(words)


def in_chinese(number: int) -> str:
    """Writes a number in Chinese numerals, with 二 for 2 everywhere.

    Places go by ten thousands (万). A gap inside is one 零, however many zeros it
    spans, and a leading 一十 is shortened to 十.

    Args:
        number: From 0 to 99,999,999.

    Raises:
        DataError: The number is out of range.
    """
    number = _checked(number)
    if number == 0:
        return "零"
    high, low = divmod(number, 10_000)
    text = ""
    if high:
        text = _below_ten_thousand(high) + "万"
        if 0 < low < 1000:
            text += "零"
    text += _below_ten_thousand(low)
    return text[1:] if text.startswith("一十") else text


def number_words(largest: int = 9999, block: int = 100, seed: int = 0) -> TextDataset:
    """Numbers in English and in Chinese; one block of numbers in five is held out.

    Args:
        largest: The numbers go from 0 to this one.
        block: How many consecutive numbers are held out, or not, together.
        seed: Seed of the choice and of the order.
    """
    check_count("largest", largest, least=9)
    check_count("block", block, least=1)
    check_count("seed", seed, least=0)
    _checked(largest)
    numbers = np.arange(largest + 1)
    n_blocks = -(-len(numbers) // block)
    if n_blocks < 5:
        raise DataError(
            f"{len(numbers):,} numbers in blocks of {block:,} make {n_blocks} blocks; "
            "take smaller ones: one in five is held out."
        )
    rng = np.random.default_rng(seed)
    held_out = np.sort(rng.permutation(n_blocks)[: n_blocks // 5])
    is_test = np.isin(numbers // block, held_out)
    train, test = rng.permutation(numbers[~is_test]), rng.permutation(numbers[is_test])
    return TextDataset(
        "number_words",
        [in_english(n) for n in train],
        [in_chinese(n) for n in train],
        [in_english(n) for n in test],
        [in_chinese(n) for n in test],
        source=f"generated here: 0 to {largest:,}, {len(held_out)} of {n_blocks} "
        f"blocks of {block:,} numbers held out, seed {seed}",
    )


def _checked(number: int) -> int:
    if not is_whole(number) or not 0 <= number <= LARGEST:
        raise DataError(
            f"only whole numbers from 0 to {LARGEST:,} are written in words here, "
            f"not {shown(number)}."
        )
    return int(number)


def _below_thousand(number: int) -> str:
    hundreds, rest = divmod(number, 100)
    words = []
    if hundreds:
        words += [_UNITS[hundreds], "hundred"] + ["and"] * (rest > 0)
    if rest >= 20:
        words.append(_TENS[rest // 10])
        rest %= 10
    if rest or not words:
        words.append(_UNITS[rest])
    return " ".join(words)


def _below_ten_thousand(number: int) -> str:
    text, gap = "", False
    for value, name in ((1000, "千"), (100, "百"), (10, "十"), (1, "")):
        digit, number = divmod(number, value)
        if digit:
            text += "零" * (gap and bool(text)) + _DIGITS[digit] + name
        gap = digit == 0
    return text
