"""Model cards: what an artifact says of itself, read as data: nothing in the file is run, and no torch is needed."""

import json
import re
import zipfile
import zlib
from dataclasses import asdict, dataclass, field, fields
from pathlib import Path
from typing import Any

from kws_app.engine.decision_config import DecisionConfig
from kws_app.engine.frontend_config import FrontendConfig
from kws_app.errors import ModelError
from kws_app.translation import _

CARD_FILE = "card.json"
NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9 _-]{0,40}")  # of a keyword or a role, being those of a folder and a file
PLUS = "+"  # in the name of a pair of models, and in no model's own
DEFAULT_MODEL = "happy/teacher"
CARD_FORMAT = 1
CURVE_FIELD = "operating_curve"  # of a card's figures; kws_app/detection/operating_curve.py reads it
PAIRS_FIELD = "confirmed_by"  # of a card's figures, by the second model's role; kws_app/engine/pairs.py reads it
LARGEST_TOLERANCE = 0.1  # of a score: beyond it the golden input proves nothing
# What reading a damaged archive raises, to be caught; the last is zipfile's own, of a compression it does not know.
UNREADABLE = (zipfile.BadZipFile, zlib.error, OSError, UnicodeDecodeError, EOFError, NotImplementedError)
LARGEST_CARD_BYTES = 4_000_000  # ours have 61,000


def is_number(value: object) -> bool:
    """Whether a value read from JSON is a number that can be reckoned with: neither true, nor infinite, nor huge."""
    return isinstance(value, int | float) and not isinstance(value, bool) and abs(value) < 1e300


@dataclass(frozen=True)
class ModelCard:
    """What an artifact says of itself; see models/README.md for the meaning of each field."""

    keyword: str
    role: str  # teacher, student, quantized, ...
    threshold: float  # recommended
    step_frames: int  # frames from one posterior to the next
    context_frames: int  # frames behind the first posterior
    window_steps: int  # steps the attention sees
    parameters: int
    macs: int  # multiply-accumulates for two seconds of audio
    weight_bytes: int  # raw weights
    golden: dict[str, list[float]]  # scores of `golden_samples`
    frontend: dict[str, float] = field(default_factory=lambda: FrontendConfig().to_dict())
    labels: tuple[str, ...] = ("other", "keyword")
    decision: dict[str, float] = field(default_factory=dict)  # smoothing, patience, refractory it was scored with
    figures: dict[str, Any] = field(default_factory=dict)  # areas, false rejects and alarms, with hours and intervals
    training: dict[str, Any] = field(default_factory=dict)  # every setting of the run that made it
    data: dict[str, Any] = field(default_factory=dict)  # description, licence and credit of the audio
    torch_version: str = "unknown"
    commit: str = "unknown"  # of the code that trained it
    golden_tolerance: float = 1e-3  # between processors and releases; int8 arithmetic differs by more than float
    format: int = CARD_FORMAT

    @classmethod
    def from_json(cls, text: str) -> "ModelCard":
        """raises ModelError if the text is no card of a known format"""
        try:
            raw = json.loads(text)
            if not isinstance(raw, dict):
                raise TypeError("the card is no JSON object")
            if raw.get("format") != CARD_FORMAT:
                raise ModelError(
                    _(
                        "its card has format {format!r}, this program reads {known}: update the program",
                        format=raw.get("format"),
                        known=CARD_FORMAT,
                    )
                )
            known = {f.name for f in fields(cls)}
            card = cls(**{name: value for name, value in raw.items() if name in known})
            card.validate()
            return card
        except (TypeError, ValueError, OverflowError, KeyError, AttributeError, RecursionError) as error:
            raise ModelError(_("its card cannot be read ({error})", error=error)) from error

    def validate(self) -> None:
        """raises ValueError on values that no model can have"""
        if not isinstance(self.keyword, str) or not self.keyword or not isinstance(self.role, str):
            raise ValueError("keyword and role must be words")
        if not 0 < self.threshold <= 1:
            raise ValueError(f"threshold {self.threshold} is outside 0..1")
        for name in ("step_frames", "context_frames", "window_steps"):
            value = getattr(self, name)
            if not isinstance(value, int) or not 0 < value <= 1000:
                raise ValueError(f"{name} {value!r} is outside 1..1000")
        for name in ("parameters", "macs", "weight_bytes"):
            value = getattr(self, name)
            if not is_number(value) or value < 0:
                raise ValueError(f"{name} must be a count, got {value!r}")
        if not isinstance(self.golden, dict) or set(self.golden) != {"posterior", "hidden"}:
            raise ValueError("golden must hold posterior and hidden")
        if not all(isinstance(values, list) and all(map(is_number, values)) for values in self.golden.values()):
            raise ValueError("golden must hold lists of numbers")
        if not (is_number(self.golden_tolerance) and 0 < self.golden_tolerance <= LARGEST_TOLERANCE):
            raise ValueError(f"golden_tolerance {self.golden_tolerance!r} is outside 0..{LARGEST_TOLERANCE}")
        for name in ("frontend", "decision", "figures", "training", "data"):
            if not isinstance(getattr(self, name), dict):
                raise ValueError(f"{name} must be an object")
        for name in ("hop_samples", "window_samples"):
            value = self.frontend.get(name, 0)
            if not is_number(value) or not 1 <= value <= 1_000_000:
                raise ValueError(f"{name} {value!r} of the frontend is outside 1..1000000")
        self.decision_config()

    def to_json(self) -> str:
        return json.dumps(asdict(self), separators=(",", ":"))

    def decision_config(self, threshold: float | None = None) -> DecisionConfig:
        """The decision that the model was scored with, at its own threshold or the one asked for.

        raises ValueError if the threshold, or what the card says, makes no sense
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


def read_card(path: Path) -> ModelCard:
    """The card of an artifact, read as data; nothing in the file is run.

    raises ModelError if there is none
    """
    if not path.is_file():
        raise ModelError(_("There is no model file at {path}: choose another model.", path=path))
    try:
        with zipfile.ZipFile(path) as archive:
            names = [name for name in archive.namelist() if name.endswith(f"/extra/{CARD_FILE}")]
            if not names:
                raise ModelError(_("it has no card; was it exported by `python -m training export`?"))
            if archive.getinfo(names[0]).file_size > LARGEST_CARD_BYTES:
                raise ModelError(_("its card unpacks to more than {most} bytes", most=LARGEST_CARD_BYTES))
            return ModelCard.from_json(archive.read(names[0]).decode())
    except (ModelError, *UNREADABLE) as error:
        raise ModelError(_("{path} is no usable model: {error}", path=path, error=error)) from error
