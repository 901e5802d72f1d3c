"""Sound: digits spoken by voices that are made here, and what a recogniser hears.

A voice is a source and a filter, as in `chapters/sound/recognition`: pulses or noise
from the throat or the teeth, shaped by three resonances of the mouth. `say` makes the
signal from a seed, `log_mel` what the networks get of it, `from_log_mel` a sound from
that, as `chapters/sound/synthesis` derives it; `plots.players` brings it to the page.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from functools import cache, lru_cache
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy.fft import dct

RATE = 8000  # samples a second
WINDOW, FLOOR = 256, 1e-3  # of the analysis: samples, and power that counts as silence
EDGE = 4  # silent pieces before and after a sound whose phases are looked for
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
    return say_with_marks(words, voice, rng)[0]


def phones_of(words: str | Iterable[str]) -> list[str]:
    """Return the keys of `PHONES` that a voice says, a pause around each word."""
    phones = [" "]
    for word in [words] if isinstance(words, str) else words:
        phones += [*WORDS[word].split(), " "]
    return phones


def say_with_marks(
    words: str | Iterable[str], voice: Voice, rng: np.random.Generator
) -> tuple[NDArray[np.float32], NDArray[np.int64]]:
    """Return what `say` does, and how many frames of `HOP` samples each phone lasts.

    The phones are those of `phones_of(words)`.
    """
    phones = phones_of(words)
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
    n = (len(track) - 1) * HOP + FRAME
    t = np.arange(n) / n
    pitch = voice.pitch * rng.normal(1, 0.05) * (1.1 - 0.2 * t)
    pitch *= 1 + 0.02 * np.sin(2 * np.pi * rng.uniform(4, 6) * np.arange(n) / RATE)
    pulses = np.diff(np.floor(np.cumsum(pitch / RATE)), prepend=0.0)
    noise = rng.normal(size=n)
    source = 8 * pulses + voice.breath * noise
    window = np.hanning(FRAME + 1)[:-1]
    cut = np.lib.stride_tricks.sliding_window_view
    f = np.arange(TAIL // 2 + 1) * RATE / TAIL
    spectra = np.zeros((len(track), len(f)), dtype=complex)
    on = strength[:, 0] > 0  # frames in which the throat sounds
    voiced = np.fft.rfft(cut(source, FRAME)[::HOP][on] * window, TAIL)
    voiced *= strength[on, :1]
    voiced *= _mouth(track[on], f)
    spectra[on] = voiced
    on = strength[:, 1] > 0  # and those that hiss
    hiss = np.fft.rfft(cut(noise, FRAME)[::HOP][on] * window, TAIL)
    hiss *= strength[on, 1:]
    bumps = np.exp(-(((f - table[:, 5:6]) / 700) ** 2))
    hiss *= np.repeat(bumps, count, axis=0)[on]
    spectra[on] += hiss
    blocks = TAIL // HOP
    pieces = np.fft.irfft(spectra).reshape(len(spectra), blocks, HOP)
    rows = np.zeros((len(pieces) + blocks, HOP))
    for b in reversed(range(blocks)):  # the piece that began first is added first
        rows[b : b + len(pieces)] += pieces[:, b]
    x = rows.ravel()[:n]
    x[1:] = x[1:] + voice.tilt * x[:-1]
    return (rng.uniform(0.3, 0.8) * x / np.abs(x).max()).astype(np.float32), count


def _smooth(values: NDArray[np.float64], width: int) -> NDArray[np.float64]:
    """Glide from phone to phone: a running mean along the frames."""
    ends = ((width // 2, width // 2), (0, 0))
    view = np.lib.stride_tricks.sliding_window_view
    return view(np.pad(values, ends, mode="edge"), width, axis=0).mean(axis=-1)


def _mouth(formants: NDArray[Any], f: NDArray[Any]) -> NDArray[Any]:
    """Return the response of three resonators in each frame, (frames, frequencies)."""
    response: Any = 1.0
    z = np.exp(-2j * np.pi * f / RATE)
    for k, width in enumerate((60, 90, 150)):
        centre = np.minimum(formants[:, k, None], 3800)
        r = np.exp(-np.pi * width / RATE)
        b = -2 * r * np.cos(2 * np.pi * centre / RATE)
        each = b * z  # in place from here on: the arrays are large
        each += 1
        each += r * r * z * z
        np.divide(1 + b + r * r, each, out=each)
        each *= response
        response = each
    return response


def log_mel(x: NDArray[Any], bands: int = 24, hop: int = 80) -> NDArray[np.float32]:
    """Return the log-mel spectrogram of a signal at `RATE`, (frames, bands).

    The chapter's section `hearing` derives it: windows of 256 samples, triangles on the
    mel scale from 60 Hz to 4 kHz, a floor below which all counts as silence.
    """
    x = np.pad(x, (0, max(0, WINDOW - len(x))))
    power = np.abs(stft(x, hop)) ** 2
    return np.log(power @ mel_filters(bands).T + FLOOR).astype(np.float32)


def mel_filters(bands: int = 24) -> NDArray[np.float64]:
    """Return the triangles over the 129 frequencies of `stft`, (bands, 129)."""
    low, high = (2595 * np.log10(1 + f / 700) for f in (60, RATE / 2))
    edges = 700 * (10 ** (np.linspace(low, high, bands + 2) / 2595) - 1)
    f = np.arange(WINDOW // 2 + 1) * RATE / WINDOW
    rise = (f - edges[:-2, None]) / np.diff(edges)[:-1, None]
    fall = (edges[2:, None] - f) / np.diff(edges)[1:, None]
    return np.maximum(0, np.minimum(rise, fall))


def stft(x: NDArray[Any], hop: int = 80) -> NDArray[Any]:
    """Return the short-time Fourier transform, pieces of 256 samples, (frames, 129)."""
    frames = np.lib.stride_tricks.sliding_window_view(x, WINDOW)[::hop]
    return np.fft.rfft(frames * _window())


def istft(spectrum: NDArray[Any], hop: int = 80) -> NDArray[np.float64]:
    """Return the sound whose `stft` is nearest, by eq-synthesis-inverse, (T,)."""
    sound = _overlapped(np.fft.irfft(spectrum) * _window(), hop)
    weight = _weights(len(spectrum), hop)
    return np.divide(sound, weight, out=np.zeros_like(sound), where=weight > 1e-12)


def _overlapped(pieces: NDArray[np.float64], hop: int) -> NDArray[np.float64]:
    """Return the sum of pieces of `WINDOW` samples, one every `hop`, (T,)."""
    n, blocks = len(pieces), -(-WINDOW // hop)  # whole hops, and add rows of hops
    parts = np.zeros((n, blocks * hop))
    parts[:, :WINDOW] = pieces
    sums = np.zeros((n + blocks - 1, hop))
    for b in range(blocks):
        sums[b : b + n] += parts[:, b * hop : (b + 1) * hop]
    return sums.ravel()[: (n - 1) * hop + WINDOW]


@cache
def _window() -> NDArray[np.float64]:
    """Return the window of the analysis, (WINDOW,)."""
    return np.hanning(WINDOW + 1)[:-1]


@lru_cache(maxsize=4)  # Griffin and Lim ask for the same ones in each round
def _weights(frames: int, hop: int) -> NDArray[np.float64]:
    """Return the sum of the squared windows at each sample, (T,)."""
    return _overlapped(np.broadcast_to(_window() ** 2, (frames, WINDOW)), hop)


def griffin_lim(
    magnitude: NDArray[Any],
    rounds: int,
    rng: np.random.Generator,
    momentum: float = 0.99,
    hop: int = 80,
) -> NDArray[np.float64]:
    """Return a sound with nearly these magnitudes, from random phases on.

    Args:
        magnitude: Of `stft`, shape (frames, 129).
        rounds: How often both projections are made.
        rng: Draws the first phases.
        momentum: 0 for Griffin and Lim (1984), more for Perraudin and others (2013).
        hop: Samples from one piece to the next.
    """
    magnitude = np.pad(magnitude, ((EDGE, EDGE), (0, 0)))  # at a rim few pieces overlap
    guess = np.exp(2j * np.pi * rng.random(magnitude.shape))
    before = np.zeros_like(guess)
    for _ in range(rounds):
        right = magnitude * guess / np.maximum(np.abs(guess), 1e-12)
        possible = stft(istft(right, hop), hop)
        guess = possible + momentum * (possible - before)
        before = possible
    x = istft(magnitude * guess / np.maximum(np.abs(guess), 1e-12), hop)
    return x[EDGE * hop : -EDGE * hop]


def from_log_mel(
    mel: NDArray[Any], rng: np.random.Generator, rounds: int = 40, hop: int = 80
) -> NDArray[np.float64]:
    """Return a sound for a log-mel spectrogram, as loud as it says, below 0.95.

    Powers that the mel filters turn into `mel`, by eq-synthesis-nonnegative, and
    then `griffin_lim`.
    """
    filters = mel_filters(mel.shape[1])
    target = np.maximum(np.exp(mel.astype(np.float64)) - FLOOR, 0)
    power = target @ filters + 1e-9
    for _ in range(30):
        power *= (target @ filters) / (power @ filters.T @ filters + 1e-9)
    x = griffin_lim(np.sqrt(power), rounds, rng, hop=hop)
    return x / max(1, np.abs(x).max() / 0.95)


def distortion(one: NDArray[Any], other: NDArray[Any]) -> float:
    """Return the mel-cepstral distortion of two log-mel spectrograms, in decibels.

    The frames, of which one may have more, are aligned by dynamic time warping; the
    mean is over the path. The chapter `sound/synthesis` derives it.
    """
    a, b = (dct(mel, norm="ortho")[:, 1:14] for mel in (one, other))
    gaps = ((a[:, None] - b) ** 2).sum(axis=2)
    cost = 10 / np.log(10) * np.sqrt(gaps / one.shape[1])
    total = [[0.0, *[np.inf] * len(b)]]  # Python's floats: quicker than an array here
    for row in cost.tolist():
        above, now = total[-1], [np.inf]
        for j, value in enumerate(row):
            now.append(value + min(above[j], above[j + 1], now[j]))
        total.append(now)
    i, j, steps = len(a), len(b), 1
    while i > 1 or j > 1:
        ways = (i - 1, j - 1), (i - 1, j), (i, j - 1)
        i, j = min(ways, key=lambda way: total[way[0]][way[1]])
        steps += 1
    return total[-1][-1] / steps
