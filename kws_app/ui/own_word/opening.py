"""Opens the wizard from the window: with the microphone in use, a way to play takes, and a place for the word.

On the window's thread.
"""

from collections.abc import Callable
from contextlib import AbstractContextManager
from pathlib import Path

from PyQt6.QtCore import QObject
from PyQt6.QtWidgets import QWidget

from kws_app.audio.ring import Samples
from kws_app.audio.source import Feed, Phase
from kws_app.ui.history.clip_player import Player
from kws_app.ui.listening import Listening
from kws_app.ui.own_word.wizard import OwnWordWizard
from kws_app.ui.theme import LIGHT, Theme

TAKE = "take"  # what the player plays


class OwnWordOpening(QObject):
    """The one wizard of a window; it is made when it is wanted."""

    def __init__(
        self,
        window: QWidget,
        listening: Listening,
        data_dir: Path,
        models_dir: Path,
        playing: Callable[[], AbstractContextManager[None]],
        take_in: Callable[[str], object],
    ) -> None:
        """data_dir: where the takes are kept
        models_dir: where the models go
        playing: what is entered around a sound that the program plays
        take_in: called with the name of a model that can listen
        """
        super().__init__(window)
        self._window, self._listening = window, listening
        self._data_dir, self._models_dir, self._take_in = data_dir, models_dir, take_in
        self._player = Player(playing)
        self._theme = LIGHT
        self.wizard: OwnWordWizard | None = None

    def open(self, word: str = "") -> None:
        """Show the wizard; word: to begin with"""
        if self.wizard is None:
            self.wizard = OwnWordWizard(self._data_dir, self._models_dir, self._feed, self._play, self._window)
            self.wizard.set_theme(self._theme)
            self.wizard.ready.connect(lambda name: self._take_in(name))
        self.wizard.open(word)

    def set_theme(self, theme: Theme) -> None:
        self._theme = theme
        if self.wizard is not None:
            self.wizard.set_theme(theme)

    def finish(self) -> None:
        """The window closes: so does the wizard, and a training that runs goes on at the next start."""
        self._player.stop()
        if self.wizard is not None:
            self.wizard.finish()

    def _feed(self) -> Feed | None:
        """The microphone that is heard; where none is, it is opened, which takes a moment."""
        listening = self._listening
        if listening.source is None or listening.source.path is not None:
            listening.listen_to_microphone()
            return None
        return listening.source.feed if listening.state.phase is Phase.LISTENING else None

    def _play(self, samples: Samples) -> None:
        self._player.play(TAKE, samples)
