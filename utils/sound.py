"""Sound: digits spoken by voices that are made here, and what a recogniser hears.

A voice is a source and a filter, as in `chapters/sound/recognition`: pulses or noise
from the throat or the teeth, shaped by three resonances of the mouth. `say` makes the
signal from a seed, `log_mel` what the networks get of it; `plots.players` brings it to
the page.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

RATE = 8000  # samples a second
HOP, FRAME, TAIL = 80, 160, 320  # of the synthesis: 10, 20 and, ringing, 40 ms
# Resonances after Peterson and Barney (1952), men; strength of voice and noise; centre
# of the noise; all in Hz; and seconds.
PHONES: dict[str, tuple[float, ...]] = {
    "i": (270, 2290, 3010, 1, 0, 3400, 0.11),
    "I": (390, 1990, 2550, 1, 0, 3400, 0.08),
    "e": (530, 1840, 2480, 1, 0, 3400, 0.09),
    "a": (730, 1090, 2440, 1, 0, 3400, 0.12),
    "A": (640, 1190, 2390, 1, 0, 3400, 0.10),
    "o": (530, 880, 2410, 1, 0, 3400, 0.13),
    "u": (300, 870, 2240, 1, 0, 3400, 0.13),
    "w": (300, 610, 2200, 0.6, 0, 3400, 0.06),
    "r": (310, 1060, 1380, 0.6, 0, 3400, 0.07),
    "n": (280, 1500, 2600, 0.35, 0, 3400, 0.08),
    "v": (300, 1100, 2400, 0.3, 0.08, 2600, 0.06),
    "z": (300, 1700, 2500, 0.25, 0.30, 3700, 0.09),
    "s": (300, 1700, 2500, 0, 0.60, 3700, 0.11),
    "f": (300, 1100, 2400, 0, 0.12, 2600, 0.10),
    "th": (300, 1400, 2500, 0, 0.08, 3000, 0.08),
    "t": (300, 1700, 2600, 0, 0.80, 3400, 0.025),
    "k": (300, 1900, 2400, 0, 0.60, 1800, 0.03),
    "-": (300, 1500, 2500, 0, 0, 3400, 0.05),  # the silence before a stop
    " ": (500, 1500, 2500, 0, 0, 3400, 0.06),  # a pause
}
WORDS = {
    "zero": "z I r o",
    "one": "w A n",
    "two": "- t u",
    "three": "th r i",
    "four": "f o r",
    "five": "f a I v",
    "six": "s I - k s",
    "seven": "s e v A n",
    "eight": "e I - t",
    "nine": "n a I n",
}


@dataclass(frozen=True)
class Voice:
    """One speaker: pitch in Hz, length of the mouth against a man's, tempo, and habits.

    `accent` has a factor for each phone's resonances, `tilt` is the share of the sample
    before that is added to each, `breath` the noise in the voice.
    """

    pitch: float
    tract: float
    tempo: float
    tilt: float
    breath: float
    accent: NDArray[np.float64]


def voices(n: int, rng: np.random.Generator) -> list[Voice]:
    """Draw n speakers, low and high voices mixed."""
    found = []
    for high in rng.permutation(np.arange(n) % 2):
        pitch = rng.uniform(*((165, 280) if high else (85, 150)))
        found.append(
            Voice(
                pitch,
                rng.uniform(*((1.08, 1.3) if high else (0.9, 1.08))),
                rng.uniform(0.8, 1.25),
                rng.uniform(-0.5, 0.5),
                rng.uniform(0.005, 0.08),
                rng.normal(1, 0.12, size=(len(PHONES), 3)),
            )
        )
    return found


def say(
    words: str | Iterable[str], voice: Voice, rng: np.random.Generator
) -> NDArray[np.float32]:
    """Return what a voice says: digits by name, with a random silence around them.

    Args:
        words: A key of `WORDS`, or several.
        voice: The speaker.
        rng: Draws what differs from one utterance to the next.

    Returns:
        Samples at `RATE`, in [-1, 1], shape (T,).
    """
    phones = [" "]
    for word in [words] if isinstance(words, str) else words:
        phones += [*WORDS[word].split(), " "]
    table = np.array([PHONES[phone] for phone in phones])
    place = [list(PHONES).index(phone) for phone in phones]
    seconds = table[:, 6] * voice.tempo * np.exp(rng.normal(0, 0.12, len(phones)))
    seconds[np.array(phones) == " "] *= rng.uniform(0.1, 2, phones.count(" "))
    count = np.maximum(1, np.rint(seconds * RATE / HOP)).astype(int)
    formants = (
        table[:, :3] * voice.accent[place] * rng.normal(1, 0.02, (len(phones), 3))
    )
    track = _smooth(np.repeat(formants * voice.tract, count, axis=0), 5)
    strength = _smooth(np.repeat(table[:, 3:5], count, axis=0), 3)
    centre = np.repeat(table[:, 5], count)
    n = (len(track) - 1) * HOP + FRAME
    t = np.arange(n) / n
    pitch = voice.pitch * rng.normal(1, 0.05) * (1.1 - 0.2 * t)
    pitch *= 1 + 0.02 * np.sin(2 * np.pi * rng.uniform(4, 6) * np.arange(n) / RATE)
    pulses = np.diff(np.floor(np.cumsum(pitch / RATE)), prepend=0.0)
    noise = rng.normal(size=n)
    source = 8 * pulses + voice.breath * noise
    window = np.hanning(FRAME + 1)[:-1]
    cut = np.lib.stride_tricks.sliding_window_view
    voiced = np.fft.rfft(cut(source, FRAME)[::HOP] * window, TAIL)
    hiss = np.fft.rfft(cut(noise, FRAME)[::HOP] * window, TAIL)
    f = np.arange(TAIL // 2 + 1) * RATE / TAIL
    spectra = strength[:, :1] * voiced * _mouth(track, f)
    spectra += strength[:, 1:] * hiss * np.exp(-(((f - centre[:, None]) / 700) ** 2))
    pieces = np.fft.irfft(spectra)
    x = np.zeros(n + TAIL)
    for k, piece in enumerate(pieces):
        x[k * HOP : k * HOP + TAIL] += piece
    x = x[:n]
    x[1:] = x[1:] + voice.tilt * x[:-1]
    return (rng.uniform(0.3, 0.8) * x / np.abs(x).max()).astype(np.float32)


def _smooth(values: NDArray[np.float64], width: int) -> NDArray[np.float64]:
    """Glide from phone to phone: a running mean along the frames."""
    ends = ((width // 2, width // 2), (0, 0))
    view = np.lib.stride_tricks.sliding_window_view
    return view(np.pad(values, ends, mode="edge"), width, axis=0).mean(axis=-1)


def _mouth(formants: NDArray[Any], f: NDArray[Any]) -> NDArray[Any]:
    """Return the response of three resonators in each frame, (frames, frequencies)."""
    response = np.ones((len(formants), len(f)), dtype=complex)
    z = np.exp(-2j * np.pi * f / RATE)
    for k, width in enumerate((60, 90, 150)):
        centre = np.minimum(formants[:, k, None], 3800)
        r = np.exp(-np.pi * width / RATE)
        b = -2 * r * np.cos(2 * np.pi * centre / RATE)
        response *= (1 + b + r * r) / (1 + b * z + r * r * z * z)
    return response


def log_mel(x: NDArray[Any], bands: int = 24, hop: int = 80) -> NDArray[np.float32]:
    """Return the log-mel spectrogram of a signal at `RATE`, (frames, bands).

    The chapter's section `hearing` derives it: windows of 256 samples, triangles on the
    mel scale from 60 Hz to 4 kHz, a floor below which all counts as silence.
    """
    x = np.pad(x, (0, max(0, 256 - len(x))))
    frames = np.lib.stride_tricks.sliding_window_view(x, 256)[::hop]
    power = np.abs(np.fft.rfft(frames * np.hanning(257)[:-1])) ** 2
    low, high = (2595 * np.log10(1 + f / 700) for f in (60, RATE / 2))
    edges = 700 * (10 ** (np.linspace(low, high, bands + 2) / 2595) - 1)
    f = np.arange(129) * RATE / 256
    rise = (f - edges[:-2, None]) / np.diff(edges)[:-1, None]
    fall = (edges[2:, None] - f) / np.diff(edges)[1:, None]
    triangles = np.maximum(0, np.minimum(rise, fall))  # (bands, 129)
    return np.log(power @ triangles.T + 1e-3).astype(np.float32)
