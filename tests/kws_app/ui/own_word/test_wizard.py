"""The wizard from a typed word to a model that listens, by the real training in its quick form."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from pytestqt.qtbot import QtBot

from kws_app.audio.source import Feed
from kws_app.engine.catalogue import find_model
from kws_app.ui.own_word.wizard import LEARN, RESULT, SAY, WORD, OwnWordWizard
from tests.support.made_up_word import RATE_HZ
from tests.support.programs import require

PATIENCE_MS = 600_000  # a training beside other work


@pytest.fixture
def wizard(qtbot: QtBot, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[OwnWordWizard]:
    require("espeak-ng")
    monkeypatch.setenv("XDG_DATA_HOME", str(tmp_path / "home"))  # lists of words and of models made here
    wizard = OwnWordWizard(
        tmp_path / "data", tmp_path / "models", lambda: Feed(RATE_HZ), lambda samples: None, options=["--quick"]
    )
    qtbot.addWidget(wizard)
    wizard.open()
    yield wizard
    wizard.finish()
    assert wizard.job.wait(60.0)


def only_typed(wizard: OwnWordWizard, word: str) -> None:
    """To the page that learns, without a take."""
    wizard.word_page.edit.setText(word)
    wizard.next.click()
    assert wizard.page == SAY
    button = wizard.say_page.counts.button(0)
    assert button is not None
    button.click()
    wizard.next.click()
    assert wizard.page == LEARN and wizard.job.running


def test_a_word_that_cannot_be_taken_goes_no_further(wizard: OwnWordWizard):
    for word in ("", "r2d2", "a/b", "x" * 200):
        wizard.word_page.edit.setText(word)
        assert not wizard.next.isEnabled()
        assert wizard.word_page.advice.text()
    assert wizard.page == WORD


def test_the_page_tells_how_the_word_sounds(wizard: OwnWordWizard, qtbot: QtBot):
    wizard.word_page.edit.setText("hello kitchen")
    qtbot.waitUntil(lambda: "American" in wizard.word_page.sounds.text(), timeout=PATIENCE_MS)
    assert "hello kitchen" in wizard.word_page.advice.text()
    assert "espeak-ng" in wizard.word_page.voices.text()


@pytest.mark.long
def test_a_typed_word_is_learnt_stopped_resumed_and_listens(wizard: OwnWordWizard, qtbot: QtBot, tmp_path: Path):
    only_typed(wizard, "hello kitchen")
    qtbot.waitUntil(lambda: wizard.learn_page.bar.value() > 0, timeout=PATIENCE_MS)
    wizard.next.click()  # stop
    qtbot.waitUntil(lambda: not wizard.job.running, timeout=PATIENCE_MS)
    assert wizard.page == LEARN and not wizard.trouble.isVisible()
    qtbot.waitUntil(wizard.next.isEnabled)
    with qtbot.waitSignal(wizard.ready, timeout=PATIENCE_MS) as ready:
        wizard.next.click()  # go on
    assert ready.args == ["hello_kitchen/expert"]
    qtbot.waitUntil(lambda: wizard.page == RESULT, timeout=PATIENCE_MS)
    assert find_model("hello_kitchen/expert", tmp_path / "models").card.keyword == "hello_kitchen"
    assert "hello kitchen" in wizard.result_page.title.text()


@pytest.mark.long
def test_a_training_that_fails_says_why(wizard: OwnWordWizard, qtbot: QtBot, tmp_path: Path):
    (tmp_path / "models").write_text("a file where the folder should be")
    only_typed(wizard, "hello kitchen")
    qtbot.waitUntil(wizard.trouble.isVisible, timeout=PATIENCE_MS)
    assert len(wizard.trouble.text().splitlines()) == 1
    assert wizard.page == LEARN
