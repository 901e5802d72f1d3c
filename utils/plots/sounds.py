"""Sounds on the page: a spectrogram for the eye, and a player that needs no network."""

from __future__ import annotations

import base64
import html
import io
import wave
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import matplotlib.pyplot as plt
import numpy as np
from numpy.typing import NDArray

from utils.plots.pictures import Picture, show


def wav(x: NDArray[Any], rate: int = 8000) -> bytes:
    """Return a signal as a WAV file of 16 bits.

    Raises:
        ValueError: It is empty or silent, or leaves [-1, 1], which a player would clip.
    """
    x = np.asarray(x, dtype=np.float64)
    peak = np.abs(x).max() if x.size else 0.0
    if x.ndim != 1 or not 0.01 <= peak <= 1:
        raise ValueError(
            f"a sound is a row of samples with a peak from 0.01 to 1, not of shape "
            f"{x.shape} with peak {peak:.3g}: scale it"
        )
    buffer = io.BytesIO()
    with wave.open(buffer, "wb") as file:
        file.setnchannels(1)
        file.setsampwidth(2)
        file.setframerate(rate)
        file.writeframes(np.rint(x * 32767).astype("<i2").tobytes())
    return buffer.getvalue()


@dataclass(frozen=True)
class Players:
    """What :func:`players` returns: spectrograms, and a player for each."""

    picture: Picture
    sounds: dict[str, bytes]

    @property
    def html(self) -> str:
        """The figure as HTML, sounds included."""
        rows = ""
        for name, content in self.sounds.items():
            name = html.escape(name)
            uri = "data:audio/wav;base64," + base64.b64encode(content).decode("ascii")
            rows += (
                f'<div class="book-sound"><span>{name}</span><audio controls '
                f'preload="metadata" aria-label="{name}" src="{uri}"></audio></div>\n'
            )
        end = "<figcaption>" if self.picture.caption else "</figure>"
        return self.picture.html.replace(end, rows + end, 1)

    def _repr_mimebundle_(self, **kwargs: Any) -> dict[str, str]:
        return {"text/html": self.html, "text/plain": self.picture.alt}


def players(
    sounds: Mapping[str, NDArray[Any]], alt: str, caption: str, rate: int = 8000
) -> Players:
    """Make a figure with the spectrogram of each sound, and a player below for each.

    Args:
        sounds: Signals in [-1, 1] by name.
        alt: What is to be seen and heard, for those who cannot.
        caption: The text below.
        rate: Samples a second.
    """
    longest = max(len(x) for x in sounds.values()) / rate
    size = (5.8, 0.7 + 1.35 * len(sounds))
    fig, axes = plt.subplots(len(sounds), 1, figsize=size, sharex=True, squeeze=False)
    for ax, (name, x) in zip(axes[:, 0], sounds.items(), strict=True):
        heard = x + 1e-5 * np.random.default_rng(0).normal(size=len(x))
        ax.specgram(
            heard, NFFT=256, Fs=rate / 1000, noverlap=192, cmap="magma", vmin=-90
        )
        ax.set(
            title=name, xlim=(0, 1000 * longest), ylim=(0, rate / 2000), ylabel="kHz"
        )
        ax.grid(visible=False)
    axes[-1, 0].set_xlabel("milliseconds")
    content = {name: wav(x, rate) for name, x in sounds.items()}
    return Players(show(fig, alt, caption), content)
