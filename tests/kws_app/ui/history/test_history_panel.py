"""The panel of what was heard: its rows, labels and deletions, by mouse and by key, over a real worker and folder."""

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from PyQt6.QtCore import Qt
from PyQt6.QtTest import QTest

from kws_app.history.clip_store import ClipStore
from kws_app.history.entries import FALSE_ALARM, RIGHT, Entry
from kws_app.history.facts import DetectionRecord, Ended, now_iso
from kws_app.history.log import DetectionLog
from kws_app.ui.history.clip_cell import COMING_ROLE
from kws_app.ui.history.detection_list import CLIP, DURATION, MOST_ROWS, PEAK, when
from tests.support.heard_rows import click_clip, fill, in_log, opened, outline, text
from tests.support.loudness import bursts
from tests.support.window_bench import Bench


def test_a_detection_shows_how_it_went_and_its_waveform(bench: Bench, write_wav: Callable[..., Path]):
    window = bench.open(input=write_wav(bursts(3.0, duration_s=4.0)))
    panel = window.parts.history
    coming: list[bool] = []
    window.listening.marked.connect(lambda: coming.append(panel.table.item(0, CLIP).data(COMING_ROLE)))
    window.listening.start()
    bench.qtbot.waitUntil(lambda: panel.table.rowCount() == 1 and text(panel, 0, DURATION) != "")
    assert 0.1 < float(text(panel, 0, DURATION).removesuffix(" s")) < 0.6
    assert float(text(panel, 0, PEAK)) > 0.9
    bench.qtbot.waitUntil(lambda: bool(outline(panel, 0)))
    peaks = outline(panel, 0)
    assert peaks is not None and int(np.argmax(peaks)) > len(peaks) // 2  # two seconds before, half a second after
    assert coming == [True] and not panel.table.item(0, CLIP).data(COMING_ROLE)


def test_earlier_detections_come_newest_first_with_their_clips(bench: Bench):
    ids = fill(bench, 3)
    DetectionLog(bench.folder).append(Ended(ids[0], 0.987, 0.4))
    ClipStore(bench.folder / "clips").remove(ids[2])
    _, panel = opened(bench, 3)
    assert (text(panel, 0, PEAK), text(panel, 0, DURATION)) == ("0.99", "0.40 s")
    bench.qtbot.waitUntil(lambda: bool(outline(panel, 0)) and bool(outline(panel, 1)))
    assert outline(panel, 2) is None
    click_clip(bench, panel, 2)  # there is nothing to play
    assert not panel.play.isEnabled()


@pytest.mark.parametrize(("key", "button", "label"), [("R", "right", RIGHT), ("F", "wrong", FALSE_ALARM)])
def test_labels_are_given_and_taken_back_by_key_and_by_mouse(bench: Bench, key: str, button: str, label: str):
    ids = fill(bench, 2)
    window, panel = opened(bench, 2)
    panel.table.selectRow(0)
    QTest.keyClick(panel.table, key)
    assert text(panel, 0, CLIP) == label and getattr(panel, button).isChecked()
    QTest.keyClick(panel.table, key)
    assert text(panel, 0, CLIP) == "" and not getattr(panel, button).isChecked()
    bench.qtbot.mouseClick(getattr(panel, button), Qt.MouseButton.LeftButton)
    assert text(panel, 0, CLIP) == label and text(panel, 1, CLIP) == ""
    past = in_log(window, bench)
    assert [past.entries[id].label for id in ids] == [label, ""]


def test_several_rows_are_labelled_at_once_and_the_other_label_replaces_the_first(bench: Bench):
    fill(bench, 3)
    _, panel = opened(bench, 3)
    panel.table.selectAll()
    QTest.keyClick(panel.table, "R")
    QTest.keyClick(panel.table, "F")
    assert [text(panel, row, CLIP) for row in range(3)] == [FALSE_ALARM] * 3
    panel.table.selectRow(1)
    QTest.keyClick(panel.table, "R")
    assert [text(panel, row, CLIP) for row in range(3)] == [FALSE_ALARM, RIGHT, FALSE_ALARM]


def test_buttons_wait_for_a_selection(bench: Bench):
    fill(bench, 1)
    _, panel = opened(bench, 1)
    buttons = (panel.play, panel.right, panel.wrong, panel.delete)
    assert not any(button.isEnabled() for button in buttons)
    for key in ("R", "F", "Return", "Delete"):  # and so do keys
        QTest.keyClick(panel.table, getattr(Qt.Key, f"Key_{key}"))
    assert text(panel, 0, CLIP) == ""
    panel.table.selectRow(0)
    bench.qtbot.waitUntil(lambda: all(button.isEnabled() for button in buttons))


@pytest.mark.parametrize("way", ["key", "button"])
def test_deleting_is_undone_in_its_place(bench: Bench, way: str):
    ids = fill(bench, 4)
    window, panel = opened(bench, 4)
    bench.qtbot.waitUntil(lambda: bool(outline(panel, 1)))
    for row in (1, 2):  # of what is left
        panel.table.selectRow(row)
        if way == "key":
            QTest.keyClick(panel.table, Qt.Key.Key_Delete)
        else:
            bench.qtbot.mouseClick(panel.delete, Qt.MouseButton.LeftButton)
    assert panel.table._ids == [ids[0], ids[2]]
    assert panel.message.text() == "Deleted." and panel.undo.isVisible()
    if way == "key":
        QTest.keyClick(window, Qt.Key.Key_Z, Qt.KeyboardModifier.ControlModifier)
        QTest.keyClick(window, Qt.Key.Key_Z, Qt.KeyboardModifier.ControlModifier)
    else:
        bench.qtbot.mouseClick(panel.undo, Qt.MouseButton.LeftButton)
        bench.qtbot.mouseClick(panel.undo, Qt.MouseButton.LeftButton)
    assert panel.table._ids == ids
    assert not panel.undo.isVisible()
    bench.qtbot.waitUntil(lambda: bool(outline(panel, 1)))
    past = in_log(window, bench)
    assert not any(entry.deleted for entry in past.entries.values())
    assert len(list((bench.folder / "clips").iterdir())) == 4


def test_a_deletion_is_for_good_when_the_window_closes(bench: Bench):
    ids = fill(bench, 2)
    window, panel = opened(bench, 2)
    panel.table.selectRow(0)
    QTest.keyClick(panel.table, Qt.Key.Key_Delete)
    assert len(list((bench.folder / "clips").iterdir())) == 2  # it can still be undone
    past = in_log(window, bench)
    assert [past.entries[id].deleted for id in ids] == [True, False]
    assert [path.stem for path in (bench.folder / "clips").iterdir()] == [ids[1]]
    _, panel = opened(bench, 1)


def test_a_deletion_is_for_good_after_a_while(bench: Bench, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr("kws_app.ui.history.history_control.UNDO_MS", 50)
    fill(bench, 2)
    window, panel = opened(bench, 2)
    panel.table.selectAll()
    QTest.keyClick(panel.table, Qt.Key.Key_Delete)
    assert panel.message.text() == "2 deleted."
    bench.qtbot.waitUntil(lambda: not list((bench.folder / "clips").iterdir()))
    window.history.undo()
    assert panel.table.rowCount() == 0


def test_lines_that_cannot_be_read_are_counted(bench: Bench):
    fill(bench, 1, clips=False)
    with open(DetectionLog(bench.folder).path, "ab") as file:
        file.write(b"half a li\n[]\n")
    window, _ = opened(bench, 1)
    assert "2 lines of" in window.parts.banner.text


def test_the_table_is_bounded_and_holds_what_came_while_the_log_was_read(bench: Bench):
    window, panel = opened(bench, 0)
    record = DetectionRecord(now_iso(), None, "mic", "loud", "loud/teacher", 0.0, 0.9)
    for i in range(MOST_ROWS + 5):
        window.history.add(replace(record, id=str(i)))
    assert panel.table.rowCount() == MOST_ROWS
    assert panel.table._ids[0] == str(MOST_ROWS + 4)


def test_letters_do_not_jump_and_space_still_listens(bench: Bench):
    fill(bench, 3)
    window, panel = opened(bench, 3)
    panel.table.selectRow(2)
    QTest.keyClick(panel.table, "1")
    assert panel.table.currentRow() == 2
    QTest.keyClick(panel.table, Qt.Key.Key_Space)
    assert window.parts.controls.start.isChecked()


def test_a_label_is_undone_and_changed(bench: Bench):
    ids = fill(bench, 2)
    window, panel = opened(bench, 2)
    panel.table.selectRow(0)
    QTest.keyClick(panel.table, "R")
    assert panel.undo.isVisible()
    QTest.keyClick(panel.table, "F")  # changed
    assert text(panel, 0, CLIP) == FALSE_ALARM
    QTest.keyClick(window, Qt.Key.Key_Z, Qt.KeyboardModifier.ControlModifier)
    assert text(panel, 0, CLIP) == RIGHT
    QTest.keyClick(window, Qt.Key.Key_Z, Qt.KeyboardModifier.ControlModifier)
    assert text(panel, 0, CLIP) == ""
    QTest.keyClick(window, Qt.Key.Key_Z, Qt.KeyboardModifier.ControlModifier)  # nothing is left to undo
    past = in_log(window, bench)
    assert [past.entries[id].label for id in ids] == ["", ""]


def test_labels_and_deletions_are_undone_in_turn(bench: Bench):
    fill(bench, 2)
    window, panel = opened(bench, 2)
    panel.table.selectRow(0)
    QTest.keyClick(panel.table, "R")
    QTest.keyClick(panel.table, Qt.Key.Key_Delete)
    window.history.undo()
    assert panel.table.rowCount() == 2 and text(panel, 0, CLIP) == RIGHT
    window.history.undo()
    assert text(panel, 0, CLIP) == ""


def test_an_empty_list_says_what_will_appear(bench: Bench):
    window, panel = opened(bench, 0)
    empty = panel.table.grab().toImage()
    panel.table.add(Entry(DetectionRecord(now_iso(), None, "mic", "loud", "loud/teacher", 0.0, 0.9, "x")))
    panel.table.remove(["x"])
    assert panel.table.grab().toImage() == empty
    window.parts.history.table._ids.append("y")  # a row that nobody sees: then the sentence is not there
    assert panel.table.grab().toImage() != empty
    window.parts.history.table._ids.clear()


def test_a_row_of_another_day_has_its_date(bench: Bench):
    record = DetectionRecord("2026-03-04T14:30:05.000+00:00", None, "mic", "loud", "loud/teacher", 3725.5, 0.91)
    assert when(Entry(record)).startswith("4 Mar")
    assert when(Entry(replace(record, file="a.wav"))) == "1:02:05.50"
