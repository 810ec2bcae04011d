"""What experts are tried on: talk and noise that their training never heard, and recordings of a word, as embeddings.

They are made once and kept in a folder.
"""

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from kws_app.engine.frontend_config import SAMPLE_RATE
from kws_app.engine.speech_body import BODY_SHA256, load_body
from training.atomic_file import written_whole
from training.config import DataConfig
from training.corpus.recordings import Recording, read_recordings
from training.corpus.sound import load_or_pass_over, load_sound
from training.digest import digest
from training.network.speech_embedding import WholeStreams
from training.own_word.gather_talk import as_stream, embeddings_of
from training.own_word.sequences import Sound, rms, trimmed
from training.own_word.talk_embeddings import STEP_S, read_talk
from training.progress import SILENT, Progress

NOISE_DB = 10.0  # the word over the noise
BEFORE_S, AFTER_S = 1.6, 0.7  # of faint noise around a recording
HISS = 10 ** (-65 / 20)  # RMS of the faint noise
# Speech that the shipped talk holds nothing of, or other speakers of the same source.
TALK = ("speech_streams/*", "more_speech/*_??", "more_speech/english_learners", "acted_talk/*", "more_talk/*")

Embeddings = NDArray[np.float32]


@dataclass(frozen=True)
class Unheard:
    """The embeddings of what a model is tried on."""

    talk: tuple[Embeddings, ...]
    quiet: dict[str, list[Embeddings]]  # by word, each recording
    noisy: dict[str, list[Embeddings]]

    @property
    def hours(self) -> float:
        """Hours of talk."""
        return sum(map(len, self.talk)) * STEP_S / 3600


def unheard(data: Path, words: Mapping[str, Sequence[Path]], folder: Path, progress: Progress = SILENT) -> Unheard:
    """The talk, and the recordings of each word as they are and in noise.

    folder: keeps the embeddings
    raises ValueError if the talk or the noise is not there, StageStoppedError if the user stops it
    """
    folder.mkdir(parents=True, exist_ok=True)
    body = WholeStreams(load_body(BODY_SHA256))

    def heard(path: Path, sounds: Iterable[Sound]) -> list[Embeddings]:
        return kept_arrays(path, lambda: [embeddings_of(sound, body) for sound in sounds])

    talk = heard(folder / "talk.npz", talk_to_test(data, progress))
    noises = _noises(data)
    quiet, noisy = {}, {}
    for word, paths in words.items():
        name = f"{word}-{digest([path.name for path in paths])}"
        quiet[word] = heard(folder / f"{name}-quiet.npz", laid(paths))
        noisy[word] = heard(folder / f"{name}-noisy.npz", laid(paths, noises))
    return Unheard(tuple(talk), quiet, noisy)


def kept_arrays(path: Path, make: Callable[[], list[NDArray[np.float32]]]) -> list[NDArray[np.float32]]:
    """The arrays of a file, in half precision. The file is made if it is not there."""
    if not path.is_file():
        made = make()
        with written_whole(path) as part, part.open("wb") as file:
            np.savez(file, sizes=[len(one) for one in made], all=np.concatenate(made).astype(np.float16))
    with np.load(path) as saved:
        return np.split(saved["all"].astype(np.float32), np.cumsum(saved["sizes"])[:-1])


def talk_to_test(data: Path, progress: Progress) -> Iterator[Sound]:
    """A stream for each source: the test set's talk, and sources that the shipped talk does not know."""
    shipped = {stream.source.split("/")[-1] for stream in read_talk().streams}

    def is_wanted(recording: Recording) -> bool:
        is_unknown = recording.split == "training" and recording.path.parent.name not in shipped
        return recording.split == "testing" or is_unknown

    return _talk(data, is_wanted, progress)


def _talk(data: Path, is_wanted: Callable[[Recording], bool], progress: Progress) -> Iterator[Sound]:
    """A stream for each source. raises ValueError if there is none"""
    by_source: dict[str, list[Path]] = {}
    for recording in read_recordings(data, TALK, DataConfig(keyword="\0")):
        if is_wanted(recording):
            by_source.setdefault(recording.path.parent.name, []).append(recording.path)
    if not by_source:
        raise ValueError(f"There is no talk for the test below {data}: bring it with `python -m training fetch`.")
    for source, paths in by_source.items():
        yield as_stream(load_or_pass_over(path) for path in progress.track(paths, source))


def _noises(data: Path) -> list[Sound]:
    config = DataConfig()
    found = read_recordings(data, config.test_noise, config) or read_recordings(data, config.noise, config)
    if not found:
        raise ValueError(f"There is no noise for the test below {data}: bring it with `python -m training fetch`.")
    return [load_or_pass_over(recording.path)[: 60 * SAMPLE_RATE] for recording in found]


def laid(paths: Sequence[Path], noises: Sequence[Sound] = ()) -> Iterator[Sound]:
    """Each recording with faint noise around it, and with noise at NOISE_DB below the word where there are noises."""
    rng = np.random.default_rng(1)
    before, after = (round(seconds * SAMPLE_RATE) for seconds in (BEFORE_S, AFTER_S))
    for path in paths:
        said = load_sound(path)
        sound = np.pad(said, (before, after))
        sound = sound + rng.standard_normal(len(sound)).astype(np.float32) * np.float32(HISS)
        if noises:
            noise = noises[int(rng.integers(len(noises)))]
            noise = np.resize(np.roll(noise, -int(rng.integers(len(noise)))), len(sound))
            sound = sound + noise * np.float32(rms(trimmed(said)) / rms(noise) * 10 ** (-NOISE_DB / 20))
        yield sound.astype(np.float32)
