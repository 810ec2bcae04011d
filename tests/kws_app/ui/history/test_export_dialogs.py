"""The exports of the history, and the limit of the clips."""

from collections.abc import Callable
from pathlib import Path

import numpy as np
import soundfile
from PyQt6.QtTest import QTest
from PyQt6.QtWidgets import QFileDialog

from kws_app.audio.source import Phase
from kws_app.settings import Settings, SettingsFile
from kws_app.ui.window import MainWindow
from tests.support.heard_rows import SOUND, fill, in_log, opened, outline
from tests.support.loudness import bursts
from tests.support.window_bench import Bench
from training.corpus.recordings import read_clips


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
    bench.qtbot.waitUntil(lambda: "The clip could not be exported" in window.parts.banner.text)


def test_clips_are_not_kept_where_they_are_not_wanted_and_that_is_remembered(
    bench: Bench, write_wav: Callable[..., Path]
):
    window = bench.open(input=write_wav(bursts(1.0, duration_s=3.0)))
    panel = window.parts.history
    assert panel.keep_clips.isChecked()
    panel.keep_clips.trigger()
    window.listening.start()
    bench.qtbot.waitUntil(lambda: panel.table.rowCount() == 1 and window.listening.state.phase is Phase.ENDED)
    (entry,) = in_log(window, bench).entries.values()
    assert entry.record.clip is None and not (bench.folder / "clips").exists()
    assert not bench.open().parts.history.keep_clips.isChecked()


def test_how_many_clips_are_kept_is_chosen_and_remembered(bench: Bench):
    window = bench.open()
    panel = window.parts.history
    assert panel.most_clips[500].isChecked()
    panel.most_clips[100].trigger()
    assert [count for count, action in panel.most_clips.items() if action.isChecked()] == [100]
    bench.qtbot.waitUntil(lambda: window._worker.disk._limits.count == 100)
    window.close()
    disk = bench.open()._worker.disk
    bench.qtbot.waitUntil(lambda: disk._limits.count == 100)


def test_the_limit_in_the_settings_holds_at_once(bench: Bench):
    ids = fill(bench, 3)
    SettingsFile(bench.folder).save(Settings(model="loud/teacher", most_clips=1))
    _, panel = opened(bench, 3)
    bench.qtbot.waitUntil(lambda: [path.stem for path in (bench.folder / "clips").iterdir()] == [ids[0]])
    bench.qtbot.waitUntil(lambda: outline(panel, 2) is None)
