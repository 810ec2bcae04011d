"""KeywordModel: a checked model that is ready to run on an engine, with its frontend.

Loading compares the scores of a golden input with the scores on the card. A model belongs to one thread, but may
process several streams there.
"""

from pathlib import Path

import numpy as np

from kws_app.engine.backends import JITTED, PLAIN, Frontend, Network, checked_engine, frontend_of
from kws_app.engine.backends.plain import plain_network
from kws_app.engine.backends.plain_expert import plain_expert
from kws_app.engine.card import ModelCard
from kws_app.engine.expert_file import FAMILY as EXPERT
from kws_app.engine.frontend import Frames, Samples
from kws_app.engine.frontend_config import SAMPLE_RATE, FrontendConfig
from kws_app.engine.index import PROGRAM_SUFFIX, Program, own_program
from kws_app.engine.model_file import ModelFile, card_of_program, read_model_file
from kws_app.engine.speech_frontend import SpeechFrontend
from kws_app.errors import ModelError, brief
from kws_app.translation import _

GOLDEN_SECONDS = 2.0
GOLDEN_PIECE = 100  # frames at once: long pieces would make an expert keep buffers that live sound does not need


def golden_samples() -> Samples:
    """Two seconds of tones that rise and fall, in faint noise: [N] float32, the same on every machine.

    Without the noise, mel bins between the tones would hold only rounding errors, which differ between processors.
    """
    n = np.arange(int(GOLDEN_SECONDS * SAMPLE_RATE), dtype=np.uint64)
    noise = n * n * np.uint64(2654435761) % np.uint64(2**32) / 2**32 - 0.5  # whole numbers are exact everywhere
    t = n / SAMPLE_RATE
    sweep = 0.3 * np.sin(2 * np.pi * (150 * t + 600 * t**2)) + 0.1 * np.sin(2 * np.pi * (2500 * t - 500 * t**2))
    envelope = 0.5 - 0.5 * np.cos(2 * np.pi * 3 * t)
    return (sweep * envelope + 2e-3 * noise).astype(np.float32)


def golden_scores(network: Network, frontend: Frontend) -> dict[str, list[float]]:
    """The posteriors of the golden input, and the second part of the state after it.

    This part is the state of the GRU for a `crnn`, and the last embeddings for an `expert`.
    """
    frames, _tail = frontend(golden_samples(), frontend.initial_tail())
    columns, state = columns_for(frontend, frames), network.initial_state()
    posteriors: list[float] = []
    for first in range(0, len(columns), GOLDEN_PIECE):
        found, state = network.step(columns[first : first + GOLDEN_PIECE], state)
        posteriors += [round(float(value), 6) for value in found]
    return {
        "posterior": posteriors,
        "hidden": [round(float(value), 6) for value in state[1].flat],
    }


def columns_for(frontend: Frontend, frames: Frames) -> Frames:
    """The columns of frames [T, F] for the network that uses this frontend. The frames may have more columns.

    The frames of a speech frontend have the usual columns first, then the columns for an `expert`.
    """
    own = FrontendConfig.mel_bins
    return frames[:, own:] if frontend.mel_bins > own else frames[:, :own]


class KeywordModel:
    """A loaded model with its frontend, ready to stream."""

    def __init__(self, card: ModelCard, network: Network, frontend: Frontend) -> None:
        self.card = card
        self.network = network
        self.frontend = frontend

    @classmethod
    def load(cls, path: Path, engine: str | None = None) -> "KeywordModel":
        """Load a model. engine: None for the default engine

        A model without a jitted form of ours runs in NumPy on either engine.
        raises ModelError, in one sentence, if the file is damaged, must not be opened, or gives wrong scores
        """
        engine = checked_engine(engine)
        if path.suffix == PROGRAM_SUFFIX:
            program = own_program(path)
            if engine == PLAIN:
                raise ModelError(_("{path} runs only on the jitted engine: choose this engine.", path=path))
            return cls._checked(path, card_of_program(program), _jitted_network(path, program), frontend_of(engine))
        file = read_model_file(path)
        program_beside = _program_beside(path) if engine == JITTED else None
        network = _jitted_network(path, program_beside) if program_beside else cls._plain(path, file)
        return cls._checked(path, file.card, network, frontend_of(engine))

    @classmethod
    def of_file(cls, path: Path, file: ModelFile) -> "KeywordModel":
        """A model file that was read, on the plain engine. path: for messages"""
        return cls._checked(path, file.card, cls._plain(path, file), frontend_of(PLAIN))

    @staticmethod
    def _plain(path: Path, file: ModelFile) -> Network:
        try:
            is_expert = file.card.network.get("family") == EXPERT
            return plain_expert(file) if is_expert else plain_network(file)
        except (TypeError, ValueError, KeyError, ModelError) as error:
            raise ModelError(_("{path} is no usable model: {error}", path=path, error=error)) from error

    @classmethod
    def _checked(cls, path: Path, card: ModelCard, network: Network, frontend: Frontend) -> "KeywordModel":
        if card.network.get("family") == EXPERT:
            frontend = SpeechFrontend(frontend)
        try:
            scores = golden_scores(network, frontend)
        except Exception as error:  # any error of a damaged model
            raise ModelError(_("{path} is no usable model: {error}", path=path, error=brief(error))) from error
        for name, expected in card.golden.items():
            same_length = len(expected) == len(scores[name])
            if not (same_length and np.allclose(scores[name], expected, atol=card.golden_tolerance)):
                raise ModelError(
                    _("{path} does not give the scores on its card: it is damaged, get the file again.", path=path)
                )
        return cls(card, network, frontend)


def _program_beside(path: Path) -> Program | None:
    """The jitted form beside a model file, if it is ours; else None."""
    program = path.with_suffix(PROGRAM_SUFFIX)
    if not program.is_file():
        return None
    try:
        return own_program(program)
    except ModelError:  # not ours, so it is not opened; the numbers are used instead
        return None


def _jitted_network(path: Path, program: Program) -> Network:
    from kws_app.engine.backends.jitted import JittedNetwork  # imports torch

    try:
        return JittedNetwork.open(program)
    except ModelError as error:
        raise ModelError(_("{path} is no usable model: {error}", path=path, error=error)) from error
