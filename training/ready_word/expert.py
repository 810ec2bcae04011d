"""Makes the expert of a word that ships, from recordings of many people, and measures it on other people.

The recordings have sets. Training and validation recordings make the expert; test recordings only measure it.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from kws_app.engine.card import CURVE_FIELD
from kws_app.engine.expert_file import ExpertSettings, unpack_head
from kws_app.engine.index import PROGRAM_SUFFIX
from kws_app.engine.model_file import MODEL_SUFFIX, read_model_file, write_model_file
from kws_app.engine.speech_body import BODY_SHA256, load_body
from training.config import DataConfig
from training.corpus.recordings import clips_of
from training.corpus.synthetic_speech import SPEECH_FOLDER
from training.export.artifact import save_program, update_index
from training.network.speech_embedding import WholeStreams
from training.own_word.compare import Trained, read_trained
from training.own_word.export import program_of
from training.own_word.heads import HeadConfig
from training.own_word.lesson_sequences import Ear
from training.own_word.make import ROLE, OwnWord, OwnWordConfig, curve_offsets, folder_of, own_word
from training.own_word.measure import lasting, mean_margins, peaks_of
from training.own_word.sequences import Surroundings
from training.own_word.talk_embeddings import Talk, read_talk
from training.own_word.unheard import Embeddings, Unheard, unheard
from training.progress import SILENT, Progress
from training.ready_word.ready_config import ready_data
from training.ready_word.recorded_surroundings import recorded_surroundings
from training.ready_word.talk import SETS, TALK_FOLDER, talk_sources, talk_streams
from training.ready_word.word_sounds import linked

FEWEST = 20  # recordings for the making, and for the test
TALK = (
    "acted dialogue, spoken commands, readers, telephone announcements, read sentences; no speaker of it was trained on"
)
READY = OwnWordConfig(recording_sequences=7000, head=HeadConfig(steps=2000))  # many people say the word
RATES = (0.1, 0.5, 2.0)  # false alarms an hour at which misses are stated
ON_PEOPLE = "measured_on_people"  # field of a card's `data`


@dataclass(frozen=True)
class OnPeople:
    """What an expert misses of recordings that it never heard, and its false alarms on talk, by threshold."""

    words: NDArray[np.float64]  # the highest margin of each recording
    noisy: NDArray[np.float64]  # the same in noise
    talk: NDArray[np.float64]  # peaks, the highest first
    hours: float
    threshold: float  # a margin

    def missed(self, threshold: float) -> int:
        return int((self.words < threshold).sum())

    def missed_in_noise(self, threshold: float) -> int:
        return int((self.noisy < threshold).sum())

    def alarms(self, threshold: float) -> int:
        return int((self.talk >= threshold).sum())

    def threshold_at(self, fa_per_hour: float) -> float:
        """The lowest margin at which the rate of false alarms is at most this: above the first peak too many."""
        allowed = int(fa_per_hour * self.hours + 1e-9)
        return float(np.nextafter(self.talk[allowed], np.inf)) if allowed < len(self.talk) else -np.inf

    def for_card(self) -> dict[str, Any]:
        """The counts at the expert's own threshold, and the misses at some rates of false alarms."""
        at = self.threshold
        thresholds = {f"{rate:g}": self.threshold_at(rate) for rate in RATES}
        return {
            "talk_hours": round(self.hours, 1),
            "talk": TALK,
            "words": len(self.words),
            "missed": self.missed(at),
            "missed_10_db": self.missed_in_noise(at),
            "false_alarms": self.alarms(at),
            "missed_at": {rate: self.missed(threshold) for rate, threshold in thresholds.items()},
            "missed_at_10_db": {rate: self.missed_in_noise(threshold) for rate, threshold in thresholds.items()},
        }

    def describe(self, word: str) -> str:
        """The counts at the expert's own threshold, and the misses at some rates, in sentences."""
        at, words = self.threshold, len(self.words)
        rates = ", ".join(f"{self.missed(self.threshold_at(rate))} at {rate:g}" for rate in RATES)
        heard = f"In {self.hours:.1f} h of talk it gave {self.alarms(at)} false alarms."
        return (
            f"{word}: of {words} recordings that it had not heard, the expert missed {self.missed(at)}, and "
            f"{self.missed_in_noise(at)} in noise. {heard} "
            f"At thresholds for fixed rates of false alarms an hour it missed {rates}."
        )


def make_expert(
    word: str,
    data: Path,
    work: Path,
    models: Path,
    config: OwnWordConfig = READY,
    progress: Progress = SILENT,
    voices_only: bool = False,
) -> OnPeople:
    """Make <models>/<word>/expert from the recordings of the training and validation sets, and measure it.

    voices_only: only voices teach the word, and all recordings of people measure the expert
    raises ValueError with a sentence if recordings, talk or noise are missing; otherwise as `own_word`
    """
    keyword = folder_of(word, "en")
    by_set = [(clip.split, clip.path) for clip in clips_of(data, keyword, with_sets=not voices_only)]
    given = [path for split, path in by_set if split in SETS and not voices_only]
    test = [path for split, path in by_set if split == "testing" or voices_only]
    if voices_only and len(test) < FEWEST:
        raise ValueError(f"{word!r} has {len(test)} recordings to test with, and needs {FEWEST}.")
    if not voices_only and min(len(given), len(test)) < FEWEST:
        raise ValueError(
            f"{word!r} has {len(given)} recordings to learn from and {len(test)} to test with, and needs {FEWEST} of "
            "each: use `own-word` instead."
        )
    folders = (linked(given, work / "own_word" / keyword / "given"),) if given else ()
    around = recorded_surroundings(data, ready_data(keyword))
    path = learnt_among_recordings(OwnWord(word, folders, config=config), data, work, models, around, progress)
    found = measure(read_trained(path), keyword, unheard(data, {keyword: test}, work / "unheard", progress))
    write_figures(path, found)
    return found


def learnt_among_recordings(
    asked: OwnWord, data: Path, work: Path, models: Path, around: Surroundings, progress: Progress = SILENT
) -> Path:
    """Make an expert whose words lie in recorded rooms, noises and talk, and whose talk is all talk there is.

    All talk for validation sets the threshold: that which ships, and that of the data folder. Returns the model file.
    around: the rooms, noises and talk
    """
    audio = ready_data(folder_of(asked.word, asked.language))
    talk = all_talk(data, audio, work / TALK_FOLDER, progress)
    return own_word(asked, work, models, progress, talk, around).path


def all_talk(data: Path, audio: DataConfig, folder: Path, progress: Progress = SILENT) -> Talk:
    """The talk that ships and that of the data folder, which has more of some sources. folder: keeps its embeddings

    A source that ships is left out if the data folder names recordings of it that say the word (DataConfig.exclude).
    raises ValueError if the data folder has no talk, StageStoppedError if the user stops it
    """
    saying = [path for name in audio.exclude for path in data.glob(f"*/*/{name}.*")]
    says = {f"{path.parent.parent.name}/{path.parent.name}" for path in saying}
    shipped = read_talk()
    streams = [stream for stream in shipped.streams if stream.source not in says]
    known = {stream.source for stream in streams}
    ear = Ear(WholeStreams(load_body(BODY_SHA256)))
    for split in SETS:
        sources = talk_sources(data, audio, split)
        if split == "validation":  # it sets the threshold: people's talk, each recording once
            sources = [source for source in sources if source.name not in known | {SPEECH_FOLDER}]
        streams += talk_streams(sources, split, ear, folder, progress)
    return replace(shipped, streams=tuple(streams))


def measure(trained: Trained, word: str, sounds: Unheard) -> OnPeople:
    """Play the test recordings of a word, and the talk, to an expert."""

    def heard(embeddings: Embeddings) -> NDArray[np.float64]:
        scaled = ((embeddings - trained.mean) / trained.std).astype(np.float32)
        return lasting(mean_margins(trained.heads, scaled), trained.patience_steps)

    def highest(recordings: Sequence[Embeddings]) -> NDArray[np.float64]:
        return np.array([heard(one).max() for one in recordings])

    talk = -np.sort(-np.concatenate([peaks_of(heard(stream)) for stream in sounds.talk]))
    return OnPeople(highest(sounds.quiet[word]), highest(sounds.noisy[word]), talk, sounds.hours, trained.threshold)


def write_figures(path: Path, found: OnPeople) -> None:
    """Write the curve and the counts into the cards of both files of an expert."""
    file = read_model_file(path)
    settings = ExpertSettings.from_card(file.card.network)
    decision = file.card.decision_config()
    at = found.threshold
    curve = {
        "split": "testing",
        "points": [
            [round(float(1 / (1 + np.exp(-offset))), 6), found.missed(at + offset), *[found.alarms(at + offset)] * 2]
            for offset in curve_offsets()
        ],
        "keywords": len(found.words),
        "speech_hours": round(found.hours, 3),
        "hours": round(found.hours, 3),
        "smoothing_steps": decision.smoothing_steps,
        "patience_steps": decision.patience_steps,
        "refractory_s": decision.refractory_s,
    }
    data = {name: value for name, value in file.card.data.items() if name != "measured"} | {ON_PEOPLE: found.for_card()}
    program = program_of(settings, unpack_head(settings, file.tensors))
    card = replace(file.card, figures=dict(file.card.figures) | {CURVE_FIELD: curve}, data=data)
    save_program(program, card, path.with_suffix(PROGRAM_SUFFIX))
    write_model_file(path, card, file.tensors)
    update_index(path.parent.parent)


def measure_again(
    word: str, sets: Sequence[str], data: Path, work: Path, models: Path, progress: Progress = SILENT
) -> OnPeople:
    """Measure the expert that is there on the recordings of some sets, and write the figures into its cards.

    sets: those that it was not trained on
    raises ModelError if there is no expert, ValueError if there are no recordings
    """
    keyword = folder_of(word, "en")
    path = models / keyword / f"{ROLE}{MODEL_SUFFIX}"
    trained = read_trained(path)
    test = [clip.path for clip in clips_of(data, keyword) if clip.split in sets]
    found = measure(trained, keyword, unheard(data, {keyword: test}, work / "unheard", progress))
    write_figures(path, found)
    return found
