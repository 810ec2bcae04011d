"""Model cards: the description of a model, read as data within limits. Nothing is run; no torch, no Qt."""

import json
import math
from dataclasses import asdict, dataclass, field, fields
from functools import lru_cache
from typing import Any

from kws_app.engine.card_bounds import (
    COUNTS,
    DECISION_FIELDS,
    LARGEST_TOLERANCE,
    MOST_GOLDEN,
    check_count,
    check_fields,
    check_numbers,
    is_number,
    parse_object,
)
from kws_app.engine.decision_config import DecisionConfig
from kws_app.engine.frontend_config import FrontendConfig
from kws_app.engine.names import ModelName, is_name
from kws_app.errors import ModelError
from kws_app.translation import _

DEFAULT_MODEL = "happy/teacher"
CARD_FORMAT = 2
KNOWN_FORMATS = (1, 2)  # format 1: a jitted model without the field `network`
CURVE_FIELD = "operating_curve"  # field of `figures`; detection/operating_curve.py reads it
PAIRS_FIELD = "confirmed_by"  # field of `figures`, by role of the second model; pairs.py reads it


@dataclass(frozen=True)
class ModelCard:
    """The description of a model. models/README.md explains each field."""

    keyword: str
    role: str  # teacher, student, quantized, ...
    threshold: float  # recommended
    step_frames: int  # frames from a posterior to the next posterior
    context_frames: int  # frames up to the first posterior
    window_steps: int  # steps that the attention sees
    parameters: int
    macs: int  # multiply-accumulates for two seconds of audio
    weight_bytes: int  # size of the weights
    golden: dict[str, list[float]]  # scores of `golden_samples`
    frontend: dict[str, float] = field(default_factory=lambda: FrontendConfig().to_dict())
    labels: tuple[str, ...] = ("other", "keyword")
    decision: dict[str, float] = field(default_factory=dict)  # smoothing, patience, refractory time of the measurement
    figures: dict[str, Any] = field(default_factory=dict)  # areas, false rejects and alarms, with hours and intervals
    training: dict[str, Any] = field(default_factory=dict)  # every setting of the training run
    data: dict[str, Any] = field(default_factory=dict)  # description, licence and credit of the audio
    torch_version: str = "unknown"
    commit: str = "unknown"  # of the training code
    golden_tolerance: float = 1e-3  # allowed difference between processors and releases; larger for int8
    format: int = CARD_FORMAT
    network: dict[str, Any] = field(default_factory=dict)  # family and shape; empty for a jitted model without numbers

    @classmethod
    def from_json(cls, text: str) -> "ModelCard":
        """A card from JSON. raises ModelError if the text is no card of a known format within the limits"""
        try:
            raw = parse_object(text)
            if raw.get("format") not in KNOWN_FORMATS:
                raise ModelError(
                    _(
                        "its card has format {format!r}, and this program reads up to {known}: update the program",
                        format=raw.get("format"),
                        known=CARD_FORMAT,
                    )
                )
            check_fields("the card", raw, {f.name for f in fields(cls)})
            card = cls(**raw)
            card.validate()
            return card
        except (TypeError, ValueError, OverflowError, KeyError, AttributeError) as error:
            raise ModelError(_("its card cannot be read ({error})", error=error)) from error

    def validate(self) -> None:
        """raises ValueError on values that are not possible"""
        if not is_name(self.keyword) or not is_name(self.role):
            raise ValueError("keyword and role must be short words of letters and digits")
        if not is_number(self.threshold) or not 0 < self.threshold <= 1:
            raise ValueError(f"threshold {self.threshold!r:.60} is outside 0..1")
        for name, (least, most) in COUNTS.items():
            check_count(name, getattr(self, name), least, most)
        if not isinstance(self.golden, dict) or set(self.golden) != {"posterior", "hidden"}:
            raise ValueError("golden must hold posterior and hidden")
        for name, values in self.golden.items():
            check_numbers(f"golden {name}", values, MOST_GOLDEN)
        if not (is_number(self.golden_tolerance) and 0 < self.golden_tolerance <= LARGEST_TOLERANCE):
            raise ValueError(f"golden_tolerance {self.golden_tolerance!r:.60} is outside 0..{LARGEST_TOLERANCE}")
        for name in ("frontend", "decision", "figures", "training", "data", "network"):
            if not isinstance(getattr(self, name), dict):
                raise ValueError(f"{name} must be an object")
        if tuple(self.labels) != ("other", "keyword"):
            raise ValueError("labels must be other and keyword")
        if not isinstance(self.torch_version, str) or not isinstance(self.commit, str):
            raise ValueError("torch_version and commit must be texts")
        if self.frontend != FrontendConfig().to_dict():
            raise ValueError("it was made for another frontend: export it again")
        check_fields("decision", self.decision, DECISION_FIELDS)
        self.decision_config()

    def to_json(self) -> str:
        return json.dumps(_finite(asdict(self)), separators=(",", ":"), allow_nan=False)

    @property
    def name(self) -> ModelName:
        """The name of the model on the card."""
        return ModelName(self.keyword, self.role)

    def decision_config(self, threshold: float | None = None) -> DecisionConfig:
        """The decision with which the model was measured. threshold: None for the threshold of the card

        raises ValueError if a value is not possible
        """
        return DecisionConfig(
            threshold=self.threshold if threshold is None else threshold,
            smoothing_steps=int(self.decision.get("smoothing_steps", 1)),
            patience_steps=int(self.decision.get("patience_steps", 1)),
            refractory_s=float(self.decision.get("refractory_s", 1.0)),
        )

    @property
    def step_samples(self) -> int:
        return self.step_frames * int(self.frontend["hop_samples"])

    @property
    def first_step_samples(self) -> int:
        """Samples from the start of a stream to the end of its first step."""
        hop, window = int(self.frontend["hop_samples"]), int(self.frontend["window_samples"])
        return (self.context_frames - 1) * hop + window


def _finite(value: Any) -> Any:
    """Values for JSON. Infinity and NaN become null, because JSON does not have them."""
    if isinstance(value, dict):
        return {name: _finite(each) for name, each in value.items()}
    if isinstance(value, list | tuple):
        return [_finite(each) for each in value]
    return None if isinstance(value, float) and not math.isfinite(value) else value


@lru_cache(maxsize=64)
def parse_card(text: str) -> ModelCard:
    """A card from its text. The same text gives the same object, so each card is read once.

    raises ModelError if the text is no card
    """
    return ModelCard.from_json(text)
