"""The clips in the panel of what was heard: played, painted."""

import numpy as np
import pytest
from PyQt6.QtCore import Qt
from PyQt6.QtTest import QTest

from kws_app.history.facts import clip_name
from kws_app.ui.theme import DARK, LIGHT
from tests.support.heard_rows import SOUND, Loudspeaker, click_clip, fill, opened, outline
from tests.support.window_bench import Bench


def test_a_click_plays_a_clip_and_another_stops_it(bench: Bench, loudspeaker: Loudspeaker):
    fill(bench, 2)
    window, panel = opened(bench, 2)
    click_clip(bench, panel, 0)
    bench.qtbot.waitUntil(lambda: panel.play.text() == "Stop")
    np.testing.assert_allclose(loudspeaker.played[0], SOUND, atol=1e-4)
    bench.qtbot.waitUntil(lambda: window._worker._own_sounds.sounding == 1)  # the microphone is to hear none of it
    click_clip(bench, panel, 0)
    bench.qtbot.waitUntil(lambda: panel.play.text() == "Play")
    bench.qtbot.waitUntil(lambda: window._worker._own_sounds.sounding == 0)


def test_another_clip_plays_in_place_of_the_one_before(bench: Bench, loudspeaker: Loudspeaker):
    ids = fill(bench, 2)
    window, panel = opened(bench, 2)
    click_clip(bench, panel, 0)
    bench.qtbot.waitUntil(lambda: window.history._player.playing == ids[0])
    click_clip(bench, panel, 1)
    bench.qtbot.waitUntil(lambda: window.history._player.playing == ids[1])
    loudspeaker.over.set()
    bench.qtbot.waitUntil(lambda: window.history._player.playing is None)
    assert len(loudspeaker.played) == 2


@pytest.mark.parametrize("way", ["button", "key"])
def test_the_selected_clip_is_played_by_button_and_key(bench: Bench, loudspeaker: Loudspeaker, way: str):
    fill(bench, 2)
    _, panel = opened(bench, 2)
    assert not panel.play.isEnabled()
    panel.table.selectRow(1)
    if way == "key":
        QTest.keyClick(panel.table, Qt.Key.Key_Return)
    else:
        bench.qtbot.mouseClick(panel.play, Qt.MouseButton.LeftButton)
    bench.qtbot.waitUntil(lambda: len(loudspeaker.played) == 1 and panel.play.text() == "Stop")


def test_without_a_loudspeaker_it_says_so(bench: Bench, loudspeaker: Loudspeaker):
    fill(bench, 1)
    loudspeaker.failure = "No loudspeaker was found."
    window, panel = opened(bench, 1)
    click_clip(bench, panel, 0)
    bench.qtbot.waitUntil(lambda: "No loudspeaker was found." in window.parts.banner.text)
    assert panel.play.text() == "Play"


def test_a_clip_that_vanished_is_said_and_no_longer_offered(bench: Bench, loudspeaker: Loudspeaker):
    (id,) = fill(bench, 1)
    window, panel = opened(bench, 1)
    bench.qtbot.waitUntil(lambda: bool(outline(panel, 0)))
    (bench.folder / "clips" / clip_name(id)).unlink()
    click_clip(bench, panel, 0)
    bench.qtbot.waitUntil(lambda: outline(panel, 0) is None)
    assert "cannot be played" in window.parts.banner.text
    assert loudspeaker.played == []


@pytest.mark.parametrize("theme", [LIGHT, DARK])
def test_clips_are_painted_in_their_labels_colours(bench: Bench, theme, loudspeaker: Loudspeaker):
    fill(bench, 3)
    window, panel = opened(bench, 3)
    window._fixed_theme = theme
    window._follow_theme()
    bench.qtbot.waitUntil(lambda: all(outline(panel, row) for row in range(3)))
    for row, key in ((0, "R"), (1, "F")):
        panel.table.selectRow(row)
        QTest.keyClick(panel.table, key)
    panel.table.clearSelection()
    image = panel.table.grab().toImage()
    colors = {image.pixelColor(x, y).name() for x in range(image.width()) for y in range(image.height())}
    assert {theme.heard, theme.clip, theme.waveform} <= colors
