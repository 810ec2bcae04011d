"""Makes sequences of single clips: a clip from a fresh state, then silence, as frames and as embeddings."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from kws_app.audio.audio_file import TAIL_S
from kws_app.engine.frontend_config import SAMPLE_RATE, FrontendConfig
from kws_app.engine.speech_body import EMBEDDING, STEP_FRAMES
from training.corpus.sound import cut_to_word, load_sound, pad_to_second
from training.own_word.lesson_sequences import Ear
from training.own_word.rows import Rows, kept_in_parts
from training.own_word.sequences import Sound, Surroundings, varied
from training.progress import SILENT, Progress

CLIP_S = 1.0  # seconds of a clip; a long recording is cut around its word
CLIP_STEPS = round((CLIP_S + TAIL_S) * SAMPLE_RATE / FrontendConfig.hop_samples) // STEP_FRAMES
PART = 500  # clips in a file
MOST_SHIFT_S = 0.1  # a varied clip moves by up to this much, either way


@dataclass(frozen=True)
class ClipSequences(Rows):
    """Clips, each followed by silence."""

    frames: NDArray[np.float16]  # [N, T, F] natural log of mel power
    embeddings: NDArray[np.float16]  # [N, S, 96]
    clips: NDArray[np.int32]  # [N], the number of the clip


def no_clips() -> ClipSequences:
    """A set without a sequence."""
    frames = np.zeros((0, CLIP_STEPS * STEP_FRAMES, FrontendConfig.mel_bins), np.float16)
    return ClipSequences(frames, np.zeros((0, CLIP_STEPS, EMBEDDING), np.float16), np.zeros(0, np.int32))


def make_clip_sequences(
    paths: Sequence[Path],
    copies: int,
    surroundings: Surroundings,
    ear: Ear,
    seed: int,
    stem: Path,
    progress: Progress = SILENT,
    what: str = "clips",
) -> ClipSequences:
    """Make `copies` sequences of each clip, the first as recorded, in files <stem>-<part>.npz.

    raises AudioError if a clip cannot be read, StageStoppedError if the user stops it
    """

    def make(numbers: range) -> ClipSequences:
        copied = (_copies_of(paths, n, copies, surroundings, ear, seed, progress, what) for n in numbers)
        return ClipSequences.of_all(list(copied))

    parts = kept_in_parts(ClipSequences, stem, len(paths), PART, make)
    progress.tell(what, len(paths), len(paths), "")
    return ClipSequences.of_all(parts) if parts else no_clips()


def _copies_of(
    paths: Sequence[Path],
    number: int,
    copies: int,
    surroundings: Surroundings,
    ear: Ear,
    seed: int,
    progress: Progress,
    what: str,
) -> ClipSequences:
    progress.step(what, number, len(paths))
    sound = pad_to_second(cut_to_word(load_sound(paths[number])))
    frames, embeddings = [], []
    for copy in range(copies):
        rng = np.random.default_rng([seed, number, copy])
        heard = _with_silence(_moved(varied(sound, surroundings, rng), rng) if copy else sound)
        heard_frames, heard_embeddings = ear(heard, CLIP_STEPS)
        frames.append(heard_frames)
        embeddings.append(heard_embeddings)
    return ClipSequences(np.stack(frames), np.stack(embeddings), np.full(copies, number, np.int32))


def _with_silence(sound: Sound) -> Sound:
    """The sound, with silence until all steps of a sequence are filled."""
    config = FrontendConfig()
    samples = (CLIP_STEPS * STEP_FRAMES - 1) * config.hop_samples + config.window_samples
    return np.pad(sound[:samples], (0, max(0, samples - len(sound))))


def _moved(sound: Sound, rng: np.random.Generator) -> Sound:
    """The sound a little earlier or later. [N] -> [N]"""
    shift = int(rng.uniform(-MOST_SHIFT_S, MOST_SHIFT_S) * SAMPLE_RATE)
    return np.pad(sound, (max(0, shift), max(0, -shift)))[max(0, -shift) :][: len(sound)]
