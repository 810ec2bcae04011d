"""The time that the plots show: the newest sound, or a frozen picture while listening goes on. No Qt."""

from kws_app.engine.frontend_config import SAMPLE_RATE
from kws_app.ui.plots.plot_history import SampleHistory


class TimeView:
    """The length of the picture in seconds, and its right edge."""

    def __init__(self) -> None:
        self.span_s = 10
        self._until: int | None = None  # sample index of the right edge; None follows the newest sample
        self._now = 0  # the newest sample when the picture was frozen

    @property
    def paused(self) -> bool:
        """Whether the picture is frozen."""
        return self._until is not None

    def until(self, history: SampleHistory) -> int:
        """Sample index of the right edge. A frozen picture moves on when the sound at its left edge is dropped."""
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
        """Move the right edge and freeze the picture. seconds: negative to go back in time"""
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
        """Whether a sample is kept and can be shown."""
        return history.begin is not None and history.oldest <= sample <= history.end

    def furthest_back_s(self, history: SampleHistory) -> float:
        """How far the right edge can go back from the moment of freezing, in seconds."""
        return max(0.0, (self._now - history.oldest) / SAMPLE_RATE - self.span_s)
