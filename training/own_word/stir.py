"""Sets how sensitive a student is: the level that wakes the expert, and the threshold for listening alone.

Both are set on words and talk that the student was not trained on. The figures in its card come from the same sound.
"""

from dataclasses import dataclass, replace
from functools import cached_property
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray

from kws_app.detection.cascade import COUNTED_S, HOLD_S, REPLAY_FRAMES, STIR
from kws_app.detection.intervals import poisson_interval, wilson_interval
from kws_app.engine.card import CURVE_FIELD, ModelCard
from kws_app.engine.decision_config import DecisionConfig
from kws_app.engine.pairs import with_pair
from kws_app.engine.speech_body import STEP_FRAMES
from training.export.calibrate import LEAST_MARGIN, USUAL_SCORE, Calibration
from training.fit.validate import FRAMES_PER_S, margins
from training.network.crnn import Crnn
from training.own_word.lessons import Lessons, heard_in
from training.own_word.make import curve_offsets
from training.own_word.measure import Floats, Measured, lasting, peaks_of, recommended_threshold

AWAKE = 0.01  # share of the kept-back talk in which the expert may listen: unlike talk stirs two to four times as often
SURELY_BELOW = 1.0  # margin; the level lies at most this far below the lowest kept-back word
LOWEST, HIGHEST = 0.02, 0.998  # of a threshold
WEAK_ALONE = 0.3  # a student that misses a larger share of the words by itself is of use only with the expert


def awake_share(found: NDArray[np.float32], step_s: float, level: float) -> float:
    """The share of a stream in which the second model listens, if this margin of the first wakes it. found: [S]"""
    stirs = np.flatnonzero(found >= level)
    if not len(stirs):
        return 0.0
    gaps_s = np.diff(stirs) * step_s
    wakes = 1 + int((gaps_s > HOLD_S).sum())
    heard_s = wakes * (REPLAY_FRAMES / FRAMES_PER_S + HOLD_S) + float(gaps_s[gaps_s <= HOLD_S].sum())
    return min(1.0, heard_s / (len(found) * step_s))


def stir_level(found: NDArray[np.float32], step_s: float) -> float:
    """The lowest margin, to a hundredth, with which the expert listens at most AWAKE of the time."""
    low, high = float(found.min()), float(found.max()) + 1.0
    while high - low > 0.01:
        middle = (low + high) / 2
        low, high = (low, middle) if awake_share(found, step_s, middle) <= AWAKE else (middle, high)
    return high


def confirmed(
    expert: NDArray[np.float32],
    margin: NDArray[np.float32],
    ends: NDArray[np.int64],
    level: float,
    patience_steps: int = 1,
) -> NDArray[np.float32]:
    """The margins of the pair at each step of the expert on which it can decide: very low while the expert sleeps.

    expert: its margins [S'] if it always listened
    margin, ends: the student's margin at each of its steps [S], and the frame at which the step ends
    patience_steps: of the expert. All earlier steps that count on waking are one step for the patience: so a longer
    run must follow the waking
    """
    awake = np.zeros(len(expert) + 1, np.int64)
    counted_s = COUNTED_S if patience_steps == 1 else 0.0
    for end in ends[margin >= level].tolist():
        first = max(0, (end - round(counted_s * FRAMES_PER_S)) // STEP_FRAMES)
        last = min(len(expert), (end + round(HOLD_S * FRAMES_PER_S)) // STEP_FRAMES)
        if first < last:
            awake[first] += 1
            awake[last] -= 1
    return lasting(np.where(np.cumsum(awake)[:-1] > 0, expert, np.float32(-1e3)), patience_steps).astype(np.float32)


@dataclass(frozen=True)
class Judgement:
    """The figures of a student, alone and with the expert. Margins are the student's, and the expert's for the pair."""

    alone: Measured
    pair: Measured
    awake: float  # share of the talk in which the expert listens
    level: float  # the margin at which the student wakes the expert
    threshold: float  # the margin at which the student alone detects
    patience_steps: int = 1  # steps in a row that the student must reach it

    @cached_property
    def calibration(self) -> Calibration:
        """The line by which the wake level scores STIR, and the median word scores USUAL_SCORE."""
        low, high = (float(np.log(p / (1 - p))) for p in (STIR, USUAL_SCORE))
        scale = (high - low) / max(float(np.median(self.alone.word)) - self.level, LEAST_MARGIN)
        return Calibration(scale, self.level - low / scale)

    @property
    def decision(self) -> DecisionConfig:
        """The decision with the threshold as a score."""
        return DecisionConfig(threshold=round(self._score(self.threshold), 4), patience_steps=self.patience_steps)

    def _score(self, margin: float) -> float:
        line = self.calibration
        return float(np.clip(1 / (1 + np.exp(-line.scale * (margin - line.offset))), LOWEST, HIGHEST))

    def describe(self, role: str) -> str:
        """What to expect of the student, in sentences for a person."""
        words, hours, missed = len(self.alone.word), self.alone.hours, self.alone.missed(self.threshold)
        pair = f"missed {self.pair.missed(0.0)}"
        listens = f"the expert listened {100 * self.awake:.1f} % of the time."
        if missed > WEAK_ALONE * words:
            return (
                f"{role}: it wakes the expert. Together they {pair} of {words} sounds of the word that they had not "
                f"heard before, with {self.pair.alarms(0.0)} false alarms in {hours:.1f} h of talk; {listens} "
                f"Alone it would miss {100 * missed / words:.0f} % of the words, so let the expert confirm it."
            )
        return (
            f"{role}: alone it missed {missed} of {words} sounds of the word that it had "
            f"not heard before, with {self.alone.alarms(self.threshold)} false alarms in {hours:.1f} h of talk. "
            f"Confirmed by the expert it {pair}, with {self.pair.alarms(0.0)} false alarms; {listens}"
        )

    def about(self, expert: ModelCard, lessons: Lessons, language: str) -> dict[str, Any]:
        """The figures and data for the card."""
        offsets = curve_offsets()
        shares = np.linspace(0.03, 0.997, 40)
        line = self.calibration
        own = [(float(p), float(np.log(p / (1 - p))) / line.scale + line.offset) for p in shares]
        theirs = [(float(1 / (1 + np.exp(-offset))), float(offset)) for offset in offsets]
        pair = {
            CURVE_FIELD: _curve(self.pair, theirs, expert.decision_config().patience_steps),
            "second_awake": round(self.awake, 4),
        }
        figures = {
            CURVE_FIELD: _curve(self.alone, own, self.patience_steps),
            **with_pair(replace(expert, figures={}), expert, pair),
        }
        data = {
            "description": f"{len(lessons.words)} made sequences of the word, {len(lessons.near)} of what sounds like "
            f"it, {lessons.talk.hours:.1f} h of talk, all judged by the word's expert",
            "language": language,
            "licence": "the talk's: CC BY 4.0, CC0, Apache-2.0, public domain",
            "credit": "models/README.md",
            "measured": _measured(self.alone, self.threshold),
            "measured_confirmed": _measured(self.pair, 0.0) | {"expert_listens": round(self.awake, 4)},
        }
        return {"figures": figures, "data": data}


def _measured(found: Measured, threshold: float) -> dict[str, Any]:
    missed, alarms, words = found.missed(threshold), found.alarms(threshold), len(found.word)
    return {
        "missed": missed,
        "words": words,
        "missed_interval": [round(x, 4) for x in wilson_interval(missed, words)],
        "false_alarms": alarms,
        "hours": round(found.hours, 2),
        "fa_per_hour_interval": [round(x, 3) for x in poisson_interval(alarms, found.hours)],
    }


def _curve(found: Measured, points: list[tuple[float, float]], patience_steps: int) -> dict[str, Any]:
    """The operating curve of a card. points: thresholds as scores and as margins"""
    return {
        "split": "validation",
        "points": [[round(score, 6), found.missed(margin), *[found.alarms(margin)] * 2] for score, margin in points],
        "keywords": len(found.word),
        "speech_hours": round(found.hours, 3),
        "hours": round(found.hours, 3),
        "smoothing_steps": 1,
        "patience_steps": patience_steps,
        "refractory_s": DecisionConfig().refractory_s,
    }


@torch.inference_mode()
def judge(crnn: Crnn, lessons: Lessons, recorded: bool, patience_steps: int = 1) -> Judgement:
    """Play the kept-back words and talk to a student, and set both levels. Alone it decides in the time of the expert.

    recorded: whether some of the kept-back words are recordings of people; patience_steps: of the expert
    """
    crnn.eval()
    words, talk, step_s = lessons.kept_words, lessons.kept_talk, crnn.stride_frames / FRAMES_PER_S
    parts = torch.from_numpy(words.sequences.frames).split(256)
    said = torch.cat([margins(crnn, part.float()) for part in parts]).numpy()  # [N, S]
    heard, ends = heard_in(crnn, talk.frames)
    level = max(stir_level(heard, step_s), float(said.max(axis=1).min()) - SURELY_BELOW)
    step_ends = np.arange(said.shape[1]) * crnn.stride_frames + crnn.kernel_frames
    both = [confirmed(e, m, step_ends, level, patience_steps).max() for e, m in zip(words.margin, said, strict=True)]
    gated = confirmed(talk.margin, heard, ends + 1, level, patience_steps)
    pair = Measured(_peaks(gated, STEP_FRAMES / FRAMES_PER_S), talk.hours, np.array(both, np.float64))
    steps = max(1, round(patience_steps * STEP_FRAMES / crnn.stride_frames))
    peaks = lasting(said, steps).max(axis=1).astype(np.float64)
    alone = Measured(_peaks(lasting(heard, steps), step_s), talk.hours, peaks)
    threshold = recommended_threshold(alone, recorded)
    return Judgement(alone, pair, awake_share(heard, step_s, level), level, threshold, steps)


def _peaks(found: NDArray[np.float32], step_s: float) -> Floats:
    return -np.sort(-peaks_of(found.astype(np.float64), step_s))
