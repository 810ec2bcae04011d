"""Which words listen, by which network and at what threshold: rows, lines, settings and worker agree."""

import json
import shutil
from collections.abc import Callable
from pathlib import Path

import pytest
from PyQt6.QtCore import Qt
from PyQt6.QtTest import QTest

from kws_app.audio.source import Phase
from kws_app.history.log import DetectionLog
from kws_app.settings import Settings, SettingsFile
from kws_app.ui.window import MainWindow
from kws_app.ui.words.sensitivity import Level
from tests.support.loudness import bursts, save_loudness_model
from tests.support.window_bench import Bench, listening
from tests.support.words import (
    choose_level,
    compare,
    curve,
    drag_line,
    line_at,
    names,
    row,
    set_threshold,
    shown_level,
    threshold,
    use_network,
)


@pytest.fixture
def measured(bench: Bench, tmp_path: Path) -> Bench:
    """loud/teacher and loud/student with curves, loud/other without, all at 0.5; soft/teacher of another word."""
    bench.models = tmp_path / "measured"
    teacher = curve([0.2, 1, 40, 60], [0.3, 3, 20, 30], [0.5, 5, 8, 12], [0.8, 10, 2, 4], [0.95, 30, 0, 1])
    student = curve([0.3, 8, 20, 20], [0.5, 11, 9, 9], [0.6, 12, 8, 8], [0.7, 15, 2, 2], [0.9, 50, 0, 0])
    for name, figures in (("loud/teacher", teacher), ("loud/student", student), ("loud/other", {})):
        save_loudness_model(bench.models / f"{name}.safetensors", figures=figures)
    save_loudness_model(bench.models / "soft" / "teacher.safetensors", figures=teacher)
    return bench


# One threshold, everywhere


def test_number_slider_line_and_keys_move_one_threshold(bench: Bench):
    window = bench.open()
    advanced = window.parts.words.advanced
    set_threshold(window, 0.7)
    assert line_at(window) == pytest.approx(0.7) and advanced.threshold.number.value() == pytest.approx(0.7)
    drag_line(window, 0.25)
    assert advanced.threshold.slider.value() == 250
    assert window._worker.wanted.tunings["loud/teacher"].threshold == pytest.approx(0.25)
    QTest.keyClick(window, Qt.Key.Key_Up, Qt.KeyboardModifier.ControlModifier)
    assert threshold(window) == pytest.approx(0.255)
    advanced.threshold.number.setValue(0.123)
    assert line_at(window) == pytest.approx(0.123) and shown_level(window) == "0.123"
    QTest.keyClick(window, Qt.Key.Key_R, Qt.KeyboardModifier.ControlModifier)
    assert (threshold(window), line_at(window), shown_level(window)) == (0.5, 0.5, "Balanced")


def test_the_threshold_changes_what_fires_next(bench: Bench, write_wav: Callable[..., Path]):
    window = bench.open(input=write_wav(bursts(0.3, duration_s=1.0, amplitude=0.004)))
    for value, rows in ((0.95, 0), (0.1, 1)):
        drag_line(window, value)
        window.listening.start()
        bench.qtbot.waitUntil(lambda: window.listening.state.phase is Phase.ENDED)
        assert window.parts.detections.rowCount() == rows


def test_the_lowest_threshold_is_shown_as_it_is_and_not_remembered(bench: Bench):
    window = bench.open(threshold=0.004)
    assert threshold(window) == line_at(window) == 0.004
    assert window.parts.words.advanced.threshold.slider.value() == 4
    assert window.store.settings.thresholds == {}


def test_a_level_moves_the_threshold_and_the_row_says_which_holds(measured: Bench):
    window = measured.open()
    assert shown_level(window) == "Balanced"
    for level, expected in ((Level.STRICT, 0.8), (Level.SENSITIVE, 0.2), (Level.BALANCED, 0.5)):
        choose_level(window, level)
        assert threshold(window) == line_at(window) == expected
    choose_level(window, Level.STRICT)
    assert shown_level(window) == "Strict"
    assert window._worker.wanted.tunings["loud/teacher"].threshold == 0.8
    assert window.store.settings.thresholds == {"loud/teacher": 0.8}
    assert "1 in 10 words, 2 false alarms in 4 hours" in window.parts.words.meaning.text()
    set_threshold(window, 0.4)
    assert shown_level(window) == "0.400"


def test_without_a_measurement_only_balanced_can_be_chosen(measured: Bench):
    window = measured.open(model="loud/other")
    levels = row(window).levels
    assert [level for level, action in levels.items() if action.isEnabled()] == [Level.BALANCED]
    assert window.parts.words.meaning.text() == "Not measured."


def test_each_part_of_the_decision_can_be_set_and_reset(measured: Bench):
    window = measured.open()
    panel = window.parts.words
    form = panel.advanced.decision
    assert not panel.advanced.isVisible() and not form.reset.isEnabled()
    measured.qtbot.mouseClick(panel.advanced_button, Qt.MouseButton.LeftButton)
    assert panel.advanced.isVisible()
    form.smoothing.setValue(3)
    form.patience.setValue(2)
    form.refractory.setValue(2.5)
    tuning = window._worker.wanted.tunings["loud/teacher"]
    assert (tuning.smoothing_steps, tuning.patience_steps, tuning.refractory_s) == (3, 2, 2.5)
    decisions = {"loud/teacher": {"smoothing_steps": 3, "patience_steps": 2, "refractory_s": 2.5}}
    assert window.store.settings.decisions == decisions
    assert "Measured with other settings" in panel.meaning.text()
    use_network(window, "loud/student")
    assert (form.smoothing.value(), form.patience.value(), form.refractory.value()) == (1, 1, 1.0)
    use_network(window, "loud/teacher")
    assert (form.smoothing.value(), form.patience.value(), form.refractory.value()) == (3, 2, 2.5)
    form.reset.click()
    assert (form.smoothing.value(), form.patience.value(), form.refractory.value()) == (1, 1, 1.0)
    assert window.store.settings.decisions == {} and "other settings" not in panel.meaning.text()


def test_limits_of_a_decision_are_sane(bench: Bench):
    form = bench.open().parts.words.advanced.decision
    form.smoothing.setValue(1000)
    form.patience.setValue(0)
    form.refractory.setValue(0.0)
    assert (form.smoothing.value(), form.patience.value(), form.refractory.value()) == (10, 1, 0.2)


# Another network


def test_another_network_brings_its_own_threshold_and_listening_goes_on(bench: Bench):
    window = bench.open()
    window.listening.start()
    bench.qtbot.waitUntil(lambda: listening(window))
    use_network(window, "loud/student")
    bench.qtbot.waitUntil(lambda: names(window) == ["loud/student"])
    assert threshold(window) == 0.9
    assert listening(window) and window.parts.controls.start.isChecked()


def test_a_network_takes_the_words_sensitivity_over(measured: Bench):
    window = measured.open()
    use_network(window, "loud/student")
    assert (threshold(window), shown_level(window)) == (0.5, "Balanced")
    use_network(window, "loud/teacher")
    choose_level(window, Level.STRICT)
    use_network(window, "loud/student")
    assert (threshold(window), shown_level(window)) == (0.7, "Strict")
    measured.qtbot.waitUntil(lambda: window._worker.wanted.tunings["loud/student"].threshold == 0.7)
    use_network(window, "loud/teacher")
    assert threshold(window) == 0.8  # no drift on the way back


def test_a_number_of_the_users_own_keeps_its_false_alarms(measured: Bench):
    window = measured.open()
    set_threshold(window, 0.81)  # nearest to 0.8: 2 alarms in 4 h
    use_network(window, "loud/student")
    assert threshold(window) == 0.7
    use_network(window, "loud/teacher")
    assert threshold(window) == 0.81


def test_balanced_holds_for_the_other_networks_too(measured: Bench):
    window = measured.open()
    choose_level(window, Level.STRICT)
    use_network(window, "loud/student")
    assert threshold(window) == 0.7
    use_network(window, "loud/teacher")
    choose_level(window, Level.BALANCED)
    use_network(window, "loud/student")
    assert threshold(window) == 0.5


def test_what_was_remembered_from_an_earlier_run_is_taken_over(measured: Bench):
    first = measured.open()
    choose_level(first, Level.STRICT)
    first.close()
    window = measured.open()
    assert threshold(window) == 0.8
    use_network(window, "loud/student")
    assert threshold(window) == 0.7


def test_a_drag_for_a_network_that_is_then_refused_changes_nothing(bench: Bench):
    window = bench.open()
    set_threshold(window, 0.7)
    use_network(window, "loud/broken")
    bench.qtbot.waitUntil(lambda: "damaged" in window.parts.banner.text)
    assert threshold(window) == line_at(window) == 0.7
    assert window._worker.wanted.tunings["loud/teacher"].threshold == 0.7
    assert window.words.words["loud"].model == "loud/teacher"


def test_a_network_that_does_not_load_is_refused_and_the_one_before_stays(bench: Bench):
    window = bench.open()
    window.listening.start()
    use_network(window, "loud/broken")
    bench.qtbot.waitUntil(lambda: "damaged" in window.parts.banner.text)
    assert names(window) == ["loud/teacher"] and row(window).switch.isChecked()
    assert window.parts.controls.start.isChecked()


def test_a_damaged_model_is_named_and_so_is_the_one_used_instead(bench: Bench, tmp_path: Path):
    models = tmp_path / "models"
    for name in ("another/teacher", "loud/student"):
        (models / name).parent.mkdir(parents=True)
        shutil.copy(bench.models / "loud" / "student.safetensors", models / f"{name}.safetensors")
    (models / "loud" / "teacher.safetensors").write_bytes(b"cut off")
    window = bench.open(models=models, ready=False)
    bench.qtbot.waitUntil(lambda: window.words.model is not None)
    assert names(window) == ["loud/student"]
    text = window.parts.banner.text
    assert text.startswith("The model loud/teacher cannot be used: loud/student listens instead.")
    assert f"{models / 'loud' / 'teacher.safetensors'} is no usable model" in text
    assert window.store.settings.model == "loud/teacher"  # the user's choice, once it is whole again


def test_a_model_that_fails_in_an_unforeseen_way_is_not_waited_for(bench: Bench, monkeypatch: pytest.MonkeyPatch):
    def fail(*_: object) -> None:
        raise KeyError("hop_samples")

    monkeypatch.setattr("kws_app.listening.active_models.KeywordModel.load", fail)
    window = bench.open(ready=False, listen=True)
    bench.qtbot.waitUntil(lambda: "cannot be used (KeyError: 'hop_samples')" in window.parts.banner.text)
    assert not window.parts.controls.start.isChecked()


# Several words


def colors(window: MainWindow) -> dict[str, str]:
    return {model: line.pen.color().name() for model, line in window.parts.plots.thresholds.lines.items()}


def test_every_word_has_its_row_line_and_colour_and_keeps_it(measured: Bench):
    window = measured.open()
    before = colors(window)
    window.words.add_word("soft")
    measured.qtbot.waitUntil(lambda: names(window) == ["loud/teacher", "soft/teacher"])
    assert colors(window)["loud/teacher"] == before["loud/teacher"] != colors(window)["soft/teacher"]
    drag_line(window, 0.3, "soft/teacher")
    assert line_at(window) == 0.5 and line_at(window, "soft/teacher") == pytest.approx(0.3)
    window.words.switch("loud", False)
    measured.qtbot.waitUntil(lambda: names(window) == ["soft/teacher"])
    assert list(colors(window)) == ["soft/teacher"]
    window.words.switch("loud", True)
    measured.qtbot.waitUntil(lambda: names(window) == ["loud/teacher", "soft/teacher"])
    assert colors(window)["loud/teacher"] == before["loud/teacher"]


def test_a_word_stays_in_the_list_while_it_is_off_and_is_remembered(measured: Bench):
    window = measured.open()
    window.words.add_word("soft")
    measured.qtbot.waitUntil(lambda: len(names(window)) == 2)
    measured.qtbot.mouseClick(
        row(window, "loud").switch, Qt.MouseButton.LeftButton, pos=row(window).switch.rect().center()
    )
    measured.qtbot.waitUntil(lambda: names(window) == ["soft/teacher"])
    assert not row(window, "soft").switch.isEnabled()  # the only one that is on
    window.close()
    again = measured.open()
    assert list(again.parts.words.rows) == ["loud", "soft"]
    assert [r.switch.isChecked() for r in again.parts.words.rows.values()] == [False, True]


def test_a_word_can_be_removed_but_not_the_last_that_is_on(measured: Bench):
    window = measured.open()
    assert not window.parts.words.advanced.remove.isEnabled()
    window.words.add_word("soft")
    measured.qtbot.waitUntil(lambda: len(names(window)) == 2)
    window.parts.words.advanced.remove.click()
    measured.qtbot.waitUntil(lambda: names(window) == ["loud/teacher"])
    assert list(window.parts.words.rows) == ["loud"]


def test_settings_of_an_earlier_version_keep_their_words(measured: Bench):
    SettingsFile(measured.folder).save(
        Settings("loud/teacher", also=["loud/student", "soft/teacher"], first_run_done=True)
    )
    window = measured.open()
    measured.qtbot.waitUntil(lambda: len(names(window)) == 3)
    assert list(window.parts.words.rows) == ["loud", "soft"]
    assert names(window) == ["loud/teacher", "soft/teacher", "loud/student"]
    assert window.words.compared == ["loud/student"]


# Compare


def test_compared_networks_are_drawn_and_the_words_own_counts(bench: Bench, write_wav: Callable[..., Path]):
    window = bench.open(input=write_wav(bursts(1.0, duration_s=3.0)))
    assert not window.parts.legend.isVisible()
    compare(window, "loud/student")
    bench.qtbot.waitUntil(lambda: names(window) == ["loud/teacher", "loud/student"])
    assert window.parts.words.compare.text() == "Compare (1 more)"
    window.listening.start()
    bench.qtbot.waitUntil(lambda: window.listening.state.phase is Phase.ENDED)
    plots = window.parts.plots
    for name, drawn in plots.scores.curves.items():
        assert drawn.points()[1].max() > 0.9, name
    assert [mark.model for mark in DetectionLog(bench.folder).last()] == ["loud/teacher"]
    assert [mark.word for mark in plots.shown.marks] == ["loud"]
    assert list(plots.shown.found) == ["loud/student"] and len(plots.shown.found["loud/student"]) == 1
    assert len({drawn.pen.color().name() for drawn in plots.scores.curves.values()}) == 2
    assert list(plots.thresholds.lines) == ["loud/teacher"]  # a compared network has no line
    legend = window.parts.legend
    assert legend.isVisible() and "✓ Accurate (teacher)" in legend.text()


def test_what_is_compared_is_remembered_and_ends(bench: Bench):
    window = bench.open()
    compare(window, "loud/student")
    bench.qtbot.waitUntil(lambda: len(names(window)) == 2)
    window.close()
    again = bench.open()
    bench.qtbot.waitUntil(lambda: names(again) == ["loud/teacher", "loud/student"])
    compare(again, "loud/student", on=False)
    bench.qtbot.waitUntil(lambda: names(again) == ["loud/teacher"])
    again.close()
    saved = json.loads((bench.folder / "settings.json").read_text())
    assert (saved["model"], saved["also"]) == ("loud/teacher", [])


def test_a_compared_network_that_cannot_be_used_is_named_and_the_others_stay(bench: Bench):
    window = bench.open()
    compare(window, "loud/broken")
    bench.qtbot.waitUntil(lambda: "damaged" in window.parts.banner.text)
    assert window.words.wanted == names(window) == ["loud/teacher"]


def test_the_menu_to_compare_opens_by_key(bench: Bench):
    window = bench.open()
    QTest.keyClick(window, Qt.Key.Key_L, Qt.KeyboardModifier.ControlModifier)
    menu = window.parts.words.compare_menu
    assert menu.isVisible()
    texts = [action.text() for action in menu.actions()]
    assert texts == ["Accurate (teacher): hears the word", "Light (student)", "broken"]
    menu.close()


# Add a word


def test_the_chooser_lists_what_there_is_and_adds_a_word(measured: Bench):
    window = measured.open()
    QTest.keyClick(window, Qt.Key.Key_M, Qt.KeyboardModifier.ControlModifier)
    chooser = window.word_list.chooser
    assert chooser is not None and chooser.isVisible()
    assert list(chooser.adds) == ["loud", "soft"]
    assert not chooser.adds["loud"].isEnabled()
    chooser.adds["soft"].click()
    measured.qtbot.waitUntil(lambda: names(window) == ["loud/teacher", "soft/teacher"])
    assert window.words.selected == "soft" and not chooser.adds["soft"].isEnabled()


def test_a_row_says_when_its_word_was_heard(bench: Bench, write_wav: Callable[..., Path]):
    window = bench.open(input=write_wav(bursts(1.0, duration_s=3.0)))
    assert row(window).last_heard.text() == "not heard yet"
    window.listening.start()
    bench.qtbot.waitUntil(lambda: window.parts.detections.rowCount() == 1)
    assert row(window).last_heard.text().startswith("heard ")
    window.close()
    again = bench.open()
    bench.qtbot.waitUntil(lambda: row(again).last_heard.text().startswith("heard "))


def test_a_row_says_what_its_word_sets_off(bench: Bench):
    window = bench.open()
    assert row(window).set_off.text() == "Actions: none"
    row(window).set_off.click()
    dialog = window.desktop.actions.dialog
    assert dialog is not None and dialog.isVisible() and dialog.keyword.currentText() == "loud"
    dialog.sound.switch.click()
    assert row(window).set_off.text() == "Actions: sound"
