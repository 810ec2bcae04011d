"""Opens the wizard, and connects it with the microphone, the player and the list of words. On the window's thread."""

from collections.abc import Callable, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass
from pathlib import Path

from PyQt6.QtCore import QObject, pyqtSignal
from PyQt6.QtWidgets import QWidget

from kws_app.audio.ring import Samples
from kws_app.audio.source import Feed, Phase
from kws_app.engine.model_file import MODEL_SUFFIX
from kws_app.history.clip_store import ClipStore
from kws_app.history.entries import Entry
from kws_app.listening.findings import Mark
from kws_app.own_word.lessons import Lessons, write_lessons
from kws_app.own_word.order import Typed, WordPlaces
from kws_app.translation import _
from kws_app.ui.history.clip_player import Player
from kws_app.ui.history.history_control import HistoryControl
from kws_app.ui.listening import Listening
from kws_app.ui.own_word.microphone import Microphone
from kws_app.ui.own_word.wizard import OwnWordWizard
from kws_app.ui.theme import LIGHT, Theme
from kws_app.ui.words.active_words import ActiveWords

TAKE = "take"  # id of the sound for the player
OWN_ROLE = "expert"  # role of the model that a training makes first


@dataclass(frozen=True)
class WordFolders:
    """The folders for words."""

    data: Path  # the data folder of the app, with takes and clips
    models: Path  # models that the user made or added
    shipped: Path  # models of the program

    def has_own(self, keyword: str) -> bool:
        """Whether the user made the word: then it can learn from labels."""
        return (self.models / keyword / f"{OWN_ROLE}{MODEL_SUFFIX}").is_file() and not self.ships(keyword)

    def ships(self, keyword: str) -> bool:
        """Whether the word comes with the program."""
        return any((self.shipped / keyword).glob(f"*{MODEL_SUFFIX}"))


class OwnWordOpening(QObject):
    """The wizard of a window. It is made when it is opened for the first time."""

    _written = pyqtSignal(str, object)  # keyword and Lessons, from the disk thread

    def __init__(
        self,
        window: QWidget,
        listening: Listening,
        folders: WordFolders,
        playing: Callable[[], AbstractContextManager[None]],
        words: ActiveWords,
        history: HistoryControl,
    ) -> None:
        """playing: a context that is entered around each sound that the program plays"""
        super().__init__(window)
        self._window, self._listening, self._folders = window, listening, folders
        self._words, self._history = words, history
        self._player = Player(playing)
        self._theme = LIGHT
        self.wizard: OwnWordWizard | None = None
        self._written.connect(self._learn_from)
        history.learn_wanted.connect(self.learn)
        history.can_learn = folders.has_own
        listening.marked.connect(self._note_heard)

    def open(self, word: str = "") -> None:
        """Open the wizard. word: for the input field"""
        self._made().open(word)

    def learn(self, keyword: str) -> None:
        """Train a word of the user again, with its labels."""
        places = WordPlaces(self._folders.data, Typed.of(self._folders.data, keyword).word)

        def write(store: ClipStore, entries: Sequence[Entry]) -> str:
            lessons = write_lessons(store, entries, keyword, places)
            self._written.emit(keyword, lessons)
            return _("{count} labels of “{word}” are used.", count=lessons.count, word=places.word)

        self._history.with_clips(write, _("The labels could not be used"))

    def _learn_from(self, keyword: str, lessons: Lessons) -> None:
        self._made().learn_from(keyword, lessons)

    def _made(self) -> OwnWordWizard:
        if self.wizard is None:
            microphone = Microphone(self._feed, self._open_microphone)
            folders = self._folders
            self.wizard = OwnWordWizard(
                folders.data, folders.models, microphone, self._play, self._window, taken=folders.ships
            )
            self.wizard.set_theme(self._theme)
            self.wizard.ready.connect(self._words.take_in)
            self.wizard.added.connect(self._words.note_model)
        return self.wizard

    def set_theme(self, theme: Theme) -> None:
        self._theme = theme
        if self.wizard is not None:
            self.wizard.set_theme(theme)

    def finish(self) -> None:
        """The window closes: close the wizard and stop a training. It can be continued after the next start."""
        self._player.stop()
        if self.wizard is not None:
            self.wizard.finish()

    def _note_heard(self, mark: Mark) -> None:
        if self.wizard is not None:
            self.wizard.note_heard(mark.record.keyword)

    def _feed(self) -> Feed | None:
        """The sound of the microphone; None while it is off or opens."""
        listening = self._listening
        if listening.source is None or listening.source.path is not None:
            return None
        return listening.source.feed if listening.state.phase is Phase.LISTENING else None

    def _open_microphone(self) -> str:
        """Switch the microphone on. Returns why that is not possible, in one sentence, or an empty text."""
        listening = self._listening
        if listening.source is None or listening.source.path is not None:
            trouble = listening.forbidden or listening.no_microphone
            if trouble:
                return trouble
            listening.listen_to_microphone()
        return ""

    def _play(self, samples: Samples) -> None:
        self._player.play(TAKE, samples)
