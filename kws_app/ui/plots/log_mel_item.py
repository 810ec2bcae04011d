"""The log-mel picture inside a plot. On the window's thread."""

import numpy as np
import pyqtgraph as pg
from numpy.typing import NDArray
from PyQt6 import sip
from PyQt6.QtCore import QRectF
from PyQt6.QtGui import QImage, QPainter

from kws_app.engine.frontend_config import SAMPLE_RATE
from kws_app.ui.plots.curve_item import BOUNDS
from kws_app.ui.plots.plot_history import MEL_BINS
from kws_app.ui.theme import Theme

GROUND_COLORS = 80  # of the 256 colours fade into the background


def _mel(hz: float) -> float:
    return float(np.log10(1.0 + hz / 700.0))


def mel_band(khz: float) -> float:
    """The mel band of a frequency, 0..MEL_BINS (HTK mel scale, as in the frontend)."""
    return MEL_BINS * _mel(1000 * khz) / _mel(SAMPLE_RATE / 2)


def band_khz(band: float) -> float:
    """The frequency of a mel band, in kHz."""
    return 0.7 * (10.0 ** (band / MEL_BINS * _mel(SAMPLE_RATE / 2)) - 1.0)


def log_mel_colors(theme: Theme) -> NDArray[np.uint8]:
    """The colour map of a theme [256, 3]. Its dark end fades into the background, so silence has no edge."""
    colors = pg.colormap.get(theme.color_map).getLookupTable(nPts=256)
    ground = np.array(pg.mkColor(theme.panel).getRgb()[:3])
    share = np.minimum(1.0, np.arange(256) / GROUND_COLORS)[:, None]
    return (ground * (1 - share) + colors * share).astype(np.uint8)


class LogMelItem(pg.GraphicsObject):
    """Frames as pixels in the format of the screen: five times as fast as pg.ImageItem with a colour table."""

    def __init__(self) -> None:
        super().__init__()
        self._colors = np.zeros(256, dtype=np.uint32)
        self._area = QRectF(-1, 0, 1, MEL_BINS)
        self._frames: NDArray[np.uint8] | None = None  # the frames in the image
        self._make_image(1)

    def _make_image(self, frames: int) -> None:
        self._pixels = np.zeros((MEL_BINS, frames), dtype=np.uint32)  # lowest band first, because y points up in a plot
        memory = sip.voidptr(self._pixels.ctypes.data, self._pixels.nbytes)
        self._image = QImage(  # type: ignore[call-overload] # PyQt6 takes a pointer, but its stubs do not
            memory, frames, MEL_BINS, 4 * frames, QImage.Format.Format_RGB32
        )

    def set_colors(self, colors: NDArray[np.uint8]) -> None:
        """colors: [256, 3], red, green, blue; used from the next `set_frames` on"""
        red, green, blue = colors.astype(np.uint32).T
        self._colors = 0xFF000000 | red << 16 | green << 8 | blue
        self._frames = None

    def set_frames(self, frames: NDArray[np.uint8], first_s: float, frame_s: float) -> None:
        """frames: [T, F], oldest first; the same array object means the same frames
        first_s, frame_s: begin of the first frame, and length of a frame, in seconds

        The caller must repaint the plot.
        """
        if frames is not self._frames:
            if len(frames) != self._pixels.shape[1]:
                self._make_image(len(frames))
            np.take(self._colors, frames.T, out=self._pixels)
            self._frames = frames
        self._area = QRectF(first_s, 0, len(frames) * frame_s, MEL_BINS)

    def boundingRect(self) -> QRectF:
        return BOUNDS

    def paint(self, painter: QPainter, *_: object) -> None:
        painter.drawImage(self._area, self._image)
