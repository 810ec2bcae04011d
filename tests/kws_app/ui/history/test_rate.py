"""The running rate under the panel of what was heard, and the words that were missed."""

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from PyQt6.QtCore import Qt
from PyQt6.QtTest import QTest

from kws_app.audio.source import Phase
from kws_app.engine.decision_config import DecisionConfig
from kws_app.history.facts import HoursHeard, now_iso
from kws_app.history.log import DetectionLog
from kws_app.history.rate import Listened
from kws_app.ui.history.detection_list import DURATION
from tests.support.heard_rows import DECISION, fill, in_log, opened, outline, text
from tests.support.loudness import bursts
from tests.support.window_bench import Bench
from tests.support.words import set_threshold


@pytest.mark.parametrize("way", ["key", "button"])
def test_a_missed_word_is_kept_and_shown(bench: Bench, write_wav: Callable[..., Path], way: str):
    window = bench.open(input=write_wav(bursts(2.0, duration_s=4.0)), threshold=0.99999)
    window.listening.start()
    bench.qtbot.waitUntil(lambda: window.listening.state.phase is Phase.ENDED)
    panel = window.parts.history
    if way == "key":
        QTest.keyClick(window, Qt.Key.Key_F8)
    else:
        bench.qtbot.mouseClick(panel.missed, Qt.MouseButton.LeftButton)
    bench.qtbot.waitUntil(lambda: panel.table.rowCount() == 1 and bool(outline(panel, 0)))
    assert (text(panel, 0, 1), text(panel, 0, DURATION)) == ("loud", "missed")
    assert "saved as a missed “loud”" in panel.message.text()
    panel.table.selectRow(0)
    QTest.keyClick(panel.table, "F")  # it has its label
    assert not panel.wrong.isEnabled() and panel.delete.isEnabled() and panel.play.isEnabled()
    (entry,) = in_log(window, bench).entries.values()
    assert entry.record.missed and entry.label == "" and entry.is_labelled


def test_nothing_heard_is_nothing_missed(bench: Bench):
    window = bench.open()
    window.parts.history.missed.click()
    bench.qtbot.waitUntil(lambda: "nothing is saved" in window.parts.banner.text)


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
    expected = "loud: 3 in 2.4 h, none labelled false: 0.0 an hour (0.0 to 1.5)"
    bench.qtbot.waitUntil(lambda: panel.rate.text() == expected)
    panel.table.selectRow(0)
    QTest.keyClick(panel.table, "F")
    expected = "loud: 3 in 2.4 h, 1 labelled false: 0.4 an hour (0.0 to 2.3)"
    bench.qtbot.waitUntil(lambda: panel.rate.text() == expected)
    QTest.keyClick(panel.table, Qt.Key.Key_Delete)  # it happened all the same
    set_threshold(window, 0.7)
    feed.ring.write(np.zeros(16_000, np.float32))
    bench.qtbot.waitUntil(lambda: panel.rate.text() == "")  # not yet an hour at this threshold
    set_threshold(window, 0.5)
    feed.ring.write(np.zeros(16_000, np.float32))
    bench.qtbot.waitUntil(lambda: panel.rate.text() == expected)


def test_each_keyword_has_its_own_rate(bench: Bench):
    fill(bench, 3, clips=False)
    window, panel = opened(bench, 3)
    setups = {"loud": ("loud/teacher", DECISION), "happy": ("happy/teacher", DECISION)}
    window._worker.listened.emit(Listened(True, setups, {("loud/teacher", DECISION): 7200.0}))
    window.history.show_rate()
    lines = panel.rate.text().splitlines()
    assert len(lines) == 1  # the other was listened for under an hour
    assert lines[0].startswith("loud: 3 in 2.0 h, none labelled false")


def test_a_file_is_counted_by_itself(bench: Bench, write_wav: Callable[..., Path]):
    DetectionLog(bench.folder).append(HoursHeard(now_iso(), "loud/teacher", DECISION, 2.4 * 3600))
    window = bench.open(input=write_wav(bursts(1.0, duration_s=3.0)))
    for _ in range(2):
        window.listening.start()
        bench.qtbot.waitUntil(lambda: window.listening.state.phase is Phase.ENDED)
    rate = window.history._file.rate("loud/teacher", DECISION, 3600.0)
    assert rate.text.startswith("1 in 1.0 h, none labelled false")
