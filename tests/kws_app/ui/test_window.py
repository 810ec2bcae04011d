"""The window as a whole: it opens, remembers, closes, and every control can be told and reached."""

from pathlib import Path

import pytest
from PyQt6.QtCore import Qt
from PyQt6.QtGui import QDragLeaveEvent, QFont, QShortcut
from PyQt6.QtTest import QTest
from PyQt6.QtWidgets import (
    QAbstractButton,
    QAbstractSpinBox,
    QApplication,
    QComboBox,
    QScrollArea,
    QSlider,
    QTableWidget,
    QWidget,
)

from kws_app.audio.source import Phase
from kws_app.history.facts import DetectionRecord, now_iso
from kws_app.history.log import DetectionLog
from kws_app.ui.history.detection_list import position
from kws_app.ui.keys import FIRST_STEPS_KEYS, WINDOW_KEYS
from kws_app.ui.theme import DARK, Theme
from kws_app.ui.widgets.control_bar import SourceChoice
from tests.support.pseudo import cut
from tests.support.window_bench import Bench, drag, listening
from tests.support.words import names, set_threshold, threshold, use_network


def test_it_opens_at_once_and_says_what_to_do(bench: Bench):
    window = bench.open(ready=False)
    assert window.isVisible()
    bench.qtbot.waitUntil(lambda: window.parts.banner.text == "Press Space and say “loud”")


def test_space_starts_and_stops_wherever_the_keyboard_is(bench: Bench):
    window = bench.open()
    parts = window.parts
    parts.words.advanced_button.click()
    row = next(iter(parts.words.rows.values()))
    on = False
    for widget in (
        parts.detections,
        parts.controls.start,
        parts.controls.refresh,
        parts.controls.source,
        parts.time_bar.span,
        parts.words.advanced.network,
        parts.words.advanced_button,
        row.sensitivity,
        parts.plots,
    ):
        widget.setFocus()
        QTest.keyClick(widget, Qt.Key.Key_Space)
        on = not on
        assert parts.controls.start.isChecked() is on, widget
    parts.controls.source.showPopup()
    parts.controls.source.hidePopup()
    QTest.keyClick(parts.controls.source, Qt.Key.Key_Space)
    assert parts.controls.start.isChecked() is not on


def test_return_presses_the_button_that_has_the_keyboard(bench: Bench):
    window = bench.open()
    window.parts.controls.refresh.setFocus()
    before = len(bench.searches)
    QTest.keyClick(window.parts.controls.refresh, Qt.Key.Key_Return)
    bench.qtbot.waitUntil(lambda: len(bench.searches) > before)
    window.parts.words.advanced_button.setFocus()
    QTest.keyClick(window.parts.words.advanced_button, Qt.Key.Key_Return)
    assert window.parts.words.advanced.isVisible()


def test_the_help_names_the_keys_that_the_window_binds(bench: Bench):
    bound = {shortcut.key().toString() for shortcut in bench.open().findChildren(QShortcut)}
    named = {key for keys in (*WINDOW_KEYS, *FIRST_STEPS_KEYS) for key in keys}
    assert bound == {*named, "Enter"}  # the other Return


def test_choices_are_remembered(bench: Bench):
    window = bench.open()
    window.resize(780, 650)
    set_threshold(window, 0.64)
    window.parts.controls.source.activated.emit(1)
    use_network(window, "loud/student")
    bench.qtbot.waitUntil(lambda: names(window) == ["loud/student"])
    window.close()
    again = bench.open()
    assert (again.width(), again.height()) == (780, 650)
    assert names(again) == ["loud/student"]
    assert again.parts.controls.source.choice == SourceChoice("USB mic")
    use_network(again, "loud/teacher")
    bench.qtbot.waitUntil(lambda: threshold(again) == 0.64)


def test_options_count_for_this_run_only(bench: Bench):
    window = bench.open(model="loud/student", threshold=0.33)
    assert names(window) == ["loud/student"]
    assert threshold(window) == 0.33
    window.close()
    again = bench.open()
    assert names(again) == ["loud/teacher"]
    assert threshold(again) == 0.5


def test_broken_settings_are_set_aside_with_a_notice(bench: Bench):
    (bench.folder / "settings.json").write_text("{")
    window = bench.open(ready=False)
    assert "settings.broken.json" in window.parts.banner.text


def test_earlier_detections_are_listed(bench: Bench):
    record = DetectionRecord(now_iso(), None, "USB mic", "loud", "loud/teacher", 3725.5, 0.91)
    DetectionLog(bench.folder).append(record)
    window = bench.open(ready=False)
    bench.qtbot.waitUntil(lambda: window.parts.detections.rowCount() == 1)
    assert "1:02:05.50" not in window.parts.detections.item(0, 0).toolTip()  # of a microphone that means nothing
    assert "USB mic" in window.parts.detections.item(0, 0).toolTip()


def test_earlier_detections_that_cannot_be_read_are_said_and_hold_up_nothing(bench: Bench):
    DetectionLog(bench.folder).path.mkdir()
    window = bench.open()
    bench.qtbot.waitUntil(lambda: "earlier detections could not be read" in window.parts.banner.text)
    assert window.parts.detections.rowCount() == 0


@pytest.mark.parametrize(
    ("time_s", "text"), [(0.0, "0:00.00"), (59.998, "1:00.00"), (62.346, "1:02.35"), (3599.999, "1:00:00.00")]
)
def test_positions_are_rounded_before_they_are_split(time_s: float, text: str):
    assert position(time_s) == text


def test_closing_stops_everything_at_once(bench: Bench):
    window = bench.open(listen=True)
    bench.qtbot.waitUntil(lambda: listening(window))
    window.close()
    assert not window._worker._thread.is_alive()
    assert bench.sources[0].state.phase is Phase.STOPPED


def test_every_control_has_a_name_and_a_tooltip(bench: Bench):
    window = bench.open()
    window.parts.words.advanced_button.click()
    window.word_list.show_chooser()
    window.first_run.begin()
    window.desktop.show_start_dialog()
    window.adding.propose(bench.models / "loud" / "teacher.safetensors")
    controls = [
        widget
        for kind in (QAbstractButton, QComboBox, QSlider, QAbstractSpinBox, QTableWidget)
        for widget in window.findChildren(kind)
        if widget.isVisible() and widget.focusPolicy() & Qt.FocusPolicy.TabFocus
    ]
    assert len(controls) >= 30
    for widget in controls:
        text = widget.text() if isinstance(widget, QAbstractButton) else ""
        assert widget.accessibleName() or len(text) > 2, widget
        assert widget.toolTip() or isinstance(widget, QTableWidget), widget
    for entry in window.parts.controls.menu.actions():
        if entry.isSeparator() or entry.menu() is not None:
            continue
        assert entry.toolTip() != entry.text().strip("…"), entry.text()  # which Qt shows where there is none


def test_the_smallest_size_and_the_dark_theme_hold_everything(bench: Bench):
    window = bench.open()
    window._fixed_theme = DARK
    window._follow_theme()
    window.resize(900, 560)
    assert (window.width(), window.height()) == (900, 560)
    for widget in (window.parts.controls, window.parts.plots, window.parts.detections, window.status):
        inside = window.rect().contains(widget.mapTo(window, widget.rect().center()))
        assert widget.isVisible() and inside and widget.height() > 15
    assert cut(window) == []


def test_in_a_small_window_everything_can_be_scrolled_to(bench: Bench):
    window = bench.open()
    window.resize(500, 380)
    scroll = window.centralWidget()
    assert isinstance(scroll, QScrollArea)
    bench.qtbot.waitUntil(lambda: scroll.horizontalScrollBar().maximum() > 0)
    assert scroll.verticalScrollBar().maximum() > 0
    bench.qtbot.waitUntil(lambda: not cut(window))  # the list asks for its room once it is laid out


def test_a_large_font_cuts_nothing_off(bench: Bench):
    app = QApplication.instance()
    assert isinstance(app, QApplication)
    usual = app.font()
    large = QFont(usual)
    large.setPointSizeF(1.6 * usual.pointSizeF())
    app.setFont(large)
    try:
        window = bench.open()
        window.resize(900, 560)
        bench.qtbot.waitUntil(lambda: cut(window) == [])
    finally:
        app.setFont(usual)


def test_the_window_is_no_larger_than_the_screen(bench: Bench):
    first = bench.open()
    screen = first.screen()
    assert screen is not None
    room = screen.availableGeometry()
    first.resize(room.width() + 500, room.height() + 500)
    first.close()
    again = bench.open()
    assert again.width() <= room.width() and again.height() <= room.height()


def test_the_window_shows_that_it_takes_a_drop(bench: Bench, tmp_path: Path):
    window = bench.open()
    overlay = window.drop_overlay
    for name, text in (("a.wav", "Drop the file to play it"), ("a.safetensors", "Drop the model to add it")):
        drag(window, tmp_path / name)
        assert overlay.isVisible() and overlay.text == text and overlay.size() == window.size()
    QApplication.sendEvent(window, QDragLeaveEvent())
    assert not overlay.isVisible()


def test_the_menu_has_what_a_user_looks_for(bench: Bench):
    window = bench.open()
    texts = [action.text() for action in window.parts.controls.menu.actions() if not action.isSeparator()]
    assert texts == [
        "Open an audio file…",
        "Add a model…",
        "First steps",
        "Actions…",
        "Startup and tray…",
        "Stop listening for 10 minutes",
        "Theme",
        "Shortcuts",
        "Open data folder",
        "About",
        "Quit",
    ]


def test_a_theme_is_chosen_at_once_and_remembered(bench: Bench):
    window = bench.open()
    themes: list[Theme] = []
    window.themed.connect(themes.append)
    entry = next(action for action in window._themes.actions() if action.data() == "dark")
    entry.trigger()
    assert themes == [DARK] and entry.isChecked()
    window.close()
    again = bench.open()
    assert again.store.settings.theme == "dark"
    assert next(action for action in again._themes.actions() if action.isChecked()).data() == "dark"


def test_a_dialog_is_never_higher_than_the_screen(bench: Bench):
    window = bench.open()
    window.desktop.actions.show_dialog()
    dialog = window.desktop.actions.dialog
    assert dialog is not None
    tall = QWidget()
    tall.setMinimumHeight(5000)
    dialog.column.addWidget(tall)
    dialog.fit()
    room = dialog.screen().availableGeometry()
    bench.qtbot.waitUntil(lambda: dialog.height() > 0.8 * room.height())
    assert dialog.height() <= room.height()


@pytest.mark.parametrize("size", [(480, 360), (700, 420), (900, 560)])
def test_the_column_of_words_is_never_cut_off_at_its_right(bench: Bench, size: tuple[int, int]):
    window = bench.open()
    window.resize(*size)
    side = window.parts._side
    inside, viewport = side.widget(), side.viewport()
    assert inside is not None and viewport is not None
    bench.qtbot.waitUntil(lambda: 0 < inside.width() <= viewport.width())
