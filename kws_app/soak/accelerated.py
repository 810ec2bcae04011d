"""The soak without a sound server: hours of speech through the app's file source and session, at full speed."""

import tempfile
import time
from collections.abc import Callable, Iterator
from pathlib import Path

from kws_app.card import DEFAULT_MODEL, find_model
from kws_app.detector import Detector
from kws_app.files import read_blocks
from kws_app.frontend_config import SAMPLE_RATE
from kws_app.model import KeywordModel, prepare_torch
from kws_app.paths import MODELS_DIR
from kws_app.ring import Samples
from kws_app.session import Session
from kws_app.soak.process import Footprint
from kws_app.soak.speech import Speech
from kws_app.source import DECODE_S, FileSource, Phase

REPORT_H = 2.0
FLAT_MB = 15.0
LEAST_S, PAUSE_S = 2.0, 0.01  # less than this at once: wait for more


class LoopedFile(FileSource):
    """A file that is played again and again, without a break."""

    def __init__(self, path: Path, hours: float) -> None:
        super().__init__(path, paced=False)
        self._left = round(3600 * hours * SAMPLE_RATE)

    def _sound(self, path: Path) -> Iterator[Samples]:
        while self._left > 0:
            for samples in read_blocks(path, DECODE_S):
                self._left -= len(samples)
                yield samples


def accelerated(hours: float, say: Callable[[str], None], speech: Path | None = None, seed: int = 0) -> bool:
    """Says what was heard and what it took; whether it held."""
    prepare_torch()
    model = KeywordModel.load(find_model(DEFAULT_MODEL, MODELS_DIR).path)
    with tempfile.TemporaryDirectory(prefix="kws-soak-") as name:
        folder = Path(name)
        loop = folder / "loop.wav"
        keywords = Speech(model, folder, speech, seed).write_loop(loop)
        loop_s = sum(len(block) for block in read_blocks(loop)) / SAMPLE_RATE
        say(f"a loop of {loop_s:.0f} s with {keywords} keywords, for {hours:g} h")
        session = Session(LoopedFile(loop, hours), {DEFAULT_MODEL: Detector(model, model.card.decision_config())})
        return _listen(session, loop_s, keywords, say)


def _listen(session: Session, loop_s: float, keywords: int, say: Callable[[str], None]) -> bool:
    source = session.source
    begun, detections, reported_h = time.monotonic(), 0, 0.0
    start: Footprint | None = None
    per_loop: list[int] = []
    source.start()
    while True:
        over = source.state.phase in (Phase.ENDED, Phase.FAILED)
        fresh = 0
        for heard in session.drain():
            fresh += len(heard.samples)
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
        if over and not fresh:
            break
        if fresh < LEAST_S * SAMPLE_RATE:
            time.sleep(PAUSE_S)  # so that the source gets on: both threads share one interpreter
    source.stop()
    return _report(session, begun, per_loop, keywords, start or Footprint.now(), say)


def _report(
    session: Session, begun: float, per_loop: list[int], keywords: int, start: Footprint, say: Callable[[str], None]
) -> bool:
    end = Footprint.now()
    audio_s, took_s = session.clock / SAMPLE_RATE, time.monotonic() - begun
    say(f"listened       {audio_s / 3600:.2f} h in {took_s:.0f} s, {audio_s / took_s:.0f} times as fast as life")
    say(f"samples        {session.clock} in, {session.lost_samples} lost")
    # the last loop may be cut; a word at a loop's end may count for the next
    whole = per_loop[:-1]
    say(f"detections     {sum(per_loop)} in {len(per_loop)} loops with {keywords} keywords each; "
        f"from {min(whole or [0])} to {max(whole or [0])} a loop")  # fmt: skip
    say(f"at the start   {start}")
    say(f"at the end     {end}")
    return session.lost_samples == 0 and end.rss_mb < start.rss_mb + FLAT_MB
