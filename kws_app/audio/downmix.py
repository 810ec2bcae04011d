"""Mixes several channels to one channel, even if they cancel each other.

Also runs in PortAudio's callback: it takes no lock, and keeps one number for each channel.
"""

import numpy as np

from kws_app.audio.ring import Samples

# the power of the mean, as a share of the power that the mean of unrelated channels has
CANCELS = 0.1  # below this share the channels cancel each other
ADDS_UP = 0.5  # above this share they no longer cancel each other
MEMORY_S = 0.3  # time over which powers are averaged
FADE_S = 0.01  # length of the change from a channel to the mean and back, because a jump would click
LEAST_CENTRED = 64  # samples in a block whose mean is taken off; in a shorter block the mean is part of the sound


class Downmix:
    """The mean of the channels. While the channels cancel each other: the strongest channel.

    A microphone whose second channel is wired the wrong way round gives left = -right: then the mean is silence.
    """

    def __init__(self, rate_hz: int) -> None:
        self.has_cancelled = False  # whether the channels ever cancelled each other; other threads read it
        self._memory = MEMORY_S * rate_hz  # samples
        self._fade = max(1, round(FADE_S * rate_hz))  # samples
        self._chosen: int | None = None  # the strongest channel, while the channels cancel each other
        self._powers: np.ndarray | None = None  # of each channel, then of their mean

    def process(self, samples: np.ndarray) -> Samples:
        """Mix a block. samples: [N, C] float32 with finite values; returns [N] float32"""
        if samples.shape[1] == 1 or len(samples) == 0:
            return np.ascontiguousarray(samples[:, 0], dtype=np.float32)
        mean = samples.mean(axis=1, dtype=np.float32)
        before = self._chosen
        is_first = self._weigh(samples, mean)
        heard = self._heard(samples, mean, self._chosen)
        if self._chosen != before and not is_first:
            count = min(len(samples), self._fade)
            rising = np.linspace(0.0, 1.0, count, dtype=np.float32)
            heard = heard.copy()
            heard[:count] = rising * heard[:count] + (1 - rising) * self._heard(samples, mean, before)[:count]
        return heard

    @staticmethod
    def _heard(samples: np.ndarray, mean: Samples, chosen: int | None) -> Samples:
        return mean if chosen is None else np.ascontiguousarray(samples[:, chosen], dtype=np.float32)

    def _weigh(self, samples: np.ndarray, mean: Samples) -> bool:
        """Average the powers, and choose the mean or a channel. Returns whether these are the first samples."""
        count, channels = samples.shape
        if count >= LEAST_CENTRED:  # a constant offset would add up even if the sound cancels
            samples, mean = samples - samples.mean(axis=0), mean - mean.mean()
        powers = np.nan_to_num(np.append(np.einsum("nc,nc->c", samples, samples), mean @ mean) / count)
        is_first = self._powers is None
        if self._powers is None:
            self._powers = powers
        else:
            self._powers += (powers - self._powers) * min(1.0, count / self._memory)
        unrelated = self._powers[:-1].sum() / channels**2
        if self._powers[-1] < CANCELS * unrelated:
            if self._chosen is None:
                self._chosen = int(self._powers[:-1].argmax())
            self.has_cancelled = True
        elif self._powers[-1] > ADDS_UP * unrelated:
            self._chosen = None
        return is_first
