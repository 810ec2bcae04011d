"""What training knows of a typed word, asked of a short child process: the app does not import training.

`Advisor` owns one thread. It answers the latest question only: a word that was typed over is not asked for.
"""

import json
import subprocess
import sys
import tempfile
import threading
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from kws_app.audio.audio_file import read_blocks
from kws_app.audio.ring import Samples
from kws_app.errors import AudioError
from kws_app.translation import _

PATIENCE_S = 300.0  # a busy computer; the first question makes lists of words
BEST_ENGINE = "kokoro"


@dataclass(frozen=True)
class Advice:
    """What to tell of a word."""

    word: str
    trouble: str = ""  # why it cannot be taken, in one sentence
    verdict: str = ""  # good, fair or poor
    sentences: tuple[str, ...] = ()
    pronunciations: tuple[tuple[str, str], ...] = ()  # (IPA, description)
    voices: tuple[str, ...] = ()  # engines that are here
    better_voices: str = ""  # how to get the best engine; empty where it is here

    @classmethod
    def from_lines(cls, word: str, text: str) -> "Advice":
        """Put together what the child printed: an object a line.

        raises ValueError, KeyError or TypeError if the text is no answer
        """
        raw: dict[str, Any] = {}
        for line in text.splitlines():
            raw |= json.loads(line)
        return cls(
            word,
            verdict=str(raw["verdict"]),
            sentences=tuple(map(str, raw["sentences"])),
            pronunciations=tuple((str(each["ipa"]), str(each["description"])) for each in raw["pronunciations"]),
            voices=tuple(str(each["engine"]) for each in raw["voices"]),
            better_voices=str(raw["missing"].get(BEST_ENGINE, "")),
        )


def ask(word: str) -> Advice:
    """The advice on a word; takes a second or two."""
    try:
        done = _describe("--json", "--", word)
        if done.returncode:
            return Advice(word, trouble=_last_line(done.stderr))
        return Advice.from_lines(word, done.stdout)
    except (OSError, subprocess.TimeoutExpired, ValueError, KeyError, TypeError) as error:
        return Advice(word, trouble=_("The word could not be looked at ({error}).", error=error))


def spoken(word: str) -> Samples:
    """A word, said by the best voice: [N] float32 at 16 kHz.

    raises AudioError, in one sentence, if no voice can say it
    """
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "word.wav"
        try:
            done = _describe("--say", str(path), "--", word)
        except (OSError, subprocess.TimeoutExpired) as error:
            raise AudioError(_("The word could not be said ({error}).", error=error)) from error
        if done.returncode:
            raise AudioError(_last_line(done.stderr))
        if not path.is_file():
            raise AudioError(_("No voice on this computer can say the word: install espeak-ng."))
        return np.concatenate([*read_blocks(path), np.zeros(0, dtype=np.float32)])


def _describe(*arguments: str) -> "subprocess.CompletedProcess[str]":
    return subprocess.run(
        [sys.executable, "-m", "training.describe_word", *arguments],
        cwd=Path(__file__).resolve().parents[2],  # -m finds training there, not in the user's present folder
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        timeout=PATIENCE_S,
        check=False,
        creationflags=getattr(subprocess, "CREATE_NO_WINDOW", 0),
    )


def _last_line(text: str) -> str:
    lines = text.strip().splitlines()
    return lines[-1] if lines else _("The word could not be looked at.")


class Advisor:
    """Asks beside the window. Its callback comes on its own thread."""

    def __init__(self, answered: Callable[[Advice], None]) -> None:
        """answered: called with each answer, but for words that were typed over meanwhile"""
        self._answered = answered
        self._lock = threading.Lock()  # held for an assignment only
        self._wanted: str | None = None
        self._running = False

    def ask(self, word: str) -> None:
        """Ask about a word, in place of the word before. Returns at once."""
        with self._lock:
            self._wanted = word
            if self._running:
                return
            self._running = True
        threading.Thread(target=self._run, name="word advice", daemon=True).start()

    def _run(self) -> None:
        while True:
            with self._lock:
                word, self._wanted = self._wanted, None
                if word is None:
                    self._running = False
                    return
            advice = ask(word)
            if self._wanted is None:
                try:
                    self._answered(advice)
                except RuntimeError:
                    return  # the window is gone
