"""Makes the talk embeddings that ship with the project, from the folders of audio that `fetch` brings and from voices.

It does not read the sources for measurements: `corpus.recordings` names them.
"""

import logging
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from kws_app.engine.frontend import LogMel
from kws_app.engine.frontend_config import SAMPLE_RATE, FrontendConfig
from kws_app.engine.speech_body import BODY_SHA256, STEP_FRAMES, load_body
from kws_app.engine.speech_frontend import SpeechBands
from training.corpus.foreign_speech import FOREIGN, LANGUAGES, can_speak, phrases
from training.corpus.held_back import without_held_back
from training.corpus.recordings import audio_files, group_split, hash_percent, read_clips, stream_group
from training.corpus.sound import load_or_pass_over
from training.network.speech_embedding import WholeStreams
from training.own_word.sequences import Sound, Surroundings, made_surroundings, varied
from training.own_word.talk_embeddings import Talk, TalkStream, talk_of
from training.own_word.talk_frames import TalkFrames
from training.progress import SILENT, Progress

log = logging.getLogger(__name__)

SOURCES = (
    "speech_streams/librispeech",
    "more_speech/english_learners",
    "more_talk/english_learners",
    "more_speech/ljspeech",
    "more_speech/kerstin_de",
    "acted_talk/queen",
)
PAUSE_S = 0.3
VALIDATION_PERCENT, TEST_PERCENT = 15.0, 25.0  # of the speakers, where the source has many: as for the small networks
ACTED = "queen"  # its cast is in no test set; of its scenes, so many are for validation:
ACTED_VALIDATION_PERCENT = 25.0
VARIED_PERCENT = 40.0  # of the training recordings, which are heard in a room, in noise, or at another speed
FRAMES_SHARE = {"training": 0.46, "validation": 0.5}  # of a stream: as frames too, as many as the file has room for
WORD_CLIPS = 80  # of each word of Speech Commands
ACTED_PERCENT = 60.0  # of its training recordings: the file has no room for more
FOREIGN_S = 150.0  # seconds of each language
FOREIGN_VARIED_PERCENT = 50.0  # of its phrases


def split_of_talk(path: Path) -> str:
    """The set of a recording. A speaker is in the same set in all sources."""
    group = stream_group(path)
    if group == ACTED:
        percent = hash_percent(f"{ACTED}/{path.stem[:2]}")  # a scene
        return "validation" if percent < ACTED_VALIDATION_PERCENT else "training"
    return group_split(group, VALIDATION_PERCENT, TEST_PERCENT)


def is_kept(path: Path, split: str) -> bool:
    """Whether the file has room for a recording."""
    return split != "training" or stream_group(path) != ACTED or hash_percent(path.name) < ACTED_PERCENT


@dataclass(frozen=True)
class Both:
    """Talk as the expert hears it, and the beginning of each stream as its students hear it."""

    talk: Talk
    frames: TalkFrames


def gather_talk(
    root: Path, exclude: Sequence[str] = (), progress: Progress = SILENT, foreign_s: float = FOREIGN_S
) -> Both:
    """The talk below `root`: as it is, a part of it again in rooms and noise, and single words; and made speech.

    exclude: names of recordings to leave out. Sources that are not there are left out with a warning.
    foreign_s: seconds of speech in each of many languages
    raises ValueError if none is there, StageStoppedError if the user stops it
    """
    body = WholeStreams(load_body(BODY_SHA256))
    surroundings = made_surroundings([])
    streams: list[_Stream] = []
    for source in SOURCES:
        folder = root / source
        if not folder.is_dir():
            log.warning("There is no talk at %s: it is left out.", folder)
            continue
        paths = [path for path in without_held_back(audio_files(folder)) if path.stem not in exclude]
        for split in ("training", "validation"):
            chosen = [path for path in paths if split_of_talk(path) == split and is_kept(path, split)]
            streams += _streams(source, split, chosen, body, surroundings, progress)
    if not streams:
        raise ValueError(f"There is no talk below {root}: bring it with `python -m training fetch`.")
    clips = root / "speech_commands"
    if clips.is_dir():
        streams += _words(clips, body, progress)
    streams += _foreign(foreign_s, body, surroundings, progress)
    talk = talk_of([TalkStream(s.source, s.split, s.embeddings) for s in streams])
    return Both(talk, TalkFrames(tuple(stream.frames for stream in streams)))


class _Stream(NamedTuple):
    source: str
    split: str
    embeddings: NDArray[np.float32]  # [S, 96]
    frames: NDArray[np.float32]  # [8 * S', F], S' at most S


def _streams(
    folder: str, split: str, paths: list[Path], body: WholeStreams, surroundings: Surroundings, progress: Progress
) -> Iterator[_Stream]:
    """The recordings one after another, for training a share of them varied."""
    if not paths:
        return
    rng = np.random.default_rng(0)

    def heard(path: Path) -> Sound:
        sound = load_or_pass_over(path)
        is_varied = split == "training" and hash_percent(path.name) < VARIED_PERCENT
        return varied(sound, surroundings, rng) if is_varied and len(sound) else sound

    sounds = (heard(path) for path in progress.track(paths, f"{folder}, {split}"))
    samples = as_stream(sounds)
    yield _Stream(folder, split, embeddings_of(samples, body), frames_of(samples, FRAMES_SHARE[split]))


def _words(clips: Path, body: WholeStreams, progress: Progress) -> Iterator[_Stream]:
    """Each word of Speech Commands as a stream of its own, so that a user's own word can be left out."""
    by_word: dict[str, list[Path]] = {}
    for clip in read_clips(clips):
        if clip.split == "training":
            by_word.setdefault(clip.word, []).append(clip.path)
    for word, paths in progress.track(sorted(by_word.items()), "words"):
        kept = without_held_back(sorted(paths, key=lambda path: hash_percent(path.name))[:WORD_CLIPS])
        if kept:
            samples = as_stream(map(load_or_pass_over, kept))
            name, share = f"words/{word}", FRAMES_SHARE["training"]
            yield _Stream(name, "training", embeddings_of(samples, body), frames_of(samples, share))


def _foreign(seconds: float, body: WholeStreams, surroundings: Surroundings, progress: Progress) -> Iterator[_Stream]:
    """Each language as a stream of its own, so that the language of a user's own word can be left out."""
    reason = can_speak()
    if reason and seconds:
        log.warning("There is no talk in other languages: %s.", reason)
    for language in progress.track([] if reason or not seconds else list(LANGUAGES), "languages"):
        rng = np.random.default_rng(0)
        sounds = (
            varied(sound, surroundings, rng) if hash_percent(name) < FOREIGN_VARIED_PERCENT else sound
            for name, sound in phrases(language, seconds)
        )
        samples = as_stream(sounds)
        share = FRAMES_SHARE["training"]
        yield _Stream(f"{FOREIGN}/{language}", "training", embeddings_of(samples, body), frames_of(samples, share))


def as_stream(sounds: Iterator[Sound] | Sequence[Sound]) -> Sound:
    """Sounds one after another, with faint noise between them."""
    rng = np.random.default_rng(0)
    parts: list[Sound] = []
    for sound in sounds:
        pause = rng.standard_normal(int(PAUSE_S * SAMPLE_RATE)) * 10 ** (rng.uniform(-80, -55) / 20)
        parts += [sound, pause.astype(np.float32)]
    return np.concatenate(parts)


def _steps(samples: Sound) -> int:
    config = FrontendConfig()
    return max(0, (len(samples) - config.window_samples) // config.hop_samples + 1) // STEP_FRAMES


def embeddings_of(samples: Sound, body: WholeStreams) -> NDArray[np.float32]:
    """Embeddings [S, 96] of a stream."""
    return body(SpeechBands()(samples, _steps(samples) * STEP_FRAMES))


def frames_of(samples: Sound, share: float) -> NDArray[np.float32]:
    """Log-mel frames [8 * S, F] of the beginning of a stream: of this share of its steps."""
    log_mel, config = LogMel(), FrontendConfig()
    frames = int(_steps(samples) * share) * STEP_FRAMES
    heard = samples[: (frames - 1) * config.hop_samples + config.window_samples] if frames else samples[:0]
    return log_mel(heard, log_mel.initial_tail())[0][:frames]
