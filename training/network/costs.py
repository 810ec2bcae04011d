"""What a network costs in parameters and multiply-accumulates; bytes are counted where they are made."""

from math import prod

from torch import nn

from training.config import CrnnConfig

MACS_FRAMES = 201  # two seconds of audio with centred frames, as the lineage counted


def count_parameters(module: nn.Module) -> int:
    return sum(parameter.numel() for parameter in module.parameters())


def count_macs(config: CrnnConfig, frames: int = MACS_FRAMES) -> int:
    """Multiply-accumulates for `frames` frames, counted as the lineage's tool did, whatever the weights are.

    A GRU cell counts its matrix products, its biases and its element-wise products; convolution and Linear their
    products; the attention's weighted sum is left out, which is one of all outputs however many heads there are, and so
    are the additions of pooling. 904,608 for the base model and two seconds.
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
