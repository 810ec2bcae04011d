"""Several models at once, in the window: chosen, drawn, told apart, remembered."""

import json
from collections.abc import Callable
from pathlib import Path

from PyQt6.QtCore import Qt
from PyQt6.QtTest import QTest

from kws_app.audio.source import Phase
from kws_app.history.log import DetectionLog
from kws_app.ui.models.legend import stream_figures
from kws_app.ui.window import MainWindow
from tests.support.loudness import SETTINGS, bursts, save_loudness_model
from tests.support.window_bench import Bench


def toggle(window: MainWindow, name: str) -> None:
    """As from the menu."""
    window.compare.fill()
    next(action for action in window.compare.menu.actions() if action.text() == name).toggle()


def names(window: MainWindow) -> list[str]:
    return [model.name for model in window.models.models]


def test_two_models_are_drawn_and_the_first_counts(bench: Bench, write_wav: Callable[..., Path]):
    window = bench.open(input=write_wav(bursts(1.0, duration_s=3.0)))
    assert not window.parts.legend.isVisible()
    toggle(window, "loud/student")
    bench.qtbot.waitUntil(lambda: names(window) == ["loud/teacher", "loud/student"])
    assert window.parts.controls.compare.text() == "Compare (2)"
    window.listening.start()
    bench.qtbot.waitUntil(lambda: window.listening.state.phase is Phase.ENDED)
    scores = window.parts.plots.scores
    for name, curve in scores.curves.items():
        assert curve.points()[1].max() > 0.9, name
    assert [mark.model for mark in DetectionLog(bench.folder).last()] == ["loud/teacher"]
    assert len(window.parts.plots._marks) == 1
    assert list(scores._found) == ["loud/student"] and len(scores._found["loud/student"]) == 1
    colors = {curve.pen.color().name() for curve in scores.curves.values()}
    assert len(colors) == 2
    legend = window.parts.legend
    assert (
        legend.isVisible() and "✓ loud/teacher" in legend.text() and f"{SETTINGS.packed_bytes:,} bytes" in legend.text()
    )


def test_the_one_that_is_looked_at_counts(bench: Bench):
    window = bench.open()
    toggle(window, "loud/student")
    window.parts.controls.model.textActivated.emit("loud/student")
    bench.qtbot.waitUntil(lambda: names(window) == ["loud/student", "loud/teacher"])
    assert [model.main for model in window.models.models] == [True, False]
    assert window.parts.threshold.threshold == 0.9


def test_the_set_is_remembered_and_can_shrink_to_one(bench: Bench):
    window = bench.open()
    toggle(window, "loud/student")
    bench.qtbot.waitUntil(lambda: len(names(window)) == 2)
    window.close()
    again = bench.open()
    bench.qtbot.waitUntil(lambda: names(again) == ["loud/teacher", "loud/student"])
    toggle(again, "loud/teacher")
    bench.qtbot.waitUntil(lambda: names(again) == ["loud/student"])
    again.compare.fill()
    on = [action for action in again.compare.menu.actions() if action.isChecked()]
    assert [action.text() for action in on] == ["loud/student"] and not on[0].isEnabled()
    again.close()
    saved = json.loads((bench.folder / "settings.json").read_text())
    assert (saved["model"], saved["also"]) == ("loud/student", [])


def test_one_that_cannot_be_used_is_named_and_the_others_stay(bench: Bench):
    window = bench.open()
    toggle(window, "loud/broken")
    bench.qtbot.waitUntil(lambda: "damaged" in window.parts.banner.text)
    assert window.models.wanted == names(window) == ["loud/teacher"]


def test_the_menu_opens_by_key(bench: Bench):
    window = bench.open()
    QTest.keyClick(window, Qt.Key.Key_L, Qt.KeyboardModifier.ControlModifier)
    assert window.compare.menu.isVisible()
    assert [action.text() for action in window.compare.menu.actions()] == [
        "loud/broken",
        "loud/student",
        "loud/teacher",
    ]
    window.compare.menu.close()


def test_figures_come_from_the_card(bench: Bench, tmp_path: Path):
    stream = {"frr": 0.05, "fa_per_hour": 0.5, "curve": []}
    path = tmp_path / "models" / "loud" / "teacher.safetensors"
    save_loudness_model(path, figures={"streams": {"testing": {"clean": stream}}})
    window = bench.open(models=tmp_path / "models")
    model = window.models.model
    assert model is not None
    assert stream_figures(model.card) == {"frr": 0.05, "fa_per_hour": 0.5}
    assert model.card.weight_bytes == SETTINGS.packed_bytes
    save_loudness_model(path, figures={"streams": 3})
    assert stream_figures(type(model.card).from_json(model.card.to_json())) != {}
