"""The plots: positions on the sample clock end up at the right place, gaps stay gaps, and the line can be dragged."""

import numpy as np
import pytest
from PyQt6.QtCore import QEvent, QObject, QPoint, QPointF, QRect, Qt
from PyQt6.QtGui import QPaintEvent, QRegion
from PyQt6.QtWidgets import QApplication
from pytestqt.qtbot import QtBot

from kws_app.engine.frontend_config import SAMPLE_RATE
from kws_app.listening.session import ModelScores, SoundChunk
from kws_app.settings import LOWEST_THRESHOLD
from kws_app.ui.plots.log_mel_item import mel_band
from kws_app.ui.plots.plot_history import MEL_BINS, SampleHistory
from kws_app.ui.plots.plots import Plots
from kws_app.ui.theme import DARK, LIGHT

MODEL = "loud/teacher"


def heard(first: int, count: int, value: float = 0.5, scores: tuple[tuple[int, float], ...] = ()) -> SoundChunk:
    """A block of constant samples; its frames are bright."""
    return SoundChunk(
        samples=np.full(count, value, dtype=np.float32),
        first_sample=first,
        log_mel=np.full((count // 160, MEL_BINS), 5.0, dtype=np.float32),
        first_frame=first,
        scored=[ModelScores(MODEL, [score for _, score in scores], [end for end, _ in scores])],
    )


def test_the_newest_sample_is_at_now():
    history = SampleHistory()
    history.add(heard(0, SAMPLE_RATE))
    times_s, values = history.envelope(history.end, 10)
    loud = times_s[values > 0.4]
    assert loud.min() == pytest.approx(-1.0, abs=0.02)
    assert times_s.max() == pytest.approx(-0.02)
    assert len(times_s) == 1000


@pytest.mark.parametrize("piece", [160, 480, 7000])
def test_pieces_give_the_same_picture_as_the_whole(piece: int):
    samples = np.random.default_rng(1).normal(0, 0.1, 12 * SAMPLE_RATE).astype(np.float32)
    whole, pieces = SampleHistory(), SampleHistory()

    def add(history: SampleHistory, first: int, end: int) -> None:
        history.add(SoundChunk(samples[first:end], first, np.zeros((0, MEL_BINS))))

    add(whole, 0, len(samples))
    for first in range(0, len(samples), piece):
        add(pieces, first, min(first + piece, len(samples)))
    for one, other in zip(whole.envelope(whole.end, 10), pieces.envelope(pieces.end, 10), strict=True):
        np.testing.assert_array_equal(one, other)


def test_what_nobody_heard_is_flat():
    history = SampleHistory()
    history.add(heard(0, 3 * SAMPLE_RATE))
    history.add(heard(5 * SAMPLE_RATE, SAMPLE_RATE))
    times_s, values = history.envelope(history.end, 10)
    gap = (times_s > -2.9) & (times_s < -1.1)
    assert not values[gap].any()
    assert values[(times_s > -5.9) & (times_s < -3.1)].min() == pytest.approx(0.5)
    image, first_s, _ = history.image(history.end, 10)
    bright = image[:, 0] > 0
    frame_times_s = first_s + np.arange(len(image)) * 0.01
    assert not bright[(frame_times_s > -2.9) & (frame_times_s < -1.1)].any()
    assert bright[frame_times_s > -0.9].all()


def test_a_gap_longer_than_the_picture_empties_it():
    history = SampleHistory()
    history.add(heard(0, 5 * SAMPLE_RATE))
    history.add(heard(100 * SAMPLE_RATE, SAMPLE_RATE))
    times_s, values = history.envelope(history.end, 10)
    assert not values[times_s < -1.05].any()


def test_scores_lie_at_their_step_ends_and_break_at_a_gap():
    history = SampleHistory()
    history.add(heard(0, SAMPLE_RATE, scores=((8000, 0.2), (9280, 0.4))))
    history.add(heard(4 * SAMPLE_RATE, SAMPLE_RATE, scores=((5 * SAMPLE_RATE, 0.9),)))
    times_s, scores = history.curve(MODEL, history.end, 10)
    np.testing.assert_allclose(times_s, [-4.5, -4.42, 0.0, 0.0])
    np.testing.assert_allclose(scores, [0.2, 0.4, np.nan, 0.9], rtol=1e-6)
    history.add(heard(5 * SAMPLE_RATE, 2 * 10 * SAMPLE_RATE))
    assert len(history.curve(MODEL, history.end, 10)[0]) == 0


def test_a_level_stretch_of_scores_is_two_points():
    history = SampleHistory()
    levels = [0.001, 0.0011, 0.0012, 0.001, 0.8, 0.8, 0.8, 0.001, 0.001]
    steps = tuple(((i + 1) * 1280, level) for i, level in enumerate(levels))
    history.add(heard(0, SAMPLE_RATE, scores=steps))
    times_s, scores = history.curve(MODEL, SAMPLE_RATE, 10)
    np.testing.assert_allclose(scores, [0.001, 0.001, 0.8, 0.8, 0.001, 0.001], rtol=1e-6)
    np.testing.assert_allclose(times_s, np.array([1, 4, 5, 7, 8, 9]) * 0.08 - 1)


def test_the_same_frames_are_the_same_array():
    history = SampleHistory()
    history.add(heard(0, SAMPLE_RATE))
    image, first_s, _ = history.image(history.end, 10)
    history.add(SoundChunk(np.zeros(480, dtype=np.float32), SAMPLE_RATE))
    again, later_s, _ = history.image(history.end, 10)
    assert again is image and later_s == pytest.approx(first_s - 0.03)
    assert history.image(history.end, 5)[0] is not image
    history.add(heard(SAMPLE_RATE + 480, 1600))
    assert history.image(history.end, 10)[0] is not image


def test_frequencies_lie_on_the_mel_scale():
    assert mel_band(0) == 0
    assert mel_band(8) == pytest.approx(MEL_BINS)
    assert mel_band(1) == pytest.approx(MEL_BINS * 1000 / 2840, rel=0.01)  # 1 kHz is 1000 mel, 8 kHz is 2840


@pytest.fixture
def plots(qtbot: QtBot) -> Plots:
    plots = Plots()
    qtbot.addWidget(plots)
    plots.set_theme(LIGHT)
    plots.resize(800, 560)
    plots.show()
    qtbot.waitExposed(plots)
    return plots


def test_a_redraw_paints_what_lies_between_the_axes(plots: Plots, qtbot: QtBot):
    painted: list[QRegion] = []

    class Watch(QObject):
        def eventFilter(self, watched: QObject | None, event: QEvent | None) -> bool:
            if isinstance(event, QPaintEvent):
                painted.append(event.region())
            return False

    watch = Watch()
    plots.viewport().installEventFilter(watch)
    qtbot.wait(100)  # for what is still to be painted
    painted.clear()
    plots.add(heard(0, SAMPLE_RATE))
    plots.redraw()
    qtbot.waitUntil(lambda: len(painted) > 0)
    assert any(region.contains(y_pixel(plots, 0.9)) for region in painted)


def y_pixel(plots: Plots, probability: float) -> QPoint:
    """Where in the widget a probability is drawn, in the middle of the plot."""
    scene = plots._probability.getViewBox().mapViewToScene(QPointF(-5.0, probability))
    return plots.mapFromScene(scene)


def test_dragging_the_line_moves_the_threshold(plots: Plots, qtbot: QtBot):
    plots.set_threshold(0.5)
    start, target = y_pixel(plots, 0.5), y_pixel(plots, 0.8)
    viewport = plots.viewport()
    qtbot.mouseMove(viewport, start)
    qtbot.mousePress(viewport, Qt.MouseButton.LeftButton, pos=start)
    with qtbot.waitSignal(plots.threshold_dragged):
        for share in (0.3, 0.6, 1.0):
            between = start + (target - start) * share
            qtbot.mouseMove(viewport, between)
            qtbot.wait(60)  # pyqtgraph takes at most so many moves a second
    qtbot.mouseRelease(viewport, Qt.MouseButton.LeftButton, pos=target)
    assert plots.threshold_line.value() == pytest.approx(0.8, abs=0.02)


def test_setting_the_threshold_reports_nothing(plots: Plots, qtbot: QtBot):
    with qtbot.assertNotEmitted(plots.threshold_dragged):
        plots.set_threshold(0.7)
    assert plots.threshold_line.value() == pytest.approx(0.7)


def test_a_threshold_beyond_the_bounds_of_the_line_is_not_taken_for_a_drag(plots: Plots, qtbot: QtBot):
    with qtbot.assertNotEmitted(plots.threshold_dragged):
        plots.set_threshold(0.0004)
    assert plots.threshold_line.value() == LOWEST_THRESHOLD


def name_of_the_line(plots: Plots) -> QRect:
    """Where the threshold's name stands in the widget."""
    text = plots.threshold_line.label.textItem
    return plots.mapFromScene(text.mapRectToScene(text.boundingRect())).boundingRect()


@pytest.mark.parametrize("threshold", [LOWEST_THRESHOLD, 0.1, 0.4, 0.6, 0.95, 1.0])
def test_the_name_of_the_line_lies_within_the_plot(plots: Plots, threshold: float):
    plots.resize(480, 260)  # as in the smallest window, with five models below
    plots.set_threshold(threshold)
    plots.redraw()
    QApplication.processEvents()
    view = plots.mapFromScene(plots._probability.getViewBox().sceneBoundingRect()).boundingRect()
    assert view.top() <= name_of_the_line(plots).top() and name_of_the_line(plots).bottom() <= view.bottom()


def test_no_curve_crosses_out_the_name_of_the_line(plots: Plots):
    plots.set_models([MODEL])  # its curve comes after the line
    plots.set_threshold(0.5)
    plots.add(heard(0, 10 * SAMPLE_RATE, scores=[(end, 0.55) for end in range(0, 10 * SAMPLE_RATE, 1280)]))
    plots.add_mark(SAMPLE_RATE // 2)
    plots.redraw()
    text = name_of_the_line(plots)
    curve = y_pixel(plots, 0.55).y()
    assert text.top() < curve < text.bottom()  # else this proves nothing
    image = plots.grab().toImage()
    inside = {image.pixelColor(x, curve).name() for x in range(text.left() + 2, text.right() - 2)}
    outside = {image.pixelColor(text.right() + 20, curve + dy).name() for dy in (-1, 0, 1)}
    assert LIGHT.score_color(0) in outside
    assert not {LIGHT.score_color(0), LIGHT.heard} & inside and LIGHT.panel in inside


@pytest.mark.parametrize(
    ("names", "said"),
    [
        (["loud/teacher"], ["probability 0.300"]),
        (["loud/teacher", "loud/tiny"], ["teacher 0.300", "tiny 0.100"]),
        (["loud/teacher", "soft/teacher"], ["loud/teacher 0.300", "soft/teacher 0.100"]),
    ],
)
def test_what_lies_under_the_mouse_tells_the_models_apart(plots: Plots, names: list[str], said: list[str]):
    plots.set_models(names)
    scored = [ModelScores(name, [score], [SAMPLE_RATE]) for name, score in zip(names, (0.3, 0.1), strict=False)]
    plots.add(SoundChunk(np.zeros(2 * SAMPLE_RATE, np.float32), 0, scored=scored))
    assert plots.scores.read(plots.history, SAMPLE_RATE) == said


def test_a_mark_runs_through_all_three_and_leaves_on_the_left(plots: Plots):
    plots.add(heard(0, 2 * SAMPLE_RATE))
    plots.add_mark(SAMPLE_RATE)
    plots.redraw()
    for curve in plots._mark_curves:
        times_s, _ = curve.points()
        np.testing.assert_allclose(times_s, [-1.0, -1.0])
    plots.add(heard(2 * SAMPLE_RATE, 10 * SAMPLE_RATE))
    plots.redraw()
    assert all(len(curve.points()[0]) == 0 for curve in plots._mark_curves)


def test_the_picture_changes_with_sound_and_theme(plots: Plots, qtbot: QtBot):
    def grab() -> bytes:
        image = plots.grab().toImage()  # must live as long as its bits
        bits = image.bits()
        assert bits is not None
        return bytes(bits.asarray(image.sizeInBytes()))

    empty = grab()
    plots.add(heard(0, 3 * SAMPLE_RATE, scores=((16_000, 0.3), (17_280, 0.6))))
    plots.redraw()
    full = grab()
    assert full != empty
    plots.set_theme(DARK)
    assert grab() != full
    plots.forget()
    plots.set_theme(LIGHT)
    assert plots.history.end == 0
