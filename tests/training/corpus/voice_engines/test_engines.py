"""Every engine on this machine says a word, and refuses a pronunciation that it cannot say."""

import importlib.util
import shutil
from pathlib import Path

import numpy as np
import pytest

from kws_app.engine.frontend_config import SAMPLE_RATE
from training.corpus.pronunciations import Pronunciation
from training.corpus.voice_engines import ENGINES, Engine, UnsayableError, find_engines, missing_engines
from training.corpus.voice_engines.espeak import EspeakEngine
from training.corpus.voice_engines.flite import FliteEngine
from training.corpus.voice_engines.kokoro import KokoroEngine, kokoro_letters
from training.corpus.voice_engines.pico import PicoEngine
from training.corpus.voice_engines.piper import PiperEngine
from training.corpus.voice_files import symbol_numbers

HAPPY = Pronunciation("happy", (("h", "ˈæ", "p", "i"),), "en-us", "American")
FLAP = Pronunciation("computer", (("k", "ə", "m", "p", "j", "ˈuː", "ɾ", "ɚ"),), "en-us", "American")
CLEAR = Pronunciation("computer", (("k", "ə", "m", "p", "j", "ˈuː", "t", "ɚ"),), "en-us", "clear", from_text=False)
BRITISH = Pronunciation("okay", (("əʊ", "k", "ˈeɪ"),), "en-gb", "British")
FOUND = find_engines()


@pytest.mark.parametrize("engine", FOUND, ids=lambda engine: engine.name)
def test_a_word_is_said_faster_and_slower(engine: Engine) -> None:
    voice = engine.voices("en")[0]
    slow, fast = (engine.say(HAPPY, voice, speed) for speed in (0.8, 1.25))
    for sound in (slow, fast):
        assert sound.dtype == np.float32 and sound.ndim == 1
        assert 0.05 < np.abs(sound).max() <= 1
        assert 0.2 * SAMPLE_RATE < len(sound) < 3 * SAMPLE_RATE
    assert len(fast) < 0.95 * len(slow)


@pytest.mark.parametrize("kind", ENGINES, ids=lambda kind: kind.name)
def test_every_engine_states_its_licence_and_is_found_by_itself(kind: type[Engine]) -> None:
    engine = kind()
    assert engine.licence
    assert engine.is_here() == (engine.name in [found.name for found in FOUND])


@pytest.mark.skipif(shutil.which("espeak-ng") is None, reason="espeak-ng is not installed")
def test_espeak_says_a_pronunciation_that_no_text_gives() -> None:
    engine = EspeakEngine()
    flap, clear = (engine.say(way, "m1", 1.0) for way in (FLAP, CLEAR))
    length = min(len(flap), len(clear))
    assert not np.allclose(flap[:length], clear[:length], atol=0.01)
    german = Pronunciation("ach", (("ˈa", "x"),), "de", "German", from_text=False)
    with pytest.raises(UnsayableError, match="phonemes in English only"):
        engine.say(german, "m1", 1.0)
    click = Pronunciation("tut", (("ǃ", "ˈʌ"),), "en-us", "own", from_text=False)
    with pytest.raises(UnsayableError, match="no English sound"):
        engine.say(click, "m1", 1.0)


def test_an_engine_that_reads_text_refuses_other_accents() -> None:
    with pytest.raises(UnsayableError):
        FliteEngine().say(CLEAR, "slt", 1.0)
    with pytest.raises(UnsayableError):
        PicoEngine().say(BRITISH, "en-US", 1.0)
    assert FliteEngine().voices("de") == [] and PicoEngine().voices("de") == ["de-DE"]


def test_kokoro_writes_sounds_in_its_own_letters() -> None:
    symbols = symbol_numbers()
    assert kokoro_letters(HAPPY, symbols) == "hˈæpi."
    assert kokoro_letters(FLAP, symbols) == "kəmpjˈuTəɹ."
    assert kokoro_letters(CLEAR, symbols) == "kəmpjˈutəɹ."
    assert kokoro_letters(BRITISH, symbols) == "QkˈA."
    phrase = Pronunciation("near bird", (("n", "ˈiə"), ("b", "ˈɜː", "d")), "en-gb", "British")
    assert kokoro_letters(phrase, symbols) == "nˈɪə bˈɜːd."
    assert kokoro_letters(HAPPY, symbols, "?") == "hˈæpi?"
    german = Pronunciation("möchte", (("m", "ˈœ", "ç", "t", "ə"),), "de", "German")
    assert kokoro_letters(german, symbols) == "mˈœçtə."
    odd = Pronunciation("odd", (("ɮ", "ˈɘ", "ɫ"),), "en-us", "own")
    written = kokoro_letters(odd, symbols)
    assert written.startswith("ˈ") and written[1] in symbols and written[1] in "əɨᵊeɜ"  # the nearest sound of Kokoro
    long = Pronunciation("long", (("l", "ˈɔ", "ŋ") * 400,), "en-us", "own")
    with pytest.raises(UnsayableError, match="Kokoro takes 500"):
        kokoro_letters(long, symbols)


@pytest.mark.skipif(
    not KokoroEngine().is_here(), reason="the Kokoro voices are not here: python -m training fetch --voices"
)
def test_kokoro_blends_two_voices() -> None:
    engine = KokoroEngine()
    assert len(engine.voices("en")) == 54 and len(engine.own_voices("en")) == 28
    assert engine.own_voices("de") == []
    one, blend = (engine.say(HAPPY, voice, 1.0) for voice in ("af_heart", "af_heart+bm_lewis"))
    assert len(one) != len(blend) or not np.allclose(one, blend, atol=0.01)


def test_an_engine_without_its_package_is_not_here(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(importlib.util, "find_spec", lambda name: None)
    monkeypatch.setattr(shutil, "which", lambda name: None)
    assert find_engines() == []
    sentences = missing_engines()
    assert list(sentences) == [kind.name for kind in ENGINES]
    assert "onnxruntime" in sentences["Kokoro"]
    assert all(sentence.endswith(".") for sentence in sentences.values())


def test_kokoro_names_what_is_missing(tmp_path: Path) -> None:
    missing = KokoroEngine(tmp_path).missing()
    assert "120 MB, Apache-2.0" in missing and "fetch --voices" in missing and "8 of 10 utterances" in missing
    assert not KokoroEngine(tmp_path).is_here()
    assert "piper" in PiperEngine(tmp_path).missing() or PiperEngine(tmp_path).is_here()
