"""Opening the wizard: from the list of words and from the first steps, with the microphone in use."""

from PyQt6.QtWidgets import QLabel

from kws_app.settings import Settings, SettingsFile
from kws_app.ui.own_word.wizard import SAY
from tests.support.loudness import save_loudness_model
from tests.support.window_bench import Bench, listening
from tests.support.words import names


def test_the_chooser_opens_the_wizard_once(bench: Bench):
    window = bench.open()
    window.word_list.show_chooser()
    assert window.word_list.chooser is not None
    window.word_list.chooser.own.click()
    wizard = window.own_word.wizard
    assert wizard is not None and wizard.isVisible()
    wizard.close()
    window.word_list.chooser.own.click()
    assert window.own_word.wizard is wizard and wizard.isVisible()


def test_the_first_steps_end_in_the_offer_of_a_word_of_ones_own(bench: Bench):
    SettingsFile(bench.folder).save(Settings(model="loud/teacher"))
    window = bench.open()
    steps = window.first_run
    for visible in (True, False, False, False):  # the second press starts the listening
        assert steps.own.isVisible() is visible
        steps.next.click()
    assert steps.own.isVisible()
    steps.own.click()
    assert window.own_word.wizard is not None and window.own_word.wizard.isVisible()


def test_the_wizard_hears_the_microphone_and_opens_it_where_it_is_off(bench: Bench):
    window = bench.open()
    window.own_word.open()
    assert window.own_word._feed() is None and not bench.sources
    assert window.own_word._open_microphone() == ""
    bench.qtbot.waitUntil(lambda: listening(window))
    assert window.own_word._feed() is bench.sources[-1].feed
    assert window.own_word._open_microphone() == "" and len(bench.sources) == 1


def test_without_a_microphone_the_wizard_says_so_and_goes_on(bench: Bench):
    bench.microphones = []
    window = bench.open()
    window.own_word.open("hello kitchen")
    wizard = window.own_word.wizard
    assert wizard is not None
    wizard.next.click()
    assert wizard.page == SAY and "No microphone was found" in wizard.say_page.prompt.text()
    assert not bench.sources and wizard.next.isEnabled()


def test_a_word_that_is_ready_is_listened_for(bench: Bench):
    window = bench.open()
    window.own_word.open("boom")
    assert window.own_word.wizard is not None
    save_loudness_model(bench.folder / "models" / "boom" / "teacher.safetensors", threshold=0.7)
    window.own_word.wizard.ready.emit("boom/teacher")
    bench.qtbot.waitUntil(lambda: names(window) == ["loud/teacher", "boom/teacher"])
    assert window.words.selected == "boom"


def test_closing_the_window_closes_the_wizard(bench: Bench):
    window = bench.open()
    window.own_word.open()
    wizard = window.own_word.wizard
    assert wizard is not None
    window.leave()
    assert not wizard.isVisible() and wizard.page < SAY


def test_a_word_of_two_words_is_shown_as_it_is_written(bench: Bench):
    save_loudness_model(bench.folder / "models" / "hello_kitchen" / "teacher.safetensors", threshold=0.5)
    SettingsFile(bench.folder).save(Settings(model="hello_kitchen/teacher", first_run_done=True))
    window = bench.open()
    bench.qtbot.waitUntil(lambda: names(window) == ["hello_kitchen/teacher"])
    assert window.parts.words.rows["hello_kitchen"].switch.text() == "hello kitchen"
    assert "“hello kitchen”" in window.parts.banner.text
    window.desktop.actions.show_dialog("hello_kitchen")
    dialog = window.desktop.actions.dialog
    assert dialog is not None and dialog.keyword.currentText() == "hello kitchen"
    assert dialog.chosen == "hello_kitchen"
    shown = [label.text() for widget in (window, dialog) for label in widget.findChildren(QLabel)]
    assert not [text for text in shown if "hello_kitchen" in text and "/" not in text]
