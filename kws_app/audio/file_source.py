"""An audio file that plays in real time, as if it were a microphone.

The source's own thread decodes the file and writes the ring. It waits for the reader only where a test asks for it.
"""

import time
from collections.abc import Iterator
from pathlib import Path

import numpy as np

from kws_app.audio.audio_file import TAIL_S, read_blocks
from kws_app.audio.ring import Samples
from kws_app.audio.source import Feed, Phase, SourceState, ThreadedSource
from kws_app.engine.frontend_config import SAMPLE_RATE
from kws_app.errors import AudioError

BLOCK_S = 0.03  # length of a block, like that of a microphone
DECODE_S = 1.0  # length of sound that is decoded ahead
MAX_LATE_S = 1.0  # a file that is later than this does not catch up


class FileSource(ThreadedSource):
    """An audio file that plays in real time into a ring. A monotonic clock sets its pace, without drift.

    Silence of TAIL_S follows the file, so that a word at its very end is recognised.
    """

    overruns = 0  # a file drops nothing

    def __init__(self, path: Path, paced: bool = True) -> None:
        """paced: True plays in real time; False gives samples as fast as the worker takes them"""
        super().__init__("file source")
        self.name = path.name
        self.path: Path | None = path
        self.feed: Feed | None = Feed(SAMPLE_RATE)
        self._paced = paced
        self._remarks: list[str] = []  # about the sound of the file; only the source's thread uses them

    def _run(self) -> None:
        assert self.path is not None and self.feed is not None
        try:
            played = self._play(self.path, self.feed)
        except AudioError as error:
            self.state = SourceState(Phase.FAILED, str(error))
        else:
            self.state = SourceState(Phase.ENDED if played else Phase.STOPPED)

    def _play(self, path: Path, feed: Feed) -> bool:
        """Play the file. Returns whether it was played to its end; False if it was stopped."""
        block = round(BLOCK_S * SAMPLE_RATE)
        begun = time.monotonic()
        for decoded in self._sound(path):
            self.state = SourceState(Phase.LISTENING, " ".join(self._remarks))
            for first in range(0, len(decoded), block):
                samples = decoded[first : first + block]
                begun = self._pace(feed, begun, samples) if self._paced else self._make_room(feed, begun)
                if self._stop.is_set():
                    return False
                feed.ring.write(samples)
        return True

    def _sound(self, path: Path) -> Iterator[Samples]:
        """The file's samples and the silence after them."""
        count = 0
        for decoded in read_blocks(path, DECODE_S, self._remarks.append):
            count += len(decoded)
            yield decoded
        self.length_s = count / SAMPLE_RATE
        yield np.zeros(round(TAIL_S * SAMPLE_RATE), dtype=np.float32)

    def _pace(self, feed: Feed, begun: float, samples: Samples) -> float:
        """Wait until the last of `samples` has sounded. Returns the time at which a file that is on time began."""
        due = begun + (feed.ring.written + len(samples)) / SAMPLE_RATE
        late_s = time.monotonic() - due
        if late_s < 0:
            time.sleep(-late_s)  # at most a block; a wait for `_stop` needs a third more processor time
        return begun + late_s if late_s > MAX_LATE_S else begun

    def _make_room(self, feed: Feed, begun: float) -> float:
        while feed.reader.available > feed.ring.capacity // 2 and not self._stop.wait(0.001):
            pass
        return begun
