"""Advice about a typed word. A short child process gives it, because the app does not import training.

`Advisor` owns one thread, and answers only for the word that was typed last.
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

PATIENCE_S = 300.0  # longest wait, for a busy computer; the first question makes lists of words
BEST_ENGINE = "kokoro"


@dataclass(frozen=True)
class Advice:
    """The advice about a word."""

    word: str
    trouble: str = ""  # why the word cannot be used, in one sentence
    verdict: str = ""  # good, fair or poor
    sentences: tuple[str, ...] = ()
    pronunciations: tuple[tuple[str, str], ...] = ()  # (IPA, description)
    voices: tuple[str, ...] = ()  # speech engines on this computer
    better_voices: str = ""  # how to get the best speech engine; empty if it is on this computer

    @classmethod
    def from_lines(cls, word: str, text: str) -> "Advice":
        """The advice in the output of the child: a JSON object on each line.

        raises ValueError, KeyError or TypeError for any other output
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
    """The advice about a word. Takes one or two seconds."""
    try:
        done = _describe("--json", "--", word)
        if done.returncode:
            return Advice(word, trouble=_last_line(done.stderr))
        return Advice.from_lines(word, done.stdout)
    except (OSError, subprocess.TimeoutExpired, ValueError, KeyError, TypeError) as error:
        return Advice(word, trouble=_("The word could not be checked ({error}).", error=error))


def spoken(word: str) -> Samples:
    """A word in the best voice: [N] float32 at 16 kHz.

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
        cwd=Path(__file__).resolve().parents[2],  # the folder in which -m finds training
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        timeout=PATIENCE_S,
        check=False,
        creationflags=getattr(subprocess, "CREATE_NO_WINDOW", 0),
    )


def _last_line(text: str) -> str:
    lines = text.strip().splitlines()
    return lines[-1] if lines else _("The word could not be checked.")


class Advisor:
    """Asks for advice in a thread of its own. The callback comes on this thread."""

    def __init__(self, answered: Callable[[Advice], None]) -> None:
        """answered: called with each answer, unless another word was asked for in the meantime"""
        self._answered = answered
        self._lock = threading.Lock()  # held only for an assignment
        self._wanted: str | None = None
        self._running = False

    def ask(self, word: str) -> None:
        """Ask about a word. An earlier word gets no answer any more. Returns at once."""
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
