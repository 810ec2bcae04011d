"""The streams of a set: their material gathered, composed, played under each condition, and their figures."""

from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from kws_app.detection.cascade import NO_DECISION, Cascade
from kws_app.engine.decision_config import DecisionConfig
from kws_app.engine.keyword_model import KeywordModel
from training.config import DataConfig
from training.corpus.recordings import audio_files, read_clips, read_recordings, says_keyword
from training.corpus.synthetic_speech import SPEECH_FOLDER, stored_passages
from training.evaluate.figures import CardCurve, Figures, StreamFigures
from training.evaluate.hits_and_alarms import StreamScores
from training.evaluate.metrics import rounded
from training.evaluate.stream_plan import SYNTHETIC_SHARE, Material, Stream, plan_stream
from training.evaluate.stream_render import CONDITIONS, Condition, Renderer
from training.evaluate.stream_replay import (
    Listener,
    card_curve,
    listener,
    score_sentences,
    score_stream,
    stream_figures,
)
from training.evaluate.tune_decision import Tuned, tune
from training.features.vary import load_rooms
from training.progress import SILENT, Progress

HOURS = 20.0  # of a clean stream
WHOLE = ("clean", "noise 10 dB")  # conditions with all of the hours
FILLED = 0.1  # under the others: this share of the sound that is no real speech
IN_CONTEXT, NEAR = "more_speech/keyword_in_context", "more_speech/near_keyword"


@dataclass(frozen=True)
class Request:
    """What is to be scored, and how."""

    config: DecisionConfig
    step_samples: int
    conditions: tuple[Condition, ...] = CONDITIONS[:1]
    hours: float = HOURS
    seed: int = 0
    cache: Path | None = None  # for synthetic speech that is made to be scored on
    filled: bool = True  # with synthetic speech and sounds


@dataclass(frozen=True)
class Played:
    """A stream and what a detector made of it."""

    stream: Stream
    scores: StreamScores
    second_awake: float | None = None  # of a pair: the share of the time in which the second model listens


def material_of(root: Path, data: DataConfig, split: str, request: Request) -> Material:
    """The recordings of a set: speech, keywords, other words, synthetic speech and noises.

    Where there is a cache and espeak-ng, passages in the set's voices are made until synthetic speech has its share.
    """
    folders = [root / name for name in (data.clips, *data.more_clips)]
    clips = [c for folder in folders if folder.is_dir() for c in read_clips(folder) if c.split == split]
    synthetic = [r for r in read_recordings(root, (SPEECH_FOLDER,), data) if r.split == split]
    speech = [r for r in read_recordings(root, data.speech, data) if r.split == split]
    made = []
    if request.cache is not None:
        folder = request.cache / f"passages-{data.keyword}-{split}"
        made = stored_passages(folder, split, data.keyword, request.hours * SYNTHETIC_SHARE)
    return Material(
        talk=[r.path for r in speech if r.path.parent.name != SPEECH_FOLDER],
        keywords=[clip.path for clip in clips if clip.word == data.keyword],
        words=[clip.path for clip in clips if clip.word != data.keyword],
        synthetic=[r.path for r in synthetic] + made,
        noises=[r.path for r in read_recordings(root, data.noise, data) if r.split == split],
    )


def sentences_of(root: Path, data: DataConfig) -> dict[str, list[Path]]:
    """Recordings that say the keyword in running speech, and others that say what sounds like it: stated apart."""
    spoken = says_keyword(root, data)
    saying = [path for path in _files(root / IN_CONTEXT) if f"{path.parent.name}/{path.stem}" in spoken]
    near = _files(root / NEAR) if saying else []
    return {name: paths for name, paths in (("keyword in running speech", saying), ("near keyword", near)) if paths}


def _files(folder: Path) -> list[Path]:
    return audio_files(folder) if folder.is_dir() else []


def play(
    make_listener: Callable[[], Listener],
    material: Material,
    rooms: list[Any],
    request: Request,
    progress: Progress = SILENT,
) -> dict[str, Played]:
    """Each condition's stream and the posteriors that it gave."""
    played = {}
    for condition in request.conditions:
        filled = 1.0 if condition.name in WHOLE else FILLED
        stream = plan_stream(material, request.seed, request.hours, filled if request.filled else 0.0)
        renderer = Renderer(condition, material.noises, rooms, request.seed)
        detector = make_listener()
        scores = score_stream(detector, renderer, stream, progress)
        awake = rounded(detector.confirmed_frames / detector.heard_frames) if isinstance(detector, Cascade) else None
        played[condition.name] = Played(stream, scores, awake)
    return played


def figures_of(played: dict[str, Played], request: Request) -> dict[str, StreamFigures]:
    """Figures by condition."""
    return {
        name: stream_figures(p.scores, request.config, request.step_samples, p.stream, p.second_awake)
        for name, p in played.items()
    }


def curve_of(played: dict[str, Played], request: Request, split: str) -> CardCurve:
    """The operating curve on clean sound, for the card."""
    return card_curve(played[CONDITIONS[0].name].scores, request.config, request.step_samples, split)


def score_talk(model: KeywordModel, files: list[Path], request: Request, progress: Progress = SILENT) -> Figures:
    """Figures of speech that is not said to hold a keyword, all of it, and nothing else."""
    whole = replace(request, hours=float("inf"), filled=False, conditions=CONDITIONS[:1])
    played = play(lambda: listener(model), Material(files), [], whole, progress)
    return Figures(streams={"given": figures_of(played, request)})


def score_sets(
    model: KeywordModel, root: Path, data: DataConfig, splits: list[str], request: Request, progress: Progress = SILENT
) -> Figures:
    """Figures of the streams of each set, the operating curve of the last, and the sentences that are stated apart."""
    rooms = rooms_for(root, data, request.conditions)
    streams = {}
    for split in splits:
        played = play(lambda: listener(model), material_of(root, data, split, request), rooms, request, progress)
        streams[split] = figures_of(played, request)
        curve = curve_of(played, request, split)
    sentences = {
        name: score_sentences(model, paths, request.config) for name, paths in sentences_of(root, data).items()
    }
    return Figures(streams=streams, curve=curve, sentences=sentences)


def score_cascade(
    first: KeywordModel,
    second: KeywordModel,
    stir: float,
    root: Path,
    data: DataConfig,
    split: str,
    request: Request,
    progress: Progress = SILENT,
) -> Figures:
    """Figures of two models in a cascade, decided as the request says, and the share of time that the second hears."""

    def both() -> Cascade:
        return Cascade(first, second, NO_DECISION, stir)

    rooms = rooms_for(root, data, request.conditions)
    played = play(both, material_of(root, data, split, request), rooms, request, progress)
    return Figures(streams={split: figures_of(played, request)}, curve=curve_of(played, request, split))


def tune_on_validation(
    model: KeywordModel, root: Path, data: DataConfig, request: Request, progress: Progress = SILENT
) -> list[Tuned]:
    """Smoothing and patience by what they give on the validation set, the best first."""
    rooms = rooms_for(root, data, request.conditions)
    played = play(lambda: listener(model), material_of(root, data, "validation", request), rooms, request, progress)
    return tune([one.scores for one in played.values()], request.config, request.step_samples)


def rooms_for(root: Path, data: DataConfig, conditions: tuple[Condition, ...]) -> list[Any]:
    """Impulse responses, if some condition wants them."""
    return load_rooms(root, data) if any(condition.in_room for condition in conditions) else []
