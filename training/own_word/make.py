"""Makes the expert of a user's own word: takes by voices, recordings, heads, a threshold, and both model files.

The work folder keeps finished parts, under a digest of the sounds and settings that they were made from. So a run that
was cut goes on where it was, and ends with the same model.
"""

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
from kws_app.engine.model_file import MODEL_SUFFIX
from kws_app.engine.names import is_name
from training.atomic_file import written_whole
from training.corpus.foreign_speech import FOREIGN
from training.corpus.pronunciations import Pronunciation, check_word, pronunciations_of
from training.corpus.sound import load_sound
from training.corpus.takes import Take, make_takes, plan_takes
from training.corpus.voice_engines import find_engines
from training.digest import digest
from training.own_word.compare import Trained, Verdict, check_enough, compare, read_trained
from training.own_word.export import export_expert
from training.own_word.heads import Head, HeadConfig, train_head
from training.own_word.material import FEWEST_TO_KEEP_BACK, Amounts, Gathered, Sounds, gather, read_sounds
from training.own_word.measure import PATIENCE_STEPS, Measured, recommended_threshold, talk_peaks, word_peaks
from training.own_word.sequences import Surroundings
from training.own_word.talk_embeddings import Talk, read_talk
from training.own_word.undo import MADE_OF, keep_for_undo
from training.progress import SILENT, Progress

ROLE = "expert"


@dataclass(frozen=True)
class OwnWordConfig:
    """How much is made for a word."""

    takes: int | None = None  # takes by voices; None for takes.TAKES of each pronunciation
    sequences: int = 2000  # sequences of all takes, about
    recording_copies: int = 24  # sequences of each recording, at most
    recording_sequences: int = 1200  # sequences of all recordings, at most
    background_s: float = 900.0  # seconds of noise without the word
    heads: int = 3
    head: HeadConfig = field(default_factory=HeadConfig)
    seed: int = 0


QUICK = OwnWordConfig(
    takes=24, sequences=150, recording_copies=6, background_s=90.0, heads=1, head=HeadConfig(steps=150)
)


@dataclass(frozen=True)
class OwnWord:
    """The word to learn, and from which sounds."""

    word: str  # as the user types it
    recordings: tuple[Path, ...] = ()  # folders of recordings, the word once in each file
    voices: bool = True  # whether voices say the word too
    language: str = "en"
    pronunciations: tuple[Pronunciation, ...] = ()  # the user's choice; by default all common pronunciations
    config: OwnWordConfig = field(default_factory=OwnWordConfig)
    not_the_word: Path | None = None  # a folder of sounds that a model took for the word by mistake
    if_better: bool = False  # whether only a better model may replace the old model

    @property
    def compares(self) -> bool:
        """Whether the new model must be better than the old model."""
        return self.if_better or self.not_the_word is not None


@dataclass(frozen=True)
class Made:
    """The model of a word, and how good it is."""

    path: Path  # of the model file
    measured: Measured
    threshold: float  # a margin
    takes: dict[str, int]  # by engine
    recordings: int
    passed_over: tuple[str, ...]  # a sentence for each file that cannot be used
    verdict: Verdict | None = None  # the comparison of the new model with the old model, if there was one

    @property
    def replaced(self) -> bool:
        """Whether the new model was written."""
        return self.verdict is None or self.verdict.is_better

    def describe(self) -> str:
        """What to expect of the model, in sentences for a person."""
        if self.verdict is not None and not self.verdict.is_better:
            return f"{self.path}: the old model stays.\n{self.verdict.describe()}"
        lines = [f"{self.path}: made from {sum(self.takes.values())} takes by voices and {self.recordings} recordings."]
        alarms, hours = self.measured.alarms(self.threshold), self.measured.hours
        lines += self._expected()
        counted = f"{alarms} false alarm{'' if alarms == 1 else 's'}"
        lines.append(f"It gave {counted} in {hours:.1f} h of talk that it had not heard before.")
        if self.verdict is not None:
            lines.append(self.verdict.describe())
        return "\n".join(lines)

    def curve(self) -> list[tuple[float, float]]:
        """False alarms an hour and the share of misses, at thresholds around the recommended threshold."""
        return self.measured.rates(self.threshold)

    def _expected(self) -> list[str]:
        """How often the model misses other people, and the user."""
        missed, of_others = self.measured.missed(self.threshold), self.measured.missed_of_others(self.threshold)
        own, others = self.measured.recorded, len(self.measured.word) - self.measured.recorded
        lines = []
        if others:
            lines.append(
                f"Other people: it missed {of_others} of {others} sounds of the word, in rooms and noise, by voices "
                "that it had not heard before."
            )
        if own:
            lines.append(
                f"You: it missed {missed - of_others} of {own} sounds of the word, in rooms and noise, from recordings "
                "that it had not heard before."
            )
        elif self.recordings:
            lines.append(
                f"You: {self.recordings} recordings are too few to measure how often it misses you. Record the word "
                f"{FEWEST_TO_KEEP_BACK} times to know it."
            )
        return lines


def own_word(
    asked: OwnWord,
    work: Path,
    models: Path,
    progress: Progress = SILENT,
    talk: Talk | None = None,
    around: Surroundings | None = None,
) -> Made:
    """Make <models>/<word>/expert.safetensors and .pt.

    work: the folder that keeps takes and heads; talk: by default the talk that ships with the project; around: recorded
    rooms, noises and speech, if there are some
    raises ValueError with a sentence for a word or recordings that cannot be used, OSError if a voice or the disk
    fails, ModelError if the export differs, StageStoppedError if the user stops it
    """
    word = check_word(asked.word, asked.language)
    keyword = folder_of(asked.word, asked.language)
    if models.exists() and not models.is_dir():
        raise ValueError(f"{models} is a file: name a folder for the models.")
    recordings, passed_over = read_sounds(asked.recordings)
    mistakes, no_mistakes = read_sounds([asked.not_the_word] if asked.not_the_word else [])
    if not asked.voices and not recordings:
        raise ValueError("The word needs voices or recordings: record the word, or let voices say it.")
    folder = work / "own_word" / keyword
    folder.mkdir(parents=True, exist_ok=True)
    installed = models / keyword / f"{ROLE}{MODEL_SUFFIX}"
    old = read_trained(installed) if asked.compares and installed.is_file() else None
    if old is not None:
        check_enough(len(recordings), len(mistakes))
    takes = said_by_voices(asked, word, folder / "takes", progress) if asked.voices else []
    talk = without_word(talk or read_talk(), word, asked.language)
    voices = [take.voice for take in takes]
    sounds = Sounds([load_sound(t.path) for t in takes], voices, recordings, mistakes, compares=old is not None)
    config = asked.config
    amounts = Amounts(config.sequences, config.recording_copies, config.recording_sequences, config.background_s)
    found = gather(word, sounds, amounts, talk, config.seed, folder, progress, around)
    made_of = digest([found.name, asdict(config)], [talk.mean, *(stream.embeddings[::50] for stream in talk.streams)])
    heads = _heads(found, talk, made_of, config, folder, progress)
    progress.step("measuring", 0, 2)
    measured = _measured(heads, found, talk)
    threshold = recommended_threshold(measured, recorded=len(recordings) >= FEWEST_TO_KEEP_BACK)
    verdict = None
    if old is not None:
        verdict = compare(old, Trained(heads, talk.mean, talk.std, threshold), found, talk)
    progress.step("measuring", 1, 2)
    counts = {engine: sum(take.engine == engine for take in takes) for engine in {take.engine for take in takes}}
    if verdict is None or verdict.is_better:
        about = _about(asked, measured, threshold, counts, len(recordings), talk)
        about["training"][MADE_OF] = made_of
        keep_for_undo(installed, folder, made_of)
        scale = talk.mean, talk.std
        decision = DecisionConfig(0.5, patience_steps=PATIENCE_STEPS)
        export_expert(keyword, heads, scale, threshold, decision, models, about, ROLE)
    progress.tell("measuring", 2, 2, "")
    passed_over += no_mistakes
    return Made(installed, measured, threshold, counts, len(recordings), tuple(passed_over), verdict)


def folder_of(word: str, language: str) -> str:
    """The name of the word's folder of models. raises ValueError if the word cannot be a name"""
    keyword = check_word(word, language).replace(" ", "_")
    if not is_name(keyword):
        raise ValueError(f"'{word}' cannot be the name of a model: use only letters.")
    return keyword


def _measured(heads: Sequence[Head], found: Gathered, talk: Talk) -> Measured:
    """The peaks of the kept-back sounds and of the talk for validation."""
    peaks = [word_peaks(heads, talk, sequences) for sequences in found.words if len(sequences)]
    said = np.concatenate(peaks) if peaks else np.zeros(0)
    recorded = 0 if found.recorded is None else len(found.recorded)
    return Measured(talk_peaks(heads, talk, talk.of("validation")), talk.hours("validation"), said, recorded)


def without_word(talk: Talk, word: str, language: str = "en") -> Talk:
    """The talk without the streams that may hold the word: single words in it, and made speech in its language."""
    own = {f"words/{part}" for part in [word, word.replace(" ", "_"), *word.split()]}
    own.add(f"{FOREIGN}/{language.split('-')[0]}")
    return Talk(tuple(stream for stream in talk.streams if stream.source not in own), talk.mean, talk.std)


def said_by_voices(asked: OwnWord, word: str, folder: Path, progress: Progress) -> list[Take]:
    engines = find_engines()
    ways = list(asked.pronunciations) or pronunciations_of(word, asked.language)
    plan = plan_takes(ways, engines, asked.language, folder, asked.config.takes, asked.config.seed)
    return make_takes(plan, engines, progress).takes


def _heads(
    found: Gathered, talk: Talk, name: str, config: OwnWordConfig, folder: Path, progress: Progress
) -> list[Head]:
    heads: list[Head] = []
    for number in range(config.heads):
        path = folder / f"head{number}-{name}.pt"
        if path.is_file():
            head = Head(config.head)
            head.load_state_dict(torch.load(path, weights_only=True))
            heads.append(head.eval())
            continue
        head = train_head(found.material, config.head, config.seed + number, progress, f"head {number + 1}")
        with written_whole(path) as part:
            torch.save(head.state_dict(), part)
        heads.append(head)
        so_far = _measured([head], found, talk)
        progress.show_curve(so_far.rates(recommended_threshold(so_far)))
    return heads


def curve_offsets() -> NDArray[np.float64]:
    """The distances from the threshold, in margins, of the curve's points. They are closer together near it."""
    return np.unique(np.round(np.concatenate([np.arange(-6.0, 6.01, 0.5), np.arange(-2.0, 2.01, 0.1)]), 3))


def _about(
    asked: OwnWord, measured: Measured, threshold: float, takes: dict[str, int], recordings: int, talk: Talk
) -> dict[str, Any]:
    """The figures, settings and data for the card."""
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
            "patience_steps": PATIENCE_STEPS,
            "refractory_s": 1.0,
        }
    return {"figures": figures, "training": training, "data": about_data}
