"""The settings of the log-mel frontend. Reading them needs no torch."""

from dataclasses import asdict, dataclass

SAMPLE_RATE = 16_000


@dataclass(frozen=True)
class FrontendConfig:
    """How frames are made. A card stores it, and loading a model compares it."""

    sample_rate: int = SAMPLE_RATE  # Hz
    window_samples: int = 400  # 25 ms, also the length of the FFT
    hop_samples: int = 160  # 10 ms
    mel_bins: int = 40
    power_floor: float = 1e-9  # lowest argument of the log

    def __post_init__(self) -> None:
        if not 0 < self.hop_samples <= self.window_samples:
            raise ValueError(f"hop_samples must be in 1..{self.window_samples} (the window), got {self.hop_samples}")
        if self.mel_bins < 1 or self.sample_rate < 1 or self.power_floor <= 0:
            raise ValueError(f"mel_bins, sample_rate and power_floor must be positive, got {self}")

    def to_dict(self) -> dict[str, float]:
        return asdict(self)
