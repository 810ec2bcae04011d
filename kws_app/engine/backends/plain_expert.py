"""The `expert` on the plain engine: the speech embedding and the heads of a word in NumPy.

A step computes eight new frames, and keeps the last two frames of every layer over frames. So nothing is computed
twice. Buffers belong to the object, but the state of a stream does not.
"""

import math
from collections.abc import Mapping

import numpy as np
from numpy.lib.stride_tricks import as_strided
from numpy.typing import NDArray

from kws_app.engine.backends import PLAIN, Posteriors, State
from kws_app.engine.expert_file import NORM_EPSILON, ExpertSettings, Parameters, unpack_head
from kws_app.engine.frontend import Frames
from kws_app.engine.model_file import ModelFile
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
    load_body,
)

Array = NDArray[np.float32]
BLOCK_STEPS = 16  # steps of a long piece of sound that are computed at once
DYNAMIC_DB = 80.0  # a band is raised to at least this far below the loudest band of its step


def scaled_bands(bands: Frames) -> Frames:
    """The input of the embedding, from decibels [8 * S, 32]: limited to DYNAMIC_DB in each step, then x / 10 + 2."""
    by_step = bands.reshape(-1, STEP_FRAMES * BANDS)
    floored = np.maximum(by_step, by_step.max(axis=1, keepdims=True) - np.float32(DYNAMIC_DB))
    return (floored * np.float32(0.1) + np.float32(2.0)).reshape(-1, BANDS)


class _Convolution:
    """A layer for a fixed number of steps: the kept input and the new input become patches for a matrix product."""

    def __init__(self, layer: Layer, weight: Array, bias: Array, steps: int, kept_at: int) -> None:
        self.layer = layer
        T, F, C = layer.frames * steps, layer.bands, layer.inputs
        past, rim = (2 if layer.over_frames else 0), (1 if layer.over_bands else 0)
        self._padded = np.zeros((T + past, F + 2 * rim, C), np.float32)
        self._inside = self._padded[past:, rim : F + rim]
        self._first, self._last = self._padded[:past, rim : F + rim], self._padded[T:, rim : F + rim]
        self._kept = slice(kept_at, kept_at + past * F * C)
        taps_t, taps_f = layer.kernel
        row, column, item = self._padded.strides
        patches = np.ones((T, F, taps_t * taps_f * C + 1), np.float32)  # the last column is for the bias
        self._from = as_strided(
            self._padded, (T, F, taps_t, taps_f, C), (row, column, row, column, item), writeable=False
        )
        own = patches.strides
        self._into = as_strided(patches, (T, F, taps_t, taps_f, C), (own[0], own[1], taps_f * C * item, C * item, item))
        self._patches = patches.reshape(T * F, -1)
        self._matrix = np.concatenate((kernel_matrix(layer, weight), bias[None]))
        self._out = np.empty((T * F, layer.outputs), np.float32)
        self.by_band = self._out.reshape(T, F, layer.outputs)
        self.kept_end = self._kept.stop

    def __call__(self, x: Array, kept: Array) -> Array:
        """x: [T, F, Cin]; kept: the state of the stream, changed in place. Returns [T, F, Cout], before the pooling"""
        self._inside[:] = x
        if self.layer.over_frames:
            past = kept[self._kept].reshape(self._first.shape)
            self._first[:] = past
            past[:] = self._last
        self._into[:] = self._from
        np.matmul(self._patches, self._matrix, out=self._out)
        return self.by_band

    def pooled(self, x: Array) -> Array:
        """Max pooling. It may come before the activation, because the activation never falls."""
        layer = self.layer
        if layer.pool_bands == 2:
            x = np.maximum(x[:, 0::2], x[:, 1::2])
        return np.maximum(x[0::2], x[1::2]) if layer.pool_frames == 2 else x


class _Block:
    """All layers, for a fixed number of steps."""

    def __init__(self, body: Mapping[str, Array], steps: int) -> None:
        self._layers: list[_Convolution] = []
        at = 0
        for number, layer in enumerate(LAYERS):
            weight, bias = body[f"conv{number}.weight"], body[f"conv{number}.bias"]
            self._layers.append(_Convolution(layer, weight, bias, steps, at))
            at = self._layers[-1].kept_end
        self._scale, self._shift = body["norm.scale"], body["norm.shift"]

    def __call__(self, frames: Frames, kept: Array) -> Array:
        """Scaled bands [8 * S, 32] -> embeddings [S, 96]. The next call overwrites them."""
        first, *between, last = self._layers
        x = first(frames[:, :, None], kept)
        np.maximum(x, 0.0, out=x)
        np.multiply(x, self._scale, out=x)
        np.add(x, self._shift, out=x)
        x = _activated(x)
        for layer in between:
            x = _activated(layer.pooled(layer(x, kept)))
        return last(x, kept).reshape(-1, EMBEDDING)


def _activated(x: Array) -> Array:
    """The activation: max(x, SLOPE * x), but at least LOWEST."""
    low = np.multiply(x, np.float32(SLOPE))
    np.maximum(low, np.float32(LOWEST), out=low)
    return np.maximum(x, low, out=x)


class SpeechEmbedding:
    """The body: turns frames into embeddings. It belongs to one thread and has no state of a stream."""

    def __init__(self, body: Mapping[str, Array]) -> None:
        self._body = body
        self._one = _Block(body, 1)
        self._many: _Block | None = None  # 20 MB, which live sound does not need
        quiet = np.full((STEP_FRAMES, BANDS), QUIET_BAND, np.float32)
        kept = np.zeros(KEPT_VALUES, np.float32)
        for _step in range(FIELD_FRAMES // STEP_FRAMES * 2):
            embedding = self._scaled(quiet, kept)[-1]
        self._quiet_embedding = embedding
        self._quiet_kept = kept

    def quiet(self) -> tuple[Array, Array]:
        """The state [K] at the start of a stream, and the embedding [96] of silence."""
        return self._quiet_kept.copy(), self._quiet_embedding.copy()

    def __call__(self, bands: Frames, kept: Array) -> Array:
        """Decibels [8 * S, 32] -> embeddings [S, 96]; kept [K] is changed in place."""
        return self._scaled(scaled_bands(bands), kept)

    def _scaled(self, frames: Frames, kept: Array) -> Array:
        steps = len(frames) // STEP_FRAMES
        embeddings = np.empty((steps, EMBEDDING), np.float32)
        done = 0
        while done < steps:
            count = BLOCK_STEPS if steps - done >= BLOCK_STEPS else 1
            if count > 1 and self._many is None:
                self._many = _Block(self._body, BLOCK_STEPS)
            block = self._many if count > 1 and self._many is not None else self._one
            embeddings[done : done + count] = block(frames[done * STEP_FRAMES : (done + count) * STEP_FRAMES], kept)
            done += count
        return embeddings


class _Heads:
    """The heads of a word. The margin of the word is the mean of their margins."""

    def __init__(self, settings: ExpertSettings, parameters: Parameters) -> None:
        H, inputs = settings.hidden, settings.window_steps * EMBEDDING
        self._shape = (settings.heads, H)
        self._first = np.ascontiguousarray(parameters["first.weight"].reshape(-1, inputs).T)  # [W * 96, heads * H]
        self._second = np.ascontiguousarray(parameters["second.weight"].swapaxes(1, 2))  # [heads, H, H]
        self._parameters = parameters
        self._out = parameters["out.weight"] / settings.heads
        self._out_bias = float(parameters["out.bias"].mean())

    def __call__(self, window: Array) -> float:
        """The margin of a window [W * 96]."""
        p = self._parameters
        x = np.dot(window, self._first).reshape(self._shape) + p["first.bias"]
        x = np.maximum(_normalised(x) * p["norm1.weight"] + p["norm1.bias"], 0.0)
        x = np.matmul(x[:, None], self._second)[:, 0] + p["second.bias"]
        x = np.maximum(_normalised(x) * p["norm2.weight"] + p["norm2.bias"], 0.0)
        return float((x * self._out).sum()) + self._out_bias


def _normalised(x: Array) -> Array:
    """Normalise the last axis to mean 0 and variance 1."""
    centred = x - x.mean(axis=-1, keepdims=True)
    variance = np.square(centred).mean(axis=-1, keepdims=True)
    return centred / np.sqrt(variance + np.float32(NORM_EPSILON))


class PlainExpert:
    """The speech embedding with the heads of a word. It belongs to one thread."""

    engine = PLAIN
    block_frames = 6_000

    def __init__(self, settings: ExpertSettings, parameters: Parameters, embedding: SpeechEmbedding) -> None:
        self.settings = settings
        self._embedding = embedding
        self._heads = _Heads(settings, parameters)
        self._mean, self._std = parameters["mean"], parameters["std"]

    def initial_state(self) -> State:
        """Waiting frames [t, 32], the last embeddings [W - 1, 96], the state of the body [1, K], and an empty array."""
        kept, embedding = self._embedding.quiet()
        past = np.tile((embedding - self._mean) / self._std, (self.settings.window_steps - 1, 1))
        return np.zeros((0, BANDS), np.float32), past, kept[None], np.zeros((0, 1), np.float32)

    def step(self, log_mel: Frames, state: State) -> tuple[Posteriors, State]:
        """Take any number of frames [T, 32], in dB. Returns a posterior for every eighth frame of the stream."""
        waiting, past, kept, nothing = state
        frames = np.concatenate((waiting, log_mel))
        steps = len(frames) // STEP_FRAMES
        if steps == 0:
            return np.zeros(0, np.float32), (frames, past, kept, nothing)
        new = self._embedding(frames[: steps * STEP_FRAMES], kept[0])
        embeddings = np.concatenate((past, (new - self._mean) / self._std))  # [W - 1 + S, 96]
        settings = self.settings
        posteriors = np.empty(steps, np.float32)
        for i in range(steps):
            margin = self._heads(embeddings[i : i + settings.window_steps].reshape(-1))
            posteriors[i] = sigmoid(settings.scale * (margin - settings.offset))
        return posteriors, (frames[steps * STEP_FRAMES :], embeddings[steps:], kept, nothing)


def sigmoid(margin: float) -> float:
    """1 / (1 + exp(-margin)), for any margin."""
    if margin >= 0:
        return 1.0 / (1.0 + math.exp(-margin))
    small = math.exp(max(margin, -700.0))
    return small / (1.0 + small)


def plain_expert(file: ModelFile) -> PlainExpert:
    """The expert of a model file. raises TypeError, ValueError, KeyError or ModelError if it is no valid expert"""
    card = file.card
    settings = ExpertSettings.from_card(card.network)
    if (card.step_frames, card.context_frames, card.window_steps) != (STEP_FRAMES, STEP_FRAMES, settings.window_steps):
        raise ValueError("its card and its network differ in their steps")
    parameters = unpack_head(settings, file.tensors)
    return PlainExpert(settings, parameters, SpeechEmbedding(load_body(settings.body_sha256)))
