"""The advice about a typed word, from the real child process."""

import queue
from pathlib import Path

import numpy as np
import pytest

from kws_app.errors import AudioError
from kws_app.own_word.advice import Advice, Advisor, ask, saying_like, spoken
from kws_app.own_word.takes import speech_span
from tests.support.programs import require


@pytest.fixture(autouse=True)
def _voices(monkeypatch: pytest.MonkeyPatch, user_folder: Path) -> None:
    require("espeak-ng")
    monkeypatch.setenv("XDG_DATA_HOME", str(user_folder))  # lists of words are kept there


def test_a_good_word_is_told_with_how_it_sounds():
    advice = ask("hello kitchen")
    assert not advice.trouble
    assert advice.verdict == "good" and advice.sentences
    assert "American" in {saying.description for saying in advice.sayings}
    assert "espeak-ng" in advice.voices


def test_a_word_that_nobody_can_say_is_one_sentence():
    advice = ask("привет")
    assert "has no letter" in advice.trouble and "\n" not in advice.trouble
    with pytest.raises(AudioError, match="has no letter"):
        spoken("привет")


@pytest.mark.long
def test_a_german_word_is_read_in_german():
    advice = ask("Küchenradio", "de")
    assert not advice.trouble and [saying.description for saying in advice.sayings] == ["German"]
    assert "ç" in advice.sayings[0].ipa
    assert speech_span(spoken("Küchenradio", "de")) is not None


def test_another_way_to_say_a_word_is_added_or_refused_in_a_sentence():
    assert saying_like("computer", "en", "kompjutah").ipa
    with pytest.raises(ValueError, match="digit"):
        saying_like("computer", "en", "c0mputer")


def test_a_voice_says_the_word():
    samples = spoken("hello kitchen")
    assert samples.dtype == np.float32 and speech_span(samples) is not None


def test_a_word_that_begins_with_a_dash_is_no_option():
    assert ask("--say").trouble


def test_only_the_latest_word_is_answered():
    answers: queue.Queue[Advice] = queue.Queue()
    advisor = Advisor(answers.put)
    for word in ("hello kit", "hello kitch", "hello kitchen"):
        advisor.ask(word)
    assert answers.get().word == "hello kitchen"
    assert answers.empty()
