"""Kokoro-82M (hexgrad 2024): 54 neural voices that say phonemes, so they can say every pronunciation.

It needs the package onnxruntime and the files that `python -m training fetch --voices` brings.
"""

import importlib
import importlib.util
import json
from functools import cached_property, lru_cache
from pathlib import Path
from typing import Any

import numpy as np
import soxr

from kws_app.engine.frontend_config import SAMPLE_RATE
from training.corpus.phonemes import STRESS, phoneme_distance, plain
from training.corpus.pronunciations import Pronunciation
from training.corpus.voice_engines.engine import Sound, UnsayableError
from training.corpus.voice_files import (
    LICENCE,
    MODEL,
    SIZE_MB,
    STYLE_SHAPE,
    STYLES,
    SYMBOLS,
    WITHOUT_THEM,
    voices_are_here,
    voices_folder,
)

KOKORO_RATE = 24_000
LONGEST = 500  # symbols that the network takes, at most
BLEND = "+"  # stands between the names of two voices that are blended half and half
EDGE_S = (0.03, 0.05)  # seconds kept before and after the sound
QUIET = 0.01  # of full scale; softer samples at the edges are cut off

_LANGUAGES = {"en": "ab", "es": "e", "fr": "f", "hi": "h", "it": "i", "ja": "j", "pt": "p", "cmn": "z"}
# espeak-ng's phonemes that Kokoro's authors write with other letters, and Kokoro's letters.
_SOUNDS = {
    "aɪ": "I", "aʊ": "W", "eɪ": "A", "ɔɪ": "Y", "oʊ": "O", "əʊ": "Q", "tʃ": "ʧ", "dʒ": "ʤ", "ts": "ʦ", "dz": "ʣ",
    "ɾ": "T", "ʔ": "t", "ɐ": "ə", "ɚ": "əɹ", "ɜːɹ": "ɜɹ", "ɝ": "ɜɹ", "r": "ɹ", "g": "ɡ", "n̩": "ᵊn", "l̩": "ᵊl",
    "əl": "ᵊl", "oː": "ɔ", "e": "A", "eː": "A", "o": "O", "iə": "iə", "ʉː": "u", "ʉ": "u", "x": "k", "ɬ": "l",
}  # fmt: skip
_FOREIGN = {"e": "e", "eː": "e", "o": "o", "oː": "o", "r": "r", "x": "x", "ɾ": "ɾ"}  # languages other than English
_BRITISH = {"ɜː": "ɜː", "ɾ": "T", "iə": "ɪə", "eə": "ɛː", "oː": "O"}


class KokoroEngine:
    """54 voices, and blends of two voices."""

    name = "Kokoro"
    licence = "Apache-2.0"
    says_phonemes = True

    def __init__(self, folder: Path | None = None) -> None:
        self.folder = folder or voices_folder()

    def is_here(self) -> bool:
        """Whether the files and onnxruntime are installed."""
        return not self.missing()

    def missing(self) -> str:
        """See Engine."""
        needs = []
        if not voices_are_here(self.folder):
            needs.append(f"Bring the voices ({SIZE_MB} MB, {LICENCE}) with `python -m training fetch --voices`.")
            needs.append(WITHOUT_THEM)
        if importlib.util.find_spec("onnxruntime") is None:
            needs.append("Install the package onnxruntime: `pip install 'kws-app[voices]'`.")
        return " ".join(needs)

    def voices(self, language: str) -> list[str]:
        """All voices, the voices of the language first. Every voice can say every phoneme."""
        names = sorted(path.stem for path in (self.folder / STYLES).glob("*.bin"))
        own = _LANGUAGES.get(language.split("-")[0], "")
        return sorted(names, key=lambda name: name[0] not in own)

    def own_voices(self, language: str) -> list[str]:
        """The voices that were trained on the language."""
        own = _LANGUAGES.get(language.split("-")[0], "")
        return [name for name in self.voices(language) if own and name[0] in own]

    @cached_property
    def symbols(self) -> dict[str, int]:
        """Kokoro's number for each letter."""
        table: dict[str, int] = json.loads((self.folder / SYMBOLS).read_text(encoding="utf-8"))
        return table

    @cached_property
    def _session(self) -> Any:
        onnxruntime = importlib.import_module("onnxruntime")
        options = onnxruntime.SessionOptions()
        options.intra_op_num_threads = options.inter_op_num_threads = 1  # a word is too short for two threads
        return onnxruntime.InferenceSession(str(self.folder / MODEL), options, providers=["CPUExecutionProvider"])

    @lru_cache(maxsize=128)  # noqa: B019 (an engine lives as long as its command)
    def _style(self, voice: str) -> Sound:
        parts = [np.fromfile(self.folder / STYLES / f"{name}.bin", np.float32) for name in voice.split(BLEND)]
        return np.mean([part.reshape(STYLE_SHAPE) for part in parts], axis=0, dtype=np.float32)

    def say(self, pronunciation: Pronunciation, voice: str, speed: float, ending: str = ".") -> Sound:
        """See Engine. The voice "af_heart+bm_lewis" is a blend of two voices."""
        written = kokoro_letters(pronunciation, self.symbols, ending)
        numbers = [self.symbols[letter] for letter in written]
        style = self._style(voice)[min(len(numbers), STYLE_SHAPE[0] - 1)]
        inputs = {
            "tokens": np.array([[0, *numbers, 0]], np.int64),
            "style": style.reshape(1, -1),
            "speed": np.array([speed], np.float32),
        }
        samples = np.asarray(self._session.run(None, inputs)[0], np.float32).ravel()
        loud = np.flatnonzero(np.abs(samples) > QUIET)
        if not len(loud):
            raise UnsayableError(f"Kokoro's voice {voice} gives no sound for '{pronunciation.text}'.")
        before, after = (round(seconds * KOKORO_RATE) for seconds in EDGE_S)
        samples = samples[max(0, loud[0] - before) : loud[-1] + after]
        return np.asarray(soxr.resample(samples, KOKORO_RATE, SAMPLE_RATE), np.float32).clip(-1, 1)


def kokoro_letters(pronunciation: Pronunciation, symbols: dict[str, int], ending: str = ".") -> str:
    """The pronunciation in Kokoro's letters, with its ending. The nearest letter stands for a sound that Kokoro lacks.

    raises UnsayableError if there are more than LONGEST letters
    """
    sounds = dict(_SOUNDS)
    if not pronunciation.accent.startswith("en"):
        sounds |= _FOREIGN
    elif not pronunciation.accent.startswith("en-us"):
        sounds |= _BRITISH
    keeps_length = not pronunciation.accent.startswith("en-us")
    words = []
    for phonemes in pronunciation.words:
        words.append("".join(_letters(phoneme, sounds, keeps_length, symbols) for phoneme in phonemes))
    written = " ".join(words) + ending
    if len(written) > LONGEST:
        raise UnsayableError(f"'{pronunciation.text}' has {len(written)} phonetic letters; Kokoro takes {LONGEST}.")
    return written


def _letters(phoneme: str, sounds: dict[str, str], keeps_length: bool, symbols: dict[str, int]) -> str:
    mark = phoneme[0] if phoneme[:1] in STRESS else ""
    bare = phoneme.removeprefix(mark)
    for pattern in (bare, bare.rstrip("ː")):
        if pattern in sounds:
            return mark + sounds[pattern]
    written = ""
    rest = bare
    while rest:
        for length in (3, 2, 1):
            if rest[:length] in sounds and len(rest) >= length:
                written += sounds[rest[:length]]
                break
        else:
            length = 1
            if rest[0] == "ː":
                written += "ː" if keeps_length else ""
            elif rest[0] in symbols:
                written += rest[0]
            elif plain(rest[0]):
                written += _nearest(rest[0], symbols)
        rest = rest[length:]
    return mark + written


def _nearest(letter: str, symbols: dict[str, int]) -> str:
    known: list[tuple[float, str]] = [(phoneme_distance(letter, other), other) for other in symbols if plain(other)]
    return min(known)[1]
