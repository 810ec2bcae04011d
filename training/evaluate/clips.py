"""Scores a model on clips through the app's own detector: the area under the curve of false rejects over false alarms.

The exported file is scored, with its frontend: the same file that ships.
"""

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from kws_app.audio.audio_file import TAIL_S
from kws_app.detection.detector import Detector
from kws_app.engine.decision_config import DecisionConfig
from kws_app.engine.frontend_config import SAMPLE_RATE
from kws_app.engine.keyword_model import KeywordModel
from kws_app.errors import AudioError
from training.corpus.recordings import SPLITS, Clip, without_phrases
from training.corpus.sound import load_sound, pad_to_second
from training.evaluate.figures import ClipFigures, ClipRates, Figures, Interval
from training.evaluate.metrics import bootstrap_area, clip_area, rounded
from training.progress import SILENT, Progress

CURVE_POINTS = 60  # thresholds of the curve, at quantiles of the keywords' scores


def score_clips(model: KeywordModel, clips: Sequence[Clip], keyword: str, progress: Progress = SILENT) -> Figures:
    """The figures of each set. Each clip is a stream from a fresh state, with silence after it.

    The highest score of that stream is the clip's score. `passed_over` names the files that cannot be read.
    """
    scores: dict[str, list[tuple[float, bool, str]]] = {split: [] for split in SPLITS}
    broken: list[str] = []
    detector = Detector(model, DecisionConfig(threshold=1.0))
    for clip in progress.track(without_phrases(clips, keyword), "clips"):
        try:
            sound = np.pad(pad_to_second(load_sound(clip.path)), (0, int(TAIL_S * SAMPLE_RATE)))
        except AudioError as error:
            broken.append(str(error))
            continue
        detector.reset(0)
        peak = float(detector.process(sound).scores.max(initial=0.0))
        scores[clip.split].append((peak, clip.word == keyword, clip.speaker))
    figures = {}
    for split, rows in scores.items():
        is_keyword = np.array([keyword_said for _, keyword_said, _ in rows], dtype=bool)
        if is_keyword.any() and not is_keyword.all():
            peaks, speakers = np.array([row[0] for row in rows]), np.array([row[2] for row in rows])
            figures[split] = clip_figures(peaks, is_keyword, speakers)
    return Figures(clips=figures, passed_over=tuple(broken))


def clip_figures(peak: NDArray[np.float64], is_keyword: NDArray[np.bool_], speaker: NDArray[np.str_]) -> ClipFigures:
    """The figures of scored clips [N]: the areas, their interval over speakers, and the curve."""
    area = clip_area(peak[is_keyword], peak[~is_keyword])
    low, high = bootstrap_area(peak, is_keyword, speaker)
    thresholds = np.unique(np.quantile(peak[is_keyword], np.linspace(0, 1, CURVE_POINTS)))
    false_alarms = (peak[~is_keyword][None] >= thresholds[:, None]).mean(axis=1).tolist()
    false_rejects = (peak[is_keyword][None] < thresholds[:, None]).mean(axis=1).tolist()
    return ClipFigures(
        auroc=rounded(area.auroc),
        area=rounded(area.area),
        lineage_area=rounded(area.lineage_area),
        positives=area.positives,
        negatives=area.negatives,
        lineage_area_interval=Interval(rounded(low), rounded(high)),
        curve=tuple(ClipRates(rounded(a), rounded(r)) for a, r in zip(false_alarms, false_rejects, strict=True)),
    )
