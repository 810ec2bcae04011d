"""Crnn: convolution, GRU and windowed attention; teacher and student differ by config alone.

One forward trains and streams: the state goes in and comes out, and a whole clip is a stream from a fresh state.
"""

import torch
from torch import Tensor, nn

from training.config import CrnnConfig

# conv context [B, Tc, F], GRU hidden [L, B, H], past outputs [B, W - 1, H], their energies [B, W - 1]
State = tuple[Tensor, Tensor, Tensor, Tensor]


class Crnn(nn.Module):
    """Keyword spotter of the Speech Commands lineage (Arik et al. 2017; attention as in Shan et al. 2018)."""

    def __init__(self, config: CrnnConfig) -> None:
        super().__init__()
        self.kernel_frames = config.kernel_frames
        self.stride_frames = config.stride_frames
        self.pool_frames = config.pool_frames
        self.mel_bins = config.mel_bins
        self.hidden = config.hidden
        self.layers = config.layers
        self.window_steps = config.window_steps
        self.input_mean = config.input_mean
        self.input_scale = 1.0 / config.input_std
        self.conv = nn.Conv2d(
            1,
            config.channels,
            (config.kernel_mels, config.kernel_frames // config.pool_frames),
            (config.stride_mels, config.stride_frames // config.pool_frames),
        )
        self.gru = nn.GRU(config.gru_input, config.hidden, config.layers, batch_first=True)
        self.energy = nn.Sequential(nn.Linear(config.hidden, config.hidden), nn.Tanh(), nn.Linear(config.hidden, 1))
        self.classifier = nn.Linear(config.hidden, 2)

    def initial_state(self, batch: int = 1) -> State:
        """The state of a stream that has heard nothing; an energy of -inf gives a past output no weight."""
        return (
            torch.zeros(batch, 0, self.mel_bins),
            torch.zeros(self.layers, batch, self.hidden),
            torch.zeros(batch, self.window_steps - 1, self.hidden),
            torch.full((batch, self.window_steps - 1), float("-inf")),
        )

    def forward(self, log_mel: Tensor, state: State) -> tuple[Tensor, Tensor, State]:
        """Logits of every step that the new frames complete.

        log_mel: [B, T, F], any T
        returns: logits [B, S, 2] (other, keyword); attention [B, S, W] over the last W outputs, oldest first;
            the new state. S = (Tc + T - kernel_frames) // stride_frames + 1, or 0.
        """
        context, hidden, past_outputs, past_energies = state
        frames = torch.cat([context, log_mel], dim=1)  # [B, Tc + T, F]
        steps = max(0, (frames.shape[1] - self.kernel_frames) // self.stride_frames + 1)
        batch = frames.shape[0]
        if steps == 0:
            empty = frames.new_zeros(batch, 0, 2)
            no_attention = frames.new_zeros(batch, 0, self.window_steps)
            return empty, no_attention, (frames, hidden, past_outputs, past_energies)
        scaled = (frames - self.input_mean) * self.input_scale
        if self.pool_frames > 1:  # [B, Tc + T, F] -> [B, T', F]
            used = (steps - 1) * self.stride_frames + self.kernel_frames
            scaled = scaled[:, :used].unflatten(1, (used // self.pool_frames, self.pool_frames)).mean(2)
        maps = torch.relu(self.conv(scaled.transpose(1, 2).unsqueeze(1)))  # [B, C, F', S]
        columns = maps.permute(0, 3, 1, 2).flatten(2)  # [B, S, C * F']
        outputs, hidden = self.gru(columns, hidden)  # [B, S, H]
        energies = self.energy(outputs).squeeze(-1)  # [B, S]

        outputs = torch.cat([past_outputs, outputs], dim=1)  # [B, W - 1 + S, H]
        energies = torch.cat([past_energies, energies], dim=1)  # [B, W - 1 + S]
        attention = torch.softmax(energies.unfold(1, self.window_steps, 1), dim=-1)  # [B, S, W]
        windows = outputs.unfold(1, self.window_steps, 1)  # [B, S, H, W]
        summary = torch.matmul(windows, attention.unsqueeze(-1)).squeeze(-1)  # [B, S, H]
        logits = self.classifier(summary)

        kept = frames[:, steps * self.stride_frames :]
        return logits, attention, (kept, hidden, outputs[:, steps:], energies[:, steps:])


def fresh_state(crnn: Crnn, batch: int) -> State:
    """The initial state, on the device that the network is on."""
    device = next(crnn.parameters()).device
    context, hidden, outputs, energies = crnn.initial_state(batch)
    return context.to(device), hidden.to(device), outputs.to(device), energies.to(device)


class StreamingCrnn(nn.Module):
    """What is exported: a Crnn that answers with the keyword's posterior, calibrated so that 0.5 means the same in all.

    posterior = sigmoid(scale * (margin - offset)), margin = logit(keyword) - logit(other)
    """

    def __init__(self, crnn: Crnn, scale: float = 1.0, offset: float = 0.0) -> None:
        super().__init__()
        self.crnn = crnn
        self.scale = scale
        self.offset = offset

    @torch.jit.export
    def initial_state(self, batch: int = 1) -> State:
        """The state of a stream that has heard nothing."""
        return self.crnn.initial_state(batch)

    def forward(self, log_mel: Tensor, state: State) -> tuple[Tensor, Tensor, State]:
        """log_mel [B, T, F] and state in; posterior [B, S] in 0..1, attention [B, S, W] and state out."""
        logits, attention, state = self.crnn(log_mel, state)
        margin = logits[..., 1] - logits[..., 0]
        return torch.sigmoid(self.scale * (margin - self.offset)), attention, state
