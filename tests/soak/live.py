"""The soak in real time: the app's own window and worker listen to a virtual microphone, with speech and faults.

A thread speaks, a thread causes faults, and the window's own thread runs Qt. Each thread writes its own lists. They are
read when all threads have ended.
"""

import os
import tempfile
import threading
import time
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from PyQt6.QtCore import QTimer
from PyQt6.QtWidgets import QApplication

from kws_app.audio.microphone import MicrophoneSource
from kws_app.audio.source import Source
from kws_app.engine.card import DEFAULT_MODEL
from kws_app.engine.catalogue import find_model
from kws_app.engine.frontend_config import SAMPLE_RATE
from kws_app.engine.keyword_model import KeywordModel
from kws_app.history.facts import DetectionRecord
from kws_app.history.log import FILE_NAME, DetectionLog
from kws_app.listening.session import SoundChunk
from kws_app.listening.worker import Worker
from kws_app.paths import MODELS_DIR
from kws_app.settings import SettingsFile
from kws_app.ui.window import MainWindow, StartOptions
from tests.soak.account import Account, Said, Scores
from tests.soak.faults import STALL_S, Fault, folder_fault, inject, sound_faults
from tests.soak.process import Footprint
from tests.soak.sound_server import SoundServer
from tests.soak.speech import Speech

POLL_MS = 50
SETTLE_S = 20.0  # seconds before memory is first measured: imports, first plots and caches are done then
LAST_WORDS_S = 4.0  # seconds to wait at the end, so that the last word is heard
REPORT_S = 300.0


@dataclass(frozen=True)
class Plan:
    """The length of a soak, and how often faults come."""

    hours: float
    fault_every_s: float = 45.0  # on average
    seed: int = 0
    speech: Path | None = None
    model: str = DEFAULT_MODEL


class WatchedWorker(Worker):
    """The app's worker. The soak can stall it, and keeps its score of every step."""

    def __init__(self, log: DetectionLog, scores: Scores) -> None:
        super().__init__(MODELS_DIR, log)
        self._scores = scores

    def _hand_out(self, source: Source, heard: SoundChunk) -> None:
        for scored in heard.scored:
            for score in scored.scores:
                self._scores.add(time.monotonic(), float(score))
        super()._hand_out(source, heard)

    def stall(self, seconds: float) -> None:
        self._commands.put(lambda: time.sleep(seconds))


class Soak:
    """A soak, from the start of its sound server to its account."""

    def __init__(self, plan: Plan, folder: Path, say: Callable[[str], None]) -> None:
        """folder: an empty folder for sockets, speech and the app's data; say: takes a line for the user"""
        self.plan, self._say = plan, say
        self.account = Account()
        self._rng = np.random.default_rng(plan.seed)
        (folder / "speech").mkdir()
        model = KeywordModel.load(find_model(plan.model, MODELS_DIR).path)
        self._speech = Speech(model, folder / "speech", plan.speech, plan.seed)
        (folder / "pulse").mkdir(mode=0o700)
        self.server = SoundServer(folder / "pulse")
        self._data = folder / "data"
        self._source: Source | None = None
        self._feed_written = 0.0  # seconds of sound in earlier feeds
        self._over = threading.Event()
        self._stall_window = 0.0  # the faults' thread writes it, the window's thread takes it

    def run(self) -> Account:
        """Listen until the hours are over. Call it where QApplication may be made, with the server's environment."""
        app = QApplication.instance() or QApplication(["soak"])
        self.worker = WatchedWorker(DetectionLog(self._data), self.account.scores)
        self.worker.detected.connect(lambda mark: self.account.detections.append((time.monotonic(), mark.record)))
        window = MainWindow(
            self.worker,
            SettingsFile(self._data),
            StartOptions(model=self.plan.model, listen=True),
            open_source=lambda choice, _: self._open(choice.microphone),
        )
        window.show()
        threads = [threading.Thread(target=work, daemon=True) for work in (self._speak, self._disturb)]
        begun = time.monotonic()
        timer = QTimer()
        timer.timeout.connect(lambda: self._poll(begun, window))
        timer.start(POLL_MS)
        for thread in threads:
            thread.start()
        app.exec()
        self._over.set()
        for thread in threads:
            thread.join()
        timer.stop()
        window.leave()
        window.deleteLater()
        self.account.records_in_log = records_in(self._data / FILE_NAME)
        return self.account

    def _open(self, microphone: str) -> Source:
        self._source = MicrophoneSource(microphone)
        return self._source

    # The window's thread

    def _poll(self, begun: float, window: MainWindow) -> None:
        account, now = self.account, time.monotonic()
        account.listened_s = now - begun
        self._count_samples()
        if account.at_start is None and account.listened_s > min(SETTLE_S, self.plan.hours * 900):
            account.at_start = Footprint.now()
        if account.at_half is None and account.listened_s > 1800 * self.plan.hours:
            account.at_half = Footprint.now()
        if account.at_start and account.listened_s > account.reported_s + REPORT_S:
            account.reported_s = account.listened_s
            self._say(f"{account.listened_s / 60:6.0f} min: {account.brief()}; {Footprint.now()}")
        if self._stall_window:
            seconds, self._stall_window = self._stall_window, 0.0
            time.sleep(seconds)
        if account.listened_s > 3600 * self.plan.hours + LAST_WORDS_S and not self._over.is_set():
            account.at_end = Footprint.now()
            self._over.set()
            QTimer.singleShot(0, QApplication.quit)

    def _count_samples(self) -> None:
        """Count the samples of all feeds at 16 kHz, and the number of new feeds."""
        source, account = self._source, self.account
        feed = source.feed if source else None
        if feed is None:
            return
        if feed is not account.feed:
            if account.feed is not None:
                account.restarts += 1
                self._feed_written += account.feed.ring.written / account.feed.rate_hz
            account.feed = feed
        account.samples_in = round((self._feed_written + feed.ring.written / feed.rate_hz) * SAMPLE_RATE)
        health = self.worker.health
        if health is not None:
            account.samples_lost = health.lost_samples
            account.overruns = health.overruns
            account.lags_ms.append(health.lag_ms)

    # The speaker's thread

    def _speak(self) -> None:
        """Say word after word until the hours are over."""
        while not self._over.is_set() and self.account.listened_s < 3600 * self.plan.hours:
            utterance = self._speech.next()
            begun = time.monotonic()
            player = self.server.play(utterance.path)
            late = begun + utterance.duration_s + 1.5
            while player.poll() is None and time.monotonic() < late:
                time.sleep(0.01)
            whole = player.poll() == 0
            if player.poll() is None:
                player.kill()
            player.wait()
            self.account.said.append(Said(begun, time.monotonic(), utterance.is_keyword, whole, utterance.path.stem))
            if not whole:
                self._over.wait(0.5)

    # The faults' thread

    def _disturb(self) -> None:
        """Cause a fault after another, at random."""
        faults = [*sound_faults(self.server), folder_fault(self._data), *self._stalls()]
        counts: Counter[str] = Counter()
        undisturbed_s = min(SETTLE_S, self.plan.hours * 900)  # seconds without faults at the beginning and at the end
        wait_s = undisturbed_s
        while not self._over.wait(wait_s) and self.account.listened_s < 3600 * self.plan.hours - undisturbed_s:
            fewest = min(counts[fault.name] for fault in faults)
            fault = self._rng.choice([f for f in faults if counts[f.name] == fewest])  # type: ignore[arg-type]
            counts[fault.name] += 1
            self.account.disturbances.append(inject(fault, lambda: self._source, self._rng))
            wait_s = float(self._rng.uniform(0.5, 1.5)) * self.plan.fault_every_s

    def _stalls(self) -> list[Fault]:
        def stall_window() -> None:
            self._stall_window = STALL_S

        lasts_s = (STALL_S, STALL_S + 0.5)
        return [
            Fault("worker stalled", lambda: self.worker.stall(STALL_S), silences=False, lasts_s=lasts_s),
            Fault("window stalled", stall_window, silences=False, lasts_s=lasts_s),
        ]


def records_in(log: Path) -> int:
    """The number of detections in a log, which holds other events too."""
    count = 0
    for line in log.read_text().splitlines() if log.is_file() else []:
        try:
            DetectionRecord.from_json(line)
        except ValueError:
            continue
        count += 1
    return count


def soak(plan: Plan, say: Callable[[str], None]) -> Account:
    """Run a soak in a temporary folder. The process must have no QApplication and no sound yet."""
    with tempfile.TemporaryDirectory(prefix="kws-soak-") as name:
        one = Soak(plan, Path(name), say)
        os.environ.update(one.server.environment)  # before PortAudio starts
        try:
            return one.run()
        finally:
            one.server.end()
