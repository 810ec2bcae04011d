"""The settings: a JSON file that is written whole or not at all. Used on the window's thread."""

import json
import math
import os
from dataclasses import asdict, dataclass, field, fields
from pathlib import Path
from typing import Any

from kws_app.actions.choices import KeywordActions
from kws_app.atomic_file import write_whole
from kws_app.detection.tuning import Tuning
from kws_app.engine.backends import ENGINES
from kws_app.engine.card import DEFAULT_MODEL
from kws_app.regular_file import make_private, read_regular
from kws_app.translation import _

VERSION = 1
FILE_NAME = "settings.json"
BROKEN_NAME = "settings.broken.json"
MOST_BYTES = 4_000_000  # largest file that is read; a usual file has about 1,000 bytes
MOST = 1_000_000  # highest count that is accepted
LOWEST_THRESHOLD = 0.001  # lowest threshold that the window can show
SPANS_S = (2, 5, 10, 20, 30, 60, 120, 300)  # times that the plots can show, in seconds
THEMES = ("system", "light", "dark")


@dataclass(frozen=True)
class Settings:
    """The user's choices. The defaults are those of a first run."""

    model: str = DEFAULT_MODEL
    microphone: str = ""  # name; empty for the system's default
    thresholds: dict[str, float] = field(default_factory=dict)  # by model, 0..1; only thresholds that the user changed
    geometry: str = ""  # place and size of the window, in hexadecimal, as Qt saves it
    span_s: int = 10  # seconds that the plots show
    theme: str = "system"  # one of THEMES
    engine: str = ""  # one of ENGINES; empty is the default engine
    first_run_done: bool = False  # the user has finished or skipped the first steps
    recent_files: list[str] = field(default_factory=list)  # audio files that were opened, the latest first
    files_in_real_time: bool = True  # False plays files as fast as possible
    also: list[str] = field(default_factory=list)  # models that listen beside the first model, in order
    words: dict[str, str] = field(default_factory=dict)  # by keyword, in the order of the list, the model of the word
    confirm_with: dict[str, str] = field(default_factory=dict)  # by model, the model of the same word that confirms it
    # by model, smoothing_steps, patience_steps and refractory_s, where the user changed them
    decisions: dict[str, dict[str, float]] = field(default_factory=dict)
    actions: dict[str, dict[str, Any]] = field(default_factory=dict)  # by keyword, as KeywordActions.to_dict gives them
    start_minimised: bool = False
    keep_in_tray: bool = False  # after the window is closed, the app goes on listening in the tray
    keep_clips: bool = True  # whether the sound around each detection is saved
    most_clips: int = 500  # beyond this, the oldest clips without a label are removed first
    most_clip_megabytes: int = 200  # the same limit for the size of all clips

    def __post_init__(self) -> None:
        for name in ("model", "microphone", "geometry"):
            if not isinstance(getattr(self, name), str):
                raise ValueError(f"{name} must be text, got {getattr(self, name)!r}")
        if not isinstance(self.thresholds, dict):
            raise ValueError(f"thresholds must be an object, got {self.thresholds!r}")
        for model, value in self.thresholds.items():
            if not isinstance(value, int | float) or not math.isfinite(value) or not 0 < value <= 1:
                raise ValueError(f"the threshold of {model} must be above 0 and at most 1, got {value!r}")
        for name in ("also", "recent_files"):
            value = getattr(self, name)
            if not isinstance(value, list) or not all(isinstance(each, str) for each in value):
                raise ValueError(f"{name} must be a list of names, got {value!r}")
        for name in ("files_in_real_time", "first_run_done"):
            if not isinstance(getattr(self, name), bool):
                raise ValueError(f"{name} must be true or false, got {getattr(self, name)!r}")
        if not isinstance(self.decisions, dict) or not all(
            isinstance(value, dict) for value in self.decisions.values()
        ):
            raise ValueError(f"decisions must be an object of objects, got {self.decisions!r}")
        if not isinstance(self.confirm_with, dict) or not all(
            isinstance(value, str) for value in self.confirm_with.values()
        ):
            raise ValueError(f"confirm_with must be an object of names, got {self.confirm_with!r}")
        if not isinstance(self.words, dict) or not all(isinstance(value, str) for value in self.words.values()):
            raise ValueError(f"words must be an object of names, got {self.words!r}")
        if isinstance(self.span_s, bool) or self.span_s not in SPANS_S:
            raise ValueError(f"span_s must be one of {SPANS_S}, got {self.span_s!r}")
        if self.engine not in ("", *ENGINES):
            raise ValueError(f"engine must be empty or one of {ENGINES}, got {self.engine!r}")
        if self.theme not in THEMES:
            raise ValueError(f"theme must be one of {THEMES}, got {self.theme!r}")
        self.tunings()
        self._check_actions()
        self._check_clips()

    def _check_actions(self) -> None:
        if not isinstance(self.actions, dict):
            raise ValueError(f"actions must be an object, got {self.actions!r}")
        for raw in self.actions.values():
            KeywordActions.from_dict(raw)
        for name in ("start_minimised", "keep_in_tray"):
            if not isinstance(getattr(self, name), bool):
                raise ValueError(f"{name} must be true or false, got {getattr(self, name)!r}")

    def _check_clips(self) -> None:
        if not isinstance(self.keep_clips, bool):
            raise ValueError(f"keep_clips must be true or false, got {self.keep_clips!r}")
        for name in ("most_clips", "most_clip_megabytes"):
            number = getattr(self, name)
            if isinstance(number, bool) or not isinstance(number, int) or not 0 <= number <= MOST:
                raise ValueError(f"{name} must be a whole number from 0 to {MOST}, got {number!r}")

    def tunings(self) -> dict[str, Tuning]:
        """Thresholds and decisions, by model. raises ValueError on values that cannot be used"""
        return {
            model: Tuning(threshold=self.thresholds.get(model), **self.decisions.get(model, {}))  # type: ignore[arg-type]
            for model in {**self.thresholds, **self.decisions}
        }

    def actions_of(self, keyword: str) -> KeywordActions:
        """The actions of a keyword; none unless the user chose some."""
        return KeywordActions.from_dict(self.actions.get(keyword, {}))


class SettingsFile:
    """settings.json in the user's folder, readable by its owner only."""

    def __init__(self, folder: Path) -> None:
        self.path = folder / FILE_NAME

    def load(self) -> tuple[Settings, str]:
        """The settings, and an empty text. If they cannot be read: the defaults, and one sentence."""
        try:
            text = read_regular(self.path, MOST_BYTES).decode()
        except FileNotFoundError:
            return Settings(), ""
        except (OSError, UnicodeDecodeError) as error:
            return Settings(), self._set_aside(str(error))
        try:
            raw = json.loads(text)
            if not isinstance(raw, dict) or raw.get("version") != VERSION:
                raise ValueError(f"expected an object of version {VERSION}")
            known = {f.name for f in fields(Settings)}
            return Settings(**{name: value for name, value in raw.items() if name in known}), ""
        except (ValueError, OverflowError, TypeError, RecursionError) as error:
            return Settings(), self._set_aside(str(error))

    def save(self, settings: Settings) -> None:
        """raises OSError if the folder cannot be written"""
        make_private(self.path.parent)
        write_whole(self.path, json.dumps({"version": VERSION, **asdict(settings)}, indent=1).encode())

    def _set_aside(self, reason: str) -> str:
        aside = self.path.with_name(BROKEN_NAME)
        try:
            os.replace(self.path, aside)
        except OSError:
            return _(
                "The settings in {path} could not be read ({reason}). The app starts with the defaults.",
                path=self.path,
                reason=reason,
            )
        return _(
            "The settings could not be read ({reason}). The app starts with the defaults. The old file is {aside}.",
            reason=reason,
            aside=aside,
        )
