"""Scores a network on stored frames, fast enough for every epoch. Training chooses checkpoints by these scores.

Published figures do not come from here: training/evaluate measures the exported file on audio.
"""

from dataclasses import dataclass

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from kws_app.engine.decision_config import DecisionConfig
from kws_app.engine.frontend_config import FrontendConfig
from training.config import CrnnConfig
from training.evaluate.metrics import OperatingPoint, clip_area, detection_steps, fa_at_frr
from training.features.batches import assemble, step_targets
from training.features.frame_store import KEYWORD, NOISE, SPEECH, WORD, FrameStore
from training.features.plan import CLIP_FRAMES, FLOOR, LN_PER_DB, SILENCE_FRAMES, Planner, sequence_frames
from training.network.crnn import Crnn, fresh_state
from training.network.losses import margin_of

FRAMES_PER_S = 100
CHUNK_FRAMES = 1000  # frames of a stream that are played at once
BEFORE_FRAMES, AFTER_FRAMES = 150, 30  # talk before and after a keyword
ROWS = 256  # sequences in a batch
AREA_NOISE = 1e-5  # a few mislabelled clips decide areas below this
NOISY_DB = 10.0  # signal-to-noise ratio when each keyword is heard a second time, in noise
RATES = (0.02, 0.05, 0.10, 0.20)  # false alarms are counted at these false reject rates


@dataclass(frozen=True)
class Validation:
    """The figures of a network on the validation set."""

    lineage_area: float  # over single clips
    disturbed_area: float  # over sequences made as for training: noise, levels, half words, talk around the word
    fa_per_hour: dict[float, float]  # false alarms an hour, by the false reject rate in RATES
    hours: float  # of speech and noise in which they are counted

    @property
    def score(self) -> float:
        """The checkpoint score; the best checkpoint has the lowest. It adds logarithms of the areas and alarm rates.

        Validation has few clips and hours, so their figures jump from epoch to epoch. The disturbed area comes from
        thousands of sequences: it is steady, so it counts twice.
        """
        rates = [np.log10(rate + 1 / self.hours) for rate in self.fa_per_hour.values()]
        areas = np.log10(self.lineage_area + AREA_NOISE) + 2 * np.log10(self.disturbed_area + AREA_NOISE)
        return float(areas + np.mean(rates))

    def row(self) -> dict[str, float]:
        """Figures for log.csv."""
        row = {"lineage_area": self.lineage_area, "disturbed_area": self.disturbed_area, "score": self.score}
        return row | {f"fa_per_hour_at_{frr:g}": rate for frr, rate in self.fa_per_hour.items()}

    def told(self) -> str:
        """The same, short, for a person."""
        alarms = ", ".join(f"{rate:.1f} at {frr:.0%}" for frr, rate in self.fa_per_hour.items())
        areas = f"area {self.lineage_area:.2e}, disturbed {self.disturbed_area:.2e}"
        return f"{areas}, false alarms an hour by misses {alarms}"


def posterior(margin: NDArray[np.float32]) -> NDArray[np.float64]:
    """Margins as probabilities. Double precision tells probabilities above 1 - 1e-7 apart."""
    return 1 / (1 + np.exp(-margin.astype(np.float64)))


def margins(crnn: Crnn, log_mel: Tensor) -> Tensor:
    """The margin of every step, logit(keyword) - logit(other). log_mel [B, T, F] on any device -> [B, S] on the CPU"""
    state = fresh_state(crnn, log_mel.shape[0])
    answer, _ = crnn(log_mel.to(state[1].device), state)
    return margin_of(answer.logits).cpu()


def clip_peaks(crnn: Crnn, store: FrameStore, items: NDArray[np.int64]) -> NDArray[np.float32]:
    """The highest margin in each clip of one second, with silence after it, from a fresh state. [items]"""
    offsets = torch.arange(CLIP_FRAMES)[None]
    peaks = []
    for chunk in np.array_split(items, max(1, len(items) // 512)):
        start = torch.from_numpy(store.start[chunk])[:, None]
        last = torch.from_numpy(store.length[chunk])[:, None] - 1
        log_mel = store.frames[start + torch.minimum(offsets, last)].float()
        silence = torch.full((len(chunk), SILENCE_FRAMES, log_mel.shape[2]), FLOOR)
        peaks.append(margins(crnn, torch.cat([log_mel, silence], dim=1)).max(dim=1).values)
    return torch.cat(peaks).numpy()


@dataclass(frozen=True)
class Continuous:
    """The margins of recordings that are played one after another, in `rows` streams side by side."""

    margin: NDArray[np.float32]  # [rows, S]
    item: NDArray[np.int64]  # [rows, S], the recording in which each step ends
    frame: NDArray[np.int64]  # [rows, S], the frame of that recording at which the step ends


def continuous_margins(crnn: Crnn, store: FrameStore, items: NDArray[np.int64], rows: int = 32) -> Continuous:
    """Play the items end to end, as the app hears sound: the state is carried on."""
    length = store.length[items]
    owner = np.repeat(np.arange(len(items)), length)
    within = np.arange(len(owner)) - np.repeat(np.cumsum(length) - length, length)
    columns = len(owner) // rows
    index = torch.from_numpy(store.start[items][owner] + within)[: rows * columns].view(rows, columns)
    state = fresh_state(crnn, rows)
    device = state[1].device
    pieces = []
    for chunk in index.split(CHUNK_FRAMES, dim=1):
        answer, state = crnn(store.frames[chunk].float().to(device), state)
        pieces.append(margin_of(answer.logits).cpu())
    margin = torch.cat(pieces, dim=1).numpy()
    ends = np.arange(margin.shape[1]) * crnn.stride_frames + crnn.kernel_frames - 1
    place = np.arange(rows)[:, None] * columns + ends[None]
    return Continuous(margin, items[owner[place]], within[place])


def keyword_in_talk(crnn: Crnn, store: FrameStore, split: str, snr_db: float | None = None) -> NDArray[np.float32]:
    """The highest margin of each keyword that is laid into talk of the same set. [keywords]

    snr_db: signal-to-noise ratio of added noise; None for no noise
    """
    rng = np.random.default_rng(0)
    keywords = store.select(KEYWORD, split, as_recorded=True)
    talk = store.select(SPEECH, split, as_recorded=True)
    talk = talk[store.length[talk] > BEFORE_FRAMES + AFTER_FRAMES]
    noises = store.select(NOISE, split)
    rows = []
    for keyword in keywords:
        around = store.item(int(rng.choice(talk)))
        at = int(rng.integers(0, len(around) - BEFORE_FRAMES - AFTER_FRAMES))
        before = around[at : at + BEFORE_FRAMES]
        after = around[at + BEFORE_FRAMES : at + BEFORE_FRAMES + AFTER_FRAMES]
        row = torch.cat([before, store.item(int(keyword))[:CLIP_FRAMES], after])
        if snr_db is not None:
            which = int(rng.choice(noises))
            gain = float(store.level[keyword] - store.level[which]) - snr_db * LN_PER_DB
            noise = store.item(which)  # a short noise is repeated
            row = torch.logaddexp(row, noise[torch.arange(len(row)) % len(noise)] + gain)
        rows.append(row)
    values = margins(crnn, torch.stack(rows))
    first_step = (BEFORE_FRAMES - crnn.kernel_frames) // crnn.stride_frames + 1
    return values[:, first_step:].max(dim=1).values.numpy()


def disturbed_area(crnn: Crnn, planner: Planner, shape: CrnnConfig) -> float:
    """The lineage-equivalent area over the peaks of planned streams. Every call plans the same streams."""
    rng = np.random.default_rng(0)
    peaks, is_keyword = [], []
    frames = sequence_frames(planner.augment, stream=True)
    for first in range(0, planner.train.validation_sequences, ROWS):
        plan = planner.draw(rng, min(ROWS, planner.train.validation_sequences - first), stream=True)
        targets = step_targets(plan, frames, shape)
        values = margins(crnn, assemble(planner.store, plan, frames))
        wanted = torch.where(targets.is_keyword[:, None], targets.window, targets.negative)
        peaks.append(values.masked_fill(~wanted, -1e4).max(dim=1).values)
        is_keyword.append(targets.is_keyword)
    peak, keyword = torch.cat(peaks).numpy(), torch.cat(is_keyword).numpy()
    return clip_area(peak[keyword], peak[~keyword]).lineage_area


def talk_curve(
    keyword_peaks: NDArray[np.float64], streams: list[NDArray[np.float64]], hours: float, step_samples: int
) -> list[OperatingPoint]:
    """False rejects and false alarms an hour. The peak of each keyword is a threshold.

    keyword_peaks: [P] posteriors; streams: posteriors [S] of audio without the keyword
    """
    points = []
    for rejected, threshold in enumerate(np.sort(keyword_peaks).tolist()):
        config = DecisionConfig(threshold=threshold)
        alarms = sum(len(detection_steps(s, config, step_samples)) for s in streams if s.max(initial=0) >= threshold)
        points.append(OperatingPoint(threshold, rejected / len(keyword_peaks), alarms / hours))
    return points


@torch.inference_mode()
def validate(crnn: Crnn, shape: CrnnConfig, planner: Planner, split: str = "validation") -> Validation:
    """The areas over the clips of a set, and the false alarms an hour in its continuous speech and noise.

    planner: draws disturbed sequences of that set
    """
    crnn.eval()
    store = planner.store
    positive = clip_peaks(crnn, store, store.select(KEYWORD, split, as_recorded=True))
    negative = clip_peaks(crnn, store, store.select(WORD, split, as_recorded=True))
    items = np.concatenate([store.select(SPEECH, split, as_recorded=True), store.select(NOISE, split)])
    heard = continuous_margins(crnn, store, items)
    hours = heard.margin.size * crnn.stride_frames / FRAMES_PER_S / 3600
    streams = list(posterior(heard.margin))
    step_samples = crnn.stride_frames * FrontendConfig.hop_samples
    peaks = np.concatenate([keyword_in_talk(crnn, store, split), keyword_in_talk(crnn, store, split, NOISY_DB)])
    curve = talk_curve(posterior(peaks), streams, hours, step_samples)
    return Validation(
        lineage_area=clip_area(positive, negative).lineage_area,
        disturbed_area=disturbed_area(crnn, planner, shape),
        fa_per_hour={frr: point.fa_per_hour for frr in RATES if (point := fa_at_frr(curve, frr)) is not None},
        hours=hours,
    )
