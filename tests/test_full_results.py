"""The table of results at full size: of many values, the first few are seen."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest
from docutils import nodes

sys.path.insert(0, str(Path(__file__).resolve().parent.parent / "_ext"))

from full_results import SEEN, _folded


@pytest.mark.parametrize("n", [1, SEEN, SEEN + 1])
def test_a_few_values_are_all_seen(n: int):
    lines = _folded([f"accuracy of part {k} 0.9" for k in range(n)])
    assert [type(line) for line in lines] == [nodes.paragraph] * n


def test_of_many_values_the_later_ones_are_in_a_fold():
    texts = [f"accuracy of part {k} 0.9" for k in range(SEEN + 3)]
    lines = _folded(texts)
    shown = [line.astext() for line in lines]
    assert shown[:SEEN] == texts[:SEEN]
    assert shown[SEEN] == "<details><summary>3 more</summary>"
    assert shown[SEEN + 1 : -1] == texts[SEEN:]
    assert shown[-1] == "</details>"
