"""The plots: samples appear at the right place, lost sound shows as a gap, and a threshold line can be dragged."""

from datetime import datetime

import numpy as np
import pytest
from PyQt6.QtCore import QEvent, QObject, QPoint, QPointF, Qt
from PyQt6.QtGui import QPaintEvent, QRegion, QWheelEvent
from PyQt6.QtWidgets import QApplication
from pytestqt.qtbot import QtBot

from kws_app.engine.frontend_config import SAMPLE_RATE
from kws_app.listening.session import ModelScores, SoundChunk
from kws_app.settings import LOWEST_THRESHOLD
from kws_app.ui.plots.log_mel_item import mel_band
from kws_app.ui.plots.plot_history import MEL_BINS, SampleHistory
from kws_app.ui.plots.plots import Plots
from kws_app.ui.plots.recording import DetectionMark
from kws_app.ui.plots.score_curves import Curve
from kws_app.ui.plots.time_axis import TimeScale
from kws_app.ui.theme import DARK, LIGHT
from tests.support.mouse import move_mouse

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


def test_dragging_a_line_moves_the_threshold_of_its_word(plots: Plots, qtbot: QtBot):
    plots.set_curves([Curve(MODEL, "loud", 0, True, 0.5), Curve("soft/teacher", "soft", 1, True, 0.2)])
    start, target = y_pixel(plots, 0.5), y_pixel(plots, 0.8)
    viewport = plots.viewport()
    move_mouse(viewport, start)
    qtbot.mousePress(viewport, Qt.MouseButton.LeftButton, pos=start)
    with qtbot.waitSignal(plots.threshold_dragged) as dragged:
        for share in (0.3, 0.6, 1.0):
            between = start + (target - start) * share
            move_mouse(viewport, between, held=Qt.MouseButton.LeftButton)
            qtbot.wait(60)  # pyqtgraph takes at most so many moves a second
    qtbot.mouseRelease(viewport, Qt.MouseButton.LeftButton, pos=target)
    assert dragged.args[0] == MODEL
    assert plots.thresholds.lines[MODEL].value() == pytest.approx(0.8, abs=0.02)
    assert plots.thresholds.lines["soft/teacher"].value() == pytest.approx(0.2)
    assert not plots.view.paused  # the line was dragged, not the picture


def test_setting_a_threshold_reports_nothing(plots: Plots, qtbot: QtBot):
    with qtbot.assertNotEmitted(plots.threshold_dragged):
        plots.set_curves([Curve(MODEL, "loud", 0, True, 0.7)])
        plots.set_curves([Curve(MODEL, "loud", 0, True, 0.0004)])  # below what the line can show
    assert plots.thresholds.lines[MODEL].value() == LOWEST_THRESHOLD


def test_lines_of_words_differ_in_colour_and_in_dashes_and_keep_both(plots: Plots):
    def looks() -> dict[str, tuple[str, tuple[float, ...]]]:
        lines = plots.thresholds.lines.items()
        return {model: (line.pen.color().name(), tuple(line.pen.dashPattern())) for model, line in lines}

    plots.set_curves([Curve(MODEL, "loud", 0, True, 0.5)])
    alone = looks()[MODEL]
    plots.set_curves([Curve("soft/teacher", "soft", 1, True, 0.5), Curve(MODEL, "loud", 0, True, 0.5)])
    assert looks()[MODEL] == alone
    assert looks()["soft/teacher"][0] != alone[0] and looks()["soft/teacher"][1] != alone[1]


def test_dragging_the_picture_moves_it_and_the_sound_stays_under_the_mouse(plots: Plots, qtbot: QtBot):
    plots.add(heard(0, 30 * SAMPLE_RATE))
    plots.redraw()
    box = plots._waveform.getViewBox().sceneBoundingRect()
    start = plots.mapFromScene(box.center())
    target = start + QPoint(round(box.width() / 4), 0)
    viewport = plots.viewport()
    move_mouse(viewport, start)
    qtbot.mousePress(viewport, Qt.MouseButton.LeftButton, pos=start)
    for at in (start + (target - start) / 2, target):
        move_mouse(viewport, at, held=Qt.MouseButton.LeftButton)
    qtbot.mouseRelease(viewport, Qt.MouseButton.LeftButton, pos=target)
    assert plots.view.paused
    assert plots.view.until(plots.history) == pytest.approx(27.5 * SAMPLE_RATE, abs=0.1 * SAMPLE_RATE)


def turn_wheel(plots: Plots, at: QPointF, notches: int) -> None:
    angle = QPoint(0, 120 * notches)
    nothing, plain = Qt.MouseButton.NoButton, Qt.KeyboardModifier.NoModifier
    phase = Qt.ScrollPhase.NoScrollPhase
    event = QWheelEvent(at, plots.mapToGlobal(at), QPoint(), angle, nothing, plain, phase, False)
    plots.wheelEvent(event)


def test_the_wheel_asks_for_less_and_more_time(plots: Plots, qtbot: QtBot):
    with qtbot.waitSignal(plots.zoomed) as closer:
        turn_wheel(plots, QPointF(300, 100), 1)
    with qtbot.waitSignal(plots.zoomed) as further:
        turn_wheel(plots, QPointF(300, 100), -1)
    assert (closer.args, further.args) == ([-1], [1])


def test_zooming_a_frozen_picture_keeps_what_is_under_the_mouse(plots: Plots):
    plots.add(heard(0, 60 * SAMPLE_RATE))
    plots.scroll(-20)
    box = plots._waveform.getViewBox().sceneBoundingRect()
    plots.pointer.position = QPointF(box.left() + box.width() / 4, box.center().y())
    before = plots.view.until(plots.history) - 0.75 * plots.view.span_s * SAMPLE_RATE
    plots.set_span(20)
    after = plots.view.until(plots.history) - 0.75 * plots.view.span_s * SAMPLE_RATE
    assert after == pytest.approx(before, abs=2)


def test_a_moment_is_shown_and_one_that_is_gone_is_not(plots: Plots):
    first = plots.begin()
    plots.add(heard(0, 60 * SAMPLE_RATE))
    second = plots.begin(live=True)
    plots.add(heard(0, 30 * SAMPLE_RATE))
    assert plots.show_moment(first, 20 * SAMPLE_RATE)  # of the source before
    assert plots.shown is first and plots.view.until(plots.history) == 24 * SAMPLE_RATE
    plots.add(heard(30 * SAMPLE_RATE, SAMPLE_RATE))
    assert second.history.end == 31 * SAMPLE_RATE and first.history.end == 60 * SAMPLE_RATE
    plots.follow()
    assert plots.shown is second
    for _ in range(5):
        plots.begin()
        plots.add(heard(0, SAMPLE_RATE))
    assert not plots.show_moment(first, 20 * SAMPLE_RATE)


# The time axis


def test_a_file_counts_from_its_start(plots: Plots):
    plots.begin()
    plots.add(heard(0, 12 * SAMPLE_RATE))
    plots.redraw()
    labels = dict(plots.time_axis.labels())
    texts = list(labels.values())
    assert texts[0] in ("0:02", "0:03", "0:04") and texts[-1] in ("0:11", "0:12")
    by_text = {text: share for share, text in labels.items()}
    assert by_text["0:12"] == pytest.approx(1.0) if "0:12" in by_text else by_text["0:10"] == pytest.approx(0.8)


def test_a_microphone_is_shown_in_clock_time(plots: Plots, monkeypatch: pytest.MonkeyPatch):
    now = datetime(2026, 3, 4, 14, 3, 25).timestamp()
    monkeypatch.setattr("kws_app.ui.plots.plots.time.time", lambda: now)
    plots.begin(live=True)
    plots.add(heard(0, 2 * SAMPLE_RATE))
    plots.add(heard(2 * SAMPLE_RATE, 10 * SAMPLE_RATE))
    plots.redraw()
    texts = [text for _share, text in plots.time_axis.labels()]
    assert texts[-1] in ("14:03:34", "14:03:35") and "now" not in texts
    plots.set_paused(True)
    assert [text for _share, text in plots.time_axis.labels()] == texts


@pytest.mark.parametrize(
    ("begins", "seconds", "digits", "text"),
    [
        (None, 65.0, 0, "1:05"),
        (None, 3725.25, 2, "1:02:05.25"),
        (None, 59.999, 2, "1:00.00"),
        (0.0, 52205, 0, "14:30:05"),
    ],
)
def test_times_are_written_as_a_clock_or_as_a_place(begins: float | None, seconds: float, digits: int, text: str):
    assert TimeScale(begins).text(seconds, digits) == text


@pytest.mark.parametrize("span_s", [2, 10, 60, 300])
@pytest.mark.parametrize("width", [280, 800])
def test_labels_of_the_time_axis_never_run_into_each_other(plots: Plots, span_s: int, width: int):
    plots.resize(width, 300)
    plots.begin()
    plots.add(heard(0, 299 * SAMPLE_RATE))
    plots.set_span(span_s)
    QApplication.processEvents()
    plots.redraw()
    labels = list(plots.time_axis.labels())
    room = plots._probability.getViewBox().sceneBoundingRect().width()
    widest = max(plots.fontMetrics().horizontalAdvance(text) for _share, text in labels)
    steps = np.diff([share for share, _text in labels]) * room
    assert len(labels) >= 1 and (steps > widest).all()


# Values under the mouse


TITLED = {
    "loud/teacher": Curve("loud/teacher", "loud", 0, True),
    "loud/tiny": Curve("loud/tiny", "loud", 1, False),
    "soft/teacher": Curve("soft/teacher", "soft", 1, True),
}


@pytest.mark.parametrize(
    ("names", "said"),
    [
        (["loud/teacher"], ["probability 0.300"]),
        (["loud/teacher", "loud/tiny"], ["loud (teacher) 0.300", "loud (tiny) 0.100"]),
        (["loud/teacher", "soft/teacher"], ["loud 0.300", "soft 0.100"]),
    ],
)
def test_what_lies_under_the_mouse_tells_the_models_apart(plots: Plots, names: list[str], said: list[str]):
    plots.set_curves([TITLED[name] for name in names])
    scored = [ModelScores(name, [score], [SAMPLE_RATE]) for name, score in zip(names, (0.3, 0.1), strict=False)]
    plots.add(SoundChunk(np.zeros(2 * SAMPLE_RATE, np.float32), 0, scored=scored))
    assert plots.scores.read(plots.history, SAMPLE_RATE) == said


@pytest.mark.parametrize("share", [0.01, 0.5, 0.99])
def test_the_values_stay_inside_of_the_plots(plots: Plots, share: float):
    plots.resize(300, 220)  # as in a small window, with four models
    names = [f"loud/model number {number}" for number in range(4)]
    plots.set_curves([Curve(name, "loud", number, number == 0) for number, name in enumerate(names)])
    scored = [ModelScores(name, [0.5] * 125, list(range(1280, 126 * 1280, 1280))) for name in names]
    plots.add(SoundChunk(np.zeros(10 * SAMPLE_RATE, np.float32), 0, scored=scored))
    plots.redraw()
    QApplication.processEvents()
    box = plots._probability.getViewBox().sceneBoundingRect()
    plots.pointer.position = QPointF(box.left() + share * box.width(), box.center().y())
    plots._point()
    assert plots.readout.isVisible() and len(plots.readout.text().splitlines()) == 6
    assert plots.rect().contains(plots.readout.geometry())


def test_a_mark_runs_through_all_three_and_leaves_on_the_left(plots: Plots):
    plots.add(heard(0, 2 * SAMPLE_RATE))
    plots.add_mark(DetectionMark(SAMPLE_RATE, "loud", 0))
    plots.redraw()
    assert [mark.word for _at_s, mark in plots.marks.names.shown] == ["loud"]
    for curve in plots.marks.lines:
        times_s, _ = curve.points()
        np.testing.assert_allclose(times_s, [-1.0, -1.0])
    plots.add(heard(2 * SAMPLE_RATE, 10 * SAMPLE_RATE))
    plots.redraw()
    assert all(len(curve.points()[0]) == 0 for curve in plots.marks.lines)
    assert plots.marks.names.shown == []


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
    plots.begin()
    plots.set_theme(LIGHT)
    assert plots.history.end == 0
