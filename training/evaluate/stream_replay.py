"""Plays streams through the app's detector, faster than real time, and computes their figures."""

import logging
import time
from collections import defaultdict
from collections.abc import Iterator, Sequence
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from kws_app.detection.detector import Detector, FrameStream, widest_frontend
from kws_app.detection.intervals import wilson_interval
from kws_app.engine.decision_config import DecisionConfig
from kws_app.engine.frontend_config import SAMPLE_RATE
from kws_app.engine.keyword_model import KeywordModel
from training.corpus.sound import load_or_pass_over
from training.evaluate.figures import (
    AlarmRate,
    CardCurve,
    CardPoint,
    CurveRow,
    Fired,
    Interval,
    KindOfSound,
    MissedShare,
    Misses,
    StreamFigures,
)
from training.evaluate.hits_and_alarms import (
    THRESHOLDS,
    CurvePoint,
    Events,
    Occurrence,
    StreamScores,
    count_events,
    operating_curve,
)
from training.evaluate.metrics import OperatingPoint, fa_at_frr, frr_at_fa, rounded
from training.evaluate.stream_plan import PAUSE_S, Stream
from training.evaluate.stream_render import Rendered, Renderer
from training.evaluate.voices import GROUPS, voice_group
from training.progress import SILENT, Progress

log = logging.getLogger(__name__)

BLOCK_S = 20.0  # seconds played at once; larger blocks do not fit into the processor's cache
FRR_TARGETS = (0.05, 0.10)  # false reject rates at which false alarms are stated
FA_TARGETS = (0.1, 0.5, 1.0, 2.0, 5.0)  # false alarms an hour of real speech at which misses are stated
CARD_THRESHOLDS = THRESHOLDS[::2]  # of the operating curve in a card


def listener(model: KeywordModel) -> Detector:
    """A detector that gives the raw posteriors. hits_and_alarms.py smooths them when it counts events."""
    return Detector(model, DecisionConfig(threshold=1.0))


class Timeline:
    """Notes where the keywords and the kinds of sound are in a stream, while the stream is rendered."""

    def __init__(self) -> None:
        self.position = 0  # samples so far
        self.occurrences: list[Occurrence] = []
        self.kinds: list[str] = []
        self.kind_ends: list[int] = []
        self.samples: dict[str, int] = defaultdict(int)

    def add(self, rendered: Rendered) -> None:
        """Note the next part."""
        end = self.position + len(rendered.sound)
        if rendered.part.is_keyword:
            self.occurrences.append(Occurrence(self.position, end, self.position + rendered.word_end))
        else:
            self.samples[rendered.part.kind] += len(rendered.sound)
        self.kinds.append(rendered.part.kind)
        self.kind_ends.append(end)
        self.position = end

    def scores(self, scores: NDArray[np.float64], step_ends: NDArray[np.int64]) -> StreamScores:
        """The notes together with a detector's scores [S]. step_ends: [S], absolute samples"""
        return StreamScores(
            scores,
            step_ends,
            self.occurrences,
            self.kinds,
            np.array(self.kind_ends, dtype=np.int64),
            {kind: count / SAMPLE_RATE / 3600 for kind, count in self.samples.items()},
        )


def score_stream(
    detectors: Sequence[Detector], renderer: Renderer, stream: Stream, progress: Progress = SILENT
) -> list[StreamScores]:
    """Play a stream to some detectors in large blocks, and keep every posterior of each. They share the frames."""
    frames = FrameStream(widest_frontend(detectors))
    scores: list[list[NDArray[np.float32]]] = [[] for _ in detectors]
    ends: list[list[NDArray[np.int64]]] = [[] for _ in detectors]
    timeline = Timeline()
    begun = time.process_time()
    played, total = 0, len(stream.parts)
    for block in _blocks(renderer.render(stream.parts)):
        for rendered in block:
            timeline.add(rendered)
        log_mel = frames.process(np.concatenate([rendered.sound for rendered in block]))
        for detector, its_scores, its_ends in zip(detectors, scores, ends, strict=True):
            steps = detector.process_frames(log_mel)
            its_scores.append(steps.scores)
            its_ends.append(steps.step_ends)
        played += len(block)
        progress.step(f"stream, {renderer.condition.name}", played, total)
    taken = max(1e-9, time.process_time() - begun)
    hours = timeline.position / SAMPLE_RATE / 3600
    log.info("%s: %.2f h in %.0f s, %.0f x real time", renderer.condition.name, hours, taken, hours * 3600 / taken)
    return [
        timeline.scores(np.concatenate(each).astype(np.float64), np.concatenate(its_ends))
        for each, its_ends in zip(scores, ends, strict=True)
    ]


def _blocks(parts: Iterator[Rendered]) -> Iterator[list[Rendered]]:
    """Blocks of whole parts, each at least BLOCK_S long."""
    block: list[Rendered] = []
    length = 0
    for rendered in parts:
        block.append(rendered)
        length += len(rendered.sound)
        if length >= BLOCK_S * SAMPLE_RATE:
            yield block
            block, length = [], 0
    if block:
        yield block


def stream_figures(
    scores: StreamScores,
    config: DecisionConfig,
    step_samples: int,
    composition: Stream,
    second_awake: float | None = None,
) -> StreamFigures:
    """The figures of a stream: its composition, the rates at the threshold with intervals, and the curve.

    second_awake: for a pair, the share of the time in which the second model listens
    """
    events = count_events(scores, config, step_samples)
    curve = operating_curve(scores, config, step_samples)
    kinds = {}
    for kind, pieces in composition.pieces().items():
        count = sum(alarm.kind == kind for alarm in events.false_alarms)
        kinds[kind] = KindOfSound(pieces, AlarmRate.counted(count, scores.hours.get(kind, 0.0)))
    return StreamFigures(
        seed=composition.seed,
        composition=composition.digest(),
        threshold=rounded(config.threshold),
        alarms=AlarmRate.counted(len(events.false_alarms), scores.total_hours),
        speech=AlarmRate.counted(events.speech_alarms, scores.speech_hours),
        kinds=kinds,
        doubles=events.doubles,
        false_alarm_times_s=tuple(round(alarm.time_s, 2) for alarm in events.false_alarms),
        misses=_misses(scores, events, curve, composition) if scores.occurrences else None,
        curve=turning_points(curve, scores),
        second_awake=second_awake,
    )


def _misses(scores: StreamScores, events: Events, curve: list[CurvePoint], composition: Stream) -> Misses:
    """Misses and latency at the threshold, misses at FA_TARGETS, and alarms at FRR_TARGETS."""
    total = len(scores.occurrences)
    missed = total - events.hits
    low, high = wilson_interval(missed, total)
    latency = np.array(events.latencies_s)
    points, in_all = operating_points(curve, scores), operating_points(curve, scores, in_all=True)
    alarms = {f"{target:g}": fa_at_frr(points, target) for target in FRR_TARGETS}
    misses = {f"{target:g}": frr_at_fa(points, target) for target in FA_TARGETS}
    misses_in_all = {f"{target:g}": frr_at_fa(in_all, target) for target in FA_TARGETS}
    return Misses(
        keywords=total,
        missed=missed,
        frr=rounded(missed / total),
        interval=Interval(rounded(low), rounded(high)),
        latency_median_s=rounded(float(np.median(latency))) if len(latency) else None,
        latency_95th_s=rounded(float(np.percentile(latency, 95))) if len(latency) else None,
        fa_per_hour_at_frr={name: None if p is None else rounded(p.fa_per_hour) for name, p in alarms.items()},
        frr_at_fa_per_hour={name: None if p is None else rounded(p.false_reject_rate) for name, p in misses.items()},
        frr_at_fa_per_hour_in_all={
            name: None if p is None else rounded(p.false_reject_rate) for name, p in misses_in_all.items()
        },
        by_voice=by_voice(events, composition),
    )


def by_voice(events: Events, composition: Stream) -> dict[str, MissedShare]:
    """Misses by the height of the voice, for groups that have keywords."""
    clips = [part.path for part in composition.parts if part.is_keyword]  # in the order of the occurrences
    groups = [None if path is None else voice_group(path) for path in clips]
    found = {}
    for group in GROUPS:
        which = [number for number, one in enumerate(groups) if one == group]
        if which:
            found[group] = MissedShare(len(which), sum(number not in events.found for number in which))
    return found


def operating_points(curve: list[CurvePoint], scores: StreamScores, in_all: bool = False) -> list[OperatingPoint]:
    """The curve as rates. in_all: count false alarms in all sound, not only in real speech"""
    total, hours = max(1, len(scores.occurrences)), max(scores.total_hours if in_all else scores.speech_hours, 1e-9)
    alarms = [p.false_alarms if in_all else p.speech_alarms for p in curve]
    return [OperatingPoint(p.threshold, p.missed / total, n / hours) for p, n in zip(curve, alarms, strict=True)]


def turning_points(curve: list[CurvePoint], scores: StreamScores) -> tuple[CurveRow, ...]:
    """The rates at each threshold at which a rate changes."""
    hours = max(scores.total_hours, 1e-9)
    rows = []
    for point, count in zip(operating_points(curve, scores), curve, strict=True):
        rates = [round(point.false_reject_rate, 4), round(point.fa_per_hour, 3), round(count.false_alarms / hours, 3)]
        rows.append(CurveRow(round(point.threshold, 4), *rates))
    return tuple(row for i, row in enumerate(rows) if i == 0 or row[1:] != rows[i - 1][1:])


def card_curve(scores: StreamScores, config: DecisionConfig, step_samples: int, split: str) -> CardCurve:
    """The operating curve for a card, in counts. One of its points has the threshold of the measurement."""
    curve = operating_curve(scores, config, step_samples, np.union1d(CARD_THRESHOLDS, [config.threshold]))
    return CardCurve(
        split=split,
        smoothing_steps=config.smoothing_steps,
        patience_steps=config.patience_steps,
        refractory_s=config.refractory_s,
        keywords=len(scores.occurrences),
        speech_hours=rounded(scores.speech_hours),
        hours=rounded(scores.total_hours),
        points=tuple(CardPoint(round(p.threshold, 5), p.missed, p.speech_alarms, p.false_alarms) for p in curve),
    )


def score_sentences(model: KeywordModel, paths: list[Path], config: DecisionConfig) -> Fired:
    """Play these recordings one after another, and count those with at least a detection."""
    detector = Detector(model, config)
    fired = recordings = 0
    for path in paths:
        sound = load_or_pass_over(path)
        if len(sound) == 0:
            continue
        padded = np.pad(sound, (0, int(PAUSE_S * SAMPLE_RATE)))
        fired += bool(detector.process(padded).detections)
        recordings += 1
    return Fired(recordings, fired)
