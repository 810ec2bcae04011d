"""The soak without a sound server: hours of speech from a file through the app's ring and session, at full speed.

All runs on one thread. A separate thread for the source would wait for the interpreter after each call into torch. On a
busy machine that takes twenty times as long as the listening.
"""

import tempfile
import time
from collections.abc import Callable, Iterator
from pathlib import Path

from kws_app.audio.audio_file import read_blocks
from kws_app.audio.file_source import DECODE_S
from kws_app.audio.ring import Samples
from kws_app.audio.source import Feed, Phase, SourceState
from kws_app.detection.detector import Detector
from kws_app.engine.card import DEFAULT_MODEL
from kws_app.engine.catalogue import find_model
from kws_app.engine.frontend_config import SAMPLE_RATE
from kws_app.engine.keyword_model import KeywordModel
from kws_app.listening.session import Session
from kws_app.paths import MODELS_DIR
from tests.soak.process import Footprint
from tests.soak.speech import Speech

REPORT_H = 2.0
FLAT_MB = 15.0


class LoopedFile:
    """A source that plays a file again and again, without a break, as fast as the session hears it."""

    overruns = 0
    length_s = None

    def __init__(self, path: Path, hours: float) -> None:
        self.name = path.name
        self.path: Path | None = path
        self.feed: Feed | None = Feed(SAMPLE_RATE)
        self.state = SourceState(Phase.STOPPED)
        self._left = round(3600 * hours * SAMPLE_RATE)
        self._sound = self._blocks(path)

    def _blocks(self, path: Path) -> Iterator[Samples]:
        """Yield the blocks of the file, to its end, again and again."""
        while self._left > 0:
            for samples in read_blocks(path, DECODE_S):
                self._left -= len(samples)
                yield samples

    def start(self) -> None:
        self.state = SourceState(Phase.LISTENING)

    def fill(self) -> None:
        """Fill the ring with the next samples."""
        assert self.feed is not None
        while self.feed.reader.available < self.feed.ring.capacity // 2:
            samples = next(self._sound, None)
            if samples is None:
                self.state = SourceState(Phase.ENDED)
                return
            self.feed.ring.write(samples)

    def stop(self) -> None:
        self.state = SourceState(Phase.STOPPED)


def accelerated(hours: float, say: Callable[[str], None], speech: Path | None = None, seed: int = 0) -> bool:
    """Run the accelerated soak and print the counts, the time and the memory. Returns whether it passed."""
    model = KeywordModel.load(find_model(DEFAULT_MODEL, MODELS_DIR).path)
    with tempfile.TemporaryDirectory(prefix="kws-soak-") as name:
        folder = Path(name)
        loop = folder / "loop.wav"
        keywords = Speech(model, folder, speech, seed).write_loop(loop)
        loop_s = sum(len(block) for block in read_blocks(loop)) / SAMPLE_RATE
        say(f"a loop of {loop_s:.0f} s with {keywords} keywords, for {hours:g} h")
        source = LoopedFile(loop, hours)
        session = Session(source, {DEFAULT_MODEL: Detector(model, model.card.decision_config())})
        return _listen(source, session, loop_s, keywords, say)


def _listen(source: LoopedFile, session: Session, loop_s: float, keywords: int, say: Callable[[str], None]) -> bool:
    begun, detections, reported_h = time.monotonic(), 0, 0.0
    start: Footprint | None = None
    per_loop: list[int] = []
    source.start()
    while source.state.phase is Phase.LISTENING:
        source.fill()
        for heard in session.drain():
            for detection in (found for scored in heard.scored for found in scored.detections):
                detections += 1
                while len(per_loop) <= detection.time_s // loop_s:
                    per_loop.append(0)
                per_loop[int(detection.time_s // loop_s)] += 1
        heard_h = session.clock / SAMPLE_RATE / 3600
        if start is None and session.clock / SAMPLE_RATE > loop_s:
            start = Footprint.now()
        if heard_h > reported_h + REPORT_H:
            reported_h = heard_h
            say(f"{heard_h:5.1f} h heard: {detections} detections; {Footprint.now()}")
    source.stop()
    return _report(session, begun, per_loop, keywords, start or Footprint.now(), say)


def _report(
    session: Session, begun: float, per_loop: list[int], keywords: int, start: Footprint, say: Callable[[str], None]
) -> bool:
    end = Footprint.now()
    audio_s, took_s = session.clock / SAMPLE_RATE, time.monotonic() - begun
    say(f"listened       {audio_s / 3600:.2f} h in {took_s:.0f} s, {audio_s / took_s:.0f} times real time")
    say(f"samples        {session.clock} in, {session.lost_samples} lost")
    # the last loop may be cut, and a word at the end of a loop may count for the next loop
    whole = per_loop[:-1]
    say(f"detections     {sum(per_loop)} in {len(per_loop)} loops with {keywords} keywords each; "
        f"from {min(whole or [0])} to {max(whole or [0])} a loop")  # fmt: skip
    say(f"at the start   {start}")
    say(f"at the end     {end}")
    return session.lost_samples == 0 and end.rss_mb < start.rss_mb + FLAT_MB
