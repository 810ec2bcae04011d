"""The settings of the log-mel frontend, apart from its arithmetic so that reading them needs no torch."""

from dataclasses import asdict, dataclass

SAMPLE_RATE = 16_000


@dataclass(frozen=True)
class FrontendConfig:
    """What a model's frames are made of; stored in its card and compared when it is loaded."""

    sample_rate: int = SAMPLE_RATE  # Hz
    window_samples: int = 400  # 25 ms, also the FFT's length
    hop_samples: int = 160  # 10 ms
    mel_bins: int = 40
    power_floor: float = 1e-9  # the log's argument is clamped here

    def __post_init__(self) -> None:
        if not 0 < self.hop_samples <= self.window_samples:
            raise ValueError(f"hop_samples must be in 1..{self.window_samples} (the window), got {self.hop_samples}")
        if self.mel_bins < 1 or self.sample_rate < 1 or self.power_floor <= 0:
            raise ValueError(f"mel_bins, sample_rate and power_floor must be positive, got {self}")

    def to_dict(self) -> dict[str, float]:
        return asdict(self)
