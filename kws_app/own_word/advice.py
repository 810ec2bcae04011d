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
from kws_app.own_word.languages import USUAL
from kws_app.translation import _

PATIENCE_S = 300.0  # longest wait, for a busy computer; the first question makes lists of words
BEST_ENGINE = "kokoro"


@dataclass(frozen=True)
class Saying:
    """One way to say a word."""

    ipa: str  # phonetic letters
    description: str  # such as "American"


@dataclass(frozen=True)
class Advice:
    """The advice about a word."""

    word: str
    language: str
    trouble: str = ""  # why the word cannot be used, in one sentence
    verdict: str = ""  # good, fair or poor
    sentences: tuple[str, ...] = ()
    sayings: tuple[Saying, ...] = ()  # the most common first
    voices: tuple[str, ...] = ()  # speech engines on this computer
    better_voices: str = ""  # how to get the best speech engine; empty if it is on this computer

    @classmethod
    def from_lines(cls, word: str, language: str, text: str) -> "Advice":
        """The advice in the output of the child: a JSON object on each line.

        raises ValueError, KeyError or TypeError for any other output
        """
        raw = _object(text)
        return cls(
            word,
            language,
            verdict=str(raw["verdict"]),
            sentences=tuple(map(str, raw["sentences"])),
            sayings=_sayings(raw),
            voices=tuple(str(each["engine"]) for each in raw["voices"]),
            better_voices=str(raw["missing"].get(BEST_ENGINE, "")),
        )


def _object(text: str) -> dict[str, Any]:
    """The parts of an answer, an object a line, as one object."""
    raw: dict[str, Any] = {}
    for line in text.splitlines():
        raw |= json.loads(line)
    return raw


def _sayings(raw: dict[str, Any]) -> tuple[Saying, ...]:
    return tuple(Saying(str(each["ipa"]), str(each["description"])) for each in raw["pronunciations"])


def ask(word: str, language: str = USUAL) -> Advice:
    """The advice about a word. Takes one or two seconds."""
    try:
        done = _describe("--json", "--language", language, "--", word)
        if done.returncode:
            return Advice(word, language, trouble=_last_line(done.stderr))
        return Advice.from_lines(word, language, done.stdout)
    except (OSError, subprocess.TimeoutExpired, ValueError, KeyError, TypeError) as error:
        return Advice(word, language, trouble=_("The word could not be checked ({error}).", error=error))


def saying_like(word: str, language: str, letters: str) -> Saying:
    """Another way to say a word, in phonetic letters or in letters that sound like it.

    raises ValueError, in one sentence, if it cannot be said
    """
    try:
        done = _describe("--json", "--language", language, f"--like={letters}", "--", word)
        if not done.returncode:
            return _sayings(_object(done.stdout))[0]
    except (OSError, subprocess.TimeoutExpired, KeyError, TypeError, IndexError) as error:
        raise ValueError(_("That could not be looked at ({error}).", error=error)) from error
    raise ValueError(_last_line(done.stderr))


def spoken(word: str, language: str = USUAL, ipa: str = "") -> Samples:
    """A word in the best voice: [N] float32 at 16 kHz.

    ipa: the way to say it; empty for the most common way
    raises AudioError, in one sentence, if no voice can say it
    """
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "word.wav"
        try:
            done = _describe("--language", language, f"--pronunciation={ipa}", "--say", str(path), "--", word)
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
        self._lock = threading.Lock()  # held for an assignment only
        self._wanted: tuple[str, str] | None = None  # word and language
        self._running = False

    def ask(self, word: str, language: str = USUAL) -> None:
        """Ask about a word. An earlier word gets no answer any more. Returns at once."""
        with self._lock:
            self._wanted = word, language
            if self._running:
                return
            self._running = True
        threading.Thread(target=self._run, name="word advice", daemon=True).start()

    def _run(self) -> None:
        while True:
            with self._lock:
                wanted, self._wanted = self._wanted, None
                if wanted is None:
                    self._running = False
                    return
            advice = ask(*wanted)
            if self._wanted is None:
                try:
                    self._answered(advice)
                except RuntimeError:
                    return  # the window is gone
