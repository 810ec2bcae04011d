"""The names beside the marks: whole, inside the plot, wherever the mark is and however small the plot."""

import numpy as np
import pytest
from pytestqt.qtbot import QtBot

from kws_app.engine.frontend_config import SAMPLE_RATE
from kws_app.listening.session import SoundChunk
from kws_app.ui.plots.marks import PADDING, beside
from kws_app.ui.plots.plots import LEAST_HEIGHT, LEAST_WIDTH, Plots
from kws_app.ui.plots.recording import DetectionMark
from kws_app.ui.theme import LIGHT

HEARD_S = 12
LONG = "rhinoceros on the motorway at night"


def test_a_name_is_right_of_its_line_where_there_is_room_else_left():
    assert beside(50, 40, left=0, right=100) == 50 + PADDING
    assert beside(80, 40, left=0, right=100) == 80 - PADDING - 40
    assert beside(20, 90, left=0, right=100) == 0


@pytest.mark.parametrize("word", ["happy", LONG])
@pytest.mark.parametrize("width", [LEAST_WIDTH, 640])
def test_a_name_is_whole_wherever_its_mark_is(qtbot: QtBot, word: str, width: int):
    plots = Plots()
    qtbot.addWidget(plots)
    plots.set_theme(LIGHT)
    plots.resize(width, LEAST_HEIGHT)
    plots.show()
    qtbot.waitExposed(plots)
    plots.begin()
    plots.add(SoundChunk(np.zeros(HEARD_S * SAMPLE_RATE, np.float32), 0))
    qtbot.waitUntil(lambda: plots._waveform.getViewBox().height() > 20)
    box = plots.mapFromScene(plots._waveform.getViewBox().sceneBoundingRect()).boundingRect()
    widths = set()
    for ago_s in np.arange(0.05, plots.view.span_s, 0.35):
        plots.current.marks.clear()
        plots.add_mark(DetectionMark(round((HEARD_S - ago_s) * SAMPLE_RATE), word, 1))
        plots.redraw()
        inked = ink(plots, box.top(), box.top() + 2 * plots.fontMetrics().height())
        assert inked.min() > box.left() - 1 and inked.max() <= box.right() + 1
        widths.add(int(inked.max() - inked.min()))
    assert max(widths) - min(widths) <= 2  # px: nothing is cut off


def ink(plots: Plots, top: int, bottom: int) -> np.ndarray:
    """The columns, in logical px, between two rows that hold the second word's colour."""
    picture = plots.grab()
    image = picture.toImage()
    bits = image.constBits()
    assert bits is not None
    pixels = np.frombuffer(bits.asstring(image.sizeInBytes()), np.uint8).reshape(image.height(), image.width(), 4)
    scale = picture.devicePixelRatio()
    color = [int(LIGHT.score_color(1)[at : at + 2], 16) for at in (5, 3, 1)]  # blue, green, red, as in memory
    near = np.abs(pixels[round(top * scale) : round(bottom * scale), :, :3].astype(int) - color).max(axis=2) < 90
    return np.flatnonzero(near.any(axis=0)) / scale
