"""The main window: it makes all parts and connects them. On the window's thread.

The window never waits: the worker and the search for devices run in other threads and answer with signals.
"""

import threading
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path

from PyQt6.QtCore import QByteArray, QEvent, Qt, QTimer, pyqtSignal
from PyQt6.QtGui import QCloseEvent, QDragEnterEvent, QDragLeaveEvent, QDropEvent, QHideEvent, QIcon, QShowEvent
from PyQt6.QtWidgets import QApplication, QFrame, QMainWindow, QScrollArea, QWidget

from kws_app.actions.runner import Play
from kws_app.audio.meters import Meters
from kws_app.audio.playback import play
from kws_app.audio.ring import Samples
from kws_app.audio.source import Source
from kws_app.engine.index import PROGRAM_SUFFIX
from kws_app.engine.model_file import MODEL_SUFFIX
from kws_app.engine.names import written
from kws_app.history.entries import Entry
from kws_app.listening.findings import Mark
from kws_app.listening.worker import Worker
from kws_app.paths import ASSETS_DIR
from kws_app.settings import SettingsFile
from kws_app.translation import _
from kws_app.ui.desktop.desktop_integration import DesktopIntegration
from kws_app.ui.first_run import FirstRun
from kws_app.ui.history.history_control import HistoryControl
from kws_app.ui.listening import Listening
from kws_app.ui.models.add_model import ModelAdding
from kws_app.ui.own_word.opening import OwnWordOpening, WordFolders
from kws_app.ui.settings_store import SettingsStore
from kws_app.ui.shortcuts import add_shortcuts, open_menu, press_return
from kws_app.ui.sources.chooser_meters import ChooserMeters, LevelSource
from kws_app.ui.sources.device_scan import DeviceScan
from kws_app.ui.sources.source_control import SourceControl, open_source
from kws_app.ui.theme import Theme, apply_theme, chosen_theme
from kws_app.ui.widgets.control_bar import SourceChoice
from kws_app.ui.widgets.drop_overlay import DropOverlay
from kws_app.ui.widgets.status_line import StatusLine
from kws_app.ui.window_layout import WindowLayout
from kws_app.ui.words.active_words import ActiveWords
from kws_app.ui.words.engine_control import EngineControl
from kws_app.ui.words.words_control import WordsControl

TEXT_MS = 250  # between two updates of the numbers in text
UNSEEN_TEXT_MS = 2000  # the same while nobody sees the window
SIZE = 1100, 720  # px, at the first start
LEAST_SIZE = 480, 360  # px; below about 900x560 the window scrolls
MODEL_SUFFIXES = (MODEL_SUFFIX, PROGRAM_SUFFIX)


@dataclass(frozen=True)
class StartOptions:
    """The options of the command line, for this run only. None: the settings decide."""

    model: str | None = None
    input: Path | None = None
    threshold: float | None = None
    listen: bool = False
    engine: str | None = None


def dropped_files(event: QDropEvent) -> list[Path]:
    """The dragged files that are on this computer."""
    data = event.mimeData()
    return [] if data is None else [Path(url.toLocalFile()) for url in data.urls() if url.isLocalFile()]


class MainWindow(QMainWindow):
    """The one window. Closing it stops everything."""

    themed = pyqtSignal(object)  # Theme: the colours have changed
    closed = pyqtSignal()  # the window is closed, not only hidden in the tray

    def __init__(
        self,
        worker: Worker,
        settings_file: SettingsFile,
        options: StartOptions | None = None,
        theme: Theme | None = None,
        devices: DeviceScan | None = None,
        open_source: Callable[[SourceChoice, bool], Source] = open_source,
        play_sound: Play = play,
        make_meters: Callable[[Sequence[str]], LevelSource] = Meters,
    ) -> None:
        """theme: None follows the system

        devices, open_source, play_sound, make_meters: the real devices by default; tests give others
        """
        super().__init__()
        options = options or StartOptions()
        self._worker = worker

        def play_unheard(samples: Samples, stop: threading.Event) -> None:
            with worker.playing():
                play_sound(samples, stop)

        self._fixed_theme = theme
        self._devices = devices or DeviceScan()

        self.setWindowTitle(_("Wake word"))
        self.setWindowIcon(QIcon(str(ASSETS_DIR / "icon.svg")))
        self.setMinimumSize(*LEAST_SIZE)
        self.resize(*SIZE)
        self.setAcceptDrops(True)
        self.parts = WindowLayout()
        self.setCentralWidget(self._scrolled(self.parts))
        self.drop_overlay = DropOverlay(self)
        self.status = StatusLine()
        self.setStatusBar(self.status)
        self.store = SettingsStore(settings_file)
        self.words = ActiveWords(worker, self.store, options.model, options.threshold)
        self.sources = SourceControl(self.parts, self.store, self._devices, open_source)
        self.chooser_meters = ChooserMeters(self.parts.controls.source, make_meters)
        self.adding = ModelAdding(worker.folders, self)
        self.listening = Listening(worker, self.parts, self.words, self.sources)
        self.word_list = WordsControl(
            self.parts.words,
            self.words,
            self.parts.plots,
            self.store,
            self.adding.ask_for_file,
            lambda: self.own_word.open(),
        )
        self.history = HistoryControl(worker, self.parts.history, self.store)
        shipped, *_others, own = worker.folders.folders
        folders = WordFolders(self.store.path.parent, own, shipped)
        self.own_word = OwnWordOpening(self, self.listening, folders, worker.playing, self.words, self.history)
        self.desktop = DesktopIntegration(
            self, self.parts, self.words, self.listening, self.store, play_unheard, self.leave
        )
        self.first_run = FirstRun(
            self.listening,
            self.sources,
            self.parts.meter,
            self.words,
            self.store,
            self.desktop.actions.show_dialog,
            lambda: self.own_word.open(),
        )
        self.parts.below_controls.addWidget(self.first_run)
        self.engine = EngineControl(worker, self.parts.words.advanced.engine, self.status, self.store, options.engine)
        self._leaving = False
        self._text_timer = QTimer(self)
        self._text_timer.setInterval(TEXT_MS)
        self._text_timer.timeout.connect(self._show_figures)
        self._connect()
        self._add_shortcuts()
        self._follow_theme()
        self._begin(options)

    def _scrolled(self, inside: QWidget) -> QScrollArea:
        """Put `inside` into a scroll area: a small window scrolls and cuts nothing off."""
        scroll = QScrollArea()
        scroll.setFrameShape(QFrame.Shape.NoFrame)
        scroll.setFocusPolicy(Qt.FocusPolicy.NoFocus)
        scroll.setWidgetResizable(True)
        scroll.setWidget(inside)
        return scroll

    def _show_figures(self) -> None:
        self.history.show_rate()
        self.first_run.look()
        health = self._worker.health
        self.listening.say_hint()
        source = self.listening.source
        self.status.show_health(health, live=source is not None and source.path is None)
        self.parts.legend.show_steps({} if health is None else health.step_ms)

    def _show_legend(self) -> None:
        self.parts.legend.set_models(self.words.models, self.words.curves())

    def _connect(self) -> None:
        notice = self.parts.banner.notice
        troubles = (self._worker.failed, self.store.failed, self.words.noticed, self.history.noticed)
        for trouble in (*troubles, self.adding.refused):
            trouble.connect(notice)
        for lasting in (self._worker.failed, self.store.failed, self.history.noticed):
            lasting.connect(self.status.note)
        self.listening.marked.connect(self._note_detection)
        self.listening.peaked.connect(self.parts.detections.set_peak)
        self.history.heard.connect(self.word_list.note_heard)
        self.history.changed.connect(self._show_peak)
        self.history.moment_wanted.connect(self._show_moment)
        self.desktop.actions.done.connect(self.history.note_action)
        self.words.changed.connect(self._show_legend)
        self.parts.words.actions_wanted.connect(self.desktop.actions.show_dialog)
        self.listening.began.connect(self.history.begin_file)
        self.parts.controls.start.toggled.connect(lambda on: self.listening.start() if on else self.listening.stop())
        self.adding.added.connect(self.words.take_in)
        self.parts.time_bar.span_chosen.connect(lambda seconds: self.store.remember(span_s=seconds))
        hints = QApplication.styleHints()
        if hints is not None:
            hints.colorSchemeChanged.connect(self._follow_theme)

    def _note_detection(self, mark: Mark) -> None:
        record = mark.record
        self.history.add(record)
        self.word_list.note_heard(record.keyword, record.wall_time)

    def _show_peak(self, entry: Entry) -> None:
        """Show the peak of the list in the banner, too."""
        if entry.peak is not None:
            self.parts.banner.raise_peak(written(entry.record.keyword), entry.peak)

    def _show_moment(self, id: str) -> None:
        if not self.listening.show_moment(id):
            self.parts.history.say(_("The plots no longer keep that moment."))

    def _add_shortcuts(self) -> None:
        parts = self.parts
        self._fill_menu()
        add_shortcuts(
            self,
            {
                "Space": parts.controls.start.click,
                "Return": lambda: press_return(self),
                "Ctrl+O": self.sources.ask_for_file,
                "Ctrl+M": self.word_list.show_chooser,
                "F10": lambda: open_menu(parts.controls.more),
                "F1": self.desktop.show_shortcuts,
                "F5": self.sources.look_for_microphones,
                "Ctrl+Up": lambda: self.word_list.step_threshold(1),
                "Ctrl+Down": lambda: self.word_list.step_threshold(-1),
                "Ctrl+R": self.word_list.back_to_balanced,
                "Ctrl+L": lambda: open_menu(parts.words.compare),
                "P": parts.time_bar.pause.click,
                "Ctrl++": lambda: parts.time_bar.step_span(1),
                "Ctrl+-": lambda: parts.time_bar.step_span(-1),
                "F8": parts.history.missed.click,
                "Ctrl+Z": self.history.undo,
                "Ctrl+E": lambda: self.desktop.actions.show_dialog(self.words.selected),
                "Ctrl+Q": self.leave,
            },
        )

    def _fill_menu(self) -> None:
        controls = self.parts.controls
        offer = controls.offer
        offer(
            _("Open an audio file…"),
            _("Play a file as if it came from the microphone (Ctrl+O)"),
            self.sources.ask_for_file,
        )
        offer(_("Add a model…"), _("From a file; its description is shown first"), self.adding.ask_for_file)
        offer(_("First steps"), _("Choose the microphone, say the word, choose what happens"), self.first_run.begin)
        controls.menu.addSeparator()
        self.desktop.fill_menu()
        self._themes = controls.offer_menu(_("Theme"))
        for theme, text in (("system", _("As the system")), ("light", _("Light")), ("dark", _("Dark"))):
            tip = _("Colours of the window")
            entry = offer(text, tip, partial(self._choose_theme, theme), self._themes)
            entry.setCheckable(True)
            entry.setData(theme)
        controls.menu.addSeparator()
        self.desktop.fill_help_menu()
        offer(
            _("Quit"), _("End the program, even if closing the window would keep it in the tray (Ctrl+Q)"), self.leave
        )

    def _choose_theme(self, theme: str) -> None:
        self.store.remember(theme=theme)
        self._follow_theme()

    def _begin(self, options: StartOptions) -> None:
        self.restoreGeometry(QByteArray.fromHex(self.store.settings.geometry.encode()))
        self._fit_screen()
        if self.store.notice:
            self.parts.banner.notice(self.store.notice)
        self.parts.time_bar.set_span(self.store.settings.span_s)
        self.sources.begin(options.input)
        self.listening.say_state()
        if not self.store.settings.first_run_done and options.input is None and not options.listen:
            self.first_run.begin()
        self._worker.start()
        self._text_timer.start()
        if options.listen:
            self.listening.start()

    def _fit_screen(self) -> None:
        """Make the window fit the screen: the last run may have been on a larger screen."""
        screen = self.screen()
        if screen is not None:
            room = screen.availableGeometry()
            title_bar = 2 * self.fontMetrics().height()  # an estimate: its height is not known before it is shown
            self.resize(min(self.width(), room.width()), min(self.height(), room.height() - title_bar))
            if not room.contains(self.frameGeometry().center()):
                self.move(room.topLeft())

    def dragEnterEvent(self, event: QDragEnterEvent | None) -> None:
        files = [] if event is None else dropped_files(event)
        if event is not None and files:
            event.acceptProposedAction()
            self.drop_overlay.show_for(is_model=files[0].suffix in MODEL_SUFFIXES)

    def dragLeaveEvent(self, event: QDragLeaveEvent | None) -> None:
        super().dragLeaveEvent(event)
        self.drop_overlay.hide()

    def dropEvent(self, event: QDropEvent | None) -> None:
        """Offer to add a model file. Play any other file."""
        self.drop_overlay.hide()
        files = [] if event is None else dropped_files(event)
        if event is not None and files:
            event.acceptProposedAction()
            take = self.adding.propose if files[0].suffix in MODEL_SUFFIXES else self.sources.open_file
            take(files[0])

    def _follow_theme(self) -> None:
        app = QApplication.instance()
        assert isinstance(app, QApplication)
        theme = self._fixed_theme or chosen_theme(app, self.store.settings.theme)
        apply_theme(app, theme)
        self.parts.set_theme(theme)
        self.drop_overlay.set_theme(theme)
        self.own_word.set_theme(theme)
        self.chooser_meters.set_theme(theme)
        for entry in self._themes.actions():
            entry.setChecked(entry.data() == self.store.settings.theme)
        self.themed.emit(theme)

    def start_up(self, minimised: bool = False) -> None:
        """Show the window. If the user wants to start minimised: only its icon in the tray or the task bar."""
        if not (minimised or self.store.settings.start_minimised):
            self.show()
        elif not self.desktop.tray.available:
            self.showMinimized()

    def come_forward(self) -> None:
        """Show the window if it is hidden, minimised or behind other windows."""
        self.showNormal() if self.isMinimized() else self.show()
        self.raise_()
        self.activateWindow()

    def changeEvent(self, event: QEvent | None) -> None:
        super().changeEvent(event)
        if event is not None and event.type() == QEvent.Type.WindowStateChange:
            self._look()

    def showEvent(self, event: QShowEvent | None) -> None:
        super().showEvent(event)
        self._look()

    def hideEvent(self, event: QHideEvent | None) -> None:
        super().hideEvent(event)
        self._look()

    def _look(self) -> None:
        """Draw and update less while nobody sees the window."""
        seen = self.isVisible() and not self.isMinimized()
        self.listening.set_seen(seen)
        self._text_timer.setInterval(TEXT_MS if seen else UNSEEN_TEXT_MS)

    def leave(self) -> None:
        """Close the window, even if the user wants to keep it in the tray."""
        self._leaving = True
        self.close()

    def closeEvent(self, event: QCloseEvent | None) -> None:
        self.hide()
        if not self._leaving and self.desktop.keeps_open:
            if event is not None:
                event.ignore()
            return
        self.desktop.finish()
        self.own_word.finish()
        self.listening.finish()
        self.sources.finish()
        self.chooser_meters.end()
        self._text_timer.stop()
        self.store.remember(geometry=bytes(self.saveGeometry().toHex().data()).decode())
        self.store.save()
        self.history.close()
        self._worker.shut_down()
        self._devices.finish(timeout_s=0.2)
        super().closeEvent(event)
        self.closed.emit()
