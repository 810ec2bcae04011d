"""The folders that all stages share."""

from dataclasses import dataclass
from pathlib import Path

from kws_app.paths import ASSETS_DIR, MODELS_DIR


@dataclass(frozen=True)
class Places:
    """The folders that stages read and write."""

    data: Path  # the audio
    work: Path  # runs and caches
    models: Path = MODELS_DIR
    assets: Path = ASSETS_DIR  # plots

    @property
    def cache(self) -> Path:
        """Frames, synthetic passages and unfinished scores."""
        return self.work / "cache"

    def checkpoint(self, run: str) -> Path:
        """The best checkpoint of a run. raises ValueError if there is none"""
        path = self.work / run / "best.pt"
        if not path.is_file():
            raise ValueError(f"{path} is missing: train that run first, or name another run with --run.")
        return path
