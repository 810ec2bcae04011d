"""Under the threshold: sentence, presets and the rest of the decision follow each other, settings and worker."""

from pathlib import Path
from typing import Any

import pytest
from PyQt6.QtCore import Qt

from kws_app.engine.card import PAIRS_FIELD
from kws_app.engine.model_file import read_card
from kws_app.engine.pairs import with_pair
from kws_app.ui.window import MainWindow
from tests.support.loudness import save_loudness_model
from tests.support.window_bench import Bench


def figures(*points: list[float]) -> dict[str, Any]:
    curve = {"smoothing_steps": 1, "patience_steps": 1, "refractory_s": 1.0, "keywords": 100, "speech_hours": 4.0}
    return {"operating_curve": {**curve, "hours": 20.0, "points": list(points)}}


@pytest.fixture
def measured(bench: Bench, tmp_path: Path) -> Bench:
    """loud/teacher and loud/student with curves, loud/other without, all at 0.5; soft/teacher of another word."""
    bench.models = tmp_path / "measured"
    teacher = figures([0.2, 1, 40, 60], [0.5, 5, 8, 12], [0.8, 10, 2, 4], [0.95, 30, 0, 1])
    student = figures([0.3, 8, 9, 9], [0.6, 12, 8, 8], [0.7, 20, 2, 2], [0.9, 50, 0, 0])
    save_loudness_model(bench.models / "loud" / "teacher.safetensors", figures=teacher)
    save_loudness_model(bench.models / "loud" / "student.safetensors", figures=student)
    save_loudness_model(bench.models / "loud" / "other.safetensors")
    save_loudness_model(bench.models / "soft" / "teacher.safetensors", figures=teacher)
    return bench


def text(window: MainWindow) -> str:
    return window.parts.operating.text.text()


def press(bench: Bench, window: MainWindow, name: str) -> None:
    button = next(b for preset, b in window.parts.operating.presets.items() if preset.name == name)
    bench.qtbot.mouseClick(button, Qt.MouseButton.LeftButton)


def pressed(window: MainWindow) -> list[str]:
    return [preset.name for preset, button in window.parts.operating.presets.items() if button.isChecked()]


def look_at(window: MainWindow, name: str) -> None:
    window.parts.controls.model.setCurrentText(name)
    window.parts.controls.model.textActivated.emit(name)


def threshold(window: MainWindow) -> float:
    return window.parts.threshold.threshold


def test_the_sentence_follows_slider_and_line(measured: Bench):
    window = measured.open()
    assert text(window).startswith("Misses about 5 % (2 to 11), 2.0 false alarms an hour (0.86 to 3.9)")
    window.parts.threshold.slider.setValue(800)
    assert text(window).startswith("Misses about 10 %")
    line = window.parts.plots.threshold_line
    line.setValue(0.95)
    line.sigDragged.emit(line)
    assert "fewer than 0.92 false alarms an hour; measured on 4.0 hours" in text(window)


def test_presets_move_the_one_threshold_and_show_which_holds(measured: Bench):
    window = measured.open()
    assert pressed(window) == ["Never miss"]  # 0.5 is where 2 an hour are met
    for name, expected in (("Rarely wrong", 0.95), ("Balanced", 0.8), ("Never miss", 0.5)):
        press(measured, window, name)
        assert threshold(window) == window.parts.plots.threshold_line.value() == expected
        assert pressed(window) == [name]
    press(measured, window, "Never miss")
    assert pressed(window) == ["Never miss"]  # pressed again, it stays
    press(measured, window, "Balanced")
    assert window._worker.wanted.tunings["loud/teacher"].threshold == 0.8
    assert window.store.settings.thresholds == {"loud/teacher": 0.8}
    window.parts.threshold.slider.setValue(400)
    assert pressed(window) == []


def test_of_presets_that_are_the_same_one_is_lit_and_the_others_say_why(measured: Bench):
    alike = figures([0.2, 1, 40, 60], [0.7, 20, 0, 0], [0.9, 40, 0, 0])
    save_loudness_model(measured.models / "loud" / "alike.safetensors", figures=alike)
    window = measured.open(model="loud/alike")
    press(measured, window, "Rarely wrong")
    assert threshold(window) == 0.7 and pressed(window) == ["Rarely wrong"]
    buttons = {preset.name: button for preset, button in window.parts.operating.presets.items()}
    assert [name for name, button in buttons.items() if button.isEnabled()] == ["Rarely wrong"]
    assert "the same as “Rarely wrong”" in buttons["Never miss"].toolTip()
    look_at(window, "loud/teacher")
    assert all(button.isEnabled() for button in buttons.values())


def test_without_a_curve_that_is_said_and_nothing_can_be_pressed(measured: Bench):
    window = measured.open(model="loud/other")
    assert text(window) == "What this threshold means was not measured with this model."
    assert not any(button.isEnabled() for button in window.parts.operating.presets.values())


def test_a_pair_is_spoken_of_by_its_own_curve_where_both_were_measured(measured: Bench):
    teacher = read_card(measured.models / "loud" / "teacher.safetensors")
    together = figures([0.4, 7, 5, 6], [0.5, 9, 1, 2], [0.9, 40, 0, 0])
    known = with_pair(teacher, teacher, together)  # all three are one network, so any of them is what was measured
    known[PAIRS_FIELD] = {"student": known[PAIRS_FIELD]["teacher"]}
    save_loudness_model(measured.models / "loud" / "teacher.safetensors", figures={**teacher.figures, **known})
    window = measured.open()
    window.models.confirm_with("loud/student")
    measured.qtbot.waitUntil(lambda: window.models.name == "loud/teacher+student")
    assert text(window).startswith("Misses about 9 % (5 to 16), 0.25 false alarms an hour")
    assert text(window).endswith("measured on 4.0 hours of speech.")
    press(measured, window, "Never miss")
    assert threshold(window) == 0.4
    window.models.confirm_with("loud/other")
    measured.qtbot.waitUntil(lambda: "not measured" in text(window))
    look_at(window, "loud/student")
    window.models.confirm_with("loud/teacher")
    measured.qtbot.waitUntil(lambda: "That is loud/teacher alone" in text(window))


def test_another_model_of_the_word_keeps_the_operating_point(measured: Bench):
    window = measured.open()
    look_at(window, "loud/student")
    assert threshold(window) == 0.5  # nothing was set: as it was measured
    look_at(window, "loud/teacher")
    press(measured, window, "Balanced")  # 0.8: 2 alarms in 4 h
    look_at(window, "loud/student")
    assert threshold(window) == 0.7
    measured.qtbot.waitUntil(lambda: window._worker.wanted.tunings["loud/student"].threshold == 0.7)
    look_at(window, "loud/teacher")
    assert threshold(window) == 0.8  # no drift on the way back
    look_at(window, "loud/student")
    window.parts.threshold.slider.setValue(600)  # now it is set here: 8 alarms in 4 h
    look_at(window, "loud/teacher")
    assert threshold(window) == 0.5
    look_at(window, "loud/student")
    assert threshold(window) == 0.6


def test_back_to_the_models_own_holds_for_the_others_too(measured: Bench):
    window = measured.open()
    press(measured, window, "Rarely wrong")
    look_at(window, "loud/student")
    assert threshold(window) == 0.9
    look_at(window, "loud/teacher")
    measured.qtbot.mouseClick(window.parts.threshold.reset, Qt.MouseButton.LeftButton)
    look_at(window, "loud/student")
    assert threshold(window) == 0.5


def test_another_word_or_a_model_that_was_not_measured_keeps_its_own(measured: Bench):
    window = measured.open()
    press(measured, window, "Rarely wrong")
    for name in ("soft/teacher", "loud/other"):
        look_at(window, name)
        assert threshold(window) == 0.5
    assert set(window.store.settings.thresholds) == {"loud/teacher"}


def test_what_was_remembered_from_an_earlier_run_is_carried_over(measured: Bench):
    first = measured.open()
    press(measured, first, "Balanced")
    first.close()
    window = measured.open()
    assert threshold(window) == 0.8
    look_at(window, "loud/student")
    assert threshold(window) == 0.7


def test_each_part_of_the_decision_can_be_set_and_reset(measured: Bench):
    window = measured.open()
    panel = window.parts.operating
    form = panel.form
    assert not form.isVisible() and not form.reset.isEnabled()
    measured.qtbot.mouseClick(panel.advanced, Qt.MouseButton.LeftButton)
    assert form.isVisible()
    form.smoothing.setValue(3)
    form.patience.setValue(2)
    form.refractory.setValue(2.5)
    tuning = window._worker.wanted.tunings["loud/teacher"]
    assert (tuning.smoothing_steps, tuning.patience_steps, tuning.refractory_s) == (3, 2, 2.5)
    decisions = {"loud/teacher": {"smoothing_steps": 3, "patience_steps": 2, "refractory_s": 2.5}}
    assert window.store.settings.decisions == decisions
    assert text(window).endswith("with no smoothing, no patience and 1 s between detections, not with yours.")
    look_at(window, "loud/student")
    assert (form.smoothing.value(), form.patience.value(), form.refractory.value()) == (1, 1, 1.0)
    look_at(window, "loud/teacher")
    assert (form.smoothing.value(), form.patience.value(), form.refractory.value()) == (3, 2, 2.5)
    measured.qtbot.mouseClick(form.reset, Qt.MouseButton.LeftButton)
    assert (form.smoothing.value(), form.patience.value(), form.refractory.value()) == (1, 1, 1.0)
    assert window.store.settings.decisions == {} and "not with yours" not in text(window)


def test_limits_are_sane(measured: Bench):
    form = measured.open().parts.operating.form
    form.smoothing.setValue(1000)
    form.patience.setValue(0)
    form.refractory.setValue(0.0)
    assert (form.smoothing.value(), form.patience.value(), form.refractory.value()) == (10, 1, 0.2)
