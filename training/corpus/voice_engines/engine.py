"""The methods that every voice engine has."""

from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from training.corpus.pronunciations import Pronunciation

Sound = NDArray[np.float32]


class UnsayableError(ValueError):
    """This engine cannot say this pronunciation. Another engine may be able to."""


class Engine(Protocol):
    """A program or a package with voices."""

    name: str  # such as "Kokoro"
    licence: str  # of the program and of its voices
    says_phonemes: bool  # whether it says phonemes; otherwise it reads text in its own accent

    def is_here(self) -> bool:
        """Whether it can speak on this machine."""
        ...

    def missing(self) -> str:
        """A sentence that says what the user must install. Empty if the engine can speak."""
        ...

    def voices(self, language: str) -> list[str]:
        """The names of the voices that suit a language."""
        ...

    def say(self, pronunciation: Pronunciation, voice: str, speed: float, ending: str = ".") -> Sound:
        """Let a voice say the word. [N] at 16 kHz, in -1..1

        speed: 1 for the voice's own speed, 2 for twice as fast
        ending: ".", "!" or "?", which changes the melody of the voice
        raises UnsayableError if the voice cannot say this pronunciation, OSError if the engine fails
        """
        ...
