"""Draws batches of ready sequences for students, with the expert's score at every step (its dark knowledge).

A batch holds the word, words that only sound like it, and talk. After mining, half of the talk is the talk on which the
network differs most from the expert. Noise, level, tilt and the size of the throat are changed on the frames. The
expert's scores of the unchanged sequence stay the target.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor
from torch.nn import functional as F

from kws_app.engine.frontend_config import FrontendConfig
from kws_app.engine.speech_body import STEP_FRAMES
from training.config import CrnnConfig, RunConfig
from training.features.batches import Targets
from training.features.plan import FLOOR, LN_PER_DB
from training.fit.distill import interpolate_steps
from training.fit.validate import CHUNK_FRAMES, FRAMES_PER_S, RATES, margins
from training.network.crnn import Crnn, fresh_state
from training.network.losses import margin_of
from training.own_word.lesson_sequences import SEQUENCE_FRAMES, LessonSequences
from training.own_word.measure import Floats, peaks_of
from training.own_word.sequences import SEQUENCE_STEPS

EXPERT_PACE = CrnnConfig(kernel_frames=STEP_FRAMES, stride_frames=STEP_FRAMES)  # the expert's steps
SCAN_ROWS = 32  # streams that are heard side by side
WINDOW_FRAMES = (-5, 40)  # frames after the word's end in which an answer is wanted
BEFORE_FRAMES = 42  # frames before the word's end; before that no answer may come
SAID_STEPS = 9  # steps of the expert; talk this near to a step at which the expert hears the word is no negative
WARPS = np.linspace(0.88, 1.14, 14)  # factors of frequency, for throats of other sizes
LOUD_FRAMES = 40  # the loudest frames of a sequence, which set its level


@dataclass(frozen=True)
class TaughtTargets(Targets):
    """What each step should answer, and the expert's margin there."""

    margin: Tensor  # [B, S], above 0 if the expert hears the word

    def to(self, device: torch.device) -> "TaughtTargets":
        return TaughtTargets(**vars(super().to(device)), margin=self.margin.to(device))


@dataclass(frozen=True)
class LessonBatch:
    """Frames, the end of the word in each sequence, and the expert's margins."""

    log_mel: Tensor  # [B, T, F]
    margin: Tensor  # [B, S'], at the expert's steps
    end: NDArray[np.int64]  # [B], the frame at which the word ends; it means nothing in other rows
    is_keyword: Tensor  # [B]

    def targets(self, shape: CrnnConfig) -> TaughtTargets:
        steps = shape.steps(self.log_mel.shape[1])
        ends = torch.arange(steps)[None] * shape.stride_frames + shape.kernel_frames
        after = ends - torch.from_numpy(self.end)[:, None]  # [B, S]
        keyword = self.is_keyword[:, None]
        window = keyword & (after > WINDOW_FRAMES[0]) & (after <= WINDOW_FRAMES[1])
        near = F.max_pool1d(self.margin[:, None], SAID_STEPS, 1, SAID_STEPS // 2)[:, 0]
        unsaid = self._paced(near[..., None], shape, steps)[..., 0] < 0
        negative = torch.where(keyword, after <= -BEFORE_FRAMES, unsaid)
        margin = self._paced(self.margin[..., None], shape, steps)[..., 0]
        return TaughtTargets(self.is_keyword, negative, window, margin)

    @staticmethod
    def _paced(values: Tensor, shape: CrnnConfig, steps: int) -> Tensor:
        return interpolate_steps(values, EXPERT_PACE, shape, steps)


@dataclass(frozen=True)
class TaughtTalk:
    """Recordings of talk one after another, with the expert's margins."""

    frames: NDArray[np.float16]  # [8 * S, F]
    margin: NDArray[np.float32]  # [S]

    @property
    def hours(self) -> float:
        return len(self.frames) / FRAMES_PER_S / 3600


@dataclass(frozen=True)
class TaughtWords:
    """Sequences with a word in each, and the expert's margins."""

    sequences: LessonSequences
    margin: NDArray[np.float32]  # [N, S]

    def __len__(self) -> int:
        return len(self.margin)


@dataclass(frozen=True)
class Lessons:
    """All sequences and talk for the students of a word."""

    words: TaughtWords
    near: TaughtWords  # words that only sound like the word; may be empty
    talk: TaughtTalk
    noises: NDArray[np.float16]  # [N, T, F], each at least as long as a sequence
    kept_words: TaughtWords  # kept back, to validate on
    kept_talk: TaughtTalk


@dataclass(frozen=True)
class Heard:
    """The peaks of a network on words and talk that it was not trained on."""

    word: Floats  # [N], the peak of each sequence
    talk: Floats  # peaks, the highest first
    hours: float

    def fa_per_hour(self, frr: float) -> float:
        """False alarms an hour at the threshold that misses this share of the words."""
        return float((self.talk >= np.quantile(self.word, frr)).sum()) / self.hours

    @property
    def score(self) -> float:
        return float(np.mean([np.log10(self.fa_per_hour(frr) + 1 / self.hours) for frr in RATES]))

    def row(self) -> dict[str, float]:
        return {"score": self.score} | {f"fa_per_hour_at_{frr:g}": self.fa_per_hour(frr) for frr in RATES}

    def told(self) -> str:
        return "false alarms an hour by misses " + ", ".join(f"{self.fa_per_hour(r):.1f} at {r:.0%}" for r in RATES)


class LessonSource:
    """Draws the batches of a run from lessons. It is a Source, as in fit/source.py."""

    def __init__(self, lessons: Lessons, config: RunConfig) -> None:
        self.lessons, self.config = lessons, config
        self.mined: NDArray[np.int64] | None = None  # steps of the talk at which the network was most wrong
        self._lo, self._share = warp_tables()
        self._noise_level = level_of(torch.from_numpy(lessons.noises).float())

    def draw(self, rng: np.random.Generator, rows: int, stream: bool, rank: int, world: int) -> LessonBatch:
        a = self.config.augment
        sort = rng.choice(3, rows, p=[a.keyword_share, a.clip_share, 1 - a.keyword_share - a.clip_share])
        if not len(self.lessons.near):
            sort[sort == 1] = 2
        parts, ends = [], np.zeros(rows, np.int64)
        for kind, words in enumerate((self.lessons.words, self.lessons.near)):
            at = np.flatnonzero(sort == kind)
            chosen = rng.integers(0, max(1, len(words)), len(at))
            if len(at):
                ends[at] = words.sequences.ends_s[chosen] * FRAMES_PER_S
                parts.append((at, words.sequences.frames[chosen], words.margin[chosen]))
        at = np.flatnonzero(sort == 2)
        parts.append((at, *self._talk(rng, len(at))))
        order = np.argsort(np.concatenate([part[0] for part in parts]))
        frames, margin = (np.concatenate([part[n] for part in parts])[order] for n in (1, 2))
        disturbed = self.disturbed(rng, torch.from_numpy(frames).float())
        mine = slice(rank, None, world)
        return LessonBatch(
            disturbed[mine],
            torch.from_numpy(margin)[mine],
            ends[mine],
            torch.from_numpy(sort == 0)[mine],
        )

    def _talk(self, rng: np.random.Generator, rows: int) -> tuple[NDArray[np.float16], NDArray[np.float32]]:
        """Stretches of talk as long as a sequence."""
        talk = self.lessons.talk
        last = len(talk.margin) - SEQUENCE_STEPS
        first = rng.integers(0, last + 1, rows)
        if self.mined is not None:
            hard = rng.random(rows) < self.config.train.mined_share
            stirred = rng.choice(self.mined, rows) - rng.integers(SEQUENCE_STEPS // 3, SEQUENCE_STEPS, rows)
            first = np.where(hard, np.clip(stirred, 0, last), first)
        steps = first[:, None] + np.arange(SEQUENCE_STEPS)
        frames = first[:, None] * STEP_FRAMES + np.arange(SEQUENCE_FRAMES)
        return talk.frames[frames], talk.margin[steps]

    def disturbed(self, rng: np.random.Generator, log_mel: Tensor) -> Tensor:
        """The frames [B, T, F] with another throat, noise, level and tilt."""
        a, (B, T, bins) = self.config.augment, log_mel.shape
        chosen = np.where(rng.random(B) < a.mask_share, rng.integers(0, len(WARPS), B), len(WARPS))
        low, share = self._lo[chosen], self._share[chosen][:, None]  # [B, F], [B, 1, F]
        index = low[:, None].expand(-1, T, -1)
        log_mel = log_mel.gather(2, index) * (1 - share) + log_mel.gather(2, index + 1) * share
        level = level_of(log_mel)
        number = rng.integers(0, len(self.lessons.noises), B)
        first = (rng.random(B) * (self.lessons.noises.shape[1] - T + 1)).astype(np.int64)
        snr = rng.uniform(*a.snr_db, B)
        noise = torch.from_numpy(self.lessons.noises[number[:, None], first[:, None] + np.arange(T)]).float()
        gain = level - self._noise_level[number] - torch.from_numpy(snr).float() * LN_PER_DB
        gain[torch.from_numpy(rng.random(B) >= a.noise_share)] = -torch.inf
        log_mel = torch.logaddexp(log_mel, noise + gain[:, None, None])
        louder = rng.uniform(*a.level_db, B) * (rng.random(B) < a.level_share)
        tilt = rng.uniform(-a.tilt_db, a.tilt_db, B)[:, None] * np.linspace(-0.5, 0.5, bins)
        change = torch.from_numpy((louder[:, None] + tilt) * LN_PER_DB).float()  # [B, F]
        return (log_mel + change[:, None]).clamp_min(FLOOR)

    @torch.inference_mode()
    def mine(self, crnn: Crnn) -> NDArray[np.int64]:
        """The steps of the talk at which the network most exceeds the expert, at most one in a second."""
        crnn.eval()
        talk = self.lessons.talk
        said = F.max_pool1d(torch.from_numpy(talk.margin)[None, None], SAID_STEPS, 1, SAID_STEPS // 2)[0, 0].numpy()
        found, at = heard_in(crnn, talk.frames)
        step = np.minimum(at // STEP_FRAMES, len(said) - 1)
        excess = found - np.maximum(said[step], -4.0)
        a_second = max(1, FRAMES_PER_S // crnn.stride_frames)
        seconds = len(excess) // a_second
        blocks = excess[: seconds * a_second].reshape(seconds, a_second)
        worst = blocks.argmax(axis=1) + np.arange(seconds) * a_second
        kept = np.argsort(-excess[worst])[: max(1, int(seconds * self.config.train.mine_keep_share))]
        return np.asarray(step[worst[kept]], np.int64)

    def take_mined(self, found: NDArray[np.int64]) -> None:
        self.mined = found

    def mined_parts(self) -> list[Tensor] | None:
        return None if self.mined is None else [torch.from_numpy(self.mined)]

    def take_mined_parts(self, parts: Sequence[Tensor]) -> None:
        self.mined = parts[0].numpy()

    def validate(self, crnn: Crnn, shape: CrnnConfig) -> Heard:
        return hear(crnn, self.lessons.kept_words, self.lessons.kept_talk)


def level_of(log_mel: Tensor) -> Tensor:
    """The mean log power of the loudest frames. [B, T, F] -> [B]"""
    return log_mel.mean(dim=2).topk(min(LOUD_FRAMES, log_mel.shape[1]), dim=1).values.mean(dim=1)


def warp_tables() -> tuple[Tensor, Tensor]:
    """For each warp, and for no warp: the mel bin below each warped bin, and its distance from that bin.

    Both [W + 1, F]. A throat that is a tenth shorter has resonances that are a tenth higher (Jaitly and Hinton 2013).
    """
    config = FrontendConfig()
    highest = np.log1p(config.sample_rate / 2 / 700)
    hz = 700 * np.expm1(np.linspace(0, highest, config.mel_bins + 2)[1:-1])  # the middle of each mel bin
    place = [np.interp(hz * warp, hz, np.arange(len(hz))) for warp in (*WARPS, 1.0)]
    low = np.minimum(np.floor(place), len(hz) - 2)
    return torch.from_numpy(low).long(), torch.from_numpy(np.array(place) - low).float()


@torch.inference_mode()
def heard_in(crnn: Crnn, frames: NDArray[np.float16]) -> tuple[NDArray[np.float32], NDArray[np.int64]]:
    """The margin of every step of a long stream [T, F], and the frame at which each step ends.

    The stream is cut into SCAN_ROWS rows that are heard side by side. Each row begins with a fresh state.
    """
    columns = len(frames) // SCAN_ROWS
    rows = torch.from_numpy(frames[: columns * SCAN_ROWS]).view(SCAN_ROWS, columns, -1)
    state, pieces = fresh_state(crnn, SCAN_ROWS), []
    for chunk in rows.split(CHUNK_FRAMES, dim=1):
        answer, state = crnn(chunk.float(), state)
        pieces.append(margin_of(answer.logits))
    found = torch.cat(pieces, dim=1).numpy()
    ends = np.arange(found.shape[1]) * crnn.stride_frames + crnn.kernel_frames - 1
    return found.ravel(), (np.arange(SCAN_ROWS)[:, None] * columns + ends[None]).ravel()


@torch.inference_mode()
def hear(crnn: Crnn, words: TaughtWords, talk: TaughtTalk) -> Heard:
    """Play words and talk to a network. Returns its peaks."""
    crnn.eval()
    frames = torch.from_numpy(words.sequences.frames)
    peaks = [margins(crnn, part.float()).amax(dim=1) for part in frames.split(256)]
    found, _ = heard_in(crnn, talk.frames)
    step_s = crnn.stride_frames / FRAMES_PER_S
    return Heard(torch.cat(peaks).double().numpy(), peaks_of(found.astype(np.float64), step_s), talk.hours)


def empty_words() -> TaughtWords:
    """A set without a sequence."""
    bins = FrontendConfig.mel_bins
    frames, embeddings = np.zeros((0, SEQUENCE_FRAMES, bins), np.float16), np.zeros((0, SEQUENCE_STEPS, 96), np.float16)
    none = LessonSequences(frames, embeddings, np.zeros(0, np.float32), np.zeros(0, np.int32))
    return TaughtWords(none, np.zeros((0, SEQUENCE_STEPS), np.float32))
