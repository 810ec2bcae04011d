"""Which models listen and at what threshold: picker, slider, line, settings and worker agree."""

import shutil
from collections.abc import Callable
from pathlib import Path

import pytest
from PyQt6.QtCore import Qt
from PyQt6.QtTest import QTest

from kws_app.audio.source import Phase
from kws_app.ui.window import MainWindow
from tests.support.loudness import bursts
from tests.support.window_bench import Bench, listening


def drag_line(window: MainWindow, threshold: float) -> None:
    """What pyqtgraph does when the user drags the threshold's line."""
    line = window.parts.plots.threshold_line
    line.setValue(threshold)
    line.sigDragged.emit(line)


def test_slider_line_and_keys_move_one_threshold(bench: Bench):
    window = bench.open()
    control, plots = window.parts.threshold, window.parts.plots
    control.slider.setValue(700)
    assert plots.threshold_line.value() == pytest.approx(0.7)
    drag_line(window, 0.25)
    assert control.slider.value() == 250
    assert window._worker.wanted.tunings["loud/teacher"].threshold == pytest.approx(0.25)
    QTest.keyClick(window, Qt.Key.Key_Up, Qt.KeyboardModifier.ControlModifier)
    assert control.threshold == pytest.approx(0.255)
    bench.qtbot.mouseClick(control.reset, Qt.MouseButton.LeftButton)
    assert (control.threshold, plots.threshold_line.value()) == (0.5, 0.5)
    assert not control.reset.isEnabled()


def test_the_threshold_changes_what_fires_next(bench: Bench, write_wav: Callable[..., Path]):
    window = bench.open(input=write_wav(bursts(0.3, duration_s=1.0, amplitude=0.004)))
    for threshold, rows in ((0.95, 0), (0.1, 1)):
        drag_line(window, threshold)
        window.listening.start()
        bench.qtbot.waitUntil(lambda: window.listening.state.phase is Phase.ENDED)
        assert window.parts.detections.rowCount() == rows


def test_another_model_brings_its_own_threshold_and_listening_goes_on(bench: Bench):
    window = bench.open()
    window.listening.start()
    bench.qtbot.waitUntil(lambda: listening(window))
    model = window.parts.controls.model
    model.setCurrentText("loud/student")
    model.textActivated.emit("loud/student")
    bench.qtbot.waitUntil(lambda: window.models.model.name == "loud/student")
    assert window.parts.threshold.threshold == 0.9
    assert listening(window) and window.parts.controls.start.isChecked()


def test_a_drag_while_another_model_loads_is_that_models(bench: Bench):
    window = bench.open()
    window.parts.controls.model.setCurrentText("loud/student")
    window.parts.controls.model.textActivated.emit("loud/student")
    assert window.parts.threshold.threshold == 0.9
    drag_line(window, 0.3)
    assert "loud/teacher" not in window._worker.wanted.tunings  # the model that still listens keeps its own
    bench.qtbot.waitUntil(lambda: window.models.model.name == "loud/student")
    assert window._worker.wanted.tunings["loud/student"].threshold == pytest.approx(0.3)
    assert window.parts.threshold.threshold == window.parts.plots.threshold_line.value() == pytest.approx(0.3)
    assert window.store.settings.thresholds == {"loud/student": pytest.approx(0.3)}


def test_a_drag_for_a_model_that_is_then_refused_changes_nothing(bench: Bench):
    window = bench.open()
    window.parts.threshold.slider.setValue(700)
    window.parts.controls.model.textActivated.emit("loud/broken")
    drag_line(window, 0.3)
    bench.qtbot.waitUntil(lambda: "damaged" in window.parts.banner.text)
    assert window.parts.threshold.threshold == window.parts.plots.threshold_line.value() == 0.7
    assert window._worker.wanted.tunings["loud/teacher"].threshold == 0.7
    assert window.models.threshold == 0.7


def test_a_damaged_model_is_named_and_so_is_the_one_used_instead(bench: Bench, tmp_path: Path):
    models = tmp_path / "models"
    for name in ("another/teacher", "loud/student"):
        (models / name).parent.mkdir(parents=True)
        shutil.copy(bench.models / "loud" / "student.safetensors", models / f"{name}.safetensors")
    (models / "loud" / "teacher.safetensors").write_bytes(b"cut off")
    window = bench.open(models=models, ready=False)
    bench.qtbot.waitUntil(lambda: window.models.model is not None)
    assert window.models.model.name == window.parts.controls.model.currentText() == "loud/student"
    text = window.parts.banner.text
    assert text.startswith("There is no usable model loud/teacher: loud/student listens instead.")
    assert f"{models / 'loud' / 'teacher.safetensors'} is no usable model" in text
    assert window.store.settings.model == "loud/teacher"  # the user's choice, once it is whole again


def test_a_model_that_fails_in_an_unforeseen_way_is_not_waited_for(bench: Bench, monkeypatch: pytest.MonkeyPatch):
    def fail(*_: object) -> None:
        raise KeyError("hop_samples")

    monkeypatch.setattr("kws_app.listening.active_models.KeywordModel.load", fail)
    window = bench.open(ready=False, listen=True)
    bench.qtbot.waitUntil(lambda: "cannot be used (KeyError: 'hop_samples')" in window.parts.banner.text)
    assert not window.parts.controls.start.isChecked()


def test_a_model_that_does_not_load_is_refused_and_the_one_before_stays(bench: Bench):
    window = bench.open()
    window.listening.start()
    window.parts.controls.model.setCurrentText("loud/broken")
    window.parts.controls.model.textActivated.emit("loud/broken")
    bench.qtbot.waitUntil(lambda: "damaged" in window.parts.banner.text)
    assert window.parts.controls.model.currentText() == "loud/teacher"
    assert window.parts.controls.start.isChecked()


def test_the_lowest_threshold_is_shown_as_it_is_and_not_remembered(bench: Bench):
    window = bench.open(threshold=0.004)
    assert window.parts.threshold.threshold == window.parts.plots.threshold_line.value() == 0.004
    assert window.parts.threshold.slider.value() == 4
    assert window.store.settings.thresholds == {}
