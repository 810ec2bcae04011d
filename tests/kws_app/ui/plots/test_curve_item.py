"""A curve: what it draws, and that painting it costs no memory."""

import sys

import numpy as np
import pytest
from PyQt6.QtGui import QColor, QImage, QPainter, QPen
from pytestqt.qtbot import QtBot

from kws_app.ui.plots.curve_item import CurveItem, EnvelopeItem

WIDTH, HEIGHT = 120, 40
WHITE, RED, BLUE = QColor("white"), QColor("red"), QColor("blue")


def painted(curve: CurveItem) -> QImage:
    image = QImage(WIDTH, HEIGHT, QImage.Format.Format_RGB32)
    image.fill(WHITE)
    painter = QPainter(image)
    curve.paint(painter)
    painter.end()
    return image


def reds(image: QImage, y: int) -> set[int]:
    """Where a row has the colour of the line."""
    return {x for x in range(WIDTH) if image.pixelColor(x, y) == RED}


@pytest.fixture
def curve(qtbot: QtBot) -> CurveItem:
    curve = CurveItem()
    curve.set_pen(QPen(RED), BLUE)
    return curve


def test_a_line_is_drawn_as_far_as_it_goes(curve: CurveItem):
    for length in (100, 20, 90, 2):  # also after a longer one
        curve.set_points(np.arange(length), np.full(length, 10.0))
        assert reds(painted(curve), 10) == set(range(length))


def test_a_break_is_left_out_and_what_lies_below_is_filled(curve: CurveItem):
    y = np.full(100, 10.0)
    y[50] = np.nan
    curve.set_points(np.arange(100), y)
    image = painted(curve)
    assert reds(image, 10) == set(range(100)) - {50}
    assert image.pixelColor(20, 5) == image.pixelColor(80, 5) == BLUE
    assert image.pixelColor(20, 15) == image.pixelColor(110, 5) == WHITE


def test_pairs_are_lines_of_their_own(qtbot: QtBot):
    curve = CurveItem(pairs=True)
    curve.set_pen(QPen(RED))
    curve.set_points(np.array([10.0, 10.0, 30.0, 30.0]), np.array([0.0, 20.0, 0.0, 20.0]))
    assert reds(painted(curve), 10) == {10, 30}


def test_an_envelope_is_a_bar_for_each_low_and_high(qtbot: QtBot):
    envelope = EnvelopeItem()
    envelope.set_pen(QPen(RED))
    envelope.set_points(np.repeat(np.arange(10, 14), 2), np.array([5.0, 15.0, 8.0, 8.0, 20.0, 30.0, 5.0, 15.0]))
    image = painted(envelope)
    assert reds(image, 8) == {10, 11, 13}  # where low is high, a pixel is left
    assert reds(image, 14) == {10, 13} and reds(image, 25) == {12}


def test_painting_keeps_no_memory(curve: CurveItem):
    def paint() -> None:
        for length in range(2, 102):
            curve.set_points(np.arange(length), np.where(np.arange(length) % 9, 10.0, np.nan))
            painted(curve)

    paint()
    before = sys.getallocatedblocks()
    paint()
    assert sys.getallocatedblocks() - before < 50  # of 100 paintings with many pieces
