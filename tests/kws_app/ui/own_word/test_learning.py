""" "Learn from these": from marks in the list to sounds that a training of the user's word is given."""

from pathlib import Path

import pytest
from PyQt6.QtTest import QTest

from kws_app.own_word.lessons import FEWEST
from kws_app.own_word.order import WordPlaces
from kws_app.settings import Settings, SettingsFile
from kws_app.ui.own_word.wizard import LEARN
from tests.support.heard_rows import fill, opened
from tests.support.loudness import save_loudness_model
from tests.support.window_bench import Bench


@pytest.fixture
def own(bench: Bench, tmp_path: Path) -> Bench:
    """Another word comes with the program; "loud" is the user's own."""
    bench.models = tmp_path / "shipped"
    save_loudness_model(bench.models / "soft" / "teacher.safetensors")
    save_loudness_model(bench.folder / "models" / "loud" / "expert.safetensors")
    SettingsFile(bench.folder).save(Settings(model="loud/expert", first_run_done=True))
    return bench


def test_marks_of_an_own_word_are_offered_once_there_are_enough(own: Bench):
    fill(own, FEWEST + 1)
    window, panel = opened(own, FEWEST + 1)
    assert not panel.learn.isVisible()
    for row, key in enumerate("FRRR"):
        panel.table.selectRow(row)
        QTest.keyClick(panel.table, key)
        assert panel.learn.isVisible() and panel.learn.isEnabled() is (row == FEWEST)
    assert "3 right or missed, 1 false alarm" in panel.learn.toolTip()
    panel.learn.click()
    own.qtbot.waitUntil(lambda: window.own_word.wizard is not None)
    wizard = window.own_word.wizard
    assert wizard is not None and wizard.page == LEARN
    assert "from 4 labels" in wizard.learn_page.title.text()
    places = WordPlaces(own.folder, "loud")
    assert len(list(places.said.glob("*.flac"))) == FEWEST
    assert len(list(places.not_the_word.glob("*.flac"))) == 1
    assert wizard._order is not None and wizard._order.if_better
    window.leave()
    assert wizard.job.wait(60.0)


def test_a_word_that_comes_with_the_program_does_not_offer_it(bench: Bench):
    fill(bench, 1)
    _window, panel = opened(bench, 1)
    panel.table.selectRow(0)
    QTest.keyClick(panel.table, "R")
    assert not panel.learn.isVisible()
