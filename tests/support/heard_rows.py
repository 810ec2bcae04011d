"""Fills and reads the list of detections in tests, and has a loudspeaker that plays as long as the test says."""

import threading

import numpy as np
from PyQt6.QtCore import QPoint, Qt

from kws_app.engine.decision_config import DecisionConfig
from kws_app.errors import AudioError
from kws_app.history.clip_store import ClipStore
from kws_app.history.entries import History, add_up
from kws_app.history.facts import DetectionRecord, clip_name, new_id, now_iso
from kws_app.history.log import DetectionLog
from kws_app.ui.history.clip_cell import OUTLINE_ROLE
from kws_app.ui.history.detection_list import CLIP
from kws_app.ui.history.history_panel import HistoryPanel
from kws_app.ui.window import MainWindow
from tests.support.window_bench import Bench

SOUND = np.sin(np.linspace(0, 900, 40_000)).astype(np.float32)
DECISION = DecisionConfig(0.5)


def fill(bench: Bench, count: int, clips: bool = True) -> list[str]:
    """Write earlier detections with their clips. Returns their ids, newest first, as in the table."""
    log, ids = DetectionLog(bench.folder), []
    for i in range(count):
        ids.append(id := new_id())
        log.append(DetectionRecord(now_iso(), None, "mic", "loud", "loud/teacher", i, 0.9, id, clip_name(id), DECISION))
        if clips:
            ClipStore(bench.folder / "clips").write(id, SOUND)
    return ids[::-1]


def opened(bench: Bench, rows: int) -> tuple[MainWindow, HistoryPanel]:
    window = bench.open()
    bench.qtbot.waitUntil(lambda: window.parts.detections.rowCount() == rows)
    window.parts.detections.setFocus()
    return window, window.parts.history


def in_log(window: MainWindow, bench: Bench) -> History:
    """The state that the log gives after the window is closed."""
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


class Loudspeaker:
    """Stands for PortAudio: each sound plays until the test ends it, or until it is stopped."""

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
