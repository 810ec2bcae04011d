"""The changes that a user can make to a model's decision, and their limits."""

from dataclasses import dataclass, replace

from kws_app.engine.decision_config import DecisionConfig

# limits for the user
SMOOTHING_STEPS = (1, 10)
PATIENCE_STEPS = (1, 10)
REFRACTORY_S = (0.2, 10.0)


@dataclass(frozen=True)
class Tuning:
    """The user's changes to a model's decision. None: the value of the card."""

    threshold: float | None = None
    smoothing_steps: int | None = None
    patience_steps: int | None = None
    refractory_s: float | None = None

    def __post_init__(self) -> None:
        for name, value in self.changes.items():
            if isinstance(value, bool) or not isinstance(value, int if name.endswith("_steps") else int | float):
                raise ValueError(f"{name} must be a number, a whole number for steps, got {value!r}")
        limits = {"smoothing_steps": SMOOTHING_STEPS, "patience_steps": PATIENCE_STEPS, "refractory_s": REFRACTORY_S}
        for name, (least, most) in limits.items():
            if name in self.changes and not least <= self.changes[name] <= most:
                raise ValueError(f"{name} must be from {least:g} to {most:g}, got {self.changes[name]!r}")
        self.applied_to(DecisionConfig())

    @property
    def changes(self) -> dict[str, float]:
        """The fields that the user has set."""
        return {name: value for name, value in vars(self).items() if value is not None}

    def applied_to(self, config: DecisionConfig) -> DecisionConfig:
        """A decision with these changes. raises ValueError if the result is invalid"""
        return replace(config, **self.changes)  # type: ignore[arg-type]
