"""Measures a model on a set: gathers the recordings, composes streams, plays them under each condition, counts."""

import shutil
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from kws_app.engine.decision_config import DecisionConfig
from kws_app.engine.keyword_model import KeywordModel
from training.config import DataConfig
from training.corpus.recordings import (
    Recording,
    audio_files,
    read_clips,
    read_recordings,
    says_keyword,
    without_phrases,
)
from training.corpus.sound import Sound
from training.corpus.synthetic_speech import SPEECH_FOLDER, stored_passages
from training.evaluate.figures import CardCurve, Figures, Fired, StreamFigures
from training.evaluate.hits_and_alarms import StreamScores
from training.evaluate.metrics import rounded
from training.evaluate.segments import ALONE, Heard, Surroundings, Workers, score_segments, score_together
from training.evaluate.stream_plan import SYNTHETIC_SHARE, Material, Stream, plan_stream
from training.evaluate.stream_render import CONDITIONS, Condition
from training.evaluate.stream_replay import card_curve, score_sentences, stream_figures
from training.evaluate.tune_decision import Tuned, tune
from training.features.vary import load_rooms
from training.progress import SILENT, Progress

HOURS = 20.0  # of a clean stream
WHOLE = ("clean", "noise 10 dB")  # conditions with all hours of sound
FILLED = 0.1  # the other conditions get only this share of the sound that is not real speech
IN_CONTEXT, NEAR = "more_speech/keyword_in_context", "more_speech/near_keyword"


@dataclass(frozen=True)
class Request:
    """The settings of a measurement on streams."""

    config: DecisionConfig
    step_samples: int
    conditions: tuple[Condition, ...] = CONDITIONS[:1]
    hours: float = HOURS
    seed: int = 0
    cache: Path | None = None  # keeps synthetic speech, and the scores of an unfinished evaluation
    filled: bool = True  # whether synthetic speech and generated sounds are added
    workers: Workers = ALONE

    def score_folder(self, heard: Heard) -> Path | None:
        """The folder that keeps the scores of an unfinished evaluation."""
        return None if self.cache is None else self.cache / "scores" / heard.name()

    def forget_scores(self, heard: Heard) -> None:
        """Remove the kept scores, after the evaluation is finished."""
        folder = self.score_folder(heard)
        if folder is not None:
            shutil.rmtree(folder, ignore_errors=True)


@dataclass(frozen=True)
class Played:
    """A stream and its scores."""

    stream: Stream
    scores: StreamScores
    second_awake: float | None = None  # for a pair, the share of the time in which the second model listens


def material_of(root: Path, data: DataConfig, split: str, request: Request) -> Material:
    """The recordings of a set: speech, keywords, other words, synthetic speech and noises.

    With a cache and espeak-ng, passages in the voices of the set are made until synthetic speech has its share.
    """
    folders = [root / name for name in (data.clips, *data.more_clips)]
    read = [c for folder in folders if folder.is_dir() for c in read_clips(folder) if c.split == split]
    clips = without_phrases(read, data.keyword)
    synthetic = [r for r in read_recordings(root, (SPEECH_FOLDER,), data) if r.split == split]
    speech = recordings_of(root, data.speech, data.test_speech, data, split)
    noises = recordings_of(root, data.noise, data.test_noise, data, split)
    if split == "testing":  # noises that training never hears, if there are any
        noises = read_recordings(root, data.test_noise, data) or noises
    made = []
    if request.cache is not None:
        folder = request.cache / f"passages-{data.keyword}-{split}"
        made = stored_passages(folder, split, data.keyword, request.hours * SYNTHETIC_SHARE)
    return Material(
        talk=[r.path for r in speech if r.path.parent.name != SPEECH_FOLDER],
        keywords=[clip.path for clip in clips if clip.word == data.keyword],
        words=[clip.path for clip in clips if clip.word != data.keyword],
        synthetic=[r.path for r in synthetic] + made,
        noises=[r.path for r in noises],
    )


def recordings_of(
    root: Path, patterns: tuple[str, ...], for_test: tuple[str, ...], data: DataConfig, split: str
) -> list[Recording]:
    """The recordings of a set. All files of a source for the test set belong to the test set."""
    held = read_recordings(root, for_test, data)
    paths = {recording.path for recording in held}
    shared = [r for r in read_recordings(root, patterns, data) if r.split == split and r.path not in paths]
    return shared + held if split == "testing" else shared


def sentences_of(root: Path, data: DataConfig) -> dict[str, list[Path]]:
    """Recordings of the keyword in running speech, and of similar words. Their figures are stated separately."""
    spoken = says_keyword(root, data)
    saying = [path for path in _files(root / IN_CONTEXT) if f"{path.parent.name}/{path.stem}" in spoken]
    near = _files(root / NEAR) if saying else []
    return {name: paths for name, paths in (("keyword in running speech", saying), ("near keyword", near)) if paths}


def _files(folder: Path) -> list[Path]:
    return audio_files(folder) if folder.is_dir() else []


def compositions(material: Material, rooms: list[Sound], request: Request) -> Iterator[tuple[Surroundings, Stream]]:
    """The stream of each condition, and what surrounds it."""
    for condition in request.conditions:
        filled = 1.0 if condition.name in WHOLE else FILLED
        stream = plan_stream(material, request.seed, request.hours, filled if request.filled else 0.0)
        yield Surroundings(condition, tuple(material.noises), tuple(rooms), request.seed), stream


def play(
    heard: Heard, material: Material, rooms: list[Sound], request: Request, progress: Progress = SILENT
) -> dict[str, Played]:
    """Play the stream of each condition. Returns the streams and their scores, by condition."""
    played, folder = {}, request.score_folder(heard)
    for around, stream in compositions(material, rooms, request):
        found = score_segments(heard, around, stream, folder, request.workers, progress)
        awake = rounded(found.second_frames / found.frames) if found.frames else None
        played[around.condition.name] = Played(stream, found.scores, awake)
    return played


def play_ahead(
    heard: Sequence[Heard],
    root: Path,
    data: DataConfig,
    splits: Sequence[str],
    request: Request,
    progress: Progress = SILENT,
) -> None:
    """Play the streams of each set once for all these models, and keep the scores for `score_sets` in the cache.

    heard: models and pairs of the same keyword
    """
    for split in splits:
        rooms = rooms_for(root, data, split, request.conditions)
        _play_together(heard, material_of(root, data, split, request), rooms, request, progress)


def play_talk_ahead(heard: Sequence[Heard], files: list[Path], request: Request, progress: Progress = SILENT) -> None:
    """Play talk once for all these models, and keep the scores for `score_talk` in the cache."""
    _play_together(heard, Material(files), [], _all_talk(request), progress)


def _play_together(
    heard: Sequence[Heard], material: Material, rooms: list[Sound], request: Request, progress: Progress
) -> None:
    folders = {one: request.score_folder(one) for one in heard}
    for around, stream in compositions(material, rooms, request):
        score_together(folders, around, stream, request.workers, progress)


def figures_of(played: dict[str, Played], request: Request) -> dict[str, StreamFigures]:
    """Figures by condition."""
    return {
        name: stream_figures(p.scores, request.config, request.step_samples, p.stream, p.second_awake)
        for name, p in played.items()
    }


def curve_of(played: dict[str, Played], request: Request, split: str) -> CardCurve | None:
    """The operating curve on clean sound, for a card; None if no clean sound was played."""
    clean = played.get(CONDITIONS[0].name)
    return card_curve(clean.scores, request.config, request.step_samples, split) if clean else None


def score_talk(heard: Heard, files: list[Path], request: Request, progress: Progress = SILENT) -> Figures:
    """The figures on speech that holds no keyword, as far as anybody knows. All of it is played."""
    played = play(heard, Material(files), [], _all_talk(request), progress)
    return Figures(streams={"given": figures_of(played, request)})


def _all_talk(request: Request) -> Request:
    """The request for all the talk and nothing else, in clean sound."""
    return replace(request, hours=float("inf"), filled=False, conditions=CONDITIONS[:1])


def score_sets(
    heard: Heard, root: Path, data: DataConfig, splits: list[str], request: Request, progress: Progress = SILENT
) -> Figures:
    """The figures on the streams of each set, and the operating curve of the last set."""
    streams = {}
    for split in splits:
        rooms = rooms_for(root, data, split, request.conditions)
        played = play(heard, material_of(root, data, split, request), rooms, request, progress)
        streams[split] = figures_of(played, request)
        curve = curve_of(played, request, split)
    return Figures(streams=streams, curve=curve)


def score_apart(model: KeywordModel, root: Path, data: DataConfig, request: Request) -> dict[str, Fired]:
    """The number of sentences with a detection, for the recordings of `sentences_of`."""
    return {name: score_sentences(model, paths, request.config) for name, paths in sentences_of(root, data).items()}


def tune_on_validation(
    heard: Heard, root: Path, data: DataConfig, request: Request, progress: Progress = SILENT
) -> list[Tuned]:
    """The best threshold for each smoothing and patience on the validation set, the best first."""
    rooms = rooms_for(root, data, "validation", request.conditions)
    played = play(heard, material_of(root, data, "validation", request), rooms, request, progress)
    return tune([one.scores for one in played.values()], request.config, request.step_samples)


def rooms_for(root: Path, data: DataConfig, split: str, conditions: tuple[Condition, ...]) -> list[Sound]:
    """Impulse responses, if a condition needs them. For the test set, rooms that training never hears."""
    if not any(condition.in_room for condition in conditions):
        return []
    held = load_rooms(root, data.test_rooms) if split == "testing" else []
    return held or load_rooms(root, data.rooms, without=data.test_rooms)
