"""The GRU on the plain engine: for a live step, or for long sound whose parts run side by side."""

import numpy as np
from numpy.lib.stride_tricks import as_strided
from numpy.typing import NDArray

from kws_app.engine.crnn_file import Parameters
from kws_app.engine.crnn_shape import CrnnShape

Array = NDArray[np.float32]

LANE_STEPS = 32  # fewest steps of a lane
WARM_UP_STEPS = 48  # steps before the first step of a lane, from a state of zeros
MOST_LANES = 64
LANE_TOLERANCE = 1e-6  # allowed difference of the first state of a lane and the last state of the lane before it


class Recurrence:
    """A layer of the GRU (Cho et al. 2014; as in torch, the reset gate comes after the product).

    sigmoid(x) = (tanh(x / 2) + 1) / 2: the weights contain the factors 1/2.
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
        """The output [H] of a step for an input [I] and a state [H]. It is written to `after`."""
        given = np.dot(x, self._from_input, out=self._given)
        np.add(given, self._input_bias, out=given)
        return self._advance(given, hidden, after, self._lanes_of(0))

    def many(self, x: Array, hidden: Array) -> Array:
        """The outputs [S, H] of all steps, from their inputs [S, I] and the state [H].

        A step depends on the step before it, but a GRU forgets. So the block is cut into lanes that run side by side.
        Each lane begins WARM_UP_STEPS early, from a state of zeros. If the first state of a lane then differs from the
        last state of the lane before it, the lane runs again from that state, until its states no longer change. So the
        result equals that of a run step by step, within LANE_TOLERANCE.
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
        """Run the steps one after the other."""
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
        """Run each lane again whose first state differs from the last state of the lane before it.

        given: [length, lanes, 3 H]; found: [length, lanes, H]; begun: [lanes, H], the first state of each lane
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
        """The buffers for this many lanes; 0 for a single step."""
        if count not in self._lanes:
            self._lanes[count] = _Lanes(count, self._hidden)
        return self._lanes[count]

    def _advance(self, given: Array, hidden: Array, after: Array, buffers: "_Lanes") -> Array:
        """A step from inputs [..., 3 H] and states [..., H]. `after` must be another array than `hidden`."""
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
    """The buffers for a step of one or several lanes."""

    def __init__(self, count: int, hidden: int) -> None:
        lead = (count,) if count else ()
        self.recurrent = np.empty((*lead, 3 * hidden), np.float32)
        self.recurrent_gates, self.recurrent_new = self.recurrent[..., : 2 * hidden], self.recurrent[..., 2 * hidden :]
        self.gates = np.empty((*lead, 2 * hidden), np.float32)
        self.reset, self.update = self.gates[..., :hidden], self.gates[..., hidden:]
        self.new = np.empty((*lead, hidden), np.float32)
        self.ones, self.halves = (
            np.ones_like(self.gates),
            np.full_like(self.new, 0.5),
        )  # NumPy is faster with arrays than with numbers
