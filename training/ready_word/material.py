"""Gathers what the networks of a word learn from: its sequences, clips, and talk, each with the expert's margins."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from kws_app.engine.speech_body import BODY_SHA256, load_body
from training.config import DataConfig
from training.corpus.recordings import Clip
from training.digest import digest
from training.network.speech_embedding import WholeStreams
from training.own_word.known_expert import KnownExpert
from training.own_word.lesson_sequences import Ear
from training.own_word.lessons import Lessons, TaughtTalk
from training.own_word.make import OwnWord
from training.own_word.sequences import Surroundings, made_surroundings
from training.progress import SILENT, Progress
from training.ready_word.clip_lessons import TaughtClips, taught_clips
from training.ready_word.clip_sequences import ClipSequences, make_clip_sequences
from training.ready_word.laid_words import both, kept_laid
from training.ready_word.ready_config import ReadyConfig
from training.ready_word.talk import TALK_FOLDER, TalkSource, gather_talk, noise_sources, talk_sources, word_sources
from training.ready_word.word_sounds import WordRecordings, gather_words

FOLDER = "ready_word"  # below the work folder, with a folder for each word
VERSION = 1  # raise this number when the clips on the disk change their meaning
LAID = "laid 1"  # raise this number when clips are laid into talk in another way


@dataclass(frozen=True)
class ReadyLessons:
    """What the networks of a word learn from and are judged on."""

    lessons: Lessons
    clips: TaughtClips
    kept_clips: TaughtClips
    people: int  # recordings of the word for training
    name: str  # a digest

    def describe(self) -> str:
        """A sentence for the card."""
        return (
            f"{self.people} recordings of the word, {len(self.lessons.words)} sequences with it, "
            f"{len(self.clips)} sequences of single clips, {self.lessons.talk.hours:.1f} h of talk, other words, noise "
            "and music, all judged by the word's expert"
        )


def gather_all(
    own: OwnWord,
    found: WordRecordings,
    data: DataConfig,
    config: ReadyConfig,
    expert: KnownExpert,
    recorded_around: Surroundings,
    root: Path,
    work: Path,
    progress: Progress = SILENT,
) -> ReadyLessons:
    """Make all lessons; finished parts come from the work folder.

    raises ValueError if there is no talk, AudioError if a clip cannot be read, OSError if the disk fails,
    StageStoppedError if the user stops it
    """
    folder, ear = work / FOLDER / data.keyword, Ear(WholeStreams(load_body(BODY_SHA256)))
    around = made_surroundings([])
    names: list[str] = []

    def made(kind: str, clips: Sequence[Clip], copies: int) -> ClipSequences:
        sizes = [(clip.word, clip.path.name, clip.path.stat().st_size) for clip in clips]
        names.append(digest([VERSION, BODY_SHA256, kind, copies, config.seed, sizes]))
        paths, stem = [clip.path for clip in clips], folder / f"clips-{names[-1]}"
        return make_clip_sequences(paths, copies, around, ear, config.seed, stem, progress, f"clips of {kind}")

    words, others = found.words, found.others
    clips = taught_clips(
        made("the word", words["training"], config.word_copies),
        made("other words", others["training"], config.other_copies),
        expert,
    )
    kept_clips = taught_clips(
        made("the word, kept", words["validation"], 1), made("other words, kept", others["validation"], 1), expert
    )
    said = gather_words(own, found, config, expert, recorded_around, folder, progress)

    def talk(split: str, more: Sequence[TalkSource]) -> TaughtTalk:
        sources = [*talk_sources(root, data, split), *more]
        names.extend(f"{source.name} {len(source.paths)}" for source in sources)
        return gather_talk(sources, expert, ear, work / TALK_FOLDER, progress)

    training = talk("training", [*word_sources(others["training"]), *noise_sources(root, data)])
    validation = talk("validation", [])
    kept = both(said.kept, kept_laid(kept_clips, validation))
    lessons = Lessons(said.words, said.near, training, said.noises, kept, validation)
    name = digest([*names, said.name, expert.name, LAID])
    return ReadyLessons(lessons, clips, kept_clips, len(words["training"]), name)
