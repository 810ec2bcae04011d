"""What every voice engine offers."""

from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from training.corpus.pronunciations import Pronunciation

Sound = NDArray[np.float32]


class UnsayableError(ValueError):
    """This engine cannot say this pronunciation; another one may."""


class Engine(Protocol):
    """A program or a package with voices."""

    name: str  # such as "Kokoro"
    licence: str  # of the program and of its voices
    says_phonemes: bool  # whether it says any phonemes; else it reads text with the pronunciation of its own accent

    def is_here(self) -> bool:
        """Whether it can speak on this machine."""
        ...

    def missing(self) -> str:
        """What the user must do to hear it, in a sentence; empty if it can speak."""
        ...

    def voices(self, language: str) -> list[str]:
        """The names of its voices that suit a language; empty if it has none."""
        ...

    def say(self, pronunciation: Pronunciation, voice: str, speed: float, ending: str = ".") -> Sound:
        """The word in a voice. [N] at 16 kHz, in -1..1

        speed: 1 for the voice's own, 2 for twice as fast
        ending: ".", "!" or "?", which changes the melody of the voice
        raises UnsayableError if the voice cannot say it so, OSError if the engine fails
        """
        ...
