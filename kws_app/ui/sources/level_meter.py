"""The level meter: a bar in decibels, a tick at the last peak, a light for clipping. On the window's thread."""

import math

import numpy as np
from PyQt6.QtCore import QRectF, QSize
from PyQt6.QtGui import QColor, QPainter, QPaintEvent
from PyQt6.QtWidgets import QSizePolicy, QWidget

from kws_app.audio.ring import Samples
from kws_app.engine.frontend_config import SAMPLE_RATE
from kws_app.translation import _
from kws_app.ui.theme import LIGHT, Theme

FLOOR_DB = -60.0  # left end of the bar; the right end is 0 dB, full scale
FALL_DB_PER_S = 40.0  # how fast the bar falls
HOLD_S = 1.5  # how long the tick stays
CLIP_PEAK = 0.999  # full scale, with room for rounding
CLIP_HOLD_S = 2.0  # how long the light stays on
PAINT_S = 0.06  # of sound between two pictures of the meter: more often, it flickers and costs as much as a plot


class LevelMeter(QWidget):
    """Shows the peak level of samples. Time is counted in samples."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._theme: Theme = LIGHT
        self.clear()
        self.setSizePolicy(QSizePolicy.Policy.Maximum, QSizePolicy.Policy.Fixed)
        self.setAccessibleName(_("Input level"))
        self.setToolTip(
            _(
                "Level of the sound that comes in, from -60 to 0 dB. Speech should reach the middle. The light at the "
                "right end means that the sound is too loud and is cut off."
            )
        )

    def sizeHint(self) -> QSize:
        return QSize(150, 22)

    def minimumSizeHint(self) -> QSize:
        return QSize(80, 22)

    def set_theme(self, theme: Theme) -> None:
        self._theme = theme
        self.update()

    def clear(self) -> None:
        """Show silence."""
        self.level_db = FLOOR_DB
        self.hold_db = FLOOR_DB
        self._held_s = 0.0
        self._clipped_s = math.inf  # since the last clipped sample
        self._unpainted_s = 0.0  # of sound since the last picture
        self.update()

    @property
    def clipping(self) -> bool:
        return self._clipped_s < CLIP_HOLD_S

    def add(self, samples: Samples) -> None:
        """samples: [N] float32 in [-1, 1] at 16 kHz"""
        if not len(samples):
            return
        duration_s = len(samples) / SAMPLE_RATE
        peak = float(np.abs(samples).max())
        peak_db = max(FLOOR_DB, 20 * math.log10(max(peak, 1e-6)))
        self.level_db = max(peak_db, self.level_db - FALL_DB_PER_S * duration_s)
        self._held_s += duration_s
        if peak_db >= self.hold_db or self._held_s > HOLD_S:
            self.hold_db, self._held_s = self.level_db, 0.0
        self._clipped_s = 0.0 if peak >= CLIP_PEAK else self._clipped_s + duration_s
        self._unpainted_s += duration_s
        if self._unpainted_s >= PAINT_S:
            self._unpainted_s = 0.0
            self.update()

    def paintEvent(self, event: QPaintEvent | None) -> None:
        painter = QPainter(self)
        theme, height = self._theme, self.height()
        bar = QRectF(0, height / 2 - 4, self.width() - 18, 8)
        painter.fillRect(bar, QColor(theme.border))
        filled = QRectF(bar)
        filled.setWidth(bar.width() * self._share(self.level_db))
        painter.fillRect(filled, QColor(theme.level))
        if self.hold_db > FLOOR_DB:
            painter.fillRect(
                QRectF(bar.width() * self._share(self.hold_db) - 2, bar.top() - 3, 2, 14), QColor(theme.text)
            )
        light = QRectF(self.width() - 12, height / 2 - 5, 10, 10)
        painter.fillRect(light, QColor(theme.clip if self.clipping else theme.border))
        painter.end()

    @staticmethod
    def _share(level_db: float) -> float:
        return (level_db - FLOOR_DB) / -FLOOR_DB
