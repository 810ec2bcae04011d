"""The actions after a detection, from a real worker to a real process and a real server; and their dialog."""

import threading
from pathlib import Path

import pytest
from PyQt6.QtCore import Qt
from PyQt6.QtTest import QTest
from PyQt6.QtWidgets import QComboBox, QLineEdit, QPushButton

from kws_app.actions.choices import CommandChoice, KeywordActions, WebhookChoice
from kws_app.audio.source import Phase
from kws_app.settings import Settings, SettingsFile
from kws_app.ui.actions.actions_dialog import ActionsDialog
from kws_app.ui.history.detection_list import ACTIONS
from kws_app.ui.window import MainWindow
from tests.support.hook import Hook
from tests.support.loudness import bursts
from tests.support.window_bench import Bench

FIVE = bursts(1.0, 3.0, 5.0, 7.0, 9.0, duration_s=10.0)


def open_with(bench: Bench, actions: KeywordActions, **options: object) -> MainWindow:
    SettingsFile(bench.folder).save(Settings(model="loud/teacher", actions={"loud": actions.to_dict()}))
    return bench.open(**options)


def play_through(bench: Bench, window: MainWindow) -> None:
    bench.qtbot.waitUntil(lambda: window.listening.state.phase is Phase.ENDED)


def dialog_of(bench: Bench, window: MainWindow) -> ActionsDialog:
    QTest.keyClick(window, Qt.Key.Key_E, Qt.KeyboardModifier.ControlModifier)
    dialog = window.desktop.actions.dialog
    assert dialog is not None
    bench.qtbot.waitUntil(dialog.isVisible)
    return dialog


def fill_in(dialog: ActionsDialog, command: str) -> None:
    """Paste a command in place of the one that is there."""
    dialog.command.line.selectAll()
    dialog.command.line.insert(command)
    dialog.command.line.textEdited.emit(command)


def test_each_detection_sets_off_what_is_on(bench: Bench, hook: Hook, tmp_path: Path, write_wav):
    told = tmp_path / "told"
    script = 'printf "%s %s\\n" "$1" "$KWS_SOURCE" >>"$2"'
    command = CommandChoice(True, ("sh", "-c", script, "sh", "{model}", str(told)))
    source = write_wav(FIVE, "it's $(touch pwned) `x`.wav")
    window = open_with(bench, KeywordActions(True, False, command, WebhookChoice(True, hook.url)), input=source)
    window.listening.start()
    play_through(bench, window)
    bench.qtbot.waitUntil(lambda: len(hook.told) == 5 and told.exists() and len(told.read_text().splitlines()) >= 4)
    assert told.read_text().splitlines()[0] == f"loud/teacher {source}"
    assert {said["keyword"] for said in hook.detections} == {"loud"} and 0.5 < hook.detections[0]["score"] <= 1
    assert len(bench.played) >= 4  # five came at once: one may have been left out
    assert not Path("pwned").exists() and not (Path.home() / "pwned").exists()


def test_nothing_is_set_off_unless_chosen(bench: Bench, write_wav):
    window = bench.open(input=write_wav(FIVE))
    window.listening.start()
    play_through(bench, window)
    assert window.parts.detections.rowCount() == 5 and bench.played == []
    assert not [thread for thread in threading.enumerate() if thread.name.startswith("action:")]


def test_hangs_and_failures_are_said_and_the_listening_goes_on(bench: Bench, hook: Hook, write_wav):
    actions = KeywordActions(
        command=CommandChoice(True, ("sh", "-c", "sleep 1000 | yes", "{keyword}"), 600.0),
        webhook=WebhookChoice(True, f"{hook.url}/500"),
    )
    window = open_with(bench, actions, input=write_wav(FIVE))
    said: list[str] = []
    window.desktop.actions.failed.connect(said.append)
    window.listening.start()
    play_through(bench, window)
    assert window.parts.detections.rowCount() == 5
    bench.qtbot.waitUntil(lambda: sum("answered 500" in text for text in said) >= 4)
    assert sum("The command was skipped, because 4 earlier runs have not ended" in text for text in said) == 1
    bench.qtbot.waitUntil(
        lambda: "was skipped" in window.parts.banner.text or "answered 500" in window.parts.banner.text
    )
    window.leave()  # ends the four that hang
    assert not [thread for thread in threading.enumerate() if thread.name == "action: command"]


def test_the_dialog_keeps_each_change_at_once(bench: Bench, hook: Hook):
    window = bench.open()
    dialog = dialog_of(bench, window)
    assert not dialog.isModal() and dialog.keyword.currentText() == "loud"
    dialog.sound.switch.click()
    QTest.keyClicks(dialog.command.line, "echo '{keyword} $(x)'")
    dialog.command.switch.click()
    dialog.command.limit.setValue(2.5)
    QTest.keyClicks(dialog.webhook.url, hook.url)
    expected = KeywordActions(
        True, False, CommandChoice(True, ("echo", "{keyword} $(x)"), 2.5), WebhookChoice(False, hook.url)
    )
    assert window.store.settings.actions_of("loud") == expected
    window.leave()
    again = bench.open()
    dialog = dialog_of(bench, again)
    assert dialog.command.line.text() == "echo '{keyword} $(x)'"
    assert dialog.sound.switch.isChecked() and not dialog.webhook.switch.isChecked()
    assert again.store.settings.actions_of("loud") == expected


def test_each_keyword_has_its_own(bench: Bench):
    SettingsFile(bench.folder).save(Settings(model="loud/teacher", actions={"other": {"sound": True}}))
    window = bench.open()
    dialog = dialog_of(bench, window)
    assert [dialog.keyword.itemText(i) for i in range(dialog.keyword.count())] == ["loud", "other"]
    assert not dialog.sound.switch.isChecked()
    dialog.keyword.setCurrentText("other")
    assert dialog.sound.switch.isChecked()
    dialog.notification.switch.click()
    assert window.store.settings.actions_of("loud") == KeywordActions()
    assert window.store.settings.actions_of("other") == KeywordActions(sound=True, notification=True)


def test_a_command_is_read_as_a_shell_reads_words_and_shown_back(bench: Bench):
    dialog = dialog_of(bench, bench.open())
    assert dialog.command.read_back.text() == "Nothing to run yet."
    fill_in(dialog, "xterm -e 'top -d 1'")
    assert dialog.command.read_back.text() == "Program: [xterm]  Arguments: [-e]  [top -d 1]"
    assert dialog.command.choice.arguments == ("xterm", "-e", "top -d 1")


def test_success_and_failure_look_different_and_go_when_the_command_is_edited(bench: Bench):
    dialog = dialog_of(bench, bench.open())
    part = dialog.command
    fill_in(dialog, "true")
    part.try_it.click()
    bench.qtbot.waitUntil(lambda: part.outcome.text() == "✓ It worked. Tick the box to switch it on.")
    assert part.outcome.property("outcome") == "worked"
    height = dialog.height()
    fill_in(dialog, "no-such-program")
    assert part.outcome.text() == ""
    part.try_it.click()
    bench.qtbot.waitUntil(lambda: part.outcome.text().startswith("✗ There is no program"))
    assert part.outcome.property("outcome") == "failed" and dialog.height() == height


def test_the_list_shows_what_a_detection_set_off_and_whether_it_worked(bench: Bench, write_wav):
    actions = KeywordActions(sound=True, command=CommandChoice(True, ("no-such-program",)))
    window = open_with(bench, actions, input=write_wav(bursts(1.0, duration_s=3.0)))
    window.listening.start()
    play_through(bench, window)
    cell = window.parts.detections.item(0, ACTIONS)
    bench.qtbot.waitUntil(lambda: cell.text() == "✗" and "The sound worked." in cell.toolTip())
    assert "There is no program “no-such-program”" in cell.toolTip()


@pytest.mark.parametrize(
    ("kind", "fill", "expected"),
    [
        ("sound", "", "It worked."),
        ("command", "true", "It worked."),
        ("command", "no-such-program", "There is no program “no-such-program”"),
        ("command", "", "the program first"),
        ("webhook", "file:///etc/passwd", "must begin with http://"),
        ("webhook", "{hook}", "It worked."),
    ],
)
def test_try_it_says_how_it_went(bench: Bench, hook: Hook, kind: str, fill: str, expected: str):
    dialog = dialog_of(bench, bench.open())
    part = getattr(dialog, kind)
    field = {"command": dialog.command.line, "webhook": dialog.webhook.url}.get(kind)
    if field is not None and fill:
        QTest.keyClicks(field, fill.format(hook=hook.url))
    part.try_it.click()
    bench.qtbot.waitUntil(lambda: expected in part.outcome.text())
    assert part.try_it.isEnabled() and part.outcome.isVisible()
    assert not part.switch.isChecked()


def test_a_trial_that_lasts_leaves_the_window_free(bench: Bench):
    window = bench.open()
    dialog = dialog_of(bench, window)
    QTest.keyClicks(dialog.command.line, "sleep 1000")
    dialog.command.limit.setValue(0.5)
    dialog.command.try_it.click()
    assert dialog.command.outcome.text() == "Trying…" and not dialog.command.try_it.isEnabled()
    bench.qtbot.waitUntil(lambda: "took longer than 0.5 s" in dialog.command.outcome.text())
    assert dialog.command.try_it.isEnabled()


def test_what_cannot_be_kept_is_said_and_the_last_good_one_stays(bench: Bench):
    window = bench.open()
    dialog = dialog_of(bench, window)
    fill_in(dialog, "echo")
    fill_in(dialog, " ".join(["x"] * 101))
    assert "Not saved: a command must be a list of at most 100" in dialog.command.outcome.text()
    assert window.store.settings.actions_of("loud").command.arguments == ("echo",)
    fill_in(dialog, 'echo "cut off')
    assert "ends inside quotation marks" in dialog.command.outcome.text()
    assert window.store.settings.actions_of("loud").command.arguments == ("echo",)
    fill_in(dialog, "true")
    assert dialog.command.outcome.text() == ""
    assert window.store.settings.actions_of("loud").command.arguments == ("true",)


def test_all_can_be_reached_by_keyboard_and_has_a_name(bench: Bench):
    dialog = dialog_of(bench, bench.open())
    reached = set()
    for _ in range(30):
        QTest.keyClick(dialog.focusWidget() or dialog, Qt.Key.Key_Tab)
        reached.add(dialog.focusWidget())
    for part in dialog.parts.values():
        assert {part.switch, part.try_it} <= reached
    assert {dialog.keyword, dialog.command.line, dialog.command.limit, dialog.webhook.url} <= reached
    for kind in (QComboBox, QLineEdit):
        for widget in dialog.findChildren(kind):
            if widget.objectName() != "qt_spinbox_lineedit":
                assert widget.accessibleName() and widget.toolTip()
    names = [button.accessibleName() for button in dialog.findChildren(QPushButton) if button.text() == "Try it"]
    assert len(set(names)) == 6
    QTest.keyClick(dialog, Qt.Key.Key_Escape)
    assert not dialog.isVisible()
