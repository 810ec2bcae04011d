"""Starting, stopping, and what the screen shows while something is listened to. On the window's thread.

It never waits: the worker answers with signals, and leaves what the plots show in a buffer that is emptied here.
"""

from collections import deque
from dataclasses import replace

from PyQt6.QtCore import QObject, QTimer, pyqtSignal
from PyQt6.QtWidgets import QApplication

from kws_app.audio.source import Phase, Source, SourceState
from kws_app.listening.session import SoundChunk
from kws_app.listening.worker import Mark, Worker
from kws_app.translation import _, ngettext
from kws_app.ui.models.model_control import ModelControl
from kws_app.ui.sources.level_hint import LevelHint
from kws_app.ui.sources.source_control import SourceControl
from kws_app.ui.window_layout import WindowLayout

FRAME_MS = 33
UNSEEN_MS = 2000  # between two looks at what the worker left, where nobody sees them
PLOT_BLOCKS = 400  # some 12 s, for a window that is held up; older ones are not drawn
OVER = (Phase.STOPPED, Phase.ENDED, Phase.FAILED)


class Listening(QObject):
    """One source at a time, heard by the models in use."""

    changed = pyqtSignal()  # `state` is another
    permitted = pyqtSignal()  # whether something can be started may be another
    began = pyqtSignal()  # another source is listened to
    marked = pyqtSignal(object)  # Mark: a detection, once it is on the screen

    def __init__(self, worker: Worker, parts: WindowLayout, models: ModelControl, sources: SourceControl) -> None:
        super().__init__()
        self.source: Source | None = None  # what is listened to; None when stopped
        self.state = SourceState(Phase.STOPPED)
        self._worker, self._parts = worker, parts
        self._models, self._sources = models, sources
        self._heard_here = 0  # detections since the start
        self._hint = LevelHint()
        self._hint_shown = ""
        self._seen = True
        self._plot_data: deque[SoundChunk] = deque(maxlen=PLOT_BLOCKS)
        self._timer = QTimer(self)
        self._timer.setInterval(FRAME_MS)
        self._timer.timeout.connect(self._draw)
        worker.detected.connect(self._detected)
        worker.source_changed.connect(self._source_changed)
        models.changed.connect(self._models_changed)
        models.lost.connect(self._no_model)
        sources.chosen.connect(self._source_chosen)
        sources.opened.connect(self.start)
        sources.trouble_changed.connect(self.say_state)

    def start(self) -> None:
        """Listen to the source that is chosen."""
        if self.forbidden:
            self._parts.controls.set_listening(False)
            return
        self.source = self._sources.open()
        self._heard_here = 0
        self._plot_data = deque(maxlen=PLOT_BLOCKS)
        self._parts.plots.forget()
        self._parts.meter.clear()
        self._hint = LevelHint()
        self._parts.controls.set_listening(True)
        self.began.emit()
        self._worker.listen_to(self.source, self._plot_data)
        self._timer.start()
        self._change(SourceState(Phase.OPENING))

    @property
    def forbidden(self) -> str:
        """Why nothing can be started: no model listens."""
        return self._models.trouble if self._models.model is None else ""

    @property
    def loading(self) -> bool:
        """Whether what is to be listened to waits for the model."""
        return self.source is not None and self._models.model is None

    @property
    def without_microphone(self) -> str:
        """Why there is no microphone, where one is what would be listened to."""
        return self._sources.trouble if self._sources.choice.path is None else ""

    def stop(self) -> None:
        self._worker.stop_listening()
        self._show_stopped(SourceState(Phase.STOPPED))

    def finish(self) -> None:
        """Draw no more: the window closes."""
        self._timer.stop()

    def _change(self, state: SourceState) -> None:
        self.state = state
        self._sources.listening_to(self.source)
        self.say_state()
        self.changed.emit()

    def _show_stopped(self, state: SourceState) -> None:
        self._draw()
        self.source = None
        self._timer.stop()
        self._parts.controls.set_listening(False)
        self._parts.meter.clear()
        self._change(state)

    def _source_changed(self, source: Source, state: SourceState) -> None:
        if source is not self.source:  # a word from one that was replaced since
            return
        if state.phase in OVER:
            self._show_stopped(state)
        else:
            self._change(state)
            if state.phase is Phase.LISTENING and state.message:  # on how the device was opened
                self._parts.banner.notice(state.message)

    def _source_chosen(self) -> None:
        if self.source is not None:
            self.start()
        else:
            self._change(SourceState(Phase.STOPPED))

    def _models_changed(self) -> None:
        self._parts.plots.set_models([model.name for model in self._models.models])
        self._parts.legend.set_models(self._models.models)
        self.say_state()
        self.permitted.emit()

    def _no_model(self) -> None:
        if self.source is not None:
            self.stop()
        self.say_state()
        self.permitted.emit()

    def _detected(self, mark: Mark) -> None:
        if mark.source is self.source:
            self._heard_here += 1
            self._parts.plots.add_mark(mark.sample)
        self._parts.banner.flash(mark.record.keyword, mark.record.score)
        window = self._parts.window()
        if window is not None:
            QApplication.alert(window)
        self.marked.emit(mark)

    def _draw(self) -> None:
        """Take in what the worker left; paint it where it can be seen."""
        fresh = False
        while self._plot_data:
            chunk = self._plot_data.popleft()
            self._parts.plots.add(chunk)
            self._parts.meter.add(chunk.samples)
            self._hint.add(chunk.samples)
            self._mark_found(chunk)
            fresh = True
        if fresh and self._seen:
            self._parts.plots.redraw()

    def set_seen(self, seen: bool) -> None:
        """Whether anybody can see the plots; where not, only what counts is done."""
        self._seen = seen
        self._worker.want(replace(self._worker.wanted, watched=seen))
        self._timer.setInterval(FRAME_MS if seen else UNSEEN_MS)
        if seen:
            self._draw()
            self._parts.plots.redraw()

    def say_hint(self) -> None:
        """Say what is wrong with the level, if that has changed."""
        if self._current_hint() != self._hint_shown:
            self.say_state()

    def _current_hint(self) -> str:
        live = self.source is not None and self.source.path is None and self.state.phase is Phase.LISTENING
        return self._hint.text if live else ""

    def _mark_found(self, chunk: SoundChunk) -> None:
        """What models that are only compared detected; the others' detections come as marks."""
        compared = {model.name for model in self._models.models if not model.main}
        for scored in chunk.scored:
            for detection in scored.detections if scored.model in compared else ():
                self._parts.plots.add_found(scored.model, detection.sample)

    def say_state(self) -> None:
        """The sentence on the banner."""
        banner, phase, trouble = self._parts.banner, self.state.phase, self._sources.trouble
        file = self._sources.choice.path
        self._hint_shown = self._current_hint()
        word = self.word
        self._parts.controls.forbid_start(self.forbidden)
        if self._models.trouble:
            banner.say(self._models.trouble, warning=True)
        elif phase in (Phase.WAITING, Phase.FAILED):
            banner.say(self.state.message, warning=True, offer_file=True)
        elif phase is Phase.ENDED:
            banner.say(self._end_of_file)
        elif phase is Phase.STOPPED and trouble and file is None:
            banner.say(trouble, warning=True, offer_file=True)
        elif phase is Phase.STOPPED:
            banner.say(
                _("Press Space and say {word}", word=word)
                if file is None
                else _("Press Space to play {file}", file=file.name)
            )
        elif self._models.model is None:
            banner.say(_("Loading the model…"))
        elif phase is Phase.OPENING:
            banner.say(_("Opening the source…"))
        elif self._hint_shown:
            banner.say(_("Listening for {word}. {hint}", word=word, hint=self._hint_shown), warning=True)
        else:
            banner.say(_("Listening for {word}", word=word))

    @property
    def _end_of_file(self) -> str:
        if not self._heard_here:
            return _("The file has ended; {word} was heard never in it.", word=self.word)
        return ngettext(
            "The file has ended; {word} was heard once in it.",
            "The file has ended; {word} was heard {count} times in it.",
            self._heard_here,
            word=self.word,
        )

    @property
    def word(self) -> str:
        """The keywords that are listened for, as they are said in a sentence."""
        # Translators: the quotation marks around a word
        words = list(dict.fromkeys(_("“{word}”", word=model.keyword) for model in self._models.models))
        if len(words) > 1:
            # Translators: such as "one", "two" or "three"
            return _("{words} or {last}", words=", ".join(words[:-1]), last=words[-1])
        return words[0] if words else _("the word")
