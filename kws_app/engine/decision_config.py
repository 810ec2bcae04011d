"""The settings of a decision: threshold, smoothing, patience and refractory time."""

from dataclasses import dataclass

MOST_STEPS = 1000
LONGEST_S = 3600.0  # longest refractory time


@dataclass(frozen=True)
class DecisionConfig:
    """When posteriors count as a detection."""

    threshold: float = 0.5  # a step counts if its smoothed posterior reaches this, 0..1
    smoothing_steps: int = 1  # number of posteriors that are averaged; 1 means no smoothing
    patience_steps: int = 1  # steps in a row at or above the threshold before a detection
    refractory_s: float = 1.0  # time after a detection without another detection

    def __post_init__(self) -> None:
        if not 0.0 < self.threshold <= 1.0:
            raise ValueError(f"the threshold must be above 0 and at most 1, got {self.threshold}")
        if self.smoothing_steps < 1 or self.patience_steps < 1:
            raise ValueError(
                f"smoothing_steps and patience_steps must be at least 1, "
                f"got {self.smoothing_steps} and {self.patience_steps}"
            )
        if max(self.smoothing_steps, self.patience_steps) > MOST_STEPS or not 0 <= self.refractory_s <= LONGEST_S:
            raise ValueError(
                f"smoothing_steps and patience_steps must be at most {MOST_STEPS}, and refractory_s from 0 to "
                f"{LONGEST_S:g}, got {self.smoothing_steps}, {self.patience_steps} and {self.refractory_s}"
            )
