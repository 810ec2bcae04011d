"""Which stretch of time the plots show: the newest, or a stretch that stands still while listening goes on. No Qt."""

from kws_app.engine.frontend_config import SAMPLE_RATE
from kws_app.ui.plots.plot_history import SampleHistory


class TimeView:
    """The length of the stretch, and its right edge."""

    def __init__(self) -> None:
        self.span_s = 10
        self._until: int | None = None  # on the sample clock; None follows the newest sample
        self._now = 0  # the newest sample when the picture was frozen

    @property
    def paused(self) -> bool:
        """Whether the picture stands still."""
        return self._until is not None

    def until(self, history: SampleHistory) -> int:
        """The right edge. A frozen picture moves on when its left edge is no longer kept."""
        if self._until is None:
            return history.end
        self._until = max(self._until, min(history.end, history.oldest + self.span_s * SAMPLE_RATE))
        return self._until

    @property
    def back_s(self) -> float:
        """Seconds from the moment of freezing back to the right edge."""
        return 0.0 if self._until is None else (self._now - self._until) / SAMPLE_RATE

    def pause(self, history: SampleHistory) -> None:
        """Freeze the picture where it is."""
        if self._until is None:
            self._until = self._now = history.end

    def follow(self) -> None:
        """Show the newest sound again."""
        self._until = None

    def scroll(self, seconds: float, history: SampleHistory) -> None:
        """Move the right edge, to the left for a negative number, and freeze the picture."""
        self.pause(history)
        assert self._until is not None
        self.scroll_to(self._until + round(seconds * SAMPLE_RATE), history)

    def scroll_to(self, until: int, history: SampleHistory) -> None:
        """Put the right edge at a sample, and freeze the picture."""
        self.pause(history)
        self._now = max(self._now, min(until, history.end))
        self._until = min(until, self._now)
        self.until(history)

    def shows(self, sample: int, history: SampleHistory) -> bool:
        """Whether a sample is kept, so that the picture can go to it."""
        return history.begin is not None and history.oldest <= sample <= history.end

    def furthest_back_s(self, history: SampleHistory) -> float:
        """How far the right edge can lie before the moment of freezing, in seconds."""
        return max(0.0, (self._now - history.oldest) / SAMPLE_RATE - self.span_s)
