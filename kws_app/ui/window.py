"""The main window: connects the parts on the screen with the worker. All on the window's thread.

It never waits: the worker, the search for devices and the closing of streams run elsewhere and answer with signals.
"""

from collections import deque
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from PyQt6.QtCore import QByteArray, QTimer
from PyQt6.QtGui import QCloseEvent, QIcon, QKeySequence, QShortcut
from PyQt6.QtWidgets import QAbstractButton, QApplication, QComboBox, QFileDialog, QMainWindow

from kws_app.audio import Microphone, MicrophoneSource
from kws_app.history import DetectionLog
from kws_app.paths import ASSETS_DIR
from kws_app.session import Heard
from kws_app.settings import SettingsFile
from kws_app.source import FileSource, Phase, Source, SourceState
from kws_app.ui.content import Content
from kws_app.ui.controls import SourceChoice
from kws_app.ui.devices import DeviceScan
from kws_app.ui.memory import Memory
from kws_app.ui.model_control import ModelControl
from kws_app.ui.status_line import StatusLine
from kws_app.ui.theme import Theme, apply_theme, system_theme
from kws_app.worker import Mark, Worker

FRAME_MS = 33
TEXT_MS = 250
RELOOK_MS = 1000  # a stream that reopens has let PortAudio see new devices by then
PLOT_BLOCKS = 400  # some 12 s; the plots show 10
AUDIO_FILES = "Audio (*.wav *.flac *.ogg *.opus *.mp3 *.aif *.aiff);;All files (*)"


@dataclass(frozen=True)
class StartOptions:
    """What the command line asks for; None leaves it to the settings. Not remembered."""

    model: str | None = None
    input: Path | None = None
    threshold: float | None = None
    listen: bool = False


def open_source(choice: SourceChoice) -> Source:
    """The source that was chosen, not yet started."""
    return FileSource(choice.path) if choice.path else MicrophoneSource(choice.microphone)


class MainWindow(QMainWindow):
    """The one window. Closing it stops everything."""

    def __init__(
        self,
        worker: Worker,
        settings_file: SettingsFile,
        log: DetectionLog,
        options: StartOptions | None = None,
        theme: Theme | None = None,
        devices: DeviceScan | None = None,
        open_source: Callable[[SourceChoice], Source] = open_source,
    ) -> None:
        """theme: None follows the system. devices, open_source: where sound comes from, other than real devices"""
        super().__init__()
        options = options or StartOptions()
        self._worker = worker
        self._fixed_theme = theme
        self._microphone_trouble = ""
        self._source: Source | None = None  # what is listened to; None when stopped
        self._state = SourceState(Phase.STOPPED)
        self._heard_here = 0  # detections since the start
        self._plot_data: deque[Heard] = deque(maxlen=PLOT_BLOCKS)
        self._devices = devices or DeviceScan()
        self._open_source = open_source
        self._file_dialog: QFileDialog | None = None  # while it is open

        self.setWindowTitle("Wake word")
        self.setWindowIcon(QIcon(str(ASSETS_DIR / "icon.svg")))
        self.setMinimumSize(900, 600)
        self.resize(1100, 720)
        self.content = Content()
        self.setCentralWidget(self.content)
        self.status = StatusLine()
        self.setStatusBar(self.status)
        self._list_earlier(log)
        self._draw_timer = self._timer(FRAME_MS, self._draw)
        self._text_timer = self._timer(TEXT_MS, lambda: self.status.show_health(self._worker.health))
        self.memory = Memory(settings_file)
        self.models = ModelControl(worker, self.content, self.memory, options.model, options.threshold)
        self._connect_worker()
        self._connect_controls()
        self._add_shortcuts()
        self._follow_theme()

        settings = self.memory.settings
        self.restoreGeometry(QByteArray.fromHex(settings.geometry.encode()))
        self.content.controls.source.choose(SourceChoice(settings.microphone, options.input))
        self._say_state()
        if self.memory.notice:
            self.content.sign.notice(self.memory.notice)
        worker.start()
        self._devices.scan(rescan=False)
        self._text_timer.start()
        if options.listen:
            self.start()

    def _list_earlier(self, log: DetectionLog) -> None:
        try:
            records = log.last()
        except OSError as error:
            self.content.sign.notice(f"The earlier detections could not be read ({error}): starting without them.")
            return
        for record in records:
            self.content.detections.add(record)

    def _timer(self, interval_ms: int, action: Callable[[], None]) -> QTimer:
        timer = QTimer(self)
        timer.setInterval(interval_ms)
        timer.timeout.connect(action)
        return timer

    def _connect_worker(self) -> None:
        worker = self._worker
        worker.detected.connect(self._detected)
        worker.source_changed.connect(self._source_changed)
        worker.failed.connect(self.content.sign.notice)
        self.memory.failed.connect(self.content.sign.notice)
        self.models.changed.connect(self._models_changed)
        self.models.noticed.connect(self.content.sign.notice)
        self.models.lost.connect(self._no_model)
        self._devices.found.connect(self._microphones_found)
        self._devices.failed.connect(self._no_microphone)

    def _connect_controls(self) -> None:
        content, controls = self.content, self.content.controls
        controls.start.toggled.connect(lambda on: self.start() if on else self.stop())
        controls.source.chosen.connect(self._source_chosen)
        controls.source.file_wanted.connect(self.ask_for_file)
        controls.source.opening.connect(lambda: self._devices.scan(rescan=True))
        controls.refresh.clicked.connect(self.look_for_microphones)
        content.sign.action.clicked.connect(self.ask_for_file)
        hints = QApplication.styleHints()
        if hints is not None:
            hints.colorSchemeChanged.connect(self._follow_theme)

    def _add_shortcuts(self) -> None:
        content = self.content
        for keys, action in (
            ("Space", self._press_space),
            ("Ctrl+O", self.ask_for_file),
            ("Ctrl+M", content.controls.model.showPopup),
            ("F5", self.look_for_microphones),
            ("Ctrl+Up", lambda: content.threshold.step(1)),
            ("Ctrl+Down", lambda: content.threshold.step(-1)),
            ("Ctrl+R", content.threshold.reset.click),
            ("Ctrl+Q", self.close),
        ):
            QShortcut(QKeySequence(keys), self).activated.connect(action)

    def _press_space(self) -> None:
        """Start or stop, unless the keyboard is on a button or list that Space works itself."""
        focus, start = self.focusWidget(), self.content.controls.start
        if isinstance(focus, QAbstractButton) and focus is not start:
            focus.click()
        elif isinstance(focus, QComboBox):
            focus.showPopup()
        else:
            start.click()

    # Listening

    def start(self) -> None:
        """Listen to what the source picker shows."""
        if self.models.model is None and self.models.trouble:
            self.content.controls.set_listening(False)
            return
        self._source = self._open_source(self.content.controls.source.choice)
        self._state = SourceState(Phase.OPENING)
        self._heard_here = 0
        self._plot_data = deque(maxlen=PLOT_BLOCKS)
        self.content.plots.forget()
        self.content.meter.clear()
        self.content.controls.set_listening(True)
        self._worker.listen_to(self._source, self._plot_data)
        self._draw_timer.start()
        self._say_state()

    def stop(self) -> None:
        self._worker.stop_listening()
        self._show_stopped(SourceState(Phase.STOPPED))

    def _show_stopped(self, state: SourceState) -> None:
        self._draw()
        self._source, self._state = None, state
        self._draw_timer.stop()
        self.content.controls.set_listening(False)
        self.content.meter.clear()
        self._say_state()

    def _source_changed(self, source: Source, state: SourceState) -> None:
        if source is not self._source:  # a word from one that was replaced since
            return
        if state.phase in (Phase.STOPPED, Phase.ENDED, Phase.FAILED):
            self._show_stopped(state)
        else:
            self._state = state
            self._say_state()

    def _detected(self, mark: Mark) -> None:
        self.content.detections.add(mark.record)
        if mark.source is self._source:
            self._heard_here += 1
            self.content.plots.add_mark(mark.sample)
        self.content.sign.flash(mark.record.keyword, mark.record.score)
        QApplication.alert(self)

    def _draw(self) -> None:
        """Take in what the worker left; paint it where it can be seen."""
        fresh = False
        while self._plot_data:
            heard = self._plot_data.popleft()
            self.content.plots.add(heard)
            self.content.meter.add(heard.samples)
            fresh = True
        if fresh and not self.isMinimized():
            self.content.plots.redraw()

    def _say_state(self) -> None:
        """The sentence on the sign."""
        sign, phase = self.content.sign, self._state.phase
        model = self.models.model
        word = f"“{model.keyword}”" if model else "the word"
        file = self.content.controls.source.choice.path
        if self.models.trouble:
            sign.say(self.models.trouble, warning=True)
        elif phase in (Phase.WAITING, Phase.FAILED):
            sign.say(self._state.message, warning=True, offer_file=True)
        elif phase is Phase.ENDED:
            count = {0: "never", 1: "once"}.get(self._heard_here, f"{self._heard_here} times")
            sign.say(f"The file has ended; {word} was heard {count} in it.")
        elif phase is Phase.STOPPED and self._microphone_trouble and file is None:
            sign.say(self._microphone_trouble, warning=True, offer_file=True)
        elif phase is Phase.STOPPED:
            sign.say(f"Press Space and say {word}" if file is None else f"Press Space to play {file.name}")
        elif model is None:
            sign.say("Loading the model…")
        elif phase is Phase.OPENING:
            sign.say("Opening the source…")
        else:
            sign.say(f"Listening for {word}")

    # Choices

    def _models_changed(self) -> None:
        self.content.plots.set_models([model.name for model in self.models.models])
        self._say_state()

    def _no_model(self) -> None:
        if self._source is not None:
            self.stop()
        self._say_state()

    def _source_chosen(self, choice: SourceChoice) -> None:
        if choice.path is None:
            self.memory.remember(microphone=choice.microphone)
        if self._source is not None:
            self.start()
        else:
            self._state = SourceState(Phase.STOPPED)
            self._say_state()

    def ask_for_file(self) -> None:
        """A dialog that does not block: listening goes on behind it. One at a time."""
        if self._file_dialog is not None:
            self._file_dialog.raise_()
            self._file_dialog.activateWindow()
            return
        dialog = self._file_dialog = QFileDialog(self, "Open an audio file", "", AUDIO_FILES)
        dialog.setFileMode(QFileDialog.FileMode.ExistingFile)
        dialog.setModal(False)
        dialog.fileSelected.connect(lambda name: self.open_file(Path(name)))
        dialog.finished.connect(self._file_dialog_closed)
        dialog.show()

    def _file_dialog_closed(self) -> None:
        if self._file_dialog is not None:
            self._file_dialog.deleteLater()
            self._file_dialog = None

    def open_file(self, path: Path) -> None:
        """Choose a file and play it."""
        self.content.controls.source.choose(SourceChoice(self.memory.settings.microphone, path))
        self.start()

    def look_for_microphones(self) -> None:
        if isinstance(self._source, MicrophoneSource):
            self._source.reopen()
            QTimer.singleShot(RELOOK_MS, lambda: self._devices.scan(rescan=False))
        else:
            self._devices.scan(rescan=True)

    def _microphones_found(self, microphones: list[Microphone]) -> None:
        self.content.controls.source.set_microphones(microphones)
        if self._microphone_trouble:
            self._microphone_trouble = ""
            self._say_state()

    def _no_microphone(self, reason: str) -> None:
        self.content.controls.source.set_microphones([])
        self._microphone_trouble = reason
        self._say_state()

    # Keeping

    def _follow_theme(self) -> None:
        app = QApplication.instance()
        assert isinstance(app, QApplication)
        theme = self._fixed_theme or system_theme(app)
        apply_theme(app, theme)
        self.content.set_theme(theme)

    def closeEvent(self, event: QCloseEvent | None) -> None:
        self.hide()
        self._draw_timer.stop()
        self._text_timer.stop()
        self.memory.remember(geometry=bytes(self.saveGeometry().toHex().data()).decode())
        self.memory.save()
        self._worker.shut_down()
        self._devices.finish(timeout_s=0.2)
        super().closeEvent(event)
