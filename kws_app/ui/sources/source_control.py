"""The choice of the source: a microphone or a file. On the window's thread; a thread of `DeviceScan` finds devices."""

from collections.abc import Callable
from pathlib import Path

from PyQt6.QtCore import QObject, QTimer, pyqtSignal
from PyQt6.QtWidgets import QFileDialog

from kws_app.audio.file_source import FileSource
from kws_app.audio.microphone import MicrophoneSource
from kws_app.audio.portaudio import Microphone
from kws_app.audio.source import Source
from kws_app.translation import _
from kws_app.ui.settings_store import SettingsStore
from kws_app.ui.sources.device_scan import DeviceScan
from kws_app.ui.widgets.control_bar import SourceChoice
from kws_app.ui.window_layout import WindowLayout

RELOOK_MS = 1000  # after a stream was told to open again: then PortAudio has seen new devices
FOLLOW_MS = 5000  # between two looks for new devices
MOST_RECENT = 6  # files in the list
AUDIO_FILES = ";;".join([_("Audio") + " (*.wav *.flac *.ogg *.opus *.mp3 *.aif *.aiff)", _("All files") + " (*)"])


def open_source(choice: SourceChoice, in_real_time: bool) -> Source:
    """The chosen source, not started. in_real_time: play a file as fast as it was spoken, not as fast as possible"""
    return FileSource(choice.path, paced=in_real_time) if choice.path else MicrophoneSource(choice.microphone)


class SourceControl(QObject):
    """The chosen source, and the list of sources."""

    chosen = pyqtSignal()  # the user chose another source
    opened = pyqtSignal()  # the user opened a file: play it at once
    trouble_changed = pyqtSignal()

    def __init__(
        self,
        parts: WindowLayout,
        store: SettingsStore,
        devices: DeviceScan,
        open_source: Callable[[SourceChoice, bool], Source] = open_source,
    ) -> None:
        super().__init__()
        self.trouble = ""  # why there is no microphone, in one sentence
        self._parts = parts
        self._picker = parts.controls.source
        self._store = store
        self._devices = devices
        self._open_source = open_source
        self._listening_to: Source | None = None
        self._file_dialog: QFileDialog | None = None  # while it is open
        self._real_time = parts.controls.real_time
        self._follow_timer = QTimer(self)
        self._follow_timer.setInterval(FOLLOW_MS)
        self._follow_timer.timeout.connect(self._follow_devices)
        self._follow_timer.start()
        self._real_time.toggled.connect(self._set_real_time)
        self._picker.chosen.connect(self._choose)
        self._picker.file_wanted.connect(self.ask_for_file)
        self._picker.opening.connect(lambda: devices.scan(rescan=True))
        parts.controls.refresh.clicked.connect(self.look_for_microphones)
        parts.banner.action.clicked.connect(self.ask_for_file)
        devices.found.connect(self._found)
        devices.failed.connect(self._none_found)

    @property
    def choice(self) -> SourceChoice:
        return self._picker.choice

    def begin(self, file: Path | None) -> None:
        """Choose a file, or the microphone in the settings. file: None for the microphone"""
        self._picker.set_recent([Path(name) for name in self._store.settings.recent_files])
        self._real_time.setChecked(self._store.settings.files_in_real_time)
        self._choose_quietly(SourceChoice(self._store.settings.microphone, file))
        self._devices.scan(rescan=False)

    def open(self) -> Source:
        """The chosen source, not started."""
        return self._open_source(self.choice, self._store.settings.files_in_real_time)

    def back_to_microphone(self) -> None:
        """Choose the microphone in the settings, in place of a file."""
        self._choose_quietly(SourceChoice(self._store.settings.microphone))

    def listening_to(self, source: Source | None) -> None:
        """source: the source that is open now; a search for devices must not disturb it"""
        self._listening_to = source

    def _choose(self, choice: SourceChoice) -> None:
        if choice.path is None:
            self._store.remember(microphone=choice.microphone)
        self._real_time.setVisible(choice.path is not None)
        self.chosen.emit()

    def _choose_quietly(self, choice: SourceChoice) -> None:
        self._picker.choose(choice)
        self._real_time.setVisible(choice.path is not None)

    def _set_real_time(self, in_real_time: bool) -> None:
        """Change the pace of files. A file that plays begins again at the new pace."""
        self._store.remember(files_in_real_time=in_real_time)
        if self._listening_to is not None and self._listening_to.path is not None:
            self.chosen.emit()

    def _follow_devices(self) -> None:
        """Look for new devices while nothing is open: the search would interrupt an open microphone."""
        window = self._parts.window()
        if self._listening_to is None and window is not None and window.isActiveWindow() and not window.isMinimized():
            self._devices.scan(rescan=True)

    def finish(self) -> None:
        """Stop looking for devices."""
        self._follow_timer.stop()

    def ask_for_file(self) -> None:
        """Ask for an audio file. The dialog does not block: listening goes on. There is one dialog at a time."""
        if self._file_dialog is not None:
            self._file_dialog.raise_()
            self._file_dialog.activateWindow()
            return
        dialog = self._file_dialog = QFileDialog(self._parts.window(), _("Open an audio file"), "", AUDIO_FILES)
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
        recent = [str(path), *(name for name in self._store.settings.recent_files if name != str(path))]
        self._store.remember(recent_files=recent[:MOST_RECENT])
        self._picker.set_recent([Path(name) for name in recent[:MOST_RECENT]])
        self._choose_quietly(SourceChoice(self._store.settings.microphone, path))
        self.opened.emit()

    def look_for_microphones(self) -> None:
        if isinstance(self._listening_to, MicrophoneSource):
            self._listening_to.reopen()
            QTimer.singleShot(RELOOK_MS, lambda: self._devices.scan(rescan=False))
        else:
            self._devices.scan(rescan=True)

    def _found(self, microphones: list[Microphone]) -> None:
        self._picker.set_microphones(microphones)
        self._set_trouble("")

    def _none_found(self, reason: str) -> None:
        self._picker.set_microphones([])
        self._set_trouble(reason)

    def _set_trouble(self, trouble: str) -> None:
        if trouble != self.trouble:
            self.trouble = trouble
            self.trouble_changed.emit()
