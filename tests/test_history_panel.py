"""The panel of what was heard: every control, by mouse and by key, over a real worker, archive and folder."""

import threading
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import soundfile
from loudness import bursts
from PyQt6.QtCore import QPoint, Qt
from PyQt6.QtTest import QTest
from PyQt6.QtWidgets import QFileDialog
from window_bench import Bench, SilentMicrophone

from kws_app.clips import ClipStore
from kws_app.decision import DecisionConfig
from kws_app.errors import AudioError
from kws_app.history import DetectionLog, DetectionRecord, Ended, HoursHeard, clip_name, new_id, now_iso
from kws_app.past import FALSE_ALARM, RIGHT, Past, add_up
from kws_app.settings import Settings, SettingsFile
from kws_app.source import Phase
from kws_app.ui.clip_cell import COMING_ROLE, OUTLINE_ROLE
from kws_app.ui.detection_list import CLIP, MOST_ROWS
from kws_app.ui.history_panel import HistoryPanel
from kws_app.ui.theme import DARK, LIGHT
from kws_app.ui.window import MainWindow
from training.data import read_clips

SOUND = np.sin(np.linspace(0, 900, 40_000)).astype(np.float32)
DECISION = DecisionConfig(0.5)


class Loudspeaker:
    """Stands where PortAudio does: each sound plays until the test lets it end, or it is stopped."""

    def __init__(self) -> None:
        self.played: list[np.ndarray] = []
        self.over = threading.Event()
        self.failure = ""

    def play(self, samples: np.ndarray, stop: threading.Event) -> None:
        self.played.append(samples)
        if self.failure:
            raise AudioError(self.failure)
        while not (self.over.is_set() or stop.wait(0.01)):
            pass


@pytest.fixture
def loudspeaker(monkeypatch: pytest.MonkeyPatch) -> Loudspeaker:
    loudspeaker = Loudspeaker()
    monkeypatch.setattr("kws_app.ui.player.play", loudspeaker.play)
    return loudspeaker


def fill(bench: Bench, count: int, clips: bool = True) -> list[str]:
    """Earlier detections, each with its clip; their ids, newest first, as in the table."""
    log, ids = DetectionLog(bench.folder), []
    for i in range(count):
        ids.append(id := new_id())
        log.append(DetectionRecord(now_iso(), None, "mic", "loud", "loud/teacher", i, 0.9, id, clip_name(id), DECISION))
        if clips:
            ClipStore(bench.folder / "clips").write(id, SOUND)
    return ids[::-1]


def opened(bench: Bench, rows: int) -> tuple[MainWindow, HistoryPanel]:
    window = bench.open()
    bench.qtbot.waitUntil(lambda: window.content.detections.rowCount() == rows)
    window.content.detections.setFocus()
    return window, window.content.history


def in_log(window: MainWindow, bench: Bench) -> Past:
    """What the log adds up to once the window is closed."""
    window.close()
    return add_up(DetectionLog(bench.folder).read()[0])


def text(panel: HistoryPanel, row: int, column: int) -> str:
    item = panel.table.item(row, column)
    assert item is not None
    return item.text()


def outline(panel: HistoryPanel, row: int) -> list[float] | None:
    item = panel.table.item(row, CLIP)
    assert item is not None
    return item.data(OUTLINE_ROLE)


def click_clip(bench: Bench, panel: HistoryPanel, row: int) -> None:
    item, viewport = panel.table.item(row, CLIP), panel.table.viewport()
    assert item is not None and viewport is not None
    at = panel.table.visualItemRect(item).center()
    bench.qtbot.mouseClick(viewport, Qt.MouseButton.LeftButton, pos=QPoint(at))


def test_a_detection_shows_how_it_went_and_its_waveform(bench: Bench, write_wav: Callable[..., Path]):
    window = bench.open(input=write_wav(bursts(3.0, duration_s=4.0)), listen=True)
    panel = window.content.history
    coming: list[bool] = []
    window.listening.marked.connect(lambda: coming.append(panel.table.item(0, CLIP).data(COMING_ROLE)))
    bench.qtbot.waitUntil(lambda: panel.table.rowCount() == 1 and text(panel, 0, 4) != "")
    assert 0.1 < float(text(panel, 0, 4).removesuffix(" s")) < 0.6
    assert float(text(panel, 0, 3)) > 0.9
    bench.qtbot.waitUntil(lambda: bool(outline(panel, 0)))
    peaks = outline(panel, 0)
    assert peaks is not None and int(np.argmax(peaks)) > len(peaks) // 2  # two seconds before, half a second after
    assert coming == [True] and not panel.table.item(0, CLIP).data(COMING_ROLE)


def test_earlier_detections_come_newest_first_with_their_clips(bench: Bench):
    ids = fill(bench, 3)
    DetectionLog(bench.folder).append(Ended(ids[0], 0.987, 0.4))
    ClipStore(bench.folder / "clips").remove(ids[2])
    _, panel = opened(bench, 3)
    assert (text(panel, 0, 3), text(panel, 0, 4)) == ("0.99", "0.40 s")
    bench.qtbot.waitUntil(lambda: bool(outline(panel, 0)) and bool(outline(panel, 1)))
    assert outline(panel, 2) is None
    click_clip(bench, panel, 2)  # there is nothing to play
    assert not panel.play.isEnabled()


def test_a_click_plays_a_clip_and_another_stops_it(bench: Bench, loudspeaker: Loudspeaker):
    fill(bench, 2)
    window, panel = opened(bench, 2)
    click_clip(bench, panel, 0)
    bench.qtbot.waitUntil(lambda: panel.play.text() == "Stop")
    np.testing.assert_allclose(loudspeaker.played[0], SOUND, atol=1e-4)
    assert window._worker.deaf  # the microphone hears it too: it is no detection
    click_clip(bench, panel, 0)
    bench.qtbot.waitUntil(lambda: panel.play.text() == "Play")
    bench.qtbot.waitUntil(lambda: not window._worker.deaf)


def test_another_clip_plays_in_place_of_the_one_before(bench: Bench, loudspeaker: Loudspeaker):
    ids = fill(bench, 2)
    window, panel = opened(bench, 2)
    click_clip(bench, panel, 0)
    bench.qtbot.waitUntil(lambda: window.history._player.playing == ids[0])
    click_clip(bench, panel, 1)
    bench.qtbot.waitUntil(lambda: window.history._player.playing == ids[1])
    loudspeaker.over.set()
    bench.qtbot.waitUntil(lambda: window.history._player.playing is None)
    assert len(loudspeaker.played) == 2


@pytest.mark.parametrize("way", ["button", "key"])
def test_the_selected_clip_is_played_by_button_and_key(bench: Bench, loudspeaker: Loudspeaker, way: str):
    fill(bench, 2)
    _, panel = opened(bench, 2)
    assert not panel.play.isEnabled()
    panel.table.selectRow(1)
    if way == "key":
        QTest.keyClick(panel.table, Qt.Key.Key_Return)
    else:
        bench.qtbot.mouseClick(panel.play, Qt.MouseButton.LeftButton)
    bench.qtbot.waitUntil(lambda: len(loudspeaker.played) == 1 and panel.play.text() == "Stop")


def test_without_a_loudspeaker_it_says_so(bench: Bench, loudspeaker: Loudspeaker):
    fill(bench, 1)
    loudspeaker.failure = "No loudspeaker was found."
    window, panel = opened(bench, 1)
    click_clip(bench, panel, 0)
    bench.qtbot.waitUntil(lambda: "No loudspeaker was found." in window.content.sign.text)
    assert panel.play.text() == "Play"


def test_a_clip_that_vanished_is_said_and_no_longer_offered(bench: Bench, loudspeaker: Loudspeaker):
    (id,) = fill(bench, 1)
    window, panel = opened(bench, 1)
    bench.qtbot.waitUntil(lambda: bool(outline(panel, 0)))
    (bench.folder / "clips" / clip_name(id)).unlink()
    click_clip(bench, panel, 0)
    bench.qtbot.waitUntil(lambda: outline(panel, 0) is None)
    assert "cannot be played" in window.content.sign.text
    assert loudspeaker.played == []


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
    monkeypatch.setattr("kws_app.ui.history_control.UNDO_MS", 50)
    fill(bench, 2)
    window, panel = opened(bench, 2)
    panel.table.selectAll()
    QTest.keyClick(panel.table, Qt.Key.Key_Delete)
    assert panel.message.text() == "2 deleted."
    bench.qtbot.waitUntil(lambda: not list((bench.folder / "clips").iterdir()))
    window.history.undo()
    assert panel.table.rowCount() == 0


@pytest.mark.parametrize("way", ["key", "button"])
def test_a_missed_word_is_kept_and_shown(bench: Bench, write_wav: Callable[..., Path], way: str):
    window = bench.open(input=write_wav(bursts(2.0, duration_s=4.0)), threshold=0.99999)
    window.listening.start()
    bench.qtbot.waitUntil(lambda: window.listening.state.phase is Phase.ENDED)
    panel = window.content.history
    if way == "key":
        QTest.keyClick(window, Qt.Key.Key_F8)
    else:
        bench.qtbot.mouseClick(panel.missed, Qt.MouseButton.LeftButton)
    bench.qtbot.waitUntil(lambda: panel.table.rowCount() == 1 and bool(outline(panel, 0)))
    assert (text(panel, 0, 1), text(panel, 0, 4)) == ("loud", "missed")
    assert "kept as a missed “loud”" in panel.message.text()
    panel.table.selectRow(0)
    QTest.keyClick(panel.table, "F")  # it has its label
    assert not panel.wrong.isEnabled() and panel.delete.isEnabled() and panel.play.isEnabled()
    (entry,) = in_log(window, bench).entries.values()
    assert entry.record.missed and entry.label == "" and entry.is_labelled


def test_nothing_heard_is_nothing_missed(bench: Bench):
    window = bench.open()
    window.content.history.missed.click()
    bench.qtbot.waitUntil(lambda: "nothing to keep" in window.content.sign.text)


def test_the_running_rate_counts_hours_and_marks(bench: Bench):
    fill(bench, 3, clips=False)
    log = DetectionLog(bench.folder)
    log.append(HoursHeard(now_iso(), "loud/teacher", DECISION, 2.4 * 3600))
    log.append(HoursHeard(now_iso(), "loud/teacher", DecisionConfig(0.7), 1000.0))
    window, panel = opened(bench, 3)
    assert not panel.rate.isVisible()  # nothing listens yet
    window.listening.start()
    feed = bench.sources[0].feed
    assert feed is not None
    feed.ring.write(np.zeros(16_000, np.float32))
    expected = "3 in 2.4 h, none marked false: 0.0 an hour (0.0 to 1.5)"
    bench.qtbot.waitUntil(lambda: panel.rate.text() == expected)
    panel.table.selectRow(0)
    QTest.keyClick(panel.table, "F")
    expected = "3 in 2.4 h, 1 marked false: 0.4 an hour (0.0 to 2.3)"
    bench.qtbot.waitUntil(lambda: panel.rate.text() == expected)
    QTest.keyClick(panel.table, Qt.Key.Key_Delete)  # it happened all the same
    window.content.threshold.slider.setValue(700)
    feed.ring.write(np.zeros(16_000, np.float32))
    bench.qtbot.waitUntil(lambda: panel.rate.text().startswith("0 in 17 min, none marked false"))
    window.content.threshold.slider.setValue(500)
    feed.ring.write(np.zeros(16_000, np.float32))
    bench.qtbot.waitUntil(lambda: panel.rate.text() == expected)


def test_each_keyword_has_its_own_rate(bench: Bench):
    fill(bench, 3, clips=False)
    window, panel = opened(bench, 3)
    recorder = window._worker.recorder
    recorder.begin(SilentMicrophone("USB mic"))
    recorder.live_s = {("loud/teacher", DECISION): 7200.0}
    recorder.settings = {"loud": ("loud/teacher", DECISION), "happy": ("happy/teacher", DECISION)}
    window.history.show_rate()
    lines = panel.rate.text().splitlines()
    assert lines[0].startswith("loud: 3 in 2.0 h, none marked false")
    assert lines[1] == "happy: 0 in under a minute, none marked false"


def test_a_file_is_counted_by_itself(bench: Bench, write_wav: Callable[..., Path]):
    DetectionLog(bench.folder).append(HoursHeard(now_iso(), "loud/teacher", DECISION, 2.4 * 3600))
    window = bench.open(input=write_wav(bursts(1.0, duration_s=3.0)))
    for _ in range(2):
        window.listening.start()
        bench.qtbot.waitUntil(lambda: window.listening.state.phase is Phase.ENDED)
    panel = window.content.history
    bench.qtbot.waitUntil(lambda: panel.rate.text() == "1 in under a minute, none marked false")


def dialog(window: MainWindow) -> QFileDialog:
    found = [child for child in window.findChildren(QFileDialog) if child.isVisible()]
    assert len(found) == 1 and not found[0].isModal()
    return found[0]


def test_a_clip_is_exported_where_the_user_says(bench: Bench, tmp_path: Path):
    fill(bench, 1)
    window, panel = opened(bench, 1)
    assert not panel.export_clip.isEnabled()
    panel.table.selectRow(0)
    panel.export_clip.trigger()
    offered = Path(dialog(window).selectedFiles()[0])
    assert offered.name.endswith(" loud.flac")
    dialog(window).filterSelected.emit("WAV (*.wav)")
    assert Path(dialog(window).selectedFiles()[0]).name == offered.with_suffix(".wav").name
    dialog(window).fileSelected.emit(str(tmp_path / "out.wav"))
    dialog(window).close()
    bench.qtbot.waitUntil(lambda: panel.message.text() == f"The clip is in {tmp_path / 'out.wav'}.")
    np.testing.assert_allclose(soundfile.read(tmp_path / "out.wav")[0], SOUND, atol=1e-4)


def test_all_clips_and_the_labels_are_exported(bench: Bench, tmp_path: Path):
    fill(bench, 3)
    window, panel = opened(bench, 3)
    panel.table.selectRow(0)
    QTest.keyClick(panel.table, "R")
    panel.table.selectRow(1)
    QTest.keyClick(panel.table, "F")
    panel.export_clips.trigger()
    panel.export_labels.trigger()  # in place of the dialog before
    bench.qtbot.waitUntil(lambda: len([d for d in window.findChildren(QFileDialog) if d.isVisible()]) == 1)
    dialog(window).fileSelected.emit(str(tmp_path / "labels"))
    bench.qtbot.waitUntil(lambda: panel.message.text() == f"1 in loud/, 1 in unknown/ of {tmp_path / 'labels'}.")
    assert [clip.word for clip in read_clips(tmp_path / "labels")] == ["loud", "unknown"]
    panel.export_clips.trigger()
    dialog(window).fileSelected.emit(str(tmp_path / "all"))
    bench.qtbot.waitUntil(lambda: panel.message.text() == f"3 clips in {tmp_path / 'all'}.")


def test_an_export_that_fails_says_why(bench: Bench, tmp_path: Path):
    fill(bench, 1)
    window, panel = opened(bench, 1)
    panel.table.selectRow(0)
    panel.export_clip.trigger()
    dialog(window).fileSelected.emit(str(tmp_path / "nowhere" / "out.flac"))
    bench.qtbot.waitUntil(lambda: "The clip could not be exported" in window.content.sign.text)


def test_clips_are_not_kept_where_they_are_not_wanted_and_that_is_remembered(
    bench: Bench, write_wav: Callable[..., Path]
):
    window = bench.open(input=write_wav(bursts(1.0, duration_s=3.0)))
    panel = window.content.history
    assert panel.keep_clips.isChecked()
    panel.keep_clips.trigger()
    window.listening.start()
    bench.qtbot.waitUntil(lambda: panel.table.rowCount() == 1 and window.listening.state.phase is Phase.ENDED)
    (entry,) = in_log(window, bench).entries.values()
    assert entry.record.clip is None and not (bench.folder / "clips").exists()
    assert not bench.open().content.history.keep_clips.isChecked()


def test_how_many_clips_are_kept_is_chosen_and_remembered(bench: Bench):
    window = bench.open()
    panel = window.content.history
    assert panel.most_clips[500].isChecked()
    panel.most_clips[100].trigger()
    assert [count for count, action in panel.most_clips.items() if action.isChecked()] == [100]
    assert window._worker.archive.limits.count == 100
    window.close()
    assert bench.open()._worker.archive.limits.count == 100


def test_the_limit_in_the_settings_holds_at_once(bench: Bench):
    ids = fill(bench, 3)
    SettingsFile(bench.folder).save(Settings(model="loud/teacher", most_clips=1))
    _, panel = opened(bench, 3)
    bench.qtbot.waitUntil(lambda: [path.stem for path in (bench.folder / "clips").iterdir()] == [ids[0]])
    bench.qtbot.waitUntil(lambda: outline(panel, 2) is None)


def test_lines_that_cannot_be_read_are_counted(bench: Bench):
    fill(bench, 1, clips=False)
    with open(DetectionLog(bench.folder).path, "ab") as file:
        file.write(b"half a li\n[]\n")
    window, _ = opened(bench, 1)
    assert "2 lines of" in window.content.sign.text


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
    assert window.content.controls.start.isChecked()


@pytest.mark.parametrize("theme", [LIGHT, DARK])
def test_clips_are_painted_in_their_labels_colours(bench: Bench, theme, loudspeaker: Loudspeaker):
    fill(bench, 3)
    window, panel = opened(bench, 3)
    window._fixed_theme = theme
    window._follow_theme()
    bench.qtbot.waitUntil(lambda: all(outline(panel, row) for row in range(3)))
    for row, key in ((0, "R"), (1, "F")):
        panel.table.selectRow(row)
        QTest.keyClick(panel.table, key)
    panel.table.clearSelection()
    image = panel.table.grab().toImage()
    colors = {image.pixelColor(x, y).name() for x in range(image.width()) for y in range(image.height())}
    assert {theme.heard, theme.clip, theme.waveform} <= colors
