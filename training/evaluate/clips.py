"""Scores artifacts through the app's own detector: clips by the area under FA-FR, streams by alarms and misses.

What is scored is what ships: the exported artifact, its frontend, smoothing, threshold, patience and refractory time.
"""

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from kws_app.audio.audio_file import TAIL_S
from kws_app.detection.detector import Detector
from kws_app.engine.decision_config import DecisionConfig
from kws_app.engine.frontend_config import SAMPLE_RATE
from kws_app.engine.model_file import KeywordModel
from kws_app.errors import AudioError
from training.corpus.recordings import SPLITS, Clip
from training.corpus.sound import load_sound, pad_to_second
from training.evaluate.metrics import bootstrap_area, clip_area, rounded
from training.progress import SILENT, Progress


def score_clips(
    model: KeywordModel, clips: Sequence[Clip], keyword: str, progress: Progress = SILENT
) -> dict[str, Any]:
    """Figures of each set over its clips; a clip's score is its peak, streamed from a fresh state, silence following.

    Broken files are named under "passed_over".
    """
    scores: dict[str, list[tuple[float, bool, str]]] = {split: [] for split in SPLITS}
    broken: list[str] = []
    detector = Detector(model, DecisionConfig(threshold=1.0))
    for clip in progress.track(clips, "clips"):
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
            lines += [f"stream, {split}, {name}, threshold {s['threshold']:g}:", *stream_lines(s)]
    for name, s in figures.get("sentences", {}).items():
        lines.append(f"{name}: fires in {s['fired']} of {s['recordings']} recordings")
    for row in figures.get("tuning", []):
        lines.append(
            f"smoothing {row['smoothing_steps']}, patience {row['patience_steps']}, threshold {row['threshold']:.4f}: "
            f"missed {row['frr']:.1%} at {row['fa_per_hour']:.2f} false alarms an hour, "
            f"latency {1000 * row['latency_median_s']:.0f} ms"
        )
    return "\n".join(lines)


def stream_lines(s: dict[str, Any]) -> list[str]:
    """Misses, and false alarms in each kind of sound."""
    lines = []
    if s["keywords"]:
        low, high = s["frr_interval"]
        line = f"  missed {s['missed']} of {s['keywords']}: {s['frr']:.1%} ({low:.1%} to {high:.1%})"
        if s["latency_median_s"] is not None:
            line += f"; latency {1000 * s['latency_median_s']:.0f} ms, 95th {1000 * s['latency_95th_s']:.0f} ms"
        said = []
        for name, what in (("frr_at_fa_per_hour_in_all", "of all"), ("frr_at_fa_per_hour", "of real speech")):
            rates = (f"{frr:.1%} at {fa}" for fa, frr in s[name].items() if frr is not None)
            said.append(f"an hour {what}: {', '.join(rates)}")
        lines.append(f"{line}; misses by false alarms {'; '.join(said)}")
    if "second_awake" in s:
        lines.append(f"  the second model hears {s['second_awake']:.1%} of the time")
    rows = {"real speech": s["speech"], **s["kinds"], "all": s}
    for kind, row in rows.items():
        if row["fa_per_hour"] is not None:
            low, high = row["fa_per_hour_interval"]
            line = f"  {kind:18} {row['false_alarms']:4} false alarms in {row['hours']:5.2f} h: "
            lines.append(f"{line}{row['fa_per_hour']:.2f} an hour ({low:.2f} to {high:.2f})")
    return lines
