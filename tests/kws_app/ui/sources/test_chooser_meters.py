"""The meters in the list of sources: they exist only while the list is open, for the listed microphones."""

from kws_app.audio.portaudio import Microphone
from kws_app.ui.sources.chooser_meters import LEVEL_ROLE
from tests.support.window_bench import TWO, Bench


def test_each_microphone_has_a_meter_while_the_list_is_open(bench: Bench):
    window = bench.open()
    picker = window.parts.controls.source
    picker.showPopup()
    assert [meters.names for meters in bench.meters] == [["", "USB mic"]] and bench.meters[0].running
    bench.meters[0].levels = {"USB mic": -12.0}
    bench.qtbot.waitUntil(lambda: picker.itemData(1, LEVEL_ROLE) == -12.0)
    assert picker.itemData(0, LEVEL_ROLE) is None
    bench.meters[0].levels = {"USB mic": -60.0}
    bench.qtbot.waitUntil(lambda: -60.0 <= picker.itemData(1, LEVEL_ROLE) < -12.0)  # it falls slowly
    picker.hidePopup()
    assert not bench.meters[0].running


def test_a_microphone_that_is_plugged_in_gets_a_meter_too(bench: Bench):
    window = bench.open()
    picker = window.parts.controls.source
    picker.showPopup()
    bench.microphones = [*TWO, Microphone("second", "Second mic")]
    picker.set_microphones(bench.microphones)
    assert bench.meters[-1].names == ["", "USB mic", "second"] and bench.meters[-1].running
    assert not bench.meters[0].running
    picker.hidePopup()


def test_closing_the_window_ends_the_meters(bench: Bench):
    window = bench.open()
    window.parts.controls.source.showPopup()
    window.leave()
    assert not bench.meters[-1].running
