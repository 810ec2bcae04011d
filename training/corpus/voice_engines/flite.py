"""flite (Carnegie Mellon University): small American voices that read text."""

import shutil
import subprocess
import tempfile
from pathlib import Path

import numpy as np
import soundfile
import soxr

from kws_app.engine.frontend_config import SAMPLE_RATE
from training.corpus.pronunciations import Pronunciation
from training.corpus.voice_engines.engine import Sound, UnsayableError


class FliteEngine:
    """Three American voices and a Scottish voice."""

    name = "flite"
    licence = "BSD-like, as its authors say"
    says_phonemes = False

    def is_here(self) -> bool:
        """Whether the program is installed."""
        return shutil.which("flite") is not None

    def missing(self) -> str:
        """See Engine."""
        return "" if self.is_here() else "Install the program flite: 4 English voices."

    def voices(self, language: str) -> list[str]:
        """English voices only."""
        return ["slt", "rms", "awb", "kal16"] if language.split("-")[0] == "en" else []

    def say(self, pronunciation: Pronunciation, voice: str, speed: float, ending: str = ".") -> Sound:
        """See Engine."""
        accent = "en-gb-scotland" if voice == "awb" else "en-us"
        if not pronunciation.from_text or pronunciation.accent != accent:
            raise UnsayableError(f"flite's voice {voice} reads text only and cannot say this pronunciation.")
        with tempfile.TemporaryDirectory() as folder:
            path = Path(folder) / "take.wav"
            command = ["flite", "-voice", voice, "--setf", f"duration_stretch={1 / speed:.3f}", "-o", str(path)]
            done = subprocess.run([*command, "-t", pronunciation.text + ending], capture_output=True, check=False)
            if done.returncode or not path.is_file():
                raise OSError(f"flite could not speak ({done.stderr.decode(errors='replace').strip() or 'no sound'}).")
            samples, rate = soundfile.read(str(path), dtype="float32")
        return np.asarray(soxr.resample(samples, rate, SAMPLE_RATE), np.float32)
