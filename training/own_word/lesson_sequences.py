"""Makes the sequences for students: each sound becomes frames for the student and embeddings for the expert."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from kws_app.engine.frontend import LogMel
from kws_app.engine.speech_body import EMBEDDING, STEP_FRAMES
from kws_app.engine.speech_frontend import SpeechBands
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
    ear = Ear(body)

    def make(numbers: range) -> LessonSequences:
        return _part(words, numbers, surroundings, ear, seed, progress, what, count)

    parts = kept_in_parts(LessonSequences, stem, count, PART, make)
    progress.tell(what, count, count, "")
    return LessonSequences.of_all(parts)


def _part(
    words: Sequence[Sound],
    numbers: range,
    surroundings: Surroundings,
    ear: Ear,
    seed: int,
    progress: Progress,
    what: str,
    count: int,
) -> LessonSequences:
    N = len(numbers)
    frames = np.empty((N, SEQUENCE_FRAMES, LogMel().mel_bins), np.float16)
    embeddings = np.empty((N, SEQUENCE_STEPS, EMBEDDING), np.float16)
    ends_s, takes = np.empty(N, np.float32), np.empty(N, np.int32)
    for row, number in enumerate(numbers):
        progress.step(what, number, count)
        take = takes[row] = number % len(words)
        rng = np.random.default_rng([seed, number])
        sound, ends_s[row] = sequence_of(words[take], surroundings, rng, plain=number < len(words))
        frames[row], embeddings[row] = ear(sound, SEQUENCE_STEPS)
    return LessonSequences(frames, embeddings, ends_s, takes)
