"""The engine in the window: chosen while listening, named in the status line, remembered."""

from kws_app.engine.backends import JITTED, PLAIN
from tests.support.window_bench import Bench, listening
from tests.support.words import names


def test_the_engine_is_named_changed_while_listening_and_remembered(bench: Bench):
    window = bench.open(listen=True, engine=PLAIN)
    choice = window.parts.words.advanced.engine
    bench.qtbot.waitUntil(lambda: listening(window) and window.status.engine.text() == "engine: plain (NumPy)")
    choice.activated.emit(choice.findData(JITTED))
    bench.qtbot.waitUntil(lambda: window.status.engine.text() == "engine: jitted (PyTorch)")
    assert choice.currentData() == JITTED
    assert listening(window) and names(window) == ["loud/teacher"]
    assert window.store.settings.engine == JITTED
    choice.activated.emit(choice.findData(PLAIN))
    bench.qtbot.waitUntil(lambda: choice.currentData() == PLAIN)
    window.close()
    again = bench.open()
    bench.qtbot.waitUntil(lambda: again.status.engine.text() == "engine: plain (NumPy)")


def test_an_engine_for_one_run_is_not_remembered(bench: Bench):
    window = bench.open(engine=PLAIN)
    bench.qtbot.waitUntil(lambda: window.parts.words.advanced.engine.currentData() == PLAIN)
    assert window.store.settings.engine == ""
