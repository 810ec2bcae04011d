"""The log-mel frontend in torch: turns samples into frames, for streams and for whole clips.

It runs on the calling thread (worker, command line, training) and has no state.
"""

import math

import torch
from torch import Tensor, nn

from kws_app.engine.frontend_config import FrontendConfig


def mel_filterbank(config: FrontendConfig) -> Tensor:
    """Triangular filters evenly spaced on the HTK mel scale (Young et al., The HTK Book), unnormalised.

    returns: [window // 2 + 1, F] float32
    """

    # single precision, as in torchaudio: float64 would change weights near zero
    nyquist = config.sample_rate / 2
    highest_mel = 2595.0 * math.log10(1.0 + nyquist / 700.0)
    bin_hz = torch.linspace(0.0, nyquist, config.window_samples // 2 + 1)
    edges_mel = torch.linspace(0.0, highest_mel, config.mel_bins + 2)
    edges_hz = 700.0 * (10.0 ** (edges_mel / 2595.0) - 1.0)
    width = edges_hz.diff()
    slopes = edges_hz[None, :] - bin_hz[:, None]  # [bins, F + 2]
    rising, falling = -slopes[:, :-2] / width[:-1], slopes[:, 2:] / width[1:]
    return torch.minimum(rising, falling).clamp_min(0.0)


class LogMel(nn.Module):
    """Natural log of mel power. Frames are not centred, so chunks give the same frames as the whole."""

    window: Tensor
    filters: Tensor

    def __init__(self, config: FrontendConfig | None = None) -> None:
        super().__init__()
        config = config or FrontendConfig()
        self.window_samples = config.window_samples
        self.hop_samples = config.hop_samples
        self.power_floor = config.power_floor
        self.mel_bins = config.mel_bins
        self.register_buffer("window", torch.hann_window(config.window_samples), persistent=False)
        self.register_buffer("filters", mel_filterbank(config).double(), persistent=False)

    def initial_tail(self, batch: int = 1) -> Tensor:
        """The tail at the start of a stream: [B, 0]."""
        return torch.zeros(batch, 0)

    def forward(self, samples: Tensor, tail: Tensor) -> tuple[Tensor, Tensor]:
        """The frames that the new samples complete, and the samples that later frames need.

        samples: [B, N] float32 in [-1, 1], any N
        tail: [B, fewer than window_samples] as returned before, or `initial_tail`
        returns: log_mel [B, T, F], natural log of power; the new tail
        """
        pending = torch.cat([tail, samples], dim=1)
        frames = max(0, (pending.shape[1] - self.window_samples) // self.hop_samples + 1)
        if frames == 0:
            return pending.new_zeros(pending.shape[0], 0, self.mel_bins), pending
        framed = pending.unfold(1, self.window_samples, self.hop_samples)  # [B, T, window]
        spectrum = torch.view_as_real(torch.fft.rfft(framed * self.window))  # [B, T, bins, 2]
        squares = spectrum * spectrum
        power = squares[..., 0] + squares[..., 1]  # [B, T, bins]; a sum over two at a time takes three times as long
        # in double precision, because the order of the sums in a matrix product depends on the number of frames
        mel = torch.matmul(power.double(), self.filters).float()  # [B, T, F]
        return mel.clamp_min_(self.power_floor).log_(), pending[:, frames * self.hop_samples :]
