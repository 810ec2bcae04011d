"""The plain engine: a `crnn` in NumPy. A live step is about thirty small products.

Long sound is processed in large blocks. Convolution and GRU input are one product over all steps, and the recurrence
runs at many places of the block at once (plain_recurrence.py).
"""

import numpy as np

from kws_app.engine.backends import PLAIN, Network, Posteriors, State
from kws_app.engine.backends.plain_attention import Attention
from kws_app.engine.backends.plain_convolution import Convolution
from kws_app.engine.backends.plain_recurrence import Recurrence
from kws_app.engine.crnn_file import FAMILY, CrnnSettings, Parameters, unpack
from kws_app.engine.frontend import Frames
from kws_app.engine.model_file import ModelFile

LONG_FRAMES = 1_000  # more frames than this are not live sound


def plain_network(file: ModelFile) -> Network:
    """The network of a model file. raises TypeError, ValueError or KeyError if it is no network within the limits"""
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
    """Convolution, GRU and windowed attention, as in training/network/crnn.py. It belongs to one thread."""

    engine = PLAIN
    block_frames = 60_000  # 10 MB; in a shorter block the warm-up of the recurrence takes a larger part

    def __init__(self, settings: CrnnSettings, parameters: Parameters) -> None:
        self.shape = shape = settings.shape
        self._convolution = Convolution(shape, parameters["conv.weight"], parameters["conv.bias"])
        self._layers = [Recurrence(shape, layer, parameters) for layer in range(shape.layers)]
        self._attention = Attention(settings, parameters)
        self._room = np.empty((0, shape.mel_bins), np.float32)  # memory for the frames of long sound

    def initial_state(self) -> State:
        """The state at the start of a stream. An energy of -inf gives a past output no weight."""
        shape = self.shape
        past = shape.window_steps - 1
        return (
            np.zeros((0, shape.mel_bins), np.float32),
            np.zeros((shape.layers, shape.hidden), np.float32),
            np.zeros((past, shape.hidden), np.float32),
            np.full((past, shape.heads), -np.inf, np.float32),
        )

    def step(self, log_mel: Frames, state: State) -> tuple[Posteriors, State]:
        """Take any number of frames [T, F]. Returns S = (Tc + T - kernel_frames) // stride_frames + 1 posteriors."""
        context, hidden, outputs, energies = state
        frames = self._joined(context, log_mel)  # [Tc + T, F]
        steps = (len(frames) - self.shape.kernel_frames) // self.shape.stride_frames + 1
        if steps <= 0:
            return np.zeros(0, np.float32), (frames, hidden, outputs, energies)
        after = np.empty_like(hidden)
        kept = frames[steps * self.shape.stride_frames :].copy()
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

    def _joined(self, context: Frames, log_mel: Frames) -> Frames:
        """Join [Tc, F] and [T, F] to [Tc + T, F]. Long sound uses the same memory each time.

        New memory is slow, because the system clears it page by page.
        """
        count = len(context) + len(log_mel)
        if count <= LONG_FRAMES:
            return np.concatenate((context, log_mel))
        if count > len(self._room):
            self._room = np.empty((count, self.shape.mel_bins), np.float32)
        return np.concatenate((context, log_mel), out=self._room[:count])
