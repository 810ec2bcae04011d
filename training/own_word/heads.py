"""Trains the heads of a word on frozen embeddings: sequences of the word against hours of talk.

A window is W embeddings end to end. The windows of a stream overlap in memory, so only batches are copied. Mining finds
the talk that a head is most wrong about.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn
from torch.nn import functional as F

from kws_app.engine.expert_file import NORM_EPSILON
from kws_app.engine.frontend_config import SAMPLE_RATE, FrontendConfig
from kws_app.engine.speech_body import EMBEDDING, STEP_FRAMES
from training.own_word.sequences import Sequences
from training.own_word.talk_embeddings import Talk, TalkStream, as_stored
from training.progress import SILENT, Progress

_CONFIG = FrontendConfig()
BY_MISTAKE_S = (-0.6, 0.5)  # from the end of a sound that set the word off: somewhere there it did
SCAN_ROWS = 16_384
SAID_ROWS = 512


@dataclass(frozen=True)
class HeadConfig:
    """How a head is made and trained."""

    window_steps: int = 14  # embeddings: they span 1.04 s, and each looks back over 0.76 s
    hidden: int = 64
    dropout: float = 0.4
    steps: int = 900
    positives: int = 96  # in a batch
    negatives: int = 224  # in a batch
    learning_rate: float = 2e-3  # the peak of the one-cycle schedule
    weight_decay: float = 0.05
    after_s: tuple[float, float] = (0.02, 0.34)  # seconds after the word's end in which the head should hear it
    before_s: float = 0.42  # seconds before the word's end; up to here the word is not finished
    unfinished_share: float = 0.08  # share of the negatives that end before the word is finished
    not_the_word_share: float = 0.08  # share of the negatives that set the word off by mistake, if there are some
    mined_share: float = 0.7  # share of the negatives that are the talk that the head is most wrong about
    mined_windows: int = 20_000  # windows of talk that mining keeps
    said_quantile: float = 0.995  # of the word's margins; talk above it probably holds the word, so it is not mined
    mine_at: tuple[float, ...] = (0.17, 0.39, 0.61, 0.83)  # shares of the steps
    average_from: float = 0.6  # share of the steps after which the weights are averaged
    average_rate: float = 0.02


class Head(nn.Module):
    """A network with two normalised hidden layers over a window of embeddings."""

    def __init__(self, config: HeadConfig) -> None:
        super().__init__()
        self.config = config
        H = config.hidden
        self.first, self.norm1 = nn.Linear(config.window_steps * EMBEDDING, H), nn.LayerNorm(H, NORM_EPSILON)
        self.second, self.norm2 = nn.Linear(H, H), nn.LayerNorm(H, NORM_EPSILON)
        self.out = nn.Linear(H, 1)
        nn.init.constant_(self.out.bias, -2.0)

    def forward(self, windows: Tensor) -> Tensor:
        """[B, W * 96] -> margins [B]"""
        return self.top(self.first(F.dropout(windows, self.config.dropout, self.training)))

    def top(self, x: Tensor) -> Tensor:
        """Everything after the first product. [B, H] -> [B]"""
        x = F.dropout(torch.relu(self.norm1(x)), self.config.dropout, self.training)
        return self.out(torch.relu(self.norm2(self.second(x))))[:, 0]

    def numbers(self) -> dict[str, NDArray[np.float32]]:
        """The weights by the names in a model file, without the axis of heads."""
        return {
            name.removesuffix(".weight") + ".weight" if name.endswith("weight") else name: values.detach().numpy()
            for name, values in self.named_parameters()
        }


def windows_of(stream: Tensor, window_steps: int) -> Tensor:
    """All windows [S - W + 1, W * 96] of embeddings [S, 96]. They share the memory of the embeddings."""
    stream = stream.contiguous()  # else the strides below would mean other numbers
    return stream.as_strided((len(stream) - window_steps + 1, window_steps * EMBEDDING), (EMBEDDING, 1))


@torch.inference_mode()
def margins(head: Head, stream: Tensor) -> Tensor:
    """The margin at every window of scaled embeddings [S, 96]: [S - W + 1]."""
    head.eval()
    width = head.config.window_steps
    count = max(0, len(stream) - width + 1)
    found = torch.empty(count)
    weight = head.first.weight.view(-1, width, EMBEDDING)
    for at in range(0, count, SCAN_ROWS):
        rows = min(SCAN_ROWS, count - at)
        x = head.first.bias.repeat(rows, 1)
        for step in range(width):
            x.addmm_(stream[at + step : at + step + rows], weight[:, step].t())
        found[at : at + rows] = head.top(x)
    return found


class _Words:
    """Sequences end to end, each with its first step repeated in front, and each step's time after the word's end."""

    def __init__(self, sequences: Sequences, talk: Talk, config: HeadConfig) -> None:
        width = config.window_steps
        scaled = torch.from_numpy(as_stored(talk.scaled(sequences.embeddings)))  # [N, T, 96]
        padded = torch.cat([scaled[:, :1].expand(-1, width, -1), scaled], dim=1)
        self._steps = padded.shape[1]
        self.windows = windows_of(padded.reshape(-1, EMBEDDING), width)
        T, first = scaled.shape[1], (STEP_FRAMES - 1) * _CONFIG.hop_samples + _CONFIG.window_samples
        step_ends_s = (np.arange(T) * STEP_FRAMES * _CONFIG.hop_samples + first) / SAMPLE_RATE
        self._after_s = step_ends_s[None] - sequences.ends_s[:, None]  # [N, T]

    def rows(self, least_s: float, most_s: float) -> NDArray[np.int64]:
        """The windows that end from `least_s` to `most_s` seconds after the word's end."""
        sequence, step = np.nonzero((self._after_s >= least_s) & (self._after_s <= most_s))
        return np.asarray(sequence * self._steps + step + 1, np.int64)


class _Negatives:
    """Talk as a row of embeddings, and the windows that lie within a single stream."""

    def __init__(self, streams: Sequence[TalkStream], talk: Talk, config: HeadConfig) -> None:
        width = config.window_steps
        self.stream = torch.from_numpy(np.concatenate([talk.scaled(stream.embeddings) for stream in streams]))
        self.windows = windows_of(self.stream, width)
        whole = np.ones(len(self.windows), bool)
        at = 0
        for stream in streams:
            whole[max(0, at - width + 1) : at] = False
            at += len(stream.embeddings)
        self.starts = np.flatnonzero(whole)

    def hardest(self, head: Head, count: int, below: float) -> NDArray[np.int64]:
        """The windows with the highest margins that are not above `below`."""
        found = margins(head, self.stream).numpy()[self.starts]
        found[found > below] = -np.inf
        count = min(count, len(found) - 1)
        return self.starts[np.argpartition(-found, count)[:count]]


@dataclass(frozen=True)
class Material:
    """What a head is trained on."""

    words: Sequence[tuple[Sequences, float]]  # sequences of the word, and their weight in a batch
    talk: Talk
    not_the_word: Sequences | None = None  # sequences of sounds that set it off by mistake


def train_head(
    material: Material, config: HeadConfig, seed: int, progress: Progress = SILENT, what: str = "head"
) -> Head:
    """A head; the same for the same material, settings and seed. raises StageStoppedError if the user stops it"""
    torch.manual_seed(seed)
    rng = np.random.default_rng(seed)
    head = Head(config)
    optimizer = torch.optim.AdamW(head.parameters(), lr=config.learning_rate, weight_decay=config.weight_decay)
    schedule = torch.optim.lr_scheduler.OneCycleLR(
        optimizer, config.learning_rate, total_steps=config.steps, pct_start=0.15
    )
    batches = _Batches(material, config, rng)
    mine_at = {round(share * config.steps) for share in config.mine_at}
    average: list[Tensor] = []
    for step in range(config.steps):
        if step % 20 == 0:
            progress.step(what, step, config.steps)
        if step in mine_at:
            batches.mine(head)
        head.train()
        windows, labels = batches.next()
        loss = F.binary_cross_entropy_with_logits(head(windows), labels)
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        schedule.step()
        if step >= config.average_from * config.steps:
            _average(average, head, config.average_rate)
    with torch.no_grad():
        for mean, parameter in zip(average, head.parameters(), strict=True):
            parameter.copy_(mean)
    progress.step(what, config.steps, config.steps)
    return head.eval()


@torch.no_grad()
def _average(average: list[Tensor], head: Head, rate: float) -> None:
    """An exponential moving average of the weights, in place."""
    if not average:
        average.extend(parameter.clone() for parameter in head.parameters())
        return
    for mean, parameter in zip(average, head.parameters(), strict=True):
        mean.lerp_(parameter, rate)


class _Batches:
    """Draws windows and labels by the shares in the settings."""

    def __init__(self, material: Material, config: HeadConfig, rng: np.random.Generator) -> None:
        self._config, self._rng = config, rng
        words = [(_Words(sequences, material.talk, config), weight) for sequences, weight in material.words]
        weights = np.array([weight for _, weight in words])
        self._weights = weights / weights.sum()
        self._said = [(word.windows, word.rows(*config.after_s)) for word, _ in words]
        self._unfinished = [(word.windows, word.rows(-9.0, -config.before_s)) for word, _ in words]
        self._mistaken: tuple[Tensor, NDArray[np.int64]] | None = None
        if material.not_the_word is not None:
            sounds = _Words(material.not_the_word, material.talk, config)
            self._mistaken = sounds.windows, sounds.rows(*BY_MISTAKE_S)
        self._talk = _Negatives(material.talk.of("training"), material.talk, config)
        self._hardest: NDArray[np.int64] | None = None

    def mine(self, head: Head) -> None:
        """From now on, a share of the negatives is what this head is most wrong about."""
        windows, rows = self._said[int(np.argmax(self._weights))]
        with torch.inference_mode():
            said = head.eval()(self._drawn(windows, rows, SAID_ROWS))
        likely_said = float(torch.quantile(said, self._config.said_quantile))
        self._hardest = self._talk.hardest(head, self._config.mined_windows, likely_said)

    def next(self) -> tuple[Tensor, Tensor]:
        config, rng = self._config, self._rng
        mined = round(config.negatives * config.mined_share) if self._hardest is not None else 0
        unfinished = round(config.negatives * config.unfinished_share)
        mistaken = round(config.negatives * config.not_the_word_share) if self._mistaken is not None else 0
        parts = []
        for (windows, rows), count in zip(
            self._said, rng.multinomial(config.positives, self._weights).tolist(), strict=True
        ):
            parts.append(self._drawn(windows, rows, count))
        others = mined + unfinished + mistaken
        parts.append(self._drawn(self._talk.windows, self._talk.starts, config.negatives - others))
        if self._hardest is not None:
            parts.append(self._drawn(self._talk.windows, self._hardest, mined))
        parts.append(self._drawn(*self._unfinished[int(rng.choice(len(self._weights), p=self._weights))], unfinished))
        if self._mistaken is not None:
            parts.append(self._drawn(*self._mistaken, mistaken))
        batch = torch.cat(parts)
        labels = torch.zeros(len(batch))
        labels[: config.positives] = 1.0
        return batch, labels

    def _drawn(self, windows: Tensor, rows: NDArray[np.int64], count: int) -> Tensor:
        return windows[torch.from_numpy(self._rng.choice(rows, count))]
