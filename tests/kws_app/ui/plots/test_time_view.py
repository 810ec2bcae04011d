"""The time that the plots show: it follows the sound, freezes, goes back, and never leaves the kept sound."""

import numpy as np
import pytest

from kws_app.engine.frontend_config import SAMPLE_RATE
from kws_app.listening.session import SoundChunk
from kws_app.ui.plots.plot_history import KEPT_S, SampleHistory
from kws_app.ui.plots.time_view import TimeView


def listen(history: SampleHistory, seconds: int) -> None:
    for _ in range(seconds):
        history.add(SoundChunk(np.full(SAMPLE_RATE, 0.5, dtype=np.float32), history.end))


def test_it_follows_until_it_is_paused_and_follows_again():
    history, view = SampleHistory(), TimeView()
    listen(history, 12)
    assert view.until(history) == 12 * SAMPLE_RATE
    view.pause(history)
    listen(history, 5)
    assert view.paused and view.until(history) == 12 * SAMPLE_RATE
    view.follow()
    assert not view.paused and view.until(history) == 17 * SAMPLE_RATE


def test_scrolling_stops_it_and_ends_at_both_ends():
    history, view = SampleHistory(), TimeView()
    listen(history, 30)
    view.scroll(-5, history)
    assert view.until(history) == 25 * SAMPLE_RATE and view.back_s == 5
    assert view.furthest_back_s(history) == 20
    view.scroll(-100, history)
    assert view.until(history) == 10 * SAMPLE_RATE  # the first ten seconds
    view.scroll(1000, history)
    assert view.until(history) == 30 * SAMPLE_RATE and view.paused


def test_a_picture_older_than_what_is_kept_moves_on():
    history, view = SampleHistory(), TimeView()
    listen(history, 20)
    view.pause(history)
    listen(history, KEPT_S)
    assert view.until(history) == history.oldest + view.span_s * SAMPLE_RATE
    assert history.oldest == 20 * SAMPLE_RATE


@pytest.mark.parametrize("heard_s", [0, 3])
def test_with_little_to_show_there_is_nowhere_to_go(heard_s: int):
    history, view = SampleHistory(), TimeView()
    listen(history, heard_s)
    view.scroll(-5, history)
    assert view.until(history) == heard_s * SAMPLE_RATE
    assert view.furthest_back_s(history) == 0
