"""Which stretch the plots show: the newest, or one that stands still while the listening goes on. No Qt."""

from kws_app.engine.frontend_config import SAMPLE_RATE
from kws_app.ui.plots.plot_history import SampleHistory

SPANS_S = (5, 10, 20, 30, 60)


class TimeView:
    """The length of the stretch, and its right edge."""

    def __init__(self) -> None:
        self.span_s = 10
        self._until: int | None = None  # on the sample clock; None follows the newest sample
        self._now = 0  # the newest sample when the picture was stopped

    @property
    def paused(self) -> bool:
        return self._until is not None

    def until(self, history: SampleHistory) -> int:
        """The right edge; a picture whose left edge leaves the history moves on with that."""
        if self._until is None:
            return history.end
        self._until = max(self._until, min(history.end, history.oldest + self.span_s * SAMPLE_RATE))
        return self._until

    @property
    def back_s(self) -> float:
        """From the moment of stopping back to the right edge."""
        return 0.0 if self._until is None else (self._now - self._until) / SAMPLE_RATE

    def pause(self, history: SampleHistory) -> None:
        if self._until is None:
            self._until = self._now = history.end

    def follow(self) -> None:
        """Show the newest again."""
        self._until = None

    def scroll(self, seconds: float, history: SampleHistory) -> None:
        """Move the right edge, to the left for a negative number; stops the picture."""
        self.pause(history)
        assert self._until is not None
        self._until = min(self._until + round(seconds * SAMPLE_RATE), self._now)
        self.until(history)

    def furthest_back_s(self, history: SampleHistory) -> float:
        """How far the right edge can lie before the moment of stopping."""
        return max(0.0, (self._now - history.oldest) / SAMPLE_RATE - self.span_s)
