"""The user's actions on the words of a window."""

from typing import Any

from kws_app.ui.window import MainWindow
from kws_app.ui.words.sensitivity import LEVEL_NAMES, Level
from kws_app.ui.words.word_row import WordRow


def row(window: MainWindow, keyword: str = "loud") -> WordRow:
    """The row of a word in the list."""
    return window.parts.words.rows[keyword]


def names(window: MainWindow) -> list[str]:
    """The models that listen, in order."""
    return [model.name for model in window.words.models]


def use_network(window: MainWindow, name: str) -> None:
    """Choose a network in Advanced, for the selected word."""
    network = window.parts.words.advanced.network
    index = network.findData(name)
    assert index >= 0, name
    network.setCurrentIndex(index)
    network.activated.emit(index)


def compare(window: MainWindow, name: str, on: bool = True) -> None:
    """Check a network in the menu "Compare"."""
    window.parts.words.compare_toggled.emit(name, on)


def choose_level(window: MainWindow, level: Level, keyword: str = "loud") -> None:
    """Choose a level in a row's menu. The menu must offer it."""
    action = row(window, keyword).levels[level]
    assert action.isEnabled(), level
    action.trigger()


def shown_level(window: MainWindow, keyword: str = "loud") -> str:
    """The text on a row's button, without its title."""
    return row(window, keyword).sensitivity.text().removeprefix("Sensitivity: ")


def threshold(window: MainWindow) -> float:
    """The threshold of the selected word, as Advanced shows it."""
    return window.parts.words.advanced.threshold.threshold


def set_threshold(window: MainWindow, value: float) -> None:
    """Move the slider in Advanced."""
    window.parts.words.advanced.threshold.slider.setValue(round(1000 * value))


def line_at(window: MainWindow, model: str = "loud/teacher") -> float:
    """The height of a word's line in the plot."""
    return float(window.parts.plots.thresholds.lines[model].value())


def drag_line(window: MainWindow, value: float, model: str = "loud/teacher") -> None:
    """Drag a threshold's line, as pyqtgraph does for the user."""
    line = window.parts.plots.thresholds.lines[model]
    line.setValue(value)
    line.sigDragged.emit(line)


def curve(*points: list[float], hours: float = 4.0) -> dict[str, Any]:
    """Figures of a card: each point is a threshold, words missed of 100, false alarms in talk, and in all sound."""
    measured = {"smoothing_steps": 1, "patience_steps": 1, "refractory_s": 1.0, "keywords": 100, "speech_hours": hours}
    return {"operating_curve": {**measured, "hours": 20.0, "points": list(points)}}


def level_named(name: str) -> Level:
    """The level with this name in the window."""
    return next(level for level, text in LEVEL_NAMES.items() if text == name)
