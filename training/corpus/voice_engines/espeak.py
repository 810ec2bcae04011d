"""espeak-ng: a voice by formula in some 130 languages. It sounds like a machine, is easy to install, says phonemes."""

import io
import shutil
import subprocess

import numpy as np
import soundfile
import soxr

from kws_app.engine.frontend_config import SAMPLE_RATE
from training.corpus.phonemes import STRESS
from training.corpus.pronunciations import Pronunciation
from training.corpus.synthetic_speech import VOICES
from training.corpus.voice_engines.engine import Sound, UnsayableError

WORDS_A_MINUTE = 165  # at speed 1
# The names that espeak-ng gives to English phonemes.
_NAMES = {
    "ɐ": "a#", "ə": "@", "ɚ": "3", "ɜː": "3:", "ɜːɹ": "3:", "æ": "a", "a": "a", "ɑː": "A:", "ɑ": "A:", "ɒ": "0",
    "ɔ": "O", "ɔː": "O:", "oː": "o@", "oʊ": "oU", "əʊ": "oU", "aʊ": "aU", "aɪ": "aI", "eɪ": "eI", "ɔɪ": "OI", "ɛ": "E",
    "ɪ": "I", "i": "i", "iː": "i:", "ᵻ": "I2", "ʊ": "U", "u": "u:", "uː": "u:", "ʌ": "V", "ɪɹ": "i@3", "ɛɹ": "e@",
    "ɑːɹ": "A@", "ɔːɹ": "O@", "oːɹ": "o@", "ʊɹ": "U@", "tʃ": "tS", "ʧ": "tS", "dʒ": "dZ", "ʤ": "dZ", "ʃ": "S", "ʒ": "Z",
    "θ": "T", "ð": "D", "ŋ": "N", "ɹ": "r", "ɾ": "t#", "ʔ": "?", "ɡ": "g", "t": "t2", "n̩": "n-", "əl": "@L",
}  # fmt: skip


class EspeakEngine:
    """69 speakers, made by formula."""

    name = "espeak-ng"
    licence = "GPL-3.0-or-later; its sound is free"
    says_phonemes = True

    def is_here(self) -> bool:
        """Whether the program is installed."""
        return shutil.which("espeak-ng") is not None

    def missing(self) -> str:
        """See Engine."""
        return "" if self.is_here() else "Install the program espeak-ng."

    def voices(self, language: str) -> list[str]:
        """The speakers. Every speaker speaks every language."""
        return list(VOICES)

    def say(self, pronunciation: Pronunciation, voice: str, speed: float, ending: str = ".") -> Sound:
        """See Engine."""
        text = pronunciation.text if pronunciation.from_text else f"[[{self._phonemes(pronunciation)}]]"
        text += ending
        command = ["espeak-ng", "-v", f"{pronunciation.accent}+{voice}", "-s", str(round(WORDS_A_MINUTE * speed))]
        done = subprocess.run([*command, "--stdout"], input=text.encode(), capture_output=True, check=False)
        if done.returncode or not done.stdout:
            raise OSError(f"espeak-ng could not speak ({done.stderr.decode(errors='replace').strip() or 'no sound'}).")
        samples, rate = soundfile.read(io.BytesIO(done.stdout), dtype="float32")
        return np.asarray(soxr.resample(samples, rate, SAMPLE_RATE), np.float32)

    def _phonemes(self, pronunciation: Pronunciation) -> str:
        """The pronunciation in espeak-ng's names.

        raises UnsayableError if a phoneme has no name in the table
        """
        if not pronunciation.accent.startswith("en"):
            raise UnsayableError("espeak-ng says phonemes in English only; it reads other languages from their text.")
        words = []
        for phonemes in pronunciation.words:
            names = []
            for phoneme in phonemes:
                mark = phoneme[0] if phoneme[:1] in STRESS else ""
                bare = phoneme.removeprefix(mark)
                name = _NAMES.get(bare, bare if bare.isascii() and bare.isalpha() else None)
                if name is None:
                    raise UnsayableError(f"espeak-ng has no English sound '{bare}'.")
                names.append({"ˈ": "'", "ˌ": ",", "": ""}[mark] + name)
            words.append("".join(names))
        return " ".join(words)
