"""Counts the parameters and the multiply-accumulates of a network."""

from math import prod

from torch import nn

from training.config import CrnnConfig

MACS_FRAMES = 201  # frames of two seconds of audio, centred, as the lineage counted


def count_parameters(module: nn.Module) -> int:
    """The number of weights and biases."""
    return sum(parameter.numel() for parameter in module.parameters())


def count_macs(config: CrnnConfig, frames: int = MACS_FRAMES) -> int:
    """Multiply-accumulates for `frames` frames, counted as the lineage's tool counts them.

    A GRU cell counts its matrix products, its biases and its element-wise products. Convolution and Linear layers count
    their products. The attention's weighted sum and the additions of pooling do not count. The base model has 904,608
    for two seconds.
    """
    steps = config.steps(frames)
    frequencies = config.gru_input // config.channels
    convolution = config.channels * prod(config.kernel) * frequencies
    hidden = config.hidden
    gru, width = 0, config.gru_input
    for _ in range(config.layers):
        gru += 3 * hidden * (width + hidden) + 3 * hidden + 6 * hidden + hidden + 3 * hidden
        width = hidden
    energy = (hidden + config.heads) * (config.energy_hidden or hidden)
    return steps * (convolution + gru + energy) + 2 * hidden
