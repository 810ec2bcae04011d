"""Starts and stops the listening, and shows it on the screen. On the window's thread.

Nothing here waits: the worker answers with signals. It puts the data of the plots into a buffer; a timer here takes the
data out.
"""

from collections import deque
from dataclasses import replace

from PyQt6.QtCore import QObject, QTimer, pyqtSignal
from PyQt6.QtWidgets import QApplication

from kws_app.audio.source import Phase, Source, SourceState
from kws_app.engine.names import written
from kws_app.listening.findings import Mark
from kws_app.listening.session import SoundChunk
from kws_app.listening.worker import Worker
from kws_app.translation import _, ngettext
from kws_app.ui.plots.recording import DetectionMark, Recording
from kws_app.ui.sources.level_hint import LevelHint
from kws_app.ui.sources.source_control import SourceControl
from kws_app.ui.window_layout import WindowLayout
from kws_app.ui.words.active_words import ActiveWords

FRAME_MS = 33  # between two pictures
UNSEEN_MS = 2000  # between two looks into the buffer while nobody sees the plots
PLOT_BLOCKS = 400  # size of the buffer, about 12 s; when it is full, the oldest block is dropped and not drawn
MOST_MOMENTS = 2000  # detections whose place in the plots is kept
MOST_WORDS_SAID = 4  # words that a sentence lists by name
OVER = (Phase.STOPPED, Phase.ENDED, Phase.FAILED)


class Listening(QObject):
    """One source at a time, and the models that listen to it."""

    changed = pyqtSignal()  # `state` has changed
    permitted = pyqtSignal()  # `forbidden` may have changed
    began = pyqtSignal()  # a source was started
    marked = pyqtSignal(object)  # Mark: a detection that is on the screen now
    peaked = pyqtSignal(str, float)  # id of the detection that the banner shows, and its probability so far

    def __init__(self, worker: Worker, parts: WindowLayout, words: ActiveWords, sources: SourceControl) -> None:
        super().__init__()
        self.source: Source | None = None  # the source that is heard; None when stopped
        self.state = SourceState(Phase.STOPPED)
        self._worker, self._parts = worker, parts
        self._words, self._sources = words, sources
        self._heard_here = 0  # detections in this source
        self._hint = LevelHint()
        self._hint_shown = ""
        self._seen = True
        self._visiting = False  # a file plays in place of the microphone; after the file the microphone is chosen again
        self._listened_before = False  # the file interrupted the microphone, which must listen again
        self._flashed = self._flashed_id = ""  # the model and the detection that the banner shows
        self._recording: Recording = parts.plots.current
        self._moments: dict[str, tuple[Recording, int]] = {}  # by id of a detection: where the plots show it
        self._plot_data: deque[SoundChunk] = deque(maxlen=PLOT_BLOCKS)
        self._timer = QTimer(self)
        self._timer.setInterval(FRAME_MS)
        self._timer.timeout.connect(self._draw)
        worker.detected.connect(self._detected)
        worker.source_changed.connect(self._source_changed)
        words.changed.connect(self._models_changed)
        words.lost.connect(self._no_model)
        sources.chosen.connect(self._source_chosen)
        sources.opened.connect(self._file_opened)
        sources.trouble_changed.connect(self.say_state)

    def start(self) -> None:
        """Listen to the chosen source."""
        if self.forbidden:
            self._parts.controls.set_listening(False)
            return
        self.source = self._sources.open()
        self._heard_here = 0
        self._plot_data = deque(maxlen=PLOT_BLOCKS)
        self._recording = self._parts.plots.begin(live=self.source.path is None)
        self._parts.meter.clear()
        self._hint = LevelHint()
        self._parts.controls.set_listening(True)
        self.began.emit()
        self._worker.listen_to(self.source, self._plot_data)
        self._timer.start()
        self._change(SourceState(Phase.OPENING))

    def listen_to_microphone(self) -> None:
        """Listen to the chosen microphone, even if a file is chosen or playing."""
        self._visiting = False
        self._sources.back_to_microphone()
        self.start()

    @property
    def forbidden(self) -> str:
        """Why the listening cannot start, in one sentence; empty if it can."""
        return self._words.trouble if self._words.model is None else ""

    @property
    def loading(self) -> bool:
        """Whether a source waits for the model."""
        return self.source is not None and self._words.model is None

    @property
    def no_microphone(self) -> str:
        """Why there is no microphone; empty where there is one."""
        return self._sources.trouble

    @property
    def without_microphone(self) -> str:
        """Why there is no microphone, in one sentence; empty if there is one, or if a file is chosen."""
        return self.no_microphone if self._sources.choice.path is None else ""

    def stop(self) -> None:
        """Stop. After a file that played in place of the microphone, the microphone is chosen again."""
        self._worker.stop_listening()
        self._show_stopped(SourceState(Phase.STOPPED))
        if self._visiting:
            self._end_visit()
            self._change(SourceState(Phase.STOPPED))

    def show_moment(self, id: str) -> bool:
        """Show a detection in the plots. Returns False if the plots no longer keep its sound."""
        moment = self._moments.get(id)
        return moment is not None and self._parts.plots.show_moment(*moment)

    def finish(self) -> None:
        """Stop drawing: the window closes."""
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
        if source is not self.source:  # a late message of an earlier source
            return
        if state.phase in OVER:
            self._show_stopped(state)
            if self._visiting:
                self._leave_file(state)
        else:
            self._change(state)
            if state.phase is Phase.LISTENING and state.message:  # such as another sample rate than asked for
                self._parts.banner.notice(state.message)

    def _source_chosen(self) -> None:
        """The user chose a source in the list. A file only interrupts a microphone that listens."""
        self._visiting = self._sources.choice.path is not None and (self._visiting or self._hears_microphone)
        if self.source is not None:
            self._listened_before = self._visiting
            self.start()
        else:
            self._change(SourceState(Phase.STOPPED))

    def _file_opened(self) -> None:
        """The user dropped or opened a file: play it at once, and go back to the microphone after it."""
        if not self._visiting:
            self._visiting, self._listened_before = True, self._hears_microphone
        self.start()

    @property
    def _hears_microphone(self) -> bool:
        return self.source is not None and self.source.path is None

    def _end_visit(self) -> None:
        self._visiting = False
        self._sources.back_to_microphone()

    def _leave_file(self, state: SourceState) -> None:
        """The file has ended or cannot be played: choose the microphone again."""
        failed = state.phase is Phase.FAILED
        said = state.message if failed else self._end_of_file
        self._end_visit()
        if self._listened_before:
            said = " ".join([said, _("The microphone listens again.")])
            self.start()
        else:
            self._change(SourceState(Phase.STOPPED))
        self._parts.banner.notice(said, warning=failed)

    def _models_changed(self) -> None:
        self.say_state()
        self.permitted.emit()

    def _no_model(self) -> None:
        if self.source is not None:
            self.stop()
        self.say_state()
        self.permitted.emit()

    def _detected(self, mark: Mark) -> None:
        record = mark.record
        if mark.source is self.source:
            self._heard_here += 1
            word = self._words.words.get(record.keyword)
            slot = 0 if word is None else word.slot
            self._parts.plots.add_mark(DetectionMark(mark.sample, written(record.keyword), slot))
            self._moments[record.key] = self._recording, mark.sample
            if len(self._moments) > MOST_MOMENTS:
                del self._moments[next(iter(self._moments))]
        self._flashed, self._flashed_id = record.model, record.key
        self._parts.banner.flash(written(record.keyword), record.score)
        window = self._parts.window()
        if window is not None:
            QApplication.alert(window)
        self.marked.emit(mark)

    def _draw(self) -> None:
        """Take the data out of the buffer, and draw it if anybody sees the plots."""
        fresh = False
        while self._plot_data:
            chunk = self._plot_data.popleft()
            self._parts.plots.add(chunk)
            self._parts.meter.add(chunk.samples)
            self._hint.add(chunk.samples)
            self._mark_found(chunk)
            self._raise_peak(chunk)
            fresh = True
        if fresh and self._seen:
            self._parts.plots.redraw()

    def set_seen(self, seen: bool) -> None:
        """Whether anybody can see the plots. While nobody can, nothing is drawn."""
        self._seen = seen
        self._worker.want(replace(self._worker.wanted, watched=seen))
        self._timer.setInterval(FRAME_MS if seen else UNSEEN_MS)
        if seen:
            self._draw()
            self._parts.plots.redraw()

    def say_hint(self) -> None:
        """Show the hint about the level of the microphone, if it has changed."""
        if self._current_hint() != self._hint_shown:
            self.say_state()

    def _current_hint(self) -> str:
        live = self.source is not None and self.source.path is None and self.state.phase is Phase.LISTENING
        return self._hint.text if live else ""

    def _mark_found(self, chunk: SoundChunk) -> None:
        """Draw the detections of compared models. The detections of a word's own model come as marks."""
        compared = {model.name for model in self._words.models if not model.main}
        for scored in chunk.scored:
            for detection in scored.detections if scored.model in compared else ():
                self._parts.plots.add_found(scored.model, detection.sample)

    def _raise_peak(self, chunk: SoundChunk) -> None:
        """Show the highest probability so far beside the word in the banner. The list shows the same number."""
        if self._parts.banner.flashing:
            for scored in chunk.scored:
                if scored.model == self._flashed and len(scored.scores):
                    keyword = self._words.cards[scored.model].keyword
                    if self._parts.banner.raise_peak(written(keyword), float(max(scored.scores))):
                        self.peaked.emit(self._flashed_id, self._parts.banner.peak)

    def say_state(self) -> None:
        """Show the present state in the banner."""
        banner, phase, trouble = self._parts.banner, self.state.phase, self._sources.trouble
        file = self._sources.choice.path
        self._hint_shown = self._current_hint()
        word = self.word
        self._parts.controls.forbid_start(self.forbidden)
        if self._words.trouble:
            banner.say(self._words.trouble, warning=True)
        elif phase in (Phase.WAITING, Phase.FAILED):
            banner.say(self.state.message, warning=True, offer_file=True)
        elif phase is Phase.ENDED:
            banner.say(self._end_of_file)
        elif phase is Phase.STOPPED and trouble and file is None:
            banner.say(trouble, warning=True, offer_file=True)
        elif self._words.model is None:
            banner.say(_("Loading the model…"))
        elif phase is Phase.STOPPED:
            banner.say(
                _("Press Space and say {word}", word=word)
                if file is None
                else _("Press Space to play {file}", file=file.name)
            )
        elif phase is Phase.OPENING:
            banner.say(_("Opening the source…"))
        elif self._hint_shown:
            banner.say(_("Listening for {word}. {hint}", word=word, hint=self._hint_shown), warning=True)
        else:
            banner.say(_("Listening for {word}", word=word))

    @property
    def _end_of_file(self) -> str:
        if not self._heard_here:
            return _("The file has ended. {word} was not heard in it.", word=self.word)
        return ngettext(
            "The file has ended. {word} was heard once in it.",
            "The file has ended. {word} was heard {count} times in it.",
            self._heard_here,
            word=self.word,
        )

    @property
    def word(self) -> str:
        """The keywords that are listened for, as part of a sentence."""
        # Translators: the quotation marks around a word
        words = list(dict.fromkeys(_("“{word}”", word=written(model.keyword)) for model in self._words.models))
        if len(words) > MOST_WORDS_SAID:
            return _("{count} words", count=len(words))
        if len(words) > 1:
            # Translators: such as "one", "two" or "three"
            return _("{words} or {last}", words=", ".join(words[:-1]), last=words[-1])
        return words[0] if words else _("the word")
