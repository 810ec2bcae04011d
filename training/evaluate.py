"""Scores artifacts through the app's own detector: clips by the area under FA-FR, streams by alarms and misses.

What is scored is what ships: the exported artifact, its frontend, smoothing, threshold, patience and refractory time.
"""

from collections.abc import Iterable
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from tqdm import tqdm

from kws_app.decision import DecisionConfig
from kws_app.detector import Detector
from kws_app.errors import AudioError
from kws_app.files import TAIL_S
from kws_app.frontend_config import SAMPLE_RATE
from kws_app.intervals import poisson_interval, wilson_interval
from kws_app.model import KeywordModel
from training.data import SPLITS, Clip
from training.features import load_sound, pad_to_second
from training.metrics import (
    OperatingPoint,
    bootstrap_area,
    clip_area,
    detection_steps,
    fa_at_frr,
    frr_at_fa,
)
from training.streams import Condition, Occurrence, Part, Renderer, word_end_sample

LATE_S = 0.5  # a detection counts for a keyword from its clip's start until this long after its end
THRESHOLDS = 1 / (1 + np.exp(-np.linspace(-6, 8, 113)))  # evenly spaced in log-odds, about 0.0025 to 0.9997
FRR_TARGETS = (0.05, 0.10)
FA_TARGETS = (0.5, 1.0, 5.0)  # an hour


@dataclass(frozen=True)
class StreamScores:
    """The smoothed scores of a whole stream and what it holds."""

    scores: NDArray[np.float32]  # [S]
    step_ends: NDArray[np.int64]  # [S], absolute samples
    occurrences: list[Occurrence]
    hours: float


@dataclass(frozen=True)
class Events:
    """The detections of a stream, told apart."""

    hits: int
    doubles: int  # further detections within a keyword already found; they count as false alarms too
    false_alarms: int
    false_alarm_times_s: list[float]
    latencies_s: list[float]  # from the word's end to the detection


def score_clips(model: KeywordModel, clips: Iterable[Clip], keyword: str) -> dict[str, Any]:
    """Figures of each set over its clips; a clip's score is its peak, streamed from a fresh state, silence following.

    Broken files are named under "passed_over".
    """
    scores: dict[str, list[tuple[float, bool, str]]] = {split: [] for split in SPLITS}
    broken: list[str] = []
    detector = Detector(model, DecisionConfig(threshold=1.0))
    for clip in tqdm(list(clips), desc="clips", unit="clip", disable=None, leave=False):
        try:
            sound = np.pad(pad_to_second(load_sound(clip.path)), (0, int(TAIL_S * SAMPLE_RATE)))
        except AudioError as error:
            broken.append(str(error))
            continue
        detector.reset(0)
        peak = float(detector.process(sound).scores.max(initial=0.0))
        scores[clip.split].append((peak, clip.word == keyword, clip.speaker))
    figures: dict[str, Any] = {"passed_over": broken} if broken else {}
    for split, rows in scores.items():
        is_keyword = np.array([keyword_said for _, keyword_said, _ in rows], dtype=bool)
        if is_keyword.any() and not is_keyword.all():
            peaks, speakers = np.array([row[0] for row in rows]), np.array([row[2] for row in rows])
            figures[split] = clip_figures(peaks, is_keyword, speakers)
    return figures


def clip_figures(peak: NDArray[np.float64], is_keyword: NDArray[np.bool_], speaker: NDArray[np.str_]) -> dict[str, Any]:
    """Areas of scored clips [N], the interval of the lineage-equivalent one over speakers, and the FA-FR curve."""
    area = clip_area(peak[is_keyword], peak[~is_keyword])
    figures: dict[str, Any] = {name: rounded(value) for name, value in vars(area).items()}
    figures["lineage_area_interval"] = [rounded(x) for x in bootstrap_area(peak, is_keyword, speaker)]
    thresholds = np.unique(np.quantile(peak[is_keyword], np.linspace(0, 1, 60)))
    false_alarms = (peak[~is_keyword][None] >= thresholds[:, None]).mean(axis=1)
    false_rejects = (peak[is_keyword][None] < thresholds[:, None]).mean(axis=1)
    figures["curve"] = [
        [rounded(float(a)), rounded(float(r))] for a, r in zip(false_alarms, false_rejects, strict=True)
    ]
    return figures


def score_stream(model: KeywordModel, renderer: Renderer, parts: list[Part], smoothing: int) -> StreamScores:
    """Run the detector over a rendered stream, keeping every smoothed score."""
    config = DecisionConfig(threshold=1.0, smoothing_steps=smoothing)
    detector = Detector(model, config)
    scores, ends, occurrences, position = [], [], [], 0
    bar = tqdm(total=len(parts), desc=renderer.condition.name, unit="part", disable=None, leave=False)
    for sound, part in renderer.render(parts):
        if part.is_keyword:
            end = position + len(sound)
            occurrences.append(Occurrence(position, end, position + word_end_sample(sound)))
        output = detector.process(sound)
        scores.append(output.scores)
        ends.append(output.step_ends)
        position += len(sound)
        bar.update()
    bar.close()
    return StreamScores(np.concatenate(scores), np.concatenate(ends), occurrences, position / SAMPLE_RATE / 3600)


def count_events(stream: StreamScores, config: DecisionConfig, step_samples: int) -> Events:
    """Tell the stream's detections into hits, doubles and false alarms."""
    found: set[int] = set()
    doubles, alarms, latencies = 0, [], []
    starts = np.array([occurrence.start for occurrence in stream.occurrences], dtype=np.int64)
    late = int(LATE_S * SAMPLE_RATE)
    for step in detection_steps(stream.scores, config, step_samples):
        at = int(stream.step_ends[step])
        which = int(np.searchsorted(starts, at, side="right")) - 1
        if which < 0 or at > stream.occurrences[which].end + late:
            alarms.append(at / SAMPLE_RATE)
        elif which in found:
            doubles += 1
        else:
            found.add(which)
            latencies.append((at - stream.occurrences[which].word_end) / SAMPLE_RATE)
    return Events(len(found), doubles, len(alarms) + doubles, alarms, latencies)


def operating_curve(stream: StreamScores, config: DecisionConfig, step_samples: int) -> list[OperatingPoint]:
    """False rejects and false alarms per hour at each of THRESHOLDS."""
    points = []
    total = max(1, len(stream.occurrences))
    for threshold in THRESHOLDS.tolist():
        events = count_events(stream, replace(config, threshold=threshold), step_samples)
        points.append(OperatingPoint(threshold, 1 - events.hits / total, events.false_alarms / stream.hours))
    return points


def stream_figures(stream: StreamScores, config: DecisionConfig, step_samples: int) -> dict[str, Any]:
    """What is stated of a stream: rates with their intervals at the given threshold, and the whole curve."""
    events = count_events(stream, config, step_samples)
    total = len(stream.occurrences)
    curve = operating_curve(stream, config, step_samples)
    figures: dict[str, Any] = {
        "hours": rounded(stream.hours),
        "keywords": total,
        "threshold": rounded(config.threshold),
        "false_alarms": events.false_alarms,
        "fa_per_hour": rounded(events.false_alarms / stream.hours),
        "fa_per_hour_interval": [rounded(x) for x in poisson_interval(events.false_alarms, stream.hours)],
        "doubles": events.doubles,
        "false_alarm_times_s": [round(x, 2) for x in events.false_alarm_times_s],
    }
    if total:
        missed = total - events.hits
        latency = np.array(events.latencies_s)
        figures |= {
            "missed": missed,
            "frr": rounded(missed / total),
            "frr_interval": [rounded(x) for x in wilson_interval(missed, total)],
            "latency_median_s": rounded(float(np.median(latency))) if len(latency) else None,
            "latency_95th_s": rounded(float(np.percentile(latency, 95))) if len(latency) else None,
        }
        alarms = {f"{target:g}": fa_at_frr(curve, target) for target in FRR_TARGETS}
        misses = {f"{target:g}": frr_at_fa(curve, target) for target in FA_TARGETS}
        figures["fa_per_hour_at_frr"] = {name: p and rounded(p.fa_per_hour) for name, p in alarms.items()}
        figures["frr_at_fa_per_hour"] = {name: p and rounded(p.false_reject_rate) for name, p in misses.items()}
    figures["curve"] = turning_points(curve)
    return figures


def turning_points(curve: list[OperatingPoint]) -> list[list[float]]:
    """Rows of threshold, false reject rate and false alarms per hour, where one of the rates changes."""
    rows = [[round(p.threshold, 4), round(p.false_reject_rate, 4), round(p.fa_per_hour, 3)] for p in curve]
    return [row for i, row in enumerate(rows) if i == 0 or row[1:] != rows[i - 1][1:]]


def score_condition(
    model: KeywordModel,
    condition: Condition,
    parts: list[Part],
    noises: list[Path],
    rooms: list[NDArray[np.float32]],
    config: DecisionConfig,
    seed: int,
) -> dict[str, Any]:
    """Figures of one stream under one condition."""
    renderer = Renderer(condition, noises, rooms, seed)
    stream = score_stream(model, renderer, parts, config.smoothing_steps)
    return stream_figures(stream, config, model.card.step_samples)


def rounded(value: float) -> float:
    """Four significant digits: what is stored and printed."""
    return float(f"{value:.4g}") if isinstance(value, float) else value


def as_text(figures: dict[str, Any]) -> str:
    """The figures as a short table."""
    lines = [f"{figures['model']}, keyword {figures['keyword']!r}"]
    for split, area in figures.get("clips", {}).items():
        if split == "passed_over":
            lines += [f"passed over: {message}" for message in area]
            continue
        lines.append(
            f"clips, {split}: {area['positives']} keywords, {area['negatives']} others; AUROC {area['auroc']:.6f}, "
            f"area {area['area']:.2e}, lineage-equivalent {area['lineage_area']:.2e} "
            f"({area['lineage_area_interval'][0]:.1e} to {area['lineage_area_interval'][1]:.1e})"
        )
    for split, conditions in figures.get("streams", {}).items():
        for name, s in conditions.items():
            low, high = s["fa_per_hour_interval"]
            line = f"stream, {split}, {name}: {s['false_alarms']} false alarms in {s['hours']:.2f} h at threshold "
            line += f"{s['threshold']:g}: {s['fa_per_hour']:.2f} an hour ({low:.2f} to {high:.2f})"
            if s["keywords"]:
                low, high = s["frr_interval"]
                line += f"; missed {s['missed']} of {s['keywords']}: {s['frr']:.1%} ({low:.1%} to {high:.1%}); "
                if s["latency_median_s"] is not None:
                    line += f"latency {1000 * s['latency_median_s']:.0f} ms, 95th {1000 * s['latency_95th_s']:.0f} ms; "
                known = {frr: rate for frr, rate in s["fa_per_hour_at_frr"].items() if rate is not None}
                rates = (f"{rate:.2f} at {float(frr):.0%}" for frr, rate in known.items())
                line += f"alarms an hour by misses: {', '.join(rates)}"
            lines.append(line)
    return "\n".join(lines)
