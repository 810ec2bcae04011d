"""The shape of a `crnn` network, and the limits within which the app runs it. Plain numbers; no torch."""

from dataclasses import dataclass, fields
from typing import Any

from kws_app.engine.frontend_config import FrontendConfig

# Least and most of each size. The models of the program have at most 8 channels, 32 hidden units and 16 window steps.
BOUNDS: dict[str, tuple[float, float]] = {
    "channels": (1, 64),
    "kernel_mels": (1, FrontendConfig.mel_bins),
    "kernel_frames": (1, 200),
    "stride_mels": (1, FrontendConfig.mel_bins),
    "stride_frames": (1, 100),
    "pool_frames": (1, 100),
    "pool_mels": (1, FrontendConfig.mel_bins),
    "hidden": (1, 256),
    "layers": (1, 4),
    "energy_hidden": (0, 256),
    "window_steps": (2, 128),
    "heads": (1, 16),
    "weighs_age": (False, True),
    "input_mean": (-100.0, 100.0),
    "input_std": (0.01, 100.0),
    "mel_bins": (FrontendConfig.mel_bins, FrontendConfig.mel_bins),
}
_KINDS: dict[Any, tuple[type, ...]] = {int: (int,), bool: (bool,), float: (int, float)}
MOST_PARAMETERS = 1_000_000
MOST_MACS = 4_000_000  # multiply-accumulates of a step, which take some milliseconds


@dataclass(frozen=True)
class CrnnShape:
    """Convolution, GRU and windowed attention. training/config.py explains the fields."""

    channels: int
    kernel_mels: int
    kernel_frames: int
    stride_mels: int
    stride_frames: int
    hidden: int
    layers: int
    window_steps: int
    pool_frames: int = 1
    pool_mels: int = 1
    energy_hidden: int = 0  # 0 for the value of `hidden`
    heads: int = 1
    weighs_age: bool = False
    input_mean: float = -6.0
    input_std: float = 4.0
    mel_bins: int = FrontendConfig.mel_bins

    def __post_init__(self) -> None:
        for field in fields(self):
            value = getattr(self, field.name)
            least, most = BOUNDS[field.name]
            if type(value) not in _KINDS[field.type] or not least <= value <= most:
                raise ValueError(f"{field.name} must be from {least} to {most}, got {value!r:.40}")
        if self.kernel_frames < self.stride_frames:
            raise ValueError(
                f"kernel_frames {self.kernel_frames} must be at least stride_frames {self.stride_frames}, "
                "else some frames are never used"
            )
        if self.kernel_frames % self.pool_frames or self.stride_frames % self.pool_frames:
            raise ValueError(f"pool_frames {self.pool_frames} must divide kernel_frames and stride_frames")
        if any(size % self.pool_mels for size in (self.mel_bins, self.kernel_mels, self.stride_mels)):
            raise ValueError(f"pool_mels {self.pool_mels} must divide mel_bins, kernel_mels and stride_mels")
        if self.hidden % self.heads:
            raise ValueError(f"heads {self.heads} must divide hidden {self.hidden}")
        if self.parameters > MOST_PARAMETERS or self.macs > MOST_MACS:
            raise ValueError(
                f"at most {MOST_PARAMETERS:,} parameters and {MOST_MACS:,} multiplications a step are allowed"
            )

    @classmethod
    def from_json(cls, raw: Any) -> "CrnnShape":
        """raises TypeError or ValueError unless it is a shape within the limits"""
        if not isinstance(raw, dict):
            raise TypeError("the shape of a network must be an object")
        return cls(**raw)

    @property
    def kernel(self) -> tuple[int, int]:
        """The size of the convolution's kernel after pooling: mels, frames."""
        return self.kernel_mels // self.pool_mels, self.kernel_frames // self.pool_frames

    @property
    def positions(self) -> int:
        """The number of positions of the kernel along the mels."""
        return (self.mel_bins - self.kernel_mels) // self.stride_mels + 1

    @property
    def parameter_shapes(self) -> dict[str, tuple[int, ...]]:
        """The shape of each parameter, by name, in the order of the file."""
        H, energy = self.hidden, self.energy_hidden or self.hidden
        shapes: dict[str, tuple[int, ...]] = {}
        if self.weighs_age:
            shapes["age"] = (self.heads, self.window_steps)
        shapes |= {"conv.weight": (self.channels, 1, *self.kernel), "conv.bias": (self.channels,)}
        for layer in range(self.layers):
            width = H if layer else self.positions * self.channels
            shapes |= {f"gru.weight_ih_l{layer}": (3 * H, width), f"gru.weight_hh_l{layer}": (3 * H, H)}
            shapes |= {f"gru.bias_ih_l{layer}": (3 * H,), f"gru.bias_hh_l{layer}": (3 * H,)}
        shapes |= {"energy.0.weight": (energy, H), "energy.0.bias": (energy,)}
        shapes |= {"energy.2.weight": (self.heads, energy), "energy.2.bias": (self.heads,)}
        return shapes | {"classifier.weight": (2, H), "classifier.bias": (2,)}

    @property
    def parameters(self) -> int:
        total = 0
        for shape in self.parameter_shapes.values():
            count = 1
            for size in shape:
                count *= size
            total += count
        return total

    @property
    def macs(self) -> int:
        """Multiply-accumulates of a step on the NumPy engine, where pooling is part of the convolution."""
        conv = self.kernel_frames * self.mel_bins * self.channels * self.positions
        return conv + self.parameters + self.window_steps * self.hidden * self.heads
