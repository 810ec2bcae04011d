"""Compares a new model of a word with the old model, on sounds and talk that the new model was not trained on."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray

from kws_app.engine.expert_file import ExpertSettings, unpack_head
from kws_app.engine.model_file import read_model_file
from kws_app.engine.speech_body import BODY_SHA256
from kws_app.errors import ModelError
from training.evaluate.metrics import ALLOWED_AN_HOUR
from training.own_word.heads import Head, HeadConfig
from training.own_word.material import FEWEST_TO_COMPARE, Gathered
from training.own_word.measure import PATIENCE_STEPS, talk_peaks, word_peaks
from training.own_word.talk_embeddings import Talk


@dataclass(frozen=True)
class Trained:
    """A model of a word."""

    heads: Sequence[Head]
    mean: NDArray[np.float32]  # [96], scales its embeddings
    std: NDArray[np.float32]  # [96]
    threshold: float  # a margin
    patience_steps: int = PATIENCE_STEPS


@dataclass(frozen=True)
class Mistakes:
    """The mistakes of a model on the sounds and the talk that were kept back."""

    missed: float  # recordings of the word; a part of a recording counts if some of its copies in noise are missed
    alarms: int  # sounds that are not the word and set the model off
    talk_alarms: int


@dataclass(frozen=True)
class Verdict:
    """Whether the new model is better, and why."""

    old: Mistakes
    new: Mistakes
    words: int  # recordings that were kept back
    sounds: int  # sounds that are not the word and were kept back
    hours: float  # of talk

    @property
    def is_better(self) -> bool:
        """Fewer mistakes on the kept-back sounds, and no more alarms on talk than before, or than are allowed."""
        allowed = max(self.old.talk_alarms, int(ALLOWED_AN_HOUR * self.hours))
        fewer = self.new.missed + self.new.alarms < self.old.missed + self.old.alarms - 1e-9
        return fewer and self.new.talk_alarms <= allowed

    def describe(self) -> str:
        """The mistakes of both models, in sentences for a person."""
        start = "The new model is better" if self.is_better else "The new model is not better"
        parts = []
        for kind, count, old, new in (
            ("recordings of the word it misses", self.words, self.old.missed, self.new.missed),
            ("sounds that are not the word it takes", self.sounds, self.old.alarms, self.new.alarms),
        ):
            if count:
                parts.append(f"of {count} {kind} {new:.1f}, the old one {old:.1f}")
        said = "; ".join(parts)
        return (
            f"{start}: {said}. On {self.hours:.1f} h of talk it gives {self.new.talk_alarms} false alarms, the old one "
            f"{self.old.talk_alarms}. All this was kept back from its training."
        )


def check_enough(recordings: int, mistakes: int) -> None:
    """Refuse to compare on too few sounds. raises ValueError if no sound can be kept back"""
    if max(recordings, mistakes) < FEWEST_TO_COMPARE:
        raise ValueError(
            f"There are {recordings} recordings of the word and {mistakes} sounds that are not the word: "
            f"label at least {FEWEST_TO_COMPARE} of one kind, so that the new model can be compared with the old."
        )


def read_trained(path: Path) -> Trained:
    """Load the heads of a model file. raises ModelError unless it is an expert with this speech embedding"""
    file = read_model_file(path)
    try:
        settings = ExpertSettings.from_card(file.card.network)
        numbers = unpack_head(settings, file.tensors)
    except (TypeError, ValueError) as error:
        raise ModelError(f"{path} is not an expert, so it cannot be compared: {error}.") from error
    if settings.body_sha256 != BODY_SHA256:
        raise ModelError(f"{path} was made with another speech embedding: it cannot be compared.")
    heads = []
    for number in range(settings.heads):
        head = Head(HeadConfig(window_steps=settings.window_steps, hidden=settings.hidden))
        with torch.no_grad():
            for name, parameter in head.named_parameters():
                parameter.copy_(torch.from_numpy(numbers[name])[number].reshape(parameter.shape))
        heads.append(head.eval())
    patience_steps = file.card.decision_config().patience_steps
    return Trained(heads, numbers["mean"], numbers["std"], settings.offset, patience_steps)


def compare(old: Trained, new: Trained, found: Gathered, talk: Talk) -> Verdict:
    """Count the mistakes of both models on the recordings, other sounds and talk that were kept back."""
    words = 0 if found.recorded is None else len(np.unique(found.recorded.takes))
    sounds = 0 if found.not_the_word is None else len(np.unique(found.not_the_word.takes))
    both = (_mistakes(trained, found, talk) for trained in (old, new))
    return Verdict(next(both), next(both), words, sounds, talk.hours("validation"))


def _mistakes(trained: Trained, found: Gathered, talk: Talk) -> Mistakes:
    scaled = replace(talk, mean=trained.mean, std=trained.std)
    missed, alarms = 0.0, 0
    peaks_in = partial(word_peaks, trained.heads, scaled, patience_steps=trained.patience_steps)
    if found.recorded is not None:
        low = peaks_in(found.recorded) < trained.threshold
        missed = sum(float(low[found.recorded.takes == take].mean()) for take in np.unique(found.recorded.takes))
    if found.not_the_word is not None:
        _, plain = np.unique(found.not_the_word.takes, return_index=True)  # the first copy is the sound as it is
        first = np.zeros(len(found.not_the_word), bool)
        first[plain] = True
        alarms = int((peaks_in(found.not_the_word.of(first)) >= trained.threshold).sum())
    peaks = talk_peaks(trained.heads, scaled, scaled.of("validation"), trained.patience_steps)
    return Mistakes(missed, alarms, int((peaks >= trained.threshold).sum()))
