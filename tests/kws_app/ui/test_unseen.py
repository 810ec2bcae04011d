"""A hidden window: it hears as before, draws nothing, and shows the missed detections when it comes back."""

from collections.abc import Callable
from pathlib import Path

from kws_app.audio.source import Phase
from kws_app.engine.frontend_config import SAMPLE_RATE
from kws_app.listening.worker import DRAIN_S, UNWATCHED_S
from kws_app.ui.listening import FRAME_MS, UNSEEN_MS
from tests.support.loudness import bursts
from tests.support.window_bench import Bench, listening


def test_it_hears_on_and_draws_nothing(bench: Bench, write_wav: Callable[..., Path]):
    window = bench.open(input=write_wav(bursts(1.0, duration_s=3.0)))
    plots = window.parts.plots
    window.hide()
    assert window._worker.wanted.watched is False and window.listening._timer.interval() == UNSEEN_MS
    window.listening.start()
    drawn = plots._wave_curve.points()[0]
    bench.qtbot.waitUntil(lambda: window.listening.state.phase is Phase.ENDED)
    assert window.parts.detections.rowCount() == 1
    assert plots.history.end == 3.3 * SAMPLE_RATE  # nothing of it is lost
    assert plots._wave_curve.points()[0] is drawn
    window.show()
    bench.qtbot.waitUntil(lambda: plots._wave_curve.points()[0] is not drawn)
    assert window._worker.wanted.watched is True and window.listening._timer.interval() == FRAME_MS


def test_the_worker_waits_for_the_next_step(bench: Bench):
    window = bench.open(listen=True)
    worker = window._worker
    bench.qtbot.waitUntil(lambda: listening(window) and worker._session is not None)
    assert worker._patience_s() == DRAIN_S
    window.showMinimized()
    bench.qtbot.waitUntil(lambda: worker._options.watched is False)
    assert DRAIN_S <= worker._patience_s() <= UNWATCHED_S
    window.listening.stop()
    bench.qtbot.waitUntil(lambda: worker._patience_s() is None)
