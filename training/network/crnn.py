"""Crnn: a convolution, a GRU and attention over a window of steps. Teacher and student differ only in their config.

The same forward trains and streams: the state is an argument and a result. A clip is a stream from a fresh state.
"""

from typing import NamedTuple

import torch
from torch import Tensor, nn
from torch.nn.functional import linear

from training.config import CrnnConfig

# frames that wait [B, Tc, F], GRU state [L, B, H], past outputs [B, W - 1, H], their energies [B, W - 1, heads]
State = tuple[Tensor, Tensor, Tensor, Tensor]


class Answer(NamedTuple):
    """The answer of a network to a batch of frames."""

    logits: Tensor  # [B, S, 2], (other, keyword) of every step
    attention: Tensor  # [B, S, W], over the last W outputs, oldest first, the mean of all heads
    summary: Tensor  # [B, S, H], the attention's weighted sum of outputs, which the classifier sees


class Crnn(nn.Module):
    """A keyword spotter after Arik et al. 2017, with the attention of Shan et al. 2018."""

    def __init__(self, config: CrnnConfig) -> None:
        super().__init__()
        self.kernel_frames = config.kernel_frames
        self.stride_frames = config.stride_frames
        self.pool_frames = config.pool_frames
        self.pool_mels = config.pool_mels
        self.mel_bins = config.mel_bins
        self.hidden = config.hidden
        self.layers = config.layers
        self.window_steps = config.window_steps
        self.heads = config.heads
        self.input_mean = config.input_mean
        self.input_scale = 1.0 / config.input_std
        self.conv = nn.Conv2d(1, config.channels, config.kernel, config.stride)
        self.gru = nn.GRU(config.gru_input, config.hidden, config.layers, batch_first=True)
        energy = config.energy_hidden or config.hidden
        self.energy = nn.Sequential(nn.Linear(config.hidden, energy), nn.Tanh(), nn.Linear(energy, config.heads))
        # Energies by the age of a step, oldest first. Each head begins with another part of the window.
        self.age = nn.Parameter(_spread(config.heads, config.window_steps)) if config.weighs_age else None
        self.classifier = nn.Linear(config.hidden, 2)

    def initial_state(self, batch: int = 1) -> State:
        """The state of a stream that has heard nothing. An energy of -inf gives an output no weight."""
        return (
            torch.zeros(batch, 0, self.mel_bins),
            torch.zeros(self.layers, batch, self.hidden),
            torch.zeros(batch, self.window_steps - 1, self.hidden),
            torch.full((batch, self.window_steps - 1, self.heads), float("-inf")),
        )

    def forward(self, log_mel: Tensor, state: State) -> tuple[Answer, State]:
        """The answer at every step that the new frames [B, T, F] complete, and the state after them."""
        summary, attention, state = self.summarise(log_mel, state)
        return Answer(self.classifier(summary), attention, summary), state

    def summarise(self, log_mel: Tensor, state: State) -> tuple[Tensor, Tensor, State]:
        """The summary of every step that the new frames complete. The classifier sees this summary.

        log_mel: [B, T, F], any T
        returns: summary [B, S, H]; attention [B, S, W], as in Answer; the state after them.
            S = (Tc + T - kernel_frames) // stride_frames + 1, at least 0
        """
        context, hidden, past_outputs, past_energies = state
        frames = torch.cat([context, log_mel], dim=1)  # [B, Tc + T, F]
        steps = max(0, (frames.shape[1] - self.kernel_frames) // self.stride_frames + 1)
        batch = frames.shape[0]
        if steps == 0:
            empty = frames.new_zeros(batch, 0, self.hidden)
            no_attention = frames.new_zeros(batch, 0, self.window_steps)
            return empty, no_attention, (frames, hidden, past_outputs, past_energies)
        outputs, hidden = self.gru(self.convolve(frames, steps), hidden)  # [B, S, H]
        outputs = torch.cat([past_outputs, outputs], dim=1)  # [B, W - 1 + S, H]
        energies = torch.cat([past_energies, self.energy(outputs[:, self.window_steps - 1 :])], dim=1)
        recent = energies.unfold(1, self.window_steps, 1)  # [B, S, heads, W]
        if self.age is not None:
            recent = recent + self.age
        attention = torch.softmax(recent, dim=-1)
        windows = outputs.unfold(1, self.window_steps, 1).unflatten(2, (self.heads, self.hidden // self.heads))
        summary = torch.matmul(windows, attention.unsqueeze(-1)).flatten(2)  # [B, S, H]

        kept = frames[:, steps * self.stride_frames :]
        return summary, attention.mean(2), (kept, hidden, outputs[:, steps:], energies[:, steps:])

    def convolve(self, frames: Tensor, steps: int) -> Tensor:
        """The rectified convolution over scaled frames. [B, T, F] -> [B, S, C * F']

        It is a single matrix product with all patches. For a single step and for the backward pass that takes a
        fraction of the time of torch's convolution. The scale of the frames is multiplied into the weights.
        """
        if self.pool_frames > 1:  # [B, T, F] -> [B, T', F]
            used = (steps - 1) * self.stride_frames + self.kernel_frames
            frames = frames[:, :used].unflatten(1, (used // self.pool_frames, self.pool_frames)).mean(2)
        if self.pool_mels > 1:  # [B, T', F] -> [B, T', F']
            frames = frames.unflatten(2, (self.mel_bins // self.pool_mels, self.pool_mels)).mean(3)
        weight = self.input_scale * self.conv.weight.squeeze(1).transpose(1, 2).flatten(1)  # [C, K * F_K]
        bias = self.conv.bias
        assert bias is not None
        bias = bias - self.input_mean * weight.sum(1)
        patches = frames.unfold(1, self.conv.kernel_size[1], self.conv.stride[1])
        patches = patches.unfold(2, self.conv.kernel_size[0], self.conv.stride[0])  # [B, S, F', K, F_K]
        maps = torch.relu(linear(patches.flatten(3), weight, bias))  # [B, S, F', C]
        return maps.transpose(2, 3).flatten(2)


def _spread(heads: int, window_steps: int) -> Tensor:
    """Energies of age [heads, W]. The first head prefers old steps, the last head prefers new steps."""
    if heads == 1:
        return torch.zeros(1, window_steps)
    return torch.outer(torch.linspace(-1, 1, heads), torch.linspace(-1, 1, window_steps))


def fresh_state(crnn: Crnn, batch: int) -> State:
    """The initial state, on the network's device."""
    device = next(crnn.parameters()).device
    context, hidden, outputs, energies = crnn.initial_state(batch)
    return context.to(device), hidden.to(device), outputs.to(device), energies.to(device)


class StreamingCrnn(nn.Module):
    """The exported network: a Crnn that answers with the calibrated posterior of the keyword.

    posterior = sigmoid(scale * (margin - offset)), where margin = logit(keyword) - logit(other).
    A single layer gives the margin, in place of the two logits.
    """

    def __init__(self, crnn: Crnn, scale: float = 1.0, offset: float = 0.0) -> None:
        super().__init__()
        self.crnn = crnn
        self.margin = nn.Linear(crnn.hidden, 1)
        other, keyword = crnn.classifier.weight.detach()
        other_bias, keyword_bias = crnn.classifier.bias.detach()
        with torch.no_grad():
            self.margin.weight.copy_(scale * (keyword - other))
            self.margin.bias.copy_(scale * (keyword_bias - other_bias - offset))

    @torch.jit.export
    def initial_state(self, batch: int = 1) -> State:
        """The state of a stream that has heard nothing."""
        return self.crnn.initial_state(batch)

    def forward(self, log_mel: Tensor, state: State) -> tuple[Tensor, Tensor, State]:
        """log_mel [B, T, F] and a state -> posterior [B, S] in 0..1, attention [B, S, W] and the state after them."""
        summary, attention, state = self.crnn.summarise(log_mel, state)
        return torch.sigmoid(self.margin(summary).squeeze(-1)), attention, state
