"""The plain engine: a `crnn` in NumPy. The weights are folded once; a live step then is some thirty small products.

Long stretches go through in large blocks: convolution and GRU input are one product over all steps, and the recurrence
runs over many places of the block at once (see `_Recurrence`).
"""

import math

import numpy as np
from numpy.lib.stride_tricks import as_strided, sliding_window_view
from numpy.typing import NDArray

from kws_app.engine.backends import PLAIN, Network, Posteriors, State
from kws_app.engine.crnn_file import FAMILY, CrnnSettings, Parameters, unpack
from kws_app.engine.crnn_shape import CrnnShape
from kws_app.engine.frontend import Frames
from kws_app.engine.model_file import ModelFile

Array = NDArray[np.float32]

POSITIONS_AT_ONCE = 6  # of the convolution's kernel, in one product: more multiply zeros, fewer copy too often
PATCH_STEPS = 128  # of a block whose patches are copied at once
LANE_STEPS = 32  # of a block, at least, that are worth a lane of their own
WARM_UP_STEPS = 48  # before a lane's first step, from a state of nothing
MOST_LANES = 64
HIGHEST_ENERGY = 60.0  # of the attention: exp of it is far from the largest number
LANE_TOLERANCE = 1e-6  # between the state that a lane began with and the one that the lane before ended with


def plain_network(file: ModelFile) -> Network:
    """The network of a model file. raises TypeError, ValueError or KeyError on what is none within the bounds"""
    card = file.card
    if card.network.get("family") != FAMILY:
        raise ValueError(f"its network is of an unknown family {card.network.get('family')!r:.60}")
    settings = CrnnSettings.from_card(card.network)
    shape = settings.shape
    if (card.step_frames, card.context_frames, card.window_steps) != (
        shape.stride_frames,
        shape.kernel_frames,
        shape.window_steps,
    ):
        raise ValueError("its card and its network differ in their steps")
    return PlainCrnn(settings, unpack(settings, file.tensors))


class PlainCrnn:
    """Convolution, GRU and windowed attention, as training/network/crnn.py defines them. It belongs to one thread."""

    engine = PLAIN

    def __init__(self, settings: CrnnSettings, parameters: Parameters) -> None:
        self.shape = shape = settings.shape
        self._convolution = _Convolution(shape, parameters["conv.weight"], parameters["conv.bias"])
        self._layers = [_Recurrence(shape, layer, parameters) for layer in range(shape.layers)]
        self._attention = _Attention(settings, parameters)

    def initial_state(self) -> State:
        """An energy of -inf gives a past output no weight."""
        shape = self.shape
        past = shape.window_steps - 1
        return (
            np.zeros((0, shape.mel_bins), np.float32),
            np.zeros((shape.layers, shape.hidden), np.float32),
            np.zeros((past, shape.hidden), np.float32),
            np.full((past, shape.heads), -np.inf, np.float32),
        )

    def step(self, log_mel: Frames, state: State) -> tuple[Posteriors, State]:
        """Any number of frames [T, F]; S = (Tc + T - kernel_frames) // stride_frames + 1 posteriors, or none."""
        context, hidden, outputs, energies = state
        frames = np.concatenate((context, log_mel))  # [Tc + T, F]
        steps = (len(frames) - self.shape.kernel_frames) // self.shape.stride_frames + 1
        if steps <= 0:
            return np.zeros(0, np.float32), (frames, hidden, outputs, energies)
        after = np.empty_like(hidden)
        kept = frames[steps * self.shape.stride_frames :]
        if steps == 1:
            x = self._convolution.one(frames)
            for layer, recurrence in enumerate(self._layers):
                x = recurrence.one(x, hidden[layer], after[layer])
            posteriors, outputs, energies = self._attention.one(x, outputs, energies)
        else:
            block = self._convolution.many(frames, steps)
            for layer, recurrence in enumerate(self._layers):
                block = recurrence.many(block, hidden[layer])
                after[layer] = block[-1]
            posteriors, outputs, energies = self._attention.many(block, outputs, energies)
        return posteriors, (kept, after, outputs, energies)


class _Convolution:
    """Scale, pooling and convolution are linear, and so one product with a dense matrix; the rectifier follows."""

    def __init__(self, shape: CrnnShape, weight: Array, bias: Array) -> None:
        C, (kernel_mels, kernel_frames) = shape.channels, shape.kernel
        scaled = weight.reshape(C, kernel_mels, kernel_frames).astype(np.float64) / shape.input_std
        self._bias = np.tile(bias - shape.input_mean * scaled.sum((1, 2)), shape.positions).astype(np.float32)
        pooled = np.repeat(np.repeat(scaled, shape.pool_mels, 1), shape.pool_frames, 2)
        kernel = (pooled / (shape.pool_mels * shape.pool_frames)).transpose(2, 1, 0)  # [frames, mels, C]
        self._shape = shape
        self._groups: list[tuple[slice, slice, Array]] = []  # mels read, outputs written, matrix between them
        for first in range(0, shape.positions, POSITIONS_AT_ONCE):
            count = min(POSITIONS_AT_ONCE, shape.positions - first)
            mels = (count - 1) * shape.stride_mels + shape.kernel_mels
            matrix = np.zeros((shape.kernel_frames, mels, count, C), np.float32)
            for i in range(count):
                matrix[:, i * shape.stride_mels : i * shape.stride_mels + shape.kernel_mels, i] = kernel
            at = first * shape.stride_mels
            self._groups.append(
                (slice(at, at + mels), slice(first * C, (first + count) * C), matrix.reshape(-1, count * C))
            )
        self._maps = np.empty(shape.positions * C, np.float32)
        self._zeros = np.zeros_like(self._maps)  # an array is taken faster than a number
        self._flat = [
            np.empty((shape.kernel_frames, mels.stop - mels.start), np.float32) for mels, _, _ in self._groups
        ]

    def one(self, frames: Frames) -> Array:
        """The maps [F' * C] of the first step, good until the next call."""
        maps = self._maps
        for (mels, places, matrix), flat in zip(self._groups, self._flat, strict=True):
            flat[:] = frames[: self._shape.kernel_frames, mels]
            np.dot(flat.reshape(-1), matrix, out=maps[places])
        np.add(maps, self._bias, out=maps)
        return np.maximum(maps, self._zeros, out=maps)

    def many(self, frames: Frames, steps: int) -> Array:
        """The maps [S, F' * C] of all steps."""
        maps = np.empty((steps, len(self._bias)), np.float32)
        row, item = frames.strides
        for mels, places, matrix in self._groups:
            patches = as_strided(
                frames[:, mels],
                (steps, self._shape.kernel_frames, mels.stop - mels.start),
                (self._shape.stride_frames * row, row, item),
                writeable=False,
            )
            for first in range(0, steps, PATCH_STEPS):
                some = patches[first : first + PATCH_STEPS]
                maps[first : first + PATCH_STEPS, places] = some.reshape(len(some), -1) @ matrix
        np.add(maps, self._bias, out=maps)
        return np.maximum(maps, 0.0, out=maps)


class _Recurrence:
    """One layer of the GRU (Cho et al. 2014, as in torch: the reset gate after the product).

    sigmoid(x) = (tanh(x / 2) + 1) / 2: the halves are folded into the weights.
    """

    def __init__(self, shape: CrnnShape, layer: int, parameters: Parameters) -> None:
        H = self._hidden = shape.hidden
        from_input = parameters[f"gru.weight_ih_l{layer}"].T.astype(np.float64)  # [I, 3 H]
        from_hidden = parameters[f"gru.weight_hh_l{layer}"].T.astype(np.float64)  # [H, 3 H]
        input_bias = parameters[f"gru.bias_ih_l{layer}"].astype(np.float64)
        hidden_bias = parameters[f"gru.bias_hh_l{layer}"].astype(np.float64)
        if layer == 0:  # the maps come as [F', C], and the weights are for [C, F']
            from_input = from_input.reshape(shape.channels, shape.positions, 3 * H).swapaxes(0, 1).reshape(-1, 3 * H)
        gates, new = slice(0, 2 * H), slice(2 * H, 3 * H)
        input_bias[gates] += hidden_bias[gates]
        for array in (from_input, input_bias, from_hidden):
            array[..., gates] /= 2
        from_hidden[:, new] /= 2  # (tanh + 1) / 2 of the reset gate
        self._from_input, self._from_hidden = from_input.astype(np.float32), from_hidden.astype(np.float32)
        self._input_bias = input_bias.astype(np.float32)
        self._new_bias = (hidden_bias[new] / 2).astype(np.float32)
        self._given = np.empty(3 * H, np.float32)
        self._lanes: dict[int, _Lanes] = {}

    def one(self, x: Array, hidden: Array, after: Array) -> Array:
        """The output [H] of one step, written to `after`, from its input [I] and the state [H]."""
        given = np.dot(x, self._from_input, out=self._given)
        np.add(given, self._input_bias, out=given)
        return self._advance(given, hidden, after, self._lanes_of(0))

    def many(self, x: Array, hidden: Array) -> Array:
        """The outputs [S, H] of all steps, from their inputs [S, I] and the state [H].

        One step hangs on the one before, but a GRU forgets: so the block is cut into lanes that run side by side, each
        from a state of nothing some steps before its own. Where a lane did not begin as the one before it ended, it is
        run again from there, until it agrees with itself. So the result is that of step by step, to LANE_TOLERANCE.
        """
        given = x @ self._from_input
        given += self._input_bias
        lanes = min(MOST_LANES, len(x) // LANE_STEPS)
        outputs = np.empty((len(x), self._hidden), np.float32)
        if lanes < 2:
            self._run(given, hidden, outputs)
            return outputs
        length = -(-len(x) // lanes)
        self._run_lanes(given, hidden, outputs, lanes, length)
        return outputs

    def _run(self, given: Array, hidden: Array, outputs: Array) -> None:
        """Step by step."""
        buffers = self._lanes_of(0)
        for now, after in zip(given, outputs, strict=True):
            hidden = self._advance(now, hidden, after, buffers)

    def _run_lanes(self, given: Array, hidden: Array, outputs: Array, lanes: int, length: int) -> None:
        steps, H = len(given), self._hidden
        warm_up = min(WARM_UP_STEPS, length)
        padded = np.zeros((warm_up + lanes * length, 3 * H), np.float32)  # steps before the first, and after the last
        padded[warm_up : warm_up + steps] = given
        row, item = padded.strides
        by_step = as_strided(padded, (warm_up + length, lanes, 3 * H), (row, length * row, item), writeable=False)
        found = np.empty((warm_up + length, lanes, H), np.float32)
        buffers = self._lanes_of(lanes)
        state = np.zeros((lanes, H), np.float32)
        for i in range(warm_up + length):
            if i == warm_up:
                state[0] = hidden
            state = self._advance(by_step[i], state, found[i], buffers)
        self._mend(by_step[warm_up:], found[warm_up:], found[warm_up - 1])
        outputs[:] = found[warm_up:].swapaxes(0, 1).reshape(lanes * length, H)[:steps]

    def _mend(self, given: Array, found: Array, begun: Array) -> None:
        """Run lanes again that began otherwise than the lane before ended, until they agree with what they were.

        given: [length, lanes, 3 H]; found: [length, lanes, H]; begun: [lanes, H], before each lane's first step
        """
        while True:
            wrong = 1 + np.flatnonzero(np.abs(found[-1, :-1] - begun[1:]).max(1) > LANE_TOLERANCE)
            if not len(wrong):
                return
            state = begun[wrong] = found[-1, wrong - 1]
            buffers = _Lanes(len(wrong), self._hidden)
            for now, before in zip(given, found, strict=True):
                state = self._advance(now[wrong], state, np.empty_like(state), buffers)
                agrees = np.abs(state - before[wrong]).max() <= LANE_TOLERANCE
                before[wrong] = state
                if agrees:
                    break

    def _lanes_of(self, count: int) -> "_Lanes":
        """Buffers for so many lanes; 0 for a single step without one."""
        if count not in self._lanes:
            self._lanes[count] = _Lanes(count, self._hidden)
        return self._lanes[count]

    def _advance(self, given: Array, hidden: Array, after: Array, buffers: "_Lanes") -> Array:
        """One step of [..., 3 H] and [..., H]; `after` must not be `hidden`."""
        gates, reset, update, new = buffers.gates, buffers.reset, buffers.update, buffers.new
        np.dot(hidden, self._from_hidden, out=buffers.recurrent)
        H = self._hidden
        np.add(given[..., : 2 * H], buffers.recurrent_gates, out=gates)
        np.tanh(gates, out=gates)
        np.add(gates, buffers.ones, out=gates)  # twice the gates
        np.add(buffers.recurrent_new, self._new_bias, out=new)
        np.multiply(new, reset, out=new)
        np.add(new, given[..., 2 * H :], out=new)
        np.tanh(new, out=new)
        np.subtract(hidden, new, out=after)
        np.multiply(after, update, out=after)
        np.multiply(after, buffers.halves, out=after)
        return np.add(after, new, out=after)


class _Lanes:
    """Where a step of one lane, or of several side by side, is worked out."""

    def __init__(self, count: int, hidden: int) -> None:
        lead = (count,) if count else ()
        self.recurrent = np.empty((*lead, 3 * hidden), np.float32)
        self.recurrent_gates, self.recurrent_new = self.recurrent[..., : 2 * hidden], self.recurrent[..., 2 * hidden :]
        self.gates = np.empty((*lead, 2 * hidden), np.float32)
        self.reset, self.update = self.gates[..., :hidden], self.gates[..., hidden:]
        self.new = np.empty((*lead, hidden), np.float32)
        self.ones, self.halves = np.ones_like(self.gates), np.full_like(self.new, 0.5)  # faster to take than numbers


class _Attention:
    """Weights over the last W outputs, and the calibrated margin of what they gather.

    Each head gathers its own part of the outputs, of which the margin takes one number: so outputs become one number a
    head before they are gathered.
    """

    def __init__(self, settings: CrnnSettings, parameters: Parameters) -> None:
        shape = settings.shape
        self._window, H, heads = shape.window_steps, shape.hidden, shape.heads
        self._first = np.ascontiguousarray(parameters["energy.0.weight"].T)  # [H, E]
        self._first_bias = parameters["energy.0.bias"]
        self._second = np.ascontiguousarray(parameters["energy.2.weight"].T)  # [E, heads]
        self._second_bias = parameters["energy.2.bias"]
        no_age = np.zeros((heads, shape.window_steps), np.float32)
        self._age = parameters["age"] if shape.weighs_age else no_age  # [heads, W], oldest first
        other, keyword = parameters["classifier.weight"].astype(np.float64)
        other_bias, keyword_bias = parameters["classifier.bias"].astype(np.float64)
        margin = (settings.scale * (keyword - other)).reshape(heads, H // heads)
        self._margin = np.zeros((H, heads), np.float32)
        for head, weights in enumerate(margin):
            self._margin[head * len(weights) : (head + 1) * len(weights), head] = weights
        self._margin_bias = float(settings.scale * (keyword_bias - other_bias - settings.offset))
        # exp must not overflow: where energies may grow large, the largest is taken off first
        highest = np.abs(self._second).sum(0).max() + np.abs(self._second_bias).max() + np.abs(self._age).max()
        self._takes_highest_off = bool(highest > HIGHEST_ENERGY)
        # of one step: the weights and, below them, what they gather, so that one product adds both up
        self._inner, self._energy = np.empty_like(self._first_bias), np.empty(heads, np.float32)
        self._terms, self._column = np.empty((2 * heads, self._window), np.float32), np.ones(self._window, np.float32)
        self._weights, self._gathered = self._terms[:heads], self._terms[heads:]  # [heads, W]
        self._sums, self._heads = np.empty(2 * heads, np.float32), heads
        self._margin_rows = np.ascontiguousarray(self._margin.T)  # [heads, H]

    def one(self, output: Array, outputs: Array, energies: Array) -> tuple[Posteriors, Array, Array]:
        """The posterior [1] of a step with its output [H]; the past [W - 1, ...] goes in and comes out."""
        recent = np.concatenate((outputs, output[None]))
        inner, energy, weights, gathered = self._inner, self._energy, self._weights, self._gathered
        np.dot(output, self._first, out=inner)
        np.add(inner, self._first_bias, out=inner)
        np.tanh(inner, out=inner)
        np.dot(inner, self._second, out=energy)
        np.add(energy, self._second_bias, out=energy)
        all_energies = np.concatenate((energies, energy[None]))
        np.add(all_energies.T, self._age, out=weights)
        if self._takes_highest_off:
            np.subtract(weights, weights.max(1, keepdims=True), out=weights)
        np.exp(weights, out=weights)
        np.dot(self._margin_rows, recent.T, out=gathered)
        np.multiply(gathered, weights, out=gathered)
        sums = np.dot(self._terms, self._column, out=self._sums).tolist()
        margin = self._margin_bias
        for head in range(self._heads):
            margin += sums[self._heads + head] / sums[head]
        return np.array([_sigmoid(margin)], np.float32), recent[1:], all_energies[1:]

    def many(self, block: Array, outputs: Array, energies: Array) -> tuple[Posteriors, Array, Array]:
        """The same for outputs [S, H]: posteriors [S]."""
        outputs = np.concatenate((outputs, block))
        new = np.tanh(block @ self._first + self._first_bias) @ self._second + self._second_bias
        energies = np.concatenate((energies, new))  # [W - 1 + S, heads]
        weights = sliding_window_view(energies, self._window, 0) + self._age  # [S, heads, W]
        weights = np.exp(weights - weights.max(-1, keepdims=True))
        gathered = sliding_window_view(outputs @ self._margin, self._window, 0)
        margins = (np.einsum("shw,shw->sh", weights, gathered) / weights.sum(-1)).sum(-1) + self._margin_bias
        return (
            np.array([_sigmoid(margin) for margin in margins.tolist()], np.float32),
            outputs[len(block) :],
            energies[len(block) :],
        )


def _sigmoid(margin: float) -> float:
    """1 / (1 + exp(-margin)), for any margin."""
    if margin >= 0:
        return 1.0 / (1.0 + math.exp(-margin))
    small = math.exp(max(margin, -700.0))
    return small / (1.0 + small)
