"""Sounds in the built pages hold something, and play with the network off."""

from __future__ import annotations

import io
import re
import wave

import numpy as np
import pytest

from tools import contents
from tools.browser import SITE
from tools.build import ROOT

WITH_SOUND = [
    page
    for page in contents.pages()
    if (ROOT / f"{page}.ipynb").is_file()
    and "data:audio/wav" in (ROOT / f"{page}.ipynb").read_text(encoding="utf-8")
]
PLAY = """async () => {
  const found = [];
  for (const audio of document.querySelectorAll("audio")) {
    audio.muted = true;
    let fault = "";
    const limit = (what) => new Promise(
      (_, fail) => setTimeout(() => fail(`did not ${what}`), 20000)
    );
    const ended = new Promise((done, fail) => {
      audio.onended = done;
      audio.onerror = () => fail(audio.error.message);
    });
    try {
      await Promise.race([audio.play(), limit("start")]);
      await Promise.race([ended, limit("end")]);
    } catch (error) { fault = String(error); }
    found.push([audio.getAttribute("src"), audio.duration, audio.currentTime, fault]);
  }
  return found;
}"""


def test_some_pages_have_sounds():
    assert WITH_SOUND


@pytest.mark.parametrize("name", WITH_SOUND)
def test_sounds_play_and_are_what_the_file_says(name: str, new_context):
    page = new_context().new_page()
    page.goto((SITE / f"{name}.html").as_uri())
    found = page.evaluate(PLAY)
    page.close()
    assert found
    total = 0
    for source, duration, played, fault in found:
        assert not fault, f"{source}: {fault}"
        path = (SITE / name).parent / source
        total += path.stat().st_size
        with wave.open(io.BytesIO(path.read_bytes())) as file:
            seconds = file.getnframes() / file.getframerate()
            x = np.frombuffer(file.readframes(file.getnframes()), "<i2") / 32768
        assert abs(duration - seconds) < 0.05, (
            f"{source} lasts {duration}, not {seconds}"
        )
        assert abs(played - seconds) < 0.1, f"{source} stopped at {played} of {seconds}"
        assert 0.1 < np.abs(x).max() < 0.999, f"{source}: peak {np.abs(x).max()}"
        assert np.sqrt((x**2).mean()) > 0.01, f"{source} is silent"
    assert total <= 150_000, f"{name} has {total:,} bytes of sound"


@pytest.mark.parametrize("name", WITH_SOUND)
def test_every_player_has_a_name_and_stands_by_a_picture(name: str):
    text = (SITE / f"{name}.html").read_text(encoding="utf-8")
    for tag in re.findall(r"<audio[^>]*>", text):
        assert 'aria-label="' in tag
        assert "autoplay" not in tag
    for figure in re.findall(r"<figure.*?</figure>", text, re.DOTALL):
        if "<audio" in figure:
            assert re.search(r'<img [^>]*alt="[^"]{20,}"', figure)
