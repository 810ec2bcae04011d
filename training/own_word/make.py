"""Makes the expert of a user's own word: takes by voices, recordings, heads, a threshold, and both model files.

What is finished lies in the work folder under a digest of what it was made from. So a run that was cut goes on there
and ends with the same model.
"""

import hashlib
import json
import logging
from collections.abc import Sequence
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray

from kws_app.detection.intervals import poisson_interval, wilson_interval
from kws_app.engine.card import CURVE_FIELD
from kws_app.engine.decision_config import DecisionConfig
from kws_app.engine.frontend_config import SAMPLE_RATE
from kws_app.engine.names import is_name
from kws_app.engine.speech_body import BODY_SHA256, load_body
from kws_app.errors import AudioError
from training.atomic_file import written_whole
from training.corpus.pronunciations import Pronunciation, check_word, pronunciations_of
from training.corpus.recordings import audio_files, hash_percent
from training.corpus.sound import load_sound
from training.corpus.synthetic_speech import passages
from training.corpus.takes import LONGEST_S, SHORTEST_S, Take, make_takes, plan_takes
from training.corpus.voice_engines import find_engines
from training.network.speech_embedding import WholeStreams
from training.own_word.export import export_expert
from training.own_word.heads import Head, HeadConfig, Material, train_head
from training.own_word.measure import Measured, recommended_threshold, talk_peaks, word_peaks
from training.own_word.sequences import Sequences, Sound, made_surroundings, make_sequences, trimmed
from training.own_word.talk_embeddings import Talk, read_talk
from training.progress import SILENT, Progress

log = logging.getLogger(__name__)

ROLE = "expert"
VERSION = 1  # of what the work folder holds
PASSAGES = 10  # of other speech, laid around the word
KEPT_BACK_PERCENT = 12.0  # of the voices, and of ten recordings or more: to measure on
FEWEST_TO_KEEP_BACK = 10  # recordings
QUIETEST = 10 ** (-60 / 20)  # RMS of a recording that holds a word


@dataclass(frozen=True)
class OwnWordConfig:
    """How much is made of a word."""

    takes: int | None = None  # by voices; None for the voices' own count for each pronunciation
    sequences: int = 1000  # of takes, about
    recording_copies: int = 24  # of each recording, at most
    recording_sequences: int = 1200  # of all recordings, at most
    heads: int = 3
    head: HeadConfig = field(default_factory=HeadConfig)
    seed: int = 0


QUICK = OwnWordConfig(takes=24, sequences=150, recording_copies=6, heads=1, head=HeadConfig(steps=150))


@dataclass(frozen=True)
class OwnWord:
    """What to make."""

    word: str  # as it is typed
    recordings: Path | None = None  # a folder, one utterance a file
    voices: bool = True
    language: str = "en"
    pronunciations: tuple[Pronunciation, ...] = ()  # those the user chose; by default all that are common
    config: OwnWordConfig = field(default_factory=OwnWordConfig)


@dataclass(frozen=True)
class Made:
    """What came of it."""

    path: Path  # of the model file
    measured: Measured
    threshold: float  # a margin
    takes: dict[str, int]  # by engine
    recordings: int
    passed_over: tuple[str, ...]  # a sentence for each recording that is none

    def describe(self) -> str:
        """What to expect, in sentences for a person."""
        lines = [f"{self.path}: made from {sum(self.takes.values())} takes by voices and {self.recordings} recordings."]
        missed, words = self.measured.missed(self.threshold), len(self.measured.word)
        alarms, hours = self.measured.alarms(self.threshold), self.measured.hours
        if words:
            lines.append(f"On {words} sounds of the word that were kept back it missed {missed}.")
        lines.append(f"On {hours:.1f} h of talk that it had not heard it gave {alarms} false alarms.")
        return "\n".join(lines)

    def curve(self) -> list[tuple[float, float]]:
        """False alarms an hour and the share missed, at thresholds round the recommended one."""
        words = max(1, len(self.measured.word))
        margins = [self.threshold + offset for offset in np.arange(-6.0, 6.01, 0.5)]
        return [(self.measured.alarms(m) / self.measured.hours, self.measured.missed(m) / words) for m in margins]


def own_word(asked: OwnWord, work: Path, models: Path, progress: Progress = SILENT, talk: Talk | None = None) -> Made:
    """Make <models>/<word>/expert.safetensors and .pt.

    work: where takes and heads are kept; talk: what ships with the project by default
    raises ValueError with a sentence for a word or recordings that cannot be used, OSError if a voice or the disk
    fails, ModelError if the export differs, StageStoppedError if the user stops it
    """
    word = check_word(asked.word, asked.language)
    keyword = word.replace(" ", "_")
    if not is_name(keyword):
        raise ValueError(f"'{word}' cannot be the name of a model: use only letters.")
    if models.exists() and not models.is_dir():
        raise ValueError(f"{models} is a file: name a folder for the models.")
    recordings, passed_over = _recordings(asked.recordings)
    if not asked.voices and not recordings:
        raise ValueError("Without voices there must be recordings: say the word, or let voices say it.")
    folder = work / "own_word" / keyword
    folder.mkdir(parents=True, exist_ok=True)
    takes = _takes(asked, word, folder / "takes", progress) if asked.voices else []
    talk = without_word(talk or read_talk(), word)
    material, kept_back, digest = _material(asked, takes, recordings, talk, folder, progress)
    heads = _heads(material, asked.config, digest, folder, progress)
    progress.step("measuring", 0, 2)
    validation = talk.of("validation")
    found = [word_peaks(heads, talk, sequences) for sequences in kept_back if len(sequences)]
    word_found = np.concatenate(found) if found else np.zeros(0)
    measured = Measured(talk_peaks(heads, talk, validation), talk.hours("validation"), word_found)
    progress.step("measuring", 1, 2)
    threshold = recommended_threshold(measured, recorded=len(recordings) >= FEWEST_TO_KEEP_BACK)
    counts = {engine: sum(take.engine == engine for take in takes) for engine in {take.engine for take in takes}}
    about = _about(asked, measured, threshold, counts, len(recordings), talk)
    path = export_expert(keyword, heads, (talk.mean, talk.std), threshold, DecisionConfig(0.5), models, about, ROLE)
    progress.tell("measuring", 2, 2, "")
    return Made(path, measured, threshold, counts, len(recordings), tuple(passed_over))


def without_word(talk: Talk, word: str) -> Talk:
    """The talk without the streams of single words that are, or are in, the user's word."""
    own = {f"words/{part}" for part in [word, word.replace(" ", "_"), *word.split()]}
    return Talk(tuple(stream for stream in talk.streams if stream.source not in own), talk.mean, talk.std)


def _recordings(folder: Path | None) -> tuple[list[Sound], list[str]]:
    """The recordings of a folder, and a sentence for each that cannot be used. raises ValueError if none can"""
    if folder is None:
        return [], []
    if not folder.is_dir():
        raise ValueError(f"There is no folder {folder}: name the one with your recordings.")
    sounds, passed_over = [], []
    for path in audio_files(folder):
        try:
            sound = load_sound(path)
        except AudioError as error:
            passed_over.append(str(error))
            continue
        if len(sound) < SHORTEST_S * SAMPLE_RATE:
            passed_over.append(f"{path.name} is too short to hold a word.")
        elif float(np.sqrt(np.square(sound).mean())) < QUIETEST:
            passed_over.append(f"{path.name} is silent.")
        elif len(trimmed(sound)) > LONGEST_S * SAMPLE_RATE:
            passed_over.append(f"{path.name} is too long: record the word alone.")
        else:
            sounds.append(sound)
    if not sounds:
        reason = passed_over[0] if passed_over else "it holds no audio file."
        raise ValueError(f"No recording in {folder} can be used: {reason}")
    return sounds, passed_over


def _takes(asked: OwnWord, word: str, folder: Path, progress: Progress) -> list[Take]:
    engines = find_engines()
    ways = list(asked.pronunciations) or pronunciations_of(word, asked.language)
    plan = plan_takes(ways, engines, asked.language, folder, asked.config.takes, asked.config.seed)
    return make_takes(plan, engines, progress).takes


def _material(
    asked: OwnWord,
    takes: Sequence[Take],
    recordings: Sequence[Sound],
    talk: Talk,
    folder: Path,
    progress: Progress,
) -> tuple[Material, list[Sequences], str]:
    """What the heads are trained on, what is kept back to measure on, and a digest of both."""
    config = asked.config
    sounds = [load_sound(take.path) for take in takes]
    name = _digest([VERSION, BODY_SHA256, config.seed, asked.word], [*sounds, *recordings])
    of_heads = _digest([name, asdict(config)], [talk.mean, *(stream.embeddings[::50] for stream in talk.streams)])
    by_voice = np.array([any(_is_kept_back(part) for part in take.voice.split("+")) for take in takes], bool)
    several = len(recordings) >= FEWEST_TO_KEEP_BACK
    every = round(100 / KEPT_BACK_PERCENT)
    by_number = np.array([several and number % every == every - 1 for number in range(len(recordings))], bool)

    def made(kind: str, some: Sequence[Sound], copies: int, seed: int) -> Sequences:
        path = folder / f"{kind}-{name}-{copies}.npz"
        if not path.is_file():
            speech = _other_speech(asked, folder)
            body = WholeStreams(load_body(BODY_SHA256))
            found = make_sequences(
                some, copies, made_surroundings(speech), body, seed, progress, f"sequences of {kind}"
            )
            with written_whole(path) as part, part.open("wb") as file:
                np.savez(file, **vars(found))
        with np.load(path) as saved:
            return Sequences(saved["embeddings"], saved["ends_s"], saved["takes"])

    words: list[tuple[Sequences, float]] = []
    kept_back: list[Sequences] = []
    count = len(recordings)
    for kind, some, is_kept, most, total, weight in (
        ("takes", sounds, by_voice, 12, config.sequences, 1.0),
        (
            "recordings",
            recordings,
            by_number,
            config.recording_copies,
            config.recording_sequences,
            count / (20 + count),
        ),
    ):
        if not some:
            continue
        copies = max(2, min(most, round(total / len(some))))
        sequences = made(kind, some, copies, config.seed + len(kind))
        kept = is_kept[sequences.takes]
        words.append((sequences.of(~kept), weight if len(takes) else 1.0))
        kept_back.append(sequences.of(kept))
    return Material(words, talk), kept_back, of_heads


def _digest(settings: list[Any], arrays: Sequence[NDArray[np.float32]]) -> str:
    """A short name of settings and numbers: the same for the same."""
    digest = hashlib.sha256(json.dumps(settings).encode())
    for array in arrays:
        digest.update(np.ascontiguousarray(array).tobytes())
    return digest.hexdigest()[:16]


def _is_kept_back(voice: str) -> bool:
    return hash_percent(voice) < KEPT_BACK_PERCENT


def _other_speech(asked: OwnWord, folder: Path) -> list[Sound]:
    """Some passages in which the word is not said; none where espeak-ng is missing."""
    try:
        said = passages("training", asked.word, asked.config.seed)
        return [next(said)[1] for _ in range(PASSAGES)]
    except OSError as error:
        log.warning("Nothing is said around the word: %s", error)
        return []


def _heads(material: Material, config: OwnWordConfig, digest: str, folder: Path, progress: Progress) -> list[Head]:
    heads = []
    for number in range(config.heads):
        path = folder / f"head{number}-{digest}.pt"
        if path.is_file():
            head = Head(config.head)
            head.load_state_dict(torch.load(path, weights_only=True))
            heads.append(head.eval())
            continue
        head = train_head(material, config.head, config.seed + number, progress, f"head {number + 1}")
        with written_whole(path) as part:
            torch.save(head.state_dict(), part)
        heads.append(head)
    return heads


def curve_offsets() -> NDArray[np.float64]:
    """Distances from the threshold, in margins, at which the curve is stated: closer together near it."""
    return np.unique(np.round(np.concatenate([np.arange(-6.0, 6.01, 0.5), np.arange(-2.0, 2.01, 0.1)]), 3))


def _about(
    asked: OwnWord, measured: Measured, threshold: float, takes: dict[str, int], recordings: int, talk: Talk
) -> dict[str, Any]:
    """The card's figures, settings and data."""
    about_data: dict[str, Any] = {
        "description": f"{sum(takes.values())} takes by voices, {recordings} recordings, "
        f"{talk.hours('training'):.1f} h of talk as embeddings",
        "voices": takes,
        "recordings": recordings,
        "licence": "the talk's: CC BY 4.0, CC0, Apache-2.0, public domain",
        "credit": "models/README.md",
    }
    training = {"own_word": asdict(asked.config), "language": asked.language}
    figures: dict[str, Any] = {}
    if len(measured.word):
        missed, alarms = measured.missed(threshold), measured.alarms(threshold)
        about_data["measured"] = {
            "missed": missed,
            "words": len(measured.word),
            "missed_interval": [round(x, 4) for x in wilson_interval(missed, len(measured.word))],
            "false_alarms": alarms,
            "hours": round(measured.hours, 2),
            "fa_per_hour_interval": [round(x, 3) for x in poisson_interval(alarms, measured.hours)],
        }
        offsets = curve_offsets()
        figures[CURVE_FIELD] = {
            "split": "validation",
            "points": [
                [round(float(1 / (1 + np.exp(-offset))), 6), measured.missed(margin), *[measured.alarms(margin)] * 2]
                for offset, margin in zip(offsets, threshold + offsets, strict=True)
            ],
            "keywords": len(measured.word),
            "speech_hours": round(measured.hours, 3),
            "hours": round(measured.hours, 3),
            "smoothing_steps": 1,
            "patience_steps": 1,
            "refractory_s": 1.0,
        }
    return {"figures": figures, "training": training, "data": about_data}
