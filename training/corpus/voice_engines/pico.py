"""SVOX Pico, through the package py-nanotts: six voices that read text, each in its own accent or language."""

import importlib
import importlib.util

import numpy as np

from training.corpus.pronunciations import Pronunciation
from training.corpus.voice_engines.engine import Sound, UnsayableError

_VOICES = {"en-US": "en-us", "en-GB": "en-gb", "de-DE": "de", "es-ES": "es", "fr-FR": "fr-fr", "it-IT": "it"}


class PicoEngine:
    """A voice for each accent."""

    name = "SVOX Pico"
    licence = "Apache-2.0"
    says_phonemes = False

    def is_here(self) -> bool:
        """Whether the package is installed."""
        return importlib.util.find_spec("py_nanotts") is not None

    def missing(self) -> str:
        """See Engine."""
        return "" if self.is_here() else "Install the package py-nanotts: 6 voices in 5 languages."

    def voices(self, language: str) -> list[str]:
        """The voices of the language."""
        return [voice for voice in _VOICES if voice.split("-")[0] == language.split("-")[0]]

    def say(self, pronunciation: Pronunciation, voice: str, speed: float, ending: str = ".") -> Sound:
        """See Engine."""
        if not pronunciation.from_text or pronunciation.accent != _VOICES[voice]:
            raise UnsayableError(f"SVOX Pico's voice {voice} reads text only and cannot say this pronunciation.")
        package = importlib.import_module("py_nanotts")
        try:
            content: bytes = package.NanoTTS().speak(pronunciation.text + ending, voice=voice, speed=speed)
        except (RuntimeError, ValueError) as error:
            raise OSError(f"SVOX Pico could not speak ({error}).") from error
        return np.asarray(np.frombuffer(content, np.int16) / 32768, np.float32)
