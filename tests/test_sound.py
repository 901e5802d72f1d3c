"""Voices from a seed, what a recogniser hears of them, and players for the page."""

from __future__ import annotations

import base64
import io
import re
import wave

import numpy as np
import pytest

from utils import plots, sound


def spoken(word="seven", seed=0):
    rng = np.random.default_rng(seed)
    return sound.say(word, sound.voices(1, rng)[0], rng)


def test_the_same_seed_says_the_same():
    assert np.array_equal(spoken(seed=3), spoken(seed=3))
    assert len(spoken(seed=3)) != len(spoken(seed=4))


@pytest.mark.parametrize("word", sound.WORDS)
def test_every_word_is_heard_and_not_clipped(word):
    x = spoken(word)
    assert x.dtype == np.float32
    assert 0.29 < np.abs(x).max() < 0.81
    assert np.sqrt((x**2).mean()) > 0.02
    assert 0.15 < len(x) / sound.RATE < 1.5


def test_a_string_is_about_as_long_as_its_words():
    rng = np.random.default_rng(0)
    voice = sound.voices(1, rng)[0]
    one = np.mean([len(sound.say("two", voice, rng)) for _ in range(20)])
    three = np.mean([len(sound.say(["two"] * 3, voice, rng)) for _ in range(20)])
    assert 2 < three / one < 3.2


def test_half_of_the_voices_are_high():
    pitches = [voice.pitch for voice in sound.voices(10, np.random.default_rng(0))]
    assert sum(pitch > 160 for pitch in pitches) == 5


def test_a_hiss_is_high_and_a_vowel_low():
    six, four = sound.log_mel(spoken("six")), sound.log_mel(spoken("four"))
    assert (
        six[:, 20:].mean() - six[:, :8].mean()
        > four[:, 20:].mean() - four[:, :8].mean()
    )


def test_log_mel_has_a_row_each_ten_milliseconds_and_a_floor():
    silent = sound.log_mel(np.zeros(8000))
    assert silent.shape == (97, 24)
    assert np.allclose(silent, np.log(1e-3))
    assert sound.log_mel(np.zeros(10), bands=32).shape == (1, 32)
    n = np.arange(8000)
    tone = sound.log_mel(np.cos(2 * np.pi * 1000 * n / 8000))
    assert (tone.argmax(axis=1) == tone.argmax(axis=1)[0]).all()


def test_a_wave_file_holds_the_samples():
    x = spoken()
    with wave.open(io.BytesIO(plots.wav(x, 8000))) as file:
        assert file.getframerate() == 8000
        assert file.getnframes() == len(x)
        back = np.frombuffer(file.readframes(len(x)), "<i2") / 32767
    assert np.abs(back - x).max() < 1e-4


@pytest.mark.parametrize(
    "x", [np.zeros(100), np.full(100, 1.2), np.array([]), np.ones((2, 2))]
)
def test_what_is_silent_or_would_be_clipped_gets_no_player(x):
    with pytest.raises(ValueError, match="peak from"):
        plots.wav(x)


def test_players_have_a_picture_a_name_and_the_sound():
    made = plots.players({"“two” & co": spoken("two")}, alt="A two.", caption="Two.")
    assert repr(made.picture) == "A two."
    assert made._repr_mimebundle_()["text/plain"] == "A two."
    assert 'aria-label="“two” &amp; co"' in made.html
    assert made.html.index("<audio") < made.html.index("<figcaption>Two.")
    (uri,) = re.findall(r"data:audio/wav;base64,([A-Za-z0-9+/=]+)", made.html)
    assert base64.b64decode(uri) == made.sounds["“two” & co"]


def test_marks_count_the_frames_and_leave_the_sound_as_it_is():
    rng = np.random.default_rng(3)
    voice = sound.voices(1, rng)[0]
    words = ["two", "six"]
    x, count = sound.say_with_marks(words, voice, np.random.default_rng(5))
    assert (x == sound.say(words, voice, np.random.default_rng(5))).all()
    assert len(count) == len(sound.phones_of(words)) == 1 + 3 + 1 + 5 + 1
    assert len(x) == (count.sum() - 1) * sound.HOP + sound.FRAME
    assert sound.phones_of("two") == [" ", "-", "t", "u", " "]


@pytest.mark.parametrize("hop", [32, 64, 80, 128, 100])
def test_istft_undoes_stft(hop: int):
    x = np.random.default_rng(0).normal(size=256 + 20 * hop)
    back = sound.istft(sound.stft(x, hop), hop)
    assert back.shape == x.shape
    assert np.allclose(back[2:-2], x[2:-2])


def test_istft_is_least_squares():
    rng = np.random.default_rng(1)
    spectrum = sound.stft(rng.normal(size=1000)) * np.exp(2j * rng.random((10, 1)))
    x = sound.istft(spectrum)
    weight = np.r_[1, np.full(127, 2), 1]

    def error(y):
        return (weight * np.abs(sound.stft(y) - spectrum) ** 2).sum()

    best = error(x)
    for _ in range(20):
        assert error(x + 1e-3 * rng.normal(size=len(x))) > best


def test_griffin_lim_comes_near_and_is_as_long():
    x = np.pad(spoken("seven").astype(float), 256)
    wanted = np.abs(sound.stft(x))
    errors = []
    for rounds in (0, 10, 60):
        y = sound.griffin_lim(wanted, rounds, np.random.default_rng(0))
        assert len(y) == (len(wanted) - 1) * 80 + 256
        gap = np.abs(sound.stft(y)) - wanted
        errors.append(np.linalg.norm(gap) / np.linalg.norm(wanted))
    assert errors[0] > 1.5 * errors[1] > 2 * errors[2], errors
    assert errors[2] < 0.12, errors


@pytest.mark.parametrize("word", ["six", "eight", "nine"])
def test_a_sound_from_mel_bands_is_near_in_shape_and_in_level(word: str):
    x = spoken(word)
    y = sound.from_log_mel(sound.log_mel(x, 40), np.random.default_rng(0))
    level = np.sqrt((y**2).mean() / (x**2).mean())
    assert 0.7 < level < 1.3, level
    assert np.abs(y).max() <= 0.96
    assert sound.distortion(sound.log_mel(x), sound.log_mel(y)) < 1.5


def test_distortion_aligns_and_leaves_out_loudness():
    mel = sound.log_mel(spoken("three"))
    slow = np.repeat(mel, 2, axis=0)
    assert sound.distortion(mel, mel) == 0
    assert sound.distortion(mel, slow) < 1e-5
    assert sound.distortion(mel, mel + 2) < 1e-5
    other = sound.log_mel(spoken("four"))
    assert sound.distortion(mel, other) > 3
    assert abs(sound.distortion(mel, other) - sound.distortion(other, mel)) < 1e-6
