"""A browser that no longer answers: the page is opened by another one."""

from __future__ import annotations

import os
import re
import signal
import sys

import pytest
from playwright.sync_api import Error

from tests.site.visit import STALLED, Running

PAGE = "chapters/appendix/notation.html"


@pytest.mark.skipif(sys.platform == "win32", reason="Windows cannot stop a process")
def test_a_browser_that_no_longer_answers_is_ended(running: Running, address: str):
    other = Running(running.playwright)
    first = other.process
    os.kill(first, signal.SIGSTOP)
    with pytest.raises(Error) as raised:
        other.visit(address, PAGE, seconds=1)
    assert any(re.search(words, str(raised.value)) for words in STALLED)
    assert other.visit(address, PAGE).trouble == []
    assert other.process != first
    other.close()
