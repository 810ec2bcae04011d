"""Draws plans of training sequences: which word, where, how loud, what surrounds it and what disturbs it.

So this module decides what a negative is: parts of the keyword, other words, talk, noise. A plan is drawn from a seed.
Every process of a distributed run draws the whole plan, which is cheap, and keeps its share: the batch does not depend
on the number of processes. batches.py makes the frames of a plan.
"""

from dataclasses import dataclass, fields

import numpy as np
from numpy.typing import NDArray

from kws_app.engine.frontend_config import FrontendConfig
from training.config import AugmentConfig, TrainConfig
from training.features.frame_store import KEYWORD, NOISE, SPEECH, WORD, FrameStore

CLIP_FRAMES = 98  # one second
SILENCE_FRAMES = 30  # of silence after a single clip: a detector may answer late
LN_PER_DB = float(np.log(10.0)) / 10.0  # natural log of power in a decibel
FLOOR = float(np.log(FrontendConfig.power_floor))  # log mel of silence
Ints = NDArray[np.int64]
Floats = NDArray[np.float32]


@dataclass(frozen=True)
class Plan:
    """The plan of a batch, a row for each sequence. -1 stands for no item. Frames outside an item are silence."""

    around: Ints  # the item around the word
    around_from: Ints  # the frame of that item at which the sequence begins
    word: Ints  # the item that is laid into the sequence
    word_from: Ints  # first frame of that item that is used
    word_to: Ints  # the frame after the last that is used
    word_at: Ints  # where the word begins in the sequence
    replaces: NDArray[np.bool_]  # the item around the word is silent meanwhile: a speaker says one word at a time
    word_gain: Floats  # natural log of power
    noise: Ints  # the item that disturbs the whole sequence
    noise_from: Ints  # the frame of that item at which the sequence begins
    noise_gain: Floats  # natural log of power
    gain: Floats  # natural log of power, of the whole sequence
    tilt: Floats  # natural log of power, from -tilt/2 at the lowest mel to +tilt/2 at the highest
    mask_mels: Ints  # [rows, 2], first mel that is blanked, and the mel after the last
    mask_frames: Ints  # [rows, 2], the same for frames
    is_keyword: NDArray[np.bool_]
    negative_until: Ints  # a step that ends before this frame must not answer
    window_from: Ints  # a step should answer that ends in [window_from, window_to)
    window_to: Ints

    def share(self, rank: int, world: int) -> "Plan":
        """The rows for a process. rank: the number of the process; world: how many processes there are"""
        return Plan(**{f.name: getattr(self, f.name)[rank::world] for f in fields(self)})

    def __len__(self) -> int:
        return len(self.around)


@dataclass(frozen=True)
class Mined:
    """The sound that the network confuses most with the keyword."""

    speech_item: Ints
    speech_frame: Ints  # the frame of that item with the highest score
    word_weight: NDArray[np.float64]  # how often each training word is drawn; sums to 1


def sequence_frames(augment: AugmentConfig, stream: bool) -> int:
    """The length of the sequences in a batch."""
    return augment.stream_frames if stream else CLIP_FRAMES + SILENCE_FRAMES


class Planner:
    """Draws plans from a store's items of one set. raises ValueError without the keyword or without other words"""

    def __init__(self, store: FrameStore, augment: AugmentConfig, train: TrainConfig, split: str = "training") -> None:
        self.store = store
        self.augment = augment
        self.train = train
        self.keywords = store.select(KEYWORD, split)
        self.words = store.select(WORD, split)
        self.speech = store.select(SPEECH, split)
        self.noises = store.select(NOISE, split)
        if len(self.keywords) == 0 or len(self.words) == 0:
            raise ValueError(
                f"The {split} set has {len(self.keywords)} clips of the keyword and {len(self.words)} of other words; "
                "it needs both: bring more recordings."
            )
        self.mined: Mined | None = None

    def draw(self, rng: np.random.Generator, rows: int, stream: bool) -> Plan:
        """Draw a plan of `rows` sequences: streams with sound around the word, or clips of one second."""
        a, store = self.augment, self.store
        frames = sequence_frames(a, stream)
        shares = np.array([a.keyword_share, a.partial_share, a.clip_share], dtype=np.float64)
        if not stream:
            shares = np.array([a.clips_keyword_share, a.clips_partial_share, a.clips_clip_share])
        sort = rng.choice(4, size=rows, p=[*shares, 1.0 - shares.sum()])
        is_keyword, is_partial, is_word, is_talk = (sort == i for i in range(4))

        word = np.full(rows, -1)
        said = is_keyword | is_partial
        word[said] = rng.choice(self.keywords, said.sum())
        word[is_word] = self._draw_words(rng, int(is_word.sum()))
        word_from, word_to, begin, end = self._crop(rng, word, is_partial, stream)
        word_at = self._place(rng, word_from, word_to, frames, stream)

        around, around_from = self._surround(rng, rows, frames, is_talk, stream)
        around_is_speech = (around >= 0) & (store.kind[around] == SPEECH)
        # Recorded levels differ by tens of decibels, so the word's level is drawn relative to the sound around it.
        around_level = np.where(around >= 0, store.level[around], a.silence_level)
        relative = rng.uniform(*a.relative_level_db, rows) * LN_PER_DB
        word_gain = np.where(
            (around >= 0) & (word >= 0) & (rng.random(rows) < a.relative_share),
            around_level + relative - store.level[word],
            0.0,
        )
        loudest = np.where(word >= 0, store.level[word] + word_gain, around_level)
        noise, noise_from, noise_gain = self._disturb(rng, rows, frames, loudest)

        said_from, said_to = word_at + begin - word_from, word_at + end - word_from
        span = said_to - said_from
        return Plan(
            around=around,
            around_from=around_from,
            word=word,
            word_from=word_from,
            word_to=word_to,
            word_at=word_at,
            replaces=around_is_speech,
            word_gain=word_gain.astype(np.float32),
            noise=noise,
            noise_from=noise_from,
            noise_gain=noise_gain,
            gain=(rng.uniform(*a.level_db, rows) * LN_PER_DB * (rng.random(rows) < a.level_share)).astype(np.float32),
            tilt=(rng.uniform(-a.tilt_db, a.tilt_db, rows) * LN_PER_DB).astype(np.float32),
            mask_mels=_draw_mask(rng, rows, FrontendConfig.mel_bins, a.mask_mels, a.mask_share),
            mask_frames=_draw_mask(rng, rows, frames, a.mask_frames, a.mask_share),
            is_keyword=is_keyword,
            negative_until=np.where(is_keyword, said_from + (a.denied_share * span).astype(np.int64), frames + 1),
            window_from=np.where(is_keyword, said_from + (a.early_share * span).astype(np.int64), frames + 1),
            window_to=np.where(is_keyword, said_to + a.late_frames, frames + 1),
        )

    def _draw_words(self, rng: np.random.Generator, count: int) -> Ints:
        if self.mined is None:
            return rng.choice(self.words, count)
        hard = rng.random(count) < self.train.mined_share
        return np.where(hard, rng.choice(self.words, count, p=self.mined.word_weight), rng.choice(self.words, count))

    def _crop(
        self, rng: np.random.Generator, word: Ints, is_partial: NDArray[np.bool_], stream: bool
    ) -> tuple[Ints, Ints, Ints, Ints]:
        """The first frame used of each clip, the frame after the last, and the same two for the word in the clip."""
        a, rows = self.augment, len(word)
        begin = self.store.speech_from[word].astype(np.int64)
        end = self.store.speech_to[word].astype(np.int64)
        length = self.store.length[word]
        # The whole clip, or the word with a random margin, so that talk may touch the word.
        whole = rng.random(rows) < a.whole_clip_share
        margin_before, margin_after = (rng.integers(0, a.margin_frames, rows) for _ in range(2))
        word_from = np.where(whole | (not stream), 0, np.maximum(0, begin - margin_before))
        word_to = np.where(whole | (not stream), length, np.minimum(length, end + margin_after))
        # A part of the keyword: its beginning or its end.
        span = end - begin
        first_half = rng.random(rows) < a.partial_first_share
        cut = (span * rng.uniform(*a.partial_span, rows)).astype(np.int64)
        word_from = np.where(
            is_partial, np.where(first_half, np.maximum(0, begin - margin_before), end - cut), word_from
        )
        word_to = np.where(
            is_partial, np.where(first_half, begin + cut, np.minimum(length, end + margin_after)), word_to
        )
        return word_from, np.maximum(word_to, word_from + 1), begin, end

    def _place(self, rng: np.random.Generator, word_from: Ints, word_to: Ints, frames: int, stream: bool) -> Ints:
        """The frame of the sequence at which the word begins."""
        a, rows = self.augment, len(word_from)
        length = word_to - word_from
        if stream:
            latest = np.maximum(frames - length - a.trail_frames, 1)
            room = np.maximum(latest - a.lead_frames, 1)
            return (rng.random(rows) * room).astype(np.int64) + np.minimum(a.lead_frames, latest - 1)
        shift = rng.integers(-a.shift_frames, a.shift_frames + 1, rows) * (rng.random(rows) < a.shift_share)
        return (CLIP_FRAMES - length) // 2 + shift

    def _surround(
        self, rng: np.random.Generator, rows: int, frames: int, is_talk: NDArray[np.bool_], stream: bool
    ) -> tuple[Ints, Ints]:
        """The item around each word (talk, noise or none), or the talk that fills a sequence, and its first frame."""
        a, store = self.augment, self.store
        draw = rng.random(rows)
        speech_around = draw < (a.speech_around_share if stream else 0.0)
        silent = draw > 1.0 - (a.silence_around_share if stream else 1.0)
        around = np.where(is_talk | speech_around, self._draw_by_length(rng, self.speech, rows), -1)
        noisy = ~(is_talk | speech_around | silent)
        around = np.where(noisy, self._draw_by_length(rng, self.noises, rows), around)
        length = np.where(around >= 0, store.length[around], frames)
        slack = np.maximum(length - frames, 0) + 2 * a.overhang_frames
        around_from = (rng.random(rows) * slack).astype(np.int64) - a.overhang_frames
        if self.mined is not None:
            pick = rng.integers(len(self.mined.speech_item), size=rows)
            hard = is_talk & (rng.random(rows) < self.train.mined_share)
            stirred_at = rng.integers(frames // 2, frames, size=rows)
            around = np.where(hard, self.mined.speech_item[pick], around)
            around_from = np.where(hard, self.mined.speech_frame[pick] - stirred_at, around_from)
        # A few sequences of talk become noise instead, or silence if there is no noise.
        quiet = is_talk & (rng.random(rows) < a.noise_for_talk_share)
        return np.where(quiet, self._draw_by_length(rng, self.noises, rows), around), around_from

    def _draw_by_length(self, rng: np.random.Generator, items: Ints, rows: int) -> Ints:
        """Draw items so that every second of audio is equally likely."""
        if len(items) == 0:
            return np.full(rows, -1)
        ends = np.cumsum(self.store.length[items])
        return items[np.searchsorted(ends, rng.integers(ends[-1], size=rows), side="right")]

    def _disturb(self, rng: np.random.Generator, rows: int, frames: int, loudest: Floats) -> tuple[Ints, Ints, Floats]:
        """Noise or distant talk for the whole sequence: item, first frame, gain by a random signal-to-noise ratio."""
        a = self.augment
        noise = self._draw_by_length(rng, self.noises, rows)
        babble = rng.random(rows) < a.babble_share
        noise = np.where(babble, self._draw_by_length(rng, self.speech, rows), noise)
        snr_db = np.where(babble, rng.uniform(*a.babble_snr_db, rows), rng.uniform(*a.snr_db, rows))
        gain = loudest - snr_db * LN_PER_DB - self.store.level[noise]
        noise = np.where(rng.random(rows) < a.noise_share, noise, -1)
        slack = np.maximum(self.store.length[noise] - frames, 1)
        return noise, (rng.random(rows) * slack).astype(np.int64), gain.astype(np.float32)


def _draw_mask(rng: np.random.Generator, rows: int, size: int, widest: int, share: float) -> Ints:
    """The first index that is blanked, and the index after the last. Equal indices blank nothing. [rows, 2]"""
    width = rng.integers(0, widest + 1, rows) * (rng.random(rows) < share)
    first = rng.integers(0, size - widest, rows)
    return np.stack([first, first + width], axis=1)
