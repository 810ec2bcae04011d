"""Windows for tests, with a real worker and tiny models. Sound comes from files, or there is none."""

from collections.abc import Sequence
from pathlib import Path

from PyQt6.QtCore import QMimeData, QPoint, QPointF, Qt, QUrl
from PyQt6.QtGui import QDragEnterEvent, QDropEvent
from PyQt6.QtWidgets import QApplication
from pytestqt.qtbot import QtBot

from kws_app.audio.file_source import FileSource
from kws_app.audio.portaudio import Microphone
from kws_app.audio.source import Feed, Phase, Source, SourceState
from kws_app.errors import AudioError
from kws_app.history.log import DetectionLog
from kws_app.listening.worker import Worker
from kws_app.settings import SettingsFile
from kws_app.translation import _
from kws_app.ui.sources.device_scan import DeviceScan
from kws_app.ui.widgets.control_bar import SourceChoice
from kws_app.ui.window import MainWindow, StartOptions

TWO = [Microphone("", "Default microphone (USB mic)"), Microphone("USB mic", "USB mic")]


class SilentMicrophone:
    """A silent microphone that the test controls."""

    path = length_s = None

    def __init__(self, name: str) -> None:
        self.name = name or "Default microphone"
        self.feed: Feed | None = Feed(16_000)
        self.state = SourceState(Phase.STOPPED)
        self.overruns = 0

    def start(self) -> None:
        self.state = SourceState(Phase.LISTENING)

    def stop(self) -> None:
        self.state = SourceState(Phase.STOPPED)


class MadeUpLevels:
    """Levels of microphones that the test sets."""

    def __init__(self, names: Sequence[str]) -> None:
        self.names = list(names)
        self.levels: dict[str, float] = {}
        self.running = False

    def start(self) -> None:
        self.running = True

    def stop(self) -> None:
        self.running = False

    def levels_db(self) -> dict[str, float]:
        return self.levels


class Bench:
    """Makes windows over one folder and closes them."""

    def __init__(self, models: Path, folder: Path, qtbot: QtBot) -> None:
        self.models, self.folder, self.qtbot = models, folder, qtbot
        self.sources: list[Source] = []
        self.microphones: list[Microphone] = TWO
        self.searches: list[bool] = []
        self.in_real_time: list[bool] = []  # the requests; files are played at full speed in any case
        self.windows: list[MainWindow] = []
        self.played: list[int] = []  # the length of each sound
        self.meters: list[MadeUpLevels] = []  # an entry for each time that the list of sources was opened

    def search(self, rescan: bool) -> list[Microphone]:
        self.searches.append(rescan)
        if not self.microphones:
            raise AudioError(_("No microphone was found: plug one in, or open a file."))
        return self.microphones

    def make_meters(self, names: Sequence[str]) -> MadeUpLevels:
        self.meters.append(MadeUpLevels(names))
        return self.meters[-1]

    def open_source(self, choice: SourceChoice, in_real_time: bool) -> Source:
        self.in_real_time.append(in_real_time)
        source = FileSource(choice.path, paced=False) if choice.path else SilentMicrophone(choice.microphone)
        self.sources.append(source)
        return source

    def open(self, *, models: Path | None = None, ready: bool = True, **options: object) -> MainWindow:
        """Show a window. ready: wait until its model is loaded and its microphones are listed."""
        window = MainWindow(
            Worker(models or self.models, DetectionLog(self.folder), self.folder / "models", engine="plain"),
            SettingsFile(self.folder),
            StartOptions(**options),  # type: ignore[arg-type]
            devices=DeviceScan(self.search),
            open_source=self.open_source,
            play_sound=lambda samples, stop: self.played.append(len(samples)),
            make_meters=self.make_meters,
        )
        self.windows.append(window)
        window.show()
        self.qtbot.waitExposed(window)
        if ready:
            self.qtbot.waitUntil(lambda: window.words.model is not None and bool(self.searches))
            self.qtbot.waitUntil(
                lambda: window.parts.controls.source.microphones == self.microphones or bool(window.sources.trouble)
            )
        return window

    def close(self) -> None:
        for window in self.windows:
            window.leave()
        QApplication.processEvents()  # the worker's last signals
        for window in self.windows:
            window.deleteLater()
        self.windows.clear()


def listening(window: MainWindow) -> bool:
    return window.listening.state.phase is Phase.LISTENING


def _dragged(path: Path) -> QMimeData:
    data = QMimeData()
    data.setUrls([QUrl.fromLocalFile(str(path))])
    return data


def drag(window: MainWindow, path: Path) -> None:
    """Drag a file over the window."""
    copy, left, none = Qt.DropAction.CopyAction, Qt.MouseButton.LeftButton, Qt.KeyboardModifier.NoModifier
    data = _dragged(path)
    event = QDragEnterEvent(QPoint(9, 9), copy, data, left, none)
    QApplication.sendEvent(window, event)
    assert event.isAccepted()


def drop(window: MainWindow, path: Path) -> None:
    """Drag a file into the window and drop it there."""
    drag(window, path)
    copy, left, none = Qt.DropAction.CopyAction, Qt.MouseButton.LeftButton, Qt.KeyboardModifier.NoModifier
    data = _dragged(path)
    event = QDropEvent(QPointF(9, 9), copy, data, left, none)
    QApplication.sendEvent(window, event)
    assert event.isAccepted()
