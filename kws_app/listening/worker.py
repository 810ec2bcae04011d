"""The worker: a thread that reads the source, runs the detectors and reports to the window.

Commands come through a queue. Between two reads of the sound the thread waits for the next command. It never touches a
widget. Detections, states and errors leave as Qt signals, which are never dropped. Plot data goes into a buffer of the
window, which drops its oldest piece when it is full. PyTorch, if used, is imported here, after the window is shown.
"""

import logging
import queue
import threading
import time
from collections import deque
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path

from PyQt6.QtCore import QObject, pyqtSignal

from kws_app.audio.source import Phase, Source, SourceState
from kws_app.engine.catalogue import ModelFolders
from kws_app.errors import ModelError, brief
from kws_app.history.disk_thread import DiskThread
from kws_app.history.log import DetectionLog
from kws_app.history.recorder import Recorder
from kws_app.listening.active_models import ActiveModels
from kws_app.listening.findings import Findings
from kws_app.listening.options import ListeningOptions
from kws_app.listening.own_sounds import OwnSounds
from kws_app.listening.session import Health, Session, SoundChunk
from kws_app.translation import _

DRAIN_S = 0.03  # between two reads of the ring
UNWATCHED_S = 0.2  # the longest time between two reads when the plots are hidden
LINGER_S = 0.08  # extra wait when the plots are hidden: two steps then cost one wake-up
SETTLE_S = 0.005  # extra wait until the last sample of a step is surely in the ring
HEALTH_S = 0.2  # between two sums of lag and step times
JOIN_S = 0.5  # the window's wait for this thread to end, so that detections are written
UNHEARD_S = 0.2  # the same wait while no model is loaded: nothing is lost, and an import of PyTorch cannot be stopped

log = logging.getLogger(__name__)


class Worker(QObject):
    """Owns the listening. The window's thread calls the public methods; each returns at once."""

    models_found = pyqtSignal(object, object)  # list[ModelEntry], and one sentence for each file that is no model
    models_unknown = pyqtSignal(str)  # one sentence: why the models cannot be listed
    models_refused = pyqtSignal(object)  # by name of each refused model, the reason; sent before `models_changed`
    models_changed = pyqtSignal(object)  # list[ActiveModel] that listen from now on; answers each `use_models`
    engine_changed = pyqtSignal(str)  # the engine that models run on from now on; answers each `use_engine`
    models_left = pyqtSignal(object)  # list[ActiveModel] that go on listening after one failed
    detected = pyqtSignal(object)  # Mark; only the main model of a keyword sends marks
    source_changed = pyqtSignal(object, object)  # Source, SourceState
    listened = pyqtSignal(object)  # Listened: how long each model has heard, once a second of sound
    failed = pyqtSignal(str)  # one sentence

    def __init__(
        self, models_dir: Path, log: DetectionLog, own_models_dir: Path | None = None, engine: str | None = None
    ) -> None:
        """engine: the engine at the start; None is the default engine"""
        super().__init__()
        self._health: Health | None = None  # this thread replaces it
        self._health_at = 0.0  # when `_health` was summed, in monotonic seconds
        self.wanted = ListeningOptions()  # what the window asked for last; only the window's thread uses it
        self._options = self.wanted  # the options that this thread works by
        self._own_sounds = OwnSounds()
        self.disk = DiskThread(log)
        self.recorder = Recorder(self.disk)
        self.folders = ModelFolders([models_dir, *([own_models_dir] if own_models_dir else [])])
        self._active = ActiveModels(self.folders, engine)
        self._findings = Findings(
            self.recorder,
            log,
            self._active,
            detected=lambda mark: self.detected.emit(mark),
            listened=lambda hours: self.listened.emit(hours),
            failed=lambda sentence: self.failed.emit(sentence),
        )
        self._commands: queue.SimpleQueue[Callable[[], None] | None] = queue.SimpleQueue()
        self._source: Source | None = None
        self._session: Session | None = None
        self._to_start = False  # the source is a file that starts once there is a model
        self._plot_data: deque[SoundChunk] = deque(maxlen=1)
        self._state = SourceState(Phase.STOPPED)
        self._thread = threading.Thread(target=self._run, name="worker", daemon=True)

    def start(self) -> None:
        self._thread.start()
        self.disk.start()
        self._commands.put(self._find_models)

    def take_in_model(self, name: str) -> None:
        """A model file is new in the folder, or replaced a file that is in use. Answers with `models_found`."""
        self._commands.put(lambda: self._active.forget(name))
        self._commands.put(self._find_models)

    @property
    def health(self) -> Health | None:
        """Lag and step times. While this thread is busy, the lag is the sound that waits in the ring."""
        health, source = self._health, self._source
        feed = None if source is None else source.feed
        if health is None or feed is None:
            return health
        waits_ms = 1000 * feed.reader.available / feed.rate_hz
        return replace(health, lag_ms=max(health.lag_ms, waits_ms), lag_95th_ms=max(health.lag_95th_ms, waits_ms))

    def use_models(self, names: Sequence[str]) -> None:
        """Listen with these models; the first of each keyword is its main one."""
        self._commands.put(lambda: self._use_models(names))

    def use_engine(self, engine: str | None) -> None:
        """Run the models on another engine; None is the default engine. No sound and no model state is lost."""
        self._commands.put(lambda: self._use_engine(engine))

    def want(self, options: ListeningOptions) -> None:
        """Listen with these options from the next step on. options: `wanted` with some fields replaced"""
        self.wanted = options
        self._commands.put(lambda: self._take_options(options))

    @contextmanager
    def playing(self) -> Iterator[None]:
        """Enter this around a sound that the program plays, in any thread. The microphone then hears silence."""
        begun_s = time.monotonic()
        self._commands.put(lambda: self._own_sounds.begin(begun_s))
        try:
            yield
        finally:
            ended_s = time.monotonic()
            self._commands.put(lambda: self._own_sounds.end(ended_s))

    def listen_to(self, source: Source, plot_data: deque[SoundChunk]) -> None:
        """Listen to `source` in place of the present source, and append its sound and scores to `plot_data`.

        Before a model is loaded, a file waits. A microphone opens at once, and its sound waits in the ring.
        """
        self._commands.put(lambda: self._listen_to(source, plot_data))

    def stop_listening(self) -> None:
        self._commands.put(self._stop_listening)

    def save_missed(self) -> None:
        """The user says that a word was missed: keep the last seconds. A refusal comes as `failed`."""
        self._commands.put(self._findings.save_missed)

    def shut_down(self) -> bool:
        """Stop the source and both threads. Returns whether both have ended, as an import cannot be stopped."""
        self._commands.put(None)
        if self._thread.ident is not None:
            self._thread.join(JOIN_S if self._active.detectors else UNHEARD_S)
        written = self.disk.close()  # last, because stopping gives the disk thread something to write
        return not self._thread.is_alive() and written

    def _run(self) -> None:
        while True:
            try:
                command = self._commands.get(timeout=self._patience_s())
            except queue.Empty:
                command = self._listen
            if command is None:
                break
            try:
                command()
            except Exception as error:  # any error: the window must know, and this thread must go on
                log.exception("The worker stopped listening.")
                self._give_up()
                self.failed.emit(
                    _("Listening has stopped because of an unexpected error ({error}).", error=brief(error))
                )
        self._stop_listening()

    def _patience_s(self) -> float | None:
        """How long to wait for a command before the next read of the ring. None: without a source, until a command."""
        if self._source is None:
            return None
        if self._options.watched or self._session is None:
            return DRAIN_S
        return min(max(self._session.next_step_in_s + LINGER_S + SETTLE_S, DRAIN_S), UNWATCHED_S)

    def _give_up(self) -> None:
        source = self._source
        try:
            self._stop_listening()
        except Exception:  # the source is dropped in any case
            log.exception("The source did not stop.")
            self._source = self._session = self._health = None
        if source is not None:  # the window waits for a state, even if the source failed before its first state
            self.source_changed.emit(source, SourceState(Phase.STOPPED))

    def _find_models(self) -> None:
        try:
            found = self.folders.find_all()
        except Exception as error:  # any error of a foreign file: the window waits for an answer
            log.exception("The models could not be listed.")
            self.models_unknown.emit(_("The models cannot be listed ({error}).", error=brief(error)))
            return
        self.models_found.emit(*found)

    def _take_options(self, options: ListeningOptions) -> None:
        self._options = options
        self._active.tune(options.tunings)
        self.recorder.keep_clips = options.keep_clips
        if self._source is not None:
            self._listen()  # while a threshold is dragged, commands come without a pause, and the sound must be read
        else:
            self._findings.models_changed()

    def _use_models(self, names: Sequence[str]) -> None:
        refused = self._active.use(names)
        if refused:
            self.models_refused.emit(refused)
        if self._session is not None and self._active.detectors:
            self._session.use(self._active.detectors)
        self._findings.models_changed()
        self.models_changed.emit(list(self._active.models.values()))
        if self._to_start and self._source is not None:
            self._listen()  # the file starts now

    def _use_engine(self, engine: str | None) -> None:
        try:
            self._active.run_on(engine)
        except ModelError as error:
            self.failed.emit(str(error))
        else:
            if self._session is not None:
                self._session.renew_frontend()
        self.engine_changed.emit(self._active.engine)

    def _listen_to(self, source: Source, plot_data: deque[SoundChunk]) -> None:
        self._stop_listening()
        self._findings.begin(source)
        self._source, self._plot_data = source, plot_data
        self._state = SourceState(Phase.STOPPED)
        self._to_start = source.path is not None
        if not self._to_start:
            source.start()

    def _stop_listening(self) -> None:
        if self._source is not None:
            self._source.stop()
            self._report(self._source, SourceState(Phase.STOPPED))
        self._leave_source()

    def _leave_source(self) -> None:
        """End the session of the source."""
        session = self._session
        self._source = self._session = self._health = None
        self._findings.finish(session.finish() if session is not None else [])

    def _listen(self) -> None:
        """Read all sound that came since the last read."""
        source = self._source
        assert source is not None
        if not self._active.detectors:
            state = source.state  # an open microphone counts as "opening" until there is a model
            self._report(source, state if state.phase is Phase.WAITING else SourceState(Phase.OPENING))
            return
        if self._to_start:
            self._to_start = False
            source.start()
        state = source.state  # read before the ring: all samples of an ended file are then in the ring
        if self._session is None:
            self._session = Session(source, self._active.detectors, self._own_sounds)
        for chunk in self._session.drain():
            self._plot_data.append(chunk)
            if self._session.failures and not self._go_on_without(self._session):
                return
            self._findings.take(source, chunk)
            if not self._commands.empty():
                return  # a command does not wait for a backlog; the rest is read after the command
        waiting = source.feed is None or state.phase is Phase.WAITING  # then there are no numbers
        self._health = None if waiting else self._fresh_health(self._session)
        if state.phase in (Phase.ENDED, Phase.FAILED):
            self._leave_source()
        self._report(source, state)

    def _fresh_health(self, session: Session) -> Health:
        """Lag and step times. They are summed a few times a second: a sum takes longer than most reads."""
        now = time.monotonic()
        if self._health is None or now - self._health_at >= HEALTH_S:
            self._health_at = now
            return session.health
        return self._health

    def _go_on_without(self, session: Session) -> bool:
        """Drop the models that failed. If no model is left, stop the listening and return False."""
        failures, session.failures = session.failures, {}
        self._active.drop(list(failures))
        for name, reason in failures.items():
            self.failed.emit(
                _("The model {name} stopped with an error ({reason}): choose another model.", name=name, reason=reason)
            )
        if not self._active.detectors:
            self._give_up()
        self.models_left.emit(list(self._active.models.values()))
        return bool(self._active.detectors)

    def _report(self, source: Source, state: SourceState) -> None:
        if state != self._state:
            self._state = state
            self.source_changed.emit(source, state)
