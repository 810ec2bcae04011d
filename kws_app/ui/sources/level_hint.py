"""A hint for the user when the level of a microphone is wrong. On the window's thread; no Qt."""

import math
from collections import deque

import numpy as np

from kws_app.audio.ring import Samples
from kws_app.engine.frontend_config import SAMPLE_RATE
from kws_app.translation import _

SILENT_S = 3.0  # silence of this length gives a hint
SILENT_PEAK = 1e-4  # -80 dB: lower than the hiss of any microphone that is on
LISTEN_S = 12.0  # length of the past that is judged
QUIET_DB = -38.0  # speech whose loudest moments stay below this level is hard to tell from noise
SPEECH_OVER_ROOM_DB = 12.0  # difference of the loudest and the median level that shows that somebody spoke
CLIP_PEAK = 0.999  # full scale, with room for rounding
CLIPPED_BLOCKS = 3  # clipped blocks that give a hint; a single block may be a knock on the table
BLOCK_S = 0.1  # length of a block

SILENT = _("The microphone gives only silence: unmute it, or choose another microphone.")
QUIET = _("Your voice is very quiet: come closer, or turn the microphone up.")
CLIPPING = _("The sound is too loud and is cut off: turn the microphone down.")


class LevelHint:
    """Judges the peaks of the last seconds. Time is counted in samples."""

    def __init__(self) -> None:
        self._peaks: deque[float] = deque(maxlen=round(LISTEN_S / BLOCK_S))
        self._peak, self._samples = 0.0, 0  # of the unfinished block

    def add(self, samples: Samples) -> None:
        """samples: [N] float32 in [-1, 1] at 16 kHz"""
        if not len(samples):
            return
        self._peak = max(self._peak, float(np.abs(samples).max()))
        self._samples += len(samples)
        if self._samples >= BLOCK_S * SAMPLE_RATE:
            self._peaks.append(self._peak)
            self._peak, self._samples = 0.0, 0

    @property
    def text(self) -> str:
        """One sentence; empty if the level is good, or while too little was heard."""
        peaks = list(self._peaks)
        recent = peaks[-round(SILENT_S / BLOCK_S) :]
        if len(recent) == round(SILENT_S / BLOCK_S) and max(recent) < SILENT_PEAK:
            return SILENT
        if sum(peak >= CLIP_PEAK for peak in recent) >= CLIPPED_BLOCKS:
            return CLIPPING
        if len(peaks) == self._peaks.maxlen:
            levels_db = sorted(20 * math.log10(max(peak, 1e-6)) for peak in peaks)
            loudest_db, usual_db = levels_db[-1], levels_db[len(levels_db) // 2]
            if loudest_db < QUIET_DB and loudest_db - usual_db > SPEECH_OVER_ROOM_DB:
                return QUIET
        return ""
