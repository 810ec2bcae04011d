"""The window: every control, with a real worker and a loudness model; sound comes from files, or from nowhere."""

import shutil
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from loudness import bursts
from PyQt6.QtCore import Qt
from PyQt6.QtTest import QTest
from PyQt6.QtWidgets import QAbstractButton, QComboBox, QFileDialog, QSlider, QTableWidget
from pytestqt.qtbot import QtBot

from kws_app.audio import Microphone
from kws_app.errors import AudioError
from kws_app.history import DetectionLog, DetectionRecord, now_iso
from kws_app.settings import Settings, SettingsFile
from kws_app.source import Feed, FileSource, Phase, Source, SourceState
from kws_app.ui.controls import SourceChoice
from kws_app.ui.detection_list import position
from kws_app.ui.devices import DeviceScan
from kws_app.ui.sign import FLASH_MS
from kws_app.ui.theme import DARK
from kws_app.ui.window import MainWindow, StartOptions
from kws_app.worker import Worker

TWO = [Microphone("", "Default microphone (USB mic)"), Microphone("USB mic", "USB mic")]


class SilentMicrophone:
    """A microphone that hears nothing and does what the test says."""

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


class Bench:
    """Makes windows over one folder and closes them."""

    def __init__(self, models: Path, folder: Path, qtbot: QtBot) -> None:
        self.models, self.folder, self.qtbot = models, folder, qtbot
        self.sources: list[Source] = []
        self.microphones: list[Microphone] = TWO
        self.searches: list[bool] = []
        self.windows: list[MainWindow] = []

    def search(self, rescan: bool) -> list[Microphone]:
        self.searches.append(rescan)
        if not self.microphones:
            raise AudioError("No microphone was found: plug one in, or open a file.")
        return self.microphones

    def open_source(self, choice: SourceChoice) -> Source:
        source = FileSource(choice.path, paced=False) if choice.path else SilentMicrophone(choice.microphone)
        self.sources.append(source)
        return source

    def open(self, *, models: Path | None = None, ready: bool = True, **options: object) -> MainWindow:
        """A window that is shown; ready: with its model loaded and its microphones listed."""
        log = DetectionLog(self.folder)
        window = MainWindow(
            Worker(models or self.models, log),
            SettingsFile(self.folder),
            log,
            StartOptions(**options),  # type: ignore[arg-type]
            devices=DeviceScan(self.search),
            open_source=self.open_source,
        )
        self.windows.append(window)
        window.show()
        self.qtbot.waitExposed(window)
        if ready:
            self.qtbot.waitUntil(lambda: window.models.model is not None and bool(self.searches))
            self.qtbot.waitUntil(
                lambda: (
                    window.content.controls.source.microphones == self.microphones or bool(window._microphone_trouble)
                )
            )
        return window


@pytest.fixture
def bench(tiny_models: Path, tmp_path: Path, qtbot: QtBot) -> Iterator[Bench]:
    folder = tmp_path / "data"
    SettingsFile(folder).save(Settings(model="loud/teacher"))
    bench = Bench(tiny_models, folder, qtbot)
    yield bench
    for window in bench.windows:
        window.close()
        window.deleteLater()


def drag_line(window: MainWindow, threshold: float) -> None:
    """What pyqtgraph does when the user drags the threshold's line."""
    line = window.content.plots.threshold_line
    line.setValue(threshold)
    line.sigDragged.emit(line)


def listening(window: MainWindow) -> bool:
    return window._state.phase is Phase.LISTENING


def test_it_opens_at_once_and_says_what_to_do(bench: Bench):
    window = bench.open(ready=False)
    assert window.isVisible()
    bench.qtbot.waitUntil(lambda: window.content.sign.text == "Press Space and say “loud”")


def test_start_and_stop(bench: Bench):
    window = bench.open()
    start = window.content.controls.start
    bench.qtbot.mouseClick(start, Qt.MouseButton.LeftButton)
    bench.qtbot.waitUntil(lambda: listening(window))
    assert start.text() == "Stop listening"
    assert window.content.sign.text == "Listening for “loud”"
    bench.qtbot.mouseClick(start, Qt.MouseButton.LeftButton)
    bench.qtbot.waitUntil(lambda: bench.sources[0].state.phase is Phase.STOPPED)
    assert start.text() == "Start listening"


def test_space_starts_and_stops_wherever_the_keyboard_is_not_on_another_button(bench: Bench):
    window = bench.open()
    window.content.detections.setFocus()
    QTest.keyClick(window, Qt.Key.Key_Space)
    assert window.content.controls.start.isChecked()
    window.content.controls.start.setFocus()
    QTest.keyClick(window, Qt.Key.Key_Space)
    assert not window.content.controls.start.isChecked()
    window.content.controls.refresh.setFocus()
    before = len(bench.searches)
    QTest.keyClick(window, Qt.Key.Key_Space)
    bench.qtbot.waitUntil(lambda: len(bench.searches) > before)
    assert not window.content.controls.start.isChecked()


def test_a_file_is_heard_listed_marked_logged_and_shown_in_large(bench: Bench, write_wav: Callable[..., Path]):
    path = write_wav(bursts(0.7, 3.0, duration_s=4.0))
    window = bench.open(input=path, listen=True)
    content = window.content
    bench.qtbot.waitUntil(lambda: content.detections.rowCount() == 2)
    assert content.sign.flashing and content.sign.text == "loud"
    cells = [content.detections.item(0, column).text() for column in range(4)]
    assert cells[1] == "loud" and cells[3].startswith("0:03.")
    bench.qtbot.waitUntil(lambda: len(DetectionLog(bench.folder).last()) == 2)  # shown first, then written
    assert len(content.plots._marks) == 2
    bench.qtbot.waitUntil(lambda: not content.controls.start.isChecked())
    bench.qtbot.waitUntil(lambda: not content.sign.flashing, timeout=2 * FLASH_MS)
    assert content.sign.text == "The file has ended; “loud” was heard 2 times in it."
    assert content.plots._history.end == 4.3 * 16_000  # with the silence after it
    bench.qtbot.waitUntil(lambda: "rate –" in window.status.text())


def test_slider_line_and_keys_move_one_threshold(bench: Bench):
    window = bench.open()
    control, plots = window.content.threshold, window.content.plots
    control.slider.setValue(700)
    assert plots.threshold_line.value() == pytest.approx(0.7)
    drag_line(window, 0.25)
    assert control.slider.value() == 250
    assert window._worker._tunings["loud/teacher"].threshold == pytest.approx(0.25)
    QTest.keyClick(window, Qt.Key.Key_Up, Qt.KeyboardModifier.ControlModifier)
    assert control.threshold == pytest.approx(0.255)
    bench.qtbot.mouseClick(control.reset, Qt.MouseButton.LeftButton)
    assert (control.threshold, plots.threshold_line.value()) == (0.5, 0.5)
    assert not control.reset.isEnabled()


def test_the_threshold_changes_what_fires_next(bench: Bench, write_wav: Callable[..., Path]):
    window = bench.open(input=write_wav(bursts(0.3, duration_s=1.0, amplitude=0.004)))
    for threshold, rows in ((0.95, 0), (0.1, 1)):
        drag_line(window, threshold)
        window.start()
        bench.qtbot.waitUntil(lambda: window._state.phase is Phase.ENDED)
        assert window.content.detections.rowCount() == rows


def test_another_model_brings_its_own_threshold_and_listening_goes_on(bench: Bench):
    window = bench.open()
    window.start()
    bench.qtbot.waitUntil(lambda: listening(window))
    model = window.content.controls.model
    model.setCurrentText("loud/student")
    model.textActivated.emit("loud/student")
    bench.qtbot.waitUntil(lambda: window.models.model.name == "loud/student")
    assert window.content.threshold.threshold == 0.9
    assert listening(window) and window.content.controls.start.isChecked()


def test_a_drag_while_another_model_loads_is_that_models(bench: Bench):
    window = bench.open()
    window.content.controls.model.setCurrentText("loud/student")
    window.content.controls.model.textActivated.emit("loud/student")
    assert window.content.threshold.threshold == 0.9
    drag_line(window, 0.3)
    assert "loud/teacher" not in window._worker._tunings  # the model that still listens keeps its own
    bench.qtbot.waitUntil(lambda: window.models.model.name == "loud/student")
    assert window._worker._tunings["loud/student"].threshold == pytest.approx(0.3)
    assert window.content.threshold.threshold == window.content.plots.threshold_line.value() == pytest.approx(0.3)
    assert window.memory.settings.thresholds == {"loud/student": pytest.approx(0.3)}


def test_a_drag_for_a_model_that_is_then_refused_changes_nothing(bench: Bench):
    window = bench.open()
    window.content.threshold.slider.setValue(700)
    window.content.controls.model.textActivated.emit("loud/broken")
    drag_line(window, 0.3)
    bench.qtbot.waitUntil(lambda: "damaged" in window.content.sign.text)
    assert window.content.threshold.threshold == window.content.plots.threshold_line.value() == 0.7
    assert window._worker._tunings["loud/teacher"].threshold == 0.7
    assert window.models.threshold == 0.7


def test_a_damaged_model_is_named_and_so_is_the_one_used_instead(bench: Bench, tmp_path: Path):
    models = tmp_path / "models"
    for name in ("another/teacher", "loud/student"):
        (models / name).parent.mkdir(parents=True)
        shutil.copy(bench.models / "loud" / "student.pt", models / f"{name}.pt")
    (models / "loud" / "teacher.pt").write_bytes(b"cut off")
    window = bench.open(models=models, ready=False)
    bench.qtbot.waitUntil(lambda: window.models.model is not None)
    assert window.models.model.name == window.content.controls.model.currentText() == "loud/student"
    text = window.content.sign.text
    assert text.startswith("There is no usable model loud/teacher: loud/student listens instead.")
    assert f"{models / 'loud' / 'teacher.pt'} is no usable model" in text
    assert window.memory.settings.model == "loud/teacher"  # the user's choice, once it is whole again


def test_a_model_that_fails_in_an_unforeseen_way_is_not_waited_for(bench: Bench, monkeypatch: pytest.MonkeyPatch):
    def fail(*_: object) -> None:
        raise KeyError("hop_samples")

    monkeypatch.setattr("kws_app.lineup.find_model", fail)
    window = bench.open(ready=False, listen=True)
    bench.qtbot.waitUntil(lambda: "cannot be used (KeyError: 'hop_samples')" in window.content.sign.text)
    assert not window.content.controls.start.isChecked()


def test_a_model_that_does_not_load_is_refused_and_the_one_before_stays(bench: Bench):
    window = bench.open()
    window.start()
    window.content.controls.model.setCurrentText("loud/broken")
    window.content.controls.model.textActivated.emit("loud/broken")
    bench.qtbot.waitUntil(lambda: "damaged" in window.content.sign.text)
    assert window.content.controls.model.currentText() == "loud/teacher"
    assert window.content.controls.start.isChecked()


def test_without_models_it_says_so_and_does_not_start(bench: Bench, tmp_path: Path):
    window = bench.open(models=tmp_path / "none", ready=False, listen=True)
    bench.qtbot.waitUntil(lambda: "No model was found" in window.content.sign.text)
    bench.qtbot.waitUntil(lambda: not window.content.controls.start.isChecked())
    window.content.controls.start.click()
    assert not window.content.controls.start.isChecked()


def test_without_a_microphone_it_opens_and_offers_a_file(bench: Bench):
    bench.microphones = []
    window = bench.open()
    bench.qtbot.waitUntil(lambda: "No microphone" in window.content.sign.text)
    assert window.content.sign.action.isVisible()
    bench.microphones = TWO
    QTest.keyClick(window, Qt.Key.Key_F5)
    bench.qtbot.waitUntil(lambda: window.content.sign.text == "Press Space and say “loud”")
    assert bench.searches[-1] is True


def test_a_device_that_is_waited_for_is_shown_and_its_return_too(bench: Bench):
    window = bench.open(listen=True)
    bench.qtbot.waitUntil(lambda: listening(window))
    source = bench.sources[0]
    source.state = SourceState(Phase.WAITING, "USB mic went away.")
    bench.qtbot.waitUntil(lambda: window.content.sign.text == "USB mic went away.")
    assert window.content.controls.start.isChecked()
    source.state = SourceState(Phase.LISTENING)
    bench.qtbot.waitUntil(lambda: window.content.sign.text == "Listening for “loud”")


def test_microphones_are_chosen_by_name_also_while_listening(bench: Bench):
    window = bench.open()
    picker = window.content.controls.source
    assert [picker.itemText(i) for i in range(2)] == ["Default microphone (USB mic)", "USB mic"]
    window.start()
    picker.activated.emit(1)
    bench.qtbot.waitUntil(lambda: len(bench.sources) == 2 and listening(window))
    assert bench.sources[1].name == "USB mic"
    assert bench.sources[0].state.phase is Phase.STOPPED


def test_a_file_is_opened_by_a_dialog_that_blocks_nothing(bench: Bench, write_wav: Callable[..., Path]):
    path = write_wav(bursts(0.3, duration_s=1.0))
    window = bench.open()
    QTest.keyClick(window, Qt.Key.Key_O, Qt.KeyboardModifier.ControlModifier)
    dialog = window.findChild(QFileDialog)
    assert dialog is not None and not dialog.isModal()
    window.ask_for_file()
    assert len(window.findChildren(QFileDialog)) == 1
    dialog.fileSelected.emit(str(path))
    dialog.close()
    assert window._file_dialog is None
    bench.qtbot.waitUntil(lambda: window.content.detections.rowCount() == 1)
    assert window.content.controls.source.currentText() == path.name


def test_opening_the_list_looks_for_devices(bench: Bench):
    window = bench.open()
    before = len(bench.searches)
    window.content.controls.source.showPopup()
    bench.qtbot.waitUntil(lambda: len(bench.searches) > before)
    window.content.controls.source.hidePopup()


def test_choices_are_remembered(bench: Bench):
    window = bench.open()
    window.resize(900, 650)
    window.content.threshold.slider.setValue(640)
    window.content.controls.source.activated.emit(1)
    window.content.controls.model.textActivated.emit("loud/student")
    bench.qtbot.waitUntil(lambda: window.models.model.name == "loud/student")
    window.close()
    again = bench.open()
    assert (again.width(), again.height()) == (900, 650)
    assert again.models.model.name == "loud/student"
    assert again.content.controls.source.choice == SourceChoice("USB mic")
    again.content.controls.model.textActivated.emit("loud/teacher")
    bench.qtbot.waitUntil(lambda: again.content.threshold.threshold == 0.64)


def test_options_count_for_this_run_only(bench: Bench):
    window = bench.open(model="loud/student", threshold=0.33)
    assert window.models.model.name == "loud/student"
    assert window.content.threshold.threshold == 0.33
    window.close()
    again = bench.open()
    assert again.models.model.name == "loud/teacher"
    assert again.content.threshold.threshold == 0.5


def test_the_lowest_threshold_is_shown_as_it_is_and_not_remembered(bench: Bench):
    window = bench.open(threshold=0.004)
    assert window.content.threshold.threshold == window.content.plots.threshold_line.value() == 0.004
    assert window.content.threshold.slider.value() == 4
    assert window.memory.settings.thresholds == {}


def test_broken_settings_are_set_aside_with_a_notice(bench: Bench):
    (bench.folder / "settings.json").write_text("{")
    window = bench.open(ready=False)
    assert "settings.broken.json" in window.content.sign.text


def test_earlier_detections_are_listed(bench: Bench):
    record = DetectionRecord(now_iso(), None, "USB mic", "loud", "loud/teacher", 3725.5, 0.91)
    DetectionLog(bench.folder).append(record)
    window = bench.open(ready=False)
    assert window.content.detections.item(0, 3).text() == "1:02:05.50"


def test_earlier_detections_that_cannot_be_read_are_said_and_hold_up_nothing(bench: Bench):
    DetectionLog(bench.folder).path.mkdir()
    window = bench.open()
    assert "earlier detections could not be read" in window.content.sign.text
    assert window.content.detections.rowCount() == 0


@pytest.mark.parametrize(
    ("time_s", "text"), [(0.0, "0:00.00"), (59.998, "1:00.00"), (62.346, "1:02.35"), (3599.999, "1:00:00.00")]
)
def test_positions_are_rounded_before_they_are_split(time_s: float, text: str):
    assert position(time_s) == text


def test_the_status_line_is_in_plain_numbers(bench: Bench, write_wav: Callable[..., Path]):
    window = bench.open()
    window.start()
    bench.qtbot.waitUntil(lambda: "rate 16000 Hz" in window.status.text())
    assert "lost 0" in window.status.text()
    window.stop()
    bench.qtbot.waitUntil(lambda: "rate –" in window.status.text())


def test_closing_stops_everything_at_once(bench: Bench):
    window = bench.open(listen=True)
    bench.qtbot.waitUntil(lambda: listening(window))
    window.close()
    assert not window._worker._thread.is_alive()
    assert bench.sources[0].state.phase is Phase.STOPPED


def test_every_control_has_a_name_and_a_tooltip(bench: Bench):
    window = bench.open()
    controls = [
        widget
        for kind in (QAbstractButton, QComboBox, QSlider, QTableWidget)
        for widget in window.findChildren(kind)
        if widget.isVisible() and widget.focusPolicy() & Qt.FocusPolicy.TabFocus
    ]
    assert len(controls) >= 6
    for widget in controls:
        text = widget.text() if isinstance(widget, QAbstractButton) else ""
        assert widget.accessibleName() or len(text) > 2, widget
        assert widget.toolTip() or isinstance(widget, QTableWidget), widget


def test_the_smallest_size_and_the_dark_theme_hold_everything(bench: Bench):
    window = bench.open()
    window._fixed_theme = DARK
    window._follow_theme()
    window.resize(900, 600)
    assert (window.width(), window.height()) == (900, 600)
    for widget in (window.content.controls, window.content.plots, window.content.detections, window.status):
        inside = window.rect().contains(widget.mapTo(window, widget.rect().center()))
        assert widget.isVisible() and inside and widget.height() > 15
