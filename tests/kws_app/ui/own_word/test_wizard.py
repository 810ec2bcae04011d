"""The wizard from a typed word to a model that listens, by the real training in its quick form."""

import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from pytestqt.qtbot import QtBot

from kws_app.engine.catalogue import find_model
from kws_app.own_word.job import Progress
from kws_app.own_word.lessons import Lessons
from kws_app.own_word.order import Order, Typed
from kws_app.own_word.takes import Take
from kws_app.ui.own_word.learn_page import LearnPage
from kws_app.ui.own_word.microphone import Microphone
from kws_app.ui.own_word.wizard import LEARN, RESULT, SAY, WORD, OwnWordWizard
from tests.support.made_up_word import WORD as SAID
from tests.support.made_up_word import voice
from tests.support.programs import require
from tests.support.waiting import LONG_PATIENCE_S, PATIENCE_S

TRAINED_MS = round(1000 * LONG_PATIENCE_S)


@pytest.fixture
def wizard(qtbot: QtBot, tmp_path: Path, user_folder: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[OwnWordWizard]:
    require("espeak-ng")
    monkeypatch.setenv("XDG_DATA_HOME", str(user_folder))  # lists of words are kept there
    wizard = OwnWordWizard(
        tmp_path / "data",
        tmp_path / "models",
        Microphone(lambda: None, lambda: ""),
        lambda samples: None,
        options=["--quick", "--expert-only", "--takes", "8"],
        taken=lambda keyword: keyword == "happy",
    )
    qtbot.addWidget(wizard)
    wizard.open()
    yield wizard
    wizard.finish()
    assert wizard.job.wait(PATIENCE_S)


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


@pytest.mark.parametrize("word", ["", "r2d2", "😀😀😀", "a/b", '"hey"', "x" * 200, "---"])
def test_a_word_that_cannot_be_taken_goes_no_further(wizard: OwnWordWizard, word: str):
    wizard.word_page.edit.setText(word)
    assert not wizard.next.isEnabled()
    assert wizard.word_page.advice.text() and len(wizard.word_page.advice.text().splitlines()) == 1
    wizard.word_page.entered.emit()
    assert wizard.page == WORD and not wizard.job.running


def test_a_word_that_no_voice_can_say_goes_no_further(wizard: OwnWordWizard, qtbot: QtBot):
    wizard.word_page.edit.setText("привет")
    qtbot.waitUntil(lambda: "has no letter" in wizard.word_page.advice.text(), timeout=TRAINED_MS)
    assert not wizard.next.isEnabled()
    wizard.word_page.languages.setCurrentIndex(wizard.word_page.languages.findData("ru"))
    qtbot.waitUntil(wizard.next.isEnabled, timeout=TRAINED_MS)


def test_a_word_that_comes_with_the_program_is_told(wizard: OwnWordWizard):
    wizard.word_page.edit.setText("Happy")
    wizard.next.click()
    assert wizard.page == WORD and "comes with the program" in wizard.trouble.text()


def test_the_page_tells_how_the_word_sounds(wizard: OwnWordWizard, qtbot: QtBot):
    page = wizard.word_page
    page.edit.setText("hello kitchen")
    qtbot.waitUntil(lambda: bool(page.sayings.checks), timeout=TRAINED_MS)
    assert any("American" in check.text() for check in page.sayings.checks.values())
    assert "hello kitchen" in page.advice.text()
    assert "espeak-ng" in page.voices.text()


def test_ways_to_say_a_word_are_heard_left_out_and_added(wizard: OwnWordWizard, qtbot: QtBot):
    page, sayings = wizard.word_page, wizard.word_page.sayings
    page.edit.setText("computer")
    qtbot.waitUntil(lambda: len(sayings.checks) > 1, timeout=TRAINED_MS)
    assert page.chosen == ()  # all that are found
    first = next(iter(sayings.checks))
    for check in sayings.checks.values():
        check.setChecked(False)
    assert not wizard.next.isEnabled() and "Keep at least one" in page.problem
    sayings.checks[first].setChecked(True)
    assert page.chosen == (first,) and wizard.next.isEnabled()
    sayings.edit.setText("kompjutah")
    sayings.add.click()
    qtbot.waitUntil(lambda: len(page.chosen) == 2, timeout=TRAINED_MS)
    assert not sayings.edit.text()
    sayings.edit.setText("c0mputer")
    sayings.add.click()
    qtbot.waitUntil(lambda: bool(sayings.trouble.text()), timeout=TRAINED_MS)
    assert len(sayings.trouble.text().splitlines()) == 1 and len(page.chosen) == 2
    heard: list[int] = []
    page._play = lambda samples: heard.append(len(samples))
    sayings.plays[first].click()
    qtbot.waitUntil(lambda: bool(heard), timeout=TRAINED_MS)


def test_without_the_training_part_it_says_what_to_install(
    wizard: OwnWordWizard, qtbot: QtBot, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setattr(sys, "frozen", True, raising=False)
    wizard.word_page.edit.setText("hello kitchen")
    assert "kws-app[own-word]" in wizard.word_page.advice.text()
    wizard.next.click()
    assert wizard.page == WORD and "kws-app[own-word]" in wizard.trouble.text()


def test_takes_are_kept_where_the_window_is_closed_while_they_are_said(
    wizard: OwnWordWizard, qtbot: QtBot, tmp_path: Path
):
    wizard.word_page.edit.setText("hello kitchen")
    wizard.next.click()
    wizard.say_page.takes += [Take(voice(*SAID))]
    wizard.close()
    assert len(list(wizard.places.takes.glob("*.flac"))) == 1
    again = OwnWordWizard(tmp_path / "data", tmp_path / "models", Microphone(lambda: None, lambda: ""), lambda s: None)
    qtbot.addWidget(again)
    again.open("hello kitchen")
    again.next.click()
    assert again.say_page.good_takes == 1
    again.finish()


def test_a_full_disk_is_one_sentence_and_the_takes_stay(wizard: OwnWordWizard, tmp_path: Path):
    wizard.word_page.edit.setText("hello kitchen")
    wizard.next.click()
    wizard.say_page.takes += [Take(voice(*SAID))]
    (tmp_path / "data").mkdir()
    (tmp_path / "data" / "own_words").write_text("a file where the folder should be")
    wizard.next.click()
    assert wizard.page == SAY and not wizard.job.running
    assert "free some space" in wizard.trouble.text() and wizard.say_page.good_takes == 1


@pytest.mark.long
def test_a_typed_word_is_learnt_stopped_resumed_and_listens(wizard: OwnWordWizard, qtbot: QtBot, tmp_path: Path):
    only_typed(wizard, "hello kitchen")
    qtbot.waitUntil(lambda: wizard.learn_page.bar.value() > 0, timeout=TRAINED_MS)
    wizard.next.click()  # stop
    qtbot.waitUntil(lambda: not wizard.job.running, timeout=TRAINED_MS)
    assert wizard.page == LEARN and not wizard.trouble.isVisible()
    qtbot.waitUntil(wizard.next.isEnabled)
    assert Typed.unfinished(tmp_path / "data") == Typed("hello kitchen")
    with qtbot.waitSignal(wizard.ready, timeout=TRAINED_MS) as ready:
        wizard.next.click()  # go on
    assert ready.args == ["hello_kitchen/expert"]
    qtbot.waitUntil(lambda: wizard.page == RESULT, timeout=TRAINED_MS)
    assert find_model("hello_kitchen/expert", tmp_path / "models").card.keyword == "hello_kitchen"
    assert "hello kitchen" in wizard.result_page.title.text()
    assert Typed.unfinished(tmp_path / "data") is None
    wizard.note_heard("another_word")
    wizard.note_heard("hello_kitchen")
    assert "heard once" in wizard.result_page.trial.text.text()


@pytest.mark.long
def test_a_training_that_fails_says_why(wizard: OwnWordWizard, qtbot: QtBot, tmp_path: Path):
    (tmp_path / "models").write_text("a file where the folder should be")
    only_typed(wizard, "hello kitchen")
    qtbot.waitUntil(wizard.trouble.isVisible, timeout=TRAINED_MS)
    assert len(wizard.trouble.text().splitlines()) == 1
    assert wizard.page == LEARN


def test_two_trainings_at_once_are_refused(wizard: OwnWordWizard, qtbot: QtBot, tmp_path: Path):
    only_typed(wizard, "hello kitchen")
    wizard.learn_from("smart_mirror", Lessons(3, 3))
    assert "Another word is being learnt" in wizard.trouble.text() and wizard.page == LEARN
    assert wizard._order is not None and wizard._order.word == "hello kitchen"
    wizard.close()
    wizard.open("another word")  # it shows the training that runs
    assert wizard.page == LEARN and wizard.job.running


def test_a_training_that_was_cut_is_offered_at_the_next_start(wizard: OwnWordWizard, qtbot: QtBot, tmp_path: Path):
    Typed("Küchenradio", "de").save(tmp_path / "data")
    wizard.close()
    wizard.open()
    assert wizard.word_page.word == "Küchenradio" and wizard.word_page.language == "de"
    assert "was not finished" in wizard.trouble.text()


def test_the_word_listens_with_the_expert_while_smaller_networks_are_made(wizard: OwnWordWizard, qtbot: QtBot):
    only_typed(wizard, "hello kitchen")
    wizard.job.cancel()
    assert wizard.job.wait(60.0)
    qtbot.waitUntil(lambda: wizard.next.text() == "&Go on")
    ready: list[str] = []
    added: list[str] = []
    wizard.ready.connect(ready.append)
    wizard.added.connect(added.append)
    curve = [(0.5, 0.1), (0.1, 0.2)]
    for progress in (
        Progress(0.2, "Voices say the word."),
        Progress(0.3, "It missed 2 of 40.", "hello_kitchen/expert", curve),
        Progress(0.6, "Small models learn."),
        Progress(1.0, "It missed 5 of 40.", "hello_kitchen/student"),
    ):
        wizard._show_progress(progress)
    assert ready == ["hello_kitchen/expert"] and added == ["hello_kitchen/student"]
    assert wizard.learn_page.trial.isVisible() and wizard.learn_page.plot.isVisible()
    assert wizard.next.text() == "&See what to expect"
    wizard.next.click()
    assert wizard.page == RESULT and "It missed 2 of 40.\nIt missed 5 of 40." in wizard.result_page.text.text()


def test_a_lesson_that_made_it_worse_changes_nothing_and_a_better_one_is_undone(
    wizard: OwnWordWizard, qtbot: QtBot, monkeypatch: pytest.MonkeyPatch
):
    orders: list[Order] = []
    undone: list[Order] = []
    monkeypatch.setattr(wizard.job, "start", orders.append)
    monkeypatch.setattr(wizard.job, "undo", undone.append)
    ready: list[str] = []
    wizard.ready.connect(ready.append)
    wizard.learn_from("hello_kitchen", Lessons(4, 2))
    assert orders[0].if_better and orders[0].word == "hello kitchen" and "6 labels" in wizard.learn_page.title.text()
    wizard._show_progress(Progress(1.0, "The old model is better.", "hello_kitchen/expert", [], replaced=False))
    wizard._show_end("")
    assert wizard.page == RESULT and "stays as it was" in wizard.result_page.title.text()
    assert ready == [] and not wizard.result_page.undo.isVisible()
    wizard.learn_from("hello_kitchen", Lessons(9, 2))
    wizard._show_progress(Progress(1.0, "The new model is better.", "hello_kitchen/expert"))
    wizard._show_end("")
    assert "is better now" in wizard.result_page.title.text() and wizard.result_page.undo.isVisible()
    wizard.result_page.undo.click()
    assert undone == orders[1:]
    wizard._show_end("")
    assert "as it was before" in wizard.result_page.title.text()
    assert ready == ["hello_kitchen/expert"] * 2


@pytest.mark.parametrize(("missed", "top"), [(1.0, 105.0), (0.5, 55.0), (0.001, 5.0)])
def test_the_plot_of_misses_ends_just_above_the_highest(qtbot: QtBot, missed: float, top: float):
    page = LearnPage(lambda: "")
    qtbot.addWidget(page)
    page.show_progress(Progress(0.5, "It learns.", curve=[(0.1, missed), (1.0, 0.0)]))
    assert page.plot.viewRange()[1][1] == pytest.approx(top, rel=0.02)
