"""A network with too little evidence for "Strict": another network of the word offers it, or the reason is told."""

from pathlib import Path

import pytest

from kws_app.ui.words.sensitivity import NO_STRICTER, Level
from tests.support.loudness import save_loudness_model
from tests.support.window_bench import Bench
from tests.support.words import choose_level, curve, names, row, shown_level, threshold

THIN = curve([0.3, 3, 5, 5], [0.5, 6, 1, 1], [0.9, 40, 0, 0], hours=3.0)
STRICTER = curve([0.5, 5, 4, 4], [0.8, 7, 1, 1], hours=12.0)
NO_BETTER = curve([0.5, 5, 9, 9], [0.8, 7, 4, 4], hours=12.0)


def models(bench: Bench, folder: Path, **figures: object) -> None:
    bench.models = folder
    for role, measured in figures.items():
        save_loudness_model(folder / "loud" / f"{role}.safetensors", figures=measured)


def test_strict_is_that_of_another_network_which_then_hears_the_word(bench: Bench, tmp_path: Path):
    models(bench, tmp_path / "measured", teacher=THIN, expert=STRICTER, student=NO_BETTER)
    window = bench.open()
    action = row(window).levels[Level.STRICT]
    assert action.isEnabled() and action.text().endswith("1 false alarm in 12 hours of talk. Uses Accurate (expert).")
    choose_level(window, Level.STRICT)
    bench.qtbot.waitUntil(lambda: names(window) == ["loud/expert"])
    assert shown_level(window) == "Strict" and threshold(window) == pytest.approx(0.8)
    choose_level(window, Level.BALANCED)
    assert names(window) == ["loud/expert"] and threshold(window) == pytest.approx(0.5)


def test_a_network_that_is_stricter_by_itself_hears_the_word_at_its_own_threshold(bench: Bench, tmp_path: Path):
    models(bench, tmp_path / "measured", teacher=THIN, expert=curve([0.2, 3, 9, 9], [0.5, 7, 0, 0], hours=12.0))
    window = bench.open()
    choose_level(window, Level.SENSITIVE)
    assert (
        row(window).levels[Level.STRICT].text().endswith("no false alarm in 12 hours of talk. Uses Accurate (expert).")
    )
    choose_level(window, Level.STRICT)
    bench.qtbot.waitUntil(lambda: names(window) == ["loud/expert"])
    assert threshold(window) == pytest.approx(0.5)


def test_without_a_stricter_network_the_reason_is_told(bench: Bench, tmp_path: Path):
    models(bench, tmp_path / "measured", teacher=THIN, student=NO_BETTER)
    window = bench.open()
    action = row(window).levels[Level.STRICT]
    assert not action.isEnabled() and NO_STRICTER in action.text()
