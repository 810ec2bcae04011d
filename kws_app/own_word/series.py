"""A series of takes: a count-down, the word, a check, and again until there are enough good takes. No Qt.

Time is counted in samples of the microphone. On one thread; call `look` a few times a second.
"""

from enum import Enum

from kws_app.audio.ring import Samples
from kws_app.audio.source import Feed
from kws_app.own_word.takes import LEAD_IN_S, Take, TakeRecorder, check
from kws_app.translation import _

COUNT_S = 0.6  # length of each number of the count-down
FIRST_COUNT, NEXT_COUNT = 3, 2  # numbers before the first take, and before each further take
MOST_BAD = 3  # bad takes in a row that end the series


class Phase(Enum):
    """The state of a series."""

    COUNT = "count"  # the user gets ready
    SPEAK = "speak"  # the word is recorded
    OVER = "over"


class Series:
    """Records takes into a list. The next take replaces a bad take."""

    def __init__(self, feed: Feed, takes: list[Take], wanted: int, redo: int | None = None) -> None:
        """takes: the takes so far; new takes are added to this list
        wanted: number of good takes that ends the series
        redo: index of a take to repeat; then the series ends after this take
        """
        self.feed, self.takes = feed, takes
        self.trouble = ""  # why the series ended early, in one sentence
        self.placed: int | None = None  # index of the last take
        self.phase = Phase.COUNT
        self._wanted, self._redo = wanted, redo
        self._bad = 0  # number of bad takes in a row
        self._numbers = FIRST_COUNT
        self._recorder = TakeRecorder(feed)

    @property
    def number(self) -> int:
        """The present number of the count-down: 3, 2, 1."""
        return max(1, self._numbers - int(self._recorder.seconds / COUNT_S))

    @property
    def listens(self) -> bool:
        """Whether the user must speak now."""
        return self.phase is Phase.SPEAK and self._recorder.seconds >= LEAD_IN_S

    def look(self) -> Samples:
        """Read the sound since the last call. Returns samples [N] at 16 kHz."""
        samples = self._recorder.look()
        if self._recorder.lost:
            self._end(_("Some sound was lost: record the take again."))
        elif self.phase is Phase.COUNT and self._recorder.seconds >= self._numbers * COUNT_S:
            self.phase, self._recorder = Phase.SPEAK, TakeRecorder(self.feed)
        elif self.phase is Phase.SPEAK and self._recorder.over:
            self._keep(self._recorder.samples)
        return samples

    def _keep(self, recording: Samples) -> None:
        place = self._place()
        others = [take for number, take in enumerate(self.takes) if number != place]
        take = check(recording, others)
        if place == len(self.takes):
            self.takes.append(take)
        else:
            self.takes[place] = take
        self.placed = place
        self._bad = 0 if take.good else self._bad + 1
        if self._redo is not None or sum(each.good for each in self.takes) >= self._wanted:
            self._end("")
        elif self._bad >= MOST_BAD:
            assert take.fault is not None
            self._end(take.fault.sentence)
        else:
            self.phase, self._numbers = Phase.COUNT, NEXT_COUNT
            self._recorder = TakeRecorder(self.feed)

    def _place(self) -> int:
        """The index for the take: of the take to repeat, of the last bad take of this series, or at the end."""
        if self._redo is not None:
            return self._redo
        return self.placed if self._bad and self.placed is not None else len(self.takes)

    def _end(self, trouble: str) -> None:
        self.phase, self.trouble = Phase.OVER, trouble
