"""Makes the sequences for students: each sound becomes frames for the student and embeddings for the expert."""

import threading
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from kws_app.engine.frontend import LogMel
from kws_app.engine.speech_body import STEP_FRAMES
from kws_app.engine.speech_frontend import SpeechBands
from training.each_core import on_each_core
from training.network.speech_embedding import WholeStreams
from training.own_word.rows import Rows, kept_in_parts
from training.own_word.sequences import SEQUENCE_STEPS, Sound, Surroundings, sequence_of, trimmed
from training.progress import SILENT, Progress

SEQUENCE_FRAMES = SEQUENCE_STEPS * STEP_FRAMES
PART = 250  # sequences in a file


@dataclass(frozen=True)
class LessonSequences(Rows):
    """Sequences with a word near the end of each."""

    frames: NDArray[np.float16]  # [N, T, F] natural log of mel power
    embeddings: NDArray[np.float16]  # [N, S, 96]
    ends_s: NDArray[np.float32]  # [N], seconds at which the word ends
    takes: NDArray[np.int32]  # [N], the number of the take


class Ear:
    """Turns sound into the inputs of both networks. Used by a single thread."""

    def __init__(self, body: WholeStreams) -> None:
        self._body, self._bands, self._log_mel = body, SpeechBands(), LogMel()

    def __call__(self, sound: Sound, steps: int) -> tuple[NDArray[np.float16], NDArray[np.float16]]:
        """Samples [N] for at least `steps` steps -> frames [8 * steps, F], embeddings [steps, 96]"""
        frames = self._log_mel(sound, self._log_mel.initial_tail())[0][: steps * STEP_FRAMES]
        embeddings = self._body(self._bands(sound, steps * STEP_FRAMES))
        return frames.astype(np.float16), embeddings.astype(np.float16)


def make_lesson_sequences(
    takes: Sequence[Sound],
    count: int,
    surroundings: Surroundings,
    body: WholeStreams,
    seed: int,
    stem: Path,
    progress: Progress = SILENT,
    what: str = "lessons",
) -> LessonSequences:
    """Make `count` sequences of the takes in turn, in files <stem>-<part>.npz. raises StageStoppedError to end"""
    words = [trimmed(take) for take in takes]

    def make(numbers: range) -> LessonSequences:
        return _part(words, numbers, surroundings, body, seed, progress, what, count)

    parts = kept_in_parts(LessonSequences, stem, count, PART, make)
    progress.tell(what, count, count, "")
    return LessonSequences.of_all(parts)


def _part(
    words: Sequence[Sound],
    numbers: range,
    surroundings: Surroundings,
    body: WholeStreams,
    seed: int,
    progress: Progress,
    what: str,
    count: int,
) -> LessonSequences:
    ears = threading.local()

    def made(number: int) -> tuple[NDArray[np.float16], NDArray[np.float16], float]:
        if not hasattr(ears, "mine"):
            ears.mine = Ear(body)
        rng = np.random.default_rng([seed, number])
        sound, end_s = sequence_of(words[number % len(words)], surroundings, rng, plain=number < len(words))
        return *ears.mine(sound, SEQUENCE_STEPS), end_s

    found = on_each_core(made, numbers, lambda place: progress.step(what, numbers[place], count))
    frames, embeddings, ends_s = zip(*found, strict=True)
    takes = np.array(numbers, np.int32) % len(words)
    return LessonSequences(np.stack(frames), np.stack(embeddings), np.array(ends_s, np.float32), takes)
