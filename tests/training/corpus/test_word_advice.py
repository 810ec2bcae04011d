"""Sounds like a word, and the advice for the user."""

import shutil
from pathlib import Path
from types import MappingProxyType

import pytest

from training.corpus import word_frequencies
from training.corpus.near_sounds import invented_words, near_words, parts_of
from training.corpus.phonemes import word_distance
from training.corpus.pronunciations import Pronunciation, pronunciations_of
from training.corpus.word_advice import advise
from training.corpus.word_frequencies import listed_words

needs_espeak = pytest.mark.skipif(shutil.which("espeak-ng") is None, reason="espeak-ng is not installed")
COMPUTER = Pronunciation("computer", (("k", "ə", "m", "p", "j", "ˈuː", "ɾ", "ɚ"),), "en-us", "American")
HELLO_HOUSE = Pronunciation("hello house", (("h", "ə", "l", "ˈoʊ"), ("h", "ˈaʊ", "s")), "en-us", "American")


class Frequencies:
    """Stands for the package wordfreq, because its word lists are not part of this project."""

    shares = MappingProxyType(
        {
            "happy": 2e-4,
            "happen": 1e-4,
            "heavy": 1e-4,
            "hobby": 1e-6,
            "unhappy": 1e-5,
            "window": 1e-4,
            "zebra": 1e-6,
        }
    )

    def available_languages(self) -> set[str]:
        return {"en"}

    def top_n_list(self, language: str, number: int) -> list[str]:
        return list(self.shares)[:number]

    def word_frequency(self, word: str, language: str) -> float:
        return self.shares.get(word, 0.0)


@pytest.fixture
def frequencies(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(word_frequencies, "_wordfreq", Frequencies)


@needs_espeak
def test_near_words_are_near_and_are_not_the_word(frequencies: None, tmp_path: Path) -> None:
    found = {sound.pronunciation.text: sound for sound in near_words(pronunciations_of("happy"), "en", tmp_path)}
    assert "heavy" in found and "happen" in found
    assert not {"happy", "unhappy", "window", "zebra"} & set(
        found
    )  # the word itself, a word that contains it, and words unlike it
    distances = [sound.distance for sound in found.values()]
    assert distances == sorted(distances)
    assert found["heavy"].per_hour == pytest.approx(0.9)


@needs_espeak
def test_near_phrases_change_one_word(frequencies: None, tmp_path: Path) -> None:
    texts = [sound.pronunciation.text for sound in near_words(pronunciations_of("happy zebra"), "en", tmp_path)]
    assert "heavy zebra" in texts


@needs_espeak
def test_a_word_list_is_read_once(frequencies: None, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    first = listed_words("en", "en-us", tmp_path)
    monkeypatch.setattr(word_frequencies, "phonemes_of", lambda *_: pytest.fail("asked again"))
    assert listed_words("en", "en-us", tmp_path) == first
    assert first["heavy"] == ("h", "ˈɛ", "v", "i")


@needs_espeak
def test_without_word_frequencies_our_own_list_serves(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(word_frequencies, "_wordfreq", lambda: None)
    advice = advise(pronunciations_of("computer"), "en", tmp_path)
    assert advice.per_hour is None and "commuter" in [sound.pronunciation.text for sound in advice.near]
    assert "wordfreq" in advice.sentences[-1]
    assert not listed_words("de", "de", tmp_path)


@needs_espeak
def test_advice_tells_a_good_word_from_a_poor_one(frequencies: None, tmp_path: Path) -> None:
    good = advise(pronunciations_of("smart mirror"), "en", tmp_path)
    assert good.verdict == "good" and good.syllables == 3
    happy = advise(pronunciations_of("happy"), "en", tmp_path)
    assert happy.verdict == "poor" or happy.verdict == "fair"
    assert any("about 2 times in an hour" in sentence for sentence in happy.sentences)
    assert any("'heavy'" in sentence for sentence in happy.sentences)
    short = advise(pronunciations_of("go"), "en", tmp_path)
    assert short.verdict == "poor" and "very short (1 syllable)" in short.sentences[0]


def test_parts_are_halves_and_single_words() -> None:
    halves = [sound.pronunciation.ipa for sound in parts_of([COMPUTER])]
    assert "kəmpjˈuː" in halves and "jˈuːɾɚ" in halves
    phrase = parts_of([HELLO_HOUSE])
    assert {"hello", "house"} <= {sound.pronunciation.text for sound in phrase if sound.pronunciation.from_text}
    assert all(sound.kind == "part" and len(sound.pronunciation.phonemes) >= 3 for sound in phrase)


def test_invented_words_differ_in_one_sound_that_the_ear_notices() -> None:
    found = invented_words([COMPUTER, HELLO_HOUSE], 12)
    assert 5 < len(found) <= 12
    for sound in found:
        phonemes = sound.pronunciation.phonemes
        assert 0 < word_distance(phonemes, COMPUTER.phonemes) == sound.distance < 0.15
        assert abs(len(phonemes) - len(COMPUTER.phonemes)) <= 1
        assert not sound.pronunciation.from_text
    ipa = {sound.pronunciation.ipa for sound in found}
    assert len(ipa) == len(found)
    assert "ɡəmpjˈuːɾɚ" not in ipa  # a difference in voice alone is an accent, not another word
