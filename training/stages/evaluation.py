"""The stages that measure a model file, or a pair of them, through the app's own detector. training/evaluate counts."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from kws_app.detection.cascade import STIR
from kws_app.engine.card import ModelCard
from kws_app.engine.catalogue import find_model
from kws_app.engine.index import PROGRAM_SUFFIX
from kws_app.engine.keyword_model import KeywordModel
from kws_app.engine.model_file import MODEL_SUFFIX
from kws_app.engine.pairs import card_of_pair, with_pair
from training.config import DataConfig, RunConfig
from training.corpus.recordings import SPLITS, audio_files_below, read_clips
from training.evaluate import test_sets
from training.evaluate.as_text import as_text
from training.evaluate.clips import score_clips
from training.evaluate.figures import Figures
from training.evaluate.segments import ALONE, Heard, Workers
from training.evaluate.stream_render import CONDITION_SETS, CONDITIONS, Condition
from training.evaluate.tune_decision import as_row
from training.export.artifact import data_config, update_card
from training.progress import SILENT, Progress
from training.recipes import for_keyword
from training.stages.places import Places


@dataclass(frozen=True)
class Evaluating:
    """Which model is scored on what."""

    model: str  # keyword/role, or a model file
    split: str = "validation"  # or "all"
    clips: Path | None = None  # a folder in Speech Commands' layout, in place of the keyword's own
    stream: bool = False  # also on streams of the split
    talk: tuple[Path, ...] = ()  # folders of speech without the keyword
    conditions: tuple[str, ...] = ("clean",)  # names of CONDITION_SETS, or of single conditions
    hours: float = test_sets.HOURS  # of a stream
    seed: int = 0  # of a stream's composition
    threshold: float | None = None  # by default the model's own
    write_card: bool = False  # keep the figures in the model's card
    workers: Workers = ALONE  # who share the streams

    def __post_init__(self) -> None:
        if self.split not in (*SPLITS, "all"):
            raise ValueError(f"split must be one of {', '.join(SPLITS)} or all, got {self.split!r}")
        for name in self.conditions:
            if name not in CONDITION_SETS and name not in CONDITION_SETS["all"]:
                known = ", ".join([*CONDITION_SETS, *map(repr, CONDITION_SETS["all"])])
                raise ValueError(f"There is no condition {name!r}. There are {known}.")
        if not self.hours > 0:
            raise ValueError(f"hours must be above 0, got {self.hours:g}")
        if self.write_card and self.threshold is not None:
            raise ValueError(
                "A card keeps figures at the model's own threshold only: leave --threshold or --write-card out."
            )

    @property
    def stream_splits(self) -> list[str]:
        """The sets whose streams are played: "all" leaves the training set out."""
        return ["validation", "testing"] if self.split == "all" else [self.split]

    @property
    def talk_files(self) -> list[Path]:
        """The recordings in the folders of talk."""
        return [file for folder in self.talk for file in audio_files_below(folder)]

    @property
    def played(self) -> tuple[Condition, ...]:
        """The conditions under which streams are played, each once, in the order of CONDITIONS."""
        wanted = {one for name in self.conditions for one in CONDITION_SETS.get(name, (name,))}
        return tuple(condition for condition in CONDITIONS if condition.name in wanted)


@dataclass(frozen=True)
class Evaluation:
    """Figures of a model or a pair."""

    model: str  # as it was asked for
    keyword: str
    figures: Figures

    def to_json(self) -> dict[str, Any]:
        """The figures as one JSON object."""
        return {"model": self.model, "keyword": self.keyword} | self.figures.to_json()

    def as_text(self) -> str:
        """The figures for a person to read."""
        return f"{self.model}, keyword {self.keyword!r}\n{as_text(self.figures)}"


def evaluate(places: Places, asked: Evaluating, progress: Progress = SILENT) -> Evaluation:
    """Score a model file on clips, and on streams or talk if asked."""
    path, model = _load(places, asked.model)
    heard = Heard(path)
    data = _data_of(model.card)
    request = _request(places, asked, model.card)
    figures = Figures()
    if asked.clips is not None or not asked.talk:
        wanted = SPLITS if asked.split == "all" else (asked.split,)
        clips = [c for c in read_clips(asked.clips or places.data / data.clips) if c.split in wanted]
        figures = score_clips(model, clips, model.card.keyword, progress)
    if asked.talk:
        figures = replace(figures, streams=test_sets.score_talk(heard, asked.talk_files, request, progress).streams)
    elif asked.stream:
        found = test_sets.score_sets(heard, places.data, data, asked.stream_splits, request, progress)
        apart = test_sets.score_apart(model, places.data, data, request)
        figures = replace(figures, streams=found.streams, curve=found.curve, sentences=apart)
    if asked.write_card:
        update_card(path, figures.to_json())
    if asked.stream or asked.talk:  # single clips leave the scores of an unfinished stream alone
        request.forget_scores(heard)
    return Evaluation(asked.model, model.card.keyword, figures)


def tune(places: Places, asked: Evaluating, progress: Progress = SILENT) -> Evaluation:
    """Try smoothing, patience and threshold on the streams of the validation set. `write_card` keeps the best."""
    path, model = _load(places, asked.model)
    request = _request(places, asked, model.card)
    data = _data_of(model.card)
    tried = test_sets.tune_on_validation(Heard(path), places.data, data, request, progress)
    figures = Figures(tuning=tuple(as_row(tuned) for tuned in tried))
    if asked.write_card:
        update_card(path, figures.to_json(), tried[0].config if tried else None)
    return Evaluation(asked.model, model.card.keyword, figures)


def evaluate_pair(
    places: Places, asked: Evaluating, second: str, stir: float = STIR, progress: Progress = SILENT
) -> Evaluation:
    """Score two models on streams: the first model listens, the second model confirms.

    stir: the score of the first model that wakes the second
    """
    check_pair(asked, stir)
    path, model = _load(places, asked.model)
    second_path, confirming = _load(places, second)
    heard = Heard(path, second_path, stir)
    request = _request(places, asked, card_of_pair(model.card, confirming.card))
    data = _data_of(model.card)
    figures = test_sets.score_sets(heard, places.data, data, [asked.split], request, progress)
    if asked.write_card:
        update_card(path, with_pair(model.card, confirming.card, figures.to_json()))
    request.forget_scores(heard)
    return Evaluation(f"{asked.model} confirmed by {second}", model.card.keyword, figures)


def play_ahead(
    places: Places,
    models: Sequence[str],
    asked: Evaluating,
    second: str | None = None,
    stir: float = STIR,
    progress: Progress = SILENT,
) -> None:
    """Play talk, or else the streams of a set, once to several models of a word, which then find their scores kept.

    asked: its `model` is not used
    second: a model that confirms what each of the models hears
    raises ValueError if the models are of several words; talk has no word, so it may be played to them
    """
    if second is not None:
        check_pair(asked, stir)
    confirming = None if second is None else _load(places, second)[0]
    loaded = [_load(places, name) for name in models]
    words = sorted({model.card.keyword for _, model in loaded})
    if len(words) > 1 and not asked.talk:
        raise ValueError(f"Models that are measured together listen for the same word, got {' and '.join(words)}.")
    card = loaded[0][1].card
    heard = [Heard(path) if confirming is None else Heard(path, confirming, stir) for path, _ in loaded]
    request = _request(places, asked, card)
    if asked.talk:
        test_sets.play_talk_ahead(heard, asked.talk_files, request, progress)
    else:
        test_sets.play_ahead(heard, places.data, _data_of(card), asked.stream_splits, request, progress)


def check_pair(asked: Evaluating, stir: float) -> None:
    """Refuse options that a pair cannot have.

    raises ValueError if an option has no effect on a pair, or if a card would keep figures that the app never gives
    """
    if asked.clips or asked.talk or asked.split == "all":
        raise ValueError(
            "--cascade is scored on the streams of one set: leave --clips, --talk, --tune and --split all out."
        )
    if asked.write_card and (stir != STIR or asked.split != "testing"):
        raise ValueError(
            f"A card keeps the figures of a pair as the app runs it, at --stir {STIR:g} --split testing, "
            f"got --stir {stir:g} --split {asked.split}: leave --write-card out."
        )


def _load(places: Places, name: str) -> tuple[Path, KeywordModel]:
    """The file and the model of a name such as happy/teacher, or of a path to a model file."""
    path = Path(name)
    if path.suffix not in (MODEL_SUFFIX, PROGRAM_SUFFIX):
        path = find_model(name, places.models).path
    return path, KeywordModel.load(path)


def _data_of(card: ModelCard) -> DataConfig:
    """The audio that a model is measured on: as its card says, or as the recipe of its word says (experts)."""
    if "data" in card.training:
        return data_config(card.training)
    return for_keyword(RunConfig(), card.keyword).data


def _request(places: Places, asked: Evaluating, card: ModelCard) -> test_sets.Request:
    """What is asked of streams, for the model or the pair that the card describes."""
    config = card.decision_config(asked.threshold)
    return test_sets.Request(
        config, card.step_samples, asked.played, asked.hours, asked.seed, places.cache, workers=asked.workers
    )
