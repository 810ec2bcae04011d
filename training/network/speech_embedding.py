"""The `expert` in torch: the frozen speech embedding with the heads of a word, as the program that is exported.

The state has four parts, as in crnn.py; see `Expert.initial_state`. For training, `WholeStreams` turns whole streams
into embeddings in large blocks. The network has no padding over time, so the embeddings are the same.
"""

from collections.abc import Mapping

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn
from torch.nn import functional as F

from kws_app.engine.expert_file import NORM_EPSILON, ExpertSettings, Parameters
from kws_app.engine.speech_body import (
    BANDS,
    EMBEDDING,
    FIELD_FRAMES,
    KEPT_VALUES,
    LAYERS,
    LOWEST,
    QUIET_BAND,
    SLOPE,
    STEP_FRAMES,
    Layer,
    kernel_matrix,
)

Body = Mapping[str, NDArray[np.float32]]
State = tuple[Tensor, Tensor, Tensor, Tensor]

DYNAMIC_DB = 80.0  # a band more than this below the loudest band of its step is raised to that level
BLOCK_STEPS = 400  # embeddings that WholeStreams makes at once


class _Layer(nn.Module):
    """A convolution over [T, F, C] as a matrix product of patches, with the maximum and the activation after it."""

    matrix: Tensor
    bias: Tensor
    scale: Tensor
    shift: Tensor

    def __init__(self, layer: Layer, body: Body, number: int) -> None:
        super().__init__()
        weight = np.asarray(body[f"conv{number}.weight"])
        self.register_buffer("matrix", torch.from_numpy(kernel_matrix(layer, weight)))
        self.register_buffer("bias", torch.from_numpy(np.array(body[f"conv{number}.bias"])))
        self.is_first, self.is_last = number == 0, number == len(LAYERS) - 1
        none = np.zeros(0, np.float32)
        self.register_buffer("scale", torch.from_numpy(np.array(body["norm.scale"] if self.is_first else none)))
        self.register_buffer("shift", torch.from_numpy(np.array(body["norm.shift"] if self.is_first else none)))
        self.over_frames, self.rim = layer.over_frames, 1 if layer.over_bands else 0
        self.taps_t, self.taps_f = layer.kernel
        self.bands, self.inputs, self.outputs = layer.bands, layer.inputs, layer.outputs
        self.pool_frames, self.pool_bands = layer.pool_frames, layer.pool_bands
        self.slope, self.lowest = SLOPE, LOWEST  # a scripted program cannot read the constants of a Python module

    def forward(self, x: Tensor) -> Tensor:
        """x: [T + 2 or T, F, Cin], with the kept frames in front -> [T', F', Cout]"""
        T, width, C = x.size(0) - self.taps_t + 1, self.bands + 2 * self.rim, self.inputs
        if self.rim > 0:
            x = F.pad(x, [0, 0, 1, 1])
        patches = x.as_strided([T, self.bands, self.taps_t, self.taps_f * C], [width * C, C, width * C, 1])
        y = torch.addmm(self.bias, patches.reshape(T * self.bands, -1), self.matrix)
        if self.is_last:
            return y.view(T, self.bands, self.outputs)
        if self.is_first:
            y = y.relu_().mul_(self.scale).add_(self.shift)
        y = y.view(T, self.bands, self.outputs)
        if self.pool_bands == 2:
            y = y.view(T, self.bands // 2, 2, self.outputs).amax(2)
        if self.pool_frames == 2:
            y = y.view(T // 2, 2, y.size(1), self.outputs).amax(1)
        return F.leaky_relu_(y, self.slope).clamp_min_(self.lowest)  # monotone, so it may follow the maximum


class SpeechEmbedding(nn.Module):
    """The body: turns the decibels of a stream into embeddings."""

    kept_shapes: list[list[int]]  # by layer, the shape of the input that the layer keeps; empty if it keeps nothing

    def __init__(self, body: Body) -> None:
        super().__init__()
        self.kept_shapes = [list(layer.kept) if layer.over_frames else [] for layer in LAYERS]
        self.layers = nn.ModuleList(_Layer(layer, body, number) for number, layer in enumerate(LAYERS))
        self.step_values, self.bands, self.outputs = STEP_FRAMES * BANDS, BANDS, EMBEDDING
        self.dynamic_db = DYNAMIC_DB

    def forward(self, bands: Tensor, kept: Tensor) -> tuple[Tensor, Tensor]:
        """bands: [8 * S, 32] decibels; kept: [K] -> embeddings [S, 96], kept [K]"""
        by_step = bands.reshape(-1, self.step_values)
        floor = by_step.amax(dim=1, keepdim=True) - self.dynamic_db
        return self.scaled((torch.maximum(by_step, floor) * 0.1 + 2.0).view(-1, self.bands), kept)

    def scaled(self, frames: Tensor, kept: Tensor) -> tuple[Tensor, Tensor]:
        """The same for frames that are already scaled for the convolutions."""
        x = frames.unsqueeze(2)
        after: list[Tensor] = []
        at = 0
        for number, layer in enumerate(self.layers):
            shape = self.kept_shapes[number]
            if len(shape) > 0:
                values = shape[0] * shape[1] * shape[2]
                x = torch.cat([kept[at : at + values].view(shape), x])
                at += values
                after.append(x[-2:].reshape(-1))
            x = layer(x)
        return x.reshape(-1, self.outputs), torch.cat(after)


class Heads(nn.Module):
    """The heads of a word side by side. The mean of their margins is the margin of the word."""

    mean: Tensor
    std: Tensor
    first_weight: Tensor
    first_bias: Tensor
    norm1_weight: Tensor
    norm1_bias: Tensor
    second_weight: Tensor
    second_bias: Tensor
    norm2_weight: Tensor
    norm2_bias: Tensor
    out_weight: Tensor
    out_bias: Tensor

    def __init__(self, settings: ExpertSettings) -> None:
        super().__init__()
        self.epsilon = NORM_EPSILON
        for name, shape in settings.shapes.items():
            if name in ("mean", "std"):
                self.register_buffer(name, torch.zeros(shape) if name == "mean" else torch.ones(shape))
            else:
                self.register_parameter(name.replace(".", "_"), nn.Parameter(torch.zeros(shape)))

    def load(self, parameters: Parameters) -> None:
        """Take the numbers that `unpack_head` gives."""
        with torch.no_grad():
            for name, values in parameters.items():
                getattr(self, name.replace(".", "_")).copy_(torch.from_numpy(np.array(values)))

    def forward(self, windows: Tensor) -> Tensor:
        """windows: [S, W * 96], normalised -> margins [S]"""
        x = torch.einsum("se,nhe->snh", windows, self.first_weight) + self.first_bias
        x = torch.relu(self._normalised(x) * self.norm1_weight + self.norm1_bias)
        x = torch.einsum("sni,nhi->snh", x, self.second_weight) + self.second_bias
        x = torch.relu(self._normalised(x) * self.norm2_weight + self.norm2_bias)
        return ((x * self.out_weight).sum(dim=2) + self.out_bias).mean(dim=1)

    def _normalised(self, x: Tensor) -> Tensor:
        centred = x - x.mean(dim=-1, keepdim=True)
        return centred / torch.sqrt((centred * centred).mean(dim=-1, keepdim=True) + self.epsilon)


class Expert(nn.Module):
    """The speech embedding with the heads of a word, for streams."""

    quiet_kept: Tensor
    quiet_past: Tensor

    def __init__(self, settings: ExpertSettings, body: Body, parameters: Parameters) -> None:
        super().__init__()
        self.embedding = SpeechEmbedding(body)
        self.heads = Heads(settings)
        self.heads.load(parameters)
        self.window_steps, self.scale, self.offset = settings.window_steps, settings.scale, settings.offset
        self.step_frames, self.bands, self.width = STEP_FRAMES, BANDS, EMBEDDING
        kept, embedding = quiet_state(self.embedding)
        past = (embedding - self.heads.mean) / self.heads.std
        self.register_buffer("quiet_kept", kept)
        self.register_buffer("quiet_past", past.expand(self.window_steps - 1, -1).clone())

    @torch.jit.export
    def initial_state(self) -> State:
        """Frames that wait [1, t, 32], past embeddings [W - 1, 1, 96], the body's kept input [1, 1, K], and nothing."""
        return (
            torch.zeros(1, 0, self.bands),
            self.quiet_past.unsqueeze(1).clone(),
            self.quiet_kept.view(1, 1, -1).clone(),
            torch.zeros(1, 0, 1),
        )

    def forward(self, bands: Tensor, state: State) -> tuple[Tensor, Tensor, State]:
        """bands: [1, T, 32] decibels, any T -> posteriors [1, S], empty attention [1, S, 0], the state after them"""
        waiting, past, kept, nothing = state
        frames = torch.cat([waiting, bands], dim=1)[0]
        steps = frames.size(0) // self.step_frames
        if steps == 0:
            return bands.new_zeros(1, 0), bands.new_zeros(1, 0, 0), (frames.unsqueeze(0), past, kept, nothing)
        new, kept_after = self.embedding(frames[: steps * self.step_frames], kept.view(-1))
        embeddings = torch.cat([past[:, 0], (new - self.heads.mean) / self.heads.std])  # [W - 1 + S, 96]
        windows = embeddings.as_strided([steps, self.window_steps * self.width], [self.width, 1])
        margins = self.heads(windows)
        posteriors = torch.sigmoid(self.scale * (margins - self.offset))
        rest = frames[steps * self.step_frames :].unsqueeze(0)
        after = (rest, embeddings[steps:].unsqueeze(1), kept_after.view(1, 1, -1), nothing)
        return posteriors.unsqueeze(0), posteriors.new_zeros(1, steps, 0), after


@torch.no_grad()
def quiet_state(embedding: SpeechEmbedding) -> tuple[Tensor, Tensor]:
    """The kept input [K] of a stream that has heard nothing, and the embedding [96] of nothing."""
    frames = torch.full((FIELD_FRAMES // STEP_FRAMES * 2 * STEP_FRAMES, BANDS), QUIET_BAND)
    embeddings, kept = embedding.scaled(frames, torch.zeros(KEPT_VALUES))
    return kept, embeddings[-1]


class WholeStreams:
    """Makes embeddings of whole streams: some 300 hours of sound an hour on a free core. Threads may share it."""

    def __init__(self, body: Body) -> None:
        last = torch.channels_last
        self._weights = [
            torch.from_numpy(np.array(body[f"conv{n}.weight"])).contiguous(memory_format=last)
            for n in range(len(LAYERS))
        ]
        self._biases = [torch.from_numpy(np.array(body[f"conv{n}.bias"])) for n in range(len(LAYERS))]
        self._scale, self._shift = (
            torch.from_numpy(np.array(body[f"norm.{name}"])).view(1, -1, 1, 1) for name in ("scale", "shift")
        )

    @torch.inference_mode()
    def __call__(self, bands: NDArray[np.float32]) -> NDArray[np.float32]:
        """Decibels [T, 32] of a stream from its beginning -> embeddings [T // 8, 96], one for every eight frames."""
        steps = len(bands) // STEP_FRAMES
        by_step = torch.from_numpy(bands[: steps * STEP_FRAMES]).reshape(-1, STEP_FRAMES * BANDS)
        floor = by_step.amax(dim=1, keepdim=True) - DYNAMIC_DB if steps else by_step
        scaled = (torch.maximum(by_step, floor) * 0.1 + 2.0).view(-1, BANDS)
        before = FIELD_FRAMES - STEP_FRAMES  # frames of the first embedding that lie before the stream
        frames = torch.cat([torch.full((before, BANDS), QUIET_BAND), scaled])
        embeddings = np.empty((steps, EMBEDDING), np.float32)
        for first in range(0, steps, BLOCK_STEPS):
            count = min(BLOCK_STEPS, steps - first)
            block = frames[first * STEP_FRAMES : (first + count) * STEP_FRAMES + before]
            embeddings[first : first + count] = self._convolved(block[None, None])[0].numpy()
        return embeddings

    def _convolved(self, x: Tensor) -> Tensor:
        """[N, 1, 68 + 8 * S, 32] -> [N, S, 96]"""
        for number, layer in enumerate(LAYERS):
            padding = (0, 1 if layer.over_bands else 0)
            x = F.conv2d(x, self._weights[number], self._biases[number], padding=padding)
            if number == len(LAYERS) - 1:
                break
            if number == 0:
                x = x.relu_().mul_(self._scale).add_(self._shift)
            if layer.pool_frames * layer.pool_bands > 1:
                x = F.max_pool2d(x, (layer.pool_frames, layer.pool_bands))
            x = F.leaky_relu_(x, SLOPE).clamp_min_(LOWEST)
        return x[:, :, :, 0].transpose(1, 2)
