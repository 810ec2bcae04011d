"""Opens the wizard, and connects it with the microphone, the player and the list of words. On the window's thread."""

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

TAKE = "take"  # id of the sound for the player


class OwnWordOpening(QObject):
    """The wizard of a window. It is made when it is opened for the first time."""

    def __init__(
        self,
        window: QWidget,
        listening: Listening,
        data_dir: Path,
        models_dir: Path,
        playing: Callable[[], AbstractContextManager[None]],
        take_in: Callable[[str], object],
    ) -> None:
        """data_dir: folder of the takes
        models_dir: folder of the models
        playing: a context that is entered around each sound that the program plays
        take_in: called with the name of each model that is ready
        """
        super().__init__(window)
        self._window, self._listening = window, listening
        self._data_dir, self._models_dir, self._take_in = data_dir, models_dir, take_in
        self._player = Player(playing)
        self._theme = LIGHT
        self.wizard: OwnWordWizard | None = None

    def open(self, word: str = "") -> None:
        """Open the wizard. word: for the input field"""
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
        """The window closes: close the wizard and stop a training. It can be continued after the next start."""
        self._player.stop()
        if self.wizard is not None:
            self.wizard.finish()

    def _feed(self) -> Feed | None:
        """The sound of the microphone. If no microphone listens: start it, and return None until it listens."""
        listening = self._listening
        if listening.source is None or listening.source.path is not None:
            listening.listen_to_microphone()
            return None
        return listening.source.feed if listening.state.phase is Phase.LISTENING else None

    def _play(self, samples: Samples) -> None:
        self._player.play(TAKE, samples)
